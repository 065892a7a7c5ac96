//! Connecting, the server's own answers, and calls that are cancelled, dropped or late.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use parallax_core::error::ErrorKind;
use parallax_core::store::Chunk;

use crate::ask::{ask, by, call, call_within, statement};
use crate::server::{Server, dataset, place, store_at};

#[tokio::test]
async fn a_ping_tells_the_product_and_the_clock() {
    let server = Server::new("parallax_ping", "").await;
    let answer = server.store.ping(&call()).await.expect("a ping");
    assert_eq!(answer.product, "MariaDB");
    assert!(
        answer.version.starts_with("10.") || answer.version.starts_with("11."),
        "{answer:?}"
    );
    let skew = answer.clock.expect("a clock").duration_since(jiff_now());
    assert!(
        skew.abs() < std::time::Duration::from_secs(5).try_into().expect("short"),
        "{skew:?}"
    );
}

#[expect(clippy::disallowed_methods, reason = "the test compares two clocks")]
fn jiff_now() -> parallax_core::value::Timestamp {
    parallax_core::value::Timestamp::now()
}

#[tokio::test]
async fn what_keeps_us_out_is_told_apart() {
    let place = place();
    let (login, host) = place.url.split_once('@').expect("a user");
    let right = Some(place.password.as_str());
    let unused = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = unused.local_addr().expect("an address").port();
    for (url, password, kind, cause) in [
        (
            place.url.clone(),
            Some("wrong"),
            ErrorKind::PermissionDenied,
            "1045",
        ),
        (
            place.url.clone(),
            None,
            ErrorKind::PermissionDenied,
            "secret",
        ),
        (
            format!("{}/nowhere", place.url),
            right,
            ErrorKind::NotFound,
            "nowhere",
        ),
        (
            format!("{login}@127.0.0.1:1/x"),
            right,
            ErrorKind::Unreachable,
            "refused",
        ),
        (
            format!("{login}@nosuchhost.invalid/x"),
            right,
            ErrorKind::Unreachable,
            "",
        ),
        (
            format!("{login}@127.0.0.1:{port}/x?connect-timeout=2"),
            right,
            ErrorKind::Unreachable,
            "in time",
        ),
        (
            format!("{login}@{host}/?ssl-mode=verify_ca&ssl-ca=/nowhere.pem"),
            right,
            ErrorKind::Unreachable,
            "ssl-ca",
        ),
        (
            format!("{login}@{host}/?ssl-mode=verify_identity"),
            right,
            ErrorKind::Unreachable,
            "certificate",
        ),
        (
            format!("{login}@localhost/?socket=/nowhere.sock"),
            right,
            ErrorKind::Unreachable,
            "",
        ),
    ] {
        let store = store_at(&url, password).expect("a store");
        let began = Instant::now();
        let error = store
            .ping(&call_within(Duration::from_secs(5)))
            .await
            .expect_err(&url);
        assert_eq!(error.kind, kind, "{url}: {error:?}");
        assert!(error.to_string().contains(cause), "{url}: {error}");
        assert!(error.hint.is_some() || cause.is_empty(), "{url}: {error:?}");
        assert!(began.elapsed() < Duration::from_secs(4), "{url}");
        let told = format!("{error} {error:?} {store:?}");
        assert!(!told.contains(&place.password), "the password is told");
    }
}

#[tokio::test]
async fn tls_is_used_as_the_url_says() {
    let place = place();
    let ca = format!("ssl-ca={}", place.ca);
    for (options, encrypted) in [
        ("ssl-mode=disabled".to_owned(), false),
        ("ssl-mode=preferred".to_owned(), true),
        ("ssl-mode=required".to_owned(), true),
        (format!("ssl-mode=verify_ca&{ca}"), true),
        (format!("ssl-mode=verify_identity&{ca}"), true),
        (ca.clone(), true),
        (String::new(), true),
    ] {
        let store =
            store_at(&format!("{}/?{options}", place.url), Some(&place.password)).expect("a store");
        let answer = ask(
            &*store,
            &call(),
            &statement("SHOW SESSION STATUS LIKE 'Ssl_cipher'"),
        )
        .await;
        assert_eq!(answer.error, None, "{options}");
        assert_eq!(
            !answer.rows()[0][1].to_string().is_empty(),
            encrypted,
            "{options}"
        );
    }
}

