//! Who may run now: a bounded number of calls at once, and a bounded queue before it, highest priority first and
//! in order of arrival within one priority.
//!
//! A waiting call that is dropped (client gone, deadline passed) leaves the queue. A full queue refuses.

use std::{
    cmp::Ordering,
    collections::BinaryHeap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// Shared by all calls that it admits.
#[derive(Debug)]
pub(crate) struct Gate {
    max_running: usize,
    max_waiting: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    running: usize,
    arrivals: u64,
    waiting: BinaryHeap<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    priority: u8,
    arrival: u64,
    turn: oneshot::Sender<Permit>,
}

impl PartialEq for Waiter {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Waiter {}

impl PartialOrd for Waiter {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiter {
    fn cmp(&self, other: &Self) -> Ordering {
        self.priority.cmp(&other.priority).then(other.arrival.cmp(&self.arrival))
    }
}

/// Room for one running call; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit(Option<Arc<Gate>>);

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(gate) = self.0.take() {
            gate.release();
        }
    }
}

/// The queue is full; it holds this many.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full(pub(crate) usize);

impl Gate {
    pub(crate) fn new(max_running: usize, max_waiting: usize) -> Arc<Self> {
        Arc::new(Self { max_running: max_running.max(1), max_waiting, inner: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place now, or none: for a caller that holds a place already and must not wait behind itself.
    pub(crate) fn try_enter(self: &Arc<Self>) -> Option<Permit> {
        let mut inner = self.lock();
        (inner.running < self.max_running).then(|| {
            inner.running += 1;
            Permit(Some(self.clone()))
        })
    }

    /// Waits for its turn. Dropping the future leaves the queue.
    pub(crate) async fn enter(self: &Arc<Self>, priority: u8) -> Result<Permit, Full> {
        let turn = {
            let mut inner = self.lock();
            if inner.running < self.max_running {
                inner.running += 1;
                return Ok(Permit(Some(self.clone())));
            }
            if inner.waiting.len() >= self.max_waiting {
                inner.waiting.retain(|waiter| !waiter.turn.is_closed());
                if inner.waiting.len() >= self.max_waiting {
                    return Err(Full(self.max_waiting));
                }
            }
            inner.arrivals += 1;
            let (turn, granted) = oneshot::channel();
            let arrival = inner.arrivals;
            inner.waiting.push(Waiter { priority, arrival, turn });
            granted
        };
        turn.await.map_err(|_| Full(self.max_waiting))
    }

    /// Hands the room to the first that still waits, or frees it.
    fn release(self: Arc<Self>) {
        loop {
            let next = {
                let mut inner = self.lock();
                let next = inner.waiting.pop();
                if next.is_none() {
                    inner.running -= 1;
                }
                next
            };
            let Some(waiter) = next else { return };
            match waiter.turn.send(Permit(Some(self.clone()))) {
                Ok(()) => return,
                // It left. Its permit must not release the room a second time.
                Err(mut permit) => drop(permit.0.take()),
            }
        }
    }

    /// Calls that run, and calls that wait.
    pub(crate) fn load(&self) -> (usize, usize) {
        let inner = self.lock();
        (inner.running, inner.waiting.iter().filter(|waiter| !waiter.turn.is_closed()).count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn the_highest_priority_goes_first_and_equals_in_order() {
        let gate = Gate::new(1, 8);
        let Poll::Ready(Ok(running)) = poll(pin!(gate.enter(5))) else { panic!("there is room") };
        let (mut low, mut first, mut second) = (pin!(gate.enter(1)), pin!(gate.enter(9)), pin!(gate.enter(9)));
        assert!(
            poll(low.as_mut()).is_pending() && poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending()
        );
        drop(running);
        let Poll::Ready(Ok(permit)) = poll(first.as_mut()) else { panic!("the first of the highest") };
        assert!(poll(second.as_mut()).is_pending() && poll(low.as_mut()).is_pending());
        drop(permit);
        let Poll::Ready(Ok(permit)) = poll(second.as_mut()) else { panic!("the second of the highest") };
        drop(permit);
        assert!(poll(low.as_mut()).is_ready());
    }

    #[test]
    fn a_full_queue_refuses_and_leavers_make_room() {
        let gate = Gate::new(1, 1);
        let Poll::Ready(Ok(running)) = poll(pin!(gate.enter(5))) else { panic!("there is room") };
        {
            let mut waits = Box::pin(gate.enter(5));
            assert!(poll(waits.as_mut()).is_pending());
            assert!(matches!(poll(pin!(gate.enter(5))), Poll::Ready(Err(Full(1)))));
        }
        let mut next = pin!(gate.enter(5));
        assert!(poll(next.as_mut()).is_pending(), "the leaver's place is free");
        drop(running);
        assert!(poll(next).is_ready());
        assert_eq!(gate.load().1, 0);
    }

    #[test]
    fn room_that_a_leaver_was_given_is_not_lost() {
        let gate = Gate::new(1, 4);
        let Poll::Ready(Ok(running)) = poll(pin!(gate.enter(5))) else { panic!("there is room") };
        let mut leaver = Box::pin(gate.enter(5));
        assert!(poll(leaver.as_mut()).is_pending());
        drop(running);
        drop(leaver);
        assert_eq!(gate.load(), (0, 0));
        assert!(matches!(poll(pin!(gate.enter(5))), Poll::Ready(Ok(_))));
    }
}
