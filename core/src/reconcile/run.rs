//! A check under way: one phase after another, each ended by the answers to its step.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::fold::{Fold, Task};
use super::layout::{Layout, Scan};
use super::pair::{Open, PASS_CELLS, Pair};
use super::queue::{Case, Next, Queue};
use super::sketch::{Sketch, Slice};
use super::{Answer, CheckOptions, ScanPlan, Step, outcome};
use crate::deployment::Presence;
use crate::error::Result;
use crate::report::NotChecked;
use crate::store::{Projection, Scanned};

mod census;
mod since;

/// One check under way.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) options: CheckOptions,
    pub(super) layout: Layout,
    pub(super) pairs: Vec<Pair>,
    phase: Phase,
    queue: Queue,
    passes: u64,
    pub(super) source: Source,
    pub(super) not_checked: Vec<NotChecked>,
}

/// What is known of the system of record.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// Records scanned.
    pub(super) rows: u64,
    /// Records that could not be decoded.
    pub(super) unreadable: u64,
    /// Records that have the key of another one.
    pub(super) repeated: u64,
    /// Whether its first scan failed.
    pub(super) is_lost: bool,
}

/// What the next answers are for.
#[derive(Debug)]
enum Phase {
    Scan,
    Scanning(Pass),
    Collect,
    Collecting(Pass),
    Resolve,
    Resolving(Pass),
    Judge,
    Judging,
    Recount,
    Recounting(Pass),
    Ended,
}

/// The scans of one step.
#[derive(Debug, Default)]
struct Pass {
    folds: Vec<(usize, Arc<Fold>)>,
    answers: BTreeMap<usize, Result<Scanned>>,
    /// The pairs, each with what of its key space is scanned.
    scans: Vec<(Scan, Vec<Open>)>,
}

impl Pass {
    /// What became of a representation's scan, or why it failed.
    fn outcome(&self, representation: usize) -> std::result::Result<Scanned, String> {
        match self.answers.get(&representation) {
            Some(Ok(scanned)) => Ok(*scanned),
            Some(Err(error)) => Err(error.to_string()),
            None => Err("its scan was not answered".to_owned()),
        }
    }

    /// What the scan of a representation was folded into.
    fn fold(&self, representation: usize) -> Option<&Arc<Fold>> {
        let mut folds = self.folds.iter();
        folds
            .find(|(it, _)| *it == representation)
            .map(|(_, fold)| fold)
    }
}

impl Run {
    /// A check that begins with a full scan, or with the keys that changed lately where only these are in scope.
    pub(super) fn new(options: CheckOptions, layout: Layout) -> Self {
        let phase = if options.since.is_some() {
            Phase::Collect
        } else {
            Phase::Scan
        };
        let representations = &options.entity.representations;
        let is_optional = |at: usize| {
            representations
                .get(at)
                .is_some_and(|it| it.presence == Presence::Optional)
        };
        let targets = options.targets.iter();
        Self {
            pairs: targets
                .map(|it| Pair::new(*it, is_optional(*it), options.cells))
                .collect(),
            layout,
            phase,
            queue: Queue::default(),
            passes: 0,
            source: Source::default(),
            not_checked: Vec::new(),
            options,
        }
    }

    /// The next step; `None` at the end.
    pub(super) fn step(&mut self, now: Timestamp) -> Option<Step> {
        loop {
            match std::mem::replace(&mut self.phase, Phase::Ended) {
                Phase::Scan => return Some(self.scan()),
                Phase::Scanning(pass) => self.end_scan(&pass),
                Phase::Collect => match self.collect() {
                    Some(step) => return Some(step),
                    None => self.phase = Phase::Ended,
                },
                Phase::Collecting(pass) => self.end_collect(&pass),
                Phase::Resolve => match self.census(&self.hashed(), true) {
                    Some((pass, step)) => {
                        self.phase = Phase::Resolving(pass);
                        return Some(step);
                    }
                    None => self.single_out(&Pass::default()),
                },
                Phase::Resolving(pass) => self.single_out(&pass),
                Phase::Judge => {
                    self.queue = Queue::new(&self.pairs);
                    self.phase = Phase::Judging;
                }
                Phase::Judging => match self.queue.next(&mut self.pairs, &self.options, now) {
                    Next::Nothing => self.phase = Phase::Recount,
                    next => return self.judge(next),
                },
                Phase::Recount => {
                    let wanted = vec![self.repeating(), Vec::new()];
                    let (pass, step) = self.census(&wanted, false)?;
                    self.phase = Phase::Recounting(pass);
                    return Some(step);
                }
                Phase::Recounting(pass) => self.end_recount(&pass),
                Phase::Ended => return None,
            }
        }
    }

