//! What a store under trial is given: data of its own, which is removed afterwards, and what to say to it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use libtest_mimic::Failed;
use parallax_connections::guard::Canceller;
use parallax_connections::secret::Secret;
use parallax_connections::stores;
use parallax_core::deployment::{Environment, StoreConfig};
use parallax_core::error::Result;
use parallax_core::name::{DatasetId, FieldPath, StoreId};
use parallax_core::store::{Access, Store};
use parallax_tests::Held;
use parallax_tests::servers::{self, Server};
use tokio::task::JoinSet;

use crate::grounds::{elasticsearch, mongodb, mysql, neo4j, postgres, redis, sqlite};
use crate::types::{Place, Typed};

/// The users of every ground, by key from 1.
pub(crate) const USERS: u32 = 100;

/// The length of the long value, in letters of one byte.
pub(crate) const WIDE: usize = 8 << 20;

/// A key, and a part of a name, that every language would like to take for something else.
pub(crate) const ODD: &str = "x*?[a-z] '; drop -- é:1";

/// A kind of store under trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Sqlite,
    Postgres,
    Mariadb,
    Ferretdb,
    MongoJava,
    Redis,
    Elasticsearch,
    Opensearch,
    Neo4j,
}

impl Subject {
    /// In the order of the README's table.
    pub(crate) const ALL: [Self; 9] = [
        Self::Sqlite,
        Self::Postgres,
        Self::Mariadb,
        Self::Ferretdb,
        Self::MongoJava,
        Self::Redis,
        Self::Elasticsearch,
        Self::Opensearch,
        Self::Neo4j,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mariadb => "mariadb",
            Self::Ferretdb => "ferretdb",
            Self::MongoJava => "mongo-java-server",
            Self::Redis => "redis",
            Self::Elasticsearch => "elasticsearch",
            Self::Opensearch => "opensearch",
            Self::Neo4j => "neo4j",
        }
    }

    /// The shared server; fails where it does not run.
    pub(crate) fn server(self) -> Result<Server, Failed> {
        let missing = || {
            let name = self.name();
            Failed::from(format!("no server {name}: run `cargo xtask servers up`"))
        };
        servers::find(self.name()).ok_or_else(missing)
    }

    /// The adapter that it is met by, as people say it.
    pub(crate) fn wire(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL and what speaks its protocol",
            Self::Mariadb => "MySQL and what speaks its protocol",
            Self::Ferretdb | Self::MongoJava => "MongoDB and what speaks its protocol",
            Self::Redis => "Redis and what speaks its protocol",
            Self::Elasticsearch | Self::Opensearch => "Elasticsearch and OpenSearch",
            Self::Neo4j => "Neo4j and what speaks Bolt",
        }
    }

    /// What its datasets are.
    pub(crate) fn holds(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "tables, JSON documents, keys with expiry, FTS5 indices, nodes and edges"
            }
            Self::Postgres | Self::Mariadb => "tables, views",
            Self::Ferretdb | Self::MongoJava => "collections of documents, views",
            Self::Redis => "hashes, strings, JSON strings, sets, lists, sorted sets, streams",
            Self::Elasticsearch | Self::Opensearch => "indices, aliases, data streams",
            Self::Neo4j => "labels, relationships between labels",
        }
    }

    /// How often its server is killed and started again.
    pub(crate) fn restarts(self) -> usize {
        match self {
            Self::Elasticsearch | Self::Opensearch | Self::Neo4j => 1,
            _ => 2,
        }
    }

    /// Makes the data and connects.
    pub(crate) async fn ground(self) -> Result<Ground, Failed> {
        match self {
            Self::Sqlite => sqlite::ground().await,
            Self::Postgres => postgres::ground(&self.server()?).await,
            Self::Mariadb => mysql::ground(&self.server()?).await,
            Self::Ferretdb | Self::MongoJava => mongodb::ground(&self.server()?).await,
            Self::Redis => redis::ground(&self.server()?).await,
            Self::Elasticsearch | Self::Opensearch => elasticsearch::ground(&self.server()?).await,
            Self::Neo4j => neo4j::ground(&self.server()?).await,
        }
    }

    /// The types of its values that are brought there and back.
    pub(crate) fn types(self) -> Vec<Typed> {
        match self {
            Self::Sqlite => sqlite::types(),
            Self::Postgres => postgres::types(),
            Self::Mariadb => mysql::types(),
            Self::Ferretdb | Self::MongoJava => mongodb::types(),
            Self::Redis => redis::types(),
            Self::Elasticsearch | Self::Opensearch => elasticsearch::types(),
            Self::Neo4j => neo4j::types(),
        }
    }

    /// Why a case has nothing to show of this store, if so.
    pub(crate) fn not_applicable(self, case: &str) -> Option<&'static str> {
        let of = |all: &[(&str, &'static str)]| {
            all.iter().find(|(it, _)| *it == case).map(|(_, why)| *why)
        };
        match self {
            Self::Sqlite => of(sqlite::NOT_APPLICABLE),
            Self::Postgres => None,
            Self::Mariadb => of(mysql::NOT_APPLICABLE),
            Self::Ferretdb => of(mongodb::NOT_APPLICABLE_TO_FERRETDB),
            Self::MongoJava => of(mongodb::NOT_APPLICABLE_TO_MONGO_JAVA),
            Self::Redis => of(redis::NOT_APPLICABLE),
            Self::Elasticsearch => of(elasticsearch::NOT_APPLICABLE),
            Self::Opensearch => of(elasticsearch::NOT_APPLICABLE_TO_OPENSEARCH),
            Self::Neo4j => of(neo4j::NOT_APPLICABLE),
        }
    }
}

