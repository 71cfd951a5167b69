//! What holds for workflows as a whole, through the public door.

mod logs;
mod plans;
mod resolving;
mod runs;
mod simulation;
mod views;

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Body, Decision, Log, Output, Plan, PlanError, Spec, State, StepError, StepState};

/// A moment to begin at: 2026-01-01.
const T0: u64 = 1_767_225_600_000;

fn plan_of(spec: Value) -> Result<Plan, PlanError> {
    let known = |tool: &str| if tool == "unknown" { Err(vec!["echo".to_owned()]) } else { Ok(()) };
    Plan::new(serde_json::from_value::<Spec>(spec).expect("a spec"), known)
}

/// A spec of steps that call `echo`, with everything else as it is when left out.
fn spec(steps: &[Value]) -> Value {
    let steps: Vec<_> = steps
        .iter()
        .map(|step| {
            let mut step = step.clone();
            step.as_object_mut().expect("a step").entry("tool").or_insert_with(|| json!("echo"));
            step
        })
        .collect();
    json!({ "name": "test", "steps": steps })
}

/// A workflow that a test drives by hand.
struct Run {
    log: Log,
    state: State,
    now: u64,
    fence: u64,
}

impl Run {
    fn new(spec: Value) -> Self {
        let plan = Arc::new(plan_of(spec).expect("a plan"));
        let log = Log::begin(Uuid::from_u128(7), plan.cid(), T0);
        Self { state: State::fold(plan, &log).expect("a state"), log, now: T0, fence: 0 }
    }

    fn write(&mut self, body: Body) -> super::Applied {
        let event = self.log.append(body, self.now).expect("an event").clone();
        self.state.apply(&event)
    }

    /// Asks once, and writes what is to be written.
    fn turn(&mut self) -> Vec<Decision> {
        let decisions = self.state.next(self.now, &|_| None);
        for decision in &decisions {
            if let Some(body) = decision.body() {
                assert_eq!(self.write(body), super::Applied::Changed, "{decision:?}");
            }
        }
        decisions
    }

    /// Turns until nothing is left to be done at this moment.
    fn turns(&mut self) {
        while self.turn().iter().any(|decision| decision.body().is_some()) {}
    }

    /// The ids of the steps that start now.
    fn starts(&mut self) -> Vec<String> {
        let start = |decision| if let Decision::Start(start) = decision { Some(start.step) } else { None };
        self.turn().into_iter().filter_map(start).collect()
    }

    fn claim(&mut self, step: &str) -> u64 {
        self.fence += 1;
        let (fence, attempt) = (self.fence, self.state.step(step).expect("a step").attempt);
        self.write(Body::Claimed { step: step.into(), attempt, peer: "peer-a".into(), fence });
        self.write(Body::Started { step: step.into(), fence });
        fence
    }

    fn complete(&mut self, step: &str, result: Value) {
        let fence = self.claim(step);
        self.write(Body::Completed { step: step.into(), fence, output: Output::of(result) });
    }

    fn fail(&mut self, step: &str, is_final: bool) {
        let fence = Some(self.claim(step));
        let error = StepError::new("tool", "it broke");
        self.write(Body::Failed { step: step.into(), fence, error, r#final: is_final });
    }

    fn is(&self, step: &str) -> StepState {
        self.state.step(step).expect("a step").state
    }
}
