//! What a collection holds: the fields of a sample, its indices, and what its validator declares.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mongodb::bson::{Document, doc};
use parallax_core::error::Result;
use parallax_core::name::{DatasetId, FieldPath};
use parallax_core::store::{DataModel, FieldShape, Index, Precision, Shape, TypeShare};
use parallax_core::value::Value;

use super::catalog::{self, Listed};
use super::places::Namespace;
use super::products::Known;
use super::rows::{array, documents_of};
use super::session::Session;
use super::types;

const OPERATION: &str = "read the shape";

/// The most documents of a sample.
const DOCUMENTS: u64 = 1_000;

/// The most bytes of a sample.
const BYTES: usize = 16 << 20;

/// The longest time that a sample is read.
const TIME: Duration = Duration::from_secs(2);

/// The fields of at most 1,000 documents, 16 MiB and two seconds: picked by the server where it can, else its first.
pub(super) async fn describe(session: &Arc<Session>, dataset: &DatasetId) -> Result<Shape> {
    let namespace = Namespace::of(dataset, session.database())?;
    session.forget_collection(&namespace);
    let listed = catalog::must_exist(session, &namespace, dataset).await?;
    let sample = sample(session, &namespace).await?;
    let mut fields = sample.fields();
    if let Some(validator) = listed
        .as_ref()
        .and_then(|it: &Listed| it.validator.as_ref())
    {
        declare(&mut fields, validator);
    }
    Ok(Shape {
        dataset: dataset.clone(),
        model: DataModel::Document,
        fields,
        key: vec!["_id".to_owned()],
        // A view has none.
        indices: indices(session, &namespace).await.unwrap_or_default(),
        estimate: catalog::estimate(session, &namespace).await,
        sampled: Some(sample.documents),
    })
}

async fn sample(session: &Arc<Session>, namespace: &Namespace) -> Result<Sample> {
    let size = i64::try_from(DOCUMENTS).unwrap_or(i64::MAX);
    let picked = doc! {
        "aggregate": &namespace.collection,
        "pipeline": [{ "$sample": { "size": size } }],
        "cursor": {},
    };
    if session.known().is_some_and(Known::picks_samples) {
        // A collection of large documents may be too large to be picked from.
        if let Ok(sample) = read(session, namespace, &picked).await {
            return Ok(sample);
        }
    }
    let batch = i64::from(session.batch(namespace, 100).await);
    let first = doc! { "find": &namespace.collection, "limit": size, "batchSize": batch };
    read(session, namespace, &first).await
}

async fn read(session: &Arc<Session>, namespace: &Namespace, command: &Document) -> Result<Sample> {
    let began = Instant::now();
    let mut sample = Sample::default();
    let batch = session.batch(namespace, 100).await;
    let mut cursor = session
        .cursor(&namespace.database, command, batch, OPERATION)
        .await?;
    while let Some(batch) = cursor.next().await? {
        let documents = array(&batch)?;
        for document in documents_of(documents) {
            let document = document?;
            sample.bytes += document.as_bytes().len();
            // A document that cannot be read has no fields to tell of.
            if let Ok(members) = types::members(document, 0) {
                sample.add(&members);
            }
        }
        if sample.bytes > BYTES || began.elapsed() > TIME {
            break;
        }
    }
    Ok(sample)
}

#[derive(Debug, Default)]
struct Sample {
    documents: u64,
    bytes: usize,
    /// Names in the order in which they were met, and where each is.
    order: Vec<String>,
    fields: BTreeMap<String, Field>,
}

#[derive(Debug, Default)]
struct Field {
    present: u64,
    types: BTreeMap<String, u64>,
}

impl Sample {
    fn add(&mut self, members: &[(String, Value)]) {
        self.documents += 1;
        for (name, value) in members {
            if !self.fields.contains_key(name) {
                self.order.push(name.clone());
            }
            let field = self.fields.entry(name.clone()).or_default();
            if !value.is_null() {
                field.present += 1;
                *field.types.entry(value.type_name().to_owned()).or_default() += 1;
            }
        }
    }

    fn fields(&self) -> Vec<FieldShape> {
        let named = self
            .order
            .iter()
            .filter_map(|it| Some((it, self.fields.get(it)?)));
        named
            .map(|(name, field)| field.shape(name, self.documents))
            .collect()
    }
}

