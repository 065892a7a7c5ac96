//! Datasets that a sample of the keyspace suggests: key patterns, single keys and streams.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use parallax_core::error::Result;
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{DataModel, Dataset};
use redis::Value as Reply;

use super::keys::{literal, spelled};
use super::link::Link;
use super::reply::ReplyExt as _;

const OPERATION: &str = "list datasets";

/// The most keys of the sample.
const KEYS: usize = 10_000;

/// The longest time for the sample, and the same again for streams.
const TIME: Duration = Duration::from_millis(1_500);

/// The most datasets of a list.
const DATASETS: usize = 500;

/// A part of a key that has more different texts than this is taken for the part of a pattern.
const MAX_LITERALS: usize = 16;

/// What stands between the parts of a key.
const SEPARATORS: [char; 4] = [':', '/', '|', '#'];

/// Reads at most 10,000 keys, for at most three seconds in all.
pub(super) async fn datasets(link: &mut Link, store: &StoreId) -> Result<Vec<Dataset>> {
    let size = link.ask(["DBSIZE"], OPERATION).await?.integer();
    let (keys, complete) = sample(link, &[], KEYS).await?;
    // A stream is one key, which a sample easily misses.
    let streams = match sample(link, &["TYPE", "stream"], DATASETS).await {
        Ok((streams, _)) => streams,
        Err(_) => BTreeSet::new(),
    };
    let others: BTreeSet<String> = keys.difference(&streams).cloned().collect();
    let sampled = keys.len();
    let estimate = |count: usize| -> Option<u64> {
        if complete {
            return Some(count as u64);
        }
        let size = u64::try_from(size?).ok()?;
        Some(size * count as u64 / (sampled as u64).max(1))
    };
    let mut found: Vec<Dataset> = Vec::new();
    for (pattern, count) in patterns(&others) {
        found.push(dataset(
            store,
            &pattern,
            DataModel::KeyValue,
            estimate(count),
        ));
    }
    found.sort_by_key(|it| std::cmp::Reverse(it.estimate));
    let of_stream = |it: &String| dataset(store, &literal(it), DataModel::Stream, None);
    found.splice(0..0, streams.iter().map(of_stream));
    found.truncate(DATASETS);
    Ok(found)
}

fn dataset(store: &StoreId, pattern: &str, model: DataModel, estimate: Option<u64>) -> Dataset {
    Dataset {
        id: DatasetId {
            store: store.clone(),
            name: spelled(pattern),
        },
        model,
        estimate,
    }
}

/// Keys that are text, and whether they are all there are.
async fn sample(
    link: &mut Link,
    options: &[&str],
    most: usize,
) -> Result<(BTreeSet<String>, bool)> {
    let began = Instant::now();
    let mut keys = BTreeSet::new();
    let mut cursor = "0".to_owned();
    loop {
        let mut words = vec!["SCAN", &cursor, "COUNT", "1000"];
        words.extend(options);
        let reply = link.ask(&words, OPERATION).await?;
        let [at, found] = reply.items() else {
            return Ok((keys, false));
        };
        at.text().unwrap_or("0").clone_into(&mut cursor);
        let texts = found.items().iter().filter_map(Reply::text);
        keys.extend(texts.map(ToOwned::to_owned));
        if cursor == "0" {
            return Ok((keys, true));
        }
        if keys.len() >= most || began.elapsed() > TIME {
            return Ok((keys, false));
        }
    }
}

/// A key cut into parts and what stands between them.
fn cut(key: &str) -> Vec<&str> {
    key.split_inclusive(SEPARATORS)
        .flat_map(|it| match it.strip_suffix(SEPARATORS) {
            Some(part) => vec![part, it.split_at(part.len()).1],
            None => vec![it],
        })
        .collect()
}

/// Patterns and how many keys of the sample each covers; a key that is like no other stands for itself.
fn patterns(keys: &BTreeSet<String>) -> BTreeMap<String, usize> {
    // Keys that are cut alike belong together: as many pieces, the same separators, the same beginning.
    let mut groups: BTreeMap<Vec<&str>, Vec<Vec<&str>>> = BTreeMap::new();
    for key in keys {
        let pieces = cut(key);
        let form = pieces
            .iter()
            .enumerate()
            .map(|(at, piece)| {
                if at % 2 == 1 || (at == 0 && !is_identifier(piece)) {
                    *piece
                } else {
                    ""
                }
            })
            .collect();
        groups.entry(form).or_default().push(pieces);
    }
    let mut found = BTreeMap::new();
    for members in groups.into_values() {
        add_patterns(&members, &mut found);
    }
    found
}

