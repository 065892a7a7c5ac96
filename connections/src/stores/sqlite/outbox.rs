//! What an outbox still holds.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use parallax_core::error::Result;
use parallax_core::lag::{Backlog, OutboxProbe, SubjectBacklog};
use parallax_core::store::Subject;
use parallax_core::value::Value;
use sqlx::sqlite::SqliteRow;

use super::layout::Source;
use super::lease::{Lease, Sql};
use super::operand::{ALIAS, Operand};
use super::records::required;
use super::types::{Declared, Stored, stored};

const OPERATION: &str = "read the outbox";

/// The newest sent rows among which the one sent last is looked for, where no index knows it.
const RECENT_ROWS: u32 = 10_000;

/// The keys of one statement; each is bound once or a few times, and 32,766 values can be.
const KEYS: usize = 5_000;

/// The columns of one outbox, and which of its rows are about the subject's datasets.
struct Outbox<'s> {
    source: &'s Source,
    created: Operand,
    sent: Operand,
    about: Sql,
}

pub(super) async fn backlog(
    lease: &mut Lease,
    source: &Source,
    probe: &OutboxProbe,
    subject: &Subject,
) -> Result<Backlog> {
    let outbox = Outbox {
        source,
        created: required(source, &probe.created)?,
        sent: required(source, &probe.sent)?,
        about: about_datasets(source, probe, subject)?,
    };
    let rows = lease.rows(&outbox.totals(), OPERATION).await?;
    let mut backlog = Backlog::default();
    if let Some(row) = rows.first() {
        backlog.unsent = stored(row, 0).count().unwrap_or_default();
        backlog.oldest = time_at(row, 1);
        backlog.last_sent = time_at(row, 2);
    }
    if let Some(path) = &probe.key {
        let path = required(source, path)?;
        backlog.subjects = outbox.of_keys(lease, &path, &subject.keys).await?;
    }
    Ok(backlog)
}

fn about_datasets(source: &Source, probe: &OutboxProbe, subject: &Subject) -> Result<Sql> {
    let mut sql = Sql::default();
    if let Some(dataset) = &probe.dataset {
        let names = subject.names.iter().map(|it| Value::from(it.as_str()));
        is_any(&mut sql, &required(source, dataset)?, names.collect());
    }
    Ok(sql)
}

impl Outbox<'_> {
    /// One statement, so that its numbers belong together. What is unsent is mostly a small partial index.
    fn totals(&self) -> Sql {
        let unsent = format!(
            "FROM {} WHERE {} IS NULL",
            self.source.from(),
            self.sent.sql
        );
        let mut sql = Sql::new(format!("SELECT (SELECT count(*) {unsent}"));
        sql.append(&self.about);
        sql.push(&format!("), (SELECT min({}) {unsent}", self.created.sql));
        sql.append(&self.about).push("), (");
        sql.append(&self.last_sent()).push(")");
        sql
    }

    /// Rows are sent about in the order in which they are written, so the last one sent is among the newest that are.
    fn last_sent(&self) -> Sql {
        let (from, sent) = (self.source.from(), &self.sent.sql);
        let mut firsts = self
            .source
            .table
            .indices
            .iter()
            .filter_map(|it| it.fields.first());
        let indexed = firsts.any(|it| self.sent.column.as_deref() == Some(it.as_str()));
        let mut sql = match self.source.table.rowid {
            Some(rowid) if !indexed => Sql::new(format!(
                "SELECT max({sent}) FROM (SELECT * FROM {from} WHERE {sent} IS NOT NULL ORDER BY {ALIAS}.{rowid} DESC LIMIT {RECENT_ROWS}) AS {ALIAS} WHERE true"
            )),
            _ => Sql::new(format!("SELECT max({sent}) FROM {from} WHERE true")),
        };
        sql.append(&self.about);
        sql
    }

    /// One statement for as many keys as it can bind.
    async fn of_keys(
        &self,
        lease: &mut Lease,
        path: &Operand,
        keys: &[String],
    ) -> Result<Vec<SubjectBacklog>> {
        let mut subjects = vec![SubjectBacklog::default(); keys.len()];
        for (keys, subjects) in keys.chunks(KEYS).zip(subjects.chunks_mut(KEYS)) {
            let rows = lease.rows(&self.by_key(path, keys), OPERATION).await?;
            for row in &rows {
                let at = stored(row, 0).count();
                let at = at.and_then(|it| usize::try_from(it).ok());
                let Some(subject) = at.and_then(|it| subjects.get_mut(it)) else {
                    continue;
                };
                *subject = SubjectBacklog {
                    unsent: stored(row, 1).count().unwrap_or_default(),
                    oldest: time_at(row, 2),
                    last_created: time_at(row, 3),
                    last_sent: time_at(row, 4),
                };
            }
        }
        Ok(subjects)
    }

    /// A row for each key that has rows, led by its index; a key is asked for as each value that it may be stored as.
    fn by_key(&self, path: &Operand, keys: &[String]) -> Sql {
        let mut sql = Sql::new("WITH asked (nth, key) AS (VALUES ");
        let mut separator = "";
        for (nth, key) in keys.iter().enumerate() {
            for value in path.variants(&Value::from(key.as_str())) {
                sql.push(&format!("{separator}({nth}, ?)")).bind(value);
                separator = ", ";
            }
        }
        let (created, sent) = (&self.created.sql, &self.sent.sql);
        sql.push(&format!(
            ") SELECT asked.nth, count(*) FILTER (WHERE {sent} IS NULL), min({created}) FILTER (WHERE {sent} IS NULL), max({created}), max({sent})
            FROM asked JOIN {} ON {} = asked.key WHERE true",
            self.source.from(),
            path.sql
        ));
        sql.append(&self.about).push(" GROUP BY asked.nth");
        sql
    }
}

