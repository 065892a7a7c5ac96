//! The datasets of a file and what they hold.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use parallax_core::error::Result;
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{
    DataModel, Dataset, FieldShape, Fields, Index, Projection, Shape, TypeShare,
};
use parallax_core::value::{Record, Value};

use super::catalog::{Catalog, Table, TableColumn, TableKind};
use super::layout::{EDGES, Form, NODES, Source, is_entries, missing};
use super::lease::{Lease, Sql};
use super::records::Reader;
use super::types::{precision, stored};
use crate::sql::quoted;
use crate::suggest;

/// Records read to learn the fields of what declares none, and keys read to learn their patterns.
const SAMPLE: u64 = 1_000;

/// The most bytes and time of a sample.
const SAMPLE_BYTES: usize = 16 << 20;
const SAMPLE_TIME: Duration = Duration::from_secs(2);

/// Up to so many records are counted; beyond it, they are estimated.
const COUNTED: u64 = 10_000;

const OPERATION: &str = "read the shape";

/// Every dataset: tables and views, the patterns of keys, labels and relationships.
pub(super) async fn datasets(
    lease: &mut Lease,
    catalog: &Catalog,
    store: &StoreId,
) -> Result<Vec<Dataset>> {
    let mut names = Vec::new();
    for table in &catalog.tables {
        if is_entries(table) {
            let only = catalog.entry_tables().count() == 1;
            let prefix = if only {
                String::new()
            } else {
                format!("{}.", part(&table.name))
            };
            names.push(part(&table.name));
            names.extend(
                patterns(lease, table)
                    .await?
                    .into_iter()
                    .map(|it| format!("{prefix}{it}")),
            );
        } else if !(catalog.is_graph() && [NODES, EDGES].contains(&table.name.as_str())) {
            names.push(part(&table.name));
        }
    }
    if catalog.is_graph() {
        names.extend(
            labels(lease, NODES, "label")
                .await?
                .iter()
                .map(|it| part(it)),
        );
        names.extend(relationships(lease).await?);
    }
    let mut datasets = Vec::new();
    for name in names {
        let id = DatasetId {
            store: store.clone(),
            name,
        };
        datasets.push(dataset(lease, catalog, id).await?);
    }
    Ok(datasets)
}

async fn dataset(lease: &mut Lease, catalog: &Catalog, id: DatasetId) -> Result<Dataset> {
    let source = catalog.resolve(&id)?;
    let model = if is_entries(&source.table) {
        DataModel::KeyValue
    } else {
        source.model()
    };
    let estimate = estimate(lease, &source).await;
    Ok(Dataset {
        id,
        model,
        estimate,
    })
}

/// A part of a name, quoted where it must be.
fn part(name: &str) -> String {
    let plain = !name.is_empty() && !name.contains(['.', ' ', '"', '{', '}', '(', ')', '[', ']']);
    if plain { name.to_owned() } else { quoted(name) }
}

/// Patterns of a sample of keys: what stands before the last `:` is the pattern's, if what stands behind it varies.
///
/// The sample jumps from prefix to prefix, so that one frequent kind does not hide the others.
async fn patterns(lease: &mut Lease, table: &Table) -> Result<Vec<String>> {
    let key = format!("SELECT \"key\" FROM {}", quoted(&table.name));
    let mut found: Vec<String> = Vec::new();
    let mut after = String::new();
    for _ in 0..32 {
        let mut sql = Sql::new(format!(
            "{key} WHERE \"key\" >= ? AND typeof(\"key\") = 'text' ORDER BY \"key\" LIMIT 40"
        ));
        sql.bind(Value::from(after.as_str()));
        let rows = lease.rows(&sql, OPERATION).await?;
        let keys: Vec<&str> = rows.iter().filter_map(|it| stored(it, 0).text()).collect();
        let Some(first) = keys.first() else {
            break;
        };
        let kind = first.split(':').next().unwrap_or(first);
        let of_kind = keys.iter().filter(|it| it.split(':').next() == Some(kind));
        found.extend(pattern(kind, &of_kind.copied().collect::<Vec<_>>()));
        // The letter behind `:` ends the range of the keys that begin with `kind:`.
        after = format!("{kind};");
        if after.as_str() <= *first {
            break;
        }
    }
    Ok(found)
}

