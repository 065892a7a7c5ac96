//! PostgreSQL, without the wrappers that Debian puts around it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::failure::{During, Failure, Result};
use crate::install::{Package, Sign, program};
use crate::servers::catalog::{Server, Urls};
use crate::servers::certificate::OPENSSL;
use crate::servers::instance::Instance;
use crate::servers::process::{Process, answer};

pub(crate) const SERVER: Server = Server {
    name: "postgres",
    product: "PostgreSQL",
    needs: &[],
    packages: &[
        Package {
            name: "postgresql-15",
            sign: Sign::Here(|| programs().is_some()),
        },
        OPENSSL,
    ],
    build: None,
    accounts: &["postgres"],
    ports: &["sql"],
    recipe: 1,
    prepare,
    command,
    ready,
    urls,
    // Fast: sessions are ended, and data is written.
    stop: "INT",
};

/// Also the name of the database.
pub(crate) const ROLE: &str = "parallax";
const VERSION: &str = "15";
const LIMIT: Duration = Duration::from_secs(5);
/// Longer paths do not fit into the address of a socket.
const LONGEST_SOCKET_FOLDER: usize = 80;

const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "max_connections=100",
    "shared_buffers=64MB",
    "wal_level=logical",
    // Data that may be lost is written faster.
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "ssl=on",
];

/// The folder of `initdb`, `postgres` and `psql`, which is seldom on the search path.
fn programs() -> Option<PathBuf> {
    let known = [
        format!("/usr/lib/postgresql/{VERSION}/bin"),
        format!("/usr/pgsql-{VERSION}/bin"),
        format!("/opt/homebrew/opt/postgresql@{VERSION}/bin"),
    ];
    let on_path = program("initdb").and_then(|it| Some(it.parent()?.to_owned()));
    let is_whole = |folder: &PathBuf| {
        ["initdb", "postgres", "psql"]
            .iter()
            .all(|name| folder.join(name).is_file())
    };
    known
        .into_iter()
        .map(PathBuf::from)
        .chain(on_path)
        .find(is_whole)
}

pub(crate) fn tool(name: &str) -> Result<Command> {
    let folder = programs().ok_or_else(|| Failure::usage("there is no PostgreSQL here"))?;
    let mut command = Command::new(folder.join(name));
    // What a person has set for own clients is not for us.
    command.env_clear();
    Ok(command)
}

pub(crate) fn prepare(instance: &Instance) -> Result<()> {
    let password = instance.write("password", &instance.password)?;
    let mut initdb = tool("initdb")?;
    initdb
        .args(["--username", ROLE, "--auth", "scram-sha-256"])
        .args([
            "--encoding",
            "UTF8",
            "--locale",
            "C",
            "--no-sync",
            "--no-instructions",
        ])
        .arg("--pwfile")
        .arg(password)
        .arg("--pgdata")
        .arg(data(instance));
    instance.run(initdb)?;
    // The only way to make a database before there is a server.
    let sql = instance.write("first.sql", &format!("create database {ROLE}\n"))?;
    let mut single = Command::new("sh");
    single
        .args([
            "-c",
            r#"exec "$0" --single -D "$1" -c fsync=off template1 <"$2""#,
        ])
        .arg(tool("postgres")?.get_program())
        .arg(data(instance))
        .arg(sql);
    instance.run(single).map(drop)
}

pub(crate) fn data(instance: &Instance) -> PathBuf {
    instance.home.join("data")
}

pub(crate) fn command(instance: &Instance) -> Result<Command> {
    let socket = format!(".s.PGSQL.{}.lock", instance.port("sql")?);
    remove_if_stale(&instance.home.join(socket))?;
    remove_if_stale(&data(instance).join("postmaster.pid"))?;
    let mut command = tool("postgres")?;
    command.arg("-D").arg(data(instance));
    let mut set = |setting: &str| {
        command.args(["-c", setting]);
    };
    SETTINGS.iter().copied().for_each(&mut set);
    set(&format!("port={}", instance.port("sql")?));
    set(&format!(
        "unix_socket_directories={}",
        sockets(&instance.home)
    ));
    for (setting, file) in [
        ("ssl_cert_file", "server.pem"),
        ("ssl_key_file", "server.key"),
    ] {
        set(&format!("{setting}={}", instance.home.join(file).display()));
    }
    Ok(command)
}

/// A server that was killed leaves its number behind, and the next one yields to that number as long as the system knows
/// it: for ever, where nobody collects the dead. Should processes of the old server live on, their shared memory stops us.
fn remove_if_stale(lock: &Path) -> Result<()> {
    let Ok(text) = fs::read_to_string(lock) else {
        return Ok(());
    };
    let pid = text.lines().next().and_then(|line| line.parse().ok());
    if pid.is_some_and(|pid| Process::of(pid).is_none()) {
        fs::remove_file(lock).during("remove a stale lock")?;
    }
    Ok(())
}

/// The home, as an item of a list; none where its path is too long.
fn sockets(home: &Path) -> String {
    let path = home.display().to_string();
    if path.len() > LONGEST_SOCKET_FOLDER || path.contains('"') {
        return String::new();
    }
    format!("\"{path}\"")
}

pub(crate) fn ready(instance: &Instance) -> Result<String> {
    let version = ask(instance, ROLE, &["show server_version"])?;
    // Debian adds the version of its package.
    let number = version.split(' ').next().unwrap_or_default();
    Ok(number.to_owned())
}

/// Logs in to a database over TLS, with the certificate checked; what it answers to all `statements`, one field a line.
pub(crate) fn ask(instance: &Instance, database: &str, statements: &[&str]) -> Result<String> {
    let mut psql = tool("psql")?;
    psql.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"])
        .args(["-F", "\n"])
        .args(statements.iter().flat_map(|it| ["-c", it]))
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", instance.port("sql")?.to_string())
        .env("PGUSER", ROLE)
        .env("PGDATABASE", database)
        .env("PGPASSWORD", &instance.password)
        .env("PGSSLMODE", "verify-full")
        .env("PGSSLROOTCERT", &instance.ca)
        .env("PGCONNECT_TIMEOUT", "2");
    answer(psql, LIMIT)
}

pub(crate) fn urls(instance: &Instance) -> Result<Urls> {
    let (password, port) = (&instance.password, instance.port("sql")?);
    let plain = format!("postgres://{ROLE}:{password}@127.0.0.1:{port}/{ROLE}");
    let tls = Some(format!("{plain}?sslmode=require"));
    Ok(Urls { plain, tls })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_too_deep_for_sockets_has_none() {
        assert_eq!(sockets(Path::new("/a b, c")), "\"/a b, c\"");
        assert_eq!(sockets(&PathBuf::from("/long".repeat(20))), "");
    }
}
