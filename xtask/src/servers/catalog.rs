//! The servers that we know how to run: a line here and a file each.

use std::process::Command;

use crate::failure::{Failure, Result};
use crate::install::Package;
use crate::servers::instance::Instance;
use crate::servers::{postgres, redis};
use crate::stage::Stages;
use crate::tree::Tree;

/// In the order in which they start.
pub(crate) const SERVERS: &[Server] = &[postgres::SERVER, redis::SERVER];

/// How to run one server. Several entries may be of one product.
pub(crate) struct Server {
    /// As people and tests say it.
    pub(crate) name: &'static str,
    pub(crate) product: &'static str,
    /// Servers that must run first.
    pub(crate) needs: &'static [&'static str],
    pub(crate) packages: &'static [Package],
    /// Downloads or builds what no package has, once, into [`crate::tree::tool_cache`].
    pub(crate) build: Option<fn(&Tree, &mut Stages) -> Result<()>>,
    /// Accounts without rights to run under when we are root, the best first.
    pub(crate) accounts: &'static [&'static str],
    /// A name for each port that it listens on.
    pub(crate) ports: &'static [&'static str],
    /// Goes up with every change of `prepare`, so that old folders are made anew.
    pub(crate) recipe: u64,
    /// Fills the empty home, which holds `server.pem` and `server.key` already.
    pub(crate) prepare: fn(&Instance) -> Result<()>,
    /// What runs in the foreground, in its home, until it gets `stop`.
    pub(crate) command: fn(&Instance) -> Result<Command>,
    /// Asks it over its own protocol, within a few seconds; answers its version.
    pub(crate) ready: fn(&Instance) -> Result<String>,
    pub(crate) urls: fn(&Instance) -> Result<Urls>,
    /// The signal that ends it soon and in good order.
    pub(crate) stop: &'static str,
}

/// How clients reach it, account and password included.
pub(crate) struct Urls {
    pub(crate) plain: String,
    pub(crate) tls: Option<String>,
}

/// The servers with these names, or all, each after those that it needs.
pub(crate) fn chosen(names: &[String]) -> Result<Vec<&'static Server>> {
    let mut chosen = Vec::new();
    if names.is_empty() {
        for server in SERVERS {
            add(server.name, &mut chosen)?;
        }
    }
    for name in names {
        add(name, &mut chosen)?;
    }
    Ok(chosen)
}

fn add(name: &str, chosen: &mut Vec<&'static Server>) -> Result<()> {
    if chosen.iter().any(|it| it.name == name) {
        return Ok(());
    }
    let server = SERVERS
        .iter()
        .find(|it| it.name == name)
        .ok_or_else(|| unknown(name))?;
    for needed in server.needs {
        add(needed, chosen)?;
    }
    chosen.push(server);
    Ok(())
}

fn unknown(name: &str) -> Failure {
    let alike = |it: &&Server| strsim::jaro_winkler(&name.to_lowercase(), it.name);
    let nearest = SERVERS
        .iter()
        .max_by(|one, other| alike(one).total_cmp(&alike(other)));
    let hint = nearest
        .filter(|it| alike(it) > 0.7)
        .map(|it| format!("; did you mean {:?}?", it.name));
    let known: Vec<&str> = SERVERS.iter().map(|it| it.name).collect();
    Failure::usage(format!(
        "there is no server {name:?}{} (known: {})",
        hint.unwrap_or_default(),
        known.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_is_answered_with_the_nearest() {
        let failure = chosen(&["postgers".to_owned()]).err().unwrap();
        let text = failure.to_string();
        assert!(text.contains("did you mean \"postgres\"?"), "{text}");
        let failure = chosen(&["mainframe".to_owned()]).err().unwrap();
        assert!(!failure.to_string().contains("did you mean"));
    }

    #[test]
    fn each_server_is_named_once_and_comes_after_those_that_it_needs() {
        let names: Vec<&str> = chosen(&[]).unwrap().iter().map(|it| it.name).collect();
        assert_eq!(names.len(), SERVERS.len());
        for server in SERVERS {
            let at = |name: &str| names.iter().position(|it| *it == name);
            assert!(server.needs.iter().all(|it| at(it) < at(server.name)));
        }
    }
}
