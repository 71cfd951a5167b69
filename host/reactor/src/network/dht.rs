//! The distributed hash table of hosts (kad), under a name of its own: it has nothing to do with that of IPFS.
//!
//! A host that takes part says so under one key ([`meeting`]) and puts its signed record under its own ([`key_of`]); others
//! ask for the first, and then for the records. What counts of a host is only that record.
//!
//! **Promises.** This host stores a record only if the host that it names brought it itself, signed it, and it is fresh.
//! Peers get into the routing table only after they said that they speak this protocol.
//!
//! **Bounds.** [`RECORDS`], [`PROVIDERS`], [`ADDRESSES`] of a peer, [`QUERIES`] of our own at once, each [`QUERY`] long,
//! with [`ANSWERS`].
//!
//! **Not promised.** That everybody is found: whoever has many ids near a key can hide what is under it. Rendezvous points
//! of the operator's own cannot be crowded out like that.

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use libp2p::{
    Multiaddr, PeerId, StreamProtocol,
    kad::{
        self, Behaviour, BucketInserts, Caching, Config, Event, GetProvidersOk, GetRecordOk, InboundRequest, Mode,
        ProviderRecord, QueryId, QueryResult, Record, RecordKey, StoreInserts,
        store::{MemoryStore, MemoryStoreConfig, RecordStore as _},
    },
};
use tokio::sync::oneshot;

use super::request_error::RequestError;
use crate::{
    discovery::record::{HostRecord, MAX_RECORD, RecordError},
    settings::DhtMode,
    trust::{AddressPolicy, UnixMillis},
};

/// The protocol's name. Peers that only speak another one's are not taken.
pub(super) const PROTOCOL: StreamProtocol = StreamProtocol::new("/tandem/kad/1.0.0");
/// Records that are kept for others: 16 MiB at most.
const RECORDS: usize = 1_024;
/// Hosts that are named to those who ask who is there.
const PROVIDERS: usize = 64;
/// Addresses of a peer in the routing table. The crate has no bound of its own.
const ADDRESSES: usize = 6;
/// Answers that are looked at for one host's record; who is near it in the table may answer anything.
const ANSWERS: usize = 8;
/// Questions under way. Each makes a few dials.
const QUERIES: usize = 64;
/// How long one may take.
const QUERY: Duration = Duration::from_secs(20);

/// How long a host is named that does not say again that it is there.
const PROVIDED: Duration = Duration::from_secs(3_600);

pub(super) type Table = Behaviour<MemoryStore>;

pub(super) fn behaviour(me: PeerId, mode: DhtMode) -> Table {
    let mut config = Config::new(PROTOCOL);
    config
        .set_kbucket_inserts(BucketInserts::Manual)
        .set_record_filtering(StoreInserts::FilterBoth)
        .disjoint_query_paths(true)
        .set_query_timeout(QUERY)
        // Each host puts its own record again before it expires; nobody does it for another.
        .set_replication_interval(None)
        .set_publication_interval(None)
        .set_provider_publication_interval(None)
        .set_provider_record_ttl(Some(PROVIDED))
        .set_caching(Caching::Disabled)
        .set_periodic_bootstrap_interval(None)
        .set_max_packet_size(MAX_RECORD * 2);
    let store = MemoryStoreConfig {
        max_records: RECORDS,
        max_value_bytes: MAX_RECORD + 1,
        max_providers_per_key: PROVIDERS,
        max_provided_keys: 1,
    };
    let mut table = Behaviour::with_config(me, MemoryStore::with_config(me, store), config);
    table.set_mode(Some(match mode {
        DhtMode::Client => Mode::Client,
        DhtMode::Server => Mode::Server,
    }));
    table
}

/// Where hosts say that they are there.
fn meeting() -> RecordKey {
    RecordKey::new(b"/tandem/hosts")
}

/// Where the record of a host is.
pub(super) fn key_of(peer: &PeerId) -> RecordKey {
    RecordKey::new(&[b"/tandem/host/".as_slice(), &peer.to_bytes()].concat())
}

/// A question that is under way: what came so far, and who waits for it.
struct PendingQuery<T> {
    found: Vec<T>,
    reply: oneshot::Sender<Vec<T>>,
}

impl<T> PendingQuery<T> {
    fn new() -> (Self, oneshot::Receiver<Vec<T>>) {
        let (reply, answer) = oneshot::channel();
        (Self { found: Vec::new(), reply }, answer)
    }

    fn add(&mut self, more: impl IntoIterator<Item = T>, limit: usize) {
        let room = limit.saturating_sub(self.found.len());
        self.found.extend(more.into_iter().take(room));
    }

    fn end(self) {
        // Whoever asked may have given up.
        drop(self.reply.send(self.found));
    }
}

/// Questions that are under way.
#[derive(Default)]
pub(super) struct Queries {
    hosts: HashMap<QueryId, PendingQuery<PeerId>>,
    records: HashMap<QueryId, PendingQuery<Vec<u8>>>,
    puts: HashMap<QueryId, oneshot::Sender<Result<(), RequestError>>>,
}

impl Queries {
    fn full(&self) -> bool {
        self.hosts.len() + self.records.len() + self.puts.len() >= QUERIES
    }

