//! Answers as results: hits, buckets, tables and documents as rows, anything else as one value.

use std::sync::Arc;

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::Column;
use parallax_core::value::Value;

use self::search::of_search;
pub(super) use self::table::Table;
use self::table::column;
use super::request::{Answer, Request};

mod search;
mod table;

type Members = Vec<(String, Value)>;

/// The results in an answer; at least one.
pub(super) fn tables(request: &Request, answer: &Answer) -> Result<Vec<Table>> {
    let text = String::from_utf8_lossy(&answer.body);
    if text.trim().is_empty() {
        let status = Value::I64(answer.status.into());
        return Ok(vec![Table::new(&["status"], vec![vec![status]])]);
    }
    if !text.trim_start().starts_with(['{', '[']) {
        let lines = text.lines().map(|it| vec![Value::from(it)]);
        return Ok(vec![Table::new(&["line"], lines.collect())]);
    }
    let value = Value::from_json(&*text)?;
    if is_cancelled(&value) {
        return Err(Error::new(ErrorKind::Cancelled, "run several searches")
            .because("the server ended them before they were done"));
    }
    Ok(of_value(value, request))
}

/// Whether the answer to `_msearch` holds a search that was cancelled: such an answer says as a whole that all is well.
fn is_cancelled(answer: &Value) -> bool {
    let Value::Map(members) = answer else {
        return false;
    };
    let reason = |it: &Value| match it {
        Value::Map(response) => get(response, "error").map(ToString::to_string),
        _ => None,
    };
    let mut reasons = list(members, "responses").into_iter().flatten();
    reasons.any(|it| reason(it).is_some_and(|it| it.contains("task_cancelled_exception")))
}

fn of_value(value: Value, request: &Request) -> Vec<Table> {
    match value {
        Value::List(items) => vec![of_items(items)],
        Value::Map(members) => of_map(members, request),
        other => vec![Table::new(&["value"], vec![vec![other]])],
    }
}

/// Objects are rows of their members, as `_cat` gives them.
fn of_items(items: Vec<Value>) -> Table {
    if items.iter().all(|it| matches!(it, Value::Map(_))) {
        return Table::of_members(items.into_iter().filter_map(members).collect(), &[]);
    }
    Table::new(&["value"], items.into_iter().map(|it| vec![it]).collect())
}

fn members(value: Value) -> Option<Members> {
    match value {
        Value::Map(it) => Some(it),
        _ => None,
    }
}

fn get<'v>(members: &'v [(String, Value)], name: &str) -> Option<&'v Value> {
    members.iter().find(|(it, _)| it == name).map(|(_, it)| it)
}

fn list<'v>(members: &'v [(String, Value)], name: &str) -> Option<&'v [Value]> {
    match get(members, name) {
        Some(Value::List(items)) => Some(items),
        _ => None,
    }
}

fn of_map(members: Members, request: &Request) -> Vec<Table> {
    if hits(&members).is_some() {
        return of_search(&members);
    }
    if let Some(responses) = list(&members, "responses") {
        return responses
            .iter()
            .flat_map(|it| of_response(it, request))
            .collect();
    }
    if let Some(table) = of_columns(&members) {
        return vec![table];
    }
    if let Some(items) = list(&members, "docs").or_else(|| list(&members, "tokens")) {
        return vec![of_items(items.to_vec())];
    }
    if let Some(items) = list(&members, "items").filter(|_| request.resource.last() == "_bulk") {
        return vec![of_bulk(items)];
    }
    vec![Table::new(&["answer"], vec![vec![Value::Map(members)]])]
}

/// One of the answers to `_msearch`, which may be an error.
fn of_response(response: &Value, request: &Request) -> Vec<Table> {
    match response {
        Value::Map(members) if hits(members).is_some() => of_search(members),
        Value::Map(members) => {
            let cause = get(members, "error").map_or_else(String::new, ToString::to_string);
            let table = Table::of_members(vec![members.clone()], &["error"]);
            vec![table.noted(vec![format!("this search failed: {cause}")])]
        }
        other => of_value(other.clone(), request),
    }
}

fn hits(members: &[(String, Value)]) -> Option<&[(String, Value)]> {
    match get(members, "hits") {
        Some(Value::Map(hits)) => list(hits, "hits").map(|_| hits.as_slice()),
        _ => None,
    }
}

