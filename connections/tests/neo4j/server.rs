//! The shared server, labels of its own for each test, and the calls to ask about them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use neo4rs::{ConfigBuilder, Graph};
use parallax_connections::guard::{Canceller, Guarded};
use parallax_connections::secret::Secret;
use parallax_connections::stores;
use parallax_core::deployment::{Environment, StoreConfig};
use parallax_core::error::{Error, Result};
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{
    Access, Batch, Call, CallId, Chunk, Fields, KeyPart, Projection, Purpose, Statement, Store,
};
use parallax_core::value::{Key, Record, Value};

/// Where the server is, and its password.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) password: String,
    /// The certificate of its authority, where it speaks TLS.
    pub(crate) ca: Option<String>,
}

/// The place that the address file names; without one there is nothing to test.
pub(crate) fn place() -> Place {
    let file = std::env::var_os("PARALLAX_SERVERS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/servers/servers.json"),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; start it: cargo xtask servers up neo4j",
            file.display()
        )
    });
    let Ok(Value::Map(servers)) = Value::from_json(&text) else {
        panic!("{} is no address file", file.display());
    };
    let server = servers.iter().find(|(name, _)| name == "neo4j");
    let Some((_, Value::Map(server))) = server else {
        panic!("no neo4j there; start it: cargo xtask servers up neo4j");
    };
    let text = |name: &str| {
        let found = server.iter().find(|(it, _)| it == name);
        found.map(|(_, it)| it.to_string())
    };
    let url = text("url").unwrap_or_default();
    let (user, rest) = url.split_once('@').expect("a user");
    let (user, password) = user.rsplit_once(':').expect("a password");
    Place {
        url: format!("{user}@{rest}"),
        password: password.to_owned(),
        ca: text("ca"),
    }
}

impl Place {
    /// `127.0.0.1:7687`.
    pub(crate) fn address(&self) -> &str {
        let rest = self.url.rsplit('@').next().unwrap_or_default();
        rest.split(['/', '?']).next().unwrap_or_default()
    }

    /// The same server by another address.
    pub(crate) fn at(&self, address: &str) -> String {
        self.url.replace(self.address(), address)
    }
}

pub(crate) fn guarded(url: &str, password: Option<&str>, access: Access) -> Result<Guarded> {
    let config = StoreConfig {
        id: StoreId::new("graph").expect("a name"),
        url: Some(url.to_owned()),
        profile: None,
        secret: None,
        environment: Some(Environment::Dev),
        why: None,
        access,
    };
    stores::guarded(&config, Path::new("/"), password.map(Secret::new), access)
}

pub(crate) fn store_at(url: &str, password: Option<&str>) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(guarded(url, password, Access::ReadOnly)?))
}

/// The server, with labels and types for one test only, whose nodes are gone after it.
pub(crate) struct Server {
    /// As the application that owns the data: not by our adapter.
    pub(crate) graph: Graph,
    /// Ours, reading only.
    pub(crate) store: Arc<dyn Store>,
    pub(crate) place: Place,
    /// What each label and type of the test ends with.
    pub(crate) mark: String,
}

impl Server {
    /// Runs `statements` first; each `#` in them ends a label or type that is the test's own.
    pub(crate) async fn new(statements: &[&str]) -> Self {
        let place = place();
        let nth = NEXT.fetch_add(1, Ordering::Relaxed);
        let server = Self {
            graph: graph(&place),
            store: store_at(&place.url, Some(&place.password)).expect("a store"),
            mark: format!("_{}_{nth}", std::process::id()),
            place,
        };
        for statement in statements {
            server.run(statement).await;
        }
        server
    }

    /// With each `#` written out.
    pub(crate) fn named(&self, text: &str) -> String {
        text.replace('#', &self.mark)
    }

    /// Runs a statement as the application would; it must succeed.
    pub(crate) async fn run(&self, text: &str) {
        let text = self.named(text);
        let ran = self.graph.run(text.as_str()).await;
        ran.unwrap_or_else(|error| panic!("{text}: {error}"));
    }

    /// The first column of the first row, as the application sees it.
    pub(crate) async fn number(&self, text: &str) -> i64 {
        let mut rows = self
            .graph
            .execute(self.named(text).as_str())
            .await
            .expect("rows");
        let row = rows.next().await.expect("a row").expect("one");
        row.to::<i64>().expect("a number")
    }

    pub(crate) fn dataset(&self, name: &str) -> DatasetId {
        format!("graph.{}", self.named(name))
            .parse()
            .expect("a dataset")
    }

