//! The connections of a pool that looks after each by itself: which are idle, which work for what call, and which were
//! given up while something may still run on the server.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Call, CallId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Connections kept open while nobody uses or waits for one.
const MAX_IDLE: usize = 4;

/// Connections at one time; a server has mostly a hundred for everybody.
const MAX_OPEN: usize = 16;

/// Given-up connections that are remembered until their call is cancelled.
const MAX_GIVEN_UP: usize = 64;

/// How the server knows what works for a call, whether that is to stop, and whether our end of it is closed.
#[derive(Debug)]
pub(super) struct Control<N> {
    /// The server's name of it.
    pub(super) name: N,
    stopped: AtomicBool,
    closed: AtomicBool,
}

impl<N> Control<N> {
    pub(super) fn new(name: N) -> Arc<Self> {
        Arc::new(Self {
            name,
            stopped: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        })
    }

    /// Whether somebody has cancelled it.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Whether our end of the connection is closed.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }
}

/// Connections `S`, of which the server knows each by an `N`.
pub(super) struct Ledger<S, N> {
    state: Mutex<State<S, N>>,
    permits: Arc<Semaphore>,
}

struct State<S, N> {
    idle: Vec<S>,
    running: Vec<(CallId, Arc<Control<N>>)>,
}

impl<S, N> State<S, N> {
    fn forget(&mut self, control: &Arc<Control<N>>) {
        self.running.retain(|(_, it)| !Arc::ptr_eq(it, control));
    }
}

impl<S, N> Default for Ledger<S, N> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                idle: Vec::new(),
                running: Vec::new(),
            }),
            permits: Arc::new(Semaphore::new(MAX_OPEN)),
        }
    }
}

impl<S, N> fmt::Debug for Ledger<S, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").finish_non_exhaustive()
    }
}

impl<S, N> Ledger<S, N> {
    /// Leave to hold one of the connections; waits for it until the call's deadline.
    pub(super) async fn permit(&self, call: &Call) -> Result<OwnedSemaphorePermit> {
        let permit = timeout(call.deadline, Arc::clone(&self.permits).acquire_owned()).await;
        permit.ok().and_then(Result::ok).ok_or_else(|| {
            Error::new(ErrorKind::Busy, "get a connection")
                .because(format!("all {MAX_OPEN} are in use"))
                .hint("close results that are still being read")
        })
    }

    /// The idle connection that was used last, of those that serve.
    pub(super) fn pop(&self, serves: impl Fn(&S) -> bool) -> Option<S> {
        let mut state = self.state();
        let place = state.idle.iter().rposition(serves)?;
        Some(state.idle.remove(place))
    }

    /// Notes what works for a call from now on.
    pub(super) fn begin(&self, call: CallId, control: Arc<Control<N>>) {
        self.state().running.push((call, control));
    }

    /// Marks everything that works for `call` as stopped; gives what is to be ended on the server.
    pub(super) fn stop(&self, call: CallId) -> Vec<Arc<Control<N>>> {
        let mut state = self.state();
        let of_call = state.running.iter().filter(|(it, _)| *it == call);
        let controls: Vec<_> = of_call.map(|(_, it)| Arc::clone(it)).collect();
        for control in &controls {
            control.stopped.store(true, Ordering::Relaxed);
        }
        // What is closed has nobody to take it from the list.
        state
            .running
            .retain(|(it, control)| *it != call || !control.is_closed());
        controls
    }

    /// Takes a connection back whose call has ended, and which the next caller finds as if it were new.
    pub(super) fn put_back(&self, connection: S, control: &Arc<Control<N>>) {
        // One lock for both, so that a cancel of the call that ended cannot hit the call that comes next.
        let mut state = self.state();
        state.forget(control);
        if control.is_stopped() {
            return;
        }
        let excess = self.keep_in(&mut state, connection);
        drop(state);
        drop(excess);
    }

    /// Takes a connection back that worked for no call.
    pub(super) fn keep(&self, connection: S) {
        let excess = self.keep_in(&mut self.state(), connection);
        drop(excess);
    }

    /// Gives those that are too many: they waited longest.
    fn keep_in(&self, state: &mut State<S, N>, connection: S) -> Vec<S> {
        state.idle.push(connection);
        // While callers wait for one, none is too many.
        let most = match self.permits.available_permits() {
            0 => MAX_OPEN,
            _ => MAX_IDLE,
        };
        let excess = state.idle.len().saturating_sub(most);
        state.idle.drain(..excess).collect()
    }

    /// Closes a connection. What may still run on it is remembered until its call is cancelled.
    pub(super) fn close(&self, connection: S, control: &Arc<Control<N>>, is_busy: bool) {
        drop(connection);
        let mut state = self.state();
        control.closed.store(true, Ordering::Relaxed);
        // What is stopped already has nobody to ask for it again.
        if !is_busy || control.is_stopped() {
            state.forget(control);
            return;
        }
        let given_up = |it: &(CallId, Arc<Control<N>>)| it.1.is_closed();
        if state.running.iter().filter(|it| given_up(it)).count() > MAX_GIVEN_UP
            && let Some(oldest) = state.running.iter().position(given_up)
        {
            state.running.remove(oldest);
        }
    }

    fn state(&self) -> MutexGuard<'_, State<S, N>> {
        // Nothing under this lock can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: CallId = CallId(1);

    fn working(ledger: &Ledger<u32, u32>, name: u32) -> Arc<Control<u32>> {
        let control = Control::new(name);
        ledger.begin(CALL, Arc::clone(&control));
        control
    }

    #[test]
    fn what_was_stopped_is_never_used_again() {
        let ledger = Ledger::default();
        let control = working(&ledger, 7);
        let stopped: Vec<u32> = ledger.stop(CALL).iter().map(|it| it.name).collect();
        assert_eq!(stopped, [7]);
        ledger.put_back(1, &control);
        assert_eq!(ledger.pop(|_| true), None);
        assert!(ledger.stop(CALL).is_empty());
    }

    #[test]
    fn what_ended_in_good_order_is_nobodys_to_stop() {
        let ledger = Ledger::default();
        ledger.put_back(1, &working(&ledger, 7));
        assert!(ledger.stop(CALL).is_empty());
        assert_eq!(ledger.pop(|it| *it == 2), None);
        assert_eq!(ledger.pop(|it| *it == 1), Some(1));
    }

    #[test]
    fn what_was_given_up_while_it_worked_is_still_ended_once() {
        let ledger = Ledger::default();
        ledger.close(1, &working(&ledger, 7), true);
        ledger.close(2, &working(&ledger, 8), false);
        let stopped: Vec<u32> = ledger.stop(CALL).iter().map(|it| it.name).collect();
        assert_eq!(stopped, [7]);
        assert!(ledger.stop(CALL).is_empty());
    }

    #[test]
    fn few_stay_idle_and_few_given_up_are_remembered() {
        let ledger = Ledger::default();
        for name in 0..100 {
            ledger.close(name, &working(&ledger, name), true);
            ledger.keep(name);
        }
        assert!(ledger.stop(CALL).len() <= MAX_GIVEN_UP + 1);
        let idle: Vec<u32> = std::iter::from_fn(|| ledger.pop(|_| true)).collect();
        assert_eq!(idle, [99, 98, 97, 96]);
    }
}
