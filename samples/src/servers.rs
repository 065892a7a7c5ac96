//! Where the test servers are: the address file that `cargo xtask servers up` writes.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{Error, Result};

const HINT: &str = "start the servers first: cargo xtask servers up";

/// One server.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    /// Its URL, without the password.
    pub url: String,
    pub(crate) password: String,
}

impl Server {
    /// Takes a URL apart, as `scheme://user:password@host:port/rest`.
    pub fn of(url: &str) -> Self {
        let taken = || {
            let (scheme, rest) = url.split_once("://")?;
            let (login, place) = rest.rsplit_once('@')?;
            let (user, password) = login.split_once(':')?;
            let at = if user.is_empty() { "" } else { "@" };
            Some(Self {
                url: format!("{scheme}://{user}{at}{place}"),
                password: password.to_owned(),
            })
        };
        taken().unwrap_or_else(|| Self {
            url: url.to_owned(),
            password: String::new(),
        })
    }

    /// The password, for a client and nothing else.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The same server with something else behind its host and port.
    pub(crate) fn at(&self, rest: &str) -> String {
        let behind = self.url.find("://").map_or(0, |it| it + 3);
        let slash = self.url.get(behind..).and_then(|it| it.find('/'));
        let end = slash.map_or(self.url.len(), |it| behind + it);
        let place = self.url.get(..end).unwrap_or_default();
        format!("{place}/{rest}")
    }

    /// Whether a URL leads to this server.
    pub(crate) fn serves(&self, url: &str) -> bool {
        Self::of(url).at("") == self.at("")
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// The servers of the sample `duo`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Servers {
    /// PostgreSQL; the database that its URL names is only visited.
    pub postgres: Server,
    /// Redis.
    pub redis: Server,
}

impl Servers {
    /// Reads the file that `PARALLAX_SERVERS` names, else `target/servers/servers.json` here or above.
    pub fn find() -> Result<Self> {
        let named = std::env::var_os("PARALLAX_SERVERS").map(PathBuf::from);
        let file = match named {
            Some(file) => file,
            None => above(&std::env::current_dir()?)
                .ok_or_else(|| Error::new("no test servers are known").hint(HINT))?,
        };
        Self::read(&file).map_err(|it| {
            it.while_doing(format!("read {}", file.display()))
                .hint(HINT)
        })
    }

    fn read(file: &Path) -> Result<Self> {
        let book: Value = serde_json::from_slice(&std::fs::read(file)?)?;
        let server = |name: &str| {
            let url = book.get(name).and_then(|it| it.get("url")?.as_str());
            url.map(Server::of)
                .ok_or_else(|| Error::new(format!("no server {name:?}")))
        };
        Ok(Self {
            postgres: server("postgres")?,
            redis: server("redis")?,
        })
    }

    /// The password for a URL, if one of the servers is meant.
    pub(crate) fn password_for(&self, url: &str) -> Option<&str> {
        let all = [&self.postgres, &self.redis];
        all.into_iter()
            .find(|it| it.serves(url))
            .map(Server::password)
    }
}

fn above(dir: &Path) -> Option<PathBuf> {
    dir.ancestors()
        .map(|it| it.join("target/servers/servers.json"))
        .find(|it| it.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_taken_out_of_a_url_and_not_shown() {
        let server = Server::of("redis://:hunter2@127.0.0.1:6379/0");
        assert_eq!(
            (server.url.as_str(), server.password()),
            ("redis://127.0.0.1:6379/0", "hunter2")
        );
        assert!(!format!("{server:?}").contains("hunter2"));
        assert_eq!(server.at("7"), "redis://127.0.0.1:6379/7");
        assert!(server.serves("redis://127.0.0.1:6379/3"));
        assert!(!server.serves("redis://127.0.0.1:6380/0"));
        let server = Server::of("postgres://me:hunter2@127.0.0.1:5432/me");
        assert_eq!(server.at("duo"), "postgres://me@127.0.0.1:5432/duo");
    }
}
