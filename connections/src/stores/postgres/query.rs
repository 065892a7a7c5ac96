//! Statements that people type, as a stream of results.
//!
//! A task of its own reads and decodes, so that whoever takes the rows can put them to use meanwhile.

use std::sync::Arc;

use futures::{FutureExt as _, StreamExt as _, stream};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Access, Call, Chunk, Rows, Statement};
use parallax_core::value::Value;
use sqlx::Either;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use super::fault::Failure;
use super::lease::Lease;
use super::link::{Answer, Described, DescribedColumn, Steps};
use super::output::Output;
use super::parameters::{self, Parameter};
use super::pool::Pool;
use super::readonly::refusal;
use super::statements::{Split, split};
use super::types::Type;

const OPERATION: &str = "run the statement";

/// Batches that wait for whoever takes them.
const BATCHES_AHEAD: usize = 2;

/// Opens the transaction in which a read-only profile runs what people type. Behind its first query, the server lets
/// nobody make it writable again.
const READ_ONLY: &str = "BEGIN TRANSACTION READ ONLY; SELECT 1";

/// One statement and its values.
struct Planned {
    split: Split,
    values: Vec<Value>,
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
        access: call.access,
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
    let statements = split(&statement.text)?;
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
            values: it.statement.bound(&statement.parameters)?,
            split: it,
        })
    };
    statements.into_iter().map(planned).collect()
}

/// What the driver cannot do, or what would break its connection.
fn unsupported(split: &Split) -> Option<Error> {
    let error = |operation: &'static str| Error::new(ErrorKind::Unsupported, operation);
    match split.verb() {
        "COPY" if split.words().any(|it| it == "STDIN") => Some(
            error("run COPY … FROM STDIN")
                .because("nothing can be sent here")
                .hint(
                    "load the rows with the server's own client, or write them as INSERT … VALUES",
                ),
        ),
        "LISTEN" => Some(
            error("run LISTEN")
                .because("notifications are not shown here")
                .hint("listen with the server's own client"),
        ),
        _ => None,
    }
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
    access: Access,
    out: mpsc::Sender<Result<Chunk>>,
}

impl Run {
    async fn all(mut self, plan: Vec<Planned>) {
        let ran = self.statements(&plan).await;
        let Self { lease, out, .. } = self;
        match ran {
            Ok(()) => lease.release(),
            Err(stopped) => {
                // The connection is closed before anybody hears of it.
                drop(lease);
                if let Stopped::Failed(error) = stopped {
                    // Whoever waited may have gone.
                    drop(out.send(Err(error)).await);
                }
            }
        }
    }

    async fn statements(&mut self, plan: &[Planned]) -> Result<(), Stopped> {
        if self.access == Access::ReadOnly {
            let begun = self.simple(READ_ONLY).await;
            begun.map_err(|it| self.lease.fail(&it, OPERATION, None))?;
        }
        for (nth, planned) in plan.iter().enumerate() {
            if nth > 0 {
                self.give(Chunk::NextResult).await?;
            }
            Box::pin(self.one(planned)).await?;
        }
        if self.access == Access::ReadOnly {
            self.leave().await;
        }
        Ok(())
    }

    async fn give(&self, chunk: Chunk) -> Result<(), Stopped> {
        let given = self.out.send(Ok(chunk)).await;
        given.map_err(|_unsent| Stopped::Unwanted)
    }

    /// Leaves the connection as it was before. One that may write is closed instead.
    async fn leave(&mut self) {
        for text in ["ROLLBACK", "DISCARD ALL"] {
            if self.simple(text).await.is_err() {
                self.lease.spend();
            }
        }
        self.lease.forget_settings();
    }

    /// Runs statements of our own, of which only failure is of interest.
    async fn simple(&mut self, text: &str) -> Result<(), Failure> {
        let ran = self.lease.link()?.run(text.to_owned()).await;
        ran.map(drop).map_err(|(_, failure)| failure)
    }

