use std::net::Ipv4Addr;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn messages_come_at_a_rate_after_a_burst() {
    let (start, peer, mut quotas) = (Instant::now(), PeerId::random(), WireQuotas::new(WireLimits::default()));
    let mut flood = |peer: &PeerId, now| (0..1_000).take_while(|_| quotas.message(peer, 1, now).is_ok()).count();
    assert_eq!(flood(&peer, start), 400);
    assert_eq!(flood(&peer, start), 0);
    assert_eq!(flood(&PeerId::random(), start), 400);
    assert_eq!(flood(&peer, start + SECOND), 200);
    assert_eq!(flood(&peer, start + 60 * SECOND), 400);
    assert_eq!(quotas.message(&peer, 1, start + 60 * SECOND), Err(OverQuota::Messages(SECOND / 200)));
}

#[test]
fn bytes_come_at_a_rate_and_a_refused_message_costs_nothing() {
    let (start, peer, mut quotas) = (Instant::now(), PeerId::random(), WireQuotas::new(WireLimits::default()));
    assert_eq!(quotas.message(&peer, (8 << 20) + 1, start), Err(OverQuota::TooLarge((8 << 20) + 1)));
    for _ in 0..8 {
        quotas.message(&peer, 1 << 20, start).unwrap();
    }
    assert_eq!(quotas.message(&peer, 4 << 20, start), Err(OverQuota::Bytes(SECOND / 2)));
    assert_eq!(quotas.message(&peer, 4 << 20, start + SECOND / 2), Ok(()));
    // A clock that stands still or goes back gives nothing away.
    assert_eq!(quotas.message(&peer, 4 << 20, start), Err(OverQuota::Bytes(SECOND / 2)));
}

#[test]
fn requests_and_streams_are_given_back() {
    let (now, peer, mut quotas) = (Instant::now(), PeerId::random(), WireQuotas::new(WireLimits::default()));
    let mut held: Vec<_> = (0..64).map(|_| quotas.request(&peer, now).unwrap()).collect();
    assert_eq!(quotas.request(&peer, now).err(), Some(OverQuota::InFlight(64)));
    held.pop();
    let _request = quotas.request(&peer, now).unwrap();
    let mut streams: Vec<_> = (0..4).map(|_| quotas.stream(&peer, now).unwrap()).collect();
    assert_eq!(quotas.stream(&peer, now).err(), Some(OverQuota::Streams(4)));
    streams.clear();
    assert!(quotas.stream(&peer, now).is_ok());
}

#[test]
fn one_address_gets_its_share_of_connections() {
    let (start, ip) = (Instant::now(), IpAddr::from([8, 8, 8, 8]));
    let mut quotas = AcceptQuotas::new(AcceptLimits::default());
    let mut held: Vec<_> = (0..20).map(|_| quotas.accept(ip, start).unwrap()).collect();
    assert_eq!(quotas.accept(ip, start).err(), Some(OverQuota::Accepts(SECOND / 5)));
    assert!(quotas.accept(IpAddr::from([8, 8, 8, 9]), start).is_ok());
    let mapped = Ipv4Addr::new(8, 8, 8, 8).to_ipv6_mapped().into();
    assert_eq!(quotas.accept(mapped, start).err(), Some(OverQuota::Accepts(SECOND / 5)));
    for _ in 0..12 {
        held.push(quotas.accept(ip, start + 10 * SECOND).unwrap());
    }
    assert_eq!(quotas.accept(ip, start + 10 * SECOND).err(), Some(OverQuota::Connections));
    held.pop();
    assert!(quotas.accept(ip, start + 10 * SECOND).is_ok());
}

#[test]
fn tables_are_bounded_and_only_those_at_rest_make_room() {
    let start = Instant::now();
    let mut quotas = AcceptQuotas::new(AcceptLimits::default());
    let ip = |index: usize| IpAddr::from(Ipv4Addr::from(0x0800_0000 + u32::try_from(index).unwrap()));
    let kept = quotas.accept(ip(0), start).unwrap();
    for index in 1..MAX_CALLERS {
        drop(quotas.accept(ip(index), start).unwrap());
    }
    assert_eq!(quotas.accept(ip(MAX_CALLERS), start).err(), Some(OverQuota::Connections));
    assert!(quotas.accept(ip(1), start).is_ok());
    assert_eq!(quotas.callers.entries.len(), MAX_CALLERS);
    assert!(quotas.accept(ip(MAX_CALLERS), start + 2 * SECOND).is_ok());
    assert_eq!(quotas.callers.entries.len(), 2);
    assert!(quotas.callers.entries.contains_key(&ip(0)));
    drop(kept);
}
