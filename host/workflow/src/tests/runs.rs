//! How a workflow goes, one event at a time.

use super::{super::*, *};

fn with(mut spec: Value, field: &str, value: Value) -> Value {
    spec[field] = value;
    spec
}

#[test]
fn a_step_starts_when_its_own_dependencies_are_done_and_not_a_level() {
    let mut run = Run::new(spec(&[
        json!({ "id": "fast" }),
        json!({ "id": "slow" }),
        json!({ "id": "next", "depends_on": ["fast"], "arguments": { "n": { "$from": "fast", "path": "/n" } } }),
        json!({ "id": "both", "depends_on": ["fast", "slow"] }),
    ]));
    assert_eq!(run.starts(), ["fast", "slow"]);
    assert_eq!(run.starts(), [""; 0], "what was scheduled is not started again");
    run.claim("slow");
    run.complete("fast", json!({ "n": 3 }));
    let decisions = run.turn();
    let [Decision::Start(start)] = &decisions[..] else { panic!("{decisions:?}") };
    assert_eq!((start.step.as_str(), &start.arguments, start.attempt), ("next", &json!({ "n": 3 }), 1));
    assert_eq!(start.key, format!("{}:next:1", run.state.workflow()));
    assert_eq!(run.is("both"), StepState::Pending);
    run.complete("next", json!({}));
    run.complete("slow", json!({}));
    assert_eq!(run.starts(), ["both"]);
    assert_eq!((run.state.state(), run.state.progress()), (WorkflowState::Running, 0.75));
    run.complete("both", json!({}));
    assert_eq!(run.turn(), [Decision::Finish { outcome: Outcome::Completed }]);
    assert_eq!((run.state.state(), run.state.progress()), (WorkflowState::Completed, 1.0));
    assert!(run.state.is_finished() && run.turn().is_empty() && run.state.wake_at(run.now).is_none());
}

#[test]
fn no_more_steps_are_in_flight_than_allowed() {
    let steps: Vec<_> = (0..6).map(|n| json!({ "id": format!("s{n}") })).collect();
    let mut run = Run::new(with(spec(&steps), "max_concurrency", json!(2)));
    assert_eq!(run.starts(), ["s0", "s1"]);
    run.claim("s1");
    assert!(run.starts().is_empty());
    run.complete("s0", json!(1));
    assert_eq!(run.starts(), ["s2"]);
    assert_eq!(run.state.ready().collect::<Vec<_>>(), ["s3", "s4", "s5"]);
}

#[test]
fn a_retry_that_is_due_and_finds_no_place_does_not_wake_for_ever() {
    let retry = json!({ "policy": "linear", "base_delay_ms": 100 });
    let steps = [json!({ "id": "a", "retry": retry }), json!({ "id": "b" })];
    let mut run = Run::new(with(spec(&steps), "max_concurrency", json!(1)));
    run.turns();
    run.fail("a", false);
    let retry_at = run.state.step("a").unwrap().retry_at.unwrap();
    run.turns();
    run.now = retry_at;
    assert_eq!(run.turn(), [], "`b` has the only place");
    assert_eq!(run.state.wake_at(run.now), Some(run.state.deadline()));
}

#[test]
fn a_failure_skips_everything_downstream_and_nothing_else() {
    let mut run = Run::new(spec(&[
        json!({ "id": "bad" }),
        json!({ "id": "good" }),
        json!({ "id": "child", "depends_on": ["bad", "good"] }),
        json!({ "id": "grandchild", "depends_on": ["child"], "on_failure": "continue" }),
        json!({ "id": "beyond", "depends_on": ["grandchild"] }),
        json!({ "id": "beside", "depends_on": ["good"] }),
    ]));
    run.turns();
    run.fail("bad", true);
    let skips: Vec<_> = run
        .turn()
        .into_iter()
        .map(|decision| match decision {
            Decision::Skip { step, because } => (step, because),
            other => panic!("{other:?}"),
        })
        .collect();
    let pairs = [("child", "bad"), ("grandchild", "child"), ("beyond", "grandchild")];
    assert_eq!(skips, pairs.map(|(step, because)| (step.to_owned(), because.to_owned())));
    assert_eq!(run.state.step("child").unwrap().error.as_ref().unwrap().message, "step `bad` did not succeed");
    run.complete("good", json!(1));
    assert_eq!(run.starts(), ["beside"]);
    run.complete("beside", json!(1));
    assert_eq!(run.turn(), [Decision::Finish { outcome: Outcome::Failed }]);
    assert_eq!((run.is("beyond"), run.is("beside")), (StepState::Skipped, StepState::Succeeded));
}

