//! The mapping of an index as its shape.

use futures::future::join;
use parallax_core::error::Result;
use parallax_core::name::DatasetId;
use parallax_core::store::{DataModel, FieldShape, Index, Shape, TypeShare};
use serde_json::{Map, Value as Json};

use super::client::Exchange;
use super::request::Request;
use super::resource::Resource;
use super::target::target;

const OPERATION: &str = "read the mapping";

/// The most fields that are told; a mapping that grows with its documents may have very many.
const MAX_FIELDS: usize = 2_000;

/// The longest description of one field, in characters.
const MAX_DECLARED: usize = 240;

/// Reads the mapping and counts the documents. What several indices map differently is told with each of its types.
pub(super) async fn describe(exchange: &Exchange, dataset: &DatasetId) -> Result<Shape> {
    let target = target(exchange, dataset).await?;
    let mapping = Request::get(Resource::of(&[target.name.as_str(), "_mapping"]));
    let count = Request::get(Resource::of(&[target.name.as_str(), "_count"]));
    let (mapping, count) = join(
        exchange.ask(&mapping, OPERATION),
        exchange.ask(&count, OPERATION),
    )
    .await;
    let mapping: Json = mapping?.read(OPERATION)?;
    let count: Json = count?.read(OPERATION)?;
    let mut fields = fields(&mapping);
    fields.truncate(MAX_FIELDS);
    Ok(Shape {
        dataset: dataset.clone(),
        model: DataModel::Search,
        fields,
        key: Vec::new(),
        indices: vec![Index {
            name: "_id".to_owned(),
            fields: vec!["@id".to_owned()],
            unique: true,
        }],
        estimate: count.get("count").and_then(Json::as_u64),
        sampled: None,
    })
}

/// The outermost fields of all indices, in the order of their mappings.
fn fields(mapping: &Json) -> Vec<FieldShape> {
    let mut found: Vec<FieldShape> = Vec::new();
    let indices = mapping.as_object().into_iter().flat_map(Map::values);
    let properties = indices.filter_map(|it| properties(it.get("mappings")?));
    for (name, field) in properties.flatten() {
        let declared = declared(field);
        match found.iter_mut().find(|it| it.name == *name) {
            Some(known) if known.declared.as_deref() == Some(&declared) => {}
            Some(known) => merge(known, &declared, type_name(field)),
            None => found.push(FieldShape {
                name: name.clone(),
                declared: Some(declared),
                types: vec![TypeShare {
                    type_name: type_name(field).to_owned(),
                    share: 1.0,
                }],
                precision: None,
                nullable: true,
            }),
        }
    }
    found
}

/// Properties, which older versions put below the name of a type.
fn properties(mappings: &Json) -> Option<&Map<String, Json>> {
    let own = mappings.get("properties");
    let typed = || {
        mappings
            .as_object()?
            .values()
            .find_map(|it| it.get("properties"))
    };
    own.or_else(typed)?.as_object()
}

fn merge(known: &mut FieldShape, declared: &str, type_name: &str) {
    let all = known.declared.take().unwrap_or_default();
    known.declared = Some(cut(&format!("{all} or {declared}")));
    if known.types.iter().any(|it| it.type_name == type_name) {
        return;
    }
    known.types.push(TypeShare {
        type_name: type_name.to_owned(),
        share: 1.0,
    });
    #[expect(clippy::cast_precision_loss, reason = "a handful of types")]
    let share = 1.0 / known.types.len() as f32;
    for of in &mut known.types {
        of.share = share;
    }
}

fn kind(field: &Json) -> &str {
    let own = field.get("type").and_then(Json::as_str);
    own.unwrap_or("object")
}

