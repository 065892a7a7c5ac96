//! How fast rows arrive; run alone, in release: `cargo test --release -p parallax-connections --test postgres speed -- --ignored --nocapture`.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use parallax_core::store::{Chunk, Fields, Projection, RowSink, ValueRef};

use crate::server::{Server, by, call_within, dataset, statement};

const TABLE: &str = "CREATE TABLE t AS SELECT i::bigint AS id, 'user' || i AS name, i % 2 = 0 AS active, i::int AS n, i / 100.0::numeric(12,2) AS balance,
    '2024-01-01Z'::timestamptz + i * interval '1 second' AS at, md5(i::text) AS note, i::float8 AS score, NULL::text AS gone FROM generate_series(1, 1000000) AS i; ANALYZE t";

/// CPU time of this process, in clock ticks of 10 ms.
fn ticks() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("linux");
    let fields: Vec<&str> = stat
        .rsplit(") ")
        .next()
        .expect("fields")
        .split(' ')
        .collect();
    let number = |at: usize| fields[at].parse::<f64>().expect("a number");
    (number(11) + number(12)) / 100.0
}

#[expect(clippy::print_stderr, reason = "a measurement is read by people")]
fn told(what: &str, rows: u32, began: Instant, cpu: f64) {
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), ticks() - cpu);
    let rows = f64::from(rows);
    eprintln!(
        "{what}: {:.0} rows/s, {:.0} rows per second of our CPU",
        rows / seconds,
        rows / cpu.max(0.01)
    );
}

#[derive(Default)]
struct Count(u32);

impl RowSink for Count {
    fn row(&mut self, cells: &[ValueRef<'_>]) -> ControlFlow<()> {
        self.0 += u32::from(!cells.is_empty());
        ControlFlow::Continue(())
    }
}

#[tokio::test]
#[ignore = "measures"]
async fn rows_arrive_fast() {
    let server = Server::new("parallax_speed", TABLE).await;
    let call = || call_within(Duration::from_mins(5));
    for columns in ["id, name, balance, at", "id, name, n, score"] {
        let (began, cpu, mut count) = (Instant::now(), ticks(), 0);
        let text = statement(&format!("SELECT {columns} FROM t"));
        let mut rows = server.store.query(&call(), &text).await.expect("rows");
        while let Some(chunk) = rows.next().await {
            if let Chunk::Rows(batch) = chunk.expect("a chunk") {
                count += batch.rows;
            }
        }
        assert_eq!(count, 1_000_000);
        told(&format!("query {columns}"), count, began, cpu);
    }
    for columns in [
        &[
            "name", "active", "n", "balance", "at", "note", "score", "gone",
        ][..],
        &[
            "name", "active", "n", "at", "note", "score", "gone", "nowhere",
        ][..],
    ] {
        let fields = Projection {
            fields: Fields::Listed(
                columns
                    .iter()
                    .map(|it| it.parse().expect("a path"))
                    .collect(),
            ),
            ..by(&["id"])
        };
        let parts = server
            .store
            .parts(&call(), &dataset("t"), &fields, 1)
            .await
            .expect("parts");
        let (began, cpu, mut count) = (Instant::now(), ticks(), Count::default());
        server
            .store
            .scan(&call(), &parts[0], &fields, &mut count)
            .await
            .expect("scanned");
        assert_eq!(count.0, 1_000_000);
        told(&format!("scan {columns:?}"), count.0, began, cpu);
    }
}
