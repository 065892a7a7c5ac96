//! Documents by key, in the two ways in which a search server answers: as stored, which is always up to date, and as
//! searches find them, which is up to date after the next refresh.
//!
//! A document is stored under its id, in one index and at one routing. Where the key is the id and the index is one, that
//! is enough. Otherwise a search tells where the documents are, and they are then read as stored.

use std::borrow::Cow;

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, FieldPath};
use parallax_core::store::{KeyPart, Projection};
use parallax_core::value::{Key, Record, Value};
use serde::Deserialize;

use super::caps;
use super::client::Exchange;
use super::fault;
use super::fields::{all_of, any_of, condition, dotted, id, is_id, pruned, quoted, same};
use super::hit::{Hit, Searched};
use super::request::{Answer, Request};
use super::resource::Resource;
use super::target::{Target, target};

const OPERATION: &str = "read documents by key";

/// Keys in one request, so that neither side holds too much.
const KEYS_AT_ONCE: usize = 200;

/// So many indices are asked for a document of which no search says where it is.
const MAX_INDICES: usize = 8;

/// The longest id that there can be, in bytes.
const MAX_ID: usize = 512;

type Found = Result<Option<Record>>;

/// What was found for each key, and the request that found it.
pub(super) struct Lookup {
    pub(super) found: Vec<Found>,
    pub(super) statement: String,
}

/// How documents of a dataset are read.
struct Reader<'r> {
    exchange: &'r Exchange,
    target: &'r Target,
    projection: &'r Projection,
    /// The condition that limits the dataset.
    condition: Option<String>,
}

/// Reads documents as stored.
pub(super) async fn get(
    exchange: &Exchange,
    dataset: &DatasetId,
    keys: &[Key],
    projection: &Projection,
) -> Result<Lookup> {
    let target = target(exchange, dataset).await?;
    let reader = Reader::new(exchange, &target, projection)?;
    let mut found = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(KEYS_AT_ONCE) {
        found.extend(reader.stored(chunk).await?);
    }
    Ok(Lookup {
        found,
        statement: reader.statement_of_stored(),
    })
}

/// Reads documents as searches find them.
pub(super) async fn search(
    exchange: &Exchange,
    dataset: &DatasetId,
    keys: &[Key],
    projection: &Projection,
) -> Result<Lookup> {
    let target = target(exchange, dataset).await?;
    let reader = Reader::new(exchange, &target, projection)?;
    let mut found = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(KEYS_AT_ONCE) {
        let Some(answer) = reader.find(chunk).await? else {
            found.extend(chunk.iter().map(|_| Ok(None)));
            continue;
        };
        let hits = answer
            .read::<Searched<'_>>(OPERATION)?
            .complete(OPERATION)?;
        found.extend(chunk.iter().map(|key| reader.only(key, &hits)));
    }
    Ok(Lookup {
        found,
        statement: reader.statement_of_search(),
    })
}

/// Where a document is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    index: String,
    id: String,
    routing: Option<String>,
}

impl Place {
    fn of(hit: &Hit<'_>) -> Self {
        Self {
            index: hit.index.clone().into_owned(),
            id: hit.id.clone().into_owned(),
            routing: hit.routing.as_deref().map(ToOwned::to_owned),
        }
    }
}

#[derive(Deserialize)]
struct Documents<'a> {
    #[serde(borrow)]
    docs: Vec<Hit<'a>>,
}

impl<'r> Reader<'r> {
    fn new(exchange: &'r Exchange, target: &'r Target, projection: &'r Projection) -> Result<Self> {
        Ok(Self {
            exchange,
            target,
            projection,
            condition: condition(projection)?,
        })
    }

    fn key_is_id(&self) -> bool {
        matches!(self.projection.key.as_slice(), [one] if is_id(&one.path))
    }

    /// Whether only some of the stored documents belong to the dataset, which a search has to decide.
    fn is_limited(&self) -> bool {
        self.condition.is_some() || self.target.is_filtered
    }

    async fn stored(&self, keys: &[Key]) -> Result<Vec<Found>> {
        let is_near = self.target.indices.len() <= MAX_INDICES;
        let mut found = if is_near && !self.is_limited() {
            self.stored_by_id(keys).await?
        } else {
            keys.iter().map(|_| Ok(None)).collect()
        };
        let is_open = |at: &usize| matches!(found.get(*at), Some(Ok(None)));
        let open: Vec<usize> = (0..keys.len()).filter(is_open).collect();
        let left: Vec<Key> = open
            .iter()
            .filter_map(|it| keys.get(*it))
            .cloned()
            .collect();
        if left.is_empty() {
            return Ok(found);
        }
        for (at, answer) in open.into_iter().zip(self.stored_where_found(&left).await?) {
            if let Some(place) = found.get_mut(at) {
                *place = answer;
            }
        }
        Ok(found)
    }

