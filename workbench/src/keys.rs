//! The key of an entity that is known by one of its fields.

use parallax_core::deployment::{Entity, Representation, Role};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::mapping::Mapping;
use parallax_core::store::{Fields, Needle, Purpose, Search};
use parallax_core::value::Key;

use crate::entities::projection;
use crate::sessions::Sessions;

/// The key of the one record whose `field` equals `text`, asked of the source first, then of each copy.
pub(crate) async fn by_field(
    sessions: &Sessions,
    entity: &Entity,
    mapping: &Mapping,
    field: &str,
    text: &str,
) -> Result<Key> {
    if !mapping.fields.iter().any(|it| it == field) {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            format!("find {} by {field:?}", entity.name),
        )
        .because("no such field is mapped")
        .hint(format!("mapped fields: {}", mapping.fields.join(", "))));
    }
    let mut failures = Vec::new();
    let mut order: Vec<&Representation> = entity.representations.iter().collect();
    order.sort_by_key(|it| it.role != Role::SystemOfRecord);
    for representation in order {
        match keys_in(sessions, entity, mapping, representation, field, text).await {
            Ok(keys) if keys.is_empty() => {}
            Ok(keys) => return only(entity, field, text, &keys),
            Err(error) if error.kind == ErrorKind::Unsupported => {}
            Err(error) => failures.push(error),
        }
    }
    Err(failures.into_iter().next().unwrap_or_else(|| {
        Error::new(
            ErrorKind::NotFound,
            format!("find {} by {field}", entity.name),
        )
        .because(format!("no {} has {field} {text:?}", entity.name))
    }))
}

async fn keys_in(
    sessions: &Sessions,
    entity: &Entity,
    mapping: &Mapping,
    representation: &Representation,
    field: &str,
    text: &str,
) -> Result<Vec<Key>> {
    let mapped = mapping
        .representations
        .iter()
        .find(|it| it.dataset == representation.dataset);
    let rule = mapped.and_then(|it| it.fields.iter().find(|it| it.name == field)?.rule.as_ref());
    let Some(rule) = rule else {
        return Ok(Vec::new());
    };
    let search = Search {
        paths: vec![rule.path.clone()],
        needle: Needle::Equals(text.to_owned()),
        limit: 6,
    };
    let dataset = &representation.dataset;
    let fields = projection(entity, representation, Fields::All);
    let call = sessions.call(&dataset.store, Purpose::Trace);
    let store = sessions.store(&dataset.store)?;
    let records = store
        .find(&call, dataset, &search, &fields)
        .await
        .map_err(|it| it.at(&dataset.store))?;
    Ok(records.into_iter().map(|it| it.key).collect())
}

fn only(entity: &Entity, field: &str, text: &str, keys: &[Key]) -> Result<Key> {
    if let [key] = keys {
        return Ok(key.clone());
    }
    let shown: Vec<String> = keys.iter().map(ToString::to_string).collect();
    Err(Error::new(
        ErrorKind::InvalidInput,
        format!("find one {} by {field}", entity.name),
    )
    .because(format!("several have {field} {text:?}"))
    .hint(format!(
        "trace one of them by its key: {}",
        shown.join(", ")
    )))
}