fn add_patterns(members: &[Vec<&str>], found: &mut BTreeMap<String, usize>) {
    let length = members.first().map_or(0, Vec::len);
    let varies: Vec<bool> = (0..length)
        .map(|at| {
            let texts: BTreeSet<&str> = members
                .iter()
                .filter_map(|it| it.get(at).copied())
                .collect();
            at.is_multiple_of(2) && texts.len() > MAX_LITERALS
        })
        .collect();
    let mut counted: BTreeMap<String, (usize, &Vec<&str>)> = BTreeMap::new();
    for pieces in members {
        let pattern = pattern(pieces, &varies);
        counted.entry(pattern).or_insert((0, pieces)).0 += 1;
    }
    for (pattern, (count, pieces)) in counted {
        // One key alone says nothing about what varies in it.
        let name = if count == 1 && !pieces.iter().any(|it| is_identifier(it)) {
            literal(&pieces.concat())
        } else {
            pattern
        };
        *found.entry(name).or_default() += count;
    }
}

fn pattern(pieces: &[&str], varies: &[bool]) -> String {
    let is_part = |at: usize| {
        let piece = pieces.get(at).copied().unwrap_or_default();
        at.is_multiple_of(2) && (varies.get(at) == Some(&true) || is_identifier(piece))
    };
    let parts: Vec<usize> = (0..pieces.len()).filter(|at| is_part(*at)).collect();
    let mut text = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        match parts.iter().position(|it| *it == at) {
            Some(nth) if nth + 1 == parts.len() => text.push_str("{id}"),
            Some(nth) => text.push_str(&format!("{{part{}}}", nth + 1)),
            None => text.push_str(&literal(piece)),
        }
    }
    text
}

/// Whether a piece names one thing rather than a kind of things: a number, a UUID, or letters and digits mixed.
fn is_identifier(piece: &str) -> bool {
    let digits = piece.chars().filter(char::is_ascii_digit).count();
    let letters = piece.chars().count() - digits;
    // `v2` and `utf8` are names of kinds.
    digits > 0 && (letters == 0 || piece.len() >= 8 || digits > letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(keys: &[String], expected: &[(&str, usize)]) {
        let found = patterns(&keys.iter().cloned().collect());
        let found: Vec<(&str, usize)> = found.iter().map(|(it, n)| (it.as_str(), *n)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn keys_that_differ_in_their_identifiers_make_a_pattern() {
        let users = (0..50).map(|it| format!("user:{it}"));
        let carts = (0..3).map(|it| format!("cart:{it}:items"));
        let keys: Vec<String> = users.chain(carts).chain(["config".into()]).collect();
        check(
            &keys,
            &[("cart:{id}:items", 3), ("config", 1), ("user:{id}", 50)],
        );
    }

    #[test]
    fn a_part_of_many_words_is_found_by_their_number() {
        let keys: Vec<String> = (0..40)
            .map(|it| {
                format!(
                    "name:{}",
                    char::from(b'a' + it % 26)
                        .to_string()
                        .repeat(1 + usize::from(it / 26))
                )
            })
            .collect();
        check(&keys, &[("name:{id}", 40)]);
        let few = ["lang:en".to_owned(), "lang:de".to_owned()];
        check(&few, &[("lang:de", 1), ("lang:en", 1)]);
    }

    #[test]
    fn composite_keys_and_literal_braces_are_kept_apart() {
        let keys = [
            "order:eu:17".to_owned(),
            "order:eu:18".to_owned(),
            "order:us:17".to_owned(),
            "{tag}:5".to_owned(),
            "s:1:2".to_owned(),
        ];
        check(
            &keys,
            &[
                ("order:eu:{id}", 2),
                ("order:us:{id}", 1),
                ("s:{part1}:{id}", 1),
                ("{{tag}}:{id}", 1),
            ],
        );
    }
}
