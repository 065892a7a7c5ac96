//! Results for people: documents member by member, nodes and relationships as a graph language writes them.

use parallax_core::store::Batch;
use parallax_core::value::Value;

use crate::table::one_line;

const INDENT: &str = "  ";
/// Longer values are cut; the other formats have them whole.
const WIDTH: usize = 100;

/// Whether a batch reads better member by member than as a table: a cell has documents in it.
pub(super) fn has_documents(batch: &Batch) -> bool {
    batch.cells.iter().any(|it| match it {
        Value::Map(members) => !members.is_empty() && graph(it).is_none(),
        Value::List(items) => items.iter().any(|it| {
            matches!(it, Value::Map(members) if !members.is_empty()) && graph(it).is_none()
        }),
        _ => false,
    })
}

/// A cell in one line.
pub(super) fn cell(value: &Value, width: usize) -> String {
    one_line(&inline(value), width)
}

/// The rows of a batch, each with its number from `first` on and its fields below each other.
pub(super) fn documents(batch: &Batch, first: u64) -> String {
    let mut text = String::new();
    for (at, row) in (first..).zip(batch.cells.chunks(batch.columns.len().max(1))) {
        text.push_str(&format!("row {}\n", at + 1));
        let named = batch.columns.iter().map(|it| it.name.as_str()).zip(row);
        members(&named.collect::<Vec<_>>(), 1, &mut text);
    }
    text
}

/// Names stand in a column of their own, as wide as the longest.
fn members(members: &[(&str, &Value)], depth: usize, text: &mut String) {
    let width = members.iter().map(|it| it.0.chars().count()).max();
    let width = width.unwrap_or(0).min(32);
    for (name, value) in members {
        let name = one_line(name, WIDTH);
        let indent = INDENT.repeat(depth);
        if let Some(inner) = nested(value) {
            text.push_str(&format!("{indent}{name}\n"));
            let inner: Vec<(&str, &Value)> = inner
                .iter()
                .map(|(name, it)| (name.as_str(), *it))
                .collect();
            self::members(&inner, depth + 1, text);
        } else {
            let space = " ".repeat(width.saturating_sub(name.chars().count()));
            let value = one_line(&inline(value), WIDTH);
            text.push_str(&format!("{indent}{name}{space}  {value}\n"));
        }
    }
}

/// What stands below its name: the members of a document, the items of a list of documents.
fn nested(value: &Value) -> Option<Vec<(String, &Value)>> {
    if graph(value).is_some() {
        return None;
    }
    match value {
        Value::Map(members) if !members.is_empty() => Some(
            members
                .iter()
                .map(|(name, it)| (name.clone(), it))
                .collect(),
        ),
        Value::List(items) if items.iter().any(|it| nested(it).is_some()) => {
            let items = items.iter().enumerate();
            Some(items.map(|(at, it)| (at.to_string(), it)).collect())
        }
        _ => None,
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::List(items) if items.iter().any(|it| graph(it).is_some()) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        _ => graph(value).unwrap_or_else(|| value.to_string()),
    }
}

/// `(:User {id: 1})`, `[:BOUGHT {times: 2}]`, or a path of both; `None` for what is no part of a graph.
fn graph(value: &Value) -> Option<String> {
    let Value::Map(members) = value else {
        return None;
    };
    let (mark, inside) = members.first()?;
    match mark.as_str() {
        "@node" => {
            let labels = match member(members, "@labels") {
                Some(Value::List(labels)) => labels.iter().fold(String::new(), |mut all, it| {
                    all.push_str(&format!(":{it}"));
                    all
                }),
                _ => String::new(),
            };
            Some(format!("({})", named(&labels, members)))
        }
        "@relationship" => {
            let kind = member(members, "@type").map_or_else(String::new, |it| format!(":{it}"));
            Some(format!("[{}]", named(&kind, members)))
        }
        "@path" => path(inside),
        _ => None,
    }
}

fn named(what: &str, members: &[(String, Value)]) -> String {
    let Some(Value::Map(properties)) = member(members, "properties") else {
        return what.to_owned();
    };
    if properties.is_empty() {
        return what.to_owned();
    }
    let properties = properties.iter().map(|(name, it)| {
        let value = match it {
            Value::Text(text) => format!("{text:?}"),
            other => other.to_string(),
        };
        format!("{name}: {value}")
    });
    let properties: Vec<String> = properties.collect();
    format!("{what} {{{}}}", properties.join(", "))
        .trim_start()
        .to_owned()
}

