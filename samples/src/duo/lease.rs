//! A database in each server for one folder, so that many loaded samples can live side by side.
//!
//! Both databases carry the folder's path. What a folder that is gone held is removed at the next load.

use std::path::Path;

use redis::aio::MultiplexedConnection;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};

use crate::duo::stores;
use crate::error::{Error, Result};
use crate::servers::{Server, Servers};

/// The key that says whose a logical database of the cache is.
pub(crate) const OWNER: &str = "sample:folder";

/// How many forgotten databases one load removes at most.
const SWEEP: usize = 4;

/// Takes the logical database for the new owner if it is its own, the stated former owner's, or empty; says whose it is.
const CLAIM: &str = "
    local owner = redis.call('GET', KEYS[1])
    if owner and owner ~= ARGV[1] and owner ~= ARGV[2] then return owner end
    if not owner and redis.call('DBSIZE') > 0 then return '' end
    redis.call('FLUSHDB', 'ASYNC')
    redis.call('SET', KEYS[1], ARGV[1])
    return ARGV[1]";

/// Creates the folder's database, in place of an earlier one; its URL.
pub(super) async fn shop(servers: &Servers, folder: &Path) -> Result<Server> {
    let mut visit = stores::shop(&servers.postgres).await?;
    sweep(&mut visit).await?;
    let folder = folder.display().to_string();
    let name = format!("duo_{:016x}", hash(&folder));
    for statement in [
        format!("drop database if exists {name} with (force)"),
        format!("create database {name}"),
        format!(
            "comment on database {name} is '{}'",
            folder.replace('\'', "''")
        ),
    ] {
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut visit)
            .await?;
    }
    visit.close().await?;
    Ok(Server {
        url: servers.postgres.at(&name),
        ..servers.postgres.clone()
    })
}

async fn sweep(visit: &mut PgConnection) -> Result<()> {
    let query = sqlx::query_as(
        r"select datname::text, shobj_description(oid, 'pg_database') from pg_database
          where datname like 'duo\_%' and shobj_description(oid, 'pg_database') is not null",
    );
    let known: Vec<(String, String)> = query.fetch_all(&mut *visit).await?;
    let forgotten = known
        .into_iter()
        .filter(|(_, folder)| !Path::new(folder).exists());
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

/// Takes an empty logical database for the folder, or the one that it has; its URL.
pub(super) async fn cache(servers: &Servers, folder: &Path) -> Result<Server> {
    let mut connection = stores::cache(&servers.redis).await?;
    let folder = folder.display().to_string();
    let owners = owners(&mut connection).await?;
    let own = owners.iter().position(|it| it.as_ref() == Some(&folder));
    // From the end: whoever takes one by hand begins at the other.
    let others = (1..owners.len()).rev().filter(|it| Some(*it) != own);
    for database in own.into_iter().chain(others) {
        let owner = owners.get(database).and_then(Option::as_deref);
        let former = owner.filter(|it| !Path::new(it).exists());
        if claim(
            &mut connection,
            database,
            &folder,
            former.unwrap_or_default(),
        )
        .await?
        {
            return Ok(Server {
                url: servers.redis.at(&database.to_string()),
                ..servers.redis.clone()
            });
        }
    }
    Err(Error::new("no logical database of the cache is free")
        .hint("remove the folders of samples that are no longer needed, and load again"))
}

/// Whose each logical database is.
async fn owners(connection: &mut MultiplexedConnection) -> Result<Vec<Option<String>>> {
    let (_, count): (String, i64) = redis::cmd("CONFIG")
        .arg(&["GET", "databases"])
        .query_async(connection)
        .await?;
    let mut pipe = redis::pipe();
    for database in 0..count {
        pipe.cmd("SELECT").arg(database).ignore();
        pipe.cmd("GET").arg(OWNER);
    }
    Ok(pipe.query_async(connection).await?)
}

async fn claim(
    connection: &mut MultiplexedConnection,
    database: usize,
    folder: &str,
    former: &str,
) -> Result<bool> {
    let mut pipe = redis::pipe();
    pipe.cmd("SELECT").arg(database).ignore();
    pipe.cmd("EVAL").arg(CLAIM).arg(1).arg(OWNER);
    pipe.arg(folder).arg(former);
    let (owner,): (String,) = pipe.query_async(connection).await?;
    Ok(owner == folder)
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}
