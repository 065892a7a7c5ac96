//! A logical database of the cache for one folder, so that many loaded samples can live side by side.
//!
//! It carries the folder's path. What a folder that is gone held is removed at the next load.

use std::path::Path;

use redis::aio::MultiplexedConnection;

use crate::duo::stores;
use crate::error::{Error, Result};
use crate::lease::is_gone;
use crate::servers::{Server, Servers};

/// The key that says whose a logical database of the cache is.
pub(crate) const OWNER: &str = "sample:folder";

/// Takes the logical database for the new owner if it is its own, the stated former owner's, or empty; says whose it is.
const CLAIM: &str = "
    local owner = redis.call('GET', KEYS[1])
    if owner and owner ~= ARGV[1] and owner ~= ARGV[2] then return owner end
    if not owner and redis.call('DBSIZE') > 0 then return '' end
    redis.call('FLUSHDB', 'ASYNC')
    redis.call('SET', KEYS[1], ARGV[1])
    return ARGV[1]";

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
        let former = owner.filter(|it| is_gone(it));
        if claim(
            &mut connection,
            database,
            &folder,
            former.unwrap_or_default(),
        )
        .await?
        {
            let url = servers.redis.at(&database.to_string());
            return Ok(servers.redis.with(url));
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
