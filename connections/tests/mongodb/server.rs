//! The shared servers, a database of its own for each test, and the calls to ask about it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use mongodb::bson::{Document, doc};
use mongodb::{Client, Collection, Database};
use parallax_connections::guard::Guarded;
use parallax_connections::secret::Secret;
use parallax_connections::stores;
use parallax_core::deployment::{Environment, StoreConfig};
use parallax_core::error::{Error, Result};
use parallax_core::name::{DatasetId, FieldPath, StoreId};
use parallax_core::store::{
    Access, Batch, Call, CallId, Chunk, Fields, Got, KeyPart, Projection, Purpose, Statement, Store,
};
use parallax_core::value::{Key, Value};

/// The server that keeps its documents in PostgreSQL.
pub(crate) const FERRET: &str = "ferretdb";

/// The server that keeps them in memory.
pub(crate) const JAVA: &str = "mongo-java-server";

/// Where a server is, and its password.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) name: &'static str,
    /// With the password, for clients of the tests' own.
    full: String,
    /// Without it.
    pub(crate) url: String,
    pub(crate) password: Option<String>,
    pub(crate) tls: Option<String>,
    pub(crate) ca: Option<String>,
}

/// The place that the address file names; without one there is nothing to test.
pub(crate) fn place(name: &'static str) -> Place {
    let file = std::env::var_os("PARALLAX_SERVERS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/servers/servers.json"),
        PathBuf::from,
    );
    let hint = format!("start it: cargo xtask servers up {name}");
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; {hint}", file.display()));
    let Ok(Value::Map(servers)) = Value::from_json(&text) else {
        panic!("{} is no address file", file.display());
    };
    let server = servers.iter().find(|(it, _)| it == name);
    let Some((_, Value::Map(server))) = server else {
        panic!("no {name} there; {hint}");
    };
    let text = |name: &str| {
        let found = server.iter().find(|(it, _)| it == name);
        found
            .filter(|(_, it)| !it.is_null())
            .map(|(_, it)| it.to_string())
    };
    let full = text("url").expect("a URL");
    let (url, password) = without_password(&full);
    Place {
        name,
        url,
        password,
        tls: text("tls_url").map(|it| without_password(&it).0),
        ca: text("ca"),
        full,
    }
}

fn without_password(url: &str) -> (String, Option<String>) {
    let (scheme, rest) = url.split_once("://").expect("a scheme");
    let Some((login, rest)) = rest.split_once('@') else {
        return (url.to_owned(), None);
    };
    let (user, password) = login.split_once(':').expect("a password");
    (
        format!("{scheme}://{user}@{rest}"),
        Some(password.to_owned()),
    )
}

/// The URL of another database of the same server, with the same login.
pub(crate) fn in_database(url: &str, database: &str) -> String {
    let (place, options) = url.split_once('?').unwrap_or((url, ""));
    let (scheme, rest) = place.split_once("://").expect("a scheme");
    let (host, before) = rest.split_once('/').unwrap_or((rest, ""));
    let mut options: Vec<String> = options
        .split('&')
        .filter(|it| !it.is_empty())
        .map(ToOwned::to_owned)
        .collect();
    let has_login = host.contains('@') && !options.iter().any(|it| it.starts_with("authSource="));
    if has_login && !before.is_empty() {
        options.push(format!("authSource={before}"));
    }
    format!("{scheme}://{host}/{database}?{}", options.join("&"))
}

pub(crate) fn guarded(url: &str, password: Option<&str>, access: Access) -> Result<Guarded> {
    let config = StoreConfig {
        id: StoreId::new("docs").expect("a name"),
        url: Some(url.to_owned()),
        profile: None,
        secret: None,
        environment: Some(Environment::Dev),
        why: None,
        access,
    };
    stores::guarded(&config, Path::new("/"), password.map(Secret::new), access)
}

/// A database made for one test.
pub(crate) struct Server {
    pub(crate) place: Place,
    pub(crate) database: String,
    client: Client,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Server {
    pub(crate) async fn of(name: &'static str) -> Self {
        let place = place(name);
        let client = Client::with_uri_str(&place.full).await.expect("a client");
        let nth = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            database: format!("px{}n{nth}", std::process::id()),
            place,
            client,
        }
    }

    /// Both servers.
    pub(crate) async fn all() -> [Self; 2] {
        [Self::of(FERRET).await, Self::of(JAVA).await]
    }

    pub(crate) fn url(&self) -> String {
        in_database(&self.place.url, &self.database)
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        self.store_with(Access::ReadOnly)
    }

    pub(crate) fn store_with(&self, access: Access) -> Arc<dyn Store> {
        let password = self.place.password.as_deref();
        Arc::new(guarded(&self.url(), password, access).expect("a store"))
    }

