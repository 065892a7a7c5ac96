//! Records by the value of a field, and the newest records.

use std::ops::ControlFlow;

use parallax_core::error::Result;
use parallax_core::name::FieldPath;
use parallax_core::store::{Needle, Newest, Projection, Search};
use parallax_core::value::{Record, Value};

use super::layout::{Form, Source};
use super::lease::{Lease, Sql};
use super::lookup::{phrase, table_of};
use super::operand::Operand;
use super::records::{Reader, required};
use super::types::{Declared, stored};

/// Finds at most `limit` records. One that cannot be read is left out: a search shows what it can.
pub(super) async fn find(
    lease: &mut Lease,
    source: Source,
    search: &Search,
    fields: &Projection,
) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    let reader = Reader::new(source, fields)?;
    let operands: Vec<Operand> = search
        .paths
        .iter()
        .filter_map(|it| reader.source.operand(it))
        .collect();
    if operands.is_empty() || search.limit == 0 {
        return Ok(records);
    }
    match &search.needle {
        Needle::Equals(text) => {
            let sql = equals(&reader, &operands, text, search.limit);
            read(lease, &reader, &sql, None, search.limit, &mut records).await?;
        }
        Needle::Contains(text) => {
            contains(lease, &reader, search, text, &operands, &mut records).await?;
        }
    }
    Ok(records)
}

fn equals(reader: &Reader, operands: &[Operand], text: &str, limit: u32) -> Sql {
    let mut sql = reader.select();
    let mut any = Vec::new();
    for operand in operands {
        let values = operand.variants(&Value::from(text));
        any.push(format!(
            "{} IN ({})",
            operand.sql,
            vec!["?"; values.len()].join(", ")
        ));
        sql.values.extend(values);
    }
    sql.push(&format!(" AND ({}) LIMIT {limit}", any.join(" OR ")));
    sql
}

async fn contains(
    lease: &mut Lease,
    reader: &Reader,
    search: &Search,
    text: &str,
    operands: &[Operand],
    records: &mut Vec<Record>,
) -> Result<()> {
    if let Some(sql) = by_words(reader, &search.paths, text, search.limit) {
        read(lease, reader, &sql, Some("@score"), search.limit, records).await?;
    }
    if !records.is_empty() {
        return Ok(());
    }
    let sql = like(reader, operands, text);
    let first = reader.width();
    let wanted = text.to_lowercase();
    let mut take = |row: sqlx::sqlite::SqliteRow| {
        // `LIKE` knows the case of ASCII only, so it was asked for any letter there, and here the letter is looked at.
        let holds = (0..operands.len()).any(|at| {
            let value = stored(&row, first + at).value(Declared::Plain);
            value.to_string().to_lowercase().contains(&wanted)
        });
        if holds {
            records.extend(keyed(reader, &row));
        }
        Ok(until(records.len(), search.limit))
    };
    lease.each(&sql, "search", &mut take).await
}

fn until(found: usize, limit: u32) -> ControlFlow<()> {
    let enough = usize::try_from(limit).is_ok_and(|it| found >= it);
    if enough {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}

fn like(reader: &Reader, operands: &[Operand], text: &str) -> Sql {
    let searched: Vec<&str> = operands.iter().map(|it| it.sql.as_str()).collect();
    let mut sql = reader.select_with(&searched.join(", "));
    let any: Vec<String> = searched
        .iter()
        .map(|it| format!("{it} LIKE ? ESCAPE '\\'"))
        .collect();
    sql.push(&format!(" AND ({})", any.join(" OR ")));
    for _ in operands {
        sql.bind(Value::Text(like_pattern(text)));
    }
    sql
}

fn like_pattern(text: &str) -> String {
    let mut pattern = "%".to_owned();
    for letter in text.chars() {
        match letter {
            '%' | '_' | '\\' => pattern.extend(['\\', letter]),
            _ if letter.is_ascii() => pattern.push(letter),
            _ => pattern.push('_'),
        }
    }
    pattern.push('%');
    pattern
}

/// The words of `text`, the last one as a beginning, in those of `paths` that a search table indexes.
fn by_words(reader: &Reader, paths: &[FieldPath], text: &str, limit: u32) -> Option<Sql> {
    if !matches!(reader.source.form, Form::Search) || !text.chars().any(char::is_alphanumeric) {
        return None;
    }
    let columns = paths
        .iter()
        .filter_map(|it| reader.source.table.column(it.first()));
    let columns: Vec<String> = columns
        .filter(|it| it.indexed)
        .map(|it| phrase(&it.name))
        .collect();
    if columns.is_empty() {
        return None;
    }
    let mut sql = reader.select_with("t.rank");
    sql.push(&format!(
        " AND {} MATCH ? ORDER BY t.rank LIMIT {limit}",
        table_of(reader)
    ));
    sql.bind(Value::Text(format!(
        "{{{}}} : {} *",
        columns.join(" "),
        phrase(text)
    )));
    Some(sql)
}

/// The newest records, newest first.
pub(super) async fn newest(
    lease: &mut Lease,
    source: Source,
    newest: &Newest,
    fields: &Projection,
) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    let reader = Reader::new(source, fields)?;
    let version = required(&reader.source, &newest.version)?;
    let mut sql = reader.select();
    let version = &version.sql;
    sql.push(&format!(
        " AND {version} IS NOT NULL ORDER BY {version} DESC LIMIT {}",
        newest.limit
    ));
    read(lease, &reader, &sql, None, newest.limit, &mut records).await?;
    Ok(records)
}

async fn read(
    lease: &mut Lease,
    reader: &Reader,
    sql: &Sql,
    extra: Option<&str>,
    limit: u32,
    records: &mut Vec<Record>,
) -> Result<()> {
    let rows = lease.rows(sql, "search").await?;
    for row in rows
        .iter()
        .take(usize::try_from(limit).unwrap_or(usize::MAX))
    {
        let Some(mut record) = keyed(reader, row) else {
            continue;
        };
        if let Some(name) = extra {
            let value = stored(row, reader.width()).value(Declared::Plain);
            record.meta.push((name.to_owned(), value));
        }
        records.push(record);
    }
    Ok(())
}

/// The record of a row under its own key; `None` where it cannot be read or has no key.
fn keyed(reader: &Reader, row: &sqlx::sqlite::SqliteRow) -> Option<Record> {
    let key = reader.row_key(row)?;
    if key.parts().iter().any(Value::is_null) {
        return None;
    }
    reader.record(row, key).ok()
}
