//! Documents: a collection is a table of id and JSON.

use jiff::civil::Date;
use serde::Serialize;

use crate::clock::Time;
use crate::database::{json, replace_into};
use crate::model::{Entity, Key, Kind, Order, Product, User};

#[derive(Serialize)]
struct Row<I, D> {
    id: I,
    doc: D,
}

#[derive(Serialize)]
struct UserDoc<'a> {
    id: i64,
    name: &'a str,
    mail: &'a str,
    address: Address<'a>,
    active: bool,
    balance: &'a str,
    points: i64,
    born: Date,
    created_at: Time,
    updated_at: Time,
}

#[derive(Serialize)]
struct Address<'a> {
    city: Option<&'a str>,
}

#[derive(Serialize)]
struct ProductDoc<'a> {
    sku: &'a str,
    title: &'a str,
    price: &'a str,
    tags: &'a [String],
    inventory: Inventory,
    updated_at: Time,
}

#[derive(Serialize)]
struct Inventory {
    stock: i64,
}

#[derive(Serialize)]
struct OrderDoc<'a> {
    region: &'a str,
    number: i64,
    customer: Customer,
    line: Line<'a>,
    total: &'a str,
    status: &'a str,
    placed_at: Time,
    updated_at: Time,
}

#[derive(Serialize)]
struct Customer {
    id: i64,
}

#[derive(Serialize)]
struct Line<'a> {
    sku: &'a str,
    quantity: i64,
}

pub(super) fn row(entity: &Entity) -> String {
    match entity {
        Entity::User(it) => json(&Row {
            id: it.id,
            doc: user(it),
        }),
        Entity::Product(it) => json(&Row {
            id: &it.sku,
            doc: product(it),
        }),
        Entity::Order(it) => json(&Row {
            id: entity.key().to_string(),
            doc: order(it),
        }),
    }
}

fn user(it: &User) -> UserDoc<'_> {
    UserDoc {
        id: it.id,
        name: &it.name,
        mail: &it.email,
        address: Address {
            city: it.city.as_deref(),
        },
        active: it.active,
        balance: &it.balance,
        points: it.points,
        born: it.born,
        created_at: it.created_at,
        updated_at: it.updated_at,
    }
}

fn product(it: &Product) -> ProductDoc<'_> {
    ProductDoc {
        sku: &it.sku,
        title: &it.title,
        price: &it.price,
        tags: &it.tags,
        inventory: Inventory { stock: it.stock },
        updated_at: it.updated_at,
    }
}

fn order(it: &Order) -> OrderDoc<'_> {
    OrderDoc {
        region: &it.region,
        number: it.number,
        customer: Customer { id: it.user_id },
        line: Line {
            sku: &it.sku,
            quantity: it.quantity,
        },
        total: &it.total,
        status: &it.status,
        placed_at: it.placed_at,
        updated_at: it.updated_at,
    }
}

pub(super) fn upserts(kind: Kind) -> Vec<String> {
    vec![replace_into(kind.aggregate(), &["id", "doc"])]
}

/// The id as a list of one.
pub(super) fn parameter(key: &Key) -> String {
    match key {
        Key::User(id) => json(&[id]),
        Key::Product(_) | Key::Order(..) => json(&[key.to_string()]),
    }
}

pub(super) fn removals(kind: Kind) -> Vec<String> {
    vec![format!(
        "DELETE FROM {} WHERE id = ?1->>0",
        kind.aggregate()
    )]
}

/// Half a document, where its key stands in a column of its own. An order is found by members of its document, so it
/// only gains a comma that SQLite's own functions accept as JSON5 and readers of JSON refuse.
pub(super) fn spoiling(kind: Kind) -> String {
    let spoilt = match kind {
        Kind::User | Kind::Product => "substr(doc, 1, length(doc) / 2)",
        Kind::Order => "substr(doc, 1, length(doc) - 1) || ',}'",
    };
    format!(
        "UPDATE {} SET doc = {spoilt} WHERE id = ?1->>0",
        kind.aggregate()
    )
}

pub(super) fn contents(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "SELECT CAST(id AS TEXT), doc FROM users",
        Kind::Product => "SELECT id, doc FROM products",
        Kind::Order => "SELECT id, doc FROM orders",
    }
}
