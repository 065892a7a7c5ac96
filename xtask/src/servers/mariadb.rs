//! MariaDB with a binary log, as replicas and readers of changes need it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::failure::{Failure, Result};
use crate::install::{Package, Sign, program};
use crate::servers::catalog::{Server, Urls};
use crate::servers::certificate::OPENSSL;
use crate::servers::instance::Instance;
use crate::servers::process::answer;

pub(crate) const SERVER: Server = Server {
    name: "mariadb",
    product: "MariaDB",
    needs: &[],
    // Only the programs: the package `mariadb-server` would bring a service, too.
    packages: &[
        Package {
            name: "mariadb-server-core",
            sign: Sign::Here(|| daemon().is_some()),
        },
        Package {
            name: "mariadb-client-core",
            sign: Sign::Program("mariadb"),
        },
        OPENSSL,
    ],
    build: None,
    accounts: &["mysql"],
    ports: &["sql"],
    recipe: 1,
    prepare,
    command,
    ready,
    urls,
    stop: "TERM",
};

/// Also the name of the database.
pub(crate) const USER: &str = "parallax";
const LIMIT: Duration = Duration::from_secs(5);

const SETTINGS: &[&str] = &[
    "--bind-address=127.0.0.1",
    // A path in the folder of the data, so that no folder is too deep for it.
    "--socket=socket",
    "--pid-file=pid",
    "--skip-name-resolve",
    "--max-connections=200",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_general_ci",
    "--innodb-buffer-pool-size=256M",
    "--innodb-log-file-size=64M",
    // What was committed outlives a killed server.
    "--innodb-flush-log-at-trx-commit=2",
    "--sync-binlog=0",
    "--log-bin=bin",
    "--relay-log=relay",
    "--binlog-format=ROW",
    "--max-binlog-size=128M",
    "--gtid-domain-id=1",
    "--gtid-strict-mode=ON",
    "--log-slave-updates",
    // Costs 100 MB of memory; who runs what and waits for whom is read there.
    "--performance-schema=ON",
];

/// Nothing waits for the disk; only a power cut would lose data.
const UNSYNCED: [&str; 2] = ["--innodb-flush-method=nosync", "--debug-no-sync"];

/// `mariadbd`, which lies where only the system's own accounts look.
fn daemon() -> Option<PathBuf> {
    let usual = Path::new("/usr/sbin/mariadbd");
    program("mariadbd").or_else(|| usual.is_file().then(|| usual.to_owned()))
}

/// Makes an account with every right, that of giving rights included, in place of all but the one that owns views.
fn prepare(instance: &Instance) -> Result<()> {
    prepare_with(instance, "")
}

/// As [`prepare`]; `more` is SQL that is run at last.
pub(crate) fn prepare_with(instance: &Instance, more: &str) -> Result<()> {
    let password = &instance.password;
    let first = format!(
        "delete from mysql.global_priv where user <> 'mariadb.sys';\n\
         delete from mysql.proxies_priv;\n\
         flush privileges;\n\
         create user {USER} identified by '{password}';\n\
         grant all on *.* to {USER} with grant option;\n\
         create database {USER};\n\
         {more}"
    );
    let first = instance.write("first.sql", &first)?;
    let mut install = Command::new("mariadb-install-db");
    install
        .args(["--no-defaults", "--skip-test-db", "--skip-name-resolve"])
        .args([
            "--character-set-server=utf8mb4",
            "--innodb-log-file-size=64M",
        ])
        .args(UNSYNCED)
        .arg(format!("--datadir={}", data(instance).display()))
        .arg(format!("--extra-file={}", first.display()));
    instance.run(install).map(drop)
}

fn data(instance: &Instance) -> PathBuf {
    instance.home.join("data")
}

fn command(instance: &Instance) -> Result<Command> {
    command_as(instance, 1)
}

/// Every server of a replication needs a `number` of its own.
pub(crate) fn command_as(instance: &Instance, number: u32) -> Result<Command> {
    let program = daemon().ok_or_else(|| Failure::usage("there is no MariaDB here"))?;
    let mut command = Command::new(program);
    let file = |name: &str| instance.home.join(name).display().to_string();
    command
        .arg("--no-defaults")
        .arg(format!("--datadir={}", data(instance).display()))
        // One that starts removes the temporary tables that it finds, of a running neighbour too, which that one dies of.
        .arg(format!("--tmpdir={}", instance.home.display()))
        .arg(format!("--port={}", instance.port("sql")?))
        .arg(format!("--server-id={number}"))
        .arg(format!("--ssl-cert={}", file("server.pem")))
        .arg(format!("--ssl-key={}", file("server.key")))
        .args(SETTINGS)
        .args(UNSYNCED);
    Ok(command)
}

pub(crate) fn ready(instance: &Instance) -> Result<String> {
    let version = ask(instance, "select version()")?;
    // `10.11.19-MariaDB-…`: what follows is how it was built.
    let number = version.split('-').next().unwrap_or_default();
    Ok(number.to_owned())
}

/// Logs in over TLS, with the certificate checked; what it answers, without heads. The statement can be read by everybody.
pub(crate) fn ask(instance: &Instance, sql: &str) -> Result<String> {
    let mut client = Command::new("mariadb");
    client
        .args(["--no-defaults", "--batch", "--skip-column-names"])
        .args(["--host=127.0.0.1", "--connect-timeout=2"])
        .arg(format!("--port={}", instance.port("sql")?))
        .arg(format!("--user={USER}"))
        .arg("--ssl-verify-server-cert")
        .arg(format!("--ssl-ca={}", instance.ca.display()))
        .arg(format!("--execute={sql}"))
        .env("MYSQL_PWD", &instance.password);
    answer(client, LIMIT)
}

pub(crate) fn urls(instance: &Instance) -> Result<Urls> {
    let (password, port) = (&instance.password, instance.port("sql")?);
    let plain = format!("mysql://{USER}:{password}@127.0.0.1:{port}/{USER}");
    let tls = Some(format!("{plain}?ssl-mode=required"));
    Ok(Urls { plain, tls })
}
