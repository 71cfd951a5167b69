//! Places for the handshakes of those who connect.
//!
//! A handshake costs little to begin and much to wait for: whoever opens connections and says nothing would hold all
//! places until their deadline, and nobody else came in.
//!
//! **Promises.** When all [`SLOTS`] are taken, a newcomer gets the oldest one of the network (/24, /48) that has the most,
//! if that has two more than its own; and within its own network, that of the address with the most, by the same rule. So
//! a handshake that is the only one of its network is never given up for another. Where all have about as many, who is
//! in stays in: else many honest hosts that come back at once would push each other out for ever.
//!
//! **Bounds.** [`SLOTS`] handshakes, all relayed ones together like one network; each as long as the transport lets it.
//!
//! **Not promised.** A way in while 32 other networks attack at once, or 32 addresses of the newcomer's own network, or
//! about ten addresses of both: then places come free only as handshakes end.

use std::{
    cmp::Reverse,
    collections::VecDeque,
    io,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use libp2p::{
    Multiaddr, Transport,
    core::transport::{DialOpts, ListenerId, TransportError, TransportEvent},
};
use tokio::sync::oneshot;

use super::{address::direct_ip, lock::lock};
use crate::trust::addresses::{Subnet, caller};

/// Handshakes of others under way. Each costs a few hundred microseconds of cryptography: a flood of them would take the
/// thread.
pub(super) const SLOTS: usize = 32;
/// Refusals before other work gets a turn.
const REFUSALS: usize = 64;

/// Where a connection comes from; nothing is known of a relayed one.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Origin {
    network: Option<Subnet>,
    caller: Option<IpAddr>,
}

impl Origin {
    fn of(ip: Option<IpAddr>) -> Self {
        Self { network: ip.map(Subnet::of), caller: ip.map(caller) }
    }
}

struct OpenSlots {
    origin: Origin,
    /// Who holds the place waits for its end.
    stay: oneshot::Sender<()>,
}

/// Those that are taken, the oldest first.
#[derive(Clone, Default)]
struct HandshakeSlots(Arc<Mutex<VecDeque<OpenSlots>>>);

/// One of them. It is free again when this is dropped.
struct Slot {
    origin: Origin,
    lost: oneshot::Receiver<()>,
    places: HandshakeSlots,
}

impl HandshakeSlots {
    fn enter(&self, ip: Option<IpAddr>) -> Option<Slot> {
        let origin = Origin::of(ip);
        let mut taken = lock(&self.0);
        if taken.len() >= SLOTS {
            let given_up = whose(&taken, origin)?;
            drop(taken.remove(given_up));
            metrics::counter!("tandem_p2p_refused_total", "reason" => "handshake given up").increment(1);
        }
        let (stay, lost) = oneshot::channel();
        taken.push_back(OpenSlots { origin, stay });
        Some(Slot { origin, lost, places: self.clone() })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.lost.close();
        lock(&self.places.0).retain(|taken| taken.origin != self.origin || !taken.stay.is_closed());
    }
}

/// The place that a newcomer gets.
fn whose(taken: &VecDeque<OpenSlots>, newcomer: Origin) -> Option<usize> {
    let of_network = |origin: Origin| taken.iter().filter(|taken| taken.origin.network == origin.network).count();
    let of_caller = |origin: Origin| taken.iter().filter(|taken| taken.origin == origin).count();
    let origins = || taken.iter().map(|taken| taken.origin).enumerate();
    let network = origins().max_by_key(|(age, origin)| (of_network(*origin), of_caller(*origin), Reverse(*age)));
    let neighbours = origins().filter(|(_, origin)| origin.network == newcomer.network);
    let neighbour = neighbours.max_by_key(|(age, origin)| (of_caller(*origin), Reverse(*age)));
    let network = network.filter(|(_, origin)| of_network(*origin) >= of_network(newcomer) + 2);
    let neighbour = neighbour.filter(|(_, origin)| of_caller(*origin) >= of_caller(newcomer) + 2);
    network.or(neighbour).map(|(at, _)| at)
}

/// A transport whose handshakes have places.
pub(super) struct Door<T> {
    inner: T,
    places: HandshakeSlots,
}

