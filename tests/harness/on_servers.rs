//! A sample that is loaded into the test servers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use parallax_samples::servers::{Book, Server};
use parallax_workbench::{Options, Workbench};
use tempfile::TempDir;

use crate::servers::address;
use crate::{Ended, of_store, parallax, with_secrets_in_files};

/// A sample loaded into databases of its own, which are let go with its folder.
#[derive(Debug)]
pub struct OnServers {
    folder: TempDir,
    secrets: Vec<(&'static str, String)>,
}

impl OnServers {
    /// An empty folder; `secrets` are the variables that the deployment file will take its secrets from, with the servers.
    pub(crate) fn new<'s>(secrets: impl IntoIterator<Item = (&'static str, &'s Server)>) -> Self {
        let secrets = secrets.into_iter();
        let secrets = secrets.map(|(name, server)| (name, server.password().to_owned()));
        Self {
            folder: TempDir::with_prefix("parallax-test-").expect("a temporary folder"),
            secrets: secrets.collect(),
        }
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

    /// The URL of one of its stores, without a password.
    pub fn url(&self, store: &str) -> String {
        of_store(&self.deployment(), store, "url")
    }

    /// The password for one of its stores.
    #[track_caller]
    pub fn password(&self, store: &str) -> &str {
        let secret = of_store(&self.deployment(), store, "secret");
        let mut known = self.secrets();
        let found = known.find(|(name, _)| secret.strip_prefix("env:") == Some(name));
        found.unwrap_or_else(|| panic!("no secret {secret:?}")).1
    }

    /// The variables that its deployment file takes its secrets from, with the secrets.
    pub fn secrets(&self) -> impl Iterator<Item = (&str, &str)> {
        self.secrets.iter().map(|(name, it)| (*name, it.as_str()))
    }

    fn config(&self) -> PathBuf {
        self.path().join("config")
    }
}

/// The shared servers of these names.
pub(crate) fn book<'n>(names: impl IntoIterator<Item = &'n str>) -> Book {
    let server = |name: &str| (name.to_owned(), Server::of(&address(name).url));
    names.into_iter().map(server).collect()
}
