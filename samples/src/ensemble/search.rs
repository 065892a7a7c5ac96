//! The copies as documents of search indexes, over the REST interface that Elasticsearch and OpenSearch share.

use std::path::Path;
use std::time::Duration;

use elasticsearch::auth::Credentials;
use elasticsearch::http::Method;
use elasticsearch::http::Url;
use elasticsearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue};
use elasticsearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use serde_json::{Value, json};

use crate::clock::Micros;
use crate::ensemble::change::{Written, reversed};
use crate::ensemble::entity::{Entity, User};
use crate::ensemble::{LoadOptions, generate};
use crate::error::{Error, Result};
use crate::lease::{SWEEP, database_name, is_gone};
use crate::model::{Key, Kind};
use crate::servers::Server;

/// How many documents are indexed at a time.
const BATCH: usize = 5_000;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// What every index of the sample is made with: names are found in any case, and settings are kept and not found.
fn mapping() -> Value {
    json!({
        "settings": { "number_of_shards": 2, "number_of_replicas": 0, "refresh_interval": "1s" },
        "mappings": {
            "dynamic": false,
            "properties": {
                "id": { "type": "long" },
                "region": { "type": "keyword" },
                "number": { "type": "long" },
                "public_id": { "type": "keyword" },
                "name": { "type": "text" },
                "email": { "type": "keyword" },
                "city": { "type": "keyword" },
                "balance": { "type": "keyword" },
                "points": { "type": "long" },
                "plan": { "type": "keyword" },
                "tags": { "type": "keyword" },
                "settings": { "type": "object", "enabled": false },
                "born": { "type": "date", "format": "strict_date" },
                "is_active": { "type": "boolean" },
                "created_at": { "type": "date" },
                "updated_at": { "type": "date_nanos" },
                "user_id": { "type": "long" },
                "sku": { "type": "keyword" },
                "quantity": { "type": "integer" },
                "total": { "type": "keyword" },
                "state": { "type": "keyword" },
                "placed_at": { "type": "date" },
            }
        }
    })
}

/// A server, and the mark with which the names of a folder's indexes begin.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    transport: Transport,
    prefix: String,
}

impl Search {
    fn new(server: &Server, prefix: &str) -> Result<Self> {
        let place = server.url.split_once("://").map_or("", |(_, it)| it);
        let (user, place) = place.split_once('@').unwrap_or(("", place));
        let url = Url::parse(&format!("http://{place}"))
            .map_err(|it| Error::new(format!("not the URL of a search server: {it}")))?;
        let mut builder = TransportBuilder::new(SingleNodeConnectionPool::new(url));
        if !server.password.is_empty() {
            builder = builder.auth(Credentials::Basic(user.to_owned(), server.password.clone()));
        }
        let transport = builder.build();
        Ok(Self {
            transport: transport.map_err(|it| Error::new(it.to_string()))?,
            prefix: prefix.to_owned(),
        })
    }

    fn index(&self, kind: Kind) -> String {
        format!("{}{}", self.prefix, kind.aggregate())
    }

    /// Sends one request; a status of failure is an error, but that the thing is not there.
    async fn send(&self, method: Method, path: &str, body: Option<String>) -> Result<Value> {
        let mut headers = HeaderMap::new();
        let kind = HeaderValue::from_static("application/json");
        headers.insert(CONTENT_TYPE, kind);
        let query: Option<&()> = None;
        let response = self
            .transport
            .send(method, path, headers, query, body, Some(PATIENCE))
            .await?;
        let status = response.status_code().as_u16();
        let answer: Value = response.json().await?;
        match status {
            200..300 | 404 => Ok(answer),
            _ => Err(Error::new(format!("{path} answered {status}: {answer}"))),
        }
    }

    /// Sends lines of actions and documents, and looks at what became of each.
    async fn bulk(&self, lines: String) -> Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let answer = self.send(Method::Post, "/_bulk", Some(lines)).await?;
        if answer["errors"] != json!(false) {
            let items = answer["items"].as_array().into_iter().flatten();
            let first = items
                .map(ToString::to_string)
                .find(|it| it.contains("error"));
            return Err(Error::new(format!("not all was written: {first:?}")));
        }
        Ok(())
    }

    /// Removes a folder's indexes, those that are there; servers refuse to remove by pattern. Whose they are goes last.
    async fn remove(&self, prefix: &str) -> Result<()> {
        for name in ["users", "orders", "folder"] {
            let path = format!("/{prefix}{name}");
            self.send(Method::Delete, &path, None).await?;
        }
        Ok(())
    }

    async fn refresh(&self) -> Result<()> {
        let path = format!("/{}*/_refresh", self.prefix);
        self.send(Method::Post, &path, None).await.map(drop)
    }

    /// The lines that index a document.
    fn put(&self, lines: &mut String, kind: Kind, key: &Key, document: &Value) {
        let action = json!({ "index": { "_index": self.index(kind), "_id": id(key) } });
        lines.push_str(&format!("{action}\n{document}\n"));
    }
}

