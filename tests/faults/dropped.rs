//! Statements that nobody waits for any more: they are gone from the server at once, and their connection with them.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use parallax_connections::guard::Canceller;
use parallax_connections::secret::Secret;
use parallax_connections::stores;
use parallax_core::deployment::StoreConfig;
use parallax_core::store::{Access, Call, CallId, Chunk, Purpose, Rows, Statement, Store};
use parallax_tests::PrivateSample;
use parallax_tests::servers::{self, Server};
use redis::aio::MultiplexedConnection;
use sqlx::{Connection as _, PgConnection};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::case::Victim;

/// How long a statement may live on that nobody waits for.
const SOON: Duration = Duration::from_secs(1);

/// The victim's store, as other parts of the program connect to it.
pub(crate) fn store(duo: &PrivateSample, victim: Victim) -> Arc<dyn Store> {
    let server = match victim {
        Victim::Shop => duo.shop.server(),
        Victim::Cache | Victim::Crm | Victim::Docs => duo.copy.server(),
    };
    let store = stores::guarded(
        &config(victim, server),
        Path::new("."),
        Some(secret(server)),
        Access::ReadOnly,
    );
    Arc::new(store.expect("a store"))
}

pub(crate) fn call(deadline: Duration) -> Call {
    Call {
        id: CallId(1),
        deadline,
        purpose: Purpose::Query,
        access: Access::ReadOnly,
    }
}

fn config(victim: Victim, server: &Server) -> StoreConfig {
    StoreConfig {
        id: victim.id(),
        url: Some(server.url_without_password()),
        profile: None,
        secret: None,
        environment: None,
        why: None,
        access: Access::ReadOnly,
    }
}

fn secret(server: &Server) -> Secret {
    Secret::new(server.password())
}

/// A store whose dropped calls are cancelled, as the workbench has it.
struct Cancelling {
    store: Arc<dyn Store>,
    access: Access,
    _canceller: JoinSet<()>,
}

impl Cancelling {
    fn new(victim: Victim, server: &Server, access: Access) -> Self {
        let (queue, canceller) = Canceller::new();
        let config = StoreConfig {
            access,
            ..config(victim, server)
        };
        let store = stores::guarded(&config, Path::new("."), Some(secret(server)), access);
        let mut task = JoinSet::new();
        task.spawn(canceller.run());
        Self {
            store: Arc::new(store.expect("a store").cancelling(queue)),
            access,
            _canceller: task,
        }
    }

    async fn query(&self, text: &str) -> Rows {
        let call = Call {
            access: self.access,
            ..call(Duration::from_mins(1))
        };
        let statement = Statement {
            text: text.to_owned(),
            parameters: Vec::new(),
        };
        self.store
            .query(&call, &statement)
            .await
            .expect("it begins")
    }

    /// Runs a statement for a moment, and lets it go.
    async fn run_and_drop(&self, text: &str, is_running: impl AsyncFn() -> bool) {
        let run = async {
            let mut rows = self.query(text).await;
            let next = rows.next().await;
            panic!("{text} ended: {next:?}");
        };
        tokio::select! {
            () = run => {}
            () = until(SOON * 5, "it runs", is_running) => {}
        }
    }
}

