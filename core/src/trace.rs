//! A trace: one entity in all its representations, field by field, with a verdict for each.
//!
//! The workbench reads; this module judges. Nothing here waits, reads a clock or fails as a whole.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::compare::FieldVerdict;
use crate::deployment::Role;
use crate::error::Error;
use crate::lag::{Reading, SubjectBacklog};
use crate::mapping::Mapping;
use crate::name::DatasetId;
use crate::store::{ReadSpan, Refresh};
use crate::value::{Key, Record, Value};

mod judge;
mod passage;
mod searchable;
mod sentence;
#[cfg(test)]
mod tests;

pub use judge::{Judgement, judge, judge_copy};
pub use searchable::{SearchableCopy, SearchableState};

/// What is said of one representation, or of the whole entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// Every mapped field is equal.
    Agrees,
    /// It differs, and its edge has not yet passed the change.
    InFlight {
        /// The change is older than the objectives on its way allow.
        late: bool,
    },
    /// The edge has passed the change, and the copy is an older state of the source.
    Stale,
    /// The edge has passed the change, and the copy differs in another way.
    Conflicts,
    /// The record is absent downstream.
    Missing,
    /// The record is absent upstream.
    Orphan,
    /// It cannot be told.
    Unknown,
}

impl Verdict {
    /// The verdict's name in JSON: kebab-case, `late` beside it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::InFlight { .. } => "in-flight",
            Self::Stale => "stale",
            Self::Conflicts => "conflicts",
            Self::Missing => "missing",
            Self::Orphan => "orphan",
            Self::Unknown => "unknown",
        }
    }

    /// How bad it is: conflicts > stale > missing > orphan > unknown > in-flight > agrees.
    pub fn severity(self) -> u8 {
        match self {
            Self::Agrees => 0,
            Self::InFlight { late: false } => 1,
            Self::InFlight { late: true } => 2,
            Self::Unknown => 3,
            Self::Orphan => 4,
            Self::Missing => 5,
            Self::Stale => 6,
            Self::Conflicts => 7,
        }
    }

    /// Whether it is drift: the copies will not agree by themselves.
    pub fn is_drift(self) -> bool {
        matches!(
            self,
            Self::Stale | Self::Conflicts | Self::Missing | Self::Orphan
        )
    }
}

/// What the workbench read, for [`judge`] to judge.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The canonical key.
    pub key: Key,
    /// One a representation, in the order of the mapping.
    pub reads: Vec<Read>,
    /// How the fields are compared.
    pub mapping: Mapping,
}

/// What one representation answered.
#[derive(Clone, Debug)]
pub struct Read {
    /// The representation's role.
    pub role: Role,
    /// Whether an absent record is a difference.
    pub presence: crate::deployment::Presence,
    /// The record, nothing, or why it could not be read.
    pub found: Result<Option<Record>, Error>,
    /// The statement as the store ran it.
    pub statement: String,
    /// When the read that counts began and ended.
    pub span: ReadSpan,
    /// How often this representation was read.
    pub reads: u32,
    /// The edge by which changes reach it; `None` for the system of record and for what no edge reaches.
    pub way: Option<Way>,
    /// What searches find of it, where that is another answer than the stored record.
    pub searched: Option<SearchRead>,
}

/// What searches find of a representation's record; read after [`Read::found`].
#[derive(Clone, Debug)]
pub struct SearchRead {
    /// The record, nothing, or why it could not be read.
    pub found: Result<Option<Record>, Error>,
    /// The search as the store ran it.
    pub statement: String,
    /// When the search began and ended.
    pub span: ReadSpan,
    /// When what is stored becomes what is found.
    pub refresh: Refresh,
}

/// How changes reach a representation from the system of record.
#[derive(Clone, Debug)]
pub struct Way {
    /// The sum of the objectives on the way.
    pub allowed: Duration,
    /// The edges from the system of record on, and what was measured of each.
    pub steps: Vec<WayStep>,
    /// When the key last changed, as an outbox of the source says: the only word on when a deletion was made.
    pub changed_at: Option<Timestamp>,
}

/// One edge of a way, with what is known of its position for the traced key.
#[derive(Clone, Debug)]
pub struct WayStep {
    /// The edge as people read it: `shop.users → docs.users`.
    pub edge: String,
    /// Its mechanism.
    pub via: crate::deployment::Propagation,
    /// What the outbox says of this key, where the edge has one that knows keys and it could be read.
    ///
    /// It was read after the source and before the target's read that counts, so what it no longer holds, that read saw.
    pub subject: Option<SubjectBacklog>,
    /// The edge's last measurement.
    pub reading: Option<Reading>,
    /// The edge's objective.
    pub objective: Duration,
}

/// One entity, judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The entity's name.
    pub entity: String,
    /// The canonical key.
    pub key: Key,
    /// What to call it: the system of record's name or title, if it has one.
    pub label: Option<String>,
    /// When it was judged.
    pub at: Timestamp,
    /// The worst verdict of its observations.
    pub verdict: Verdict,
    /// The one sentence that answers first.
    pub sentence: String,
    /// The way of the change, step by step, for the worst representation.
    pub way: Vec<Step>,
    /// One a representation, in the order of the deployment file.
    pub observations: Vec<Observation>,
    /// How the fields were compared.
    pub mapping: Mapping,
}

/// One step of the way of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Where: a dataset or a mechanism.
    pub place: String,
    /// When the change was seen there.
    pub at: Option<Timestamp>,
    /// What is known: passed, waiting, or not known and why.
    pub state: StepState,
    /// In words: `changed`, `sent`, `waiting for 6 s`, `applied`, `not applied`.
    pub note: String,
}

/// Whether a change has passed a step of its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// It has passed.
    Passed,
    /// It waits here.
    Waiting,
    /// It went wrong here.
    Failed,
    /// It cannot be told.
    Unknown,
}

/// One representation, observed and judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The dataset.
    pub dataset: DatasetId,
    /// Where the fact is written first, or derived data.
    pub role: Role,
    /// What was found.
    pub state: Found,
    /// When the read that counts ended, and how long it took.
    pub read: ReadSpan,
    /// How often it was read.
    pub reads: u32,
    /// The version or change time of the record.
    pub version: Option<Value>,
    /// What is said of it.
    pub verdict: Verdict,
    /// How long ago the source changed; `None` where that is not known.
    pub age: Option<Duration>,
    /// Why, in words a person understands.
    pub reason: String,
    /// Why it could not be read.
    pub error: Option<Error>,
    /// The statement as the store ran it.
    pub statement: String,
    /// One a canonical field, in the system of record's column order, then listed ones.
    pub fields: Vec<FieldObservation>,
    /// The record in the store's own form.
    pub raw: Option<Record>,
    /// What searches find of it, where that is another answer than the stored record.
    pub searchable: Option<SearchableCopy>,
}

/// What was found of a representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// The record.
    Found,
    /// The store answered that there is none.
    Absent,
    /// The store did not answer, or not readably.
    Failed,
}

/// One field of one representation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldObservation {
    /// The canonical name.
    pub name: String,
    /// The value as the store has it; `None` is absent.
    pub value: Option<Value>,
    /// The system of record's value; `None` is absent or not known.
    pub truth: Option<Value>,
    /// What is said of it.
    pub verdict: FieldVerdict,
    /// The rule that made the two equal, or under which they differ: `exact`, `casefold`, `as decimal(4)`.
    pub rule: String,
}
