//! Keys, datasets and projections, and short ways to ask by them.

use parallax_core::error::Result;
use parallax_core::name::DatasetId;
use parallax_core::store::{Access, Call, Fields, KeyPart, Projection, Store};
use parallax_core::value::{Key, Record, Value};

use crate::common::{Answer, ask, call, statement};

pub(crate) fn writing() -> Call {
    Call {
        access: Access::ReadWrite,
        ..call()
    }
}

pub(crate) fn dataset(name: &str) -> DatasetId {
    format!("files.{name}").parse().expect("a dataset")
}

/// All fields, by a key of these paths.
pub(crate) fn all(key: &[&str]) -> Projection {
    let part = |it: &&str| KeyPart {
        name: (*it).to_owned(),
        path: it.parse().expect("a path"),
    };
    Projection {
        key: key.iter().map(part).collect(),
        fields: Fields::All,
        filter: None,
    }
}

pub(crate) fn listed(key: &[&str], fields: &[&str]) -> Projection {
    let paths = fields.iter().map(|it| it.parse().expect("a path"));
    Projection {
        fields: Fields::Listed(paths.collect()),
        ..all(key)
    }
}

pub(crate) fn key(text: &str) -> Key {
    Key::parse(text, 1).expect("a key")
}

/// The bodies for these keys, as text; `-` where there is none, `! why` where it could not be read.
pub(crate) async fn bodies(
    store: &dyn Store,
    name: &str,
    keys: &[&str],
    fields: &Projection,
) -> Vec<String> {
    let parts = fields.key.len();
    let keys: Vec<Key> = keys
        .iter()
        .map(|it| Key::parse(it, parts).expect("a key"))
        .collect();
    let got = store.get(&call(), &dataset(name), &keys, fields).await;
    let got = got.expect("an answer");
    got.found.iter().map(body).collect()
}

fn body(found: &Result<Option<Record>>) -> String {
    match found {
        Ok(Some(record)) => record.body.to_string(),
        Ok(None) => "-".to_owned(),
        Err(error) => format!("! {error}"),
    }
}

/// The cells of all results, one after the other.
pub(crate) fn cells(answer: &Answer) -> Vec<Value> {
    let batches = answer.results.iter().flat_map(|(it, _)| it);
    batches.flat_map(|it| it.cells.clone()).collect()
}

/// The first cell of the first row.
pub(crate) async fn cell(store: &dyn Store, text: &str) -> Value {
    let answer = ask(store, &call(), &statement(text)).await;
    assert!(answer.error.is_none(), "{:?}", answer.error);
    cells(&answer).first().cloned().expect("a cell")
}
