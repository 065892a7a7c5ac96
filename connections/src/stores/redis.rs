//! Redis, Valkey, KeyDB and Dragonfly over RESP.
//!
//! A dataset is a key pattern (`cart:{id}`) or one key, such as a stream; a record is one key, whatever its type. The
//! driver's connection is wrapped in `link`: commands are sent together and their replies read one by one, and a call that
//! is dropped before it has its replies closes its connection at once.

use std::sync::Arc;

use async_trait::async_trait;
use parallax_core::error::Result;
use parallax_core::lag::{Backlog, GroupProbe};
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{
    Call, CallId, Capability, DataModel, Dataset, Got, Language, Part, Projection, ReadSpan,
    RowSink, Rows, Scanned, Search, Server, Shape, Statement, Store, Subject,
};
use parallax_core::value::{Key, Record};

use super::{Driver, Target};
use crate::clock;

mod cells;
mod client;
mod control;
mod datasets;
mod fault;
mod find;
mod group;
mod info;
mod keys;
mod link;
mod lookup;
mod pool;
mod query;
mod readonly;
mod record;
mod render;
mod reply;
mod sample;
mod scan;
mod url;
mod watch;
mod words;

use keys::Keys;
use pool::Pool;

/// The driver of servers that speak RESP.
pub(super) const DRIVER: Driver = Driver {
    id: "redis",
    models: &[DataModel::KeyValue, DataModel::Stream],
    language: Language::Commands,
    schemes: &["redis", "rediss"],
    products: &["Redis", "Valkey", "KeyDB", "Dragonfly"],
    connect,
};

fn connect(target: Target) -> Result<Arc<dyn Store>> {
    let address = url::address(&target.url, &target.base)?;
    Ok(Arc::new(Redis {
        id: target.id,
        pool: Pool::new(address, target.secret),
    }))
}

/// One server, and one of its databases.
#[derive(Debug)]
struct Redis {
    id: StoreId,
    pool: Arc<Pool>,
}

#[async_trait]
impl Store for Redis {
    fn id(&self) -> &StoreId {
        &self.id
    }

    fn capability(&self) -> Capability {
        Capability {
            cancel: true,
            read_only_session: false,
            multiple_results: true,
            parameters: true,
            find: true,
            newest: false,
            backlog: false,
            group: true,
            parts: true,
            snapshot: false,
        }
    }

    async fn ping(&self, call: &Call) -> Result<Server> {
        info::ping(&mut *self.pool.lease(call).await?).await
    }

    async fn datasets(&self, call: &Call) -> Result<Vec<Dataset>> {
        datasets::datasets(&mut *self.pool.lease(call).await?, &self.id).await
    }

    async fn describe(&self, call: &Call, dataset: &DatasetId) -> Result<Shape> {
        let keys = Keys::of(dataset)?;
        sample::describe(&mut self.pool.lease(call).await?, &keys).await
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
        let pattern = Keys::of(dataset)?;
        let mut lease = self.pool.lease(call).await?;
        let lookup = lookup::get(&mut lease, &pattern, keys, fields).await?;
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
        let keys = Keys::of(dataset)?;
        info::holds_all_keys(&mut *self.pool.lease(call).await?).await?;
        find::find(&self.pool, call, &keys, search, fields).await
    }

    async fn pending(&self, call: &Call, probe: &GroupProbe, subject: &Subject) -> Result<Backlog> {
        let mut lease = self.pool.lease(call).await?;
        group::pending(&mut lease, probe, subject).await
    }

    async fn parts(
        &self,
        call: &Call,
        dataset: &DatasetId,
        _: &Projection,
        _want: usize,
    ) -> Result<Vec<Part>> {
        let keys = Keys::of(dataset)?;
        let mut lease = self.pool.lease(call).await?;
        info::holds_all_keys(&mut lease).await?;
        let estimate = match keys.single() {
            Some(_) => Some(1),
            None => scan::estimate(&mut lease, &keys).await?,
        };
        // The cursor of SCAN leads through the whole keyspace, and cannot be divided.
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
        let keys = Keys::of(&part.dataset)?;
        let mut lease = self.pool.lease(call).await?;
        scan::scan(&mut lease, &keys, fields, sink).await
    }
}
