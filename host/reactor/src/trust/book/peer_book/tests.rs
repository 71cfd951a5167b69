use std::net::Ipv4Addr;

use libp2p_identity::Keypair;

use super::*;
use crate::{
    discovery::{
        record::{Announcement, RecordError},
        testing::{MINUTE, NOW, announcement, key, record, record_at},
    },
    trust::{
        addresses::Reach,
        book::{CursorError, PeerQuery, PeerRow, PeerState, Sort},
        score::{Conduct, Verdict},
    },
};

mod bounds;
mod room;

fn book() -> PeerBook {
    sized(5_000)
}

fn sized(peers: usize) -> PeerBook {
    let policy = AddressPolicy::new(PeerId::random(), Reach::default());
    PeerBook::new(policy, BookLimits { peers, ..BookLimits::default() })
}

/// The `index`th address outside of all special ranges; 256 are in one /24.
fn ip(index: u32) -> IpAddr {
    Ipv4Addr::from(0x0808_0000 + index).into()
}

fn address(index: u32) -> Multiaddr {
    format!("/ip4/{}/tcp/4001", ip(index)).parse().unwrap()
}

fn hint(book: &mut PeerBook, index: u32, now: UnixMillis) -> Result<PeerId, BookError> {
    let id = PeerId::random();
    book.hint(id, [address(index)], Source::Dht, now).map(|_| id)
}

/// A peer that was connected and went away, from its own /24.
fn proven(book: &mut PeerBook, index: u32, now: UnixMillis) -> PeerId {
    let id = hint(book, index * 256, now).unwrap();
    book.connected(id, Some(ip(index * 256)), now).unwrap();
    book.disconnected(&id, now);
    id
}

fn state(book: &PeerBook, id: &PeerId, now: UnixMillis) -> PeerState {
    book.get(id, now).unwrap().state
}

#[test]
fn a_record_makes_a_peer_known_and_only_a_newer_one_replaces_it() {
    let (mut book, (key, id)) = (book(), key());
    book.offer(record_at(&key, 7, NOW), Source::Rendezvous, NOW).unwrap();
    let view = book.get(&id, NOW).unwrap();
    assert_eq!(
        (view.state, view.source, view.capacity, view.free),
        (PeerState::Known, Source::Rendezvous, Some(4), Some(3))
    );
    assert_eq!(view.tools, ["a_tool", "b_tool"]);
    assert_eq!((view.rtt, view.first_seen, view.last_seen, view.score), (None, NOW, NOW, 0.0));
    for sequence in [7, 6] {
        let refused = book.offer(record_at(&key, sequence, NOW), Source::Github, NOW);
        assert_eq!(refused, Err(BookError::Record(RecordError::NotNewer { sequence, known: 7 })));
    }
    book.offer(record_at(&key, 8, NOW), Source::File, NOW.after(MINUTE)).unwrap();
    let view = book.get(&id, NOW).unwrap();
    assert_eq!((view.source, view.first_seen, view.last_seen), (Source::File, NOW, NOW.after(MINUTE)));

    // An expired record says nothing any more, but its sequence still counts.
    book.connected(id, Some(ip(1)), NOW).unwrap();
    let later = NOW.after(31 * MINUTE);
    book.sweep(later);
    let view = book.get(&id, later).unwrap();
    assert_eq!((view.tools.len(), view.capacity, view.addresses.len()), (0, None, 0));
    let refused = book.offer(record_at(&key, 8, later), Source::Github, later);
    assert_eq!(refused, Err(BookError::Record(RecordError::NotNewer { sequence: 8, known: 8 })));
}

