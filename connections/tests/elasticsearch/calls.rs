//! Calls that end otherwise than with an answer: cancelled, late, refused, many at a time.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use parallax_core::error::ErrorKind;
use parallax_core::store::{Access, Store};
use parallax_core::value::Value;
use tokio::time::{sleep, timeout};

use crate::server::{Server, ask_as, by, call, call_within, dataset, guarded, key, keys, place};

/// Searches that take long together: each looks at every term.
fn slow(name: &str) -> String {
    let mut text = format!("POST /{name}/_msearch?max_concurrent_searches=1\n");
    for n in 0..4_000 {
        let query = format!(
            r#"{{"size":0,"track_total_hits":true,"query":{{"wildcard":{{"t":{{"value":"*a*b*c*{n}*x*"}}}}}}}}"#
        );
        text.push_str("{}\n");
        text.push_str(&query);
        text.push('\n');
    }
    text
}

/// How many searches of the index are running.
async fn running(server: &Server) -> usize {
    let answer = server
        .ask("GET /_tasks?actions=*search*&group_by=none&detailed=true")
        .await;
    answer.rows(0)[0].matches("parallax_slow").count()
}

async fn until(what: &str, server: &Server, wanted: impl Fn(usize) -> bool) -> Duration {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(10) {
        if wanted(running(server).await) {
            return began.elapsed();
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("{}: {what}", server.product);
}

#[tokio::test]
async fn a_dropped_search_ends_on_the_server_within_a_second() {
    for server in Server::all("parallax_slow").await {
        let documents: Vec<(String, String)> = (0..30_000)
            .map(|n| {
                (
                    n.to_string(),
                    format!(r#"{{"t":"aaaabbbb{n}cccc{n}dddd"}}"#),
                )
            })
            .collect();
        let documents: Vec<(&str, &str)> = documents
            .iter()
            .map(|(id, it)| (id.as_str(), it.as_str()))
            .collect();
        server
            .index("parallax_slow", r#"{"t":{"type":"keyword"}}"#, &documents)
            .await;
        let store = Arc::clone(&server.store);
        let text = slow("parallax_slow");
        let mut searching = tokio::task::JoinSet::new();
        searching.spawn(async move { ask_as(&*store, &call(), &text, &[]).await.error });
        until("it did not begin", &server, |it| it > 0).await;
        searching.abort_all();
        assert!(
            searching.join_next().await.expect("a task").is_err(),
            "it had ended before"
        );
        let took = until("it goes on", &server, |it| it == 0).await;
        assert!(
            took < Duration::from_secs(1),
            "{}: {took:?}",
            server.product
        );
        let late = ask_as(
            &*server.store,
            &call_within(Duration::from_millis(400)),
            &slow("parallax_slow"),
            &[],
        )
        .await;
        assert_eq!(late.error.expect("late").kind, ErrorKind::Timeout);
        until("it goes on", &server, |it| it == 0).await;
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_ends_the_call_at_its_deadline() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!(
        "elasticsearch+http://{}",
        silent.local_addr().expect("an address")
    );
    let store = guarded(&url, None, Access::ReadOnly).expect("a store");
    let began = Instant::now();
    let error = store
        .ping(&call_within(Duration::from_millis(300)))
        .await
        .expect_err("silence");
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_or_no_search_server_says_so() {
    let refused =
        guarded("elasticsearch+http://127.0.0.1:1", None, Access::ReadOnly).expect("a store");
    let error = refused.ping(&call()).await.expect_err("nobody");
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert!(error.to_string().contains("Connection refused"), "{error}");
    assert!(
        error
            .hint
            .is_some_and(|it| it.contains("is a server running"))
    );
    let place = place("elasticsearch-tls");
    let plain = place.url.replace("+https", "+http");
    let plain = guarded(&plain, place.password.as_deref(), Access::ReadOnly).expect("a store");
    let error = plain.ping(&call()).await.expect_err("no plain text");
    assert!(
        error
            .hint
            .as_deref()
            .is_some_and(|it| it.contains("+https")),
        "{error}"
    );
}

#[tokio::test]
async fn encrypted_servers_are_reached_with_their_authority_only() {
    let place = place("elasticsearch-tls");
    let with = |url: &str, password: &str| {
        guarded(url, Some(password), Access::ReadOnly).expect("a store")
    };
    let password = place.password.clone().expect("a password");
    let trusted = with(&format!("{}?ca={}", place.url, place.ca), &password);
    assert_eq!(
        trusted.ping(&call()).await.expect("an answer").product,
        "Elasticsearch"
    );
    let error = with(&place.url, &password)
        .ping(&call())
        .await
        .expect_err("nobody vouches");
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert!(
        error
            .hint
            .as_deref()
            .is_some_and(|it| it.contains("?ca=FILE")),
        "{error:?}"
    );
    let error = with(&format!("{}?ca=/none.pem", place.url), &password)
        .ping(&call())
        .await
        .expect_err("no file");
    assert_eq!(error.kind, ErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_repeated() {
    let place = place("elasticsearch");
    for (url, secret) in [
        (place.url.clone(), Some("hunter2-wrong")),
        (place.url.clone(), None),
        (format!("{}?auth=apikey", place.url), Some("hunter2:wrong")),
    ] {
        let store = guarded(&url, secret, Access::ReadOnly).expect("a store");
        let error = store.ping(&call()).await.expect_err("refused");
        assert_eq!(error.kind, ErrorKind::PermissionDenied, "{error}");
        let told = format!("{error:?} {error} {store:?}");
        assert!(!told.contains("hunter2"), "{told}");
        assert!(error.hint.is_some());
    }
}

#[tokio::test]
async fn a_thousand_calls_at_a_time_are_all_answered() {
    for server in Server::all("parallax_thousand").await {
        server
            .index("parallax_thousand", "{}", &[("1", r#"{"n":1}"#)])
            .await;
        let calls = (0..1_000).map(|_| async {
            let got = server
                .store
                .get(
                    &call(),
                    &dataset("parallax_thousand"),
                    &keys(&["1"]),
                    &by("@id", &["*"]),
                )
                .await;
            got.expect("an answer").found[0]
                .clone()
                .expect("read")
                .expect("there")
                .body
        });
        let answers = timeout(Duration::from_secs(30), join_all(calls))
            .await
            .expect("in time");
        assert!(
            answers
                .iter()
                .all(|it| *it == Value::from_json(r#"{"n":1}"#).expect("JSON"))
        );
    }
}

#[tokio::test]
async fn a_dataset_that_is_gone_says_so() {
    for server in Server::all("parallax_gone").await {
        let got = server
            .store
            .get(
                &call(),
                &dataset("parallax_gone"),
                &[key("1")],
                &by("@id", &["*"]),
            )
            .await;
        let error = got.expect_err("gone");
        assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
        assert!(error.to_string().contains("in search"), "{error}");
    }
}
