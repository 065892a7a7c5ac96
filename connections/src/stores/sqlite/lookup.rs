//! Many records by key, in as few statements as SQLite answers well.

use std::collections::HashMap;

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::Projection;
use parallax_core::value::{Key, Record, Value};
use sqlx::sqlite::SqliteRow;

use super::layout::{Form, Source};
use super::lease::{Lease, Sql};
use super::operand::{Operand, of_table};
use super::records::Reader;
use super::types::stored;

const OPERATION: &str = "read records by key";

/// Keys in one statement.
const KEYS_PER_STATEMENT: usize = 500;

/// What was found for each key, and the statements that found it.
pub(super) struct Lookup {
    pub(super) found: Vec<Result<Option<Record>>>,
    pub(super) statements: Vec<String>,
}

/// A way to find keys, the quickest first; only the last one is sure to find what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// By row number, where a search table's key column repeats it.
    RowNumber,
    /// By the words of the key, then exactly.
    Words,
    /// By the text of the whole key, which is how documents with composite keys are mostly named.
    WholeKey,
    /// By the key itself.
    Key,
}

pub(super) async fn get(
    lease: &mut Lease,
    source: Source,
    keys: &[Key],
    fields: &Projection,
) -> Result<Lookup> {
    let reader = Reader::new(source, fields)?;
    let mut lookup = Lookup {
        found: keys.iter().map(|_| Ok(None)).collect(),
        statements: Vec::new(),
    };
    for (nth, chunk) in keys.chunks(KEYS_PER_STATEMENT).enumerate() {
        let mut open = Open::new(chunk, nth * KEYS_PER_STATEMENT, &reader, fields);
        for way in ways(&reader) {
            open.run(lease, &reader, way, &mut lookup).await?;
        }
    }
    Ok(lookup)
}

fn ways(reader: &Reader) -> Vec<Way> {
    let mut ways = Vec::new();
    match (&reader.source.form, reader.key.as_slice()) {
        (Form::Search, [key]) => {
            let column = key
                .column
                .as_deref()
                .and_then(|it| reader.source.table.column(it));
            match column {
                Some(column) if column.indexed => ways.push(Way::Words),
                Some(column) if column.name.eq_ignore_ascii_case("id") => ways.push(Way::RowNumber),
                _ => {}
            }
        }
        (Form::Documents { .. }, [_, _, ..]) => ways.push(Way::WholeKey),
        _ => {}
    }
    ways.push(Way::Key);
    ways
}

/// The keys of one statement, by the texts of their parts.
struct Open<'k> {
    keys: HashMap<Vec<String>, Asked<'k>>,
    /// The texts in the order asked, so that statements do not depend on a hash.
    order: Vec<Vec<String>>,
    /// The texts by the whole key's one text: a key-value store's own key, or a document's name.
    whole: HashMap<String, Vec<String>>,
}

struct Asked<'k> {
    key: &'k Key,
    places: Vec<usize>,
    found: bool,
    /// The key of a key-value store.
    entry: Option<String>,
}

impl<'k> Open<'k> {
    fn new(keys: &'k [Key], first: usize, reader: &Reader, fields: &Projection) -> Self {
        let mut open = Self {
            keys: HashMap::new(),
            order: Vec::new(),
            whole: HashMap::new(),
        };
        for (at, key) in keys.iter().enumerate() {
            open.add(key, first + at, reader, fields);
        }
        open
    }

    fn add(&mut self, key: &'k Key, place: usize, reader: &Reader, fields: &Projection) {
        let texts = texts(key);
        if let Some(asked) = self.keys.get_mut(&texts) {
            asked.places.push(place);
            return;
        }
        let entry = entry_key(reader, key, fields);
        let whole = entry.clone().unwrap_or_else(|| key.to_string());
        self.whole.insert(whole, texts.clone());
        self.order.push(texts.clone());
        let asked = Asked {
            key,
            places: vec![place],
            found: false,
            entry,
        };
        self.keys.insert(texts, asked);
    }

    async fn run(
        &mut self,
        lease: &mut Lease,
        reader: &Reader,
        way: Way,
        lookup: &mut Lookup,
    ) -> Result<()> {
        let Some(sql) = self.statement(reader, way) else {
            return Ok(());
        };
        if !lookup.statements.contains(&sql.text) {
            lookup.statements.push(sql.text.clone());
        }
        let mut hits: HashMap<Vec<String>, usize> = HashMap::new();
        for row in lease.rows(&sql, OPERATION).await? {
            let Some(texts) = self.asked_by(reader, way, &row) else {
                continue;
            };
            let hit = hits.entry(texts.clone()).or_default();
            *hit += 1;
            self.keep(reader, &row, &texts, *hit, lookup);
        }
        Ok(())
    }