#[test]
fn bad_records_do_not_enter() {
    let (mut book, (key, id)) = (book(), key());
    let mut refused = |record, source, now| match book.offer(record, source, now) {
        Err(BookError::Record(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(record_at(&key, 7, NOW), Source::Dht, NOW.after(30 * MINUTE)), RecordError::Expired);
    assert_eq!(refused(record_at(&key, 7, NOW.after(6 * MINUTE)), Source::Dht, NOW), RecordError::FutureDated);
    let loopback = || record(&key, &["/ip4/127.0.0.1/tcp/4001"]);
    assert!(matches!(refused(loopback(), Source::Exchange, NOW), RecordError::Address { .. }));
    let own = record(&key, &[]);
    let mut mine = PeerBook::new(AddressPolicy::new(id, Reach::default()), BookLimits::default());
    assert!(matches!(mine.offer(own, Source::File, NOW), Err(BookError::Record(RecordError::Address { .. }))));
    // A directory is shared with other machines: their loopback is theirs, but they may be of the private network.
    assert!(matches!(refused(loopback(), Source::File, NOW), RecordError::Address { .. }));
    assert!(book.is_empty() && mine.is_empty());
    let both = record(&key, &["/ip4/127.0.0.1/tcp/4001", "/ip4/10.0.0.7/tcp/4001"]);
    book.offer(both, Source::File, NOW).unwrap();
    let kept: Vec<_> = ["/ip4/10.0.0.7/tcp/4001".parse().unwrap()].into();
    assert_eq!(book.get(&id, NOW).unwrap().addresses, kept);
    let mut again = self::book();
    again.restore(book.rows().collect::<Vec<_>>(), NOW);
    assert_eq!(again.get(&id, NOW).unwrap().addresses, kept, "after a restart too");
}

#[test]
fn hints_are_bounded_and_do_not_replace_what_is_signed_or_written_by_the_operator() {
    let (mut book, (key, id)) = (book(), key());
    book.policy_mut().set_own_addresses([&address(9)]);
    let own = book.policy_mut().own();
    assert_eq!(book.hint(own, [address(1)], Source::Mdns, NOW), Err(BookError::Addresses(AddressError::Own)));
    assert_eq!(book.hint(id, [address(9)], Source::Dht, NOW), Err(BookError::Addresses(AddressError::Own)));
    let private: Multiaddr = "/ip4/192.168.0.9/tcp/1".parse().unwrap();
    let refused = book.hint(id, [private.clone(), address(1)], Source::Dht, NOW).unwrap();
    assert_eq!(refused, [(private.clone(), AddressError::Private)]);
    assert_eq!(book.hint(id, [private.clone()], Source::Mdns, NOW), Ok(vec![]));
    book.hint(id, [address(2)], Source::Config, NOW).unwrap();
    book.offer(record(&key, &["/ip4/9.9.9.9/tcp/4001"]), Source::Dht, NOW).unwrap();
    for index in 10..100 {
        book.hint(id, [address(index)], Source::Dht, NOW).unwrap();
    }
    let addresses = book.get(&id, NOW).unwrap().addresses;
    assert_eq!(addresses.len(), 8);
    assert_eq!(addresses[..2], ["/ip4/9.9.9.9/tcp/4001".parse().unwrap(), address(2)]);
    assert!(addresses.contains(&private) && !addresses.contains(&address(1)));
}

#[test]
fn faults_lead_out_and_time_forgives() {
    let (mut book, id) = (book(), PeerId::random());
    book.connected(id, Some(ip(1)), NOW).unwrap();
    assert_eq!(book.report(&id, Conduct::Violation, NOW), Verdict::Keep);
    let until = NOW.after(10 * MINUTE);
    assert_eq!(book.report(&id, Conduct::Timeout, NOW), Verdict::Disconnect(until));
    book.disconnected(&id, NOW);
    assert_eq!(state(&book, &id, NOW), PeerState::Banned);
    assert_eq!(book.connected(id, Some(ip(1)), NOW.after(9 * MINUTE)), Err(BookError::KeptOut(MINUTE)));
    assert_eq!(book.hint(id, [address(2)], Source::Dht, NOW), Err(BookError::KeptOut(10 * MINUTE)));
    assert!(book.dialable(10, NOW).is_empty());

    book.connected(id, Some(ip(1)), until).unwrap();
    assert_eq!(book.get(&id, until).unwrap().score, -11.0);
    assert_eq!(book.report(&id, Conduct::Violation, until), Verdict::Disconnect(until.after(10 * MINUTE)));
    let ban = until.after(12 * 60 * MINUTE);
    assert_eq!(book.report(&id, Conduct::Violation, until), Verdict::Ban(ban));
    book.disconnected(&id, until);
    assert_eq!(book.sweep(until.after(60 * MINUTE)), [], "a ban is remembered");
    assert!(book.may_connect(&id, UnixMillis(ban.0 - 1)).is_err());
    assert_eq!(book.may_connect(&id, ban), Ok(()));
    assert_eq!(book.sweep(ban), [id]);
}

#[test]
fn one_crime_is_a_ban_and_the_operator_can_forgive() {
    let (mut book, id) = (book(), PeerId::random());
    book.connected(id, None, NOW).unwrap();
    for _ in 0..500 {
        assert_eq!(book.report(&id, Conduct::Completion, NOW), Verdict::Keep);
    }
    assert_eq!(book.report(&id, Conduct::Fatal, NOW), Verdict::Ban(NOW.after(12 * 60 * MINUTE)));
    assert!(book.forgive(&id));
    assert_eq!(state(&book, &id, NOW), PeerState::Connected);
    assert!(!book.forgive(&PeerId::random()));
    let stranger = PeerId::random();
    assert_eq!(book.report(&stranger, Conduct::Timeout, NOW), Verdict::Disconnect(NOW.after(10 * MINUTE)));
    assert!(book.get(&stranger, NOW).is_none());
}

#[test]
fn who_is_allowed_is_blocked_but_not_banned() {
    let (mut book, id) = (book(), PeerId::random());
    book.set_allowed([id]);
    book.connected(id, Some(ip(1)), NOW).unwrap();
    for _ in 0..20 {
        let _ = book.report(&id, Conduct::LostLease, NOW);
    }
    assert_eq!(book.report(&id, Conduct::LostLease, NOW), Verdict::Disconnect(NOW.after(10 * MINUTE)));
    assert_eq!(book.may_connect(&id, NOW.after(10 * MINUTE)), Ok(()));
    book.set_allowed([]);
    assert!(matches!(book.report(&id, Conduct::LostLease, NOW), Verdict::Ban(_)));
}

#[test]
fn dials_back_off_and_begin_with_the_operators_peers() {
    let mut book = book();
    let stranger = hint(&mut book, 1, NOW).unwrap();
    let (friend, named) = (hint(&mut book, 2, NOW).unwrap(), PeerId::random());
    book.hint(named, [address(3)], Source::Env, NOW).unwrap();
    book.set_allowed([friend]);
    let dials = |book: &PeerBook, now| book.dialable(10, now).into_iter().map(|dial| dial.peer).collect::<Vec<_>>();
    let order = dials(&book, NOW);
    assert_eq!((order.len(), order[2]), (3, stranger));
    assert_eq!(book.dialable(1, NOW).len(), 1);
    book.dial_started(&stranger, NOW);
    assert_eq!(dials(&book, NOW).len(), 2);
    let mut now = NOW;
    for fails in 1..20_u32 {
        let next = book.dial_failed(&stranger, now).unwrap();
        let pause = next.since(now).as_secs_f64();
        let full = f64::from(1 << fails.min(12)).min(600.0);
        assert!((full / 2.0..=full).contains(&pause), "{fails}: {pause}");
        assert!(!dials(&book, UnixMillis(next.0 - 1)).contains(&stranger) && dials(&book, next).contains(&stranger));
        now = next;
    }
    book.connected(stranger, Some(ip(1)), now).unwrap();
    assert!(!dials(&book, now).contains(&stranger));
    book.disconnected(&stranger, now);
    assert!(dials(&book, now).contains(&stranger));
    assert_eq!(book.dial_failed(&PeerId::random(), NOW), None);
}

#[test]
fn time_removes_who_is_not_heard_of() {
    let mut book = book();
    let (key, signed) = key();
    book.offer(record(&key, &[]), Source::File, NOW).unwrap();
    let old = hint(&mut book, 1, NOW).unwrap();
    let seen = hint(&mut book, 2, NOW).unwrap();
    book.seen(&seen, Some(Duration::from_millis(8)), NOW.after(10 * MINUTE));
    let (named, connected) = (PeerId::random(), PeerId::random());
    book.hint(named, [address(3)], Source::Config, NOW).unwrap();
    book.connected(connected, Some(ip(4)), NOW).unwrap();
    assert_eq!(book.sweep(NOW.after(29 * MINUTE)), []);
    let (dry, mut expected) = (book.cleanup(None, true, NOW.after(30 * MINUTE)), vec![signed, old]);
    expected.sort_unstable();
    assert_eq!(dry, Cleanup { removed: expected.clone(), kept: 3 });
    assert_eq!(book.len(), 5);
    assert_eq!(book.sweep(NOW.after(30 * MINUTE)), expected);
    let young = book.cleanup(Some(MINUTE), false, NOW.after(11 * MINUTE));
    assert_eq!(young, Cleanup { removed: vec![seen], kept: 2 });
}

#[test]
fn pages_neither_repeat_nor_miss() {
    let mut book = book();
    let ids: Vec<_> = (0..25_u32).map(|index| proven(&mut book, index, NOW.after(MINUTE * (index % 3)))).collect();
    for (index, id) in ids.iter().enumerate() {
        for _ in 0..index % 5 {
            let conduct = if index % 2 == 0 { Conduct::Timeout } else { Conduct::Completion };
            let _ = book.report(id, conduct, NOW);
        }
        let rtt = (index % 4 != 0).then(|| Duration::from_millis(u64::try_from(index % 7).unwrap()));
        book.seen(id, rtt, NOW);
    }
    for sort in [Sort::LastSeen, Sort::Rtt, Sort::Score] {
        let (mut query, mut found, mut now) = (PeerQuery { sort, limit: 4, ..PeerQuery::default() }, Vec::new(), NOW);
        loop {
            let page = book.list(&query, now).unwrap();
            assert_eq!(page.total, 25);
            found.extend(page.peers);
            // Scores fade between pages.
            now = now.after(MINUTE);
            query.cursor = page.next_cursor;
            if query.cursor.is_none() {
                break;
            }
        }
        let mut listed: Vec<_> = found.iter().map(|view| view.peer).collect();
        listed.sort_unstable();
        listed.dedup();
        assert_eq!((found.len(), listed.len()), (25, 25), "{sort:?}");
        let right = found.windows(2).all(|pair| match sort {
            Sort::LastSeen => pair[0].last_seen >= pair[1].last_seen,
            Sort::Rtt => pair[1].rtt.is_none() || pair[0].rtt.is_some_and(|rtt| rtt <= pair[1].rtt.unwrap()),
            // Of one time only: later pages show what is left.
            Sort::Score => pair[0].score.signum() >= pair[1].score.signum() || pair[1].score == 0.0,
        });
        assert!(right, "{sort:?}");
        let other = if sort == Sort::Rtt { Sort::Score } else { Sort::Rtt };
        let first = book.list(&PeerQuery { sort, limit: 4, ..PeerQuery::default() }, NOW).unwrap();
        let wrong = PeerQuery { sort: other, cursor: first.next_cursor, ..PeerQuery::default() };
        assert_eq!(book.list(&wrong, NOW), Err(CursorError));
    }
    for cursor in ["", "x", "l.1", "l.1.2.nobody", "s.zz.0.Qm", "\u{1F600}.1.1.1"] {
        let wrong = PeerQuery { cursor: Some(cursor.into()), ..PeerQuery::default() };
        assert_eq!(book.list(&wrong, NOW), Err(CursorError), "{cursor}");
    }
}

#[test]
fn listings_can_be_narrowed() {
    let (mut book, (key, id)) = (book(), key());
    book.offer(record(&key, &[]), Source::File, NOW).unwrap();
    let connected = PeerId::random();
    book.connected(connected, Some(ip(1)), NOW).unwrap();
    let banned = proven(&mut book, 2, NOW);
    let _ = book.report(&banned, Conduct::Fatal, NOW);
    let listed = |query: PeerQuery| {
        book.list(&PeerQuery { limit: 10, ..query }, NOW)
            .unwrap()
            .peers
            .iter()
            .map(|view| view.peer)
            .collect::<Vec<_>>()
    };
    let state = |state| listed(PeerQuery { state: Some(state), ..PeerQuery::default() });
    assert_eq!(state(PeerState::Known), [id]);
    assert_eq!(state(PeerState::Connected), [connected]);
    assert_eq!(state(PeerState::Banned), [banned]);
    assert_eq!(listed(PeerQuery { tool: Some("a_tool".into()), ..PeerQuery::default() }), [id]);
    assert_eq!(listed(PeerQuery { sources: vec![Source::File, Source::Env], ..PeerQuery::default() }), [id]);
}

#[test]
fn rows_come_back_as_they_were() {
    let (mut old, (key, id)) = (book(), key());
    old.offer(record_at(&key, 9, NOW), Source::File, NOW).unwrap();
    old.hint(id, [address(7)], Source::Config, NOW).unwrap();
    old.connected(id, Some(ip(1)), NOW).unwrap();
    old.seen(&id, Some(Duration::from_millis(3)), NOW);
    let _ = old.report(&id, Conduct::LostLease, NOW);
    old.disconnected(&id, NOW);
    let banned = proven(&mut old, 2, NOW);
    let _ = old.report(&banned, Conduct::Fatal, NOW);
    let stored = serde_json::to_string(&old.rows().collect::<Vec<_>>()).unwrap();
    let rows: Vec<PeerRow> = serde_json::from_str(&stored).unwrap();

    let mut new = book();
    assert_eq!(new.restore(rows.clone(), NOW), 2);
    assert_eq!((new.get(&id, NOW), new.get(&banned, NOW)), (old.get(&id, NOW), old.get(&banned, NOW)));
    assert!(matches!(new.offer(record_at(&key, 9, NOW), Source::Dht, NOW), Err(BookError::Record(_))));
    assert_eq!(new.restore(rows.clone(), NOW), 0);
    assert_eq!(new.room.counts(), old.room.counts());

    // After the record's time, and with rows that were changed by hand.
    let later = NOW.after(60 * MINUTE);
    let mut wrong = rows;
    wrong[0].peer_id = "nobody".into();
    wrong[1].score = f64::NAN;
    wrong[1].hints.push((Source::Dht, "no address".into()));
    wrong[1].record = Some("{}".into());
    let mut new = book();
    assert_eq!(new.restore(wrong.clone(), later), 1);
    assert_eq!(new.get(&wrong[1].peer_id.parse().unwrap(), later).unwrap().score, 0.0);
    assert_eq!(sized(1).restore(old.rows(), NOW), 1);
}
