//! Deployment files for benchmarks, and the release build of `parallax` on them.

use std::path::{Path, PathBuf};
use std::process::Command;

use parallax_tests::servers::Server;
use parallax_tests::with_secrets_in_files;
use tempfile::TempDir;

/// The variable in which a password is handed over.
const PASSWORD: &str = "PARALLAX_BENCH_PASSWORD";

/// Those that the sample `duo` names, for its first and second store.
const DUO_PASSWORDS: [&str; 2] = ["DUO_POSTGRES_PASSWORD", "DUO_REDIS_PASSWORD"];

/// A deployment file in a folder of its own.
#[derive(Debug)]
pub(crate) struct Written {
    folder: TempDir,
    passwords: Vec<(String, String)>,
}

impl Written {
    /// The sample `duo`, loaded by its own program.
    pub(crate) fn of_duo(scale: u64, options: &[&str], servers: [&Server; 2]) -> Self {
        let secrets: Vec<_> = DUO_PASSWORDS.into_iter().zip(servers).collect();
        Self::of_sample("duo", scale, options, &secrets)
    }

    /// A sample, loaded by its own program; `secrets` are the variables that its file names, with the servers.
    pub(crate) fn of_sample(
        sample: &str,
        scale: u64,
        options: &[&str],
        secrets: &[(&str, &Server)],
    ) -> Self {
        let folder = TempDir::with_prefix("parallax-bench-").expect("a temporary folder");
        let mut load = Command::new(release("parallax-samples"));
        load.args(["load", sample, "--to"])
            .arg(folder.path())
            .args(["--scale", &scale.to_string()])
            .args(options);
        let status = load.status().expect("the loader starts");
        assert!(status.success(), "{sample} could not be loaded");
        let secrets = secrets.iter();
        let passwords = secrets.map(|(name, it)| ((*name).to_owned(), it.password().to_owned()));
        Self {
            folder,
            passwords: passwords.collect(),
        }
    }

    /// One store, for statements.
    pub(crate) fn of_query(postgres: &Server) -> Self {
        let folder = TempDir::with_prefix("parallax-bench-").expect("a temporary folder");
        let text = format!(
            "format = 1\nname = \"bench\"\n\n[stores.orders]\nurl = \"{}\"\nsecret = \"env:{PASSWORD}\"\n",
            postgres.url_without_password()
        );
        std::fs::write(folder.path().join("deployment.toml"), text)
            .expect("the deployment file is written");
        Self {
            folder,
            passwords: vec![(PASSWORD.to_owned(), postgres.password().to_owned())],
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("deployment.toml")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The URL of a store, with its password.
    pub(crate) fn url(&self, store: &str) -> String {
        let text = std::fs::read_to_string(self.path()).expect("the deployment file");
        let file: toml::Table = text.parse().expect("TOML");
        let store_table = &file["stores"][store];
        let url = store_table["url"].as_str().expect("a URL");
        let Some(secret) = store_table.get("secret") else {
            // It knows no accounts.
            return url.to_owned();
        };
        let name = secret.as_str().and_then(|it| it.split(':').nth(1));
        let password = self
            .passwords
            .iter()
            .find(|(it, _)| Some(it.as_str()) == name);
        let password = password.map_or("", |(_, it)| it);
        let (scheme, rest) = url.split_once("://").expect("a URL");
        match rest.split_once('@') {
            Some((user, place)) => format!("{scheme}://{user}:{password}@{place}"),
            None => format!("{scheme}://:{password}@{rest}"),
        }
    }

    /// Lets the file take its passwords from files beside it, as a workbench in this process needs.
    pub(crate) fn keep_passwords_in_files(&self) {
        let passwords = self.passwords.iter();
        let passwords = passwords.map(|(name, password)| (name.as_str(), password.as_str()));
        let text = with_secrets_in_files(&self.path(), passwords);
        std::fs::write(self.path(), text).expect("the deployment file is written");
    }

    /// `parallax-samples` on it.
    pub(crate) fn samples(&self, command: &str) -> Command {
        let mut samples = Command::new(release("parallax-samples"));
        samples.arg(command).arg(self.folder.path());
        samples
    }

    /// `parallax` on it, with its passwords.
    pub(crate) fn parallax(&self) -> Command {
        let mut command = parallax();
        command.env("PARALLAX_CONFIG_DIR", self.folder.path());
        command.arg("--trust").arg("-d").arg(self.path());
        command.envs(self.passwords.iter().cloned());
        command
    }
}

/// The release build of `parallax`.
pub(crate) fn parallax() -> Command {
    Command::new(release("parallax"))
}

/// A program of the release build, beside this one.
pub(crate) fn release(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("the benchmark's own path");
    let folder = own.parent().expect("programs stand in target/<profile>");
    folder.join(name)
}
