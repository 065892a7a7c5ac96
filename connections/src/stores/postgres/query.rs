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

use super::bound::{self, Parameters};
use super::fault::Failure;
use super::lease::Lease;
use super::link::{DescribedColumn, Steps};
use super::output::Output;
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

/// Does so afresh, after a failure that has ended it.
const READ_ONLY_AGAIN: &str = "ROLLBACK; BEGIN TRANSACTION READ ONLY; SELECT 1";

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
        verb @ ("COPY" | "PREPARE") if !split.statement.parameters.is_empty() => Some(
            error("bind the parameters")
                .because(format!("{verb} takes none"))
                .hint("run the query by itself: it can have parameters"),
        ),
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
            Box::pin(self.one(planned, nth)).await?;
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

    async fn one(&mut self, planned: &Planned, nth: usize) -> Result<(), Stopped> {
        let text = &planned.split.statement.text;
        if planned.split.verb() == "COPY" {
            return self.copy(text).await;
        }
        let prepared = if planned.values.is_empty() {
            None
        } else {
            let again = self.again(nth);
            let (split, values) = (&planned.split, &planned.values);
            Some(bound::prepare(&mut self.lease, split, values, again).await?)
        };
        let (parameters, columns) = match prepared {
            Some(it) => (Some(it.parameters), it.columns),
            None => (None, self.described(text).await?),
        };
        let columns = match (columns, &parameters) {
            (Some(columns), _) => columns,
            (None, None) => bound::probed(&mut self.lease, &planned.split, text).await?,
            (None, Some(them)) => {
                let nulled = them.nulled(text);
                bound::probed(&mut self.lease, &planned.split, &nulled).await?
            }
        };
        let mut output = self.output(columns).await?;
        let text = match &parameters {
            Some(them) => bound::readable(&planned.split, them.taken(text), output.types())?,
            None => text.clone(),
        };
        let asked = Asked { text, parameters };
        let read = rows(&mut self.lease, &asked, &mut output, &self.out).await;
        let affected = read.map_err(|it| self.stopped(it, &asked))?;
        if output.filling.has_more() {
            self.give(output.filling.take()).await?;
        }
        let affected = affected.filter(|_| changes(&planned.split, &output));
        self.give(Chunk::Done { affected }).await
    }

    /// What to run before a statement is prepared once more, after a failure; `None` where it would undo what came before.
    fn again(&self, nth: usize) -> Option<&'static str> {
        match self.access {
            Access::ReadOnly => (nth == 0).then_some(READ_ONLY_AGAIN),
            Access::ReadWrite => Some(""),
        }
    }

    /// The columns of a statement without parameters; `None` where the driver does not understand one.
    async fn described(&mut self, text: &str) -> Result<Option<Vec<DescribedColumn>>, Error> {
        let described = match self.lease.link() {
            Ok(link) => link.describe(text, &[]).await,
            Err(failure) => Err(failure),
        };
        let described = described.map_err(|it| self.lease.fail(&it, OPERATION, Some(text)))?;
        Ok(described.map(|it| it.columns))
    }

    async fn output(&mut self, columns: Vec<DescribedColumn>) -> Result<Output, Error> {
        let oids: Vec<u32> = columns.iter().map(|it| it.oid).collect();
        let types = self.lease.types(&oids).await?;
        let modifiers = modifiers(&mut self.lease, &columns, &types).await;
        let modifiers = modifiers.map_err(|it| self.lease.fail(&it, OPERATION, None))?;
        let names = columns.into_iter().map(|it| it.name);
        Ok(Output::new(names.zip(modifiers), types))
    }

    /// Gives the lines of `COPY … TO STDOUT`.
    async fn copy(&mut self, text: &str) -> Result<(), Stopped> {
        let mut output = Output::lines();
        let copied = copy(&mut self.lease, text, &mut output, &self.out).await;
        let asked = || Asked {
            text: text.to_owned(),
            parameters: None,
        };
        copied.map_err(|it| self.stopped(it, &asked()))?;
        if output.filling.has_more() {
            self.give(output.filling.take()).await?;
        }
        self.give(Chunk::Done { affected: None }).await
    }

    fn stopped(&self, broken: Broken, asked: &Asked<'_>) -> Stopped {
        let failure = match broken {
            Broken::Unwanted => return Stopped::Unwanted,
            Broken::Failed(it) => it,
        };
        Stopped::Failed(match &asked.parameters {
            None => self.lease.fail(&failure, OPERATION, Some(&asked.text)),
            // A place in the text that was sent is none in the text that was typed.
            Some(them) => {
                let error = self.lease.fail(&failure, OPERATION, None);
                them.blamed(error, failure.code())
            }
        })
    }
}

/// What is sent: the text, and what is bound to it.
struct Asked<'p> {
    text: String,
    parameters: Option<Parameters<'p>>,
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
    changes || (split.verb() == "EXECUTE" && !output.filling.has_columns())
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
    asked: &Asked<'_>,
    output: &mut Output,
    out: &mpsc::Sender<Result<Chunk>>,
) -> Result<Option<u64>, Broken> {
    let link = lease.link()?;
    let text = asked.text.clone();
    // The binary form, where we read that of every column: no setting of the session changes it.
    let steps = match &asked.parameters {
        Some(them) => link.bound(text, them.values())?,
        None if output.is_binary() => link.binaries(text)?,
        None => link.texts(text)?,
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
            None if output.filling.is_empty() => steps.next().await,
            None => match timeout_at(output.filling.flush_at(), steps.next()).await {
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
        if output.filling.is_full() {
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
        if output.filling.is_full() {
            give(output, out).await?;
        }
    }
    drop(messages);
    link.rest();
    Ok(())
}

async fn give(output: &mut Output, out: &mpsc::Sender<Result<Chunk>>) -> Result<(), Broken> {
    let given = out.send(Ok(output.filling.take())).await;
    given.map_err(|_unsent| Broken::Unwanted)
}
