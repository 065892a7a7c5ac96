//! Statements beside the servers' own clients and drivers of Python: the first row, and rows a second.

mod open;

use std::process::Command;

use mongodb::bson::{DateTime, Document, doc};
use parallax_tests::servers::{self, Server};
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::deployment::Written;
use crate::measured::{Measured, Output, run};
use crate::table::{Table, mib, rate, seconds};
use open::{Asked, BEGINNING, Opened, client, own, python};

const SELECT: &str = "select id, amount, name, changed_at from bench_rows";

/// More rows show nothing more of these.
const MOST_ROWS: u64 = 2_000_000;
const MOST_DOCUMENTS: u64 = 200_000;

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

/// The same rows over the MySQL wire.
async fn rows_of_mysql(url: &str, wanted: u64) {
    let mut connection = MySqlConnection::connect(url).await.expect("a connection");
    let statements = format!(
        "drop table if exists bench_rows;
         create table bench_rows (id bigint not null, amount decimal(12,2) not null, name varchar(40) not null, changed_at datetime(6) not null) engine=InnoDB
           as select seq as id, (seq % 100000) / 100 as amount, concat('name ', seq) as name,
                     timestamp'2026-01-01 00:00:00' + interval seq * 1000 microsecond as changed_at
              from seq_1_to_{wanted}"
    );
    for statement in statements.split(';') {
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
            .execute(&mut connection)
            .await
            .expect("the rows are made");
    }
}