#[test]
fn after_a_failure_that_may_be_dependents_run_with_null() {
    let mut run = Run::new(spec(&[
        json!({ "id": "may-fail", "on_failure": "continue" }),
        json!({ "id": "next", "depends_on": ["may-fail"],
                "arguments": { "x": { "$from": "may-fail", "path": "/deep/in" } } }),
    ]));
    run.turns();
    run.fail("may-fail", false);
    let decisions = run.turn();
    assert!(matches!(&decisions[..], [Decision::Start(start)] if start.arguments == json!({ "x": null })));
    run.complete("next", json!(1));
    assert_eq!(run.turn(), [Decision::Finish { outcome: Outcome::Completed }]);
}

#[test]
fn arguments_that_cannot_be_made_fail_the_step() {
    let mut run = Run::new(spec(&[
        json!({ "id": "a" }),
        json!({ "id": "b", "depends_on": ["a"], "arguments": { "x": { "$from": "a", "path": "/none" } } }),
        json!({ "id": "c", "depends_on": ["b"] }),
    ]));
    run.turns();
    run.complete("a", json!({}));
    run.turns();
    let error = run.state.step("b").unwrap().error.clone().unwrap();
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("invalid_argument", "the result of step `a` has nothing at `/none`")
    );
    assert_eq!(
        (run.is("b"), run.is("c"), run.state.state()),
        (StepState::Failed, StepState::Skipped, WorkflowState::Failed)
    );
}

#[test]
fn a_large_result_is_loaded_before_it_is_referred_to() {
    let mut run = Run::new(spec(&[
        json!({ "id": "a" }),
        json!({ "id": "b", "depends_on": ["a"], "arguments": { "x": { "$from": "a", "path": "/n" } } }),
    ]));
    run.turns();
    let result = json!({ "n": 5, "bulk": "x".repeat(MAX_INLINE_RESULT) });
    let content = ContentId::of(&result);
    run.complete("a", result.clone());
    assert_eq!(run.state.step("a").unwrap().output, Some(Output::Content(content)));
    assert_eq!(run.turn(), [Decision::Fetch { content, step: "b".into() }]);
    let result = Arc::new(result);
    let decisions = run.state.next(run.now, &|wanted| (*wanted == content).then(|| Arc::clone(&result)));
    assert!(matches!(&decisions[..], [Decision::Start(start)] if start.arguments == json!({ "x": 5 })));
}

#[test]
fn a_failed_attempt_waits_and_is_made_again_until_none_is_left() {
    let retry = json!({ "policy": "linear", "max_attempts": 3, "base_delay_ms": 60_000 });
    let mut run = Run::new(spec(&[json!({ "id": "a", "retry": retry })]));
    run.turns();
    for attempt in [1, 2] {
        run.fail("a", false);
        let retry_at = run.state.step("a").unwrap().retry_at.unwrap();
        assert!((run.now + 1..=run.now + 60_000 * attempt).contains(&retry_at), "the hash of this key is not 0");
        assert_eq!(run.state.wake_at(run.now), Some(retry_at));
        run.now = retry_at - 1;
        assert!(run.starts().is_empty());
        run.now = retry_at;
        let decisions = run.turn();
        let [Decision::Start(start)] = &decisions[..] else { panic!("{decisions:?}") };
        assert_eq!(u64::from(start.attempt), attempt + 1);
        assert!(start.key.ends_with(&format!(":a:{}", attempt + 1)));
    }
    run.fail("a", false);
    run.turns();
    assert_eq!((run.is("a"), run.state.step("a").unwrap().attempt), (StepState::Failed, 3));
    assert_eq!(run.state.state(), WorkflowState::Failed);
}

#[test]
fn a_final_failure_and_one_without_retry_are_not_tried_again() {
    let retry = json!({ "policy": "exponential", "max_attempts": 3 });
    let mut run = Run::new(spec(&[json!({ "id": "final", "retry": retry }), json!({ "id": "once" })]));
    run.turns();
    run.fail("final", true);
    run.fail("once", false);
    assert_eq!((run.is("final"), run.is("once")), (StepState::Failed, StepState::Failed));
}

#[test]
fn a_lost_lease_gives_the_step_back_even_without_retry() {
    let mut run = Run::new(spec(&[json!({ "id": "a" })]));
    for attempt in 1..=3 {
        assert_eq!(run.starts(), ["a"]);
        let fence = run.claim("a");
        run.write(Body::Expired { step: "a".into(), fence });
        assert_eq!(run.state.step("a").unwrap().attempt, attempt);
    }
    assert_eq!((run.is("a"), run.starts().len()), (StepState::Failed, 0));
    assert_eq!(run.state.step("a").unwrap().error.as_ref().unwrap().code, "lease_expired");
}

