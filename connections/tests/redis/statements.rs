//! Commands as people type them.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use parallax_core::error::ErrorKind;
use parallax_core::store::{Chunk, Statement};
use parallax_core::value::Value;

use crate::server::{Server, ask, ask_as, call, call_within, type_in, writing};

#[tokio::test]
async fn replies_are_laid_out_as_tables() {
    let server = Server::start();
    let mut client = server.client();
    for line in [
        "HSET h a 1 b 2",
        "ZADD z 1.5 x 2 y",
        "RPUSH l 1 2",
        "XADD s 7-1 user 42 op put",
        "XGROUP CREATE s g 0",
        "SET n 9223372036854775807",
    ] {
        type_in(&mut client, line);
    }
    let store = server.store();
    let text = "HGETALL h\nzrange z 0 -1 withscores\nLRANGE l 0 -1\nXRANGE s - +\nXINFO GROUPS s\nGET none\nINFO server\nXREAD STREAMS s 0\nSTRLEN n\nOBJECT ENCODING h";
    let answer = ask(&*store, text).await;
    assert_eq!(answer.error, None);
    assert_eq!((answer.results.len(), answer.done), (10, 10));
    assert_eq!(answer.columns(0), ["field", "value"]);
    assert_eq!(
        answer.rows(0),
        [["a", "1"], ["b", "2"]].map(|it| it.map(Value::from).to_vec())
    );
    assert_eq!(answer.columns(1), ["member", "score"]);
    assert_eq!(answer.rows(1)[0], [Value::from("x"), Value::F64(1.5)]);
    assert_eq!(answer.rows(2), [[Value::from("1")], [Value::from("2")]]);
    assert_eq!(answer.columns(3), ["id", "fields"]);
    let fields =
        [("user", "42"), ("op", "put")].map(|(name, it)| (name.to_owned(), Value::from(it)));
    assert_eq!(
        answer.rows(3),
        [[Value::from("7-1"), Value::Map(fields.into())]]
    );
    assert!(answer.columns(4).contains(&"last-delivered-id"));
    assert_eq!(answer.rows(5), [[Value::Null]]);
    assert_eq!(answer.columns(6), ["section", "key", "value"]);
    assert_eq!(answer.columns(7), ["stream", "id", "fields"]);
    assert_eq!(answer.rows(8), [[Value::I64(19)]]);
}

#[tokio::test]
async fn a_step_of_a_scan_says_where_it_goes_on() {
    let server = Server::start();
    let mut client = server.client();
    for at in 0..100 {
        type_in(&mut client, &format!("SET k{at} v"));
    }
    let store = server.store();
    let answer = ask(&*store, "SCAN 0 COUNT 10").await;
    assert_eq!(answer.columns(0), ["key"]);
    assert!(!answer.rows(0).is_empty());
    assert!(
        answer.notices[0].contains("the next step begins"),
        "{:?}",
        answer.notices
    );
    let answer = ask(&*store, "CONFIG GET requirepass").await;
    assert_eq!(answer.rows(0)[0][1], Value::from("(hidden)"));
}

#[tokio::test]
async fn parameters_are_arguments_and_never_commands() {
    let server = Server::start();
    let store = server.store_with(parallax_core::store::Access::ReadWrite);
    let hostile = Value::from("a b\r\nFLUSHALL\r\n\"{{x}}\"");
    let bytes = Value::Bytes(vec![0, 255, 13, 10]);
    let parameters = [
        ("k", hostile.clone()),
        ("v", bytes.clone()),
        ("n", Value::U64(u64::MAX)),
    ];
    let text = "SET \"p:{{k}}\" {{v}}\nGET \"p:{{k}}\"\nSET n {{n}}\nGET n\nECHO {{k}}";
    let answer = ask_as(&*store, &writing(), text, &parameters).await;
    assert_eq!(answer.error, None);
    assert_eq!(answer.rows(1), [[bytes]]);
    assert_eq!(answer.rows(3), [[Value::from("18446744073709551615")]]);
    assert_eq!(answer.rows(4), [[hostile]]);
}

#[tokio::test]
async fn errors_say_the_line_and_what_may_have_been_meant() {
    let server = Server::start();
    type_in(&mut server.client(), "SET s 1");
    let store = server.store();
    let answer = ask(&*store, "PING\n\nHGETALL s\nPING").await;
    let error = answer.error.expect("the wrong type");
    assert!(error.to_string().contains("line 3"), "{error}");
    assert!(error.to_string().contains("WRONGTYPE"), "{error}");
    assert_eq!(answer.done, 1);
    let error = ask(&*store, "HGTALL s").await.error.expect("unknown");
    assert_eq!(error.kind, ErrorKind::InvalidInput);
    assert!(error.hint.expect("a hint").contains("HGETALL"));
    let error = ask(&*store, "CONFIG GTE x").await.error.expect("unknown");
    assert!(error.hint.expect("a hint").contains("GET"));
    let error = ask(&*store, "GET").await.error.expect("no key");
    assert!(error.hint.expect("a hint").contains("COMMAND DOCS GET"));
}

