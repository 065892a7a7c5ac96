//! Records by the value of a field: by their key at once, or by looking through the dataset.

use std::ops::ControlFlow;
use std::sync::Arc;

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Call, Fields, Needle, Projection, RowSink, Search, ValueRef};
use parallax_core::value::{Key, Record, Value};

use super::keys::{Keys, text_or_bytes};
use super::lookup::{get, no_filter};
use super::pool::Pool;
use super::scan::{key_of, scan};

/// The most records that one search looks through.
const RECORDS: u64 = 1_000_000;

/// Finds at most `limit` records. One that cannot be read is left out: a search shows what it can.
///
/// Fails with [`ErrorKind::Unsupported`] where nothing is found among the first million records.
pub(super) async fn find(
    pool: &Arc<Pool>,
    call: &Call,
    keys: &Keys,
    search: &Search,
    projection: &Projection,
) -> Result<Vec<Record>> {
    no_filter(projection)?;
    let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
    if limit == 0 || search.paths.is_empty() {
        return Ok(Vec::new());
    }
    let places = keys.places(&projection.key)?;
    let (by_key, by_value): (Vec<_>, Vec<_>) = search
        .paths
        .iter()
        .partition(|it| names_key(keys, it.first()));
    let mut found = Vec::new();
    if let (Needle::Equals(text), false) = (&search.needle, by_key.is_empty()) {
        found.extend(direct(keys, projection, &places, text));
        if by_value.is_empty() {
            return read(pool, call, keys, projection, found, limit).await;
        }
    }
    let looked = Projection {
        fields: Fields::Listed(search.paths.clone()),
        ..projection.clone()
    };
    let mut matches = Matches {
        keys,
        places: &places,
        needle: &search.needle,
        paths: search
            .paths
            .iter()
            .map(|it| place_of(keys, &places, it.first()))
            .collect(),
        found,
        limit,
        seen: 0,
    };
    // A scan that ends early leaves replies behind, so what it found is read on another connection.
    scan(&mut pool.lease(call).await?, keys, &looked, &mut matches).await?;
    if matches.found.is_empty() && matches.seen >= RECORDS {
        return Err(Error::new(ErrorKind::Unsupported, "search")
            .because(format!("it is not among the first {RECORDS} records"))
            .hint("search by the key, which needs no look at the others"));
    }
    read(pool, call, keys, projection, matches.found, limit).await
}

fn names_key(keys: &Keys, name: &str) -> bool {
    name == "@key" || keys.names().iter().any(|it| it == name)
}

/// The place in the row of a part of the key that is searched.
fn place_of(keys: &Keys, places: &[usize], name: &str) -> Option<usize> {
    let part = keys.names().iter().position(|it| it == name)?;
    places.iter().position(|it| *it == part)
}

/// The keys that the text may be: the key itself, or its only part.
fn direct(keys: &Keys, projection: &Projection, places: &[usize], text: &str) -> Vec<Key> {
    let mut parts = Vec::new();
    let mut found = Vec::new();
    if keys.read(text.as_bytes(), &mut parts) {
        found.push(key_of(keys, places, text.as_bytes()));
    }
    if keys.names().len() == 1 && projection.key.len() == 1 {
        found.push(Key::new(vec![text_or_bytes(text.as_bytes())]));
    }
    found
}

async fn read(
    pool: &Arc<Pool>,
    call: &Call,
    keys: &Keys,
    projection: &Projection,
    mut found: Vec<Key>,
    limit: usize,
) -> Result<Vec<Record>> {
    let mut seen = Vec::new();
    found.retain(|it| {
        let text = it.to_string();
        let is_new = !seen.contains(&text);
        seen.push(text);
        is_new
    });
    let mut lease = pool.lease(call).await?;
    let records = get(&mut lease, keys, &found, projection).await?.found;
    let records = records.into_iter().filter_map(Result::ok).flatten();
    Ok(records.take(limit).collect())
}

/// Collects the keys of the records that match.
struct Matches<'s> {
    keys: &'s Keys,
    places: &'s [usize],
    needle: &'s Needle,
    /// For each path, the part of the key that it names, if it does.
    paths: Vec<Option<usize>>,
    found: Vec<Key>,
    limit: usize,
    seen: u64,
}

impl RowSink for Matches<'_> {
    fn row(&mut self, cells: &[ValueRef<'_>]) -> ControlFlow<()> {
        self.seen += 1;
        let n_key = if self.keys.single().is_some() {
            1
        } else {
            self.places.len()
        };
        let (key, values) = cells.split_at_checked(n_key).unwrap_or((cells, &[]));
        let own = self.paths.iter().zip(values).any(|(part, value)| {
            let value = match part {
                Some(at) => key.get(*at).unwrap_or(value),
                None => value,
            };
            matches(self.needle, *value)
        });
        if own {
            let parts = key.iter().map(|it| it.to_value().unwrap_or(Value::Null));
            self.found.push(Key::new(parts.collect()));
        }
        if self.found.len() >= self.limit || self.seen >= RECORDS {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

fn matches(needle: &Needle, value: ValueRef<'_>) -> bool {
    match (needle, value) {
        (_, ValueRef::Absent | ValueRef::Null) => false,
        (Needle::Equals(text), ValueRef::Text(value)) => value == text,
        (Needle::Equals(text), value) => value.to_value().is_some_and(|it| it.to_string() == *text),
        (Needle::Contains(text), value) => value.to_value().is_some_and(|it| {
            let value = it.to_string().to_lowercase();
            value.contains(&text.to_lowercase())
        }),
    }
}
