//! What a store under trial is given: data of its own, which is removed afterwards, and what to say to it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use libtest_mimic::Failed;
use parallax_connections::secret::Secret;
use parallax_connections::stores;
use parallax_core::deployment::{Environment, StoreConfig};
use parallax_core::error::Result;
use parallax_core::name::{DatasetId, FieldPath, StoreId};
use parallax_core::store::{Access, Store};
use parallax_tests::Pocket;
use parallax_tests::servers::{self, Server};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// The users of every ground, by `id` from 1.
pub(crate) const USERS: u32 = 100;

/// The length of the long value, in letters of one byte.
pub(crate) const WIDE: usize = 8 << 20;

/// A key, and a part of a name, that every language would like to take for something else.
pub(crate) const ODD: &str = "x*?[a-z] '; drop -- é:1";

/// A kind of store under trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Sqlite,
    Postgres,
    Redis,
}

impl Subject {
    pub(crate) const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Redis];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
        }
    }

    /// Whether it is a server, which has a password and can end.
    pub(crate) fn is_server(self) -> bool {
        self != Self::Sqlite
    }

    /// The shared server; fails where it does not run.
    pub(crate) fn server(self) -> Result<Server, Failed> {
        let missing = || {
            let name = self.name();
            Failed::from(format!("no server {name}: run `cargo xtask servers up`"))
        };
        servers::find(self.name()).ok_or_else(missing)
    }

    /// Makes the data and connects.
    pub(crate) async fn ground(self) -> Result<Ground, Failed> {
        match self {
            Self::Sqlite => sqlite().await,
            Self::Postgres => postgres(&self.server()?).await,
            Self::Redis => redis(&self.server()?).await,
        }
    }
}

/// A store with data of its own.
pub(crate) struct Ground {
    pub(crate) store: Arc<dyn Store>,
    /// [`USERS`] records with `id`, `name` and `updated_at`.
    pub(crate) users: DatasetId,
    /// The record `big`, whose [`Ground::value`] is [`WIDE`] letters long.
    pub(crate) wide: DatasetId,
    pub(crate) empty: DatasetId,
    /// The record [`ODD`] in a dataset with an odd name.
    pub(crate) odd: DatasetId,
    /// Where the value of a record with one value is.
    pub(crate) value: FieldPath,
    pub(crate) words: Words,
    /// What the names of its datasets hold, and no other's.
    pub(crate) mark: String,
    data: Data,
}

/// Statements in the store's own language.
pub(crate) struct Words {
    /// Runs until it is stopped.
    pub(crate) endless: &'static str,
    pub(crate) write: String,
    /// Gives two results.
    pub(crate) two: &'static str,
    /// Needs the parameter `nobody`.
    pub(crate) nobody: &'static str,
    /// Gives the long value.
    pub(crate) big: String,
}

/// What is removed at the end.
enum Data {
    /// Goes by itself.
    Folder {
        _folder: Pocket,
    },
    Schema {
        server: Server,
        schema: String,
    },
    Keys {
        server: Server,
        prefix: String,
    },
}

impl Ground {
    /// Removes the data.
    pub(crate) async fn remove(self) -> Result<(), Failed> {
        match self.data {
            Data::Folder { .. } => {}
            Data::Schema { server, schema } => {
                run(&server, &format!("drop schema {schema} cascade")).await?;
            }
            Data::Keys { server, prefix } => {
                let mut own = servers::commands(&server).await?;
                let own_keys: Vec<Vec<u8>> = own_keys(&mut own, &prefix).await?;
                let mut pipe = redis::pipe();
                for key in own_keys {
                    pipe.cmd("UNLINK").arg(key).ignore();
                }
                pipe.exec_async(&mut own).await?;
            }
        }
        Ok(())
    }
}

pub(crate) fn connect(url: &str, secret: Option<&str>, base: &Path) -> Result<Arc<dyn Store>> {
    let config = StoreConfig {
        id: StoreId::new("shop").expect("a name"),
        url: Some(url.to_owned()),
        profile: None,
        secret: None,
        environment: Some(Environment::Dev),
        why: None,
        access: Access::ReadOnly,
    };
    stores::connect(&config, base, secret.map(Secret::new), Access::ReadOnly)
}

/// The store on a server, with its password or another one.
pub(crate) fn connect_to(server: &Server, secret: &str) -> Result<Arc<dyn Store>> {
    connect(&server.url_without_password(), Some(secret), Path::new("."))
}

/// A word that no other trial has: letters only, for digits may be taken for a key.
fn mark() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = format!(
        "{}x{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    let letter = |it: u8| {
        char::from(if it.is_ascii_digit() {
            it - b'0' + b'a'
        } else {
            it
        })
    };
    format!(
        "behavior_{}",
        number.bytes().map(letter).collect::<String>()
    )
}