    /// Takes the answer to the last step. One that was not asked for is ignored: a stopped check may still be answered.
    pub(super) fn feed(&mut self, answer: Answer, now: Timestamp) {
        match (&mut self.phase, answer) {
            (
                Phase::Scanning(pass)
                | Phase::Collecting(pass)
                | Phase::Resolving(pass)
                | Phase::Recounting(pass),
                Answer::Scanned {
                    representation,
                    result,
                },
            ) => {
                pass.answers.insert(representation, result);
            }
            (Phase::Judging, Answer::Read { reads, .. }) => {
                let case = Case {
                    options: &self.options,
                    source: self.layout.source,
                    now,
                };
                self.queue.take(&mut self.pairs, &reads, &case);
            }
            _ => {}
        }
    }

    /// Ends with what is known; the rest is unknown.
    pub(super) fn stop(&mut self, why: &str) {
        match std::mem::replace(&mut self.phase, Phase::Ended) {
            Phase::Scanning(pass) | Phase::Collecting(pass) => self.abandon(&pass, why),
            _ => {}
        }
        for pair in &mut self.pairs {
            pair.give_up_open(why);
            let tallied = pair.tallies.values().filter(|it| it.source > 0).count() as u64;
            pair.unknown += tallied;
            pair.tallies.clear();
            pair.why_unread.get_or_insert_with(|| why.to_owned());
            pair.settle_rest();
        }
    }

    /// What a pass that was not ended has scanned so far is known to be there, and nothing else.
    fn abandon(&mut self, pass: &Pass, why: &str) {
        let rows = pass.fold(self.layout.source).map_or(0, |it| it.kept());
        self.source.rows = self.source.rows.max(rows);
        for (scan, open) in &pass.scans {
            let Some(pair) = self.pairs.get_mut(scan.pair) else {
                continue;
            };
            let known: u64 = open.iter().map(|it| it.rows).sum();
            let is_first = pair.source_rows == 0;
            pair.source_rows = if is_first { rows } else { pair.source_rows };
            pair.give_up(if is_first { rows } else { known }, why);
        }
    }

    /// Scans what is open: everything at first; later as many undecoded slices as there are cells for in one pass.
    ///
    /// The source is scanned once for all pairs of the pass.
    fn scan(&mut self) -> Step {
        let mut pass = Pass::default();
        let mut left = PASS_CELLS;
        let is_first = self.passes == 0;
        for at in 0..self.pairs.len() {
            let Some(pair) = self.pairs.get_mut(at) else {
                continue;
            };
            let open = if is_first {
                std::mem::take(&mut pair.open)
            } else {
                share(&mut pair.open, &mut left, pass.scans.is_empty())
            };
            if open.is_empty() {
                continue;
            }
            let slices: Vec<Slice> = open.iter().map(|it| it.slice).collect();
            let sketch = Sketch::new(self.options.seed, &slices, is_first && pair.is_optional);
            pair.scans += 1;
            pair.cells = pair.cells.max(sketch.n_cells());
            let scan = Scan {
                pair: at,
                sketch: Arc::new(sketch),
                filter: pair.filter.clone(),
            };
            pass.scans.push((scan, open));
        }
        self.passes += 1;
        let plans = self.plans(&mut pass);
        self.phase = Phase::Scanning(pass);
        Step::Scan(plans)
    }

    /// One scan of the source, then one of each copy.
    fn plans(&self, pass: &mut Pass) -> Vec<ScanPlan> {
        let scans: Vec<Scan> = pass.scans.iter().map(|(it, _)| it.clone()).collect();
        let source = self.layout.source_scan(&self.options, &scans, self.passes);
        let copies = scans.into_iter().filter_map(|scan| {
            let target = *self.options.targets.get(scan.pair)?;
            Some((
                target,
                self.layout.copy_scan(&self.options, scan, self.passes),
            ))
        });
        let tasks = std::iter::once((self.layout.source, source)).chain(copies);
        tasks
            .map(|(at, (projection, task))| self.plan(at, projection, task, pass))
            .collect()
    }

