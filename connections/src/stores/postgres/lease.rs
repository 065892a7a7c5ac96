//! One connection in use by one call, and statements of our own on it.

use std::sync::Arc;

use parallax_core::error::{Error, Result};
use tokio::sync::OwnedSemaphorePermit;

use super::fault::{Doing, Failure, explain};
use super::pool::{Known, Pool, Session};
use super::types::Type;
use super::wire::{Frame, Parameter, Wire};

/// A statement of our own and the values behind its `$1`, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sql {
    pub(super) text: String,
    pub(super) parameters: Vec<Parameter>,
}

impl Sql {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            parameters: Vec::new(),
        }
    }

    /// Adds text.
    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value; gives its place, `$1`. With the OID 0 its type is told from where that stands.
    pub(super) fn bind(&mut self, oid: u32, text: impl Into<String>) -> String {
        self.parameters.push(Parameter {
            oid,
            text: Some(text.into()),
        });
        format!("${}", self.parameters.len())
    }
}

/// One column of an answer, as the server describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) name: String,
    pub(super) oid: u32,
    pub(super) modifier: i32,
}

/// The columns that a frame with the tag `T` describes.
pub(super) fn described(body: &[u8]) -> Vec<Described> {
    let mut columns = Vec::new();
    let mut rest = body.get(2..).unwrap_or_default();
    while let Some(end) = rest.iter().position(|it| *it == 0) {
        let (name, behind) = rest.split_at(end);
        let Some((field, behind)) = behind.get(1..).and_then(|it| it.split_first_chunk::<18>())
        else {
            break;
        };
        // The table and the column's number in it, the type, its length, its modifier, the format.
        let four = |at: usize| field.get(at..).and_then(<[u8]>::first_chunk::<4>);
        columns.push(Described {
            name: String::from_utf8_lossy(name).into_owned(),
            oid: four(6).map_or(0, |it| u32::from_be_bytes(*it)),
            modifier: four(12).map_or(-1, |it| i32::from_be_bytes(*it)),
        });
        rest = behind;
    }
    columns
}

/// The cells of a frame with the tag `D`: lengths and bytes, null where there is none.
pub(super) struct Cells<'b> {
    rest: &'b [u8],
    left: u16,
}

impl<'b> Cells<'b> {
    pub(super) fn of(body: &'b [u8]) -> Self {
        let (count, rest) = body
            .split_first_chunk::<2>()
            .map_or((0, body), |(it, rest)| (u16::from_be_bytes(*it), rest));
        Self { rest, left: count }
    }

    /// How many cells are still to come.
    pub(super) fn left(&self) -> u16 {
        self.left
    }
}

impl<'b> Iterator for Cells<'b> {
    type Item = Option<&'b [u8]>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let (length, rest) = self.rest.split_first_chunk::<4>()?;
        let length = i32::from_be_bytes(*length);
        let Ok(length) = usize::try_from(length) else {
            self.rest = rest;
            return Some(None);
        };
        let (cell, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(Some(cell))
    }
}

/// What a statement of our own answers: every cell in its text form.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) columns: Vec<Described>,
    pub(super) rows: Vec<Row>,
}

/// One row in text form.
#[derive(Clone, Debug)]
pub(super) struct Row(Vec<Option<Vec<u8>>>);

impl Row {
    /// The text of a cell; `None` where it is null, or no UTF-8.
    pub(super) fn text(&self, at: usize) -> Option<&str> {
        std::str::from_utf8(self.bytes(at)?).ok()
    }

    /// The text form's bytes.
    pub(super) fn bytes(&self, at: usize) -> Option<&[u8]> {
        self.0.get(at)?.as_deref()
    }

    pub(super) fn number<T: std::str::FromStr>(&self, at: usize) -> Option<T> {
        self.text(at)?.parse().ok()
    }

    pub(super) fn is_true(&self, at: usize) -> bool {
        self.text(at) == Some("t")
    }
}

/// Sends statements in one go and reads all their answers, which must be bounded. The first failure is that of all.
pub(super) async fn exchange(wire: &mut Wire, statements: &[&Sql]) -> Result<Vec<Answer>, Failure> {
    let answers = exchange_each(wire, statements).await?;
    answers.into_iter().collect()
}

