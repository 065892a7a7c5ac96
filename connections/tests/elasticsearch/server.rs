//! The shared servers, indices of a test's own on each, and the calls to ask about them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use parallax_connections::guard::{Canceller, Guarded};
use parallax_connections::secret::Secret;
use parallax_connections::stores;
use parallax_core::deployment::{Environment, StoreConfig};
use parallax_core::error::{Error, Result};
use parallax_core::name::{DatasetId, FieldPath, StoreId};
use parallax_core::store::{
    Access, Batch, Call, CallId, Chunk, Fields, KeyPart, Projection, Purpose, Statement, Store,
};
use parallax_core::value::{Key, Record, Value};
use tokio::task::JoinSet;

/// Where a server is, and its password.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) password: Option<String>,
    pub(crate) ca: String,
}

/// The place that the address file names; without one there is nothing to test.
pub(crate) fn place(name: &str) -> Place {
    let file = std::env::var_os("PARALLAX_SERVERS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/servers/servers.json"),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; start it: cargo xtask servers up {name}",
            file.display()
        )
    });
    let Ok(Value::Map(servers)) = Value::from_json(&text) else {
        panic!("{} is no address file", file.display());
    };
    let Some((_, Value::Map(server))) = servers.iter().find(|(it, _)| it == name) else {
        panic!("no {name} there; start it: cargo xtask servers up {name}");
    };
    let text = |name: &str| {
        let found = server.iter().find(|(it, _)| it == name);
        found.map_or_else(String::new, |(_, it)| it.to_string())
    };
    let url = text("url");
    let (scheme, rest) = url.split_once("://").expect("a scheme");
    let scheme = scheme.trim_start_matches("elasticsearch+");
    let (user, password, host) = match rest.rsplit_once('@') {
        Some((login, host)) => {
            let (user, password) = login.split_once(':').expect("a password");
            (format!("{user}@"), Some(password.to_owned()), host)
        }
        None => (String::new(), None, rest),
    };
    Place {
        url: format!("elasticsearch+{scheme}://{user}{host}"),
        password,
        ca: text("ca"),
    }
}

pub(crate) fn guarded(url: &str, password: Option<&str>, access: Access) -> Result<Guarded> {
    let config = StoreConfig {
        id: StoreId::new("search").expect("a name"),
        url: Some(url.to_owned()),
        profile: None,
        secret: None,
        environment: Some(Environment::Dev),
        why: None,
        access,
    };
    stores::guarded(&config, Path::new("/"), password.map(Secret::new), access)
}

/// One server, and the indices whose names begin as the test says.
pub(crate) struct Server {
    pub(crate) product: &'static str,
    pub(crate) owner: Arc<dyn Store>,
    pub(crate) store: Arc<dyn Store>,
    canceller: JoinSet<()>,
}

impl Server {
    /// Each product's server, with no index whose name begins with `name`.
    pub(crate) async fn all(name: &str) -> Vec<Self> {
        let mut all = Vec::new();
        for product in ["elasticsearch", "opensearch"] {
            let server = Self::new(product);
            server.remove(name).await;
            all.push(server);
        }
        all
    }

    /// Removes every index whose name begins with `name`, one by one: by a pattern a server removes nothing.
    async fn remove(&self, name: &str) {
        let listed = self
            .ask(&format!("GET /_cat/indices/{name}*?h=index"))
            .await;
        for row in listed.rows(0) {
            let name = row.trim_matches(['[', ']', '"']);
            self.run(&format!("DELETE /{name}")).await;
        }
    }

    fn new(product: &'static str) -> Self {
        let place = place(product);
        let (queue, canceller) = Canceller::new();
        let with = |access| {
            let guarded = guarded(&place.url, place.password.as_deref(), access);
            let guarded = guarded.expect("a store").cancelling(queue.clone());
            Arc::new(guarded) as Arc<dyn Store>
        };
        let mut server = Self {
            product,
            owner: with(Access::ReadWrite),
            store: with(Access::ReadOnly),
            canceller: JoinSet::new(),
        };
        server.canceller.spawn(canceller.run());
        server
    }

    /// Runs requests as the application that owns the data would.
    pub(crate) async fn run(&self, text: &str) -> Answer {
        let call = Call {
            access: Access::ReadWrite,
            ..call()
        };
        let answer = ask_as(&*self.owner, &call, text, &[]).await;
        assert_eq!(answer.error, None, "{}: {text}", self.product);
        answer
    }