    async fn one(&mut self, planned: &Planned) -> Result<(), Stopped> {
        let text = &planned.split.statement.text;
        if planned.split.verb() == "COPY" {
            return self.copy(text).await;
        }
        let described = describe(&mut self.lease, planned).await;
        let described = described.map_err(|it| self.lease.fail(&it, OPERATION, Some(text)))?;
        let asked: &[u32] = described.as_ref().map_or(&[], |it| &it.parameters);
        let written = written(planned, asked);
        let written = written.map_err(|it| self.lease.fail(&it, OPERATION, None))?;
        let columns = match described {
            Some(it) => it.columns,
            None => self.probed(planned, &written).await?,
        };
        let oids: Vec<u32> = columns.iter().map(|it| it.oid).collect();
        let types = self.lease.types(&oids).await?;
        let modifiers = modifiers(&mut self.lease, &columns, &types).await;
        let modifiers = modifiers.map_err(|it| self.lease.fail(&it, OPERATION, None))?;
        let names = columns.into_iter().map(|it| it.name);
        let mut output = Output::new(names.zip(modifiers), types);
        let read = rows(&mut self.lease, &written, &mut output, &self.out).await;
        let affected = read.map_err(|it| self.stopped(it, &written))?;
        if output.has_more() {
            self.give(output.batch()).await?;
        }
        let affected = affected.filter(|_| changes(&planned.split, &output));
        self.give(Chunk::Done { affected }).await
    }

    /// The columns of a statement that the driver cannot describe: those of one row of nulls, for which it need not run.
    async fn probed(
        &mut self,
        planned: &Planned,
        text: &str,
    ) -> Result<Vec<DescribedColumn>, Stopped> {
        let probe = format!("SELECT q.* FROM (SELECT) AS one LEFT JOIN (\n{text}\n) AS q ON false");
        let asked = ["SELECT", "VALUES", "TABLE"].contains(&planned.split.verb());
        let answers = match self.lease.link() {
            Ok(link) if asked => link.run(probe).await,
            _ => Ok(Vec::new()),
        };
        match answers {
            Ok(them) if !them.is_empty() => Ok(them.iter().flat_map(Answer::columns).collect()),
            _ => Err(Error::new(ErrorKind::Unsupported, OPERATION)
                .because("a column is of a type that the driver does not understand")
                .hint("cast the column to text")
                .into()),
        }
    }

    /// Gives the lines of `COPY … TO STDOUT`.
    async fn copy(&mut self, text: &str) -> Result<(), Stopped> {
        let mut output = Output::lines();
        let copied = copy(&mut self.lease, text, &mut output, &self.out).await;
        copied.map_err(|it| self.stopped(it, text))?;
        if output.has_more() {
            self.give(output.batch()).await?;
        }
        self.give(Chunk::Done { affected: None }).await
    }

    fn stopped(&self, broken: Broken, text: &str) -> Stopped {
        match broken {
            Broken::Unwanted => Stopped::Unwanted,
            Broken::Failed(it) => Stopped::Failed(self.lease.fail(&it, OPERATION, Some(text))),
        }
    }
}

/// Why a result ended early.
enum Broken {
    Failed(Failure),
    Unwanted,
}

