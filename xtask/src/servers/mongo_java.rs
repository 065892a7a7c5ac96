//! mongo-java-server: the MongoDB wire over memory, with the aggregation that other stand-ins lack. It knows no accounts, and
//! forgets everything when it ends.

use std::process::Command;

use crate::failure::{During, Result};
use crate::install::Package;
use crate::servers::catalog::{Server, Urls};
use crate::servers::certificate::OPENSSL;
use crate::servers::instance::Instance;
use crate::servers::maven::{JDK, Jars, MAVEN};
use crate::servers::{kept, mongo};
use crate::stage::Stages;
use crate::tree::Tree;

pub(crate) const SERVER: Server = Server {
    name: "mongo-java-server",
    product: "mongo-java-server",
    needs: &[],
    packages: PACKAGES,
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

const PACKAGES: &[Package] = &[JDK, MAVEN, OPENSSL];

const JARS: Jars = Jars {
    name: "mongo-java-server-1.47.0",
    artifacts: &["de.bwaldvogel:mongo-java-server:1.47.0"],
};

/// The library has no program of its own.
const LAUNCHER: &str = include_str!("mongo_java/Launcher.java");
/// Its number goes up with every change of the source.
const LAUNCHER_FOLDER: &str = "mongo-java-launcher-2";

fn build(_: &Tree, stages: &mut Stages) -> Result<()> {
    JARS.fetch(stages)?;
    let compiled = kept::once(LAUNCHER_FOLDER, |folder| {
        let source = folder.join("Launcher.java");
        std::fs::write(&source, LAUNCHER).during("write a source file")?;
        let mut javac = Command::new("javac");
        javac
            .arg("--class-path")
            .arg(JARS.folder()?.join("*"))
            .arg("-d")
            .arg(folder)
            .arg(source);
        let what = "compiles the program around mongo-java-server";
        stages.run("mongo-java-launcher", what, javac).map(drop)
    });
    compiled.map(drop)
}

fn prepare(instance: &Instance) -> Result<()> {
    kept::twin(&JARS.folder()?, &instance.home.join("jars"))?;
    let launcher = kept::folder(LAUNCHER_FOLDER)?;
    kept::twin(&launcher, &instance.home.join("launcher"))?;
    instance.folder_of_its_own("data").map(drop)
}

/// A million documents of a benchmark fit into it, and what a question about all of them makes; it grows where a fifth of
/// the time would go into collecting garbage. Both cores collect, for a server that stands still for long is taken for lost.
const MEMORY: [&str; 3] = ["-Xmx12g", "-XX:+UseParallelGC", "-XX:GCTimeRatio=4"];

fn command(instance: &Instance) -> Result<Command> {
    let mut java = Command::new("java");
    for options in ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"] {
        // What a person has set for own programs is not for us.
        java.env_remove(options);
    }
    java.args(MEMORY)
        .arg("-XX:TieredStopAtLevel=1")
        // Relative to the home, which it runs in.
        .args(["--class-path", "launcher:jars/*", "Launcher"])
        .arg(instance.port("plain")?.to_string())
        .arg(instance.port("tls")?.to_string())
        .args(["server.pem", "server.key"]);
    Ok(java)
}

/// The version of the wire that it plays, for it tells no other.
fn ready(instance: &Instance) -> Result<String> {
    mongo::build_text(instance.port("plain")?, "version")
}

fn urls(instance: &Instance) -> Result<Urls> {
    let url = |port: u16| format!("mongodb://127.0.0.1:{port}/parallax");
    Ok(Urls {
        plain: url(instance.port("plain")?),
        tls: Some(format!("{}?tls=true", url(instance.port("tls")?))),
    })
}