/// In SQL the odd name stands in quotes, doubled inside.
const ODD_NAME: &str = r#""odd ""name"".x; drop--é{id}""#;

fn sql_words(schema: &str, endless: &'static str) -> Words {
    Words {
        endless,
        write: format!("delete from {schema}users"),
        two: "select 1; select 2",
        nobody: "select {{nobody}}",
        big: format!("select value from {schema}wide"),
    }
}

fn dataset(name: &str) -> Result<DatasetId, Failed> {
    Ok(format!("shop.{name}").parse()?)
}

async fn sqlite() -> Result<Ground, Failed> {
    let folder = Pocket::load(USERS, 1).await;
    for statement in [
        "create table wide (id text primary key, value text)",
        "insert into wide values ('big', printf('%.*c', 8388608, 'x'))",
        "create table empty (id text primary key, value text, updated_at text)",
        r#"create table "odd ""name"".x; drop--é{id}" (id text primary key, value text)"#,
        r#"insert into "odd ""name"".x; drop--é{id}" values ('x*?[a-z] ''; drop -- é:1', 'odd')"#,
    ] {
        folder.sql("shop.db", statement).await;
    }
    let endless =
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
    Ok(Ground {
        store: connect("sqlite:shop.db", None, folder.path())?,
        users: dataset("users")?,
        wide: dataset("wide")?,
        empty: dataset("empty")?,
        odd: dataset(ODD_NAME)?,
        value: FieldPath::name("value"),
        words: sql_words("", endless),
        mark: String::new(),
        data: Data::Folder { _folder: folder },
    })
}

async fn run(server: &Server, sql: &str) -> Result<(), Failed> {
    let mut own = PgConnection::connect(&server.url).await?;
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut own).await?;
    Ok(own.close().await?)
}

async fn postgres(server: &Server) -> Result<Ground, Failed> {
    let schema = mark();
    let odd = ODD.replace('\'', "''");
    let sql = format!(
        "create schema {schema};
         set search_path to {schema};
         create table users (id bigint primary key, name text, updated_at timestamptz);
         insert into users select i, 'user ' || i, now() - make_interval(secs => i) from generate_series(1, {USERS}) i;
         create table wide (id text primary key, value text);
         insert into wide values ('big', repeat('x', {WIDE}));
         create table empty (id text primary key, value text, updated_at timestamptz);
         create table {ODD_NAME} (id text primary key, value text);
         insert into {ODD_NAME} values ('{odd}', 'odd')"
    );
    run(server, &sql).await?;
    let place = |name: &str| dataset(&format!("{schema}.{name}"));
    Ok(Ground {
        store: connect_to(server, server.password())?,
        users: place("users")?,
        wide: place("wide")?,
        empty: place("empty")?,
        odd: place(ODD_NAME)?,
        value: FieldPath::name("value"),
        words: sql_words(&format!("{schema}."), "select pg_sleep(600)"),
        mark: schema.clone(),
        data: Data::Schema {
            server: server.clone(),
            schema,
        },
    })
}

async fn own_keys(
    own: &mut redis::aio::MultiplexedConnection,
    prefix: &str,
) -> redis::RedisResult<Vec<Vec<u8>>> {
    redis::cmd("KEYS")
        .arg(format!("{prefix}*"))
        .query_async(own)
        .await
}

async fn redis(server: &Server) -> Result<Ground, Failed> {
    let prefix = mark();
    let mut own = servers::commands(server).await?;
    let mut pipe = redis::pipe();
    for id in 1..=USERS {
        pipe.cmd("HSET").arg(format!("{prefix}:user:{id}"));
        pipe.arg("name")
            .arg(format!("user {id}"))
            .arg("updated_at")
            .arg(id)
            .ignore();
    }
    pipe.cmd("SET")
        .arg(format!("{prefix}:wide:big"))
        .arg("x".repeat(WIDE))
        .ignore();
    pipe.cmd("SET")
        .arg(format!("{prefix}:*?[a-z]'; é:{ODD}"))
        .arg("odd")
        .ignore();
    pipe.exec_async(&mut own).await?;
    let place = |name: &str| dataset(&format!("{prefix}:{name}"));
    Ok(Ground {
        store: connect_to(server, server.password())?,
        users: place("user:{id}")?,
        wide: place("wide:{id}")?,
        empty: place("nothing:{id}")?,
        odd: place("*?[a-z]'; é:{id}")?,
        value: FieldPath::name("@value"),
        words: Words {
            endless: "XREAD BLOCK 0 STREAMS nothing $",
            write: format!("DEL {prefix}:user:1"),
            two: "PING\nPING",
            nobody: "GET {{nobody}}",
            big: format!("GET {prefix}:wide:big"),
        },
        mark: prefix.clone(),
        data: Data::Keys {
            server: server.clone(),
            prefix,
        },
    })
}
