//! A mapping as JSON, for `method.mapping` of a trace or a check.

use serde_json::{Value as Json, json};

use super::{FieldMapping, Mapping, RepresentationMapping};

/// The mapping as JSON that a person can check: `{fields, representations: [{dataset, source, version, fields}]}`.
///
/// Each field is `{name, path, rule, compared}`; `path` and `rule` are null where the field is not mapped.
pub fn to_json(mapping: &Mapping) -> Json {
    let representations = mapping.representations.iter().map(representation);
    json!({ "fields": mapping.fields, "representations": representations.collect::<Json>() })
}

fn representation(mapping: &RepresentationMapping) -> Json {
    json!({
        "dataset": mapping.dataset.to_string(),
        "source": mapping.source.to_string(),
        "version": mapping.version.as_ref().map(ToString::to_string),
        "fields": mapping.fields.iter().map(field).collect::<Json>(),
    })
}

/// A field with its rule in words; both are null where it is not mapped.
fn field(field: &FieldMapping) -> Json {
    let rule = field.rule.as_ref();
    json!({
        "name": field.name,
        "path": rule.map(|it| it.path.to_string()),
        "rule": rule.map(ToString::to_string),
        "compared": field.compared,
    })
}
