//! The data servers that `cargo xtask servers` runs: where they are, and instances of one's own to kill or pause.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use serde::Deserialize;
use tempfile::TempDir;

use crate::{Ended, beside_this_test};

/// How long a killed process may take to be gone, and an answer to come.
const END: Duration = Duration::from_secs(10);

/// A running server, as the address file tells. `Debug` leaves out the URLs, which hold the password.
#[derive(Clone, Deserialize)]
pub struct Server {
    /// Its name in `cargo xtask servers`: `postgres`, `mariadb-replica`.
    #[serde(skip)]
    pub name: String,
    /// As it calls itself.
    pub product: String,
    /// As it tells it: `15.18`.
    pub version: String,
    /// With account and password.
    pub url: String,
    /// The same over TLS, where the server speaks it.
    pub tls_url: Option<String>,
    /// The certificate of the authority that signed the server's, as a PEM file.
    pub ca: Option<PathBuf>,
    /// Its process.
    pub pid: u32,
    /// What it says.
    pub log: PathBuf,
    /// Its files; often only its own account may read them.
    pub data: PathBuf,
}

impl Server {
    /// The password of [`Server::url`]; empty where the server wants none.
    pub fn password(&self) -> &str {
        let login = split(&self.url).1;
        login.split_once(':').map_or("", |(_, password)| password)
    }

    /// The account of [`Server::url`]; empty where it names none.
    pub fn user(&self) -> &str {
        split(&self.url).1.split(':').next().unwrap_or_default()
    }

    /// [`Server::url`] for a profile that keeps the password elsewhere.
    pub fn url_without_password(&self) -> String {
        let (scheme, login, rest) = split(&self.url);
        match login.split(':').next().unwrap_or_default() {
            "" => format!("{scheme}{rest}"),
            user => format!("{scheme}{user}@{rest}"),
        }
    }

    /// The same server, at another of its databases.
    #[must_use]
    pub fn in_database(&self, name: &str) -> Self {
        let (scheme, login, rest) = split(&self.url);
        let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
        let host = place.split('/').next().unwrap_or_default();
        let at = if login.is_empty() { "" } else { "@" };
        let mark = if options.is_empty() { "" } else { "?" };
        Self {
            url: format!("{scheme}{login}{at}{host}/{name}{mark}{options}"),
            ..self.clone()
        }
    }

    /// The port of [`Server::url`].
    pub fn port(&self) -> u16 {
        let place = split(&self.url).2.split('/').next().unwrap_or_default();
        let port = place.rsplit(':').next().and_then(|it| it.parse().ok());
        port.unwrap_or_else(|| panic!("the URL of {} has no port", self.name))
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Server")
            .field("name", &self.name)
            .field("version", &self.version)
            .field("pid", &self.pid)
            .finish_non_exhaustive()
    }
}

/// Scheme with `://`, login without `@`, and the rest.
fn split(url: &str) -> (&str, &str, &str) {
    let start = url.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = url.split_at(start);
    let (login, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
    (scheme, login, rest)
}

/// The database that a URL names.
pub(crate) fn database(url: &str) -> &str {
    let place = split(url).2.split('?').next().unwrap_or_default();
    place.split_once('/').map_or("", |(_, name)| name)
}

/// The shared server `name`, from the file that `PARALLAX_SERVERS` names, else that of `cargo xtask servers up`.
///
/// Tests share it with whoever works here: what a test writes, it names for itself alone and removes.
#[track_caller]
pub fn address(name: &str) -> Server {
    find(name).unwrap_or_else(|| {
        let file = address_file();
        panic!(
            "{} names no server {name}; run `cargo xtask servers up`",
            file.display()
        )
    })
}

/// As [`address`]; `None` where the address file does not name it.
pub fn find(name: &str) -> Option<Server> {
    let text = fs::read_to_string(address_file()).ok()?;
    parse(&text).remove(name)
}

fn address_file() -> PathBuf {
    std::env::var_os("PARALLAX_SERVERS").map_or_else(
        || target().join("servers/servers.json"),
        |file| root().join(file),
    )
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |folder| root().join(folder))
}

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .expect("tests stands in the workspace")
        .into()
}

fn parse(text: &str) -> BTreeMap<String, Server> {
    let mut servers: BTreeMap<String, Server> =
        serde_json::from_str(text).expect("the address file is as `cargo xtask servers` writes it");
    for (name, server) in &mut servers {
        server.name.clone_from(name);
    }
    servers
}

/// A connection of the test's own to a server of keys and values, patient with a busy machine.
pub async fn commands(server: &Server) -> redis::RedisResult<MultiplexedConnection> {
    let patient = AsyncConnectionConfig::new().set_response_timeout(Some(END));
    let client = redis::Client::open(server.url.as_str())?;
    client
        .get_multiplexed_async_connection_with_config(&patient)
        .await
}

/// An instance for one test, with its own port and data. It is stopped and removed when this is dropped, or when the test's
/// process ends.
#[derive(Debug)]
pub struct Private {
    server: Server,
    /// With those that it needs.
    servers: BTreeMap<String, Server>,
    folder: TempDir,
}

