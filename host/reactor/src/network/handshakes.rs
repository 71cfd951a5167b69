//! Handshakes that failed, and peers that were not let in, for the log: without a line about them, two hosts with different
//! network keys look like two that never heard of each other.
//!
//! **Bounds.** A line for each address in [`PAUSE`], and for [`ADDRESSES`] of them: strangers must not fill the log.

use std::{
    collections::{HashMap, VecDeque},
    error::Error,
    io,
    net::IpAddr,
    sync::Mutex,
    time::{Duration, Instant},
};

use libp2p::{
    Multiaddr, PeerId, TransportError, allow_block_list,
    swarm::{DialError, ListenError},
};

use super::{address::direct_ip, error_text::reason, lock::lock};

/// Between two lines about one address.
const PAUSE: Duration = Duration::from_secs(60);
/// Addresses with a line in that time.
const ADDRESSES: usize = 64;
/// How deep errors are looked into.
const DEPTH: usize = 16;

/// How long a failed handshake is shown to operators: what was mended is over then.
const SHOWN: Duration = Duration::from_secs(600);
/// Failed handshakes that are remembered.
const REMEMBERED: usize = 16;

/// A handshake with a peer that failed.
#[derive(Clone, Debug, serde::Serialize)]
pub struct FailedHandshake {
    /// Where the peer is.
    pub address: String,
    /// What failed.
    pub error: String,
    /// What may mend it.
    pub remedy: String,
    /// How many seconds ago.
    pub age_s: u64,
}

/// Failed handshakes, and which addresses have a line in the log.
#[derive(Default)]
pub(super) struct HandshakeLog {
    /// Whether this network has a key.
    keyed: bool,
    logged: Mutex<HashMap<Option<IpAddr>, Instant>>,
    failed: Mutex<VecDeque<(FailedHandshake, Instant)>>,
}

impl HandshakeLog {
    pub(super) fn new(keyed: bool) -> Self {
        Self { keyed, ..Self::default() }
    }

    fn may_log(&self, address: &Multiaddr) -> bool {
        let (mut logged, ip) = (lock(&self.logged), direct_ip(address));
        logged.retain(|_, at| at.elapsed() < PAUSE);
        let new = !logged.contains_key(&ip) && logged.len() < ADDRESSES;
        if new {
            logged.insert(ip, Instant::now());
        }
        new
    }

    fn remedy(&self) -> &'static str {
        match self.keyed {
            true => {
                "compare p2p.psk of both hosts; after a timeout, see whether the other one still answers; identity keys are ed25519"
            }
            false => "the other host may have a network key (p2p.psk), or no longer answer; identity keys are ed25519",
        }
    }

    /// Logs that a handshake failed, and remembers it.
    fn failed(&self, address: &Multiaddr, error: String) {
        let remedy = self.remedy();
        tracing::warn!(%address, error, remedy, "handshake with a peer failed");
        let mut failed = lock(&self.failed);
        if failed.len() >= REMEMBERED {
            failed.pop_front();
        }
        let (address, remedy) = (address.to_string(), remedy.to_owned());
        failed.push_back((FailedHandshake { address, error, remedy, age_s: 0 }, Instant::now()));
    }

    /// Handshakes that failed not long ago, the newest last.
    pub(super) fn recent(&self) -> Vec<FailedHandshake> {
        let failed = lock(&self.failed);
        let recent = failed.iter().filter(|(_, at)| at.elapsed() < SHOWN);
        recent.map(|(failed, at)| FailedHandshake { age_s: at.elapsed().as_secs(), ..failed.clone() }).collect()
    }

    /// A peer that connected to this host has no connection.
    pub(super) fn incoming(&self, address: &Multiaddr, peer: Option<PeerId>, error: &ListenError) {
        let peer = peer.map(tracing::field::display);
        let text = reason(error);
        match error {
            ListenError::Transport(_) if self.may_log(address) => {
                self.failed(address, text);
            }
            ListenError::Denied { cause }
                if cause.downcast_ref::<allow_block_list::NotAllowed>().is_some() && self.may_log(address) =>
            {
                tracing::info!(%address, peer, "peer refused: it is not in p2p.allow");
            }
            _ => tracing::debug!(%address, peer, error = text, "incoming connection failed"),
        }
    }

    /// A peer that this host dialled has no connection. Addresses at which nobody is are usual.
    pub(super) fn outgoing(&self, error: &DialError) {
        let DialError::Transport(tried) = error else { return };
        for (address, error) in tried {
            let TransportError::Other(error) = error else { continue };
            if !is_unreachable(error) && self.may_log(address) {
                self.failed(address, reason(error));
            }
        }
    }
}

/// Whether an error, or what caused it, says that nothing answers at an address.
fn is_unreachable(error: &io::Error) -> bool {
    use io::ErrorKind::{
        AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable, PermissionDenied, TimedOut,
    };
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    for _ in 0..DEPTH {
        let Some(error) = next else { return false };
        next = match error.downcast_ref::<io::Error>() {
            Some(error) => {
                let kinds = [
                    AddrNotAvailable,
                    ConnectionRefused,
                    HostUnreachable,
                    NetworkUnreachable,
                    PermissionDenied,
                    TimedOut,
                ];
                if kinds.contains(&error.kind()) {
                    return true;
                }
                // Its `source` leaves out what it wraps.
                error.get_ref().map(|inner| inner as &(dyn Error + 'static))
            }
            None => error.source(),
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_answers_is_told_from_a_handshake() {
        #[derive(Debug, thiserror::Error)]
        #[error("wrapped")]
        struct Wrapped(#[source] io::Error);
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        assert!(is_unreachable(&refused()));
        assert!(is_unreachable(&io::Error::other(io::Error::other(Wrapped(refused())))));
        let broken = || io::Error::from(io::ErrorKind::UnexpectedEof);
        assert!(!is_unreachable(&io::Error::other(Wrapped(broken()))) && !is_unreachable(&broken()));
    }

    #[test]
    fn an_address_has_a_line_in_a_while_and_so_have_a_few() {
        let log = HandshakeLog::new(true);
        let at = |last: usize| format!("/ip4/10.0.0.{last}/tcp/1").parse().unwrap();
        assert!(log.may_log(&at(1)) && !log.may_log(&at(1)) && log.may_log(&at(2)));
        assert_eq!((3..200).filter(|last| log.may_log(&at(*last))).count(), ADDRESSES - 2);
    }
}
