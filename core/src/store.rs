//! What every connected store can be asked, and the types that go in and come out.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::Stream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::lag::{Backlog, Frontier, GroupProbe, OutboxProbe};
use crate::name::{DatasetId, FieldPath, StoreId};
use crate::value::{Key, Record, Value};

mod scan;
mod shape;

pub use scan::{Part, RowSink, Scanned, ValueRef};
pub use shape::{Column, Dataset, FieldShape, Index, Precision, Shape, TypeShare};

/// One connected data store.
///
/// # Cancel safety
///
/// Every future and stream may be dropped at any `.await`. The statement then stops on the server too: dropping hands
/// the call's id to the store's canceller, and a cancelled connection is closed, never pooled.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// The name that the deployment gives it.
    fn id(&self) -> &StoreId;

    /// What this server, at this version and with these grants, can answer. Probed at connect, never assumed from a name.
    fn capability(&self) -> Capability;

    /// Makes one round trip; reads no user data.
    async fn ping(&self, call: &Call) -> Result<Server>;

    /// Lists the datasets; reads catalogues, and no more than a bounded sample of user data.
    async fn datasets(&self, call: &Call) -> Result<Vec<Dataset>>;

    /// Reads the declared or sampled fields of one dataset, in bounded time.
    async fn describe(&self, call: &Call, dataset: &DatasetId) -> Result<Shape>;

    /// Runs one text of statements in the store's own language; rows arrive as they are read.
    async fn query(&self, call: &Call, statement: &Statement) -> Result<Rows>;

    /// Fetches many records by key, in as few round trips as the store can; fails per key.
    async fn get(
        &self,
        call: &Call,
        dataset: &DatasetId,
        keys: &[Key],
        fields: &Projection,
    ) -> Result<Got>;

    /// Reads the same records as [`Store::get`] does, but as searches find them: where that lags behind what is stored, a
    /// record has two states at a time. `None` where a store has one answer only.
    ///
    /// Asked after [`Store::get`], so that what it finds otherwise had not become visible by then.
    async fn searchable(
        &self,
        _: &Call,
        _: &DatasetId,
        _: &[Key],
        _: &Projection,
    ) -> Result<Option<Searchable>> {
        Ok(None)
    }

    /// Stops a call on the server; what dropping a call triggers. A call that is not running is no error.
    async fn cancel(&self, call: CallId) -> Result<()>;

    /// Finds at most `limit` records one of whose `paths` answers to `needle`. Requires [`Capability::find`].
    async fn find(
        &self,
        _: &Call,
        _: &DatasetId,
        _: &Search,
        _: &Projection,
    ) -> Result<Vec<Record>> {
        Err(Error::unsupported("find records by a field"))
    }

    /// The newest records by `version`, newest first. Requires [`Capability::newest`].
    async fn newest(
        &self,
        _: &Call,
        _: &DatasetId,
        _: &Newest,
        _: &Projection,
    ) -> Result<Vec<Record>> {
        Err(Error::unsupported("read the newest records"))
    }

    /// Reads an outbox: what of the subject's datasets is not sent yet, and what of each of the subject's keys is not,
    /// in one round trip where the store can. Requires [`Capability::backlog`].
    async fn backlog(&self, _: &Call, _: &OutboxProbe, _: &Subject) -> Result<Backlog> {
        Err(Error::unsupported("read an outbox"))
    }

    /// Reads what a consumer group has not yet acknowledged, delivered or not; otherwise as [`Store::backlog`].
    /// Requires [`Capability::group`].
    async fn pending(&self, _: &Call, _: &GroupProbe, _: &Subject) -> Result<Backlog> {
        Err(Error::unsupported("read a consumer group"))
    }

    /// Parts that cover the dataset, at most about `want`. Requires [`Capability::parts`].
    async fn parts(
        &self,
        _: &Call,
        _: &DatasetId,
        _: &Projection,
        _want: usize,
    ) -> Result<Vec<Part>> {
        Err(Error::unsupported("divide a dataset into parts"))
    }

    /// Feeds the cells of one part, key first, then the projection's fields in order. Requires [`Capability::parts`].
    async fn scan(
        &self,
        _: &Call,
        _: &Part,
        _: &Projection,
        _: &mut dyn RowSink,
    ) -> Result<Scanned> {
        Err(Error::unsupported("scan a part of a dataset"))
    }
}

/// What a store can answer: one flag a default method of [`Store`], and how far cancelling and read-only reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a flat list of capabilities is what people and JSON read"
)]
pub struct Capability {
    /// A dropped or cancelled statement stops on the server.
    pub cancel: bool,
    /// The server itself refuses writes in a read-only session.
    pub read_only_session: bool,
    /// One text of statements may give several results.
    pub multiple_results: bool,
    /// Parameters are bound, never pasted.
    pub parameters: bool,
    /// [`Store::find`].
    pub find: bool,
    /// [`Store::newest`].
    pub newest: bool,
    /// [`Store::backlog`].
    pub backlog: bool,
    /// [`Store::pending`].
    pub group: bool,
    /// [`Store::parts`] and [`Store::scan`].
    pub parts: bool,
    /// The parts of a dataset are read under one snapshot.
    pub snapshot: bool,
}

/// Names one call, so that it can be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CallId(pub u64);

/// Why a call is made; goes into the audit and, where a store can, into its own list of statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Connect, ping, catalogues and shapes.
    Inspect,
    /// A statement that a person typed.
    Query,
    /// Reading one entity.
    Trace,
    /// Measuring an edge.
    Lag,
    /// Reconciliation.
    Check,
}

