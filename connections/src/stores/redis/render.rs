//! Replies as tables, as a person would lay them out.

use parallax_core::store::Column;
use parallax_core::value::{Timestamp, Value};
use redis::Value as Reply;

use super::keys::text_or_bytes;
use super::record::{fields_of, name_of, number};
use super::reply::ReplyExt as _;
use super::words::Command;
use super::{fault, info};

/// One result: `cells` row by row, and what is said beside it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Table {
    pub(super) columns: Vec<String>,
    pub(super) cells: Vec<Value>,
    pub(super) notice: Option<String>,
}

impl Table {
    fn new(columns: &[&str], cells: Vec<Value>) -> Self {
        Self {
            columns: columns.iter().map(|it| (*it).to_owned()).collect(),
            cells,
            notice: None,
        }
    }

    /// The columns, none of which has a declared type.
    pub(super) fn columns(&self) -> Vec<Column> {
        let column = |name: &String| Column {
            name: name.clone(),
            type_name: String::new(),
        };
        self.columns.iter().map(column).collect()
    }
}

/// Lays out what `command`, which the server calls `name`, answered.
pub(super) fn table(name: &str, command: &Command, reply: &Reply) -> Table {
    match name {
        "info" => info_table(reply),
        "scan" | "sscan" | "hscan" | "zscan" => step(name, command, reply),
        "config|get" => settings(reply),
        "client|list" | "client|info" => clients(reply),
        "slowlog|get" => slow(reply),
        "xrange" | "xrevrange" | "xclaim" => entries(reply),
        "xread" | "xreadgroup" => streams(reply),
        "hgetall" => pairs(&["field", "value"], reply),
        "xinfo|groups" | "xinfo|consumers" => records(reply.items()),
        "xinfo|stream" | "memory|stats" => pairs(&["name", "value"], reply),
        _ if command.has(1, "WITHSCORES") => scores(reply),
        _ if name == "hrandfield" && command.has(1, "WITHVALUES") => {
            flat_or_nested(&["field", "value"], reply)
        }
        _ => plain(reply),
    }
}

fn plain(reply: &Reply) -> Table {
    match reply {
        Reply::Map(_) => pairs(&["name", "value"], reply),
        Reply::Array(items) | Reply::Set(items) => {
            let all = |is: fn(&Reply) -> bool| !items.is_empty() && items.iter().all(is);
            if all(|it| matches!(it, Reply::Map(_))) {
                return records(items);
            }
            Table::new(&["value"], items.iter().map(value).collect())
        }
        Reply::Push { .. } => match value(reply) {
            Value::List(items) => Table::new(&["value"], items),
            other => Table::new(&["value"], vec![other]),
        },
        other => Table::new(&["value"], vec![value(other)]),
    }
}

fn pairs(columns: &[&str], reply: &Reply) -> Table {
    let pairs = reply.pairs().into_iter();
    let cells = pairs.flat_map(|(name, it)| [value(name), value(it)]);
    Table::new(columns, cells.collect())
}

/// Members with their scores, as pairs or as a flat list.
fn scores(reply: &Reply) -> Table {
    let mut table = flat_or_nested(&["member", "score"], reply);
    for cell in table.cells.iter_mut().skip(1).step_by(2) {
        if let Value::Text(text) = cell {
            *cell = number(text);
        }
    }
    table
}

fn flat_or_nested(columns: &[&str], reply: &Reply) -> Table {
    let items = reply.items().iter();
    let cells = items.flat_map(|it| match it {
        Reply::Array(pair) => pair.iter().map(value).collect(),
        other => vec![value(other)],
    });
    Table::new(columns, cells.collect())
}

/// One step of a scan; where it goes on is said beside it.
fn step(name: &str, command: &Command, reply: &Reply) -> Table {
    let cursor = reply.items().first().and_then(Reply::text).unwrap_or("0");
    let empty = Reply::Array(Vec::new());
    let items = reply.items().get(1).unwrap_or(&empty);
    let mut table = match name {
        "hscan" if !command.has(1, "NOVALUES") => pairs(&["field", "value"], items),
        "hscan" => Table::new(&["field"], items.items().iter().map(value).collect()),
        "zscan" => scores(items),
        "sscan" => Table::new(&["member"], items.items().iter().map(value).collect()),
        _ => Table::new(&["key"], items.items().iter().map(value).collect()),
    };
    table.notice = Some(match cursor {
        "0" => "this was the last step".to_owned(),
        more => format!("there is more: the next step begins at the cursor {more}"),
    });
    table
}

