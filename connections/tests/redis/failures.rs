//! Servers that refuse, hang, restart, or are none.

use std::time::{Duration, Instant};

use parallax_core::error::ErrorKind;
use parallax_core::store::Access;
use parallax_core::value::Value;

use crate::server::{PASSWORD, Server, ask, call, call_within, free_port, one, store, type_in};

#[tokio::test]
async fn a_ping_tells_product_version_and_clock() {
    let server = Server::start();
    let found = server.store().ping(&call()).await.expect("an answer");
    assert_eq!(found.product, "Redis");
    assert!(
        found.version.starts_with(|it: char| it.is_ascii_digit()),
        "{found:?}"
    );
    assert!(found.clock.is_some());
}

#[tokio::test]
async fn a_wrong_or_missing_password_is_said_and_never_shown() {
    let server = Server::start();
    for secret in [None, Some("wrong-password")] {
        let store = store(&server.url(), secret, Access::ReadOnly).expect("a store");
        let error = store.ping(&call()).await.expect_err("refused");
        assert_eq!(error.kind, ErrorKind::PermissionDenied, "{error}");
        assert!(error.hint.is_some());
        let shown = format!("{error:?} {store:?}");
        assert!(!shown.contains("wrong-password"), "{shown}");
    }
    let good = server.store();
    good.ping(&call()).await.expect("an answer");
    assert!(!format!("{good:?}").contains(PASSWORD), "{good:?}");
    let url = format!("redis://:{PASSWORD}@127.0.0.1:{}", server.port);
    let error = store(&url, None, Access::ReadOnly).expect_err("refused");
    assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
}

#[tokio::test]
async fn nobody_there_is_said_with_a_way_to_try() {
    let url = format!("redis://127.0.0.1:{}", free_port());
    let store = store(&url, None, Access::ReadOnly).expect("a store");
    let error = store.ping(&call()).await.expect_err("refused");
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert!(error.hint.expect("a hint").contains("redis-cli"));
}

#[tokio::test]
async fn a_restarted_server_is_found_again() {
    let mut server = Server::start();
    let store = server.store();
    type_in(&mut server.client(), "HSET user:1 a 1");
    assert!(
        one(&*store, "user:{id}", "1")
            .await
            .expect("read")
            .is_some()
    );
    server.restart();
    type_in(&mut server.client(), "HSET user:1 a 2");
    for _ in 0..3 {
        let record = one(&*store, "user:{id}", "1")
            .await
            .expect("read")
            .expect("there");
        assert_eq!(
            record.body,
            Value::Map(vec![("a".into(), Value::from("2"))])
        );
    }
    server.stop();
    let error = store.ping(&call()).await.expect_err("gone");
    assert_eq!(error.kind, ErrorKind::Unreachable);
}

#[tokio::test]
async fn a_server_that_hangs_costs_no_more_than_the_deadline() {
    let server = Server::start();
    let store = server.store();
    store.ping(&call()).await.expect("an answer");
    server.signal("-STOP");
    let began = Instant::now();
    for _ in 0..2 {
        let call = call_within(Duration::from_millis(400));
        let error = store.ping(&call).await.expect_err("late");
        assert_eq!(error.kind, ErrorKind::Timeout);
    }
    assert!(began.elapsed() < Duration::from_secs(2));
    server.signal("-CONT");
    store.ping(&call()).await.expect("it goes on");
}

#[tokio::test]
async fn a_server_of_another_kind_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let answers = async {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let text = b"HTTP/1.1 400 Bad Request\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut stream, text)
                .await
                .expect("written");
        }
    };
    let url = format!("redis://127.0.0.1:{port}");
    let store = store(&url, None, Access::ReadOnly).expect("a store");
    let call = call();
    let error = tokio::select! {
        () = answers => panic!("it does not end"),
        answer = store.ping(&call) => answer.expect_err("no RESP"),
    };
    assert_eq!(error.kind, ErrorKind::Unreadable, "{error}");
}

#[tokio::test]
async fn a_replica_refuses_writes_and_a_full_server_still_reads() {
    let server = Server::with(&["--maxmemory", "3mb"]);
    let mut client = server.client();
    type_in(&mut client, "SET a 1");
    let store = server.store_with(Access::ReadWrite);
    let mut full = None;
    for at in 0..200 {
        let text = format!("SET big:{at} {}", "x".repeat(100_000));
        let answer = crate::server::ask_as(&*store, &crate::server::writing(), &text, &[]).await;
        if let Some(error) = answer.error {
            full = Some(error);
            break;
        }
    }
    let full = full.expect("it is full");
    assert_eq!(full.kind, ErrorKind::Busy, "{full}");
    assert_eq!(ask(&*store, "GET a").await.cell(), Value::from("1"));
    type_in(&mut client, "REPLICAOF 127.0.0.1 1");
    type_in(&mut client, "CONFIG SET maxmemory 0");
    let answer = crate::server::ask_as(&*store, &crate::server::writing(), "SET a 2", &[]).await;
    assert_eq!(
        answer.error.expect("refused").kind,
        ErrorKind::PermissionDenied
    );
}

#[tokio::test]
async fn the_number_of_the_database_is_that_of_the_url() {
    let server = Server::start();
    let mut client = server.client();
    type_in(&mut client, "SELECT 2");
    type_in(&mut client, "HSET user:1 a two");
    let url = format!("redis://127.0.0.1:{}/2", server.port);
    let two = store(&url, Some(PASSWORD), Access::ReadOnly).expect("a store");
    assert!(one(&*two, "user:{id}", "1").await.expect("read").is_some());
    assert!(
        one(&*server.store(), "user:{id}", "1")
            .await
            .expect("read")
            .is_none()
    );
    let url = format!("redis://127.0.0.1:{}/99", server.port);
    let none = store(&url, Some(PASSWORD), Access::ReadOnly).expect("a store");
    let error = none.ping(&call()).await.expect_err("no such database");
    assert_eq!(error.kind, ErrorKind::InvalidInput, "{error}");
}
