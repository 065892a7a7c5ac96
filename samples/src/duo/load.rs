//! Filling both stores: one copies rows in, the other takes long pipelines; objects are generated on the way.

use std::fmt::Display;
use std::ops::Range;

use sqlx::Connection as _;
use tokio::task::JoinSet;

use crate::database::json;
use crate::duo::entity::{Entity, Order, User};
use crate::duo::shop::Outgoing;
use crate::duo::{Extent, LoadOptions, bus, form, generate, stores};
use crate::error::{Error, Result};
use crate::model::{Kind, Op};
use crate::postgres::{self, NULL, copy, escaped, list, push};
use crate::servers::Server;

const TABLES: &str = include_str!("../../duo/seed/tables.sql");
const RULES: &str = include_str!("../../duo/seed/rules.sql");

/// How many objects are sent at a time.
const BATCH: i64 = 1_000;

/// Every so-many-th object has its last change in the outbox, sent.
const REMEMBERED: i64 = 10;

/// Fills both stores, which are empty.
pub(super) async fn fill(options: &LoadOptions, shop: &Server, cache: &Server) -> Result<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(fill_shop(*options, shop.clone()));
    let scale = i64::from(options.scale);
    tasks.spawn(fill_cache(*options, cache.clone(), 0..scale / 2));
    tasks.spawn(fill_cache(*options, cache.clone(), scale / 2..scale));
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|it| Error::new(format!("a task of the load ended: {it}")))??;
    }
    let mut pipe = redis::pipe();
    bus::create(&mut pipe);
    let mut cache = stores::cache(cache).await?;
    Ok(pipe.exec_async(&mut cache).await?)
}

fn kinds(options: &LoadOptions) -> &'static [Kind] {
    match options.extent {
        Extent::Whole => &super::KINDS,
        Extent::UserHashes => &[Kind::User],
    }
}

async fn fill_shop(options: LoadOptions, server: Server) -> Result<()> {
    let mut shop = postgres::connect(&server).await?;
    sqlx::raw_sql("set synchronous_commit = off")
        .execute(&mut shop)
        .await?;
    sqlx::raw_sql(TABLES).execute(&mut shop).await?;
    for kind in kinds(&options) {
        let line = |text: &mut String, place| match generate::entity_at(&options, *kind, place) {
            Entity::User(it) => user_line(text, &it),
            Entity::Order(it) => order_line(text, &it),
        };
        copy(&mut shop, kind.aggregate(), &every(&options, 1), line).await?;
        let remembered = |text: &mut String, place| {
            outbox_line(text, &generate::entity_at(&options, *kind, place));
        };
        let columns = "outbox (aggregate, aggregate_id, op, payload, created_at, sent_at)";
        copy(&mut shop, columns, &every(&options, REMEMBERED), remembered).await?;
    }
    sqlx::raw_sql(RULES).execute(&mut shop).await?;
    let counters = "select
        setval('user_ids', (select coalesce(max(id), 0) + 1 from users where id < 9007199254740992)),
        setval('order_numbers', (select coalesce(max(number), 0) + 1 from orders where number < 9007199254740992))";
    sqlx::raw_sql(counters).execute(&mut shop).await?;
    sqlx::raw_sql("analyze").execute(&mut shop).await?;
    Ok(shop.close().await?)
}

fn every(options: &LoadOptions, step: i64) -> Vec<i64> {
    let step = usize::try_from(step).unwrap_or(1);
    (0..i64::from(options.scale)).step_by(step).collect()
}

fn user_line(text: &mut String, it: &User) {
    let fields: [&dyn Display; 11] = [
        &it.id,
        &escaped(&it.name),
        &escaped(&it.email),
        &it.city.as_deref().map_or(NULL.to_owned(), escaped),
        &it.balance,
        &it.points,
        &list(&it.tags),
        &it.born,
        &it.is_active,
        &it.created_at,
        &it.updated_at,
    ];
    push(text, &fields);
}

fn order_line(text: &mut String, it: &Order) {
    let fields: [&dyn Display; 9] = [
        &escaped(&it.region),
        &it.number,
        &it.user_id,
        &escaped(&it.sku),
        &it.quantity,
        &it.total,
        &it.state,
        &it.placed_at,
        &it.updated_at,
    ];
    push(text, &fields);
}

fn outbox_line(text: &mut String, entity: &Entity) {
    let row = Outgoing::wrote(Op::Update, entity).sent();
    let sent_at = row.sent_at.unwrap_or(row.created_at);
    let fields: [&dyn Display; 6] = [
        &row.aggregate,
        &escaped(&row.aggregate_id),
        &row.op,
        &escaped(&json(entity)),
        &row.created_at,
        &sent_at,
    ];
    push(text, &fields);
}

async fn fill_cache(options: LoadOptions, server: Server, places: Range<i64>) -> Result<()> {
    let mut cache = stores::cache(&server).await?;
    for kind in kinds(&options) {
        let mut start = places.start;
        while start < places.end {
            let end = places.end.min(start + BATCH);
            let mut pipe = redis::pipe();
            for place in start..end {
                create(
                    &mut pipe,
                    &options,
                    &generate::entity_at(&options, *kind, place),
                );
            }
            pipe.exec_async(&mut cache).await?;
            start = end;
        }
    }
    Ok(())
}

fn create(pipe: &mut redis::Pipeline, options: &LoadOptions, entity: &Entity) {
    let key = entity.key();
    for place in options.places() {
        if let Some(form) = form::form(*place, entity) {
            form.create(pipe, &place.key(&key));
        }
    }
}
