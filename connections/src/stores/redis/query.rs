//! Commands that people type, as a stream of results.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::stream::unfold;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Batch, Call, Chunk, Column, Rows, Statement};
use parallax_core::value::Value;
use redis::Value as Reply;

use super::fault;
use super::pool::{Lease, Pool};
use super::readonly::{self, Known};
use super::render::{Table, table};
use super::watch::{Topic, Watch};
use super::words::{self, Command};

/// The most rows of one batch.
const BATCH_ROWS: usize = 1_024;

/// About the most bytes of one batch.
const BATCH_BYTES: usize = 1 << 20;

/// Starts the commands of a text on a connection of their own; each gives one result.
pub(super) async fn start(pool: &Arc<Pool>, call: &Call, statement: &Statement) -> Result<Rows> {
    let commands = words::commands(&statement.text, &statement.parameters)?;
    let mut lease = pool.lease_own(call).await?;
    let known = readonly::check(&mut lease, &commands, call.access).await?;
    let plan: VecDeque<(Command, Known)> = commands.into_iter().zip(known).collect();
    check_endless(&plan)?;
    let run = Run {
        lease,
        plan,
        ready: VecDeque::new(),
        rest: None,
        watch: None,
    };
    Ok(Box::pin(unfold(Some(run), |run| async {
        let mut run = run?;
        match run.next().await {
            Ok(Some(chunk)) => Some((Ok(chunk), Some(run))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })))
}

/// A command that goes on until it is stopped must be the last one.
fn check_endless(plan: &VecDeque<(Command, Known)>) -> Result<()> {
    let before_last = plan.iter().rev().skip(1);
    for (command, known) in before_last {
        if Topic::of(known).is_some() {
            let operation = format!("run {} in line {}", command.upper(0), command.line);
            return Err(Error::new(ErrorKind::InvalidInput, operation)
                .because("it goes on until it is stopped, so what stands behind it would never run")
                .hint("make it the last command"));
        }
    }
    Ok(())
}

/// The commands that have still to run, and what is left of the last result.
struct Run {
    lease: Lease,
    plan: VecDeque<(Command, Known)>,
    ready: VecDeque<Chunk>,
    rest: Option<Rest>,
    watch: Option<Watch>,
}

impl Run {
    async fn next(&mut self) -> Result<Option<Chunk>> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Ok(Some(chunk));
            }
            if let Some(rest) = &mut self.rest {
                let chunk = rest.batch();
                if chunk.is_none() {
                    self.rest = None;
                    self.end();
                }
                self.ready.extend(chunk);
                continue;
            }
            if let Some(watch) = &mut self.watch {
                return watch.next(&self.lease.control).await.map(Some);
            }
            let Some((command, known)) = self.plan.pop_front() else {
                return Ok(None);
            };
            self.run(&command, &known).await?;
        }
    }

    async fn run(&mut self, command: &Command, known: &Known) -> Result<()> {
        if let Some(topic) = Topic::of(known) {
            let begun = Watch::begin(&mut self.lease, topic, command).await;
            let (watch, head) = begun.map_err(|it| explained(it, command))?;
            self.ready.extend(head);
            self.watch = Some(watch);
            return Ok(());
        }
        self.lease.push(&command.words);
        self.lease.send().await?;
        let reply = self.lease.reply().await?;
        if let Reply::ServerError(error) = &reply {
            let operation = format!("run {} in line {}", command.upper(0), command.line);
            return Err(explained(fault::refused(error, operation), command));
        }
        let table = table(&known.name, command, &reply);
        self.ready.extend(table.notice.clone().map(Chunk::Notice));
        self.rest = Some(Rest::new(table));
        Ok(())
    }

    fn end(&mut self) {
        self.ready.push_back(Chunk::Done { affected: None });
        if !self.plan.is_empty() {
            self.ready.push_back(Chunk::NextResult);
        }
    }
}

/// Adds where the arguments of a command are explained, if they were wrong.
fn explained(error: Error, command: &Command) -> Error {
    let cause = error.causes.first().map(String::as_str).unwrap_or_default();
    let is_misuse = cause.contains("wrong number of arguments") || cause.contains("syntax error");
    if !is_misuse {
        return error;
    }
    error.hint(format!("its arguments: COMMAND DOCS {}", command.upper(0)))
}

/// The rows of a result that have not been given away.
struct Rest {
    columns: Arc<[Column]>,
    cells: std::vec::IntoIter<Value>,
    begun: bool,
}

impl Rest {
    fn new(table: Table) -> Self {
        Self {
            columns: table.columns().into(),
            cells: table.cells.into_iter(),
            begun: false,
        }
    }

    /// The next rows; the first batch comes even when there are none.
    fn batch(&mut self) -> Option<Chunk> {
        let (mut rows, mut bytes, mut cells) = (0, 0, Vec::new());
        while rows < BATCH_ROWS && bytes < BATCH_BYTES && self.cells.len() > 0 {
            let row = self.cells.by_ref().take(self.columns.len().max(1));
            for cell in row {
                bytes += size(&cell);
                cells.push(cell);
            }
            rows += 1;
        }
        if rows == 0 && self.begun {
            return None;
        }
        self.begun = true;
        Some(Chunk::Rows(Batch {
            columns: Arc::clone(&self.columns),
            rows: u32::try_from(rows).unwrap_or(u32::MAX),
            cells,
        }))
    }
}

/// About what a cell takes in memory.
fn size(value: &Value) -> usize {
    let content = match value {
        Value::Text(it) => it.len(),
        Value::Bytes(it) => it.len(),
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(members) => members.iter().map(|(name, it)| name.len() + size(it)).sum(),
        _ => 0,
    };
    size_of::<Value>() + content
}
