//! The sync worker: a relay from the outbox to the stream, and a consumer from the stream to the copies.
//!
//! Each step writes what comes next before it marks what it has: what stops between the two is done again at the next
//! start, which changes nothing. The changes of one object stay in order, and no copy ever goes back to an older version.

use std::path::Path;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use tokio::time::sleep;

use crate::duo::place::Place;
use crate::duo::stores::Stores;
use crate::duo::{bus, shop};
use crate::error::Result;
use crate::worker::tasks::Tasks;
use crate::worker::{Action, Fault};

mod consumer;
mod relay;

use consumer::Consumer;
use relay::Relay;

/// How a worker behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How old a change must be before it is added to the stream.
    pub relay_delay: Duration,
    /// How old an entry must be before it is applied.
    pub consumer_delay: Duration,
    /// How often outbox and stream are read. Default: 20 ms.
    pub poll: Duration,
    /// What goes wrong on the way.
    pub faults: Vec<Fault<Place>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            relay_delay: Duration::ZERO,
            consumer_delay: Duration::ZERO,
            poll: Duration::from_millis(20),
            faults: Vec::new(),
        }
    }
}

impl Options {
    fn runs(&self, step: Place) -> bool {
        let stops = |it: &Fault<Place>| it.action == Action::Stop && it.address.target == step;
        !self.faults.iter().any(stops)
    }
}

/// A running worker. Dropping it stops it at once, in the middle of whatever it does; nothing is lost by that.
#[derive(Debug)]
pub struct Worker {
    tasks: Tasks,
    /// Its lock keeps other workers away.
    shop: PgConnection,
    cache: MultiplexedConnection,
    options: Options,
}

impl Worker {
    /// Starts the steps that no fault stops. Fails where another worker is at the sample.
    pub async fn start(dir: &Path, options: Options) -> Result<Self> {
        let stores = Stores::open(dir).await?;
        let shop = stores.alone().await?;
        let mut tasks = Tasks::new(options.poll);
        if options.runs(Place::Relay) {
            tasks.spawn(Relay::open(&stores, &options).await?);
        }
        if options.runs(Place::Consumer) {
            tasks.spawn(Consumer::open(&stores, &options).await?);
        }
        Ok(Self {
            tasks,
            shop,
            cache: stores.cache().await?,
            options,
        })
    }

    /// Waits until every change has passed every step that is not stopped. Fails when a step has failed.
    ///
    /// # Cancel safety
    /// Dropping the future stops nothing but the waiting.
    pub async fn idle(&mut self) -> Result<()> {
        while self.is_moving().await? {
            self.tasks.check()?;
            sleep(self.options.poll).await;
        }
        Ok(())
    }

    /// Waits for a step to fail, which mostly means for ever.
    ///
    /// # Cancel safety
    /// Dropping the future stops nothing but the waiting.
    pub async fn failure(&mut self) -> Result<()> {
        self.tasks.failure().await
    }

    /// Lets every step finish what it is at, and stops; returns how many changes were sent, counted once a step.
    pub async fn stop(self) -> Result<u64> {
        let n_sent = self.tasks.stop().await?;
        self.shop.close().await?;
        Ok(n_sent)
    }

    /// The outbox is asked first: what leaves it is in the stream by then.
    async fn is_moving(&mut self) -> Result<bool> {
        if self.options.runs(Place::Relay) && shop::has_unsent(&mut self.shop).await? {
            return Ok(true);
        }
        Ok(self.options.runs(Place::Consumer) && !bus::is_settled(&mut self.cache).await?)
    }
}

/// Runs a worker until every change has arrived; returns how many changes were sent, counted once a step.
pub async fn until_idle(dir: &Path, options: Options) -> Result<u64> {
    let mut worker = Worker::start(dir, options).await?;
    worker.idle().await?;
    worker.stop().await
}
