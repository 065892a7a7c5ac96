//! How fast rows arrive; run alone, in release: `cargo test --release -p parallax-connections --test mysql speed -- --ignored --nocapture`.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use parallax_core::store::{Chunk, RowSink, ValueRef};
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Either, Executor as _};

use crate::ask::{call_within, fields, statement};
use crate::server::{Place, Server, dataset, place};

const ROWS: u32 = 2_000_000;

const TABLE: &str = "CREATE TABLE t (id bigint PRIMARY KEY, name varchar(40), active tinyint(1), n int, balance decimal(12,2), at timestamp(6) NULL, note char(32), score double, gone text)
    SELECT seq AS id, concat('user', seq) AS name, seq % 2 AS active, seq % 1000 AS n, seq / 100 AS balance, '2024-01-01' + INTERVAL seq SECOND AS at, md5(seq) AS note, seq * 1e0 AS score, NULL AS gone FROM seq_1_to_2000000; ANALYZE TABLE t";

/// CPU time of this process, in seconds.
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
fn told(what: &str, began: Instant, spent: f64) {
    let (seconds, spent) = (began.elapsed().as_secs_f64(), cpu() - spent);
    let rows = f64::from(ROWS);
    eprintln!(
        "{what}: {seconds:.2} s, {:.0} rows/s, {:.0} rows per second of our CPU",
        rows / seconds,
        rows / spent.max(0.01)
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

/// The driver alone, its rows dropped.
async fn raw(place: &Place, sql: &str) {
    let (user, host) = place.url.split_once('@').expect("a user");
    let (host, port) = host.split_once(':').expect("a port");
    let options = MySqlConnectOptions::new()
        .host(host)
        .port(port.parse().expect("a port"))
        .username(user.rsplit('/').next().expect("a user"))
        .password(&place.password)
        .disable_statement_logging();
    let mut connection = options.connect().await.expect("a connection");
    let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    let mut rows = (&mut connection).fetch_many(query);
    let mut count = 0;
    while let Some(step) = rows.next().await {
        count += u32::from(matches!(step, Ok(Either::Right(_))));
    }
    assert_eq!(count, ROWS);
}

#[tokio::test]
#[ignore = "measures"]
async fn rows_arrive_fast() {
    let place = place();
    let server = Server::new("parallax_speed", TABLE).await;
    let call = || call_within(Duration::from_mins(5));
    for columns in ["id, name, balance, at", "id, name, n, score"] {
        let text = format!("SELECT {columns} FROM parallax_speed.t");
        let (began, spent) = (Instant::now(), cpu());
        raw(&place, &text).await;
        told(&format!("driver alone {columns}"), began, spent);
        let (began, spent, mut count) = (Instant::now(), cpu(), 0);
        let mut first = None;
        let mut rows = server
            .store
            .query(&call(), &statement(&text))
            .await
            .expect("rows");
        while let Some(chunk) = rows.next().await {
            if let Chunk::Rows(batch) = chunk.expect("a chunk") {
                first.get_or_insert_with(|| began.elapsed());
                count += batch.rows;
            }
        }
        assert_eq!(count, ROWS);
        told(
            &format!("query {columns}, first row after {first:?}"),
            began,
            spent,
        );
    }
    let columns = [
        "name", "active", "n", "balance", "at", "note", "score", "gone",
    ];
    let text = format!("SELECT id, {} FROM parallax_speed.t", columns.join(", "));
    let (began, spent) = (Instant::now(), cpu());
    raw(&place, &text).await;
    told("driver alone, nine columns", began, spent);
    let fields = fields(&["id"], &columns);
    let parts = server
        .store
        .parts(&call(), &dataset("t"), &fields, 1)
        .await
        .expect("parts");
    let (began, spent, mut count) = (Instant::now(), cpu(), Count::default());
    server
        .store
        .scan(&call(), &parts[0], &fields, &mut count)
        .await
        .expect("scanned");
    assert_eq!(count.0, ROWS);
    told("scan, nine columns", began, spent);
}
