//! Rows are streamed: memory does not grow with them.

use futures::StreamExt as _;
use parallax_core::store::Chunk;

mod common;

use common::{File, ask, call, call_within, statement};

/// A million; with ten, 7 MiB were used from the first to the last.
const ROWS: u64 = 1_000_000;

/// Memory of this process in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("linux");
    let line = status
        .lines()
        .find(|it| it.starts_with("VmRSS:"))
        .expect("a line");
    line.split_whitespace()
        .nth(1)
        .and_then(|it| it.parse().ok())
        .expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stays_flat_while_a_million_rows_pass() {
    let file = File::new("CREATE TABLE t (a)").await;
    let store = file.store();
    let small = ask(&*store, &call(), &statement("SELECT 1")).await;
    assert!(small.error.is_none() && small.results.len() == 1);
    let text = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {ROWS}) SELECT i, 'row ' || i, i * 0.5 FROM n"
    );
    let call = call_within(std::time::Duration::from_mins(5));
    let began = std::time::Instant::now();
    let mut rows = store.query(&call, &statement(&text)).await.expect("rows");
    let (mut seen, mut settled, mut most) = (0, 0, 0);
    while let Some(chunk) = rows.next().await {
        let Chunk::Rows(batch) = chunk.expect("a chunk") else {
            continue;
        };
        seen += u64::from(batch.rows);
        if settled == 0 && seen > ROWS / 10 {
            settled = resident();
        }
        most = most.max(resident());
    }
    assert_eq!(seen, ROWS);
    println!(
        "{ROWS} rows in {:?}; {settled} KiB after a tenth, {most} KiB at most",
        began.elapsed()
    );
    assert!(
        most < settled + 16_384,
        "{settled} KiB after a tenth, {most} KiB at most"
    );
}
