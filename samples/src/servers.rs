//! Where the test servers are: the address file that `cargo xtask servers up` writes.

use std::collections::BTreeMap;
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

    /// The same server with something else behind its host and port; its options stay.
    pub(crate) fn at(&self, rest: &str) -> String {
        let (place, options) = match self.url.split_once('?') {
            Some((place, options)) => (place, format!("?{options}")),
            None => (self.url.as_str(), String::new()),
        };
        let behind = place.find("://").map_or(0, |it| it + 3);
        let slash = place.get(behind..).and_then(|it| it.find('/'));
        let end = slash.map_or(place.len(), |it| behind + it);
        let place = place.get(..end).unwrap_or_default();
        format!("{place}/{rest}{options}")
    }

    /// The same server with another URL on it.
    pub(crate) fn with(&self, url: String) -> Self {
        Self {
            url,
            password: self.password.clone(),
        }
    }

    /// The URL with the password in it, for a client that takes it from nowhere else.
    pub(crate) fn whole_url(&self) -> String {
        match self.url.split_once("://").zip(self.url.split_once('@')) {
            Some(((scheme, rest), (_, place))) if !self.password.is_empty() => {
                let user = rest.split('@').next().unwrap_or_default();
                format!("{scheme}://{user}:{}@{place}", encoded(&self.password))
            }
            _ => self.url.clone(),
        }
    }

    /// Whether a URL leads to this server.
    pub(crate) fn serves(&self, url: &str) -> bool {
        Self::of(url).at("") == self.at("")
    }
}

/// Percent-encodes all but letters and digits.
fn encoded(text: &str) -> String {
    let encode = |it: u8| {
        if it.is_ascii_alphanumeric() {
            char::from(it).to_string()
        } else {
            format!("%{it:02X}")
        }
    };
    text.bytes().map(encode).collect()
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Every server that an address file names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book(BTreeMap<String, Server>);

impl Book {
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
        let book: BTreeMap<String, Value> = serde_json::from_slice(&std::fs::read(file)?)?;
        let named = book.into_iter().filter_map(|(name, it)| {
            let url = it.get("url")?.as_str()?;
            Some((name, Server::of(url)))
        });
        Ok(named.collect())
    }

    /// The server of that name: `postgres`, `mariadb`.
    pub fn server(&self, name: &str) -> Result<&Server> {
        let server = self.0.get(name);
        server.ok_or_else(|| Error::new(format!("no server {name:?}")).hint(HINT))
    }

    /// The password for a URL, if one of the servers is meant.
    pub(crate) fn password_for(&self, url: &str) -> Option<&str> {
        let mut all = self.0.values();
        all.find(|it| it.serves(url)).map(Server::password)
    }
}

impl FromIterator<(String, Server)> for Book {
    fn from_iter<T: IntoIterator<Item = (String, Server)>>(servers: T) -> Self {
        Self(servers.into_iter().collect())
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
    /// Those of [`Book::find`].
    pub fn find() -> Result<Self> {
        let book = Book::find()?;
        Ok(Self {
            postgres: book.server("postgres")?.clone(),
            redis: book.server("redis")?.clone(),
        })
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

    #[test]
    fn options_of_a_url_stay_and_a_password_is_put_back_encoded() {
        let server = Server::of("mongodb://me:a/b@127.0.0.1:27017/me?authSource=admin");
        assert_eq!(
            server.at("other"),
            "mongodb://me@127.0.0.1:27017/other?authSource=admin"
        );
        let other = server.with(server.at("other"));
        assert_eq!(
            other.whole_url(),
            "mongodb://me:a%2Fb@127.0.0.1:27017/other?authSource=admin"
        );
        let open = Server::of("mongodb://127.0.0.1:27017/me");
        assert_eq!(open.whole_url(), open.url);
    }
}
