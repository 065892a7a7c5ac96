//! Checks of the sample `ensemble`, beside raw scans of both sides: rows against rows of other types, documents, nodes and
//! relationships, and documents of search indexes.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::Duration;

use parallax_samples::ensemble::{SECRET, Target};
use parallax_tests::servers::{self, Server};
use serde_json::Value;
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection as _};

use crate::deployment::Written;
use crate::measured::{Measured, Output, run};
use crate::pair::{Pair, RUNS, Run, best, note_ratio};
use crate::raw::graph::returned;
use crate::raw::{Raw, both, copy, documents, rows, search};
use crate::table::Table;

/// What a check compares of the system of record: the key, the fields and the version. Nodes have them by the same names.
const COLUMNS: [&str; 14] = [
    "id",
    "public_id",
    "name",
    "email",
    "city",
    "balance",
    "points",
    "plan",
    "tags",
    "settings",
    "born",
    "is_active",
    "created_at",
    "updated_at",
];

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

/// What is read of the system of record's users.
fn select() -> String {
    format!("select {} from users", COLUMNS.join(", "))
}

/// What a check compares of orders, and the version.
const SELECT_ORDERS: &str = "select region, number, user_id, sku, quantity, total, state, placed_at, updated_at from orders";

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

/// So many seeds' faults are planted, one seed's beside those of the ones before.
const SEEDS: u64 = 20;

/// When faults are looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Look {
    /// After each seed.
    Each,
    /// When all are planted: a check takes minutes.
    Once,
}

impl Look {
    /// How many faults of everything that can go wrong are planted of each seed.
    fn per_verdict(self) -> u32 {
        match self {
            Self::Each => 5,
            // All together are read again in one go, for which the server reads everything once more.
            Self::Once => 1,
        }
    }
}

/// PostgreSQL against rows over the MySQL wire.
pub(crate) async fn bench_sql(scale: u64) -> Table {
    let sample = Sample::load(scale, "crm", "mariadb", &["--users-only"]);
    let servers = sample.servers("MariaDB");
    let pair = sample.pair("shop.public.users", "crm.users", &servers);
    let (shop, crm) = (sample.deployment.url("shop"), sample.deployment.url("crm"));
    let title = format!("{scale} users × 14 columns, PostgreSQL against MariaDB, best of {RUNS}");
    let mut table = pair.table(&title);
    let scans = async || {
        let (shop, crm) = (shop.clone(), crm.clone());
        let copied = async move { copy(&shop, &select()).await };
        let read = async move { rows(&crm, SELECT_CRM).await };
        both(copied, read).await
    };
    beside_raw(&pair, &mut table, "binary protocol", RUNS, scans).await;

    let mut connection = MySqlConnection::connect(&crm).await.expect("a connection");
    let peer = reladiff(&sample.deployment, &[("crm", VIEW)], &mut connection).await;
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
    let peer = reladiff(&sample.deployment, &[], &mut connection).await;
    let name = format!("reladiff of 8 of the columns, {n_spread} differ");
    pair.row(&mut table, &name, scale * 2, peer.wall, Some(&peer));
    assert_eq!(peer_rows(&peer), n_spread * 2, "each is told twice");
    assert_eq!(spread(&mut connection, scale, '-').await, n_spread);
    connection.close().await.expect("the connection closes");
    exact(&sample.deployment, &mut [(pair, &mut table)], Look::Each);
    table
}

/// PostgreSQL against documents over the MongoDB wire.
pub(crate) async fn bench_documents(scale: u64) -> Table {
    let mut table = against_documents(scale, ("FerretDB", "ferretdb"), Look::Once).await;
    table.note("FerretDB keeps its documents in the same PostgreSQL that is the system of record");
    table
}

/// The same with decimals as the wire's own type, of a server that has that and keeps everything in memory.
pub(crate) async fn bench_decimals(scale: u64) -> Table {
    let server = ("mongo-java-server", "mongo-java-server");
    against_documents(scale, server, Look::Each).await
}

