//! What the running thread keeps.

use std::cell::RefCell;
use std::collections::BTreeMap;

type Entries = BTreeMap<String, Vec<u8>>;

thread_local! {
    pub(super) static CACHE: RefCell<Entries> = const { RefCell::new(Entries::new()) };
    pub(super) static KV: RefCell<Entries> = const { RefCell::new(Entries::new()) };
    pub(super) static ANSWERS: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
    pub(super) static CONFIG: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
}

/// Forgets everything of the running thread.
pub(crate) fn clear() {
    CACHE.with_borrow_mut(BTreeMap::clear);
    KV.with_borrow_mut(BTreeMap::clear);
    ANSWERS.with_borrow_mut(BTreeMap::clear);
    CONFIG.with_borrow_mut(BTreeMap::clear);
    super::http::clear();
}
