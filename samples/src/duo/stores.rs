//! Connecting to the two stores of a loaded sample, as its deployment file says.

use std::path::Path;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionInfo, IntoConnectionInfo as _};
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;

use crate::duo::place::Place;
use crate::error::{Error, Result};
use crate::loaded::Loaded;
use crate::postgres;
use crate::servers::Server;

/// How long the cache may take to answer; a large pipeline takes seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// Marks that a worker runs or that faults are planted; a session's lock within the sample's own database.
const LOCK: i64 = 0x64_75_6f;

/// The two servers of a loaded sample, each with the URL of its database.
#[derive(Clone, Debug)]
pub(crate) struct Stores {
    pub(crate) shop: Server,
    pub(crate) cache: Server,
    /// The copies that the deployment file names; no others are kept.
    pub(crate) places: Vec<Place>,
}

impl Stores {
    /// Reads the deployment file of a loaded sample, and the secrets that it names.
    pub(crate) async fn open(dir: &Path) -> Result<Self> {
        let loaded = Loaded::read(dir, "duo").await?;
        let copies = Place::COPIES.into_iter();
        Ok(Self {
            shop: loaded.store("shop")?,
            cache: loaded.store("cache")?,
            places: copies.filter(|it| loaded.names(it.dataset())).collect(),
        })
    }

    pub(crate) async fn shop(&self) -> Result<PgConnection> {
        postgres::connect(&self.shop).await
    }

    pub(crate) async fn cache(&self) -> Result<MultiplexedConnection> {
        cache(&self.cache).await
    }

    /// A session that keeps workers and injectors apart for as long as it is open.
    ///
    /// Waits a moment for one that has just been dropped; then fails.
    pub(crate) async fn alone(&self) -> Result<PgConnection> {
        let mut session = self.shop().await?;
        for _ in 0..60 {
            let query = sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(LOCK);
            if query.fetch_one(&mut session).await? {
                return Ok(session);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        session.close().await?;
        Err(Error::new("a worker is at this sample already").hint("stop it first"))
    }
}

/// Connects to the logical database that the URL names.
pub(crate) async fn cache(server: &Server) -> Result<MultiplexedConnection> {
    let mut place: ConnectionInfo = server.url.as_str().into_connection_info()?;
    let settings = place.redis_settings().clone();
    if !server.password.is_empty() {
        place = place.set_redis_settings(settings.set_password(&server.password));
    }
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
    let client = Client::open(place)?;
    Ok(client
        .get_multiplexed_async_connection_with_config(&config)
        .await?)
}
