//! `mysql:` and `mariadb:` URLs, by the conventions of the servers' own clients, but for passwords, which a URL must not
//! hold.

use std::path::{Path, PathBuf};
use std::time::Duration;

use parallax_core::error::{Error, ErrorKind, Result};

use crate::suggest;

/// How long one attempt to connect may take, unless the URL says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a server is, and how to speak to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) host: String,
    pub(super) port: u16,
    /// A socket of this machine, which takes the place of host and port.
    pub(super) socket: Option<PathBuf>,
    pub(super) user: String,
    pub(super) database: Option<String>,
    /// What the URL says of TLS; `None` where it says nothing.
    pub(super) tls: Option<SslMode>,
    pub(super) roots: Option<PathBuf>,
    pub(super) connect_timeout: Duration,
}

/// Whether TLS is used, and what is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SslMode {
    Disabled,
    /// Where the server has it.
    Preferred,
    Required,
    VerifyCa,
    VerifyIdentity,
}

const SSL_MODES: [(&str, SslMode); 5] = [
    ("disabled", SslMode::Disabled),
    ("preferred", SslMode::Preferred),
    ("required", SslMode::Required),
    ("verify_ca", SslMode::VerifyCa),
    ("verify_identity", SslMode::VerifyIdentity),
];

const OPTIONS: [&str; 4] = ["connect-timeout", "socket", "ssl-ca", "ssl-mode"];

/// The place that `url` names; files in it belong to the folder `base`.
pub(super) fn place(url: &str, base: &Path) -> Result<Place> {
    let rest = url.split_once("://").map(|(_, it)| it);
    let rest = rest.ok_or_else(|| bad(url, "`//` is missing behind the scheme"))?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if user.split_once(':').is_some_and(|(_, it)| !it.is_empty()) {
        return Err(password());
    }
    let user = unescaped(url, user.trim_end_matches(':'))?;
    let (host, port) = host_and_port(url, host)?;
    let database = unescaped(url, database)?;
    let mut place = Place {
        host,
        port,
        socket: None,
        user,
        database: (!database.is_empty()).then_some(database),
        tls: None,
        roots: None,
        connect_timeout: CONNECT_TIMEOUT,
    };
    for option in query.split('&').filter(|it| !it.is_empty()) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let value = unescaped(url, value)?;
        set(&mut place, url, &name.replace('_', "-"), value, base)?;
    }
    if place.user.is_empty() {
        place.user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
    }
    let names = [
        Some(&place.host),
        Some(&place.user),
        place.database.as_ref(),
    ];
    if names.into_iter().flatten().any(|it| it.contains('\0')) {
        return Err(bad(url, "it holds a NUL"));
    }
    Ok(place)
}

fn set(place: &mut Place, url: &str, name: &str, value: String, base: &Path) -> Result<()> {
    match name {
        "socket" => place.socket = Some(base.join(value)),
        "ssl-ca" => place.roots = Some(base.join(value)),
        "ssl-mode" => {
            let wanted = value.to_lowercase().replace('-', "_");
            let mode = SSL_MODES.iter().find(|(it, _)| *it == wanted);
            let modes = SSL_MODES.map(|(it, _)| it);
            let unknown = || {
                bad(url, &format!("ssl-mode={value} is none that is known"))
                    .hint(suggest::hint(&wanted, modes))
            };
            place.tls = Some(mode.map(|(_, it)| *it).ok_or_else(unknown)?);
        }
        "connect-timeout" => {
            let seconds: u64 = value
                .parse()
                .map_err(|_unread| bad(url, "connect-timeout is not a number of seconds"))?;
            place.connect_timeout = Duration::from_secs(seconds.max(1));
        }
        _ if name.contains("pass") => return Err(password()),
        _ => {
            return Err(bad(url, &format!("the option {name:?} is not supported"))
                .hint(suggest::hint(name, OPTIONS)));
        }
    }
    Ok(())
}

fn host_and_port(url: &str, text: &str) -> Result<(String, u16)> {
    let bracketed = text.strip_prefix('[').and_then(|it| it.split_once(']'));
    let (host, port) = match bracketed {
        Some((host, rest)) => (host, rest.strip_prefix(':').unwrap_or("")),
        None => text.rsplit_once(':').unwrap_or((text, "")),
    };
    let port = if port.is_empty() { "3306" } else { port };
    let port = port
        .parse()
        .map_err(|_unread| bad(url, &format!("{port:?} is no port")))?;
    let host = if host.is_empty() { "localhost" } else { host };
    Ok((unescaped(url, host)?, port))
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
        .hint("for example `mysql://USER@HOST:3306/DATABASE?ssl-mode=verify_identity`")
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
    fn a_url_is_read_as_the_clients_read_it() {
        let it = read("mysql://shop@db.example:3307/orders?ssl-mode=VERIFY_IDENTITY&ssl-ca=ca.pem");
        assert_eq!((it.host.as_str(), it.port), ("db.example", 3307));
        assert_eq!(it.user, "shop");
        assert_eq!(it.database.as_deref(), Some("orders"));
        assert_eq!(it.tls, Some(SslMode::VerifyIdentity));
        assert_eq!(it.roots.as_deref(), Some(Path::new("/base/ca.pem")));
        let it = read("mariadb://a%40b@[::1]/?socket=/run/mysqld/mysqld.sock&connect-timeout=3");
        assert_eq!((it.host.as_str(), it.port), ("::1", 3306));
        assert_eq!((it.user.as_str(), it.database), ("a@b", None));
        assert_eq!(
            it.socket.as_deref(),
            Some(Path::new("/run/mysqld/mysqld.sock"))
        );
        assert_eq!(it.connect_timeout, Duration::from_secs(3));
        assert_eq!(read("mysql:///d").host, "localhost");
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for url in [
            "mysql://shop:hunter2@localhost/shop",
            "mysql://shop@localhost/shop?password=hunter2",
            "mariadb://shop:hunter2@localhost",
        ] {
            let error = place(url, Path::new("/")).expect_err(url);
            assert_eq!(error.kind, ErrorKind::InvalidInput);
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}");
            assert!(error.hint.is_some_and(|it| it.contains("secret")));
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_with_a_guess() {
        let error = place("mysql://h/d?ssl-mod=required", Path::new("/")).expect_err("no option");
        assert_eq!(error.hint.as_deref(), Some("did you mean \"ssl-mode\"?"));
        for url in [
            "mysql:h",
            "mysql://h:x/d",
            "mysql://h/d?ssl-mode=maybe",
            "mysql://%x@h",
        ] {
            assert!(place(url, Path::new("/")).is_err(), "{url}");
        }
    }
}
