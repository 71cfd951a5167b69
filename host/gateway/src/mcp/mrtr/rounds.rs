//! Drives a call in rounds: each request brings the answers to the questions of the one before.

use std::{convert::Infallible, future::Future, sync::Arc};

use rmcp::model::{ErrorData, InputRequiredResult};
use tokio_util::sync::CancellationToken;

use super::{
    state::{Binding, Sealer},
    table::Suspended,
};
use crate::mcp::{
    driver::{CallDriver, Outlet, Response, Round, Step},
    errors,
};

impl<T: Send + 'static> CallDriver<T> {
    /// Drives a call until it is done or asks what has no answer yet.
    pub(crate) async fn in_rounds(
        self,
        outlet: &Outlet<'_>,
        cancel: &CancellationToken,
        table: &Arc<Suspended<T>>,
        sealer: &Sealer,
        binding: &Binding,
    ) -> Result<Response<T>, ErrorData> {
        let never = std::future::pending::<Infallible>();
        match self.in_rounds_until(outlet, cancel, (table, sealer, binding), never).await? {
            Round::Answered(response) => Ok(response),
            Round::Late(never, _) => match never {},
        }
    }

    /// The same, until `late`.
    pub(crate) async fn in_rounds_until<L>(
        mut self,
        outlet: &Outlet<'_>,
        cancel: &CancellationToken,
        (table, sealer, binding): (&Arc<Suspended<T>>, &Sealer, &Binding),
        late: impl Future<Output = L>,
    ) -> Result<Round<T, L>, ErrorData> {
        let mut late = std::pin::pin!(late);
        loop {
            let ask = match self.pending.take() {
                Some(ask) => ask,
                None => match self.step(outlet, cancel, late.as_mut()).await {
                    Step::Done(result) => return result.map(|reply| Round::Answered(Response::Done(reply))),
                    Step::Cancelled => return Err(errors::cancelled()),
                    Step::Late(late) => return Ok(Round::Late(late, Box::new(self))),
                    Step::Asked(ask) => ask,
                },
            };
            let Some((ask, missing)) = self.settle(ask)? else { continue };
            self.pending = Some(ask);
            match table.park(self, sealer, binding) {
                Ok(state) => {
                    let result = InputRequiredResult::new(Some(missing), Some(state));
                    return Ok(Round::Answered(Response::InputRequired(result)));
                }
                Err((driver, limit)) => {
                    self = *driver;
                    self.refuse(limit);
                }
            }
        }
    }
}
