//! Counts what is in flight, so that shutdown can wait for it and for nothing else.
//!
//! A request counts from its arrival until the last byte of its answer is handed to the connection: a call whose result
//! is still on its way out is not done.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::Notify;

/// Requests in flight.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    count: AtomicUsize,
    idle: Notify,
}

impl InFlight {
    pub(crate) fn enter(self: &Arc<Self>) -> Ticket {
        self.count.fetch_add(1, Ordering::AcqRel);
        Ticket(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Returns when nothing is in flight.
    pub(crate) async fn idle(&self) {
        loop {
            let idle = self.idle.notified();
            if self.count() == 0 {
                return;
            }
            idle.await;
        }
    }
}

/// One request in flight.
#[derive(Debug)]
pub(crate) struct Ticket(Arc<InFlight>);

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::Body;
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::holding::Holding;

    #[tokio::test]
    async fn idle_comes_when_the_last_body_ended() {
        let in_flight = Arc::new(InFlight::default());
        in_flight.idle().await;
        let body = Holding::new(Body::from("answer"), in_flight.enter());
        let other = in_flight.enter();
        let waiting = tokio::spawn({
            let in_flight = in_flight.clone();
            async move { in_flight.idle().await }
        });
        drop(other);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!waiting.is_finished(), "a body is still on its way");
        assert_eq!(body.collect().await.unwrap().to_bytes(), "answer");
        waiting.await.unwrap();
    }
}
