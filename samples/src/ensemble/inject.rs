//! The injector: plans faults of every verdict, each on an object of its own, then makes them, and says where they are.
//!
//! What it plants is exact: the pairs of key and dataset that it names differ from the system of record, and no others do.

use std::collections::BTreeSet;
use std::path::Path;

use sqlx::Connection as _;
use sqlx::postgres::PgConnection;

use crate::clock::{Micros, Time};
use crate::ensemble::entity::Entity;
use crate::ensemble::{Stores, Target, shop};
use crate::error::Result;
use crate::inject::objects::Objects;
use crate::inject::{Planted, Pool, Truth, refuse_twice, still_moving};
use crate::model::Kind;
use crate::rng::Rng;

mod plan;

use plan::Planner;

/// How many objects of each kind are read for each fault of a verdict: more than any plan takes.
const CANDIDATES: usize = 250;

/// Plants `per_verdict` faults of everything that can go wrong in every dataset, and writes `truth.json`.
///
/// A changed record is in flight for as long as its edge's objective: 5 s. Fails where faults were planted before, and
/// where there are too few objects. Of a large sample, it reads no more objects than it needs.
pub async fn inject(dir: &Path, seed: u64, per_verdict: u32) -> Result<Truth> {
    refuse_twice(dir, "ensemble")?;
    plant(dir, seed, per_verdict, None).await
}

/// The same on objects that nothing was planted on yet, beside the faults that were planted before: `truth.json` then
/// lists all of them.
pub async fn inject_more(dir: &Path, seed: u64, per_verdict: u32) -> Result<Truth> {
    let before = Truth::read(dir).await?;
    plant(dir, seed, per_verdict, Some(before)).await
}

async fn plant(dir: &Path, seed: u64, per_verdict: u32, before: Option<Truth>) -> Result<Truth> {
    let stores = Stores::open(dir).await?;
    let mut shop = stores.shop().await?;
    let targets: Vec<Target> = stores.targets().collect();
    // What was planted before is still on its way.
    if before.is_none() && shop::has_unsent(&mut shop, &targets).await? {
        return Err(still_moving());
    }
    let before = before.map_or_else(Vec::new, |it| it.faults);
    let mut rng = Rng::new(seed);
    let size = CANDIDATES.saturating_mul(usize::try_from(per_verdict).unwrap_or(usize::MAX));
    let mut pools = Vec::new();
    let mut entities = Vec::new();
    for kind in stores.kinds() {
        let (pool, read) = candidates(&mut shop, *kind, &before, &mut rng, size).await?;
        pools.push(pool);
        entities.extend(read);
    }
    let buyers = shop::buyers(&mut shop).await?;
    let objects = Objects::new(rng, entities, pools, Micros::now(), before);
    let planner = Planner::new(objects, &stores, buyers);
    let plan = planner.plan(per_verdict)?;
    shop::change(&mut shop, &plan.written, &plan.removed, &plan.outbox).await?;
    shop.close().await?;
    for place in &stores.copies {
        let changes = plan
            .copies
            .get(&place.target)
            .map_or(&[][..], Vec::as_slice);
        place.change(changes).await?;
    }
    Truth::write(dir, seed, Time::now(), plan.faults, plan.untouched).await
}

/// The keys that faults may be planted on, and the objects behind them.
async fn candidates(
    shop: &mut PgConnection,
    kind: Kind,
    before: &[Planted],
    rng: &mut Rng,
    size: usize,
) -> Result<(Pool, Vec<Entity>)> {
    let taken = before.iter().filter(|it| it.entity == kind);
    let taken: BTreeSet<&str> = taken.map(|it| it.key.as_str()).collect();
    let mut keys = shop::keys(shop, kind).await?;
    if !taken.is_empty() {
        keys.retain(|it| !taken.contains(it.to_string().as_str()));
    }
    let mut pool = Pool::new(kind, keys, rng);
    pool.truncate(size);
    let entities = shop::read(shop, kind, pool.candidates()).await?;
    Ok((pool, entities))
}
