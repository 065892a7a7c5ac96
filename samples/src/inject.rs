//! The injector: plants faults of every verdict, each on a key of its own, and says where they are.
//!
//! What it plants is exact: the pairs of key and dataset that it names differ from the system of record, and no others do.

use std::collections::BTreeSet;
use std::path::Path;

use sqlx::SqliteConnection;

use crate::database::Files;
use crate::error::{Error, Result};
use crate::model::{Entity, Key, Kind, Target};
use crate::rng::Rng;
use crate::shop;

pub(crate) mod objects;
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
    refuse_twice(dir, "pocket")?;
    let mut files = Files::open(dir).await?;
    files.everywhere("BEGIN IMMEDIATE").await?;
    if is_moving(&mut files.shop).await? {
        return Err(still_moving());
    }

    let mut rng = Rng::new(seed);
    let with_orders = with_orders(&mut files.shop).await?;
    let pools = pools(&mut files.shop, &mut rng).await?;
    let mut injector = Injector::new(&mut files, rng, pools, with_orders);
    let planted_at = injector.plant_all(per_verdict).await?;
    let (faults, untouched) = injector.outcome();
    files.everywhere("COMMIT").await?;
    files.close().await?;

    Truth::write(dir, seed, planted_at, faults, untouched).await
}

/// Fails where faults were planted before.
pub(crate) fn refuse_twice(dir: &Path, sample: &str) -> Result<()> {
    if !dir.join(TRUTH).exists() {
        return Ok(());
    }
    let again = format!("load the sample again: parallax-samples load {sample} --to DIR");
    Err(Error::new(format!("faults were planted before in {}", dir.display())).hint(again))
}

/// Why faults are not planted in a sample that is not at rest.
pub(crate) fn still_moving() -> Error {
    Error::new("changes are still on their way")
        .hint("run the worker first: parallax-samples work DIR --until-idle")
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
pub(crate) struct Pool {
    pub(crate) kind: Kind,
    /// Keys that tools get wrong come first.
    candidates: Vec<Key>,
    /// Keys that are kept as they are, among them some that tools get wrong.
    untouched: Vec<Key>,
}

impl Pool {
    /// Shuffles the keys.
    pub(crate) fn new(kind: Kind, keys: Vec<Key>, rng: &mut Rng) -> Self {
        let (mut special, mut plain): (Vec<Key>, Vec<Key>) =
            keys.into_iter().partition(Key::is_special);
        rng.shuffle(&mut special);
        rng.shuffle(&mut plain);
        let untouched = special.split_off(special.len() * 3 / 4);
        Self {
            kind,
            candidates: special.into_iter().chain(plain).collect(),
            untouched,
        }
    }

    /// Takes a key that fits, which is then not given again.
    pub(crate) fn take(&mut self, fits: impl Fn(&Key) -> bool) -> Result<Key> {
        let place = self.candidates.iter().position(fits);
        let few = || {
            Error::new(format!("too few {}", self.kind.aggregate()))
                .hint("load more, or plant fewer faults per verdict")
        };
        place.map(|it| self.candidates.remove(it)).ok_or_else(few)
    }

    /// Forgets all but the first candidates.
    pub(crate) fn truncate(&mut self, size: usize) {
        self.candidates.truncate(size);
    }

    /// The keys that can be taken.
    pub(crate) fn candidates(&self) -> &[Key] {
        &self.candidates
    }

    /// The entity's name, and keys that nothing was planted on.
    pub(crate) fn remaining(self) -> (String, Vec<String>) {
        let keys = self.untouched.iter().chain(&self.candidates);
        let keys = keys.take(N_UNTOUCHED).map(Key::to_string).collect();
        (self.kind.entity().to_owned(), keys)
    }
}

/// Users and products that an order names: their nodes have relationships.
async fn with_orders(shop: &mut SqliteConnection) -> Result<BTreeSet<Key>> {
    let mut named = BTreeSet::new();
    for entity in shop::all(shop, Kind::Order).await? {
        if let Entity::Order(order) = entity {
            named.extend([Key::User(order.user_id), Key::Product(order.sku)]);
        }
    }
    Ok(named)
}

async fn pools(shop: &mut SqliteConnection, rng: &mut Rng) -> Result<Vec<Pool>> {
    let mut pools = Vec::new();
    for kind in Kind::ALL {
        let entities = shop::all(shop, kind).await?;
        let mut keys: Vec<Key> = entities.iter().map(Entity::key).collect();
        keys.sort();
        pools.push(Pool::new(kind, keys, rng));
    }
    Ok(pools)
}
