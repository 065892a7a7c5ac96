//! Full-text indexes: flat rows, names folded, found by row number.

use serde::Serialize;

use crate::clock::Time;
use crate::database::{json, replace_into};
use crate::model::{Entity, Key, Kind};

#[derive(Serialize)]
struct Row<F> {
    rowid: i64,
    #[serde(flatten)]
    fields: F,
}

#[derive(Serialize)]
struct UserFields<'a> {
    id: i64,
    name: String,
    email: &'a str,
    city: Option<&'a str>,
    updated_at: Time,
}

#[derive(Serialize)]
struct ProductFields<'a> {
    sku: &'a str,
    title: &'a str,
    tags: &'a [String],
    price: &'a str,
    updated_at: Time,
}

#[derive(Serialize)]
struct OrderFields<'a> {
    region: &'a str,
    number: i64,
    status: &'a str,
    updated_at: Time,
}

pub(super) fn row(entity: &Entity) -> String {
    let rowid = entity.key().row();
    match entity {
        Entity::User(it) => {
            let fields = UserFields {
                id: it.id,
                name: it.name.to_lowercase(),
                email: &it.email,
                city: it.city.as_deref(),
                updated_at: it.updated_at,
            };
            json(&Row { rowid, fields })
        }
        Entity::Product(it) => {
            let fields = ProductFields {
                sku: &it.sku,
                title: &it.title,
                tags: &it.tags,
                price: &it.price,
                updated_at: it.updated_at,
            };
            json(&Row { rowid, fields })
        }
        Entity::Order(it) => {
            let fields = OrderFields {
                region: &it.region,
                number: it.number,
                status: &it.status,
                updated_at: it.updated_at,
            };
            json(&Row { rowid, fields })
        }
    }
}

pub(super) fn upserts(kind: Kind) -> Vec<String> {
    let columns: &[&str] = match kind {
        Kind::User => &["rowid", "id", "name", "email", "city", "updated_at"],
        Kind::Product => &["rowid", "sku", "title", "tags", "price", "updated_at"],
        Kind::Order => &["rowid", "region", "number", "status", "updated_at"],
    };
    vec![replace_into(kind.aggregate(), columns)]
}

/// The row number as a list of one.
pub(super) fn parameter(key: &Key) -> String {
    json(&[key.row()])
}

pub(super) fn removals(kind: Kind) -> Vec<String> {
    vec![format!(
        "DELETE FROM {} WHERE rowid = ?1->>0",
        kind.aggregate()
    )]
}

pub(super) fn contents(kind: Kind) -> &'static str {
    match kind {
        Kind::User => {
            "SELECT CAST(id AS TEXT), json_array(rowid, name, email, city, updated_at) FROM users"
        }
        Kind::Product => {
            "SELECT sku, json_array(rowid, title, tags, price, updated_at) FROM products"
        }
        Kind::Order => {
            "SELECT json_array(region, number), json_array(rowid, status, updated_at) FROM orders"
        }
    }
}
