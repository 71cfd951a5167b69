//! A version on trial has its share of the calls, and fails none that the old version can answer.

use std::{sync::Arc, time::Instant};

use tandem_catalog::Tool;
use tandem_engine::CallEnv;

use crate::{
    api::{CallError, Lane},
    call::{Answered, Job, Place},
    router::Router,
};

impl Router {
    /// Runs the tool of the version on trial, if the call is one of its share, else that of the version that serves.
    /// Where the one on trial fails, and twice is the same as once, the other one answers.
    pub(crate) async fn answered(
        &self,
        job: &Job<'_>,
        env: &CallEnv,
        arguments: &str,
        lane: Lane,
    ) -> Result<Answered, CallError> {
        if let Some((tool, place)) = self.trial(job) {
            let annotations = &job.tool.descriptor.annotations;
            // Its own deadline; what it used of the call's is not given back.
            let its = self.env(job.cx, &place, tool.limits.deadline)?;
            match self.run(job.cx, &its, &tool, &place, arguments, lane).await {
                Err(error) if (annotations.idempotent || annotations.read_only) && is_fault(&error) => {
                    tracing::warn!(category = &*tool.category, %error, "a version on trial failed; the old one answers");
                }
                other => return other.map(|answered| Answered { on_trial: true, ..answered }),
            }
        }
        self.run(job.cx, env, job.tool, job.closing.place(), arguments, lane).await
    }

    fn trial(&self, job: &Job<'_>) -> Option<(Arc<Tool>, Place)> {
        let canary = job.canary?;
        let tool = canary.takes(job.tool)?;
        let Place { lane, tenant, account, .. } = job.closing.place();
        let state = self.state_of_trial(canary);
        let share = state.share_of(&tenant.name);
        // A circuit of its own must refuse nobody: the old version is there.
        let closed = share.breaker.state(Instant::now()) == "closed";
        closed.then(|| {
            (tool.clone(), Place { state, lane: *lane, share, tenant: tenant.clone(), account: account.clone() })
        })
    }
}

/// A version's own fault: another one may do better.
fn is_fault(error: &CallError) -> bool {
    matches!(
        error,
        CallError::Trapped { .. }
            | CallError::Timeout { .. }
            | CallError::BadOutput { .. }
            | CallError::Unavailable { .. }
            | CallError::Internal(_)
    )
}
