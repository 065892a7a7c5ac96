//! What stops a call.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// A flag that can be waited for.
#[derive(Debug, Default)]
pub(super) struct Control {
    stopped: AtomicBool,
    wake: Notify,
}

impl Control {
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.wake.notify_waiters();
    }

    /// Ends when the call is stopped.
    pub(super) async fn stopped(&self) {
        // Listens before it looks, so that a stop in between is not missed.
        let woken = self.wake.notified();
        if !self.stopped.load(Ordering::Acquire) {
            woken.await;
        }
    }
}
