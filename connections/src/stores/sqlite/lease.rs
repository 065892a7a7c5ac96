//! One connection in use by one call.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::value::Value;
use sqlx::sqlite::{SqliteArguments, SqliteQueryResult, SqliteRow, SqliteStatement};
use sqlx::{Arguments as _, AssertSqlSafe, Either, Executor as _, SqlSafeStr as _};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::yield_now;
use tokio::time::Instant;

use super::control::Control;
use super::fault;
use super::pool::{Condition, Pool, Session};

/// The longest wait for a lock that somebody else holds.
const MAX_PATIENCE: Duration = Duration::from_secs(2);

/// Rows after which a loop lets other tasks run.
const ROWS_PER_TURN: usize = 512;

/// The steps of one statement: rows, and its end.
pub(super) type Steps<'l> =
    BoxStream<'l, std::result::Result<Either<SqliteQueryResult, SqliteRow>, sqlx::Error>>;

/// A statement of our own and the values behind its `?`, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sql {
    pub(super) text: String,
    pub(super) values: Vec<Value>,
}

impl Sql {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            values: Vec::new(),
        }
    }

    /// Adds text.
    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value, for a `?` that is already in the text.
    pub(super) fn bind(&mut self, value: Value) -> &mut Self {
        self.values.push(value);
        self
    }

    /// Adds another piece with its values.
    pub(super) fn append(&mut self, piece: &Self) -> &mut Self {
        self.text.push_str(&piece.text);
        self.values.extend(piece.values.iter().cloned());
        self
    }
}

/// A connection in use. Dropped before it is released, what runs on it is stopped and it is closed.
#[derive(Debug)]
pub(super) struct Lease {
    session: Option<Session>,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
    patience: Duration,
    condition: Condition,
}

impl Lease {
    pub(super) fn new(
        session: Session,
        pool: Arc<Pool>,
        permit: OwnedSemaphorePermit,
        deadline: Duration,
    ) -> Self {
        Self {
            session: Some(session),
            pool,
            _permit: permit,
            patience: MAX_PATIENCE.min(deadline / 2),
            condition: Condition::Clean,
        }
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Gives the connection back to the pool, if it is as good as new.
    pub(super) fn release(mut self) {
        if let Some(session) = self.session.take() {
            self.pool.put_back(session, self.condition);
        }
    }

    /// Marks the connection as one that nobody else may get.
    pub(super) fn spend(&mut self) {
        self.condition = Condition::Spent;
    }

    /// All rows of a statement of our own, which bounds them itself.
    pub(super) async fn rows(
        &mut self,
        sql: &Sql,
        operation: &'static str,
    ) -> Result<Vec<SqliteRow>> {
        let mut rows = Vec::new();
        self.each(sql, operation, |row| {
            rows.push(row);
            Ok(ControlFlow::Continue(()))
        })
        .await?;
        Ok(rows)
    }

    /// Feeds the rows of a statement to `take` until it breaks or fails; waits a while for a lock.
    pub(super) async fn each(
        &mut self,
        sql: &Sql,
        operation: &'static str,
        mut take: impl FnMut(SqliteRow) -> Result<ControlFlow<()>> + Send,
    ) -> Result<()> {
        let until = self.waits_until();
        loop {
            let mut fed = 0;
            match self.once(sql, &mut take, &mut fed).await {
                Ok(answer) => return answer,
                Err(error) if fed == 0 && fault::is_busy(&error) && Instant::now() < until => {}
                Err(error) => return Err(self.fail(&error, operation)),
            }
        }
    }

    async fn once(
        &mut self,
        sql: &Sql,
        take: &mut (impl FnMut(SqliteRow) -> Result<ControlFlow<()>> + Send),
        fed: &mut usize,
    ) -> std::result::Result<Result<()>, sqlx::Error> {
        let before = std::mem::replace(&mut self.condition, Condition::Spent);
        let mut steps = self.steps(&sql.text, &sql.values)?;
        while let Some(step) = steps.next().await {
            let Either::Right(row) = step? else {
                continue;
            };
            *fed += 1;
            match take(row) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => return Ok(Ok(())),
                Err(error) => return Ok(Err(error)),
            }
            if fed.is_multiple_of(ROWS_PER_TURN) {
                yield_now().await;
            }
        }
        drop(steps);
        self.condition = before;
        Ok(Ok(()))
    }

    /// Starts a statement; the steps must be read to their end, or the connection is spent.
    pub(super) fn steps(
        &mut self,
        text: &str,
        values: &[Value],
    ) -> std::result::Result<Steps<'_>, sqlx::Error> {
        let arguments = arguments(values)?;
        let session = self.session.as_mut().ok_or(sqlx::Error::WorkerCrashed)?;
        let query = sqlx::query_with(AssertSqlSafe(text), arguments);
        Ok(session.sqlite.fetch_many(query))
    }

    /// Compiles a statement, for its columns.
    pub(super) async fn prepare(
        &mut self,
        text: &str,
    ) -> std::result::Result<SqliteStatement, sqlx::Error> {
        let session = self.session.as_mut().ok_or(sqlx::Error::WorkerCrashed)?;
        session
            .sqlite
            .prepare(AssertSqlSafe(text).into_sql_str())
            .await
    }

    /// Forgets compiled statements, which a person's text would only crowd.
    pub(super) async fn forget_statements(&mut self) {
        use sqlx::Connection as _;
        if let Some(session) = self.session.as_mut()
            && session.sqlite.clear_cached_statements().await.is_err()
        {
            self.spend();
        }
    }

    /// Until when to wait for a lock that somebody else holds.
    pub(super) fn waits_until(&self) -> Instant {
        Instant::now() + self.patience
    }

    /// Explains a failure, and gives the connection up where it is of no more use.
    pub(super) fn fail(&mut self, error: &sqlx::Error, operation: &'static str) -> Error {
        self.condition = if fault::ends_connection(error) {
            Condition::Spent
        } else {
            Condition::Clean
        };
        match self.control() {
            Some(control) => fault::explain(error, operation, control),
            None => Error::new(ErrorKind::Other, operation).because(error),
        }
    }

    fn control(&self) -> Option<&Control> {
        self.session.as_ref().map(|it| &*it.control)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            session.control.stop();
            self.pool.put_back(session, Condition::Spent);
        }
    }
}

fn arguments(values: &[Value]) -> std::result::Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        bind(&mut arguments, value).map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// Binds a value in the storage class that keeps it whole; what SQLite has no class for is bound as its text.
fn bind(
    arguments: &mut SqliteArguments,
    value: &Value,
) -> std::result::Result<(), sqlx::error::BoxDynError> {
    match value {
        Value::Null => arguments.add(None::<i64>),
        Value::Bool(it) => arguments.add(i64::from(*it)),
        Value::I64(it) => arguments.add(*it),
        Value::F64(it) => arguments.add(*it),
        Value::Text(it) => arguments.add(it.clone()),
        Value::Bytes(it) => arguments.add(it.clone()),
        Value::List(_) | Value::Map(_) | Value::Vector(_) => {
            arguments.add(value.to_json().to_string())
        }
        _ => arguments.add(value.to_string()),
    }
}
