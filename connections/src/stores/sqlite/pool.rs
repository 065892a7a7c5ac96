//! The connections to one file: opened when needed, watched for cancels, closed when in doubt.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Access, Call, CallId};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::catalog::Catalog;
use super::control::{Alive, Control, INSTRUCTIONS};
use super::fault;
use super::lease::Lease;

/// Connections kept open while nobody uses them.
const MAX_IDLE: usize = 4;

/// Connections at one time; each is a thread.
const MAX_OPEN: usize = 32;

/// How long SQLite itself waits for a lock; a longer wait is made of several, so that a cancel is seen in between.
const BUSY_TIMEOUT: Duration = Duration::from_millis(50);

/// How long [`Pool::cancel`] waits for the worker threads to end.
const CANCEL_PATIENCE: Duration = Duration::from_millis(500);

/// The connections to one file.
#[derive(Debug)]
pub(super) struct Pool {
    path: PathBuf,
    state: Mutex<State>,
    permits: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct State {
    /// The file to which the idle connections and the catalogue belong.
    file: Option<FileId>,
    idle: Vec<Session>,
    catalog: Option<Arc<Catalog>>,
    running: Vec<(CallId, Arc<Control>)>,
}

/// One connection and what stops it.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) sqlite: SqliteConnection,
    pub(super) control: Arc<Control>,
    file: FileId,
}

/// In which condition a connection comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// Its last statement ended; the next caller finds it as if it were new.
    Clean,
    /// A statement may still be running, or has changed the session.
    Spent,
}

/// Tells a file from another one at the same path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileId(u64, u64);

impl FileId {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self(metadata.dev(), metadata.ino())
    }

    /// Elsewhere a file that is open can be neither removed nor replaced.
    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Self {
        Self(0, 0)
    }
}

impl Pool {
    pub(super) fn new(path: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            path,
            state: Mutex::default(),
            permits: Arc::new(Semaphore::new(MAX_OPEN)),
        })
    }

    /// A connection for `call`: an idle one, or a new one, to the file that is at the path now.
    pub(super) async fn lease(self: &Arc<Self>, call: &Call) -> Result<Lease> {
        let permit = self.permit(call).await?;
        let file = self.file().await?;
        let session = match self.take_idle(file) {
            Some(session) => session,
            None => self.open(file, Access::ReadOnly).await?,
        };
        Ok(self.lend(session, call, permit))
    }

    /// A connection of its own that may write, for statements that a person typed.
    pub(super) async fn lease_writing(self: &Arc<Self>, call: &Call) -> Result<Lease> {
        let permit = self.permit(call).await?;
        let file = self.file().await?;
        let session = self.open(file, Access::ReadWrite).await?;
        Ok(self.lend(session, call, permit))
    }

    /// Stops everything that runs for `call`, and waits a moment for its threads to end.
    pub(super) async fn cancel(&self, call: CallId) {
        let controls = self.stop(call);
        let ended = join_all(controls.iter().map(|it| it.ended()));
        // A stream that nobody polls holds its connection until it is dropped; its statement stands still anyway.
        drop(timeout(CANCEL_PATIENCE, ended).await);
    }

    /// Takes a connection back whose call has ended; what is given up on is closed.
    pub(super) fn put_back(&self, session: Session, condition: Condition) {
        // One lock for both, so that a cancel of the call that ended cannot hit the call that comes next.
        let mut state = self.state();
        state
            .running
            .retain(|(_, it)| !Arc::ptr_eq(it, &session.control));
        let usable = condition == Condition::Clean && !session.control.is_stopped();
        if usable && state.idle.len() < MAX_IDLE && state.file == Some(session.file) {
            state.idle.push(session);
        } else {
            session.control.stop();
        }
    }

    /// The catalogue last read, if it is still that of the file.
    pub(super) fn catalog(&self) -> Option<Arc<Catalog>> {
        self.state().catalog.clone()
    }

    pub(super) fn remember(&self, catalog: Arc<Catalog>) {
        self.state().catalog = Some(catalog);
    }

    fn stop(&self, call: CallId) -> Vec<Arc<Control>> {
        let state = self.state();
        let of_call = state.running.iter().filter(|(it, _)| *it == call);
        let controls: Vec<Arc<Control>> = of_call.map(|(_, it)| Arc::clone(it)).collect();
        for control in &controls {
            control.stop();
        }
        controls
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn permit(&self, call: &Call) -> Result<OwnedSemaphorePermit> {
        let permit = timeout(call.deadline, Arc::clone(&self.permits).acquire_owned()).await;
        permit.ok().and_then(Result::ok).ok_or_else(|| {
            Error::new(ErrorKind::Busy, "get a connection")
                .because(format!("all {MAX_OPEN} are in use"))
                .hint("close results that are still being read")
        })
    }

    async fn file(&self) -> Result<FileId> {
        let metadata = tokio::fs::metadata(&self.path).await;
        let metadata = metadata.map_err(|it| {
            self.leave(None);
            fault::file(&it, &self.path)
        })?;
        if !metadata.is_file() {
            return Err(fault::no_file(&self.path));
        }
        let file = FileId::of(&metadata);
        self.leave(Some(file));
        Ok(file)
    }

    /// Drops what belongs to another file than `now`.
    fn leave(&self, now: Option<FileId>) {
        let mut state = self.state();
        if state.file != now {
            state.file = now;
            state.idle.clear();
            state.catalog = None;
        }
    }

    fn take_idle(&self, file: FileId) -> Option<Session> {
        let mut state = self.state();
        if state.file == Some(file) {
            state.idle.pop()
        } else {
            None
        }
    }

    async fn open(&self, file: FileId, access: Access) -> Result<Session> {
        let (control, alive) = Control::new();
        let opened = self.options(access).connect().await;
        let mut sqlite = opened.map_err(|it| fault::explain(&it, "open the file", &control))?;
        watch(&mut sqlite, Arc::clone(&control), alive).await?;
        Ok(Session {
            sqlite,
            control,
            file,
        })
    }

    fn options(&self, access: Access) -> SqliteConnectOptions {
        let options = options(&self.path).busy_timeout(BUSY_TIMEOUT);
        match access {
            Access::ReadOnly => options.read_only(true).pragma("query_only", "ON"),
            Access::ReadWrite => options,
        }
    }

    fn lend(
        self: &Arc<Self>,
        session: Session,
        call: &Call,
        permit: OwnedSemaphorePermit,
    ) -> Lease {
        session.control.allow(call.deadline);
        let control = Arc::clone(&session.control);
        self.state().running.push((call.id, control));
        Lease::new(session, Arc::clone(self), permit, call.deadline)
    }
}

/// Options that never create a file.
fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .statement_cache_capacity(48)
        .row_buffer_size(64)
        .thread_name(|it| format!("sqlite-{it}"))
        .disable_statement_logging()
}

async fn watch(sqlite: &mut SqliteConnection, control: Arc<Control>, alive: Alive) -> Result<()> {
    let explained = Arc::clone(&control);
    let handle = sqlite.lock_handle().await;
    let mut handle = handle.map_err(|it| fault::explain(&it, "open the file", &explained))?;
    handle.set_progress_handler(INSTRUCTIONS, move || {
        let _ = &alive;
        control.goes_on()
    });
    Ok(())
}
