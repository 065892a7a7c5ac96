//! The connections to one server: opened when needed, closed when in doubt, and what cancels a call.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Call, CallId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::yield_now;
use tokio::time::timeout;

use super::control::Control;
use super::link::{Link, OnServer, Protocol};
use super::record::Kind;
use super::url::Address;
use crate::secret::Secret;

/// Connections kept open while nobody uses them.
const MAX_IDLE: usize = 4;

/// Connections at one time.
const MAX_OPEN: usize = 32;

/// How long a cancel tries to reach the server.
const CANCEL_PATIENCE: Duration = Duration::from_millis(800);

/// A connection that was unused for longer is asked whether it still leads anywhere.
const UNCHECKED: Duration = Duration::from_secs(1);

/// Connections given up on that a cancel may still end on the server.
const MAX_ABANDONED: usize = 64;

/// The connections to one server.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) address: Address,
    secret: Option<Secret>,
    state: Mutex<State>,
    permits: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<Idle>,
    running: Vec<Running>,
    abandoned: VecDeque<(CallId, OnServer)>,
    /// Of which type the keys of a dataset mostly are.
    kinds: BTreeMap<String, Kind>,
}

#[derive(Debug)]
struct Running {
    call: CallId,
    control: Arc<Control>,
    link: Option<OnServer>,
}

/// A connection that nobody uses.
#[derive(Debug)]
struct Idle {
    link: Link,
    since: Instant,
}

impl Idle {
    /// The connection, if it still leads to the server. One that was long unused is asked, for nothing else may tell.
    async fn checked(mut self) -> Option<Link> {
        if !self.link.is_fresh() {
            return None;
        }
        if self.since.elapsed() > UNCHECKED {
            let ping = self.link.ask(["PING"], "ping");
            timeout(CANCEL_PATIENCE, ping).await.ok()?.ok()?;
        }
        Some(self.link)
    }
}

impl Pool {
    pub(super) fn new(address: Address, secret: Option<Secret>) -> Arc<Self> {
        Arc::new(Self {
            address,
            secret,
            state: Mutex::default(),
            permits: Arc::new(Semaphore::new(MAX_OPEN)),
        })
    }

    /// A connection for reads of our own: one that is idle, or a new one.
    pub(super) async fn lease(self: &Arc<Self>, call: &Call) -> Result<Lease> {
        let permit = self.permit(call).await?;
        let link = self.reuse_or_open().await?;
        Ok(self.lend(link, call, permit, Origin::Pool))
    }

    /// A connection of its own for what a person typed, which may block or change the session; closed at the end.
    pub(super) async fn lease_own(self: &Arc<Self>, call: &Call) -> Result<Lease> {
        let permit = self.permit(call).await?;
        let link = self.open(Protocol::Resp3).await?;
        Ok(self.lend(link, call, permit, Origin::Own))
    }

    /// Stops what runs for `call`, here and on the server.
    pub(super) async fn cancel(&self, call: CallId) {
        let links = self.stop(call);
        if !links.is_empty() {
            // Closing the connection stops a command that waits; this ends it also where a proxy keeps it open.
            drop(timeout(CANCEL_PATIENCE, self.kill(&links)).await);
        }
    }

    pub(super) fn secret(&self) -> Option<&Secret> {
        self.secret.as_ref()
    }

    /// Of which type the keys of `dataset` were when they were last read.
    pub(super) fn kind(&self, dataset: &str) -> Option<Kind> {
        self.state().kinds.get(dataset).copied()
    }

    pub(super) fn remember(&self, dataset: &str, kind: Kind) {
        self.state().kinds.insert(dataset.to_owned(), kind);
    }

    fn stop(&self, call: CallId) -> Vec<OnServer> {
        let mut state = self.state();
        let mut links = Vec::new();
        for running in state.running.iter().filter(|it| it.call == call) {
            running.control.stop();
            links.extend(running.link.clone());
        }
        let abandoned = state.abandoned.iter().filter(|(it, _)| *it == call);
        links.extend(abandoned.map(|(_, it)| it.clone()));
        state.abandoned.retain(|(it, _)| *it != call);
        links
    }

    async fn kill(&self, links: &[OnServer]) -> Result<()> {
        let mut link = self.reuse_or_open().await?;
        for OnServer { client, address } in links {
            let client = client.to_string();
            link.push(["CLIENT", "KILL", "ID", &client, "ADDR", address]);
        }
        link.send().await?;
        for _ in links {
            link.reply().await?;
        }
        self.put_idle(link);
        Ok(())
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

    async fn open(&self, protocol: Protocol) -> Result<Link> {
        Link::open(&self.address, self.secret.as_ref(), protocol).await
    }

    async fn reuse_or_open(&self) -> Result<Link> {
        // Lets the runtime notice connections that were closed since it last looked, and then their tasks end.
        yield_now().await;
        yield_now().await;
        while let Some(idle) = self.take_idle() {
            if let Some(link) = idle.checked().await {
                return Ok(link);
            }
        }
        self.open(Protocol::Resp2).await
    }

    fn take_idle(&self) -> Option<Idle> {
        self.state().idle.pop()
    }

    fn put_idle(&self, link: Link) {
        let mut state = self.state();
        if state.idle.len() < MAX_IDLE {
            state.idle.push(Idle {
                link,
                since: Instant::now(),
            });
        }
    }

    fn lend(
        self: &Arc<Self>,
        mut link: Link,
        call: &Call,
        permit: OwnedSemaphorePermit,
        origin: Origin,
    ) -> Lease {
        let control = Arc::<Control>::default();
        link.control = Arc::clone(&control);
        self.state().running.push(Running {
            call: call.id,
            control,
            link: link.on_server.clone(),
        });
        Lease {
            link: Some(link),
            call: call.id,
            origin,
            pool: Arc::clone(self),
            _permit: permit,
        }
    }

    fn take_back(&self, link: Link, call: CallId, origin: Origin) {
        let control = Arc::clone(&link.control);
        let mut state = self.state();
        state
            .running
            .retain(|it| !Arc::ptr_eq(&it.control, &control));
        if !link.is_settled() && !control.is_stopped() {
            if state.abandoned.len() >= MAX_ABANDONED {
                state.abandoned.pop_front();
            }
            state
                .abandoned
                .extend(link.on_server.clone().map(|it| (call, it)));
        }
        drop(state);
        let clean = link.is_settled() && !control.is_stopped();
        if clean && origin == Origin::Pool {
            self.put_idle(link);
        }
    }
}

/// Where a connection goes after its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// Back to the pool, if the server owes it nothing.
    Pool,
    /// It is closed.
    Own,
}

/// A connection in use by one call. Dropped while the server still owes a reply, it is closed.
#[derive(Debug)]
pub(super) struct Lease {
    link: Option<Link>,
    call: CallId,
    origin: Origin,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }
}

impl Deref for Lease {
    type Target = Link;

    fn deref(&self) -> &Link {
        self.link.as_ref().expect("it is taken only when dropped")
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Link {
        self.link.as_mut().expect("it is taken only when dropped")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(link) = self.link.take() {
            self.pool.take_back(link, self.call, self.origin);
        }
    }
}
