//! The objects of a sample that faults are planted on, each on one of its own, and what was planted so far.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::Micros;
use crate::error::{Error, Result};
use crate::inject::{Planted, Pool, Verdict};
use crate::model::{Key, Kind};
use crate::rng::Rng;

/// How long ago a change that is late was made.
pub(crate) const LATE: Duration = Duration::from_hours(1);

/// A day in microseconds.
pub(crate) const DAY: i64 = 86_400_000_000;

/// The first id that no sample has.
const GHOSTS: i64 = 9_007_199_254_750_001;

/// What faults are planted on.
pub(crate) trait Object: Clone {
    /// Its key.
    fn key(&self) -> Key;

    /// Changes one field by the least that every copy shows; false, and nothing changed, where that cannot be.
    fn alter(&mut self, field: &str) -> bool;
}

/// Objects in memory, and the faults that were decided on them: the same objects and seed give the same faults.
#[derive(Debug)]
pub(crate) struct Objects<E> {
    pub(crate) rng: Rng,
    entities: BTreeMap<Key, E>,
    pools: Vec<Pool>,
    now: Micros,
    n_ghosts: i64,
    faults: Vec<Planted>,
}

impl<E: Object> Objects<E> {
    /// Of the entities, those whose keys are in the pools can be taken; `before` was planted earlier.
    pub(crate) fn new(
        rng: Rng,
        entities: Vec<E>,
        pools: Vec<Pool>,
        now: Micros,
        before: Vec<Planted>,
    ) -> Self {
        Self {
            rng,
            entities: entities.into_iter().map(|it| (it.key(), it)).collect(),
            pools,
            now,
            // Each object that the source did not have is at least one of them.
            n_ghosts: i64::try_from(before.len()).unwrap_or(i64::MAX - GHOSTS),
            faults: before,
        }
    }

    /// Takes an object whose key fits; it is not given again.
    pub(crate) fn take(&mut self, kind: Kind, fits: impl Fn(&Key) -> bool) -> Result<E> {
        let pool = self.pools.iter_mut().find(|it| it.kind == kind);
        let key = pool.expect("there is a pool for each kind").take(fits)?;
        let entity = self.entities.get(&key).cloned();
        entity.ok_or_else(|| Error::new(format!("{} {key} went away", kind.entity())))
    }

    /// A number that no object has yet, for one that the source does not have.
    pub(crate) fn ghost(&mut self) -> i64 {
        self.n_ghosts += 1;
        GHOSTS + self.n_ghosts
    }

    /// When a change that is on its way was made.
    pub(crate) fn moment(&self, late: bool) -> Micros {
        if late { self.now.minus(LATE) } else { self.now }
    }

    /// Alters one or two of the fields, but none of `except`; returns them in the order given.
    pub(crate) fn alter(
        &mut self,
        entity: &mut E,
        fields: &'static [&'static str],
        except: &[&str],
    ) -> Vec<&'static str> {
        let mut before = entity.clone();
        let alterable = |it: &&str| !except.contains(it) && before.alter(it);
        let held: Vec<&str> = fields.iter().copied().filter(alterable).collect();
        let mut places: Vec<(usize, &str)> = held.into_iter().enumerate().collect();
        self.rng.shuffle(&mut places);
        places.truncate(1 + self.rng.index(2));
        places.sort_unstable();
        let altered = places.into_iter().filter(|(_, field)| entity.alter(field));
        altered.map(|(_, field)| field).collect()
    }

    /// Notes what a check must find of one object in one dataset.
    pub(crate) fn note(
        &mut self,
        dataset: &str,
        key: &Key,
        verdict: Verdict,
        fields: &[&str],
        how: &str,
    ) {
        self.faults.push(Planted {
            entity: key.kind(),
            key: key.to_string(),
            dataset: dataset.to_owned(),
            verdict,
            late: false,
            fields: fields.iter().map(|it| (*it).to_owned()).collect(),
            how: how.to_owned(),
        });
    }

    /// Notes a change that is on its way.
    pub(crate) fn in_flight(
        &mut self,
        dataset: &str,
        key: &Key,
        late: bool,
        fields: &[&str],
        how: &str,
    ) {
        self.note(dataset, key, Verdict::InFlight, fields, how);
        if let Some(planted) = self.faults.last_mut() {
            planted.late = late;
        }
    }

    /// What was planted, and keys by entity that were left alone.
    pub(crate) fn outcome(self) -> (Vec<Planted>, BTreeMap<String, Vec<String>>) {
        let untouched = self.pools.into_iter().map(Pool::remaining);
        (self.faults, untouched.collect())
    }
}
