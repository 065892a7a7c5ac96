//! Neo4j Community. Bolt is plain or encrypted on one port, as the client wants.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::failure::{During, Failure, Result};
use crate::http::Request;
use crate::servers::catalog::{Server, Urls};
use crate::servers::certificate::OPENSSL;
use crate::servers::instance::Instance;
use crate::servers::java::{self, FRUGAL, Java};
use crate::servers::kept;
use crate::servers::maven::{Jars, MAVEN, UNZIP};
use crate::stage::Stages;
use crate::tree::Tree;

pub(crate) const SERVER: Server = Server {
    name: "neo4j",
    product: "Neo4j",
    needs: &[],
    packages: &[MAVEN, UNZIP, OPENSSL, java::pip(|| JAVA.is_within_reach())],
    build: Some(build),
    accounts: &["neo4j"],
    ports: &["bolt", "http"],
    recipe: 1,
    prepare,
    command,
    ready,
    urls,
    stop: "TERM",
};

const JAVA: Java = Java(17..=21);
const JARS: Jars = Jars {
    name: "neo4j-5.26.30",
    // The first alone has no engine to store records.
    artifacts: &[
        "org.neo4j.app:neo4j-server:5.26.30",
        "org.neo4j:neo4j:5.26.30",
    ],
};
const MAIN: &str = "org.neo4j.server.CommunityEntryPoint";
const USER: &str = "neo4j";
const LIMIT: Duration = Duration::from_secs(5);

/// A transaction that deletes 300,000 nodes fits into this heap.
const MEMORY: [&str; 3] = ["-Xms128m", "-Xmx1g", "-XX:+ExitOnOutOfMemoryError"];
/// What it reaches into by itself.
const OPENED: [&str; 4] = [
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
];
const SETTINGS: &str = "\
server.default_listen_address=127.0.0.1
server.default_advertised_address=127.0.0.1
server.https.enabled=false
server.memory.pagecache.size=128m
server.bolt.tls_level=OPTIONAL
dbms.ssl.policy.bolt.enabled=true
dbms.ssl.policy.bolt.base_directory=.
dbms.ssl.policy.bolt.private_key=server.key
dbms.ssl.policy.bolt.public_certificate=server.pem
dbms.ssl.policy.bolt.client_auth=NONE
dbms.usage_report.enabled=false
# Tests that log in wrongly must not lock others out.
dbms.security.auth_max_failed_attempts=0
# The log of transactions takes the room that it needs, instead of 256 MB for each database.
db.tx_log.preallocate=false
db.tx_log.rotation.size=32m
db.tx_log.rotation.retention_policy=false
# Ends within a second or two instead of eleven.
internal.dbms.bolt.netty_server_shutdown_quiet_period=0
";

fn build(_: &Tree, stages: &mut Stages) -> Result<()> {
    JAVA.fetch(stages)?;
    JARS.fetch(stages)
}

fn prepare(instance: &Instance) -> Result<()> {
    JAVA.prepare(instance)?;
    kept::twin(&JARS.folder()?, &instance.home.join("jars"))?;
    for folder in ["conf", "logs", "data", "data/dbms"] {
        instance.folder_of_its_own(folder)?;
    }
    instance.write("conf/neo4j.conf", SETTINGS)?;
    let account = account(instance)?;
    instance.write("data/dbms/auth.ini", &account).map(drop)
}

/// The only account, as the first start takes it over: name, way, digest of salt and password, salt. One round of the digest
/// is enough for a password that nobody could guess.
fn account(instance: &Instance) -> Result<String> {
    const SALT: &str = "parallax";
    // The same bytes.
    const SALT_IN_HEX: &str = "706172616c6c6178";
    let salted = format!("{SALT}{}", instance.password);
    let salted = instance.write("salted", &salted)?;
    let mut openssl = Command::new("openssl");
    openssl.args(["dgst", "-sha256", "-r"]).arg(&salted);
    let digest = instance.run(openssl)?;
    std::fs::remove_file(salted).during("remove a password")?;
    let digest = digest.split(' ').next().unwrap_or_default();
    Ok(format!("{USER}:SHA-256,{digest},{SALT_IN_HEX}:\n"))
}

fn command(instance: &Instance) -> Result<Command> {
    let home = &instance.home;
    let [bolt, http] = [instance.port("bolt")?, instance.port("http")?];
    let mut java = Command::new(JAVA.home(instance)?.join("bin/java"));
    java::forget_options(&mut java);
    java.args(FRUGAL)
        .args(MEMORY)
        .args(OPENED)
        .args(["-Dio.netty.tryReflectionSetAccessible=true"])
        // Relative to the home, which it runs in; Java finds what the star stands for.
        .args(["--class-path", "jars/*", MAIN])
        .arg(format!("--home-dir={}", home.display()))
        .arg(format!("--config-dir={}", home.join("conf").display()));
    for setting in [
        format!("server.bolt.listen_address=127.0.0.1:{bolt}"),
        format!("server.bolt.advertised_address=127.0.0.1:{bolt}"),
        format!("server.http.listen_address=127.0.0.1:{http}"),
        format!("server.http.advertised_address=127.0.0.1:{http}"),
    ] {
        java.args(["-c", &setting]);
    }
    Ok(java)
}

/// Logs in and lets it run a statement, over HTTP. Its port for Bolt opens before that one.
fn ready(instance: &Instance) -> Result<String> {
    let statement = "CALL dbms.components() YIELD versions RETURN versions[0]";
    let body = json!({"statements": [{"statement": statement}]});
    let request = Request {
        method: "POST",
        path: "/db/neo4j/tx/commit",
        body: Some(&body),
        login: Some([USER, &instance.password]),
        limit: LIMIT,
    };
    let answer = request.send(instance.port("http")?)?;
    let version = answer.pointer("/results/0/data/0/row/0");
    version
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| Failure::new(format!("it answered {answer}")))
}

fn urls(instance: &Instance) -> Result<Urls> {
    let (password, port) = (&instance.password, instance.port("bolt")?);
    let url = |scheme: &str| format!("{scheme}://{USER}:{password}@127.0.0.1:{port}");
    Ok(Urls {
        plain: url("bolt"),
        tls: Some(url("bolt+s")),
    })
}
