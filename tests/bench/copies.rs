//! Checks of the sample `ensemble`, beside raw scans of both sides: rows against rows of other types, and against documents.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use parallax_tests::servers::{self, Server};
use serde_json::Value;
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection as _};

use crate::deployment::Written;
use crate::measured::{Measured, Output, run};
use crate::pair::{Pair, RUNS, best, note_ratio};
use crate::raw::{Raw, both, copy, documents, rows};
use crate::table::Table;

/// What a check compares of the system of record: the key, the fields and the version.
const SELECT: &str = "select id, public_id, name, email, city, balance, points, plan, tags, settings, born, is_active, created_at, updated_at from users";

/// The same of the copy in rows.
const SELECT_CRM: &str = "select id, public_id, full_name, mail, city, balance, points, plan, tags, settings, born, active, created_at, updated_at from users";

/// The same of the copy in documents.
const PATHS: [&str; 14] = [
    "_id",
    "public_id",
    "profile.name",
    "mail",
    "profile.address.city",
    "balance",
    "points",
    "plan",
    "tags",
    "settings",
    "profile.born",
    "active",
    "created_at",
    "updated_at",
];

/// Those of the columns that the peer can compare, as a view under the names of the system of record.
const VIEW: &str = "create or replace view peer as select id, full_name as name, mail as email, city, balance, points, born, created_at, updated_at from users";
const PEER_COLUMNS: [&str; 8] = [
    "name",
    "email",
    "city",
    "balance",
    "points",
    "born",
    "created_at",
    "updated_at",
];

/// Keys that stand so far apart that the peer, which halves ranges of keys, would never end.
const PEER_WHERE: &str = "id < 9007199254740992";

/// How many rows are made to differ, evenly spread.
const SPREAD: u64 = 1_000;

/// How many faults of everything that can go wrong are planted for the last check.
const PER_VERDICT: u32 = 5;

/// PostgreSQL against rows over the MySQL wire.
pub(crate) async fn bench_sql(scale: u64) -> Table {
    let servers = [("PostgreSQL", "postgres"), ("MariaDB", "mariadb")]
        .map(|(product, name)| (product, servers::address(name)));
    let deployment = load(scale, "crm", "ENSEMBLE_MARIADB_PASSWORD", &servers);
    let pair = Pair {
        deployment: &deployment,
        from: "shop.public.users",
        to: "crm.users",
        servers: &servers,
        options: &[],
    };
    let (shop, crm) = (deployment.url("shop"), deployment.url("crm"));
    let title = format!("{scale} users × 14 columns, PostgreSQL against MariaDB, best of {RUNS}");
    let mut table = pair.table(&title);
    let (mut raws, mut runs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (shop, crm) = (shop.clone(), crm.clone());
        let copied = async move { copy(&shop, SELECT).await };
        let read = async move { rows(&crm, SELECT_CRM).await };
        raws.push(both(copied, read).await);
        runs.push(pair.check_equal());
    }
    let floor = raws.into_iter().min_by_key(|it| it.0);
    let (floor, from, to) = floor.expect("there are runs");
    pair.raw_row(&mut table, "COPY BINARY", &from);
    pair.raw_row(&mut table, "binary protocol", &to);
    pair.row(&mut table, "both raw scans at once", scale * 2, floor, None);
    let run = best(runs);
    pair.run_row(&mut table, "`parallax check`, equal", scale * 2, &run);
    note_ratio(&mut table, &run, floor);

    let mut connection = MySqlConnection::connect(&crm).await.expect("a connection");
    let peer = reladiff(&deployment, &[("crm", VIEW)], &mut connection).await;
    pair.row(
        &mut table,
        "reladiff of 8 of the columns, equal",
        scale * 2,
        peer.wall,
        Some(&peer),
    );
    assert_eq!(peer_rows(&peer), 0, "nothing differs");

    let n_spread = spread(&mut connection, scale, '+').await;
    let run = best((0..RUNS).map(|_| pair.check()).collect());
    assert_eq!(run.drifted(), n_spread, "{}", run.report["counts"]);
    let name = format!("`parallax check`, {n_spread} differ");
    pair.run_row(&mut table, &name, scale * 2, &run);
    let peer = reladiff(&deployment, &[], &mut connection).await;
    let name = format!("reladiff of 8 of the columns, {n_spread} differ");
    pair.row(&mut table, &name, scale * 2, peer.wall, Some(&peer));
    assert_eq!(peer_rows(&peer), n_spread * 2, "each is told twice");
    assert_eq!(spread(&mut connection, scale, '-').await, n_spread);
    connection.close().await.expect("the connection closes");
    exact(&pair, &mut table, scale);
    table
}

