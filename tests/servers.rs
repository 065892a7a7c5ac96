//! The servers of `cargo xtask servers`, as tests use them: reached over TLS, killed, started again, paused.
//!
//! Those that `PARALLAX_STORES` names must be there; trials of others that do not run are listed as ignored.

#![expect(clippy::print_stdout, reason = "the run says why trials were left out")]

#[path = "servers/documents.rs"]
mod documents;
#[path = "servers/graph.rs"]
mod graph;
#[path = "servers/mariadb.rs"]
mod mariadb;
#[path = "servers/replication.rs"]
mod replication;
#[path = "servers/search.rs"]
mod search;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::str::FromStr as _;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use parallax_tests::servers::{self, Server};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};
use tokio::runtime::Runtime;

type Case = fn() -> Result<(), Failed>;

const CASES: &[(&str, &str, Case)] = &[
    (
        "postgres",
        "answers over TLS with a certificate for its address",
        tls,
    ),
    (
        "postgres",
        "keeps port and data when it is killed and started again",
        postgres_restart,
    ),
    (
        "redis",
        "keeps its port when it is killed and started again",
        redis_restart,
    ),
    (
        "redis",
        "is silent while it is paused, and then goes on",
        pause,
    ),
    ("redis", "is gone with its instance", drop_stops),
    (
        "postgres",
        "is followed by a standby that takes no writes",
        replication::standby,
    ),
    (
        "postgres",
        "is followed by a subscriber of one table",
        replication::subscriber,
    ),
    (
        "mariadb",
        "answers over TLS with a certificate for its address",
        mariadb::tls,
    ),
    (
        "mariadb",
        "keeps port and data when it is killed and started again",
        mariadb::restart,
    ),
    (
        "mariadb",
        "is followed by a replica that takes no writes",
        mariadb::replica,
    ),
    (
        "ferretdb",
        "lets in who knows the password",
        documents::password,
    ),
    (
        "ferretdb",
        "keeps what is written, with and without TLS",
        documents::ferretdb,
    ),
    (
        "mongo-java-server",
        "keeps what is written, with and without TLS",
        documents::mongo_java_server,
    ),
    (
        "neo4j",
        "lets in who knows the password, with and without TLS",
        graph::password,
    ),
    (
        "neo4j",
        "keeps port and data when it is killed and started again",
        graph::restart,
    ),
    (
        "elasticsearch",
        "lets accounts read what their roles say",
        search::accounts,
    ),
    (
        "elasticsearch",
        "keeps port and data when it is killed and started again",
        search::restart,
    ),
    (
        "elasticsearch",
        "answers over TLS with a certificate for its address",
        search::tls,
    ),
    ("opensearch", "runs scripts", search::scripts),
];

fn main() {
    let arguments = Arguments::from_args();
    let named = std::env::var("PARALLAX_STORES").ok();
    let is_named = |name: &str| {
        let mut stores = named.iter().flat_map(|it| it.split(','));
        stores.any(|it| it == name)
    };
    let is_wanted = |name: &str| is_named(name) || servers::find(name).is_some();
    let trials: Vec<Trial> = CASES
        .iter()
        .map(|(server, name, case)| {
            Trial::test(format!("{server} {name}"), *case).with_ignored_flag(!is_wanted(server))
        })
        .collect();
    if !arguments.list && trials.iter().any(Trial::has_ignored_flag) {
        println!("ignored: servers that do not run; `cargo xtask servers up` starts them");
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn ensure(is_so: bool, otherwise: &str) -> Result<(), Failed> {
    if is_so {
        Ok(())
    } else {
        Err(otherwise.to_owned().into())
    }
}

fn tls() -> Result<(), Failed> {
    let server = servers::address("postgres");
    let url = server.tls_url.as_deref().ok_or("no URL for TLS")?;
    let authority = server.ca.as_deref().ok_or("no certificate")?;
    let options = PgConnectOptions::from_str(url)?
        .ssl_mode(PgSslMode::VerifyFull)
        .ssl_root_cert(authority);
    let is_encrypted: bool = Runtime::new()?.block_on(async {
        let mut connection = options.connect().await?;
        let sql = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
        let row = sqlx::query(sql).fetch_one(&mut connection).await?;
        connection.close().await?;
        row.try_get(0)
    })?;
    ensure(is_encrypted, "the session is not encrypted")
}

fn postgres_restart() -> Result<(), Failed> {
    let mut instance = servers::private("postgres");
    let runtime = Runtime::new()?;
    let url = instance.server().url.clone();
    // Flushed only with a checkpoint, for the server does not wait for its disk.
    for sql in ["create table kept as select 42 as answer", "checkpoint"] {
        runtime.block_on(run(&url, sql))?;
    }
    instance.kill();
    ensure(runtime.block_on(run(&url, "select 1")).is_err(), "it lives")?;
    instance.start();
    ensure(instance.server().url == url, "it moved")?;
    let rows = runtime.block_on(run(&url, "select answer from kept"))?;
    let answer: i32 = rows.first().ok_or("the row is lost")?.try_get(0)?;
    ensure(answer == 42, "the row changed")
}

/// Asks again and again, for as long as a change may be under way.
async fn until(ask: impl AsyncFn() -> Result<bool, Failed>) -> Result<(), Failed> {
    let polling = async {
        while !ask().await? {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    };
    let ended = tokio::time::timeout(Duration::from_secs(15), polling).await;
    ended.unwrap_or_else(|_| Err("the change did not arrive".into()))
}

async fn run(url: &str, sql: &'static str) -> sqlx::Result<Vec<sqlx::postgres::PgRow>> {
    let mut connection = PgConnectOptions::from_str(url)?.connect().await?;
    let rows = sqlx::query(sql).fetch_all(&mut connection).await?;
    connection.close().await?;
    Ok(rows)
}

fn redis_restart() -> Result<(), Failed> {
    let mut instance = servers::private("redis");
    let first = instance.server().clone();
    ping(&first)?;
    instance.kill();
    ensure(ping(&first).is_err(), "it answers though it was killed")?;
    instance.start();
    let second = instance.server();
    ensure(second.url == first.url, "it moved")?;
    ensure(second.pid != first.pid, "it is the same process")?;
    Ok(ping(second)?)
}

fn pause() -> Result<(), Failed> {
    let instance = servers::private("redis");
    instance.pause();
    ensure(ping(instance.server()).is_err(), "it answers")?;
    instance.resume();
    Ok(ping(instance.server())?)
}

fn drop_stops() -> Result<(), Failed> {
    let instance = servers::private("redis");
    let server = instance.server().clone();
    drop(instance);
    ensure(ping(&server).is_err(), "it answers")?;
    ensure(!server.log.exists(), "its folder is still there")
}

/// Logs in and waits for an answer, for a short time.
fn ping(server: &Server) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port()))?;
    stream.set_read_timeout(Some(Duration::from_millis(500)))?;
    write!(stream, "AUTH {}\r\nPING\r\n", server.password())?;
    let mut lines = BufReader::new(stream).lines();
    for expected in ["+OK", "+PONG"] {
        let line = lines.next().unwrap_or_else(|| Ok(String::new()))?;
        if line != expected {
            return Err(std::io::Error::other(line));
        }
    }
    Ok(())
}
