//! Records by the value of a field, and the newest records.

use std::sync::Arc;

use mongodb::bson::{Document, doc};
use parallax_core::error::Result;
use parallax_core::name::FieldPath;
use parallax_core::store::{Needle, Newest, Search};
use parallax_core::value::{Record, Value};

use super::products::Known;
use super::records::{Reader, any_of, unsayable};
use super::rows::{array, documents_of};
use super::session::Session;
use super::{literal, places};

const FIND: &str = "find records";
const NEWEST: &str = "read the newest records";

/// Finds at most `limit` records. Only text holds a text: a number does not contain its digits.
pub(super) async fn find(
    session: &Arc<Session>,
    reader: &Reader,
    search: &Search,
) -> Result<Vec<Record>> {
    let takes_decimals = session.known().is_none_or(Known::has_decimals);
    let mut any: Vec<Document> = Vec::new();
    for name in search.paths.iter().filter_map(places::condition) {
        any.push(match &search.needle {
            Needle::Equals(text) => {
                let all = literal::alternatives(&Value::from(text.as_str()), takes_decimals);
                doc! { name: any_of(all) }
            }
            Needle::Contains(text) => {
                doc! { name: { "$regex": escaped(text), "$options": "i" } }
            }
        });
    }
    let condition = match any.len() {
        0 => return Ok(Vec::new()),
        1 => any.pop().unwrap_or_default(),
        _ => doc! { "$or": any },
    };
    let command = reader.find(condition);
    limited(session, reader, command, search.limit, FIND).await
}

/// The newest records, newest first; those without a version are left out.
pub(super) async fn newest(
    session: &Arc<Session>,
    reader: &Reader,
    newest: &Newest,
) -> Result<Vec<Record>> {
    let version = sayable(&newest.version)?;
    let mut command = reader.find(doc! { &version: { "$ne": null } });
    command.insert("sort", doc! { version: -1 });
    limited(session, reader, command, newest.limit, NEWEST).await
}

fn sayable(path: &FieldPath) -> Result<String> {
    places::condition(path).ok_or_else(|| unsayable(path))
}

/// Runs a command that gives at most `limit` documents; one that cannot be read is left out.
async fn limited(
    session: &Arc<Session>,
    reader: &Reader,
    mut command: Document,
    limit: u32,
    operation: &'static str,
) -> Result<Vec<Record>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    command.insert("limit", i64::from(limit));
    let batch = session.batch(&reader.namespace, limit.min(1_000)).await;
    command.insert("batchSize", i64::from(batch));
    let database = &reader.namespace.database;
    let mut cursor = session.cursor(database, &command, batch, operation).await?;
    let mut records = Vec::new();
    while let Some(batch) = cursor.next().await? {
        let documents = array(&batch)?;
        for document in documents_of(documents) {
            records.extend(reader.record(document?));
        }
    }
    Ok(records)
}

/// A pattern that matches this text alone.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii_punctuation() {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_looked_for_as_it_is() {
        assert_eq!(escaped("a.b*(é"), "a\\.b\\*\\(é");
    }
}
