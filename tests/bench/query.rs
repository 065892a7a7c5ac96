//! Statements to CSV beside the servers' own clients, and the time to the first row.

use std::process::Command;

use parallax_tests::servers;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::deployment::Written;
use crate::measured::{Measured, Output, run};
use crate::table::{Table, mib, rate, seconds};

const SELECT: &str = "select id, amount, name, changed_at from bench_rows";

/// Makes the rows once; a second run finds them.
async fn rows(url: &str, wanted: u64) {
    let mut connection = PgConnection::connect(url).await.expect("a connection");
    let have: Option<i64> = sqlx::query_scalar(
        "select case when to_regclass('bench_rows') is null then null else (select reltuples::bigint from pg_class where oid = to_regclass('bench_rows')) end",
    )
    .fetch_one(&mut connection)
    .await
    .expect("the catalogue answers");
    if have.is_some_and(|it| it.unsigned_abs().abs_diff(wanted) < wanted / 100) {
        return;
    }
    let statements = format!(
        "drop table if exists bench_rows;
         create unlogged table bench_rows as
           select i as id, (i % 100000)::numeric / 100 as amount, 'name ' || i as name,
                  timestamptz '2026-01-01 00:00:00Z' + i * interval '1 millisecond' as changed_at
           from generate_series(1::bigint, {wanted}) as i;
         vacuum analyze bench_rows"
    );
    for statement in statements.split(';') {
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
            .execute(&mut connection)
            .await
            .expect("the rows are made");
    }
}

/// The best of three by wall time.
fn best(mut once: impl FnMut() -> Measured) -> Measured {
    let mut all = [once(), once(), once()];
    all.sort_by_key(|it| it.wall);
    let [best, ..] = all;
    assert_eq!(best.code, Some(0), "the run failed");
    best
}

pub(crate) async fn bench(wanted: u64) -> Table {
    let server = servers::address("postgres");
    rows(&server.url, wanted).await;
    let deployment = Written::of_query(&server);
    let mut table = Table::new(
        &format!("{wanted} rows × 4 columns of PostgreSQL to CSV, best of 3"),
        &[
            "client",
            "first row",
            "wall",
            "rows/s",
            "CPU of the client",
            "peak memory",
        ],
    );
    let own = best(|| {
        let mut command = deployment.parallax();
        command.args(["query", "orders", SELECT, "--format", "csv"]);
        run(&mut command, Output::Dropped)
    });
    let peer = best(|| {
        let mut command = Command::new("psql");
        command
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-F",
                ",",
                "--set",
                "FETCH_COUNT=1000",
            ])
            .args(["-d", &server.url_without_password(), "-c", SELECT])
            .env("PGPASSWORD", server.password());
        run(&mut command, Output::Dropped)
    });
    for (name, it) in [
        ("`parallax query`", &own),
        ("psql, FETCH_COUNT=1000", &peer),
    ] {
        table.row(&[
            name.to_owned(),
            it.first_byte.map_or_else(|| "–".to_owned(), seconds),
            seconds(it.wall),
            rate(wanted, it.wall),
            seconds(it.cpu),
            mib(it.peak),
        ]);
    }
    let ratio = peer.wall.as_secs_f64() / own.wall.as_secs_f64();
    table.note(&format!(
        "rows/s of `parallax query` are {ratio:.2} × those of psql in the same run"
    ));
    table
}
