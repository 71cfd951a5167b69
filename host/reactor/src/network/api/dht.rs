//! Questions to the hash table, and its events.

use libp2p::{
    PeerId,
    kad::{Event, InboundRequest},
};

use crate::{
    discovery::record::HostRecord,
    network::{
        dht::{PROTOCOL, Queries, Table, identified, on},
        event::NetworkEvent,
        lock::lock,
        request_error::RequestError,
        shared::Network,
    },
};

const OFF: RequestError = RequestError::Off { protocol: "the hash table", key: "p2p.discovery.dht" };

impl Network {
    fn table<R>(&self, act: impl FnOnce(&mut Queries, &mut Table) -> R) -> Option<R> {
        self.with(|swarm| {
            let table = swarm.behaviour_mut().dht.as_mut()?;
            Some(act(&mut lock(&self.state).queries, table))
        })
    }

    /// Says in the hash table that this host is there, and puts its record. Answers when another host has it.
    pub async fn dht_publish(&self, record: &HostRecord) -> Result<(), RequestError> {
        let answer = self.table(|queries, table| queries.publish(table, record)).ok_or(OFF)??;
        answer.await.map_err(|_| RequestError::Stopping)?
    }

    /// The hosts that the hash table knows, this one possibly among them.
    pub async fn dht_hosts(&self) -> Result<Vec<PeerId>, RequestError> {
        let answer = self.table(|queries, table| queries.hosts(table)).ok_or(OFF)?;
        let answer = answer.ok_or(RequestError::DhtEmpty)?;
        answer.await.map_err(|_| RequestError::Stopping)
    }

    /// What the hash table has as the record of a host; nobody checked it.
    pub async fn dht_records(&self, peer: &PeerId) -> Vec<Vec<u8>> {
        match self.table(|queries, table| queries.records(table, peer)).flatten() {
            Some(answer) => answer.await.unwrap_or_default(),
            None => Vec::new(),
        }
    }

    pub(in crate::network) fn on_dht(&self, event: Event) {
        let listens = match &event {
            Event::InboundRequest { request: InboundRequest::AddProvider { record: Some(record) } } => {
                let known = lock(&self.state).connected.get(&record.provider).cloned();
                known.map(|known| known.listens).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        let fault = self.table(|queries, table| on(table, queries, &self.policy, listens, event)).flatten();
        if let Some((peer, what)) = fault {
            self.tell(NetworkEvent::Fault { peer, what });
        }
    }

    pub(in crate::network) fn on_dht_peer(&self, peer: &PeerId, info: &libp2p::identify::Info) {
        let speaks = info.protocols.contains(&PROTOCOL);
        self.table(|_, table| identified(table, &self.policy, peer, speaks, &info.listen_addrs));
    }
}
