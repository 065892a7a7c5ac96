//! SQLite files: rows, documents, keys and values, full-text search and graphs, each told by the layout of its tables.
//!
//! A file is opened when it is asked, never created, and noticed when it is removed or replaced. Every connection is
//! read-only by SQLite's own means, except one that runs a statement which a person typed on a profile that may write.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::lag::{Backlog, OutboxProbe};
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{
    Call, CallId, Capability, DataModel, Dataset, Got, Language, Newest, Part, Projection,
    ReadSpan, RowSink, Rows, Scanned, Search, Server, Shape, Statement, Store, Subject,
};
use parallax_core::value::{Key, Record, Timestamp};

use super::{Driver, Target};
use crate::clock;

mod catalog;
mod control;
mod datasets;
mod estimate;
mod fault;
mod find;
mod layout;
mod lease;
mod lookup;
mod operand;
mod outbox;
mod pool;
mod query;
mod readonly;
mod records;
mod sample;
mod scan;
mod shape;
mod types;
mod url;

use layout::Source;
use lease::{Lease, Sql};
use pool::Pool;
use types::stored;

/// The driver of SQLite files.
pub(super) const DRIVER: Driver = Driver {
    id: "sqlite",
    models: &[
        DataModel::Relational,
        DataModel::Document,
        DataModel::KeyValue,
        DataModel::Search,
        DataModel::Graph,
    ],
    language: Language::Sql,
    schemes: &["sqlite"],
    products: &["SQLite"],
    connect,
};

fn connect(target: Target) -> Result<Arc<dyn Store>> {
    let file: PathBuf = url::file(&target.url, &target.base)?;
    if target.secret.is_some() {
        return Err(Error::new(ErrorKind::InvalidInput, "connect")
            .because("a file takes no secret")
            .hint("remove `secret` from this store"));
    }
    Ok(Arc::new(Sqlite {
        id: target.id,
        pool: Pool::new(file),
    }))
}

/// One file.
#[derive(Debug)]
struct Sqlite {
    id: StoreId,
    pool: Arc<Pool>,
}

impl Sqlite {
    /// A connection, and what `dataset` stands for in the file as it is now.
    async fn open(&self, call: &Call, dataset: &DatasetId) -> Result<(Lease, Source)> {
        let mut lease = self.pool.lease(call).await?;
        let catalog = catalog::load(&mut lease).await?;
        let source = catalog.resolve(dataset)?;
        shape::check_label(&mut lease, &source).await?;
        Ok((lease, source))
    }
}

#[async_trait]
impl Store for Sqlite {
    fn id(&self) -> &StoreId {
        &self.id
    }

    fn capability(&self) -> Capability {
        Capability {
            cancel: true,
            read_only_session: true,
            multiple_results: true,
            parameters: true,
            find: true,
            newest: true,
            backlog: true,
            group: false,
            parts: true,
            snapshot: false,
        }
    }

    async fn ping(&self, call: &Call) -> Result<Server> {
        let mut lease = self.pool.lease(call).await?;
        // The schema's version stands in the file, so a file that is none, or is locked, says so here.
        let sql = format!(
            "SELECT sqlite_version(), {}, schema_version FROM pragma_schema_version",
            operand::NOW_MS
        );
        let rows = lease.rows(&Sql::new(sql), "ping").await?;
        let row = rows.first();
        let version = row.and_then(|it| stored(it, 0).text());
        let clock = row.and_then(|it| stored(it, 1).integer());
        let server = Server {
            product: "SQLite".to_owned(),
            version: version.unwrap_or_default().to_owned(),
            clock: clock.and_then(|it| Timestamp::from_millisecond(it).ok()),
        };
        lease.release();
        Ok(server)
    }

    async fn datasets(&self, call: &Call) -> Result<Vec<Dataset>> {
        let mut lease = self.pool.lease(call).await?;
        let catalog = catalog::load(&mut lease).await?;
        let datasets = datasets::datasets(&mut lease, &catalog, &self.id).await?;
        lease.release();
        Ok(datasets)
    }

    async fn describe(&self, call: &Call, dataset: &DatasetId) -> Result<Shape> {
        let (mut lease, source) = self.open(call, dataset).await?;
        let shape = shape::describe(&mut lease, source).await?;
        lease.release();
        Ok(shape)
    }

    async fn query(&self, call: &Call, statement: &Statement) -> Result<Rows> {
        query::start(&self.pool, call, statement).await
    }

    async fn get(
        &self,
        call: &Call,
        dataset: &DatasetId,
        keys: &[Key],
        fields: &Projection,
    ) -> Result<Got> {
        let began = clock::now();
        let (mut lease, source) = self.open(call, dataset).await?;
        let lookup = lookup::get(&mut lease, source, keys, fields).await?;
        lease.release();
        Ok(Got {
            found: lookup.found,
            statement: lookup.statements.join(";\n"),
            read: ReadSpan {
                began,
                ended: clock::now(),
            },
            position: None,
        })
    }

    async fn cancel(&self, call: CallId) -> Result<()> {
        self.pool.cancel(call).await;
        Ok(())
    }

    async fn find(
        &self,
        call: &Call,
        dataset: &DatasetId,
        search: &Search,
        fields: &Projection,
    ) -> Result<Vec<Record>> {
        let (mut lease, source) = self.open(call, dataset).await?;
        let records = find::find(&mut lease, source, search, fields).await?;
        lease.release();
        Ok(records)
    }

    async fn newest(
        &self,
        call: &Call,
        dataset: &DatasetId,
        newest: &Newest,
        fields: &Projection,
    ) -> Result<Vec<Record>> {
        let (mut lease, source) = self.open(call, dataset).await?;
        let records = find::newest(&mut lease, source, newest, fields).await?;
        lease.release();
        Ok(records)
    }

    async fn backlog(
        &self,
        call: &Call,
        probe: &OutboxProbe,
        subject: &Subject,
    ) -> Result<Backlog> {
        let (mut lease, source) = self.open(call, &probe.table).await?;
        let backlog = outbox::backlog(&mut lease, &source, probe, subject).await?;
        lease.release();
        Ok(backlog)
    }

    async fn parts(
        &self,
        call: &Call,
        dataset: &DatasetId,
        _: &Projection,
        want: usize,
    ) -> Result<Vec<Part>> {
        let (mut lease, source) = self.open(call, dataset).await?;
        let parts = scan::parts(&mut lease, &source, want).await?;
        lease.release();
        Ok(parts)
    }

    async fn scan(
        &self,
        call: &Call,
        part: &Part,
        fields: &Projection,
        sink: &mut dyn RowSink,
    ) -> Result<Scanned> {
        let (mut lease, source) = self.open(call, &part.dataset).await?;
        let scanned = scan::scan(&mut lease, source, part, fields, sink).await?;
        lease.release();
        Ok(scanned)
    }
}