fn entries(reply: &Reply) -> Table {
    let cells = reply.items().iter().flat_map(entry);
    Table::new(&["id", "fields"], cells.collect())
}

fn entry(reply: &Reply) -> [Value; 2] {
    let id = reply.items().first().map_or(Value::Null, value);
    let fields = reply.items().get(1);
    // An entry that was deleted while it was pending has an id only.
    let fields = fields.filter(|it| !it.items().is_empty());
    [id, fields.map_or(Value::Null, fields_of)]
}

fn streams(reply: &Reply) -> Table {
    let nested = reply.items().iter();
    let nested = nested.filter_map(|it| Some((it.items().first()?, it.items().get(1)?)));
    let streams: Vec<(&Reply, &Reply)> = match reply {
        Reply::Map(_) => reply.pairs(),
        _ => nested.collect(),
    };
    let mut cells = Vec::new();
    for (stream, found) in streams {
        for it in found.items() {
            cells.push(value(stream));
            cells.extend(entry(it));
        }
    }
    Table::new(&["stream", "id", "fields"], cells)
}

/// Maps, or flat lists of names and values, as rows of all names that occur.
fn records(items: &[Reply]) -> Table {
    let rows: Vec<Vec<(String, Value)>> = items
        .iter()
        .map(|it| {
            let pairs = it.pairs().into_iter();
            pairs.map(|(name, it)| (label(name), value(it))).collect()
        })
        .collect();
    of_rows(rows)
}

fn of_rows(rows: Vec<Vec<(String, Value)>>) -> Table {
    let mut table = Table::default();
    for (name, _) in rows.iter().flatten() {
        if !table.columns.contains(name) {
            table.columns.push(name.clone());
        }
    }
    if table.columns.is_empty() {
        table.columns.push("value".to_owned());
    }
    for mut row in rows {
        for column in &table.columns {
            let found = row.iter().position(|(it, _)| it == column);
            let cell = found.map_or(Value::Null, |at| row.swap_remove(at).1);
            table.cells.push(cell);
        }
    }
    table
}

fn info_table(reply: &Reply) -> Table {
    let text = reply.text().unwrap_or_default();
    let lines = info::lines(text).into_iter();
    let cells = lines.flat_map(|it| [it.section, it.name, it.value].map(Value::from));
    Table::new(&["section", "key", "value"], cells.collect())
}

/// Settings; those that hold a secret are hidden.
fn settings(reply: &Reply) -> Table {
    let cells = reply.pairs().into_iter().flat_map(|(name, it)| {
        let is_private = name
            .text()
            .is_some_and(|it| it.ends_with("pass") || it.ends_with("auth"));
        let is_set = it.bytes().is_some_and(|it| !it.is_empty());
        let shown = if is_private && is_set {
            Value::from("(hidden)")
        } else {
            value(it)
        };
        [value(name), shown]
    });
    Table::new(&["name", "value"], cells.collect())
}

/// One line a client, `name=value` for each column.
fn clients(reply: &Reply) -> Table {
    let lines = reply.text().unwrap_or_default().lines();
    let rows = lines.filter(|it| !it.is_empty()).map(|line| {
        let pairs = line.split(' ').filter_map(|it| it.split_once('='));
        pairs
            .map(|(name, it)| (name.to_owned(), Value::from(it)))
            .collect()
    });
    of_rows(rows.collect())
}

fn slow(reply: &Reply) -> Table {
    let mut cells = Vec::new();
    for it in reply.items() {
        let cell = |at: usize| it.items().get(at).map_or(Value::Null, value);
        let at = it.items().get(1).and_then(Reply::integer);
        let at = at.and_then(|it| Timestamp::from_second(it).ok());
        let at = at.map_or(Value::Null, Value::Timestamp);
        cells.extend([cell(0), at, cell(2), cell(3), cell(4), cell(5)]);
    }
    let columns = ["id", "at", "micros", "command", "client", "name"];
    Table::new(&columns, cells)
}

