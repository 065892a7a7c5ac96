//! The check: whether every copy of an entity agrees with its system of record, and which do not.
//!
//! [`Check`] decides and never acts: it asks for scans, reads and pauses by [`Step`], and is fed their [`Answer`]s.
//! It reads no clock; the present is an argument. A run goes like this:
//!
//! 1. The system of record and every copy are scanned once, at the same time. Each row becomes a symbol, its key and a
//!    hash of its compared fields, which is added to a sketch of fixed size for the source and taken off for the copy.
//!    What is alike on both sides leaves nothing behind, so memory does not grow with the rows.
//! 2. The sketch is decoded into the keys that differ, the candidates. Where there are too many for it, the parts of the
//!    key space that could not be decoded are scanned again with as many cells as they need.
//! 3. Every candidate is read by its key in an order that proves something, and judged by the rules of a trace. What is
//!    only undecided because it is young is read again later. A candidate never is a finding by itself.
//!
//! Equal rows always have equal hashes or become candidates; rows that differ have equal hashes with a probability of
//! about 2⁻⁶⁴ each, under a seed that is another one in every run.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::deployment::Entity;
use crate::error::Result;
use crate::mapping::Mapping;
use crate::report::{Counts, EntityReport};
use crate::store::{Projection, Scanned, Shape};
use crate::trace;
use crate::value::Key;

mod fold;
mod key;
mod layout;
mod outcome;
mod pair;
mod queue;
mod run;
mod sketch;
#[cfg(test)]
mod tests;

pub use fold::{Fold, Folding};

use layout::Layout;
use run::Run;

/// The cells of one pair's sketch: about 16 MiB, enough for some 200,000 differing rows at once.
pub const DEFAULT_CELLS: usize = 1 << 18;

/// The most keys in one [`Step::Read`].
pub const READ_BATCH: usize = 500;

/// What one check of one entity is given.
#[derive(Clone, Debug)]
pub struct CheckOptions {
    /// The entity; exactly one of its representations is the system of record.
    pub entity: Entity,
    /// How its representations are compared.
    pub mapping: Mapping,
    /// The types of keys and fields, in the order of the entity's representations; an error where they are not known.
    pub shapes: Vec<Result<Shape>>,
    /// The derived representations in scope, by index.
    pub targets: Vec<usize>,
    /// The share of keys that is compared, above 0 and at most 1; the same keys in every run. All without it.
    pub sample: Option<f64>,
    /// Only keys whose source changed at or after this time.
    pub since: Option<Timestamp>,
    /// The age of a change that is allowed, one a representation: the sum of the objectives on its way.
    pub allowed: Vec<Duration>,
    /// Random in every run; findings do not depend on it.
    pub seed: u64,
    /// The cells of each pair's first sketch, see [`DEFAULT_CELLS`].
    pub cells: usize,
}

/// What a check wants done next.
#[derive(Debug)]
pub enum Step {
    /// Scan these datasets, all at once, each by parts, every part with a sink of its own from [`Fold::sink`]. Then feed
    /// one [`Answer::Scanned`] each.
    Scan(Vec<ScanPlan>),
    /// Read these keys, at most [`READ_BATCH`]: the source, the positions of the way, the copy, the source once more.
    /// Then feed one [`Answer::Read`].
    Read {
        /// The copy, by its index in the entity.
        representation: usize,
        /// The keys.
        keys: Vec<Key>,
    },
    /// Do nothing until then.
    Wait {
        /// The time to ask again.
        until: Timestamp,
    },
    /// The check has ended.
    Done(Box<EntityReport>),
}

/// One dataset to be scanned.
#[derive(Debug)]
pub struct ScanPlan {
    /// The representation, by its index in the entity.
    pub representation: usize,
    /// The key and the fields, in the order in which the sink takes them.
    pub projection: Projection,
    /// Makes the sinks.
    pub fold: Arc<Fold>,
}

/// What came of a step.
#[derive(Debug)]
pub enum Answer {
    /// To one plan of [`Step::Scan`]: of all its parts together.
    Scanned {
        /// The representation, by its index in the entity.
        representation: usize,
        /// What was scanned. After an error the representation is unknown, never wrong; after one of the source, all are.
        result: Result<Scanned>,
    },
    /// To [`Step::Read`].
    Read {
        /// The copy, by its index in the entity.
        representation: usize,
        /// One a key, in any order; a key without one is unknown.
        reads: Vec<KeyRead>,
    },
}

/// The evidence for one key: the source, the positions of its way, the copy and the source again were read in this order.
#[derive(Clone, Debug)]
pub struct KeyRead {
    /// The key as it was asked for.
    pub key: Key,
    /// What the system of record answered.
    pub source: trace::Read,
    /// What the copy answered, with the way of changes to it.
    pub copy: trace::Read,
    /// Whether the source stood still meanwhile.
    pub settled: bool,
}

/// One check of one entity, from its first scan to its report.
///
/// Calling [`Check::step`] before all answers are fed takes those that are missing for failures.
pub struct Check {
    state: State,
}

enum State {
    Running(Box<Run>),
    /// With its report, until that is handed over.
    Ended(Box<EntityReport>),
}

impl Check {
    /// A check that has not begun.
    pub fn new(options: CheckOptions) -> Self {
        let state = match Layout::new(&options) {
            Some(layout) => State::Running(Box::new(Run::new(options, layout))),
            None => State::Ended(Box::new(outcome::nothing(&options))),
        };
        Self { state }
    }

    /// What is to be done now. After the end it is [`Step::Done`] with the same report again.
    pub fn step(&mut self, now: Timestamp) -> Step {
        if let State::Running(run) = &mut self.state {
            if let Some(step) = run.step(now) {
                return step;
            }
            self.state = State::Ended(Box::new(run.report()));
        }
        match &self.state {
            State::Ended(report) => Step::Done(report.clone()),
            // It has just ended.
            State::Running(_) => Step::Wait { until: now },
        }
    }

    /// Takes what came of the last step. An answer that was not asked for is ignored.
    pub fn feed(&mut self, answer: Answer, now: Timestamp) {
        if let State::Running(run) = &mut self.state {
            run.feed(answer, now);
        }
    }

    /// Ends the check: the next step is [`Step::Done`] with what is known, and the rest is not checked, for `why`.
    pub fn stop(&mut self, why: &str) {
        if let State::Running(run) = &mut self.state {
            run.stop(why);
            self.state = State::Ended(Box::new(run.report()));
        }
    }

    /// Keys that the scan singled out so far, of all representations.
    pub fn candidates(&self) -> u64 {
        match &self.state {
            State::Running(run) => run.candidates(),
            State::Ended(report) => report.pairs.iter().map(|it| it.candidates).sum(),
        }
    }

    /// Of those, how many are judged.
    pub fn judged(&self) -> u64 {
        match &self.state {
            State::Running(run) => run.judged(),
            State::Ended(_) => self.candidates(),
        }
    }

    /// The verdicts so far; what agrees without having been read is counted at the end.
    pub fn counts(&self) -> Counts {
        match &self.state {
            State::Running(run) => run.counts(),
            State::Ended(report) => report.counts(),
        }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_ended = matches!(self.state, State::Ended(_));
        f.debug_struct("Check")
            .field("has_ended", &has_ended)
            .field("candidates", &self.candidates())
            .finish_non_exhaustive()
    }
}
