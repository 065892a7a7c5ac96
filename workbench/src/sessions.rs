//! The stores of a deployment: connected when first needed, asked under a deadline, each alone with its failures.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::future::join_all;
use parallax_connections::guard::CancelQueue;
use parallax_connections::stores;
use parallax_core::deployment::{Deployment, StoreConfig};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{
    Access, Call, CallId, Capability, DataModel, Dataset, Language, Purpose, Server, Shape, Store,
};
use parallax_core::wire::{StoreState, StoreStatus};

use crate::clock;

/// How long a statement that a person typed may run, or the scan of a check.
const QUERY_DEADLINE: Duration = Duration::from_hours(24);

/// A check reads many records at once, and gives each call so many times the deadline.
const PATIENCE: u32 = 5;

/// The stores of one deployment.
#[derive(Debug)]
pub(crate) struct Sessions {
    list: Vec<Session>,
    deadline: Duration,
    next_call: AtomicU64,
}

#[derive(Debug)]
struct Session {
    id: StoreId,
    store: Result<Arc<dyn Store>>,
    access: Access,
    status: Mutex<StoreStatus>,
}

impl Sessions {
    /// Prepares every store; nothing is sent yet, and a store that cannot be prepared costs only its own answers.
    pub(crate) fn new(
        deployment: &Deployment,
        base: &Path,
        deadline: Duration,
        cancels: &CancelQueue,
    ) -> Self {
        let list = deployment
            .stores
            .iter()
            .map(|it| Session::new(it, base, cancels))
            .collect();
        Self {
            list,
            deadline,
            next_call: AtomicU64::new(1),
        }
    }

    /// The store of that name; fails as its preparation did, or if there is none.
    pub(crate) fn store(&self, id: &StoreId) -> Result<&Arc<dyn Store>> {
        self.session(id)?.store.as_ref().map_err(Clone::clone)
    }

    /// What goes with the next call to `id`.
    pub(crate) fn call(&self, id: &StoreId, purpose: Purpose) -> Call {
        let typed = purpose == Purpose::Query;
        let access = self.session(id).map_or(Access::ReadOnly, |it| {
            if typed { it.access } else { Access::ReadOnly }
        });
        Call {
            id: CallId(self.next_call.fetch_add(1, Ordering::Relaxed)),
            deadline: match purpose {
                Purpose::Check => self.deadline * PATIENCE,
                _ => self.deadline,
            },
            purpose,
            access,
        }
    }

    /// What goes with a statement that a person typed: it ends when it ends, or when the person says so.
    pub(crate) fn query_call(&self, id: &StoreId) -> Call {
        Call {
            deadline: QUERY_DEADLINE,
            ..self.call(id, Purpose::Query)
        }
    }

    /// What goes with the scan of a part: it takes as long as rows come.
    pub(crate) fn scan_call(&self, id: &StoreId) -> Call {
        Call {
            deadline: QUERY_DEADLINE,
            ..self.call(id, Purpose::Check)
        }
    }

    /// How long a check waits for a store that sends nothing.
    pub(crate) fn patience(&self) -> Duration {
        self.deadline * PATIENCE
    }

    /// Asks these stores at once for their servers.
    pub(crate) async fn ping_these(&self, ids: &BTreeSet<&StoreId>) -> Vec<StoreStatus> {
        let wanted = self.list.iter().filter(|it| ids.contains(&it.id));
        join_all(wanted.map(|it| self.ping(it))).await
    }

    /// Asks every store at once for its server.
    pub(crate) async fn ping_all(&self) -> Vec<StoreStatus> {
        join_all(self.list.iter().map(|it| self.ping(it))).await
    }

    /// The state of every store as last known.
    pub(crate) fn statuses(&self) -> Vec<StoreStatus> {
        self.list.iter().map(|it| it.status().clone()).collect()
    }

    /// Notes the data models that a store's datasets turned out to have.
    pub(crate) fn note_models(&self, id: &StoreId, models: &[DataModel]) {
        if let Ok(session) = self.session(id) {
            session.status().models = models.to_vec();
        }
    }

    /// The datasets of one store.
    pub(crate) async fn datasets(&self, id: &StoreId) -> Result<Vec<Dataset>> {
        self.store(id)?
            .datasets(&self.call(id, Purpose::Inspect))
            .await
            .map_err(|it| it.at(id))
    }

    /// The shape of one dataset.
    pub(crate) async fn describe(&self, dataset: &DatasetId, purpose: Purpose) -> Result<Shape> {
        let id = &dataset.store;
        self.store(id)?
            .describe(&self.call(id, purpose), dataset)
            .await
            .map_err(|it| it.at(id))
    }

    async fn ping(&self, session: &Session) -> StoreStatus {
        let began = Instant::now();
        let call = self.call(&session.id, Purpose::Inspect);
        let answer = match &session.store {
            Ok(store) => store.ping(&call).await,
            Err(error) => Err(error.clone()),
        };
        session.note(answer, began.elapsed())
    }

    fn session(&self, id: &StoreId) -> Result<&Session> {
        self.list.iter().find(|it| it.id == *id).ok_or_else(|| {
            let known: Vec<&str> = self.list.iter().map(|it| it.id.as_str()).collect();
            Error::new(
                ErrorKind::NotFound,
                format!("find the store {:?}", id.as_str()),
            )
            .because("the deployment declares no such store")
            .hint(format!("it declares: {}", known.join(", ")))
        })
    }
}

impl Session {
    fn new(config: &StoreConfig, base: &Path, cancels: &CancelQueue) -> Self {
        let driver = config.url.as_deref().and_then(|it| stores::driver(it).ok());
        let guarded = stores::guarded(config, base, None, config.access);
        let store = guarded.map(|it| Arc::new(it.cancelling(cancels.clone())) as Arc<dyn Store>);
        let capability = store
            .as_ref()
            .map_or(Capability::default(), |it| it.capability());
        let status = StoreStatus {
            name: config.id.clone(),
            url: config.url.clone().unwrap_or_default(),
            product: None,
            version: None,
            models: driver.map_or(&[][..], |it| it.models).to_vec(),
            language: driver.map_or(Language::Sql, |it| it.language),
            state: StoreState::Unknown,
            latency: None,
            error: store.as_ref().err().cloned(),
            capability,
            access: config.access,
            environment: config.environment.unwrap_or_default(),
            why: config.why.clone(),
            asked_at: None,
        };
        Self {
            id: config.id.clone(),
            store,
            access: config.access,
            status: Mutex::new(status),
        }
    }

    fn status(&self) -> std::sync::MutexGuard<'_, StoreStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, answer: Result<Server>, took: Duration) -> StoreStatus {
        let mut status = self.status();
        status.asked_at = Some(clock::now());
        match answer {
            Ok(server) => {
                status.state = StoreState::Up;
                status.product = Some(server.product);
                status.version = Some(server.version);
                status.latency = Some(took);
                status.error = None;
            }
            Err(error) => {
                status.state = StoreState::Down;
                status.latency = None;
                status.error = Some(error.at(&self.id));
            }
        }
        if let Ok(store) = &self.store {
            status.capability = store.capability();
        }
        status.clone()
    }
}
