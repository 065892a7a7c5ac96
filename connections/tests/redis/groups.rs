//! What a consumer group has not acknowledged yet.

use std::time::{Duration, Instant};

use parallax_core::error::{ErrorKind, Result};
use parallax_core::lag::{Backlog, GroupProbe};
use parallax_core::store::{Store, Subject};
use parallax_core::value::Timestamp;

use crate::server::{Server, call, dataset, path, type_in};

async fn pending(
    store: &dyn Store,
    fields: (Option<&str>, Option<&str>),
    names: &[&str],
    keys: &[&str],
) -> Result<Backlog> {
    let probe = GroupProbe {
        stream: dataset("bus"),
        group: "search".to_owned(),
        dataset: fields.0.map(path),
        key: fields.1.map(path),
    };
    let texts = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect();
    let subject = Subject {
        names: texts(names),
        keys: texts(keys),
    };
    store.pending(&call(), &probe, &subject).await
}

fn at(millis: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(millis).ok()
}

#[tokio::test]
async fn entries_that_are_delivered_or_not_are_told_for_each_key() {
    let server = Server::start();
    let mut client = server.client();
    for (id, of, key) in [
        (1_000, "users", 1),
        (2_000, "users", 2),
        (3_000, "orders", 1),
        (4_000, "users", 1),
        (5_000, "users", 3),
        (6_000, "users", 2),
    ] {
        type_in(&mut client, &format!("XADD bus {id}-0 of {of} id {key}"));
    }
    type_in(&mut client, "XGROUP CREATE bus search 0");
    // Four are delivered, of which two are acknowledged.
    type_in(
        &mut client,
        "XREADGROUP GROUP search c COUNT 4 STREAMS bus >",
    );
    type_in(&mut client, "XACK bus search 1000-0 3000-0");
    let store = server.store();

    let all = pending(&*store, (None, None), &[], &[])
        .await
        .expect("a backlog");
    assert_eq!((all.unsent, all.oldest), (4, at(2_000)));
    assert!(all.subjects.is_empty());

    let fields = (Some("of"), Some("id"));
    let keys = ["1", "2", "3", "9"];
    let users = pending(&*store, fields, &["users", "user"], &keys).await;
    let users = users.expect("a backlog");
    assert_eq!((users.unsent, users.oldest), (4, at(2_000)));
    assert_eq!(users.last_sent, at(1_000));
    let [one, two, three, nine] = users.subjects.as_slice() else {
        panic!("one for each key: {users:?}");
    };
    assert_eq!((one.unsent, one.oldest), (1, at(4_000)));
    assert_eq!((one.last_created, one.last_sent), (at(4_000), at(1_000)));
    assert_eq!((two.unsent, two.oldest), (2, at(2_000)));
    assert_eq!((two.last_created, two.last_sent), (at(6_000), None));
    assert_eq!((three.unsent, three.last_created), (1, at(5_000)));
    assert_eq!((nine.unsent, nine.last_created), (0, None));

    let orders = pending(&*store, fields, &["orders"], &["1"])
        .await
        .expect("a backlog");
    assert_eq!(
        (orders.unsent, orders.oldest, orders.last_sent),
        (0, None, at(3_000))
    );

    type_in(&mut client, "XREADGROUP GROUP search c STREAMS bus >");
    type_in(&mut client, "XACK bus search 2000-0 4000-0 5000-0 6000-0");
    let rest = pending(&*store, (None, None), &[], &[])
        .await
        .expect("a backlog");
    assert_eq!(
        (rest.unsent, rest.oldest, rest.last_sent),
        (0, None, at(6_000))
    );
}

#[tokio::test]
async fn a_group_whose_lag_the_server_does_not_know_is_counted() {
    let server = Server::start();
    let mut client = server.client();
    for id in 1..=2_500 {
        type_in(&mut client, &format!("XADD bus {id}-0 id {id}"));
    }
    type_in(&mut client, "XGROUP CREATE bus search 100-0");
    type_in(&mut client, "XDEL bus 200-0");
    let store = server.store();
    let all = pending(&*store, (None, None), &[], &[])
        .await
        .expect("a backlog");
    assert_eq!((all.unsent, all.oldest), (2_399, at(101)));
    // A pending entry that was deleted still waits for its acknowledgement.
    type_in(
        &mut client,
        "XREADGROUP GROUP search c COUNT 10 STREAMS bus >",
    );
    type_in(&mut client, "XDEL bus 105-0");
    let all = pending(&*store, (None, Some("id")), &[], &["104"])
        .await
        .expect("a backlog");
    assert_eq!((all.unsent, all.subjects[0].unsent), (2_399, 1));
}

#[tokio::test]
async fn many_keys_do_not_make_it_slower() {
    let server = Server::start();
    let mut client = server.client();
    for id in 1..=3_000 {
        type_in(&mut client, &format!("XADD bus {id}-0 id {}", id % 500));
    }
    type_in(&mut client, "XGROUP CREATE bus search 0");
    let store = server.store();
    let keys: Vec<String> = (0..500).map(|it| it.to_string()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let began = Instant::now();
    let found = pending(&*store, (None, Some("id")), &[], &keys)
        .await
        .expect("a backlog");
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    assert!(found.subjects.iter().all(|it| it.unsent == 6));
}

#[tokio::test]
async fn a_stream_or_group_that_is_not_there_is_an_error() {
    let server = Server::start();
    let store = server.store();
    let error = pending(&*store, (None, None), &[], &[])
        .await
        .expect_err("no stream");
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(error.hint.is_some(), "{error}");
    let mut client = server.client();
    type_in(&mut client, "XADD bus 1-1 a b");
    type_in(&mut client, "XGROUP CREATE bus serch 0");
    let error = pending(&*store, (None, None), &[], &[])
        .await
        .expect_err("no group");
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(error.hint.expect("a hint").contains("serch"));
    type_in(&mut client, "DEL bus");
    type_in(&mut client, "SET bus x");
    let error = pending(&*store, (None, None), &[], &[])
        .await
        .expect_err("no stream");
    assert_eq!(error.kind, ErrorKind::InvalidInput);
}
