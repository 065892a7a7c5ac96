//! Everything that crosses to a front end: requests, replies and events, as postcard bytes.
//!
//! No row is pushed: events say how far a result is, and the grid pulls pages.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::deployment::{Edge, Entity, Environment};
use crate::error::{Error, ErrorKind, Result};
use crate::flow::GlobalLag;
use crate::lag::{ProbeKind, Reading, State};
use crate::name::{DatasetId, StoreId};
use crate::panes::{Comparison, Mapped};
use crate::profile::{Profile, SecretText, TestStep};
use crate::report::{Counts, Report, Scope};
use crate::store::{Access, Batch, Capability, Column, DataModel, Dataset, Language, Shape};
use crate::trace::Trace;
use crate::value::{Key, Value};

/// What a front end asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// What is open: stores, entities, flows. Answered from memory, at once.
    Overview,
    /// Asks every store again; its state comes in [`Reply::Stores`].
    Stores,
    /// Measures every edge; answered by [`Reply::Lag`].
    Lag,
    /// The datasets of one store.
    Datasets {
        /// The store.
        store: StoreId,
    },
    /// The shape of one dataset.
    Describe {
        /// The dataset.
        dataset: DatasetId,
    },
    /// One entity in all its representations.
    Trace {
        /// The entity's name.
        entity: String,
        /// The key's text, or the field's when `by` names one.
        key: String,
        /// A canonical field to find the entity by.
        by: Option<String>,
    },
    /// Entities whose mapped text fields hold `text`; names before keys.
    Find {
        /// The entity's name; all entities without it.
        entity: Option<String>,
        /// What the person typed.
        text: String,
        /// At most so many.
        limit: u32,
    },
    /// Runs statements side by side, under one run.
    Query {
        /// One a pane.
        panes: Vec<PaneStatement>,
        /// Shared by all panes.
        parameters: Vec<(String, Value)>,
    },
    /// Rows of a result.
    Page {
        /// The result.
        result: ResultId,
        /// The first row.
        first: u64,
        /// At most so many.
        count: u32,
    },
    /// Stops a run on every server, or one pane of it.
    Cancel {
        /// The run.
        run: RunId,
        /// The pane's index; all of them without it.
        pane: Option<u32>,
    },
    /// Forgets the results of a run, and stops it if it runs.
    Close {
        /// The run.
        run: RunId,
    },
    /// Compares results with the first of them; answered by [`Reply::Compared`].
    CompareResults {
        /// The results, all whole; the first is what the others are compared with.
        results: Vec<ResultId>,
        /// By which entity's mapping their fields are paired.
        mapped: Mapped,
        /// The fields that pair their records; guessed without it.
        key: Option<Vec<String>>,
    },
    /// Begins a check; events tell how far it is.
    Check(Scope),
    /// Stops a check; what it found so far can be had.
    CancelCheck {
        /// The check.
        check: CheckId,
    },
    /// What a check found, once it has ended.
    CheckReport {
        /// The check.
        check: CheckId,
    },
    /// Writes what a check found into a file, beside it first and then renamed.
    ExportReport {
        /// The check.
        check: CheckId,
        /// In which form.
        format: ReportFormat,
        /// Where; without it, a name made from the check in the person's documents, or the current folder.
        path: Option<String>,
    },
    /// The saved profiles.
    Profiles,
    /// Saves a profile under its name, in place of one of the same name.
    SaveProfile {
        /// The profile.
        profile: Profile,
        /// Its secret, for the keychain; `None` leaves what is there.
        secret: Option<SecretText>,
    },
    /// Removes a profile, and its secret from the keychain.
    RemoveProfile {
        /// Its name.
        name: String,
    },
    /// Tests a connection step by step, saved or not.
    TestProfile {
        /// The profile.
        profile: Profile,
        /// Its secret, where the person has just typed it.
        secret: Option<SecretText>,
    },
    /// Trusts the deployment file as it stands, so that the secrets it names are used; answered by [`Reply::Stores`].
    Trust,
    /// This machine's load.
    Machine,
    /// Measures edges, asks stores and reads the machine's load again and again, and sends what changed as events.
    ///
    /// A later watch takes the place of this one. Without `every`, nothing is watched any more.
    Watch {
        /// How often edges are measured.
        every: Option<Duration>,
    },
}

