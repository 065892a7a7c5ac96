//! A statement that is cancelled, dropped or late stops, and its thread ends.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use parallax_core::error::ErrorKind;
use parallax_core::name::FieldPath;
use parallax_core::store::{Chunk, Fields, KeyPart, Projection, Store};
use parallax_core::value::{Key, Value};

mod common;

use common::{File, ask, call, call_within, statement};

/// Runs for ever, and gives no row.
const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

/// CPU time of this process, in clock ticks of 10 ms.
fn ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("linux");
    let fields: Vec<&str> = stat
        .rsplit(") ")
        .next()
        .expect("fields")
        .split(' ')
        .collect();
    let number = |at: usize| fields[at].parse::<u64>().expect("a number");
    number(11) + number(12)
}

/// The threads of SQLite connections that are alive.
fn threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("linux");
    let names = tasks.filter_map(|it| std::fs::read_to_string(it.ok()?.path().join("comm")).ok());
    names.filter(|it| it.starts_with("sqlite-")).count()
}

/// Asserts that no connection is left and the process is idle; gives how long that took.
async fn idle(since: Instant) -> Duration {
    while threads() > 0 {
        assert!(
            since.elapsed() < Duration::from_secs(1),
            "a connection is still open"
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let took = since.elapsed();
    let before = ticks();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let burnt = ticks() - before;
    assert!(burnt <= 3, "{burnt} ticks of 10 ms in 300 ms");
    took
}

/// One test, for they look at the threads of the whole process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stopped_stops_within_a_second() {
    let file = File::new("CREATE TABLE t (a)").await;
    let store = file.store();
    dropped(&*store).await;
    cancelled(&*store).await;
    late(&*store).await;
    dropped_between_rows(&*store).await;
    dropped_get(&file).await;
}

async fn dropped(store: &dyn Store) {
    let mut rows = store
        .query(&call(), &statement(ENDLESS))
        .await
        .expect("rows");
    let started = tokio::time::timeout(Duration::from_millis(300), rows.next()).await;
    assert!(started.is_err(), "it gives no row");
    assert_eq!(threads(), 1);
    let since = Instant::now();
    drop(rows);
    assert!(idle(since).await < Duration::from_secs(1));
}

async fn cancelled(store: &dyn Store) {
    let call = call();
    let statement = statement(ENDLESS);
    let running = ask(store, &call, &statement);
    let cancelling = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let since = Instant::now();
        store.cancel(call.id).await.expect("cancelled");
        since
    };
    let (answer, since) = tokio::join!(running, cancelling);
    let error = answer.error.expect("an error");
    assert_eq!(error.kind, ErrorKind::Cancelled, "{error}");
    assert!(answer.results.iter().all(|(batches, _)| batches.is_empty()));
    assert!(idle(since).await < Duration::from_secs(1));
}

async fn late(store: &dyn Store) {
    let since = Instant::now();
    let answer = ask(
        store,
        &call_within(Duration::from_millis(300)),
        &statement(ENDLESS),
    )
    .await;
    let error = answer.error.expect("an error");
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    assert!(
        since.elapsed() < Duration::from_millis(500),
        "{:?}",
        since.elapsed()
    );
    assert!(idle(since).await < Duration::from_secs(1));
}

async fn dropped_between_rows(store: &dyn Store) {
    let text = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 3 OR i > 1000000000000";
    let mut rows = store.query(&call(), &statement(text)).await.expect("rows");
    let first = rows.next().await.expect("a chunk").expect("rows");
    assert!(matches!(first, Chunk::Rows(_)));
    let since = Instant::now();
    drop(rows);
    assert!(idle(since).await < Duration::from_secs(1));
}

/// The key column is a view's endless expression, so that the lookup itself runs for ever.
async fn dropped_get(file: &File) {
    file.run(&format!(
        "CREATE VIEW endless AS SELECT 1 AS id, ({ENDLESS}) AS n"
    ))
    .await;
    let store = file.store();
    let keys = [Key::new(vec![Value::I64(1)])];
    let fields = Projection {
        key: vec![KeyPart {
            name: "id".to_owned(),
            path: FieldPath::name("id"),
        }],
        fields: Fields::All,
        filter: None,
    };
    let (call, dataset) = (call(), "files.endless".parse().expect("a dataset"));
    let get = store.get(&call, &dataset, &keys, &fields);
    assert!(
        tokio::time::timeout(Duration::from_millis(300), get)
            .await
            .is_err()
    );
    assert!(idle(Instant::now()).await < Duration::from_secs(1));
}
