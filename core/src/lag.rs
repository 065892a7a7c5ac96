//! Lag: how far the target of an edge is behind its source.
//!
//! A number stands with its unit, its method and its age; what is not known is `None`, never zero.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::name::{DatasetId, FieldPath};

mod measure;

pub use measure::{Completeness, completeness, from_backlog, from_completeness, unknown};

/// A position before which every change is visible, in the store's own terms and as a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frontier {
    /// The store's own text: an LSN, a GTID set, an offset.
    pub position: Option<String>,
    /// The change time before which everything is visible.
    pub time: Option<Timestamp>,
}

/// How far a target is behind, in each unit that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lag {
    /// In time: the age of the oldest change that the target lacks; zero when it lacks none.
    pub time: Option<Duration>,
    /// In changes.
    pub records: Option<u64>,
    /// In bytes.
    pub bytes: Option<u64>,
    /// How much further it may fall behind before changes are lost.
    pub headroom: Option<Duration>,
}

/// What the mechanism of an edge is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Changes are outstanding.
    Behind,
    /// None is.
    CaughtUp,
    /// It cannot be told.
    Unknown,
    /// It will not move by itself; the numbers still stand.
    Broken,
}

/// How an edge's lag is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeKind {
    /// Rows of an outbox that are not sent.
    Outbox,
    /// Entries of a consumer group that are not delivered or acknowledged.
    Group,
    /// The newest versions at the source, looked up at the target.
    Newest,
    /// The server's own replication positions.
    Replication,
    /// A marker that is written at the source and awaited at the target.
    Heartbeat,
}

/// One measurement of one edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// What the mechanism is doing.
    pub state: State,
    /// Why it is unknown or broken, or what is odd about it.
    pub why: Option<String>,
    /// The distance.
    pub lag: Lag,
    /// How it was measured.
    pub probe: ProbeKind,
    /// The error bar of the time: skew of clocks and the time the measurement took.
    pub uncertainty: Duration,
    /// When it was measured, by our clock.
    pub measured_at: Timestamp,
    /// The change time before which everything is visible at the target, where the method tells.
    pub frontier: Option<Timestamp>,
}

impl Reading {
    /// Whether the lag is within `objective`; `None` where that is not known.
    pub fn within(&self, objective: Duration) -> Option<bool> {
        match self.state {
            State::Broken => Some(false),
            State::Unknown => None,
            State::Behind | State::CaughtUp => Some(self.lag.time? <= objective),
        }
    }
}

/// Where an outbox is and how its rows are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxProbe {
    /// The outbox table.
    pub table: DatasetId,
    /// When a row was written.
    pub created: FieldPath,
    /// When it was sent; null until then.
    pub sent: FieldPath,
    /// Which dataset or entity it is about; without it, every row is about the edge's source.
    pub dataset: Option<FieldPath>,
    /// The key of the record that it is about; without it, no position is known for a key.
    pub key: Option<FieldPath>,
}

/// Where a consumer group is, and how the entries of its stream say what they are about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupProbe {
    /// The stream or topic.
    pub stream: DatasetId,
    /// The group.
    pub group: String,
    /// Which dataset or entity an entry is about; without it, every entry is about the edge's source.
    pub dataset: Option<FieldPath>,
    /// The key of the record that it is about; without it, no position is known for a key.
    pub key: Option<FieldPath>,
}

/// What an outbox or a stream still holds for the target of an edge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backlog {
    /// Rows that are not sent, or entries that the group has not acknowledged.
    pub unsent: u64,
    /// When the oldest of them was written.
    pub oldest: Option<Timestamp>,
    /// When the newest sent row was sent.
    pub last_sent: Option<Timestamp>,
    /// The same for each key that was asked about, in that order; empty where the probe knows no keys.
    pub subjects: Vec<SubjectBacklog>,
}

/// What an outbox or a stream knows of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectBacklog {
    /// Its rows that are not sent.
    pub unsent: u64,
    /// When the oldest of those was written.
    pub oldest: Option<Timestamp>,
    /// When its newest row was written, sent or not.
    pub last_created: Option<Timestamp>,
    /// When its newest sent row was sent.
    pub last_sent: Option<Timestamp>,
}
