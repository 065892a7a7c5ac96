//! The system of record: reading and writing entities, and the outbox.

use serde::Serialize;
use sqlx::{AssertSqlSafe, Row, SqliteConnection};

use crate::clock::Time;
use crate::database::{execute, json, replace_into};
use crate::error::{Error, Result};
use crate::model::{Entity, Key, Kind, Op, Target};

const OUTBOX_COLUMNS: [&str; 9] = [
    "aggregate",
    "aggregate_id",
    "op",
    "payload",
    "created_at",
    "docs_sent_at",
    "cache_sent_at",
    "search_sent_at",
    "graph_sent_at",
];

/// A row of the outbox, before it has a number.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outgoing {
    aggregate: &'static str,
    aggregate_id: String,
    op: Op,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Entity>,
    pub(crate) created_at: Time,
    pub(crate) docs_sent_at: Option<Time>,
    pub(crate) cache_sent_at: Option<Time>,
    pub(crate) search_sent_at: Option<Time>,
    pub(crate) graph_sent_at: Option<Time>,
}

impl Outgoing {
    /// A change that wrote `entity`, made at its version and sent nowhere yet.
    pub(crate) fn wrote(op: Op, entity: &Entity) -> Self {
        Self::new(op, &entity.key(), Some(entity.clone()), entity.updated_at())
    }

    /// A deletion, sent nowhere yet.
    pub(crate) fn deleted(key: &Key, at: Time) -> Self {
        Self::new(Op::Delete, key, None, at)
    }

    fn new(op: Op, key: &Key, payload: Option<Entity>, created_at: Time) -> Self {
        Self {
            aggregate: key.kind().aggregate(),
            aggregate_id: key.to_string(),
            op,
            payload,
            created_at,
            docs_sent_at: None,
            cache_sent_at: None,
            search_sent_at: None,
            graph_sent_at: None,
        }
    }

    /// When it was sent to `target`, to be set.
    pub(crate) fn sent(&mut self, target: Target) -> &mut Option<Time> {
        match target {
            Target::Docs => &mut self.docs_sent_at,
            Target::Cache => &mut self.cache_sent_at,
            Target::Search => &mut self.search_sent_at,
            Target::Graph => &mut self.graph_sent_at,
        }
    }

    /// Marks it as sent to every target but those, a moment after it was made.
    pub(crate) fn sent_except(mut self, unsent: &[Target]) -> Self {
        for target in Target::ALL.into_iter().filter(|it| !unsent.contains(it)) {
            let moment = self.created_at.plus_nanos(50_000_000);
            *self.sent(target) = Some(moment);
        }
        self
    }
}

/// Writes rows into the outbox, numbered in their order.
pub(crate) async fn send(shop: &mut SqliteConnection, rows: &[Outgoing]) -> Result<()> {
    execute(shop, replace_into("outbox", &OUTBOX_COLUMNS), json(&rows)).await?;
    Ok(())
}

/// Writes entities of one kind, whose keys differ.
pub(crate) async fn upsert_all(
    shop: &mut SqliteConnection,
    kind: Kind,
    entities: &[Entity],
) -> Result<()> {
    execute(
        shop,
        replace_into(kind.aggregate(), kind.columns()),
        json(&entities),
    )
    .await?;
    Ok(())
}

/// Writes one entity.
pub(crate) async fn upsert(shop: &mut SqliteConnection, entity: &Entity) -> Result<()> {
    upsert_all(shop, entity.kind(), std::slice::from_ref(entity)).await
}

/// Removes one entity; returns whether it was there.
pub(crate) async fn remove(shop: &mut SqliteConnection, key: &Key) -> Result<bool> {
    let statement = format!(
        "DELETE FROM {} WHERE {}",
        key.kind().aggregate(),
        the_key(key.kind())
    );
    Ok(execute(shop, statement, key.parts()).await? > 0)
}

/// Reads one entity.
pub(crate) async fn get(shop: &mut SqliteConnection, key: &Key) -> Result<Option<Entity>> {
    let statement = format!("{} WHERE {}", select(key.kind()), the_key(key.kind()));
    Ok(read(shop, key.kind(), statement, key.parts()).await?.pop())
}

/// Reads the entity of a kind that stands at a place in the order of keys.
pub(crate) async fn nth(
    shop: &mut SqliteConnection,
    kind: Kind,
    place: i64,
) -> Result<Option<Entity>> {
    let order = match kind {
        Kind::User => "id",
        Kind::Product => "sku",
        Kind::Order => "region, number",
    };
    let statement = format!("{} ORDER BY {order} LIMIT 1 OFFSET ?1->>0", select(kind));
    Ok(read(shop, kind, statement, json(&[place])).await?.pop())
}

/// Reads every entity of a kind.
pub(crate) async fn all(shop: &mut SqliteConnection, kind: Kind) -> Result<Vec<Entity>> {
    read(shop, kind, select(kind), String::new()).await
}

