//! What becomes of calls that were dropped: they are cancelled on their store.

use std::sync::Arc;
use std::time::Duration;

use parallax_core::store::{CallId, Store};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long one cancel may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many dropped calls may wait for the canceller; beyond it, the store's own drop has to do.
const CAPACITY: usize = 256;

type Dropped = (Arc<dyn Store>, CallId);

/// The way of a dropped call to the [`Canceller`]. Cheap to clone; one serves all stores.
#[derive(Clone, Debug)]
pub struct CancelQueue(mpsc::Sender<Dropped>);

impl CancelQueue {
    pub(super) fn push(&self, store: Arc<dyn Store>, call: CallId) {
        // Full or closed: dropping the call's future has already told the adapter what it can be told.
        drop(self.0.try_send((store, call)));
    }
}

/// Cancels dropped calls; a task that the workbench owns and awaits when it ends.
#[derive(Debug)]
pub struct Canceller(mpsc::Receiver<Dropped>);

impl Canceller {
    /// A canceller and the queue into it.
    pub fn new() -> (CancelQueue, Self) {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        (CancelQueue(sender), Self(receiver))
    }

    /// Cancels what comes until every queue is dropped, and then ends the open cancels, each within a second.
    pub async fn run(mut self) {
        let mut open = JoinSet::new();
        while let Some((store, call)) = self.0.recv().await {
            open.spawn(async move { timeout(PATIENCE, store.cancel(call)).await });
            while open.try_join_next().is_some() {}
        }
        // A cancel that failed has nobody left to tell: the call it belongs to is gone.
        while open.join_next().await.is_some() {}
    }
}