impl<E: Into<Failure>> From<E> for Broken {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Whether a statement counts the rows that it changes.
fn changes(split: &Split, output: &Output) -> bool {
    let changes = ["INSERT", "UPDATE", "DELETE", "MERGE"].contains(&split.verb());
    changes || (split.verb() == "EXECUTE" && !output.has_columns())
}

async fn describe(lease: &mut Lease, planned: &Planned) -> Result<Option<Described>, Failure> {
    let oids: Vec<u32> = planned.values.iter().map(parameters::oid).collect();
    let link = lease.link()?;
    link.describe(&planned.split.statement.text, &oids).await
}

/// The statement with its values, for parameters that the server takes to be of the types `asked`.
fn written(planned: &Planned, asked: &[u32]) -> Result<String, Failure> {
    let values = planned.values.iter().enumerate();
    let parameters: Vec<Parameter> = values
        .map(|(at, it)| Parameter {
            oid: parameters::oid(it),
            text: parameters::text(it, asked.get(at).copied()),
        })
        .collect();
    parameters::written_out(&planned.split.statement.text, &parameters)
}

/// The length or precision with which each column is declared, which the driver keeps to itself; -1 where there is none.
async fn modifiers(
    lease: &mut Lease,
    columns: &[DescribedColumn],
    types: &[Arc<Type>],
) -> Result<Vec<i32>, Failure> {
    let wanted = columns.iter().zip(types).map(|(column, of)| {
        let has_modifier = of.takes_modifier();
        column.origin.filter(|_| has_modifier)
    });
    let wanted: Vec<Option<(u32, i16)>> = wanted.collect();
    let places: Vec<String> = wanted
        .iter()
        .flatten()
        .map(|(table, number)| format!("({table}, {number})"))
        .collect();
    if places.is_empty() {
        return Ok(vec![-1; columns.len()]);
    }
    let text = format!(
        "SELECT attrelid, attnum, atttypmod FROM pg_catalog.pg_attribute WHERE (attrelid, attnum) IN ({})",
        places.join(", ")
    );
    let answers = lease.link()?.run(text).await;
    let answers = answers.map_err(|(_, failure)| failure)?;
    let rows = answers.first().map_or(&[][..], |it| it.rows.as_slice());
    let modifier = |place: Option<(u32, i16)>| {
        let row = rows
            .iter()
            .find(|it| it.number(0).zip(it.number(1)) == place);
        row.filter(|_| place.is_some())
            .and_then(|it| it.number(2))
            .unwrap_or(-1)
    };
    Ok(wanted.into_iter().map(modifier).collect())
}

/// Gives batches to the last but one; gives how many rows the statement has counted.
async fn rows(
    lease: &mut Lease,
    text: &str,
    output: &mut Output,
    out: &mpsc::Sender<Result<Chunk>>,
) -> Result<Option<u64>, Broken> {
    let link = lease.link()?;
    // The binary form, where we read that of every column: no setting of the session changes it.
    let steps = if output.is_binary() {
        link.binaries(text.to_owned())?
    } else {
        link.texts(text.to_owned())?
    };
    let counted = read(steps, output, out).await;
    // After the server's last word, an error included, nothing runs any more.
    if matches!(counted, Ok(_) | Err(Broken::Failed(Failure::Server(_)))) {
        link.rest();
    }
    counted
}

/// Reads to the end. A batch is given once it is full, or has waited long enough; the last one stays.
async fn read(
    mut steps: Steps<'_>,
    output: &mut Output,
    out: &mpsc::Sender<Result<Chunk>>,
) -> Result<Option<u64>, Broken> {
    let mut counted = None;
    loop {
        let step = match steps.next().now_or_never() {
            Some(step) => step,
            None if output.is_empty() => steps.next().await,
            None => match timeout_at(output.flush_at, steps.next()).await {
                Ok(step) => step,
                Err(_elapsed) => {
                    give(output, out).await?;
                    continue;
                }
            },
        };
        match step.transpose()? {
            None => return Ok(counted),
            Some(Either::Left(ended)) => counted = Some(ended.rows_affected()),
            Some(Either::Right(row)) => output.push(&row)?,
        }
        if output.is_full() {
            give(output, out).await?;
        }
    }
}

async fn copy(
    lease: &mut Lease,
    text: &str,
    output: &mut Output,
    out: &mpsc::Sender<Result<Chunk>>,
) -> Result<(), Broken> {
    let link = lease.link()?;
    let mut messages = link.copy(text).await?;
    while let Some(message) = messages.next().await.transpose()? {
        output.push_line(message.as_ref());
        if output.is_full() {
            give(output, out).await?;
        }
    }
    drop(messages);
    link.rest();
    Ok(())
}

async fn give(output: &mut Output, out: &mpsc::Sender<Result<Chunk>>) -> Result<(), Broken> {
    let given = out.send(Ok(output.batch())).await;
    given.map_err(|_unsent| Broken::Unwanted)
}
