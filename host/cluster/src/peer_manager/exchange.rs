//! Peers that the operator trusts exchange the records that they have.
//!
//! **Promises.** Only signed records are given, and only to trusted peers; what comes is checked like any record, and its host
//! is a candidate to be dialled, with no trust of its own: admission still decides.
//!
//! **Bounds.** [`RECORDS`] in one answer, which so is within a frame; [`ASKS`] peers in one round.

use std::{sync::Arc, time::Duration};

use libp2p::PeerId;
use serde_json::{Map, Value, json};
use tandem_config::Admission;
use tandem_reactor::{
    discovery::record::HostRecord,
    rpc::{PeerRpc as _, RpcError},
    trust::{Source, UnixMillis},
};

use super::{intake::add_records, own_record::OwnRecord, source_log::SourceLog};
use crate::{peers::PeerDirectory, settings::Settings};

/// Records in one answer: those heard of last. With 16 KiB for each it stays within a frame of 1 MiB.
const RECORDS: usize = 32;
/// Peers that are asked in one round.
const ASKS: usize = 20;
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// See the module.
pub(super) struct RecordExchange {
    pub(super) settings: Arc<Settings>,
    pub(super) peers: Arc<PeerDirectory>,
    pub(super) record: Arc<OwnRecord>,
    pub(super) log: Arc<SourceLog>,
}

impl RecordExchange {
    /// Whether records are exchanged with a peer: the operator vouches for it, by its id or by the network's key.
    fn trusts(&self, peer: &PeerId) -> bool {
        let vouched = self.settings.network.admission == Admission::Psk || self.peers.book().is_allowed(peer);
        self.settings.exchange && vouched
    }

    /// Answers a peer that asks for records.
    pub(super) fn answer(&self, peer: PeerId) -> Result<Value, RpcError> {
        if !self.trusts(&peer) {
            let text = "this host tells only peers that its operator trusts whom it knows";
            return Err(RpcError::new(-32002, "unauthorized", text));
        }
        let known = self.peers.book().records(RECORDS, UnixMillis::now());
        let own = self.record.renew().inspect_err(|error| tracing::debug!(%error, "own record left out"));
        let given = own.ok().into_iter().chain(known).filter(|record| record.peer() != peer);
        let records: Vec<_> = given.map(|record| record.text().to_owned()).collect();
        Ok(json!({"records": records}))
    }

    /// Asks a peer for its records, if it is trusted.
    pub(super) async fn ask(&self, peer: PeerId) {
        if !self.trusts(&peer) {
            return;
        }
        let answer = match self.peers.links.ask(peer, "tandem/peers", Map::new(), ANSWER).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::debug!(%peer, %error, "record exchange failed");
                return;
            }
        };
        let records = answer.get("records").and_then(Value::as_array).into_iter().flatten().take(RECORDS + 1);
        let records = records.filter_map(|text| HostRecord::decode(text.as_str()?.as_bytes()).ok()).collect();
        let result = add_records(&self.peers, records, Source::Exchange);
        self.log.record("exchange", result.nodes, result.error);
    }

    /// Asks some of the trusted peers that are connected.
    pub(super) async fn ask_some(&self) {
        let asks = self.peers.speaking().take(ASKS).map(|(peer, _)| self.ask(peer));
        futures::future::join_all(asks).await;
    }
}
