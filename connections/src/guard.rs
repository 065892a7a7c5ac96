//! The guard in front of every store: `audit(deadline(access(store)))`.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use futures::Stream;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::lag::{Backlog, GroupProbe, OutboxProbe};
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{
    Access, Call, CallId, Capability, Chunk, Dataset, Got, Newest, Part, Projection, Purpose,
    RowSink, Rows, Scanned, Search, Searchable, Server, Shape, Statement, Store, Subject,
};
use parallax_core::value::{Key, Record};
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

use crate::clock;

mod audit;
mod cancel;

pub use audit::{Audit, AuditEntry};
pub use cancel::{CancelQueue, Canceller};

/// A store behind its guard.
///
/// - **Access**: a call that asks to write is refused unless the profile lets it; only statements that people type may.
/// - **Deadline**: every call ends with [`ErrorKind::Timeout`] when its time is over, a stream included.
/// - **Cancel**: a call that is dropped or timed out is handed to the [`Canceller`], where there is one.
/// - **Audit**: every call is written down before it is sent, where there is an [`Audit`].
/// - **Errors** name the store.
#[derive(Debug)]
pub struct Guarded {
    store: Arc<dyn Store>,
    access: Access,
    audit: Option<Audit>,
    cancels: Option<CancelQueue>,
}

impl Guarded {
    /// Guards `store`, whose profile allows `access`.
    pub fn new(store: Arc<dyn Store>, access: Access) -> Self {
        Self {
            store,
            access,
            audit: None,
            cancels: None,
        }
    }

    /// Writes every call to `audit`.
    #[must_use]
    pub fn audited(mut self, audit: Audit) -> Self {
        self.audit = Some(audit);
        self
    }

    /// Hands dropped calls to the canceller behind `queue`.
    #[must_use]
    pub fn cancelling(mut self, queue: CancelQueue) -> Self {
        self.cancels = Some(queue);
        self
    }

    /// A call that reads, whatever its caller would be allowed.
    fn reading(call: &Call) -> Call {
        Call {
            access: Access::ReadOnly,
            ..*call
        }
    }

    /// What a statement may do: it writes only if a person typed it, the caller asks for it and the profile allows it.
    fn admit(&self, call: &Call) -> Result<Call> {
        if call.access == Access::ReadOnly {
            return Ok(*call);
        }
        if self.access == Access::ReadOnly {
            return Err(refused("its profile is read-only")
                .hint("set `access = \"read-write\"` for this store, if you mean to write"));
        }
        if call.purpose != Purpose::Query {
            return Err(refused("only statements that people type may write"));
        }
        Ok(*call)
    }

    async fn guard<T>(
        &self,
        call: &Call,
        operation: &'static str,
        subject: Option<String>,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let until = Instant::now() + call.deadline;
        let mut open = self.open(call.id);
        let work = async {
            self.write_down(call, operation, subject).await;
            work.await
        };
        match timeout_at(until, work).await {
            Ok(answer) => {
                open.close();
                answer.map_err(|it| it.at(self.store.id()))
            }
            Err(_elapsed) => Err(late(operation, call.deadline).at(self.store.id())),
        }
    }

    fn open(&self, call: CallId) -> OpenCall {
        let queue = self.cancels.clone();
        OpenCall(queue.map(|it| (it, Arc::clone(&self.store), call)))
    }

    async fn write_down(&self, call: &Call, operation: &'static str, subject: Option<String>) {
        let Some(audit) = &self.audit else {
            return;
        };
        let entry = AuditEntry {
            at: clock::now(),
            store: self.store.id().clone(),
            call: call.id,
            purpose: call.purpose,
            access: call.access,
            operation,
            subject,
        };
        audit.write(entry).await;
    }
}

fn refused(why: &str) -> Error {
    Error::new(ErrorKind::PermissionDenied, "write").because(why)
}

fn late(operation: &'static str, deadline: Duration) -> Error {
    Error::new(ErrorKind::Timeout, operation)
        .because(format!("no answer within the deadline of {deadline:?}"))
        .hint("is the server busy, or gone? give a slow one more time with --deadline TIME")
}

/// A call that has not ended; dropped before it is closed, it is cancelled on the store.
struct OpenCall(Option<(CancelQueue, Arc<dyn Store>, CallId)>);

impl OpenCall {
    fn close(&mut self) {
        self.0 = None;
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        if let Some((queue, store, call)) = self.0.take() {
            queue.push(store, call);
        }
    }
}

/// A stream with a deadline, which names the store in its errors and is cancelled when dropped before its end.
struct GuardedRows {
    rows: Option<Rows>,
    deadline: Duration,
    over: Pin<Box<Sleep>>,
    open: OpenCall,
    store: StoreId,
}

impl GuardedRows {
    fn end(&mut self) {
        self.rows = None;
        self.open.close();
    }
}