/// A reply as a value: nothing is rounded, and what is no text stays bytes.
pub(super) fn value(reply: &Reply) -> Value {
    match reply {
        Reply::Nil => Value::Null,
        Reply::ServerError(it) => Value::Native {
            type_name: "error".to_owned(),
            text: fault::said(it),
        },
        Reply::Int(it) => Value::I64(*it),
        Reply::Double(it) => Value::F64(*it),
        Reply::Boolean(it) => Value::Bool(*it),
        Reply::BigNumber(digits) => big_number(digits),
        Reply::Array(items) | Reply::Set(items) => Value::List(items.iter().map(value).collect()),
        Reply::Push { kind, data } => {
            let kind = std::iter::once(Value::Text(kind.to_string()));
            Value::List(kind.chain(data.iter().map(value)).collect())
        }
        Reply::Attribute { data, .. } => value(data),
        Reply::Map(pairs) => {
            let pairs = pairs.iter();
            Value::Map(pairs.map(|(name, it)| (label(name), value(it))).collect())
        }
        // Texts of every other kind.
        other => other.bytes().map_or(Value::Null, text_or_bytes),
    }
}

fn big_number(digits: &[u8]) -> Value {
    let number = std::str::from_utf8(digits).ok();
    let number = number.and_then(|it| it.parse().ok());
    number.map_or_else(|| text_or_bytes(digits), Value::int)
}

fn label(name: &Reply) -> String {
    match name.bytes() {
        Some(bytes) => name_of(bytes),
        None => value(name).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stores::redis::words::commands;

    fn bulk(text: &str) -> Reply {
        Reply::BulkString(text.into())
    }

    #[track_caller]
    fn check(text: &str, name: &str, reply: &Reply, columns: &[&str], cells: &[Value]) {
        let command = &commands(text, &[]).expect("a command")[0];
        let table = table(name, command, reply);
        assert_eq!(table.columns, columns, "{text}");
        assert_eq!(table.cells, cells, "{text}");
    }

    #[test]
    fn members_and_scores_look_alike_in_both_versions_of_the_protocol() {
        let expected = [Value::from("a"), Value::F64(1.5)];
        let flat = Reply::Array(vec![bulk("a"), bulk("1.5")]);
        let pair = Reply::Array(vec![bulk("a"), Reply::Double(1.5)]);
        let text = "zrange z 0 -1 withscores";
        check(text, "zrange", &flat, &["member", "score"], &expected);
        let nested = Reply::Array(vec![pair]);
        check(text, "zrange", &nested, &["member", "score"], &expected);
    }

    #[test]
    fn passwords_among_settings_are_hidden() {
        let reply = Reply::Map(vec![
            (bulk("requirepass"), bulk("hunter2")),
            (bulk("masterauth"), bulk("")),
            (bulk("maxmemory"), bulk("0")),
        ]);
        let expected = [
            "requirepass",
            "(hidden)",
            "masterauth",
            "",
            "maxmemory",
            "0",
        ];
        check(
            "config get *",
            "config|get",
            &reply,
            &["name", "value"],
            &expected.map(Value::from),
        );
    }

    #[test]
    fn a_list_of_maps_is_a_table_of_all_their_names() {
        let reply = Reply::Array(vec![
            Reply::Map(vec![(bulk("a"), Reply::Int(1))]),
            Reply::Map(vec![(bulk("b"), Reply::Nil), (bulk("a"), Reply::Int(2))]),
        ]);
        let expected = [Value::I64(1), Value::Null, Value::I64(2), Value::Null];
        check("x y", "x", &reply, &["a", "b"], &expected);
    }

    #[test]
    fn a_big_number_keeps_its_digits() {
        let text = "123456789012345678901234567890";
        let reply = Reply::BigNumber(text.into());
        assert_eq!(value(&reply).to_string(), text);
    }
}
