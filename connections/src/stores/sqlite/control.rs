//! How a running statement is stopped: a flag and a deadline that the progress handler looks at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// How many instructions of SQLite's machine pass between two looks: some 20 µs.
pub(super) const INSTRUCTIONS: i32 = 1_000;

/// Stops what runs on one connection.
#[derive(Debug)]
pub(super) struct Control {
    stopped: AtomicBool,
    began: Instant,
    /// Nanoseconds after `began`.
    deadline: AtomicU64,
    ended: watch::Receiver<()>,
}

/// Held by the connection's progress handler; dropped when the connection is closed and its thread ends.
#[derive(Debug)]
pub(super) struct Alive {
    _sender: watch::Sender<()>,
}

impl Control {
    pub(super) fn new() -> (Arc<Self>, Alive) {
        let (sender, ended) = watch::channel(());
        let control = Self {
            stopped: AtomicBool::new(false),
            began: Instant::now(),
            deadline: AtomicU64::new(u64::MAX),
            ended,
        };
        (Arc::new(control), Alive { _sender: sender })
    }

    /// Stops the running statement, and every later one.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Gives the connection so much time from now on.
    pub(super) fn allow(&self, time: Duration) {
        let until = self.began.elapsed().saturating_add(time).as_nanos();
        let until = u64::try_from(until).unwrap_or(u64::MAX);
        self.deadline.store(until, Ordering::Relaxed);
    }

    pub(super) fn is_late(&self) -> bool {
        let deadline = u128::from(self.deadline.load(Ordering::Relaxed));
        self.began.elapsed().as_nanos() >= deadline
    }

    /// What the progress handler asks: whether to go on.
    pub(super) fn goes_on(&self) -> bool {
        !self.is_stopped() && !self.is_late()
    }

    /// Ends when the connection is closed.
    pub(super) async fn ended(&self) {
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
    }
}