async fn against_documents(
    scale: u64,
    (product, server): (&'static str, &str),
    look: Look,
) -> Table {
    let sample = Sample::load(scale, "docs", server, &["--users-only"]);
    let servers = sample.servers(product);
    let pair = Pair {
        // A server may read a whole collection for every question.
        options: &["--deadline", "10m"],
        ..sample.pair("shop.public.users", "docs.users", &servers)
    };
    let (shop, docs) = (sample.deployment.url("shop"), sample.deployment.url("docs"));
    let runs = if look == Look::Once { 1 } else { RUNS };
    let title = format!("{scale} users × 14 fields, PostgreSQL against {product}, best of {runs}");
    let mut table = pair.table(&title);
    let scans = async || {
        let (shop, docs) = (shop.clone(), docs.clone());
        let copied = async move { copy(&shop, &select()).await };
        let read = async move { documents(&docs, "users", &PATHS).await };
        both(copied, read).await
    };
    beside_raw(&pair, &mut table, "raw batches of a cursor", runs, scans).await;
    exact(&sample.deployment, &mut [(pair, &mut table)], look);
    table
}

/// PostgreSQL against nodes, and against relationships, with properties.
pub(crate) async fn bench_graph(scale: u64) -> Vec<Table> {
    let sample = Sample::load(scale, "graph", "neo4j", &[]);
    let servers = sample.servers("Neo4j");
    let [users, orders] = sample.datasets("graph");
    let mark = users.strip_prefix("graph.User").unwrap_or_default();
    let person = COLUMNS.map(|it| format!("n.{it}")).join(", ");
    let cases = [
        (
            "shop.public.users",
            &users,
            select(),
            format!("MATCH (n:User{mark}) RETURN [{person}]"),
            "users × 14 properties of nodes",
        ),
        (
            "shop.public.orders",
            &orders,
            SELECT_ORDERS.to_owned(),
            format!(
                "MATCH (a:User{mark})-[r:BOUGHT{mark}]->(b:Product{mark}) RETURN [r.region, r.number, a.id, b.sku, r.quantity, r.total, r.state, r.placed_at, r.updated_at]"
            ),
            "orders × 9 properties of relationships",
        ),
    ];
    let mut tables = Vec::new();
    for (from, to, columns, cypher, what) in cases {
        let pair = sample.pair(from, to, &servers);
        let title = format!("{scale} {what}, PostgreSQL against Neo4j, best of {RUNS}");
        let mut table = pair.table(&title);
        let shop = sample.deployment.url("shop");
        let scans = async || {
            let (shop, columns) = (shop.clone(), columns.clone());
            let (neo4j, cypher) = (sample.copy.clone(), cypher.clone());
            let copied = async move { copy(&shop, &columns).await };
            let read = async move { returned(&neo4j, &cypher).await };
            both(copied, read).await
        };
        beside_raw(&pair, &mut table, "rows of a statement", RUNS, scans).await;
        tables.push((pair, table));
    }
    let mut pairs: Vec<_> = tables.iter_mut().map(|(pair, it)| (*pair, it)).collect();
    exact(&sample.deployment, &mut pairs, Look::Each);
    tables.into_iter().map(|(_, table)| table).collect()
}

/// PostgreSQL against documents of search indexes.
pub(crate) async fn bench_search(scale: u64) -> Vec<Table> {
    let mut tables = Vec::new();
    for (product, server) in [
        ("Elasticsearch", "elasticsearch"),
        ("OpenSearch", "opensearch"),
    ] {
        let sample = Sample::load(scale, "search", server, &["--users-only"]);
        let servers = sample.servers(product);
        let [users, ..] = sample.datasets("search");
        let pair = sample.pair("shop.public.users", &users, &servers);
        let title =
            format!("{scale} users × 14 fields, PostgreSQL against {product}, best of {RUNS}");
        let mut table = pair.table(&title);
        let shop = sample.deployment.url("shop");
        let index = users.strip_prefix("search.").unwrap_or_default();
        let scans = async || {
            let (shop, copy_server, index) = (shop.clone(), sample.copy.clone(), index.to_owned());
            let copied = async move { copy(&shop, &select()).await };
            let read = async move { search::documents(&copy_server, &index).await };
            both(copied, read).await
        };
        beside_raw(&pair, &mut table, "slices of a point in time", RUNS, scans).await;
        exact(&sample.deployment, &mut [(pair, &mut table)], Look::Each);
        tables.push(table);
    }
    tables
}

/// A sample with one kind of copies, and the servers that it is in.
struct Sample {
    deployment: Written,
    shop: Server,
    copy: Server,
}

impl Sample {
    fn load(scale: u64, target: &str, server: &str, options: &[&str]) -> Self {
        let (shop, copy) = (servers::address("postgres"), servers::address(server));
        let target_of = Target::from_name(target).expect("a target");
        let secrets = [(SECRET, &shop), (target_of.secret(), &copy)];
        let copies = format!("{target}={server}");
        let options: Vec<&str> = options
            .iter()
            .copied()
            .chain(["--copies", &copies])
            .collect();
        let deployment = Written::of_sample("ensemble", scale, &options, &secrets);
        Self {
            deployment,
            shop,
            copy,
        }
    }

    fn servers(&self, product: &'static str) -> [(&'static str, Server); 2] {
        [
            ("PostgreSQL", self.shop.clone()),
            (product, self.copy.clone()),
        ]
    }

    fn pair<'a>(
        &'a self,
        from: &'a str,
        to: &'a str,
        servers: &'a [(&'a str, Server)],
    ) -> Pair<'a> {
        Pair {
            deployment: &self.deployment,
            from,
            to,
            servers,
            options: &[],
        }
    }

    /// The datasets of users and of orders in a store, as the deployment file names them; empty where there is none.
    fn datasets(&self, store: &str) -> [String; 2] {
        let text = std::fs::read_to_string(self.deployment.path()).expect("the deployment file");
        let file: toml::Table = text.parse().expect("TOML");
        ["user", "order"].map(|entity| {
            let places = file["entities"]
                .get(entity)
                .and_then(|it| it["in"].as_array());
            let names = places
                .into_iter()
                .flatten()
                .filter_map(|it| it["dataset"].as_str());
            let mut names = names.filter(|it| it.starts_with(&format!("{store}.")));
            names.next().unwrap_or_default().to_owned()
        })
    }
}

