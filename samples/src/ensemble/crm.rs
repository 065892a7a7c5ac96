//! The copies as rows over the MySQL wire.

use std::path::Path;
use std::str::FromStr as _;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::clock::Micros;
use crate::ensemble::change::Written;
use crate::ensemble::entity::{Entity, User};
use crate::ensemble::{LoadOptions, generate};
use crate::error::Result;
use crate::lease::{SWEEP, database_name, is_gone};
use crate::model::{Key, Kind};
use crate::servers::Server;

const TABLES: &str = include_str!("../../ensemble/seed/crm.sql");

/// How many rows one statement inserts: less than a megabyte of text.
const BATCH: usize = 2_000;

/// How many statements make one transaction.
const STATEMENTS: usize = 25;

/// Connects to the database that the URL names.
pub(crate) async fn connect(server: &Server) -> Result<MySqlConnection> {
    let options = MySqlConnectOptions::from_str(&server.url)?.password(&server.password);
    // The test servers listen on this machine alone.
    let options = options.ssl_mode(MySqlSslMode::Disabled);
    Ok(options.disable_statement_logging().connect().await?)
}

/// Creates the folder's database, in place of an earlier one; the server with its URL.
pub(crate) async fn lease(server: &Server, sample: &str, folder: &Path) -> Result<Server> {
    let mut visit = connect(server).await?;
    sweep(&mut visit, sample).await?;
    let name = database_name(sample, folder);
    let folder = quoted(&folder.display().to_string());
    for statement in [
        format!("drop database if exists {name}"),
        format!("create database {name} comment {folder}"),
    ] {
        execute(&mut visit, statement).await?;
    }
    visit.close().await?;
    Ok(server.with(server.at(&name)))
}

/// Removes what folders that are gone held of a sample.
async fn sweep(visit: &mut MySqlConnection, sample: &str) -> Result<()> {
    let query = sqlx::query_as(
        r"select cast(schema_name as char), cast(schema_comment as char) from information_schema.schemata
          where schema_name like concat(?, '\_%') and schema_comment <> ''",
    );
    let known: Vec<(String, String)> = query.bind(sample).fetch_all(&mut *visit).await?;
    let forgotten = known.into_iter().filter(|(_, folder)| is_gone(folder));
    for (name, _) in forgotten.take(SWEEP) {
        execute(visit, format!("drop database if exists {name}")).await?;
    }
    Ok(())
}

/// Fills the database, which is empty.
pub(crate) async fn fill(options: LoadOptions, server: Server) -> Result<()> {
    let mut crm = connect(&server).await?;
    for statement in TABLES.split(';').filter(|it| !it.trim().is_empty()) {
        execute(&mut crm, statement.to_owned()).await?;
    }
    let places: Vec<i64> = (0..i64::from(options.scale)).collect();
    for kind in options.kinds() {
        for places in places.chunks(BATCH * STATEMENTS) {
            execute(&mut crm, "begin".to_owned()).await?;
            for places in places.chunks(BATCH) {
                let at = |it: &i64| row(&generate::entity_at(&options, *kind, *it));
                let rows: Vec<String> = places.iter().map(at).collect();
                let statement =
                    format!("insert into {} values {}", kind.aggregate(), rows.join(","));
                execute(&mut crm, statement).await?;
            }
            execute(&mut crm, "commit".to_owned()).await?;
        }
        execute(&mut crm, format!("analyze table {}", kind.aggregate())).await?;
    }
    Ok(crm.close().await?)
}

/// Makes changes, all in one transaction.
pub(crate) async fn change(server: &Server, changes: &[Written]) -> Result<()> {
    let mut crm = connect(server).await?;
    execute(&mut crm, "begin".to_owned()).await?;
    for it in changes {
        let statement = match it {
            Written::Put(entity) => {
                let table = entity.kind().aggregate();
                format!("replace into {table} values {}", row(entity))
            }
            Written::Disguised(entity) => {
                let table = entity.kind().aggregate();
                format!("replace into {table} values {}", disguised(entity))
            }
            Written::Removed(key) => {
                format!(
                    "delete from {} where {}",
                    key.kind().aggregate(),
                    the_key(key)
                )
            }
        };
        execute(&mut crm, statement).await?;
    }
    execute(&mut crm, "commit".to_owned()).await?;
    Ok(crm.close().await?)
}

/// Whether a kind can be spelled otherwise here and mean the same.
pub(crate) fn can_disguise(kind: Kind) -> bool {
    kind == Kind::User
}

fn the_key(key: &Key) -> String {
    match key {
        Key::User(id) => format!("id = {id}"),
        Key::Product(sku) => format!("sku = {}", quoted(sku)),
        Key::Order(region, number) => {
            format!("region = {} and number = {number}", quoted(region))
        }
    }
}

async fn execute(crm: &mut MySqlConnection, statement: String) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(crm).await?;
    Ok(())
}

/// One row as `insert` takes it.
fn row(entity: &Entity) -> String {
    match entity {
        Entity::User(it) => user(it, &it.public_id, &it.settings.to_string()),
        Entity::Order(it) => {
            let fields = [
                quoted(&it.region),
                it.number.to_string(),
                it.user_id.to_string(),
                quoted(&it.sku),
                it.quantity.to_string(),
                it.total.clone(),
                quoted(&it.state),
                moment(it.placed_at),
                moment(it.updated_at),
            ];
            format!("({})", fields.join(","))
        }
    }
}

fn user(user: &User, public_id: &str, settings: &str) -> String {
    let it = &user.common;
    let tags = crate::database::json(&it.tags);
    let fields = [
        it.id.to_string(),
        quoted(public_id),
        quoted(&it.name),
        quoted(&it.email),
        it.city.as_deref().map_or("null".to_owned(), quoted),
        it.balance.clone(),
        it.points.to_string(),
        quoted(&user.plan),
        quoted(&tags),
        quoted(settings),
        quoted(&it.born.to_string()),
        i64::from(it.is_active).to_string(),
        moment(it.created_at),
        moment(it.updated_at),
    ];
    format!("({})", fields.join(","))
}

/// The same in another spelling: the UUID in capitals, the JSON on many lines with its members in another order.
fn disguised(entity: &Entity) -> String {
    let Entity::User(it) = entity else {
        return row(entity);
    };
    let settings = crate::ensemble::change::reversed(&it.settings);
    user(it, &it.public_id.to_uppercase(), &format!("{settings:#}"))
}

/// A time in UTC, as the server reads it: this session's zone is UTC.
fn moment(at: Micros) -> String {
    let text = at.to_string();
    quoted(&text.replace('T', " ").replace('Z', ""))
}

fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('\'', "\\'");
    format!("'{}'", text.replace('\n', "\\n").replace('\0', "\\0"))
}
