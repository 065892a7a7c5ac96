//! Commands that people type, as a stream of results.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::stream::unfold;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Batch, Call, Chunk, Column, Rows, Statement};
use parallax_core::value::Value;

use super::fault;
use super::pool::{Lease, Pool};
use super::readonly::{self, Known};
use super::render::{Table, table, value};
use super::wire::Reply;
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
        watched: None,
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
        if Watched::of(known).is_some() {
            let operation = format!("run {} in line {}", command.upper(0), command.line);
            return Err(Error::new(ErrorKind::InvalidInput, operation)
                .because("it goes on until it is stopped, so what stands behind it would never run")
                .hint("make it the last command"));
        }
    }
    Ok(())
}

/// A command that gives rows until it is stopped.
#[derive(Clone, Debug)]
struct Watched {
    columns: Arc<[Column]>,
}

impl Watched {
    fn of(known: &Known) -> Option<Self> {
        let columns: &[&str] = match known.name.as_str() {
            "subscribe" | "ssubscribe" => &["channel", "message"],
            "psubscribe" => &["pattern", "channel", "message"],
            "monitor" => &["command"],
            _ => return None,
        };
        let column = |name: &&str| Column {
            name: (*name).to_owned(),
            type_name: String::new(),
        };
        Some(Self {
            columns: columns.iter().map(column).collect(),
        })
    }

    /// What one message is: a row, or something that is said.
    fn chunk(&self, reply: &Reply) -> Chunk {
        let cells: Vec<Value> = match reply {
            Reply::Status(line) if line == "OK" => {
                return Chunk::Notice("every command of the server follows".to_owned());
            }
            Reply::Status(line) => vec![Value::Text(line.clone())],
            other => other.items().iter().skip(1).map(value).collect(),
        };
        let kind = reply
            .items()
            .first()
            .and_then(Reply::text)
            .unwrap_or_default();
        if kind.ends_with("subscribe") || cells.len() != self.columns.len() {
            let what = cells.first().map(ToString::to_string).unwrap_or_default();
            return Chunk::Notice(format!("{kind} {what}"));
        }
        Chunk::Rows(Batch {
            columns: Arc::clone(&self.columns),
            rows: 1,
            cells,
        })
    }
}

/// The commands that have still to run, and what is left of the last result.
struct Run {
    lease: Lease,
    plan: VecDeque<(Command, Known)>,
    ready: VecDeque<Chunk>,
    rest: Option<Rest>,
    watched: Option<Watched>,
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
            if let Some(watched) = &self.watched {
                let reply = self.lease.reply().await?;
                return Ok(Some(watched.chunk(&reply)));
            }
            let Some((command, known)) = self.plan.pop_front() else {
                return Ok(None);
            };
            self.run(&command, &known).await?;
        }
    }

    async fn run(&mut self, command: &Command, known: &Known) -> Result<()> {
        self.lease.push(&command.words);
        self.lease.send().await?;
        let reply = self.lease.reply().await?;
        if let Reply::Error(text) = &reply {
            let operation = format!("run {} in line {}", command.upper(0), command.line);
            return Err(explained(fault::server(text, operation), command));
        }
        if let Some(watched) = Watched::of(known) {
            self.ready.push_back(Chunk::Rows(Batch {
                columns: Arc::clone(&watched.columns),
                rows: 0,
                cells: Vec::new(),
            }));
            self.ready.push_back(watched.chunk(&reply));
            self.watched = Some(watched);
            return Ok(());
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