    /// Takes the key for the id, in every index of the dataset. What has another key inside, is another document.
    async fn stored_by_id(&self, keys: &[Key]) -> Result<Vec<Found>> {
        let ids: Vec<Option<String>> = keys.iter().map(usable_id).collect();
        let mut places = Vec::new();
        for id in ids.iter().flatten() {
            places.extend(self.target.indices.iter().map(|index| Place {
                index: index.clone(),
                id: id.clone(),
                routing: None,
            }));
        }
        let answer = self.read_places(&places).await?;
        let documents: Documents<'_> = match &answer {
            Some(answer) => answer.read(OPERATION)?,
            None => Documents { docs: Vec::new() },
        };
        let per_key = self.target.indices.len().max(1);
        let mut chunks = documents.docs.chunks(per_key);
        let found = keys.iter().zip(&ids).map(|(key, id)| match id {
            Some(_) => self.only_stored(key, chunks.next().unwrap_or_default()),
            None => Ok(None),
        });
        Ok(found.collect())
    }

    /// The one of these documents that is there, and has this key.
    fn only_stored(&self, key: &Key, documents: &[Hit<'_>]) -> Found {
        let mut records = Vec::new();
        for document in documents {
            match &document.error {
                // Only a search can tell where such a document is.
                Some(error) if error.is_about_routing() => {}
                Some(error) => return Err(fault::told(error, 500, OPERATION)),
                None if document.found == Some(true) && self.has_key(document, key)? => {
                    records.push(document);
                }
                None => {}
            }
        }
        single(&records)?.map(|it| self.record(it, key)).transpose()
    }

    /// Lets a search say where the documents are, and reads them there.
    async fn stored_where_found(&self, keys: &[Key]) -> Result<Vec<Found>> {
        let none = || keys.iter().map(|_| Ok(None)).collect();
        let Some(answer) = self.find(keys).await? else {
            return Ok(none());
        };
        let hits = answer
            .read::<Searched<'_>>(OPERATION)?
            .complete(OPERATION)?;
        let places: Vec<Place> = hits.iter().map(Place::of).collect();
        let Some(answer) = self.read_places(&places).await? else {
            return Ok(none());
        };
        let documents: Documents<'_> = answer.read(OPERATION)?;
        let found = keys.iter().map(|key| {
            let mut own = Vec::new();
            for (hit, document) in hits.iter().zip(&documents.docs) {
                if let Some(error) = &document.error {
                    if self.has_key(hit, key)? {
                        return Err(fault::told(error, 500, OPERATION));
                    }
                } else if document.found == Some(true) && self.has_key(document, key)? {
                    own.push(document);
                }
            }
            let one = single(&own)?;
            one.map(|it| self.record(it, key)).transpose()
        });
        Ok(found.collect())
    }

    /// The one of these hits that has this key.
    fn only(&self, key: &Key, hits: &[Hit<'_>]) -> Found {
        let mut own = Vec::new();
        for hit in hits {
            if self.has_key(hit, key)? {
                own.push(hit);
            }
        }
        let one = single(&own)?;
        one.map(|it| self.record(it, key)).transpose()
    }

    fn record(&self, hit: &Hit<'_>, key: &Key) -> Result<Record> {
        let record = hit.record(key.clone(), OPERATION)?;
        Ok(Record {
            body: pruned(record.body, self.projection),
            ..record
        })
    }

    fn has_key(&self, hit: &Hit<'_>, key: &Key) -> Result<bool> {
        if self.key_is_id() {
            return Ok(id(key).as_deref() == Some(&*hit.id));
        }
        let body = hit.body(OPERATION)?;
        let mut parts = self.projection.key.iter().zip(key.parts());
        let is_same = |(part, wanted): (&KeyPart, &Value)| {
            part_of(hit, &body, &part.path).is_some_and(|it| same(&it, wanted))
        };
        Ok(self.projection.key.len() == key.parts().len() && parts.all(is_same))
    }

    /// Reads documents as stored, each at its place; `None` where there is no place.
    async fn read_places(&self, places: &[Place]) -> Result<Option<Answer>> {
        if places.is_empty() {
            return Ok(None);
        }
        let documents: Vec<String> = places.iter().map(document).collect();
        let body = format!(r#"{{"docs":[{}]}}"#, documents.join(","));
        let request = Request::post(Resource::of(&["_mget"]), body);
        self.exchange.ask(&request, OPERATION).await.map(Some)
    }

    /// Searches for documents with these keys; `None` where none of them can be the key of a document.
    async fn find(&self, keys: &[Key]) -> Result<Option<Answer>> {
        let Some(query) = self.query(keys).await? else {
            return Ok(None);
        };
        let body = self.search_body(&query, keys.len() * 2 + 10);
        let request = Request::post(self.search_resource(), body);
        self.exchange.ask(&request, OPERATION).await.map(Some)
    }

    fn search_resource(&self) -> Resource {
        Resource::of(&[self.target.name.as_str(), "_search"])
            .with("allow_partial_search_results", "false")
    }

    fn search_body(&self, query: &str, size: usize) -> String {
        let queries: Vec<String> = (self.condition.iter().cloned())
            .chain([query.to_owned()])
            .collect();
        let query = all_of(&queries);
        let timeout = self.exchange.timeout();
        format!(
            r#"{{"query":{query},"size":{size},"timeout":"{timeout}","version":true,"seq_no_primary_term":true}}"#
        )
    }

    async fn query(&self, keys: &[Key]) -> Result<Option<String>> {
        if self.key_is_id() {
            let ids: Vec<String> = keys.iter().filter_map(usable_id).collect();
            let ids: Vec<String> = ids.iter().map(|it| quoted(it)).collect();
            let query = format!(r#"{{"ids":{{"values":[{}]}}}}"#, ids.join(","));
            return Ok((!ids.is_empty()).then_some(query));
        }
        let paths: Vec<&FieldPath> = self.projection.key.iter().map(|it| &it.path).collect();
        let inside: Vec<&FieldPath> = paths.iter().filter(|it| !is_id(it)).copied().collect();
        let mut known = caps::fields(self.exchange, self.target, &inside)
            .await?
            .into_iter();
        let mut fields = Vec::new();
        for path in paths {
            fields.push(if is_id(path) {
                None
            } else {
                Some(known.next().flatten().ok_or_else(|| unsearchable(path))?)
            });
        }
        let queries: Vec<String> = match fields.as_slice() {
            [Some(field)] => {
                let values = keys.iter().filter_map(|it| it.parts().first());
                field.one_of(values).into_iter().collect()
            }
            fields => keys.iter().filter_map(|it| composite(fields, it)).collect(),
        };
        Ok((!queries.is_empty()).then(|| any_of(&queries)))
    }

    /// The request with placeholders, as one could type it.
    fn statement_of_stored(&self) -> String {
        if !self.key_is_id() || self.is_limited() {
            return self.statement_of_search();
        }
        let name = self.target.indices.first().unwrap_or(&self.target.name);
        let place = Place {
            index: name.clone(),
            id: self.placeholder(),
            routing: None,
        };
        format!("POST /_mget\n{{\"docs\":[{}]}}", document(&place))
    }

    fn statement_of_search(&self) -> String {
        let query = if self.key_is_id() {
            format!(r#"{{"ids":{{"values":["{}"]}}}}"#, self.placeholder())
        } else {
            let parts = self.projection.key.iter().map(|it| {
                format!(
                    r#"{{"term":{{{}:{{{{{}}}}}}}}}"#,
                    quoted(&dotted(&it.path)),
                    it.name
                )
            });
            all_of(&parts.collect::<Vec<_>>())
        };
        let queries: Vec<String> = self.condition.iter().cloned().chain([query]).collect();
        format!(
            "GET /{}\n{{\"query\":{},\"version\":true,\"seq_no_primary_term\":true}}",
            Resource::of(&[self.target.name.as_str(), "_search"]).text(),
            all_of(&queries),
        )
    }

    fn placeholder(&self) -> String {
        let name = self
            .projection
            .key
            .first()
            .map_or("id", |it| it.name.as_str());
        format!("{{{{{name}}}}}")
    }
}

/// A place as a multi-get names it.
fn document(place: &Place) -> String {
    let (index, id) = (quoted(&place.index), quoted(&place.id));
    let routing = place.routing.as_deref().map(quoted);
    let routing = routing.map_or_else(String::new, |it| format!(r#","routing":{it}"#));
    format!(r#"{{"_index":{index},"_id":{id}{routing}}}"#)
}

/// The condition for one key of several parts.
fn composite(fields: &[Option<caps::Field>], key: &Key) -> Option<String> {
    let parts = fields.iter().zip(key.parts());
    let queries = parts.map(|(field, value)| match field {
        Some(field) => field.one_of(std::iter::once(value)),
        None => Some(format!(
            r#"{{"ids":{{"values":[{}]}}}}"#,
            quoted(&value.to_string())
        )),
    });
    let queries: Option<Vec<String>> = queries.collect();
    queries.map(|it| all_of(&it))
}

/// The value of a path into the document, or of what the server keeps beside it.
pub(super) fn part_of(hit: &Hit<'_>, body: &Value, path: &FieldPath) -> Option<Value> {
    if path.is_meta() || is_id(path) {
        return hit.known(path.first());
    }
    path.of(body).cloned()
}

/// The only one; two documents with one key are neither of them its record.
fn single<'h, 'a>(hits: &[&'h Hit<'a>]) -> Result<Option<&'h Hit<'a>>> {
    match hits {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        many => {
            let places: Vec<Cow<'_, str>> = (many.iter().take(3))
                .map(|it| format!("{}/{}", it.index, it.id).into())
                .collect();
            Err(Error::new(ErrorKind::Unreadable, OPERATION)
                .because(format!(
                    "{} documents have this key: {}",
                    many.len(),
                    places.join(", ")
                ))
                .hint("is the key the right one? limit the dataset with `where`"))
        }
    }
}

/// The id that a key is; `None` where no document can have it.
fn usable_id(key: &Key) -> Option<String> {
    id(key).filter(|it| !it.is_empty() && it.len() <= MAX_ID)
}

fn unsearchable(path: &FieldPath) -> Error {
    Error::new(ErrorKind::InvalidInput, OPERATION)
        .because(format!(
            "the mapping has no field {path} that can be searched"
        ))
        .hint("is the key the document's own id? then say `key = \"@id\"`")
}
