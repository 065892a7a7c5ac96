//! URLs of search servers: where the server is, as whom, and whom to trust.

use std::path::{Path, PathBuf};

use elasticsearch::http::Url;
use parallax_core::error::{Error, ErrorKind, Result};

use super::resource::decoded;

/// The usual port of these servers; `http` and `https` alone have the web's own.
const PORT: u16 = 9200;

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// The server, and the path before which its own paths stand; ends with a slash, holds no user.
    pub(super) base: Url,
    pub(super) user: Option<String>,
    pub(super) login: Login,
    /// The file of the authority that vouches for the server, beside the well-known ones.
    pub(super) ca: Option<PathBuf>,
}

/// What the secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Login {
    /// The password of the user.
    Password,
    /// An API key: the encoded form, or `ID:KEY`.
    ApiKey,
}

impl Address {
    /// The host and port, for messages.
    pub(super) fn place(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        let port = self.base.port_or_known_default().unwrap_or(PORT);
        format!("{host}:{port}")
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.base.scheme() == "https"
    }
}

/// Reads `elasticsearch+https://[user@]host[:port][/path][?ca=FILE&auth=apikey]`; a relative file belongs to `base`.
///
/// Fails with [`ErrorKind::InvalidInput`], also where the URL holds a password, which is then in no message.
pub(super) fn address(url: &str, base: &Path) -> Result<Address> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = place.split_once('/').unwrap_or((place, ""));
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    if user.is_some_and(|it| it.contains(':')) {
        return Err(password());
    }
    if host.contains(',') {
        return Err(bad("it names several hosts")
            .hint("name one of them, or the load balancer in front of them"));
    }
    let web = if scheme.ends_with("https") {
        "https"
    } else {
        "http"
    };
    let user = user.filter(|it| !it.is_empty()).map(|it| {
        decoded(it, false).ok_or_else(|| bad("a `%` is not followed by two hex digits of UTF-8"))
    });
    let options = Options::read(query, web == "https", base)?;
    Ok(Address {
        base: server(web, host, path, !scheme.starts_with("http"))?,
        user: user.transpose()?,
        login: options.login,
        ca: options.ca,
    })
}

fn server(web: &str, host: &str, path: &str, has_own_port: bool) -> Result<Url> {
    if host.is_empty() || host.starts_with(':') {
        return Err(bad("it names no host"));
    }
    let path = path.trim_matches('/');
    let slash = if path.is_empty() { "" } else { "/" };
    let text = format!("{web}://{host}/{path}{slash}");
    let mut url = Url::parse(&text).map_err(|it| bad(&it.to_string()))?;
    // A port that the scheme has anyway is not kept by the reader, so the text is asked.
    let behind_host = host.rsplit_once(']').map_or(host, |(_, it)| it);
    if has_own_port && !behind_host.contains(':') && url.set_port(Some(PORT)).is_err() {
        return Err(bad("it has no place for a port"));
    }
    Ok(url)
}

struct Options {
    login: Login,
    ca: Option<PathBuf>,
}

impl Options {
    fn read(query: &str, is_encrypted: bool, base: &Path) -> Result<Self> {
        let mut options = Self {
            login: Login::Password,
            ca: None,
        };
        for option in query.split('&').filter(|it| !it.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let value = decoded(value, false)
                .ok_or_else(|| bad("a `%` is not followed by two hex digits of UTF-8"))?;
            match (name, value.as_str()) {
                ("auth", "apikey") => options.login = Login::ApiKey,
                ("auth", "basic") => options.login = Login::Password,
                ("auth", _) => return Err(bad("`auth` is `basic` or `apikey`")),
                ("ca", file) if is_encrypted && !file.is_empty() => {
                    options.ca = Some(base.join(file));
                }
                ("ca", _) => return Err(bad("`ca=FILE` is for `elasticsearch+https://`")),
                (name, _) => return Err(bad(&format!("the option {name:?} is not supported"))),
            }
        }
        Ok(options)
    }
}

fn bad(why: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, "read the URL")
        .because(why)
        .hint("for example `elasticsearch+http://127.0.0.1:9200`, or `opensearch+https://user@host:9200?ca=ca.pem`")
}

fn password() -> Error {
    Error::new(ErrorKind::InvalidInput, "read the URL")
        .because("it holds a password")
        .hint(
            r#"take it out and say where it is kept: secret = "keychain", "env:NAME" or "file:PATH""#,
        )
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
        let plain = read("elasticsearch+http://search.example");
        assert_eq!(plain.base.as_str(), "http://search.example:9200/");
        assert_eq!((plain.user, plain.login), (None, Login::Password));
        let full = read("opensearch+https://a%40b@[::1]:443/es?ca=tls/ca.pem&auth=apikey");
        assert_eq!(full.base.as_str(), "https://[::1]/es/");
        assert_eq!(full.user.as_deref(), Some("a@b"));
        assert_eq!(full.login, Login::ApiKey);
        assert_eq!(full.ca, Some("/base/tls/ca.pem".into()));
        assert_eq!(read("elasticsearch://h").place(), "h:9200");
        assert_eq!(read("https://h").place(), "h:443");
        assert_eq!(
            read("http://h:9201/a/b/").base.as_str(),
            "http://h:9201/a/b/"
        );
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for url in ["http://u:hunter2@h", "elasticsearch+https://:hunter2@h:1/"] {
            let error = address(url, Path::new("/")).expect_err(url);
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
            assert!(error.hint.is_some_and(|it| it.contains("secret =")));
        }
    }

    #[test]
    fn a_broken_url_is_refused() {
        for url in [
            "elasticsearch://",
            "elasticsearch://:9200",
            "elasticsearch://h:x",
            "elasticsearch://h:99999",
            "elasticsearch://a:9200,b:9200",
            "elasticsearch://h?ca=x",
            "elasticsearch+https://h?ca=",
            "elasticsearch+https://h?insecure=1",
            "elasticsearch://h?auth=none",
            "elasticsearch://[::1",
        ] {
            let error = address(url, Path::new("/")).expect_err(url);
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{url}");
        }
    }
}