/// Waits for what must be so within a time.
async fn until(most: Duration, what: &str, is_so: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < most, "not within {most:?}: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// The sessions that sleep, by another connection.
async fn sleepers(server: &Server, mark: &str) -> Vec<i32> {
    let mut own = PgConnection::connect(&server.url)
        .await
        .expect("a connection");
    let sql = "select pid from pg_stat_activity
               where state = 'active' and pid <> pg_backend_pid() and query like '%' || $1 || '%'";
    let pids = sqlx::query_scalar(sql).bind(mark).fetch_all(&mut own).await;
    own.close().await.expect("the connection closes");
    pids.expect("the sessions")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_statement_of_sql_is_gone_and_its_connection_is_not_used_again() {
    let server = servers::address("postgres");
    let store = Cancelling::new(Victim::Shop, &server, Access::ReadOnly);
    let mark = format!("dropped-{}", std::process::id());
    let statement = format!("select pg_sleep(60) /* {mark} */");
    for _ in 0..3 {
        let pids = std::sync::Mutex::new(Vec::new());
        let is_running = async || {
            let running = sleepers(&server, &mark).await;
            *pids.lock().expect("nobody panicked") = running.clone();
            !running.is_empty()
        };
        store.run_and_drop(&statement, is_running).await;
        let dropped = Instant::now();
        until(SOON, "it is gone", async || {
            sleepers(&server, &mark).await.is_empty()
        })
        .await;
        println!("gone after {:?}", dropped.elapsed());
        let rows: Vec<_> = store.query("select pg_backend_pid()").await.collect().await;
        let text = format!("{rows:?}");
        assert!(
            rows.iter()
                .any(|it| matches!(it, Ok(Chunk::Rows(it)) if it.rows == 1)),
            "{text}"
        );
        for pid in pids.into_inner().expect("nobody panicked") {
            assert!(
                !text.contains(&format!("({pid})")),
                "{pid} is used again: {text}"
            );
        }
    }
}

/// The clients that wait in a command, without ourselves.
async fn waiting(own: &MultiplexedConnection, command: &str) -> usize {
    let list: String = redis::cmd("CLIENT")
        .arg("LIST")
        .query_async(&mut own.clone())
        .await
        .expect("the clients");
    let wanted = format!(" cmd={command} ");
    list.lines().filter(|it| it.contains(&wanted)).count()
}

async fn client(server: &Server) -> MultiplexedConnection {
    servers::commands(server).await.expect("a connection")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_command_that_waits_is_gone_with_its_client() {
    let private = servers::private("redis");
    let own = client(private.server()).await;
    for (command, text, access) in [
        ("xread", "XREAD BLOCK 0 STREAMS nothing $", Access::ReadOnly),
        ("blpop", "BLPOP nothing 0", Access::ReadWrite),
    ] {
        let store = Cancelling::new(Victim::Cache, private.server(), access);
        for _ in 0..3 {
            store
                .run_and_drop(text, async || waiting(&own, command).await > 0)
                .await;
            let dropped = Instant::now();
            until(SOON, "it is gone", async || {
                waiting(&own, command).await == 0
            })
            .await;
            println!("{command} gone after {:?}", dropped.elapsed());
        }
    }
}

/// Runs a statement from the command line, and presses Ctrl-C while it runs.
async fn interrupted(
    duo: &PrivateSample,
    victim: Victim,
    text: &str,
    is_running: impl AsyncFn() -> bool,
) {
    let mut command = duo.parallax(&["query", victim.name(), text]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let child = command.spawn().expect("the command runs");
    until(SOON * 10, "it runs", &is_running).await;
    let pid = child.id();
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -INT {pid}")])
        .status();
    assert!(sent.expect("sh runs").success());
    until(SOON, "it is gone", async || !is_running().await).await;
    let waited = tokio::task::spawn_blocking(move || child.wait_with_output());
    let output = timeout(SOON * 3, waited).await.expect("the command ends");
    let output = output.expect("nobody panicked").expect("it is waited for");
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("stopped"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_ends_the_statement_on_the_server() {
    parallax_tests::parallax();
    let duo = PrivateSample::duo(10, 1).await;
    let shop = duo.shop.server();
    let sleeps = async || !sleepers(shop, "pg_sleep(61)").await.is_empty();
    interrupted(&duo, Victim::Shop, "select pg_sleep(61)", sleeps).await;
    let own = client(duo.copy.server()).await;
    let waits = async || waiting(&own, "xread").await > 0;
    interrupted(
        &duo,
        Victim::Cache,
        "XREAD BLOCK 0 STREAMS nothing $",
        waits,
    )
    .await;
}