impl Stream for GuardedRows {
    type Item = Result<Chunk>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(rows) = &mut self.rows else {
            return Poll::Ready(None);
        };
        match rows.as_mut().poll_next(context) {
            Poll::Ready(Some(chunk)) => Poll::Ready(Some(chunk.map_err(|it| it.at(&self.store)))),
            Poll::Ready(None) => {
                self.end();
                Poll::Ready(None)
            }
            Poll::Pending if self.over.as_mut().poll(context).is_ready() => {
                self.rows = None;
                let error = late("read all rows", self.deadline).at(&self.store);
                Poll::Ready(Some(Err(error)))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

#[async_trait]
impl Store for Guarded {
    fn id(&self) -> &StoreId {
        self.store.id()
    }

    fn capability(&self) -> Capability {
        self.store.capability()
    }

    async fn ping(&self, call: &Call) -> Result<Server> {
        let call = Self::reading(call);
        self.guard(&call, "ping", None, self.store.ping(&call))
            .await
    }

    async fn datasets(&self, call: &Call) -> Result<Vec<Dataset>> {
        let call = Self::reading(call);
        self.guard(&call, "list datasets", None, self.store.datasets(&call))
            .await
    }

    async fn describe(&self, call: &Call, dataset: &DatasetId) -> Result<Shape> {
        let call = Self::reading(call);
        let work = self.store.describe(&call, dataset);
        self.guard(&call, "describe", Some(dataset.to_string()), work)
            .await
    }

    async fn query(&self, call: &Call, statement: &Statement) -> Result<Rows> {
        let call = self.admit(call).map_err(|it| it.at(self.store.id()))?;
        let until = Instant::now() + call.deadline;
        let subject = Some(statement.text.clone());
        let work = self.store.query(&call, statement);
        let rows = self.guard(&call, "query", subject, work).await?;
        Ok(Box::pin(GuardedRows {
            rows: Some(rows),
            deadline: call.deadline,
            over: Box::pin(sleep_until(until)),
            open: self.open(call.id),
            store: self.store.id().clone(),
        }))
    }

    async fn get(
        &self,
        call: &Call,
        dataset: &DatasetId,
        keys: &[Key],
        fields: &Projection,
    ) -> Result<Got> {
        let call = Self::reading(call);
        let work = self.store.get(&call, dataset, keys, fields);
        let mut got = self
            .guard(&call, "get", Some(dataset.to_string()), work)
            .await?;
        for found in &mut got.found {
            if let Err(error) = found {
                *error = error.clone().at(self.store.id());
            }
        }
        Ok(got)
    }

    async fn searchable(
        &self,
        call: &Call,
        dataset: &DatasetId,
        keys: &[Key],
        fields: &Projection,
    ) -> Result<Option<Searchable>> {
        let call = Self::reading(call);
        let work = self.store.searchable(&call, dataset, keys, fields);
        self.guard(&call, "search by key", Some(dataset.to_string()), work)
            .await
    }

    async fn cancel(&self, call: CallId) -> Result<()> {
        self.store
            .cancel(call)
            .await
            .map_err(|it| it.at(self.store.id()))
    }

    async fn find(
        &self,
        call: &Call,
        dataset: &DatasetId,
        search: &Search,
        fields: &Projection,
    ) -> Result<Vec<Record>> {
        let call = Self::reading(call);
        let work = self.store.find(&call, dataset, search, fields);
        self.guard(&call, "find", Some(dataset.to_string()), work)
            .await
    }

    async fn newest(
        &self,
        call: &Call,
        dataset: &DatasetId,
        newest: &Newest,
        fields: &Projection,
    ) -> Result<Vec<Record>> {
        let call = Self::reading(call);
        let work = self.store.newest(&call, dataset, newest, fields);
        self.guard(&call, "read the newest", Some(dataset.to_string()), work)
            .await
    }

    async fn backlog(
        &self,
        call: &Call,
        probe: &OutboxProbe,
        subject: &Subject,
    ) -> Result<Backlog> {
        let call = Self::reading(call);
        let work = self.store.backlog(&call, probe, subject);
        let table = Some(probe.table.to_string());
        self.guard(&call, "read the outbox", table, work).await
    }

    async fn pending(&self, call: &Call, probe: &GroupProbe, subject: &Subject) -> Result<Backlog> {
        let call = Self::reading(call);
        let work = self.store.pending(&call, probe, subject);
        let stream = Some(probe.stream.to_string());
        self.guard(&call, "read the consumer group", stream, work)
            .await
    }

    async fn parts(
        &self,
        call: &Call,
        dataset: &DatasetId,
        fields: &Projection,
        want: usize,
    ) -> Result<Vec<Part>> {
        let call = Self::reading(call);
        let work = self.store.parts(&call, dataset, fields, want);
        self.guard(&call, "divide", Some(dataset.to_string()), work)
            .await
    }

    async fn scan(
        &self,
        call: &Call,
        part: &Part,
        fields: &Projection,
        sink: &mut dyn RowSink,
    ) -> Result<Scanned> {
        let call = Self::reading(call);
        let work = self.store.scan(&call, part, fields, sink);
        self.guard(&call, "scan", Some(part.dataset.to_string()), work)
            .await
    }
}