impl<T> Door<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, places: HandshakeSlots::default() }
    }
}

/// A handshake at its place, if it is one of those who connect to this host.
pub(super) struct Handshake<F> {
    inner: F,
    place: Option<Slot>,
}

impl<F: Future<Output = Result<O, io::Error>> + Unpin, O> Future for Handshake<F> {
    type Output = Result<O, io::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let lost = self.place.as_mut().is_some_and(|place| Pin::new(&mut place.lost).poll(cx).is_ready());
        if lost {
            let text = "the place of this handshake went to another network or address";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, text)));
        }
        Pin::new(&mut self.inner).poll(cx)
    }
}

impl<T> Transport for Door<T>
where
    T: Transport<Error = io::Error, ListenerUpgrade: Unpin> + Unpin,
{
    type Output = T::Output;
    type Error = io::Error;
    type ListenerUpgrade = Handshake<T::ListenerUpgrade>;
    type Dial = T::Dial;

    fn listen_on(&mut self, id: ListenerId, address: Multiaddr) -> Result<(), TransportError<io::Error>> {
        self.inner.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(&mut self, address: Multiaddr, options: DialOpts) -> Result<Self::Dial, TransportError<io::Error>> {
        self.inner.dial(address, options)
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, Self::Error>> {
        for _ in 0..REFUSALS {
            let Poll::Ready(event) = Pin::new(&mut self.inner).poll(cx) else { return Poll::Pending };
            let mut place = None;
            if let TransportEvent::Incoming { send_back_addr, .. } = &event {
                place = self.places.enter(direct_ip(send_back_addr));
                if place.is_none() {
                    metrics::counter!("tandem_p2p_refused_total", "reason" => "handshakes").increment(1);
                    continue;
                }
            }
            return Poll::Ready(event.map_upgrade(|inner| Handshake { inner, place }));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(network: u8, host: u8) -> Option<IpAddr> {
        Some(IpAddr::from([8, 8, network, host]))
    }

    fn enter(places: &HandshakeSlots, from: impl IntoIterator<Item = Option<IpAddr>>) -> Vec<Option<Slot>> {
        from.into_iter().map(|ip| places.enter(ip)).collect()
    }

    fn lost(place: &mut Option<Slot>) -> bool {
        !matches!(place.as_mut().unwrap().lost.try_recv(), Err(oneshot::error::TryRecvError::Empty))
    }

    #[test]
    fn the_network_with_the_most_gives_its_oldest_and_only_for_one_with_fewer() {
        let places = HandshakeSlots::default();
        let mut flood = enter(&places, (0..40).map(|_| ip(1, 1)));
        assert_eq!(flood.iter().flatten().count(), SLOTS, "the rest is refused");
        let mut newcomer = places.enter(ip(2, 1));
        assert!(lost(&mut flood[0]) && !lost(&mut flood[1]));
        drop(flood.swap_remove(0));
        assert_eq!(lock(&places.0).len(), SLOTS, "a place that was given up is not given back twice");
        assert!(enter(&places, (0..100).map(|_| ip(1, 1))).iter().flatten().next().is_none());
        let mut others = enter(&places, (3..100).map(|network| ip(network, 1)));
        assert!(!lost(&mut newcomer), "the only one of its network stays");
        let networks = others.iter().flatten().count();
        assert_eq!(networks, SLOTS - 2, "each network has one: the next is refused");
        assert!(others.iter_mut().filter(|place| place.is_some()).all(|place| !lost(place)));
        drop(others);
        assert!(places.enter(ip(200, 1)).is_some(), "places come free");
    }

    #[test]
    fn neighbours_share_the_places_of_their_network() {
        let places = HandshakeSlots::default();
        let mut flood = enter(&places, (0..SLOTS).map(|at| ip(1, u8::try_from(at % 2).unwrap())));
        let mut newcomer = places.enter(ip(1, 9));
        assert!(newcomer.is_some() && lost(&mut flood[0]));
        assert!(enter(&places, (0..100).map(|_| ip(1, 0))).iter().flatten().count() <= 1);
        assert!(!lost(&mut newcomer));
        let relayed = places.enter(None);
        assert!(relayed.is_some(), "what comes through relays is a network of its own");
    }
}
