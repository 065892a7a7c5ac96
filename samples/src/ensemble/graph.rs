//! The copies as a graph over Bolt: users are nodes, and orders the relationships from them to products.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use neo4rs::{BoltType, ConfigBuilder, Graph, Query};

use crate::ensemble::change::{Written, reversed};
use crate::ensemble::entity::{Entity, User};
use crate::ensemble::{LoadOptions, generate};
use crate::error::Result;
use crate::lease::{SWEEP, database_name, is_gone};
use crate::model::{Key, Kind};
use crate::servers::Server;

/// How many objects are sent at a time.
const BATCH: usize = 5_000;

/// How long a busy server may take to let us in.
const PATIENCE: Duration = Duration::from_mins(1);

/// The properties of a node, made of a row; what is null is left out.
const USER: &str = "{id: row.id, public_id: row.public_id, name: row.name, email: row.email, city: row.city,
    balance: row.balance, points: row.points, plan: row.plan, tags: row.tags, settings: row.settings,
    born: date(row.born), is_active: row.is_active, created_at: datetime(row.created_at),
    updated_at: datetime(row.updated_at)}";

/// The properties of a relationship.
const ORDER: &str =
    "{region: row.region, number: row.number, quantity: row.quantity, total: row.total,
    state: row.state, placed_at: datetime(row.placed_at), updated_at: datetime(row.updated_at)}";

/// A server has one database here, so a folder has labels of its own, which end in this.
pub(crate) fn suffix(sample: &str, folder: &Path) -> String {
    let name = database_name(sample, folder);
    let hash = name.rsplit('_').next().unwrap_or_default();
    format!("_{hash}")
}

async fn connect(server: &Server) -> Result<Graph> {
    let (scheme, place) = server.url.split_once("://").unwrap_or(("bolt", ""));
    let (user, place) = place.split_once('@').unwrap_or(("", place));
    let config = ConfigBuilder::new()
        .uri(format!("{scheme}://{place}"))
        .user(user)
        .password(server.password.as_str())
        .max_connections(2)
        .connection_timeout(PATIENCE)
        .build()?;
    let graph = Graph::connect(config)?;
    graph.run(Query::new("RETURN 1".to_owned())).await?;
    Ok(graph)
}

async fn run(graph: &Graph, text: String) -> Result<()> {
    Ok(graph.run(Query::new(text)).await.map(drop)?)
}

async fn run_with(graph: &Graph, text: String, rows: Vec<BoltType>) -> Result<()> {
    let query = Query::new(text).param("rows", rows);
    Ok(graph.run(query).await.map(drop)?)
}

/// Takes labels for the folder, without what an earlier load left under them; what they end in.
pub(crate) async fn lease(server: &Server, sample: &str, folder: &Path) -> Result<String> {
    let graph = connect(server).await?;
    let own = suffix(sample, folder);
    let known = known(&graph, sample).await?;
    let forgotten = known.iter().filter(|(_, path)| is_gone(path)).take(SWEEP);
    let earlier = known.iter().filter(|(suffix, _)| *suffix == own);
    for (suffix, _) in forgotten.chain(earlier) {
        clear(&graph, suffix).await?;
    }
    let text = "CREATE (:SampleFolder {sample: $sample, suffix: $suffix, path: $path})";
    let query = Query::new(text.to_owned()).param("sample", sample);
    let query = query.param("suffix", own.as_str());
    graph
        .run(query.param("path", folder.display().to_string()))
        .await?;
    Ok(own)
}

/// Every folder that holds labels of a sample: what they end in, and its path.
async fn known(graph: &Graph, sample: &str) -> Result<Vec<(String, String)>> {
    let text =
        "MATCH (it:SampleFolder {sample: $sample}) RETURN it.suffix AS suffix, it.path AS path";
    let query = Query::new(text.to_owned()).param("sample", sample);
    let mut rows = graph.execute(query).await?;
    let mut known = Vec::new();
    while let Some(row) = rows.next().await? {
        known.push((row.get("suffix")?, row.get("path")?));
    }
    Ok(known)
}

async fn clear(graph: &Graph, suffix: &str) -> Result<()> {
    for label in ["User", "Product"] {
        let text = format!(
            "MATCH (it:{label}{suffix}) CALL {{ WITH it DETACH DELETE it }} IN TRANSACTIONS OF 5000 ROWS"
        );
        run(graph, text).await?;
        run(graph, format!("DROP CONSTRAINT {label}{suffix} IF EXISTS")).await?;
    }
    run(graph, format!("DROP INDEX Bought{suffix} IF EXISTS")).await?;
    run(
        graph,
        format!("MATCH (it:SampleFolder {{suffix: '{suffix}'}}) DELETE it"),
    )
    .await
}

