//! Statements that people type, as a stream of results.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::stream;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Access, Batch, Call, Chunk, Column, Rows, Statement};
use parallax_core::value::Value;
use tokio::time::{Instant, timeout_at};

use super::fault::Failure;
use super::lease::{Cells, Described, Lease, described};
use super::parameters;
use super::pool::Pool;
use super::readonly::refusal;
use super::statements::{Split, split};
use super::types::Type;
use super::wire::{Format, Wire};
use super::{binary, text};
use crate::sql::SqlStatement;

const OPERATION: &str = "run the statement";

/// The most rows of one batch.
const BATCH_ROWS: usize = 1_024;

/// About the most bytes of one batch.
const BATCH_BYTES: usize = 1 << 20;

/// How long rows wait for others to fill the batch.
const FLUSH_AFTER: Duration = Duration::from_millis(20);

/// Opens the transaction in which a read-only profile runs what people type. Behind its first query, the server lets
/// nobody make it writable again.
const READ_ONLY: &str = "BEGIN TRANSACTION READ ONLY; SELECT 1";

/// One statement and its values.
struct Planned {
    statement: SqlStatement,
    values: Vec<Value>,
}

/// Starts the statements of a text; each gives one result.
pub(super) async fn start(pool: &Arc<Pool>, call: &Call, statement: &Statement) -> Result<Rows> {
    let plan = plan(call, statement)?;
    let lease = match call.access {
        Access::ReadOnly => pool.lease(call).await?,
        Access::ReadWrite => pool.lease_writing(call).await?,
    };
    let run = Run {
        lease,
        access: call.access,
        plan,
        phase: Phase::Begin,
        ready: VecDeque::new(),
    };
    Ok(Box::pin(stream::unfold(Some(run), |run| async {
        let mut run = run?;
        match run.next().await {
            Ok(Some(chunk)) => Some((Ok(chunk), Some(run))),
            Ok(None) => {
                run.lease.release();
                None
            }
            Err(error) => Some((Err(error), None)),
        }
    })))
}

fn plan(call: &Call, statement: &Statement) -> Result<VecDeque<Planned>> {
    let statements = split(&statement.text)?;
    if statements.is_empty() {
        return Err(
            Error::new(ErrorKind::InvalidInput, OPERATION).because("the text holds no statement")
        );
    }
    let planned = |it: Split| {
        if call.access == Access::ReadOnly
            && let Some(refused) = refusal(&it)
        {
            return Err(refused);
        }
        Ok(Planned {
            values: it.statement.bound(&statement.parameters)?,
            statement: it.statement,
        })
    };
    statements.into_iter().map(planned).collect()
}

/// Statements on their way.
struct Run {
    lease: Lease,
    access: Access,
    plan: VecDeque<Planned>,
    phase: Phase,
    ready: VecDeque<Chunk>,
}

enum Phase {
    Begin,
    /// The first statement of the plan comes next; there may have been others.
    Next {
        is_first: bool,
    },
    /// Its rows are being read.
    Rows(Box<Output>),
    End,
    Over,
}

