//! Scanning one dataset by its parts.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::human;
use parallax_core::name::DatasetId;
use parallax_core::reconcile::{Fold, Folding, ScanPlan};
use parallax_core::store::{Part, Projection, Purpose, RowSink, Scanned, ValueRef};
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;

use super::stores::Stores;
use crate::sessions::Sessions;

/// What scans are made with.
#[derive(Clone, Debug)]
pub(super) struct Scanner {
    pub(super) sessions: Arc<Sessions>,
    pub(super) stores: Arc<Stores>,
    /// About so many parts a dataset are asked for.
    pub(super) want: usize,
}

impl Scanner {
    /// Scans a whole dataset; the first part that fails ends the others. A store that falls silent is not asked again.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the scans of all parts, which ends them on the server.
    pub(super) async fn scan(&self, dataset: &DatasetId, plan: ScanPlan) -> Result<Scanned> {
        let scanned = self.scan_parts(dataset, plan).await;
        if let Err(error) = &scanned {
            self.stores.note_scan(&dataset.store, error);
        }
        scanned
    }

    async fn scan_parts(&self, dataset: &DatasetId, plan: ScanPlan) -> Result<Scanned> {
        let id = &dataset.store;
        self.stores.answers(id)?;
        let store = self.sessions.store(id)?;
        if !store.capability().parts {
            return Err(Error::unsupported("scan")
                .because("this kind of store cannot be read as a whole")
                .at(id));
        }
        let call = self.sessions.call(id, Purpose::Check);
        let parts = store.parts(&call, dataset, &plan.projection, self.want);
        let parts = parts.await.map_err(|it| it.at(id))?;
        let projection = Arc::new(plan.projection);
        let mut scans = JoinSet::new();
        for part in parts {
            let scan = PartScan {
                scanner: self.clone(),
                part,
                projection: Arc::clone(&projection),
                fold: Arc::clone(&plan.fold),
            };
            scans.spawn(scan.run());
        }
        let mut sum = Scanned::default();
        while let Some(scanned) = scans.join_next().await {
            let scanned = scanned.map_err(|it| broken(&it)).flatten();
            let scanned = scanned.map_err(|it| it.at(id))?;
            sum.rows += scanned.rows;
            sum.unreadable += scanned.unreadable;
        }
        Ok(sum)
    }
}

fn broken(error: &JoinError) -> Error {
    Error::new(ErrorKind::Other, "scan").because(format!("the scan broke off: {error}"))
}

/// The scan of one part.
struct PartScan {
    scanner: Scanner,
    part: Part,
    projection: Arc<Projection>,
    fold: Arc<Fold>,
}

impl PartScan {
    async fn run(self) -> Result<Scanned> {
        let Scanner {
            sessions, stores, ..
        } = &self.scanner;
        let id = &self.part.dataset.store;
        let _turn = stores.turn(id).await?;
        // It may have fallen silent while others had their turn.
        stores.answers(id)?;
        let call = sessions.scan_call(id);
        let patience = sessions.patience();
        let rows = AtomicU64::new(0);
        let mut sink = Counted {
            folding: self.fold.sink(),
            rows: &rows,
        };
        let store = sessions.store(id)?;
        let scan = store.scan(&call, &self.part, &self.projection, &mut sink);
        tokio::select! {
            scanned = scan => scanned,
            () = stands_still(&rows, patience) => {
                let error = silent(patience).at(id);
                stores.note_scan(id, &error);
                Err(error)
            }
        }
    }
}

/// Counts the rows of one part, so that it can be seen whether they still come.
struct Counted<'r> {
    folding: Folding,
    rows: &'r AtomicU64,
}

impl RowSink for Counted<'_> {
    fn row(&mut self, cells: &[ValueRef<'_>]) -> ControlFlow<()> {
        self.rows.fetch_add(1, Ordering::Relaxed);
        self.folding.row(cells)
    }
}

/// Ends once no row has come for `patience`, to a fifth of it.
async fn stands_still(rows: &AtomicU64, patience: Duration) {
    const TICKS: u32 = 5;
    let mut seen = rows.load(Ordering::Relaxed);
    let mut still = 0;
    while still < TICKS {
        sleep(patience / TICKS).await;
        let now = rows.load(Ordering::Relaxed);
        still = if now == seen { still + 1 } else { 0 };
        seen = now;
    }
}

fn silent(patience: Duration) -> Error {
    Error::new(ErrorKind::Timeout, "scan")
        .because(format!("no row came for {}", human::duration(patience)))
        .hint("give a slow store more time with --deadline TIME")
}
