//! Statements that people type, as a stream of results.
//!
//! A task of its own reads and decodes, so that whoever takes the rows can put them to use meanwhile. Each statement is
//! prepared, and its cells come in the binary protocol; what cannot be prepared comes as text.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{FutureExt as _, StreamExt as _, stream};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Access, Call, Chunk, Column, Rows, Statement};
use parallax_core::value::Value;
use sqlx::mysql::{MySqlColumn, MySqlRow};
use sqlx::{Column as _, Either, Row as _};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use super::bind::{Bound, bind};
use super::fault::Failure;
use super::lease::Lease;
use super::lexer::Mode;
use super::link::{Row, Steps, cell};
use super::pool::Pool;
use super::readonly::refusal;
use super::statements::{Split, split};
use super::types::{Kind, Type};
use super::{binary, origin, text};
use crate::stores::batch::Filling;

const OPERATION: &str = "run the statement";

/// Batches that wait for whoever takes them.
const BATCHES_AHEAD: usize = 2;

/// Warnings that are told of one statement.
const WARNINGS: &str = "SHOW WARNINGS LIMIT 20";

/// The server keeps the warnings of a statement until one reads a table.
const FORGET_WARNINGS: &str = "SELECT 1 FROM information_schema.engines LIMIT 0";

/// The server cannot prepare that statement.
const NOT_PREPARED: u16 = 1295;

/// One statement and its values.
struct Planned {
    split: Split,
    bound: Bound,
}

/// Starts the statements of a text; each gives one result, and a procedure as many as it selects.
pub(super) async fn start(pool: &Arc<Pool>, call: &Call, statement: &Statement) -> Result<Rows> {
    let lease = match call.access {
        Access::ReadOnly => pool.lease(call).await?,
        Access::ReadWrite => pool.lease_writing(call).await?,
    };
    let mode = lease.server().map_or_else(Mode::default, |it| it.mode);
    let plan = match plan(call, statement, mode) {
        Ok(plan) => plan,
        Err(error) => {
            lease.release();
            return Err(error);
        }
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

fn plan(call: &Call, statement: &Statement, mode: Mode) -> Result<Vec<Planned>> {
    let statements = split(&statement.text, mode)?;
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
            bound: bind(&it, &statement.parameters)?,
            split: it,
        })
    };
    statements.into_iter().map(planned).collect()
}

