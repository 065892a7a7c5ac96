//! Folding the rows of a scan: each becomes a symbol of every pair it belongs to.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::key::{self, KeyLanes, PartKind};
use super::sketch::{Filter, Side, Sketch, Symbol};
use crate::compare::{Buffers, Form};
use crate::store::{RowSink, ValueRef};
use crate::value::Timestamp;
use crate::version::change_time;

/// Symbols that a sink keeps before it adds them to the sketch.
const BUFFER: usize = 2_048;
/// Rows after which a sink tells how far it is.
const TELL: u64 = 16;

/// Takes all rows of one dataset's scan, whatever its parts.
#[derive(Debug)]
pub struct Fold {
    pub(super) seed: u64,
    /// What the parts of the key are in the system of record.
    pub(super) kinds: Vec<PartKind>,
    /// The hashes below which keys are in the sample; all are without it.
    pub(super) sample: Option<u64>,
    pub(super) task: Task,
    pub(super) rows: AtomicU64,
    pub(super) kept: AtomicU64,
}

/// What is made of the rows.
#[derive(Debug)]
pub(super) enum Task {
    /// Symbols for sketches.
    Sketch(Hashing),
    /// The keys of what changed at or after a time.
    Since(Since),
    /// The whole keys, and the number, of records whose keys have these words.
    Census(Mutex<BTreeMap<KeyLanes, Census>>),
}

/// How rows are hashed for all pairs at once.
#[derive(Debug)]
pub(super) struct Hashing {
    pub(super) side: Side,
    /// Another one in every pass, so that what met in one cell by chance does not meet again.
    pub(super) salt: u64,
    /// What is read of a row, each once: a cell by its place behind the key, and its form.
    pub(super) columns: Vec<Column>,
    pub(super) pairs: Vec<PairSink>,
}

/// One field of one side in one form.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    /// The cell behind the key; `None` where the side has no such field.
    pub(super) cell: Option<usize>,
    pub(super) form: Form,
}

/// One pair that rows belong to.
#[derive(Debug)]
pub(super) struct PairSink {
    /// Which columns make its rows' hash, in the order of its fields.
    pub(super) columns: Vec<usize>,
    pub(super) sketch: Arc<Sketch>,
    /// Rows with other keys are left out.
    pub(super) filter: Option<Arc<Filter>>,
}

/// Collects the keys of what changed lately.
#[derive(Debug)]
pub(super) struct Since {
    pub(super) begin: Timestamp,
    pub(super) limit: usize,
    pub(super) keys: Mutex<Vec<Box<[u8]>>>,
    pub(super) is_over: AtomicBool,
    /// Records whose version is no time: they are taken too.
    pub(super) untimed: AtomicU64,
}

/// What a census finds for the words of a key.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Census {
    /// The key's bytes.
    pub(super) key: Option<Box<[u8]>>,
    /// The records that have it.
    pub(super) records: u64,
}

impl Fold {
    /// A fold of one scan; `sample` is the hash below which a key is in scope.
    pub(super) fn new(seed: u64, kinds: Vec<PartKind>, sample: Option<u64>, task: Task) -> Self {
        Self {
            seed,
            kinds,
            sample,
            task,
            rows: AtomicU64::new(0),
            kept: AtomicU64::new(0),
        }
    }

    /// A sink for one part of the scan; several may be used at once.
    pub fn sink(self: &Arc<Self>) -> Folding {
        let pairs = match &self.task {
            Task::Sketch(hashing) => hashing.pairs.len(),
            Task::Since(_) | Task::Census(_) => 0,
        };
        Folding {
            fold: Arc::clone(self),
            buffers: std::iter::repeat_with(Vec::new).take(pairs).collect(),
            key: Vec::new(),
            scratch: Scratch::default(),
            rows: 0,
            kept: 0,
        }
    }

    /// Rows taken so far, to within a few rows a sink while it is in use.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Those of them that are in the sample.
    pub(super) fn kept(&self) -> u64 {
        self.kept.load(Ordering::Relaxed)
    }
}

/// The sink of one part. Dropping it hands over what it still holds.
#[derive(Debug)]
pub struct Folding {
    fold: Arc<Fold>,
    buffers: Vec<Vec<Symbol>>,
    key: Vec<u8>,
    scratch: Scratch,
    rows: u64,
    kept: u64,
}

/// Buffers that are used again for every row.
#[derive(Debug, Default)]
struct Scratch {
    json: Buffers,
    /// The forms of all columns, one behind the other.
    forms: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
    /// Those of one pair, where they are not all.
    picked: Vec<u8>,
}

