//! What is learnt from a bounded sample: the types of keys, and the fields of records.

use std::time::{Duration, Instant};

use parallax_core::error::Result;
use parallax_core::store::{DataModel, FieldShape, Fields, Shape, TypeShare};
use parallax_core::value::{Key, Record, Value};

use super::keys::Keys;
use super::lookup::Reader;
use super::pool::Lease;
use super::record::Kind;
use super::reply::ReplyExt as _;
use super::scan::{Batch, Cursor, OPERATION};

/// The most records of a sample.
const RECORDS: u64 = 1_000;

/// The most bytes of a sample.
const BYTES: u64 = 16 << 20;

/// The longest time that a sample is read.
const TIME: Duration = Duration::from_secs(2);

/// Records read in one round trip of a sample.
const RECORDS_AT_ONCE: usize = 100;

/// Steps in which a first key is looked for to learn its type.
const STEPS: usize = 20;

/// The type that the dataset's keys mostly have; `None` where none was met soon.
pub(super) async fn usual_kind(lease: &mut Lease, keys: &Keys) -> Result<Option<Kind>> {
    if let Some(kind) = lease.pool().kind(&keys.dataset.name) {
        return Ok(Some(kind));
    }
    let Some(key) = first_key(lease, keys).await? else {
        return Ok(None);
    };
    let reply = lease.ask([b"TYPE".as_slice(), &key], OPERATION).await?;
    let kind = reply.text().and_then(Kind::named);
    if let Some(kind) = kind {
        lease.pool().remember(&keys.dataset.name, kind);
    }
    Ok(kind)
}

async fn first_key(lease: &mut Lease, keys: &Keys) -> Result<Option<Vec<u8>>> {
    if let Some(key) = keys.single() {
        return Ok(Some(key.to_vec()));
    }
    let mut cursor = Cursor::new(keys.glob());
    let mut batch = Batch::default();
    for _ in 0..STEPS {
        cursor.ask(lease);
        lease.send().await?;
        cursor.answer(lease, keys, &mut batch).await?;
        let first = batch.iter().next().map(<[u8]>::to_vec);
        if first.is_some() || cursor.is_done() {
            return Ok(first);
        }
    }
    Ok(None)
}

/// The fields of at most 1,000 records, 16 MiB and two seconds.
pub(super) async fn describe(lease: &mut Lease, keys: &Keys) -> Result<Shape> {
    let began = Instant::now();
    let before = lease.received();
    let mut sample = Sample::default();
    let mut cursor = Cursor::new(keys.glob());
    let mut batch = Batch::default();
    loop {
        if let Some(key) = keys.single() {
            batch.push(key);
        } else {
            cursor.ask(lease);
            lease.send().await?;
            cursor.answer(lease, keys, &mut batch).await?;
        }
        let raw: Vec<&[u8]> = batch.iter().collect();
        for chunk in raw.chunks(RECORDS_AT_ONCE) {
            sample.read(lease, keys, chunk).await?;
            let enough = sample.records >= RECORDS
                || lease.received() - before > BYTES
                || began.elapsed() > TIME;
            if enough {
                return Ok(sample.shape(keys));
            }
        }
        if keys.single().is_some() || cursor.is_done() || began.elapsed() > TIME {
            return Ok(sample.shape(keys));
        }
    }
}

/// What a sample of records has.
#[derive(Default)]
struct Sample {
    records: u64,
    fields: Vec<Field>,
    streams: u64,
}

struct Field {
    name: String,
    present: u64,
    types: Vec<(String, u64)>,
}

impl Sample {
    async fn read(&mut self, lease: &mut Lease, keys: &Keys, raw: &[&[u8]]) -> Result<()> {
        let room = usize::try_from(RECORDS.saturating_sub(self.records)).unwrap_or(0);
        let raw = raw.get(..room.min(raw.len())).unwrap_or_default();
        let values = Reader::new(keys, &Fields::All).all(lease, raw).await?;
        // A record that cannot be read, or is gone, has no fields to tell of.
        for (key, found) in raw.iter().zip(values.into_iter().map(Result::ok)) {
            if let Some(found) = found.flatten() {
                self.add(&found.record(Key::new(Vec::new()), key));
            }
        }
        Ok(())
    }

    fn add(&mut self, record: &Record) {
        self.records += 1;
        if let Value::Map(members) = &record.body {
            for (name, value) in members {
                self.count(name, value);
            }
        }
        for (name, value) in &record.meta {
            match (name.as_str(), value) {
                ("@value", value) => self.count(name, value),
                ("@type", Value::Text(kind)) if kind == "stream" => self.streams += 1,
                _ => {}
            }
        }
    }

    fn count(&mut self, name: &str, value: &Value) {
        let at = self.fields.iter().position(|it| it.name == name);
        let at = at.unwrap_or_else(|| {
            self.fields.push(Field {
                name: name.to_owned(),
                present: 0,
                types: Vec::new(),
            });
            self.fields.len() - 1
        });
        if let Some(field) = self.fields.get_mut(at) {
            field.count(value);
        }
    }

    fn shape(&self, keys: &Keys) -> Shape {
        let is_stream = self.records > 0 && self.streams == self.records;
        Shape {
            dataset: keys.dataset.clone(),
            model: if is_stream {
                DataModel::Stream
            } else {
                DataModel::KeyValue
            },
            fields: self
                .fields
                .iter()
                .map(|it| it.shape(self.records))
                .collect(),
            key: keys.names().to_vec(),
            indices: Vec::new(),
            estimate: keys.single().map(|_| self.records),
            sampled: Some(self.records),
        }
    }
}

impl Field {
    fn count(&mut self, value: &Value) {
        if value.is_null() {
            return;
        }
        self.present += 1;
        let name = value.type_name();
        match self.types.iter_mut().find(|(it, _)| it == name) {
            Some((_, count)) => *count += 1,
            None => self.types.push((name.to_owned(), 1)),
        }
    }

    fn shape(&self, records: u64) -> FieldShape {
        let mut types = self.types.clone();
        types.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let share = |(type_name, count): (String, u64)| TypeShare {
            type_name,
            share: ratio(count, self.present),
        };
        FieldShape {
            name: self.name.clone(),
            declared: None,
            types: types.into_iter().map(share).collect(),
            precision: None,
            nullable: self.present < records,
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share of at most a thousand records"
)]
fn ratio(count: u64, all: u64) -> f32 {
    count as f32 / all.max(1) as f32
}
