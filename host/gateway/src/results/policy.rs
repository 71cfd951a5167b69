//! What becomes of the results of one request, and of its references to others.

use std::sync::Arc;

use tandem_catalog::Tool;
use tandem_engine::heap_size;
use tandem_router::{Arguments, CallError, Output, Router};
use tandem_store::KeptResult;
use tandem_types::{Caller, ContentId};

use super::{failure::failed, keep, reference, shared::Results};

/// Values of arguments that are looked at where the request is served.
const BRIEF: usize = 16 << 10;

/// What becomes of the results of one request.
#[derive(Clone, Debug)]
pub(crate) struct ResultPolicy {
    results: Results,
    limit: usize,
}

impl ResultPolicy {
    /// With what the client says of a message's size.
    pub(crate) fn new(results: &Results, budget: Option<usize>) -> Self {
        Self { results: results.clone(), limit: budget.unwrap_or(results.inline_limit()) }
    }

    #[cfg(test)]
    pub(crate) fn results(&self) -> &Results {
        &self.results
    }

    /// The output itself, or the handle of a large one that is kept.
    ///
    /// # Errors
    ///
    /// Too much work waits, of the tenant or in all.
    pub(crate) async fn shorten(
        &self,
        router: &Router,
        caller: &Caller,
        tool: &Arc<Tool>,
        output: Output,
    ) -> Result<Output, CallError> {
        if keep::is_within(&output, self.limit) {
            return Ok(output);
        }
        let (policy, tenant, tool) = (self.clone(), caller.tenant.clone(), tool.clone());
        let work = move || keep::keep(policy.results.store(), &tenant, &tool, output, policy.limit);
        router.answer_on(caller, usize::MAX, work).await
    }

    /// The arguments with the values that their references stand for.
    ///
    /// # Errors
    ///
    /// A reference stands for nothing that this caller has, or too much; or too much work waits.
    pub(crate) async fn resolve(
        &self,
        router: &Router,
        caller: &Caller,
        tool: &str,
        mut arguments: Arguments,
    ) -> Result<Arguments, CallError> {
        let weight: usize = arguments.members.values().map(|value| heap_size(value, BRIEF)).sum();
        if weight <= BRIEF && !reference::has_reference(&arguments.members) {
            return Ok(arguments);
        }
        let (results, of, tool) = (self.results.clone(), caller.clone(), tool.to_owned());
        let resolve = move || {
            if reference::has_reference(&arguments.members) {
                arguments.members = reference::resolve(&results, &of, &tool, arguments.members)?;
            }
            Ok(arguments)
        };
        router.read_on(caller, usize::MAX, resolve).await?
    }

    /// A kept result, for what reads it.
    ///
    /// # Errors
    ///
    /// It is not there for this caller, or cannot be read.
    pub(crate) fn get(&self, caller: &Caller, id: ContentId) -> Result<KeptResult, CallError> {
        self.results.get(caller, id).map_err(failed)
    }
}
