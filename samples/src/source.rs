//! The application that writes: every change of the system of record goes with its outbox row in one transaction.

use std::path::Path;

use serde_json::Value;
use sqlx::{Connection, SqliteConnection};

use crate::clock::Time;
use crate::database::{self, SHOP};
use crate::error::{Error, Result};
use crate::model::{Entity, Key, Kind, Op, Order, Product, User};
use crate::pocket::generate;
use crate::rng::Rng;
use crate::shop::{self, Outgoing};

/// One change that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it did.
    pub op: Op,
    /// To which object.
    pub key: Key,
    /// The version it made, or the time of the deletion.
    pub at: Time,
}

/// A writer to the system of record of a loaded sample.
#[derive(Debug)]
pub struct Source {
    shop: SqliteConnection,
    rng: Rng,
}

impl Source {
    /// Opens the system of record in `dir`. The seed decides what [`Source::change`] does.
    pub async fn open(dir: &Path, seed: u64) -> Result<Self> {
        Ok(Self {
            shop: database::open(dir, SHOP).await?,
            rng: Rng::new(seed),
        })
    }

    /// Reads one object.
    pub async fn get(&mut self, key: &Key) -> Result<Option<Entity>> {
        shop::get(&mut self.shop, key).await
    }

    /// Sets one field of one object now; the field has its column's name and the value the form that the outbox uses.
    pub async fn set(&mut self, key: &Key, field: &str, value: Value) -> Result<Change> {
        let mut transaction = self.shop.begin_with("BEGIN IMMEDIATE").await?;
        let entity = existing(&mut transaction, key).await?;
        let changed = with_field(&entity, field, value)?;
        let change = write(&mut transaction, Op::Update, changed).await?;
        transaction.commit().await?;
        Ok(change)
    }

    /// Deletes one object now, and before it the orders that name it; the change returned is the object's own.
    pub async fn delete(&mut self, key: &Key) -> Result<Change> {
        let mut transaction = self.shop.begin_with("BEGIN IMMEDIATE").await?;
        existing(&mut transaction, key).await?;
        let change = erase(&mut transaction, key).await?;
        transaction.commit().await?;
        Ok(change)
    }

    /// Makes one change that the seed decides: mostly updates, some insertions, few deletions.
    pub async fn change(&mut self) -> Result<Change> {
        let mut transaction = self.shop.begin_with("BEGIN IMMEDIATE").await?;
        let change = any_change(&mut transaction, &mut self.rng).await?;
        transaction.commit().await?;
        Ok(change)
    }

    /// Closes the database.
    pub async fn close(self) -> Result<()> {
        Ok(self.shop.close().await?)
    }
}

/// Sets one field of one user now, for example `city` to `"Oslo"`.
pub async fn change_user(
    dir: &Path,
    id: i64,
    field: &str,
    value: impl Into<Value>,
) -> Result<Change> {
    let mut source = Source::open(dir, 0).await?;
    let change = source.set(&Key::User(id), field, value.into()).await?;
    source.close().await?;
    Ok(change)
}

/// Deletes one user now, with the user's orders.
pub async fn delete_user(dir: &Path, id: i64) -> Result<Change> {
    let mut source = Source::open(dir, 0).await?;
    let change = source.delete(&Key::User(id)).await?;
    source.close().await?;
    Ok(change)
}

async fn existing(shop: &mut SqliteConnection, key: &Key) -> Result<Entity> {
    let found = shop::get(shop, key).await?;
    found.ok_or_else(|| {
        Error::new(format!(
            "no {} {:?} in shop",
            key.kind().entity(),
            key.to_string()
        ))
    })
}

/// The entity with one field changed; key and version are not for changing.
fn with_field(entity: &Entity, field: &str, value: Value) -> Result<Entity> {
    let kind = entity.kind();
    if field == "updated_at" || !kind.columns().contains(&field) {
        let hint = format!("one of {}", kind.columns().join(", "));
        return Err(
            Error::new(format!("no field {field:?} of {} to change", kind.entity())).hint(hint),
        );
    }
    let mut row = serde_json::to_value(entity)?;
    if let Some(members) = row.as_object_mut() {
        members.insert(field.to_owned(), value);
    }
    let changed = Entity::parse(kind, &row.to_string())
        .map_err(|it| it.while_doing(format!("set {field:?}")))?;
    if changed.key() != entity.key() {
        return Err(Error::new(format!("{field:?} is part of the key")));
    }
    Ok(changed)
}