/// `kind:{id}`, with as many parts as all of these keys have; a key without parts stands for itself.
fn pattern(kind: &str, keys: &[&str]) -> Option<String> {
    let kind = kind.replace('{', "{{").replace('}', "}}");
    let counts: Vec<usize> = keys.iter().map(|it| it.matches(':').count()).collect();
    let least = counts.iter().min().copied()?;
    match least {
        0 if keys.len() == 1 => Some(kind),
        0 => None,
        1 => Some(format!("{kind}:{{id}}")),
        _ => {
            let parts: Vec<String> = (1..=least).map(|it| format!("{{part{it}}}")).collect();
            Some(format!("{kind}:{}", parts.join(":")))
        }
    }
}

/// The different values of a column, one look into its index each.
async fn labels(lease: &mut Lease, table: &str, column: &str) -> Result<Vec<String>> {
    let (table, column) = (quoted(table), quoted(column));
    let sql = Sql::new(format!(
        "WITH RECURSIVE found(seen) AS (SELECT min({column}) FROM {table}
            UNION ALL SELECT (SELECT min({column}) FROM {table} WHERE {column} > found.seen) FROM found WHERE seen IS NOT NULL LIMIT 200)
        SELECT seen FROM found WHERE seen IS NOT NULL"
    ));
    let rows = lease.rows(&sql, OPERATION).await?;
    let names = rows.iter().filter_map(|it| stored(it, 0).text());
    Ok(names.map(ToOwned::to_owned).collect())
}

/// The relationships between labels, by a sample of each type.
async fn relationships(lease: &mut Lease) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for name in labels(lease, EDGES, "type").await? {
        let mut sql = Sql::new(
            "SELECT DISTINCT s.label, d.label FROM (SELECT source, target FROM edges WHERE type = ? LIMIT 1000) AS e
            JOIN nodes AS s ON s.id = e.source JOIN nodes AS d ON d.id = e.target ORDER BY 1, 2",
        );
        sql.bind(Value::from(name.as_str()));
        for row in lease.rows(&sql, OPERATION).await? {
            let (source, target) = (stored(&row, 0).text(), stored(&row, 1).text());
            if let (Some(source), Some(target)) = (source, target) {
                found.push(format!("(:{source})-[:{name}]->(:{target})"));
            }
        }
    }
    Ok(found)
}

/// Fails with `NotFound` where no node has the label, or no relationship the type.
pub(super) async fn check_label(lease: &mut Lease, source: &Source) -> Result<()> {
    let (table, column, wanted) = match &source.form {
        Form::Nodes { label } => (NODES, "label", label),
        Form::Relationships { name, .. } => (EDGES, "type", name),
        Form::Rows | Form::Search | Form::Documents { .. } | Form::Entries { .. } => return Ok(()),
    };
    let mut sql = Sql::new(format!("SELECT 1 FROM {table} WHERE {column} = ? LIMIT 1"));
    sql.bind(Value::from(wanted.as_str()));
    if !lease.rows(&sql, OPERATION).await?.is_empty() {
        return Ok(());
    }
    let known = labels(lease, table, column).await?;
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    Err(missing(&source.dataset)
        .because(format!("no {column} is called {wanted:?}"))
        .hint(suggest::hint(wanted, known)))
}

/// About how many records: counted where they are few, else by statistics or the span of row numbers; else not known.
async fn estimate(lease: &mut Lease, source: &Source) -> Option<u64> {
    let mut sql = Sql::new(format!(
        "SELECT count(*) FROM (SELECT 1 FROM {} WHERE true",
        source.from()
    ));
    sql.append(&source.condition())
        .push(&format!(" LIMIT {})", COUNTED + 1));
    let counted = number(lease, &sql).await?;
    if counted <= COUNTED {
        return Some(counted);
    }
    // Statistics and row numbers know the table, not the part of it that a pattern or a label is.
    if !matches!(
        source.form,
        Form::Rows | Form::Documents { .. } | Form::Search
    ) {
        return None;
    }
    match analyzed(lease, &source.table).await {
        Some(rows) => Some(rows),
        None => span(lease, &source.table).await,
    }
}

