//! PostgreSQL and what speaks its protocol: rows of declared columns.
//!
//! The driver is the crate sqlx, a connection at a time. What it does not do is done here: connections are kept in a pool
//! that knows the process behind each, so that a call can be cancelled, and one in doubt is closed without reading the
//! rest; cells are read by their type's OID from the bytes that came, and what we do not read in binary form comes as
//! text. Three things the driver keeps to itself: notices, which are not given, notifications, for which `LISTEN` is
//! refused, and the length or precision of a result's column, which is looked up. The parameters of what people type are
//! bound, never written into the text.
//!
//! Two things it decides by itself: the file of `sslrootcert` is trusted besides the system's authorities, not instead of
//! them, and a server that asks for the password in clear text gets it. `sslmode=verify-full` is what keeps others from
//! asking.

use std::sync::Arc;

use async_trait::async_trait;
use parallax_core::error::Result;
use parallax_core::lag::{Backlog, OutboxProbe};
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{
    Call, CallId, Capability, DataModel, Dataset, Got, Language, Newest, Part, Projection,
    ReadSpan, RowSink, Rows, Scanned, Search, Server, Shape, Statement, Store, Subject,
};
use parallax_core::value::{Key, Record};

use super::{Driver, Target};
use crate::clock;

mod binary;
mod bound;
mod calendar;
mod catalog;
mod connect;
mod fault;
mod find;
mod lease;
mod lexer;
mod link;
mod literal;
mod lookup;
mod outbox;
mod output;
mod parameters;
mod pool;
mod products;
mod query;
mod readonly;
mod records;
mod scan;
mod shape;
mod statements;
mod text;
mod types;
mod url;

use catalog::Table;
use lease::{Lease, Sql};
use pool::Pool;
use records::Reader;

/// The driver of PostgreSQL's protocol.
pub(super) const DRIVER: Driver = Driver {
    id: "postgres",
    models: &[DataModel::Relational],
    language: Language::Sql,
    schemes: &["postgres", "postgresql"],
    products: products::NAMES,
    connect,
};

fn connect(target: Target) -> Result<Arc<dyn Store>> {
    let place = url::place(&target.url, &target.base)?;
    Ok(Arc::new(Postgres {
        id: target.id,
        pool: Pool::new(place, target.secret),
    }))
}

/// One database.
#[derive(Debug)]
struct Postgres {
    id: StoreId,
    pool: Arc<Pool>,
}

impl Postgres {
    /// A connection, and the table that `dataset` names.
    async fn open(&self, call: &Call, dataset: &DatasetId) -> Result<(Lease, Arc<Table>)> {
        let mut lease = self.pool.lease(call).await?;
        let table = catalog::resolve(&mut lease, dataset).await?;
        Ok((lease, table))
    }

    /// The same, as the table is now.
    async fn open_now(&self, call: &Call, dataset: &DatasetId) -> Result<(Lease, Arc<Table>)> {
        let mut lease = self.pool.lease(call).await?;
        let table = catalog::resolve_now(&mut lease, dataset).await?;
        Ok((lease, table))
    }

    /// What was looked up a moment ago may be what failed: the next call looks again.
    fn looked_up<T>(&self, answer: Result<T>) -> Result<T> {
        if answer.is_err() {
            self.pool.catalog.forget();
        }
        answer
    }
}

#[async_trait]
impl Store for Postgres {
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
            // Each part is read by itself: a snapshot that all share would have to be held open while nobody reads.
            snapshot: false,
        }
    }

    async fn ping(&self, call: &Call) -> Result<Server> {
        let mut lease = self.pool.lease(call).await?;
        let sql = Sql::new("SELECT clock_timestamp()");
        let answer = lease.rows(&sql, "ping").await?;
        let clock = answer.rows.first().and_then(|it| it.text(0));
        let server = lease.server();
        let (product, version) = server.map_or(("PostgreSQL", String::new()), |it| it.product());
        let server = Server {
            product: product.to_owned(),
            version,
            clock: clock.and_then(|it| it.parse().ok()),
        };
        lease.release();
        Ok(server)
    }

    async fn datasets(&self, call: &Call) -> Result<Vec<Dataset>> {
        let mut lease = self.pool.lease(call).await?;
        let datasets = catalog::datasets(&mut lease, &self.id).await?;
        lease.release();
        Ok(datasets)
    }

    async fn describe(&self, call: &Call, dataset: &DatasetId) -> Result<Shape> {
        let (mut lease, table) = self.open_now(call, dataset).await?;
        let shape = shape::describe(&mut lease, &table, dataset).await?;
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
        let (mut lease, table) = self.open(call, dataset).await?;
        let reader = self.looked_up(Reader::new(table, dataset, fields))?;
        let lookup = self.looked_up(lookup::get(&mut lease, &reader, keys).await)?;
        lease.release();
        Ok(Got {
            found: lookup.found,
            statement: lookup.statement,
            read: ReadSpan {
                began,
                ended: clock::now(),
            },
            position: lookup.position,
        })
    }

    async fn cancel(&self, call: CallId) -> Result<()> {
        self.pool.cancel(call).await
    }

    async fn find(
        &self,
        call: &Call,
        dataset: &DatasetId,
        search: &Search,
        fields: &Projection,
    ) -> Result<Vec<Record>> {
        let (mut lease, table) = self.open(call, dataset).await?;
        let reader = self.looked_up(Reader::new(table, dataset, fields))?;
        let records = self.looked_up(find::find(&mut lease, &reader, search).await)?;
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
        let (mut lease, table) = self.open(call, dataset).await?;
        let reader = self.looked_up(Reader::new(table, dataset, fields))?;
        let records = find::newest(&mut lease, &reader, dataset, newest).await;
        let records = self.looked_up(records)?;
        lease.release();
        Ok(records)
    }

    async fn backlog(
        &self,
        call: &Call,
        probe: &OutboxProbe,
        subject: &Subject,
    ) -> Result<Backlog> {
        let (mut lease, table) = self.open(call, &probe.table).await?;
        let backlog = outbox::backlog(&mut lease, &table, probe, subject).await;
        let backlog = self.looked_up(backlog)?;
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
        let (mut lease, table) = self.open_now(call, dataset).await?;
        let parts = scan::parts(&mut lease, &table, dataset, want).await?;
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
        let (mut lease, table) = self.open_now(call, &part.dataset).await?;
        let scanned = scan::scan(&mut lease, table, part, fields, sink).await?;
        lease.release();
        Ok(scanned)
    }
}
