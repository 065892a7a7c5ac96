//! Nodes and relationships as records: what is returned of them, and how it is read.

use neo4rs::Row;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, FieldPath};
use parallax_core::store::{Fields, Projection};
use parallax_core::value::{Key, Record, Value};

use super::cell::{Cell, ROW, cells};
use super::layout::{Form, Operand, Source};
use super::readonly::is_condition;
use super::temporal::Zoned;

/// Where the value of a returned expression goes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Slot {
    /// All members of the body.
    Body,
    /// One member of the body.
    Member(String),
    /// What the store knows of the record.
    Meta(String),
    /// A member of what it knows.
    Inside(String, String),
}

/// How the records of one dataset are returned and read.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub(super) source: Source,
    /// The expressions of the key's parts.
    pub(super) key: Vec<Operand>,
    slots: Vec<(Slot, String)>,
    filter: Option<String>,
}

impl Reader {
    /// Fails with [`ErrorKind::NotFound`] where records have no such key, [`ErrorKind::InvalidInput`] on a broken filter.
    pub(super) fn new(dataset: &DatasetId, fields: &Projection) -> Result<Self> {
        if let Some(filter) = &fields.filter
            && !is_condition(filter)
        {
            return Err(
                Error::new(ErrorKind::InvalidInput, format!("limit {dataset}"))
                    .because(format!("{filter:?} is not one condition that reads"))
                    .hint("a node is `n` in it; a relationship is `r`, from `s` to `t`"),
            );
        }
        let source = Source::of(dataset)?;
        let parts = fields.key.iter();
        let key = parts.map(|it| source.required(&it.path));
        Ok(Self {
            key: key.collect::<Result<_>>()?,
            slots: slots(&source, &fields.fields),
            filter: fields.filter.clone(),
            source,
        })
    }

    /// `MATCH … WHERE …` with this condition and what limits the dataset.
    pub(super) fn matching(&self, condition: Option<&str>) -> String {
        // The line break ends a comment with which the filter might end.
        let filter = self.filter.as_ref().map(|it| format!("({it}\n)"));
        let all: Vec<String> = condition
            .map(ToOwned::to_owned)
            .into_iter()
            .chain(filter)
            .collect();
        let pattern = self.source.pattern();
        if all.is_empty() {
            format!("MATCH {pattern}")
        } else {
            format!("MATCH {pattern} WHERE {}", all.join(" AND "))
        }
    }

    /// `RETURN …`: the key's parts and the fields, as one list.
    pub(super) fn returning(&self) -> String {
        let key = self.key.iter().map(|it| it.text.as_str());
        let all: Vec<&str> = key
            .chain(self.slots.iter().map(|(_, it)| it.as_str()))
            .collect();
        format!("RETURN [{}] AS {ROW}", all.join(", "))
    }

    /// The record of a row, by the key that it has itself.
    pub(super) fn record(&self, row: &Row) -> Result<Record> {
        let cells = cells(row)?;
        let parts = cells.iter().zip(&self.key);
        let key = parts.map(|(cell, it)| it.value(cell).unwrap_or(Value::Null));
        let mut record = Record {
            key: Key::new(key.collect()),
            body: Value::Map(Vec::new()),
            meta: Vec::new(),
        };
        let rest = cells.iter().skip(self.key.len());
        for ((slot, _), cell) in self.slots.iter().zip(rest) {
            slot.put(cell, &mut record);
        }
        Ok(record)
    }

    /// The records of rows.
    pub(super) fn records(&self, rows: &[Row]) -> Result<Vec<Record>> {
        rows.iter().map(|it| self.record(it)).collect()
    }
}

impl Operand {
    /// The value of this expression, from its cell; `None` where there is none.
    pub(super) fn value(&self, cell: &Cell<'_>) -> Option<Value> {
        if *cell == Cell::Null {
            return None;
        }
        let mut inside = self.inside.iter();
        inside.try_fold(cell.value(Zoned::Instant), |value, segment| {
            FieldPath::name(segment.as_str()).of(&value).cloned()
        })
    }
}

impl Slot {
    fn put(&self, cell: &Cell<'_>, record: &mut Record) {
        // A property is there or not; none is null.
        if *cell == Cell::Null {
            return;
        }
        let value = cell.value(Zoned::Instant);
        match self {
            Self::Body => record.body = value,
            Self::Member(name) => {
                if let Value::Map(members) = &mut record.body {
                    members.push((name.clone(), value));
                }
            }
            Self::Meta(name) => record.meta.push((name.clone(), value)),
            Self::Inside(name, member) => {
                let known = record.meta.iter_mut().find(|(it, _)| it == name);
                match known {
                    // All of them may be there already.
                    Some((_, Value::Map(members)))
                        if !members.iter().any(|(it, _)| it == member) =>
                    {
                        members.push((member.clone(), value));
                    }
                    Some(_) => {}
                    None => {
                        let members = vec![(member.clone(), value)];
                        record.meta.push((name.clone(), Value::Map(members)));
                    }
                }
            }
        }
    }
}

/// What is returned beside the key, each once.
fn slots(source: &Source, fields: &Fields) -> Vec<(Slot, String)> {
    let mut wanted: Vec<(Slot, String)> = Vec::new();
    let mut push = |slot: Slot, text: String| {
        if !wanted.iter().any(|(it, _)| *it == slot) {
            wanted.push((slot, text));
        }
    };
    match fields {
        Fields::All => {
            push(Slot::Body, format!("properties({})", source.variable()));
            let known: &[&str] = match source.form {
                Form::Nodes(_) => &["@id", "@labels"],
                Form::Relationships { .. } => {
                    &["@id", "@type", "@source", "@target", "@start", "@end"]
                }
            };
            for name in known {
                if let Some(it) = source.operand(&FieldPath::name(*name)) {
                    push(Slot::Meta((*name).to_owned()), it.text);
                }
            }
        }
        Fields::Listed(paths) => {
            for path in paths {
                if let Some(it) = source.operand(path) {
                    push(slot(path), it.text);
                }
            }
        }
    }
    wanted
}

fn slot(path: &FieldPath) -> Slot {
    let first = path.first().to_owned();
    match path.segments().get(1) {
        Some(member) if matches!(first.as_str(), "@start" | "@end") => {
            Slot::Inside(first, member.clone())
        }
        _ if path.is_meta() => Slot::Meta(first),
        _ => Slot::Member(first),
    }
}
