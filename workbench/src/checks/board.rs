//! How far a check is, and whether it is to stop.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parallax_core::error::Error;
use parallax_core::name::DatasetId;
use parallax_core::reconcile::{Check, Fold};
use parallax_core::report::Counts;
use parallax_core::wire::{CheckId, CheckProgress, Event, PaneState};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::events::Events;

/// The least time between two words about a check that still runs.
const PROGRESS: Duration = Duration::from_millis(100);

/// The most time between two words, where nothing changes but the time.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Tells a front end how far a check is, and hears from it that it is to stop.
#[derive(Debug)]
pub(super) struct Board {
    id: CheckId,
    events: Events,
    cancelled: watch::Receiver<bool>,
    began: Instant,
    phase: String,
    scanned: Vec<Scanned>,
    // Of entities that are done, and of the one under check.
    before: Tally,
    now: Tally,
    told: Option<(Instant, CheckProgress)>,
}

/// One dataset of the entity under check.
#[derive(Debug)]
pub(super) struct Scanned {
    pub(super) dataset: DatasetId,
    pub(super) estimate: Option<u64>,
    /// The scan under way, or the last one.
    pub(super) fold: Option<Arc<Fold>>,
}

/// What was found so far.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    candidates: u64,
    judged: u64,
    counts: Counts,
}

impl Tally {
    fn plus(self, other: Self) -> Self {
        Self {
            candidates: self.candidates + other.candidates,
            judged: self.judged + other.judged,
            counts: self.counts.plus(other.counts),
        }
    }
}

impl Board {
    pub(super) fn new(id: CheckId, events: Events, cancelled: watch::Receiver<bool>) -> Self {
        Self {
            id,
            events,
            cancelled,
            began: Instant::now(),
            phase: String::new(),
            scanned: Vec::new(),
            before: Tally::default(),
            now: Tally::default(),
            told: None,
        }
    }

    /// How long the check has run.
    pub(super) fn took(&self) -> Duration {
        self.began.elapsed()
    }

    /// Whether the check is to stop.
    pub(super) fn is_cancelled(&self) -> bool {
        *self.cancelled.borrow()
    }

    /// Says what is done from now on.
    pub(super) fn enter(&mut self, phase: String) {
        self.phase = phase;
        self.tell_at_times();
    }

    /// Another entity is checked from now on.
    pub(super) fn turn_to(&mut self, scanned: Vec<Scanned>) {
        self.scanned = scanned;
        self.before = self.before.plus(self.now);
        self.now = Tally::default();
    }

    /// A dataset is scanned through `fold` from now on.
    pub(super) fn scans(&mut self, dataset: &DatasetId, fold: &Arc<Fold>) {
        let scanned = self.scanned.iter_mut().find(|it| it.dataset == *dataset);
        if let Some(scanned) = scanned {
            scanned.fold = Some(Arc::clone(fold));
        }
    }

    /// Takes over what a check has found so far.
    pub(super) fn note(&mut self, check: &Check) {
        self.now = Tally {
            candidates: check.candidates(),
            judged: check.judged(),
            counts: check.counts(),
        };
    }

    /// What the entity under check came to in the end.
    pub(super) fn note_end(&mut self, counts: Counts) {
        self.now.counts = counts;
    }

    /// How many candidates of the entity under check are not judged yet.
    pub(super) fn open(&self) -> u64 {
        self.now.candidates.saturating_sub(self.now.judged)
    }

    /// Works and tells how far it is meanwhile; drops the work and is `None` if the check is to stop.
    pub(super) async fn watch<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        let mut cancelled = self.cancelled.clone();
        loop {
            tokio::select! {
                biased;
                _ = cancelled.wait_for(|it| *it) => return None,
                done = &mut work => return Some(done),
                () = sleep(PROGRESS) => self.tell_at_times(),
            }
        }
    }

    /// The last word.
    pub(super) fn end(&mut self, state: PaneState, error: Option<Error>) {
        self.phase.clear();
        let progress = CheckProgress {
            error,
            ..self.progress(state)
        };
        self.send(progress);
    }

    fn tell_at_times(&mut self) {
        let progress = self.progress(PaneState::Running);
        let is_due = match &self.told {
            None => true,
            Some((at, told)) if is_news(told, &progress) => at.elapsed() >= PROGRESS,
            Some((at, _)) => at.elapsed() >= HEARTBEAT,
        };
        if is_due {
            self.told = Some((Instant::now(), progress.clone()));
            self.send(progress);
        }
    }

    fn send(&self, progress: CheckProgress) {
        self.events.send(Event::Check {
            check: self.id,
            progress,
        });
    }

    fn progress(&self, state: PaneState) -> CheckProgress {
        let tally = self.before.plus(self.now);
        let scanned = self.scanned.iter().map(|it| {
            let rows = it.fold.as_ref().map_or(0, |it| it.rows());
            (it.dataset.clone(), rows, it.estimate)
        });
        CheckProgress {
            state,
            phase: self.phase.clone(),
            took: self.took(),
            scanned: scanned.collect(),
            candidates: tally.candidates,
            judged: tally.judged,
            counts: tally.counts,
            error: None,
        }
    }
}

/// Whether more has changed than the time.
fn is_news(told: &CheckProgress, progress: &CheckProgress) -> bool {
    let without_time = CheckProgress {
        took: told.took,
        ..progress.clone()
    };
    *told != without_time
}
