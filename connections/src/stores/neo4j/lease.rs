//! One connection in use by one call, and statements of our own on it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use neo4rs::{BoltMap, BoltString, BoltType, DetachedRowStream, Error as Failure, Query, Row};
use parallax_core::error::{Error, Result};
use parallax_core::store::{Access, Call};
use tokio::sync::OwnedSemaphorePermit;

use super::fault::{Doing, explain};
use super::pool::{Pool, Session};
use crate::stores::ledger;

/// The name under which a transaction is marked with its call.
pub(super) const MARK: &str = "parallax";

/// A statement and its values.
#[derive(Clone, Debug)]
pub(super) struct Cypher {
    pub(super) text: String,
    parameters: Vec<(String, BoltType)>,
}

impl Cypher {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            parameters: Vec::new(),
        }
    }

    /// Binds a value to a name.
    pub(super) fn bind(&mut self, name: impl Into<String>, value: BoltType) -> &mut Self {
        self.parameters.push((name.into(), value));
        self
    }
}

/// What one call does on a connection; its transactions are marked with the name, so that the server's list shows whose
/// they are.
pub(super) type Control = ledger::Control<String>;

/// A connection in use. Dropped before it is released, it is closed.
#[derive(Debug)]
pub(super) struct Lease {
    session: Option<Session>,
    pool: Arc<Pool>,
    control: Arc<Control>,
    _permit: OwnedSemaphorePermit,
    access: Access,
    purpose: String,
    until: Instant,
    /// Whether something may still run.
    is_busy: bool,
    is_spent: bool,
}

impl Lease {
    pub(super) fn new(
        session: Session,
        pool: Arc<Pool>,
        control: Arc<Control>,
        permit: OwnedSemaphorePermit,
        call: &Call,
    ) -> Self {
        Self {
            session: Some(session),
            pool,
            control,
            _permit: permit,
            access: call.access,
            purpose: format!("{:?}", call.purpose).to_lowercase(),
            until: Instant::now() + call.deadline,
            is_busy: false,
            is_spent: false,
        }
    }

    /// Marks the connection as one that nobody else may get.
    pub(super) fn spend(&mut self) {
        self.is_spent = true;
    }

    /// Gives the connection back to the pool, if it is as good as new.
    pub(super) fn release(mut self) {
        if let Some(session) = self.session.take() {
            if self.is_busy || self.is_spent {
                self.pool.close(session, &self.control, self.is_busy);
            } else {
                self.pool.put_back(session, &self.control);
            }
        }
    }

    /// Starts a statement in a transaction of its own, with the mark of this call and the time that it has left.
    ///
    /// The driver tries again what the server calls transient, and what did not reach the server.
    pub(super) async fn start(&mut self, cypher: &Cypher) -> Result<DetachedRowStream, Failure> {
        let Some(session) = self.session.as_ref() else {
            return Err(Failure::ConnectionError);
        };
        self.is_busy = true;
        let query = self.query(cypher);
        let started = match self.access {
            Access::ReadOnly => session.graph.execute_read(query).await,
            Access::ReadWrite => session.graph.execute(query).await,
        };
        started.inspect_err(|it| self.is_busy = !is_last_word(it))
    }

    fn query(&self, cypher: &Cypher) -> Query {
        let named = cypher.parameters.iter();
        let named = named.map(|(name, it)| (BoltString::new(name), it.clone()));
        let left = self.until.saturating_duration_since(Instant::now());
        let left = i64::try_from(left.as_millis()).unwrap_or(i64::MAX).max(1);
        let marks = HashMap::from([
            (MARK, self.control.name.clone()),
            ("purpose", self.purpose.clone()),
        ]);
        Query::new(cypher.text.clone())
            .with_params(BoltMap {
                value: named.collect(),
            })
            .extra("tx_timeout", left)
            .extra("tx_metadata", BoltType::from(marks))
    }

    /// Nothing runs any more: the server has said its last word.
    pub(super) fn rest(&mut self) {
        self.is_busy = false;
    }

    /// The rows of one statement of our own, which bounds them itself.
    pub(super) async fn rows(
        &mut self,
        cypher: &Cypher,
        operation: &'static str,
    ) -> Result<Vec<Row>> {
        let rows = self.tried(cypher).await;
        rows.map_err(|it| self.fail(&it, operation))
    }

    /// The same, with the failure as it came.
    pub(super) async fn tried(&mut self, cypher: &Cypher) -> Result<Vec<Row>, Failure> {
        let mut stream = self.start(cypher).await?;
        let mut rows = Vec::new();
        loop {
            match stream.next().await {
                Ok(Some(row)) => rows.push(row),
                Ok(None) => break,
                Err(failure) => {
                    self.is_busy = !is_last_word(&failure);
                    return Err(failure);
                }
            }
        }
        self.is_busy = false;
        Ok(rows)
    }

    /// Notes a failure of a stream, and explains it.
    pub(super) fn broken(&mut self, failure: &Failure, operation: &'static str) -> Error {
        self.is_busy = !is_last_word(failure);
        self.fail(failure, operation)
    }

    /// Explains a failure.
    pub(super) fn fail(&self, failure: &Failure, operation: &'static str) -> Error {
        explain(failure, self.doing(operation))
    }

    fn doing(&self, operation: &'static str) -> Doing {
        Doing {
            operation,
            cancelled: self.control.is_stopped(),
            has_secret: self.pool.has_secret(),
        }
    }
}

/// Whether nothing runs after this failure: the server has ended the transaction itself.
fn is_last_word(failure: &Failure) -> bool {
    matches!(failure, Failure::Neo4j(_))
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            self.pool.close(session, &self.control, self.is_busy);
        }
    }
}