#[tokio::test]
async fn long_results_come_in_batches() {
    let server = Server::start();
    let mut client = server.client();
    for at in 0..50 {
        let items: Vec<String> = (0..100).map(|it| format!("{}", at * 100 + it)).collect();
        type_in(&mut client, &format!("RPUSH l {}", items.join(" ")));
    }
    let answer = ask(&*server.store(), "LRANGE l 0 -1").await;
    assert_eq!(answer.rows(0).len(), 5_000);
    assert_eq!(answer.results[0].len(), 5);
    assert_eq!(answer.rows(0)[4_999], [Value::from("4999")]);
}

#[tokio::test]
async fn a_command_that_waits_is_answered_when_its_time_comes() {
    let server = Server::start();
    let store = server.store();
    let began = Instant::now();
    let answer = ask(&*store, "XREAD BLOCK 700 STREAMS none $\nPING").await;
    assert_eq!(answer.error, None);
    assert!(began.elapsed() >= Duration::from_millis(650));
    assert_eq!(answer.rows(0).len(), 0);
    assert_eq!(answer.rows(1), [[Value::from("PONG")]]);
}

#[tokio::test]
async fn a_dropped_or_cancelled_command_ends_on_the_server() {
    let server = Server::start();
    let store = server.store();
    let clients = || {
        let redis::Value::BulkString(text) = type_in(&mut server.client(), "CLIENT LIST") else {
            panic!("a list");
        };
        let text = String::from_utf8(text).expect("text");
        text.lines().filter(|it| it.contains("cmd=xread")).count()
    };
    let waiting = async || {
        while clients() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let gone = async || {
        let until = Instant::now() + Duration::from_secs(3);
        while clients() > 0 {
            assert!(Instant::now() < until, "it is still there");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let statement = Statement {
        text: "XREAD BLOCK 0 STREAMS none $".to_owned(),
        parameters: Vec::new(),
    };
    let call = call();
    let mut rows = store.query(&call, &statement).await.expect("it runs");
    tokio::select! {
        _ = rows.next() => panic!("nothing is written"),
        () = waiting() => {}
    }
    store.cancel(call.id).await.expect("cancelled");
    gone().await;
    let error = rows.next().await.expect("an end").expect_err("cancelled");
    assert_eq!(error.kind, ErrorKind::Cancelled);

    let late = call_within(Duration::from_millis(300));
    let mut rows = store.query(&late, &statement).await.expect("it runs");
    let error = rows.next().await.expect("an end").expect_err("late");
    assert_eq!(error.kind, ErrorKind::Timeout);
    drop(rows);
    gone().await;
}

#[tokio::test]
async fn messages_are_rows_until_they_are_stopped() {
    let server = Server::start();
    let store = server.store();
    for (text, cells) in [
        ("SUBSCRIBE news", vec!["news", "hello"]),
        ("PSUBSCRIBE n*", vec!["n*", "news", "hello"]),
    ] {
        let statement = Statement {
            text: text.to_owned(),
            parameters: Vec::new(),
        };
        let mut rows = store.query(&call(), &statement).await.expect("it runs");
        let head = rows.next().await.expect("columns").expect("columns");
        assert!(matches!(head, Chunk::Rows(batch) if batch.rows == 0));
        let notice = rows.next().await.expect("a word").expect("a word");
        assert!(matches!(notice, Chunk::Notice(_)), "{notice:?}");
        type_in(&mut server.client(), "PUBLISH news hello");
        let Chunk::Rows(batch) = rows.next().await.expect("a row").expect("a row") else {
            panic!("no row");
        };
        assert_eq!(
            batch.cells,
            cells.into_iter().map(Value::from).collect::<Vec<_>>()
        );
    }
    let statement = Statement {
        text: "MONITOR".to_owned(),
        parameters: Vec::new(),
    };
    let mut rows = store.query(&call(), &statement).await.expect("it runs");
    for _ in 0..2 {
        rows.next().await.expect("a head").expect("a head");
    }
    type_in(&mut server.client(), "GET watched");
    let mut seen = String::new();
    while !seen.contains("watched") {
        if let Chunk::Rows(batch) = rows.next().await.expect("a row").expect("a row") {
            seen = batch.cells[0].to_string();
        }
    }
    let error = ask(&*store, "SUBSCRIBE a\nPING").await.error;
    assert_eq!(error.expect("refused").kind, ErrorKind::InvalidInput);
}