/// A document's id: the key's text.
fn id(key: &Key) -> String {
    key.to_string()
}

/// Takes a prefix for the folder's indexes, without what an earlier load left under it.
pub(crate) async fn lease(server: &Server, sample: &str, folder: &Path) -> Result<String> {
    let prefix = format!("{}_", database_name(sample, folder));
    let search = Search::new(server, &prefix)?;
    sweep(&search, sample).await?;
    search.remove(&prefix).await?;
    let owner = json!({ "mappings": { "_meta": { "folder": folder.display().to_string() } } });
    let path = format!("/{prefix}folder");
    let made = search.send(Method::Put, &path, Some(owner.to_string()));
    made.await?;
    Ok(prefix)
}

/// Removes what folders that are gone held of a sample.
async fn sweep(search: &Search, sample: &str) -> Result<()> {
    let path = format!("/{sample}_*_folder/_mapping");
    let known = search.send(Method::Get, &path, None).await?;
    let known = known.as_object().into_iter().flatten();
    let forgotten = known.filter_map(|(index, it)| {
        let folder = it["mappings"]["_meta"]["folder"].as_str()?;
        is_gone(folder).then(|| index.trim_end_matches("folder"))
    });
    for prefix in forgotten.take(SWEEP) {
        search.remove(prefix).await?;
    }
    Ok(())
}

/// Fills the indexes, which are not there.
pub(crate) async fn fill(options: LoadOptions, server: Server, prefix: String) -> Result<()> {
    let search = Search::new(&server, &prefix)?;
    let places: Vec<i64> = (0..i64::from(options.scale)).collect();
    for kind in options.kinds() {
        let path = format!("/{}", search.index(*kind));
        let made = search.send(Method::Put, &path, Some(mapping().to_string()));
        made.await?;
        for places in places.chunks(BATCH) {
            let mut lines = String::new();
            for place in places {
                let entity = generate::entity_at(&options, *kind, *place);
                search.put(&mut lines, *kind, &entity.key(), &document(&entity));
            }
            search.bulk(lines).await?;
        }
    }
    search.refresh().await
}

/// Makes changes, and waits until they are found.
pub(crate) async fn change(server: &Server, prefix: &str, changes: &[Written]) -> Result<()> {
    let search = Search::new(server, prefix)?;
    let mut lines = String::new();
    for it in changes {
        match it {
            Written::Put(entity) => {
                search.put(&mut lines, entity.kind(), &entity.key(), &document(entity));
            }
            Written::Disguised(entity) => {
                search.put(&mut lines, entity.kind(), &entity.key(), &disguised(entity));
            }
            Written::Removed(key) => {
                let index = search.index(key.kind());
                let action = json!({ "delete": { "_index": index, "_id": id(key) } });
                lines.push_str(&format!("{action}\n"));
            }
        }
    }
    search.bulk(lines).await?;
    search.refresh().await
}

fn document(entity: &Entity) -> Value {
    match entity {
        Entity::User(it) => user(it),
        Entity::Order(it) => json!({
            "region": it.region,
            "number": it.number,
            "user_id": it.user_id,
            "sku": it.sku,
            "quantity": it.quantity,
            "total": it.total,
            "state": it.state,
            "placed_at": millis(it.placed_at),
            "updated_at": it.updated_at,
        }),
    }
}

fn user(user: &User) -> Value {
    let it = &user.common;
    let mut document = json!({
        "id": it.id,
        "public_id": user.public_id,
        "name": it.name.to_lowercase(),
        "email": it.email,
        "balance": it.balance,
        "points": it.points,
        "plan": user.plan,
        "tags": it.tags,
        "settings": user.settings,
        "born": it.born,
        "is_active": it.is_active,
        "created_at": millis(it.created_at),
        "updated_at": it.updated_at,
    });
    if let Some(city) = &it.city {
        document["city"] = json!(city);
    }
    document
}

/// The same in another spelling: another case, a zero behind the decimal, members in another order.
fn disguised(entity: &Entity) -> Value {
    let mut document = document(entity);
    match entity {
        Entity::User(it) => {
            document["name"] = json!(it.common.name.to_uppercase());
            document["balance"] = json!(format!("{}0", it.common.balance));
            document["settings"] = reversed(&it.settings);
        }
        Entity::Order(it) => document["total"] = json!(format!("{}0", it.total)),
    }
    document
}

/// A time as people write it, cut off to whole milliseconds.
fn millis(at: Micros) -> String {
    let text = at.to_string();
    let cut = text.len().saturating_sub("000Z".len());
    format!("{}Z", text.get(..cut).unwrap_or_default())
}
