//! Statements that people type, each in a transaction of its own.

use std::pin::pin;
use std::sync::Arc;

use futures::{FutureExt as _, stream};
use neo4rs::{DetachedRowStream, Error as Failure};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Access, Call, Chunk, Rows, Statement};
use parallax_core::value::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use super::bind::{self, bind};
use super::cell::cells;
use super::columns::{Columns, columns};
use super::fault;
use super::lease::{Cypher, Lease};
use super::output::Output;
use super::pool::Pool;
use super::readonly::refusal;
use super::statements::{Split, split};
use super::summary;

const OPERATION: &str = "run the statement";

/// Batches that wait for whoever takes them.
const BATCHES_AHEAD: usize = 2;

/// One statement and its values.
struct Planned {
    split: Split,
    values: Vec<(String, Value)>,
}

/// Starts the statements of a text; each gives one result.
pub(super) async fn start(pool: &Arc<Pool>, call: &Call, statement: &Statement) -> Result<Rows> {
    let plan = plan(call, statement)?;
    let lease = match call.access {
        Access::ReadOnly => pool.lease(call).await?,
        Access::ReadWrite => pool.lease_writing(call).await?,
    };
    let (out, chunks) = mpsc::channel(BATCHES_AHEAD);
    let run = Run {
        lease,
        typed: statement.text.clone(),
        out,
    };
    // Dropped with the stream, the task ends, and its connection is closed.
    let mut task = JoinSet::new();
    task.spawn(run.all(plan));
    Ok(Box::pin(stream::unfold(
        (chunks, task),
        |(mut chunks, mut task)| async {
            if let Some(chunk) = chunks.recv().await {
                return Some((chunk, (chunks, task)));
            }
            let failed = task.join_next().await?.err()?;
            let error = Error::new(ErrorKind::Other, OPERATION).because(failed.to_string());
            Some((Err(error), (chunks, task)))
        },
    )))
}

fn plan(call: &Call, statement: &Statement) -> Result<Vec<Planned>> {
    let statements = split(&statement.text);
    if statements.is_empty() {
        return Err(
            Error::new(ErrorKind::InvalidInput, OPERATION).because("the text holds no statement")
        );
    }
    let planned = |it: Split| {
        let refused = (call.access == Access::ReadOnly)
            .then(|| refusal(&it))
            .flatten();
        if let Some(refused) = refused.or_else(|| unsupported(&it)) {
            return Err(refused);
        }
        Ok(Planned {
            values: it.bound(&statement.parameters)?,
            split: it,
        })
    };
    statements.into_iter().map(planned).collect()
}

/// What the driver keeps to itself.
fn unsupported(split: &Split) -> Option<Error> {
    let verb = split.verb();
    matches!(verb.as_str(), "EXPLAIN" | "PROFILE").then(|| {
        Error::new(ErrorKind::Unsupported, format!("run {verb}"))
            .because("the driver does not hand out the server's plan")
            .hint("the server's own shell or browser shows it; without the word, the statement runs here")
    })
}

/// Why no more is read.
enum Stopped {
    /// It failed.
    Failed(Error),
    /// Nobody takes what comes.
    Unwanted,
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Statements on their way.
struct Run {
    lease: Lease,
    typed: String,
    out: mpsc::Sender<Result<Chunk>>,
}

impl Run {
    async fn all(mut self, plan: Vec<Planned>) {
        let ran = self.statements(&plan).await;
        let Self { lease, out, .. } = self;
        // Closed before anybody hears of it, where something may still run.
        lease.release();
        if let Err(Stopped::Failed(error)) = ran {
            // Whoever waited may have gone.
            drop(out.send(Err(error)).await);
        }
    }

    async fn statements(&mut self, plan: &[Planned]) -> Result<(), Stopped> {
        for (nth, planned) in plan.iter().enumerate() {
            if nth > 0 {
                self.give(Chunk::NextResult).await?;
            }
            self.one(planned).await?;
        }
        Ok(())
    }

    async fn give(&self, chunk: Chunk) -> Result<(), Stopped> {
        let given = self.out.send(Ok(chunk)).await;
        given.map_err(|_unsent| Stopped::Unwanted)
    }

    async fn one(&mut self, planned: &Planned) -> Result<(), Stopped> {
        let mut cypher = Cypher::new(&planned.split.text);
        for (name, value) in &planned.values {
            cypher.bind(name, bind(value)?);
        }
        let mut output = Output::new(self.names(&planned.split).await);
        let started = self.lease.start(&cypher).await;
        let mut rows = started.map_err(|it| self.failed(&it, &planned.split))?;
        self.read(&mut rows, &mut output, &planned.split).await?;
        let summary = rows.finish().await;
        let summary = summary.map_err(|it| self.failed(&it, &planned.split))?;
        self.lease.rest();
        if output.has_more() {
            self.give(output.batch()).await?;
        }
        for notice in summary::notices(&summary) {
            self.give(Chunk::Notice(notice)).await?;
        }
        let affected = summary::affected(&summary);
        self.give(Chunk::Done { affected }).await
    }

    /// The columns that the statement tells; `None` where its rows will.
    async fn names(&mut self, split: &Split) -> Option<Vec<String>> {
        match columns(split) {
            Columns::Named(names) => Some(names),
            Columns::Told | Columns::None => None,
            Columns::Of(procedure) => returned(&mut self.lease, &procedure).await,
        }
    }

    /// Reads to the end. A batch is given once it is full, or has waited long enough; the last one stays.
    async fn read(
        &mut self,
        rows: &mut DetachedRowStream,
        output: &mut Output,
        split: &Split,
    ) -> Result<(), Stopped> {
        loop {
            let row = {
                // Dropped before it is ready, it would leave a message half read.
                let mut next = pin!(rows.next());
                match next.as_mut().now_or_never() {
                    Some(row) => row,
                    None if output.is_empty() => next.await,
                    None => match timeout_at(output.flush_at, next.as_mut()).await {
                        Ok(row) => row,
                        Err(_elapsed) => {
                            self.give(output.batch()).await?;
                            next.await
                        }
                    },
                }
            };
            match row.map_err(|it| self.failed(&it, split))? {
                None => return Ok(()),
                Some(row) => output.push(&row)?,
            }
            if output.is_full() {
                self.give(output.batch()).await?;
            }
        }
    }

    fn failed(&mut self, failure: &Failure, split: &Split) -> Stopped {
        let error = self.lease.broken(failure, OPERATION);
        Stopped::Failed(match fault::offset(failure) {
            None => error,
            Some(offset) => {
                let (line, column) = split.place(&self.typed, offset);
                error.because(format!("line {line}, column {column}"))
            }
        })
    }
}

/// The names of what a procedure gives, in order; `None` where the server does not tell.
async fn returned(lease: &mut Lease, procedure: &str) -> Option<Vec<String>> {
    let mut cypher = Cypher::new(
        "SHOW PROCEDURES YIELD name, returnDescription WHERE name IN $name RETURN [it IN returnDescription | it.name] AS row",
    );
    cypher.bind("name", bind::texts([procedure]));
    let rows = lease.tried(&cypher).await.ok()?;
    let names = cells(rows.first()?).ok()?;
    let names: Vec<String> = names
        .iter()
        .filter_map(|it| it.text())
        .map(ToOwned::to_owned)
        .collect();
    (!names.is_empty()).then_some(names)
}
