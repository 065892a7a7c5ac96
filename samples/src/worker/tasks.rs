//! The tasks of a worker: each sweeps again and again until all are told to end.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;

use crate::error::{Error, Result};

/// One task's work.
pub(crate) trait Sweep: Send + Sized + 'static {
    /// What it does, for the message when it fails: `send changes to docs`.
    fn name(&self) -> String;

    /// Goes once through all that is to be done, less where it is told to end; returns how many changes it sent.
    fn sweep(&mut self, ending: &watch::Receiver<bool>)
    -> impl Future<Output = Result<u64>> + Send;

    /// Closes what it has open.
    fn close(self) -> impl Future<Output = Result<()>> + Send;
}

/// The tasks that run. Dropping them stops them at once.
#[derive(Debug)]
pub(crate) struct Tasks {
    set: JoinSet<Result<u64>>,
    end: watch::Sender<bool>,
    poll: Duration,
    n_sent: u64,
}

impl Tasks {
    /// None yet; each will sweep every `poll`.
    pub(crate) fn new(poll: Duration) -> Self {
        Self {
            set: JoinSet::new(),
            end: watch::channel(false).0,
            poll,
            n_sent: 0,
        }
    }

    /// Starts one.
    pub(crate) fn spawn(&mut self, work: impl Sweep) {
        self.set.spawn(run(work, self.poll, self.end.subscribe()));
    }

    /// Fails when a task has failed.
    pub(crate) fn check(&mut self) -> Result<()> {
        while let Some(ended) = self.set.try_join_next() {
            self.n_sent += outcome(ended)?;
        }
        Ok(())
    }

    /// Waits for a task to fail, which mostly means for ever.
    pub(crate) async fn failure(&mut self) -> Result<()> {
        while let Some(ended) = self.set.join_next().await {
            self.n_sent += outcome(ended)?;
        }
        std::future::pending().await
    }

    /// Lets every task finish what it is at; returns how many changes all of them sent.
    pub(crate) async fn stop(mut self) -> Result<u64> {
        self.end.send_replace(true);
        while let Some(ended) = self.set.join_next().await {
            self.n_sent += outcome(ended)?;
        }
        Ok(self.n_sent)
    }
}

/// A store that is busy is tried again at the next sweep.
async fn run(
    mut work: impl Sweep,
    poll: Duration,
    mut ending: watch::Receiver<bool>,
) -> Result<u64> {
    let mut n_sent = 0;
    while !*ending.borrow() {
        match work.sweep(&ending).await {
            Ok(n_changes) => n_sent += n_changes,
            Err(error) if error.busy => {}
            Err(error) => return Err(error.while_doing(work.name())),
        }
        // The sender lives as long as the worker; if it is gone, so is the reason to go on.
        tokio::select! {
            changed = ending.changed() => if changed.is_err() { break },
            () = sleep(poll) => {}
        }
    }
    work.close().await?;
    Ok(n_sent)
}

fn outcome(ended: Result<Result<u64>, JoinError>) -> Result<u64> {
    ended.unwrap_or_else(|error| Err(Error::new(format!("a task of the worker ended: {error}"))))
}
