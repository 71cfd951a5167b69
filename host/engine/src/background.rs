//! The background class: calls whose guests compute for long leave the threads that serve.
//!
//! A multilevel feedback queue of two levels. Each call begins in the foreground, polled where its request is served. Once it has
//! computed for [`FOREGROUND`](crate::config::FOREGROUND), it is demoted for good: its future is polled by the threads of its
//! account's background class ([`Account::background`](crate::Account::background)), which run at a lower priority of the
//! operating system. The kernel takes a core from them as soon as a thread that serves wakes up, and they use every cycle that
//! is left.
//!
//! **Promises.** Only the thread that polls changes: limits, charges and the deadline are the call's as before; the runtime in
//! whose context the guest spawns work, opens sockets and sets timers is the one that serves. Dropping the call's future stops
//! the guest at its next yield and frees its instance there.
//!
//! **Bounds.** A call in the background holds an instance, so there are no more of them than the engine has instances. How many
//! of them compute at a time is the account's ([`Account::turn`](crate::Account::turn)).

use std::{future::Future, sync::Arc, task::Poll};

use futures::future::{BoxFuture, poll_fn};
use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use crate::{cpu::CpuMeter, error::RunError, metrics::Meters};

/// Drives a call to its end: in the foreground, and from its demotion on in the background.
pub(crate) async fn run<T: Send + 'static>(
    cpu: &Arc<CpuMeter>,
    meters: &Meters,
    work: impl Future<Output = Result<T, RunError>> + Send + 'static,
) -> Result<T, RunError> {
    let meter = cpu.clone();
    let mut work: BoxFuture<'static, _> = Box::pin(async move { meter.drive(work).await });
    let Some(background) = cpu.background() else { return work.await };
    if let Some(done) = in_foreground(cpu, &mut work).await {
        return done;
    }
    meters.demoted();
    let serves = Handle::try_current().unwrap_or_else(|_| background.clone());
    let polled = poll_fn(move |cx| {
        let _serves = serves.enter();
        work.as_mut().poll(cx)
    });
    let task = AbortOnDropHandle::new(background.spawn(polled.in_current_span()));
    task.await.unwrap_or_else(|error| Err(RunError::Host(format!("background task failed: {error}"))))
}

/// Polls here until the work is done or demoted; none if it is demoted.
async fn in_foreground<T>(cpu: &CpuMeter, work: &mut BoxFuture<'static, T>) -> Option<T> {
    poll_fn(|cx| {
        if cpu.is_demoted() {
            return Poll::Ready(None);
        }
        match work.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if cpu.is_demoted() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
