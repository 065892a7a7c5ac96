//! Comparing the results of panes: records paired by key, their fields by name or by an entity's mapping.
//!
//! The first result is what the others are compared with. A result becomes records ([`Form`]): a row is one, and so are
//! the fields of a hash that stand below each other, or the document in a column. Where the panes show datasets of one
//! entity of the deployment, its mapping pairs the fields and its rules compare them, as in a trace; a field without a
//! rule is equal only if its canonical form is, so the text `42` is not the number 42.
//!
//! Memory is bounded: at most [`MAX_RECORDS`] a result, [`MAX_BYTES`] of the first result's compared values, and the
//! values of at most [`MAX_ROWS`] keys in the answer; the counts are of all.

use serde::{Deserialize, Serialize};

use crate::compare::FieldVerdict;
use crate::name::{DatasetId, StoreId};
use crate::value::Value;

mod comparer;
mod form;
mod guess;
mod json;
mod key;
mod plan;
#[cfg(test)]
mod tests;
mod words;

pub use comparer::Comparer;
pub use form::{Form, Outline, Records};
pub use guess::{entity, representation};
pub use json::to_json;
pub use plan::{Paired, Plan, Side};

/// The most records that a result may have to be compared.
pub const MAX_RECORDS: u64 = 100_000;
/// The most bytes that the first result's keys and compared values may take, about.
pub const MAX_BYTES: usize = 64 << 20;
/// The most keys that the answer lists with their values; those that differ come first.
pub const MAX_ROWS: usize = 500;
/// The most bytes of values that the answer holds, about.
pub const MAX_ANSWER: usize = 8 << 20;

/// By which entity's mapping fields are paired.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mapped {
    /// By that of the entity whose datasets the statements name, if there is one.
    #[default]
    Guess,
    /// By none: by names alone.
    Nothing,
    /// By that of this entity.
    Entity(String),
}

/// What came of comparing results with the first of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The entity whose mapping paired the fields.
    pub entity: Option<String>,
    /// The fields that paired the records; none where each result is one record.
    pub key: Vec<String>,
    /// The fields that every result has, any of which may be the key.
    pub offered: Vec<String>,
    /// The fields that were compared, in the order of [`ComparedRecord::cells`].
    pub fields: Vec<String>,
    /// Fields that are there and were not compared, and why.
    pub skipped: Vec<Skipped>,
    /// The results, in the order asked for; the first is what the others are compared with.
    pub sides: Vec<SideSummary>,
    /// At most [`MAX_ROWS`] keys, those that differ first.
    pub rows: Vec<ComparedRow>,
    /// How many keys there are in all.
    pub keys: u64,
}

/// A field that was not compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Its name.
    pub field: String,
    /// Why, such as `not in cache`.
    pub why: String,
}

/// One result, and how it stands to the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SideSummary {
    /// The store's name, with a number where several results come from it.
    pub name: String,
    /// The store.
    pub store: StoreId,
    /// The dataset that it is taken for.
    pub dataset: Option<DatasetId>,
    /// How its rows became records.
    pub form: Form,
    /// Its records.
    pub records: u64,
    /// How many of the compared fields it has.
    pub fields: u64,
    /// How many equal the first's.
    pub equal: u64,
    /// How many differ from the first's.
    pub different: u64,
    /// How many have fields that could not be compared, and no different ones.
    pub unknown: u64,
    /// How many the first has and this one lacks.
    pub missing: u64,
    /// How many this one has and the first lacks.
    pub extra: u64,
    /// How many repeat a key and were not compared.
    pub repeated: u64,
    /// How many have no key and were not compared.
    pub keyless: u64,
}

/// One key in all results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedRow {
    /// The key's parts; none where each result is one record.
    pub key: Vec<Value>,
    /// One a result, in their order.
    pub records: Vec<ComparedRecord>,
}

/// What one result has under a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedRecord {
    /// How it stands to the first's.
    pub standing: Standing,
    /// One a compared field; none where there is no record.
    pub cells: Vec<ComparedCell>,
}

/// How a record stands to the first result's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It is the first result's own.
    First,
    /// Neither has it.
    Neither,
    /// All compared fields are equal.
    Equal,
    /// Something could not be compared, and nothing differs.
    Unknown,
    /// This one has it, and the first lacks it.
    Extra,
    /// The first has it, and this one lacks it.
    Missing,
    /// A field differs.
    Different,
}

impl Standing {
    /// Whether it says that the results are not equal.
    pub fn is_finding(self) -> bool {
        matches!(
            self,
            Self::Different | Self::Missing | Self::Extra | Self::Unknown
        )
    }
}

/// One field of one record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedCell {
    /// Against the first; the first's own are equal.
    pub verdict: FieldVerdict,
    /// The value; `None` is absent.
    pub value: Option<Value>,
    /// The rule under which they are equal or differ.
    pub rule: String,
    /// Why they differ, where the values alone do not say it.
    pub why: Option<String>,
}

/// The one word for all results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overall {
    /// Every record of every result equals the first's.
    Equal,
    /// Some do not.
    Different,
    /// It cannot be said: nothing was compared, or not all of it could be.
    Unknown,
}

impl Comparison {
    /// The one word for all results.
    pub fn overall(&self) -> Overall {
        let others = self.sides.iter().skip(1);
        let differs = |it: &SideSummary| it.different + it.missing + it.extra > 0;
        let doubtful = |it: &SideSummary| it.unknown + it.repeated + it.keyless > 0;
        if others.clone().any(differs) {
            return Overall::Different;
        }
        let is_empty = self.keys == 0 || self.sides.len() < 2;
        if is_empty || self.sides.iter().any(doubtful) || !self.is_all_compared() {
            return Overall::Unknown;
        }
        Overall::Equal
    }

    /// A result that shares no field with the first equals nothing; where nothing but the key was asked for, keys do.
    fn is_all_compared(&self) -> bool {
        if self.fields.is_empty() {
            return !self.key.is_empty();
        }
        self.sides.iter().all(|it| it.fields > 0)
    }

    /// Whether every record of every result equals the first's.
    pub fn is_equal(&self) -> bool {
        self.overall() == Overall::Equal
    }

    /// The answer in one sentence.
    pub fn sentence(&self) -> String {
        words::sentence(self)
    }
}
