//! What each target holds, and the statements that write it. Every statement takes one parameter, JSON text.
//!
//! All of them may run twice: an upsert replaces, a removal of what is not there does nothing.

use sqlx::{Row, SqliteConnection};

use crate::database::execute;
use crate::error::Result;
use crate::model::{Entity, Key, Kind, Target};

mod cache;
mod docs;
mod graph;
mod search;

/// Writes the representations of one entity.
pub(crate) async fn upsert(
    connection: &mut SqliteConnection,
    target: Target,
    entity: &Entity,
) -> Result<()> {
    upsert_all(
        connection,
        target,
        entity.kind(),
        std::slice::from_ref(entity),
    )
    .await
}

/// Writes the representations of many entities of one kind, whose keys differ.
pub(crate) async fn upsert_all(
    connection: &mut SqliteConnection,
    target: Target,
    kind: Kind,
    entities: &[Entity],
) -> Result<()> {
    let rows: Vec<String> = entities.iter().filter_map(|it| row(target, it)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let parameter = format!("[{}]", rows.join(","));
    for statement in upserts(target, kind) {
        execute(connection, statement, parameter.clone()).await?;
    }
    Ok(())
}

/// Removes the representation of one entity.
pub(crate) async fn remove(
    connection: &mut SqliteConnection,
    target: Target,
    key: &Key,
) -> Result<()> {
    let (statements, parameter) = match target {
        Target::Docs => (docs::removals(key.kind()), docs::parameter(key)),
        Target::Cache => (cache::removals(), cache::parameter(key)),
        Target::Search => (search::removals(key.kind()), search::parameter(key)),
        Target::Graph => (graph::removals(key.kind()), key.parts()),
    };
    for statement in statements {
        execute(connection, statement, parameter.clone()).await?;
    }
    Ok(())
}

/// Makes the representation of one entity undecodable; returns how. A search index holds no JSON to spoil.
pub(crate) async fn spoil(
    connection: &mut SqliteConnection,
    target: Target,
    key: &Key,
) -> Result<&'static str> {
    let (statement, parameter, how) = match target {
        Target::Docs => (
            docs::spoiling(key.kind()),
            docs::parameter(key),
            "the document's text is no longer JSON",
        ),
        Target::Cache => (
            cache::spoiling(),
            cache::parameter(key),
            "the value's text is cut in half",
        ),
        Target::Graph => (
            graph::spoiling(key.kind()),
            key.parts(),
            "the properties end in a comma, which is no JSON",
        ),
        Target::Search => return Ok("nothing"),
    };
    execute(connection, statement, parameter).await?;
    Ok(how)
}

/// Every record of a kind: the key's text and all that is compared, as text.
pub(crate) async fn contents(
    connection: &mut SqliteConnection,
    target: Target,
    kind: Kind,
) -> Result<Vec<(String, String)>> {
    let statement = match target {
        Target::Docs => docs::contents(kind),
        Target::Cache => cache::contents(kind),
        Target::Search => search::contents(kind),
        Target::Graph => graph::contents(kind),
    };
    let rows = sqlx::query(statement).fetch_all(connection).await?;
    let pair = |row: &sqlx::sqlite::SqliteRow| Ok((row.try_get(0)?, row.try_get(1)?));
    rows.iter().map(pair).collect()
}

/// One row of a target's table as a JSON object by column name; `None` where the target does not keep the entity.
fn row(target: Target, entity: &Entity) -> Option<String> {
    match target {
        Target::Docs => Some(docs::row(entity)),
        Target::Cache => cache::row(entity),
        Target::Search => Some(search::row(entity)),
        Target::Graph => Some(graph::row(entity)),
    }
}

fn upserts(target: Target, kind: Kind) -> Vec<String> {
    match target {
        Target::Docs => docs::upserts(kind),
        Target::Cache => cache::upserts(),
        Target::Search => search::upserts(kind),
        Target::Graph => graph::upserts(kind),
    }
}