    /// Makes an index of one shard with this mapping, and documents in it that searches find.
    pub(crate) async fn index(&self, name: &str, properties: &str, documents: &[(&str, &str)]) {
        self.run(&format!(
            "PUT /{name}\n{{\"settings\":{{\"number_of_shards\":1,\"number_of_replicas\":0}},\"mappings\":{{\"properties\":{properties}}}}}"
        ))
        .await;
        self.write(name, documents).await;
    }

    /// Writes documents, by their ids, which searches find at once.
    pub(crate) async fn write(&self, name: &str, documents: &[(&str, &str)]) {
        if documents.is_empty() {
            return;
        }
        let mut text = format!("POST /{name}/_bulk?refresh=true\n");
        for (id, document) in documents {
            let id = Value::List(vec![Value::from(*id)]).to_string();
            let id = id.trim_start_matches('[').trim_end_matches(']');
            text.push_str(&format!("{{\"index\":{{\"_id\":{id}}}}}\n{document}\n"));
        }
        let answer = self.run(&text).await;
        assert!(answer.notices.is_empty(), "{:?}", answer.notices);
    }

    /// What a request that only reads answers.
    pub(crate) async fn ask(&self, text: &str) -> Answer {
        ask_as(&*self.store, &call(), text, &[]).await
    }

    pub(crate) async fn get(
        &self,
        name: &str,
        key: &str,
        keys: &[Key],
    ) -> Vec<Result<Option<Record>>> {
        let got = self
            .store
            .get(&call(), &dataset(name), keys, &by(key, &["*"]))
            .await;
        let got = got.unwrap_or_else(|error| panic!("{}: {error}", self.product));
        assert_eq!(got.found.len(), keys.len());
        got.found
    }
}

static NEXT: AtomicU64 = AtomicU64::new(1);

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

pub(crate) fn dataset(name: &str) -> DatasetId {
    format!("search.{name}").parse().expect("a dataset")
}

pub(crate) fn path(text: &str) -> FieldPath {
    text.parse().expect("a path")
}

/// A key at these paths, comma-separated, and these fields.
pub(crate) fn by(key: &str, fields: &[&str]) -> Projection {
    let part = |it: &str| KeyPart {
        name: it.trim_start_matches('@').to_owned(),
        path: path(it),
    };
    Projection {
        key: key.split(',').map(part).collect(),
        fields: if fields == ["*"] {
            Fields::All
        } else {
            Fields::Listed(fields.iter().map(|it| path(it)).collect())
        },
        filter: None,
    }
}

pub(crate) fn key(text: &str) -> Key {
    Key::new(vec![Value::from(text)])
}

pub(crate) fn keys(texts: &[&str]) -> Vec<Key> {
    texts.iter().map(|it| key(it)).collect()
}

/// What a text of requests gives: the batches of each result, and what was said.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) results: Vec<(Vec<Batch>, Option<u64>)>,
    pub(crate) notices: Vec<String>,
    pub(crate) error: Option<Error>,
}

impl Answer {
    /// The columns of a result.
    pub(crate) fn columns(&self, nth: usize) -> Vec<&str> {
        let columns = &self.results[nth].0[0].columns;
        columns.iter().map(|it| it.name.as_str()).collect()
    }

    /// The rows of a result, each as JSON.
    pub(crate) fn rows(&self, nth: usize) -> Vec<String> {
        let batches = self.results[nth].0.iter();
        batches
            .flat_map(|it| it.cells.chunks(it.columns.len()))
            .map(|it| Value::List(it.to_vec()).to_string())
            .collect()
    }

    /// The only cell of the only result, as text.
    #[track_caller]
    pub(crate) fn cell(&self) -> String {
        assert!(self.error.is_none(), "{:?}", self.error);
        let rows = self.rows(0);
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows[0]
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned()
    }
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
    let mut answer = Answer::default();
    answer.results.push((Vec::new(), None));
    let mut rows = match store.query(call, &statement).await {
        Ok(rows) => rows,
        Err(error) => {
            answer.error = Some(error);
            return answer;
        }
    };
    while let Some(chunk) = rows.next().await {
        let last = answer.results.last_mut().expect("a result");
        match chunk {
            Ok(Chunk::Rows(batch)) => last.0.push(batch),
            Ok(Chunk::Done { affected }) => last.1 = affected,
            Ok(Chunk::NextResult) => answer.results.push((Vec::new(), None)),
            Ok(Chunk::Notice(text)) => answer.notices.push(text),
            Err(error) => answer.error = Some(error),
        }
    }
    answer
}
