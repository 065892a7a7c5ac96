//! A server of one's own for a test, and the calls to ask about it.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use parallax_connections::secret::Secret;
use parallax_connections::stores;
use parallax_core::deployment::{Environment, StoreConfig};
use parallax_core::error::{Error, Result};
use parallax_core::name::{DatasetId, FieldPath, StoreId};
use parallax_core::store::{
    Access, Batch, Call, CallId, Chunk, Fields, Got, KeyPart, Projection, Purpose, Statement, Store,
};
use parallax_core::value::{Key, Record, Value};
use tempfile::TempDir;

pub(crate) const PASSWORD: &str = "hunter2-secret";

/// A running `redis-server`, ended when dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    options: Vec<String>,
    folder: TempDir,
    child: Child,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// With more options, as `redis-server` takes them.
    pub(crate) fn with(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let options: Vec<String> = options.iter().map(|it| (*it).to_owned()).collect();
        let port = free_port();
        let child = spawn(port, folder.path(), &options);
        let mut server = Self {
            port,
            options,
            folder,
            child,
        };
        server.wait();
        server
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a process that starts gives no other sign than that it answers"
    )]
    fn wait(&mut self) {
        let until = Instant::now() + Duration::from_secs(20);
        while self.try_client().is_none() {
            assert!(
                Instant::now() < until,
                "redis-server does not answer on port {}",
                self.port
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the process and starts another one on the same port, with no data.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.child = spawn(self.port, self.folder.path(), &self.options);
        self.wait();
    }

    pub(crate) fn stop(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    /// Sends a signal to the process.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status();
        assert!(status.expect("kill runs").success(), "{name}");
    }

    fn try_client(&self) -> Option<redis::Connection> {
        let url = format!("redis://:{PASSWORD}@127.0.0.1:{}/0", self.port);
        redis::Client::open(url).ok()?.get_connection().ok()
    }

    /// A client that is not ours, as the application that owns the data would use.
    pub(crate) fn client(&self) -> redis::Connection {
        self.try_client().expect("a client")
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        self.store_with(Access::ReadOnly)
    }

    pub(crate) fn store_with(&self, access: Access) -> Arc<dyn Store> {
        store(&self.url(), Some(PASSWORD), access).expect("a store")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

static NEXT_PORT: AtomicU64 = AtomicU64::new(0);

/// A port below those that the system gives to clients, so that nothing connects to itself.
#[expect(clippy::panic, reason = "a test without a port cannot go on")]
pub(crate) fn free_port() -> u16 {
    for _ in 0..200 {
        let step = NEXT_PORT.fetch_add(1, Ordering::Relaxed);
        let offset = (u64::from(std::process::id()) * 37 + step) % 12_000;
        let port = 12_000 + u16::try_from(offset).expect("a port");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free")
}

fn spawn(port: u16, folder: &Path, options: &[String]) -> Child {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no"])
        .args(["--requirepass", PASSWORD])
        .args(options)
        .current_dir(folder)
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is installed: these tests need it")
}

pub(crate) fn store(url: &str, secret: Option<&str>, access: Access) -> Result<Arc<dyn Store>> {
    let config = StoreConfig {
        id: StoreId::new("cache").expect("a name"),
        url: Some(url.to_owned()),
        profile: None,
        secret: None,
        environment: Some(Environment::Dev),
        why: None,
        access,
    };
    stores::connect(&config, Path::new("/"), secret.map(Secret::new), access)
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

pub(crate) fn dataset(name: &str) -> DatasetId {
    format!("cache.{name}").parse().expect("a dataset")
}

pub(crate) fn path(text: &str) -> FieldPath {
    text.parse().expect("a path")
}

/// Keys by these names, and these fields.
pub(crate) fn projection(key: &[&str], fields: &[&str]) -> Projection {
    let part = |name: &&str| KeyPart {
        name: (*name).to_owned(),
        path: FieldPath::name(*name),
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

pub(crate) fn key(parts: &[&str]) -> Key {
    Key::new(parts.iter().map(|it| Value::from(*it)).collect())
}

pub(crate) async fn get(store: &dyn Store, name: &str, keys: &[Key], fields: &[&str]) -> Got {
    let projection = projection(&["id"], fields);
    let got = store.get(&call(), &dataset(name), keys, &projection).await;
    got.expect("an answer")
}

/// The record of one key.
pub(crate) async fn one(store: &dyn Store, name: &str, id: &str) -> Result<Option<Record>> {
    let mut got = get(store, name, &[key(&[id])], &["*"]).await;
    got.found.remove(0)
}

/// What a text of commands gives: the columns and rows of each result, and what was said.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) results: Vec<Vec<Batch>>,
    pub(crate) notices: Vec<String>,
    pub(crate) done: usize,
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
            .flat_map(|it| it.cells.chunks(it.columns.len()).map(<[Value]>::to_vec))
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
            Ok(Chunk::Done { .. }) => answer.done += 1,
            Ok(Chunk::NextResult) => answer.results.push(Vec::new()),
            Ok(Chunk::Notice(text)) => answer.notices.push(text),
            Err(error) => answer.error = Some(error),
        }
    }
    answer
}

/// Runs a command as the application would; it must succeed.
#[track_caller]
pub(crate) fn run(client: &mut redis::Connection, words: &[&[u8]]) -> redis::Value {
    let mut command = redis::Cmd::new();
    for word in words {
        command.arg(*word);
    }
    command.query(client).expect("the test's own command")
}

/// The same for words that are text, between spaces.
#[track_caller]
pub(crate) fn type_in(client: &mut redis::Connection, text: &str) -> redis::Value {
    let words: Vec<&[u8]> = text.split(' ').map(str::as_bytes).collect();
    run(client, &words)
}