fn is_any(sql: &mut Sql, operand: &Operand, values: Vec<Value>) {
    let marks = vec!["?"; values.len()].join(", ");
    sql.push(&format!(" AND {} IN ({marks})", operand.sql));
    sql.values.extend(values);
}

fn time_at(row: &SqliteRow, at: usize) -> Option<Timestamp> {
    instant(stored(row, at))
}

/// An instant from text, or from Unix time in whichever unit its size tells; `None` where it is none of these.
///
/// Text without a zone is UTC, as SQLite's own `CURRENT_TIMESTAMP` is.
fn instant(cell: Stored<'_>) -> Option<Timestamp> {
    match cell {
        Stored::Integer(it) => unix(it),
        Stored::Real(it) => seconds(it),
        Stored::Text(it) => text(it),
        Stored::Null | Stored::Blob(_) => None,
    }
}

fn text(text: &str) -> Option<Timestamp> {
    match Stored::Text(text).value(Declared::Time) {
        Value::Timestamp(it) => Some(it),
        Value::DateTime(it) => utc(it),
        _ => text.parse().ok(),
    }
}

fn utc(time: DateTime) -> Option<Timestamp> {
    time.to_zoned(TimeZone::UTC).ok().map(|it| it.timestamp())
}

/// Seconds until the year 5138, milliseconds until the same, and so on.
fn unix(number: i64) -> Option<Timestamp> {
    match number.unsigned_abs() {
        0..100_000_000_000 => Timestamp::from_second(number).ok(),
        100_000_000_000..100_000_000_000_000 => Timestamp::from_millisecond(number).ok(),
        100_000_000_000_000..100_000_000_000_000_000 => Timestamp::from_microsecond(number).ok(),
        _ => Timestamp::from_nanosecond(i128::from(number)).ok(),
    }
}

fn seconds(number: f64) -> Option<Timestamp> {
    let duration = jiff::SignedDuration::try_from_secs_f64(number).ok()?;
    Timestamp::from_duration(duration).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_outboxes_write_them() {
        let expected: Timestamp = "2024-02-29T12:00:00Z".parse().expect("a time");
        let seconds = expected.as_second();
        for cell in [
            Stored::Text("2024-02-29T12:00:00Z"),
            Stored::Text("2024-02-29 12:00:00"),
            Stored::Text("2024-02-29T13:00:00.000+01:00"),
            Stored::Integer(seconds),
            Stored::Integer(seconds * 1_000),
            Stored::Integer(seconds * 1_000_000),
            Stored::Integer(seconds * 1_000_000_000),
        ] {
            assert_eq!(instant(cell), Some(expected), "{cell:?}");
        }
        assert_eq!(instant(Stored::Text("soon")), None);
        assert_eq!(instant(Stored::Null), None);
    }
}
