//! Locks that outlive a panic: what they guard is valid after each step.

use std::sync::{Mutex, MutexGuard, PoisonError};

pub(super) fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
