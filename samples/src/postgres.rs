//! What the samples share of PostgreSQL: connecting, a database for one folder, and rows by COPY.

use std::fmt::Display;
use std::path::Path;
use std::str::FromStr as _;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::error::Result;
use crate::lease::{SWEEP, database_name, is_gone};
use crate::servers::Server;

/// How many rows are sent at a time.
const BATCH: usize = 1_000;

/// Connects to the database that the URL names.
pub(crate) async fn connect(server: &Server) -> Result<PgConnection> {
    let options = PgConnectOptions::from_str(&server.url)?.password(&server.password);
    let options = options.application_name("parallax-samples");
    Ok(options.disable_statement_logging().connect().await?)
}

/// Creates the folder's database for a sample, in place of an earlier one; the server with its URL.
pub(crate) async fn lease(server: &Server, sample: &str, folder: &Path) -> Result<Server> {
    let mut visit = connect(server).await?;
    sweep(&mut visit, sample).await?;
    let name = database_name(sample, folder);
    let folder = folder.display().to_string().replace('\'', "''");
    for statement in [
        format!("drop database if exists {name} with (force)"),
        format!("create database {name}"),
        format!("comment on database {name} is '{folder}'"),
    ] {
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut visit)
            .await?;
    }
    visit.close().await?;
    Ok(server.with(server.at(&name)))
}

/// Removes what folders that are gone held of a sample.
async fn sweep(visit: &mut PgConnection, sample: &str) -> Result<()> {
    let query = sqlx::query_as(
        r"select datname::text, shobj_description(oid, 'pg_database') from pg_database
          where datname like $1 || '\_%' and shobj_description(oid, 'pg_database') is not null",
    );
    let known: Vec<(String, String)> = query.bind(sample).fetch_all(&mut *visit).await?;
    let forgotten = known.into_iter().filter(|(_, folder)| is_gone(folder));
    for (name, _) in forgotten.take(SWEEP) {
        let statement = format!("drop database if exists {name} with (force)");
        // Another load may be removing it right now; then it is not for us.
        if let Err(error) = sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut *visit)
            .await
            && error.as_database_error().is_none()
        {
            return Err(error.into());
        }
    }
    Ok(())
}

/// Copies a row for each place into a table; `line` adds one, in the text form of COPY.
pub(crate) async fn copy(
    connection: &mut PgConnection,
    table: &str,
    places: &[i64],
    line: impl Fn(&mut String, i64),
) -> Result<()> {
    let mut copy = connection
        .copy_in_raw(&format!("copy {table} from stdin"))
        .await?;
    for places in places.chunks(BATCH) {
        let mut text = String::new();
        for place in places {
            line(&mut text, *place);
        }
        copy.send(text.into_bytes()).await?;
    }
    copy.finish().await?;
    Ok(())
}

/// Adds one row; texts must be [`escaped`].
pub(crate) fn push(text: &mut String, fields: &[&dyn Display]) {
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            text.push('\t');
        }
        text.push_str(&field.to_string());
    }
    text.push('\n');
}

/// Null.
pub(crate) const NULL: &str = "\\N";

/// A value of the text form of COPY.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('\t', "\\t")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
}

/// A list of texts, as [`push`] takes it.
pub(crate) fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|it| quoted(it)).collect();
    escaped(&format!("{{{}}}", items.join(",")))
}

/// An item of an array's text.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
