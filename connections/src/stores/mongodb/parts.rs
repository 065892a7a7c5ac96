//! The parts of a dataset: ranges of `_id`, where its ends are whole numbers or both are `ObjectId`s.
//!
//! A range of `_id` takes values of one type only, so the first part takes whatever the others do not: also keys of
//! other types, and those that come while the scan runs.

use std::sync::Arc;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, RawBsonRef, doc};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::DatasetId;
use parallax_core::store::Part;
use parallax_core::value::Value;

use super::places::Namespace;
use super::products::Known;
use super::rows::{array, documents_of};
use super::scan::OPERATION;
use super::session::Session;
use super::{catalog, literal, types};

/// A part is not made for fewer documents than this.
const DOCUMENTS_PER_PART: u64 = 20_000;

/// Parts that cover the whole dataset, also what is added later.
pub(super) async fn parts(
    session: &Arc<Session>,
    dataset: &DatasetId,
    want: usize,
) -> Result<Vec<Part>> {
    let namespace = Namespace::of(dataset, session.database())?;
    session.forget_collection(&namespace);
    catalog::must_exist(session, &namespace, dataset).await?;
    let estimate = catalog::estimate(session, &namespace).await;
    let whole = Part {
        dataset: dataset.clone(),
        bounds: None,
        estimate,
    };
    let is_divisible = session.known().is_some_and(Known::finds_ranges);
    let most = estimate.unwrap_or_default() / DOCUMENTS_PER_PART;
    let count = usize::try_from(most).unwrap_or(usize::MAX).min(want);
    if count < 2 || !is_divisible {
        return Ok(vec![whole]);
    }
    let first = end(session, &namespace, 1).await?;
    let last = end(session, &namespace, -1).await?;
    let bounds = first
        .zip(last)
        .map(|(first, last)| bounds(&first, &last, count));
    let bounds = bounds.unwrap_or_default();
    if bounds.is_empty() {
        return Ok(vec![whole]);
    }
    let each = estimate.map(|it| it / (bounds.len() as u64 + 1));
    let conditions = conditions(&bounds).into_iter();
    Ok(conditions
        .map(|bounds| Part {
            bounds: Some(bounds),
            estimate: each,
            ..whole.clone()
        })
        .collect())
}