#[test]
fn only_the_holder_of_the_newest_fence_is_heard() {
    let mut run = Run::new(spec(&[json!({ "id": "a" }), json!({ "id": "b", "depends_on": ["a"] })]));
    let done = |fence| Body::Completed { step: "a".into(), fence, output: Output::of(json!(fence)) };
    let claimed = |step: &str, fence| Body::Claimed { step: step.into(), attempt: 1, peer: "p".into(), fence };
    assert_eq!(run.write(done(0)), Applied::Ignored, "nobody has claimed it");
    assert_eq!(run.write(claimed("b", 1)), Applied::Ignored, "its dependency is open");
    run.turns();
    let old = run.claim("a");
    // The queue gave the task on: a newer claim of the same attempt.
    let new = run.claim("a");
    assert_eq!(run.write(claimed("a", old)), Applied::Ignored);
    for stale in [
        done(old),
        Body::Started { step: "a".into(), fence: old },
        Body::Expired { step: "a".into(), fence: old },
        Body::Failed { step: "a".into(), fence: Some(old), error: StepError::new("x", "x"), r#final: true },
        Body::Failed { step: "a".into(), fence: None, error: StepError::new("x", "x"), r#final: true },
        Body::Skipped { step: "a".into(), because: "b".into() },
        Body::Completed { step: "nobody".into(), fence: new, output: Output::of(json!(1)) },
        Body::WorkflowFinished { outcome: Outcome::Completed },
    ] {
        assert_eq!(run.write(stale.clone()), Applied::Ignored, "{stale:?}");
        assert_eq!(run.is("a"), StepState::Running);
    }
    assert_eq!(run.write(done(new)), Applied::Changed);
    assert_eq!(run.write(done(new)), Applied::Ignored, "one completion is accepted");
    assert_eq!(run.write(claimed("a", new + 1)), Applied::Ignored, "and nobody runs it again");
    assert_eq!(run.state.step("a").unwrap().output, Some(Output::of(json!(new))));
}

#[test]
fn a_step_that_takes_too_long_is_timed_out_from_its_claim() {
    let retry = json!({ "policy": "linear", "base_delay_ms": 0 });
    let mut run = Run::new(spec(&[json!({ "id": "a", "timeout_s": 10, "retry": retry })]));
    run.turns();
    run.now += 60_000;
    assert!(run.turn().is_empty(), "waiting in the queue is not running");
    let fence = run.claim("a");
    let ends = run.now + 10_000;
    assert_eq!(run.state.wake_at(run.now), Some(ends));
    run.now = ends;
    assert_eq!(run.turn(), [Decision::TimeOut { step: "a".into(), attempt: 1, fence, seconds: 10 }]);
    assert_eq!(run.state.step("a").unwrap().error.as_ref().unwrap().code, "timeout");
    assert_eq!(run.starts(), ["a"], "the retry counts time-outs too");
}

#[test]
fn a_workflow_that_takes_too_long_fails_and_what_runs_is_interrupted() {
    let steps = [json!({ "id": "done" }), json!({ "id": "runs" }), json!({ "id": "waits", "depends_on": ["runs"] })];
    let mut run = Run::new(with(spec(&steps), "timeout_s", json!(30)));
    let decisions = run.turn();
    assert!(matches!(&decisions[0], Decision::Start(start) if start.timeout_s == 30));
    run.complete("done", json!(1));
    run.claim("runs");
    assert_eq!(run.state.wake_at(run.now), Some(T0 + 30_000));
    run.now = T0 + 30_000;
    assert_eq!(run.turn(), [Decision::Expire]);
    assert_eq!((run.state.state(), run.state.is_finished()), (WorkflowState::Failed, false));
    let interrupt = Decision::Interrupt { step: "runs".into(), attempt: 1 };
    assert_eq!(run.turn(), [interrupt, Decision::Finish { outcome: Outcome::Failed }]);
    assert_eq!((run.is("done"), run.is("waits")), (StepState::Succeeded, StepState::Cancelled));
    assert!(run.state.reason().unwrap().contains("timeout_s"));
}

#[test]
fn a_cancelled_workflow_interrupts_what_runs_and_hears_nothing_more() {
    let mut run = Run::new(spec(&[
        json!({ "id": "runs" }),
        json!({ "id": "queued" }),
        json!({ "id": "waits", "depends_on": ["runs"] }),
    ]));
    run.turns();
    let fence = run.claim("runs");
    assert_eq!(run.write(Body::Cancelled { reason: Some("enough".into()) }), Applied::Changed);
    assert_eq!((run.state.state(), run.state.reason()), (WorkflowState::Cancelled, Some("enough")));
    for step in ["runs", "queued", "waits"] {
        assert_eq!(run.is(step), StepState::Cancelled);
    }
    let late = Body::Completed { step: "runs".into(), fence, output: Output::of(json!(1)) };
    assert_eq!(run.write(late), Applied::Ignored);
    // A crash here: the interrupts are decided again, until the end is written.
    let again = State::fold(Arc::clone(run.state.plan()), &run.log).unwrap();
    assert_eq!(again.next(run.now, &|_| None), run.state.next(run.now, &|_| None));
    let interrupt = |step: &str| Decision::Interrupt { step: step.into(), attempt: 1 };
    let finish = Decision::Finish { outcome: Outcome::Cancelled };
    assert_eq!(run.turn(), [interrupt("queued"), interrupt("runs"), finish]);
    assert!(run.turn().is_empty());
}

#[test]
fn a_finished_workflow_is_not_cancelled() {
    let mut run = Run::new(spec(&[json!({ "id": "a" })]));
    run.turns();
    run.complete("a", json!(1));
    assert_eq!(run.write(Body::Cancelled { reason: None }), Applied::Ignored, "every step is done already");
    run.turns();
    assert_eq!(run.write(Body::Cancelled { reason: None }), Applied::Ignored);
    assert_eq!(run.state.state(), WorkflowState::Completed);
}

#[test]
fn a_coordinator_with_an_older_fence_is_not_one() {
    let mut run = Run::new(spec(&[json!({ "id": "a" })]));
    for (peer, fence) in [("p1", 1), ("p3", 3), ("p2", 2)] {
        run.write(Body::CoordinatorChanged { peer: peer.into(), fence });
    }
    assert_eq!(run.state.coordinator(), Some(("p3", 3)));
}

#[test]
fn a_log_is_folded_over_its_own_plan_only() {
    let run = Run::new(spec(&[json!({ "id": "a" })]));
    let other = Arc::new(plan_of(spec(&[json!({ "id": "b" })])).unwrap());
    assert!(matches!(State::fold(other, &run.log), Err(FoldError::OtherPlan { .. })));
}

#[test]
fn two_hosts_that_wrote_apart_agree_after_the_merge() {
    let mut run = Run::new(spec(&[json!({ "id": "a" }), json!({ "id": "b", "depends_on": ["a"] })]));
    run.turns();
    let (mut left, mut right) = (run.log.clone(), run.log.clone());
    let claim = |peer: &str, fence| Body::Claimed { step: "a".into(), attempt: 1, peer: peer.into(), fence };
    let done = |fence, result| Body::Completed { step: "a".into(), fence, output: Output::of(json!(result)) };
    for (log, peer, fence) in [(&mut left, "left", 1), (&mut right, "right", 2)] {
        log.append(claim(peer, fence), T0).unwrap();
        log.append(done(fence, peer), T0).unwrap();
    }
    let (mut one, mut two) = (left.clone(), right.clone());
    one.merge(&right).unwrap();
    two.merge(&left).unwrap();
    let fold = |log: &Log| State::fold(Arc::clone(run.state.plan()), log).unwrap();
    assert_eq!(fold(&one).step("a"), fold(&two).step("a"));
    assert_eq!(fold(&one).next(T0, &|_| None), fold(&two).next(T0, &|_| None));
    assert_eq!(fold(&one).step("a").unwrap().state, StepState::Succeeded);
}

#[test]
fn what_has_not_started_is_assigned_and_each_assignment_is_load() {
    let steps: Vec<_> = (0..8).map(|n| json!({ "id": format!("s{n}") })).collect();
    let mut run = Run::new(with(spec(&steps), "max_concurrency", json!(2)));
    run.turns();
    run.complete("s0", json!(1));
    let peer = |name: &str, capacity| Candidate { peer: name.into(), capacity, running: 0, local: name == "p1" };
    let peers = [peer("p1", 1), peer("p2", 2)];
    let assigned = |strategy, peers: &[Candidate]| {
        assign::<Vec<_>>(&run.state, strategy, peers, |step, peer| step.id != "s7" || peer.peer == "p1")
    };
    let by_load = assigned(Strategy::LeastLoaded, &peers).unwrap();
    assert_eq!(by_load.iter().map(|(step, _)| step.as_str()).collect::<Vec<_>>(), ["s2", "s3", "s4", "s5", "s6", "s7"]);
    assert_eq!(by_load.iter().filter(|(_, peer)| peer == "p2").count(), 3);
    assert!(by_load.contains(&("s7".into(), "p1".into())), "only p1 is able to run it: {by_load:?}");
    assert!(assigned(Strategy::Local, &peers).unwrap().iter().all(|(_, peer)| peer == "p1"));
    assert_eq!(assigned(Strategy::Rendezvous, &peers[1..]).unwrap_err().id, "s7");
}
