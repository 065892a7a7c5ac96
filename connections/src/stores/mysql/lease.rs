//! One connection in use by one call, and statements of our own on it.

use std::sync::Arc;

use parallax_core::error::{Error, Result};
use tokio::sync::OwnedSemaphorePermit;

use super::fault::{Doing, Failure, explain};
use super::link::{Answer, Link};
use super::pool::{Known, Pool, Session};

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

    /// The answers of several statements of our own, which bound their rows themselves, in one round trip.
    pub(super) async fn all(
        &mut self,
        statements: &[String],
        operation: &'static str,
    ) -> Result<Vec<Answer>> {
        let answers = self.tried(statements).await;
        answers.map_err(|it| self.fail(&it, operation))
    }

    /// The answer of one.
    pub(super) async fn rows(&mut self, sql: String, operation: &'static str) -> Result<Answer> {
        let mut answers = self.all(&[sql], operation).await?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// The same, with the failure as it came.
    pub(super) async fn tried(&mut self, statements: &[String]) -> Result<Vec<Answer>, Failure> {
        // The line break ends a comment with which a statement might end.
        self.link()?.run(statements.join("\n;\n")).await
    }

    /// Explains a failure.
    pub(super) fn fail(&self, failure: &Failure, operation: &'static str) -> Error {
        let stopped = self.session.as_ref().map(|it| it.control.is_stopped());
        explain(
            failure,
            Doing {
                cancelled: stopped == Some(true),
                ..Doing::plain(operation)
            },
        )
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            self.pool.close(session);
        }
    }
}
