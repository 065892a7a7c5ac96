//! The sample `duo` on servers of its own, which may be killed or paused.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use parallax_samples::duo::{self, LoadOptions, SECRETS};
use parallax_samples::inject::Truth;
use parallax_samples::servers::{Server, Servers};
use parallax_workbench::{Options, Workbench};
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

use crate::servers::{self, Private};
use crate::{parallax, with_secrets_in_files};

/// What is in flight stays so for as long as a test takes.
const OBJECTIVE: &str = "objective = \"10m\"";

/// A loaded sample and its two servers, which end with it.
#[derive(Debug)]
pub struct PrivateDuo {
    folder: TempDir,
    /// Where the system of record is, the store `shop`.
    pub postgres: Private,
    /// Where the copies are, the store `cache`.
    pub redis: Private,
}

impl PrivateDuo {
    /// Starts both servers and loads the sample with `scale` users and orders. Its secrets stand in files.
    pub async fn load(scale: u32, seed: u64) -> Self {
        let (postgres, redis) = std::thread::scope(|scope| {
            let postgres = scope.spawn(|| servers::private("postgres"));
            let redis = servers::private("redis");
            (postgres.join().expect("the server starts"), redis)
        });
        let folder = TempDir::with_prefix("parallax-test-").expect("a temporary folder");
        let servers = Servers {
            postgres: Server::of(&postgres.server().url),
            redis: Server::of(&redis.server().url),
        };
        let options = LoadOptions::whole(scale, seed);
        let loaded = duo::load(folder.path(), &options, &servers).await;
        loaded.expect("the sample is loaded");
        let duo = Self {
            folder,
            postgres,
            redis,
        };
        duo.write_secrets();
        duo.save().await;
        duo
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Its deployment file.
    pub fn deployment(&self) -> PathBuf {
        self.path().join("deployment.toml")
    }

    /// Plants one fault of everything that can go wrong.
    pub async fn inject(&self, seed: u64) -> Truth {
        let truth = duo::inject(self.path(), seed, 1).await;
        self.save().await;
        truth.expect("faults are planted")
    }

    /// A workbench on it that trusts its deployment file.
    pub async fn workbench(&self, deadline: Duration) -> Workbench {
        let workbench = Workbench::open(&Options {
            deployment: Some(self.deployment()),
            deadline,
            config: Some(self.path().join("config")),
        });
        workbench.trust().await.expect("the file is trusted");
        workbench
    }

    /// `parallax` on it, with its deployment file trusted.
    pub fn parallax(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(parallax());
        command
            .arg("-d")
            .arg(self.deployment())
            .arg("--trust")
            .args(arguments)
            .env("PARALLAX_CONFIG_DIR", self.path().join("config"));
        command
    }

    /// Lets both servers write what they hold, so that an end without warning loses nothing.
    async fn save(&self) {
        let url = &self.postgres.server().url;
        let mut shop = PgConnection::connect(url).await.expect("a connection");
        let checkpoint = sqlx::raw_sql("checkpoint").execute(&mut shop).await;
        checkpoint.expect("a checkpoint");
        shop.close().await.expect("the connection closes");
        let cache = servers::commands(self.redis.server()).await;
        let mut cache = cache.expect("a connection");
        let save = redis::cmd("SAVE");
        let saved: String = save.query_async(&mut cache).await.expect("it is saved");
        assert_eq!(saved, "OK");
    }

    fn write_secrets(&self) {
        let servers = [&self.postgres, &self.redis].map(|it| it.server().password());
        let text = with_secrets_in_files(&self.deployment(), SECRETS.into_iter().zip(servers));
        let text = text.replace("objective = \"5s\"", OBJECTIVE);
        fs::write(self.deployment(), text).expect("the deployment file is written");
    }
}