    pub(crate) async fn get(
        &self,
        name: &str,
        keys: &[Key],
        fields: &Projection,
    ) -> Vec<Result<Option<Record>>> {
        let got = self
            .store
            .get(&call(), &self.dataset(name), keys, fields)
            .await;
        got.expect("an answer").found
    }

    pub(crate) async fn ask(&self, text: &str) -> Answer {
        ask(&*self.store, &call(), &statement(&self.named(text))).await
    }

    /// A store that may write.
    pub(crate) fn writing(&self) -> Arc<dyn Store> {
        let guarded = guarded(
            &self.place.url,
            Some(&self.place.password),
            Access::ReadWrite,
        );
        Arc::new(guarded.expect("a store"))
    }

    /// A store whose dropped calls are cancelled, as in the workbench.
    pub(crate) fn cancelling(&self) -> Arc<dyn Store> {
        let (queue, canceller) = Canceller::new();
        tokio::spawn(canceller.run());
        let guarded = guarded(
            &self.place.url,
            Some(&self.place.password),
            Access::ReadOnly,
        );
        Arc::new(guarded.expect("a store").cancelling(queue))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let (place, mark) = (self.place.clone(), self.mark.clone());
        let cleaned = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(async {
                let text = format!(
                    "MATCH (n) WHERE any(it IN labels(n) WHERE it ENDS WITH '{mark}') CALL (n) {{ DETACH DELETE n }} IN TRANSACTIONS OF 5000 ROWS"
                );
                let gone = graph(&place).run(text.as_str()).await;
                gone.expect("the test's own nodes are deleted");
            });
        });
        drop(cleaned.join());
    }
}

pub(crate) fn graph(place: &Place) -> Graph {
    let config = ConfigBuilder::default()
        .uri(format!("bolt://{}", place.address()))
        .user("neo4j")
        .password(place.password.as_str())
        // A busy machine takes its time.
        .connection_timeout(Duration::from_mins(2))
        .build();
    Graph::connect(config.expect("a configuration")).expect("a driver")
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

pub(crate) fn writing() -> Call {
    Call {
        access: Access::ReadWrite,
        ..call()
    }
}

pub(crate) fn statement(text: &str) -> Statement {
    Statement {
        text: text.to_owned(),
        parameters: Vec::new(),
    }
}

pub(crate) fn with(text: &str, parameters: &[(&str, Value)]) -> Statement {
    let named = parameters.iter();
    Statement {
        text: text.to_owned(),
        parameters: named
            .map(|(name, it)| ((*name).to_owned(), it.clone()))
            .collect(),
    }
}

/// Keys by these paths, and these fields; `*` is all.
pub(crate) fn by(key: &[&str], fields: &[&str]) -> Projection {
    let part = |path: &&str| KeyPart {
        name: (*path).to_owned(),
        path: path.parse().expect("a path"),
    };
    Projection {
        key: key.iter().map(part).collect(),
        fields: if fields == ["*"] {
            Fields::All
        } else {
            Fields::Listed(
                fields
                    .iter()
                    .map(|it| it.parse().expect("a path"))
                    .collect(),
            )
        },
        filter: None,
    }
}

pub(crate) fn key(parts: &[Value]) -> Key {
    Key::new(parts.to_vec())
}

/// What a text of statements gives: each result's batches and counts, and what was said.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) results: Vec<(Vec<Batch>, Option<u64>)>,
    pub(crate) notices: Vec<String>,
    pub(crate) error: Option<Error>,
}

impl Answer {
    /// The columns of a result.
    pub(crate) fn columns(&self, nth: usize) -> Vec<&str> {
        assert!(self.error.is_none(), "{:?}", self.error);
        let columns = &self.results[nth].0[0].columns;
        columns.iter().map(|it| it.name.as_str()).collect()
    }

    /// The rows of a result.
    pub(crate) fn rows(&self, nth: usize) -> Vec<Vec<Value>> {
        assert!(self.error.is_none(), "{:?}", self.error);
        let batches = self.results[nth].0.iter();
        batches
            .filter(|it| it.rows > 0)
            .flat_map(|it| it.cells.chunks(it.columns.len()).map(<[Value]>::to_vec))
            .collect()
    }

    /// The only cell of the only row.
    #[track_caller]
    pub(crate) fn cell(&self) -> Value {
        let rows = self.rows(0);
        assert_eq!(rows.len(), 1, "{self:?}");
        rows[0][0].clone()
    }
}

pub(crate) async fn ask(store: &dyn Store, call: &Call, statement: &Statement) -> Answer {
    let mut answer = Answer {
        results: vec![(Vec::new(), None)],
        ..Answer::default()
    };
    let mut rows = match store.query(call, statement).await {
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
