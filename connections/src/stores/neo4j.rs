//! Neo4j and what speaks Bolt: nodes and relationships.
//!
//! A dataset is a label, or a type of relationships. A record of nodes has their properties, and `@id` and `@labels`; one of
//! relationships has theirs, `@id`, `@type`, the ids of both nodes as `@source` and `@target`, and what those nodes hold as
//! `@start` and `@end`: `@start.id` may be a part of a key.
//!
//! The driver is the crate neo4rs, a connection at a time. What it does not do is done here: connections are kept in a pool,
//! each statement runs in a transaction of its own that is marked with its call, so that the call can be cancelled, and a
//! connection in doubt is closed. Three things the driver keeps to itself: the order of a result's columns, which are told
//! from the statement; a statement's plan, for which `EXPLAIN` and `PROFILE` are refused; and element ids within nodes and
//! relationships that a statement returns whole, which come with the number that the server gave them instead.
//!
//! A property is never null: what is null in an answer is not there. A time with a zone is, in a record, the instant that it
//! names; in the result of a statement it keeps its offset and zone.

use std::sync::Arc;

use async_trait::async_trait;
use parallax_core::error::Result;
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{
    Call, CallId, Capability, DataModel, Dataset, Got, Language, Newest, Part, Projection,
    ReadSpan, RowSink, Rows, Scanned, Search, Server, Shape, Statement, Store,
};
use parallax_core::value::{Key, Record};

use super::{Driver, Target};
use crate::clock;

mod bind;
mod catalog;
mod cell;
mod columns;
mod fault;
mod find;
mod graph;
mod layout;
mod lease;
mod lexer;
mod lookup;
mod output;
mod pool;
mod products;
mod query;
mod readonly;
mod records;
mod scan;
mod shape;
mod statements;
mod summary;
mod temporal;
mod url;

use layout::Source;
use pool::Pool;
use records::Reader;

/// The driver of the Bolt protocol.
pub(super) const DRIVER: Driver = Driver {
    id: "neo4j",
    models: &[DataModel::Graph],
    language: Language::Cypher,
    schemes: &[
        "bolt",
        "neo4j",
        "bolt+s",
        "neo4j+s",
        "bolt+ssc",
        "neo4j+ssc",
    ],
    products: products::NAMES,
    connect,
};

fn connect(target: Target) -> Result<Arc<dyn Store>> {
    let place = url::place(&target.url, &target.base)?;
    Ok(Arc::new(Neo4j {
        id: target.id,
        pool: Pool::new(place, target.secret),
    }))
}

/// One database.
#[derive(Debug)]
struct Neo4j {
    id: StoreId,
    pool: Arc<Pool>,
}

#[async_trait]
impl Store for Neo4j {
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
            backlog: false,
            group: false,
            parts: true,
            snapshot: false,
        }
    }

    async fn ping(&self, call: &Call) -> Result<Server> {
        let mut lease = self.pool.lease(call).await?;
        let server = products::ask(&mut lease).await?;
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
        let source = Source::of(dataset)?;
        let mut lease = self.pool.lease(call).await?;
        let shape = shape::describe(&mut lease, &source).await?;
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
        let reader = Reader::new(dataset, fields)?;
        let mut lease = self.pool.lease(call).await?;
        let lookup = lookup::get(&mut lease, &reader, keys).await?;
        lease.release();
        Ok(Got {
            found: lookup.found,
            statement: lookup.statement,
            read: ReadSpan {
                began,
                ended: clock::now(),
            },
            position: None,
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
        let reader = Reader::new(dataset, fields)?;
        let mut lease = self.pool.lease(call).await?;
        let records = find::find(&mut lease, &reader, search).await?;
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
        let reader = Reader::new(dataset, fields)?;
        let mut lease = self.pool.lease(call).await?;
        let records = find::newest(&mut lease, &reader, newest).await?;
        lease.release();
        Ok(records)
    }

    /// One part: ranges of nodes would each be found by looking at all of them.
    async fn parts(
        &self,
        call: &Call,
        dataset: &DatasetId,
        _: &Projection,
        _: usize,
    ) -> Result<Vec<Part>> {
        let source = Source::of(dataset)?;
        let mut lease = self.pool.lease(call).await?;
        let estimate = catalog::estimate(&mut lease, &source).await?;
        lease.release();
        Ok(vec![Part {
            dataset: dataset.clone(),
            bounds: None,
            estimate,
        }])
    }

    async fn scan(
        &self,
        call: &Call,
        part: &Part,
        fields: &Projection,
        sink: &mut dyn RowSink,
    ) -> Result<Scanned> {
        scan::scan(&self.pool, call, part, fields, sink).await
    }
}
