//! `redis:` and `rediss:` URLs: where the server is, as whom, and whom to trust.

use std::path::{Path, PathBuf};

use parallax_core::error::{Error, ErrorKind, Result};

const PORT: u16 = 6379;

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: Option<String>,
    pub(super) database: u32,
    pub(super) tls: Option<Trust>,
}

/// Whose certificates are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Those that this system trusts.
    System,
    /// Those signed by an authority in this file.
    File(PathBuf),
}

/// Reads `redis://[user@]host[:port][/database]`; a relative `?ca=FILE` belongs to the folder `base`.
///
/// Fails with [`ErrorKind::InvalidInput`], also where the URL holds a password, which is then in no message.
pub(super) fn address(url: &str, base: &Path) -> Result<Address> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = place.split_once('/').unwrap_or((place, ""));
    let (user, place) = match authority.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, authority),
    };
    if user.is_some_and(|it| it.contains(':')) {
        return Err(password());
    }
    let (host, port) = host_and_port(place).ok_or_else(|| bad("it names no host, or no port"))?;
    let user = user.filter(|it| !it.is_empty()).map(|it| {
        unescaped(it).ok_or_else(|| bad("a `%` is not followed by two hex digits of UTF-8"))
    });
    Ok(Address {
        host,
        port,
        user: user.transpose()?,
        database: database(path)?,
        tls: trust(scheme == "rediss", query, base)?,
    })
}

fn host_and_port(place: &str) -> Option<(String, u16)> {
    let (host, port) = match place.strip_prefix('[') {
        // An IPv6 address stands in brackets.
        Some(rest) => rest.split_once(']')?,
        None => place.split_at_checked(place.find(':').unwrap_or(place.len()))?,
    };
    let port = match port.strip_prefix(':') {
        Some(port) => port.parse().ok()?,
        None if port.is_empty() => PORT,
        None => return None,
    };
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

fn database(path: &str) -> Result<u32> {
    match path {
        "" => Ok(0),
        path => path
            .parse()
            .map_err(|_no_number| bad("behind the host stands the number of a database")),
    }
}

fn trust(tls: bool, query: &str, base: &Path) -> Result<Option<Trust>> {
    let mut trust = tls.then_some(Trust::System);
    for option in query.split('&').filter(|it| !it.is_empty()) {
        match option.split_once('=').unwrap_or((option, "")) {
            ("ca", file) if tls && !file.is_empty() => {
                let file = unescaped(file)
                    .ok_or_else(|| bad("a `%` is not followed by two hex digits of UTF-8"))?;
                trust = Some(Trust::File(base.join(file)));
            }
            ("ca", _) => return Err(bad("`ca=FILE` is for `rediss://`")),
            (name, _) => return Err(bad(&format!("the option {name:?} is not supported"))),
        }
    }
    Ok(trust)
}

fn bad(why: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, "read the URL")
        .because(why)
        .hint("for example `redis://127.0.0.1:6379/0`, or `rediss://user@host:6379/0?ca=ca.pem`")
}

fn password() -> Error {
    Error::new(ErrorKind::InvalidInput, "read the URL")
        .because("it holds a password")
        .hint(
            r#"take it out and say where it is kept: secret = "keychain", "env:NAME" or "file:PATH""#,
        )
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [char::from(rest.next()?), char::from(rest.next()?)];
            bytes.push(u8::from_str_radix(&String::from_iter(digits), 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(url: &str) -> Address {
        address(url, Path::new("/base")).expect("an address")
    }

    #[test]
    fn a_url_says_where_and_as_whom() {
        let plain = read("redis://cache.example");
        assert_eq!((plain.host.as_str(), plain.port), ("cache.example", 6379));
        assert_eq!((plain.database, plain.tls, plain.user), (0, None, None));
        let full = read("rediss://a%40b@[::1]:7000/3?ca=tls/ca.pem");
        assert_eq!((full.host.as_str(), full.port), ("::1", 7000));
        assert_eq!((full.database, full.user.as_deref()), (3, Some("a@b")));
        assert_eq!(full.tls, Some(Trust::File("/base/tls/ca.pem".into())));
        assert_eq!(read("rediss://h").tls, Some(Trust::System));
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for url in ["redis://:hunter2@h", "redis://u:hunter2@h:1/0"] {
            let error = address(url, Path::new("/")).expect_err(url);
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
            assert!(error.hint.is_some_and(|it| it.contains("secret =")));
        }
    }

    #[test]
    fn a_broken_url_is_refused() {
        for url in [
            "redis://",
            "redis://:6379",
            "redis://h:x",
            "redis://h:99999",
            "redis://h/one",
            "redis://h?ca=x",
            "rediss://h?ca=",
            "rediss://h?insecure=1",
            "redis://[::1",
        ] {
            let error = address(url, Path::new("/")).expect_err(url);
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{url}");
        }
    }
}
