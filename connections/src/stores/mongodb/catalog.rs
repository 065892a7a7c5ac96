//! Databases and collections, as the server lists them.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use mongodb::bson::{Bson, Document, doc};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, FieldPath, StoreId};
use parallax_core::store::{DataModel, Dataset};
use parallax_core::value::Value;
use tokio::time::timeout;

use super::places::Namespace;
use super::products::Known;
use super::rows::{array, documents_of};
use super::session::Session;
use super::types;
use crate::suggest;

const OPERATION: &str = "list datasets";

/// Collections of which it is asked how many documents they hold.
const COUNTED: usize = 96;

/// The longest time for one such answer.
const COUNTING: Duration = Duration::from_secs(1);

/// Questions at one time.
const AT_ONCE: usize = 8;

/// Databases that the server keeps for itself.
const OWN: [&str; 3] = ["admin", "config", "local"];

/// A collection or a view, as the server lists it.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) name: String,
    /// What a document of it must be like, where it says.
    pub(super) validator: Option<Value>,
    is_view: bool,
}

/// The collections of the URL's database, or of all where it names none; those of the server itself are left out.
pub(super) async fn datasets(session: &Arc<Session>, store: &StoreId) -> Result<Vec<Dataset>> {
    let databases = match session.database() {
        Some(database) => vec![database.to_owned()],
        None => databases(session).await?,
    };
    let mut found = Vec::new();
    for database in databases {
        for listed in collections(session, &database, None).await? {
            let namespace = Namespace {
                database: database.clone(),
                collection: listed.name,
            };
            found.push((namespace, listed.is_view));
        }
    }
    let mut estimates = Vec::new();
    for (namespaces, _) in found.chunks(AT_ONCE).zip(0..COUNTED / AT_ONCE) {
        let counted = namespaces.iter().map(|(namespace, is_view)| async move {
            if *is_view {
                None
            } else {
                estimate(session, namespace).await
            }
        });
        estimates.extend(join_all(counted).await);
    }
    estimates.resize(found.len(), None);
    let datasets = found.iter().zip(estimates);
    Ok(datasets
        .map(|((namespace, _), estimate)| Dataset {
            id: DatasetId {
                store: store.clone(),
                name: spelled(namespace, session.database()),
            },
            model: DataModel::Document,
            estimate,
        })
        .collect())
}

/// The name of a collection as the deployment file spells it.
fn spelled(namespace: &Namespace, database: Option<&str>) -> String {
    let part = |it: &str| FieldPath::name(it).to_string();
    let collection = part(&namespace.collection);
    if database == Some(namespace.database.as_str()) {
        return collection;
    }
    format!("{}.{collection}", part(&namespace.database))
}

async fn databases(session: &Session) -> Result<Vec<String>> {
    let command = doc! { "listDatabases": 1, "nameOnly": true };
    let reply = session.run("admin", &command, OPERATION).await?;
    let listed = reply.get_array("databases").cloned().unwrap_or_default();
    let names = listed
        .iter()
        .filter_map(|it| it.as_document()?.get_str("name").ok());
    let mut names: Vec<String> = names
        .filter(|it| !OWN.contains(it))
        .map(ToOwned::to_owned)
        .collect();
    names.sort_unstable();
    Ok(names)
}

/// The collections of a database by name, or the one of that name.
pub(super) async fn collections(
    session: &Arc<Session>,
    database: &str,
    name: Option<&str>,
) -> Result<Vec<Listed>> {
    let mut command = doc! { "listCollections": 1, "cursor": {} };
    if let Some(name) = name {
        command.insert("filter", doc! { "name": name });
    }
    let mut cursor = session.cursor(database, &command, 1_000, OPERATION).await?;
    let mut found = Vec::new();
    while let Some(batch) = cursor.next().await? {
        let documents = array(&batch)?;
        for document in documents_of(documents) {
            found.extend(listed(&types::document(document?)?));
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// `None` for what the server keeps for itself.
fn listed(document: &Value) -> Option<Listed> {
    let at = |path: &str| path.parse::<FieldPath>().ok()?.of(document);
    let text = |path: &str| match at(path) {
        Some(Value::Text(it)) => Some(it.as_str()),
        _ => None,
    };
    let name = text("name").filter(|it| !it.starts_with("system."))?;
    Some(Listed {
        name: name.to_owned(),
        validator: at("options.validator").cloned(),
        is_view: text("type") == Some("view"),
    })
}

/// Fails with [`ErrorKind::NotFound`] where the database has no such collection; where it may not be asked, it is there.
pub(super) async fn must_exist(
    session: &Arc<Session>,
    namespace: &Namespace,
    dataset: &DatasetId,
) -> Result<Option<Listed>> {
    if session.is_met(namespace) {
        return Ok(None);
    }
    let found = collections(session, &namespace.database, Some(&namespace.collection)).await;
    let found = match found {
        Err(error) if error.kind == ErrorKind::PermissionDenied => return Ok(None),
        found => found?
            .into_iter()
            .find(|it| it.name == namespace.collection),
    };
    if let Some(listed) = found {
        session.meet_collection(namespace);
        return Ok(Some(listed));
    }
    let all = collections(session, &namespace.database, None)
        .await
        .unwrap_or_default();
    let names: Vec<&str> = all.iter().map(|it| it.name.as_str()).collect();
    let Namespace {
        database,
        collection,
    } = namespace;
    Err(Error::new(ErrorKind::NotFound, format!("find {dataset}"))
        .because(format!(
            "the database {database:?} has no collection {collection:?}"
        ))
        .hint(suggest::hint(collection, names)))
}

/// About how many documents a collection has, by what the server keeps of it; `None` where it takes longer to tell.
pub(super) async fn estimate(session: &Session, namespace: &Namespace) -> Option<u64> {
    let counts = session.known().is_none_or(Known::keeps_counts);
    let (command, member) = if counts {
        (doc! { "count": &namespace.collection }, "n")
    } else {
        (doc! { "collStats": &namespace.collection }, "count")
    };
    let counted = session.run(&namespace.database, &command, OPERATION);
    let reply: Document = timeout(COUNTING, counted).await.ok()?.ok()?;
    match reply.get(member)? {
        Bson::Int32(it) => u64::try_from(*it).ok(),
        Bson::Int64(it) => u64::try_from(*it).ok(),
        Bson::Double(it) => format!("{it:.0}").parse().ok(),
        _ => None,
    }
}