impl Run {
    /// The next chunk; `None` at the end of all statements.
    async fn next(&mut self) -> Result<Option<Chunk>> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Ok(Some(chunk));
            }
            let text = self.plan.front().map(|it| it.statement.text.clone());
            match std::mem::replace(&mut self.phase, Phase::Over) {
                Phase::Begin => {
                    if self.access == Access::ReadOnly {
                        let begun = self.simple(&[READ_ONLY]).await;
                        begun.map_err(|it| self.lease.fail(&it, OPERATION, None))?;
                    }
                    self.phase = Phase::Next { is_first: true };
                }
                Phase::Next { is_first } => self.begin(is_first, text.as_deref()).await?,
                Phase::Rows(output) => self.read(output, text.as_deref()).await?,
                Phase::End => self.end().await?,
                Phase::Over => return Ok(None),
            }
        }
    }

    async fn begin(&mut self, is_first: bool, text: Option<&str>) -> Result<()> {
        let Some(planned) = self.plan.front() else {
            self.phase = Phase::End;
            return Ok(());
        };
        if !is_first {
            self.ready.push_back(Chunk::NextResult);
        }
        let output = open(&mut self.lease, planned).await?;
        let output = output.map_err(|it| self.lease.fail(&it, OPERATION, text))?;
        self.phase = Phase::Rows(Box::new(output));
        Ok(())
    }

    /// Reads until there is something to give.
    async fn read(&mut self, mut output: Box<Output>, text: Option<&str>) -> Result<()> {
        let read = output.read(&mut self.lease).await;
        self.keep_notices();
        match read.map_err(|it| self.lease.fail(&it, OPERATION, text))? {
            Step::Batch => {
                self.ready.push_back(output.batch());
                self.phase = Phase::Rows(output);
            }
            Step::Done => {
                if output.has_more() {
                    self.ready.push_back(output.batch());
                }
                let affected = output.affected;
                self.ready.push_back(Chunk::Done { affected });
                self.plan.pop_front();
                self.phase = Phase::Next { is_first: false };
            }
        }
        Ok(())
    }

    /// Leaves the connection as it was before. One that may write is closed instead.
    async fn end(&mut self) -> Result<()> {
        if self.access == Access::ReadWrite {
            return Ok(());
        }
        if self.simple(&["ROLLBACK", "DISCARD ALL"]).await.is_err() {
            self.lease.spend();
        }
        self.lease.forget_settings();
        Ok(())
    }

    fn keep_notices(&mut self) {
        let notices = self.lease.wire().map(Wire::take_notices);
        self.ready
            .extend(notices.unwrap_or_default().into_iter().map(Chunk::Notice));
    }

    /// Runs statements of our own, of which only failure is of interest.
    async fn simple(&mut self, texts: &[&str]) -> Result<(), Failure> {
        let wire = self.lease.wire()?;
        for text in texts {
            wire.put_simple(text)?;
        }
        wire.flush().await?;
        let mut failed = None;
        for _ in texts {
            loop {
                let frame = wire.frame().await?;
                match frame.tag {
                    b'Z' => break,
                    b'E' => failed = Some(wire.error(&frame)),
                    _ => {}
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }
}

/// Prepares a statement and asks for its rows. The inner failure is the statement's.
async fn open(lease: &mut Lease, planned: &Planned) -> Result<Result<Output, Failure>> {
    let prepared = match prepare(lease, planned).await {
        Ok(it) => it,
        Err(failure) => return Ok(Err(failure)),
    };
    let oids: Vec<u32> = prepared.columns.iter().map(|it| it.oid).collect();
    let types = lease.types(&oids).await?;
    let sent = execute(lease, planned, &prepared, &types).await;
    Ok(sent.map(|()| Output::new(&prepared.columns, types)))
}

/// What the server says of a statement before it runs.
#[derive(Default)]
struct Prepared {
    parameters: Vec<u32>,
    columns: Vec<Described>,
}

async fn prepare(lease: &mut Lease, planned: &Planned) -> Result<Prepared, Failure> {
    let oids: Vec<u32> = planned.values.iter().map(parameters::oid).collect();
    let wire = lease.wire()?;
    wire.put_parse(&planned.statement.text, &oids)?;
    wire.put_describe_statement()?;
    wire.put_sync();
    wire.flush().await?;
    let mut prepared = Prepared::default();
    let mut failed = None;
    loop {
        let frame = wire.frame().await?;
        match frame.tag {
            b't' => prepared.parameters = parameters::described(wire.body(&frame)),
            b'T' => prepared.columns = described(wire.body(&frame)),
            b'E' => failed = Some(wire.error(&frame)),
            b'Z' => return failed.map_or(Ok(prepared), Err),
            _ => {}
        }
    }
}

async fn execute(
    lease: &mut Lease,
    planned: &Planned,
    prepared: &Prepared,
    types: &[Arc<Type>],
) -> Result<(), Failure> {
    let values = planned.values.iter().enumerate();
    let texts: Vec<Option<String>> = values
        .map(|(at, it)| parameters::text(it, prepared.parameters.get(at).copied()))
        .collect();
    let formats = types.iter().map(|it| {
        if it.is_binary() {
            Format::Binary
        } else {
            Format::Text
        }
    });
    let wire = lease.wire()?;
    // Asking for types may have taken its place.
    wire.put_parse(&planned.statement.text, &prepared.parameters)?;
    wire.put_bind(texts.iter().map(Option::as_deref), formats)?;
    wire.put_execute()?;
    wire.put_sync();
    wire.flush().await
}

/// Why reading stopped.
enum Step {
    /// A batch is full, or has waited long enough.
    Batch,
    /// The statement ended.
    Done,
}

/// The batch that is being filled.
struct Output {
    columns: Arc<[Column]>,
    types: Vec<Arc<Type>>,
    cells: Vec<Value>,
    rows: usize,
    bytes: usize,
    flush_at: Instant,
    is_begun: bool,
    affected: Option<u64>,
}

impl Output {
    fn new(columns: &[Described], types: Vec<Arc<Type>>) -> Self {
        let named = columns.iter().zip(&types).map(|(column, of)| Column {
            name: column.name.clone(),
            type_name: of.with_modifier(column.modifier),
        });
        Self {
            columns: named.collect(),
            types,
            cells: Vec::new(),
            rows: 0,
            bytes: 0,
            flush_at: Instant::now(),
            is_begun: false,
            affected: None,
        }
    }

    async fn read(&mut self, lease: &mut Lease) -> Result<Step, Failure> {
        let wire = lease.wire()?;
        let mut failed = None;
        loop {
            let Some(frame) = wire.take()? else {
                if self.rows == 0 {
                    wire.fill().await?;
                } else if let Ok(filled) = timeout_at(self.flush_at, wire.fill()).await {
                    filled?;
                } else {
                    return Ok(Step::Batch);
                }
                continue;
            };
            match frame.tag {
                b'D' => {
                    self.push(wire.body(&frame))?;
                    if self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES {
                        return Ok(Step::Batch);
                    }
                }
                b'Z' => return failed.map_or(Ok(Step::Done), Err),
                b'E' => failed = Some(wire.error(&frame)),
                b'C' => self.affected = affected(wire.body(&frame)),
                b'G' => {
                    wire.put_copy_fail("nothing can be sent here")?;
                    wire.flush().await?;
                }
                b'H' => self.columns = lines(),
                b'd' => self.push_line(wire.body(&frame)),
                _ => {}
            }
        }
    }

    fn push(&mut self, body: &[u8]) -> Result<(), Failure> {
        let cells = Cells::of(body);
        if usize::from(cells.left()) != self.types.len() {
            return Err(Failure::Protocol(
                "a row has another number of cells".to_owned(),
            ));
        }
        self.begin_row(body.len());
        for (cell, of) in cells.zip(&self.types) {
            let value = match cell {
                None => Value::Null,
                Some(cell) if of.is_binary() => binary::value(of, cell),
                Some(cell) => text::value(of, cell),
            };
            self.cells.push(value);
        }
        Ok(())
    }

    /// One line of `COPY … TO STDOUT`.
    fn push_line(&mut self, body: &[u8]) {
        self.begin_row(body.len());
        let line = body.strip_suffix(b"\n").unwrap_or(body);
        let text = String::from_utf8(line.to_vec()).map(Value::Text);
        self.cells
            .push(text.unwrap_or_else(|it| Value::Bytes(it.into_bytes())));
    }

    fn begin_row(&mut self, bytes: usize) {
        if self.rows == 0 {
            self.flush_at = Instant::now() + FLUSH_AFTER;
            self.cells.reserve(BATCH_ROWS.min(self.columns.len() * 64));
        }
        self.rows += 1;
        self.bytes += bytes + self.types.len() * size_of::<Value>();
    }

    /// Whether rows wait, or the columns of a result without rows.
    fn has_more(&self) -> bool {
        self.rows > 0 || (!self.is_begun && !self.columns.is_empty())
    }

    fn batch(&mut self) -> Chunk {
        self.is_begun = true;
        let rows = u32::try_from(self.rows).unwrap_or(u32::MAX);
        let cells = std::mem::take(&mut self.cells);
        (self.rows, self.bytes) = (0, 0);
        Chunk::Rows(Batch {
            columns: Arc::clone(&self.columns),
            rows,
            cells,
        })
    }
}

fn lines() -> Arc<[Column]> {
    Arc::new([Column {
        name: "line".to_owned(),
        type_name: "text".to_owned(),
    }])
}

/// The count in `INSERT 0 5`, where rows were changed.
fn affected(tag: &[u8]) -> Option<u64> {
    let tag = std::str::from_utf8(tag).ok()?.trim_end_matches('\0');
    let verb = tag.split(' ').next()?;
    let changes = ["INSERT", "UPDATE", "DELETE", "MERGE"].contains(&verb);
    let count = tag.rsplit(' ').next()?.parse().ok();
    count.filter(|_| changes)
}
