//! Whole datasets: the server looks for the next keys while the values of the last ones are on their way.

use std::ops::{ControlFlow, Range};

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Fields, Projection, RowSink, Scanned, ValueRef};
use parallax_core::value::Key;
use redis::Value as Reply;

use super::cells::{Cells, Fed};
use super::fault::broken;
use super::keys::{Keys, text_or_bytes};
use super::link::Link;
use super::lookup::{Reader, no_filter};
use super::pool::Lease;
use super::reply::ReplyExt as _;

pub(super) const OPERATION: &str = "scan";

/// Places that the server looks at in one step.
const COUNT: u64 = 1_000;

/// The same, as long as nobody knows how long the values are.
const COUNT_FIRST: u64 = 100;

/// The same, where few keys are of the dataset.
const COUNT_SPARSE: u64 = 4_000;

/// About the most bytes of values on their way.
const BYTES_AHEAD: u64 = 8 << 20;

/// Keys set aside before they are read one by one.
const MAX_ASIDE: usize = 500;

/// Keys, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Batch {
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    pub(super) fn push(&mut self, key: &[u8]) {
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        let ranges = begins.zip(&self.ends);
        ranges.map(|(begin, end)| self.bytes.get(begin..*end).unwrap_or_default())
    }
}

/// The way through the keyspace, from step to step.
#[derive(Debug)]
pub(super) struct Cursor {
    at: Vec<u8>,
    glob: Vec<u8>,
    count: u64,
    most: u64,
    begun: bool,
}

impl Cursor {
    pub(super) fn new(glob: Vec<u8>) -> Self {
        Self::in_steps_of(COUNT, glob)
    }

    fn in_steps_of(count: u64, glob: Vec<u8>) -> Self {
        Self {
            at: b"0".to_vec(),
            glob,
            count,
            most: count,
            begun: false,
        }
    }

    /// Whether every key that stayed in place has been seen.
    pub(super) fn is_done(&self) -> bool {
        self.begun && self.at == b"0"
    }

    pub(super) fn ask(&mut self, link: &mut Link) {
        let count = self.count.to_string();
        let words: [&[u8]; 6] = [
            b"SCAN",
            &self.at,
            b"MATCH",
            &self.glob,
            b"COUNT",
            count.as_bytes(),
        ];
        link.push(words);
    }

    /// Reads the keys of one step that are of the dataset.
    pub(super) async fn answer(
        &mut self,
        link: &mut Link,
        keys: &Keys,
        batch: &mut Batch,
    ) -> Result<()> {
        batch.clear();
        let mut parts = Vec::new();
        let reply = link.answer(OPERATION).await?;
        let [at, found] = reply.items() else {
            return Err(broken("a step of SCAN is a cursor and keys"));
        };
        let at = at
            .bytes()
            .ok_or_else(|| broken("a step of SCAN has no cursor"))?;
        self.at = at.to_vec();
        for key in found.items().iter().filter_map(Reply::bytes) {
            if keys.read(key, &mut parts) {
                batch.push(key);
            }
        }
        self.begun = true;
        // Longer steps where keys of the dataset are rare.
        self.count = match batch.len() {
            0..10 => COUNT_SPARSE.min(self.count * 4),
            _ => self.most,
        };
        Ok(())
    }

    /// Takes smaller steps where values are long.
    fn adapt(&mut self, rows: usize, bytes: u64) {
        if let Some(length) = bytes.checked_div(rows as u64) {
            self.most = (BYTES_AHEAD / length.max(1)).clamp(10, COUNT);
        }
    }
}

/// Feeds every record of the dataset, some perhaps twice, as `SCAN` gives them.
pub(super) async fn scan(
    lease: &mut Lease,
    keys: &Keys,
    projection: &Projection,
    sink: &mut dyn RowSink,
) -> Result<Scanned> {
    let mut scan = Scan::new(lease, keys, projection).await?;
    let goes_on = match keys.single() {
        Some(key) => {
            scan.aside.push(key);
            ControlFlow::Continue(())
        }
        None => scan.run(lease, sink).await?,
    };
    match goes_on {
        ControlFlow::Continue(()) => scan.read_aside(lease, sink).await.map(|_| scan.scanned),
        ControlFlow::Break(()) => Ok(scan.scanned),
    }
}

struct Scan<'k> {
    keys: &'k Keys,
    projection: &'k Projection,
    cells: Cells,
    /// Keys that hold another type than most do, or may be gone.
    aside: Batch,
    scanned: Scanned,
    parts: Vec<Range<usize>>,
}