/// Whether a store may be written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Nothing is written; the session is opened so.
    #[default]
    ReadOnly,
    /// Statements that people type may write.
    ReadWrite,
}

/// What goes with every call: its id, its time, and what it may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Names the call.
    pub id: CallId,
    /// How long it may take from the moment it is made; the server is told the same.
    pub deadline: Duration,
    /// Why it is made.
    pub purpose: Purpose,
    /// What it may do.
    pub access: Access,
}

/// The server at the other end, as it answered a ping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// The product's name, as its makers write it.
    pub product: String,
    /// Its version.
    pub version: String,
    /// The server's clock in the middle of the round trip, where it can be asked.
    pub clock: Option<Timestamp>,
}

/// The data model of a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataModel {
    /// Rows of declared columns.
    Relational,
    /// Documents that nest.
    Document,
    /// Keys and values.
    KeyValue,
    /// A search index.
    Search,
    /// Nodes and relationships.
    Graph,
    /// Partitions of sorted rows.
    WideColumn,
    /// Columns for analysis.
    Columnar,
    /// Points in time.
    TimeSeries,
    /// Embeddings.
    Vector,
    /// An event bus.
    Stream,
}

/// The native language of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// SQL in some dialect.
    Sql,
    /// Commands as typed at the store's own prompt.
    Commands,
    /// MongoDB's query language.
    Mql,
    /// A JSON query over REST.
    QueryDsl,
    /// Cypher.
    Cypher,
}

/// Statements in the store's own language, with parameters that are bound by name.
///
/// A parameter is written `{{name}}`, or as the language itself writes a named one (`:name` in SQL).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// The text.
    pub text: String,
    /// Values by name; a name that the text does not use is no error, one that it uses and is not here is.
    pub parameters: Vec<(String, Value)>,
}

/// Rows of one result, row-major.
///
/// At most 1,024 rows or about 1 MiB; `cells.len() == columns.len() * rows`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// The columns of the result to which the rows belong.
    pub columns: Arc<[Column]>,
    /// How many rows.
    pub rows: u32,
    /// The cells, row by row.
    pub cells: Vec<Value>,
}

/// One step of a stream of results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Chunk {
    /// Some rows. The first batch of a result has its columns, even when it has no rows.
    Rows(Batch),
    /// A further result begins.
    NextResult,
    /// What the server had to say.
    Notice(String),
    /// The statement ended.
    Done {
        /// Rows changed, where the server counts them.
        affected: Option<u64>,
    },
}

/// Several results in one stream. Dropping it stops the statement on the server.
pub type Rows = Pin<Box<dyn Stream<Item = Result<Chunk>> + Send>>;

/// Which fields of a record are wanted, and how the key is found in this dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Projection {
    /// The parts of the key, in the order of the entity's `key`.
    pub key: Vec<KeyPart>,
    /// The fields.
    pub fields: Fields,
    /// A condition in the store's own language that limits the dataset.
    pub filter: Option<String>,
}

/// One part of a key: its canonical name, which key patterns use, and its path in the dataset's records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPart {
    /// The name in the entity's `key`.
    pub name: String,
    /// Where this dataset has it.
    pub path: FieldPath,
}

/// All fields, or some.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fields {
    /// The whole record.
    All,
    /// These paths, in this order.
    Listed(Vec<FieldPath>),
}

/// The answer to [`Store::get`].
#[derive(Clone, Debug, PartialEq)]
pub struct Got {
    /// For each key, in the order asked: the record, `None` where there is none, or why it could not be read.
    pub found: Vec<Result<Option<Record>>>,
    /// The statement as the store ran it, with placeholders.
    pub statement: String,
    /// When the read began and ended, by our clock.
    pub read: ReadSpan,
    /// The position that the read saw, where the store tells.
    pub position: Option<Frontier>,
}

/// The answer to [`Store::searchable`].
#[derive(Clone, Debug, PartialEq)]
pub struct Searchable {
    /// For each key, in the order asked: the record that a search finds, `None` where it finds none, or why that is not
    /// known.
    pub found: Vec<Result<Option<Record>>>,
    /// The search as the store ran it, with placeholders.
    pub statement: String,
    /// When the search began and ended, by our clock.
    pub read: ReadSpan,
    /// When what is stored becomes what is found.
    pub refresh: Refresh,
}

/// When what is stored becomes what searches find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refresh {
    /// At least so often, by itself.
    Every(Duration),
    /// Only when somebody asks for it.
    Never,
    /// The store does not tell.
    Unknown,
}

/// When a read began and ended, by our clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadSpan {
    /// When the request was sent.
    pub began: Timestamp,
    /// When the answer was complete.
    pub ended: Timestamp,
}

/// What [`Store::find`] looks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// Any of these may answer.
    pub paths: Vec<FieldPath>,
    /// How.
    pub needle: Needle,
    /// At most so many records.
    pub limit: u32,
}

/// How a field answers to a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Needle {
    /// It equals this text, or the number or UUID that this text writes.
    Equals(String),
    /// It holds this text, whatever the case.
    Contains(String),
}

/// What [`Store::newest`] reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newest {
    /// The field that grows with every change.
    pub version: FieldPath,
    /// At most so many records.
    pub limit: u32,
}

/// What a backlog is asked about: a dataset, and perhaps some keys of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Names under which the outbox may know the dataset: any of them counts. Used where the probe names a dataset
    /// field; rows about other datasets are then left out of every number.
    pub names: Vec<String>,
    /// The keys' texts, as [`Key`] displays them.
    pub keys: Vec<String>,
}
