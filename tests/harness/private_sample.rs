//! A sample on servers of its own, which may be killed or paused.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use parallax_samples::inject::Truth;
use parallax_samples::servers::{Server, Servers};
use parallax_samples::{duo, ensemble};
use parallax_workbench::{Options, Workbench};
use sqlx::{Connection as _, MySqlConnection, PgConnection};
use tempfile::TempDir;

use crate::servers::{self, Private};
use crate::{Held, of_store, parallax, with_secrets_in_files};

/// What is in flight stays so for as long as a test takes.
const OBJECTIVE: &str = "objective = \"10m\"";

/// A loaded sample and its two servers, which end with it.
#[derive(Debug)]
pub struct PrivateSample {
    folder: TempDir,
    kind: Kind,
    /// Where the system of record is, the store `shop`.
    pub shop: Private,
    /// Where the copies are.
    pub copy: Private,
}

/// Which sample it is.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Duo,
    Ensemble(ensemble::Target),
}

impl PrivateSample {
    /// Starts PostgreSQL and Redis, and loads the sample `duo` with `scale` users and orders. Its secrets stand in files.
    pub async fn duo(scale: u32, seed: u64) -> Self {
        Self::load(Kind::Duo, "redis", scale, seed).await
    }

    /// Starts PostgreSQL and the server of one kind of copies, and loads so much of the sample `ensemble`.
    pub async fn ensemble(target: ensemble::Target, scale: u32, seed: u64) -> Self {
        Self::load(Kind::Ensemble(target), target.server(), scale, seed).await
    }

    async fn load(kind: Kind, copy: &str, scale: u32, seed: u64) -> Self {
        let (shop, copy) = std::thread::scope(|scope| {
            let shop = scope.spawn(|| servers::private("postgres"));
            let copy = servers::private(copy);
            (shop.join().expect("the server starts"), copy)
        });
        let sample = Self {
            folder: TempDir::with_prefix("parallax-test-").expect("a temporary folder"),
            kind,
            shop,
            copy,
        };
        sample
            .fill(scale, seed)
            .await
            .expect("the sample is loaded");
        sample.write_secrets();
        sample.save().await;
        sample
    }

    async fn fill(&self, scale: u32, seed: u64) -> parallax_samples::Result<()> {
        let [shop, copy] = [&self.shop, &self.copy].map(|it| Server::of(&it.server().url));
        match self.kind {
            Kind::Duo => {
                let servers = Servers {
                    postgres: shop,
                    redis: copy,
                };
                let options = duo::LoadOptions::whole(scale, seed);
                duo::load(self.path(), &options, &servers).await
            }
            Kind::Ensemble(target) => {
                let options = ensemble::LoadOptions {
                    copies: vec![(target, target.server().to_owned())],
                    ..ensemble::LoadOptions::whole(scale, seed)
                };
                let servers = [("postgres", shop), (target.server(), copy)];
                let servers = servers.map(|(name, it)| (name.to_owned(), it));
                ensemble::load(self.path(), &options, &servers.into_iter().collect()).await
            }
        }
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
        let truth = match self.kind {
            Kind::Duo => duo::inject(self.path(), seed, 1).await,
            Kind::Ensemble(_) => ensemble::inject(self.path(), seed, 1).await,
        };
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

    /// Holds a collection of the copies in FerretDB.
    pub async fn hold(&self, collection: &str) -> Held {
        let below = self.copy.needed("postgres");
        let url = of_store(&self.deployment(), "docs", "url");
        let held = Held::hold(below, &url, collection).await;
        held.expect("the collection is held")
    }

    /// Lets both servers write what they hold, so that an end without warning loses nothing.
    async fn save(&self) {
        let url = &self.shop.server().url;
        let mut shop = PgConnection::connect(url).await.expect("a connection");
        let checkpoint = sqlx::raw_sql("checkpoint").execute(&mut shop).await;
        checkpoint.expect("a checkpoint");
        shop.close().await.expect("the connection closes");
        match self.kind {
            Kind::Duo => self.save_keys().await,
            Kind::Ensemble(ensemble::Target::Crm) => self.save_rows().await,
            // Documents are in a database of their own, which is left alone; the others write what they are told.
            Kind::Ensemble(_) => {}
        }
    }

    async fn save_keys(&self) {
        let cache = servers::commands(self.copy.server()).await;
        let mut cache = cache.expect("a connection");
        let save = redis::cmd("SAVE");
        let saved: String = save.query_async(&mut cache).await.expect("it is saved");
        assert_eq!(saved, "OK");
    }

    /// The server writes its log with every commit from here on, and with it all that came before.
    async fn save_rows(&self) {
        let url = &self.copy.server().url;
        let mut crm = MySqlConnection::connect(url).await.expect("a connection");
        for statement in [
            "set global innodb_flush_log_at_trx_commit = 1",
            "create or replace table parallax.saved (it int)",
            "insert into parallax.saved values (1)",
        ] {
            let done = sqlx::raw_sql(statement).execute(&mut crm).await;
            done.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        crm.close().await.expect("the connection closes");
    }

    fn write_secrets(&self) {
        let variables = match self.kind {
            Kind::Duo => duo::SECRETS,
            Kind::Ensemble(target) => [ensemble::SECRET, target.secret()],
        };
        let servers = [&self.shop, &self.copy].map(|it| it.server().password());
        let text = with_secrets_in_files(&self.deployment(), variables.into_iter().zip(servers));
        let text = text.replace("objective = \"5s\"", OBJECTIVE);
        fs::write(self.deployment(), text).expect("the deployment file is written");
    }
}
