//! The connections to one server: opened when needed, known by their number there, closed when in doubt.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parallax_core::error::Result;
use parallax_core::store::{Access, Call, CallId};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{sleep, timeout};

use super::catalog::Catalog;
use super::connect;
use super::fault::{Doing, Failure, explain};
use super::lease::Lease;
use super::lexer::Mode;
use super::link::{Link, Row};
use super::products::product;
use super::url::Place;
use crate::secret::Secret;
use crate::stores::ledger::{Control, Ledger};

/// A connection that nobody used for so long is asked whether it is still there.
const TRUSTED: Duration = Duration::from_millis(20);

/// How long an idle connection may take to answer before another one takes its place.
const ANSWER_PATIENCE: Duration = Duration::from_secs(1);

/// How long [`Pool::cancel`] waits for what runs to end.
const CANCEL_PATIENCE: Duration = Duration::from_millis(900);

/// Looks at a cancelled connection, after which it is ended altogether.
const POLITE_LOOKS: u32 = 8;

/// The connections to one server.
#[derive(Debug)]
pub(super) struct Pool {
    place: Place,
    secret: Option<Secret>,
    connections: Ledger<Session, Name>,
    pub(super) catalog: Catalog,
}

/// What is known of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// What `version()` says.
    pub(super) version: String,
    /// What `@@version_comment` says.
    pub(super) comment: String,
    /// How the session reads quotes.
    pub(super) mode: Mode,
    /// The database that the URL names.
    pub(super) database: Option<String>,
}

impl Known {
    /// The makers' name of the product, and its version.
    pub(super) fn product(&self) -> (&'static str, String) {
        product(&self.version, &self.comment)
    }

    pub(super) fn is_mariadb(&self) -> bool {
        self.product().0 == "MariaDB"
    }
}

/// One connection.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) link: Link,
    pub(super) control: Arc<Control<Name>>,
    /// What the server was told last of the time of a statement, in milliseconds.
    told: Option<u128>,
    used: Instant,
    pub(super) server: Arc<Known>,
}

/// Which connection of the server it is.
#[derive(Debug)]
pub(super) struct Name {
    id: u64,
    /// Where the server sees it come from, for a number may be given again after a restart.
    host: Option<String>,
}

