//! One connection in use by one call, and statements of our own on it.

use std::sync::Arc;

use parallax_core::error::{Error, Result};
use tokio::sync::OwnedSemaphorePermit;

use super::fault::{Doing, Failure, explain};
use super::link::{Answer, Link};
use super::parameters::{self, Parameter};
use super::pool::{Known, Pool, Session};
use super::types::Type;

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

    /// The text with each value in its place.
    pub(super) fn written_out(&self) -> Result<String, Failure> {
        parameters::written_out(&self.text, &self.parameters)
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

/// The cells of a row of a binary copy: lengths and bytes, null where there is none.
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

/// Sends statements in one go and reads all their answers, which must be bounded. The first failure is that of all.
pub(super) async fn exchange(link: &mut Link, statements: &[&Sql]) -> Result<Vec<Answer>, Failure> {
    let text = together(statements)?;
    link.run(text).await.map_err(|(_, failure)| failure)
}

/// The same, each with its own failure.
pub(super) async fn exchange_each(
    link: &mut Link,
    statements: &[&Sql],
) -> Result<Vec<Result<Answer, Failure>>, Failure> {
    let mut answers = Vec::new();
    while let Some(rest) = statements.get(answers.len()..).filter(|it| !it.is_empty()) {
        match link.run(together(rest)?).await {
            Ok(them) => {
                answers.extend(them.into_iter().map(Ok));
                break;
            }
            // What stands behind it has not been run.
            Err((them, failure @ Failure::Server(_))) => {
                answers.extend(them.into_iter().map(Ok));
                answers.push(Err(failure));
            }
            Err((_, failure)) => return Err(failure),
        }
    }
    Ok(answers)
}

fn together(statements: &[&Sql]) -> Result<String, Failure> {
    let texts = statements.iter().map(|it| it.written_out());
    let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
    // The line break ends a comment with which a statement might end.
    Ok(texts.join("\n;\n"))
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
        if !session.link.is_busy() && !self.spent {
            self.pool.put_back(session);
        } else {
            self.pool.close(session);
        }
    }

    pub(super) fn link(&mut self) -> Result<&mut Link, Failure> {
        let session = self.session.as_mut().ok_or(Failure::Gone)?;
        Ok(&mut session.link)
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
        exchange(self.link()?, statements).await
    }

    /// The same, each with its own failure.
    pub(super) async fn each(
        &mut self,
        statements: &[&Sql],
    ) -> Result<Vec<Result<Answer, Failure>>, Failure> {
        exchange_each(self.link()?, statements).await
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
