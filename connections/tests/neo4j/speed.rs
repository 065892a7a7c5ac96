//! How fast rows arrive; run alone, in release: `cargo test --release -p parallax-connections --test neo4j speed -- --ignored --nocapture`.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use neo4rs::{ConfigBuilder, Graph};
use parallax_core::store::{Chunk, RowSink, ValueRef};

use crate::server::{Server, by, call_within, statement};

const NODES: &str = "UNWIND range(1, 100000) AS i CALL (i) { CREATE (:Row# {id: i, name: 'user' + i, active: i % 2 = 0, score: i / 3.0,
    at: datetime({epochSeconds: 1700000000 + i}), note: 'some words that everybody writes ' + i}) } IN TRANSACTIONS OF 20000 ROWS";

#[derive(Default)]
struct Count(u64);

impl RowSink for Count {
    fn row(&mut self, cells: &[ValueRef<'_>]) -> ControlFlow<()> {
        self.0 += u64::from(!cells.is_empty());
        ControlFlow::Continue(())
    }
}

/// CPU time of this process in seconds.
fn cpu() -> f64 {
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
fn told(what: &str, rows: u64, began: Instant, before: f64) {
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), cpu() - before);
    eprintln!("{what}: {rows} rows in {seconds:.2} s, {cpu:.2} s of our CPU");
}

#[tokio::test]
#[ignore = "measures"]
async fn rows_arrive_as_fast_as_the_driver_gives_them() {
    let server = Server::new(&[NODES]).await;
    let call = || call_within(Duration::from_mins(5));
    let text = server
        .named("MATCH (n:Row#) RETURN [n.id, n.name, n.active, n.score, n.at, n.note] AS row");
    let columns =
        server.named("MATCH (n:Row#) RETURN n.id, n.name, n.active, n.score, n.at, n.note");
    let config = ConfigBuilder::default()
        .uri(format!("bolt://{}", server.place.address()))
        .user("neo4j")
        .password(server.place.password.as_str())
        .fetch_size(10_000)
        .connection_timeout(Duration::from_mins(5))
        .build();
    let raw = Graph::connect(config.expect("a configuration")).expect("a driver");
    let fields = by(&["id"], &["name", "active", "score", "at", "note"]);
    let dataset = server.dataset("Row#");
    for _ in 0..3 {
        for (what, text) in [("raw, one list", &text), ("raw, columns", &columns)] {
            let (began, before, mut count) = (Instant::now(), cpu(), 0);
            let mut rows = raw.execute_read(text.as_str()).await.expect("rows");
            while rows.next().await.expect("a row").is_some() {
                count += 1;
            }
            told(what, count, began, before);
        }
        let (began, before, mut count) = (Instant::now(), cpu(), Count::default());
        for part in server
            .store
            .parts(&call(), &dataset, &fields, 2)
            .await
            .expect("parts")
        {
            server
                .store
                .scan(&call(), &part, &fields, &mut count)
                .await
                .expect("scanned");
        }
        told("scan", count.0, began, before);
        let (began, before, mut count) = (Instant::now(), cpu(), 0);
        let mut rows = server
            .store
            .query(&call(), &statement(&columns))
            .await
            .expect("rows");
        while let Some(chunk) = rows.next().await {
            if let Chunk::Rows(batch) = chunk.expect("a chunk") {
                count += u64::from(batch.rows);
            }
        }
        told("query", count, began, before);
    }
}
