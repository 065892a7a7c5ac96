//! The system of record: reading and writing objects, and the outbox. Every statement that writes many takes JSON text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use serde::Serialize;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};

use crate::clock::Micros;
use crate::database::json;
use crate::ensemble::entity::{Entity, KINDS, User, columns};
use crate::ensemble::{LoadOptions, Target, generate};
use crate::error::Result;
use crate::model::{Key, Kind, Op};
use crate::postgres::{self, NULL, copy, escaped, list, push};
use crate::servers::Server;

const TABLES: &str = include_str!("../../ensemble/seed/shop.sql");
const INDEXES: &str = include_str!("../../ensemble/seed/shop-indexes.sql");

/// How long after its change a row that was sent long ago was sent, in microseconds.
const SENT_AFTER: i64 = 50_000;

/// Every so-many-th object has its last change in the outbox, sent.
const REMEMBERED: usize = 10;

/// A row of the outbox, before it has a number.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outgoing {
    aggregate: &'static str,
    aggregate_id: String,
    op: Op,
    payload: Option<Entity>,
    created_at: Micros,
    /// `sent_crm` and so on; what is not named is not sent.
    #[serde(flatten)]
    sent: BTreeMap<String, Micros>,
}

impl Outgoing {
    /// A change that wrote `entity`, made at its version and not sent anywhere yet.
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
            sent: BTreeMap::new(),
        }
    }

    /// Marks it as sent to every copy but those, a moment after it was made.
    pub(crate) fn sent_except(mut self, except: &[Target]) -> Self {
        let at = self.created_at.plus(SENT_AFTER);
        let others = Target::ALL.into_iter().filter(|it| !except.contains(it));
        self.sent.extend(others.map(|it| (sent_column(it), at)));
        self
    }
}

fn sent_column(copy: Target) -> String {
    format!("sent_{}", copy.name())
}

/// Fills the database, which is empty.
pub(crate) async fn fill(options: LoadOptions, server: Server) -> Result<()> {
    let mut shop = postgres::connect(&server).await?;
    sqlx::raw_sql("set synchronous_commit = off")
        .execute(&mut shop)
        .await?;
    sqlx::raw_sql(TABLES).execute(&mut shop).await?;
    let places: Vec<i64> = (0..i64::from(options.scale)).collect();
    let remembered: Vec<i64> = places.iter().copied().step_by(REMEMBERED).collect();
    for kind in options.kinds() {
        let at = |place| generate::entity_at(&options, *kind, place);
        let line = |text: &mut String, place| row(text, &at(place));
        copy(&mut shop, kind.aggregate(), &places, line).await?;
        let line = |text: &mut String, place| outbox_row(text, &at(place));
        copy(&mut shop, &outbox(), &remembered, line).await?;
    }
    sqlx::raw_sql(INDEXES).execute(&mut shop).await?;
    Ok(shop.close().await?)
}

/// The outbox with the columns that [`outbox_row`] writes.
fn outbox() -> String {
    format!("outbox ({})", outbox_columns())
}

fn outbox_columns() -> String {
    let sent = Target::ALL.map(sent_column).join(", ");
    format!("aggregate, aggregate_id, op, payload, created_at, {sent}")
}

fn row(text: &mut String, entity: &Entity) {
    match entity {
        Entity::User(it) => user_row(text, it),
        Entity::Order(it) => push(
            text,
            &[
                &escaped(&it.region),
                &it.number,
                &it.user_id,
                &escaped(&it.sku),
                &it.quantity,
                &it.total,
                &it.state,
                &it.placed_at,
                &it.updated_at,
            ],
        ),
    }
}

fn user_row(text: &mut String, user: &User) {
    let it = &user.common;
    let fields: [&dyn Display; 14] = [
        &it.id,
        &user.public_id,
        &escaped(&it.name),
        &escaped(&it.email),
        &it.city.as_deref().map_or(NULL.to_owned(), escaped),
        &it.balance,
        &it.points,
        &user.plan,
        &list(&it.tags),
        &escaped(&user.settings.to_string()),
        &it.born,
        &it.is_active,
        &it.created_at,
        &it.updated_at,
    ];
    push(text, &fields);
}

