//! An open session: whose it is, how it is used, and that it is counted while it is open.

use std::{net::IpAddr, sync::Arc};

use rmcp::model::ProtocolVersion;
use tokio_util::sync::CancellationToken;

use super::{owner::Owner, room::Activity};
use crate::{incoming::INCOMING, renumber::Numbers};

/// An open session.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) owner: Owner,
    /// Where it was opened from.
    pub(super) address: Option<IpAddr>,
    pub(super) ended: CancellationToken,
    pub(super) numbers: Arc<Numbers>,
    pub(super) activity: Arc<Activity>,
    /// The revision that was agreed on.
    pub(super) version: Option<ProtocolVersion>,
}

impl Open {
    pub(super) fn new(owner: Owner) -> Self {
        metrics::gauge!("tandem_mcp_sessions").increment(1);
        Self {
            owner,
            address: INCOMING.try_with(|incoming| incoming.address).ok().flatten(),
            ended: CancellationToken::new(),
            numbers: Arc::default(),
            activity: Arc::default(),
            version: None,
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        metrics::gauge!("tandem_mcp_sessions").decrement(1);
        self.ended.cancel();
    }
}
