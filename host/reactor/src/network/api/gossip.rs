//! Announcements that go out, and the verdicts on those that came.

use libp2p::{
    PeerId,
    gossipsub::{Event, MessageId},
};

use crate::{
    discovery::record::HostRecord,
    network::{
        event::NetworkEvent,
        gossip::{Verdict, topic},
        request_error::RequestError,
        shared::Network,
    },
};

const OFF: RequestError = RequestError::Off { protocol: "gossip", key: "p2p.discovery.gossip" };

impl Network {
    /// Announces a record of this host to whoever listens.
    pub fn gossip(&self, record: &HostRecord) -> Result<(), RequestError> {
        self.with(|swarm| {
            let gossip = swarm.behaviour_mut().gossip.as_mut().ok_or(OFF)?;
            gossip
                .publish(topic(), record.text().as_bytes())
                .map(drop)
                .map_err(|error| RequestError::Gossip(error.to_string()))
        })
    }

    /// Says what becomes of an announcement that a peer passed on.
    pub fn report_verdict(&self, id: &MessageId, from: &PeerId, verdict: Verdict) {
        self.with(|swarm| {
            if let Some(gossip) = swarm.behaviour_mut().gossip.as_mut() {
                // One that took too long to judge is forgotten there.
                let _known = gossip.report_message_validation_result(id, from, verdict.into());
            }
        });
    }

    pub(in crate::network) fn on_gossip(&self, event: Event) {
        match event {
            Event::Message { propagation_source, message_id, message } => match message.source {
                Some(author) => {
                    let (from, id, data) = (propagation_source, message_id, message.data);
                    self.tell(NetworkEvent::Announced { from, id, author, data });
                }
                None => self.report_verdict(&message_id, &propagation_source, Verdict::Reject),
            },
            Event::Subscribed { .. } => self.tell(NetworkEvent::Listens),
            _ => {}
        }
    }
}
