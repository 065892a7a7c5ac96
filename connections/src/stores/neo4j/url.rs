//! `bolt:` and `neo4j:` URLs, but for passwords, which a URL must not hold.
//!
//! Both mean the server that they name: a routing table is not followed, so that what is read is that server's. `+s` is TLS
//! with a certificate that is checked; `+ssc`, which takes any certificate, is refused.

use std::path::{Path, PathBuf};

use parallax_core::error::{Error, ErrorKind, Result};

use crate::suggest;

/// Where a server is, and how to speak to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    host: String,
    port: u16,
    is_encrypted: bool,
    /// The user; empty where the server asks for none.
    pub(super) user: String,
    /// The database; `None` for the user's home.
    pub(super) database: Option<String>,
    /// The file with the authority's certificate; `None` for those of the system.
    pub(super) authority: Option<PathBuf>,
}

const OPTIONS: [&str; 2] = ["ca", "database"];

impl Place {
    /// The URL for the driver.
    pub(super) fn uri(&self) -> String {
        let scheme = if self.is_encrypted { "bolt+s" } else { "bolt" };
        let host = &self.host;
        if host.contains(':') {
            format!("{scheme}://[{host}]:{}", self.port)
        } else {
            format!("{scheme}://{host}:{}", self.port)
        }
    }
}

/// The place that `url` names; files in it belong to the folder `base`.
pub(super) fn place(url: &str, base: &Path) -> Result<Place> {
    let (scheme, rest) = url
        .split_once("://")
        .ok_or_else(|| bad(url, "`//` is missing behind the scheme"))?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let hides = |it: &str| it.split('=').next().is_some_and(|it| it.contains("pass"));
    if user.split_once(':').is_some_and(|(_, it)| !it.is_empty()) || query.split('&').any(hides) {
        return Err(password());
    }
    if scheme.ends_with("+ssc") {
        return Err(
            bad(url, "a scheme with `+ssc` takes the certificate of anybody")
                .hint("write `+s`, and name the authority that signed the certificate: `?ca=FILE`"),
        );
    }
    let (host, port) = host_and_port(url, host)?;
    let mut place = Place {
        host,
        port,
        is_encrypted: scheme.ends_with("+s"),
        user: unescaped(url, user.trim_end_matches(':'))?,
        database: Some(unescaped(url, path)?).filter(|it| !it.is_empty()),
        authority: None,
    };
    for option in query.split('&').filter(|it| !it.is_empty()) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let value = unescaped(url, value)?;
        match name {
            "database" => place.database = Some(value).filter(|it| !it.is_empty()),
            "ca" => place.authority = Some(base.join(value)),
            _ => {
                return Err(bad(url, &format!("the option {name:?} is not supported"))
                    .hint(suggest::hint(name, OPTIONS)));
            }
        }
    }
    if place.authority.is_some() && !place.is_encrypted {
        return Err(
            bad(url, "`ca` names an authority, but nothing is encrypted")
                .hint("write `bolt+s` or `neo4j+s`"),
        );
    }
    Ok(place)
}

/// `HOST`, `HOST:PORT` or `[ADDRESS]:PORT`.
fn host_and_port(url: &str, text: &str) -> Result<(String, u16)> {
    let (host, port) = match text.strip_prefix('[').and_then(|it| it.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':').unwrap_or("")),
        None => text.split_once(':').unwrap_or((text, "")),
    };
    let port = match port {
        "" => 7_687,
        port => port
            .parse()
            .map_err(|_unread| bad(url, &format!("{port:?} is no port")))?,
    };
    let host = unescaped(url, host)?;
    let is_name = |it: char| it.is_alphanumeric() || matches!(it, '.' | '-' | '_' | ':' | '%');
    if !host.chars().all(is_name) {
        return Err(bad(url, &format!("{host:?} is no host")));
    }
    let host = if host.is_empty() {
        "localhost".to_owned()
    } else {
        host
    };
    Ok((host, port))
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
        .hint("for example `bolt://USER@HOST:7687/DATABASE`")
}

fn unescaped(url: &str, text: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    let digit = |it: Option<u8>| char::from(it.unwrap_or(b'x')).to_digit(16);
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return Err(bad(url, "a `%` is not followed by two hex digits"));
        };
        bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
    }
    String::from_utf8(bytes).map_err(|_unread| bad(url, "what `%` escapes is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Place {
        place(url, Path::new("/base")).expect(url)
    }

    #[test]
    fn a_url_names_server_user_and_database() {
        let it = read("bolt://a%40b@db.example:7688/my%20graph");
        assert_eq!(it.uri(), "bolt://db.example:7688");
        assert_eq!(
            (it.user.as_str(), it.database.as_deref()),
            ("a@b", Some("my graph"))
        );
        let it = read("neo4j+s://neo4j@[::1]?ca=ca.pem&database=shop");
        assert_eq!(it.uri(), "bolt+s://[::1]:7687");
        assert_eq!(it.database.as_deref(), Some("shop"));
        assert_eq!(it.authority.as_deref(), Some(Path::new("/base/ca.pem")));
        let it = read("neo4j://");
        assert_eq!(
            (it.uri().as_str(), it.database),
            ("bolt://localhost:7687", None)
        );
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for url in ["bolt://neo4j:hunter2@h", "bolt://h?x=1&password=hunter2"] {
            let error = place(url, Path::new("/")).expect_err(url);
            assert_eq!(error.kind, ErrorKind::InvalidInput);
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}");
        }
    }

    #[test]
    fn what_is_not_safe_or_not_understood_is_refused() {
        let error = place("bolt+ssc://h", Path::new("/")).expect_err("any certificate");
        assert!(error.hint.is_some_and(|it| it.contains("?ca=FILE")));
        for url in [
            "bolt:h",
            "bolt://h:x",
            "bolt://%x@h",
            "bolt://h?policy=x",
            "bolt://h?ca=x",
            "bolt://a b",
        ] {
            assert!(place(url, Path::new("/")).is_err(), "{url}");
        }
    }
}
