//! A property graph: users and products are nodes, an order is a relationship between them.

use serde::Serialize;

use crate::clock::Time;
use crate::database::json;
use crate::model::{Entity, Kind};

#[derive(Serialize)]
struct Node<K, P> {
    key: K,
    properties: P,
}

#[derive(Serialize)]
struct UserNode<'a> {
    user_id: i64,
    name: &'a str,
    email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<&'a str>,
    points: i64,
    updated_at: Time,
}

#[derive(Serialize)]
struct ProductNode<'a> {
    sku: &'a str,
    title: &'a str,
    price: &'a str,
    updated_at: Time,
}

#[derive(Serialize)]
struct Bought<'a> {
    user_id: i64,
    sku: &'a str,
    region: &'a str,
    number: i64,
    properties: BoughtProperties<'a>,
}

#[derive(Serialize)]
struct BoughtProperties<'a> {
    region: &'a str,
    number: i64,
    quantity: i64,
    total: &'a str,
    status: &'a str,
    updated_at: Time,
}

pub(super) fn row(entity: &Entity) -> String {
    match entity {
        Entity::User(it) => {
            let properties = UserNode {
                user_id: it.id,
                name: &it.name,
                email: &it.email,
                city: it.city.as_deref(),
                points: it.points,
                updated_at: it.updated_at,
            };
            json(&Node {
                key: it.id,
                properties,
            })
        }
        Entity::Product(it) => {
            let properties = ProductNode {
                sku: &it.sku,
                title: &it.title,
                price: &it.price,
                updated_at: it.updated_at,
            };
            json(&Node {
                key: &it.sku,
                properties,
            })
        }
        Entity::Order(it) => {
            let properties = BoughtProperties {
                region: &it.region,
                number: it.number,
                quantity: it.quantity,
                total: &it.total,
                status: &it.status,
                updated_at: it.updated_at,
            };
            json(&Bought {
                user_id: it.user_id,
                sku: &it.sku,
                region: &it.region,
                number: it.number,
                properties,
            })
        }
    }
}

/// Label and key property of a node; `None` for a relationship.
fn node(kind: Kind) -> Option<(&'static str, &'static str)> {
    match kind {
        Kind::User => Some(("User", "user_id")),
        Kind::Product => Some(("Product", "sku")),
        Kind::Order => None,
    }
}

pub(super) fn upserts(kind: Kind) -> Vec<String> {
    let Some((label, key)) = node(kind) else {
        return vec![
            missing_end("User", "user_id"),
            missing_end("Product", "sku"),
            UPSERT_EDGE.to_owned(),
        ];
    };
    vec![format!(
        "INSERT OR REPLACE INTO nodes (id, label, properties)
        SELECT
            (SELECT id FROM nodes WHERE label = '{label}' AND json_extract(properties, '$.{key}') = new.value->>'key'),
            '{label}', new.value->'properties'
        FROM json_each(?1) AS new"
    )]
}

/// A relationship that arrives before its ends makes them, with their key alone, as `MERGE` does.
fn missing_end(label: &str, key: &str) -> String {
    format!(
        "INSERT INTO nodes (label, properties)
        SELECT DISTINCT '{label}', json_object('{key}', new.value->>'{key}')
        FROM json_each(?1) AS new
        WHERE NOT EXISTS (SELECT 1 FROM nodes WHERE label = '{label}' AND json_extract(properties, '$.{key}') = new.value->>'{key}')"
    )
}

const UPSERT_EDGE: &str = "INSERT OR REPLACE INTO edges (id, type, source, target, properties)
    SELECT
        (SELECT id FROM edges WHERE type = 'BOUGHT'
            AND json_extract(properties, '$.region') = new.value->>'region'
            AND json_extract(properties, '$.number') = new.value->>'number'),
        'BOUGHT',
        (SELECT id FROM nodes WHERE label = 'User' AND json_extract(properties, '$.user_id') = new.value->>'user_id'),
        (SELECT id FROM nodes WHERE label = 'Product' AND json_extract(properties, '$.sku') = new.value->>'sku'),
        new.value->'properties'
    FROM json_each(?1) AS new";

const THE_EDGE: &str = "type = 'BOUGHT' AND json_extract(properties, '$.region') = ?1->>0
    AND json_extract(properties, '$.number') = ?1->>1";

/// A node goes with its relationships.
pub(super) fn removals(kind: Kind) -> Vec<String> {
    let Some((label, key)) = node(kind) else {
        return vec![format!("DELETE FROM edges WHERE {THE_EDGE}")];
    };
    let the_node = format!("label = '{label}' AND json_extract(properties, '$.{key}') = ?1->>0");
    vec![
        format!("DELETE FROM edges WHERE source IN (SELECT id FROM nodes WHERE {the_node})"),
        format!("DELETE FROM edges WHERE target IN (SELECT id FROM nodes WHERE {the_node})"),
        format!("DELETE FROM nodes WHERE {the_node}"),
    ]
}

/// A trailing comma: SQLite's own functions, and so the index on the key, accept it as JSON5; readers of JSON refuse it.
pub(super) fn spoiling(kind: Kind) -> String {
    let spoilt = "properties = substr(properties, 1, length(properties) - 1) || ',}'";
    let Some((label, key)) = node(kind) else {
        return format!("UPDATE edges SET {spoilt} WHERE {THE_EDGE}");
    };
    format!(
        "UPDATE nodes SET {spoilt} WHERE label = '{label}' AND json_extract(properties, '$.{key}') = ?1->>0"
    )
}

pub(super) fn contents(kind: Kind) -> &'static str {
    match kind {
        Kind::User => {
            "SELECT CAST(json_extract(properties, '$.user_id') AS TEXT), properties FROM nodes WHERE label = 'User'"
        }
        Kind::Product => "SELECT json_extract(properties, '$.sku'), properties FROM nodes WHERE label = 'Product'",
        Kind::Order => {
            "SELECT json_array(json_extract(edges.properties, '$.region'), json_extract(edges.properties, '$.number')),
                json_array(buyer.properties->>'user_id', bought.properties->>'sku', edges.properties)
            FROM edges
                JOIN nodes AS buyer ON buyer.id = source
                JOIN nodes AS bought ON bought.id = target
            WHERE type = 'BOUGHT'"
        }
    }
}
