//! Checks of the sample `ensemble`, beside raw scans of both sides: rows against rows of other types, documents, nodes and
//! relationships, and documents of search indexes.

use std::time::Duration;

use parallax_samples::ensemble::{SECRET, Target};
use parallax_tests::servers::{self, Server};
use sqlx::Connection as _;
use sqlx::mysql::MySqlConnection;

use crate::deployment::Written;
use crate::pair::{Pair, RUNS, best, note_ratio};
use crate::raw::graph::returned;
use crate::raw::{Raw, both, copy, documents, rows, search};
use crate::table::Table;

mod planted;
mod reladiff;

use planted::{Look, exact};

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
    reladiff::make_view(&mut connection).await;
    let peer = reladiff::compare(&sample.deployment);
    pair.row(
        &mut table,
        "reladiff of 8 of the columns, equal",
        scale * 2,
        peer.wall,
        Some(&peer),
    );
    assert_eq!(reladiff::told(&peer), 0, "nothing differs");

    let n_spread = reladiff::spread(&mut connection, scale, '+').await;
    let run = best((0..RUNS).map(|_| pair.check()).collect());
    assert_eq!(run.drifted(), n_spread, "{}", run.report["counts"]);
    let name = format!("`parallax check`, {n_spread} differ");
    pair.run_row(&mut table, &name, scale * 2, &run);
    let peer = reladiff::compare(&sample.deployment);
    let name = format!("reladiff of 8 of the columns, {n_spread} differ");
    pair.row(&mut table, &name, scale * 2, peer.wall, Some(&peer));
    assert_eq!(reladiff::told(&peer), n_spread * 2, "each is told twice");
    assert_eq!(
        reladiff::spread(&mut connection, scale, '-').await,
        n_spread
    );
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