/// Reads the orders of a user or of a product; none for an order.
pub(crate) async fn orders_of(shop: &mut SqliteConnection, key: &Key) -> Result<Vec<Entity>> {
    let column = match key.kind() {
        Kind::User => "user_id",
        Kind::Product => "sku",
        Kind::Order => return Ok(Vec::new()),
    };
    let statement = format!("{} WHERE {column} = ?1->>0", select(Kind::Order));
    read(shop, Kind::Order, statement, key.parts()).await
}

/// How many entities of a kind there are.
pub(crate) async fn count(shop: &mut SqliteConnection, kind: Kind) -> Result<i64> {
    let statement = format!("SELECT count(*) FROM {}", kind.aggregate());
    Ok(sqlx::query_scalar(AssertSqlSafe(statement))
        .fetch_one(shop)
        .await?)
}

/// A row of the outbox that one target has not been sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unsent {
    pub(crate) id: i64,
    pub(crate) key: Key,
    /// What was written; `None` for a deletion.
    pub(crate) entity: Option<Entity>,
    pub(crate) created_at: Time,
}

/// Reads the oldest rows after number `after` that `target` has not been sent.
pub(crate) async fn unsent(
    shop: &mut SqliteConnection,
    target: Target,
    after: i64,
    limit: i64,
) -> Result<Vec<Unsent>> {
    let statement = format!(
        "SELECT id, aggregate, aggregate_id, payload, created_at FROM outbox
        WHERE {target}_sent_at IS NULL AND id > ?1 ORDER BY id LIMIT ?2"
    );
    let query = sqlx::query(AssertSqlSafe(statement))
        .bind(after)
        .bind(limit);
    query
        .fetch_all(shop)
        .await?
        .iter()
        .map(read_unsent)
        .collect()
}

/// Marks rows as sent to `target`.
pub(crate) async fn mark_sent(
    shop: &mut SqliteConnection,
    target: Target,
    ids: &[i64],
    at: Time,
) -> Result<()> {
    let statement = format!(
        "UPDATE outbox SET {target}_sent_at = ?1 WHERE id IN (SELECT value FROM json_each(?2))"
    );
    let query = sqlx::query(AssertSqlSafe(statement))
        .bind(at.to_string())
        .bind(json(&ids));
    query.execute(shop).await?;
    Ok(())
}

/// How many rows `target` has not been sent.
pub(crate) async fn count_unsent(shop: &mut SqliteConnection, target: Target) -> Result<i64> {
    let statement = format!("SELECT count(*) FROM outbox WHERE {target}_sent_at IS NULL");
    Ok(sqlx::query_scalar(AssertSqlSafe(statement))
        .fetch_one(shop)
        .await?)
}

fn read_unsent(row: &sqlx::sqlite::SqliteRow) -> Result<Unsent> {
    let id: i64 = row.try_get("id")?;
    let read = || -> Result<Unsent> {
        let kind = Kind::from_aggregate(row.try_get("aggregate")?)?;
        let payload: Option<&str> = row.try_get("payload")?;
        let created_at: &str = row.try_get_unchecked("created_at")?;
        Ok(Unsent {
            id,
            key: Key::parse(kind, row.try_get("aggregate_id")?)?,
            entity: payload.map(|it| Entity::parse(kind, it)).transpose()?,
            created_at: created_at.parse()?,
        })
    };
    read().map_err(|error| error.while_doing(format!("read outbox row {id}")))
}

async fn read(
    shop: &mut SqliteConnection,
    kind: Kind,
    statement: String,
    parameter: String,
) -> Result<Vec<Entity>> {
    let query = sqlx::query_scalar(AssertSqlSafe(statement)).bind(parameter);
    let rows: Vec<String> = query.fetch_all(shop).await?;
    let wrong = |error: Error| error.while_doing(format!("read {}", kind.aggregate()));
    rows.iter()
        .map(|it| Entity::parse(kind, it).map_err(wrong))
        .collect()
}

/// Reads entities as JSON by column name.
fn select(kind: Kind) -> String {
    let members = kind.columns().iter().map(|column| match *column {
        "active" => "'active', json(iif(active, 'true', 'false'))".to_owned(),
        "tags" => "'tags', json(tags)".to_owned(),
        plain => format!("'{plain}', {plain}"),
    });
    let members: Vec<String> = members.collect();
    format!(
        "SELECT json_object({}) FROM {}",
        members.join(", "),
        kind.aggregate()
    )
}

fn the_key(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "id = ?1->>0",
        Kind::Product => "sku = ?1->>0",
        Kind::Order => "region = ?1->>0 AND number = ?1->>1",
    }
}

/// The number after the last user's that is not one of the large ones.
pub(crate) async fn free_user_id(shop: &mut SqliteConnection) -> Result<i64> {
    let statement = "SELECT coalesce(max(id), 0) + 1 FROM users WHERE id < 9007199254740992";
    Ok(sqlx::query_scalar(statement).fetch_one(shop).await?)
}

/// The number after the region's last order's that is not one of the large ones.
pub(crate) async fn free_order_number(shop: &mut SqliteConnection, region: &str) -> Result<i64> {
    let statement = "SELECT coalesce(max(number), 0) + 1 FROM orders WHERE region = ?1 AND number < 9007199254740992";
    Ok(sqlx::query_scalar(statement)
        .bind(region)
        .fetch_one(shop)
        .await?)
}