/// The type that the values have in the documents themselves.
fn type_name(field: &Json) -> &'static str {
    match kind(field) {
        "long" | "integer" | "short" | "byte" | "unsigned_long" | "token_count" | "murmur3" => {
            "int"
        }
        "double" | "float" | "half_float" | "scaled_float" | "rank_feature" => "decimal",
        "boolean" => "bool",
        "date" | "date_nanos" if is_a_number(field) => "int",
        "dense_vector" | "knn_vector" | "nested" => "list",
        "object" | "flattened" | "flat_object" | "geo_point" | "geo_shape" | "join"
        | "rank_features" | "sparse_vector" | "integer_range" | "long_range" | "float_range"
        | "double_range" | "date_range" | "ip_range" | "histogram" => "map",
        _ => "text",
    }
}

/// Whether a date is written as a number of seconds or milliseconds alone.
fn is_a_number(field: &Json) -> bool {
    let format = field.get("format").and_then(Json::as_str);
    format.is_some_and(|it| it.split("||").all(|it| it.starts_with("epoch_")))
}

/// A field as one would say its mapping: `text (keyword: keyword)`, `object (city: keyword)`, `keyword, not indexed`.
fn declared(field: &Json) -> String {
    let mut text = kind(field).to_owned();
    if let Some(dims) = field.get("dims").or_else(|| field.get("dimension")) {
        text.push_str(&format!("({dims})"));
    }
    let inner = field.get("properties").or_else(|| field.get("fields"));
    if let Some(inner) = inner.and_then(Json::as_object) {
        let inner: Vec<String> = inner
            .iter()
            .map(|(name, it)| format!("{name}: {}", declared(it)))
            .collect();
        text.push_str(&format!(" ({})", inner.join(", ")));
    }
    for option in ["analyzer", "normalizer", "format", "path", "scaling_factor"] {
        if let Some(value) = field.get(option) {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), ToOwned::to_owned);
            text.push_str(&format!(", {option} {value}"));
        }
    }
    if field.get("index") == Some(&Json::Bool(false)) {
        text.push_str(", not indexed");
    }
    if field.get("enabled") == Some(&Json::Bool(false)) {
        text.push_str(", not parsed");
    }
    cut(&text)
}

fn cut(text: &str) -> String {
    if text.chars().count() <= MAX_DECLARED {
        return text.to_owned();
    }
    text.chars().take(MAX_DECLARED).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(mapping: &str) -> Vec<String> {
        let fields = fields(&serde_json::from_str(mapping).expect("JSON"));
        let text = |it: FieldShape| {
            let types: Vec<&str> = it.types.iter().map(|it| it.type_name.as_str()).collect();
            format!(
                "{}: {} = {}",
                it.name,
                types.join("/"),
                it.declared.expect("declared")
            )
        };
        fields.into_iter().map(text).collect()
    }

    #[test]
    fn a_mapping_is_told_field_by_field() {
        let mapping = r#"{"a":{"mappings":{"properties":{
            "name":{"type":"text","analyzer":"english","fields":{"keyword":{"type":"keyword"}}},
            "at":{"type":"date","format":"epoch_millis"},
            "address":{"properties":{"city":{"type":"keyword","index":false},"geo":{"type":"nested","properties":{"lat":{"type":"float"}}}}},
            "embedding":{"type":"dense_vector","dims":3},
            "n":{"type":"long"}}}},
            "b":{"mappings":{"properties":{"n":{"type":"keyword"},"more":{"type":"boolean"}}}}}"#;
        assert_eq!(
            described(mapping),
            [
                "name: text = text (keyword: keyword), analyzer english",
                "at: int = date, format epoch_millis",
                "address: map = object (city: keyword, not indexed, geo: nested (lat: float))",
                "embedding: list = dense_vector(3)",
                "n: int/text = long or keyword",
                "more: bool = boolean",
            ]
        );
    }

    #[test]
    fn properties_below_a_type_are_found() {
        let mapping = r#"{"a":{"mappings":{"doc":{"properties":{"n":{"type":"long"}}}}}}"#;
        assert_eq!(described(mapping), ["n: int = long"]);
        assert_eq!(described(r#"{"a":{"mappings":{}}}"#), [] as [&str; 0]);
    }
}
