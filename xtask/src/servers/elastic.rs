//! Elasticsearch, with the modules that its own tests need: no scripts, no analysis beyond the core's, no other languages.
//!
//! People log in by a file of accounts, for the index of accounts and keys needs a module that is not there: `parallax` may
//! do everything, and `reader`, with the same password, may read indices whose names begin with `readable`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::http::Request;
use crate::running::poll;
use crate::servers::catalog::{Server, Urls};
use crate::servers::instance::Instance;
use crate::servers::java::{self, FRUGAL, Java};
use crate::servers::kept;
use crate::servers::maven::{Archive, MAVEN, UNZIP};
use crate::stage::Stages;
use crate::tree::Tree;

pub(crate) const SERVER: Server = Server {
    name: "elasticsearch",
    product: "Elasticsearch",
    needs: &[],
    packages: &[MAVEN, UNZIP, java::pip(|| JAVA.is_within_reach())],
    build: Some(build),
    accounts: &["elasticsearch"],
    ports: &["http", "transport"],
    recipe: 1,
    prepare,
    command,
    ready,
    urls,
    stop: "TERM",
};

pub(crate) const JAVA: Java = Java(17..=21);
const ARCHIVE: Archive = Archive {
    name: "elasticsearch-8.8.2",
    artifact: "org.elasticsearch.distribution.integ-test-zip:elasticsearch:8.8.2",
};
pub(crate) const USER: &str = "parallax";
const READER: &str = "reader";
const ROLES: &str = "\
reader:
  cluster: [monitor]
  indices:
    - names: [\"readable*\"]
      privileges: [read, view_index_metadata]
";
const SECURITY: &str = "\
xpack.security.enabled: true
xpack.security.autoconfiguration.enabled: false
xpack.security.enrollment.enabled: false
";

const LIMIT: Duration = Duration::from_secs(5);
/// How long data may be looked for by a server that answers already.
const SETTLE: Duration = Duration::from_secs(2);

/// Lines of the file of options that would write into the folder of the program, and a module that only fuller compilers use.
const UNWANTED: [&str; 4] = ["Xlog", "HeapDump", "ErrorFile", "jdk.incubator.vector"];

fn build(_: &Tree, stages: &mut Stages) -> Result<()> {
    JAVA.fetch(stages)?;
    ARCHIVE.fetch(stages)
}

fn prepare(instance: &Instance) -> Result<()> {
    prepare_secured(instance, "")
}

/// With `more` settings than usual.
pub(crate) fn prepare_secured(instance: &Instance, more: &str) -> Result<()> {
    JAVA.prepare(instance)?;
    let program = ARCHIVE.folder()?.join(ARCHIVE.name);
    let more = format!("{SECURITY}{more}");
    prepare_with(instance, &program, "elasticsearch.yml", &more)?;
    let password = &instance.password;
    // A password without the name of a digest is taken as it stands; the file is for the server's account alone.
    let users = format!("{USER}:{password}\n{READER}:{password}\n");
    instance.write("config/users", &users)?;
    let roles = format!("superuser:{USER}\nreader:{READER}\n");
    instance.write("config/users_roles", &roles)?;
    instance.write("config/roles.yml", ROLES).map(drop)
}

/// Brings `program` and writes the settings that do not change from start to start, with `more` of them, into `file`.
pub(crate) fn prepare_with(
    instance: &Instance,
    program: &Path,
    file: &str,
    more: &str,
) -> Result<()> {
    kept::twin(program, &instance.home.join("program"))?;
    for folder in ["config", "data", "logs", "tmp"] {
        instance.folder_of_its_own(folder)?;
    }
    let config = program.join("config");
    for (name, unwanted) in [("jvm.options", &UNWANTED[..]), ("log4j2.properties", &[])] {
        let text = java::lines_without(&config.join(name), unwanted)?;
        instance.write(&format!("config/{name}"), &text)?;
    }
    // What JSON quotes, YAML reads.
    let path = |name: &str| Value::from(instance.home.join(name).display().to_string());
    let text = format!(
        "cluster.name: parallax\n\
         node.name: one\n\
         network.host: 127.0.0.1\n\
         discovery.type: single-node\n\
         path.data: {}\n\
         path.logs: {}\n\
         # A disk that is nearly full is no reason to refuse the little that tests write.\n\
         cluster.routing.allocation.disk.threshold_enabled: false\n\
         {more}",
        path("data"),
        path("logs"),
    );
    instance.write(&format!("config/{file}"), &text).map(drop)
}

fn command(instance: &Instance) -> Result<Command> {
    command_with(instance, "512m")
}

pub(crate) fn command_with(instance: &Instance, heap: &str) -> Result<Command> {
    let mut command = command_of(instance, ["elasticsearch", "ES"], heap)?;
    command.env("ES_JAVA_HOME", JAVA.home(instance)?);
    // The program that starts the server, and stays beside it.
    command.env("CLI_JAVA_OPTS", FRUGAL.join(" "));
    Ok(command)
}

/// Runs `program`, whose variables begin with `prefix`.
pub(crate) fn command_of(
    instance: &Instance,
    [program, prefix]: [&str; 2],
    heap: &str,
) -> Result<Command> {
    let home = &instance.home;
    let mut command = Command::new(home.join("program/bin").join(program));
    java::forget_options(&mut command);
    // Memory is taken when it is used, and not before.
    let own = format!("-Xms{heap} -Xmx{heap} -XX:-AlwaysPreTouch -XX:-UseG1GC");
    let options = format!("{own} {}", FRUGAL.join(" "));
    command
        .arg(format!("-Ehttp.port={}", instance.port("http")?))
        .arg(format!("-Etransport.port={}", instance.port("transport")?))
        .env(format!("{prefix}_PATH_CONF"), home.join("config"))
        .env(format!("{prefix}_TMPDIR"), home.join("tmp"))
        .env(format!("{prefix}_JAVA_OPTS"), options)
        .env("HOME", home);
    Ok(command)
}

/// Logs in, and asks whether it has found its data.
fn ready(instance: &Instance) -> Result<String> {
    let login = Some([USER, instance.password.as_str()]);
    let port = instance.port("http")?;
    version(|path| ask(port, path, login))
}

pub(crate) fn ask(port: u16, path: &str, login: Option<[&str; 2]>) -> Result<Value> {
    let request = Request {
        method: "GET",
        path,
        body: None,
        login,
        limit: LIMIT,
    };
    request.send(port)
}

/// The version of a server that has found its data, as it has a while after its first answer; `ask` gets paths.
pub(crate) fn version(ask: impl Fn(&str) -> Result<Value>) -> Result<String> {
    let version = ask("/")?;
    let version = version.pointer("/version/number").and_then(Value::as_str);
    let version = version.ok_or_else(|| Failure::new("it does not tell its version"))?;
    let settled = poll(SETTLE, || match ask("/_cluster/health") {
        Ok(health) => is_settled(&health).then_some(Ok(())),
        Err(failure) => Some(Err(failure)),
    });
    settled.unwrap_or_else(|| Err(Failure::new("it still looks for its data")))?;
    Ok(version.to_owned())
}

/// Data that is lost for good is none that is still looked for.
fn is_settled(health: &Value) -> bool {
    let count = |name: &str| health.get(name).and_then(Value::as_u64);
    let is_lost = count("unassigned_shards") > Some(0)
        && count("initializing_shards") == Some(0)
        && count("number_of_in_flight_fetch") == Some(0)
        && count("number_of_pending_tasks") == Some(0);
    is_lost || health.get("status").is_some_and(|it| it != "red")
}

fn urls(instance: &Instance) -> Result<Urls> {
    let (password, port) = (&instance.password, instance.port("http")?);
    Ok(Urls {
        plain: format!("http://{USER}:{password}@127.0.0.1:{port}"),
        tls: None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn health(status: &str, unassigned: u64, initializing: u64) -> Value {
        json!({
            "status": status,
            "unassigned_shards": unassigned,
            "initializing_shards": initializing,
            "number_of_in_flight_fetch": 0,
            "number_of_pending_tasks": 0,
        })
    }

    #[test]
    fn a_server_is_settled_once_its_data_is_found_or_lost() {
        assert!(is_settled(&health("green", 0, 0)));
        assert!(is_settled(&health("yellow", 1, 0)));
        assert!(is_settled(&health("red", 1, 0)));
        assert!(!is_settled(&health("red", 1, 1)));
        // Before it has read what there is.
        assert!(!is_settled(&health("red", 0, 0)));
        assert!(!is_settled(&json!({"error": "no"})));
    }
}
