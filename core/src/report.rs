//! What a check found, as it is kept, shown and handed over.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::deployment::Edge;
use crate::human;
use crate::lag::Reading;
use crate::mapping::Mapping;
use crate::name::DatasetId;
use crate::trace::Verdict;
use crate::value::{Key, Value};
use crate::wire::ReportFormat;

mod csv;
mod headline;
mod html;
mod json;
mod junit;
mod markdown;
mod mask;
mod plain;
#[cfg(test)]
mod tests;
mod words;

pub use headline::headline;

/// The report as a file in that form: UTF-8 text, the same for the same report.
///
/// Values are masked in every form and keys are shown; every text from data is escaped for the form it stands in. HTML
/// lists 1,000 findings, Markdown 100 an entity and JUnit 20 a dataset, each saying how many more there are; JSON and CSV
/// have all.
pub fn render(report: &Report, format: ReportFormat) -> String {
    match format {
        ReportFormat::Html => html::render(report),
        ReportFormat::Markdown => markdown::render(report),
        ReportFormat::Json => json::render(report),
        ReportFormat::Csv => csv::render(report),
        ReportFormat::Junit => junit::render(report),
    }
}

/// What a check is asked to compare.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scope {
    /// The entities; all of the deployment where none is named.
    pub entities: Vec<String>,
    /// Only representations that a flow from this dataset reaches.
    pub from: Option<DatasetId>,
    /// Only this representation.
    pub to: Option<DatasetId>,
    /// The share of keys that is compared, above 0 and at most 1; all of them without it.
    pub sample: Option<f64>,
    /// Only what changed at the source within this time before the start.
    pub since: Option<Duration>,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The deployment's name.
    pub deployment: String,
    /// The version of this program.
    pub version: String,
    /// When the check began.
    pub started_at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What was asked for.
    pub scope: Scope,
    /// Whether it was stopped before its end: what it found stands, what it did not reach is in `not_checked`.
    pub is_cancelled: bool,
    /// The stores that were read: name, product and version, where they answered.
    pub stores: Vec<(String, String)>,
    /// One an entity, in the order of the deployment file.
    pub entities: Vec<EntityReport>,
    /// The lag of the edges while it ran.
    pub lag: Vec<LagDuring>,
    /// The command that runs the same check again.
    pub rerun: String,
}

/// What was found of one entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntityReport {
    /// The entity's name.
    pub entity: String,
    /// The names of its key's parts.
    pub key: Vec<String>,
    /// How its representations are compared.
    pub mapping: Mapping,
    /// Records scanned in each dataset, the system of record first.
    pub compared: Vec<(DatasetId, u64)>,
    /// One a derived representation that was in scope, in the order of the deployment file.
    pub pairs: Vec<PairReport>,
    /// Stale, conflicting, missing and orphaned copies, sorted by key and dataset.
    pub findings: Vec<Finding>,
    /// What could not be compared, and why.
    pub not_checked: Vec<NotChecked>,
}

/// What was found between the system of record and one other representation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairReport {
    /// The system of record.
    pub source: DatasetId,
    /// The other representation.
    pub target: DatasetId,
    /// Its keys by verdict.
    pub counts: Counts,
    /// Keys that the scan singled out for reading.
    pub candidates: u64,
    /// How often the datasets were scanned until every difference was decoded.
    pub scans: u32,
    /// The cells of the sketch.
    pub cells: u64,
    /// One of the keys that were read and could not be judged; `None` where every read gave a verdict.
    pub unjudged: Option<Unjudged>,
}

/// A key that was read and could not be judged, as an example of all of its dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unjudged {
    /// The canonical key.
    pub key: Key,
    /// Why, in words a person understands.
    pub why: String,
}

/// How many keys of a representation have each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Equal in every mapped field.
    pub agrees: u64,
    /// Not yet passed by their edge, late ones included.
    pub in_flight: u64,
    /// Those in flight that are older than their objectives allow.
    pub late: u64,
    /// An older state of the source.
    pub stale: u64,
    /// Different in another way.
    pub conflicts: u64,
    /// Absent downstream.
    pub missing: u64,
    /// Absent upstream.
    pub orphan: u64,
    /// Not to be told.
    pub unknown: u64,
}

/// One copy that drifted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The canonical key.
    pub key: Key,
    /// Where the copy is.
    pub dataset: DatasetId,
    /// Stale, conflicts, missing or orphan.
    pub verdict: Verdict,
    /// What differs, in the system of record's column order; empty where the record is missing or orphaned.
    pub differences: Vec<Difference>,
    /// How long ago the source changed; `None` where that is not known.
    pub age: Option<Duration>,
    /// When it was first and last seen to differ.
    pub first_seen: Timestamp,
    /// See `first_seen`.
    pub last_seen: Timestamp,
    /// How often the copy was read.
    pub reads: u32,
    /// Why it is drift, in words a person understands.
    pub reason: String,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The canonical name.
    pub field: String,
    /// The system of record's value; `None` is absent.
    pub truth: Option<Value>,
    /// The copy's value; `None` is absent.
    pub copy: Option<Value>,
    /// The rule under which they differ.
    pub rule: String,
}

