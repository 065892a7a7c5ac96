//! Servers that are gone, slow, or do not let us in.

use std::time::{Duration, Instant};

use parallax_core::error::ErrorKind;
use parallax_core::value::Value;

use crate::proxy::Proxy;
use crate::server::{Server, ask, call, call_within, place, statement, store_at};

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    // Not by the name that others use: after some mistakes the server lets a user wait.
    let url = format!("bolt://nobody@{}", place().address());
    let store = store_at(&url, Some("wrong-hunter2")).expect("a store");
    let error = store.ping(&call()).await.expect_err("refused");
    assert_eq!(error.kind, ErrorKind::PermissionDenied, "{error}");
    assert!(error.hint.is_some(), "{error:?}");
    assert!(!format!("{error} {error:?} {store:?}").contains("hunter2"));
    let store = store_at(&url, None).expect("a store");
    let error = store.ping(&call()).await.expect_err("refused");
    assert_eq!(error.kind, ErrorKind::PermissionDenied, "{error}");
}

#[tokio::test]
async fn nobody_at_the_address_is_told_as_such() {
    let store = store_at("bolt://127.0.0.1:1", Some("x")).expect("a store");
    let error = store.ping(&call()).await.expect_err("nobody");
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
    assert!(error.hint.is_some_and(|it| it.contains("7687")));
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named() {
    let place = place();
    let url = format!("bolt://neo4j@{}/nowhere", place.address());
    let store = store_at(&url, Some(&place.password)).expect("a store");
    let error = store.ping(&call()).await.expect_err("not there");
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    assert!(error.hint.is_some_and(|it| it.contains("/DATABASE")));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_at_the_deadline() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let store = store_at(&format!("bolt://{address}"), Some("x")).expect("a store");
    let began = Instant::now();
    let error = store.ping(&call_within(Duration::from_millis(300))).await;
    let kind = error.expect_err("no answer").kind;
    assert!(
        matches!(kind, ErrorKind::Timeout | ErrorKind::Unreachable),
        "{kind:?}"
    );
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn something_else_on_the_port_is_told_as_such() {
    use tokio::io::AsyncWriteExt as _;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            drop(socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
        }
    });
    let store = store_at(&format!("bolt://{address}"), Some("x")).expect("a store");
    let error = store.ping(&call()).await.expect_err("no Bolt");
    assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
}

#[tokio::test]
async fn a_connection_that_was_cut_is_opened_again() {
    let server = Server::new(&[]).await;
    let proxy = Proxy::to(server.place.address()).await;
    let url = server.place.at(&proxy.address);
    let store = store_at(&url, Some(&server.place.password)).expect("a store");
    for _ in 0..3 {
        let answer = ask(&*store, &call(), &statement("RETURN 1")).await;
        assert_eq!(answer.cell(), Value::I64(1));
        proxy.cut();
    }
}

#[tokio::test]
async fn a_server_that_stands_still_ends_at_the_deadline_and_serves_again() {
    let server = Server::new(&[]).await;
    let proxy = Proxy::to(server.place.address()).await;
    let url = server.place.at(&proxy.address);
    let store = store_at(&url, Some(&server.place.password)).expect("a store");
    store.ping(&call()).await.expect("an answer");
    proxy.hold();
    let began = Instant::now();
    let error = store.ping(&call_within(Duration::from_millis(400))).await;
    assert_eq!(error.expect_err("no answer").kind, ErrorKind::Timeout);
    assert!(began.elapsed() < Duration::from_secs(1));
    proxy.release();
    store.ping(&call()).await.expect("an answer again");
}
