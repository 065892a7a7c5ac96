//! How fast hashes arrive beside a raw scan by the same driver; run alone, in release:
//! `cargo test --release -p parallax-connections --test redis speed -- --ignored --nocapture`.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use parallax_core::store::{Part, RowSink, ValueRef};
use redis::{Client, Value, cmd, pipe};

use crate::server::{PASSWORD, Server, call_within, dataset, projection};

const RECORDS: u64 = 1_000_000;
const FIELDS: [&str; 4] = ["name", "email", "active", "balance"];
const RUNS: usize = 3;

#[derive(Default)]
struct Count(u64);

impl RowSink for Count {
    fn row(&mut self, cells: &[ValueRef<'_>]) -> ControlFlow<()> {
        self.0 += u64::from(!cells.is_empty());
        ControlFlow::Continue(())
    }
}

fn client(server: &Server) -> Client {
    Client::open(format!("redis://:{PASSWORD}@127.0.0.1:{}", server.port)).expect("a URL")
}

async fn fill(server: &Server) {
    let mut connection = client(server)
        .get_multiplexed_async_connection()
        .await
        .expect("a connection");
    for begin in (0..RECORDS).step_by(1_000) {
        let mut pipe = pipe();
        for at in begin..begin + 1_000 {
            let fields = [
                ("name", format!("user {at}")),
                ("email", format!("user{at}@example.com")),
                ("active", (at % 2 == 0).to_string()),
                ("balance", format!("{at}.50")),
                ("note", format!("{at:032x}")),
            ];
            pipe.cmd("HSET").arg(format!("user:{at}")).arg(&fields[..]);
        }
        pipe.exec_async(&mut connection).await.expect("written");
    }
}

/// `SCAN COUNT 1000` and pipelined `HMGET`, one after the other.
async fn raw(server: &Server) -> u64 {
    let mut connection = client(server)
        .get_multiplexed_async_connection()
        .await
        .expect("a connection");
    let (mut rows, mut cursor) = (0, 0_u64);
    loop {
        let mut scan = cmd("SCAN");
        scan.arg(cursor)
            .arg(&["MATCH", "user:*", "COUNT", "1000"][..]);
        let step = scan.query_async(&mut connection).await;
        let (next, keys): (u64, Vec<Vec<u8>>) = step.expect("a step");
        let mut pipe = pipe();
        for key in &keys {
            pipe.cmd("HMGET").arg(key).arg(&FIELDS[..]);
        }
        let values: Vec<Value> = pipe.query_async(&mut connection).await.expect("values");
        rows += values.len() as u64;
        cursor = next;
        if cursor == 0 {
            return rows;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn hashes_arrive_about_as_fast_as_by_the_driver_alone() {
    let server = Server::start();
    fill(&server).await;
    let (mut best, mut best_raw) = (Duration::MAX, Duration::MAX);
    for _ in 0..RUNS {
        let began = Instant::now();
        assert_eq!(raw(&server).await, RECORDS);
        best_raw = best_raw.min(began.elapsed());
        let (began, mut count) = (Instant::now(), Count::default());
        let part = Part {
            dataset: dataset("user:{id}"),
            bounds: None,
            estimate: None,
        };
        let call = call_within(Duration::from_mins(5));
        let projection = projection(&["id"], &FIELDS);
        let scanned = server
            .store()
            .scan(&call, &part, &projection, &mut count)
            .await;
        assert_eq!(scanned.expect("scanned").rows, RECORDS);
        assert_eq!(count.0, RECORDS);
        best = best.min(began.elapsed());
    }
    told(best, best_raw);
}

#[expect(clippy::print_stderr, reason = "a measurement is read by people")]
fn told(best: Duration, raw: Duration) {
    eprintln!("{RECORDS} hashes: {best:?}; by the driver alone: {raw:?}");
}
