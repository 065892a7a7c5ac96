//! The answer to a search: hits, buckets, and what a reader must know of both.

use parallax_core::value::Value;

use super::table::Table;
use super::{Members, get, hits, list, members};

/// Hits, then what was aggregated, then what else was asked for.
pub(super) fn of_search(members: &[(String, Value)]) -> Vec<Table> {
    let mut tables = Vec::new();
    let own = hits(members).unwrap_or_default();
    let rows: Vec<Members> = list(own, "hits")
        .unwrap_or_default()
        .iter()
        .cloned()
        .filter_map(super::members)
        .collect();
    let aggregations = get(members, "aggregations").or_else(|| get(members, "aggs"));
    let others: Vec<&str> = ["suggest", "profile"]
        .into_iter()
        .filter(|it| get(members, it).is_some())
        .collect();
    let notices = remarks(members, own, rows.len());
    if !rows.is_empty() || (aggregations.is_none() && others.is_empty()) {
        let first = ["_id", "_index", "_score", "_source"];
        let table = if rows.is_empty() {
            Table::new(&first, Vec::new())
        } else {
            Table::of_members(rows, &first)
        };
        tables.push(table);
    }
    if let Some(Value::Map(aggregations)) = aggregations {
        tables.extend(of_aggregations(aggregations));
    }
    for name in others {
        let value = get(members, name).cloned().unwrap_or(Value::Null);
        tables.push(Table::new(&[name], vec![vec![value]]));
    }
    if tables.is_empty() {
        tables.push(Table::new(
            &["answer"],
            vec![vec![Value::Map(members.to_vec())]],
        ));
    }
    if let Some(first) = tables.first_mut() {
        first.notices = notices;
    }
    tables
}

/// What a reader must know of a search that gives not all there is.
fn remarks(members: &[(String, Value)], hits: &[(String, Value)], shown: usize) -> Vec<String> {
    let mut remarks = Vec::new();
    if get(members, "timed_out") == Some(&Value::Bool(true)) {
        remarks.push(
            "the server ended the search when its time was over: hits and counts are incomplete"
                .to_owned(),
        );
    }
    if let Some(Value::Map(shards)) = get(members, "_shards")
        && let Some(Value::I64(failed @ 1..)) = get(shards, "failed")
    {
        let why = get(shards, "failures").map_or_else(String::new, |it| format!(": {it}"));
        remarks.push(format!(
            "{failed} shards failed, so hits and counts are incomplete{why}"
        ));
    }
    let (total, more) = match get(hits, "total") {
        Some(Value::Map(total)) => (
            get(total, "value").cloned(),
            get(total, "relation") == Some(&Value::from("gte")),
        ),
        other => (other.cloned(), false),
    };
    if let Some(Value::I64(total)) = total
        && (more || usize::try_from(total) != Ok(shown))
    {
        let more = if more { "at least " } else { "" };
        remarks.push(format!("{shown} of {more}{total} hits"));
    }
    remarks
}

/// Buckets are a result each; single numbers are one row together.
fn of_aggregations(aggregations: &[(String, Value)]) -> Vec<Table> {
    let mut tables = Vec::new();
    let mut numbers: Members = Vec::new();
    for (name, aggregation) in aggregations {
        let Value::Map(inner) = aggregation else {
            numbers.push((name.clone(), aggregation.clone()));
            continue;
        };
        match get(inner, "buckets") {
            Some(Value::List(buckets)) => tables.push(of_buckets(name, buckets.clone())),
            Some(Value::Map(buckets)) => {
                let named = buckets.iter().map(|(key, it)| with_key(key, it));
                tables.push(of_buckets(name, named.collect()));
            }
            _ => numbers.push((name.clone(), number(aggregation))),
        }
    }
    if !numbers.is_empty() {
        tables.insert(0, Table::of_members(vec![numbers], &[]));
    }
    tables
}

fn with_key(key: &str, bucket: &Value) -> Value {
    let mut all = vec![("key".to_owned(), Value::from(key))];
    all.extend(members(bucket.clone()).unwrap_or_default());
    Value::Map(all)
}

fn of_buckets(name: &str, buckets: Vec<Value>) -> Table {
    let rows = buckets.into_iter().filter_map(members).map(|bucket| {
        let named = bucket.into_iter().map(|(key, value)| match key.as_str() {
            "key" => (name.to_owned(), value),
            _ => (key, number(&value)),
        });
        named.collect()
    });
    Table::of_members(rows.collect(), &[name, "key_as_string", "doc_count"])
}

/// `{"value": 3}` is 3.
fn number(aggregation: &Value) -> Value {
    match aggregation {
        Value::Map(members) => match members.as_slice() {
            [(name, value)] if name == "value" => value.clone(),
            _ => aggregation.clone(),
        },
        other => other.clone(),
    }
}
