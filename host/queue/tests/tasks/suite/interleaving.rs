//! Whatever happens in whatever order, a task is completed at most once and its fence only grows.

use std::{collections::HashMap, time::Duration};

use proptest::{prelude::*, test_runner::TestRunner};
use tandem_queue::{
    ClaimReq, FailureCode, Finish, LeaseRef, NewTask, Outcome, Scope, Submitted, TaskId, TaskState, TaskStore,
    TaskStoreError,
};

use super::{Fixture, TENANT, TOOL, ok};
use crate::Backend;

#[derive(Clone, Debug)]
enum Step {
    Submit,
    Resend(usize),
    Claim(u8),
    Renew(usize),
    Finish(usize, u8),
    Cancel(usize),
    Pass(u64),
    Reap,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Submit),
        1 => any::<usize>().prop_map(Step::Resend),
        6 => (0..3_u8).prop_map(Step::Claim),
        2 => any::<usize>().prop_map(Step::Renew),
        // Often under a lease of long ago.
        6 => (any::<usize>(), 0..5_u8).prop_map(|(at, how)| Step::Finish(at, how)),
        1 => any::<usize>().prop_map(Step::Cancel),
        3 => (0..40_u64).prop_map(Step::Pass),
        2 => Just(Step::Reap),
    ]
}

pub(crate) fn any_interleaving_completes_a_task_once<B: Backend>() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() });
    let run = |steps: Vec<Step>| {
        runtime.block_on(async {
            let fixture = Fixture::of::<B>().await;
            Model::default().run(&fixture, &steps).await
        })
    };
    runner.run(&prop::collection::vec(step(), 1..80), run).unwrap();
}

#[derive(Default)]
struct Model {
    tasks: Vec<NewTask>,
    leases: Vec<(String, LeaseRef)>,
    fences: HashMap<TaskId, u64>,
    completed: HashMap<TaskId, u32>,
}

impl Model {
    async fn run<S: TaskStore + Clone>(mut self, f: &Fixture<S>, steps: &[Step]) -> Result<(), TestCaseError> {
        for step in steps {
            self.step(f, step).await.map_err(|error| TestCaseError::fail(error.to_string()))??;
        }
        self.counts_agree(f).await
    }

    async fn step<S: TaskStore + Clone>(
        &mut self,
        f: &Fixture<S>,
        step: &Step,
    ) -> Result<Result<(), TestCaseError>, TaskStoreError> {
        match step {
            Step::Submit => {
                let task = NewTask::new(TENANT, TOOL, "{}");
                f.store.submit(vec![task.clone()]).await?;
                self.tasks.push(task);
            }
            Step::Resend(at) => {
                if let Some(task) = pick(&self.tasks, *at) {
                    let answer = f.store.submit(vec![task.clone()]).await?.remove(0);
                    return Ok(check(!matches!(answer, Submitted::Conflict), "a task that was sent again conflicts"));
                }
            }
            Step::Claim(worker) => return self.claim(f, &format!("w{worker}")).await,
            Step::Renew(at) => {
                if let Some((worker, lease)) = pick(&self.leases, *at) {
                    f.store.heartbeat(worker, vec![(*lease, None)]).await?;
                }
            }
            Step::Finish(at, how) => return self.finish(f, *at, *how).await,
            Step::Cancel(at) => {
                if let Some(task) = pick(&self.tasks, *at) {
                    f.store.cancel(TENANT, task.id, "").await?;
                }
            }
            Step::Pass(seconds) => f.pass(Duration::from_secs(*seconds)),
            Step::Reap => drop(f.store.reap(100).await?),
        }
        Ok(Ok(()))
    }

    async fn claim<S: TaskStore + Clone>(
        &mut self,
        f: &Fixture<S>,
        worker: &str,
    ) -> Result<Result<(), TestCaseError>, TaskStoreError> {
        for leased in f.store.claim(ClaimReq { max: 2, ..ClaimReq::new(worker, &[TOOL]) }).await? {
            let LeaseRef { id, fence } = leased.lease;
            let before = self.fences.insert(id, fence).unwrap_or_default();
            if fence <= before || self.completed.contains_key(&id) {
                return Ok(check(false, "a fence did not grow, or what was completed was claimed"));
            }
            self.leases.push((worker.to_owned(), leased.lease));
        }
        Ok(Ok(()))
    }

    async fn finish<S: TaskStore + Clone>(
        &mut self,
        f: &Fixture<S>,
        at: usize,
        how: u8,
    ) -> Result<Result<(), TestCaseError>, TaskStoreError> {
        let Some((worker, lease)) = pick(&self.leases, at).cloned() else { return Ok(Ok(())) };
        let outcome = match how {
            0 => Outcome::retry(FailureCode::Failed, "e"),
            1 => Outcome::Release,
            2 => Outcome::Snooze(Duration::from_secs(3)),
            _ => ok("1"),
        };
        let answer = f.store.finish(&worker, vec![(lease, outcome)]).await?.remove(0);
        let mut sound = true;
        if let Finish::Applied { state, .. } = answer {
            sound &= self.fences.get(&lease.id) == Some(&lease.fence);
            if state == TaskState::Succeeded {
                let times = self.completed.entry(lease.id).or_default();
                *times += 1;
                sound &= *times == 1;
            }
        }
        Ok(check(sound, "an outcome counted under an old fence, or twice"))
    }

    /// What is counted is what is there.
    async fn counts_agree<S: TaskStore + Clone>(&self, f: &Fixture<S>) -> Result<(), TestCaseError> {
        let stats = f.store.stats(Scope::Tenant(TENANT.into())).await.unwrap();
        let mut states = HashMap::new();
        for task in &self.tasks {
            if let Some(task) = f.store.get(TENANT, task.id).await.unwrap() {
                *states.entry(task.row.state).or_insert(0) += 1;
            }
        }
        let succeeded = states.get(&TaskState::Succeeded).copied().unwrap_or_default();
        check(succeeded == self.completed.len() as u64, "not as many ended well as completions counted")?;
        check(stats.states == states.into_iter().collect(), "figures differ from tasks")
    }
}

fn pick<T>(of: &[T], at: usize) -> Option<&T> {
    at.checked_rem(of.len()).and_then(|at| of.get(at))
}

fn check(sound: bool, why: &'static str) -> Result<(), TestCaseError> {
    if sound { Ok(()) } else { Err(TestCaseError::fail(why)) }
}