/// Raw scans and checks in turn; the best of each, and how they compare.
async fn beside_raw(
    pair: &Pair<'_>,
    table: &mut Table,
    what: &str,
    n_runs: usize,
    scans: impl AsyncFn() -> (Duration, Raw, Raw),
) {
    let (mut raws, mut runs) = (Vec::new(), Vec::new());
    for _ in 0..n_runs {
        raws.push(scans().await);
        runs.push(pair.check_equal());
    }
    let floor = raws.into_iter().min_by_key(|it| it.0);
    let (floor, from, to) = floor.expect("there are runs");
    let both = from.rows + to.rows;
    pair.raw_row(table, "COPY BINARY", &from);
    pair.raw_row(table, what, &to);
    pair.row(table, "both raw scans at once", both, floor, None);
    let run = best(runs);
    pair.run_row(table, "`parallax check`, equal", both, &run);
    note_ratio(table, &run, floor);
}

/// Plants the faults of one seed beside those of the seeds before it.
fn inject(deployment: &Written, seed: u64, look: Look) {
    let mut inject = deployment.samples("inject");
    inject.args(["--per-verdict", &look.per_verdict().to_string()]);
    inject.args(["--seed", &seed.to_string()]);
    if seed > 1 {
        inject.arg("--more");
    }
    let status = inject.stdout(Stdio::null()).status();
    assert!(status.expect("it starts").success(), "faults are planted");
}

/// Plants faults of everything that can go wrong, seed by seed, and checks that just those planted so far are reported.
fn exact(deployment: &Written, pairs: &mut [(Pair<'_>, &mut Table)], look: Look) {
    for seed in 1..=SEEDS {
        inject(deployment, seed, look);
        if look == Look::Once && seed < SEEDS {
            continue;
        }
        for (pair, table) in &mut *pairs {
            let (run, planted) = reported_exactly(pair);
            if seed == SEEDS {
                let compared = &run.report["compared"];
                let rows = [pair.from, pair.to].map(|it| compared[it].as_u64().expect("a count"));
                let name = format!("`parallax check`, {planted} faults planted");
                pair.run_row(table, &name, rows.iter().sum(), &run);
                table.note(&told(planted, look));
            }
        }
    }
}

fn told(planted: usize, look: Look) -> String {
    let when = match look {
        Look::Each => "and so it was after each of the seeds",
        Look::Once => "in one check behind the last seed",
    };
    format!(
        "of {planted} faults of all verdicts, planted of {SEEDS} seeds one after the other, just those were reported, each as what it is and with the fields that differ, {when}"
    )
}

/// Checks that just what was planted is reported; gives the run, and how much was planted.
fn reported_exactly(pair: &Pair<'_>) -> (Run, usize) {
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
        "seed {}: invented {invented:#?}, lost {lost:#?}",
        truth["seed"]
    );
    (run, planted.len())
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