/// The lowest or the highest `_id`.
async fn end(
    session: &Arc<Session>,
    namespace: &Namespace,
    direction: i32,
) -> Result<Option<Bson>> {
    let command = doc! {
        "find": &namespace.collection,
        "sort": { "_id": direction },
        "projection": { "_id": 1 },
        "limit": 1_i64,
    };
    let mut cursor = session
        .cursor(&namespace.database, &command, 1, OPERATION)
        .await?;
    let Some(batch) = cursor.next().await? else {
        return Ok(None);
    };
    let documents = array(&batch)?;
    let document = documents_of(documents).next().transpose()?;
    let id = document.and_then(|it| it.get("_id").ok().flatten());
    Ok(id.and_then(|it: RawBsonRef<'_>| Bson::try_from(it).ok()))
}

/// Where one part ends and the next begins.
fn bounds(first: &Bson, last: &Bson, count: usize) -> Vec<Bson> {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    match (first, last) {
        (Bson::ObjectId(first), Bson::ObjectId(last)) => {
            let made = |it: &ObjectId| {
                let [a, b, c, d, ..] = it.bytes();
                i64::from(u32::from_be_bytes([a, b, c, d]))
            };
            let inner = inner_bounds(made(first), made(last), count).into_iter();
            let id = |it: i64| {
                let [a, b, c, d] = u32::try_from(it).unwrap_or(u32::MAX).to_be_bytes();
                Bson::ObjectId(ObjectId::from_bytes([a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0]))
            };
            inner.map(id).collect()
        }
        (first, last) => match (whole(first), whole(last)) {
            (Some(first), Some(last)) => {
                let inner = inner_bounds(first, last, count).into_iter();
                inner.map(literal::integer).collect()
            }
            _ => Vec::new(),
        },
    }
}

fn whole(value: &Bson) -> Option<i64> {
    match value {
        Bson::Int32(it) => Some((*it).into()),
        Bson::Int64(it) => Some(*it),
        _ => None,
    }
}

fn inner_bounds(first: i64, last: i64, count: u64) -> Vec<i64> {
    let span = last.checked_sub(first).map_or(0, i64::unsigned_abs);
    let count = count.min(span).max(1);
    let bound = |nth: u64| {
        let offset = u128::from(span) * u128::from(nth) / u128::from(count);
        first.saturating_add_unsigned(u64::try_from(offset).unwrap_or(u64::MAX))
    };
    (1..count).map(bound).collect()
}

/// A condition and its values for each part.
fn conditions(bounds: &[Bson]) -> Vec<(String, Vec<Value>)> {
    let values: Vec<Value> = bounds
        .iter()
        .map(|it| match it {
            Bson::ObjectId(it) => types::native(types::OBJECT_ID, it.to_hex()),
            it => Value::I64(whole(it).unwrap_or_default()),
        })
        .collect();
    let mut conditions = Vec::new();
    if let Some(first) = values.first() {
        conditions.push((REST.to_owned(), vec![first.clone()]));
    }
    for pair in values.windows(2) {
        conditions.push((BETWEEN.to_owned(), pair.to_vec()));
    }
    if let Some(last) = values.last() {
        conditions.push((FROM.to_owned(), vec![last.clone()]));
    }
    conditions
}

const REST: &str = "{ _id: { $not: { $gte: ? } } }";
const BETWEEN: &str = "{ _id: { $gte: ?, $lt: ? } }";
const FROM: &str = "{ _id: { $gte: ? } }";

/// The condition of a part that [`parts`] made.
///
/// Fails with [`ErrorKind::InvalidInput`] where it is none of those.
pub(super) fn condition(text: &str, values: &[Value]) -> Result<Document> {
    let values: Vec<Bson> = values.iter().map(literal::bson).collect::<Result<_>>()?;
    match (text, values.as_slice()) {
        (REST, [first]) => Ok(doc! { "_id": { "$not": { "$gte": first.clone() } } }),
        (BETWEEN, [from, to]) => Ok(doc! { "_id": { "$gte": from.clone(), "$lt": to.clone() } }),
        (FROM, [last]) => Ok(doc! { "_id": { "$gte": last.clone() } }),
        _ => Err(Error::new(ErrorKind::InvalidInput, OPERATION)
            .because("the part is none that this store made")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_beside_each_other() {
        let inner = bounds(&Bson::Int32(0), &Bson::Int64(100), 4);
        assert_eq!(inner, [Bson::Int32(25), Bson::Int32(50), Bson::Int32(75)]);
        let parts = conditions(&inner);
        assert_eq!(parts.len(), 4);
        for (text, values) in &parts {
            assert!(condition(text, values).is_ok(), "{text}");
        }
        assert!(bounds(&Bson::Int32(5), &Bson::Int32(5), 4).is_empty());
        assert!(bounds(&Bson::Int32(5), &Bson::String("a".into()), 4).is_empty());
        let id = |time: u32| {
            let [a, b, c, d] = time.to_be_bytes();
            Bson::ObjectId(ObjectId::from_bytes([a, b, c, d, 1, 1, 1, 1, 1, 1, 1, 1]))
        };
        let inner = bounds(&id(1_000), &id(3_000), 2);
        let [Bson::ObjectId(middle)] = inner.as_slice() else {
            panic!("{inner:?}");
        };
        assert!(middle.to_hex().starts_with("000007d0"));
        let (text, values) = &conditions(&inner)[0];
        assert_eq!(
            condition(text, values).ok(),
            Some(doc! { "_id": { "$not": { "$gte": *middle } } })
        );
    }
}