/// A store with data of its own.
pub(crate) struct Ground {
    pub(crate) store: Arc<dyn Store>,
    /// Ends the calls that are dropped, as in the workbench, for as long as the ground is there.
    pub(crate) _canceller: JoinSet<()>,
    /// Where the key of its records is.
    pub(crate) key: FieldPath,
    /// [`USERS`] records with a key, `name` and `updated_at`.
    pub(crate) users: DatasetId,
    /// The record `big`, whose [`Ground::value`] is [`WIDE`] letters long.
    pub(crate) wide: DatasetId,
    pub(crate) empty: DatasetId,
    /// The record [`ODD`] in a dataset with an odd name.
    pub(crate) odd: DatasetId,
    /// Where the value of a record with one value is.
    pub(crate) value: FieldPath,
    pub(crate) words: Words,
    /// A word that no other ground has.
    pub(crate) mark: String,
    /// What the names that the store lists of them hold; empty where it lists no others.
    pub(crate) listed: String,
    pub(crate) owner: Box<dyn Owner>,
}

/// Statements in the store's own language.
pub(crate) struct Words {
    /// Runs for longer than any case waits; holds [`Ground::mark`] where the server lists statements.
    pub(crate) endless: String,
    pub(crate) write: String,
    /// Gives two results.
    pub(crate) two: String,
    /// Needs the parameter `nobody`.
    pub(crate) nobody: String,
    /// Gives the long value.
    pub(crate) big: String,
}

/// The password of accounts that a test makes.
pub(crate) const STRANGE: &str = "stranger-hunter2";

/// An account without rights.
pub(crate) struct Stranger {
    pub(crate) user: String,
    pub(crate) password: String,
}

impl Stranger {
    /// With the password [`STRANGE`].
    pub(crate) fn new(user: &str) -> Self {
        Self {
            user: user.to_owned(),
            password: STRANGE.to_owned(),
        }
    }
}

/// The application that owns the data, by means that are not ours.
pub(crate) trait Owner: Send + Sync {
    /// How many statements that hold `mark` the server itself lists.
    fn running<'a>(&'a self, mark: &'a str) -> BoxFuture<'a, Result<usize, Failed>>;

    /// Writes a value of each type, and says where each is and what asks for it. `mark` is that of the ground.
    fn typed<'a>(
        &'a self,
        mark: &'a str,
        types: &'a [Typed],
    ) -> BoxFuture<'a, Result<Vec<Place>, Failed>>;

    /// An account that may log in and read nothing of the ground.
    fn stranger<'a>(&'a self, mark: &'a str) -> BoxFuture<'a, Result<Stranger, Failed>>;

    /// Writes the long value, where the ground does not have it from the beginning.
    fn widen<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), Failed>> {
        async { Ok(()) }.boxed()
    }

    /// Makes the endless statement last where the store has none that lasts by itself, until what this gives is dropped.
    fn hold(&self) -> BoxFuture<'_, Result<Option<Held>, Failed>> {
        async { Ok(None) }.boxed()
    }

    /// Removes the data, and the stranger.
    fn remove(self: Box<Self>) -> BoxFuture<'static, Result<(), Failed>>;
}

/// A store, and what ends its dropped calls.
pub(crate) fn connect(
    url: &str,
    secret: Option<&str>,
    base: &Path,
) -> Result<(Arc<dyn Store>, JoinSet<()>)> {
    let config = StoreConfig {
        id: StoreId::new("shop").expect("a name"),
        url: Some(url.to_owned()),
        profile: None,
        secret: None,
        environment: Some(Environment::Dev),
        why: None,
        access: Access::ReadOnly,
    };
    let guarded = stores::guarded(&config, base, secret.map(Secret::new), Access::ReadOnly)?;
    let (queue, canceller) = Canceller::new();
    let mut running = JoinSet::new();
    running.spawn(canceller.run());
    Ok((Arc::new(guarded.cancelling(queue)), running))
}

/// The store on a server, with its password or another one.
pub(crate) fn connect_to(server: &Server, secret: &str) -> Result<(Arc<dyn Store>, JoinSet<()>)> {
    let secret = Some(secret).filter(|it| !it.is_empty());
    connect(&server.url_without_password(), secret, Path::new("."))
}

/// A word that no other trial has: letters only, for digits may be taken for a key.
pub(crate) fn mark() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = format!(
        "{}x{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    let letter = |it: u8| {
        char::from(if it.is_ascii_digit() {
            it - b'0' + b'a'
        } else {
            it
        })
    };
    format!(
        "behavior_{}",
        number.bytes().map(letter).collect::<String>()
    )
}

/// A name that stands in quotes, doubled inside.
pub(crate) const ODD_NAME: &str = r#""odd ""name"".x; drop--é{id}""#;

/// What is between the quotes of [`ODD_NAME`].
pub(crate) const ODD_NAME_ITSELF: &str = r#"odd "name".x; drop--é{id}"#;

pub(crate) fn dataset(name: &str) -> Result<DatasetId, Failed> {
    Ok(format!("shop.{name}").parse()?)
}
