//! MongoDB and what speaks its wire protocol: documents that nest.
//!
//! The driver is the crate mongodb. Everything is sent as a command and read from raw documents, so that no type is
//! rounded on the way, a name that stands twice stays, and a scan makes no value that can be lent. The driver's client
//! opens, watches and closes the connections; see `link` for what happens to a call that is dropped.
//!
//! Without `tlsCAFile` the driver trusts the authorities on a list of its own, not the system's; with it, those in the file
//! alone.
//!
//! What a server of another make cannot do, it answers itself; what it would misunderstand is not sent to it: see
//! `products`. Change streams, transactions and the positions of replica sets are not used here; the time of the last
//! operation is given with records that were read, where the server tells it.

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

mod catalog;
mod control;
mod fault;
mod find;
mod health;
mod link;
mod literal;
mod lookup;
mod mql;
mod outbox;
mod parts;
mod places;
mod products;
mod query;
mod readonly;
mod records;
mod rows;
mod scan;
mod session;
mod shape;
mod types;
mod url;

use link::Link;
use places::Namespace;
use products::Known;
use records::Reader;
use session::Session;

/// The driver of servers that speak MongoDB's wire protocol.
pub(super) const DRIVER: Driver = Driver {
    id: "mongodb",
    models: &[DataModel::Document],
    language: Language::Mql,
    schemes: &["mongodb", "mongodb+srv"],
    products: products::NAMES,
    connect,
};

fn connect(target: Target) -> Result<Arc<dyn Store>> {
    let address = url::address(&target.url, &target.base)?;
    Ok(Arc::new(MongoDb {
        id: target.id,
        link: Link::new(address, target.secret),
    }))
}

/// One deployment, and one of its databases where the URL names one.
#[derive(Debug)]
struct MongoDb {
    id: StoreId,
    link: Arc<Link>,
}

impl MongoDb {
    /// A call, and how the records of `dataset`, which must be there, are read.
    async fn open(
        &self,
        call: &Call,
        dataset: &DatasetId,
        fields: &Projection,
    ) -> Result<(Arc<Session>, Reader)> {
        let session = self.link.session(call).await?;
        let reader = Reader::new(dataset, session.database(), fields)?;
        catalog::must_exist(&session, &reader.namespace, dataset).await?;
        Ok((session, reader))
    }
}

#[async_trait]
impl Store for MongoDb {
    fn id(&self) -> &StoreId {
        &self.id
    }

    fn capability(&self) -> Capability {
        Capability {
            cancel: self.link.known().is_none_or(Known::stops_operations),
            read_only_session: false,
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
        let session = self.link.session(call).await?;
        let greeting = session.meet().await?;
        session.prove_login().await?;
        let clock = greeting.get_datetime("localTime").ok();
        let known = session.known();
        Ok(Server {
            product: known.map_or("MongoDB", Known::name).to_owned(),
            version: known.map_or_else(String::new, |it| it.version.clone()),
            clock: clock.and_then(|it| {
                parallax_core::value::Timestamp::from_millisecond(it.timestamp_millis()).ok()
            }),
        })
    }

    async fn datasets(&self, call: &Call) -> Result<Vec<Dataset>> {
        catalog::datasets(&self.link.session(call).await?, &self.id).await
    }

    async fn describe(&self, call: &Call, dataset: &DatasetId) -> Result<Shape> {
        shape::describe(&self.link.session(call).await?, dataset).await
    }

    async fn query(&self, call: &Call, statement: &Statement) -> Result<Rows> {
        query::start(&self.link, call, statement).await
    }

    async fn get(
        &self,
        call: &Call,
        dataset: &DatasetId,
        keys: &[Key],
        fields: &Projection,
    ) -> Result<Got> {
        let began = clock::now();
        let (session, reader) = self.open(call, dataset, fields).await?;
        let lookup = lookup::get(&session, &reader, keys).await?;
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
        self.link.cancel(call).await;
        Ok(())
    }

    async fn find(
        &self,
        call: &Call,
        dataset: &DatasetId,
        search: &Search,
        fields: &Projection,
    ) -> Result<Vec<Record>> {
        let (session, reader) = self.open(call, dataset, fields).await?;
        find::find(&session, &reader, search).await
    }

    async fn newest(
        &self,
        call: &Call,
        dataset: &DatasetId,
        newest: &Newest,
        fields: &Projection,
    ) -> Result<Vec<Record>> {
        let (session, reader) = self.open(call, dataset, fields).await?;
        find::newest(&session, &reader, newest).await
    }

    async fn backlog(
        &self,
        call: &Call,
        probe: &OutboxProbe,
        subject: &Subject,
    ) -> Result<Backlog> {
        let session = self.link.session(call).await?;
        let namespace = Namespace::of(&probe.table, session.database())?;
        catalog::must_exist(&session, &namespace, &probe.table).await?;
        outbox::backlog(&session, probe, subject).await
    }

    async fn parts(
        &self,
        call: &Call,
        dataset: &DatasetId,
        _: &Projection,
        want: usize,
    ) -> Result<Vec<Part>> {
        parts::parts(&self.link.session(call).await?, dataset, want).await
    }

    async fn scan(
        &self,
        call: &Call,
        part: &Part,
        fields: &Projection,
        sink: &mut dyn RowSink,
    ) -> Result<Scanned> {
        let (session, reader) = self.open(call, &part.dataset, fields).await?;
        scan::scan(&session, &reader, part, fields, sink).await
    }
}