/// Writes an entity at a new version.
async fn write(shop: &mut SqliteConnection, op: Op, mut entity: Entity) -> Result<Change> {
    entity.touch(entity.updated_at().next_version(Time::now()));
    shop::upsert(shop, &entity).await?;
    shop::send(shop, &[Outgoing::wrote(op, &entity)]).await?;
    Ok(Change {
        op,
        key: entity.key(),
        at: entity.updated_at(),
    })
}

/// Deletes an object after the orders that name it, so that no order is left without its ends.
async fn erase(shop: &mut SqliteConnection, key: &Key) -> Result<Change> {
    let orders = shop::orders_of(shop, key).await?;
    let at = Time::now();
    for key in orders.iter().map(Entity::key).chain([key.clone()]) {
        shop::remove(shop, &key).await?;
        shop::send(shop, &[Outgoing::deleted(&key, at)]).await?;
    }
    Ok(Change {
        op: Op::Delete,
        key: key.clone(),
        at,
    })
}

async fn any_change(shop: &mut SqliteConnection, rng: &mut Rng) -> Result<Change> {
    let kind = match rng.below(10) {
        0..=2 => Kind::User,
        3..=4 => Kind::Product,
        _ => Kind::Order,
    };
    let insert = rng.chance(20);
    let found = some(shop, rng, kind).await?;
    match found {
        Some(entity) if !insert && is_deletable(rng, kind) => erase(shop, &entity.key()).await,
        Some(mut entity) if !insert => {
            generate::vary(rng, &mut entity);
            write(shop, Op::Update, entity).await
        }
        _ => insert_any(shop, rng, kind).await,
    }
}

/// Orders come and go; users and products, which take their orders along, seldom do.
fn is_deletable(rng: &mut Rng, kind: Kind) -> bool {
    rng.chance(if kind == Kind::Order { 15 } else { 3 })
}

/// A random object of a kind, if there is one.
async fn some(shop: &mut SqliteConnection, rng: &mut Rng, kind: Kind) -> Result<Option<Entity>> {
    let count = shop::count(shop, kind).await?;
    shop::nth(shop, kind, rng.below(count)).await
}

/// Writes a new object; an order needs a user and a product, so the first of those that is not there is made instead.
async fn insert_any(shop: &mut SqliteConnection, rng: &mut Rng, kind: Kind) -> Result<Change> {
    let (user, product) = (
        some(shop, rng, Kind::User).await?,
        some(shop, rng, Kind::Product).await?,
    );
    let entity = match (kind, user, product) {
        (Kind::Order, Some(Entity::User(user)), Some(Entity::Product(product))) => {
            Entity::Order(new_order(shop, rng, user, product).await?)
        }
        (Kind::User, ..) | (Kind::Order, None, _) => Entity::User(new_user(shop, rng).await?),
        _ => Entity::Product(new_product(rng)),
    };
    write(shop, Op::Insert, entity).await
}

async fn new_user(shop: &mut SqliteConnection, rng: &mut Rng) -> Result<User> {
    let created_at = Time::now();
    let user = generate::user(rng, shop::free_user_id(shop).await?);
    Ok(User {
        created_at,
        updated_at: created_at,
        ..user
    })
}

fn new_product(rng: &mut Rng) -> Product {
    let sku = format!("NEW-{:016X}", rng.bits());
    Product {
        updated_at: Time::now(),
        ..generate::product(rng, sku)
    }
}

async fn new_order(
    shop: &mut SqliteConnection,
    rng: &mut Rng,
    user: User,
    product: Product,
) -> Result<Order> {
    let region = generate::region(rng);
    let number = shop::free_order_number(shop, region).await?;
    let placed_at = Time::now();
    Ok(Order {
        placed_at,
        updated_at: placed_at,
        ..generate::order(rng, region, number, &[user], &[product])
    })
}
