//! The stores of a check: which do not answer, and how many scans each bears at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::StoreId;
use parallax_core::trace::Read;
use parallax_core::wire::{StoreState, StoreStatus};
use tokio::sync::{Semaphore, SemaphorePermit};

/// So many parts of a store are scanned at once, where there are cores for it.
const SCANS_PER_STORE: usize = 2;

/// The stores of one check.
#[derive(Debug)]
pub(super) struct Stores {
    silent: Mutex<BTreeMap<StoreId, Error>>,
    turns: BTreeMap<StoreId, Semaphore>,
    all: Semaphore,
}

/// The right to scan; scans wait for it in the order in which they came.
#[derive(Debug)]
pub(super) struct Turn<'s> {
    _of_store: Option<SemaphorePermit<'s>>,
    _of_all: SemaphorePermit<'s>,
}

impl Stores {
    /// Stores that all answer, for a machine of so many cores.
    pub(super) fn new(ids: &BTreeSet<&StoreId>, cores: usize) -> Self {
        // No store is to wait for another's scans: the cores are divided among them.
        let each = (cores / ids.len().max(1)).clamp(1, SCANS_PER_STORE);
        let turn = |it: &&StoreId| ((*it).clone(), Semaphore::new(each));
        Self {
            silent: Mutex::default(),
            turns: ids.iter().map(turn).collect(),
            all: Semaphore::new(cores + ids.len()),
        }
    }

    /// Notes the stores that did not answer; the check does not wait for them again.
    pub(super) fn note(&self, statuses: &[StoreStatus]) {
        for status in statuses.iter().filter(|it| it.state == StoreState::Down) {
            let unknown = || Error::new(ErrorKind::Unreachable, "reach the store");
            let error = status.error.clone().unwrap_or_else(unknown);
            self.note_silent(&status.name, error);
        }
    }

    /// Notes a store that answered none of these reads in time, or was not there.
    pub(super) fn note_reads(&self, id: &StoreId, reads: &[Read]) {
        let is_silence =
            |it: &Error| matches!(it.kind, ErrorKind::Timeout | ErrorKind::Unreachable);
        let mut errors = reads.iter().map(|it| it.found.as_ref().err());
        if let Some(Some(error)) = reads.first().map(|it| it.found.as_ref().err())
            && errors.all(|it| it.is_some_and(is_silence))
        {
            self.note_silent(id, error.clone());
        }
    }

    /// Notes a store that did not go on with a scan. One that broke it off may answer again: it was perhaps restarted.
    pub(super) fn note_scan(&self, id: &StoreId, error: &Error) {
        if error.kind == ErrorKind::Timeout {
            self.note_silent(id, error.clone());
        }
    }

    fn note_silent(&self, id: &StoreId, error: Error) {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        silent.entry(id.clone()).or_insert(error);
    }

    /// Fails with what a store did not answer to.
    pub(super) fn answers(&self, id: &StoreId) -> Result<()> {
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        silent.get(id).cloned().map_or(Ok(()), Err)
    }

    /// Waits for the right to scan a part in that store.
    pub(super) async fn turn(&self, id: &StoreId) -> Result<Turn<'_>> {
        let closed = |it| Error::new(ErrorKind::Cancelled, "scan").because(it);
        let of_store = match self.turns.get(id) {
            Some(turns) => Some(turns.acquire().await.map_err(closed)?),
            None => None,
        };
        Ok(Turn {
            _of_store: of_store,
            _of_all: self.all.acquire().await.map_err(closed)?,
        })
    }
}
