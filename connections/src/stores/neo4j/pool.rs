//! The connections to one server: opened when needed, closed when in doubt.
//!
//! The driver's own pool hands on a connection whose result nobody reads any more, and reads the rest of it first. So it gets
//! one connection here, and is closed with it; how many there are, and which is good, is decided here.

use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use neo4rs::{ConfigBuilder, Error as Failure, Graph, Row};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Access, Call, CallId, Purpose};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use super::bind;
use super::cell::{Cell, cell};
use super::fault::{Doing, explain, silent};
use super::lease::{Control, Cypher, Lease, MARK};
use super::url::Place;
use crate::secret::Secret;
use crate::stores::ledger::Ledger;

/// How long one attempt to connect may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// How long [`Pool::cancel`] waits for transactions to end.
const CANCEL_PATIENCE: Duration = Duration::from_millis(900);

/// Looks at the server's list that must find nothing any more: what was sent last may not have begun at the first.
const QUIET_LOOKS: u32 = 2;

/// What the driver is told to wait for an answer: longer than any deadline, which the guard keeps.
const FOR_EVER: Duration = Duration::from_hours(24 * 365);

/// Rows that are fetched at a time, and held, unless the caller knows how large they are.
pub(super) const FETCH: usize = 256;

/// The connections to one server.
pub(super) struct Pool {
    place: Place,
    secret: Option<Secret>,
    connections: Ledger<Session, String>,
    /// Tells our marks from those of other processes.
    mark: u64,
    marks: AtomicU64,
}

