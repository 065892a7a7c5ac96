//! The sample `duo` on the test servers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use parallax_samples::duo::{self, LoadOptions, SECRETS};
use parallax_samples::servers::{Server, Servers};
use parallax_workbench::{Options, Workbench};
use redis::IntoConnectionInfo as _;
use redis::aio::MultiplexedConnection;
use tempfile::TempDir;

use crate::servers::address;
use crate::{Ended, parallax, with_secrets_in_files};

/// A sample loaded into databases of its own, which are let go with its folder.
#[derive(Debug)]
pub struct Duo {
    folder: TempDir,
    servers: Servers,
}

impl Duo {
    /// Loads the sample `duo` with `scale` users.
    pub async fn load(scale: u32, seed: u64) -> Self {
        let folder = TempDir::with_prefix("parallax-test-").expect("a temporary folder");
        let servers = Servers {
            postgres: Server::of(&address("postgres").url),
            redis: Server::of(&address("redis").url),
        };
        let options = LoadOptions::whole(scale, seed);
        duo::load(folder.path(), &options, &servers)
            .await
            .expect("the sample is loaded");
        Self { folder, servers }
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Its deployment file, which takes its secrets from the environment.
    pub fn deployment(&self) -> PathBuf {
        self.path().join("deployment.toml")
    }

    /// Replaces text in its deployment file, which must hold it.
    pub fn edit_deployment(&self, from: &str, to: &str) {
        crate::edit(&self.deployment(), from, to);
    }

    /// A connection to its logical database in the cache, as another application would have one.
    pub async fn cache(&self) -> MultiplexedConnection {
        let text = std::fs::read_to_string(self.deployment()).expect("the deployment file");
        let file: toml::Table = text.parse().expect("valid TOML");
        let url = file["stores"]["cache"]["url"].as_str().expect("a URL");
        let place = url.into_connection_info().expect("a URL of the cache");
        let settings = place.redis_settings().clone();
        let settings = settings.set_password(self.servers.redis.password());
        let client = redis::Client::open(place.set_redis_settings(settings)).expect("a client");
        let connection = client.get_multiplexed_async_connection().await;
        connection.expect("a connection to the cache")
    }

    /// A workbench on it that trusts it; the secrets stand in files, for a test cannot set its own environment.
    pub async fn workbench(&self) -> Workbench {
        let text = with_secrets_in_files(&self.deployment(), self.secrets());
        let deployment = self.path().join("in-process.toml");
        std::fs::write(&deployment, text).expect("the deployment file is written");
        let workbench = Workbench::open(&Options {
            deployment: Some(deployment),
            deadline: Duration::from_secs(5),
            config: Some(self.config()),
        });
        workbench.trust().await.expect("the deployment is trusted");
        workbench
    }

    /// Runs `parallax` on it, trusting it, with the secrets in the environment.
    pub fn parallax(&self, arguments: &[&str]) -> Ended {
        let mut command = Command::new(parallax());
        command.envs(self.secrets());
        command.env("PARALLAX_CONFIG_DIR", self.config());
        command.arg("--trust").arg("-d").arg(self.deployment());
        command.args(arguments);
        Ended::of(command)
    }

    fn config(&self) -> PathBuf {
        self.path().join("config")
    }

    /// The variables that its deployment file takes its secrets from, with the secrets.
    pub fn secrets(&self) -> [(&'static str, &str); 2] {
        let [postgres, redis] = SECRETS;
        let Servers {
            postgres: shop,
            redis: cache,
        } = &self.servers;
        [(postgres, shop.password()), (redis, cache.password())]
    }
}
