//! A set of row numbers, as bits.

use serde::{Deserialize, Serialize};

/// A set of row numbers. It grows as needed; a row beyond its end is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bits {
    bytes: Vec<u8>,
}

impl Bits {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// All rows below `rows`.
    pub fn full(rows: u32) -> Self {
        let mut bytes = vec![0xff; rows.div_ceil(8) as usize];
        if let (Some(last), used @ 1..) = (bytes.last_mut(), rows % 8) {
            *last = (1 << used) - 1;
        }
        Self { bytes }
    }

    /// Adds a row. Answers whether it is new.
    pub fn insert(&mut self, row: u32) -> bool {
        let index = (row / 8) as usize;
        if index >= self.bytes.len() {
            self.bytes.resize(index + 1, 0);
        }
        let mask = 1 << (row % 8);
        match self.bytes.get_mut(index) {
            Some(byte) if *byte & mask == 0 => {
                *byte |= mask;
                true
            }
            _ => false,
        }
    }

    /// Takes a row out.
    pub fn remove(&mut self, row: u32) {
        if let Some(byte) = self.bytes.get_mut((row / 8) as usize) {
            *byte &= !(1 << (row % 8));
        }
    }

    /// Whether a row is in the set.
    pub fn contains(&self, row: u32) -> bool {
        self.bytes.get((row / 8) as usize).is_some_and(|byte| byte & (1 << (row % 8)) != 0)
    }

    /// How many rows are in the set.
    pub fn count(&self) -> u32 {
        self.bytes.iter().map(|byte| byte.count_ones()).sum()
    }

    /// The rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0u32..).zip(&self.bytes).filter(|(_, byte)| **byte != 0).flat_map(|(index, byte)| {
            let byte = *byte;
            (0..8).filter(move |bit| byte & (1 << bit) != 0).map(move |bit| index * 8 + bit)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(rows in prop::collection::vec((0u32..300, any::<bool>()), 0..200)) {
            let (mut bits, mut set) = (Bits::new(), BTreeSet::new());
            for (row, add) in rows {
                if add {
                    prop_assert_eq!(bits.insert(row), set.insert(row));
                } else {
                    bits.remove(row);
                    set.remove(&row);
                }
            }
            prop_assert_eq!(bits.count() as usize, set.len());
            prop_assert!(bits.iter().eq(set.iter().copied()));
            prop_assert!((0..320).all(|row| bits.contains(row) == set.contains(&row)));
        }

        #[test]
        fn full_holds_exactly_its_rows(rows in 0u32..100) {
            prop_assert!(Bits::full(rows).iter().eq(0..rows));
        }
    }
}
