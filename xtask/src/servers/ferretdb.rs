//! FerretDB: the MongoDB wire over a database of its own on `postgres`, whose accounts log in.
//!
//! Its own accounts, by SCRAM, end the exchange one message later than the driver of ours allows: it says `done` to the
//! third message alone. PLAIN hands account and password on to `postgres`.

use std::process::Command;

use crate::failure::{During, Result};
use crate::servers::catalog::{Server, Urls};
use crate::servers::certificate::OPENSSL;
use crate::servers::go::{self, GO};
use crate::servers::instance::Instance;
use crate::servers::{kept, mongo, postgres};
use crate::stage::Stages;
use crate::tree::Tree;

pub(crate) const SERVER: Server = Server {
    name: "ferretdb",
    product: "FerretDB",
    needs: &["postgres"],
    packages: &[GO, OPENSSL],
    build: Some(build),
    accounts: &[],
    ports: &["plain", "tls"],
    recipe: 2,
    prepare,
    command,
    ready,
    urls,
    stop: "TERM",
};

const VERSION: &str = "1.24.2";
const FOLDER: &str = "ferretdb-1.24.2";
const PROGRAM: &str = "ferretdb";
/// The database on `postgres`.
const DATABASE: &str = "ferret";
/// Of the hundred that `postgres` gives.
const CONNECTIONS: u16 = 20;

/// The program ends at once if it does not hold its version, which is no part of the module.
fn build(_: &Tree, stages: &mut Stages) -> Result<()> {
    let built = kept::once(FOLDER, |folder| {
        let go = go::new_enough(folder, stages)?;
        let source = folder.join("source");
        let module = format!("github.com/FerretDB/FerretDB@v{VERSION}");
        go.copy_module(&module, &source, stages)?;
        let version = source.join("build/version/version.txt");
        std::fs::write(version, format!("v{VERSION}\n")).during("write a version")?;
        let mut command = go.build(&folder.join(PROGRAM));
        // The other place where it can store takes longest to compile.
        command
            .args(["-tags", "ferretdb_no_sqlite", "./cmd/ferretdb"])
            .current_dir(&source);
        let what = format!("builds FerretDB {VERSION}, which takes some minutes the first time");
        stages.run(FOLDER, &what, command)?;
        std::fs::remove_dir_all(source).during("remove a source")?;
        go.remove()
    });
    built.map(drop)
}

fn prepare(instance: &Instance) -> Result<()> {
    let store = instance.needed("postgres")?;
    let drop_old = format!("drop database if exists {DATABASE} with (force)");
    let create = format!("create database {DATABASE}");
    postgres::ask(&store, postgres::ROLE, &[&drop_old, &create])?;
    let program = kept::folder(FOLDER)?.join(PROGRAM);
    kept::twin(&program, &instance.home.join(PROGRAM))?;
    instance.folder_of_its_own("data").map(drop)
}

/// Its secret is a variable, for everybody may read a command line. It is for clients that bring no account: a wrong one is
/// refused.
fn command(instance: &Instance) -> Result<Command> {
    let store = instance.needed("postgres")?;
    let (password, port) = (&store.password, store.port("sql")?);
    let role = postgres::ROLE;
    let url = format!(
        "postgres://{role}:{password}@127.0.0.1:{port}/{DATABASE}?pool_max_conns={CONNECTIONS}"
    );
    let mut command = Command::new(instance.home.join(PROGRAM));
    command
        .args(["--handler=postgresql", "--state-dir=data", "--debug-addr=-"])
        .args(["--telemetry=disable", "--log-level=warn"])
        .arg(format!(
            "--listen-addr=127.0.0.1:{}",
            instance.port("plain")?
        ))
        .arg(format!("--listen-tls=127.0.0.1:{}", instance.port("tls")?))
        .args([
            "--listen-tls-cert-file=server.pem",
            "--listen-tls-key-file=server.key",
        ])
        .env("FERRETDB_POSTGRESQL_URL", url);
    Ok(command)
}

fn ready(instance: &Instance) -> Result<String> {
    let port = instance.port("plain")?;
    mongo::ping(port)?;
    let version = mongo::build_text(port, "ferretdbVersion")?;
    Ok(version.trim_start_matches('v').to_owned())
}

fn urls(instance: &Instance) -> Result<Urls> {
    let password = instance.needed("postgres")?.password;
    let role = postgres::ROLE;
    let url = |port: u16| {
        format!("mongodb://{role}:{password}@127.0.0.1:{port}/{role}?authMechanism=PLAIN")
    };
    Ok(Urls {
        plain: url(instance.port("plain")?),
        tls: Some(format!("{}&tls=true", url(instance.port("tls")?))),
    })
}
