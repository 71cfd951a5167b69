//! Whatever happens to a book, it keeps its bounds.

use libp2p_identity::Keypair;
use proptest::prelude::*;

use super::*;

/// One thing that happens to a book.
#[derive(Clone, Debug)]
enum Step {
    Hint(u8, u32),
    Offer(u8),
    Connect(u8, u32),
    Disconnect(u8),
    Report(u8, u8),
    Allow(u8),
    Ban(u8, bool),
    Sweep,
    Restore,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (any::<u8>(), 0..2_000_u32).prop_map(|(peer, ip)| Step::Hint(peer, ip)),
        1 => any::<u8>().prop_map(Step::Offer),
        4 => (any::<u8>(), 0..2_000_u32).prop_map(|(peer, ip)| Step::Connect(peer, ip)),
        3 => any::<u8>().prop_map(Step::Disconnect),
        2 => (any::<u8>(), any::<u8>()).prop_map(|(peer, conduct)| Step::Report(peer, conduct)),
        1 => any::<u8>().prop_map(Step::Allow),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(peer, ban)| Step::Ban(peer, ban)),
        1 => Just(Step::Sweep),
        1 => Just(Step::Restore),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_book_keeps_its_bounds_and_its_word(steps in proptest::collection::vec((step(), 0..600_u64), 1..300)) {
        let keys: Vec<_> = (0..=255).map(|seed| Keypair::ed25519_from_bytes([seed; 32]).unwrap()).collect();
        let id = |peer: u8| keys[usize::from(peer)].public().to_peer_id();
        let mut book = sized(40);
        let (mut now, mut sequence) = (NOW, 0);
        for (step, seconds) in steps {
            now = now.after(Duration::from_secs(seconds));
            let kept: Vec<_> =
                book.peers.iter().filter(|(_, peer)| peer.is_kept() || peer.connected || peer.by_order && peer.banned_until > Some(now)).map(|(id, _)| *id).collect();
            let forgets = matches!(step, Step::Allow(_) | Step::Ban(_, false));
            match step {
                Step::Hint(peer, ip) => drop(book.hint(id(peer), [address(ip)], Source::Dht, now)),
                Step::Offer(peer) => {
                    sequence += 1;
                    drop(book.offer(record_at(&keys[usize::from(peer)], sequence, now), Source::Github, now));
                }
                Step::Connect(peer, at) => drop(book.connected(id(peer), Some(ip(at)), now)),
                Step::Disconnect(peer) => book.disconnected(&id(peer), now),
                Step::Report(peer, conduct) => {
                    let all = [Conduct::Fatal, Conduct::Violation, Conduct::Timeout, Conduct::LostLease, Conduct::Completion];
                    let _ = book.report(&id(peer), all[usize::from(conduct) % all.len()], now);
                }
                Step::Allow(peer) => book.set_allowed([id(peer)]),
                Step::Ban(peer, true) => drop(book.block(id(peer), now.after(MINUTE), now)),
                Step::Ban(peer, false) => drop(book.forgive(&id(peer))),
                Step::Sweep => drop(book.sweep(now)),
                Step::Restore => {
                    let rows: Vec<_> = book.rows().collect();
                    let mut again = sized(40);
                    again.restore(rows, now);
                    prop_assert!(again.len() <= book.len());
                }
            }
            prop_assert!(book.len() <= 40);
            for id in kept.into_iter().filter(|_| !forgets) {
                prop_assert!(book.peers.contains_key(&id));
            }
            // The indexes name exactly the peers that there are.
            let count = |wanted: fn(&PeerTier) -> bool| book.peers.values().filter(|peer| wanted(&peer.place())).count();
            let expected = (
                count(|place| *place == PeerTier::Hearsay),
                count(|place| *place == PeerTier::Proven),
                count(|place| matches!(place, PeerTier::Banned(_))),
                book.peers.values().filter(|peer| peer.connected && !peer.allowed).count(),
            );
            prop_assert_eq!(book.room.counts(), expected);
        }
    }
}
