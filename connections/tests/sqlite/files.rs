//! Files that are locked, in WAL mode, removed, replaced or broken.

use std::time::{Duration, Instant};

use parallax_core::error::ErrorKind;
use parallax_core::store::Access;
use parallax_core::value::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use crate::common::{File, call, call_within};
use crate::short::{all, bodies, cell};

const SETUP: &str =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'one')";

#[tokio::test]
async fn a_locked_file_is_busy_within_the_deadline() {
    let file = File::new(SETUP).await;
    let store = file.store();
    assert_eq!(cell(&*store, "SELECT v FROM t").await, Value::from("one"));
    let options = SqliteConnectOptions::new().filename(file.path());
    let mut writer = options.connect().await.expect("a connection");
    writer.execute("BEGIN EXCLUSIVE").await.expect("a lock");
    let began = Instant::now();
    let error = store
        .ping(&call_within(Duration::from_secs(1)))
        .await
        .expect_err("locked");
    assert_eq!(error.kind, ErrorKind::Busy, "{error}");
    assert!(error.hint.is_some());
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    let answer = crate::common::ask(
        &*store,
        &call_within(Duration::from_secs(1)),
        &crate::common::statement("SELECT * FROM t"),
    )
    .await;
    assert_eq!(answer.error.expect("locked").kind, ErrorKind::Busy);

    let call = call();
    let waiting = store.ping(&call);
    let ending = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        writer.execute("COMMIT").await.expect("unlocked");
    };
    let (server, ()) = tokio::join!(waiting, ending);
    assert!(server.is_ok(), "{server:?}");
    writer.close().await.expect("closed");
}

#[tokio::test]
async fn a_file_in_wal_mode_is_read_while_it_is_written() {
    let file = File::new(&format!("PRAGMA journal_mode = WAL; {SETUP}")).await;
    let store = file.store();
    assert_eq!(cell(&*store, "SELECT v FROM t").await, Value::from("one"));
    let mut writer = SqliteConnectOptions::new()
        .filename(file.path())
        .connect()
        .await
        .expect("a connection");
    writer
        .execute("BEGIN IMMEDIATE; UPDATE t SET v = 'two'")
        .await
        .expect("written");
    assert_eq!(cell(&*store, "SELECT v FROM t").await, Value::from("one"));
    writer.execute("COMMIT").await.expect("committed");
    assert_eq!(cell(&*store, "SELECT v FROM t").await, Value::from("two"));
    writer.close().await.expect("closed");
    assert_eq!(
        cell(&*store, "PRAGMA journal_mode").await,
        Value::from("wal")
    );
}

#[tokio::test]
async fn a_removed_file_is_missed_and_a_new_one_is_seen() {
    let file = File::new(SETUP).await;
    let store = file.store();
    assert_eq!(
        bodies(&*store, "t", &["1"], &all(&["id"])).await,
        [r#"{"id":1,"v":"one"}"#]
    );
    std::fs::remove_file(file.path()).expect("removed");
    let error = store.ping(&call()).await.expect_err("gone");
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    assert!(!file.path().exists());
    file.run("CREATE TABLE t (id INTEGER PRIMARY KEY, w TEXT); INSERT INTO t VALUES (1, 'new')")
        .await;
    assert_eq!(
        bodies(&*store, "t", &["1"], &all(&["id"])).await,
        [r#"{"id":1,"w":"new"}"#]
    );

    let other = file.folder.path().join("other.db");
    crate::common::run(
        &other,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, w TEXT); INSERT INTO t VALUES (1, 'other')",
    )
    .await;
    std::fs::rename(other, file.path()).expect("replaced");
    assert_eq!(
        bodies(&*store, "t", &["1"], &all(&["id"])).await,
        [r#"{"id":1,"w":"other"}"#]
    );
}

#[tokio::test]
async fn a_changed_schema_is_noticed() {
    let file = File::new(SETUP).await;
    let store = file.store();
    assert_eq!(
        bodies(&*store, "t", &["1"], &all(&["id"])).await,
        [r#"{"id":1,"v":"one"}"#]
    );
    assert_eq!(cell(&*store, "SELECT * FROM t").await, Value::I64(1));
    file.run("ALTER TABLE t ADD COLUMN w DEFAULT 5").await;
    assert_eq!(
        bodies(&*store, "t", &["1"], &all(&["id"])).await,
        [r#"{"id":1,"v":"one","w":5}"#]
    );
    assert_eq!(cell(&*store, "SELECT * FROM t").await, Value::I64(1));
}

#[tokio::test]
async fn what_is_no_sqlite_file_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("text.db"),
        "no database, but long enough to look like one".repeat(40),
    )
    .expect("written");
    std::fs::create_dir(folder.path().join("folder.db")).expect("a folder");
    let error = async |name: &str| {
        let store =
            crate::common::store(&format!("sqlite:{name}"), folder.path(), Access::ReadOnly)
                .expect("a store");
        store.ping(&call()).await.expect_err("no database").kind
    };
    assert_eq!(error("text.db").await, ErrorKind::Unreadable);
    assert_eq!(error("folder.db").await, ErrorKind::Unreachable);
    assert_eq!(error("missing.db").await, ErrorKind::NotFound);
}

#[tokio::test]
async fn parts_cover_a_dataset_and_a_scan_feeds_each_row_once() {
    use std::ops::ControlFlow;

    use parallax_core::store::{RowSink, ValueRef};

    struct Sum(i64, u64);
    impl RowSink for Sum {
        fn row(&mut self, cells: &[ValueRef<'_>]) -> ControlFlow<()> {
            assert_eq!(cells.len(), 3);
            assert_eq!(cells[2], ValueRef::Absent);
            if let ValueRef::I64(id) = cells[0] {
                self.0 += id;
            }
            self.1 += u64::from(matches!(cells[1], ValueRef::Text(_)));
            ControlFlow::Continue(())
        }
    }

    let file = File::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
        INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10000) SELECT i * 7, 'v' || i FROM n",
    )
    .await;
    let store = file.store();
    let fields = crate::short::listed(&["id"], &["v", "nothing"]);
    let parts = store
        .parts(&call(), &crate::short::dataset("t"), &fields, 4)
        .await
        .expect("parts");
    assert_eq!(parts.len(), 4);
    let mut sum = Sum(0, 0);
    for part in &parts {
        let scanned = store
            .scan(&call(), part, &fields, &mut sum)
            .await
            .expect("scanned");
        assert!((2_400..2_600).contains(&scanned.rows), "{scanned:?}");
    }
    assert_eq!((sum.0, sum.1), (7 * 50_005_000, 10_000));
}
