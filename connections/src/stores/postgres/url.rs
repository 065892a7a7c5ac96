//! `postgres:` URLs, by the conventions of libpq, but for passwords, which a URL must not hold.

use std::path::{Path, PathBuf};
use std::time::Duration;

use parallax_core::error::{Error, ErrorKind, Result};

use crate::suggest;

/// How long one attempt to connect may take, unless the URL says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a server is, and how to speak to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Hosts to try in this order, each a name, an address, or the folder of a socket.
    pub(super) hosts: Vec<(String, u16)>,
    pub(super) user: String,
    pub(super) database: String,
    pub(super) tls: SslMode,
    pub(super) roots: Option<PathBuf>,
    pub(super) application: String,
    /// Settings for the session, as `options` of libpq.
    pub(super) options: Option<String>,
    pub(super) connect_timeout: Duration,
}

/// Whether TLS is used, and what is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SslMode {
    Disable,
    /// Only where the server refuses to go on without.
    Allow,
    /// Where the server has it.
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

const SSL_MODES: [(&str, SslMode); 6] = [
    ("disable", SslMode::Disable),
    ("allow", SslMode::Allow),
    ("prefer", SslMode::Prefer),
    ("require", SslMode::Require),
    ("verify-ca", SslMode::VerifyCa),
    ("verify-full", SslMode::VerifyFull),
];

const OPTIONS: [&str; 9] = [
    "application_name",
    "connect_timeout",
    "dbname",
    "host",
    "options",
    "port",
    "sslmode",
    "sslrootcert",
    "user",
];

/// The place that `url` names; files in it belong to the folder `base`.
pub(super) fn place(url: &str, base: &Path) -> Result<Place> {
    let rest = url.split_once("://").map(|(_, it)| it);
    let rest = rest.ok_or_else(|| bad(url, "`//` is missing behind the scheme"))?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (user, hosts),
        None => ("", authority),
    };
    if user.split_once(':').is_some_and(|(_, it)| !it.is_empty()) {
        return Err(password());
    }
    let user = user.trim_end_matches(':');
    let mut place = Place {
        hosts: Vec::new(),
        user: unescaped(url, user)?,
        database: unescaped(url, database)?,
        tls: SslMode::Prefer,
        roots: None,
        application: "parallax".to_owned(),
        options: None,
        connect_timeout: CONNECT_TIMEOUT,
    };
    let mut named = Hosts::of(url, hosts)?;
    for option in query.split('&').filter(|it| !it.is_empty()) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let value = unescaped(url, value)?;
        match name {
            "host" => named.hosts = value.split(',').map(ToOwned::to_owned).collect(),
            "port" => named.ports = value.split(',').map(ToOwned::to_owned).collect(),
            _ => set(&mut place, url, name, value, base)?,
        }
    }
    place.hosts = named.pairs(url)?;
    if place.user.is_empty() {
        place.user = std::env::var("USER").unwrap_or_else(|_| "postgres".to_owned());
    }
    if place.database.is_empty() {
        place.database.clone_from(&place.user);
    }
    if place.hosts.iter().any(|(host, _)| host.contains('\0')) || place.user.contains('\0') {
        return Err(bad(url, "it holds a NUL"));
    }
    Ok(place)
}

fn set(place: &mut Place, url: &str, name: &str, value: String, base: &Path) -> Result<()> {
    match name {
        "user" => place.user = value,
        "dbname" => place.database = value,
        "application_name" => place.application = value,
        "options" => place.options = Some(value),
        "sslrootcert" if value == "system" => place.roots = None,
        "sslrootcert" => place.roots = Some(base.join(value)),
        "sslmode" => {
            let mode = SSL_MODES.iter().find(|(it, _)| *it == value);
            let modes = SSL_MODES.map(|(it, _)| it);
            let unknown = || {
                bad(url, &format!("sslmode={value} is none that is known"))
                    .hint(suggest::hint(&value, modes))
            };
            place.tls = mode.map(|(_, it)| *it).ok_or_else(unknown)?;
        }
        "connect_timeout" => {
            let seconds: u64 = value
                .parse()
                .map_err(|_unread| bad(url, "connect_timeout is not a number of seconds"))?;
            // 0 means for ever in libpq; the call's own deadline still holds.
            let seconds = if seconds == 0 { 3600 } else { seconds.max(2) };
            place.connect_timeout = Duration::from_secs(seconds);
        }
        // What other clients understand and we need not.
        "gssencmode" | "channel_binding" if value != "require" => {}
        "target_session_attrs" if value == "any" => {}
        _ if name.contains("pass") => return Err(password()),
        _ => {
            return Err(bad(url, &format!("the option {name:?} is not supported"))
                .hint(suggest::hint(name, OPTIONS)));
        }
    }
    Ok(())
}