/// Something that was not compared.
///
/// A dataset is named alone only where nothing of it was compared; of some records it says how many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotChecked {
    /// `docs.users`, a field of it, `3 records of docs.users`, or another part in words.
    pub what: String,
    /// Why.
    pub why: String,
}

/// The lag of one edge while a check ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LagDuring {
    /// The edge.
    pub edge: Edge,
    /// As measured at the start.
    pub first: Reading,
    /// As measured at the end.
    pub last: Reading,
    /// The largest lag in time of all measurements; `None` where none was known.
    pub max: Option<Duration>,
    /// How often it was measured.
    pub samples: u32,
}

impl Counts {
    /// Counts one key of that verdict.
    pub fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Agrees => self.agrees += 1,
            Verdict::InFlight { late } => {
                self.in_flight += 1;
                self.late += u64::from(late);
            }
            Verdict::Stale => self.stale += 1,
            Verdict::Conflicts => self.conflicts += 1,
            Verdict::Missing => self.missing += 1,
            Verdict::Orphan => self.orphan += 1,
            Verdict::Unknown => self.unknown += 1,
        }
    }

    /// The sum of two counts.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            agrees: self.agrees + other.agrees,
            in_flight: self.in_flight + other.in_flight,
            late: self.late + other.late,
            stale: self.stale + other.stale,
            conflicts: self.conflicts + other.conflicts,
            missing: self.missing + other.missing,
            orphan: self.orphan + other.orphan,
            unknown: self.unknown + other.unknown,
        }
    }

    /// Every count with its name in words; `late` is a part of those in flight.
    pub fn listed(self) -> [(&'static str, u64); 7] {
        [
            ("agrees", self.agrees),
            ("in flight", self.in_flight),
            ("stale", self.stale),
            ("conflicts", self.conflicts),
            ("missing", self.missing),
            ("orphan", self.orphan),
            ("unknown", self.unknown),
        ]
    }

    /// How many keys drifted.
    pub fn drifted(self) -> u64 {
        self.stale + self.conflicts + self.missing + self.orphan
    }
}

impl NotChecked {
    /// A whole dataset: nothing of it was compared.
    pub fn dataset(dataset: &DatasetId, why: impl Into<String>) -> Self {
        Self {
            what: dataset.to_string(),
            why: why.into(),
        }
    }

    /// So many records of a dataset, whose others were compared; 0 where nobody knows how many.
    pub fn records(count: u64, dataset: &DatasetId, why: impl Into<String>) -> Self {
        let records = match count {
            0 => "some records".to_owned(),
            count => human::plural(count, "record"),
        };
        Self {
            what: format!("{records} of {dataset}"),
            why: why.into(),
        }
    }

    /// Whether it is the whole dataset.
    pub fn is_dataset(&self, dataset: &DatasetId) -> bool {
        self.what == dataset.to_string()
    }

    /// Whether it is some records of the dataset.
    pub fn is_records_of(&self, dataset: &DatasetId) -> bool {
        let records = self.what.strip_suffix(&format!(" of {dataset}"));
        records.is_some_and(|it| it.ends_with(" record") || it.ends_with(" records"))
    }
}

impl EntityReport {
    /// Whether anything of the pair was compared; what it has no count of is then known to be none.
    pub fn was_compared(&self, pair: &PairReport) -> bool {
        let sides = [&pair.source, &pair.target];
        let is_whole = |it: &NotChecked| sides.iter().any(|side| it.is_dataset(side));
        !self.not_checked.iter().any(is_whole)
    }

    /// What of its records was not compared, in the copy or in the system of record.
    pub fn records_left_out<'r>(
        &'r self,
        pair: &'r PairReport,
    ) -> impl Iterator<Item = &'r NotChecked> {
        let sides = [&pair.target, &pair.source];
        let not_checked = self.not_checked.iter();
        not_checked.filter(move |it| sides.iter().any(|side| it.is_records_of(side)))
    }

    /// The counts of all its representations together.
    pub fn counts(&self) -> Counts {
        self.pairs
            .iter()
            .fold(Counts::default(), |sum, it| sum.plus(it.counts))
    }
}

impl Report {
    /// The counts of all its entities together.
    pub fn counts(&self) -> Counts {
        self.entities
            .iter()
            .fold(Counts::default(), |sum, it| sum.plus(it.counts()))
    }

    /// Its findings in order, each with its entity's name.
    pub fn findings(&self) -> impl Iterator<Item = (&str, &Finding)> {
        self.entities
            .iter()
            .flat_map(|it| it.findings.iter().map(|one| (it.entity.as_str(), one)))
    }
}

/// The name of an enum's variant in JSON: kebab-case.
fn kebab<T: Serialize>(variant: &T) -> String {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}