/// The same, each with its own failure.
pub(super) async fn exchange_each(
    wire: &mut Wire,
    statements: &[&Sql],
) -> Result<Vec<Result<Answer, Failure>>, Failure> {
    for sql in statements {
        let oids: Vec<u32> = sql.parameters.iter().map(|it| it.oid).collect();
        wire.put_parse(&sql.text, &oids)?;
        wire.put_bind(sql.parameters.iter().map(|it| it.text.as_deref()), [])?;
        wire.put_describe_portal()?;
        wire.put_execute()?;
        wire.put_sync();
    }
    wire.flush().await?;
    let mut answers = Vec::new();
    for _ in statements {
        let (answer, failed) = answer(wire).await?;
        answers.push(failed.map_or(Ok(answer), Err));
    }
    Ok(answers)
}

/// One answer, to the end. The outer failure is that of the connection.
async fn answer(wire: &mut Wire) -> Result<(Answer, Option<Failure>), Failure> {
    let mut answer = Answer::default();
    let mut failed = None;
    loop {
        let frame = wire.frame().await?;
        match frame.tag {
            b'T' => answer.columns = described(wire.body(&frame)),
            b'D' => answer.rows.push(row(wire, &frame)),
            b'E' => failed = Some(wire.error(&frame)),
            b'Z' => return Ok((answer, failed)),
            _ => {}
        }
    }
}

fn row(wire: &Wire, frame: &Frame) -> Row {
    let cells = Cells::of(wire.body(frame));
    Row(cells.map(|it| it.map(<[u8]>::to_vec)).collect())
}

/// A connection in use. Dropped before it is released, it is closed.
#[derive(Debug)]
pub(super) struct Lease {
    session: Option<Session>,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
    spent: bool,
}

impl Lease {
    pub(super) fn new(session: Session, pool: Arc<Pool>, permit: OwnedSemaphorePermit) -> Self {
        Self {
            session: Some(session),
            pool,
            _permit: permit,
            spent: false,
        }
    }

    pub(super) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// What is known of the server.
    pub(super) fn server(&self) -> Option<Arc<Known>> {
        self.session.as_ref().map(|it| Arc::clone(&it.server))
    }

    /// Marks the connection as one that nobody else may get.
    pub(super) fn spend(&mut self) {
        self.spent = true;
    }

    /// Gives the connection back to the pool, if it is as good as new.
    pub(super) fn release(mut self) {
        let Some(session) = self.session.take() else {
            return;
        };
        if session.wire.is_idle() && !self.spent {
            self.pool.put_back(session);
        } else {
            self.pool.close(session);
        }
    }

    pub(super) fn wire(&mut self) -> Result<&mut Wire, Failure> {
        let session = self.session.as_mut().ok_or(Failure::Gone)?;
        Ok(&mut session.wire)
    }

    /// The answer of one statement of our own, which bounds its rows itself.
    pub(super) async fn rows(&mut self, sql: &Sql, operation: &'static str) -> Result<Answer> {
        let mut answers = self.all(&[sql], operation).await?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// The answers of several, in one round trip.
    pub(super) async fn all(
        &mut self,
        statements: &[&Sql],
        operation: &'static str,
    ) -> Result<Vec<Answer>> {
        let answers = self.tried(statements).await;
        // The place of a mistake in a statement of our own would say nothing to anybody.
        answers.map_err(|it| self.fail(&it, operation, None))
    }

    /// The same, with the failure as it came.
    pub(super) async fn tried(&mut self, statements: &[&Sql]) -> Result<Vec<Answer>, Failure> {
        exchange(self.wire()?, statements).await
    }

    /// The same, each with its own failure.
    pub(super) async fn each(
        &mut self,
        statements: &[&Sql],
    ) -> Result<Vec<Result<Answer, Failure>>, Failure> {
        exchange_each(self.wire()?, statements).await
    }

    /// The server has forgotten what it was told.
    pub(super) fn forget_settings(&mut self) {
        if let Some(session) = self.session.as_mut() {
            session.forget_settings();
        }
    }

    /// The types of the columns of an answer, asking the server for those that are not known yet.
    pub(super) async fn types(&mut self, oids: &[u32]) -> Result<Vec<Arc<Type>>> {
        let pool = Arc::clone(&self.pool);
        pool.types.of(self, oids).await
    }

    /// Explains a failure.
    pub(super) fn fail(
        &self,
        failure: &Failure,
        operation: &'static str,
        statement: Option<&str>,
    ) -> Error {
        let stopped = self.session.as_ref().map(|it| it.control.is_stopped());
        let doing = Doing {
            operation,
            statement,
            cancelled: stopped == Some(true),
        };
        explain(failure, doing)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            self.pool.close(session);
        }
    }
}
