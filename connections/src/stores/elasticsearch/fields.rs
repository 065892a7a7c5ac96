//! Paths into documents, as the server's requests take them.

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::FieldPath;
use parallax_core::store::{Fields, Projection};
use parallax_core::value::{Key, Value};
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

/// Whether a path names the id that the server keeps beside the document.
pub(super) fn is_id(path: &FieldPath) -> bool {
    matches!(path.segments(), [one] if matches!(one.as_str(), "@id" | "_id" | "@key"))
}

/// Whether a path leads into the document, and not to what the server keeps beside it.
pub(super) fn is_inside(path: &FieldPath) -> bool {
    !path.is_meta() && !is_id(path)
}

/// The field as mappings and queries name it.
pub(super) fn dotted(path: &FieldPath) -> String {
    path.segments().join(".")
}

/// Whether anything of the documents themselves is wanted.
///
/// A server can also send parts of a document. It then reads all of it and writes the parts anew, which takes five times
/// as long as sending the whole, and turns every number with a point into a double: digits are lost.
pub(super) fn wants_source(projection: &Projection) -> bool {
    let Fields::Listed(paths) = &projection.fields else {
        return true;
    };
    let keys = projection.key.iter().map(|it| &it.path);
    keys.chain(paths).any(is_inside)
}

/// The document with no more than the members in which something is wanted.
pub(super) fn pruned(body: Value, projection: &Projection) -> Value {
    match (body, &projection.fields) {
        (Value::Map(mut members), Fields::Listed(paths)) => {
            members.retain(|(name, _)| paths.iter().any(|it| it.first() == name));
            Value::Map(members)
        }
        (body, _) => body,
    }
}

/// The condition that limits the dataset: a query in JSON, or one in the server's short form (`active:true AND age:>3`).
///
/// Fails with [`ErrorKind::InvalidInput`] on JSON that is broken.
pub(super) fn condition(projection: &Projection) -> Result<Option<String>> {
    let Some(text) = projection.filter.as_deref().map(str::trim) else {
        return Ok(None);
    };
    if !text.starts_with('{') {
        return Ok(Some(
            json!({ "query_string": { "query": text } }).to_string(),
        ));
    }
    // Only its form is looked at: as a tree it would lose digits.
    let read = serde_json::from_str::<&RawValue>(text).map_err(|it| {
        Error::new(ErrorKind::InvalidInput, "read `where`")
            .because(it)
            .hint(r#"for example {"term": {"active": true}}, or active:true"#)
    });
    read.map(|it| Some(it.get().to_owned()))
}

/// A query that holds where all of these do, without scores; all documents, where there are none.
pub(super) fn all_of(queries: &[String]) -> String {
    match queries {
        [] => r#"{"match_all":{}}"#.to_owned(),
        many => format!(r#"{{"bool":{{"filter":[{}]}}}}"#, many.join(",")),
    }
}

/// A query that holds where any of these does, without scores.
pub(super) fn any_of(queries: &[String]) -> String {
    let queries = queries.join(",");
    let any = format!(r#"{{"bool":{{"should":[{queries}],"minimum_should_match":1}}}}"#);
    all_of(&[any])
}

/// Text as JSON.
pub(super) fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

/// A value as queries take it: exactly, numbers as numbers.
pub(super) fn operand(value: &Value) -> String {
    // What stands in a list is written as JSON, exactly.
    let text = Value::List(vec![value.clone()]).to_string();
    let inner = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    inner.unwrap_or(&text).to_owned()
}

/// The id that a key is, where the key is the id.
pub(super) fn id(key: &Key) -> Option<String> {
    match key.parts() {
        [Value::Null] => None,
        [one] => Some(one.to_string()),
        _ => None,
    }
}

/// Whether two values are the same key: numbers and texts that read alike.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    one == other || (!one.is_null() && !other.is_null() && one.to_string() == other.to_string())
}

#[cfg(test)]
mod tests {
    use parallax_core::store::KeyPart;

    use super::*;

    fn projection(key: &str, fields: &[&str]) -> Projection {
        let path = |text: &str| text.parse::<FieldPath>().expect("a path");
        Projection {
            key: vec![KeyPart {
                name: "id".to_owned(),
                path: path(key),
            }],
            fields: Fields::Listed(fields.iter().map(|it| path(it)).collect()),
            filter: None,
        }
    }

    #[test]
    fn a_document_is_asked_for_where_something_in_it_is_wanted() {
        assert!(wants_source(&projection("@id", &["a.b"])));
        assert!(wants_source(&projection("id", &["@version"])));
        assert!(!wants_source(&projection("_id", &["@version", "@seq_no"])));
    }

    #[test]
    fn only_wanted_members_are_kept() {
        let body = Value::from_json(r#"{"a":{"b":1,"c":2},"d":3}"#).expect("JSON");
        let kept = pruned(body, &projection("id", &["a.b", "e"]));
        assert_eq!(kept.to_string(), r#"{"a":{"b":1,"c":2}}"#);
    }

    #[test]
    fn values_are_written_exactly() {
        let check = |value: &str| {
            let value = Value::from_json(value).expect("JSON");
            assert_eq!(operand(&value), value_text(&value));
        };
        check("18446744073709551615");
        check("0.10");
        check("[1,\"a\"]");
        assert_eq!(operand(&Value::from("a\"b")), r#""a\"b""#);
        assert_eq!(operand(&Value::Null), "null");
    }

    fn value_text(value: &Value) -> String {
        value.to_string()
    }

    #[test]
    fn a_condition_is_json_or_the_short_form() {
        let read = |text: &str| {
            let filter = Some(text.to_owned());
            condition(&Projection {
                filter,
                ..projection("id", &[])
            })
        };
        let exact = r#"{"term":{"a":1.10}}"#;
        assert_eq!(
            read(&format!(" {exact} ")).expect("JSON").as_deref(),
            Some(exact)
        );
        let short = r#"{"query_string":{"query":"a:1"}}"#;
        assert_eq!(read("a:1").expect("short").as_deref(), Some(short));
        assert!(read("{").is_err());
    }
}
