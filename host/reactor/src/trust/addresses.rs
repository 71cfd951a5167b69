//! Which addresses of other hosts are believed and dialled.
//!
//! **Promises.** An address that a remote host made known never leads to this machine, to the link, or (unless the
//! operator allows it) into the private network: otherwise a stranger could make this host knock on doors that only
//! it can reach. It never leads to this host itself.
//!
//! **Refuses.** Everything but `(ip|name)/(tcp|udp/quic-v1)[/ws][/p2p/<id>]`, also behind one relay. Names are refused
//! from remote hosts unless allowed: what they resolve to is not known before the dial and can be any of the above.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{Ipv4Net, Ipv6Net};
use libp2p_core::{Multiaddr, multiaddr::Protocol};
use libp2p_identity::PeerId;

/// Most addresses of a host. Each is a dial that a record can make others do.
pub const MAX_ADDRESSES: usize = 8;
/// Most bytes of one address: a name of 253 characters, a relay's id and the own id fit.
pub const MAX_ADDRESS_BYTES: usize = 512;

/// Most addresses of our own that are compared with.
const MAX_OWN: usize = 64;

/// What the operator allows beyond public addresses. The default allows nothing more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Loopback addresses: several hosts on one machine, as in tests.
    pub loopback: bool,
    /// Private ones: RFC 1918, RFC 6598 (shared) and RFC 4193 (unique local).
    pub private: bool,
    /// DNS names, whatever they resolve to.
    pub names: bool,
}

impl Reach {
    /// For addresses that the operator wrote down himself.
    pub const OPERATOR: Self = Self { loopback: true, private: true, names: true };
}

/// Why an address is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It names no host, port and transport that can be dialled.
    #[error("it is not `/ip4|ip6|dns…/…/tcp/<port>` or `/…/udp/<port>/quic-v1`, with `/p2p/<id>` or without")]
    Form,
    /// It is too long.
    #[error("it has more than {MAX_ADDRESS_BYTES} bytes")]
    TooLong,
    /// Loopback.
    #[error("it is a loopback address; only an operator can allow these")]
    Loopback,
    /// `0.0.0.0`, `::` or port 0.
    #[error("it is unspecified; name an address and a port that can be dialled")]
    Unspecified,
    /// Link-local: it means another host on each link, among them metadata services of clouds.
    #[error("it is link-local")]
    LinkLocal,
    /// Multicast, broadcast, documentation or reserved.
    #[error("it is not a unicast address")]
    NotUnicast,
    /// Private, and those are not allowed.
    #[error("it is private; only an operator can allow these")]
    Private,
    /// A DNS name, and those are not allowed.
    #[error("it is a dns name; give an ip address, or let the operator allow names")]
    Name,
    /// It ends in the id of another peer.
    #[error("it ends in the id of another peer than the one it is said to lead to")]
    OtherPeer,
    /// It leads to this host.
    #[error("it leads to this host itself")]
    Own,
}

/// The policy of one host.
#[derive(Clone, Debug)]
pub struct AddressPolicy {
    own: PeerId,
    own_sockets: Vec<SocketAddr>,
    reach: Reach,
}

impl AddressPolicy {
    /// The policy of the host `own`.
    #[must_use]
    pub fn new(own: PeerId, reach: Reach) -> Self {
        Self { own, own_sockets: Vec::new(), reach }
    }

    /// The id of this host.
    #[must_use]
    pub fn own(&self) -> PeerId {
        self.own
    }

