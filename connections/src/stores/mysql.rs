//! MySQL, MariaDB and what speaks their protocol: rows of declared columns.
//!
//! The driver is the crate sqlx, a connection at a time. What it does not do is done here: connections are kept in a pool
//! that knows each by its number on the server, so that a call can be cancelled, and one in doubt is closed without reading
//! the rest; cells are read by their type from the bytes that came, for the driver takes dates of zeros for null and a
//! `tinyint(1)` for a truth value. Sessions are in UTC, so that a `timestamp` is an instant; a `datetime` has no zone.
//!
//! The driver lets the server take several statements at once. Only texts of our own go that way: what people type is
//! prepared first, which takes one. The rows that it counts for an `UPDATE` are those that were found, changed or not.
//!
//! Two things it decides by itself: the file of `ssl-ca` is trusted besides the system's authorities, not instead of them,
//! and a server that asks for the password in clear text as it greets us gets it. `ssl-mode=verify_identity` is what keeps
//! others from asking. It has no RSA, so `caching_sha2_password` needs TLS.
//!
//! A `time` within a day is a time of day, beyond it a span. Bits are a number. What a query gives of a `uuid` or an `inet6`
//! is text, for the protocol does not tell them from it; a record has the `uuid` itself.

use std::sync::Arc;

use async_trait::async_trait;
use parallax_core::error::Result;
use parallax_core::lag::{Backlog, OutboxProbe};
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{
    Call, CallId, Capability, DataModel, Dataset, Got, Language, Newest, Part, Projection,
    ReadSpan, RowSink, Rows, Scanned, Search, Server, Shape, Statement, Store, Subject,
};
use parallax_core::value::{Key, Record, Value};

use super::{Driver, Target};
use crate::clock;

mod binary;
mod bind;
mod catalog;
mod connect;
mod fault;
mod find;
mod geometry;
mod lease;
mod lexer;
mod link;
mod literal;
mod lookup;
mod moment;
mod origin;
mod outbox;
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
use lease::Lease;
use lexer::Mode;
use pool::Pool;
use records::Reader;
use types::Kind;

/// The driver of the protocol.
pub(super) const DRIVER: Driver = Driver {
    id: "mysql",
    models: &[DataModel::Relational],
    language: Language::Sql,
    schemes: &["mysql", "mariadb"],
    products: products::NAMES,
    connect,
};

fn connect(target: Target) -> Result<Arc<dyn Store>> {
    let place = url::place(&target.url, &target.base)?;
    Ok(Arc::new(MySql {
        id: target.id,
        pool: Pool::new(place, target.secret),
    }))
}

/// One server, or one of its databases.
#[derive(Debug)]
struct MySql {
    id: StoreId,
    pool: Arc<Pool>,
}

impl MySql {
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

    /// A connection, and how records of `dataset` are read.
    async fn reader(
        &self,
        call: &Call,
        dataset: &DatasetId,
        fields: &Projection,
    ) -> Result<(Lease, Reader)> {
        let (lease, table) = self.open(call, dataset).await?;
        let mode = mode(&lease);
        let reader = self.looked_up(Reader::new(table, dataset, fields, mode))?;
        Ok((lease, reader))
    }

    /// What was looked up a moment ago may be what failed: the next call looks again.
    fn looked_up<T>(&self, answer: Result<T>) -> Result<T> {
        if answer.is_err() {
            self.pool.catalog.forget();
        }
        answer
    }
}

fn mode(lease: &Lease) -> Mode {
    lease.server().map_or_else(Mode::default, |it| it.mode)
}

#[async_trait]
impl Store for MySql {
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
        let answer = lease
            .rows("SELECT UTC_TIMESTAMP(6)".to_owned(), "ping")
            .await?;
        let said = answer.rows.first().and_then(|it| it.bytes(0));
        let clock = match said.map(|it| text::value(Kind::Timestamp, it)) {
            Some(Value::Timestamp(it)) => Some(it),
            _ => None,
        };
        let server = lease.server();
        let (product, version) = server.map_or(("MySQL", String::new()), |it| it.product());
        lease.release();
        Ok(Server {
            product: product.to_owned(),
            version,
            clock,
        })
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
        let (mut lease, reader) = self.reader(call, dataset, fields).await?;
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
        let (mut lease, reader) = self.reader(call, dataset, fields).await?;
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
        let (mut lease, reader) = self.reader(call, dataset, fields).await?;
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
        let reader = Reader::new(table, &part.dataset, fields, mode(&lease))?;
        let scanned = scan::scan(&mut lease, &reader, part, fields, sink).await?;
        lease.release();
        Ok(scanned)
    }
}