async fn gone(server: &Server, pattern: &str, since: Instant) {
    while server.active(pattern).await > 0 {
        assert!(
            since.elapsed() < Duration::from_secs(1),
            "{pattern} still runs"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn runs(server: &Server, pattern: &str) {
    let began = Instant::now();
    while server.active(pattern).await == 0 {
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "{pattern} does not run"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_dropped_query_stops_on_the_server_and_its_connection_is_not_used_again() {
    let server = Server::new("parallax_dropped", "").await;
    let text = "SELECT connection_id(), repeat('x', 20000), sleep(if(seq > 100, 30, 0)) FROM seq_1_to_102 /* dropped */";
    let mut rows = server
        .store
        .query(&call(), &statement(text))
        .await
        .expect("rows");
    let Chunk::Rows(batch) = rows.next().await.expect("a chunk").expect("rows") else {
        panic!("no rows");
    };
    let id = batch.cells[0].to_string();
    runs(&server, "%seq_1_to_102%").await;
    drop(rows);
    gone(&server, "%seq_1_to_102%", Instant::now()).await;
    let count = server
        .rows(&format!(
            "SELECT count(*) FROM information_schema.processlist WHERE id = {id}"
        ))
        .await;
    assert_eq!(count[0][0].to_string(), "0", "the connection is closed");
}

#[tokio::test]
async fn a_sleeping_query_that_is_dropped_is_gone_within_a_second() {
    let server = Server::new("parallax_sleeping", "").await;
    let rows = server
        .store
        .query(&call(), &statement("SELECT sleep(60)"))
        .await
        .expect("rows");
    runs(&server, "SELECT sleep(60)").await;
    drop(rows);
    gone(&server, "SELECT sleep(60)", Instant::now()).await;
}

#[tokio::test]
async fn a_late_call_stops_on_the_server() {
    let server = Server::new(
        "parallax_late",
        "CREATE VIEW v AS SELECT 1 AS id, sleep(59) AS slept",
    )
    .await;
    let began = Instant::now();
    let key = parallax_core::value::Key::parse("1", 1).expect("a key");
    let call = call_within(Duration::from_millis(400));
    let got = server
        .store
        .get(&call, &dataset("v"), &[key], &by(&["id"]))
        .await;
    assert_eq!(got.expect_err("late").kind, ErrorKind::Timeout);
    assert!(
        began.elapsed() < Duration::from_millis(900),
        "{:?}",
        began.elapsed()
    );
    gone(&server, "%`parallax_late`%", Instant::now()).await;
}

#[tokio::test]
async fn a_call_is_cancelled_by_its_id() {
    let server = Server::new("parallax_cancelled", "").await;
    let call = call();
    let text = statement("SELECT sleep(58)");
    let asked = ask(&*server.store, &call, &text);
    let cancelled = async {
        runs(&server, "SELECT sleep(58)").await;
        let began = Instant::now();
        server.store.cancel(call.id).await.expect("cancelled");
        assert!(began.elapsed() < Duration::from_secs(1));
    };
    let (answer, ()) = futures::join!(asked, cancelled);
    assert_eq!(answer.error.expect("an error").kind, ErrorKind::Cancelled);
    gone(&server, "SELECT sleep(58)", Instant::now()).await;
    server.store.cancel(call.id).await.expect("nothing runs");
    server
        .store
        .ping(&crate::ask::call())
        .await
        .expect("a ping");
}

#[tokio::test]
async fn a_query_dropped_before_its_first_row_stops_too() {
    let server = Server::new("parallax_early", "").await;
    for wait in 0..20 {
        let text = statement("SELECT sleep(57)");
        let call = call();
        let asked = ask(&*server.store, &call, &text);
        // Dropped at whatever await it stands.
        drop(tokio::time::timeout(Duration::from_micros(500 * wait), asked).await);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    gone(&server, "SELECT sleep(57)", Instant::now()).await;
}

#[tokio::test]
async fn connections_that_the_server_has_closed_are_replaced() {
    let server = Server::new("parallax_replaced", "").await;
    let rows = server.rows("SELECT connection_id()").await;
    // As a restart would.
    server.run(&format!("KILL CONNECTION {}", rows[0][0])).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    server
        .store
        .ping(&call())
        .await
        .expect("a ping on a new connection");
    let again = server.rows("SELECT connection_id()").await;
    assert_ne!(again, rows);
}

#[tokio::test]
async fn many_calls_at_once_share_the_connections() {
    let server = Server::new("parallax_many", "").await;
    let text = statement("SELECT sleep(0.02), connection_id()");
    let calls: Vec<_> = (0..60).map(|_| call()).collect();
    let asked = calls.iter().map(|it| ask(&*server.store, it, &text));
    let answers = futures::future::join_all(asked).await;
    let mut ids: Vec<String> = answers
        .iter()
        .map(|it| it.rows()[0][1].to_string())
        .collect();
    ids.sort();
    ids.dedup();
    assert!(ids.len() < 60, "each call has made its own connection");
}
