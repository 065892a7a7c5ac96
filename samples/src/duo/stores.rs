//! Connecting to the two stores of a loaded sample, as its deployment file says.

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionInfo, IntoConnectionInfo as _};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::fs;

use crate::duo::place::Place;
use crate::error::{Error, Result};
use crate::servers::{Server, Servers};

/// The deployment file's name.
pub(crate) const DEPLOYMENT_FILE: &str = "deployment.toml";

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
    ///
    /// A variable that is not set is looked up in the address file of the test servers.
    pub(crate) async fn open(dir: &Path) -> Result<Self> {
        let path = dir.join(DEPLOYMENT_FILE);
        let text = fs::read_to_string(&path).await.map_err(|error| {
            Error::from(error)
                .while_doing(format!("read {}", path.display()))
                .hint("load the sample first: parallax-samples load duo --to DIR")
        })?;
        let file: toml::Table = text
            .parse()
            .map_err(|it| Error::new(format!("{}: {it}", path.display())))?;
        Ok(Self {
            shop: store(&file, "shop", dir)?,
            cache: store(&file, "cache", dir)?,
            places: places(&text),
        })
    }

    pub(crate) async fn shop(&self) -> Result<PgConnection> {
        shop(&self.shop).await
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

/// Connects to the database that the URL names.
pub(crate) async fn shop(server: &Server) -> Result<PgConnection> {
    let options = PgConnectOptions::from_str(&server.url)?.password(&server.password);
    let options = options.application_name("parallax-samples");
    Ok(options.disable_statement_logging().connect().await?)
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

fn places(deployment: &str) -> Vec<Place> {
    let is_named = |it: &Place| deployment.contains(it.dataset());
    Place::COPIES.into_iter().filter(is_named).collect()
}

fn store(file: &toml::Table, name: &str, dir: &Path) -> Result<Server> {
    let table = file.get("stores").and_then(|it| it.get(name));
    let text = |key: &str| table.and_then(|it| it.get(key)?.as_str());
    let url = text("url")
        .ok_or_else(|| Error::new(format!("{DEPLOYMENT_FILE} has no URL of store {name:?}")))?;
    let password = match text("secret").and_then(|it| it.split_once(':')) {
        Some(("env", variable)) => match std::env::var(variable) {
            Ok(password) => password,
            Err(_) => known(url, variable)?,
        },
        Some(("file", path)) => {
            let text = std::fs::read_to_string(dir.join(path))
                .map_err(|it| Error::from(it).while_doing(format!("read {path}")))?;
            text.trim_end_matches(['\r', '\n']).to_owned()
        }
        _ => String::new(),
    };
    Ok(Server {
        url: url.to_owned(),
        password,
    })
}

fn known(url: &str, variable: &str) -> Result<String> {
    let servers = Servers::find().ok();
    let password = servers.as_ref().and_then(|it| it.password_for(url));
    password.map(str::to_owned).ok_or_else(|| {
        Error::new(format!("{variable} is not set"))
            .hint("set it, or start the servers: cargo xtask servers up")
    })
}
