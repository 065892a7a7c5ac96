//! The servers that we know how to run: a line here and a file each.

use std::process::Command;

use crate::failure::{Failure, Result};
use crate::install::Package;
use crate::servers::instance::Instance;
use crate::servers::{
    elastic, elastic_tls, ferretdb, mariadb, mariadb_replica, mongo_java, neo4j, opensearch,
    postgres, postgres_standby, postgres_subscriber, redis,
};
use crate::stage::Stages;
use crate::tree::Tree;

/// In the order in which they start.
pub(crate) const SERVERS: &[Server] = &[
    postgres::SERVER,
    redis::SERVER,
    mariadb::SERVER,
    mongo_java::SERVER,
    ferretdb::SERVER,
    neo4j::SERVER,
    elastic::SERVER,
    elastic_tls::SERVER,
    opensearch::SERVER,
    mariadb_replica::SERVER,
    postgres_standby::SERVER,
    postgres_subscriber::SERVER,
];

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
    let server = server(name)?;
    for needed in server.needs {
        add(needed, chosen)?;
    }
    chosen.push(server);
    Ok(())
}

/// Those that need each other, together and in their order; no family has to do with another.
pub(crate) fn families(servers: &[&'static Server]) -> Vec<Vec<&'static Server>> {
    let mut families: Vec<Vec<&'static Server>> = Vec::new();
    for server in servers {
        let is_needed = |it: &&Server| server.needs.contains(&it.name);
        let (own, mut others): (Vec<_>, Vec<_>) = families
            .into_iter()
            .partition(|family| family.iter().any(is_needed));
        others.push(own.into_iter().flatten().chain([*server]).collect());
        families = others;
    }
    families
}

/// The server with this name.
pub(crate) fn server(name: &str) -> Result<&'static Server> {
    let found = SERVERS.iter().find(|it| it.name == name);
    found.ok_or_else(|| unknown(name))
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

    #[test]
    fn a_server_is_in_the_family_of_those_that_it_needs() {
        let families = families(&chosen(&[]).unwrap());
        for server in SERVERS {
            let is_own = |family: &&Vec<&Server>| family.iter().any(|it| it.name == server.name);
            let own: Vec<_> = families.iter().filter(is_own).collect();
            assert_eq!(own.len(), 1);
            let at = |name: &str| own[0].iter().position(|it| it.name == name);
            assert!(
                server
                    .needs
                    .iter()
                    .all(|it| at(it).is_some() && at(it) < at(server.name))
            );
        }
    }
}
