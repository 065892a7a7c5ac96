//! The system of record: reading and writing entities, and the outbox. Every statement that writes many takes JSON text.

use serde::Serialize;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row as _};

use crate::clock::Micros;
use crate::database::json;
use crate::duo::entity::{Entity, columns};
use crate::error::{Error, Result};
use crate::model::{Key, Kind, Op};

const OUTBOX_COLUMNS: &str = "aggregate, aggregate_id, op, payload, created_at, sent_at";

/// How long after its change a row that was sent long ago was sent, in microseconds.
const SENT_AFTER: i64 = 50_000;

/// A row of the outbox, before it has a number.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outgoing {
    pub(crate) aggregate: &'static str,
    pub(crate) aggregate_id: String,
    pub(crate) op: Op,
    pub(crate) payload: Option<Entity>,
    pub(crate) created_at: Micros,
    pub(crate) sent_at: Option<Micros>,
}

impl Outgoing {
    /// A change that wrote `entity`, made at its version and not sent yet.
    pub(crate) fn wrote(op: Op, entity: &Entity) -> Self {
        Self {
            payload: Some(entity.clone()),
            op,
            ..Self::deleted(&entity.key(), entity.updated_at())
        }
    }

    /// A deletion, not sent yet.
    pub(crate) fn deleted(key: &Key, at: Micros) -> Self {
        Self {
            aggregate: key.kind().aggregate(),
            aggregate_id: key.to_string(),
            op: Op::Delete,
            payload: None,
            created_at: at,
            sent_at: None,
        }
    }

    /// Marks it as sent, a moment after it was made.
    pub(crate) fn sent(mut self) -> Self {
        self.sent_at = Some(self.created_at.plus(SENT_AFTER));
        self
    }
}

/// Writes rows into the outbox, numbered in their order.
pub(crate) async fn send(shop: &mut PgConnection, rows: &[Outgoing]) -> Result<()> {
    let statement = format!(
        "insert into outbox ({OUTBOX_COLUMNS}) select {OUTBOX_COLUMNS} from json_populate_recordset(null::outbox, $1::json)"
    );
    execute(shop, statement, json(&rows)).await
}

/// Writes entities of one kind, whose keys differ, with the versions they have. Triggers must be off.
pub(crate) async fn upsert_all(
    shop: &mut PgConnection,
    kind: Kind,
    entities: &[Entity],
) -> Result<()> {
    let table = kind.aggregate();
    let columns = columns(kind);
    let excluded: Vec<String> = columns
        .iter()
        .map(|it| format!("{it} = excluded.{it}"))
        .collect();
    let statement = format!(
        "insert into {table} select * from json_populate_recordset(null::{table}, $1::json) on conflict ({}) do update set {}",
        key_columns(kind),
        excluded.join(", ")
    );
    execute(shop, statement, json(&entities)).await
}

/// Removes entities of one kind. Triggers must be off.
pub(crate) async fn remove_all(shop: &mut PgConnection, kind: Kind, keys: &[Key]) -> Result<()> {
    let table = kind.aggregate();
    let statement = format!(
        "delete from {table} it where aggregate_id(it) in (select json_array_elements_text($1::json))"
    );
    let keys: Vec<String> = keys.iter().map(Key::to_string).collect();
    execute(shop, statement, json(&keys)).await
}

async fn execute(shop: &mut PgConnection, statement: String, parameter: String) -> Result<()> {
    let query = sqlx::query(AssertSqlSafe(statement)).bind(parameter);
    query.execute(shop).await?;
    Ok(())
}

/// Reads every entity of a kind, in the order of keys.
pub(crate) async fn all(shop: &mut PgConnection, kind: Kind) -> Result<Vec<Entity>> {
    let (table, order) = (kind.aggregate(), key_columns(kind));
    let statement = format!("select payload(it)::text from {table} it order by {order}");
    let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(statement))
        .fetch_all(shop)
        .await?;
    rows.iter().map(|it| Entity::parse(kind, it)).collect()
}

