use super::*;

fn refusal(text: &str, reach: Reach) -> Option<AddressError> {
    let (own, peer) = (PeerId::random(), PeerId::random());
    AddressPolicy::new(own, reach).check(&text.parse().unwrap(), &peer).err()
}

#[test]
fn a_remote_host_cannot_lead_us_inside() {
    let cases = [
        ("/ip4/127.0.0.1/tcp/4001", AddressError::Loopback),
        ("/ip4/127.9.9.9/udp/4001/quic-v1", AddressError::Loopback),
        ("/ip6/::1/tcp/4001", AddressError::Loopback),
        ("/ip6/::ffff:127.0.0.1/tcp/4001", AddressError::Loopback),
        ("/ip6/64:ff9b::7f00:1/tcp/4001", AddressError::Loopback),
        ("/ip6/2002:7f00:1::/tcp/4001", AddressError::Loopback),
        ("/ip4/0.0.0.0/tcp/4001", AddressError::Unspecified),
        ("/ip4/0.1.2.3/tcp/4001", AddressError::Unspecified),
        ("/ip6/::/tcp/4001", AddressError::Unspecified),
        ("/ip4/8.8.8.8/tcp/0", AddressError::Unspecified),
        ("/ip4/169.254.169.254/tcp/80", AddressError::LinkLocal),
        ("/ip6/fe80::1/tcp/4001", AddressError::LinkLocal),
        ("/ip4/10.0.0.1/tcp/4001", AddressError::Private),
        ("/ip4/192.168.1.1/tcp/4001", AddressError::Private),
        ("/ip4/100.64.0.1/tcp/4001", AddressError::Private),
        ("/ip6/fd00::1/tcp/4001", AddressError::Private),
        ("/ip4/224.0.0.1/tcp/4001", AddressError::NotUnicast),
        ("/ip4/255.255.255.255/tcp/4001", AddressError::NotUnicast),
        ("/ip6/ff02::1/tcp/4001", AddressError::NotUnicast),
        ("/ip6/2001:db8::1/tcp/4001", AddressError::NotUnicast),
        ("/dns4/localhost/tcp/4001", AddressError::Name),
        ("/dnsaddr/bootstrap.example.org", AddressError::Form),
        ("/ip4/8.8.8.8", AddressError::Form),
        ("/ip4/8.8.8.8/udp/4001", AddressError::Form),
        ("/ip4/8.8.8.8/tcp/4001/http", AddressError::Form),
        ("/unix/tmp", AddressError::Form),
        ("/memory/7", AddressError::Form),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal(text, Reach::default()), Some(expected), "{text}");
    }
    for text in ["/ip4/8.8.8.8/tcp/4001", "/ip6/2606:4700::1/udp/4001/quic-v1", "/ip4/8.8.8.8/tcp/443/tls/ws"] {
        assert_eq!(refusal(text, Reach::default()), None, "{text}");
    }
}

#[test]
fn the_operator_can_allow_more_but_no_nonsense() {
    for text in ["/ip4/127.0.0.1/tcp/1", "/ip4/10.0.0.1/tcp/1", "/dns/a.example/tcp/1", "/ip6/fd00::1/tcp/1"] {
        assert_eq!(refusal(text, Reach::OPERATOR), None, "{text}");
    }
    for text in ["/ip4/0.0.0.0/tcp/1", "/ip4/169.254.1.1/tcp/1", "/ip4/224.0.0.1/tcp/1", "/dns/a b/tcp/1"] {
        assert!(refusal(text, Reach::OPERATOR).is_some(), "{text}");
    }
}

#[test]
fn an_address_leads_to_its_peer_and_never_to_us() {
    let (own, peer, relay) = (PeerId::random(), PeerId::random(), PeerId::random());
    let mut policy = AddressPolicy::new(own, Reach::default());
    policy.set_own_addresses([&"/ip4/1.2.3.4/tcp/4001".parse().unwrap()]);
    let check = |text: String, peer: &PeerId| policy.check(&text.parse().unwrap(), peer);
    assert_eq!(check(format!("/ip4/8.8.8.8/tcp/1/p2p/{peer}"), &peer), Ok(()));
    assert_eq!(check(format!("/ip4/8.8.8.8/tcp/1/p2p/{relay}"), &peer), Err(AddressError::OtherPeer));
    assert_eq!(check(format!("/ip4/8.8.8.8/tcp/1/p2p/{own}"), &own), Err(AddressError::Own));
    assert_eq!(check("/ip4/1.2.3.4/tcp/4001".into(), &peer), Err(AddressError::Own));
    assert_eq!(check("/ip6/::ffff:1.2.3.4/tcp/4001".into(), &peer), Err(AddressError::Own));
    assert_eq!(check("/ip4/1.2.3.4/tcp/4002".into(), &peer), Ok(()));
    let relayed = |relay: &PeerId, last: &PeerId| format!("/ip4/8.8.8.8/tcp/1/p2p/{relay}/p2p-circuit/p2p/{last}");
    assert_eq!(check(relayed(&relay, &peer), &peer), Ok(()));
    assert_eq!(check(relayed(&relay, &relay), &peer), Err(AddressError::OtherPeer));
    assert_eq!(check(relayed(&own, &peer), &peer), Err(AddressError::Own));
    assert_eq!(check(format!("/ip4/8.8.8.8/tcp/1/p2p/{peer}/tcp/2"), &peer), Err(AddressError::Form));
    assert_eq!(check("/ip4/8.8.8.8/tcp/1/p2p-circuit".into(), &peer), Err(AddressError::Form));
}

#[test]
fn a_host_announces_what_others_accept() {
    let policy = AddressPolicy::new(PeerId::random(), Reach::default());
    let listening = ["/ip4/0.0.0.0/tcp/1", "/ip4/127.0.0.1/tcp/1", "/ip4/10.0.0.1/tcp/1", "/ip4/8.8.8.8/tcp/1"];
    let listening: Vec<Multiaddr> = listening.iter().map(|text| text.parse().unwrap()).collect();
    assert_eq!(policy.announceable(&listening, Reach::default()), listening[3..]);
    assert_eq!(policy.announceable(&listening, Reach::OPERATOR), listening[1..]);
    assert_eq!(policy.announceable(&vec![listening[3].clone(); 9], Reach::default()).len(), MAX_ADDRESSES);
}

#[test]
fn one_caller_is_an_address_or_a_64() {
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    assert_eq!(caller(ip("2606:1:2:3:4::9")), caller(ip("2606:1:2:3::1")));
    assert_ne!(caller(ip("2606:1:2:4::1")), caller(ip("2606:1:2:3::1")));
    assert_eq!(Subnet::of(ip("8.8.8.8")), Subnet::of(ip("::ffff:8.8.8.1")));
    assert_ne!(Subnet::of(ip("8.8.8.8")), Subnet::of(ip("8.8.9.8")));
    assert_eq!(Subnet::of(ip("2606:1:2:3::1")), Subnet::of(ip("2606:1:2:ffff::1")));
}
