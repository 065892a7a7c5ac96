//! Statements that people type, as a stream of results.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{Stream, StreamExt as _};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Access, Batch, Call, Chunk, Column, Rows, Statement};
use parallax_core::value::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column as _, Either, Statement as _};
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};

use super::catalog::{self, Catalog};
use super::fault;
use super::lease::{Lease, Steps};
use super::pool::Pool;
use super::readonly::{Effect, effect, refusal};
use super::types::{Declared, Stored, stored};
use crate::sql::{self, SqlStatement};

const OPERATION: &str = "run the statement";

/// The most rows of one batch.
const BATCH_ROWS: usize = 1_024;

/// About the most bytes of one batch.
const BATCH_BYTES: usize = 1 << 20;

/// How long rows wait for others to fill the batch.
const FLUSH_AFTER: Duration = Duration::from_millis(20);

/// Batches that wait to be read; the statement waits when they are full.
const BATCHES_AHEAD: usize = 2;

/// One statement, its values, and what it does.
struct Planned {
    statement: SqlStatement,
    values: Vec<Value>,
    effect: Effect,
}

/// Starts the statements of a text; each gives one result.
pub(super) async fn start(pool: &Arc<Pool>, call: &Call, statement: &Statement) -> Result<Rows> {
    let plan = plan(call, statement)?;
    let writes = plan.iter().any(|it| matches!(it.effect, Effect::Writes(_)));
    let mut lease = if writes {
        pool.lease_writing(call).await?
    } else {
        pool.lease(call).await?
    };
    // A transaction that is left open would keep others from writing, so such a connection is closed at the end.
    if plan.iter().any(|it| it.effect != Effect::Reads) {
        lease.spend();
    }
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    let run = run(lease, plan, sender);
    Ok(Box::pin(Driven {
        run: Some(Box::pin(run)),
        receiver,
    }))
}

fn plan(call: &Call, statement: &Statement) -> Result<Vec<Planned>> {
    let statements = sql::statements(&statement.text, |it| format!("?{it}"))?;
    if statements.is_empty() {
        return Err(
            Error::new(ErrorKind::InvalidInput, OPERATION).because("the text holds no statement")
        );
    }
    statements
        .into_iter()
        .map(|it| planned(call, it, &statement.parameters))
        .collect()
}

fn planned(
    call: &Call,
    statement: SqlStatement,
    parameters: &[(String, Value)],
) -> Result<Planned> {
    let effect = effect(&statement);
    if let (Effect::Writes(why), Access::ReadOnly) = (effect, call.access) {
        return Err(refusal(&statement, why));
    }
    Ok(Planned {
        values: statement.bound(parameters)?,
        statement,
        effect,
    })
}

type Sender = mpsc::Sender<Result<Chunk>>;

/// The reader is gone, or an error has been sent.
struct Stopped;

/// Drives the statements while its rows are read, with no task of its own.
struct Driven {
    run: Option<BoxFuture<'static, ()>>,
    receiver: mpsc::Receiver<Result<Chunk>>,
}

impl Stream for Driven {
    type Item = Result<Chunk>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // What is ready goes first, so that a full channel never holds the statement up.
        if let Poll::Ready(Some(chunk)) = self.receiver.poll_recv(context) {
            return Poll::Ready(Some(chunk));
        }
        if let Some(run) = &mut self.run
            && run.as_mut().poll(context).is_ready()
        {
            self.run = None;
        }
        self.receiver.poll_recv(context)
    }
}

async fn run(mut lease: Lease, plan: Vec<Planned>, sender: Sender) {
    let tables = match catalog::load(&mut lease).await {
        Ok(tables) => tables,
        Err(error) => return drop(sender.send(Err(error)).await),
    };
    for (nth, planned) in plan.iter().enumerate() {
        if nth > 0 && sender.send(Ok(Chunk::NextResult)).await.is_err() {
            return;
        }
        if one(&mut lease, planned, &tables, &sender).await.is_err() {
            return;
        }
    }
    lease.forget_statements().await;
    lease.release();
}

async fn one(
    lease: &mut Lease,
    planned: &Planned,
    tables: &Catalog,
    sender: &Sender,
) -> Result<(), Stopped> {
    let until = lease.waits_until();
    loop {
        let mut output = Output::new(sender);
        match attempt(lease, planned, tables, &mut output).await {
            Ok(answer) => return answer,
            Err(error) if !output.begun && fault::is_busy(&error) && Instant::now() < until => {}
            Err(error) => {
                let error = lease.fail(&error, OPERATION);
                return send(sender, Err(error)).await.and(Err(Stopped));
            }
        }
    }
}