/// Settings by which values would be read as others than they are.
fn unsupported(split: &Split) -> Option<Error> {
    let reads = [
        "TIME_ZONE",
        "NAMES",
        "CHARSET",
        "CHARACTER",
        "CHARACTER_SET_RESULTS",
        "CHARACTER_SET_CLIENT",
        "CHARACTER_SET_CONNECTION",
    ];
    let changed = split.words().find(|it| reads.contains(it));
    let changed = changed.filter(|_| split.verb() == "SET")?;
    Some(
        Error::new(ErrorKind::Unsupported, format!("set {changed}"))
            .because("times are read in UTC and texts in UTF-8, whatever the session is told")
            .hint("convert in the statement: CONVERT_TZ(…), CONVERT(… USING …)"),
    )
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
        let leaves_traces = plan.iter().any(|it| it.split.leaves_traces());
        let ran = self.statements(plan).await;
        let Self { mut lease, out, .. } = self;
        match ran {
            Ok(()) => {
                if leaves_traces {
                    lease.spend();
                }
                lease.release();
            }
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

    async fn statements(&mut self, plan: Vec<Planned>) -> Result<(), Stopped> {
        if self.access == Access::ReadOnly {
            self.simple(&[FORGET_WARNINGS, "START TRANSACTION READ ONLY"])
                .await?;
        }
        for (nth, planned) in plan.into_iter().enumerate() {
            if nth > 0 {
                self.give(Chunk::NextResult).await?;
            }
            Box::pin(self.one(planned)).await?;
        }
        if self.access == Access::ReadOnly {
            self.simple(&["ROLLBACK"]).await?;
        }
        Ok(())
    }

    async fn give(&self, chunk: Chunk) -> Result<(), Stopped> {
        give(&self.out, chunk).await.map_err(|it| self.stopped(it))
    }

    /// Runs statements of our own, of which only failure is of interest.
    async fn simple(&mut self, texts: &[&str]) -> Result<(), Error> {
        let texts: Vec<String> = texts.iter().map(|it| (*it).to_owned()).collect();
        let ran = self.lease.tried(&texts).await;
        ran.map(drop).map_err(|it| self.lease.fail(&it, OPERATION))
    }

    async fn one(&mut self, planned: Planned) -> Result<(), Stopped> {
        let Planned { split, bound } = planned;
        let prepared = match self.lease.link() {
            Ok(link) => link.prepare(&bound.text).await,
            Err(failure) => Err(failure),
        };
        let (columns, is_prepared) = match prepared {
            Ok(columns) => (columns, true),
            Err(failure) if failure.number() == NOT_PREPARED && !bound.has_parameters => {
                (Vec::new(), false)
            }
            Err(failure) => return Err(self.failed(&failure)),
        };
        let json = origin::json(&mut self.lease, &columns).await;
        let json = json.map_err(|it| self.failed(&it))?;
        let mut results = Results {
            output: (!columns.is_empty()).then(|| Output::new(&columns, &json, is_prepared)),
            json,
            is_prepared,
            counts: split.changes_rows(),
            ended: None,
            out: &self.out,
        };
        let read = read(&mut self.lease, bound, &mut results).await;
        let ended = results.ended.take();
        read.map_err(|it| self.stopped(it))?;
        self.warnings().await?;
        let affected = ended
            .and_then(|it| it.changed)
            .filter(|_| split.changes_rows());
        self.give(Chunk::Done { affected }).await
    }

    /// Gives what the server had to say of the last statement.
    async fn warnings(&mut self) -> Result<(), Stopped> {
        let answers = match self.lease.tried(&[WARNINGS.to_owned()]).await {
            Ok(answers) => answers,
            // Not every server keeps them.
            Err(Failure::Server(_)) => return Ok(()),
            Err(failure) => return Err(self.failed(&failure)),
        };
        let rows = answers.iter().flat_map(|it| &it.rows);
        let notices: Vec<String> = rows.filter_map(notice).collect();
        if !notices.is_empty() {
            self.simple(&[FORGET_WARNINGS]).await?;
        }
        for notice in notices {
            self.give(Chunk::Notice(notice)).await?;
        }
        Ok(())
    }

    fn stopped(&self, broken: Broken) -> Stopped {
        match broken {
            Broken::Unwanted => Stopped::Unwanted,
            Broken::Failed(it) => self.failed(&it),
        }
    }

    fn failed(&self, failure: &Failure) -> Stopped {
        Stopped::Failed(self.lease.fail(failure, OPERATION))
    }
}

/// Level, number and text of a warning; not the statement as the server has rewritten it to explain it.
fn notice(row: &Row) -> Option<String> {
    let (level, number, text) = (row.text(0)?, row.text(1)?, row.text(2)?);
    (number != "1003").then(|| format!("{level} {number}: {text}"))
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

/// Reads all results of one statement.
async fn read(lease: &mut Lease, bound: Bound, results: &mut Results<'_>) -> Result<(), Broken> {
    let link = lease.link()?;
    let steps = if results.is_prepared {
        link.binaries(bound.text, bound.arguments)
    } else {
        link.texts(bound.text)
    };
    let read = results.read(steps).await;
    // After the server's last word, an error included, nothing runs any more.
    if matches!(read, Ok(()) | Err(Broken::Failed(Failure::Server(_)))) {
        link.rest();
    }
    read
}

/// The end of a result.
struct Ended {
    /// How many rows were changed, where it had none of its own.
    changed: Option<u64>,
}

/// The results of one statement as they come.
struct Results<'o> {
    output: Option<Output>,
    /// The places of columns that hold JSON.
    json: BTreeSet<usize>,
    is_prepared: bool,
    /// Whether its end tells how many rows were changed, also where a result came before.
    counts: bool,
    /// The end of a result, once it has come and is not told yet.
    ended: Option<Ended>,
    out: &'o mpsc::Sender<Result<Chunk>>,
}

impl Results<'_> {
    /// Reads to the end. A batch is given once it is full, or has waited long enough; the end of the last result is not
    /// told yet.
    async fn read(&mut self, mut steps: Steps<'_>) -> Result<(), Broken> {
        loop {
            let flush_at = self.output.as_ref().filter(|it| !it.filling.is_empty());
            let flush_at = flush_at.map(|it| it.filling.flush_at());
            let step = match (steps.next().now_or_never(), flush_at) {
                (Some(step), _) => step,
                (None, None) => steps.next().await,
                (None, Some(at)) => match timeout_at(at, steps.next()).await {
                    Ok(step) => step,
                    Err(_elapsed) => {
                        self.flush().await?;
                        continue;
                    }
                },
            };
            match step.transpose()? {
                None => return Ok(()),
                Some(Either::Left(ended)) => self.end(ended.rows_affected()).await?,
                Some(Either::Right(row)) => self.row(&row).await?,
            }
        }
    }

    async fn row(&mut self, row: &MySqlRow) -> Result<(), Broken> {
        self.begin().await?;
        let output = match &mut self.output {
            // What was prepared told the names; of the types, only the rows tell all.
            Some(output) if output.is_read => output,
            slot => slot.insert(Output::read(row.columns(), &self.json, self.is_prepared)),
        };
        output.push(row)?;
        if output.filling.is_full() {
            self.flush().await?;
        }
        Ok(())
    }

    /// A result after one that has ended.
    async fn begin(&mut self) -> Result<(), Broken> {
        if let Some(ended) = self.ended.take() {
            let affected = ended.changed.filter(|_| self.counts);
            give(self.out, Chunk::Done { affected }).await?;
            give(self.out, Chunk::NextResult).await?;
        }
        Ok(())
    }

    async fn end(&mut self, changed: u64) -> Result<(), Broken> {
        // A procedure ends with a word of its own behind its results.
        if self.ended.is_some() && self.output.is_none() {
            self.ended = Some(Ended {
                changed: Some(changed),
            });
            return Ok(());
        }
        self.begin().await?;
        self.flush().await?;
        let had_rows = self.output.take().is_some();
        self.ended = Some(Ended {
            changed: (!had_rows).then_some(changed),
        });
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Broken> {
        match &mut self.output {
            Some(output) if output.filling.has_more() => {
                let chunk = output.filling.take();
                give(self.out, chunk).await
            }
            _ => Ok(()),
        }
    }
}

async fn give(out: &mpsc::Sender<Result<Chunk>>, chunk: Chunk) -> Result<(), Broken> {
    out.send(Ok(chunk))
        .await
        .map_err(|_unsent| Broken::Unwanted)
}

/// The batch that is being filled, and how its cells are read.
struct Output {
    filling: Filling,
    kinds: Vec<Kind>,
    is_prepared: bool,
    /// Whether the columns are those of a row, and not only those that the server told beforehand.
    is_read: bool,
}

impl Output {
    fn new(columns: &[MySqlColumn], json: &BTreeSet<usize>, is_prepared: bool) -> Self {
        let of = |(at, column): (usize, &MySqlColumn)| {
            if json.contains(&at) {
                Type::json()
            } else {
                Type::of_result(column)
            }
        };
        let types: Vec<Type> = columns.iter().enumerate().map(of).collect();
        let named = columns.iter().zip(&types).map(|(column, of)| Column {
            name: column.name().to_owned(),
            type_name: of.declared.clone(),
        });
        Self {
            filling: Filling::new(named.collect()),
            kinds: types.iter().map(|it| it.kind).collect(),
            is_prepared,
            is_read: false,
        }
    }

    fn read(columns: &[MySqlColumn], json: &BTreeSet<usize>, is_prepared: bool) -> Self {
        Self {
            is_read: true,
            ..Self::new(columns, json, is_prepared)
        }
    }

    fn push(&mut self, row: &MySqlRow) -> Result<(), Failure> {
        if row.len() != self.kinds.len() {
            return Err(Failure::other_cells());
        }
        self.filling.row();
        for (at, kind) in self.kinds.iter().enumerate() {
            match cell(row, at) {
                None => self.filling.cell(Value::Null, 0),
                Some(bytes) => {
                    let value = if self.is_prepared {
                        binary::value(*kind, bytes)
                    } else {
                        text::value(*kind, bytes)
                    };
                    self.filling.cell(value, bytes.len());
                }
            }
        }
        Ok(())
    }
}
