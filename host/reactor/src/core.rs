//! What one incarnation of the reactor is made of.

use std::sync::{Arc, OnceLock};

use tandem_store::Store;

use crate::{
    network::Network,
    rpc::{Links, RpcError},
    settings::Settings,
    tools::{PeerCaller, Tools},
};

/// Shared by everything on the thread.
pub(crate) struct Core {
    pub(crate) settings: Arc<Settings>,
    pub(crate) network: Arc<Network>,
    pub(crate) links: Links,
    pub(crate) store: Store,
    pub(crate) callers: PeerCaller,
    pub(crate) tools: Arc<OnceLock<Arc<dyn Tools>>>,
}

impl Core {
    /// The router, once it is there.
    pub(crate) fn tools(&self) -> Result<&Arc<dyn Tools>, RpcError> {
        self.tools.get().ok_or_else(|| RpcError::unavailable("this host is starting"))
    }

    /// Tasks that this host runs at a time, and how many more it would take now.
    pub(crate) fn places(&self) -> (u32, u32) {
        (self.settings.workers, self.settings.workers)
    }
}
