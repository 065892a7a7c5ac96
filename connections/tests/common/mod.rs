//! Files made for a test, and the calls to ask about them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use parallax_connections::stores;
use parallax_core::deployment::{Environment, StoreConfig};
use parallax_core::error::{Error, Result};
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{
    Access, Batch, Call, CallId, Chunk, Fields, KeyPart, Projection, Purpose, Statement, Store,
};
use parallax_core::value::{Key, Value};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};
use tempfile::TempDir;

/// A folder with one file in it, gone after the test.
pub struct File {
    pub folder: TempDir,
    pub name: &'static str,
}

impl File {
    /// Makes a file by `sql`.
    pub async fn new(sql: &str) -> Self {
        let file = Self {
            folder: tempfile::tempdir().expect("a folder"),
            name: "test.db",
        };
        file.run(sql).await;
        file
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join(self.name)
    }

    /// Runs `sql` as the application that owns the file would.
    pub async fn run(&self, sql: &str) {
        run(&self.path(), sql).await;
    }

    pub fn store(&self) -> Arc<dyn Store> {
        self.store_with(Access::ReadOnly)
    }

    pub fn store_with(&self, access: Access) -> Arc<dyn Store> {
        store(&format!("sqlite:{}", self.name), self.folder.path(), access).expect("a store")
    }
}

/// Runs `sql` on a connection that may write and create.
pub async fn run(path: &Path, sql: &str) {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    let mut connection = options.connect().await.expect("a connection");
    connection
        .execute(AssertSqlSafe(sql))
        .await
        .expect("the test's own SQL");
    connection.close().await.expect("closed");
}

pub fn store(url: &str, base: &Path, access: Access) -> Result<Arc<dyn Store>> {
    let config = StoreConfig {
        id: StoreId::new("files").expect("a name"),
        url: Some(url.to_owned()),
        profile: None,
        secret: None,
        environment: Environment::Dev,
        why: None,
        access,
    };
    stores::connect(&config, base, None, access)
}

static NEXT: AtomicU64 = AtomicU64::new(1);

pub fn call() -> Call {
    call_within(Duration::from_secs(30))
}

pub fn call_within(deadline: Duration) -> Call {
    Call {
        id: CallId(NEXT.fetch_add(1, Ordering::Relaxed)),
        deadline,
        purpose: Purpose::Query,
        access: Access::ReadOnly,
    }
}

pub fn writing() -> Call {
    Call {
        access: Access::ReadWrite,
        ..call()
    }
}

pub fn dataset(name: &str) -> DatasetId {
    format!("files.{name}").parse().expect("a dataset")
}

pub fn statement(text: &str) -> Statement {
    Statement {
        text: text.to_owned(),
        parameters: Vec::new(),
    }
}

/// All fields, by a key of these paths.
pub fn all(key: &[&str]) -> Projection {
    let part = |it: &&str| KeyPart {
        name: (*it).to_owned(),
        path: it.parse().expect("a path"),
    };
    Projection {
        key: key.iter().map(part).collect(),
        fields: Fields::All,
        filter: None,
    }
}

pub fn listed(key: &[&str], fields: &[&str]) -> Projection {
    let paths = fields.iter().map(|it| it.parse().expect("a path"));
    Projection {
        fields: Fields::Listed(paths.collect()),
        ..all(key)
    }
}

pub fn key(text: &str) -> Key {
    Key::parse(text, 1).expect("a key")
}

/// The bodies for these keys, as text; `-` where there is none, `! why` where it could not be read.
pub async fn bodies(
    store: &dyn Store,
    name: &str,
    keys: &[&str],
    fields: &Projection,
) -> Vec<String> {
    let parts = fields.key.len();
    let keys: Vec<Key> = keys
        .iter()
        .map(|it| Key::parse(it, parts).expect("a key"))
        .collect();
    let got = store.get(&call(), &dataset(name), &keys, fields).await;
    let got = got.expect("an answer");
    got.found.iter().map(body).collect()
}

fn body(found: &Result<Option<parallax_core::value::Record>>) -> String {
    match found {
        Ok(Some(record)) => record.body.to_string(),
        Ok(None) => "-".to_owned(),
        Err(error) => format!("! {error}"),
    }
}

/// What a text of statements gives: each result's batches, and its changed rows.
pub struct Answer {
    pub results: Vec<(Vec<Batch>, Option<u64>)>,
    pub error: Option<Error>,
}

impl Answer {
    pub fn cells(&self) -> Vec<Value> {
        let batches = self.results.iter().flat_map(|(it, _)| it);
        batches.flat_map(|it| it.cells.clone()).collect()
    }
}

pub async fn ask(store: &dyn Store, call: &Call, statement: &Statement) -> Answer {
    let mut answer = Answer {
        results: vec![(Vec::new(), None)],
        error: None,
    };
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
            Ok(Chunk::Notice(_)) => {}
            Err(error) => answer.error = Some(error),
        }
    }
    answer
}

/// The first cell of the first row.
pub async fn cell(store: &dyn Store, text: &str) -> Value {
    let answer = ask(store, &call(), &statement(text)).await;
    assert!(answer.error.is_none(), "{:?}", answer.error);
    answer.cells().first().cloned().expect("a cell")
}