impl Field {
    fn shape(&self, name: &str, documents: u64) -> FieldShape {
        let mut types: Vec<(&String, &u64)> = self.types.iter().collect();
        types.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let is_time = types
            .first()
            .is_some_and(|(name, _)| name.as_str() == "timestamp");
        let share = |(type_name, count): (&String, &u64)| TypeShare {
            type_name: type_name.clone(),
            share: ratio(*count, self.present),
        };
        FieldShape {
            name: name.to_owned(),
            declared: None,
            types: types.into_iter().map(share).collect(),
            // A date is milliseconds, whoever writes it.
            precision: is_time.then_some(Precision::Millis),
            nullable: self.present < documents,
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share of at most a thousand documents"
)]
fn ratio(count: u64, all: u64) -> f32 {
    count as f32 / all.max(1) as f32
}

/// Adds what a validator's schema says: the types that it declares, and which fields it requires.
fn declare(fields: &mut Vec<FieldShape>, validator: &Value) {
    let at = |path: &str| path.parse::<FieldPath>().ok()?.of(validator);
    if let Some(Value::Map(properties)) = at("$jsonSchema.properties") {
        for (name, property) in properties {
            let declared = FieldPath::name("bsonType")
                .of(property)
                .map(ToString::to_string);
            match fields.iter_mut().find(|it| it.name == *name) {
                Some(field) => field.declared = declared,
                None => fields.push(FieldShape {
                    name: name.clone(),
                    declared,
                    types: Vec::new(),
                    precision: None,
                    nullable: true,
                }),
            }
        }
    }
    if let Some(Value::List(required)) = at("$jsonSchema.required") {
        let required: Vec<String> = required.iter().map(ToString::to_string).collect();
        for field in fields
            .iter_mut()
            .filter(|it| it.types.is_empty() && required.contains(&it.name))
        {
            field.nullable = false;
        }
    }
}

async fn indices(session: &Arc<Session>, namespace: &Namespace) -> Result<Vec<Index>> {
    let command = doc! { "listIndexes": &namespace.collection, "cursor": {} };
    let mut cursor = session
        .cursor(&namespace.database, &command, 100, OPERATION)
        .await?;
    let mut indices = Vec::new();
    while let Some(batch) = cursor.next().await? {
        let documents = array(&batch)?;
        for document in documents_of(documents) {
            indices.extend(index(&types::document(document?)?));
        }
    }
    Ok(indices)
}

fn index(document: &Value) -> Option<Index> {
    let at = |name: &str| FieldPath::name(name).of(document);
    let Some(Value::Map(keys)) = at("key") else {
        return None;
    };
    let field = |(name, direction): &(String, Value)| match direction {
        Value::I64(1) => name.clone(),
        Value::F64(it) if (it - 1.0).abs() < f64::EPSILON => name.clone(),
        other => format!("{name} ({other})"),
    };
    let name = at("name").map_or_else(String::new, ToString::to_string);
    // The server keeps this one unique without saying so.
    let is_of_id = keys.len() == 1 && keys.first().is_some_and(|(it, _)| it == "_id");
    Some(Index {
        fields: keys.iter().map(field).collect(),
        unique: is_of_id || at("unique") == Some(&Value::Bool(true)),
        name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_tells_types_and_gaps() {
        let mut sample = Sample::default();
        sample.add(&[("a".into(), Value::I64(1)), ("b".into(), Value::Null)]);
        sample.add(&[("a".into(), Value::from("x")), ("c".into(), types::date(0))]);
        sample.add(&[("a".into(), Value::I64(2))]);
        let fields = sample.fields();
        let names: Vec<&str> = fields.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(fields[0].type_name(), "int");
        assert!(!fields[0].nullable && fields[1].nullable);
        assert_eq!(fields[2].precision, Some(Precision::Millis));
    }

    #[test]
    fn a_validator_declares_types() {
        let validator = Value::from_json(
            r#"{"$jsonSchema":{"required":["z"],"properties":{"a":{"bsonType":"int"},"z":{"bsonType":"string"}}}}"#,
        );
        let mut fields = vec![Field::default().shape("a", 1)];
        declare(&mut fields, &validator.expect("JSON"));
        assert_eq!(fields[0].declared.as_deref(), Some("int"));
        assert!(!fields[1].nullable);
    }
}
