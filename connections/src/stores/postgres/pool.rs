//! The connections to one server: opened when needed, known by the process behind each, closed when in doubt.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parallax_core::error::Result;
use parallax_core::store::{Access, Call, CallId, Purpose};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{sleep, timeout};

use super::catalog::Catalog;
use super::connect;
use super::fault::{Doing, Failure, explain};
use super::lease::{Lease, Sql, exchange};
use super::link::Link;
use super::types::Types;
use super::url::Place;
use crate::secret::Secret;
use crate::stores::ledger::{Control, Ledger};

/// A server that looks for closed connections stops by itself, even if nobody is left to tell it. Before version 14 it
/// cannot, nor on every system.
const CHECK_INTERVAL: &str = "SET client_connection_check_interval = 500";

/// A connection that nobody used for so long is asked whether it is still there.
const TRUSTED: Duration = Duration::from_millis(20);

/// How long an idle connection may take to answer before another one takes its place.
const ANSWER_PATIENCE: Duration = Duration::from_secs(1);

/// How long [`Pool::cancel`] waits for a process to end.
const CANCEL_PATIENCE: Duration = Duration::from_millis(900);

/// Looks at a cancelled process, after which it is ended altogether.
const POLITE_LOOKS: u32 = 8;

/// The connections to one server.
#[derive(Debug)]
pub(super) struct Pool {
    place: Place,
    secret: Option<Secret>,
    connections: Ledger<Session, Name>,
    pub(super) types: Types,
    pub(super) catalog: Catalog,
}

/// What is known of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// What `version()` says.
    pub(super) banner: String,
    /// The number in it: `16.2`.
    pub(super) number: String,
}

impl Known {
    /// The makers' name of the product, and its version.
    pub(super) fn product(&self) -> (&'static str, String) {
        super::products::product(&self.banner, &self.number)
    }

    /// Whether it is the server itself, or a fork that keeps its internals.
    pub(super) fn is_original(&self) -> bool {
        self.banner.starts_with("PostgreSQL")
            && matches!(self.product().0, "PostgreSQL" | "TimescaleDB")
    }

    /// The major version, 0 where it cannot be told.
    pub(super) fn major(&self) -> u32 {
        let digits = self.number.split(|it: char| !it.is_ascii_digit()).next();
        digits.and_then(|it| it.parse().ok()).unwrap_or_default()
    }
}

/// One connection.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) link: Link,
    pub(super) control: Arc<Control<Name>>,
    /// What the server was told last of the time of a statement, and of what it is for.
    told: Option<(u128, Purpose)>,
    application: String,
    used: Instant,
    pub(super) server: Arc<Known>,
}

/// Which process works for a connection.
#[derive(Debug)]
pub(super) struct Name {
    pid: i32,
    /// When that process began, for a number may be given again.
    began: String,
}

impl Session {
    /// Tells the server how long a statement may take and what it is for, where that has changed, and finds out whether
    /// it is there, where that is in doubt.
    async fn tell(&mut self, call: &Call) -> Result<(), Failure> {
        // Whole tenths of a second, so that a countdown does not change it every time. The guard is exact.
        let time = call.deadline.as_millis().div_ceil(100).max(1) * 100;
        let time = time.min(i32::MAX as u128);
        if self.told == Some((time, call.purpose)) {
            return self.check().await;
        }
        let purpose = format!("{:?}", call.purpose).to_lowercase();
        let name = format!("{} {purpose}", self.application).replace('\'', "''");
        let settings = format!("SET statement_timeout = {time}; SET application_name = '{name}'");
        if self.told.is_none() && self.server.is_original() && self.server.major() >= 14 {
            let all = self.link.run(format!("{settings}; {CHECK_INTERVAL}")).await;
            match all {
                Ok(_) => self.told = Some((time, call.purpose)),
                Err((_, Failure::Server(_))) => {}
                Err((_, failure)) => return Err(failure),
            }
        }
        if self.told != Some((time, call.purpose)) {
            let told = self.link.run(settings).await;
            told.map_err(|(_, failure)| failure)?;
            self.told = Some((time, call.purpose));
        }
        Ok(())
    }

    /// Asks whether the server is there, where nothing was heard of it for a while.
    async fn check(&mut self) -> Result<(), Failure> {
        if self.used.elapsed() < TRUSTED {
            return Ok(());
        }
        self.link.ping().await
    }
}

