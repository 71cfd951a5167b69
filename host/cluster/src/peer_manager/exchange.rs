//! Peers that the operator trusts tell each other whom they know.
//!
//! **Promises.** Only signed records are told, and only to trusted peers; what comes is checked like any record, and its host
//! is a candidate to be dialled, with no trust of its own: admission still decides.
//!
//! **Bounds.** [`RECORDS`] in one answer, which so is within a frame; [`ASKS`] peers in one round.

use std::time::Duration;

use libp2p::PeerId;
use serde_json::{Map, Value, json};
use tandem_config::Admission;
use tandem_reactor::{
    discovery::record::HostRecord,
    rpc::{PeerRpc as _, RpcError},
    trust::{Source, UnixMillis},
};

use super::sources::{renew, take_in};
use crate::core::Core;

/// Records in one answer: those heard of last. With 16 KiB for each it stays within a frame of 1 MiB.
const RECORDS: usize = 32;
/// Peers that are asked in one round.
const ASKS: usize = 20;
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// Whether the operator vouches for a peer: by its id, or by the network's key.
fn trusts(core: &Core, peer: &PeerId) -> bool {
    core.settings.network.admission == Admission::Psk || core.book().is_allowed(peer)
}

/// Answers a peer that asks whom this host knows.
pub(crate) fn told(core: &Core, peer: PeerId) -> Result<Value, RpcError> {
    if !core.settings.exchange || !trusts(core, &peer) {
        let text = "this host tells only peers that its operator trusts whom it knows";
        return Err(RpcError::new(-32002, "unauthorized", text));
    }
    let known = core.book().records(RECORDS, UnixMillis::now());
    let own = renew(core, core.settings.network.reach).inspect_err(|error| tracing::debug!(error, "not told"));
    let told = own.ok().into_iter().chain(known).filter(|record| record.peer() != peer);
    let records: Vec<_> = told.map(|record| record.text().to_owned()).collect();
    Ok(json!({"records": records}))
}

/// Asks a peer whom it knows, if it is trusted.
pub(super) async fn ask(core: &Core, peer: PeerId) {
    if !core.settings.exchange || !trusts(core, &peer) {
        return;
    }
    let answer = match core.links.ask(peer, "tandem/peers", Map::new(), ANSWER).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::debug!(%peer, %error, "a peer does not say whom it knows");
            return;
        }
    };
    let told = answer.get("records").and_then(Value::as_array).into_iter().flatten().take(RECORDS + 1);
    let records = told.filter_map(|text| HostRecord::decode(text.as_str()?.as_bytes()).ok()).collect();
    let looked = take_in(core, records, Source::Exchange);
    core.sources_note("exchange", looked.nodes, looked.wrong);
}

/// Asks some of the trusted peers that are connected.
pub(super) async fn ask_some(core: &Core) {
    let connected = core.network.connected().into_iter().filter(|(_, connected)| connected.speaks == Some(true));
    let asks = connected.take(ASKS).map(|(peer, _)| ask(core, peer));
    futures::future::join_all(asks).await;
}