/// Hosts and their ports as they are written: one port may be that of all.
struct Hosts {
    hosts: Vec<String>,
    ports: Vec<String>,
}

impl Hosts {
    fn of(url: &str, text: &str) -> Result<Self> {
        let (mut hosts, mut ports) = (Vec::new(), Vec::new());
        for host in text.split(',') {
            let bracketed = host.strip_prefix('[').and_then(|it| it.split_once(']'));
            let (host, port) = match bracketed {
                Some((host, rest)) => (host, rest.strip_prefix(':').unwrap_or("")),
                None => host.rsplit_once(':').unwrap_or((host, "")),
            };
            hosts.push(unescaped(url, host)?);
            ports.push(port.to_owned());
        }
        Ok(Self { hosts, ports })
    }

    fn pairs(self, url: &str) -> Result<Vec<(String, u16)>> {
        let only = if self.ports.len() == 1 {
            self.ports.first()
        } else {
            None
        };
        let pair = |(at, host): (usize, String)| {
            let port = only
                .or_else(|| self.ports.get(at))
                .map_or("", String::as_str);
            let port = if port.is_empty() { "5432" } else { port };
            let port = port
                .parse()
                .map_err(|_unread| bad(url, &format!("{port:?} is no port")))?;
            let host = if host.is_empty() {
                "localhost".to_owned()
            } else {
                host
            };
            Ok((host, port))
        };
        self.hosts.into_iter().enumerate().map(pair).collect()
    }
}

fn password() -> Error {
    // Without the URL, for it holds the password.
    Error::new(ErrorKind::InvalidInput, "read the store's URL")
        .because("it holds a password")
        .hint(r#"take it out and say where it is kept: secret = "keychain", "env:NAME" or "file:PATH""#)
}

fn bad(url: &str, why: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("read the URL {url:?}"))
        .because(why)
        .hint("for example `postgres://USER@HOST:5432/DATABASE?sslmode=verify-full`")
}

fn unescaped(url: &str, text: &str) -> Result<String> {
    crate::stores::common::unescaped(text).map_err(|why| bad(url, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Place {
        place(url, Path::new("/base")).expect(url)
    }

    #[test]
    fn a_url_is_read_as_libpq_reads_it() {
        let it =
            read("postgres://shop@db.example:6432/orders?sslmode=verify-full&sslrootcert=ca.pem");
        assert_eq!(it.hosts, [("db.example".to_owned(), 6432)]);
        assert_eq!((it.user.as_str(), it.database.as_str()), ("shop", "orders"));
        assert_eq!(it.tls, SslMode::VerifyFull);
        assert_eq!(it.roots.as_deref(), Some(Path::new("/base/ca.pem")));
        let it = read("postgresql://a%40b@[::1]/d%20e?application_name=x&options=-c%20geqo%3Doff");
        assert_eq!(it.hosts, [("::1".to_owned(), 5432)]);
        assert_eq!((it.user.as_str(), it.database.as_str()), ("a@b", "d e"));
        assert_eq!(it.options.as_deref(), Some("-c geqo=off"));
        let it = read("postgres://shop@/shop?host=/var/run/postgresql&port=5433");
        assert_eq!(it.hosts, [("/var/run/postgresql".to_owned(), 5433)]);
        let it = read("postgres://shop@one,two:6000/");
        assert_eq!(
            it.hosts,
            [("one".to_owned(), 5432), ("two".to_owned(), 6000)]
        );
        assert_eq!(it.database, "shop");
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for url in [
            "postgres://shop:hunter2@localhost/shop",
            "postgres://shop@localhost/shop?password=hunter2",
            "postgres://shop@localhost/shop?sslpassword=hunter2",
        ] {
            let error = place(url, Path::new("/")).expect_err(url);
            assert_eq!(error.kind, ErrorKind::InvalidInput);
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}");
            assert!(error.hint.is_some_and(|it| it.contains("secret")));
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_with_a_guess() {
        let error = place("postgres://h/d?sslmod=require", Path::new("/")).expect_err("no option");
        assert_eq!(error.hint.as_deref(), Some("did you mean \"sslmode\"?"));
        for url in [
            "postgres:h",
            "postgres://h:x/d",
            "postgres://h/d?sslmode=maybe",
            "postgres://%x@h",
        ] {
            assert!(place(url, Path::new("/")).is_err(), "{url}");
        }
    }
}