    fn keep(
        &mut self,
        reader: &Reader,
        row: &SqliteRow,
        texts: &[String],
        hit: usize,
        lookup: &mut Lookup,
    ) {
        let Some(asked) = self.keys.get_mut(texts) else {
            return;
        };
        asked.found = true;
        let answer = if hit > 1 {
            Err(ambiguous(asked.key))
        } else {
            reader.record(row, asked.key.clone()).map(Some)
        };
        for place in &asked.places {
            if let Some(slot) = lookup.found.get_mut(*place) {
                slot.clone_from(&answer);
            }
        }
    }

    /// The texts of the asked key that a row answers.
    fn asked_by(&self, reader: &Reader, way: Way, row: &SqliteRow) -> Option<Vec<String>> {
        if matches!(reader.source.form, Form::Entries { .. }) {
            return self.whole.get(stored(row, 0).text()?).cloned();
        }
        if way == Way::WholeKey {
            return self.named_by(reader, row);
        }
        let texts = texts(&reader.row_key(row)?);
        self.keys.contains_key(&texts).then_some(texts)
    }

    /// A document that can be read must have the parts that its name says.
    fn named_by(&self, reader: &Reader, row: &SqliteRow) -> Option<Vec<String>> {
        let texts = self.whole.get(stored(row, reader.key.len()).text()?)?;
        let own = reader.row_key(row)?;
        let mut parts = own.parts().iter().zip(texts);
        let fits = parts.all(|(part, text)| part.is_null() || part.to_string() == *text);
        fits.then(|| texts.clone())
    }

    /// The statement for the keys that are still open; `None` where this way has nothing to look for.
    fn statement(&self, reader: &Reader, way: Way) -> Option<Sql> {
        let open: Vec<&Asked<'_>> = self
            .order
            .iter()
            .filter_map(|it| self.keys.get(it))
            .filter(|it| !it.found)
            .collect();
        if open.is_empty() {
            return None;
        }
        if way == Way::Key && is_joined(reader) {
            return by_join(reader, &open);
        }
        let mut sql = reader.select();
        match way {
            Way::RowNumber => by_row_number(&mut sql, reader, &open)?,
            Way::Words => by_words(&mut sql, reader, &open)?,
            Way::WholeKey => by_whole_key(&mut sql, reader, &open)?,
            Way::Key => by_key(&mut sql, reader, &open)?,
        }
        Some(sql)
    }
}

fn texts(key: &Key) -> Vec<String> {
    key.parts().iter().map(ToString::to_string).collect()
}

/// The key-value store's own key for an entity's.
fn entry_key(reader: &Reader, key: &Key, fields: &Projection) -> Option<String> {
    let Form::Entries { pattern, .. } = &reader.source.form else {
        return None;
    };
    let named = fields
        .key
        .iter()
        .map(|it| it.name.as_str())
        .zip(key.parts());
    let named: Vec<(&str, &Value)> = named.collect();
    pattern.fill(|name| {
        let part = named.iter().find(|(it, _)| *it == name);
        part.map(|(_, it)| it.to_string().into())
    })
}

fn ambiguous(key: &Key) -> Error {
    Error::new(
        ErrorKind::Unreadable,
        format!("read the record {:?}", key.to_string()),
    )
    .because("several records have this key")
}

fn in_list(sql: &mut Sql, operand: &str, values: Vec<Value>) {
    let marks = vec!["?"; values.len()].join(", ");
    sql.push(&format!(" AND {operand} IN ({marks})"));
    sql.values.extend(values);
}