/// Starts an instance of the server `name` that the test may kill or pause. Takes a tenth of a second up to some seconds.
#[track_caller]
pub fn private(name: &str) -> Private {
    let folder = TempDir::with_prefix("parallax-servers-").expect("a temporary folder");
    let_pass(folder.path());
    let servers = up(folder.path(), name);
    Private {
        server: servers[name].clone(),
        servers,
        folder,
    }
}

impl Private {
    /// How it is reached; its process is another after each [`Private::start`], the rest stays.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// One that it needs, which was started with it: the primary of a replica.
    #[track_caller]
    pub fn needed(&self, name: &str) -> &Server {
        let found = self.servers.get(name);
        found.unwrap_or_else(|| panic!("{} does not need {name}", self.server.name))
    }

    /// As [`Signals::kill`].
    pub fn kill(&self) {
        self.signals().kill();
    }

    /// As [`Signals::pause`].
    pub fn pause(&self) {
        self.signals().pause();
    }

    /// As [`Signals::resume`].
    pub fn resume(&self) {
        self.signals().resume();
    }

    /// What may be done to its process as it is now, from wherever: not after [`Private::start`].
    pub fn signals(&self) -> Signals {
        Signals(self.server.clone())
    }

    /// Starts it again on the same port and data, if it does not run.
    pub fn start(&mut self) {
        self.servers = up(self.folder.path(), &self.server.name);
        self.server = self.servers[&self.server.name].clone();
    }
}

/// A process of one's own and those that it started, one for each connection where the server works so.
#[derive(Clone, Debug)]
pub struct Signals(Server);

impl Signals {
    /// Ends it as a power cut would, and waits until it is gone.
    pub fn kill(&self) {
        self.send("KILL");
        let started = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.0.port())).is_ok() {
            assert!(started.elapsed() < END, "{} lives on", self.0.name);
            std::thread::yield_now();
        }
    }

    /// Stops it in the middle of whatever it does: connections stay open, and nothing answers.
    pub fn pause(&self) {
        self.send("STOP");
    }

    /// Lets it go on after [`Signals::pause`].
    pub fn resume(&self) {
        self.send("CONT");
    }

    /// The process comes first, so that it starts no other meanwhile and hears of no end; those that it started may end by
    /// themselves.
    fn send(&self, name: &str) {
        let pid = self.0.pid;
        let send = format!(
            "started=$(pgrep -P {pid}); kill -{name} {pid} || exit 1; \
             for it in $started $(pgrep -P {pid}); do kill -{name} $it 2>/dev/null; done; exit 0"
        );
        let status = Command::new("sh").args(["-c", &send]).status();
        assert!(status.expect("sh runs").success(), "`{send}` failed");
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let ended = servers("down", self.folder.path(), &["--wipe"]);
        // One panic is enough.
        assert!(
            ended.code == 0 || std::thread::panicking(),
            "{} was not stopped: {}",
            self.server.name,
            ended.stderr
        );
    }
}

/// What was asked for, and what that needs.
#[track_caller]
fn up(folder: &Path, name: &str) -> BTreeMap<String, Server> {
    let owner = std::process::id().to_string();
    let ended = servers("up", folder, &["--while", &owner, "--json", name]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    parse(&ended.stdout)
}

fn servers(what: &str, folder: &Path, options: &[&str]) -> Ended {
    let mut command = Command::new(xtask());
    command
        .args(["servers", what, "--private"])
        .arg(folder)
        .args(options)
        .env("CARGO_MANIFEST_DIR", root().join("xtask"));
    Ended::of(command)
}

/// The project's own commands: those that `PARALLAX_XTASK` names, else built once a test run.
fn xtask() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| std::env::var_os("PARALLAX_XTASK").map_or_else(build, PathBuf::from))
}

fn build() -> PathBuf {
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--quiet", "--package", "xtask"]);
    let status = command.current_dir(root()).status();
    let is_built = status.expect("cargo runs").success();
    assert!(is_built, "`xtask` could not be built");
    beside_this_test("xtask")
}

/// Lets a server pass that runs under another account.
#[cfg(unix)]
fn let_pass(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let all_may_pass = fs::Permissions::from_mode(0o711);
    fs::set_permissions(folder, all_may_pass).expect("our own folder");
}

#[cfg(not(unix))]
fn let_pass(_: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> Server {
        let text = format!(
            r#"{{"it": {{"product": "Store", "version": "1", "url": "{url}", "pid": 7, "log": "/log", "data": "/data"}}}}"#
        );
        parse(&text).remove("it").expect("it")
    }

    #[test]
    fn a_url_is_taken_apart() {
        let it = server("store://me:secret@127.0.0.1:20001/shop?a=b");
        assert_eq!(
            (it.name.as_str(), it.password(), it.port()),
            ("it", "secret", 20001)
        );
        assert_eq!(
            it.url_without_password(),
            "store://me@127.0.0.1:20001/shop?a=b"
        );
        let it = server("store://:secret@127.0.0.1:20001/0");
        assert_eq!(it.password(), "secret");
        assert_eq!(it.url_without_password(), "store://127.0.0.1:20001/0");
        let it = server("store://127.0.0.1:20001");
        assert_eq!((it.password(), it.port()), ("", 20001));
        assert_eq!(it.url_without_password(), it.url);
    }

    #[test]
    fn a_server_shows_no_password() {
        let shown = format!("{:?}", server("store://me:secret@127.0.0.1:20001/shop"));
        assert!(!shown.contains("secret"), "{shown}");
    }
}
