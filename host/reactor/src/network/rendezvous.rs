//! Rendezvous points: this host is registered at them, and asks them who else is.
//!
//! **Promises.** Who asks gets the point's answer, its refusal, or hears that none came in time. The library's client panics over
//! answers that its protocol does not know; that is [`super::panic_boundary`].
//!
//! **Bounds.** One question of each kind to a point at a time: whoever asks meanwhile waits for the same answer, [`RENDEZVOUS_WAITERS`] of
//! them. A point that never answers keeps one entry.
//!
//! Source: the libp2p rendezvous specification, `rendezvous/1.0.0`.

use std::{collections::HashMap, time::Duration};

use libp2p::{Multiaddr, PeerId, rendezvous};
use tokio::sync::oneshot;

use super::{limits::RENDEZVOUS_WAITERS, request_error::RequestError};

/// Where hosts like this one register.
const NAMESPACE: &str = "tandem";

/// Peers with the addresses that they signed.
pub(super) type Found = Vec<(PeerId, Vec<Multiaddr>)>;
pub(super) type Waiters<T> = HashMap<PeerId, Vec<oneshot::Sender<Result<T, RequestError>>>>;

/// Who waits for the answers of points.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) registered: Waiters<()>,
    pub(super) found: Waiters<Found>,
}

/// Adds one who waits; answers whether nobody did.
pub(super) fn wait<T>(
    waiters: &mut Waiters<T>,
    point: PeerId,
) -> Result<(bool, oneshot::Receiver<Result<T, RequestError>>), RequestError> {
    let waiting = waiters.entry(point).or_default();
    // A point that answers otherwise than it was asked answers nobody: the next one asks again.
    waiting.retain(|waiter| !waiter.is_closed());
    let first = waiting.is_empty();
    if waiting.len() >= RENDEZVOUS_WAITERS {
        return Err(RequestError::RendezvousBusy);
    }
    let (reply, answer) = oneshot::channel();
    waiting.push(reply);
    Ok((first, answer))
}

/// Answers all who wait; tells whether anybody did.
pub(super) fn answer<T: Clone>(waiters: &mut Waiters<T>, point: &PeerId, result: &Result<T, RequestError>) -> bool {
    let told = waiters.remove(point).into_iter().flatten().filter_map(|waiter| waiter.send(result.clone()).ok());
    told.count() > 0
}

pub(super) async fn within<T>(
    timeout: Duration,
    answer: oneshot::Receiver<Result<T, RequestError>>,
) -> Result<T, RequestError> {
    match tokio::time::timeout(timeout, answer).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(RequestError::Stopping),
        Err(_) => Err(RequestError::RendezvousTimeout(timeout)),
    }
}

pub(super) fn namespace() -> rendezvous::Namespace {
    rendezvous::Namespace::from_static(NAMESPACE)
}

/// What a point says of a refusal, which the library only prints for programmers.
pub(super) fn why(error: rendezvous::ErrorCode) -> &'static str {
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
