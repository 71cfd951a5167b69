//! Rendezvous points: this host is registered at them, and asks them who else is.
//!
//! **Promises.** Who asks gets the point's answer, its refusal, or hears that none came in time. The library's client panics over
//! answers that its protocol does not know; that is [`panic_boundary`](super::contained).
//!
//! **Bounds.** One question of each kind to a point at a time: whoever asks meanwhile waits for the same answer, [`WAITING`] of
//! them. A point that never answers keeps one entry.
//!
//! Source: the libp2p rendezvous specification, `rendezvous/1.0.0`.

use std::{collections::HashMap, time::Duration};

use libp2p::{Multiaddr, PeerId, rendezvous};
use tokio::sync::oneshot;

use super::{Network, NetworkEvent, lock};

/// Where hosts like this one register.
const NAMESPACE: &str = "tandem";
/// Callers that wait for one answer. A tool may be called often while a point is silent.
const WAITING: usize = 256;

/// Peers with the addresses that they signed.
pub(super) type Found = Vec<(PeerId, Vec<Multiaddr>)>;
type Waiters<T> = HashMap<PeerId, Vec<oneshot::Sender<Result<T, String>>>>;

/// Who waits for the answers of points.
#[derive(Default)]
pub(super) struct Waiting {
    registered: Waiters<()>,
    found: Waiters<Found>,
}

/// Adds one who waits; answers whether nobody did.
fn wait<T>(waiters: &mut Waiters<T>, point: PeerId) -> Result<(bool, oneshot::Receiver<Result<T, String>>), String> {
    let waiting = waiters.entry(point).or_default();
    // A point that answers otherwise than it was asked answers nobody: the next one asks again.
    waiting.retain(|waiter| !waiter.is_closed());
    let first = waiting.is_empty();
    if waiting.len() >= WAITING {
        return Err(format!("{WAITING} callers wait for this rendezvous point already"));
    }
    let (reply, answer) = oneshot::channel();
    waiting.push(reply);
    Ok((first, answer))
}

/// Answers all who wait; tells whether anybody did.
fn answer<T: Clone>(waiters: &mut Waiters<T>, point: &PeerId, result: &Result<T, String>) -> bool {
    let told = waiters.remove(point).into_iter().flatten().filter_map(|waiter| waiter.send(result.clone()).ok());
    told.count() > 0
}

async fn within<T>(timeout: Duration, answer: oneshot::Receiver<Result<T, String>>) -> Result<T, String> {
    match tokio::time::timeout(timeout, answer).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err("the reactor is stopping".to_owned()),
        Err(_) => Err(format!("the rendezvous point did not answer within {} s", timeout.as_secs())),
    }
}

fn namespace() -> Result<rendezvous::Namespace, String> {
    rendezvous::Namespace::new(NAMESPACE.to_owned()).map_err(|error| error.to_string())
}

impl Network {
    /// Registers at a point that is connected; answers when it has this host's record.
    pub async fn register_at(&self, point: PeerId, timeout: Duration) -> Result<(), String> {
        let namespace = namespace()?;
        let (first, answer) = wait(&mut lock(&self.state).rendezvous.registered, point)?;
        if first {
            let sent = self.with(|swarm| {
                let listening: Vec<_> = swarm.listeners().cloned().collect();
                for address in listening {
                    swarm.add_external_address(address);
                }
                swarm.behaviour_mut().rendezvous.part().register(namespace, point, None)
            });
            if let Err(error) = sent {
                lock(&self.state).rendezvous.registered.remove(&point);
                return Err(error.to_string());
            }
        }
        within(timeout, answer).await
    }

    /// Takes this host's record back from a point that is connected. Nothing answers that.
    pub fn unregister_at(&self, point: PeerId) {
        if let Ok(namespace) = namespace() {
            self.with(|swarm| swarm.behaviour_mut().rendezvous.part().unregister(namespace, point));
        }
    }

    /// Asks a point that is connected who is there, this host not counted.
    pub async fn ask_at(&self, point: PeerId, timeout: Duration) -> Result<Found, String> {
        let namespace = namespace()?;
        let (first, answer) = wait(&mut lock(&self.state).rendezvous.found, point)?;
        if first {
            self.with(|swarm| swarm.behaviour_mut().rendezvous.part().discover(Some(namespace), None, None, point));
        }
        within(timeout, answer).await
    }

    pub(super) fn on_rendezvous(&self, event: rendezvous::client::Event) {
        use rendezvous::client::Event;
        match event {
            Event::Registered { rendezvous_node: point, .. } => {
                answer(&mut lock(&self.state).rendezvous.registered, &point, &Ok(()));
            }
            Event::RegisterFailed { rendezvous_node: point, error, .. } => {
                let error = why(error);
                tracing::warn!(%point, error, "rendezvous registration failed");
                let refused = Err(format!("rendezvous registration failed: {error}"));
                answer(&mut lock(&self.state).rendezvous.registered, &point, &refused);
            }
            Event::Discovered { rendezvous_node: point, registrations, .. } => {
                let found: Found = registrations
                    .iter()
                    .map(|registration| (registration.record.peer_id(), registration.record.addresses().to_vec()))
                    .filter(|(peer, _)| *peer != self.me)
                    .collect();
                // Who asked may have gone; what was found is worth as much.
                if !answer(&mut lock(&self.state).rendezvous.found, &point, &Ok(found.clone())) {
                    for (peer, addresses) in found {
                        self.tell(NetworkEvent::Found { peer, addresses, source: "rendezvous" });
                    }
                }
            }
            Event::DiscoverFailed { rendezvous_node: point, error, .. } => {
                let failed = Err(format!("the rendezvous point does not say who is there: {}", why(error)));
                answer(&mut lock(&self.state).rendezvous.found, &point, &failed);
            }
            Event::Expired { .. } => {}
        }
    }
}

/// What a point says of a refusal, which the library only prints for programmers.
fn why(error: rendezvous::ErrorCode) -> &'static str {
    use rendezvous::ErrorCode;
    match error {
        ErrorCode::InvalidNamespace => "it takes no such namespace",
        ErrorCode::InvalidSignedPeerRecord => "the record is not right",
        ErrorCode::InvalidTtl => "it does not keep records for that long",
        ErrorCode::InvalidCookie => "it does not know the cookie",
        ErrorCode::NotAuthorized => "this host is not allowed to",
        ErrorCode::InternalError => "it failed",
        ErrorCode::Unavailable => "it is busy",
    }
}
