//! Logs verify, and merging them is a union.

use proptest::{prelude::*, sample::Index, strategy::Strategy};

use super::{super::*, *};

fn begin() -> Log {
    Log::begin(Uuid::from_u128(1), ContentId::of_bytes(b"plan"), T0)
}

fn body(n: u32) -> Body {
    Body::Scheduled { step: format!("s{n}"), attempt: n + 1 }
}

/// Several hosts write apart from each other and read from each other now and then.
fn histories() -> impl Strategy<Value = Vec<Log>> {
    let action = (0..4_usize, any::<Option<u8>>(), any::<u16>());
    prop::collection::vec(action, 0..40).prop_map(|actions| {
        let mut logs = vec![begin(); 4];
        for (n, (host, from, at)) in (0..).zip(actions) {
            match from {
                Some(from) => {
                    let other = logs[usize::from(from) % 4].clone();
                    logs[host].merge(&other).unwrap();
                }
                None => drop(logs[host].append(body(n), T0 + u64::from(at)).unwrap()),
            }
        }
        logs
    })
}

fn merged(logs: &[&Log]) -> Log {
    let mut all = logs[0].clone();
    for log in &logs[1..] {
        all.merge(log).unwrap();
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn merging_is_commutative_associative_and_idempotent(logs in histories()) {
        let [a, b, c, _] = &logs[..] else { unreachable!() };
        prop_assert_eq!(merged(&[a, b]), merged(&[b, a]));
        prop_assert_eq!(merged(&[&merged(&[a, b]), c]), merged(&[a, &merged(&[b, c])]));
        prop_assert_eq!(&merged(&[a, a]), a);
        let all = merged(&[a, b, c]);
        prop_assert_eq!(merged(&[&all, b]).clock(), all.clock());
    }

    #[test]
    fn what_a_frontier_lacks_brings_it_up_to_date(logs in histories()) {
        let [a, b, ..] = &logs[..] else { unreachable!() };
        let mut caught_up = a.clone();
        let missing: Vec<_> = b.since(&a.clock()).into_iter().cloned().collect();
        caught_up.absorb(missing).unwrap();
        prop_assert_eq!(&caught_up, &merged(&[a, b]));
        prop_assert!(caught_up.since(&caught_up.clock()).is_empty());
    }

    #[test]
    fn a_log_reads_back_from_its_text_in_any_order(logs in histories(), order in any::<u64>()) {
        let all = merged(&logs.iter().collect::<Vec<_>>());
        let mut lines: Vec<_> = all.events().map(|event| serde_json::to_string(event).unwrap()).collect();
        lines.sort_by_key(|line| ContentId::of_bytes(format!("{order}{line}").as_bytes()));
        lines.extend(lines.first().cloned());
        let events = lines.iter().map(|line| serde_json::from_str::<Event>(line).unwrap());
        prop_assert_eq!(Log::from_events(events).unwrap(), all);
    }

    #[test]
    fn parents_come_before_children_and_heads_have_none(logs in histories()) {
        let all = merged(&logs.iter().collect::<Vec<_>>());
        let order: Vec<_> = all.events().collect();
        for (place, event) in order.iter().enumerate() {
            for parent in &event.parents {
                prop_assert!(order[..place].iter().any(|before| before.cid == *parent));
                prop_assert!(!all.clock().contains(parent));
            }
        }
    }

    #[test]
    fn a_lost_or_changed_event_is_found(logs in histories(), which in any::<Index>()) {
        let all = merged(&logs.iter().collect::<Vec<_>>());
        let events: Vec<_> = all.events().cloned().collect();
        let place = which.index(events.len());
        let mut changed = events.clone();
        changed[place].at += 1;
        prop_assert_eq!(Log::from_events(changed), Err(LogError::Forged { cid: events[place].cid }));
        let is_head = all.clock().contains(&events[place].cid);
        let mut lost = events;
        lost.remove(place);
        prop_assert_eq!(Log::from_events(lost).is_err(), !is_head || place == 0);
    }
}

#[test]
fn what_is_no_event_of_the_log_is_refused_and_changes_nothing() {
    let mut log = begin();
    log.append(body(1), T0).unwrap();
    let before = log.clone();
    let (head, root) = (log.clock()[0], log.events().next().unwrap().clone());
    let event = |parents: Vec<ContentId>, seq| Event::new(parents, seq, T0, body(2));
    let other = Log::begin(Uuid::from_u128(2), ContentId::of_bytes(b"plan"), T0).events().next().unwrap().clone();
    let unknown = ContentId::of_bytes(b"unknown");
    let second = Event::new(vec![head], 3, T0, Body::Submitted { workflow: log.workflow(), plan: log.plan() });
    let fat = Event::new(vec![head], 3, T0, Body::Cancelled { reason: Some("x".repeat(MAX_EVENT_BYTES)) });
    let mut both = [head, root.cid];
    both.sort();
    for (bad, error) in [
        (event(vec![head], 2), "malformed"),
        (event(vec![head], 4), "malformed"),
        (event(vec![head, head], 3), "malformed"),
        (event(vec![both[1], both[0]], 3), "malformed"),
        (event(vec![unknown], 3), "has the parent"),
        (event(vec![], 1), "a second time"),
        (other.clone(), "a second time"),
        (second, "a second time"),
        (fat, "bytes; at most"),
        (Event { at: T0 + 1, ..event(vec![head], 3) }, "another hash"),
    ] {
        let good = event(both.to_vec(), 3);
        let refused = log.absorb([good, bad]).unwrap_err();
        assert!(refused.to_string().contains(error), "{refused}");
        assert_eq!(log, before);
    }
    assert_eq!(log.absorb([event(both.to_vec(), 3)]), Ok(1));
    assert!(matches!(log.merge(&Log::from_events([other]).unwrap()), Err(LogError::OtherWorkflow { .. })));
    assert_eq!(Log::from_events([]), Err(LogError::NoBeginning));
    assert_eq!(Log::from_events([Event::new(vec![], 1, T0, body(1))]), Err(LogError::NoBeginning));
    let submitted = Body::Submitted { workflow: log.workflow(), plan: log.plan() };
    assert!(matches!(Log::from_events([Event::new(vec![], 9, T0, submitted)]), Err(LogError::Form { .. })));
}

#[test]
fn numbers_of_a_result_survive_the_text() {
    let mut log = begin();
    let result = json!([0.1, -0.0, 1.5e300, 5e-324, 1.0, u64::MAX, i64::MIN, 9_007_199_254_740_993_u64, "ü\u{2028}"]);
    log.append(Body::Completed { step: "a".into(), fence: u64::MAX, output: Output::of(result) }, T0).unwrap();
    let text = serde_json::to_string(&log.events().collect::<Vec<_>>()).unwrap();
    assert_eq!(Log::from_events(serde_json::from_str::<Vec<Event>>(&text).unwrap()), Ok(log));
}

#[test]
fn the_branches_of_a_log_are_bounded() {
    let mut log = begin();
    let root = log.clock()[0];
    let branch = |n: u32| Event::new(vec![root], 2, T0, body(n));
    assert_eq!(log.absorb((0..32).map(branch)), Ok(32));
    assert_eq!(log.absorb([branch(32)]), Err(LogError::TooManyHeads));
    // The next event joins them.
    log.append(body(99), T0).unwrap();
    assert_eq!(log.clock().len(), 1);
}

#[test]
fn a_clock_that_was_set_back_does_not_go_back_in_the_log() {
    let mut log = begin();
    assert_eq!(log.append(body(1), T0 - 5_000).unwrap().at, T0);
}

#[test]
fn ids_of_events_do_not_change_with_a_release() {
    let log = begin();
    let text = serde_json::to_string(log.events().next().unwrap()).unwrap();
    assert_eq!(
        text,
        concat!(
            r#"{"cid":"bafkreiedu6erjblwndgagaummjwtqwftoex3m7znsnmubfnafxlrmkhitu","#,
            r#""parents":[],"seq":1,"at":1767225600000,"body":{"type":"submitted","#,
            r#""workflow":"00000000-0000-0000-0000-000000000001","#,
            r#""plan":"bafkreideq6px224wbiazbf3c3ei2glkfqlbaaegfmqposatywzckty5veu"}}"#
        )
    );
}
