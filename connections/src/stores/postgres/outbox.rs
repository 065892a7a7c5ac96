//! Outboxes: what is not sent yet, and what of each key is not, in one statement.

use std::collections::BTreeMap;
use std::sync::Arc;

use parallax_core::error::Result;
use parallax_core::lag::{Backlog, OutboxProbe, SubjectBacklog};
use parallax_core::store::Subject;
use parallax_core::value::Value;

use super::catalog::Table;
use super::lease::{Lease, Sql};
use super::link::{Answer, Row};
use super::literal::to_array;
use super::records::{Operand, cell};
use super::types::{Kind, Type};
use crate::stores::common::instant;

const OPERATION: &str = "read the outbox";

pub(super) async fn backlog(
    lease: &mut Lease,
    table: &Table,
    probe: &OutboxProbe,
    subject: &Subject,
) -> Result<Backlog> {
    let operand = |path| Operand::required(table, &probe.table, path);
    let mut sql = Sql::default();
    let (created, sent) = (operand(&probe.created)?.sql, operand(&probe.sent)?.sql);
    let mut from = format!("FROM {} AS t WHERE true", table.sql());
    if let Some(path) = &probe.dataset {
        let names = to_array(subject.names.iter().map(|it| Some(it.as_str())));
        let mark = sql.bind(1009, names);
        from.push_str(&format!(" AND {}::text = ANY ({mark})", operand(path)?.sql));
    }
    // What is unsent is mostly a small partial index, and the last one sent the end of another.
    let unsent = format!("{from} AND {sent} IS NULL");
    sql.push(&format!(
        "SELECT (SELECT count(*) {unsent}), (SELECT min({created}) {unsent}), (SELECT max({sent}) {from})"
    ));
    let mut statements = vec![sql.clone()];
    let key = probe.key.as_ref().map(operand).transpose()?;
    if let Some(key) = &key
        && !subject.keys.is_empty()
    {
        statements.push(of_keys(&sql, key, subject, &from, &created, &sent));
    }
    let statements: Vec<&Sql> = statements.iter().collect();
    let answers = lease.all(&statements, OPERATION).await?;
    let mut answers = answers.into_iter();
    let totals = answers.next().unwrap_or_default();
    let types = types(lease, &totals).await?;
    let mut backlog = totals
        .rows
        .first()
        .map(|it| total(it, &types))
        .unwrap_or_default();
    if let Some(key) = key {
        let keyed = answers.next().unwrap_or_default();
        let types = self::types(lease, &keyed).await?;
        backlog.subjects = subjects(&keyed, &types, &key, subject);
    }
    Ok(backlog)
}

/// All keys in one statement: how much of each is unsent, since when, and its newest rows.
fn of_keys(
    totals: &Sql,
    key: &Operand,
    subject: &Subject,
    from: &str,
    created: &str,
    sent: &str,
) -> Sql {
    let mut sql = Sql {
        text: String::new(),
        parameters: totals.parameters.clone(),
    };
    let texts = subject.keys.iter().map(|it| Value::from(it.as_str()));
    let texts: Vec<String> = texts.filter_map(|it| key.text(&it)).collect();
    let texts = to_array(texts.iter().map(|it| Some(it.as_str())));
    // A number is looked up as one, so that an index serves; anything else by its text.
    let typed = matches!(
        key.of.kind,
        Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Uuid | Kind::Text
    ) && key.of.name != "char";
    let condition = if typed {
        let mark = sql.bind(0, texts);
        format!("{} = ANY ({mark}::{}[])", key.sql, key.cast())
    } else {
        let mark = sql.bind(1009, texts);
        format!("{}::text = ANY ({mark})", key.sql)
    };
    sql.push(&format!(
        "SELECT {key}::text, count(*) FILTER (WHERE {sent} IS NULL), min({created}) FILTER (WHERE {sent} IS NULL), max({created}), max({sent})
        {from} AND {condition} GROUP BY 1",
        key = key.sql
    ));
    sql
}

async fn types(lease: &mut Lease, answer: &Answer) -> Result<Vec<Arc<Type>>> {
    lease.types(&answer.oids()).await
}

fn total(row: &Row, types: &[Arc<Type>]) -> Backlog {
    Backlog {
        unsent: row.number(0).unwrap_or_default(),
        oldest: instant(&cell(row, types, 1)),
        last_sent: instant(&cell(row, types, 2)),
        subjects: Vec::new(),
    }
}

/// One for each key that was asked about, in that order.
fn subjects(
    answer: &Answer,
    types: &[Arc<Type>],
    key: &Operand,
    subject: &Subject,
) -> Vec<SubjectBacklog> {
    let read = |row: &Row| SubjectBacklog {
        unsent: row.number(1).unwrap_or_default(),
        oldest: instant(&cell(row, types, 2)),
        last_created: instant(&cell(row, types, 3)),
        last_sent: instant(&cell(row, types, 4)),
    };
    let rows = answer.rows.iter();
    let found: BTreeMap<&str, SubjectBacklog> = rows
        .filter_map(|it| Some((it.text(0)?, read(it))))
        .collect();
    let of_key = |text: &String| {
        let text = key.text(&Value::from(text.as_str()));
        text.and_then(|it| found.get(it.as_str()).cloned())
    };
    let keys = subject.keys.iter();
    keys.map(|it| of_key(it).unwrap_or_default()).collect()
}
