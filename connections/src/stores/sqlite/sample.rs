//! The fields of what declares none: those of a bounded sample.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use parallax_core::error::Result;
use parallax_core::store::{FieldShape, Fields, Projection, TypeShare};
use parallax_core::value::{Key, Record, Value};

use super::layout::Source;
use super::lease::Lease;
use super::records::Reader;

/// The most records of a sample.
const RECORDS: u64 = 1_000;

/// The most bytes of a sample.
const BYTES: usize = 16 << 20;

/// The longest time that a sample is read.
const TIME: Duration = Duration::from_secs(2);

/// What a sample of records has.
#[derive(Default)]
pub(super) struct Sample {
    pub(super) records: u64,
    bytes: usize,
    fields: Vec<SampledField>,
}

struct SampledField {
    name: String,
    present: u64,
    nulls: u64,
    types: Vec<(String, u64)>,
}

pub(super) async fn sample(lease: &mut Lease, source: Source) -> Result<Sample> {
    let everything = Projection {
        key: Vec::new(),
        fields: Fields::All,
        filter: None,
    };
    let reader = Reader::new(source, &everything)?;
    let mut sql = reader.select();
    sql.push(&format!(" LIMIT {RECORDS}"));
    let began = Instant::now();
    let mut sample = Sample::default();
    lease
        .each(&sql, "read a sample", |row| {
            // A record that cannot be read has no fields to tell of.
            if let Ok(record) = reader.record(&row, Key::new(Vec::new())) {
                sample.add(&record);
            }
            let enough = sample.bytes > BYTES || began.elapsed() > TIME;
            Ok(if enough {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })
        .await?;
    Ok(sample)
}

impl Sample {
    fn add(&mut self, record: &Record) {
        self.records += 1;
        if let Value::Map(members) = &record.body {
            for (name, value) in members {
                self.count(name, value);
            }
        }
        for (name, value) in record.meta.iter().filter(|(name, _)| name == "@value") {
            self.count(name, value);
        }
    }

    fn count(&mut self, name: &str, value: &Value) {
        self.bytes += size(value);
        let at = self.fields.iter().position(|it| it.name == name);
        if at.is_none() {
            self.fields.push(SampledField {
                name: name.to_owned(),
                present: 0,
                nulls: 0,
                types: Vec::new(),
            });
        }
        let at = at.unwrap_or(self.fields.len().saturating_sub(1));
        if let Some(field) = self.fields.get_mut(at) {
            field.count(value);
        }
    }

    pub(super) fn fields(&self) -> Vec<FieldShape> {
        self.fields
            .iter()
            .map(|it| it.shape(self.records))
            .collect()
    }
}

impl SampledField {
    fn count(&mut self, value: &Value) {
        self.present += 1;
        if value.is_null() {
            self.nulls += 1;
            return;
        }
        let name = value.type_name();
        match self.types.iter_mut().find(|(it, _)| it == name) {
            Some((_, count)) => *count += 1,
            None => self.types.push((name.to_owned(), 1)),
        }
    }

    fn shape(&self, records: u64) -> FieldShape {
        let mut types = self.types.clone();
        types.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let all: u64 = types.iter().map(|(_, count)| count).sum();
        let share = |(type_name, count): (String, u64)| TypeShare {
            type_name,
            share: ratio(count, all),
        };
        FieldShape {
            name: self.name.clone(),
            declared: None,
            types: types.into_iter().map(share).collect(),
            precision: None,
            nullable: self.nulls > 0 || self.present < records,
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

fn size(value: &Value) -> usize {
    match value {
        Value::Text(it) => it.len(),
        Value::Bytes(it) => it.len(),
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(members) => members.iter().map(|(name, it)| name.len() + size(it)).sum(),
        _ => size_of::<Value>(),
    }
}
