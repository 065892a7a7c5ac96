//! Folding the rows of a scan.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::{RowSink, ValueRef};

/// Takes all rows of one dataset's scan, whatever its parts.
#[derive(Debug, Default)]
pub struct Fold {
    rows: AtomicU64,
}

impl Fold {
    /// A sink for one part of the scan; several may be used at once.
    pub fn sink(self: &Arc<Self>) -> Folding {
        Folding {
            fold: Arc::clone(self),
        }
    }

    /// Rows taken so far, to within a few rows a sink while it is in use.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }
}

/// The sink of one part. Dropping it hands over what it still holds.
#[derive(Debug)]
pub struct Folding {
    fold: Arc<Fold>,
}

impl RowSink for Folding {
    fn row(&mut self, _cells: &[ValueRef<'_>]) -> ControlFlow<()> {
        self.fold.rows.fetch_add(1, Ordering::Relaxed);
        ControlFlow::Continue(())
    }
}
