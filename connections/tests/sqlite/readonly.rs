//! A read-only store changes nothing, and says why.

use std::collections::BTreeMap;
use std::path::Path;

use parallax_core::error::ErrorKind;
use parallax_core::store::Access;
use parallax_core::value::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

use crate::common::{File, ask, call, statement};
use crate::short::{cell, writing};

const SETUP: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);
    INSERT INTO t VALUES (1, 'one'), (2, 'two');
    CREATE INDEX t_name ON t (name);
    CREATE VIEW v AS SELECT * FROM t;
    CREATE TRIGGER v_insert INSTEAD OF INSERT ON v BEGIN INSERT INTO t VALUES (new.id, new.name); END;
    CREATE VIRTUAL TABLE f USING fts5(body);
    INSERT INTO f VALUES ('some words');";

/// Statements that would write, open, or take the guard off. `DIR` is the file's folder.
const WRITES: &[&str] = &[
    "INSERT INTO t VALUES (3, 'three')",
    "insert into v values (3, 'three')",
    "INSERT OR REPLACE INTO t VALUES (1, 'uno')",
    "REPLACE INTO t VALUES (1, 'uno')",
    "UPDATE t SET name = 'x'",
    "DELETE FROM t",
    "INSERT INTO t SELECT id + 10, name FROM t",
    "INSERT INTO t VALUES (4, 'x') ON CONFLICT DO UPDATE SET name = 'y'",
    "INSERT INTO t VALUES (5, 'x') RETURNING id",
    "WITH a AS (SELECT 9 AS id) INSERT INTO t SELECT id, 'x' FROM a",
    "WITH a AS (SELECT 1 AS id) DELETE FROM t WHERE id IN (SELECT id FROM a)",
    "WITH a AS (SELECT 1 AS id) UPDATE t SET name = 'x' WHERE id IN (SELECT id FROM a)",
    "SELECT 1; DELETE FROM t",
    "/* only reading */ DELETE FROM t",
    "-- select\nDELETE FROM t",
    "CREATE TABLE u (a)",
    "CREATE TABLE u AS SELECT * FROM t",
    "CREATE TEMP TABLE u (a)",
    "CREATE TEMP VIEW u AS SELECT 1",
    "CREATE INDEX i ON t (id, name)",
    "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; END",
    "CREATE VIRTUAL TABLE g USING fts5(a)",
    "ALTER TABLE t ADD COLUMN x",
    "DROP TABLE t",
    "DROP INDEX t_name",
    "VACUUM",
    "VACUUM INTO 'DIR/copy.db'",
    "EXPLAIN VACUUM INTO 'DIR/copy2.db'",
    "ATTACH 'DIR/new.db' AS n",
    "ATTACH 'file:DIR/new2.db?mode=rwc' AS n",
    "ATTACH ':memory:' AS n",
    "DETACH main",
    "ANALYZE",
    "REINDEX",
    "PRAGMA query_only = OFF",
    "PRAGMA query_only(0)",
    "PRAGMA main.user_version = 7",
    "EXPLAIN PRAGMA user_version = 7",
    "PRAGMA application_id = 7",
    "PRAGMA writable_schema = ON",
    "PRAGMA journal_mode = WAL",
    "PRAGMA journal_mode(DELETE)",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "PRAGMA incremental_vacuum",
    "PRAGMA optimize",
    "PRAGMA schema_version = 99",
    "PRAGMA encoding = 'UTF-16'",
    "PRAGMA temp_store_directory = 'DIR'",
    "INSERT INTO f(f) VALUES ('rebuild')",
    "INSERT INTO f(f) VALUES ('optimize')",
    "INSERT INTO f(f, rank) VALUES ('merge', 500)",
    "SELECT load_extension('DIR/evil.so')",
    "SELECT * FROM pragma_optimize",
];

fn folder(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(path).expect("a folder");
    entries
        .map(|it| {
            let path = it.expect("an entry").path();
            (
                path.display().to_string(),
                std::fs::read(&path).expect("a file"),
            )
        })
        .collect()
}

#[tokio::test]
async fn no_statement_changes_a_read_only_store_and_each_is_refused_with_a_reason() {
    let file = File::new(SETUP).await;
    let before = folder(file.folder.path());
    let store = file.store();
    for text in WRITES {
        let text = text.replace("DIR", &file.folder.path().display().to_string());
        let answer = ask(&*store, &call(), &statement(&text)).await;
        assert_eq!(folder(file.folder.path()), before, "{text}");
        if text.contains("pragma_optimize") {
            continue;
        }
        let error = answer
            .error
            .unwrap_or_else(|| panic!("{text} was not refused"));
        assert_eq!(error.kind, ErrorKind::PermissionDenied, "{text}: {error}");
        assert!(!error.causes.is_empty(), "{text}");
    }
    assert!(WRITES.len() >= 30);
    assert_eq!(cell(&*store, "SELECT count(*) FROM t").await, Value::I64(2));
}