/// Reads one entity.
pub(crate) async fn get(shop: &mut PgConnection, key: &Key) -> Result<Option<Entity>> {
    let (kind, table) = (key.kind(), key.kind().aggregate());
    let statement = format!(
        "select payload(it)::text from {table} it where {}",
        the_key(kind)
    );
    let query = sqlx::query_scalar(AssertSqlSafe(statement)).bind(key.parts());
    let row: Option<String> = query.fetch_optional(shop).await?;
    row.map(|it| Entity::parse(kind, &it)).transpose()
}

/// The columns of the key.
pub(crate) fn key_columns(kind: Kind) -> &'static str {
    match kind {
        Kind::User | Kind::Product => "id",
        Kind::Order => "region, number",
    }
}

/// A condition on the key, whose parts are the JSON array in parameter 1.
pub(crate) fn the_key(kind: Kind) -> &'static str {
    match kind {
        Kind::User | Kind::Product => "id = ($1::json->>0)::bigint",
        Kind::Order => "region = $1::json->>0 and number = ($1::json->>1)::bigint",
    }
}

/// A row of the outbox that is not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unsent {
    pub(crate) id: i64,
    pub(crate) key: Key,
    pub(crate) op: String,
    /// JSON by column name; `None` for a deletion.
    pub(crate) payload: Option<String>,
    pub(crate) created_at: Micros,
}

/// Reads the oldest unsent rows after number `after` that were made at `due` or earlier.
///
/// Not by a high-water mark: transactions commit out of the order of their numbers.
pub(crate) async fn unsent(
    shop: &mut PgConnection,
    after: i64,
    due: Micros,
    limit: i64,
) -> Result<Vec<Unsent>> {
    let query = sqlx::query(
        "select id, aggregate, aggregate_id, op, payload::text, iso(created_at) from outbox
         where sent_at is null and id > $1 and created_at <= $2::text::timestamptz order by id limit $3",
    );
    let query = query.bind(after).bind(due.to_string()).bind(limit);
    query
        .fetch_all(shop)
        .await?
        .iter()
        .map(read_unsent)
        .collect()
}

fn read_unsent(row: &PgRow) -> Result<Unsent> {
    let id: i64 = row.try_get(0)?;
    let read = || -> Result<Unsent> {
        let kind = Kind::from_aggregate(row.try_get(1)?)?;
        let created_at: &str = row.try_get(5)?;
        Ok(Unsent {
            id,
            key: Key::parse(kind, row.try_get(2)?)?,
            op: row.try_get(3)?,
            payload: row.try_get(4)?,
            created_at: created_at.parse()?,
        })
    };
    read().map_err(|error: Error| error.while_doing(format!("read outbox row {id}")))
}

/// Marks rows as sent now.
pub(crate) async fn mark_sent(shop: &mut PgConnection, ids: &[i64]) -> Result<()> {
    let query = sqlx::query("update outbox set sent_at = clock_timestamp() where id = any($1)");
    query.bind(ids).execute(shop).await?;
    Ok(())
}

/// Whether any row is not sent.
pub(crate) async fn has_unsent(shop: &mut PgConnection) -> Result<bool> {
    let query = sqlx::query_scalar("select exists (select from outbox where sent_at is null)");
    Ok(query.fetch_one(shop).await?)
}

/// Turns the triggers that stamp and publish off or on; within a transaction, for that transaction alone.
pub(crate) async fn triggers(shop: &mut PgConnection, switch: Switch) -> Result<()> {
    for kind in crate::duo::entity::KINDS {
        let (table, word) = (kind.aggregate(), switch.word());
        let statement = format!("alter table {table} {word} trigger stamp, {word} trigger publish");
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut *shop)
            .await?;
    }
    Ok(())
}

/// What is done to triggers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Switch {
    On,
    Off,
}

impl Switch {
    fn word(self) -> &'static str {
        match self {
            Self::On => "enable",
            Self::Off => "disable",
        }
    }
}
