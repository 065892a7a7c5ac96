//! Opening the five files of a deployment, and the few statements that all of them share.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use crate::error::{Error, Result};
use crate::model::Target;

/// The file of the system of record.
pub(crate) const SHOP: &str = "shop.db";

/// Columns that hold JSON text, and so are taken as they are written.
const JSON_COLUMNS: [&str; 5] = ["doc", "payload", "properties", "tags", "value"];

/// How long a statement waits for another writer before it is told that the database is busy.
const BUSY: Duration = Duration::from_secs(5);

/// Connections to the system of record and its four targets.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) shop: SqliteConnection,
    targets: Vec<SqliteConnection>,
}

impl Files {
    /// Opens the files of a loaded sample.
    pub(crate) async fn open(dir: &Path) -> Result<Self> {
        let shop = open(dir, SHOP).await?;
        let mut targets = Vec::new();
        for target in Target::ALL {
            targets.push(open(dir, target.file()).await?);
        }
        Ok(Self { shop, targets })
    }

    /// The connection to a target.
    pub(crate) fn target(&mut self, target: Target) -> &mut SqliteConnection {
        let connection = self.targets.get_mut(target as usize);
        connection.expect("one connection was opened for each target, in their order")
    }

    /// Runs one statement on every file.
    pub(crate) async fn everywhere(&mut self, statement: &'static str) -> Result<()> {
        for connection in self.targets.iter_mut().chain([&mut self.shop]) {
            sqlx::query(statement).execute(connection).await?;
        }
        Ok(())
    }

    /// Closes every file, so that their write-ahead logs are folded in.
    pub(crate) async fn close(self) -> Result<()> {
        for connection in self.targets.into_iter().chain([self.shop]) {
            connection.close().await?;
        }
        Ok(())
    }
}

/// Opens one file of a loaded sample for reading and writing.
pub(crate) async fn open(dir: &Path, file: &str) -> Result<SqliteConnection> {
    let path = dir.join(file);
    if !path.is_file() {
        let hint = "load the sample first: parallax-samples load pocket --to DIR";
        return Err(Error::new(format!("no {file} in {}", dir.display())).hint(hint));
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY);
    Ok(options
        .synchronous(SqliteSynchronous::Normal)
        .connect()
        .await?)
}

/// A statement that writes every object of a JSON array, its one parameter, as a row; a row of the same key is replaced.
pub(crate) fn replace_into(table: &str, columns: &[&str]) -> String {
    let values = columns.iter().map(|column| {
        let arrow = if JSON_COLUMNS.contains(column) {
            "->"
        } else {
            "->>"
        };
        format!("value{arrow}'{column}'")
    });
    let values: Vec<String> = values.collect();
    let columns = columns.join(", ");
    format!(
        "INSERT OR REPLACE INTO {table} ({columns}) SELECT {} FROM json_each(?1)",
        values.join(", ")
    )
}

/// Runs a statement whose one parameter is JSON text.
pub(crate) async fn execute(
    connection: &mut SqliteConnection,
    statement: String,
    parameter: String,
) -> Result<u64> {
    let query = sqlx::query(AssertSqlSafe(statement)).bind(parameter);
    Ok(query.execute(connection).await?.rows_affected())
}

/// JSON text of plain data.
pub(crate) fn json(data: &impl Serialize) -> String {
    serde_json::to_string(data).expect("numbers, text and lists always have a JSON form")
}
