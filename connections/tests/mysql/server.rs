//! The shared server, and a database of its own for each test.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parallax_connections::guard::{Canceller, Guarded};
use parallax_connections::secret::Secret;
use parallax_connections::stores;
use parallax_core::deployment::{Environment, StoreConfig};
use parallax_core::error::Result;
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{Access, Call, Store};
use parallax_core::value::Value;

use crate::ask::{ask, call, statement, writing};

/// Where the server is, and its password.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// `mysql://USER@HOST:PORT`.
    pub(crate) url: String,
    pub(crate) password: String,
    pub(crate) ca: String,
}

/// The place that the address file names; without one there is nothing to test.
pub(crate) fn place() -> Place {
    let file = std::env::var_os("PARALLAX_SERVERS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/servers/servers.json"),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; start it: cargo xtask servers up mariadb",
            file.display()
        )
    });
    let Ok(Value::Map(servers)) = Value::from_json(&text) else {
        panic!("{} is no address file", file.display());
    };
    let server = servers.iter().find(|(name, _)| name == "mariadb");
    let Some((_, Value::Map(server))) = server else {
        panic!("no mariadb there; start it: cargo xtask servers up mariadb");
    };
    let text = |name: &str| {
        let found = server.iter().find(|(it, _)| it == name);
        found.map_or_else(String::new, |(_, it)| it.to_string())
    };
    let url = text("url");
    let (user, rest) = url.split_once('@').expect("a user");
    let (user, password) = user.rsplit_once(':').expect("a password");
    let (host, _) = rest.split_once('/').expect("a database");
    Place {
        url: format!("{user}@{host}"),
        password: password.to_owned(),
        ca: text("ca"),
    }
}

pub(crate) fn guarded(url: &str, password: Option<&str>, access: Access) -> Result<Guarded> {
    let config = StoreConfig {
        id: StoreId::new("orders").expect("a name"),
        url: Some(url.to_owned()),
        profile: None,
        secret: None,
        environment: Some(Environment::Dev),
        why: None,
        access,
    };
    stores::guarded(&config, Path::new("/"), password.map(Secret::new), access)
}

pub(crate) fn store_at(url: &str, password: Option<&str>) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(guarded(url, password, Access::ReadOnly)?))
}

/// A database made for one test.
pub(crate) struct Server {
    pub(crate) owner: Arc<dyn Store>,
    pub(crate) store: Arc<dyn Store>,
    canceller: tokio::task::JoinSet<()>,
}

impl Server {
    /// Makes the database `name` anew, and in it what `sql` says.
    pub(crate) async fn new(name: &str, sql: &str) -> Self {
        let place = place();
        let owner = guarded(&place.url, Some(&place.password), Access::ReadWrite);
        let text =
            format!("DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name} CHARACTER SET utf8mb4");
        let answer = ask(&owner.expect("a store"), &writing(), &statement(&text)).await;
        assert_eq!(answer.error, None);
        let server = Self::at(&place, name);
        if !sql.is_empty() {
            server.run(sql).await;
        }
        server
    }

    /// The database `name` of the server at `place`.
    pub(crate) fn at(place: &Place, name: &str) -> Self {
        let (queue, canceller) = Canceller::new();
        let with = |access| {
            let url = format!("{}/{name}", place.url);
            let guarded = guarded(&url, Some(&place.password), access).expect("a store");
            Arc::new(guarded.cancelling(queue.clone())) as Arc<dyn Store>
        };
        let mut server = Self {
            owner: with(Access::ReadWrite),
            store: with(Access::ReadOnly),
            canceller: tokio::task::JoinSet::new(),
        };
        server.canceller.spawn(canceller.run());
        server
    }

    /// Runs `sql` as the application that owns the data would.
    pub(crate) async fn run(&self, sql: &str) -> Vec<Vec<Value>> {
        let patient = Call {
            deadline: Duration::from_mins(5),
            ..writing()
        };
        let answer = ask(&*self.owner, &patient, &statement(sql)).await;
        assert_eq!(answer.error, None, "{sql}");
        answer.rows()
    }

    /// The rows of a statement that only reads.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        let answer = ask(&*self.store, &call(), &statement(sql)).await;
        assert_eq!(answer.error, None, "{sql}");
        answer.rows()
    }

    /// How many other connections work at a statement like `pattern`.
    pub(crate) async fn active(&self, pattern: &str) -> i64 {
        let rows = self
            .rows(&format!(
                "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '{pattern}' AND id <> connection_id()"
            ))
            .await;
        match rows[0][0] {
            Value::I64(it) => it,
            _ => panic!("no count"),
        }
    }
}

pub(crate) fn dataset(name: &str) -> DatasetId {
    format!("orders.{name}").parse().expect("a dataset")
}