    /// A client that is not ours, as the application that owns the data would use.
    pub(crate) fn owner(&self) -> Database {
        self.client.database(&self.database)
    }

    pub(crate) fn collection(&self, name: &str) -> Collection<Document> {
        self.owner().collection(name)
    }

    pub(crate) async fn insert(&self, name: &str, documents: &[Document]) {
        let collection = self.collection(name);
        for chunk in documents.chunks(5_000) {
            collection.insert_many(chunk).await.expect("inserted");
        }
    }

    /// Removes the database.
    pub(crate) async fn end(self) {
        self.owner()
            .run_command(doc! { "dropDatabase": 1 })
            .await
            .expect("dropped");
    }
}

pub(crate) fn call() -> Call {
    call_within(Duration::from_secs(30))
}

pub(crate) fn call_within(deadline: Duration) -> Call {
    Call {
        id: CallId(NEXT.fetch_add(1, Ordering::Relaxed)),
        deadline,
        purpose: Purpose::Query,
        access: Access::ReadOnly,
    }
}

pub(crate) fn writing() -> Call {
    Call {
        access: Access::ReadWrite,
        ..call()
    }
}

pub(crate) fn dataset(name: &str) -> DatasetId {
    format!("docs.{name}").parse().expect("a dataset")
}

pub(crate) fn path(text: &str) -> FieldPath {
    text.parse().expect("a path")
}

/// Keys at these paths, and these fields.
pub(crate) fn projection(key: &[&str], fields: &[&str]) -> Projection {
    let part = |it: &&str| KeyPart {
        name: (*it).to_owned(),
        path: path(it),
    };
    Projection {
        key: key.iter().map(part).collect(),
        fields: if fields == ["*"] {
            Fields::All
        } else {
            Fields::Listed(fields.iter().map(|it| path(it)).collect())
        },
        filter: None,
    }
}

pub(crate) fn key(part: impl Into<Value>) -> Key {
    Key::new(vec![part.into()])
}

pub(crate) async fn get(store: &dyn Store, name: &str, keys: &[Key], fields: &[&str]) -> Got {
    let projection = projection(&["_id"], fields);
    let got = store.get(&call(), &dataset(name), keys, &projection).await;
    got.expect("an answer")
}

/// What a text of statements gives: the columns and rows of each result, and what was said.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) results: Vec<Vec<Batch>>,
    pub(crate) notices: Vec<String>,
    pub(crate) affected: Vec<Option<u64>>,
    pub(crate) error: Option<Error>,
}

impl Answer {
    /// The columns of a result.
    pub(crate) fn columns(&self, nth: usize) -> Vec<&str> {
        let columns = &self.results[nth][0].columns;
        columns.iter().map(|it| it.name.as_str()).collect()
    }

    /// The rows of a result.
    pub(crate) fn rows(&self, nth: usize) -> Vec<Vec<Value>> {
        let batches = self.results[nth].iter();
        batches
            .flat_map(|it| {
                it.cells
                    .chunks(it.columns.len().max(1))
                    .map(<[Value]>::to_vec)
            })
            .collect()
    }

    /// The only cell of the only result.
    #[track_caller]
    pub(crate) fn cell(&self) -> Value {
        assert!(self.error.is_none(), "{:?}", self.error);
        assert_eq!(self.rows(0).len(), 1, "{self:?}");
        self.rows(0)[0][0].clone()
    }
}

pub(crate) async fn ask(store: &dyn Store, text: &str) -> Answer {
    ask_as(store, &call(), text, &[]).await
}

pub(crate) async fn ask_as(
    store: &dyn Store,
    call: &Call,
    text: &str,
    parameters: &[(&str, Value)],
) -> Answer {
    let named = parameters.iter();
    let statement = Statement {
        text: text.to_owned(),
        parameters: named
            .map(|(name, it)| ((*name).to_owned(), it.clone()))
            .collect(),
    };
    let mut answer = Answer {
        results: vec![Vec::new()],
        ..Answer::default()
    };
    let mut rows = match store.query(call, &statement).await {
        Ok(rows) => rows,
        Err(error) => {
            answer.error = Some(error);
            return answer;
        }
    };
    while let Some(chunk) = rows.next().await {
        match chunk {
            Ok(Chunk::Rows(batch)) => answer.results.last_mut().expect("one").push(batch),
            Ok(Chunk::Done { affected }) => answer.affected.push(affected),
            Ok(Chunk::NextResult) => answer.results.push(Vec::new()),
            Ok(Chunk::Notice(text)) => answer.notices.push(text),
            Err(error) => answer.error = Some(error),
        }
    }
    answer
}
