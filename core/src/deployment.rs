//! The deployment file: which stores there are, what is the same entity in them, and how changes flow.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::compare::FieldRule;
use crate::lag::{GroupProbe, OutboxProbe};
use crate::name::{DatasetId, FieldPath, KeyPattern, StoreId};
use crate::store::Access;

mod entity;
mod flow;
mod item;
mod notes;
mod probe;
mod problem;
mod profiles;
mod read;
mod representation;
mod rule;
mod secret;
mod store;
mod suggest;
#[cfg(test)]
mod tests;
pub(crate) mod url;

pub use problem::{Problem, Problems};
pub(crate) use profiles::read as read_profiles;
pub use read::parse;

/// The objective of an edge that states none.
pub const DEFAULT_OBJECTIVE: Duration = Duration::from_secs(5);

/// A deployment, as its file declares it: valid in itself, not yet checked against any server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// Its name.
    pub name: String,
    /// Its stores, in the order of the file.
    pub stores: Vec<StoreConfig>,
    /// Its entities, in the order of the file.
    pub entities: Vec<Entity>,
    /// Its edges, in the order of the file.
    pub flows: Vec<Edge>,
}

impl Deployment {
    /// The entity of that name.
    pub fn entity(&self, name: &str) -> Option<&Entity> {
        self.entities.iter().find(|it| it.name == name)
    }

    /// The store of that name.
    pub fn store(&self, id: &StoreId) -> Option<&StoreConfig> {
        self.stores.iter().find(|it| it.id == *id)
    }
}

/// One store of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreConfig {
    /// The name that people see.
    pub id: StoreId,
    /// Where it is; holds no password. `None` where a saved profile says it.
    pub url: Option<String>,
    /// The saved profile whose keys this table may override.
    pub profile: Option<String>,
    /// Where its secret comes from.
    pub secret: Option<SecretSource>,
    /// Drives colours and guards; `None` where the file says nothing, which a profile may then say.
    pub environment: Option<Environment>,
    /// Why this store was chosen.
    pub why: Option<String>,
    /// Whether statements that people type may write; a profile's own access cannot be changed here.
    pub access: Access,
}

/// Where a secret comes from; never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecretSource {
    /// The operating system's keychain.
    Keychain,
    /// An environment variable.
    Env(String),
    /// A file's content.
    File(String),
    /// What a program prints; only a person's own profile may say so, never a deployment file.
    Command(String),
}

/// Where a store stands; drives colours and guards.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Environment {
    /// Developers' own data.
    #[default]
    Dev,
    /// A rehearsal of production.
    Staging,
    /// The real thing.
    Production,
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dev => "dev",
            Self::Staging => "staging",
            Self::Production => "production",
        })
    }
}

/// A business object and where it is represented.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    /// Its name.
    pub name: String,
    /// The canonical names of its key's parts, in order.
    pub key: Vec<String>,
    /// Its representations, in the order of the file; exactly one is the system of record.
    pub representations: Vec<Representation>,
}

impl Entity {
    /// The representation where facts are written first.
    ///
    /// # Panics
    /// An entity that was not read by [`parse`] may have none.
    pub fn system_of_record(&self) -> &Representation {
        let record = self
            .representations
            .iter()
            .find(|it| it.role == Role::SystemOfRecord);
        record.expect("a deployment is read only with one system of record an entity")
    }
}

/// One dataset's form of an entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Representation {
    /// The dataset.
    pub dataset: DatasetId,
    /// Where the fact is written first, or derived data.
    pub role: Role,
    /// How a key is found in the dataset.
    pub key: KeyTemplate,
    /// Declared rules by canonical field name, in the order of the file.
    pub fields: Vec<(String, FieldRule)>,
    /// Canonical names that are not compared.
    pub ignore: Vec<String>,
    /// Whether fields of the same name are compared without being listed.
    pub map: MapMode,
    /// The version or change time; without it, the field that maps to the system of record's.
    pub version: Option<FieldPath>,
    /// Whether it may be absent.
    pub presence: Presence,
    /// A condition in the store's language that limits it.
    pub filter: Option<String>,
    /// Whether null and absent are equal in every field.
    pub null_is_absent: bool,
}