/// Fills the graph, where nothing has the folder's labels.
pub(crate) async fn fill(options: LoadOptions, server: Server, suffix: String) -> Result<()> {
    let graph = connect(&server).await?;
    for statement in [
        format!("CREATE CONSTRAINT User{suffix} FOR (it:User{suffix}) REQUIRE it.id IS UNIQUE"),
        format!(
            "CREATE CONSTRAINT Product{suffix} FOR (it:Product{suffix}) REQUIRE it.sku IS UNIQUE"
        ),
        format!(
            "CREATE INDEX Bought{suffix} FOR ()-[it:BOUGHT{suffix}]-() ON (it.region, it.number)"
        ),
        "CALL db.awaitIndexes(60)".to_owned(),
    ] {
        run(&graph, statement).await?;
    }
    let places: Vec<i64> = (0..i64::from(options.scale)).collect();
    for kind in options.kinds() {
        for places in places.chunks(BATCH) {
            let at = |it: &i64| row(&generate::entity_at(&options, *kind, *it));
            let rows = places.iter().map(at).collect();
            run_with(&graph, creation(*kind, &suffix), rows).await?;
        }
    }
    Ok(())
}

fn creation(kind: Kind, suffix: &str) -> String {
    match kind {
        Kind::User | Kind::Product => format!("UNWIND $rows AS row CREATE (:User{suffix} {USER})"),
        Kind::Order => format!(
            "UNWIND $rows AS row MATCH (user:User{suffix} {{id: row.user_id}})
             MERGE (product:Product{suffix} {{sku: row.sku}}) CREATE (user)-[:BOUGHT{suffix} {ORDER}]->(product)"
        ),
    }
}

/// Makes changes, those of one kind at once: no key is changed twice.
pub(crate) async fn change(server: &Server, suffix: &str, changes: &[Written]) -> Result<()> {
    let graph = connect(server).await?;
    let (mut users, mut orders, mut removed) = (Vec::new(), Vec::new(), Vec::new());
    for it in changes {
        let (entity, row) = match it {
            Written::Put(entity) => (entity, row(entity)),
            Written::Disguised(entity) => (entity, disguised(entity)),
            Written::Removed(key) => {
                removed.push(key.clone());
                continue;
            }
        };
        match entity.kind() {
            Kind::User | Kind::Product => users.push(row),
            Kind::Order => {
                removed.push(entity.key());
                orders.push(row);
            }
        }
    }
    for key in &removed {
        remove(&graph, suffix, key).await?;
    }
    let users_statement =
        format!("UNWIND $rows AS row MERGE (it:User{suffix} {{id: row.id}}) SET it = {USER}");
    run_with(&graph, users_statement, users).await?;
    run_with(&graph, creation(Kind::Order, suffix), orders).await
}

async fn remove(graph: &Graph, suffix: &str, key: &Key) -> Result<()> {
    let query = match key {
        Key::Order(region, number) => Query::new(format!(
            "MATCH ()-[it:BOUGHT{suffix} {{region: $region, number: $number}}]->() DELETE it"
        ))
        .param("region", region.as_str())
        .param("number", *number),
        Key::User(id) => Query::new(format!(
            "MATCH (it:User{suffix} {{id: $id}}) DETACH DELETE it"
        ))
        .param("id", *id),
        Key::Product(sku) => Query::new(format!(
            "MATCH (it:Product{suffix} {{sku: $sku}}) DETACH DELETE it"
        ))
        .param("sku", sku.as_str()),
    };
    Ok(graph.run(query).await.map(drop)?)
}

type Row = HashMap<&'static str, BoltType>;

/// One object as a parameter.
fn row(entity: &Entity) -> BoltType {
    BoltType::from(members(entity))
}

/// The same in another spelling: a UUID in capitals, a zero behind the decimal, JSON in another order.
fn disguised(entity: &Entity) -> BoltType {
    let mut row = members(entity);
    match entity {
        Entity::User(it) => {
            row.insert("public_id", it.public_id.to_uppercase().into());
            row.insert("balance", format!("{}0", it.common.balance).into());
            row.insert("settings", reversed(&it.settings).to_string().into());
        }
        Entity::Order(it) => drop(row.insert("total", format!("{}0", it.total).into())),
    }
    BoltType::from(row)
}

fn members(entity: &Entity) -> Row {
    match entity {
        Entity::User(it) => user(it),
        Entity::Order(it) => Row::from([
            ("region", it.region.clone().into()),
            ("number", it.number.into()),
            ("user_id", it.user_id.into()),
            ("sku", it.sku.clone().into()),
            ("quantity", it.quantity.into()),
            ("total", it.total.clone().into()),
            ("state", it.state.clone().into()),
            ("placed_at", it.placed_at.to_string().into()),
            ("updated_at", it.updated_at.to_string().into()),
        ]),
    }
}

fn user(user: &User) -> Row {
    let it = &user.common;
    Row::from([
        ("id", it.id.into()),
        ("public_id", user.public_id.clone().into()),
        ("name", it.name.clone().into()),
        ("email", it.email.clone().into()),
        ("city", it.city.clone().into()),
        ("balance", it.balance.clone().into()),
        ("points", it.points.into()),
        ("plan", user.plan.clone().into()),
        ("tags", it.tags.clone().into()),
        ("settings", user.settings.to_string().into()),
        ("born", it.born.to_string().into()),
        ("is_active", it.is_active.into()),
        ("created_at", it.created_at.to_string().into()),
        ("updated_at", it.updated_at.to_string().into()),
    ])
}
