//! A collection that answers nobody until it is let go: how a statement over documents is made to last.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::time::sleep;

use crate::servers::{self, Server};

/// The database below in which FerretDB keeps everything.
const BELOW: &str = "ferret";

/// How long a statement may take to come to it.
const COME: Duration = Duration::from_secs(10);

/// Holds a collection of FerretDB: its table is locked in the database below. Dropping it lets go in the end too.
#[derive(Debug)]
pub struct Held {
    own: PgConnection,
    /// As SQL names it.
    table: String,
}

impl Held {
    /// Holds `collection` of the database that `url` names, which FerretDB keeps in `below`.
    pub async fn hold(below: &Server, url: &str, collection: &str) -> sqlx::Result<Self> {
        let database = servers::database(url);
        let mut own = PgConnection::connect(&below.in_database(BELOW).url).await?;
        let name = format!(
            r#"select format('%I.%I', '{database}', _jsonb->>'table')
               from "{database}"._ferretdb_database_metadata where _jsonb->>'_id' = $1"#
        );
        let name = sqlx::query_scalar(AssertSqlSafe(name)).bind(collection);
        let table: String = name.fetch_one(&mut own).await?;
        let lock = format!("begin; lock table {table} in access exclusive mode");
        sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut own).await?;
        Ok(Self { own, table })
    }

    /// How many statements wait for it.
    pub async fn waiting(&mut self) -> sqlx::Result<i64> {
        let count = "select count(*) from pg_locks where not granted and relation = $1::regclass";
        let count = sqlx::query_scalar(count).bind(&self.table);
        count.fetch_one(&mut self.own).await
    }

    /// Returns once a statement waits for it.
    pub async fn reached(&mut self) {
        let began = Instant::now();
        while self.waiting().await.expect("the list of locks") == 0 {
            assert!(began.elapsed() < COME, "no statement came within {COME:?}");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Lets go at once.
    pub async fn release(self) {
        self.own.close().await.expect("the connection closes");
    }
}