impl Session {
    /// After `DISCARD ALL`, what was told once has to be told again.
    pub(super) fn forget_settings(&mut self) {
        self.told = None;
    }
}

impl Pool {
    pub(super) fn new(place: Place, secret: Option<Secret>) -> Arc<Self> {
        Arc::new(Self {
            place,
            secret,
            connections: Ledger::default(),
            types: Types::default(),
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
            if matches!(
                timeout(ANSWER_PATIENCE, session.tell(call)).await,
                Ok(Ok(()))
            ) {
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

    /// Stops everything that runs for `call`, and waits a moment for its processes to end.
    pub(super) async fn cancel(&self, call: CallId) -> Result<()> {
        let controls = self.connections.stop(call);
        if controls.is_empty() {
            return Ok(());
        }
        let mut session = match self.idle().await {
            Some(session) => session,
            None => self.open(Access::ReadOnly, CANCEL_PATIENCE).await?,
        };
        let ended = timeout(CANCEL_PATIENCE, end_all(&mut session, &controls)).await;
        let ended = ended.unwrap_or(Err(Failure::Silent));
        if ended.is_ok() {
            session.used = Instant::now();
            self.connections.keep(session);
        }
        ended.map_err(|it| explain(&it, plain("cancel")))
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
        let opened = self.opened(access, patience).await;
        opened.map_err(|it| explain(&it, plain("connect")))
    }

    async fn opened(&self, access: Access, patience: Duration) -> Result<Session, Failure> {
        let mut settings = SETTINGS.to_vec();
        if access == Access::ReadOnly {
            settings.push(("default_transaction_read_only", "on"));
        }
        let secret = self.secret.as_ref();
        let mut link = connect::open(&self.place, secret, &settings, patience).await?;
        let about = Sql::new(
            "SELECT version(), current_setting('server_version'), pg_backend_pid(),
            (SELECT backend_start::text FROM pg_catalog.pg_stat_activity WHERE pid = pg_backend_pid())",
        );
        let answer = timeout(patience, exchange(&mut link, &[&about])).await;
        let answers = answer.map_err(|_elapsed| Failure::Silent)??;
        let row = answers.first().and_then(|it| it.rows.first());
        let text = |at| {
            row.and_then(|it| it.text(at))
                .unwrap_or_default()
                .to_owned()
        };
        let server = Arc::new(Known {
            banner: text(0),
            number: text(1),
        });
        Ok(Session {
            control: Control::new(Name {
                pid: row.and_then(|it| it.number(2)).unwrap_or_default(),
                began: text(3),
            }),
            told: None,
            application: self.place.application.clone(),
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
        told.map_err(|it| explain(&it, plain("connect")))?;
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

/// How the server is to write values, whatever its own settings are. Dates, the time zone and floats the driver tells it.
const SETTINGS: [(&str, &str); 3] = [
    ("IntervalStyle", "postgres"),
    ("bytea_output", "hex"),
    ("standard_conforming_strings", "on"),
];

fn plain(operation: &'static str) -> Doing<'static> {
    Doing {
        operation,
        statement: None,
        cancelled: false,
    }
}

async fn end_all(session: &mut Session, controls: &[Arc<Control<Name>>]) -> Result<(), Failure> {
    let mut looks = 0;
    loop {
        let mut asked = Vec::new();
        for control in controls {
            asked.push(ending(control, looks >= POLITE_LOOKS));
        }
        let asked: Vec<&Sql> = asked.iter().collect();
        let answers = exchange(&mut session.link, &asked).await?;
        if answers.iter().all(|it| it.rows.is_empty()) {
            return Ok(());
        }
        looks += 1;
        sleep(Duration::from_millis(u64::from(looks.min(10)) * 4)).await;
    }
}

/// Stops a process, and gives a row as long as it is there to be stopped.
///
/// One whose connection is closed has to go; another one has to stop working.
fn ending(control: &Control<Name>, firmly: bool) -> Sql {
    let function = if firmly {
        "pg_terminate_backend"
    } else {
        "pg_cancel_backend"
    };
    let mut sql = Sql::new(format!(
        "SELECT {function}(pid) FROM pg_catalog.pg_stat_activity WHERE pid = $1 AND backend_start::text = $2"
    ));
    sql.bind(23, control.name.pid.to_string());
    sql.bind(25, control.name.began.clone());
    if !control.is_closed() {
        sql.push(" AND state <> 'idle'");
    }
    sql
}
