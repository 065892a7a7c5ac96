//! What a server says of itself, and what becomes of a call that is given up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use parallax_core::error::ErrorKind;
use parallax_core::store::{CallId, Chunk};
use parallax_core::value::Value;

use crate::proxy::Proxy;
use crate::server::{Server, ask, by, call, call_within, key, statement, store_at};

/// Runs until it is stopped.
const ENDLESS: &str =
    "UNWIND range(1, 10000000000) AS i WITH i WHERE i < 0 RETURN count(i) AS endless#";

/// Statements without an end take all of a small machine, on which the next one would wait for its own.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// How many transactions the server lists that hold this test's mark in their text.
async fn listed(server: &Server) -> i64 {
    let text = "SHOW TRANSACTIONS YIELD currentQuery AS q WHERE q CONTAINS 'endless#' AND NOT q STARTS WITH 'SHOW' RETURN count(q)";
    server.number(text).await
}

async fn until_listed(server: &Server, count: i64, within: Duration) -> Duration {
    let began = Instant::now();
    while listed(server).await != count {
        assert!(
            began.elapsed() < within,
            "still not {count} after {within:?}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    began.elapsed()
}

#[tokio::test]
async fn a_ping_tells_product_version_and_clock() {
    let server = Server::new(&[]).await;
    let said = server.store.ping(&call()).await.expect("an answer");
    assert_eq!(said.product, "Neo4j");
    assert!(
        said.version.starts_with(|it: char| it.is_ascii_digit()),
        "{}",
        said.version
    );
    assert!(said.version.ends_with("community"), "{}", said.version);
    let clock = said.clock.expect("a clock");
    let skew = jiff::Timestamp::now().duration_since(clock).abs();
    assert!(skew < jiff::SignedDuration::from_secs(60), "{clock}");
}

#[tokio::test]
async fn a_dropped_statement_ends_on_the_server_within_a_second() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let server = Server::new(&[]).await;
    let store = server.cancelling();
    let text = statement(&server.named(ENDLESS));
    let mut rows = store.query(&call(), &text).await.expect("begun");
    let waited = tokio::time::timeout(Duration::from_millis(300), rows.next()).await;
    assert!(waited.is_err(), "it has no end");
    until_listed(&server, 1, Duration::from_secs(5)).await;
    drop(rows);
    let took = until_listed(&server, 0, Duration::from_secs(5)).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[tokio::test]
async fn a_statement_beyond_its_deadline_ends_on_the_server() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let server = Server::new(&[]).await;
    let store = server.cancelling();
    let text = statement(&server.named(ENDLESS));
    let answer = ask(&*store, &call_within(Duration::from_millis(700)), &text).await;
    assert_eq!(answer.error.expect("too late").kind, ErrorKind::Timeout);
    until_listed(&server, 0, Duration::from_secs(1)).await;
    let again = ask(&*store, &call(), &statement("RETURN 1")).await;
    assert_eq!(again.cell(), Value::I64(1));
}

#[tokio::test]
async fn without_a_canceller_the_server_knows_the_deadline() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let server = Server::new(&[]).await;
    let text = statement(&server.named(ENDLESS));
    let call = call_within(Duration::from_millis(500));
    let answer = ask(&*server.store, &call, &text).await;
    assert_eq!(answer.error.expect("too late").kind, ErrorKind::Timeout);
    until_listed(&server, 0, Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_cancel_from_elsewhere_is_told_as_one() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let server = Server::new(&[]).await;
    let call = call();
    let text = statement(&server.named(ENDLESS));
    let store = Arc::clone(&server.store);
    let running = tokio::spawn(async move { ask(&*store, &call, &text).await });
    until_listed(&server, 1, Duration::from_secs(5)).await;
    // One that has just been started plans its first statements for longer than a cancel may take.
    let mut cancelled = server.store.cancel(call.id).await;
    for _ in 0..5 {
        if cancelled.is_err() {
            cancelled = server.store.cancel(call.id).await;
        }
    }
    cancelled.expect("cancelled");
    let answer = running.await.expect("ended");
    assert_eq!(answer.error.expect("cancelled").kind, ErrorKind::Cancelled);
    assert_eq!(listed(&server).await, 0);
    server
        .store
        .cancel(CallId(u64::MAX))
        .await
        .expect("nothing runs");
}

#[tokio::test]
async fn a_result_that_is_read_in_part_holds_no_connection_back() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let server = Server::new(&[]).await;
    let store = server.cancelling();
    let text = statement(&server.named("UNWIND range(1, 100000000) AS endless# RETURN endless#"));
    for _ in 0..20 {
        let mut rows = store.query(&call(), &text).await.expect("begun");
        let first = rows.next().await.expect("a chunk").expect("rows");
        assert!(matches!(first, Chunk::Rows(_)));
    }
    until_listed(&server, 0, Duration::from_secs(2)).await;
}

#[tokio::test]
async fn a_thousand_gets_at_once_use_few_connections() {
    let server =
        Server::new(&["UNWIND range(1, 100) AS i CREATE (:User# {id: i, name: 'user' + i})"]).await;
    let proxy = Proxy::to(server.place.address()).await;
    let url = server.place.at(&proxy.address);
    let store = store_at(&url, Some(&server.place.password)).expect("a store");
    let (dataset, fields) = (server.dataset("User#"), by(&["id"], &["name"]));
    let get = |nth: i64| {
        let (store, dataset, fields) = (&store, &dataset, &fields);
        async move {
            let keys = [key(&[Value::I64(nth % 100 + 1)])];
            let got = store
                .get(&call(), dataset, &keys, fields)
                .await
                .expect("an answer");
            let record = got.found[0].clone().expect("read").expect("there");
            assert_eq!(
                record.at(&"name".parse().expect("a path")),
                Some(&Value::Text(format!("user{}", nth % 100 + 1)))
            );
        }
    };
    futures::future::join_all((0..1_000).map(get)).await;
    let most = proxy.most.load(std::sync::atomic::Ordering::SeqCst);
    assert!(most <= 16, "{most} connections");
}