/// One statement for one store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaneStatement {
    /// The store.
    pub store: StoreId,
    /// The statement in the store's own language.
    pub text: String,
}

/// Names one run of one or several panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunId(pub u64);

/// Names one result of one pane of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResultId {
    /// The run.
    pub run: RunId,
    /// The pane's index.
    pub pane: u32,
    /// The result's index within the pane; statements in one text give several.
    pub index: u32,
}

/// What the workbench answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// To [`Request::Overview`].
    Overview(Box<Overview>),
    /// To [`Request::Stores`].
    Stores(Vec<StoreStatus>),
    /// To [`Request::Lag`].
    Lag(LagReport),
    /// To [`Request::Datasets`].
    Datasets(Vec<Dataset>),
    /// To [`Request::Describe`].
    Shape(Box<Shape>),
    /// To [`Request::Trace`].
    Trace(Box<Trace>),
    /// To [`Request::Find`].
    Found(Vec<Candidate>),
    /// To [`Request::Query`]: the run has begun; events tell how far it is.
    Running(RunId),
    /// To [`Request::Page`].
    Page(Page),
    /// To [`Request::CompareResults`].
    Compared(Box<Comparison>),
    /// To [`Request::Check`]: it has begun; events tell how far it is.
    Checking(CheckId),
    /// To [`Request::CheckReport`].
    Report(Box<Report>),
    /// To [`Request::ExportReport`].
    Written {
        /// The file's path.
        path: String,
    },
    /// To [`Request::Profiles`], and to every request that changes them.
    Profiles(Vec<Profile>),
    /// To [`Request::TestProfile`].
    Tested(Vec<TestStep>),
    /// To [`Request::Machine`].
    Machine(Machine),
    /// It is done, and there is nothing to say.
    Done,
    /// It failed.
    Failed(Error),
}

/// What happens without being asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// How far a pane is; at most ten times a second a pane, and once at its end.
    Pane {
        /// The run.
        run: RunId,
        /// The pane's index.
        pane: u32,
        /// How far.
        progress: PaneProgress,
    },
    /// How far a check is; at most ten times a second, and once at its end.
    Check {
        /// The check.
        check: CheckId,
        /// How far.
        progress: CheckProgress,
    },
    /// The lag of an edge changed since the last such event.
    Lag(LagReport),
    /// The state of stores changed.
    Stores(Vec<StoreStatus>),
    /// This machine's load, now and then.
    Machine(Machine),
}

/// Names one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CheckId(pub u64);

/// How far a check is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckProgress {
    /// What it is doing.
    pub state: PaneState,
    /// In words: `scanning user in 3 datasets`, `reading 1,204 keys again`, `waiting 3 s for changes in flight`.
    pub phase: String,
    /// The time so far, or in all.
    pub took: Duration,
    /// Each dataset of the entity under check: records scanned so far, and about how many there are.
    pub scanned: Vec<(DatasetId, u64, Option<u64>)>,
    /// Keys that differed in the scan and are read again.
    pub candidates: u64,
    /// Of those, how many were judged.
    pub judged: u64,
    /// Verdicts so far; those that agree are counted at the end.
    pub counts: Counts,
    /// Why it failed as a whole.
    pub error: Option<Error>,
}

/// The form of a report file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportFormat {
    /// One self-contained page.
    Html,
    /// Markdown.
    Markdown,
    /// The JSON of the command line.
    Json,
    /// One line a finding.
    Csv,
    /// JUnit XML, for build servers.
    Junit,
}

impl ReportFormat {
    /// Every form with the ending of its files.
    pub const ALL: [(&'static str, Self); 5] = [
        ("html", Self::Html),
        ("md", Self::Markdown),
        ("json", Self::Json),
        ("csv", Self::Csv),
        ("xml", Self::Junit),
    ];
}

/// How far a pane's statement is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaneProgress {
    /// What it is doing.
    pub state: PaneState,
    /// Why it failed.
    pub error: Option<Error>,
    /// The time to the first row.
    pub first_row: Option<Duration>,
    /// The time so far, or in all.
    pub took: Duration,
    /// Bytes of the rows so far, as kept.
    pub bytes: u64,
    /// Its results so far.
    pub results: Vec<ResultHead>,
    /// What the server had to say.
    pub notices: Vec<String>,
}

