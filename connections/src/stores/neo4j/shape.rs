//! What a dataset holds: the properties of a sample, indices and constraints.

use std::time::{Duration, Instant};

use neo4rs::Row;
use parallax_core::error::Result;
use parallax_core::store::{DataModel, FieldShape, Index, Shape, TypeShare};
use parallax_core::value::Value;

use super::bind;
use super::catalog;
use super::cell::{Cell, ROW, cells};
use super::layout::{Form, Source};
use super::lease::{Cypher, Lease};
use super::temporal::Zoned;

const OPERATION: &str = "read the shape";

/// The most records of a sample.
const RECORDS: u64 = 1_000;

/// The most bytes of a sample.
const BYTES: usize = 16 << 20;

/// The longest time that a sample is read.
const TIME: Duration = Duration::from_secs(2);

/// Fails with `NotFound` where the graph has no such label, or type.
pub(super) async fn describe(lease: &mut Lease, source: &Source) -> Result<Shape> {
    catalog::check(lease, source).await?;
    let estimate = catalog::estimate(lease, source).await?;
    let constraints = constraints(lease, source).await;
    let indices = indices(lease, source, &constraints).await;
    let sample = sample(lease, source).await?;
    Ok(Shape {
        dataset: source.dataset.clone(),
        model: DataModel::Graph,
        key: key(&constraints),
        fields: sample.fields(),
        indices,
        estimate,
        sampled: Some(sample.records),
    })
}

/// A rule of the schema: what it is called, its kind, and the properties that it is about.
struct Constraint {
    name: String,
    kind: String,
    properties: Vec<String>,
}

impl Constraint {
    fn is_key(&self) -> bool {
        self.kind.contains("KEY")
    }

    fn is_unique(&self) -> bool {
        self.is_key() || self.kind.contains("UNIQUE")
    }
}

/// The properties of a key, else those that are unique together, else the store's own identity.
fn key(constraints: &[Constraint]) -> Vec<String> {
    let key = constraints.iter().find(|it| it.is_key());
    let key = key.or_else(|| constraints.iter().find(|it| it.is_unique()));
    key.map_or_else(|| vec!["@id".to_owned()], |it| it.properties.clone())
}

/// The schema's entries for the dataset; a user who may not see the schema sees none, which is no failure.
async fn listed(lease: &mut Lease, source: &Source, what: &str, more: &str) -> Vec<Row> {
    let (entity, names) = match &source.form {
        Form::Nodes(all) => ("NODE", all.clone()),
        Form::Relationships { kind, .. } => ("RELATIONSHIP", vec![kind.clone()]),
    };
    let mut cypher = Cypher::new(format!(
        "SHOW {what} YIELD name, type, entityType, labelsOrTypes, properties{more}
        WHERE entityType = '{entity}' AND any(it IN labelsOrTypes WHERE it IN $names) RETURN [name, type, properties{more}] AS {ROW}"
    ));
    cypher.bind("names", bind::texts(names.iter().map(String::as_str)));
    lease.tried(&cypher).await.unwrap_or_default()
}

async fn constraints(lease: &mut Lease, source: &Source) -> Vec<Constraint> {
    let rows = listed(lease, source, "CONSTRAINTS", "").await;
    let constraint = |row: &Row| {
        let cells = cells(row).ok()?;
        Some(Constraint {
            name: cells.first()?.text()?.to_owned(),
            kind: cells.get(1)?.text()?.to_owned(),
            properties: cells.get(2)?.texts(),
        })
    };
    rows.iter().filter_map(constraint).collect()
}

async fn indices(lease: &mut Lease, source: &Source, constraints: &[Constraint]) -> Vec<Index> {
    let rows = listed(lease, source, "INDEXES", ", owningConstraint").await;
    let index = |row: &Row| {
        let cells = cells(row).ok()?;
        let owner = cells.get(3).and_then(|it| it.text());
        let unique = constraints
            .iter()
            .any(|it| Some(it.name.as_str()) == owner && it.is_unique());
        let name = cells.first()?.text()?;
        let kind = cells.get(1)?.text()?;
        Some(Index {
            // What is not a range answers other questions than whether a value is there.
            name: match kind {
                "RANGE" | "BTREE" => name.to_owned(),
                kind => format!("{name} ({})", kind.to_lowercase()),
            },
            fields: cells.get(2)?.texts(),
            unique,
        })
    };
    rows.iter().filter_map(index).collect()
}

/// What a sample of records has.
#[derive(Default)]
struct Sample {
    records: u64,
    bytes: usize,
    fields: Vec<SampledField>,
}

struct SampledField {
    name: String,
    present: u64,
    types: Vec<(String, u64)>,
}

async fn sample(lease: &mut Lease, source: &Source) -> Result<Sample> {
    let (pattern, variable) = (source.pattern(), source.variable());
    let text = format!(
        "MATCH {pattern} WITH {variable} LIMIT {RECORDS} RETURN [properties({variable})] AS {ROW}"
    );
    let began = Instant::now();
    let started = lease.start(&Cypher::new(text)).await;
    let mut rows = started.map_err(|it| lease.fail(&it, OPERATION))?;
    let mut sample = Sample::default();
    loop {
        match rows.next().await {
            Ok(Some(row)) => sample.add(&row),
            Ok(None) => break,
            Err(failure) => return Err(lease.broken(&failure, OPERATION)),
        }
        if sample.bytes > BYTES || began.elapsed() > TIME {
            // The rest is not read: the connection is closed, which ends the statement.
            return Ok(sample);
        }
    }
    lease.rest();
    Ok(sample)
}

impl Sample {
    fn add(&mut self, row: &Row) {
        self.records += 1;
        let cells = cells(row).unwrap_or_default();
        if let Some(Cell::Map(members)) = cells.first() {
            for (name, cell) in members {
                self.bytes += cell.size();
                self.count(name, &cell.value(Zoned::Instant));
            }
        }
    }

    fn count(&mut self, name: &str, value: &Value) {
        let at = self.fields.iter().position(|it| it.name == name);
        if at.is_none() {
            self.fields.push(SampledField {
                name: name.to_owned(),
                present: 0,
                types: Vec::new(),
            });
        }
        let at = at.unwrap_or(self.fields.len().saturating_sub(1));
        if let Some(field) = self.fields.get_mut(at) {
            field.count(value);
        }
    }

    fn fields(&self) -> Vec<FieldShape> {
        let fields = self.fields.iter();
        fields.map(|it| it.shape(self.records)).collect()
    }
}

impl SampledField {
    fn count(&mut self, value: &Value) {
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
