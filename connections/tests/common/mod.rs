//! Files made for a test, and the calls to ask about them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use parallax_connections::stores;
use parallax_core::deployment::{Environment, StoreConfig};
use parallax_core::error::{Error, Result};
use parallax_core::name::StoreId;
use parallax_core::store::{Access, Batch, Call, CallId, Chunk, Purpose, Statement, Store};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};
use tempfile::TempDir;

/// A folder with one file in it, gone after the test.
pub(crate) struct File {
    pub(crate) folder: TempDir,
    pub(crate) name: &'static str,
}

impl File {
    /// Makes a file by `sql`.
    pub(crate) async fn new(sql: &str) -> Self {
        let file = Self {
            folder: tempfile::tempdir().expect("a folder"),
            name: "test.db",
        };
        file.run(sql).await;
        file
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join(self.name)
    }

    /// Runs `sql` as the application that owns the file would.
    pub(crate) async fn run(&self, sql: &str) {
        run(&self.path(), sql).await;
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        self.store_with(Access::ReadOnly)
    }

    pub(crate) fn store_with(&self, access: Access) -> Arc<dyn Store> {
        store(&format!("sqlite:{}", self.name), self.folder.path(), access).expect("a store")
    }
}

/// Runs `sql` on a connection that may write and create.
pub(crate) async fn run(path: &Path, sql: &str) {
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

pub(crate) fn store(url: &str, base: &Path, access: Access) -> Result<Arc<dyn Store>> {
    let config = StoreConfig {
        id: StoreId::new("files").expect("a name"),
        url: Some(url.to_owned()),
        profile: None,
        secret: None,
        environment: Some(Environment::Dev),
        why: None,
        access,
    };
    stores::connect(&config, base, None, access)
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

/// What a text of statements gives: each result's batches, and its changed rows.
pub(crate) struct Answer {
    pub(crate) results: Vec<(Vec<Batch>, Option<u64>)>,
    pub(crate) error: Option<Error>,
}

pub(crate) async fn ask(store: &dyn Store, call: &Call, statement: &Statement) -> Answer {
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