fn by_row_number(sql: &mut Sql, reader: &Reader, open: &[&Asked<'_>]) -> Option<()> {
    let operand = reader.source.row_number()?;
    let parts = open.iter().filter_map(|it| it.key.parts().first());
    let numbers = parts.flat_map(|it| operand.variants(it));
    let numbers: Vec<Value> = numbers.filter(|it| matches!(it, Value::I64(_))).collect();
    if numbers.is_empty() {
        return None;
    }
    in_list(sql, &operand.sql, numbers);
    Some(())
}

fn by_words(sql: &mut Sql, reader: &Reader, open: &[&Asked<'_>]) -> Option<()> {
    let key = reader.key.first()?;
    let parts = open.iter().filter_map(|it| it.key.parts().first());
    let words: Vec<String> = parts
        .map(ToString::to_string)
        .filter(|it| it.chars().any(char::is_alphanumeric))
        .collect();
    if words.is_empty() {
        return None;
    }
    let phrases: Vec<String> = words.iter().map(|it| phrase(it)).collect();
    let column = phrase(key.column.as_deref()?);
    sql.push(&format!(" AND {} MATCH ?", table_of(reader)));
    sql.bind(Value::Text(format!(
        "{{{column}}} : ({})",
        phrases.join(" OR ")
    )));
    let values = words
        .iter()
        .flat_map(|it| key.variants(&Value::from(it.as_str())));
    in_list(sql, &key.sql, values.collect());
    Some(())
}

/// A phrase or a column's name as FTS5 quotes it. A NUL would end its text early.
pub(super) fn phrase(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\"").replace('\0', " "))
}

/// The column that stands for the whole search table.
pub(super) fn table_of(reader: &Reader) -> String {
    of_table(&reader.source.table.name)
}

fn by_whole_key(sql: &mut Sql, reader: &Reader, open: &[&Asked<'_>]) -> Option<()> {
    let Form::Documents { id, .. } = &reader.source.form else {
        return None;
    };
    let texts = open.iter().map(|it| Value::Text(it.key.to_string()));
    in_list(sql, &of_table(id), texts.collect());
    Some(())
}

fn by_key(sql: &mut Sql, reader: &Reader, open: &[&Asked<'_>]) -> Option<()> {
    if matches!(reader.source.form, Form::Entries { .. }) {
        let keys: Vec<Value> = open
            .iter()
            .filter_map(|it| it.entry.clone())
            .map(Value::Text)
            .collect();
        if keys.is_empty() {
            return None;
        }
        in_list(sql, &of_table("key"), keys);
        return Some(());
    }
    let tuples: Vec<Vec<Value>> = open
        .iter()
        .flat_map(|it| tuples(&reader.key, it.key))
        .collect();
    match reader.key.as_slice() {
        [] => return None,
        _ if tuples.is_empty() => return None,
        [one] => in_list(sql, &one.sql, tuples.into_iter().flatten().collect()),
        many => in_tuples(sql, many, tuples),
    }
    Some(())
}

/// SQLite looks a row of several indexed expressions up only where each stands in an equation of its own.
fn is_joined(reader: &Reader) -> bool {
    reader.key.len() > 1
        && reader
            .key
            .iter()
            .all(|it| it.indexed && it.column.is_none())
}

fn by_join(reader: &Reader, open: &[&Asked<'_>]) -> Option<Sql> {
    let tuples: Vec<Vec<Value>> = open
        .iter()
        .flat_map(|it| tuples(&reader.key, it.key))
        .collect();
    if tuples.is_empty() {
        return None;
    }
    let mut keys = Sql::new(format!(
        "(VALUES {}) AS k CROSS JOIN ",
        rows_of(reader.key.len(), tuples.len())
    ));
    keys.values.extend(tuples.into_iter().flatten());
    let mut sql = reader.select_joined(&keys);
    for (at, operand) in reader.key.iter().enumerate() {
        sql.push(&format!(" AND {} = k.column{}", operand.sql, at + 1));
    }
    Some(sql)
}

fn rows_of(width: usize, count: usize) -> String {
    let row = format!("({})", vec!["?"; width].join(", "));
    vec![row; count].join(", ")
}

fn in_tuples(sql: &mut Sql, key: &[Operand], tuples: Vec<Vec<Value>>) {
    let left: Vec<&str> = key.iter().map(|it| it.sql.as_str()).collect();
    let rows = rows_of(key.len(), tuples.len());
    sql.push(&format!(" AND ({}) IN (VALUES {rows})", left.join(", ")));
    sql.values.extend(tuples.into_iter().flatten());
}

/// Every combination of the forms in which the parts of one key may be stored.
fn tuples(operands: &[Operand], key: &Key) -> Vec<Vec<Value>> {
    if operands.len() != key.parts().len() {
        return Vec::new();
    }
    let mut tuples = vec![Vec::new()];
    for (operand, part) in operands.iter().zip(key.parts()) {
        let variants = operand.variants(part);
        let longer = tuples.iter().flat_map(|tuple: &Vec<Value>| {
            variants
                .iter()
                .map(move |it| tuple.iter().cloned().chain([it.clone()]).collect())
        });
        tuples = longer.collect();
    }
    tuples
}
