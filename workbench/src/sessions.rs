//! The stores of a deployment: connected when first needed, asked under a deadline, each alone with its failures.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::future::join_all;
use parallax_connections::guard::CancelQueue;
use parallax_connections::lazy::Lazy;
use parallax_connections::profile::Prepared;
use parallax_connections::stores;
use parallax_core::deployment::StoreConfig;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{
    Access, Call, CallId, Capability, DataModel, Dataset, Language, Purpose, Server, Shape, Store,
};
use parallax_core::wire::{StoreState, StoreStatus};

use crate::clock;
use crate::person::Admission;

/// How long a statement that a person typed may run, or the scan of a check.
const QUERY_DEADLINE: Duration = Duration::from_hours(24);

/// A check reads many records at once, and gives each call so many times the deadline.
const PATIENCE: u32 = 5;

/// The stores of one deployment.
#[derive(Debug)]
pub(crate) struct Sessions {
    list: Vec<Arc<Session>>,
    deadline: Duration,
    cancels: CancelQueue,
    next_call: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Session {
    id: StoreId,
    admission: Admission,
    store: Result<Arc<dyn Store>>,
    access: Access,
    status: Mutex<StoreStatus>,
}

impl Sessions {
    /// Prepares every store; nothing is sent yet, and a store that cannot be prepared costs only its own answers.
    pub(crate) fn new(
        admissions: Vec<Admission>,
        deadline: Duration,
        cancels: CancelQueue,
    ) -> Self {
        let sessions = admissions.into_iter().map(|it| Session::new(it, &cancels));
        Self {
            list: sessions.map(Arc::new).collect(),
            deadline,
            cancels,
            next_call: Arc::new(AtomicU64::new(1)),
        }
    }

    /// The same, after the person's files changed: a store for which nothing changed stays connected.
    ///
    /// A store whose secret is kept by the profile `changed` is connected anew even so.
    pub(crate) fn again(&self, admissions: Vec<Admission>, changed: Option<&str>) -> Self {
        let list = admissions.into_iter().map(|admission| {
            let same = self.list.iter().find(|it| it.admission == admission);
            let same = same.filter(|it| !it.is_of(changed));
            same.map_or_else(
                || Arc::new(Session::new(admission, &self.cancels)),
                Arc::clone,
            )
        });
        Self {
            list: list.collect(),
            deadline: self.deadline,
            cancels: self.cancels.clone(),
            next_call: Arc::clone(&self.next_call),
        }
    }

    /// The stores that wait for the person to trust the deployment file.
    pub(crate) fn untrusted(&self) -> Vec<StoreConfig> {
        let waiting = self.list.iter().filter(|it| {
            let error = it.admission.prepared.as_ref().err();
            error.is_some_and(|it| it.kind == ErrorKind::Untrusted)
        });
        waiting.map(|it| it.admission.config.clone()).collect()
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
        let found = self.list.iter().find(|it| it.id == *id);
        found.map(Arc::as_ref).ok_or_else(|| {
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
    fn new(admission: Admission, cancels: &CancelQueue) -> Self {
        let config = &admission.config;
        let driver = config.url.as_deref().and_then(|it| stores::driver(it).ok());
        let prepared = admission.prepared.as_ref().map_err(Error::clone);
        let store = prepared.and_then(|it| connect(it, cancels));
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
            admission,
        }
    }

    /// Whether its secret is kept by this profile.
    fn is_of(&self, profile: Option<&str>) -> bool {
        let prepared = self.admission.prepared.as_ref().ok();
        profile.is_some() && prepared.and_then(|it| it.context.profile.as_deref()) == profile
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

/// A store that is ready to be asked. One with a secret fetches it when it is first asked.
fn connect(prepared: &Prepared, cancels: &CancelQueue) -> Result<Arc<dyn Store>> {
    let Prepared {
        config,
        base,
        context,
    } = prepared.clone();
    let source = config.secret.clone();
    let cancels = cancels.clone();
    let connect = move |secret| -> Result<Arc<dyn Store>> {
        let guarded = stores::guarded(&config, &base, secret, config.access)?;
        Ok(Arc::new(guarded.cancelling(cancels.clone())))
    };
    match source {
        None => connect(None),
        Some(source) => Ok(Arc::new(Lazy::new(source, context, connect)?)),
    }
}
