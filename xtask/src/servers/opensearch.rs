//! OpenSearch with the modules of its core, scripts among them, but one, and without plugins: nobody has to log in.

use std::process::Command;

use crate::failure::{During, Result};
use crate::servers::catalog::{Server, Urls};
use crate::servers::elastic;
use crate::servers::instance::Instance;
use crate::servers::java::{self, Java};
use crate::servers::maven::{Archive, MAVEN, UNZIP};
use crate::stage::Stages;
use crate::tree::Tree;

pub(crate) const SERVER: Server = Server {
    name: "opensearch",
    product: "OpenSearch",
    needs: &[],
    packages: &[MAVEN, UNZIP, java::pip(|| JAVA.is_within_reach())],
    build: Some(build),
    accounts: &["opensearch"],
    ports: &["http", "transport"],
    recipe: 2,
    prepare,
    command,
    ready,
    urls,
    stop: "TERM",
};

const JAVA: Java = Java(21..=25);
const ARCHIVE: Archive = Archive {
    name: "opensearch-3.8.0",
    artifact: "org.opensearch.distribution.integ-test-zip:opensearch:3.8.0",
};

fn build(_: &Tree, stages: &mut Stages) -> Result<()> {
    JAVA.fetch(stages)?;
    ARCHIVE.fetch(stages)
}

fn prepare(instance: &Instance) -> Result<()> {
    JAVA.prepare(instance)?;
    let program = ARCHIVE.folder()?.join(ARCHIVE.name);
    elastic::prepare_with(instance, &program, "opensearch.yml", "")?;
    // Small Java runtimes know too few languages for it, and then no index can be made.
    let analysis = instance.home.join("program/modules/analysis-common");
    std::fs::remove_dir_all(analysis).during("leave out a module")
}

fn command(instance: &Instance) -> Result<Command> {
    let mut command = elastic::command_of(instance, ["opensearch", "OPENSEARCH"], "512m")?;
    command.env("OPENSEARCH_JAVA_HOME", JAVA.home(instance)?);
    Ok(command)
}

fn ready(instance: &Instance) -> Result<String> {
    let port = instance.port("http")?;
    elastic::version(|path| elastic::ask(port, path, None))
}

fn urls(instance: &Instance) -> Result<Urls> {
    Ok(Urls {
        plain: format!("http://127.0.0.1:{}", instance.port("http")?),
        tls: None,
    })
}
