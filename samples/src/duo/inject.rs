//! The injector: plans faults of every verdict, each on an object of its own, then makes them, and says where they are.
//!
//! What it plants is exact: the pairs of key and dataset that it names differ from the system of record, and no others do.

use std::path::Path;

use redis::aio::MultiplexedConnection;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;

use crate::clock::{Micros, Time};
use crate::duo::entity::{Entity, KINDS};
use crate::duo::shop::{self, Outgoing, Switch};
use crate::duo::stores::Stores;
use crate::duo::{Place, bus};
use crate::error::{Error, Result};
use crate::inject::objects::LATE;
use crate::inject::{Truth, refuse_twice, still_moving};
use crate::rng::Rng;

mod plan;

use plan::{Plan, Planner};

/// A consumer that had entries and died before it acknowledged them.
const DEAD_CONSUMER: &str = "gone";

/// Plants `per_verdict` faults of everything that can go wrong in every dataset, and writes `truth.json`.
///
/// A changed record is in flight for as long as the objectives on its way allow: 10 s. Fails where faults were planted
/// before, where changes are still on their way, where a worker runs, and where there are too few objects. Begins a new
/// stream: entries of changes that were applied are gone.
pub async fn inject(dir: &Path, seed: u64, per_verdict: u32) -> Result<Truth> {
    refuse_twice(dir, "duo")?;
    let stores = Stores::open(dir).await?;
    if stores.places != Place::COPIES {
        return Err(Error::new("only a part of the sample was loaded")
            .hint("load all of it: parallax-samples load duo --to DIR"));
    }
    let mut shop = stores.alone().await?;
    let mut cache = stores.cache().await?;
    if shop::has_unsent(&mut shop).await? || !bus::is_settled(&mut cache).await? {
        return Err(still_moving());
    }

    let mut entities = Vec::new();
    for kind in KINDS {
        entities.extend(shop::all(&mut shop, kind).await?);
    }
    let now = Micros::now();
    let plan = Planner::new(Rng::new(seed), entities, now).plan(per_verdict)?;
    change_shop(&mut shop, &plan).await?;
    change_cache(&mut cache, &plan, now.minus(LATE)).await?;
    shop.close().await?;
    Truth::write(dir, seed, Time::now(), plan.faults, plan.untouched).await
}

/// Makes all changes of the system of record in one transaction, without its triggers.
async fn change_shop(shop: &mut PgConnection, plan: &Plan) -> Result<()> {
    let mut transaction = shop.begin().await?;
    shop::triggers(&mut transaction, Switch::Off).await?;
    for kind in KINDS {
        let written = plan.written.iter().filter(|it| it.kind() == kind);
        let written: Vec<Entity> = written.cloned().collect();
        shop::upsert_all(&mut transaction, kind, &written).await?;
        let removed = plan.removed.iter().filter(|it| it.kind() == kind);
        let removed: Vec<_> = removed.cloned().collect();
        shop::remove_all(&mut transaction, kind, &removed).await?;
    }
    shop::send(&mut transaction, &plan.outbox).await?;
    shop::triggers(&mut transaction, Switch::On).await?;
    Ok(transaction.commit().await?)
}

/// Changes the copies, and lays out a new stream: what the dead consumer had, then what no consumer has had.
async fn change_cache(cache: &mut MultiplexedConnection, plan: &Plan, late: Micros) -> Result<()> {
    let mut pipe = redis::pipe();
    pipe.atomic();
    bus::create(&mut pipe);
    for (key, form) in &plan.copies {
        match form {
            Some(form) => form.replace(&mut pipe, key),
            None => _ = pipe.cmd("DEL").arg(key).ignore(),
        }
    }
    pipe.exec_async(cache).await?;

    let mut pipe = redis::pipe();
    for (count, row) in plan.unacknowledged_late.iter().enumerate() {
        bus::add_as(&mut pipe, &format!("{}-{count}", late.unix_millis()), row);
    }
    add_now(&mut pipe, &plan.unacknowledged);
    pipe.exec_async(cache).await?;
    let n_had = plan.unacknowledged_late.len() + plan.unacknowledged.len();
    bus::read(cache, DEAD_CONSUMER, n_had).await?;

    let mut pipe = redis::pipe();
    add_now(&mut pipe, &plan.undelivered);
    Ok(pipe.exec_async(cache).await?)
}

fn add_now(pipe: &mut redis::Pipeline, rows: &[Outgoing]) {
    for row in rows {
        bus::add_as(pipe, "*", row);
    }
}