    /// One scan, with the fold that takes its rows.
    fn plan(
        &self,
        representation: usize,
        projection: Projection,
        task: Task,
        pass: &mut Pass,
    ) -> ScanPlan {
        let sample = self.options.sample.and_then(limit);
        let fold = Fold::new(self.options.seed, self.layout.kinds.clone(), sample, task);
        let fold = Arc::new(fold);
        pass.folds.push((representation, Arc::clone(&fold)));
        ScanPlan {
            representation,
            projection,
            fold,
        }
    }

    /// Decodes what the scans have left in the sketches.
    ///
    /// The first pass also counts: of a scan that failed, the other side tells how many records are unknown. A failure
    /// costs its own pair, that of the source all of them.
    fn end_scan(&mut self, pass: &Pass) {
        let source = pass.outcome(self.layout.source);
        let is_first = self.passes == 1;
        if is_first {
            self.source.rows = pass.fold(self.layout.source).map_or(0, |it| it.rows());
            self.source.is_lost = source.is_err();
            self.source.unreadable = source.as_ref().map_or(0, |it| it.unreadable);
        }
        let kept = pass.fold(self.layout.source).map_or(0, |it| it.kept());
        for (scan, open) in &pass.scans {
            let Some(pair) = self.pairs.get_mut(scan.pair) else {
                continue;
            };
            let copy = pass.outcome(pair.target);
            if is_first {
                let fold = pass.fold(pair.target);
                pair.source_rows = kept;
                pair.copy_rows = fold.map_or(0, |it| it.rows());
                pair.unreadable = copy.as_ref().map_or(0, |it| it.unreadable);
                if source.is_err() {
                    pair.source_rows = fold.map_or(0, |it| it.kept());
                }
            }
            match (&source, &copy) {
                (Ok(_), Ok(_)) => pair.decode(scan, open),
                (Err(why), _) | (_, Err(why)) => {
                    let rows = open.iter().map(|it| it.rows).sum();
                    pair.give_up(if is_first { pair.source_rows } else { rows }, why);
                    pair.give_up_open(why);
                }
            }
        }
        let is_open = self.pairs.iter().any(|it| !it.open.is_empty());
        self.phase = if is_open { Phase::Scan } else { Phase::Resolve };
    }

    /// The step that answers what the queue wants.
    fn judge(&mut self, next: Next) -> Option<Step> {
        self.phase = Phase::Judging;
        match next {
            Next::Read { pair, keys } => Some(Step::Read {
                representation: self.pairs.get(pair)?.target,
                keys,
            }),
            Next::Wait(until) => Some(Step::Wait { until }),
            Next::Nothing => None,
        }
    }

    /// Notes that nothing of a representation was checked.
    pub(super) fn note(&mut self, representation: usize, why: &str) {
        let dataset = outcome::dataset(&self.options, representation);
        let note = dataset.map(|it| NotChecked::dataset(&it, why));
        self.not_checked.extend(note);
    }

    /// Notes that so many records of a representation were not checked; 0 where nobody knows how many.
    pub(super) fn note_records(&mut self, representation: usize, count: u64, why: &str) {
        let dataset = outcome::dataset(&self.options, representation);
        let note = dataset.map(|it| NotChecked::records(count, &it, why));
        self.not_checked.extend(note);
    }
}

impl Pair {
    /// Takes the differences out of the sketch, slice by slice.
    fn decode(&mut self, scan: &Scan, open: &[Open]) {
        let was_filtered = self.filter.is_some();
        if let Some(filter) = scan.sketch.filter() {
            self.filter = Some(Arc::new(filter));
        }
        for (decoded, open) in scan.sketch.decode().into_iter().zip(open) {
            self.take(decoded, *open, was_filtered);
        }
    }
}

/// Takes as many slices as there are cells left for, and one at least if nothing was taken yet.
fn share(open: &mut Vec<Open>, left: &mut u32, is_first: bool) -> Vec<Open> {
    let mut taken = Vec::new();
    while let Some(next) = open.last().copied() {
        let is_needed = is_first && taken.is_empty();
        if next.cells() > *left && !is_needed {
            break;
        }
        *left = left.saturating_sub(next.cells());
        taken.push(next);
        open.pop();
    }
    taken
}

/// The hashes below which a share of all keys lies; `None` for all of them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of keys need not be exact, only the same in every run, and the cast saturates"
)]
fn limit(share: f64) -> Option<u64> {
    (share < 1.0).then(|| (share.max(0.0) * u64::MAX as f64) as u64)
}
