//! The shared server, a schema of its own for each test, and the calls to ask about it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use parallax_connections::guard::{Canceller, Guarded};
use parallax_connections::secret::Secret;
use parallax_connections::stores;
use parallax_core::deployment::{Environment, StoreConfig};
use parallax_core::error::{Error, Result};
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{
    Access, Batch, Call, CallId, Chunk, Fields, KeyPart, Projection, Purpose, Statement, Store,
};
use parallax_core::value::Value;

/// Where the server is, and its password.
#[derive(Clone, Debug)]
pub(crate) struct Place {
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
            "{}: {error}; start it: cargo xtask servers up postgres",
            file.display()
        )
    });
    let Ok(Value::Map(servers)) = Value::from_json(&text) else {
        panic!("{} is no address file", file.display());
    };
    let server = servers.iter().find(|(name, _)| name == "postgres");
    let Some((_, Value::Map(server))) = server else {
        panic!("no postgres there; start it: cargo xtask servers up postgres");
    };
    let text = |name: &str| {
        let found = server.iter().find(|(it, _)| it == name);
        found.map_or_else(String::new, |(_, it)| it.to_string())
    };
    let url = text("url");
    let (user, rest) = url.split_once('@').expect("a user");
    let (user, password) = user.rsplit_once(':').expect("a password");
    Place {
        url: format!("{user}@{rest}"),
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

/// A schema made for one test.
pub(crate) struct Server {
    pub(crate) owner: Arc<dyn Store>,
    pub(crate) store: Arc<dyn Store>,
    canceller: tokio::task::JoinSet<()>,
}

impl Server {
    /// Makes the schema `name` anew, and in it what `sql` says.
    pub(crate) async fn new(name: &str, sql: &str) -> Self {
        let place = place();
        let (queue, canceller) = Canceller::new();
        let with = |access| {
            let url = format!("{}?options=-c%20search_path%3D{name}", place.url);
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
            .run(&format!(
                "DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}; {sql}"
            ))
            .await;
        server
    }

    /// Runs `sql` as the application that owns the data would.
    pub(crate) async fn run(&self, sql: &str) -> Vec<Vec<Value>> {
        let call = Call {
            access: Access::ReadWrite,
            ..call()
        };
        let answer = ask(&*self.owner, &call, &statement(sql)).await;
        assert_eq!(answer.error, None, "{sql}");
        answer.rows()
    }

    /// The rows of a statement that only reads.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        let answer = ask(&*self.store, &call(), &statement(sql)).await;
        assert_eq!(answer.error, None, "{sql}");
        answer.rows()
    }

    /// How many other sessions run a statement like `pattern`.
    pub(crate) async fn active(&self, pattern: &str) -> i64 {
        let rows = self
            .rows(&format!(
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '{pattern}' AND pid <> pg_backend_pid()"
            ))
            .await;
        match rows[0][0] {
            Value::I64(it) => it,
            _ => panic!("no count"),
        }
    }
}

static NEXT: AtomicU64 = AtomicU64::new(1);

pub(crate) fn call() -> Call {
    call_within(Duration::from_secs(30))
}

pub(crate) fn call_within(deadline: Duration) -> Call {
    Call {
        id: CallId(NEXT.fetch_add(1, Ordering::Relaxed)),
        deadline,
        purpose: Purpose::Query,
        access: Access::ReadOnly,
    }
}

pub(crate) fn statement(text: &str) -> Statement {
    Statement {
        text: text.to_owned(),
        parameters: Vec::new(),
    }
}

pub(crate) fn dataset(name: &str) -> DatasetId {
    format!("orders.{name}").parse().expect("a dataset")
}

/// All fields of a record by its key.
pub(crate) fn by(key: &[&str]) -> Projection {
    Projection {
        key: key
            .iter()
            .map(|it| KeyPart {
                name: (*it).to_owned(),
                path: it.parse().expect("a path"),
            })
            .collect(),
        fields: Fields::All,
        filter: None,
    }
}

/// What a text of statements gives: each result's batches, and its changed rows.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) results: Vec<(Vec<Batch>, Option<u64>)>,
    pub(crate) notices: Vec<String>,
    pub(crate) error: Option<Error>,
}

impl Answer {
    /// The rows of all results.
    pub(crate) fn rows(&self) -> Vec<Vec<Value>> {
        let batches = self.results.iter().flat_map(|it| &it.0);
        let rows = batches.flat_map(|it| it.cells.chunks(it.columns.len().max(1)));
        rows.map(<[Value]>::to_vec).collect()
    }
}

pub(crate) async fn ask(store: &dyn Store, call: &Call, statement: &Statement) -> Answer {
    let mut answer = Answer::default();
    answer.results.push((Vec::new(), None));
    let mut rows = match store.query(call, statement).await {
        Ok(rows) => rows,
        Err(error) => {
            answer.error = Some(error);
            return answer;
        }
    };
    while let Some(chunk) = rows.next().await {
        let last = answer.results.last_mut().expect("a result");
        match chunk {
            Ok(Chunk::Rows(batch)) => last.0.push(batch),
            Ok(Chunk::Done { affected }) => last.1 = affected,
            Ok(Chunk::NextResult) => answer.results.push((Vec::new(), None)),
            Ok(Chunk::Notice(text)) => answer.notices.push(text),
            Err(error) => answer.error = Some(error),
        }
    }
    answer
}