/// The same rows as documents.
async fn documents(url: &str, wanted: u64) {
    let client = mongodb::Client::with_uri_str(url).await.expect("a client");
    let database = client.default_database().expect("the URL names a database");
    let collection = database.collection::<Document>("bench_rows");
    collection.drop().await.expect("it is gone");
    let wanted = i64::try_from(wanted).expect("a count");
    for first in (1..=wanted).step_by(10_000) {
        let rows = (first..=wanted.min(first + 9_999)).map(|it| {
            let changed_at = DateTime::from_millis(1_767_225_600_000 + it);
            let amount = (it % 100_000).to_string();
            doc! { "_id": it, "amount": amount, "name": format!("name {it}"), "changed_at": changed_at }
        });
        let inserted = collection.insert_many(rows).ordered(false).await;
        inserted.expect("the documents are made");
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

pub(crate) async fn bench(wanted: u64) -> Vec<Table> {
    vec![
        bench_postgres(wanted).await,
        bench_mysql(wanted.min(MOST_ROWS)).await,
        bench_documents(wanted.min(MOST_DOCUMENTS)).await,
    ]
}

async fn bench_postgres(wanted: u64) -> Table {
    let server = servers::address("postgres");
    rows(&server.url, wanted).await;
    let mut table = table(&format!(
        "{wanted} rows × 4 columns of PostgreSQL, best of 3"
    ));
    let from_start = run_own(&server);
    let peer = best(|| run(psql(&server).args(["-c", SELECT]), Output::Dropped));
    process_row(
        &mut table,
        "`parallax query` to CSV, from its start",
        wanted,
        &from_start,
    );
    process_row(
        &mut table,
        "psql, FETCH_COUNT=1000, from its start",
        wanted,
        &peer,
    );
    note_walls(&mut table, "psql", &from_start, &peer);
    let beginning = format!("{SELECT} limit {BEGINNING}");
    let asked = Asked {
        whole: SELECT,
        beginning: &beginning,
    };
    let own = own(&server, asked).await;
    let peer = client(&mut psql(&server), asked, wanted).await;
    open_rows(&mut table, own, ("psql, FETCH_COUNT=1000", Some(peer)));
    let peer = python("psycopg", &server.url, SELECT);
    open_rows(&mut table, own, ("psycopg, a cursor on the server", peer));
    table
}

fn psql(server: &Server) -> Command {
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
        .args(["-d", &server.url_without_password()])
        .env("PGPASSWORD", server.password());
    command
}

async fn bench_mysql(wanted: u64) -> Table {
    let server = servers::address("mariadb");
    rows_of_mysql(&server.url, wanted).await;
    let mut table = table(&format!("{wanted} rows × 4 columns of MariaDB, best of 3"));
    let from_start = run_own(&server);
    let peer = best(|| run(mariadb(&server).args(["-e", SELECT]), Output::Dropped));
    process_row(
        &mut table,
        "`parallax query` to CSV, from its start",
        wanted,
        &from_start,
    );
    process_row(
        &mut table,
        "mariadb --quick -B, from its start",
        wanted,
        &peer,
    );
    note_walls(&mut table, "mariadb", &from_start, &peer);
    let beginning = format!("{SELECT} limit {BEGINNING}");
    let asked = Asked {
        whole: SELECT,
        beginning: &beginning,
    };
    let own = own(&server, asked).await;
    let peer = client(mariadb(&server).arg("--unbuffered"), asked, wanted).await;
    open_rows(&mut table, own, ("mariadb --quick -B", Some(peer)));
    let peer = python("pymysql", &server.url, SELECT);
    open_rows(&mut table, own, ("PyMySQL, SSCursor", peer));
    table
}

fn mariadb(server: &Server) -> Command {
    let login = server.url_without_password();
    let (user, rest) = login
        .split_once("://")
        .and_then(|(_, it)| it.split_once('@'))
        .expect("a URL with a user");
    let (place, database) = rest.split_once('/').expect("a database");
    let host = place.split(':').next().expect("a host");
    let mut command = Command::new("mariadb");
    command
        .args(["--no-defaults", "--quick", "-B", "-N", "--protocol=tcp"])
        .args([
            "-h",
            host,
            "-P",
            &server.port().to_string(),
            "-u",
            user,
            "-D",
            database,
        ])
        .env("MYSQL_PWD", server.password());
    command
}

async fn bench_documents(wanted: u64) -> Table {
    let server = servers::address("ferretdb");
    documents(&server.url, wanted).await;
    let mut table = table(&format!(
        "{wanted} documents × 4 fields of FerretDB, best of 3"
    ));
    let whole = "db.bench_rows.find({})";
    let beginning = format!("{whole}.limit({BEGINNING})");
    let asked = Asked {
        whole,
        beginning: &beginning,
    };
    let own = own(&server, asked).await;
    let peer = python("pymongo", &server.url, "bench_rows");
    open_rows(&mut table, own, ("pymongo, batches of 10,000", peer));
    table
}

fn run_own(server: &Server) -> Measured {
    let deployment = Written::of_query(server);
    best(|| {
        let mut command = deployment.parallax();
        command.args(["query", "orders", SELECT, "--format", "csv"]);
        run(&mut command, Output::Dropped)
    })
}

fn table(title: &str) -> Table {
    let head = [
        "client",
        "first row",
        "wall",
        "rows/s",
        "CPU of the client",
        "peak memory",
    ];
    Table::new(title, &head)
}

fn process_row(table: &mut Table, name: &str, rows: u64, it: &Measured) {
    table.row(&[
        name.to_owned(),
        it.first_byte.map_or_else(|| "–".to_owned(), seconds),
        seconds(it.wall),
        rate(rows, it.wall),
        seconds(it.cpu),
        mib(it.peak),
    ]);
}

fn note_walls(table: &mut Table, name: &str, own: &Measured, peer: &Measured) {
    let ratio = peer.wall.as_secs_f64() / own.wall.as_secs_f64();
    table.note(&format!(
        "from start to exit, rows/s of `parallax query` are {ratio:.2} × those of {name} in the same run"
    ));
}

/// A peer's row, after our own where that is not there yet, and how the two stand.
fn open_rows(table: &mut Table, own: Opened, (name, peer): (&str, Option<Opened>)) {
    let ours = "our store, on an open connection";
    if !table.has_row(ours) {
        open_row(table, ours, own);
    }
    let Some(peer) = peer else {
        table.note(&format!("{name} did not run: its driver is not installed"));
        return;
    };
    open_row(table, &format!("{name}, on an open connection"), peer);
    assert_eq!(own.rows, peer.rows, "both read the same rows");
    let first = own.first.as_secs_f64() / peer.first.as_secs_f64();
    let rate = peer.wall.as_secs_f64() / own.wall.as_secs_f64();
    table.note(&format!(
        "on an open connection, our first row comes after {first:.2} × the time of {name}, and rows/s are {rate:.2} × its"
    ));
}

fn open_row(table: &mut Table, name: &str, it: Opened) {
    let dash = "–".to_owned();
    table.row(&[
        name.to_owned(),
        seconds(it.first),
        seconds(it.wall),
        rate(it.rows, it.wall),
        dash.clone(),
        dash,
    ]);
}
