//! What can be searched in a field, and how: from the mapping, whatever indices stand behind a name.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::Date;
use parallax_core::error::Result;
use parallax_core::name::FieldPath;
use parallax_core::value::Value;
use serde::Deserialize;

use super::client::Exchange;
use super::fields::{dotted, operand, quoted};
use super::request::Request;
use super::resource::Resource;
use super::target::Target;

const OPERATION: &str = "look up the fields";

#[derive(Debug, Deserialize)]
struct Answer {
    fields: BTreeMap<String, BTreeMap<String, Capable>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Capable {
    #[serde(default)]
    searchable: bool,
    #[serde(default)]
    aggregatable: bool,
}

/// What a field's values are to a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text as it is: one term.
    Exact,
    /// Text, taken apart into terms.
    Analysed,
    Whole,
    Number,
    Bool,
    /// An instant or a date.
    Date,
    /// An address of the internet's.
    Address,
    /// What no value of ours can be compared with.
    Other,
}

impl Kind {
    fn of(name: &str) -> Self {
        match name {
            "keyword" | "constant_keyword" | "wildcard" | "version" | "flattened"
            | "flat_object" => Self::Exact,
            "text" | "match_only_text" | "search_as_you_type" => Self::Analysed,
            "long" | "integer" | "short" | "byte" | "unsigned_long" => Self::Whole,
            "double" | "float" | "half_float" | "scaled_float" => Self::Number,
            "boolean" => Self::Bool,
            "date" | "date_nanos" => Self::Date,
            "ip" => Self::Address,
            _ => Self::Other,
        }
    }
}

/// A field that a query can ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Whether its values are kept in a form that can be sorted.
    pub(super) sorts: bool,
}

