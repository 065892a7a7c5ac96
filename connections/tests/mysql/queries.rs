//! Statements that people type: several at once, their parameters, notices, mistakes and limits.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use parallax_core::error::ErrorKind;
use parallax_core::store::{Chunk, Statement};
use parallax_core::value::Value;

use crate::ask::{ask, call, call_within, statement, writing};
use crate::server::Server;

#[tokio::test]
async fn several_statements_give_several_results() {
    let server = Server::new("parallax_several", "CREATE TABLE t (a int)").await;
    let text = "INSERT INTO t SELECT seq FROM seq_1_to_5; UPDATE t SET a = a + 1 WHERE a > 3;
        SELECT a FROM t WHERE false; # ; a comment
        SELECT 'a;b', \"c\"";
    let answer = ask(&*server.owner, &writing(), &statement(text)).await;
    assert_eq!(answer.error, None);
    let affected: Vec<Option<u64>> = answer.results.iter().map(|it| it.1).collect();
    assert_eq!(affected, [Some(5), Some(2), None, None]);
    let empty = &answer.results[2].0[0];
    assert_eq!((empty.rows, empty.columns[0].name.as_str()), (0, "a"));
    assert_eq!(answer.rows(), [[Value::from("a;b"), Value::from("c")]]);
}

#[tokio::test]
async fn a_procedure_gives_each_of_its_results() {
    let server = Server::new(
        "parallax_procedure",
        "CREATE PROCEDURE p() BEGIN SELECT 1 AS a; SELECT 'x' AS b, 2 AS c; END; CREATE TABLE t (a int)",
    )
    .await;
    let answer = ask(&*server.owner, &writing(), &statement("CALL p(); SELECT 3")).await;
    assert_eq!(answer.error, None);
    let columns: Vec<usize> = answer
        .results
        .iter()
        .map(|it| it.0[0].columns.len())
        .collect();
    assert_eq!(columns, [1, 2, 1]);
}

#[tokio::test]
async fn parameters_are_bound_and_never_part_of_the_text() {
    let server = Server::new(
        "parallax_bound",
        "CREATE TABLE t (id bigint unsigned, n decimal(40,10), d date, dt datetime(6), b varbinary(4), s varchar(20));
        INSERT INTO t VALUES (18446744073709551615, 123456789012345678901234567890.0123456789, '2024-02-29', '2024-02-29 01:02:03.000004', x'00ff', 'a')",
    )
    .await;
    let text = |it: &str| Value::from(it);
    for (condition, value) in [
        ("id = {{it}}", Value::U64(u64::MAX)),
        ("id = :it", text("18446744073709551615")),
        (
            "n = :it",
            Value::Decimal(
                "123456789012345678901234567890.0123456789"
                    .parse()
                    .expect("a number"),
            ),
        ),
        (
            "d = :it",
            Value::Date("2024-02-29".parse().expect("a date")),
        ),
        (
            "dt = :it",
            Value::DateTime("2024-02-29T01:02:03.000004".parse().expect("a time")),
        ),
        ("b = :it", Value::Bytes(vec![0, 255])),
        ("s = :it AND :it <> 'b'", text("a")),
        (":it IS NULL", Value::Null),
    ] {
        let statement = Statement {
            text: format!("SELECT id FROM t WHERE {condition}"),
            parameters: vec![("it".to_owned(), value)],
        };
        let answer = ask(&*server.store, &call(), &statement).await;
        assert_eq!(answer.error, None, "{condition}");
        assert_eq!(answer.rows(), [[Value::U64(u64::MAX)]], "{condition}");
    }
    // One digit off is another number, though the two are the same as floats.
    let near = Statement {
        text: "SELECT id FROM t WHERE n = :it".to_owned(),
        parameters: vec![(
            "it".to_owned(),
            Value::Decimal(
                "123456789012345678901234567890.0123456788"
                    .parse()
                    .expect("a number"),
            ),
        )],
    };
    assert!(ask(&*server.store, &call(), &near).await.rows().is_empty());
    let injected = Statement {
        text: "SELECT :it LIMIT :n".to_owned(),
        parameters: vec![
            ("it".to_owned(), text("'; DROP TABLE t; -- \\")),
            ("n".to_owned(), text("1")),
        ],
    };
    let answer = ask(&*server.store, &call(), &injected).await;
    assert_eq!(answer.error, None);
    assert_eq!(answer.rows(), [[text("'; DROP TABLE t; -- \\")]]);
}

