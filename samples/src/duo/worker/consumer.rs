//! The step from the stream to the copies.

use std::collections::BTreeMap;
use std::time::Duration;

use redis::Pipeline;
use redis::aio::MultiplexedConnection;
use tokio::sync::watch;

use crate::clock::Micros;
use crate::duo::bus::{self, Entry};
use crate::duo::form;
use crate::duo::place::Place;
use crate::duo::stores::Stores;
use crate::duo::worker::Options;
use crate::error::Result;
use crate::model::{Key, Kind};
use crate::worker::Fault;
use crate::worker::fault::fate;
use crate::worker::tasks::Sweep;

/// The consumer's name in the group; there is one worker at a time.
const NAME: &str = "worker";

/// How many entries are read at a time.
const PAGE: usize = 500;

/// How many entries one transaction of the cache applies, which stops all others meanwhile.
const BATCH: usize = 100;

/// How many entries may wait for their delay in memory; the rest wait in the stream.
const MOST_HELD: usize = 20_000;

/// How long entries that were applied stay in the stream, in milliseconds.
const KEPT_MS: i64 = 60_000;

/// How often the stream is trimmed, in milliseconds.
const TRIM_EVERY_MS: i64 = 5_000;

/// Applies entries to the copies in their order, and then acknowledges them.
#[derive(Debug)]
pub(super) struct Consumer {
    cache: MultiplexedConnection,
    delay: Duration,
    faults: Vec<Fault<Place>>,
    places: Vec<Place>,
    /// What was read and is not due, in its order; `None` until what others had left was taken over.
    held: Option<Vec<Entry>>,
    trimmed_ms: i64,
}

impl Consumer {
    pub(super) async fn open(stores: &Stores, options: &Options) -> Result<Self> {
        Ok(Self {
            cache: stores.cache().await?,
            delay: options.consumer_delay,
            faults: options.faults.clone(),
            places: stores.places.clone(),
            held: None,
            trimmed_ms: 0,
        })
    }

    async fn apply_all(&mut self, entries: &[Entry]) -> Result<()> {
        for batch in entries.chunks(BATCH) {
            self.apply(batch).await?;
            bus::acknowledge(&mut self.cache, batch).await?;
        }
        Ok(())
    }

    /// Writes what is newer than the copies, all of it or nothing.
    async fn apply(&mut self, batch: &[Entry]) -> Result<()> {
        let mut versions = self.versions(batch).await?;
        let mut pipe = redis::pipe();
        pipe.atomic();
        for entry in batch {
            let shown = versions.get(&entry.key).copied().flatten();
            if shown.is_some_and(|it| it > entry.created_at) {
                continue;
            }
            let fate = fate(&self.faults, Place::Consumer, &entry.key);
            let mut arriving = entry.clone();
            for field in fate.corrupted {
                arriving.entity.as_mut().map(|it| it.alter(field));
            }
            for _ in 0..fate.times {
                self.write(&mut pipe, &arriving);
                let version = entry.entity.as_ref().map(|_| entry.created_at);
                versions.insert(entry.key.clone(), version);
            }
        }
        if pipe.is_empty() {
            return Ok(());
        }
        Ok(pipe.exec_async(&mut self.cache).await?)
    }

    /// Writes or removes every copy of an object, as the faults let it.
    fn write(&self, pipe: &mut Pipeline, entry: &Entry) {
        let kind = Some(entry.key.kind());
        for place in self.places.iter().filter(|it| it.kind() == kind) {
            let fate = fate(&self.faults, *place, &entry.key);
            let mut arriving = entry.entity.clone();
            for field in fate.corrupted {
                arriving.as_mut().map(|it| it.alter(field));
            }
            let key = place.key(&entry.key);
            for _ in 0..fate.times {
                match arriving.as_ref().and_then(|it| form::form(*place, it)) {
                    Some(form) => form.replace(pipe, &key),
                    None => _ = pipe.cmd("DEL").arg(&key).ignore(),
                }
            }
        }
    }

    /// The versions that the copies show now; none where there is no copy, or none that says.
    async fn versions(&mut self, batch: &[Entry]) -> Result<BTreeMap<Key, Option<Micros>>> {
        let mut pipe = redis::pipe();
        for entry in batch {
            let place = match entry.key.kind() {
                Kind::Order => Place::Order,
                Kind::User | Kind::Product => Place::User,
            };
            pipe.cmd("HGET")
                .arg(place.key(&entry.key))
                .arg("updated_at");
        }
        let shown: Vec<Option<String>> = pipe.query_async(&mut self.cache).await?;
        let versions = shown.into_iter().map(|it| it?.parse().ok());
        Ok(batch
            .iter()
            .map(|it| it.key.clone())
            .zip(versions)
            .collect())
    }

    fn is_due(&self, entry: &Entry, now_ms: i64) -> bool {
        let delay = fate(&self.faults, Place::Consumer, &entry.key).delay;
        let delay = delay.max(self.delay).as_millis();
        entry.id.millis <= now_ms - i64::try_from(delay).unwrap_or(i64::MAX)
    }

    /// Lets go of entries that were applied some time ago.
    async fn trim(&mut self, oldest_held_ms: Option<i64>, now_ms: i64) -> Result<()> {
        if now_ms - self.trimmed_ms < TRIM_EVERY_MS {
            return Ok(());
        }
        self.trimmed_ms = now_ms;
        // Entries that were not read yet are younger than any that were; a reader far behind trims nothing of them.
        let Some(before) = oldest_held_ms else {
            return Ok(());
        };
        bus::trim(&mut self.cache, before.min(now_ms - KEPT_MS)).await
    }
}

impl Sweep for Consumer {
    fn name(&self) -> String {
        "apply changes to the cache".to_owned()
    }

    /// Goes once through all that is due; what is not stays, and does not hold up what comes after it.
    async fn sweep(&mut self, ending: &watch::Receiver<bool>) -> Result<u64> {
        let mut held = match self.held.take() {
            Some(held) => held,
            None => bus::claim(&mut self.cache, NAME).await?,
        };
        let mut n_applied = 0;
        while !*ending.borrow() {
            let new = if held.len() < MOST_HELD {
                bus::read(&mut self.cache, NAME, PAGE).await?
            } else {
                Vec::new()
            };
            let is_last = new.len() < PAGE;
            let newest_ms = new.last().map(|it| it.id.millis);
            held.extend(new);
            let now_ms = Micros::now().unix_millis();
            let (due, rest): (Vec<_>, Vec<_>) =
                held.into_iter().partition(|it| self.is_due(it, now_ms));
            held = rest;
            self.apply_all(&due).await?;
            n_applied += u64::try_from(due.len()).unwrap_or(0);
            let oldest_ms = held.first().map(|it| it.id.millis).or(newest_ms);
            self.trim(oldest_ms, now_ms).await?;
            if is_last {
                break;
            }
        }
        self.held = Some(held);
        Ok(n_applied)
    }

    async fn close(self) -> Result<()> {
        Ok(())
    }
}