#[tokio::test]
async fn what_reads_may_pass() {
    let store = File::new(SETUP).await;
    let file = &store;
    let store = file.store();
    for text in [
        "SELECT 'DELETE FROM t; DROP TABLE t'",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "VALUES (1), (2)",
        "EXPLAIN QUERY PLAN SELECT * FROM t",
        "EXPLAIN DELETE FROM t",
        "PRAGMA table_info(t)",
        "PRAGMA main.user_version",
        "PRAGMA integrity_check",
        "SELECT * FROM pragma_table_info('t')",
        "BEGIN; SELECT * FROM t; SELECT * FROM v; COMMIT",
        "SELECT * FROM f WHERE f MATCH 'words'",
    ] {
        let answer = ask(&*store, &call(), &statement(text)).await;
        assert!(answer.error.is_none(), "{text}: {:?}", answer.error);
    }
}

#[tokio::test]
async fn a_transaction_left_open_keeps_no_writer_out() {
    let file = File::new(SETUP).await;
    let store = file.store();
    let answer = ask(&*store, &call(), &statement("BEGIN; SELECT * FROM t")).await;
    assert!(answer.error.is_none());
    file.run("INSERT INTO t VALUES (3, 'three'); DROP TABLE f")
        .await;
    assert_eq!(cell(&*store, "SELECT count(*) FROM t").await, Value::I64(3));
}

#[tokio::test]
async fn a_profile_that_may_write_still_asks_for_each_write() {
    let file = File::new(SETUP).await;
    let store = file.store_with(Access::ReadWrite);
    let insert = statement("INSERT INTO t VALUES (:id, {{name}})");
    let insert = parallax_core::store::Statement {
        parameters: vec![
            ("id".into(), Value::I64(3)),
            ("name".into(), Value::from("it's; --")),
        ],
        ..insert
    };
    let refused = ask(&*store, &call(), &insert).await.error.expect("refused");
    assert_eq!(refused.kind, ErrorKind::PermissionDenied);

    let answer = ask(&*store, &writing(), &insert).await;
    assert!(answer.error.is_none(), "{:?}", answer.error);
    assert_eq!(answer.results.first().map(|it| it.1), Some(Some(1)));
    assert_eq!(
        cell(&*store, "SELECT name FROM t WHERE id = 3").await,
        Value::from("it's; --")
    );

    let read_only = file.store();
    let refused = ask(&*read_only, &writing(), &insert)
        .await
        .error
        .expect("refused");
    assert_eq!(refused.kind, ErrorKind::PermissionDenied);
}

#[tokio::test]
async fn a_file_is_never_created() {
    let folder = tempfile::tempdir().expect("a folder");
    for access in [Access::ReadOnly, Access::ReadWrite] {
        let store =
            crate::common::store("sqlite:missing.db", folder.path(), access).expect("a store");
        let error = store.ping(&call()).await.expect_err("no file");
        assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
        assert!(error.hint.is_some());
        let answer = ask(&*store, &writing(), &statement("CREATE TABLE t (a)")).await;
        assert!(answer.error.is_some());
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("a folder").count(),
        0
    );
}

/// What SQLite alone accepts of [`WRITES`] on a handle that is read-only, and what appears beside the file.
async fn left_open(query_only: &'static str) -> (Vec<&'static str>, Vec<&'static str>) {
    let file = File::new(SETUP).await;
    let before = folder(file.folder.path());
    let (mut accepted, mut changed) = (Vec::new(), Vec::new());
    for text in WRITES {
        let options = SqliteConnectOptions::new()
            .filename(file.path())
            .read_only(true)
            .pragma("query_only", query_only);
        let mut connection = options.connect().await.expect("a connection");
        let sql = text.replace("DIR", &file.folder.path().display().to_string());
        if connection.execute(AssertSqlSafe(sql)).await.is_ok() {
            accepted.push(*text);
        }
        connection.close().await.expect("closed");
        let after = folder(file.folder.path());
        if after != before {
            changed.push(*text);
        }
        for path in after.into_keys().filter(|it| !before.contains_key(it)) {
            std::fs::remove_file(path).expect("removed");
        }
    }
    (accepted, changed)
}

/// Why a list of ours stands in front of SQLite's own read-only session: `VACUUM INTO` makes a file even where it fails,
/// the guard can be taken off, and `locking_mode` keeps writers out.
#[tokio::test]
async fn sqlite_alone_leaves_some_of_them_open() {
    const OPEN: [&str; 11] = [
        "EXPLAIN VACUUM INTO 'DIR/copy2.db'",
        "ATTACH ':memory:' AS n",
        "PRAGMA query_only = OFF",
        "PRAGMA query_only(0)",
        "EXPLAIN PRAGMA user_version = 7",
        "PRAGMA writable_schema = ON",
        "PRAGMA journal_mode(DELETE)",
        "PRAGMA locking_mode = EXCLUSIVE",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "PRAGMA encoding = 'UTF-16'",
        "PRAGMA temp_store_directory = 'DIR'",
    ];
    const WITHOUT_QUERY_ONLY: [&str; 3] = [
        "CREATE TEMP TABLE u (a)",
        "CREATE TEMP VIEW u AS SELECT 1",
        "VACUUM INTO 'DIR/copy.db'",
    ];
    let (accepted, changed) = left_open("ON").await;
    assert_eq!(accepted, OPEN);
    assert_eq!(changed, ["VACUUM INTO 'DIR/copy.db'"]);
    let (accepted, changed) = left_open("OFF").await;
    assert_eq!(accepted, [&WITHOUT_QUERY_ONLY[..], &OPEN[..]].concat());
    assert_eq!(changed, ["VACUUM INTO 'DIR/copy.db'"]);
}
