//! Random workflows with random outcomes, run by a host that may be killed at any event.

use std::collections::{HashMap, HashSet};

use proptest::{prelude::*, strategy::Strategy};

use super::{super::*, *};

/// What one attempt of a step comes to.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Succeeds,
    Fails,
    FailsForGood,
    LosesItsLease,
    Hangs,
}

#[derive(Clone, Debug)]
struct Case {
    spec: Value,
    fates: Vec<Fate>,
    /// Where the host is killed, counted in events.
    kills: HashSet<usize>,
    /// Which of the steps in flight ends next.
    picks: Vec<u16>,
}

fn cases() -> impl Strategy<Value = Case> {
    let step = (any::<u64>(), any::<bool>(), 0..3_u8, 1..4_u32, any::<bool>());
    let steps = prop::collection::vec(step, 1..16);
    // Ids in an order of their own, so that neither the list nor the names are a topological order by chance.
    let steps = steps.prop_flat_map(|steps| {
        let names: Vec<usize> = (0..steps.len()).collect();
        (Just(steps), Just(names).prop_shuffle())
    });
    let fate = prop_oneof![
        6 => Just(Fate::Succeeds),
        2 => Just(Fate::Fails),
        1 => Just(Fate::FailsForGood),
        2 => Just(Fate::LosesItsLease),
        1 => Just(Fate::Hangs),
    ];
    let fates = prop::collection::vec(fate, 1..40);
    let kills = prop::collection::hash_set(0..120_usize, 0..12);
    (steps, fates, kills, prop::collection::vec(any::<u16>(), 1..40), 1..5_usize).prop_map(
        |((steps, names), fates, kills, picks, max_concurrency)| {
            let id = |n: usize| format!("s{:02}", names[n]);
            let step = |(n, (needs, goes_on, policy, max_attempts, refers)): (usize, &(u64, bool, u8, u32, bool))| {
                // Three of eight earlier steps on average would make one chain of everything.
                let needs: Vec<_> = (0..n).filter(|from| needs >> (from * 3) & 7 == 0).map(id).collect();
                let arguments = match needs.first() {
                    Some(from) if *refers => json!({ "x": { "$from": from, "path": "/of" } }),
                    _ => json!({}),
                };
                let policy = ["none", "linear", "exponential"][usize::from(policy % 3)];
                json!({
                    "id": id(n), "tool": "echo", "depends_on": needs, "arguments": arguments, "timeout_s": 60,
                    "retry": { "policy": policy, "max_attempts": max_attempts, "base_delay_ms": 100 },
                    "on_failure": if *goes_on { "continue" } else { "fail" },
                })
            };
            let mut list: Vec<_> = steps.iter().enumerate().map(step).collect();
            list.sort_by_key(|step| step["id"].to_string());
            let spec = json!({ "name": "random", "steps": list, "max_concurrency": max_concurrency });
            Case { spec, fates, kills, picks }
        },
    )
}

/// A queue that survives the host, and the host that asks and writes.
struct Simulation {
    case: Case,
    run: Run,
    /// Tasks by key, as the store has them: step and attempt.
    queue: HashMap<String, (String, u32)>,
    /// Claims that have not ended: step, fence, fate.
    held: Vec<(String, u64, Fate)>,
    succeeded: HashSet<String>,
    calls: usize,
}

impl Simulation {
    fn new(case: Case) -> Self {
        let run = Run::new(case.spec.clone());
        Self { case, run, queue: HashMap::new(), held: Vec::new(), succeeded: HashSet::new(), calls: 0 }
    }

    /// Writes an event, unless the host is killed just before; then the state is folded anew from the log's text.
    fn write(&mut self, body: Body) -> bool {
        if self.case.kills.remove(&self.run.log.len()) {
            let lines: Vec<_> = self.run.log.events().map(|event| serde_json::to_string(event).unwrap()).collect();
            let events = lines.iter().map(|line| serde_json::from_str::<Event>(line).unwrap());
            self.run.log = Log::from_events(events).expect("a log");
            let folded = State::fold(Arc::clone(self.run.state.plan()), &self.run.log).expect("a state");
            let now = self.run.now;
            assert_eq!(
                folded.next(now, &|_| None),
                self.run.state.next(now, &|_| None),
                "the same log decides the same"
            );
            assert!(folded.steps().eq(self.run.state.steps()));
            self.run.state = folded;
            return false;
        }
        assert_eq!(self.run.write(body.clone()), Applied::Changed, "{body:?}");
        true
    }

    fn carry_out(&mut self, decision: &Decision) -> bool {
        match decision {
            Decision::Start(start) => {
                let step = self.run.state.plan().step(&start.step).expect("a step").clone();
                assert!(!self.succeeded.contains(&start.step), "`{}` runs again", start.step);
                for need in &step.depends_on {
                    let record = self.run.state.step(need).expect("a step");
                    let may_fail = self.run.state.plan().step(need).expect("a step").on_failure == OnFailure::Continue;
                    let settled = record.state == StepState::Succeeded || record.state == StepState::Failed && may_fail;
                    assert!(settled, "`{}` starts before `{need}`", start.step);
                }
                // The queue keeps one task for a key; a kill before the event is written submits it again.
                let task = (start.step.clone(), start.attempt);
                assert_eq!(self.queue.entry(start.key.clone()).or_insert_with(|| task.clone()), &task);
            }
            Decision::Fetch { .. } => panic!("every result is inline"),
            _ => {}
        }
        decision.body().is_none_or(|body| self.write(body))
    }

