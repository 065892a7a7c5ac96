//! Documents as records: which are read, what is read of them, and what their keys are.

use mongodb::bson::{Bson, Document, RawDocument, doc};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, FieldPath};
use parallax_core::store::{Fields, Projection};
use parallax_core::value::{Decimal, Key, Record, Value};

use super::places::{self, Namespace};
use super::{mql, readonly, types};

/// How the records of one dataset are selected and read.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub(super) namespace: Namespace,
    /// Where the parts of the key are.
    pub(super) key: Vec<FieldPath>,
    /// What they are called.
    pub(super) names: Vec<String>,
    /// What is read of each document; `None` is all of it.
    pub(super) projection: Option<Document>,
    is_listed: bool,
    filter: Option<Document>,
}

impl Reader {
    /// Fails with [`ErrorKind::InvalidInput`] on a broken filter, [`ErrorKind::PermissionDenied`] on one that runs code.
    pub(super) fn new(
        dataset: &DatasetId,
        database: Option<&str>,
        projection: &Projection,
    ) -> Result<Self> {
        let key: Vec<FieldPath> = projection.key.iter().map(|it| it.path.clone()).collect();
        let filter = projection.filter.as_deref().map(|it| {
            let filter = mql::filter(it).map_err(|it| limited(it, dataset))?;
            readonly::refusal_in(&filter).map_or(Ok(filter), Err)
        });
        Ok(Self {
            namespace: Namespace::of(dataset, database)?,
            projection: places::projection(&key, &projection.fields),
            key,
            names: projection.key.iter().map(|it| it.name.clone()).collect(),
            is_listed: matches!(projection.fields, Fields::Listed(_)),
            filter: filter.transpose()?,
        })
    }

    /// The command that reads what meets `condition` and what limits the dataset.
    pub(super) fn find(&self, condition: Document) -> Document {
        let filter = match (&self.filter, condition.is_empty()) {
            (None, _) => condition,
            (Some(filter), true) => filter.clone(),
            (Some(filter), false) => doc! { "$and": [filter.clone(), condition] },
        };
        let mut command = doc! { "find": &self.namespace.collection, "filter": filter };
        if let Some(projection) = &self.projection {
            command.insert("projection", projection.clone());
        }
        command
    }

    /// What limits the dataset, as it was written.
    pub(super) fn filter(&self) -> Option<&Document> {
        self.filter.as_ref()
    }

    /// The record that a document is, under its own key.
    ///
    /// Fails with [`ErrorKind::Unreadable`] where it is no BSON, or where single fields are wanted and a name stands twice.
    pub(super) fn record(&self, raw: &RawDocument) -> Result<Record> {
        let members = types::members(raw, 0)?;
        if self.is_listed {
            let mut names: Vec<&str> = members.iter().map(|(it, _)| it.as_str()).collect();
            names.sort_unstable();
            if let Some([name, _]) = names.windows(2).find(|it| matches!(it, [a, b] if a == b)) {
                return Err(places::twice(name));
            }
        }
        let body = Value::Map(members);
        let part = |path: &FieldPath| path.of(&body).cloned().unwrap_or(Value::Null);
        let key = self.key.iter().map(part).collect();
        Ok(Record {
            key: Key::new(key),
            body,
            meta: Vec::new(),
        })
    }

    /// The condition of a key: each of its parts is one of its alternatives. `None` where none could match.
    pub(super) fn of_key(&self, key: &Key, takes_decimals: bool) -> Option<Result<Document>> {
        if self.key.is_empty() || self.key.len() != key.parts().len() {
            return None;
        }
        let mut condition = Document::new();
        for (path, part) in self.key.iter().zip(key.parts()) {
            let all = super::literal::alternatives(part, takes_decimals);
            if all.is_empty() {
                return None;
            }
            let Some(name) = places::condition(path) else {
                return Some(Err(unsayable(path)));
            };
            condition.insert(name, any_of(all));
        }
        Some(Ok(condition))
    }
}

/// A condition: the field equals one of these.
pub(super) fn any_of(mut all: Vec<Bson>) -> Bson {
    match (all.pop(), all.is_empty()) {
        // Some servers find it much sooner so.
        (Some(one), true) => Bson::Document(doc! { "$eq": one }),
        (last, _) => {
            all.extend(last);
            Bson::Document(doc! { "$in": all })
        }
    }
}

pub(super) fn unsayable(path: &FieldPath) -> Error {
    let operation = format!("look for {:?}", path.to_string());
    Error::new(ErrorKind::Unsupported, operation)
        .because("a condition cannot name a field whose name holds a point or begins with `$`")
}

fn limited(error: Error, dataset: &DatasetId) -> Error {
    Error {
        operation: format!("limit {dataset}").into(),
        causes: std::iter::once(error.operation.into_owned())
            .chain(error.causes)
            .collect(),
        ..error
    }
}

/// The texts by which a part of a key is told from others: as it is shown, and a number in its shortest form.
pub(super) fn texts(part: &Value) -> Vec<String> {
    let shown = part.to_string();
    let number = match part {
        Value::F64(it) => Decimal::from_f64(*it),
        Value::Decimal(it) => Some(it.clone()),
        _ => None,
    };
    let shortest = number.map(|it| {
        let (digits, scale) = it.normalized();
        Decimal::new(digits, scale).to_string()
    });
    let shortest = shortest.filter(|it| *it != shown);
    std::iter::once(shown).chain(shortest).collect()
}

#[cfg(test)]
mod tests {
    use mongodb::bson::rawdoc;
    use parallax_core::store::KeyPart;

    use super::*;

    fn reader(key: &[&str], filter: Option<&str>) -> Result<Reader> {
        let part = |it: &&str| KeyPart {
            name: (*it).to_owned(),
            path: it.parse().expect("a path"),
        };
        let projection = Projection {
            key: key.iter().map(part).collect(),
            fields: Fields::All,
            filter: filter.map(ToOwned::to_owned),
        };
        Reader::new(
            &"docs.users".parse().expect("a dataset"),
            Some("shop"),
            &projection,
        )
    }

    #[test]
    fn a_key_is_looked_for_in_all_that_it_may_be() {
        let reader = reader(&["region", "_id.n"], Some("{ deleted: { $ne: true } }")).expect("one");
        let key = Key::new(vec![Value::from("eu"), Value::I64(17)]);
        let condition = reader.of_key(&key, true).expect("one").expect("sayable");
        assert_eq!(
            condition,
            doc! { "region": { "$eq": "eu" }, "_id.n": { "$in": [17, "17"] } }
        );
        assert_eq!(
            reader.find(condition.clone()).get_document("filter").ok(),
            Some(&doc! { "$and": [{ "deleted": { "$ne": true } }, condition] })
        );
        assert!(
            reader
                .of_key(&Key::new(vec![Value::Null, Value::I64(1)]), true)
                .is_none()
        );
    }

    #[test]
    fn a_filter_is_one_document_that_reads() {
        for (filter, kind) in [
            ("{ a: ", ErrorKind::InvalidInput),
            ("[]", ErrorKind::InvalidInput),
            ("{} {}", ErrorKind::InvalidInput),
            ("{ $where: 'true' }", ErrorKind::PermissionDenied),
        ] {
            assert_eq!(reader(&["_id"], Some(filter)).expect_err(filter).kind, kind);
        }
    }

    #[test]
    fn a_record_has_its_key() {
        let reader = reader(&["_id.n"], None).expect("one");
        let record = reader
            .record(&rawdoc! { "_id": { "n": 5 }, "a": 1 })
            .expect("read");
        assert_eq!(record.key, Key::new(vec![Value::I64(5)]));
    }
}