/// Tables of SQL, ES|QL and the plug-ins that give the same under other names.
fn of_columns(members: &[(String, Value)]) -> Option<Table> {
    let columns = list(members, "columns").or_else(|| list(members, "schema"))?;
    let rows = ["rows", "values", "datarows"];
    let rows = rows.iter().find_map(|it| list(members, it))?;
    let columns = columns.iter().map(|it| {
        let Value::Map(it) = it else {
            return column(&it.to_string(), "");
        };
        let text = |name: &str| get(it, name).map(ToString::to_string);
        let name = text("alias").or_else(|| text("name"));
        column(&name.unwrap_or_default(), &text("type").unwrap_or_default())
    });
    let columns: Arc<[Column]> = columns.collect();
    let rows = rows.iter().map(|row| {
        let mut cells = match row {
            Value::List(cells) => cells.clone(),
            other => vec![other.clone()],
        };
        cells.resize(columns.len(), Value::Null);
        cells
    });
    let rows = rows.collect();
    let notices =
        get(members, "cursor").map(|_| "there are more rows behind this `cursor`".to_owned());
    Some(Table {
        columns,
        rows,
        notices: notices.into_iter().collect(),
    })
}

/// What became of each line: its action, and what the server says of it.
fn of_bulk(items: &[Value]) -> Table {
    let rows: Vec<Members> = items
        .iter()
        .filter_map(|item| match item {
            Value::Map(item) => item.first().map(|(action, it)| {
                let mut row = vec![("action".to_owned(), Value::from(action.as_str()))];
                row.extend(members(it.clone()).unwrap_or_default());
                row
            }),
            _ => None,
        })
        .collect();
    let failed = rows.iter().filter(|it| get(it, "error").is_some()).count();
    let notice = (failed > 0).then(|| format!("{failed} of {} lines failed", rows.len()));
    let first = ["action", "_index", "_id", "status", "result", "error"];
    Table::of_members(rows, &first).noted(notice.into_iter().collect())
}

/// How many documents a request changed, where its answer counts them.
pub(super) fn affected(answer: &Answer) -> Option<u64> {
    let Ok(Value::Map(members)) = Value::from_json(&*String::from_utf8_lossy(&answer.body)) else {
        return None;
    };
    if let Some(items) = list(&members, "items") {
        let changed = items.iter().filter(|item| match item {
            Value::Map(item) => item.first().is_some_and(|(_, it)| result(it) == Some(1)),
            _ => false,
        });
        return Some(changed.count() as u64);
    }
    let counted = ["created", "updated", "deleted"].map(|it| match get(&members, it) {
        Some(Value::I64(it)) => u64::try_from(*it).ok(),
        _ => None,
    });
    if counted.iter().any(Option::is_some) {
        return Some(counted.iter().flatten().sum());
    }
    result(&Value::Map(members))
}

