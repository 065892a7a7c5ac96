//! A store whose secret is fetched by the first call that needs it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use parallax_core::deployment::SecretSource;
use parallax_core::error::{Error, Result};
use parallax_core::lag::{Backlog, GroupProbe, OutboxProbe};
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{
    Call, CallId, Capability, Dataset, Got, Newest, Part, Projection, RowSink, Rows, Scanned,
    Search, Searchable, Server, Shape, Statement, Store, Subject,
};
use parallax_core::value::{Key, Record};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::secret::{self, Context, Secret};

/// How long a failure is remembered where trying again may run a program or ask a person.
const REST: Duration = Duration::from_secs(30);

type Connect = Box<dyn Fn(Option<Secret>) -> Result<Arc<dyn Store>> + Send + Sync>;

/// A store that knows where its secret is, and fetches it when it is first asked something.
///
/// It stands in front of the guard: the call's deadline begins once the secret is there, and fetching has limits of its
/// own. A failure is the answer to the call, and the next call tries again, after 30 seconds where a keychain or a
/// program is asked.
pub struct Lazy {
    source: SecretSource,
    context: Context,
    connect: Connect,
    closed: Arc<dyn Store>,
    open: OnceCell<Arc<dyn Store>>,
    failed: Mutex<Option<(Instant, Error)>>,
}

impl fmt::Debug for Lazy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy")
            .field("store", &self.closed.id())
            .field("source", &self.source.to_string())
            .finish_non_exhaustive()
    }
}

impl Lazy {
    /// A store that `connect` makes; it is made once without a secret, to learn what can be known before any call.
    ///
    /// Fails as `connect` does. Fetches nothing yet.
    pub fn new(
        source: SecretSource,
        context: Context,
        connect: impl Fn(Option<Secret>) -> Result<Arc<dyn Store>> + Send + Sync + 'static,
    ) -> Result<Self> {
        let closed = connect(None)?;
        Ok(Self {
            source,
            context,
            connect: Box::new(connect),
            closed,
            open: OnceCell::new(),
            failed: Mutex::default(),
        })
    }

    /// The store with its secret; whoever asks meanwhile waits for the one that fetches it.
    async fn store(&self) -> Result<&Arc<dyn Store>> {
        let opened = self.open.get_or_try_init(|| self.fetch()).await;
        opened.map_err(|it| it.at(self.closed.id()))
    }

    async fn fetch(&self) -> Result<Arc<dyn Store>> {
        if let Some(error) = self.recent_failure() {
            return Err(error);
        }
        let secret = secret::resolve(&self.source, &self.context).await;
        let opened = secret.and_then(|it| (self.connect)(Some(it)));
        if let Err(error) = &opened
            && self.is_dear()
        {
            *self.failed() = Some((Instant::now(), error.clone()));
        }
        opened
    }

    fn recent_failure(&self) -> Option<Error> {
        let failed = self.failed();
        let (at, error) = failed.as_ref()?;
        (at.elapsed() < REST).then(|| error.clone())
    }

    fn is_dear(&self) -> bool {
        matches!(
            self.source,
            SecretSource::Keychain | SecretSource::Command(_)
        )
    }

    fn failed(&self) -> std::sync::MutexGuard<'_, Option<(Instant, Error)>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> &Arc<dyn Store> {
        self.open.get().unwrap_or(&self.closed)
    }
}

#[async_trait]
impl Store for Lazy {
    fn id(&self) -> &StoreId {
        self.closed.id()
    }

    fn capability(&self) -> Capability {
        self.known().capability()
    }

    async fn ping(&self, call: &Call) -> Result<Server> {
        self.store().await?.ping(call).await
    }

    async fn datasets(&self, call: &Call) -> Result<Vec<Dataset>> {
        self.store().await?.datasets(call).await
    }

    async fn describe(&self, call: &Call, dataset: &DatasetId) -> Result<Shape> {
        self.store().await?.describe(call, dataset).await
    }

    async fn query(&self, call: &Call, statement: &Statement) -> Result<Rows> {
        self.store().await?.query(call, statement).await
    }

    async fn get(
        &self,
        call: &Call,
        dataset: &DatasetId,
        keys: &[Key],
        fields: &Projection,
    ) -> Result<Got> {
        self.store().await?.get(call, dataset, keys, fields).await
    }

    async fn searchable(
        &self,
        call: &Call,
        dataset: &DatasetId,
        keys: &[Key],
        fields: &Projection,
    ) -> Result<Option<Searchable>> {
        let store = self.store().await?;
        store.searchable(call, dataset, keys, fields).await
    }

    async fn cancel(&self, call: CallId) -> Result<()> {
        self.known().cancel(call).await
    }

    async fn find(
        &self,
        call: &Call,
        dataset: &DatasetId,
        search: &Search,
        fields: &Projection,
    ) -> Result<Vec<Record>> {
        let store = self.store().await?;
        store.find(call, dataset, search, fields).await
    }

    async fn newest(
        &self,
        call: &Call,
        dataset: &DatasetId,
        newest: &Newest,
        fields: &Projection,
    ) -> Result<Vec<Record>> {
        let store = self.store().await?;
        store.newest(call, dataset, newest, fields).await
    }

    async fn backlog(
        &self,
        call: &Call,
        probe: &OutboxProbe,
        subject: &Subject,
    ) -> Result<Backlog> {
        self.store().await?.backlog(call, probe, subject).await
    }

    async fn pending(&self, call: &Call, probe: &GroupProbe, subject: &Subject) -> Result<Backlog> {
        self.store().await?.pending(call, probe, subject).await
    }

    async fn parts(
        &self,
        call: &Call,
        dataset: &DatasetId,
        fields: &Projection,
        want: usize,
    ) -> Result<Vec<Part>> {
        self.store().await?.parts(call, dataset, fields, want).await
    }

    async fn scan(
        &self,
        call: &Call,
        part: &Part,
        fields: &Projection,
        sink: &mut dyn RowSink,
    ) -> Result<Scanned> {
        self.store().await?.scan(call, part, fields, sink).await
    }
}