fn outbox_row(text: &mut String, entity: &Entity) {
    let row = Outgoing::wrote(Op::Update, entity).sent_except(&[]);
    let (id, payload) = (escaped(&row.aggregate_id), escaped(&json(entity)));
    let mut fields: Vec<&dyn Display> =
        vec![&row.aggregate, &id, &row.op, &payload, &row.created_at];
    fields.extend(row.sent.values().map(|it| it as &dyn Display));
    push(text, &fields);
}

/// Whether any row waits for one of the copies.
pub(crate) async fn has_unsent(shop: &mut PgConnection, copies: &[Target]) -> Result<bool> {
    for it in copies {
        let column = sent_column(*it);
        let text = format!("select exists (select from outbox where {column} is null)");
        if sqlx::query_scalar(AssertSqlSafe(text))
            .fetch_one(&mut *shop)
            .await?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The keys of a kind, in their order.
pub(crate) async fn keys(shop: &mut PgConnection, kind: Kind) -> Result<Vec<Key>> {
    let statement = match kind {
        Kind::Order => "select region, number from orders order by region, number",
        Kind::User | Kind::Product => {
            let users = sqlx::query_scalar("select id from users order by id");
            let ids: Vec<i64> = users.fetch_all(shop).await?;
            return Ok(ids.into_iter().map(Key::User).collect());
        }
    };
    let rows: Vec<(String, i64)> = sqlx::query_as(statement).fetch_all(shop).await?;
    let keys = rows.into_iter();
    Ok(keys
        .map(|(region, number)| Key::Order(region, number))
        .collect())
}

/// The users whom orders name.
pub(crate) async fn buyers(shop: &mut PgConnection) -> Result<BTreeSet<i64>> {
    let buyers = sqlx::query_scalar("select distinct user_id from orders");
    let buyers: Vec<i64> = buyers.fetch_all(shop).await?;
    Ok(buyers.into_iter().collect())
}

/// The objects of a kind that have one of the keys, in any order.
pub(crate) async fn read(shop: &mut PgConnection, kind: Kind, keys: &[Key]) -> Result<Vec<Entity>> {
    let table = kind.aggregate();
    let statement = format!(
        "select payload(it)::text from {table} it where aggregate_id(it) in (select json_array_elements_text($1::json))"
    );
    let keys: Vec<String> = keys.iter().map(Key::to_string).collect();
    let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(statement))
        .bind(json(&keys))
        .fetch_all(shop)
        .await?;
    rows.iter().map(|it| Entity::parse(kind, it)).collect()
}

/// Writes objects, removes others, and adds rows to the outbox, all in one transaction.
pub(crate) async fn change(
    shop: &mut PgConnection,
    written: &[Entity],
    removed: &[Key],
    sent: &[Outgoing],
) -> Result<()> {
    let mut transaction = shop.begin().await?;
    for kind in KINDS {
        let written: Vec<&Entity> = written.iter().filter(|it| it.kind() == kind).collect();
        execute(&mut transaction, upsert(kind), json(&written)).await?;
        let keys = removed.iter().filter(|it| it.kind() == kind);
        let keys: Vec<String> = keys.map(Key::to_string).collect();
        execute(&mut transaction, removal(kind), json(&keys)).await?;
    }
    let columns = outbox_columns();
    let statement = format!(
        "insert into outbox ({columns}) select {columns} from json_populate_recordset(null::outbox, $1::json)"
    );
    execute(&mut transaction, statement, json(&sent)).await?;
    Ok(transaction.commit().await?)
}

fn upsert(kind: Kind) -> String {
    let table = kind.aggregate();
    let excluded = columns(kind).iter();
    let excluded: Vec<String> = excluded.map(|it| format!("{it} = excluded.{it}")).collect();
    let key = match kind {
        Kind::User | Kind::Product => "id",
        Kind::Order => "region, number",
    };
    format!(
        "insert into {table} select * from json_populate_recordset(null::{table}, $1::json) on conflict ({key}) do update set {}",
        excluded.join(", ")
    )
}

fn removal(kind: Kind) -> String {
    let table = kind.aggregate();
    format!(
        "delete from {table} it where aggregate_id(it) in (select json_array_elements_text($1::json))"
    )
}

async fn execute(shop: &mut PgConnection, statement: String, parameter: String) -> Result<()> {
    let query = sqlx::query(AssertSqlSafe(statement)).bind(parameter);
    query.execute(shop).await?;
    Ok(())
}