    /// What the operator allows to remote hosts.
    #[must_use]
    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// Names the addresses that this host listens on or is seen at; at most 64 count.
    pub fn set_own_addresses<'a>(&mut self, addresses: impl IntoIterator<Item = &'a Multiaddr>) {
        self.own_sockets = addresses.into_iter().filter_map(socket).take(MAX_OWN).collect();
    }

    /// Whether `address`, made known by a remote host, may be kept and dialled as one of `peer`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, address: &Multiaddr, peer: &PeerId) -> Result<(), AddressError> {
        self.check_within(address, peer, self.reach)
    }

    /// The same for an address that comes from `reach`, for example [`Reach::OPERATOR`].
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_within(&self, address: &Multiaddr, peer: &PeerId, reach: Reach) -> Result<(), AddressError> {
        if *peer == self.own {
            return Err(AddressError::Own);
        }
        if form(address, peer, reach)?.as_ref() == Some(&self.own) {
            return Err(AddressError::Own);
        }
        // Two hosts on one machine share its address and differ in the port.
        match socket(address) {
            Some(socket) if self.own_sockets.contains(&socket) && !is_relayed(address) => Err(AddressError::Own),
            _ => Ok(()),
        }
    }

    /// Of this host's own addresses those that belong into its record, where `reach` is what the readers of the
    /// registry accept ([`Source::reach`](super::book::Source::reach)): what they refuse would only take places.
    #[must_use]
    pub fn announceable<'a>(&self, addresses: impl IntoIterator<Item = &'a Multiaddr>, reach: Reach) -> Vec<Multiaddr> {
        let right = |address: &&Multiaddr| form(address, &self.own, reach).is_ok_and(|relay| relay != Some(self.own));
        addresses.into_iter().filter(right).take(MAX_ADDRESSES).cloned().collect()
    }
}

/// Whether an address may be dialled where `reach` is what the one who named it may name, whatever peer it leads to.
///
/// # Errors
/// What is wrong with it.
pub fn dialable(address: &Multiaddr, reach: Reach) -> Result<(), AddressError> {
    let last = match address.iter().last() {
        Some(Protocol::P2p(peer)) => Some(peer),
        _ => None,
    };
    form_of(address, last.as_ref(), reach).map(drop)
}

/// Checks the form; answers the relay's id if there is one.
fn form(address: &Multiaddr, peer: &PeerId, reach: Reach) -> Result<Option<PeerId>, AddressError> {
    form_of(address, Some(peer), reach)
}

fn form_of(address: &Multiaddr, peer: Option<&PeerId>, reach: Reach) -> Result<Option<PeerId>, AddressError> {
    if address.len() > MAX_ADDRESS_BYTES {
        return Err(AddressError::TooLong);
    }
    let mut parts = address.iter().peekable();
    host(parts.next(), reach)?;
    let port = match parts.next() {
        Some(Protocol::Tcp(port)) => {
            parts.next_if(|part| matches!(part, Protocol::Tls));
            // A path is a text of the peer's choice and has no use here.
            parts.next_if(|part| matches!(part, Protocol::Ws(path) | Protocol::Wss(path) if path == "/"));
            port
        }
        Some(Protocol::Udp(port)) if parts.next() == Some(Protocol::QuicV1) => port,
        _ => return Err(AddressError::Form),
    };
    if port == 0 {
        return Err(AddressError::Unspecified);
    }
    let first = id(&mut parts);
    let relay = match (first, parts.next_if_eq(&Protocol::P2pCircuit)) {
        (Some(relay), Some(_)) => Some(relay),
        (None, Some(_)) => return Err(AddressError::Form),
        (_, None) => None,
    };
    let last = if relay.is_some() { id(&mut parts) } else { first };
    match (parts.next(), last) {
        (Some(_), _) => Err(AddressError::Form),
        (None, Some(last)) if peer.is_some_and(|peer| last != *peer) => Err(AddressError::OtherPeer),
        _ => Ok(relay),
    }
}

fn id<'a>(parts: &mut std::iter::Peekable<impl Iterator<Item = Protocol<'a>>>) -> Option<PeerId> {
    match parts.next_if(|part| matches!(part, Protocol::P2p(_))) {
        Some(Protocol::P2p(id)) => Some(id),
        _ => None,
    }
}

fn host(part: Option<Protocol<'_>>, reach: Reach) -> Result<(), AddressError> {
    match part {
        Some(Protocol::Ip4(address)) => unicast(IpAddr::V4(address), reach),
        Some(Protocol::Ip6(address)) => unicast(IpAddr::V6(address), reach),
        // `dnsaddr` leads to any number of further addresses; bootstrap lists of operators may use it.
        Some(Protocol::Dnsaddr(_)) => Err(AddressError::Form),
        Some(Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name)) if is_host_name(&name) => {
            if reach.names { Ok(()) } else { Err(AddressError::Name) }
        }
        _ => Err(AddressError::Form),
    }
}

