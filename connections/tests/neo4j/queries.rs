//! Statements that people type.

use std::time::Duration;

use futures::StreamExt as _;
use parallax_core::error::ErrorKind;
use parallax_core::store::Chunk;
use parallax_core::value::Value;

use crate::server::{Server, ask, call, statement, with, writing};

#[tokio::test]
async fn columns_come_in_the_order_in_which_they_are_typed() {
    let server = Server::new(&["CREATE (:User# {id: 1, name: 'anna'})"]).await;
    let answer = server
        .ask("MATCH (n:User#) RETURN n.name, n.id AS `the id`, count( * ), 1 + 1 ORDER BY n.id")
        .await;
    assert_eq!(
        answer.columns(0),
        ["n.name", "the id", "count( * )", "1 + 1"]
    );
    let expected = [
        Value::from("anna"),
        Value::I64(1),
        Value::I64(1),
        Value::I64(2),
    ];
    assert_eq!(answer.rows(0), [expected]);
    let answer = server.ask("WITH 1 AS c, 2 AS a, 3 AS b RETURN *").await;
    assert_eq!(answer.columns(0), ["a", "b", "c"]);
    let answer = server.ask("CALL dbms.components()").await;
    assert_eq!(answer.columns(0), ["name", "versions", "edition"]);
    let answer = server.ask("SHOW DATABASES").await;
    assert_eq!(answer.columns(0)[..2], ["name", "type"]);
}

#[tokio::test]
async fn a_result_without_rows_has_its_columns() {
    let server = Server::new(&[]).await;
    let answer = server
        .ask("MATCH (n:Nobody#) RETURN n.id, n.name AS name")
        .await;
    assert_eq!(answer.columns(0), ["n.id", "name"]);
    assert!(answer.rows(0).is_empty());
}

#[tokio::test]
async fn several_statements_give_several_results() {
    let server = Server::new(&[]).await;
    let answer = server
        .ask("RETURN 1; // one;\nRETURN ';' AS x; MATCH (n:Nobody#) RETURN n")
        .await;
    assert_eq!(answer.results.len(), 3);
    assert_eq!(answer.rows(0), [[Value::I64(1)]]);
    assert_eq!(answer.rows(1), [[Value::from(";")]]);
    assert!(answer.rows(2).is_empty());
    let empty = server.ask(" ; // nothing\n").await;
    assert_eq!(
        empty.error.expect("no statement").kind,
        ErrorKind::InvalidInput
    );
}

#[tokio::test]
async fn parameters_are_bound_in_every_type_that_the_store_has() {
    let server = Server::new(&[]).await;
    let given = [
        ("a", Value::from("it's }} `x`")),
        ("b", Value::I64(i64::MIN)),
        ("c", Value::F64(0.1)),
        ("d", Value::Bytes(vec![0, 255])),
        (
            "e",
            Value::Timestamp("2024-02-29T12:00:00.000000001Z".parse().expect("a time")),
        ),
        ("f", Value::Date("1900-03-01".parse().expect("a date"))),
        (
            "g",
            Value::Time("23:59:59.999999999".parse().expect("a time")),
        ),
        (
            "h",
            Value::DateTime("1969-12-31T23:59:59.5".parse().expect("a time")),
        ),
        (
            "i",
            Value::Duration(jiff::SignedDuration::from_millis(-1_500)),
        ),
        (
            "j",
            Value::List(vec![Value::Null, Value::Bool(true), Value::I64(1)]),
        ),
        (
            "k",
            Value::Map(vec![("x".to_owned(), Value::List(Vec::new()))]),
        ),
        ("l", Value::Null),
    ];
    let text = "RETURN {{a}}, $b, {{ c }}, $d, $e, $f, $g, $h, $i, $j, $k, $l, $`a`";
    let answer = ask(&*server.store, &call(), &with(text, &given)).await;
    let mut expected: Vec<Value> = given.iter().map(|(_, it)| it.clone()).collect();
    expected.push(given[0].1.clone());
    assert_eq!(answer.rows(0), [expected]);
    let text = "RETURN $n";
    let decimal = Value::Decimal("12.50".parse().expect("a number"));
    let answer = ask(&*server.store, &call(), &with(text, &[("n", decimal)])).await;
    assert_eq!(answer.cell(), Value::F64(12.5));
    for odd in [
        Value::Decimal("0.1000000000000000000001".parse().expect("a number")),
        Value::U64(u64::MAX),
    ] {
        let answer = ask(&*server.store, &call(), &with(text, &[("n", odd)])).await;
        assert_eq!(
            answer.error.expect("no such type").kind,
            ErrorKind::InvalidInput
        );
    }
    let answer = ask(&*server.store, &call(), &statement(text)).await;
    let error = answer.error.expect("no value");
    assert_eq!(error.kind, ErrorKind::InvalidInput);
    assert!(error.to_string().contains("\"n\""), "{error}");
}