    /// Says that this host is there, and puts its record.
    pub(super) fn publish(
        &mut self,
        table: &mut Table,
        record: &HostRecord,
    ) -> Result<oneshot::Receiver<Result<(), RequestError>>, RequestError> {
        if self.full() {
            return Err(RequestError::DhtBusy);
        }
        table.start_providing(meeting()).map_err(|error| RequestError::Dht(error.to_string()))?;
        let (key, value) = (key_of(&record.peer()), record.text().as_bytes().to_vec());
        let expires = Some(at(record.expires_at()));
        let put = Record { key, value, publisher: None, expires };
        let one = kad::Quorum::N(NonZeroUsize::MIN);
        let query = table.put_record(put, one).map_err(|error| RequestError::Dht(error.to_string()))?;
        let (reply, answer) = oneshot::channel();
        self.puts.insert(query, reply);
        Ok(answer)
    }

    /// Asks who is there.
    pub(super) fn hosts(&mut self, table: &mut Table) -> Option<oneshot::Receiver<Vec<PeerId>>> {
        if self.full() {
            return None;
        }
        // It also fills the routing table; without anybody in it there is nothing to ask.
        table.bootstrap().ok()?;
        let (asked, answer) = PendingQuery::new();
        self.hosts.insert(table.get_providers(meeting()), asked);
        Some(answer)
    }

    /// Asks for what is put as the record of a host: others may answer anything.
    pub(super) fn records(&mut self, table: &mut Table, peer: &PeerId) -> Option<oneshot::Receiver<Vec<Vec<u8>>>> {
        if self.full() {
            return None;
        }
        let (asked, answer) = PendingQuery::new();
        self.records.insert(table.get_record(key_of(peer)), asked);
        Some(answer)
    }

    fn progressed(&mut self, id: QueryId, result: QueryResult, last: bool) {
        match result {
            QueryResult::GetProviders(Ok(GetProvidersOk::FoundProviders { providers, .. })) => {
                if let Some(asked) = self.hosts.get_mut(&id) {
                    asked.add(providers, PROVIDERS);
                }
            }
            QueryResult::GetRecord(Ok(GetRecordOk::FoundRecord(record))) => {
                if let Some(asked) = self.records.get_mut(&id) {
                    asked.add([record.record.value], ANSWERS);
                }
            }
            QueryResult::PutRecord(result) => {
                if let Some(reply) = self.puts.remove(&id) {
                    drop(reply.send(result.map(drop).map_err(|error| RequestError::Dht(error.to_string()))));
                }
            }
            _ => {}
        }
        if last {
            if let Some(asked) = self.hosts.remove(&id) {
                asked.end();
            }
            if let Some(asked) = self.records.remove(&id) {
                asked.end();
            }
        }
    }
}

fn at(time: UnixMillis) -> Instant {
    Instant::now() + time.since(UnixMillis::now())
}

/// Takes an event of the table. A peer that broke the rules is answered, with what it did.
pub(super) fn on(
    table: &mut Table,
    queries: &mut Queries,
    policy: &AddressPolicy,
    listens: Vec<Multiaddr>,
    event: Event,
) -> Option<(PeerId, String)> {
    match event {
        Event::OutboundQueryProgressed { id, result, step, .. } => queries.progressed(id, result, step.last),
        Event::InboundRequest { request: InboundRequest::PutRecord { source, record: Some(record), .. } } => {
            if let Err(why) = keep(table, policy, &source, record) {
                return Some((source, format!("it put a record into the hash table that is refused: {why}")));
            }
        }
        Event::InboundRequest { request: InboundRequest::AddProvider { record: Some(record) } }
            if record.key == meeting() =>
        {
            let known = if record.addresses.is_empty() { listens } else { record.addresses };
            let addresses = within(policy, &record.provider, known);
            // A full list keeps those whose ids are nearest to the key; who is silent for an hour leaves it.
            drop(table.store_mut().add_provider(ProviderRecord { addresses, ..record }));
        }
        _ => {}
    }
    None
}

fn within(policy: &AddressPolicy, peer: &PeerId, addresses: Vec<Multiaddr>) -> Vec<Multiaddr> {
    addresses.into_iter().filter(|address| policy.check(address, peer).is_ok()).take(ADDRESSES).collect()
}

/// Why a record that a peer brings is refused.
#[derive(Debug, thiserror::Error)]
enum PutError {
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("it is another host's")]
    OfAnother,
}

/// Stores a record that the peer itself brought, if it is to be believed.
fn keep(table: &mut Table, policy: &AddressPolicy, source: &PeerId, put: Record) -> Result<(), PutError> {
    let record = HostRecord::decode(&put.value)?;
    if record.peer() != *source || put.key != key_of(source) {
        return Err(PutError::OfAnother);
    }
    let store = table.store_mut();
    let known = store.get(&put.key).and_then(|known| HostRecord::decode(&known.value).ok());
    if known.as_ref().is_some_and(|known| known.text() == record.text()) {
        return Ok(());
    }
    let known = known.map(|known| known.sequence());
    if let Err(error) = record.check(policy, policy.reach(), known, UnixMillis::now()) {
        // A clock that is wrong, or a network that is not ours: nobody is blamed for it.
        tracing::debug!(peer = %source, %error, "dht: record refused");
        return Ok(());
    }
    let put = Record { publisher: Some(*source), expires: Some(at(record.expires_at())), ..put };
    let now = Instant::now();
    store.retain(|_, kept| !kept.is_expired(now));
    // A full table takes no more; what is in it expires.
    drop(store.put(put));
    Ok(())
}

/// A peer said what it speaks and where it listens.
pub(super) fn identified(
    table: &mut Table,
    policy: &AddressPolicy,
    peer: &PeerId,
    speaks: bool,
    listens: &[Multiaddr],
) {
    if !speaks {
        table.remove_peer(peer);
        return;
    }
    for address in within(policy, peer, listens.to_vec()) {
        table.add_address(peer, address);
    }
}
