//! Announcements that hosts pass on to each other (gossipsub 1.1), each the signed record of the host that made it.
//!
//! **Promises.** Only what its author signed is taken, and only what the peer book believes is passed on
//! ([`Verdict`]). Nothing depends on it: an announcement that is lost is one of several.
//!
//! **Bounds.** One topic, to which alone others may subscribe here; [`MAX_MESSAGE`]; peers whose announcements are refused
//! lose score, and with it their place in the mesh.

use std::{collections::HashSet, time::Duration};

use libp2p::{
    gossipsub::{
        Behaviour as Gossip, ConfigBuilder, IdentTopic, MessageAcceptance, MessageAuthenticity, PeerScoreParams,
        PeerScoreThresholds, TopicScoreParams, ValidationMode, WhitelistSubscriptionFilter,
    },
    identity::Keypair,
};

use crate::{discovery::record::MAX_RECORD, error::NetworkError};

/// The topic of hosts' records.
const TOPIC: &str = "tandem/hosts/1";
/// A record, with what gossipsub puts around it.
const MAX_MESSAGE: usize = MAX_RECORD + (4 << 10);

/// What becomes of an announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is passed on.
    Accept,
    /// It is not passed on; nobody is blamed.
    Ignore,
    /// It is not passed on; who passed it on should have looked.
    Reject,
}

impl From<Verdict> for MessageAcceptance {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Accept => Self::Accept,
            Verdict::Ignore => Self::Ignore,
            Verdict::Reject => Self::Reject,
        }
    }
}

pub(super) type Behaviour = Gossip<libp2p::gossipsub::IdentityTransform, WhitelistSubscriptionFilter>;

pub(super) fn topic() -> IdentTopic {
    IdentTopic::new(TOPIC)
}

pub(super) fn behaviour(key: &Keypair) -> Result<Behaviour, NetworkError> {
    let fail = |error: &dyn std::fmt::Display| NetworkError::Gossip(error.to_string());
    let config = ConfigBuilder::default()
        .validation_mode(ValidationMode::Strict)
        .validate_messages()
        .max_transmit_size(MAX_MESSAGE)
        .build()
        .map_err(|error| fail(&error))?;
    let filter = WhitelistSubscriptionFilter(HashSet::from([topic().hash()]));
    let signed = MessageAuthenticity::Signed(key.clone());
    let mut gossip = Behaviour::new_with_subscription_filter(signed, config, filter).map_err(|error| fail(&error))?;
    gossip.with_peer_score(scores(), PeerScoreThresholds::default()).map_err(|error| fail(&error))?;
    gossip.subscribe(&topic()).map_err(|error| fail(&error))?;
    Ok(gossip)
}

/// Announcements are rare, so that nothing is expected of the mesh; what counts is that none is refused.
fn scores() -> PeerScoreParams {
    let topic_score = TopicScoreParams {
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        invalid_message_deliveries_weight: -20.0,
        invalid_message_deliveries_decay: libp2p::gossipsub::score_parameter_decay(Duration::from_secs(600)),
        ..TopicScoreParams::default()
    };
    PeerScoreParams {
        topics: [(topic().hash(), topic_score)].into_iter().collect(),
        // The peer book has its own opinion of crowds, which knows about private networks.
        ip_colocation_factor_weight: 0.0,
        ..PeerScoreParams::default()
    }
}