/// 1 where a single document was changed, 0 where it was not; `None` where nothing is said of it.
fn result(value: &Value) -> Option<u64> {
    let Value::Map(members) = value else {
        return None;
    };
    match get(members, "result") {
        Some(Value::Text(it)) => Some(u64::from(matches!(
            it.as_str(),
            "created" | "updated" | "deleted"
        ))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use elasticsearch::http::Method;

    use super::super::resource::Resource;
    use super::*;

    fn told(path: &str, body: &str) -> Vec<String> {
        let request = Request::new(Method::Get, Resource::parse(path).expect("a path"), None);
        let answer = Answer {
            status: 200,
            body: body.as_bytes().to_vec(),
            warnings: Vec::new(),
            is_named: true,
        };
        let tables = tables(&request, &answer).expect("tables");
        let text = |it: &Table| {
            let columns: Vec<&str> = it.columns.iter().map(|it| it.name.as_str()).collect();
            let rows = it
                .rows
                .iter()
                .map(|row| Value::List(row.clone()).to_string());
            let rows: Vec<String> = rows.collect();
            let notices = it.notices.iter().map(|it| format!(" !{it}"));
            format!(
                "{}: {}{}",
                columns.join(" "),
                rows.join(" "),
                notices.collect::<String>()
            )
        };
        tables.iter().map(text).collect()
    }

    #[test]
    fn hits_are_rows_and_buckets_are_rows_of_their_own() {
        let body = r#"{"took":1,"timed_out":false,"hits":{"total":{"value":10000,"relation":"gte"},"hits":[
            {"_index":"a","_id":"1","_score":1.0,"_source":{"n":18446744073709551615},"sort":[7]},{"_index":"a","_id":"2","_score":null,"highlight":{}}]},
            "aggregations":{"avg":{"value":0.10},"by":{"buckets":[{"key":"x","doc_count":2,"top":{"value":3}}]},"st":{"count":1,"min":2}}}"#;
        assert_eq!(
            told("/a/_search", body),
            [
                r#"_id _index _score _source sort highlight: ["1","a",1.0,{"n":18446744073709551615},[7],null] ["2","a",null,null,null,{}] !2 of at least 10000 hits"#,
                r#"avg st: [0.10,{"count":1,"min":2}]"#,
                r#"by doc_count top: ["x",2,3]"#,
            ]
        );
        let none = r#"{"hits":{"total":{"value":0,"relation":"eq"},"hits":[]}}"#;
        assert_eq!(told("/a/_search", none), ["_id _index _score _source: "]);
    }

    #[test]
    fn half_an_answer_says_so() {
        let body = r#"{"timed_out":true,"_shards":{"failed":1},"hits":{"total":0,"hits":[]}}"#;
        let told = told("/a/_search", body);
        assert!(
            told[0].contains("its time was over") && told[0].contains("1 shards failed"),
            "{told:?}"
        );
    }

    #[test]
    fn tables_of_sql_are_tables() {
        let sql = r#"{"columns":[{"name":"a","type":"long"}],"rows":[[1],[null]],"cursor":"x"}"#;
        assert_eq!(
            told("/_sql", sql),
            ["a: [1] [null] !there are more rows behind this `cursor`"]
        );
        let plugin =
            r#"{"schema":[{"name":"a","alias":"b","type":"long"}],"datarows":[[1]],"status":200}"#;
        assert_eq!(told("/_plugins/_sql", plugin), ["b: [1]"]);
        let values = r#"{"columns":[{"name":"a","type":"long"}],"values":[[1]]}"#;
        assert_eq!(told("/_query", values), ["a: [1]"]);
    }

    #[test]
    fn lists_documents_and_texts_are_rows() {
        assert_eq!(
            told("/_cat/x", r#"[{"a":"1"},{"b":"2"}]"#),
            [r#"a b: ["1",null] [null,"2"]"#]
        );
        assert_eq!(
            told("/_mget", r#"{"docs":[{"_id":"1","found":false}]}"#),
            [r#"_id found: ["1",false]"#]
        );
        assert_eq!(
            told("/_cat", "=^.^=\n/_cat/x"),
            [r#"line: ["=^.^="] ["/_cat/x"]"#]
        );
        assert_eq!(told("/a", ""), ["status: [200]"]);
        assert_eq!(
            told("/_cluster/health", r#"{"status":"green"}"#),
            [r#"answer: [{"status":"green"}]"#]
        );
    }

    #[test]
    fn several_searches_are_several_results() {
        let body = r#"{"responses":[{"hits":{"hits":[{"_id":"1"}]}},{"error":{"reason":"no"},"status":404}]}"#;
        let told = told("/_msearch", body);
        assert_eq!(told[0], r#"_id: ["1"]"#);
        assert!(told[1].contains("this search failed"), "{told:?}");
    }

    #[test]
    fn what_was_changed_is_counted() {
        let count = |body: &str| {
            affected(&Answer {
                status: 200,
                body: body.as_bytes().to_vec(),
                warnings: Vec::new(),
                is_named: true,
            })
        };
        assert_eq!(
            count(r#"{"items":[{"index":{"result":"created"}},{"index":{"error":{}}}]}"#),
            Some(1)
        );
        assert_eq!(count(r#"{"updated":3,"deleted":1}"#), Some(4));
        assert_eq!(count(r#"{"_id":"1","result":"noop"}"#), Some(0));
        assert_eq!(count(r#"{"acknowledged":true}"#), None);
    }
}
