//! Connecting, the server's own answers, and calls that are cancelled, dropped or late.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use parallax_core::error::ErrorKind;

use crate::server::{Server, ask, call, call_within, place, statement, store_at};

#[tokio::test]
async fn a_ping_tells_the_product_and_the_clock() {
    let server = Server::new("parallax_ping", "").await;
    let answer = server.store.ping(&call()).await.expect("a ping");
    assert_eq!(answer.product, "PostgreSQL");
    assert!(answer.version.starts_with(|it: char| it.is_ascii_digit()));
    assert!(answer.clock.is_some());
}

#[tokio::test]
async fn what_keeps_us_out_is_told_apart() {
    let place = place();
    let (login, rest) = place.url.split_once('@').expect("a user");
    let (host, _) = rest.split_once('/').expect("a database");
    let with = |option: &str| format!("{}?{option}", place.url);
    let right = Some(place.password.as_str());
    let unused = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = unused.local_addr().expect("an address").port();
    let silent = format!("{login}@127.0.0.1:{port}/x?sslmode=disable&connect_timeout=2");
    for (url, password, kind, cause) in [
        (
            place.url.clone(),
            Some("wrong"),
            ErrorKind::PermissionDenied,
            "password",
        ),
        (
            place.url.clone(),
            None,
            ErrorKind::PermissionDenied,
            "secret",
        ),
        (
            format!("{login}@{host}/nowhere"),
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
        (silent, right, ErrorKind::Unreachable, "in time"),
        (
            with("sslmode=verify-full"),
            right,
            ErrorKind::Unreachable,
            "certificate",
        ),
        (
            with("sslmode=verify-ca&sslrootcert=/nowhere.pem"),
            right,
            ErrorKind::Unreachable,
            "sslrootcert",
        ),
    ] {
        let store = store_at(&url, password).expect("a store");
        let error = store
            .ping(&call_within(Duration::from_secs(5)))
            .await
            .expect_err(&url);
        assert_eq!(error.kind, kind, "{url}: {error:?}");
        assert!(error.to_string().contains(cause), "{url}: {error}");
        assert!(error.hint.is_some() || cause.is_empty(), "{url}: {error:?}");
        let told = format!("{error} {error:?} {store:?}");
        assert!(!told.contains(&place.password), "the password is told");
    }
}

#[tokio::test]
async fn tls_is_used_as_the_url_says() {
    let place = place();
    let ca = format!("sslrootcert={}", place.ca);
    for (options, encrypted) in [
        ("sslmode=disable".to_owned(), "false"),
        ("sslmode=prefer".to_owned(), "true"),
        ("sslmode=require".to_owned(), "true"),
        (format!("sslmode=verify-ca&{ca}"), "true"),
        (format!("sslmode=verify-full&{ca}"), "true"),
    ] {
        let store =
            store_at(&format!("{}?{options}", place.url), Some(&place.password)).expect("a store");
        let text = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        let answer = ask(&*store, &call(), &statement(text)).await;
        assert_eq!(answer.error, None, "{options}");
        assert_eq!(answer.rows()[0][0].to_string(), encrypted, "{options}");
    }
}

async fn gone(server: &Server, pattern: &str, since: Instant) -> Duration {
    while server.active(pattern).await > 0 {
        assert!(
            since.elapsed() < Duration::from_secs(1),
            "{pattern} still runs"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    since.elapsed()
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
    let text = "SELECT pg_backend_pid(), repeat('x', 20000), pg_sleep(30 * greatest(i - 2, 0)) FROM generate_series(1, 3) AS i /* dropped */";
    let mut rows = server
        .store
        .query(&call(), &statement(text))
        .await
        .expect("rows");
    let first = rows.next().await.expect("a chunk").expect("rows");
    let parallax_core::store::Chunk::Rows(batch) = first else {
        panic!("no rows");
    };
    let pid = batch.cells[0].to_string();
    runs(&server, "%30 * greatest(i%").await;
    drop(rows);
    gone(&server, "%30 * greatest(i%", Instant::now()).await;
    let count = server
        .rows(&format!(
            "SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}"
        ))
        .await;
    assert_eq!(count[0][0].to_string(), "0", "the connection is closed");
}

#[tokio::test]
async fn a_late_call_stops_on_the_server() {
    let server = Server::new(
        "parallax_late",
        "CREATE VIEW v AS SELECT 1 AS id, pg_sleep(59)::text AS slept",
    )
    .await;
    let began = Instant::now();
    let fields = crate::server::by(&["id"]);
    let key = parallax_core::value::Key::parse("1", 1).expect("a key");
    let dataset = crate::server::dataset("v");
    let call = call_within(Duration::from_millis(400));
    let error = server
        .store
        .get(&call, &dataset, &[key], &fields)
        .await
        .expect_err("late");
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(
        began.elapsed() < Duration::from_millis(900),
        "{:?}",
        began.elapsed()
    );
    gone(&server, "%parallax_late%unnest%", Instant::now()).await;
}

#[tokio::test]
async fn a_call_is_cancelled_by_its_id() {
    let server = Server::new("parallax_cancelled", "").await;
    let call = call();
    let text = statement("SELECT pg_sleep(58)");
    let asked = ask(&*server.store, &call, &text);
    let cancelled = async {
        runs(&server, "%pg_sleep(58)%").await;
        let began = Instant::now();
        server.store.cancel(call.id).await.expect("cancelled");
        assert!(began.elapsed() < Duration::from_secs(1));
    };
    let (answer, ()) = futures::join!(asked, cancelled);
    assert_eq!(answer.error.expect("an error").kind, ErrorKind::Cancelled);
    gone(&server, "%pg_sleep(58)%", Instant::now()).await;
    server.store.cancel(call.id).await.expect("nothing runs");
    server
        .store
        .ping(&crate::server::call())
        .await
        .expect("a ping");
}

#[tokio::test]
async fn a_query_dropped_before_its_first_row_stops_too() {
    let server = Server::new("parallax_early", "").await;
    for _ in 0..20 {
        let text = statement("SELECT pg_sleep(57)");
        let call = call();
        let asked = ask(&*server.store, &call, &text);
        // Dropped at whatever await it stands.
        drop(tokio::time::timeout(Duration::from_millis(3), asked).await);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    gone(&server, "%pg_sleep(57)%", Instant::now()).await;
}

#[tokio::test]
async fn connections_that_the_server_has_closed_are_replaced() {
    let server = Server::new("parallax_replaced", "").await;
    server.store.ping(&call()).await.expect("a ping");
    // As a restart would.
    server
        .run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name LIKE 'parallax%' AND query LIKE 'SELECT clock_timestamp()%'")
        .await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    server
        .store
        .ping(&call())
        .await
        .expect("a ping on a new connection");
}
