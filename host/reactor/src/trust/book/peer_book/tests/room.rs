//! Who goes when there is no room.

use super::*;
use crate::trust::book::MAX_BANS;

#[test]
fn a_flood_from_one_network_takes_the_places_of_that_network_only() {
    let mut book = sized(200);
    let allowed = PeerId::random();
    book.set_allowed([allowed]);
    book.hint(allowed, [address(3)], Source::Rendezvous, NOW).unwrap();
    let configured = PeerId::random();
    book.hint(configured, [address(4)], Source::Config, NOW).unwrap();
    let mut good: Vec<_> = (1..100).map(|index| proven(&mut book, index, NOW)).collect();
    good.extend((100..199).map(|index| hint(&mut book, index * 256, NOW).unwrap()));
    good.extend([allowed, configured]);
    let connected = PeerId::random();
    book.connected(connected, Some(ip(5)), NOW).unwrap();
    good.push(connected);
    // The book is full but for what was evicted while it was filled.
    good.retain(|id| book.get(id, NOW).is_some());
    assert_eq!((book.len(), good.len()), (200, 200));

    for index in 0..1_000 {
        let key = Keypair::generate_ed25519();
        let text = format!("/ip4/{}/tcp/4001", ip(index % 256));
        let sybil = HostRecord::sign(&key, Announcement { issued_at: NOW, ..announcement(&[&text]) }).unwrap();
        let _ = book.offer(sybil, Source::Dht, NOW.after(MINUTE));
        assert!(book.len() <= 200);
    }
    let lost = good.iter().filter(|id| book.get(id, NOW).is_none()).count();
    assert_eq!(lost, 32, "the share of one network, from those that were never connected");
    for id in [&allowed, &configured, &connected] {
        assert!(book.get(id, NOW).is_some());
    }
    assert_eq!(book.room.counts().1, 99, "all that were connected once are still there");
}

#[test]
fn connecting_and_leaving_with_new_ids_pushes_out_only_ones_own_network() {
    let mut book = sized(100);
    let good: Vec<_> = (1..60).map(|index| proven(&mut book, index, NOW)).collect();
    for index in 0..500 {
        let (id, now) = (PeerId::random(), NOW.after(MINUTE));
        book.connected(id, Some(ip(index % 256)), now).unwrap();
        book.disconnected(&id, now);
    }
    assert!(good.iter().all(|id| book.get(id, NOW).is_some()));
    assert_eq!(book.len(), 59 + 32);
}

#[test]
fn the_oldest_hearsay_goes_and_who_was_connected_stays() {
    let mut book = sized(3);
    let first = proven(&mut book, 1, NOW);
    let second = hint(&mut book, 2 * 256, NOW).unwrap();
    let third = hint(&mut book, 3 * 256, NOW.after(MINUTE)).unwrap();
    let fourth = hint(&mut book, 4 * 256, NOW.after(2 * MINUTE)).unwrap();
    assert!(book.get(&second, NOW).is_none() && book.get(&third, NOW).is_some());
    for index in [5, 6] {
        book.connected(PeerId::random(), Some(ip(index * 256)), NOW.after(2 * MINUTE)).unwrap();
    }
    assert!(book.get(&third, NOW).is_none() && book.get(&fourth, NOW).is_none());
    assert_eq!(hint(&mut book, 7 * 256, NOW), Err(BookError::Full));
    assert!(book.get(&first, NOW).is_some());
    book.connected(PeerId::random(), Some(ip(8 * 256)), NOW.after(2 * MINUTE)).unwrap();
    assert!(book.get(&first, NOW).is_none());
    assert_eq!(book.connected(PeerId::random(), Some(ip(9 * 256)), NOW), Err(BookError::Full));
    assert_eq!(book.len(), 3);
}

#[test]
fn strangers_of_one_network_make_a_crowd_and_do_not_push_out_each_other() {
    let mut book = book();
    let early: Vec<_> = (0..14).map(|_| PeerId::random()).collect();
    for id in &early {
        book.connected(*id, Some(ip(1)), NOW).unwrap();
    }
    let refused = book.connected(PeerId::random(), Some(ip(2)), NOW);
    assert_eq!(refused, Err(BookError::Crowded(Subnet::of(ip(1)))));
    assert_eq!(book.get(&early[0], NOW).unwrap().score, -20.0);
    assert_eq!(book.report(&early[0], Conduct::Timeout, NOW), Verdict::Keep);
    assert_eq!(book.connected(PeerId::random(), Some(ip(256)), NOW), Ok(()));
    let friend = PeerId::random();
    book.set_allowed([friend]);
    assert_eq!(book.connected(friend, Some(ip(3)), NOW), Ok(()));
    book.disconnected(&early[0], NOW);
    assert_eq!(book.connected(PeerId::random(), Some(ip(2)), NOW), Ok(()));
    for _ in 0..50 {
        assert_eq!(book.connected(PeerId::random(), Some([127, 0, 0, 1].into()), NOW), Ok(()));
    }
}

#[test]
fn bans_are_bounded_and_the_first_to_end_goes() {
    let (mut book, enemy) = (book(), PeerId::random());
    book.block(enemy, NOW.after(2 * MINUTE), NOW).unwrap();
    let ids: Vec<_> = (0..1_010_u32).map(|index| (index, PeerId::random())).collect();
    for (index, id) in &ids {
        book.connected(*id, Some(ip(index * 256)), NOW).unwrap();
        let _ = book.report(id, Conduct::Fatal, NOW.after(MINUTE * *index));
        book.disconnected(id, NOW);
    }
    assert_eq!(book.room.counts().2, MAX_BANS);
    let banned = |(_, id): &(u32, PeerId)| book.may_connect(id, NOW.after(MINUTE)).is_err();
    assert!(!ids[..10].iter().any(banned) && ids[10..].iter().all(banned));
    assert!(banned(&(0, enemy)), "the operator's order stands, whatever strangers do");
    for _ in 1..MAX_BANS {
        book.block(PeerId::random(), NOW.after(MINUTE), NOW).unwrap();
    }
    assert_eq!(book.block(PeerId::random(), NOW.after(MINUTE), NOW), Err(BookError::TooManyBans));
    book.block(enemy, NOW.after(60 * 24 * MINUTE), NOW).unwrap();
    assert_eq!(book.report(&enemy, Conduct::Fatal, NOW), Verdict::Ban(NOW.after(12 * 60 * MINUTE)));
    let late = NOW.after(60 * 23 * MINUTE);
    book.sweep(late);
    assert!(book.may_connect(&enemy, late).is_err(), "what it does then makes the order no shorter");
    let rows: Vec<_> = book.rows().collect();
    let mut again = sized(5_000);
    again.restore(rows, late);
    assert!(again.peers[&enemy].by_order && again.may_connect(&enemy, late).is_err());
    assert_eq!(again.block(PeerId::random(), late.after(MINUTE), late), Ok(()));
}