async fn number(lease: &mut Lease, sql: &Sql) -> Option<u64> {
    // An estimate that cannot be made is not known; the dataset can still be listed.
    let rows = lease.rows(sql, OPERATION).await.ok()?;
    rows.first().and_then(|it| stored(it, 0).count())
}

/// What `ANALYZE` has written, if it ever ran.
async fn analyzed(lease: &mut Lease, table: &Table) -> Option<u64> {
    let mut sql = Sql::new("SELECT max(CAST(stat AS INTEGER)) FROM sqlite_stat1 WHERE tbl = ?");
    sql.bind(Value::from(table.name.as_str()));
    number(lease, &sql).await
}

/// The span of row numbers, unless the file is too small to hold so many rows.
async fn span(lease: &mut Lease, table: &Table) -> Option<u64> {
    let (name, rowid) = (quoted(&table.name), table.rowid?);
    let ends = Sql::new(format!(
        "SELECT (SELECT max({rowid}) FROM {name}) - (SELECT min({rowid}) FROM {name}) + 1"
    ));
    let size = Sql::new("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
    let rows = number(lease, &ends).await?;
    let bytes = number(lease, &size).await?;
    (rows <= bytes / 8).then_some(rows)
}

/// Declared fields where the table declares them, and those of a sample where the records are JSON.
pub(super) async fn describe(lease: &mut Lease, source: Source) -> Result<Shape> {
    let indices = indices(&source.table);
    let estimate = estimate(lease, &source).await;
    let (model, dataset) = (source.model(), source.dataset.clone());
    let key = key(&source);
    let (fields, sampled) = if source.body().is_some() {
        let sample = sample(lease, source).await?;
        (sample.fields(), Some(sample.records))
    } else {
        (source.table.columns.iter().map(declared).collect(), None)
    };
    Ok(Shape {
        dataset,
        model,
        fields,
        key,
        indices,
        estimate,
        sampled,
    })
}

fn key(source: &Source) -> Vec<String> {
    match &source.form {
        Form::Entries { pattern, .. } => pattern.parts().map(ToOwned::to_owned).collect(),
        Form::Search => vec!["rowid".to_owned()],
        Form::Rows | Form::Documents { .. } => source
            .table
            .key()
            .iter()
            .map(|it| it.name.clone())
            .collect(),
        Form::Nodes { .. } | Form::Relationships { .. } => vec!["@id".to_owned()],
    }
}

fn indices(table: &Table) -> Vec<Index> {
    let index = |it: &super::catalog::TableIndex| Index {
        name: it.name.clone(),
        fields: it.fields.clone(),
        unique: it.unique,
    };
    let mut indices: Vec<Index> = table.indices.iter().map(index).collect();
    if table.kind == TableKind::Search {
        let indexed = table.columns.iter().filter(|it| it.indexed);
        indices.push(Index {
            name: format!("{} (full text)", table.name),
            fields: indexed.map(|it| it.name.clone()).collect(),
            unique: false,
        });
    }
    indices
}

fn declared(column: &TableColumn) -> FieldShape {
    let type_name = match column.declared.as_str() {
        "" => "text",
        declared => column.meaning().type_name(declared),
    };
    FieldShape {
        name: column.name.clone(),
        declared: Some(column.declared.clone()).filter(|it| !it.is_empty()),
        types: vec![TypeShare {
            type_name: type_name.to_owned(),
            share: 1.0,
        }],
        precision: precision(&column.declared),
        nullable: column.nullable,
    }
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
    nulls: u64,
    types: Vec<(String, u64)>,
}

async fn sample(lease: &mut Lease, source: Source) -> Result<Sample> {
    let everything = Projection {
        key: Vec::new(),
        fields: Fields::All,
        filter: None,
    };
    let reader = Reader::new(source, &everything)?;
    let mut sql = reader.select();
    sql.push(&format!(" LIMIT {SAMPLE}"));
    let began = Instant::now();
    let mut sample = Sample::default();
    lease
        .each(&sql, OPERATION, |row| {
            // A record that cannot be read has no fields to tell of.
            if let Ok(record) = reader.record(&row, parallax_core::value::Key::new(Vec::new())) {
                sample.add(&record);
            }
            let enough = sample.bytes > SAMPLE_BYTES || began.elapsed() > SAMPLE_TIME;
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

    fn fields(&self) -> Vec<FieldShape> {
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
