//! Documents by the value of a field, and the newest of them.

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, FieldPath};
use parallax_core::store::{Needle, Newest, Projection, Search};
use parallax_core::value::{Key, Record, Value};

use super::caps::{self, Field, Kind};
use super::client::Exchange;
use super::fields::{all_of, any_of, condition, dotted, is_id, quoted};
use super::hit::{Hit, Searched};
use super::lookup::part_of;
use super::request::Request;
use super::resource::Resource;
use super::target::{Target, target};

const FIND: &str = "search";
const NEWEST: &str = "read the newest documents";

/// More than wanted are read, for what is taken apart into terms may find more than it should.
const MORE: u32 = 4;

/// The most hits of one search.
const MAX_HITS: u32 = 1_000;

/// Finds at most `limit` documents. What the mapping cannot search is left out; a search shows what it can.
pub(super) async fn find(
    exchange: &Exchange,
    dataset: &DatasetId,
    search: &Search,
    projection: &Projection,
) -> Result<Vec<Record>> {
    if search.limit == 0 || search.paths.is_empty() {
        return Ok(Vec::new());
    }
    let target = target(exchange, dataset).await?;
    let inside: Vec<&FieldPath> = search.paths.iter().filter(|it| !is_id(it)).collect();
    let fields = caps::fields(exchange, &target, &inside).await?;
    let ignores_case = exchange.product().await?.ignores_case();
    let mut queries: Vec<String> = (fields.iter().flatten())
        .filter_map(|it| query(it, &search.needle, ignores_case))
        .collect();
    if let Needle::Equals(text) = &search.needle
        && search.paths.iter().any(is_id)
    {
        queries.push(format!(r#"{{"ids":{{"values":[{}]}}}}"#, quoted(text)));
    }
    if queries.is_empty() {
        return Ok(Vec::new());
    }
    let limits = condition(projection)?.into_iter().chain([any_of(&queries)]);
    let query = all_of(&limits.collect::<Vec<_>>());
    let size = search
        .limit
        .saturating_mul(MORE)
        .min(MAX_HITS)
        .max(search.limit.min(10_000));
    let tail = format!(r#""query":{query},"size":{size}"#);
    let found = run(exchange, &target, &tail, projection, FIND).await?;
    let matching = found.into_iter().filter(|it| answers(it, search));
    Ok(matching.take(search.limit as usize).collect())
}

/// How a field is asked for what is looked for; `None` where it cannot have it.
fn query(field: &Field, needle: &Needle, ignores_case: bool) -> Option<String> {
    match needle {
        Needle::Equals(text) => field.one_of(std::iter::once(&Value::from(text.as_str()))),
        Needle::Contains(text) => contains(field, text, ignores_case),
    }
}

fn contains(field: &Field, text: &str, ignores_case: bool) -> Option<String> {
    let name = quoted(&field.name);
    match field.kind {
        Kind::Exact => {
            let pattern = quoted(&format!("*{}*", escaped(text)));
            let case = if ignores_case {
                r#","case_insensitive":true"#
            } else {
                ""
            };
            Some(format!(
                r#"{{"wildcard":{{{name}:{{"value":{pattern}{case}}}}}}}"#
            ))
        }
        Kind::Analysed => Some(in_terms(&name, text)),
        Kind::Whole | Kind::Number | Kind::Bool | Kind::Date | Kind::Address | Kind::Other => None,
    }
}

/// Terms are mostly in lower case; what has several words is a phrase whose last word may go on.
fn in_terms(name: &str, text: &str) -> String {
    let phrase = format!(r#"{{"match_phrase_prefix":{{{name}:{}}}}}"#, quoted(text));
    let is_word = !text.is_empty() && text.chars().all(char::is_alphanumeric);
    if !is_word {
        return phrase;
    }
    let pattern = quoted(&format!("*{}*", escaped(&text.to_lowercase())));
    let inner = format!(r#"{{"wildcard":{{{name}:{{"value":{pattern}}}}}}}"#);
    any_of(&[phrase, inner])
}

/// What a wildcard would take for more than itself, is escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '*' | '?' | '\\') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// Whether the document itself answers: the server may have found more.
fn answers(record: &Record, search: &Search) -> bool {
    search.paths.iter().any(|path| {
        let value = if is_id(path) {
            record.at(&FieldPath::name("@id"))
        } else {
            record.at(path)
        };
        value.is_some_and(|it| answers_value(it, &search.needle))
    })
}

fn answers_value(value: &Value, needle: &Needle) -> bool {
    match (value, needle) {
        (Value::Null, _) => false,
        (Value::List(items), _) => items.iter().any(|it| answers_value(it, needle)),
        (value, Needle::Equals(text)) => value.to_string() == *text,
        (value, Needle::Contains(text)) => {
            let value = value.to_string().to_lowercase();
            value.contains(&text.to_lowercase())
        }
    }
}

/// The newest documents by a version, newest first; those without one come last.
pub(super) async fn newest(
    exchange: &Exchange,
    dataset: &DatasetId,
    newest: &Newest,
    projection: &Projection,
) -> Result<Vec<Record>> {
    let target = target(exchange, dataset).await?;
    let field = sorted_by(exchange, &target, &newest.version).await?;
    let query = all_of(&condition(projection)?.into_iter().collect::<Vec<_>>());
    let field = quoted(&field);
    let size = newest.limit.min(10_000);
    let tail = format!(
        r#""query":{query},"size":{size},"sort":[{{{field}:{{"order":"desc","missing":"_last","unmapped_type":"long"}}}}]"#
    );
    run(exchange, &target, &tail, projection, NEWEST).await
}

async fn sorted_by(exchange: &Exchange, target: &Target, path: &FieldPath) -> Result<String> {
    if path.is_meta() {
        return match path.first() {
            "@seq_no" => Ok("_seq_no".to_owned()),
            name => Err(Error::new(ErrorKind::Unsupported, NEWEST)
                .because(format!("the server cannot sort by {name}"))
                .hint("name a field of the documents, or `@seq_no`")),
        };
    }
    let field = caps::fields(exchange, target, &[path]).await?;
    match field.into_iter().flatten().next() {
        Some(field) if field.sorts => Ok(field.name),
        Some(_) => Err(Error::new(ErrorKind::Unsupported, NEWEST)
            .because(format!(
                "the field {path} is mapped so that it cannot be sorted by"
            ))
            .hint("map it as a date, a number or a keyword")),
        None => Err(Error::new(ErrorKind::InvalidInput, NEWEST).because(format!(
            "the mapping has no field {} that can be searched",
            dotted(path)
        ))),
    }
}

async fn run(
    exchange: &Exchange,
    target: &Target,
    tail: &str,
    projection: &Projection,
    operation: &'static str,
) -> Result<Vec<Record>> {
    let timeout = exchange.timeout();
    // The whole document: what was looked for need not be among the fields that are wanted.
    let body =
        format!(r#"{{{tail},"timeout":"{timeout}","version":true,"seq_no_primary_term":true}}"#);
    let resource = Resource::of(&[target.name.as_str(), "_search"])
        .with("allow_partial_search_results", "false");
    let answer = exchange
        .ask(&Request::post(resource, body), operation)
        .await?;
    let hits = answer
        .read::<Searched<'_>>(operation)?
        .complete(operation)?;
    let records = hits.iter().map(|it| keyed(it, projection, operation));
    Ok(records.filter_map(Result::ok).collect())
}

/// A document with the key that it has here.
fn keyed(hit: &Hit<'_>, projection: &Projection, operation: &'static str) -> Result<Record> {
    let body = hit.body(operation)?;
    let parts = projection.key.iter();
    let parts = parts.map(|it| part_of(hit, &body, &it.path).unwrap_or(Value::Null));
    let key = Key::new(parts.collect());
    Ok(Record {
        key,
        body,
        meta: hit.meta(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_looks_for_the_letters_themselves() {
        assert_eq!(escaped(r"a*b?c\d"), r"a\*b\?c\\d");
        let field = Field {
            name: "n\"x".to_owned(),
            kind: Kind::Exact,
            sorts: true,
        };
        let query = contains(&field, "a*\"", true).expect("a query");
        assert_eq!(
            query,
            r#"{"wildcard":{"n\"x":{"value":"*a\\*\"*","case_insensitive":true}}}"#
        );
    }

    #[test]
    fn every_item_of_a_list_answers() {
        let list = Value::from_json(r#"["Ann",7,null]"#).expect("JSON");
        assert!(answers_value(&list, &Needle::Equals("7".to_owned())));
        assert!(answers_value(&list, &Needle::Contains("aN".to_owned())));
        assert!(!answers_value(&list, &Needle::Contains("null".to_owned())));
    }
}