async fn send(sender: &Sender, chunk: Result<Chunk>) -> Result<(), Stopped> {
    sender.send(chunk).await.map_err(|_closed| Stopped)
}

/// Runs a statement once. The outer result is SQLite's, the inner one the reader's.
async fn attempt(
    lease: &mut Lease,
    planned: &Planned,
    tables: &Catalog,
    output: &mut Output<'_>,
) -> Result<Result<(), Stopped>, sqlx::Error> {
    let text = &planned.statement.text;
    let prepared = lease.prepare(text).await?;
    let columns: Vec<Column> = prepared
        .columns()
        .iter()
        .map(|it| column(it, tables))
        .collect();
    output.meanings = columns
        .iter()
        .map(|it| Declared::parse(&it.type_name))
        .collect();
    output.columns = columns.into();
    let mut steps = lease.steps(text, &planned.values)?;
    let changed = match output.read(&mut steps).await? {
        Ok(changed) => changed,
        Err(stopped) => return Ok(Err(stopped)),
    };
    drop(steps);
    let affected = changed.filter(|_| planned.statement.changes_rows());
    Ok(output.end(affected).await)
}

fn column(column: &sqlx::sqlite::SqliteColumn, tables: &Catalog) -> Column {
    use sqlx::ColumnOrigin;
    let type_name = match column.origin() {
        ColumnOrigin::Table(origin) => tables.declared(&origin.table, &origin.name).to_owned(),
        ColumnOrigin::Expression | ColumnOrigin::Unknown => String::new(),
    };
    Column {
        name: column.name().to_owned(),
        type_name,
    }
}

/// The batch that is being filled.
struct Output<'s> {
    sender: &'s Sender,
    columns: Arc<[Column]>,
    meanings: Vec<Declared>,
    cells: Vec<Value>,
    rows: usize,
    bytes: usize,
    flush_at: Instant,
    begun: bool,
}

impl<'s> Output<'s> {
    fn new(sender: &'s Sender) -> Self {
        Self {
            sender,
            columns: Arc::new([]),
            meanings: Vec::new(),
            cells: Vec::new(),
            rows: 0,
            bytes: 0,
            flush_at: Instant::now(),
            begun: false,
        }
    }

    /// Reads rows to the end of the statement; gives the number of rows it changed.
    async fn read(
        &mut self,
        steps: &mut Steps<'_>,
    ) -> Result<Result<Option<u64>, Stopped>, sqlx::Error> {
        let mut changed = None;
        loop {
            let step = if self.rows == 0 {
                steps.next().await
            } else if let Ok(step) = timeout_at(self.flush_at, steps.next()).await {
                step
            } else {
                if self.flush().await.is_err() {
                    return Ok(Err(Stopped));
                }
                continue;
            };
            match step.transpose()? {
                None => return Ok(Ok(changed)),
                Some(Either::Left(done)) => changed = Some(done.rows_affected()),
                Some(Either::Right(row)) => self.push(&row),
            }
            if self.is_full() && self.flush().await.is_err() {
                return Ok(Err(Stopped));
            }
        }
    }

    fn push(&mut self, row: &SqliteRow) {
        if self.rows == 0 {
            self.flush_at = Instant::now() + FLUSH_AFTER;
        }
        for (at, meaning) in self.meanings.iter().enumerate() {
            let cell = stored(row, at);
            self.bytes += size(cell);
            self.cells.push(cell.value(*meaning));
        }
        self.rows += 1;
    }

    fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    /// Sends what is there, and waits while the reader is behind.
    async fn flush(&mut self) -> Result<(), Stopped> {
        self.begun = true;
        let batch = Batch {
            columns: Arc::clone(&self.columns),
            rows: u32::try_from(self.rows).unwrap_or(u32::MAX),
            cells: std::mem::take(&mut self.cells),
        };
        (self.rows, self.bytes) = (0, 0);
        send(self.sender, Ok(Chunk::Rows(batch))).await?;
        yield_now().await;
        Ok(())
    }

    /// Sends the rest, or the columns where there was no row at all.
    async fn end(&mut self, affected: Option<u64>) -> Result<(), Stopped> {
        if self.rows > 0 || (!self.begun && !self.columns.is_empty()) {
            self.flush().await?;
        }
        send(self.sender, Ok(Chunk::Done { affected })).await
    }
}

/// About what a cell takes in memory.
fn size(cell: Stored<'_>) -> usize {
    let content = match cell {
        Stored::Text(it) => it.len(),
        Stored::Blob(it) => it.len(),
        Stored::Null | Stored::Integer(_) | Stored::Real(_) => 0,
    };
    size_of::<Value>() + content
}
