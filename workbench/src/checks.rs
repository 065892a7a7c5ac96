//! Checks: one task each, their reports kept, their end in the caller's hand.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::report::{Report, Scope};
use parallax_core::wire::CheckId;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::events::Events;
use crate::open::Open;
use crate::sessions::Sessions;

mod board;
mod during;
mod plan;
mod rerun;
mod run;
mod scan;
mod stores;

use board::Board;
use plan::Plan;
use run::Run;

/// So many checks are remembered; the oldest that has ended makes room for the next.
const KEPT: usize = 8;

/// How a check ended: with a report, or not at all.
type Ended = Result<Arc<Report>>;

/// The checks that run, and the reports of the last that ended.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    next: AtomicU64,
    open: Mutex<BTreeMap<CheckId, Running>>,
}

#[derive(Debug)]
struct Running {
    cancel: watch::Sender<bool>,
    ended: watch::Receiver<Option<Ended>>,
    // Dropping it drops the scans, and with them what runs on the servers.
    task: JoinSet<()>,
}

impl Checks {
    /// Begins a check; fails at once where the scope names what the deployment does not have.
    pub(crate) fn start(
        &self,
        open: &Arc<Open>,
        sessions: &Arc<Sessions>,
        scope: Scope,
        events: &Events,
    ) -> Result<CheckId> {
        let plan = Plan::new(open, scope)?;
        let id = CheckId(self.next.fetch_add(1, Ordering::Relaxed));
        let (cancel, cancelled) = watch::channel(false);
        let (end, ended) = watch::channel(None);
        let board = Board::new(id, events.clone(), cancelled);
        let run = Run::new(Arc::clone(open), Arc::clone(sessions), plan);
        let mut task = JoinSet::new();
        task.spawn(run.finish(board, end));
        let running = Running {
            cancel,
            ended,
            task,
        };
        let mut open = self.open();
        make_room(&mut open);
        open.insert(id, running);
        Ok(id)
    }

    /// Asks a check to stop. What it found so far is then its report.
    pub(crate) fn cancel(&self, check: CheckId) -> Result<()> {
        let open = self.open();
        let running = open.get(&check).ok_or_else(|| gone(check))?;
        running.cancel.send_replace(true);
        Ok(())
    }

    /// Waits until a check has ended.
    pub(crate) async fn finished(&self, check: CheckId) -> Ended {
        let mut ended = self.ended(check)?;
        let ended = ended.wait_for(Option::is_some).await;
        let ended = ended.ok().and_then(|it| it.clone());
        ended.unwrap_or_else(|| Err(gone(check)))
    }

    /// The report of a check that has ended.
    pub(crate) fn report(&self, check: CheckId) -> Ended {
        let ended = self.ended(check)?.borrow().clone();
        ended.unwrap_or_else(|| {
            Err(Error::new(
                ErrorKind::Busy,
                format!("show the report of check {}", check.0),
            )
            .because("it still runs")
            .hint("wait for its end, or stop it"))
        })
    }

    /// Stops every check, and waits until each has let go of the stores.
    pub(crate) async fn close_all(&self) {
        let open = std::mem::take(&mut *self.open());
        for mut running in open.into_values() {
            running.task.shutdown().await;
        }
    }

    fn ended(&self, check: CheckId) -> Result<watch::Receiver<Option<Ended>>> {
        let open = self.open();
        let running = open.get(&check).ok_or_else(|| gone(check))?;
        Ok(running.ended.clone())
    }

    fn open(&self) -> std::sync::MutexGuard<'_, BTreeMap<CheckId, Running>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_room(open: &mut BTreeMap<CheckId, Running>) {
    let mut has_ended = open.iter().filter(|(_, it)| it.ended.borrow().is_some());
    let oldest = has_ended.next().map(|(id, _)| *id);
    if let Some(oldest) = oldest.filter(|_| open.len() >= KEPT) {
        drop(open.remove(&oldest));
    }
}

fn gone(check: CheckId) -> Error {
    Error::new(ErrorKind::NotFound, format!("find check {}", check.0))
        .because(format!("only the last {KEPT} checks are kept"))
}