impl Field {
    /// A query for documents whose field is one of `values`; `None` where no value can be one of this field.
    ///
    /// What is taken apart into terms is asked for as a phrase, so it may find more.
    pub(super) fn one_of<'v>(&self, values: impl Iterator<Item = &'v Value>) -> Option<String> {
        let name = quoted(&self.name);
        let fitting = values.filter(|it| self.takes(it));
        if self.kind == Kind::Analysed {
            let phrases: Vec<String> = fitting
                .map(|it| {
                    format!(
                        r#"{{"match_phrase":{{{name}:{}}}}}"#,
                        quoted(&it.to_string())
                    )
                })
                .collect();
            return (!phrases.is_empty()).then(|| super::fields::any_of(&phrases));
        }
        if self.kind == Kind::Date {
            let moments: Vec<String> = fitting.map(|it| at(&name, &it.to_string())).collect();
            return (!moments.is_empty()).then(|| super::fields::any_of(&moments));
        }
        let terms: Vec<String> = fitting.map(operand).collect();
        (!terms.is_empty()).then(|| format!(r#"{{"terms":{{{name}:[{}]}}}}"#, terms.join(",")))
    }

    /// Whether the server can read the value as one of this field; otherwise it would refuse the whole search.
    fn takes(&self, value: &Value) -> bool {
        let text = value.to_string();
        match self.kind {
            Kind::Exact | Kind::Analysed => !value.is_null(),
            Kind::Whole => text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok(),
            Kind::Number => text.parse::<f64>().is_ok_and(f64::is_finite),
            Kind::Bool => matches!(text.as_str(), "true" | "false"),
            Kind::Date => text.parse::<Timestamp>().is_ok() || text.parse::<Date>().is_ok(),
            Kind::Address => text.parse::<IpAddr>().is_ok(),
            Kind::Other => false,
        }
    }
}

/// A query for one moment, in a form that every mapping of dates takes.
fn at(name: &str, text: &str) -> String {
    let text = quoted(text);
    let format = "strict_date_optional_time_nanos";
    format!(r#"{{"range":{{{name}:{{"gte":{text},"lte":{text},"format":"{format}"}}}}}}"#)
}

/// The field to ask for each path, exact where there is a choice; `None` where the mapping has none that can be searched.
pub(super) async fn fields(
    exchange: &Exchange,
    target: &Target,
    paths: &[&FieldPath],
) -> Result<Vec<Option<Field>>> {
    let names: Vec<String> = paths.iter().map(|it| dotted(it)).collect();
    let asked = names.iter().filter(|it| !it.contains([',', '*']));
    let asked: Vec<String> = asked
        .flat_map(|it| [it.clone(), format!("{it}.*")])
        .collect();
    if asked.is_empty() {
        return Ok(vec![None; names.len()]);
    }
    let resource = Resource::of(&[target.name.as_str(), "_field_caps"])
        .with("fields", &asked.join(","))
        .with("ignore_unavailable", "true");
    let answer = exchange.ask(&Request::get(resource), OPERATION).await?;
    let answer: Answer = answer.read(OPERATION)?;
    Ok(names.iter().map(|it| choose(&answer.fields, it)).collect())
}

fn choose(all: &BTreeMap<String, BTreeMap<String, Capable>>, name: &str) -> Option<Field> {
    let own = single(all, name)?;
    if own.kind != Kind::Analysed {
        return Some(own);
    }
    // Of its other forms the one that keeps the text as it is.
    let prefix = format!("{name}.");
    let forms = all.keys().filter(|it| it.starts_with(&prefix));
    let mut exact = forms.filter_map(|it| single(all, it));
    exact.find(|it| it.kind == Kind::Exact).or(Some(own))
}

/// A field that can be searched, and is of one kind in all indices.
fn single(all: &BTreeMap<String, BTreeMap<String, Capable>>, name: &str) -> Option<Field> {
    let forms = all.get(name)?;
    let mut kinds = forms.iter().filter(|(it, _)| it.as_str() != "unmapped");
    let (kind, capable) = kinds.next()?;
    let kind = Kind::of(kind);
    let agree = kinds.all(|(it, other)| Kind::of(it) == kind && other.searchable);
    (capable.searchable && agree).then(|| Field {
        name: name.to_owned(),
        kind,
        sorts: capable.aggregatable,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Answer {
        let text = r#"{"fields":{
            "name":{"text":{"searchable":true,"aggregatable":false}},
            "name.keyword":{"keyword":{"searchable":true,"aggregatable":true}},
            "note":{"text":{"searchable":true,"aggregatable":false}},
            "n":{"long":{"searchable":true,"aggregatable":true},"unmapped":{"searchable":false,"aggregatable":false}},
            "mixed":{"long":{"searchable":true,"aggregatable":true},"keyword":{"searchable":true,"aggregatable":true}},
            "hidden":{"keyword":{"searchable":false,"aggregatable":true}}}}"#;
        serde_json::from_str(text).expect("an answer")
    }

    #[test]
    fn the_exact_form_of_a_text_is_chosen() {
        let answer = answer();
        let chosen = |name: &str| choose(&answer.fields, name).map(|it| (it.name, it.kind));
        assert_eq!(
            chosen("name"),
            Some(("name.keyword".to_owned(), Kind::Exact))
        );
        assert_eq!(chosen("note"), Some(("note".to_owned(), Kind::Analysed)));
        assert_eq!(chosen("n"), Some(("n".to_owned(), Kind::Whole)));
        assert_eq!(chosen("mixed"), None);
        assert_eq!(chosen("hidden"), None);
        assert_eq!(chosen("gone"), None);
    }

    #[test]
    fn a_value_that_the_field_cannot_have_is_not_asked_for() {
        let answer = answer();
        let field = choose(&answer.fields, "n").expect("a field");
        let values = [
            Value::from("x"),
            Value::from("7"),
            Value::I64(8),
            Value::Null,
        ];
        assert_eq!(
            field.one_of(values.iter()).as_deref(),
            Some(r#"{"terms":{"n":["7",8]}}"#)
        );
        assert_eq!(field.one_of(values[..1].iter()), None);
        let text = choose(&answer.fields, "note").expect("a field");
        let phrase = text
            .one_of([Value::from("a \"b\"")].iter())
            .expect("a query");
        assert!(
            phrase.contains(r#"{"match_phrase":{"note":"a \"b\""}}"#),
            "{phrase}"
        );
    }
}
