//! What is between two places.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

/// One way between two places. The default is a good one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Link {
    /// How long each frame is under way.
    pub delay: Duration,
    /// How much longer at most, by chance: frames may overtake each other.
    pub jitter: Duration,
    /// The share of frames that are lost, from 0 to 1.
    pub loss: f64,
}

impl Link {
    /// A way on which each frame takes so long.
    #[must_use]
    pub fn slow(delay: Duration) -> Self {
        Self { delay, ..Self::default() }
    }

    /// A way that loses this share of the frames.
    #[must_use]
    pub fn lossy(loss: f64) -> Self {
        Self { loss, ..Self::default() }
    }
}

#[derive(Debug, Default)]
pub(super) struct Links {
    usual: Link,
    ways: HashMap<(usize, usize), Link>,
    parted: HashSet<usize>,
}

impl Links {
    pub(super) fn all(&mut self, link: Link) {
        self.ways.clear();
        self.usual = link;
    }

    pub(super) fn one_way(&mut self, from: usize, to: usize, link: Link) {
        self.ways.insert((from, to), link);
    }

    pub(super) fn part(&mut self, places: &[usize]) {
        self.parted = places.iter().copied().collect();
    }

    /// The way from one place to another; none where it is cut.
    pub(super) fn get(&self, from: usize, to: usize) -> Option<Link> {
        let cut = self.parted.contains(&from) != self.parted.contains(&to);
        (!cut).then(|| self.ways.get(&(from, to)).copied().unwrap_or(self.usual))
    }
}