#[tokio::test]
async fn what_a_statement_changes_is_counted() {
    let server = Server::new(&[]).await;
    let store = server.writing();
    let run = async |text: &str| ask(&*store, &writing(), &statement(&server.named(text))).await;
    let answer = run("CREATE (a:User# {id: 1, name: 'anna'})-[:KNOWS#]->(b:User# {id: 2})").await;
    assert!(answer.error.is_none(), "{:?}", answer.error);
    assert_eq!(answer.results[0].1, Some(3));
    assert!(
        answer
            .notices
            .iter()
            .any(|it| it.contains("nodes created: 2")),
        "{:?}",
        answer.notices
    );
    let answer = run("MATCH (n:User#) SET n.seen = true; MATCH (n:User#) RETURN count(n)").await;
    assert_eq!(answer.results[0].1, Some(2));
    assert_eq!(answer.results[1].1, None);
    assert_eq!(answer.rows(1), [[Value::I64(2)]]);
    let answer = run("MATCH (n:User#) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 1 ROW").await;
    assert!(answer.error.is_none(), "{:?}", answer.error);
    assert_eq!(server.number("MATCH (n:User#) RETURN count(n)").await, 0);
}

#[tokio::test]
async fn a_mistake_is_placed_in_what_was_typed() {
    let server = Server::new(&[]).await;
    let text = "RETURN 1;\n  MATCH (n) WHERE n.a = {{x}}\n  RETUR n";
    let answer = ask(
        &*server.store,
        &call(),
        &with(text, &[("x", Value::I64(1))]),
    )
    .await;
    let error = answer.error.expect("a mistake");
    assert_eq!(error.kind, ErrorKind::InvalidInput);
    assert_eq!(
        error.causes.last().map(String::as_str),
        Some("line 3, column 3"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_plan_is_refused_with_a_reason() {
    let server = Server::new(&[]).await;
    for text in ["EXPLAIN RETURN 1", "CYPHER 5 profile RETURN 1"] {
        let error = server.ask(text).await.error.expect("no plan");
        assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
        assert!(error.hint.is_some());
    }
}

#[tokio::test]
async fn what_the_server_has_to_say_is_told() {
    let server = Server::new(&[]).await;
    let answer = server.ask("MATCH (n:Nobody#) RETURN n").await;
    assert!(
        answer.notices.iter().any(|it| it.contains("Nobody")),
        "{:?}",
        answer.notices
    );
}

#[tokio::test]
async fn rows_wait_until_somebody_takes_them() {
    let server = Server::new(&[]).await;
    let text = "UNWIND range(1, 60000) AS i RETURN i, 'a text that takes some room ' + i AS t";
    let mut rows = server
        .store
        .query(&call(), &statement(text))
        .await
        .expect("begun");
    let mut seen = 0_i64;
    while let Some(chunk) = rows.next().await {
        let Chunk::Rows(batch) = chunk.expect("a chunk") else {
            continue;
        };
        assert!(batch.rows <= 1_024);
        for cells in batch.cells.chunks(2) {
            seen += 1;
            assert_eq!(cells[0], Value::I64(seen));
        }
        if seen < 3_000 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert_eq!(seen, 60_000);
}

#[tokio::test]
async fn rows_that_came_are_given_before_a_failure() {
    let server = Server::new(&[]).await;
    let answer = server.ask("UNWIND [1, 2, 0] AS i RETURN 1 / i").await;
    let error = answer.error.clone().expect("division by zero");
    assert_eq!(error.kind, ErrorKind::InvalidInput, "{error}");
    let again = server.ask("RETURN 1").await;
    assert_eq!(again.cell(), Value::I64(1));
}
