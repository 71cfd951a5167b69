//! Settings, as the test gave them.

use super::storage::CONFIG;

pub(crate) fn get(key: &str) -> Option<String> {
    CONFIG.with_borrow(|entries| entries.get(key).cloned())
}

pub(crate) fn all() -> Vec<(String, String)> {
    CONFIG.with_borrow(|entries| entries.clone().into_iter().collect())
}

pub(crate) fn set(key: &str, value: &str) {
    CONFIG.with_borrow_mut(|entries| entries.insert(key.to_owned(), value.to_owned()));
}