impl<'k> Scan<'k> {
    async fn new(
        lease: &mut Lease,
        keys: &'k Keys,
        projection: &'k Projection,
    ) -> Result<Scan<'k>> {
        no_filter(projection)?;
        let Fields::Listed(paths) = &projection.fields else {
            return Err(
                Error::new(ErrorKind::InvalidInput, OPERATION).because("the fields are not listed")
            );
        };
        let kind = super::sample::usual_kind(lease, keys).await?;
        Ok(Scan {
            keys,
            projection,
            cells: Cells::new(kind, paths, keys.places(&projection.key)?),
            aside: Batch::default(),
            scanned: Scanned::default(),
            parts: Vec::new(),
        })
    }

    async fn run(&mut self, lease: &mut Lease, sink: &mut dyn RowSink) -> Result<ControlFlow<()>> {
        let mut cursor = Cursor::in_steps_of(COUNT_FIRST, self.keys.glob());
        let (mut fresh, mut reading) = (Batch::default(), Batch::default());
        cursor.ask(lease);
        lease.send().await?;
        cursor.answer(lease, self.keys, &mut fresh).await?;
        loop {
            if !cursor.is_done() {
                cursor.ask(lease);
            }
            self.cells.ask(lease, &fresh);
            lease.send().await?;
            if self.feed(lease, &reading, sink).await?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            std::mem::swap(&mut fresh, &mut reading);
            if cursor.is_done() {
                return self.feed(lease, &reading, sink).await;
            }
            let before = lease.received();
            cursor.answer(lease, self.keys, &mut fresh).await?;
            // With the step came the values of the keys before it.
            cursor.adapt(reading.len(), lease.received() - before);
            // Nothing but the values of the last keys is on its way now, so this is where others can be read.
            if self.aside.len() >= MAX_ASIDE {
                let fed = self.feed(lease, &reading, sink).await?;
                reading.clear();
                if fed.is_break() || self.read_aside(lease, sink).await?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
    }

    /// Reads the values of `batch` and feeds them.
    async fn feed(
        &mut self,
        link: &mut Link,
        batch: &Batch,
        sink: &mut dyn RowSink,
    ) -> Result<ControlFlow<()>> {
        for key in batch.iter() {
            self.keys.read(key, &mut self.parts);
            match self.cells.feed(link, key, &self.parts, sink).await? {
                Fed::Row(ControlFlow::Continue(())) => self.scanned.rows += 1,
                Fed::Row(ControlFlow::Break(())) => {
                    self.scanned.rows += 1;
                    return Ok(ControlFlow::Break(()));
                }
                Fed::Gone => {}
                Fed::Unreadable => self.scanned.unreadable += 1,
                Fed::Aside => self.aside.push(key),
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Reads the keys set aside, whatever their types.
    async fn read_aside(
        &mut self,
        lease: &mut Lease,
        sink: &mut dyn RowSink,
    ) -> Result<ControlFlow<()>> {
        let aside = std::mem::take(&mut self.aside);
        let raw: Vec<&[u8]> = aside.iter().collect();
        let values = Reader::new(self.keys, &self.projection.fields)
            .all(lease, &raw)
            .await?;
        for (key, value) in raw.into_iter().zip(values) {
            let Ok(found) = value else {
                self.scanned.unreadable += 1;
                continue;
            };
            let Some(found) = found else {
                continue;
            };
            let record = found.record(Key::new(Vec::new()), key);
            self.keys.read(key, &mut self.parts);
            let mut row: Vec<ValueRef<'_>> = self.cells.key_cells(key, &self.parts).collect();
            let paths = self.cells.paths().iter();
            row.extend(paths.map(|it| record.at(it).map_or(ValueRef::Absent, ValueRef::from)));
            self.scanned.rows += 1;
            if sink.row(&row).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// The key of a record that a scan met, with its parts in the order of the projection.
pub(super) fn key_of(keys: &Keys, places: &[usize], raw: &[u8]) -> Key {
    let mut parts = Vec::new();
    keys.read(raw, &mut parts);
    let part = |at: &usize| {
        let range = parts.get(*at).cloned().unwrap_or_default();
        text_or_bytes(raw.get(range).unwrap_or_default())
    };
    match keys.single() {
        Some(key) => Key::new(vec![text_or_bytes(key)]),
        None => Key::new(places.iter().map(part).collect()),
    }
}

/// About how many keys the dataset has, by the share that it has in one step.
pub(super) async fn estimate(link: &mut Link, keys: &Keys) -> Result<Option<u64>> {
    let mut cursor = Cursor::new(b"*".to_vec());
    link.push(["DBSIZE"]);
    cursor.ask(link);
    link.send().await?;
    let size = link.answer(OPERATION).await;
    let reply = link.answer(OPERATION).await?;
    let all = reply.items().get(1).map(Reply::items).unwrap_or_default();
    let mut parts = Vec::new();
    let of_dataset = |key: &&Reply| key.bytes().is_some_and(|it| keys.read(it, &mut parts));
    let own = all.iter().filter(of_dataset).count() as u64;
    let size = size.ok().and_then(|it| u64::try_from(it.integer()?).ok());
    Ok(size.map(|it| it * own / (all.len() as u64).max(1)))
}