impl Session {
    /// Tells the server how long a statement may take, where that has changed, and finds out whether it is there, where
    /// that is in doubt.
    async fn tell(&mut self, call: &Call) -> Result<(), Failure> {
        // Whole tenths of a second, so that a countdown does not change it every time. The guard is exact.
        let time = call.deadline.as_millis().div_ceil(100).max(1) * 100;
        // A year is the most that the server takes.
        let time = time.min(31_536_000_000);
        if self.told == Some(time) {
            return self.check().await;
        }
        let setting = if self.server.is_mariadb() {
            format!(
                "SET SESSION max_statement_time = {}.{}",
                time / 1000,
                time % 1000 / 100
            )
        } else {
            // Only what reads is held to it.
            format!(
                "SET SESSION max_execution_time = {}",
                time.min(u128::from(u32::MAX))
            )
        };
        match self.link.run(setting).await {
            // What does not know the setting is left to the guard.
            Ok(_) | Err(Failure::Server(_)) => {
                self.told = Some(time);
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }

    /// Asks whether the server is there, where nothing was heard of it for a while.
    async fn check(&mut self) -> Result<(), Failure> {
        if self.used.elapsed() < TRUSTED {
            return Ok(());
        }
        self.link.ping().await
    }
}

impl Pool {
    pub(super) fn new(place: Place, secret: Option<Secret>) -> Arc<Self> {
        Arc::new(Self {
            place,
            secret,
            connections: Ledger::default(),
            catalog: Catalog::default(),
        })
    }

    /// A connection for `call` that cannot write: an idle one, or a new one.
    pub(super) async fn lease(self: &Arc<Self>, call: &Call) -> Result<Lease> {
        let permit = self.connections.permit(call).await?;
        loop {
            let Some(mut session) = self.connections.pop(|_| true) else {
                let session = self.open(Access::ReadOnly, call.deadline).await?;
                return self.lend(session, call, permit).await;
            };
            // One that does not answer is closed.
            let told = timeout(ANSWER_PATIENCE, session.tell(call)).await;
            if matches!(told, Ok(Ok(()))) {
                return Ok(self.lent(session, call, permit));
            }
        }
    }

    /// A connection of its own that may write, for statements that a person typed.
    pub(super) async fn lease_writing(self: &Arc<Self>, call: &Call) -> Result<Lease> {
        let permit = self.connections.permit(call).await?;
        let session = self.open(Access::ReadWrite, call.deadline).await?;
        let mut lease = self.lend(session, call, permit).await?;
        lease.spend();
        Ok(lease)
    }

    /// Stops everything that runs for `call`, and waits a moment for it to end.
    pub(super) async fn cancel(&self, call: CallId) -> Result<()> {
        let controls = self.connections.stop(call);
        if controls.is_empty() {
            return Ok(());
        }
        let mut session = match self.idle().await {
            Some(session) => session,
            None => self.open(Access::ReadOnly, CANCEL_PATIENCE).await?,
        };
        let ended = timeout(CANCEL_PATIENCE, end_all(&mut session.link, &controls)).await;
        let ended = ended.unwrap_or(Err(Failure::Silent));
        if ended.is_ok() {
            session.used = Instant::now();
            self.connections.keep(session);
        }
        ended.map_err(|it| explain(&it, Doing::plain("cancel")))
    }

    /// Takes a connection back whose call has ended, and which the next caller finds as if it were new.
    pub(super) fn put_back(&self, mut session: Session) {
        session.used = Instant::now();
        let control = Arc::clone(&session.control);
        self.connections.put_back(session, &control);
    }

    /// Closes a connection. What still runs on it is remembered for [`Pool::cancel`].
    pub(super) fn close(&self, session: Session) {
        let (control, is_busy) = (Arc::clone(&session.control), session.link.is_busy());
        self.connections.close(session, &control, is_busy);
    }

    /// An idle connection that is still good.
    async fn idle(&self) -> Option<Session> {
        loop {
            let mut session = self.connections.pop(|_| true)?;
            if matches!(timeout(ANSWER_PATIENCE, session.check()).await, Ok(Ok(()))) {
                return Some(session);
            }
        }
    }

    async fn open(&self, access: Access, patience: Duration) -> Result<Session> {
        let opened = timeout(patience, Box::pin(self.opened(access, patience))).await;
        let doing = Doing {
            has_secret: self.secret.is_some(),
            ..Doing::plain("connect")
        };
        opened
            .unwrap_or(Err(Failure::Silent))
            .map_err(|it| explain(&it, doing))
    }

    async fn opened(&self, access: Access, patience: Duration) -> Result<Session, Failure> {
        let mut link = connect::open(&self.place, self.secret.as_ref(), patience).await?;
        let answers = link.run(set_up(access)).await?;
        let row = answers.last().and_then(|it| it.rows.first());
        let text = |at| {
            row.and_then(|it| it.text(at))
                .unwrap_or_default()
                .to_owned()
        };
        let server = Arc::new(Known {
            version: text(0),
            comment: text(1),
            mode: Mode::of(&text(2)),
            database: row.and_then(|it| it.text(4)).map(ToOwned::to_owned),
        });
        let id: u64 = row.and_then(|it| it.number(3)).unwrap_or_default();
        let host = match link.run(format!("{PATIENT}; {}", seen(&[id]))).await {
            Ok(answers) => {
                let row = answers.last().and_then(|it| it.rows.first());
                row.and_then(|it| it.text(1).map(ToOwned::to_owned))
            }
            // Not every server has this setting and this list.
            Err(Failure::Server(_)) => None,
            Err(failure) => return Err(failure),
        };
        Ok(Session {
            control: Control::new(Name { id, host }),
            told: None,
            used: Instant::now(),
            server,
            link,
        })
    }

    async fn lend(
        self: &Arc<Self>,
        mut session: Session,
        call: &Call,
        permit: OwnedSemaphorePermit,
    ) -> Result<Lease> {
        let told = session.tell(call).await;
        told.map_err(|it| explain(&it, Doing::plain("connect")))?;
        Ok(self.lent(session, call, permit))
    }

    fn lent(
        self: &Arc<Self>,
        session: Session,
        call: &Call,
        permit: OwnedSemaphorePermit,
    ) -> Lease {
        let control = Arc::clone(&session.control);
        self.connections.begin(call.id, control);
        Lease::new(session, Arc::clone(self), permit)
    }
}

/// What a new session is told, and asked.
///
/// What the server sets for all would cut results without a word, or hold one snapshot from call to call.
fn set_up(access: Access) -> String {
    let read_only = match access {
        Access::ReadOnly => "SET SESSION TRANSACTION READ ONLY;",
        Access::ReadWrite => "",
    };
    format!(
        "{read_only} SET SESSION autocommit = 1, sql_select_limit = 18446744073709551615;
        SELECT version(), @@version_comment, @@sql_mode, connection_id(), database()"
    )
}

/// Rows that a person has not yet looked at may wait longer than the minute after which a server gives up.
const PATIENT: &str = "SET SESSION net_write_timeout = 3600";

/// What the server knows of the connections with these numbers.
fn seen(ids: &[u64]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    format!(
        "SELECT id, host, command FROM information_schema.processlist WHERE id IN ({})",
        ids.join(", ")
    )
}

async fn end_all(link: &mut Link, controls: &[Arc<Control<Name>>]) -> Result<(), Failure> {
    let ids: Vec<u64> = controls.iter().map(|it| it.name.id).collect();
    let mut looks = 0;
    loop {
        let answers = link.run(seen(&ids)).await?;
        let rows = answers.first().map_or(&[][..], |it| it.rows.as_slice());
        let alive: Vec<&Arc<Control<Name>>> =
            controls.iter().filter(|it| is_alive(it, rows)).collect();
        if alive.is_empty() {
            return Ok(());
        }
        for control in alive {
            let what = if control.is_closed() || looks >= POLITE_LOOKS {
                "CONNECTION"
            } else {
                "QUERY"
            };
            match link.run(format!("KILL {what} {}", control.name.id)).await {
                // It has gone by itself.
                Ok(_) | Err(Failure::Server(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        looks += 1;
        sleep(Duration::from_millis(u64::from(looks.min(10)) * 4)).await;
    }
}

/// Whether a connection still works; one whose end here is closed has to go altogether.
fn is_alive(control: &Control<Name>, rows: &[Row]) -> bool {
    let row = rows.iter().find(|it| it.number(0) == Some(control.name.id));
    let Some(row) = row else {
        return false;
    };
    let same = control
        .name
        .host
        .as_deref()
        .is_none_or(|it| row.text(1) == Some(it));
    same && (control.is_closed() || row.text(2) != Some("Sleep"))
}
