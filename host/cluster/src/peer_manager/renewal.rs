//! When this host's record was renewed in a registry that keeps it for long.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tandem_reactor::network::Network;

/// See the module.
#[derive(Default)]
pub(super) struct Renewal(Mutex<Option<Instant>>);

impl Renewal {
    /// Whether the record is to be renewed, which it is `every` so often, while this host listens.
    pub(super) fn is_due(&self, every: Duration, network: &Network) -> bool {
        let renewed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        renewed.is_none_or(|at| at.elapsed() > every) && !network.listening().is_empty()
    }

    pub(super) fn done(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}
