//! Outboxes: what is not sent yet, and what of each key is not, in one round trip.

use std::collections::HashMap;

use parallax_core::canonical;
use parallax_core::error::Result;
use parallax_core::lag::{Backlog, OutboxProbe, SubjectBacklog};
use parallax_core::store::Subject;
use parallax_core::value::{Timestamp, Value};

use super::catalog::Table;
use super::lease::Lease;
use super::link::Row;
use super::literal::{self, typed};
use super::records::Operand;
use super::text;
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
    let (created, sent) = (operand(&probe.created)?.sql, operand(&probe.sent)?.sql);
    let mut from = format!("FROM {} AS t WHERE true", table.sql());
    if let Some(path) = &probe.dataset {
        let operand = operand(path)?;
        from.push_str(&format!(" AND {}", one_of(&operand, &subject.names)));
    }
    let unsent = format!("{from} AND {sent} IS NULL");
    let mut statements = vec![format!(
        "SELECT (SELECT count(*) {unsent}), (SELECT min({created}) {unsent}), (SELECT max({sent}) {from})"
    )];
    let key = probe.key.as_ref().map(operand).transpose()?;
    if let Some(key) = key.as_ref().filter(|_| !subject.keys.is_empty()) {
        // By its bytes, for a collation would take several keys for one.
        let exactly = key.exactly();
        statements.push(format!(
            "SELECT {exactly}, sum({sent} IS NULL), min(CASE WHEN {sent} IS NULL THEN {created} END), max({created}), max({sent})
            {from} AND {} GROUP BY {exactly}",
            one_of(key, &subject.keys)
        ));
    }
    let answers = lease.all(&statements, OPERATION).await?;
    let mut answers = answers.into_iter();
    let totals = answers.next().unwrap_or_default();
    let mut backlog = totals.rows.first().map(total).unwrap_or_default();
    if let Some(key) = key {
        let keyed = answers.next().unwrap_or_default();
        backlog.subjects = subjects(&keyed.rows, &key, subject);
    }
    Ok(backlog)
}

/// Whether the operand is one of these texts, exactly: by the collation for an index, by the bytes for the truth.
fn one_of(operand: &Operand, texts: &[String]) -> String {
    let values = texts
        .iter()
        .filter_map(|it| typed(operand.kind, &Value::from(it.as_str())));
    let values: Vec<Value> = values.collect();
    let literals: Vec<String> = values.iter().filter_map(|it| operand.literal(it)).collect();
    if literals.is_empty() {
        return "false".to_owned();
    }
    let listed = format!("{} IN ({})", operand.sql, literals.join(", "));
    if operand.kind != Kind::Text {
        return listed;
    }
    let bytes: Vec<String> = texts
        .iter()
        .map(|it| literal::bytes(it.as_bytes()))
        .collect();
    format!(
        "({listed} AND {} IN ({}))",
        operand.exactly(),
        bytes.join(", ")
    )
}

fn total(row: &Row) -> Backlog {
    Backlog {
        unsent: row.number(0).unwrap_or_default(),
        oldest: time(row, 1),
        last_sent: time(row, 2),
        subjects: Vec::new(),
    }
}

/// One for each key that was asked about, in that order.
fn subjects(rows: &[Row], key: &Operand, subject: &Subject) -> Vec<SubjectBacklog> {
    let read = |row: &Row| SubjectBacklog {
        unsent: row.number(1).unwrap_or_default(),
        oldest: time(row, 2),
        last_created: time(row, 3),
        last_sent: time(row, 4),
    };
    let meaning = |it: &Value| canonical::bytes(Some(it));
    let found: HashMap<Vec<u8>, SubjectBacklog> = rows
        .iter()
        .filter_map(|it| Some((meaning(&text::value(key.kind, it.bytes(0)?)), read(it))))
        .collect();
    let of_key = |text: &String| {
        let value = typed(key.kind, &Value::from(text.as_str()))?;
        found.get(&meaning(&value)).cloned()
    };
    let keys = subject.keys.iter();
    keys.map(|it| of_key(it).unwrap_or_default()).collect()
}

/// When that was, in whichever way the column says it.
fn time(row: &Row, at: usize) -> Option<Timestamp> {
    let kind = Type::of_result(row.columns().get(at)?).kind;
    instant(&text::value(kind, row.bytes(at)?))
}