/// Letters, digits and hyphens in labels (RFC 1123): names come from strangers and go into logs and files.
fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.len() <= 253 && name.trim_end_matches('.').split('.').all(label)
}

/// Whether a remote host may lead this host to an IP address; also for what a name resolved to.
///
/// # Errors
/// What kind of address it is.
pub fn unicast(address: IpAddr, reach: Reach) -> Result<(), AddressError> {
    let allowed = |allowed: bool, error| if allowed { Ok(()) } else { Err(error) };
    match canonical(address) {
        IpAddr::V4(v4) => {
            if v4.octets()[0] == 0 {
                Err(AddressError::Unspecified)
            } else if v4.is_loopback() {
                allowed(reach.loopback, AddressError::Loopback)
            } else if v4.is_link_local() {
                Err(AddressError::LinkLocal)
            } else if v4.is_private() || is_shared(v4) {
                allowed(reach.private, AddressError::Private)
            } else if v4.is_multicast() || v4.is_documentation() || v4.octets()[0] >= 240 {
                Err(AddressError::NotUnicast)
            } else {
                Ok(())
            }
        }
        IpAddr::V6(v6) => {
            if v6.is_unspecified() {
                Err(AddressError::Unspecified)
            } else if v6.is_loopback() {
                allowed(reach.loopback, AddressError::Loopback)
            } else if v6.is_unicast_link_local() {
                Err(AddressError::LinkLocal)
            } else if v6.is_unique_local() {
                allowed(reach.private, AddressError::Private)
            } else if v6.segments()[0] & 0xe000 != 0x2000 || v6.segments()[..2] == [0x2001, 0x0db8] {
                // Global unicast is 2000::/3 (IANA); 2001:db8::/32 is for documentation.
                Err(AddressError::NotUnicast)
            } else {
                Ok(())
            }
        }
    }
}

/// 100.64.0.0/10, between customers of one carrier (RFC 6598).
fn is_shared(v4: Ipv4Addr) -> bool {
    v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64
}

/// The IPv4 address inside an IPv6 one where there is one: mapped (`::ffff:0:0/96`), NAT64 (`64:ff9b::/96`, RFC 6052)
/// or 6to4 (`2002::/16`, RFC 3056). Otherwise these would be a way around every rule about IPv4.
#[must_use]
pub fn canonical(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let pair = |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => pair(g, h),
        (0x2002, ..) => pair(b, c),
        _ => IpAddr::V6(v6),
    }
}

/// Whether an address is one that only the operator's own network has.
#[must_use]
pub fn is_local(address: IpAddr) -> bool {
    unicast(address, Reach::default()).is_err()
}

/// The IP address and port that an address leads to first.
#[must_use]
pub fn socket(address: &Multiaddr) -> Option<SocketAddr> {
    let mut parts = address.iter();
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => IpAddr::V4(ip),
        Protocol::Ip6(ip) => IpAddr::V6(ip),
        _ => return None,
    };
    match parts.next()? {
        Protocol::Tcp(port) | Protocol::Udp(port) => Some(SocketAddr::new(canonical(ip), port)),
        _ => None,
    }
}

fn is_relayed(address: &Multiaddr) -> bool {
    address.iter().any(|part| part == Protocol::P2pCircuit)
}

/// A network that one party usually holds as a whole: /24 of IPv4, /48 of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subnet {
    /// A /24.
    V4(Ipv4Net),
    /// A /48.
    V6(Ipv6Net),
}

impl Subnet {
    /// The network of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match canonical(address) {
            IpAddr::V4(v4) => Self::V4(Ipv4Net::new_assert(v4, 24).trunc()),
            IpAddr::V6(v6) => Self::V6(Ipv6Net::new_assert(v6, 48).trunc()),
        }
    }

    /// The network that a multiaddress leads to first.
    #[must_use]
    pub fn of_address(address: &Multiaddr) -> Option<Self> {
        socket(address).map(|socket| Self::of(socket.ip()))
    }
}

/// For a limit per caller: an IPv4 address, or the /64 that one caller of IPv6 has at least.
#[must_use]
pub fn caller(address: IpAddr) -> IpAddr {
    match canonical(address) {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests;
