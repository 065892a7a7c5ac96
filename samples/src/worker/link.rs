//! The way from the outbox to one target.

use std::path::Path;
use std::time::Duration;

use sqlx::{Connection, SqliteConnection};
use tokio::sync::watch;

use crate::clock::Time;
use crate::database::{self, SHOP};
use crate::error::{Error, Result};
use crate::model::{Key, Target};
use crate::shop::{self, Unsent};
use crate::targets;
use crate::worker::fault::fate;
use crate::worker::tasks::Sweep;
use crate::worker::{Fault, Options};

/// How many rows one transaction applies.
const PAGE: usize = 200;

/// One task's connections and orders.
#[derive(Debug)]
pub(super) struct Link {
    target: Target,
    delay: Duration,
    faults: Vec<Fault>,
    shop: SqliteConnection,
    copy: SqliteConnection,
}

impl Link {
    pub(super) async fn open(dir: &Path, target: Target, options: &Options) -> Result<Self> {
        let faults = options
            .faults
            .iter()
            .filter(|it| it.address.target == target);
        Ok(Self {
            target,
            delay: options.delay.get(&target).copied().unwrap_or_default(),
            faults: faults.cloned().collect(),
            shop: database::open(dir, SHOP).await?,
            copy: database::open(dir, target.file()).await?,
        })
    }
}

impl Sweep for Link {
    fn name(&self) -> String {
        format!("send changes to {}", self.target)
    }

    /// Goes once through all that is unsent; what is not due stays, and does not hold up what comes after it.
    async fn sweep(&mut self, ending: &watch::Receiver<bool>) -> Result<u64> {
        let (mut n_sent, mut after) = (0, 0);
        while !*ending.borrow() {
            let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
            let page = shop::unsent(&mut self.shop, self.target, after, limit).await?;
            let Some(last) = page.last() else { break };
            after = last.id;

            let (is_last, now) = (page.len() < PAGE, Time::now());
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
        self.shop.close().await?;
        Ok(self.copy.close().await?)
    }
}

impl Link {
    /// Applies rows to the target, and then marks them as sent.
    async fn send(&mut self, rows: &[Unsent]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut transaction = self.copy.begin_with("BEGIN IMMEDIATE").await?;
        for row in rows {
            apply(&mut transaction, self.target, &self.faults, row).await?;
        }
        transaction.commit().await?;

        let ids: Vec<i64> = rows.iter().map(|it| it.id).collect();
        shop::mark_sent(&mut self.shop, self.target, &ids, Time::now()).await
    }

    fn is_due(&self, row: &Unsent, now: Time) -> bool {
        let fate = fate(&self.faults, self.target, &row.key);
        let delay = fate.delay.max(self.delay);
        row.created_at <= now.minus(delay)
    }
}

/// Applies one row as often, and as truly, as the faults let it.
async fn apply(
    copy: &mut SqliteConnection,
    target: Target,
    faults: &[Fault],
    row: &Unsent,
) -> Result<()> {
    let fate = fate(faults, target, &row.key);
    let mut arriving = row.entity.clone();
    for field in fate.corrupted {
        arriving.as_mut().map(|it| it.alter(field));
    }
    for _ in 0..fate.times {
        write(copy, target, &row.key, arriving.as_ref())
            .await
            .map_err(|it| about(row, it))?;
    }
    Ok(())
}

async fn write(
    copy: &mut SqliteConnection,
    target: Target,
    key: &Key,
    entity: Option<&crate::model::Entity>,
) -> Result<()> {
    match entity {
        Some(entity) => targets::upsert(copy, target, entity).await,
        None => targets::remove(copy, target, key).await,
    }
}

fn about(row: &Unsent, error: Error) -> Error {
    error.while_doing(format!("apply outbox row {}", row.id))
}
