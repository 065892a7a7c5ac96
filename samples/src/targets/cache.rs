//! Keys with expiry: one table, a JSON value a key, and only some of the entities.

use serde::Serialize;

use crate::clock::Time;
use crate::database::{json, replace_into};
use crate::model::{Entity, Key, Kind, expiry_ms, units};

#[derive(Serialize)]
struct Row<'a> {
    key: String,
    value: Value<'a>,
    expires_at: Option<i64>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    User {
        mail: &'a str,
        balance_e4: i64,
        updated_at: Time,
    },
    Product {
        title: &'a str,
        price_cents: i64,
        stock: i64,
        updated_at: Time,
    },
    Order {
        total: &'a str,
        status: &'a str,
        updated_at: Time,
    },
}

pub(super) fn row(entity: &Entity) -> Option<String> {
    let key = entity.key();
    if !key.is_cached() {
        return None;
    }
    let value = match entity {
        Entity::User(it) => Value::User {
            mail: &it.email,
            balance_e4: units(&it.balance),
            updated_at: it.updated_at,
        },
        Entity::Product(it) => Value::Product {
            title: &it.title,
            price_cents: units(&it.price),
            stock: it.stock,
            updated_at: it.updated_at,
        },
        Entity::Order(it) => Value::Order {
            total: &it.total,
            status: &it.status,
            updated_at: it.updated_at,
        },
    };
    Some(json(&Row {
        key: key.in_cache(),
        value,
        expires_at: expiry_ms(&key),
    }))
}

pub(super) fn upserts() -> Vec<String> {
    vec![replace_into("kv", &["key", "value", "expires_at"])]
}

/// The key in the cache as a list of one.
pub(super) fn parameter(key: &Key) -> String {
    json(&[key.in_cache()])
}

pub(super) fn removals() -> Vec<String> {
    vec!["DELETE FROM kv WHERE key = ?1->>0".to_owned()]
}

pub(super) fn spoiling() -> String {
    "UPDATE kv SET value = substr(value, 1, length(value) / 2) WHERE key = ?1->>0".to_owned()
}

pub(super) fn contents(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "SELECT substr(key, 6), concat(value, ' ', expires_at) FROM kv WHERE key GLOB 'user:*'",
        Kind::Product => "SELECT substr(key, 9), concat(value, ' ', expires_at) FROM kv WHERE key GLOB 'product:*'",
        Kind::Order => {
            "SELECT json_array(substr(rest, 1, colon - 1), CAST(substr(rest, colon + 1) AS INTEGER)), concat(value, ' ', expires_at)
            FROM (SELECT substr(key, 7) AS rest, instr(substr(key, 7), ':') AS colon, value, expires_at FROM kv WHERE key GLOB 'order:*')"
        }
    }
}
