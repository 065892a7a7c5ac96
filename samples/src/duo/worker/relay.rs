//! The step from the outbox to the stream.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use tokio::sync::watch;

use crate::clock::Micros;
use crate::database::json;
use crate::duo::bus;
use crate::duo::entity::Entity;
use crate::duo::place::Place;
use crate::duo::shop::{self, Unsent};
use crate::duo::stores::Stores;
use crate::duo::worker::Options;
use crate::error::Result;
use crate::worker::Fault;
use crate::worker::fault::fate;
use crate::worker::tasks::Sweep;

/// How many rows are added and marked at a time.
const PAGE: usize = 500;

/// Adds unsent rows to the stream in the order of their numbers, and then marks them.
#[derive(Debug)]
pub(super) struct Relay {
    shop: PgConnection,
    cache: MultiplexedConnection,
    delay: Duration,
    faults: Vec<Fault<Place>>,
}

impl Relay {
    pub(super) async fn open(stores: &Stores, options: &Options) -> Result<Self> {
        Ok(Self {
            shop: stores.shop().await?,
            cache: stores.cache().await?,
            delay: options.relay_delay,
            faults: options.faults.clone(),
        })
    }

    async fn send(&mut self, rows: &[Unsent]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        for row in rows {
            self.add(&mut pipe, row)?;
        }
        pipe.exec_async(&mut self.cache).await?;
        let ids: Vec<i64> = rows.iter().map(|it| it.id).collect();
        shop::mark_sent(&mut self.shop, &ids).await
    }

    /// Adds one row as often, and as truly, as the faults let it.
    fn add(&self, pipe: &mut redis::Pipeline, row: &Unsent) -> Result<()> {
        let fate = fate(&self.faults, Place::Relay, &row.key);
        let mut arriving = row.clone();
        if let (Some(payload), false) = (&row.payload, fate.corrupted.is_empty()) {
            let mut entity = Entity::parse(row.key.kind(), payload)?;
            for field in fate.corrupted {
                entity.alter(field);
            }
            arriving.payload = Some(json(&entity));
        }
        for _ in 0..fate.times {
            bus::add(pipe, &arriving);
        }
        Ok(())
    }

    fn is_due(&self, row: &Unsent, now: Micros) -> bool {
        let delay = fate(&self.faults, Place::Relay, &row.key).delay;
        row.created_at <= now.minus(delay)
    }
}

impl Sweep for Relay {
    fn name(&self) -> String {
        "add changes to the stream".to_owned()
    }

    /// Goes once through all that is due; what is not stays, and does not hold up what comes after it.
    async fn sweep(&mut self, ending: &watch::Receiver<bool>) -> Result<u64> {
        let (mut n_sent, mut after) = (0, 0);
        while !*ending.borrow() {
            let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
            let now = Micros::now();
            let page = shop::unsent(&mut self.shop, after, now.minus(self.delay), limit).await?;
            let Some(last) = page.last() else { break };
            after = last.id;

            let is_last = page.len() < PAGE;
            let due: Vec<Unsent> = page.into_iter().filter(|it| self.is_due(it, now)).collect();
            self.send(&due).await?;
            n_sent += u64::try_from(due.len()).unwrap_or(0);
            if is_last {
                break;
            }
        }
        Ok(n_sent)
    }

    async fn close(self) -> Result<()> {
        Ok(self.shop.close().await?)
    }
}