/// Each relationship points to the node that it ends at.
fn path(parts: &Value) -> Option<String> {
    let Value::List(parts) = parts else {
        return None;
    };
    let mut text = String::new();
    let mut before: Option<String> = None;
    for part in parts {
        let Value::Map(members) = part else {
            return None;
        };
        if let Some(id) = member(members, "@node") {
            before = Some(id.to_string());
            text.push_str(&graph(part)?);
        } else {
            let start = member(members, "@start").map(ToString::to_string);
            let relationship = graph(part)?;
            if start == before {
                text.push_str(&format!("-{relationship}->"));
            } else {
                text.push_str(&format!("<-{relationship}-"));
            }
        }
    }
    Some(text)
}

fn member<'v>(members: &'v [(String, Value)], name: &str) -> Option<&'v Value> {
    members.iter().find(|it| it.0 == name).map(|it| &it.1)
}

#[cfg(test)]
mod tests {
    use parallax_core::store::Column;

    use super::*;

    fn value(json: &str) -> Value {
        Value::from_json(json).expect("JSON")
    }

    fn batch(columns: &[&str], cells: &[&str]) -> Batch {
        let columns = columns.iter().map(|it| Column {
            name: (*it).to_owned(),
            type_name: String::new(),
        });
        let columns: Vec<Column> = columns.collect();
        Batch {
            rows: u32::try_from(cells.len() / columns.len()).expect("a test"),
            columns: columns.into(),
            cells: cells.iter().map(|it| value(it)).collect(),
        }
    }

    #[test]
    fn a_document_stands_member_by_member_and_exact() {
        let document = batch(
            &["_id", "name", "address", "tags", "lines"],
            &[
                "9007199254740993",
                r#""Ann Lee""#,
                r#"{"city":"Ulm","at":{"lat":48.40}}"#,
                r#"["new","vip"]"#,
                r#"[{"sku":"L-1","total":1.50},{"sku":"L-2","total":2}]"#,
            ],
        );
        assert!(has_documents(&document));
        let expected = "\
row 3
  _id      9007199254740993
  name     Ann Lee
  address
    city  Ulm
    at
      lat  48.40
  tags     [\"new\",\"vip\"]
  lines
    0
      sku    L-1
      total  1.50
    1
      sku    L-2
      total  2
";
        assert_eq!(documents(&document, 2), expected);
    }

    #[test]
    fn a_table_of_plain_values_and_of_lists_stays_a_table() {
        assert!(!has_documents(&batch(&["id", "tags"], &["1", r#"["a"]"#])));
        assert!(!has_documents(&batch(
            &["u"],
            &[r#"{"@node":"1","@labels":[],"properties":{}}"#]
        )));
    }

    #[test]
    fn graphs_are_written_as_their_language_writes_them() {
        let ann = r#"{"@node":"1","@labels":["User","Vip"],"properties":{"id":1,"name":"Ann"}}"#;
        let lamp = r#"{"@node":"2","@labels":["Product"],"properties":{}}"#;
        let bought = r#"{"@relationship":"7","@type":"BOUGHT","@start":"1","@end":"2","properties":{"times":2}}"#;
        assert_eq!(cell(&value(ann), 80), r#"(:User:Vip {id: 1, name: "Ann"})"#);
        assert_eq!(cell(&value(bought), 80), "[:BOUGHT {times: 2}]");
        let path = format!(r#"{{"@path":[{ann},{bought},{lamp}]}}"#);
        assert_eq!(
            cell(&value(&path), 120),
            r#"(:User:Vip {id: 1, name: "Ann"})-[:BOUGHT {times: 2}]->(:Product)"#
        );
        let back = format!(r#"{{"@path":[{lamp},{bought},{ann}]}}"#);
        assert!(cell(&value(&back), 120).contains("<-[:BOUGHT {times: 2}]-"));
        assert_eq!(
            cell(&value(&format!("[{lamp},{lamp}]")), 80),
            "[(:Product), (:Product)]"
        );
    }
}
