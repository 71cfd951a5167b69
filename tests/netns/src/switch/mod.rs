//! A switch in user space: frames between the cables of namespaces, with the delay, loss and cuts of each link.
//!
//! A thread for each cable reads, and decides by the link's state at that moment; one more hands frames on when they are due.
//!
//! **Bounds.** [`UNDER_WAY`] frames; one more is dropped, as a switch does whose buffer is full.

mod checksum;
mod frame;
mod link;
mod port;

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

pub(crate) use frame::hardware_address;
pub use link::Link;
use link::Links;
use port::{Receiver, Sender};

use crate::namespace::Namespace;

/// Frames that wait for their time, over all ports: a second of 100 Mbit/s in large frames.
const UNDER_WAY: usize = 8_192;
/// How long the sending thread sleeps at most, before it looks whether the switch is still on.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// What became of frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Handed on.
    pub passed: u64,
    /// Lost by chance.
    pub lost: u64,
    /// Stopped by a cut.
    pub cut: u64,
    /// Dropped because too many were under way, or the cable did not take them.
    pub dropped: u64,
}

#[derive(Debug, Default)]
struct State {
    links: Links,
    counts: Counts,
    /// Frames so far: those of one time keep their order.
    number: u64,
    queue: BinaryHeap<Reverse<Waiting>>,
}

/// When a frame is due, its number, where it goes, and itself.
type Waiting = (Instant, u64, usize, Vec<u8>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    more: Condvar,
    off: AtomicBool,
}

/// A running switch. It stops when it is dropped.
#[derive(Debug)]
pub struct Switch(Arc<Shared>);

impl Drop for Switch {
    fn drop(&mut self) {
        self.0.off.store(true, Ordering::Release);
        self.0.more.notify_all();
    }
}

impl Switch {
    /// Plugs in the cables of these names in its namespace: the first leads to place 0, and so on. Losses are drawn from
    /// `seed`.
    pub(crate) fn start(namespace: &Namespace, cables: Vec<String>, seed: u64) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared::default());
        let opened = namespace.run(move || {
            let all = pnet_datalink::interfaces();
            cables.iter().map(|cable| port::open(&all, cable)).collect::<anyhow::Result<Vec<_>>>()
        })?;
        let ports = opened.join().map_err(|_| anyhow::anyhow!("the switch panicked"))?.context("no switch")?;
        let (senders, receivers): (Vec<_>, Vec<_>) = ports.into_iter().unzip();
        let count = senders.len();
        for (from, receiver) in receivers.into_iter().enumerate() {
            let (shared, chance) = (shared.clone(), StdRng::seed_from_u64(seed.wrapping_add(from as u64)));
            std::thread::Builder::new()
                .name("switch-in".to_owned())
                .spawn(move || shared.read(from, receiver, count, chance))?;
        }
        let inside = shared.clone();
        std::thread::Builder::new().name("switch-out".to_owned()).spawn(move || inside.hand_on(senders))?;
        Ok(Self(shared))
    }

    /// Makes all links so.
    pub fn all(&self, link: Link) {
        self.0.state().links.all(link);
    }

    /// Makes the link between two places so, both ways.
    pub fn between(&self, one: usize, other: usize, link: Link) {
        let mut state = self.0.state();
        state.links.one_way(one, other, link);
        state.links.one_way(other, one, link);
    }

    /// Makes the way from one place to another so; the way back stays as it is.
    pub fn one_way(&self, from: usize, to: usize, link: Link) {
        self.0.state().links.one_way(from, to, link);
    }

    /// Parts these places from all others, until [`Switch::heal`]. Frames under way arrive.
    pub fn part(&self, places: &[usize]) {
        self.0.state().links.part(places);
    }

    /// Ends the partition. Links are as they were before.
    pub fn heal(&self) {
        self.part(&[]);
    }

    /// What became of frames so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.0.state().counts
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_off(&self) -> bool {
        self.off.load(Ordering::Acquire)
    }

    fn read(&self, from: usize, mut cable: Receiver, places: usize, mut chance: StdRng) {
        while !self.is_off() {
            match cable.receive() {
                Ok(Some(frame)) => self.take(from, frame, places, &mut chance),
                Ok(None) => {}
                Err(_) => return,
            }
        }
    }

    /// A frame came from a place.
    fn take(&self, from: usize, mut frame: Vec<u8>, places: usize, chance: &mut StdRng) {
        checksum::complete(&mut frame);
        let now = Instant::now();
        let mut state = self.state();
        for to in frame::destinations(&frame, from, places) {
            let Some(link) = state.links.get(from, to) else {
                state.counts.cut += 1;
                continue;
            };
            if chance.random_bool(link.loss.clamp(0.0, 1.0)) {
                state.counts.lost += 1;
            } else if state.queue.len() >= UNDER_WAY {
                state.counts.dropped += 1;
            } else {
                state.number += 1;
                let due = now + link.delay + link.jitter.mul_f64(chance.random_range(0.0..=1.0));
                let waiting = (due, state.number, to, frame.clone());
                state.queue.push(Reverse(waiting));
            }
        }
        self.more.notify_one();
    }

    fn hand_on(&self, mut cables: Vec<Sender>) {
        let mut state = self.state();
        while !self.is_off() {
            let left = state
                .queue
                .peek()
                .map_or(POLL_INTERVAL, |Reverse((due, ..))| due.saturating_duration_since(Instant::now()));
            if !left.is_zero() {
                // A frame that comes meanwhile may be due before the others.
                state =
                    self.more.wait_timeout(state, left.min(POLL_INTERVAL)).unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            let Some(Reverse((_, _, to, frame))) = state.queue.pop() else { continue };
            drop(state);
            let sent = cables.get_mut(to).is_some_and(|cable| cable.send(&frame));
            state = self.state();
            *(if sent { &mut state.counts.passed } else { &mut state.counts.dropped }) += 1;
        }
    }
}