/// One connection.
pub(super) struct Session {
    pub(super) graph: Graph,
    fetch: usize,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Pool {
    pub(super) fn new(place: Place, secret: Option<Secret>) -> Arc<Self> {
        Arc::new(Self {
            place,
            secret,
            connections: Ledger::default(),
            mark: RandomState::new().build_hasher().finish(),
            marks: AtomicU64::new(0),
        })
    }

    /// A connection for `call` that cannot write: an idle one, or a new one.
    pub(super) async fn lease(self: &Arc<Self>, call: &Call) -> Result<Lease> {
        self.lease_fetching(call, FETCH).await
    }

    /// The same, for a result of which so many rows are fetched and held at a time.
    pub(super) async fn lease_fetching(
        self: &Arc<Self>,
        call: &Call,
        rows: usize,
    ) -> Result<Lease> {
        let call = &Call {
            access: Access::ReadOnly,
            ..*call
        };
        let permit = self.connections.permit(call).await?;
        let session = match self.pop(rows) {
            Some(session) => session,
            None => self.open(call.deadline, rows).await?,
        };
        Ok(self.lent(session, call, permit))
    }

    /// A connection of its own that may write, for statements that a person typed.
    pub(super) async fn lease_writing(self: &Arc<Self>, call: &Call) -> Result<Lease> {
        let permit = self.connections.permit(call).await?;
        let session = self.open(call.deadline, FETCH).await?;
        let mut lease = self.lent(session, call, permit);
        lease.spend();
        Ok(lease)
    }

    /// Whether there is a secret to log in with.
    pub(super) fn has_secret(&self) -> bool {
        self.secret.is_some()
    }

    /// Stops everything that runs for `call`, and waits a moment for its transactions to end.
    pub(super) async fn cancel(self: &Arc<Self>, call: CallId) -> Result<()> {
        let controls = self.connections.stop(call);
        if controls.is_empty() {
            return Ok(());
        }
        let ended = timeout(CANCEL_PATIENCE, self.end_all(&controls)).await;
        ended.unwrap_or_else(|_elapsed| {
            Err(Error::new(ErrorKind::Timeout, "cancel")
                .because(format!("it has not ended after {CANCEL_PATIENCE:?}")))
        })
    }

    async fn end_all(self: &Arc<Self>, controls: &[Arc<Control>]) -> Result<()> {
        let call = Call {
            id: CallId(0),
            deadline: CANCEL_PATIENCE,
            purpose: Purpose::Inspect,
            access: Access::ReadOnly,
        };
        // Not one of those that callers wait for: they may all be what is to be ended.
        let permit = Arc::new(Semaphore::new(1)).acquire_owned().await;
        let permit = permit.map_err(|it| Error::new(ErrorKind::Other, "cancel").because(it))?;
        let session = match self.pop(FETCH) {
            Some(session) => session,
            None => self.open(CANCEL_PATIENCE, FETCH).await?,
        };
        let mut lease = self.lent(session, &call, permit);
        // What was sent last may not have begun at the first look, unless that has found it.
        let mut quiet = 0;
        while quiet < QUIET_LOOKS {
            match end_listed(&mut lease, controls).await {
                Ok(0) => quiet += 1,
                Ok(_) => quiet = 1,
                // A server that lists no transactions ends them when their connection is closed, or not at all.
                Err(Failure::Neo4j(_)) => break,
                Err(failure) => return Err(lease.fail(&failure, "cancel")),
            }
            sleep(Duration::from_millis(10)).await;
        }
        lease.release();
        Ok(())
    }

    /// Takes a connection back whose call has ended.
    pub(super) fn put_back(&self, session: Session, control: &Arc<Control>) {
        self.connections.put_back(session, control);
    }

    /// Closes a connection. What may still run on it is remembered for [`Pool::cancel`].
    pub(super) fn close(&self, session: Session, control: &Arc<Control>, is_busy: bool) {
        self.connections.close(session, control, is_busy);
    }

    fn pop(&self, fetch: usize) -> Option<Session> {
        self.connections.pop(|it| it.fetch == fetch)
    }

    fn lent(
        self: &Arc<Self>,
        session: Session,
        call: &Call,
        permit: OwnedSemaphorePermit,
    ) -> Lease {
        let nth = self.marks.fetch_add(1, Ordering::Relaxed);
        let control = Control::new(format!("{:016x}-{nth}", self.mark));
        self.connections.begin(call.id, Arc::clone(&control));
        Lease::new(session, Arc::clone(self), control, permit, call)
    }

    /// Opens a connection and hears the server answer on it.
    async fn open(&self, patience: Duration, fetch: usize) -> Result<Session> {
        self.check_authority().await?;
        let doing = self.doing("connect");
        let graph = self.graph(fetch).map_err(|it| explain(&it, doing))?;
        let answer = timeout(patience.min(CONNECT_PATIENCE), answers(&graph)).await;
        let answer = answer.map_err(|_elapsed| silent(doing))?;
        answer.map_err(|it| explain(&it, doing))?;
        Ok(Session { graph, fetch })
    }

    fn graph(&self, fetch: usize) -> Result<Graph, Failure> {
        // Another part of the process may have chosen already, which serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
        let secret = self.secret.as_ref().map_or("", Secret::reveal);
        let user = match self.place.user.as_str() {
            "" if !secret.is_empty() => "neo4j",
            user => user,
        };
        let mut config = ConfigBuilder::default()
            .uri(self.place.uri())
            .user(user)
            .password(secret)
            .fetch_size(fetch)
            .max_connections(1)
            .connection_timeout(FOR_EVER);
        if let Some(database) = &self.place.database {
            config = config.db(database.as_str());
        }
        if let Some(file) = &self.place.authority {
            config = config.with_client_certificate(file);
        }
        Graph::connect(config.build()?)
    }

    /// The driver would take a file without certificates for a list of none.
    async fn check_authority(&self) -> Result<()> {
        let Some(file) = &self.place.authority else {
            return Ok(());
        };
        let bad = |kind, why: String| {
            Error::new(kind, format!("read the certificates in {}", file.display())).because(why)
        };
        let text = tokio::fs::read(file).await;
        let text = text.map_err(|it| bad(ErrorKind::NotFound, it.to_string()))?;
        if String::from_utf8_lossy(&text).contains("-----BEGIN CERTIFICATE-----") {
            return Ok(());
        }
        Err(bad(
            ErrorKind::Unreadable,
            "it holds no certificate".to_owned(),
        ))
    }

    fn doing(&self, operation: &'static str) -> Doing {
        Doing {
            operation,
            cancelled: false,
            has_secret: self.has_secret(),
        }
    }
}

async fn answers(graph: &Graph) -> Result<(), Failure> {
    let mut rows = graph.execute_read("RETURN 1 AS row").await?;
    while rows.next().await?.is_some() {}
    Ok(())
}

/// Ends the transactions of these calls; gives how many were there to be ended.
///
/// Two statements, for one of both takes the server several times as long to plan.
async fn end_listed(lease: &mut Lease, controls: &[Arc<Control>]) -> Result<usize, Failure> {
    let rows = lease.tried(&Cypher::new(LISTED)).await?;
    let ids: Vec<String> = rows
        .iter()
        .filter_map(|it| to_be_ended(it, controls))
        .collect();
    if !ids.is_empty() {
        let mut cypher = Cypher::new("TERMINATE TRANSACTIONS $ids");
        cypher.bind("ids", bind::texts(ids.iter().map(String::as_str)));
        lease.tried(&cypher).await?;
    }
    Ok(ids.len())
}

const LISTED: &str = "SHOW TRANSACTIONS YIELD transactionId, metaData, status";

/// The transaction of a row of the server's list, if it belongs to these calls.
///
/// One that is ended is listed until its connection hears of it; where that is closed, it has to go.
fn to_be_ended(row: &Row, controls: &[Arc<Control>]) -> Option<String> {
    let Cell::Map(marks) = cell(row, "metaData").ok()? else {
        return None;
    };
    let (_, mark) = marks.iter().find(|(name, _)| *name == MARK)?;
    let control = controls
        .iter()
        .find(|it| Some(it.name.as_str()) == mark.text())?;
    let state = cell(row, "status").ok()?;
    let is_ended = state.text().is_some_and(|it| it.starts_with("Terminated"));
    if is_ended && !control.is_closed() {
        return None;
    }
    cell(row, "transactionId")
        .ok()?
        .text()
        .map(ToOwned::to_owned)
}
