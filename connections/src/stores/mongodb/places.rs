//! Paths into documents: as the server names them in conditions and projections, and as they are walked here.

use mongodb::bson::raw::RawElement;
use mongodb::bson::{Document, RawBsonRef, doc};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, FieldPath};
use parallax_core::store::Fields;

use super::types;

/// The collection that a dataset names, and its database.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Namespace {
    pub(super) database: String,
    pub(super) collection: String,
}

impl Namespace {
    /// `collection` of the URL's database, or `database.collection`; a name that holds a point stands in double quotes.
    ///
    /// Fails with [`ErrorKind::InvalidInput`] where no database is named, or too many names are.
    pub(super) fn of(dataset: &DatasetId, database: Option<&str>) -> Result<Self> {
        let bad =
            |why: &str| Error::new(ErrorKind::InvalidInput, format!("find {dataset}")).because(why);
        match (dataset.parts().as_slice(), database) {
            ([collection], Some(database)) => Ok(Self {
                database: database.to_owned(),
                collection: collection.clone(),
            }),
            ([_], None) => Err(bad("no database is named").hint(
                "name it in the URL, mongodb://HOST/DATABASE, or in the dataset: STORE.DATABASE.COLLECTION",
            )),
            ([database, collection], _) => Ok(Self {
                database: database.clone(),
                collection: collection.clone(),
            }),
            _ => Err(bad("a dataset is COLLECTION or DATABASE.COLLECTION")
                .hint("a name that holds a point stands in double quotes: shop.\"a.b\"")),
        }
    }
}

/// The name by which a condition reaches a path; `None` where the server has no way to say it.
pub(super) fn condition(path: &FieldPath) -> Option<String> {
    let segments = path.segments();
    let is_sayable = !path.is_meta() && segments.iter().all(|it| is_plain(it));
    is_sayable.then(|| segments.join("."))
}

fn is_plain(segment: &str) -> bool {
    !segment.is_empty() && !segment.starts_with('$') && !segment.contains(['.', '\0'])
}

/// The name by which a projection keeps a path: down to a list's item, which it cannot pick, or to a name that it cannot
/// say. `None` where only the whole document will do.
fn kept(path: &FieldPath) -> Option<String> {
    let is_named = |it: &&String| is_plain(it) && !it.bytes().all(|it| it.is_ascii_digit());
    let names: Vec<&str> = path
        .segments()
        .iter()
        .take_while(is_named)
        .map(String::as_str)
        .collect();
    (!names.is_empty()).then(|| names.join("."))
}

/// What the server is asked to leave of each document; `None` is all of it.
pub(super) fn projection(key: &[FieldPath], fields: &Fields) -> Option<Document> {
    let Fields::Listed(paths) = fields else {
        return None;
    };
    let wanted = key.iter().chain(paths).filter(|it| !it.is_meta());
    let names: Vec<String> = wanted.map(kept).collect::<Option<_>>()?;
    let mut projection = Document::new();
    let has_id = names.iter().any(|it| it == "_id" || it.starts_with("_id."));
    if !has_id {
        projection.insert("_id", 0);
    }
    for name in &names {
        // Two of which one holds the other are refused.
        let is_within = |it: &String| {
            name.strip_prefix(it.as_str())
                .is_some_and(|it| it.starts_with('.'))
        };
        if !names.iter().any(is_within) {
            projection.insert(name.clone(), 1);
        }
    }
    if names.is_empty() {
        return Some(doc! { "_id": 1 });
    }
    Some(projection)
}

/// Follows the rest of a path into a value; `None` is absent.
///
/// Fails with [`ErrorKind::Unreadable`] where the bytes are no BSON, or where a name on the way stands twice.
pub(super) fn follow<'d>(value: RawBsonRef<'d>, rest: &[String]) -> Result<Option<RawBsonRef<'d>>> {
    let Some((segment, rest)) = rest.split_first() else {
        return Ok(Some(value));
    };
    let inner = match value {
        RawBsonRef::Document(document) => only(document.iter_elements(), segment)?,
        RawBsonRef::Array(items) => match segment.parse::<usize>() {
            Ok(at) => items
                .iter_elements()
                .nth(at)
                .transpose()
                .map_err(|it| types::broken(&it))?,
            Err(_) => None,
        },
        _ => None,
    };
    match inner {
        Some(element) => follow(read(&element)?, rest),
        None => Ok(None),
    }
}

/// The one member of that name.
fn only<'d>(
    elements: impl Iterator<Item = Result<RawElement<'d>, mongodb::bson::error::Error>>,
    name: &str,
) -> Result<Option<RawElement<'d>>> {
    let mut found = None;
    for element in elements {
        let element = element.map_err(|it| types::broken(&it))?;
        if element.key().as_str() == name && found.replace(element).is_some() {
            return Err(twice(name));
        }
    }
    Ok(found)
}

/// The value of a member.
pub(super) fn read<'d>(element: &RawElement<'d>) -> Result<RawBsonRef<'d>> {
    element.value().map_err(|it| types::broken(&it))
}

/// A name that stands twice is no field of which one could say what it holds.
pub(super) fn twice(name: &str) -> Error {
    Error::new(ErrorKind::Unreadable, "read a document")
        .because(format!("the name {name:?} stands twice in it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(texts: &[&str]) -> Vec<FieldPath> {
        texts.iter().map(|it| it.parse().expect("a path")).collect()
    }

    #[test]
    fn a_projection_keeps_what_is_wanted_and_what_holds_it() {
        let of =
            |key: &[&str], fields: &[&str]| projection(&paths(key), &Fields::Listed(paths(fields)));
        assert_eq!(
            of(&["_id"], &["a", "b.c"]),
            Some(doc! { "_id": 1, "a": 1, "b.c": 1 })
        );
        assert_eq!(
            of(&["k"], &["a", "a.b"]),
            Some(doc! { "_id": 0, "k": 1, "a": 1 })
        );
        assert_eq!(
            of(&["k"], &["tags.0.x"]),
            Some(doc! { "_id": 0, "k": 1, "tags": 1 })
        );
        assert_eq!(
            of(&["k"], &["a.\"x.y\".z"]),
            Some(doc! { "_id": 0, "k": 1, "a": 1 })
        );
        assert_eq!(of(&["k"], &["\"x.y\""]), None);
        assert_eq!(of(&[], &["@ttl_ms"]), Some(doc! { "_id": 1 }));
        assert_eq!(projection(&[], &Fields::All), None);
    }

    #[test]
    fn a_dataset_names_a_collection_and_perhaps_a_database() {
        let of = |text: &str, database| Namespace::of(&text.parse().expect("a dataset"), database);
        let namespace = |database: &str, collection: &str| Namespace {
            database: database.to_owned(),
            collection: collection.to_owned(),
        };
        assert_eq!(
            of("docs.users", Some("shop")).ok(),
            Some(namespace("shop", "users"))
        );
        assert_eq!(
            of("docs.crm.users", Some("shop")).ok(),
            Some(namespace("crm", "users"))
        );
        assert_eq!(
            of("docs.\"a.b\"", Some("shop")).ok(),
            Some(namespace("shop", "a.b"))
        );
        assert!(of("docs.users", None).is_err());
        assert!(of("docs.a.b.c", Some("shop")).is_err());
    }
}