#[tokio::test]
async fn a_mistake_is_told_apart_and_the_rest_is_not_run() {
    let server = Server::new("parallax_mistakes", "").await;
    let text = "SELECT 1;\nSELECT 2,\n  nowhere FRO x";
    let answer = ask(&*server.store, &call(), &statement(text)).await;
    assert_eq!(answer.rows(), [[Value::I64(1)]]);
    let error = answer.error.expect("an error");
    assert_eq!(error.kind, ErrorKind::InvalidInput);
    let told = error.to_string();
    assert!(
        told.contains("line 2") && told.contains("1064") && told.contains("42000"),
        "{told}"
    );
    for (text, kind) in [
        ("SELEC 1", ErrorKind::PermissionDenied),
        ("SELECT (1", ErrorKind::InvalidInput),
        ("SELECT * FROM nowhere", ErrorKind::NotFound),
        ("SELECT nofunction()", ErrorKind::NotFound),
        ("SELECT a FROM (SELECT 1 AS b) AS t", ErrorKind::NotFound),
        ("", ErrorKind::InvalidInput),
        ("SELECT :a", ErrorKind::InvalidInput),
        ("SELECT ?", ErrorKind::InvalidInput),
    ] {
        let answer = ask(&*server.store, &call(), &statement(text)).await;
        assert_eq!(answer.error.expect(text).kind, kind, "{text}");
    }
    assert_eq!(server.rows("SELECT 3").await, [[Value::I64(3)]]);
}

#[tokio::test]
async fn the_server_takes_one_statement_whatever_we_see() {
    let server = Server::new("parallax_single", "CREATE TABLE t (a int)").await;
    // A statement that our scanner would take for one, and the server for two, is refused by the server.
    let text = "SELECT 1 /* x */ ; SELECT 2";
    let answer = ask(&*server.store, &call(), &statement(text)).await;
    assert_eq!(answer.results.len(), 2, "ours splits first");
    let text = "CREATE PROCEDURE q() SELECT 1; INSERT INTO t VALUES (1)";
    let answer = ask(&*server.owner, &writing(), &statement(text)).await;
    assert_eq!(answer.error, None);
    assert_eq!(
        server.rows("SELECT count(*) FROM t").await,
        [[Value::I64(1)]]
    );
}

#[tokio::test]
async fn warnings_are_told() {
    let server = Server::new("parallax_warnings", "").await;
    let text = "SELECT CAST('12x' AS SIGNED); SELECT 1";
    let answer = ask(&*server.store, &call(), &statement(text)).await;
    assert_eq!(answer.error, None);
    assert_eq!(answer.notices.len(), 1, "{:?}", answer.notices);
    assert!(
        answer.notices[0].starts_with("Warning 1292"),
        "{:?}",
        answer.notices
    );
}

#[tokio::test]
async fn what_explains_and_shows_has_columns() {
    let server = Server::new("parallax_shows", "CREATE TABLE t (a int)").await;
    for text in [
        "EXPLAIN SELECT * FROM t",
        "ANALYZE FORMAT=JSON SELECT * FROM t",
        "SHOW CREATE TABLE t",
        "SHOW TABLES",
        "DESCRIBE t",
        "SHOW VARIABLES LIKE 'version%'",
        "SHOW ENGINE INNODB STATUS",
        "CHECKSUM TABLE t",
        "HELP 'select'",
    ] {
        let answer = ask(&*server.store, &call(), &statement(text)).await;
        assert_eq!(answer.error, None, "{text}");
        assert!(!answer.results[0].0[0].columns.is_empty(), "{text}");
    }
    let used = ask(
        &*server.store,
        &call(),
        &statement("USE mysql; SELECT database()"),
    )
    .await;
    assert_eq!(used.rows(), [[Value::from("mysql")]]);
    assert_eq!(
        server.rows("SELECT database()").await,
        [[Value::from("parallax_shows")]],
        "nobody gets a connection that was changed"
    );
}

#[tokio::test]
async fn rows_come_as_they_are_read_and_batches_are_bounded() {
    let server = Server::new("parallax_streamed", "").await;
    let text = "SELECT seq, repeat('x', 2000) FROM seq_1_to_5000";
    let mut rows = server
        .store
        .query(&call(), &statement(text))
        .await
        .expect("rows");
    let mut count = 0;
    while let Some(chunk) = rows.next().await {
        if let Chunk::Rows(batch) = chunk.expect("a chunk") {
            assert!(batch.rows <= 1024);
            assert!(batch.cells.len() * 1000 < 2 << 20);
            count += batch.rows;
        }
    }
    assert_eq!(count, 5000);
    let began = Instant::now();
    let text = "SELECT seq, sleep(if(seq > 200, 2, 0)), repeat('x', 20000) FROM seq_1_to_202";
    let mut rows = server
        .store
        .query(&call(), &statement(text))
        .await
        .expect("rows");
    assert!(matches!(rows.next().await, Some(Ok(Chunk::Rows(batch))) if batch.rows > 0));
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "the first rows wait for no other"
    );
}

#[tokio::test]
async fn the_server_is_told_the_deadline() {
    let server = Server::new("parallax_deadline", "").await;
    let call = call_within(Duration::from_millis(1500));
    let answer = ask(
        &*server.store,
        &call,
        &statement("SELECT @@max_statement_time * 10"),
    )
    .await;
    assert_eq!(answer.rows()[0][0].to_string().parse::<f64>(), Ok(15.0));
    let late = ask(
        &*server.store,
        &call_within(Duration::from_millis(300)),
        &statement("SELECT sleep(60)"),
    )
    .await;
    assert_eq!(late.error.expect("an error").kind, ErrorKind::Timeout);
}
