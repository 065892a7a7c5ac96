//! Elasticsearch and OpenSearch over their REST interface.
//!
//! A dataset is an index, an alias or a data stream; a record is one document. A server answers in two ways: a document
//! that is read by its id is as it is stored, and what a search finds is as it was at the last refresh.

use std::sync::Arc;

use async_trait::async_trait;
use futures::future::join;
use parallax_core::error::Result;
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{
    Call, CallId, Capability, DataModel, Dataset, Got, Language, Newest, Part, Projection,
    ReadSpan, RowSink, Rows, Scanned, Search, Searchable, Server, Shape, Statement, Store,
};
use parallax_core::value::{Key, Record};

use super::{Driver, Target};
use crate::clock;

mod cancel;
mod caps;
mod cells;
mod client;
mod console;
mod datasets;
mod describe;
mod fault;
mod fields;
mod find;
mod hit;
mod lookup;
mod pick;
mod pit;
mod product;
mod query;
mod readonly;
mod refresh;
mod render;
mod request;
mod resource;
mod scan;
mod target;
mod url;

use client::Client;

/// The driver of search servers.
pub(super) const DRIVER: Driver = Driver {
    id: "elasticsearch",
    models: &[DataModel::Search],
    language: Language::QueryDsl,
    schemes: &[
        "elasticsearch",
        "elasticsearch+http",
        "elasticsearch+https",
        "opensearch",
        "opensearch+http",
        "opensearch+https",
        "http",
        "https",
    ],
    products: &["Elasticsearch", "OpenSearch"],
    connect,
};

fn connect(target: Target) -> Result<Arc<dyn Store>> {
    let address = url::address(&target.url, &target.base)?;
    Ok(Arc::new(Elasticsearch {
        id: target.id,
        client: Client::new(address, target.secret),
    }))
}

/// One server, or one way into a cluster.
#[derive(Debug)]
struct Elasticsearch {
    id: StoreId,
    client: Arc<Client>,
}

#[async_trait]
impl Store for Elasticsearch {
    fn id(&self) -> &StoreId {
        &self.id
    }

    fn capability(&self) -> Capability {
        let product = self.client.known_product();
        Capability {
            cancel: true,
            read_only_session: false,
            multiple_results: true,
            parameters: true,
            find: true,
            newest: true,
            backlog: false,
            group: false,
            parts: true,
            snapshot: product.is_some_and(|it| it.has_points_in_time()),
        }
    }

    async fn ping(&self, call: &Call) -> Result<Server> {
        let product = product::probe(&self.client.exchange(call)).await?;
        self.client.learn(&product);
        Ok(Server {
            product: product.name().to_owned(),
            version: product.version,
            // The only clock that a server tells counts whole seconds.
            clock: None,
        })
    }

    async fn datasets(&self, call: &Call) -> Result<Vec<Dataset>> {
        datasets::datasets(&self.client.exchange(call), &self.id).await
    }

    async fn describe(&self, call: &Call, dataset: &DatasetId) -> Result<Shape> {
        describe::describe(&self.client.exchange(call), dataset).await
    }

    async fn query(&self, call: &Call, statement: &Statement) -> Result<Rows> {
        query::start(&self.client, call, statement).await
    }

    async fn get(
        &self,
        call: &Call,
        dataset: &DatasetId,
        keys: &[Key],
        fields: &Projection,
    ) -> Result<Got> {
        let began = clock::now();
        let lookup = lookup::get(&self.client.exchange(call), dataset, keys, fields).await?;
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

    async fn searchable(
        &self,
        call: &Call,
        dataset: &DatasetId,
        keys: &[Key],
        fields: &Projection,
    ) -> Result<Option<Searchable>> {
        let began = clock::now();
        let exchange = self.client.exchange(call);
        let (lookup, refresh) = join(
            lookup::search(&exchange, dataset, keys, fields),
            refresh::refresh(&exchange, dataset),
        )
        .await;
        let lookup = lookup?;
        Ok(Some(Searchable {
            found: lookup.found,
            statement: lookup.statement,
            read: ReadSpan {
                began,
                ended: clock::now(),
            },
            refresh,
        }))
    }

    async fn cancel(&self, call: CallId) -> Result<()> {
        cancel::cancel(&self.client, call).await;
        Ok(())
    }

    async fn find(
        &self,
        call: &Call,
        dataset: &DatasetId,
        search: &Search,
        fields: &Projection,
    ) -> Result<Vec<Record>> {
        find::find(&self.client.exchange(call), dataset, search, fields).await
    }

    async fn newest(
        &self,
        call: &Call,
        dataset: &DatasetId,
        newest: &Newest,
        fields: &Projection,
    ) -> Result<Vec<Record>> {
        find::newest(&self.client.exchange(call), dataset, newest, fields).await
    }

    async fn parts(
        &self,
        call: &Call,
        dataset: &DatasetId,
        _: &Projection,
        want: usize,
    ) -> Result<Vec<Part>> {
        scan::parts(&self.client.exchange(call), dataset, want).await
    }

    async fn scan(
        &self,
        call: &Call,
        part: &Part,
        fields: &Projection,
        sink: &mut dyn RowSink,
    ) -> Result<Scanned> {
        scan::scan(&self.client.exchange(call), part, fields, sink).await
    }
}
