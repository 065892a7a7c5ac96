//! Statements that people type: several at once, their parameters, notices, mistakes and limits.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use parallax_core::error::ErrorKind;
use parallax_core::store::{Access, Call, Chunk, Statement};
use parallax_core::value::Value;

use crate::server::{Server, ask, call, call_within, statement};

#[tokio::test]
async fn several_statements_give_several_results() {
    let server = Server::new("parallax_several", "CREATE TABLE t (a int)").await;
    let writing = Call {
        access: Access::ReadWrite,
        ..call()
    };
    let text = "INSERT INTO t SELECT generate_series(1, 5); UPDATE t SET a = a WHERE a > 3;
        SELECT a FROM t WHERE false; DO $$ BEGIN RAISE NOTICE 'hello; %', 1; END $$; SELECT 'a;b'";
    let answer = ask(&*server.owner, &writing, &statement(text)).await;
    assert_eq!(answer.error, None);
    let affected: Vec<Option<u64>> = answer.results.iter().map(|it| it.1).collect();
    assert_eq!(affected, [Some(5), Some(2), None, None, None]);
    let empty = &answer.results[2].0[0];
    assert_eq!((empty.rows, empty.columns[0].name.as_str()), (0, "a"));
    assert!(
        answer.notices.is_empty(),
        "the driver keeps notices to itself"
    );
    assert_eq!(answer.rows(), [[Value::from("a;b")]]);
}

#[tokio::test]
async fn parameters_are_bound_and_take_the_type_of_their_place() {
    let server = Server::new(
        "parallax_bound",
        "CREATE TABLE t (id bigint, n numeric, d date, tags text[], doc jsonb); INSERT INTO t VALUES (42, 1.50, '2024-02-29', '{a,b}', '{\"a\":1}')",
    )
    .await;
    let text = |it: &str| Value::from(it);
    for (condition, value) in [
        ("id = {{it}}", text("42")),
        ("id = :it", Value::I64(42)),
        ("id::text = :it", text("42")),
        ("n = :it", text("1.5")),
        ("d = :it", text("2024-02-29")),
        (
            "d = :it",
            Value::Date("2024-02-29".parse().expect("a date")),
        ),
        ("tags = :it", Value::List(vec![text("a"), text("b")])),
        (
            "doc = :it",
            Value::Map(vec![("a".to_owned(), Value::I64(1))]),
        ),
        ("doc ? 'a' AND :it::text IS NULL", Value::Null),
        ("id = any(array[:it]::bigint[])", text("42")),
    ] {
        let statement = Statement {
            text: format!("SELECT id FROM t WHERE {condition}"),
            parameters: vec![("it".to_owned(), value)],
        };
        let answer = ask(&*server.store, &call(), &statement).await;
        assert_eq!(answer.error, None, "{condition}");
        assert_eq!(answer.rows(), [[Value::I64(42)]], "{condition}");
    }
    let injected = Statement {
        text: "SELECT :it::text".to_owned(),
        parameters: vec![("it".to_owned(), text("'; DROP TABLE t; --"))],
    };
    let answer = ask(&*server.store, &call(), &injected).await;
    assert_eq!(answer.rows(), [[text("'; DROP TABLE t; --")]]);
}

#[tokio::test]
async fn a_mistake_is_placed_and_the_rest_is_not_run() {
    let server = Server::new("parallax_mistakes", "").await;
    let answer = ask(
        &*server.store,
        &call(),
        &statement("SELECT 1;\nSELECT 2,\n  nowhere"),
    )
    .await;
    assert_eq!(answer.rows(), [[Value::I64(1)]]);
    let error = answer.error.expect("an error");
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(error.to_string().contains("line 2, column 3"), "{error}");
    for (text, kind) in [
        ("SELEC 1", ErrorKind::PermissionDenied),
        ("SELECT (1", ErrorKind::InvalidInput),
        ("SELECT 1/0", ErrorKind::InvalidInput),
        ("SELECT 'x'::int", ErrorKind::InvalidInput),
        ("SELECT * FROM nowhere", ErrorKind::NotFound),
        ("SELECT nofunction()", ErrorKind::NotFound),
        ("", ErrorKind::InvalidInput),
    ] {
        let answer = ask(&*server.store, &call(), &statement(text)).await;
        assert_eq!(answer.error.expect(text).kind, kind, "{text}");
    }
    assert_eq!(server.rows("SELECT 3").await, [[Value::I64(3)]]);
}

#[tokio::test]
async fn rows_come_as_they_are_read_and_batches_are_bounded() {
    let server = Server::new("parallax_streamed", "").await;
    let text = "SELECT i, repeat('x', 2000) FROM generate_series(1, 5000) AS i";
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
    let text = "SELECT i, pg_sleep(CASE WHEN i > 2 THEN 5 ELSE 0 END), repeat('x', 20000) FROM generate_series(1, 3) AS i";
    let mut rows = server
        .store
        .query(&call(), &statement(text))
        .await
        .expect("rows");
    assert!(matches!(rows.next().await, Some(Ok(Chunk::Rows(batch))) if batch.rows == 1));
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "the first row waits for no other"
    );
}

#[tokio::test]
async fn the_server_is_told_the_deadline() {
    let server = Server::new("parallax_deadline", "").await;
    let call = call_within(Duration::from_millis(1500));
    let answer = ask(
        &*server.store,
        &call,
        &statement(
            "SELECT current_setting('statement_timeout'), current_setting('application_name')",
        ),
    )
    .await;
    assert_eq!(
        answer.rows(),
        [[Value::from("1500ms"), Value::from("parallax query")]]
    );
    let late = ask(
        &*server.store,
        &call_within(Duration::from_millis(300)),
        &statement("SELECT pg_sleep(60)"),
    )
    .await;
    assert_eq!(late.error.expect("an error").kind, ErrorKind::Timeout);
}

#[tokio::test]
async fn a_copy_comes_as_its_lines() {
    let server = Server::new("parallax_copy", "").await;
    let rows = server
        .rows("COPY (VALUES (1, 'a'), (2, NULL)) TO STDOUT (FORMAT csv)")
        .await;
    assert_eq!(rows, [[Value::from("1,a")], [Value::from("2,")]]);
    let writing = Call {
        access: Access::ReadWrite,
        ..call()
    };
    let text = "CREATE TEMP TABLE t (a int); COPY t FROM STDIN; SELECT 1";
    let answer = ask(&*server.owner, &writing, &statement(text)).await;
    assert_eq!(answer.error.expect("an error").kind, ErrorKind::Unsupported);
}

#[tokio::test]
async fn nothing_is_left_in_a_session_for_the_next_call() {
    let server = Server::new("parallax_clean", "").await;
    server.rows("SET search_path = pg_catalog; PREPARE p AS SELECT 1; SELECT pg_advisory_lock(4711); DECLARE c CURSOR FOR SELECT 1").await;
    let rows = server
        .rows("SELECT current_setting('search_path'), (SELECT count(*) FROM pg_prepared_statements WHERE name <> ''), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711)")
        .await;
    assert_eq!(
        rows,
        [[Value::from("parallax_clean"), Value::I64(0), Value::I64(0)]]
    );
}