/// What a pane's statement is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaneState {
    /// It runs.
    Running,
    /// It ended.
    Done,
    /// It failed.
    Failed,
    /// The caller stopped it.
    Cancelled,
}

/// The head of one result: what the grid needs before it pulls rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultHead {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows so far.
    pub rows: u64,
    /// Rows changed, where the server counts them.
    pub affected: Option<u64>,
}

/// Rows of a result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// The result.
    pub result: ResultId,
    /// The index of the first row of the batch.
    pub first: u64,
    /// The rows; may be fewer than asked.
    pub batch: Batch,
}

/// What is open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// The deployment's name.
    pub name: String,
    /// The worst environment of its stores.
    pub environment: Environment,
    /// Its stores, as last known.
    pub stores: Vec<StoreStatus>,
    /// Its entities.
    pub entities: Vec<Entity>,
    /// Its edges.
    pub flows: Vec<Edge>,
    /// Its edges' lag, as last measured.
    pub lag: Option<LagReport>,
    /// What is odd about the graph: cycles, stores that no edge reaches.
    pub remarks: Vec<String>,
}

/// One store, as last asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoreStatus {
    /// Its name.
    pub name: StoreId,
    /// Where it is, without secrets.
    pub url: String,
    /// The product, once it has answered.
    pub product: Option<String>,
    /// Its version, once it has answered.
    pub version: Option<String>,
    /// The models of the datasets that the deployment uses there, else those that the store can hold.
    pub models: Vec<DataModel>,
    /// Its language.
    pub language: Language,
    /// Whether it answers.
    pub state: StoreState,
    /// The round trip of the last ping.
    pub latency: Option<Duration>,
    /// Why it does not answer.
    pub error: Option<Error>,
    /// What it can answer.
    pub capability: Capability,
    /// Whether it may be written to.
    pub access: Access,
    /// Where it stands.
    pub environment: Environment,
    /// Why it was chosen.
    pub why: Option<String>,
    /// When it was last asked.
    pub asked_at: Option<Timestamp>,
}

/// Whether a store answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreState {
    /// It answers.
    Up,
    /// It does not.
    Down,
    /// It was not asked yet.
    Unknown,
}

/// The lag of every edge, measured together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LagReport {
    /// When.
    pub at: Timestamp,
    /// One an edge, in the order of the deployment file.
    pub edges: Vec<EdgeLag>,
}

/// One edge and its last measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EdgeLag {
    /// The edge.
    pub edge: Edge,
    /// The measurement.
    pub reading: Reading,
    /// How far its target is behind the roots.
    pub global: GlobalLag,
}

impl EdgeLag {
    /// The state, for colours and marks.
    pub fn state(&self) -> State {
        self.reading.state
    }

    /// How it was measured.
    pub fn probe(&self) -> ProbeKind {
        self.reading.probe
    }
}

/// An entity that a search found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The entity's name.
    pub entity: String,
    /// Its key.
    pub key: Key,
    /// What to call it: its name or title.
    pub label: String,
    /// The field that answered, and its value.
    pub matched: (String, String),
}

/// This machine's load.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Of all cores, from 0 to 1.
    pub cpu: f32,
    /// Bytes in use.
    pub memory_used: u64,
    /// Bytes in all.
    pub memory_total: u64,
    /// Bytes that this program holds.
    pub own_memory: u64,
}

/// Encodes a request, a reply or an event.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>> {
    postcard::to_stdvec(message)
        .map_err(|it| Error::new(ErrorKind::Other, "encode a message").because(it))
}

/// Decodes what [`encode`] made.
pub fn decode<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Result<T> {
    postcard::from_bytes(bytes)
        .map_err(|it| Error::new(ErrorKind::InvalidInput, "decode a message").because(it))
}
