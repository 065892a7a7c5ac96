//! Statements that people type.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use parallax_core::error::ErrorKind;
use parallax_core::store::{Chunk, Statement};
use parallax_core::value::Value;

use crate::common::{File, ask, call, call_within, statement};
use crate::models::ROWS;
use crate::short::cell;

#[tokio::test]
async fn a_text_of_statements_gives_a_result_each() {
    let file = File::new(ROWS).await;
    let store = file.store();
    let text = "SELECT 1 AS a, ';' AS b; SELECT * FROM users WHERE false; SELECT {{x}}, :y, {{x}}";
    let statement = Statement {
        text: text.to_owned(),
        parameters: vec![
            ("x".into(), Value::from("1; --")),
            ("y".into(), Value::I64(i64::MAX)),
        ],
    };
    let answer = ask(&*store, &call(), &statement).await;
    assert!(answer.error.is_none(), "{:?}", answer.error);
    assert_eq!(answer.results.len(), 3);
    let empty = &answer.results[1].0[0];
    assert_eq!(
        (
            empty.rows,
            empty.columns.len(),
            empty.columns[0].type_name.as_str()
        ),
        (0, 7, "BIGINT")
    );
    assert_eq!(
        crate::short::cells(&answer)[2..],
        [
            Value::from("1; --"),
            Value::I64(i64::MAX),
            Value::from("1; --")
        ]
    );
}

#[tokio::test]
async fn the_first_rows_come_before_the_last_are_made() {
    let file = File::new("CREATE TABLE t (a)").await;
    let store = file.store();
    let slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
        SELECT i FROM n WHERE i < 10 OR i > 100000000000";
    let began = Instant::now();
    let mut rows = store.query(&call(), &statement(slow)).await.expect("rows");
    let first = rows.next().await.expect("a chunk").expect("rows");
    assert!(matches!(first, Chunk::Rows(it) if it.rows == 9));
    assert!(
        began.elapsed() < Duration::from_millis(500),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn batches_are_bounded_and_the_statement_waits_for_its_reader() {
    let file = File::new("CREATE TABLE t (a)").await;
    let store = file.store();
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000) SELECT i, hex(zeroblob(2000)) FROM n";
    let mut rows = store.query(&call(), &statement(many)).await.expect("rows");
    let mut seen = 0;
    while let Some(chunk) = rows.next().await {
        if let Chunk::Rows(batch) = chunk.expect("a chunk") {
            assert!(batch.rows <= 1_024);
            let bytes: usize = batch.cells.iter().map(|it| it.to_string().len()).sum();
            assert!(bytes <= (1 << 20) + 8_000, "{bytes}");
            seen += batch.rows;
        }
    }
    assert_eq!(seen, 20_000);
}

#[tokio::test]
async fn text_of_any_encoding_and_bytes_of_any_kind_arrive() {
    let file = File::new(
        "PRAGMA encoding = 'UTF-16'; CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('größe 🙂')",
    )
    .await;
    assert_eq!(
        cell(&*file.store(), "SELECT a FROM t").await,
        Value::from("größe 🙂")
    );
    let file =
        File::new("CREATE TABLE t (a TEXT); INSERT INTO t VALUES (CAST(x'ff41' AS TEXT))").await;
    assert_eq!(
        cell(&*file.store(), "SELECT a FROM t").await,
        Value::Bytes(vec![0xff, 0x41])
    );
    assert_eq!(
        cell(&*file.store(), "SELECT x''").await,
        Value::Bytes(vec![])
    );
    assert_eq!(
        cell(&*file.store(), "SELECT 'a' || char(0) || 'b'").await,
        Value::from("a\0b")
    );
    assert_eq!(
        cell(&*file.store(), "SELECT 1e999").await,
        Value::F64(f64::INFINITY)
    );
}

#[tokio::test]
async fn a_ping_tells_product_version_and_clock() {
    let file = File::new(ROWS).await;
    let server = file.store().ping(&call()).await.expect("a server");
    assert_eq!(server.product, "SQLite");
    assert!(server.version.starts_with("3."), "{}", server.version);
    assert!(server.clock.is_some());
}

#[tokio::test]
async fn errors_of_a_statement_name_the_store_and_leave_it_usable() {
    let file = File::new(ROWS).await;
    let store = file.store();
    for text in [
        "SELEC 1",
        "SELECT * FROM nowhere",
        "SELECT :unbound",
        "",
        "SELECT ?",
    ] {
        let error = ask(
            &*store,
            &call_within(Duration::from_secs(5)),
            &statement(text),
        )
        .await
        .error
        .expect(text);
        assert!(
            matches!(
                error.kind,
                ErrorKind::InvalidInput | ErrorKind::PermissionDenied
            ),
            "{text}: {error}"
        );
        assert_eq!(
            error.store.map(|it| it.to_string()).as_deref(),
            Some("files")
        );
    }
    assert_eq!(cell(&*store, "SELECT 1").await, Value::I64(1));
}
