//! The tuples of a predicate, with indexes over some of their columns.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

/// A tuple of constants.
pub(crate) type Tuple = Rc<[u32]>;

/// Positions of tuples by what they have in some columns.
#[derive(Debug, Default)]
struct Index {
    positions: HashMap<Vec<u32>, Vec<usize>>,
    /// How many tuples are in it.
    covered: usize,
}

/// The tuples of a predicate, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Relation {
    tuples: Vec<Tuple>,
    known: HashSet<Tuple>,
    indexes: BTreeMap<Vec<usize>, Index>,
}

impl Relation {
    pub(crate) fn len(&self) -> usize {
        self.tuples.len()
    }

    pub(crate) fn contains(&self, tuple: &[u32]) -> bool {
        self.known.contains(tuple)
    }

    pub(crate) fn get(&self, position: usize) -> Option<&Tuple> {
        self.tuples.get(position)
    }

    pub(crate) fn tuples(&self) -> &[Tuple] {
        &self.tuples
    }

    /// Adds a tuple. Answers whether it is new.
    pub(crate) fn insert(&mut self, tuple: &[u32]) -> bool {
        if self.known.contains(tuple) {
            return false;
        }
        let tuple: Tuple = tuple.into();
        self.known.insert(Rc::clone(&tuple));
        self.tuples.push(tuple);
        true
    }

    /// Brings the index over these columns up to date, if there is room for its entries. Answers how many were added.
    pub(crate) fn index(&mut self, columns: &[usize], room: usize) -> usize {
        let covered = self.indexes.get(columns).map_or(0, |index| index.covered);
        let missing = self.tuples.len() - covered;
        if missing > room {
            // A part of an index would hide tuples.
            self.indexes.remove(columns);
            return 0;
        }
        let index = self.indexes.entry(columns.to_vec()).or_default();
        for (position, tuple) in self.tuples.iter().enumerate().skip(covered) {
            let key = columns.iter().filter_map(|column| tuple.get(*column).copied()).collect();
            index.positions.entry(key).or_default().push(position);
        }
        index.covered = self.tuples.len();
        missing
    }

    /// The positions of the tuples that have these values in these columns; nothing where no index is over all tuples.
    pub(crate) fn find(&self, columns: &[usize], key: &[u32]) -> Option<&[usize]> {
        let index = self.indexes.get(columns).filter(|index| index.covered == self.tuples.len())?;
        Some(index.positions.get(key).map(Vec::as_slice).unwrap_or_default())
    }
}