impl Scratch {
    /// Brings every column of a row to its form.
    ///
    /// A column that the store does not have is absent in every row.
    fn write(&mut self, columns: &[Column], fields: &[ValueRef<'_>]) {
        self.forms.clear();
        self.ends.clear();
        for column in columns {
            let cell = column.cell.and_then(|at| fields.get(at));
            let cell = cell.unwrap_or(&ValueRef::Absent);
            column.form.write(cell, &mut self.forms, &mut self.json);
            self.ends.push(self.forms.len());
        }
    }

    /// The forms of these columns: each says its own length, so that no two rows run together.
    fn of(&mut self, columns: &[usize]) -> &[u8] {
        if columns.len() == self.ends.len() && columns.iter().copied().eq(0..columns.len()) {
            return &self.forms;
        }
        self.picked.clear();
        for at in columns {
            let end = |at: usize| self.ends.get(at).copied().unwrap_or_default();
            let start = at.checked_sub(1).map_or(0, end);
            let form = self.forms.get(start..end(*at));
            self.picked.extend_from_slice(form.unwrap_or_default());
        }
        &self.picked
    }
}

impl RowSink for Folding {
    fn row(&mut self, cells: &[ValueRef<'_>]) -> ControlFlow<()> {
        self.rows += 1;
        if self.rows >= TELL {
            self.tell();
        }
        let fold = &*self.fold;
        self.key.clear();
        let (key, fields) = cells
            .split_at_checked(fold.kinds.len())
            .unwrap_or((cells, &[]));
        for (cell, kind) in key.iter().zip(&fold.kinds) {
            key::write(cell, *kind, &mut self.key);
        }
        if !key::is_sampled(&self.key, fold.sample) {
            return ControlFlow::Continue(());
        }
        self.kept += 1;
        match &fold.task {
            Task::Sketch(hashing) => {
                let lanes = key::lanes(&self.key, fold.seed);
                hashing.row(
                    &lanes,
                    fields,
                    fold.seed,
                    &mut self.scratch,
                    &mut self.buffers,
                );
            }
            Task::Since(since) => return since.take(&self.key, fields),
            Task::Census(wanted) => count(wanted, &self.key, fold.seed),
        }
        ControlFlow::Continue(())
    }
}

impl Hashing {
    /// Makes the symbols of one row, one a pair whose slice of the key space is scanned.
    ///
    /// Each form of each field is made once, however many pairs compare it.
    fn row(
        &self,
        key: &KeyLanes,
        fields: &[ValueRef<'_>],
        seed: u64,
        scratch: &mut Scratch,
        buffers: &mut [Vec<Symbol>],
    ) {
        let key_hash = Sketch::key_hash(key, seed);
        scratch.write(&self.columns, fields);
        for (pair, buffer) in self.pairs.iter().zip(buffers) {
            if pair.filter.as_ref().is_some_and(|it| !it.holds(key_hash)) {
                continue;
            }
            let row = scratch.of(&pair.columns);
            // The seed is the key's own, so that rows which swap their values do not cancel.
            let row = xxh3_128_with_seed(row, key_hash ^ self.salt);
            buffer.extend(pair.sketch.symbol(key, key_hash, row));
            if buffer.len() >= BUFFER {
                pair.sketch.add(buffer, self.side);
            }
        }
    }
}

impl Folding {
    /// Adds what was counted here to the counters that a progress line reads.
    fn tell(&mut self) {
        self.fold
            .rows
            .fetch_add(std::mem::take(&mut self.rows), Ordering::Relaxed);
        self.fold
            .kept
            .fetch_add(std::mem::take(&mut self.kept), Ordering::Relaxed);
    }
}

impl Drop for Folding {
    fn drop(&mut self) {
        if let Task::Sketch(hashing) = &self.fold.task {
            for (pair, buffer) in hashing.pairs.iter().zip(&mut self.buffers) {
                pair.sketch.add(buffer, hashing.side);
            }
        }
        self.tell();
    }
}

impl Since {
    /// Keeps the key of a row that changed at or after the beginning.
    ///
    /// A row whose version is no time is kept as well and counted; the scan ends where there are too many keys.
    fn take(&self, key: &[u8], fields: &[ValueRef<'_>]) -> ControlFlow<()> {
        let version = fields.first().and_then(|it| it.to_value());
        match version.as_ref().and_then(change_time) {
            Some(changed) if changed < self.begin => return ControlFlow::Continue(()),
            Some(_) => {}
            None => {
                self.untimed.fetch_add(1, Ordering::Relaxed);
            }
        }
        let mut keys = lock(&self.keys);
        if keys.len() >= self.limit {
            self.is_over.store(true, Ordering::Relaxed);
            return ControlFlow::Break(());
        }
        keys.push(key.into());
        ControlFlow::Continue(())
    }
}

/// Counts one record of a key, if the key is wanted, and keeps its bytes the first time.
fn count(wanted: &Mutex<BTreeMap<KeyLanes, Census>>, key: &[u8], seed: u64) {
    if let Some(census) = lock(wanted).get_mut(&key::lanes(key, seed)) {
        census.records += 1;
        census.key.get_or_insert_with(|| key.into());
    }
}

/// What a lock guards, whatever became of a thread that held it: rows are added one whole row at a time.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
