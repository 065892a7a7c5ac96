//! What the tests of the whole share: samples in folders of their own, and the commands as people run them.

#![expect(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "whatever goes wrong here is a failure of the test that called"
)]

mod duo;
mod ensemble;
mod held;
mod on_servers;
mod private_sample;
pub mod process;
pub mod servers;

pub use duo::Duo;
pub use ensemble::Ensemble;
pub use held::Held;
pub use on_servers::OnServers;
pub use private_sample::PrivateSample;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::Duration;

use parallax_samples::pocket::{self, LoadOptions};
use parallax_workbench::{Options, Workbench};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};
use tempfile::TempDir;

/// A sample loaded into a folder that goes with it.
#[derive(Debug)]
pub struct Pocket {
    folder: TempDir,
}

impl Pocket {
    /// Loads the sample `pocket` with `scale` users.
    pub async fn load(scale: u32, seed: u64) -> Self {
        let folder = TempDir::with_prefix("parallax-test-").expect("a temporary folder");
        let options = LoadOptions { scale, seed };
        pocket::load(folder.path(), &options)
            .await
            .expect("the sample is loaded");
        Self { folder }
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Its deployment file.
    pub fn deployment(&self) -> PathBuf {
        self.path().join("deployment.toml")
    }

    /// Replaces text in its deployment file, which must hold it.
    pub fn edit_deployment(&self, from: &str, to: &str) {
        edit(&self.deployment(), from, to);
    }

    /// A workbench on it.
    pub fn workbench(&self) -> Workbench {
        Workbench::open(&Options {
            deployment: Some(self.deployment()),
            deadline: Duration::from_secs(5),
            config: Some(self.path().join("config")),
        })
    }

    /// Runs a statement on one of its files, as a person with another tool would.
    pub async fn sql(&self, file: &str, statement: &str) {
        let mut connection = self.open(file).await;
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut connection)
            .await
            .expect("the statement runs");
        connection.close().await.expect("the file is closed");
    }

    /// Locks one of its files against readers until the lock is dropped.
    pub async fn lock(&self, file: &str) -> SqliteConnection {
        let mut connection = self.open(file).await;
        for statement in ["pragma locking_mode = exclusive", "begin exclusive"] {
            sqlx::query(statement)
                .execute(&mut connection)
                .await
                .expect("the file is locked");
        }
        connection
    }

    async fn open(&self, file: &str) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.path().join(file));
        options.connect().await.expect("the file is opened")
    }

    /// Runs `parallax` on it.
    pub fn parallax(&self, arguments: &[&str]) -> Ended {
        let deployment = self.deployment();
        let mut command = Command::new(parallax());
        command.arg("-d").arg(deployment).args(arguments);
        Ended::of(command)
    }
}

/// Replaces text in a deployment file, which must hold it.
fn edit(deployment: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(deployment).expect("the deployment file");
    assert!(
        text.contains(from),
        "the deployment file does not hold {from:?}"
    );
    std::fs::write(deployment, text.replace(from, to)).expect("the deployment file is written");
}

/// What a deployment file says of a store.
fn of_store(deployment: &Path, store: &str, what: &str) -> String {
    let text = std::fs::read_to_string(deployment).expect("the deployment file");
    let file: toml::Table = text.parse().expect("valid TOML");
    let found = file["stores"][store][what].as_str();
    found.expect("a text").to_owned()
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; a command that was killed by a signal is a failure of the test.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it said besides.
    pub stderr: String,
}

impl Ended {
    /// Runs a command to its end.
    pub fn of(mut command: Command) -> Self {
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().expect("the command runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        let (stdout, stderr) = (text(stdout), text(stderr));
        let code = status
            .code()
            .unwrap_or_else(|| panic!("killed by a signal: {command:?}\n{stderr}"));
        assert!(
            !stderr.contains("panicked at"),
            "{command:?} panicked:\n{stderr}"
        );
        Self {
            code,
            stdout,
            stderr,
        }
    }

    /// What it printed, as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr))
    }
}

/// The text of a deployment file that takes its secrets from files beside it, as a workbench in a test's own process
/// needs; `secrets` are the variables that it takes them from now, with the secrets. Writes the files, not the text.
pub fn with_secrets_in_files<'s>(
    deployment: &Path,
    secrets: impl IntoIterator<Item = (&'s str, &'s str)>,
) -> String {
    let mut text = std::fs::read_to_string(deployment).expect("the deployment file");
    for (variable, secret) in secrets {
        let file = format!("{variable}.secret");
        std::fs::write(deployment.with_file_name(&file), secret).expect("a secret is written");
        text = text.replace(&format!("env:{variable}"), &format!("file:{file}"));
    }
    text
}

/// The command `parallax`: the one that `PARALLAX_CLI` names, else one that is built once a test run.
pub fn parallax() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| std::env::var_os("PARALLAX_CLI").map_or_else(build_parallax, PathBuf::from))
}

fn build_parallax() -> PathBuf {
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--package",
            "parallax-cli",
            "--bin",
            "parallax",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(
        status.expect("cargo runs").success(),
        "`parallax` could not be built"
    );
    beside_this_test("parallax")
}

/// A binary of the workspace, built with the same profile as this test.
pub fn beside_this_test(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let folder = test
        .parent()
        .and_then(Path::parent)
        .expect("tests stand in target/<profile>/deps");
    folder.join(name)
}