/// Where a fact is written first, or derived data made from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Facts are written here first.
    SystemOfRecord,
    /// Made from the system of record.
    #[default]
    Derived,
}

/// How the key of an entity is found in a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyTemplate {
    /// By these fields, in the order of the entity's key.
    Fields(Vec<FieldPath>),
    /// By a key of this pattern, whose parts are named as the entity's key.
    Pattern(KeyPattern),
}

/// Which fields are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MapMode {
    /// Those of the same name, and those that are listed.
    #[default]
    Automatic,
    /// Those that are listed.
    Listed,
}

/// Whether a representation must hold every entity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// An absent record is a difference.
    #[default]
    Required,
    /// An absent record agrees: it is not kept there now.
    Optional,
}

/// A flow of changes from one dataset, or whole store, to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// Where changes come from.
    pub from: Endpoint,
    /// Where they go.
    pub to: Endpoint,
    /// The mechanism.
    pub via: Propagation,
    /// How its lag is measured.
    pub probe: Probe,
    /// The staleness that the team allows.
    pub objective: Duration,
}

/// One end of an edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Endpoint {
    /// A dataset.
    Dataset(DatasetId),
    /// A whole store, joined by replication.
    Store(StoreId),
}

impl Endpoint {
    /// The store at this end.
    pub fn store(&self) -> &StoreId {
        match self {
            Self::Dataset(dataset) => &dataset.store,
            Self::Store(store) => store,
        }
    }

    /// Whether a record of `dataset` is at this end.
    pub fn covers(&self, dataset: &DatasetId) -> bool {
        match self {
            Self::Dataset(it) => it.same_as(dataset),
            Self::Store(it) => *it == dataset.store,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dataset(dataset) => dataset.fmt(f),
            Self::Store(store) => store.fmt(f),
        }
    }
}

/// The mechanism by which changes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Propagation {
    /// The server's own replication.
    Replication,
    /// Change data capture from the source's log.
    Cdc,
    /// A table of changes, written with the change itself.
    Outbox,
    /// The application writes to both.
    DualWrite,
    /// Writes pass through the cache.
    WriteThrough,
    /// Writes go to the cache and later to the store.
    WriteBehind,
    /// The application fills the cache on a miss.
    CacheAside,
    /// A job that runs now and then.
    Batch,
}

impl Propagation {
    /// Every mechanism with its name in the file.
    pub const ALL: [(&'static str, Self); 8] = [
        ("replication", Self::Replication),
        ("cdc", Self::Cdc),
        ("outbox", Self::Outbox),
        ("dual-write", Self::DualWrite),
        ("write-through", Self::WriteThrough),
        ("write-behind", Self::WriteBehind),
        ("cache-aside", Self::CacheAside),
        ("batch", Self::Batch),
    ];
}

impl fmt::Display for Propagation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL
            .iter()
            .find(|(_, it)| it == self)
            .map(|(name, _)| *name);
        f.write_str(name.expect("every mechanism is listed"))
    }
}

/// How an edge's lag is measured, with what the method needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Probe {
    /// By the rows of an outbox that are not sent.
    Outbox(OutboxProbe),
    /// By what a consumer group has not yet handled.
    Group(GroupProbe),
    /// By the newest versions at the source, looked up at the target.
    Newest,
    /// By the server's own replication positions.
    Replication {
        /// The slot at the primary.
        slot: Option<String>,
        /// The replica's name at the primary.
        replica: Option<String>,
    },
    /// By a marker that is written at the source.
    Heartbeat,
    /// Nothing can be measured: no probe is named and the versions of both sides are not known.
    None,
}
