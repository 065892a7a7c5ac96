//! The sync worker: moves changes from the outbox of the system of record to the targets, at least once, in order.
//!
//! One task a target. A task applies a page of rows in one transaction of the target and then marks them as sent; what stops
//! between the two is applied again at the next start, which changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use sqlx::{Connection, SqliteConnection};
use tokio::time::sleep;

use crate::database::{self, SHOP};
use crate::error::Result;
use crate::model::Target;
use crate::shop;

pub(crate) mod fault;
mod link;
pub(crate) mod tasks;

pub use fault::{Action, Address, Fault, Place};
use link::Link;
use tasks::Tasks;

/// How a worker behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How old a change must be before it is sent to a target; no delay where a target is not named.
    pub delay: BTreeMap<Target, Duration>,
    /// How often the outbox is read. Default: 50 ms.
    pub poll: Duration,
    /// What goes wrong on the way.
    pub faults: Vec<Fault>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            delay: BTreeMap::new(),
            poll: Duration::from_millis(50),
            faults: Vec::new(),
        }
    }
}

impl Options {
    /// The targets that changes are sent to.
    fn running(&self) -> Vec<Target> {
        let is_stopped = |it: &Fault| it.action == Action::Stop;
        let stopped = self.faults.iter().filter(|it| is_stopped(it));
        let stopped: BTreeSet<Target> = stopped.map(|it| it.address.target).collect();
        Target::ALL
            .into_iter()
            .filter(|it| !stopped.contains(it))
            .collect()
    }
}

/// A running worker. Dropping it stops it at once, in the middle of whatever it does; nothing is lost by that.
#[derive(Debug)]
pub struct Worker {
    tasks: Tasks,
    shop: SqliteConnection,
    running: Vec<Target>,
    poll: Duration,
}

impl Worker {
    /// Starts a task for each target of the sample in `dir` that no fault stops.
    pub async fn start(dir: &Path, options: Options) -> Result<Self> {
        let shop = database::open(dir, SHOP).await?;
        let mut tasks = Tasks::new(options.poll);
        let running = options.running();
        for target in &running {
            let link = Link::open(dir, *target, &options).await?;
            tasks.spawn(link);
        }
        Ok(Self {
            tasks,
            shop,
            running,
            poll: options.poll,
        })
    }

    /// Waits until every change has been sent to every target that is not stopped. Fails when a task has failed.
    ///
    /// # Cancel safety
    /// Dropping the future stops nothing but the waiting.
    pub async fn idle(&mut self) -> Result<()> {
        while self.n_unsent().await? > 0 {
            self.tasks.check()?;
            sleep(self.poll).await;
        }
        Ok(())
    }

    /// Waits for a task to fail, which mostly means for ever.
    ///
    /// # Cancel safety
    /// Dropping the future stops nothing but the waiting.
    pub async fn failure(&mut self) -> Result<()> {
        self.tasks.failure().await
    }

    /// Lets every task finish the page it is at, and stops; returns how many rows were sent, counted once a target.
    pub async fn stop(self) -> Result<u64> {
        let n_sent = self.tasks.stop().await?;
        self.shop.close().await?;
        Ok(n_sent)
    }

    /// How many rows are still to be sent, counted once a target.
    async fn n_unsent(&mut self) -> Result<i64> {
        let mut count = 0;
        for target in &self.running {
            count += shop::count_unsent(&mut self.shop, *target).await?;
        }
        Ok(count)
    }
}

/// Runs a worker until every change has been sent; returns how many rows were sent, counted once a target.
pub async fn until_idle(dir: &Path, options: Options) -> Result<u64> {
    let mut worker = Worker::start(dir, options).await?;
    worker.idle().await?;
    worker.stop().await
}