/// PostgreSQL against documents over the MongoDB wire.
pub(crate) async fn bench_documents(scale: u64) -> Table {
    let servers = [("PostgreSQL", "postgres"), ("FerretDB", "ferretdb")]
        .map(|(product, name)| (product, servers::address(name)));
    let deployment = load(scale, "docs", "ENSEMBLE_DOCUMENTS_PASSWORD", &servers);
    let pair = Pair {
        deployment: &deployment,
        from: "shop.public.users",
        to: "docs.users",
        servers: &servers,
        // Its server reads a whole collection for every question.
        options: &["--deadline", "10m"],
    };
    let (shop, docs) = (deployment.url("shop"), deployment.url("docs"));
    let title = format!("{scale} users × 14 fields, PostgreSQL against FerretDB, best of {RUNS}");
    let mut table = pair.table(&title);
    let (mut raws, mut runs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (shop, docs) = (shop.clone(), docs.clone());
        let copied = async move { copy(&shop, SELECT).await };
        let read = async move { documents(&docs, "users", &PATHS).await };
        raws.push(both(copied, read).await);
        runs.push(pair.check_equal());
    }
    let floor = raws.into_iter().min_by_key(|it| it.0);
    let (floor, from, to): (_, Raw, Raw) = floor.expect("there are runs");
    pair.raw_row(&mut table, "COPY BINARY", &from);
    pair.raw_row(&mut table, "raw batches of a cursor", &to);
    pair.row(&mut table, "both raw scans at once", scale * 2, floor, None);
    let run = best(runs);
    pair.run_row(&mut table, "`parallax check`, equal", scale * 2, &run);
    note_ratio(&mut table, &run, floor);
    table.note("FerretDB keeps its documents in the same PostgreSQL that is the system of record");
    exact(&pair, &mut table, scale);
    table
}

fn load(scale: u64, copy: &str, variable: &str, servers: &[(&str, Server); 2]) -> Written {
    let [(_, shop), (_, other)] = servers;
    let secrets = [("ENSEMBLE_POSTGRES_PASSWORD", shop), (variable, other)];
    let options = ["--users-only", "--copies", copy];
    Written::of_sample("ensemble", scale, &options, &secrets)
}

/// Plants faults of everything that can go wrong, and checks that just they are reported.
fn exact(pair: &Pair<'_>, table: &mut Table, scale: u64) {
    let mut inject = pair.deployment.samples("inject");
    inject.args(["--per-verdict", &PER_VERDICT.to_string()]);
    let status = inject.stdout(Stdio::null()).status();
    assert!(status.expect("it starts").success(), "faults are planted");
    let run = pair.check();
    let truth = std::fs::read(pair.deployment.folder().join("truth.json")).expect("the truth");
    let truth: Value = serde_json::from_slice(&truth).expect("JSON");
    let drift = ["stale", "conflicts", "missing", "orphan"];
    let planted = found(&truth["faults"], pair.to, &drift);
    let reported = found(&run.report["findings"], pair.to, &drift);
    let invented: Vec<_> = reported.difference(&planted).collect();
    let lost: Vec<_> = planted.difference(&reported).collect();
    assert!(
        invented.is_empty() && lost.is_empty(),
        "invented {invented:#?}, lost {lost:#?}"
    );
    let name = format!("`parallax check`, {} faults planted", planted.len());
    pair.run_row(table, &name, scale * 2, &run);
    table.note(&format!(
        "of {} planted faults of all verdicts just those were reported, each as what it is and with the fields that differ",
        planted.len()
    ));
}

/// Key, verdict and fields of each entry of one dataset that drifted.
fn found(of: &Value, dataset: &str, drift: &[&str]) -> BTreeSet<String> {
    let entries = of.as_array().expect("a list").iter();
    let entries = entries.filter(|it| it["dataset"] == dataset);
    let entries = entries.filter(|it| drift.iter().any(|name| it["verdict"] == *name));
    entries
        .map(|it| format!("{} {} {}", it["key"], it["verdict"], it["fields"]))
        .collect()
}

/// Adds one to the points of evenly spread users, or takes it away; how many.
async fn spread(connection: &mut MySqlConnection, scale: u64, sign: char) -> u64 {
    let step = (scale / SPREAD).max(1);
    let statement = format!(
        "update users set points = points {sign} 1 where id % {step} = {} and {PEER_WHERE}",
        step / 2
    );
    let done = sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(connection)
        .await;
    done.expect("the rows are changed").rows_affected()
}

/// The best open tool for the same: it compares the columns of the view, as far as it knows their types.
async fn reladiff(
    deployment: &Written,
    before: &[(&str, &'static str)],
    connection: &mut MySqlConnection,
) -> Measured {
    for (_, statement) in before {
        let made = sqlx::raw_sql(*statement).execute(&mut *connection).await;
        made.expect("the view is made");
    }
    let shop = deployment
        .url("shop")
        .replace("postgres://", "postgresql://");
    let mut command = Command::new("python3");
    command
        .args([
            "-m",
            "reladiff",
            &shop,
            "users",
            &deployment.url("crm"),
            "peer",
        ])
        .args(["-k", "id", "--json", "--where", PEER_WHERE])
        .args(PEER_COLUMNS.iter().flat_map(|it| ["-c", it]));
    let measured = run(&mut command, Output::Kept);
    assert_eq!(measured.code, Some(0), "reladiff ends well");
    measured
}

/// The lines that the peer prints, one for each side of a row that differs.
fn peer_rows(peer: &Measured) -> u64 {
    let text = String::from_utf8_lossy(&peer.stdout);
    text.lines().filter(|it| it.starts_with('[')).count() as u64
}
