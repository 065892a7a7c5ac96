//! The injector: plants faults of every verdict, each on a key of its own, and says where they are.
//!
//! What it plants is exact: the pairs of key and dataset that it names differ from the system of record, and no others do.

use std::collections::BTreeSet;
use std::path::Path;

use sqlx::SqliteConnection;
use tokio::fs;

use crate::database::Files;
use crate::error::{Error, Result};
use crate::model::{Entity, Key, Kind, Target};
use crate::rng::Rng;
use crate::shop;

mod plant;
mod truth;

use plant::Injector;
pub use truth::{Planted, Truth, Verdict};

/// The file that says what was planted.
pub const TRUTH: &str = "truth.json";

/// How many keys of an entity that were left alone are listed.
const N_UNTOUCHED: usize = 50;

/// Plants `per_verdict` faults of every verdict in every dataset where the verdict can occur, and writes `truth.json`.
///
/// A changed record is in flight for as long as its edge's objective: 5 s, for search 30 s. Fails where faults were planted
/// before, where changes are still on their way, and where there are too few entities. No worker may be running.
pub async fn inject(dir: &Path, seed: u64, per_verdict: u32) -> Result<Truth> {
    let again = "load the sample again: parallax-samples load pocket --to DIR";
    if dir.join(TRUTH).exists() {
        return Err(
            Error::new(format!("faults were planted before in {}", dir.display())).hint(again),
        );
    }
    let mut files = Files::open(dir).await?;
    files.everywhere("BEGIN IMMEDIATE").await?;
    if is_moving(&mut files.shop).await? {
        return Err(Error::new("changes are still on their way")
            .hint("run the worker first: parallax-samples work DIR --until-idle"));
    }

    let mut rng = Rng::new(seed);
    let pools = pools(&mut files.shop, &mut rng).await?;
    let mut injector = Injector::new(&mut files, rng, pools);
    let planted_at = injector.plant_all(per_verdict).await?;
    let (mut faults, untouched) = injector.outcome();
    faults.sort_by(|a, b| (a.entity, &a.key, &a.dataset).cmp(&(b.entity, &b.key, &b.dataset)));
    files.everywhere("COMMIT").await?;
    files.close().await?;

    let truth = Truth {
        format: 1,
        seed,
        planted_at,
        faults,
        untouched,
    };
    let text = serde_json::to_string_pretty(&truth)?;
    fs::write(dir.join(TRUTH), text + "\n").await?;
    Ok(truth)
}

async fn is_moving(shop: &mut SqliteConnection) -> Result<bool> {
    for target in Target::ALL {
        if shop::count_unsent(shop, target).await? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The keys of one kind that faults can be planted on.
#[derive(Debug)]
struct Pool {
    kind: Kind,
    /// Keys that tools get wrong come first.
    candidates: Vec<Key>,
    /// Keys that are kept as they are, among them some that tools get wrong.
    untouched: Vec<Key>,
    /// Users and products that an order names: their nodes have relationships.
    with_orders: BTreeSet<Key>,
}

impl Pool {
    fn new(kind: Kind, keys: Vec<Key>, with_orders: BTreeSet<Key>, rng: &mut Rng) -> Self {
        let (mut special, mut plain): (Vec<Key>, Vec<Key>) =
            keys.into_iter().partition(Key::is_special);
        rng.shuffle(&mut special);
        rng.shuffle(&mut plain);
        let untouched = special.split_off(special.len() * 3 / 4);
        Self {
            kind,
            candidates: special.into_iter().chain(plain).collect(),
            untouched,
            with_orders,
        }
    }

    /// Takes a key whose record stands in `target`; for a record that is to go, one that no relationship hangs on.
    fn take(&mut self, target: Target, is_to_go: bool) -> Result<Key> {
        let has_relationships =
            |key: &Key| target == Target::Graph && self.with_orders.contains(key);
        let fits = |key: &Key| {
            (target != Target::Cache || key.is_cached()) && !(is_to_go && has_relationships(key))
        };
        let place = self.candidates.iter().position(fits);
        let few = || {
            Error::new(format!("too few {}", self.kind.aggregate()))
                .hint("load more, or plant fewer faults per verdict")
        };
        place.map(|it| self.candidates.remove(it)).ok_or_else(few)
    }

    /// Keys that nothing was planted on.
    fn remaining(self) -> Vec<String> {
        let keys = self.untouched.iter().chain(&self.candidates);
        keys.take(N_UNTOUCHED).map(Key::to_string).collect()
    }
}

async fn pools(shop: &mut SqliteConnection, rng: &mut Rng) -> Result<Vec<Pool>> {
    let mut with_orders = BTreeSet::new();
    for entity in shop::all(shop, Kind::Order).await? {
        if let Entity::Order(order) = entity {
            with_orders.extend([Key::User(order.user_id), Key::Product(order.sku)]);
        }
    }
    let mut pools = Vec::new();
    for kind in Kind::ALL {
        let mut keys: Vec<Key> = shop::all(shop, kind)
            .await?
            .iter()
            .map(Entity::key)
            .collect();
        keys.sort();
        pools.push(Pool::new(kind, keys, with_orders.clone(), rng));
    }
    Ok(pools)
}