    /// A worker claims what is in the queue and scheduled, or one that holds a step comes to an end.
    fn work(&mut self) -> bool {
        let state = &self.run.state;
        let waiting = state.steps().find(|(_, record)| record.state == StepState::Ready && record.in_flight);
        if let Some((step, record)) = waiting.map(|(step, record)| (step.to_owned(), record.clone())) {
            assert!(self.queue.values().any(|task| *task == (step.clone(), record.attempt)));
            self.run.fence += 1;
            let fence = self.run.fence;
            if self.write(Body::Claimed { step: step.clone(), attempt: record.attempt, peer: "p".into(), fence }) {
                let fate = self.case.fates[self.calls % self.case.fates.len()];
                self.calls += 1;
                self.held.push((step, fence, fate));
            }
            return true;
        }
        let ends = self.held.iter().filter(|held| !matches!(held.2, Fate::Hangs)).count();
        if ends == 0 {
            return false;
        }
        let pick = usize::from(self.case.picks[self.calls % self.case.picks.len()]) % ends;
        let ending = self.held.iter().filter(|held| !matches!(held.2, Fate::Hangs)).nth(pick).cloned();
        let (step, fence, fate) = ending.expect("one that ends");
        let error = StepError::new("tool", "as it was meant to");
        let failed = |is_final| Body::Failed { step: step.clone(), fence: Some(fence), error, r#final: is_final };
        let body = match fate {
            Fate::Succeeds => Body::Completed { step: step.clone(), fence, output: Output::of(json!({ "of": step })) },
            Fate::Fails => failed(false),
            Fate::FailsForGood => failed(true),
            Fate::LosesItsLease | Fate::Hangs => Body::Expired { step: step.clone(), fence },
        };
        self.run.now += 10;
        // When the host was killed, the store still has the outcome, and it is written after the restart.
        if self.write(body) {
            self.held.retain(|held| held.1 != fence);
            if matches!(fate, Fate::Succeeds) {
                self.succeeded.insert(step);
            }
        }
        true
    }

    fn run(&mut self) {
        for _ in 0..2_000 {
            if self.run.state.is_finished() {
                return;
            }
            let now = self.run.now;
            let decisions = self.run.state.next(now, &|_| None);
            for decision in &decisions {
                if !self.carry_out(decision) {
                    break;
                }
                if let Decision::TimeOut { fence, .. } = decision {
                    self.held.retain(|held| held.1 != *fence);
                }
            }
            let limit = self.run.state.plan().max_concurrency();
            assert!(self.run.state.steps().filter(|(_, record)| record.in_flight).count() <= limit);
            if decisions.is_empty() && !self.work() {
                self.run.now = self.run.state.wake_at(now).expect("something to wait for");
            }
        }
        panic!("it does not end: {:?}", self.run.state);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_workflow_ends_whatever_happens(case in cases()) {
        let mut simulation = Simulation::new(case);
        simulation.run();
        let state = &simulation.run.state;
        prop_assert!(state.next(simulation.run.now, &|_| None).is_empty());
        prop_assert!((state.progress() - 1.0).abs() < f64::EPSILON);
        for (step, record) in state.steps() {
            prop_assert!(record.state.is_terminal(), "{}", step);
            prop_assert_eq!(record.state == StepState::Succeeded, simulation.succeeded.contains(step));
            let spec = state.plan().step(step).unwrap();
            prop_assert!(record.attempt <= spec.retry.max_attempts);
            // A step is skipped for a reason, and only then.
            let reason = spec.depends_on.iter().any(|need| {
                let record = state.step(need).unwrap();
                let fails = state.plan().step(need).unwrap().on_failure == OnFailure::Fail;
                record.state == StepState::Skipped || record.state == StepState::Failed && fails
            });
            prop_assert_eq!(record.state == StepState::Skipped, reason, "{}", step);
        }
        let fails = |(step, record): (&str, &StepRecord)| {
            record.state == StepState::Failed && state.plan().step(step).unwrap().on_failure == OnFailure::Fail
        };
        let expected = if state.steps().any(fails) { WorkflowState::Failed } else { WorkflowState::Completed };
        prop_assert_eq!(state.state(), expected);
    }

    #[test]
    fn every_prefix_of_a_log_folds_to_what_was_there_then(case in cases()) {
        let mut simulation = Simulation::new(Case { kills: HashSet::new(), ..case });
        simulation.run();
        let plan = Arc::clone(simulation.run.state.plan());
        let events: Vec<_> = simulation.run.log.events().cloned().collect();
        let mut grown = Log::from_events(events[..1].to_vec()).unwrap();
        let mut state = State::fold(Arc::clone(&plan), &grown).unwrap();
        let mut succeeded = HashSet::new();
        for event in &events[1..] {
            grown.absorb([event.clone()]).unwrap();
            state.apply(event);
            let folded = State::fold(Arc::clone(&plan), &grown).unwrap();
            prop_assert!(folded.steps().eq(state.steps()));
            prop_assert_eq!(folded.next(event.at, &|_| None), state.next(event.at, &|_| None));
            prop_assert_eq!(folded.wake_at(event.at), state.wake_at(event.at));
            for (step, record) in folded.steps() {
                prop_assert!(!succeeded.contains(step) || record.state == StepState::Succeeded);
                if record.state == StepState::Succeeded {
                    succeeded.insert(step.to_owned());
                }
            }
            for decision in folded.next(u64::MAX / 2, &|_| None).into_iter().chain(folded.next(event.at, &|_| None)) {
                if let Decision::Start(start) = decision {
                    prop_assert!(!succeeded.contains(&start.step));
                }
            }
        }
    }
}
