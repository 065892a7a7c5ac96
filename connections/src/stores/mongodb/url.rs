//! `mongodb:` URLs, as the driver reads them; a password in one is refused before anything else looks at it.

use std::path::Path;

use mongodb::options::{ConnectionString, HostInfo};
use parallax_core::error::{Error, ErrorKind, Result};

/// Where the servers are.
#[derive(Clone, Debug)]
pub(super) struct Address {
    /// The URL as the driver reads it. A mechanism that wants a password is given a word in its place, for the driver
    /// checks that there is one before the secret can be added.
    pub(super) url: String,
    /// The folder to which the files that it names are relative.
    pub(super) base: std::path::PathBuf,
    /// The servers, as a person would name them.
    pub(super) hosts: String,
    /// Whether it names a user.
    pub(super) has_user: bool,
    /// Whether connections are encrypted.
    pub(super) is_encrypted: bool,
}

/// Reads `mongodb://[user@]host[:port][,host…][/database][?option=value&…]`.
///
/// Fails with [`ErrorKind::InvalidInput`], also where the URL holds a password, which is then in no message, and with
/// [`ErrorKind::Unsupported`] for `mongodb+srv`.
pub(super) fn address(url: &str, base: &Path) -> Result<Address> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    if scheme == "mongodb+srv" {
        return Err(seed_list());
    }
    let user = rest.rsplit_once('@').map(|(user, _)| user);
    if user.is_some_and(|it| it.contains([':', '/', '?'])) {
        return Err(password());
    }
    let (url, read) = match ConnectionString::parse(url) {
        Ok(read) => (url.to_owned(), read),
        Err(error) => {
            let filled =
                user.map(|it| url.replacen(&format!("{it}@"), &format!("{it}:secret@"), 1));
            let again = filled.and_then(|it| Some((ConnectionString::parse(&it).ok()?, it)));
            let (read, filled) = again.ok_or_else(|| bad(&error.kind))?;
            (filled, read)
        }
    };
    let HostInfo::HostIdentifiers(hosts) = &read.host_info else {
        return Err(seed_list());
    };
    let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    Ok(Address {
        url,
        base: base.to_owned(),
        hosts: hosts.join(","),
        has_user: read.credential.is_some_and(|it| it.username.is_some()),
        is_encrypted: matches!(read.tls, Some(mongodb::options::Tls::Enabled(_))),
    })
}

fn bad(why: &mongodb::error::ErrorKind) -> Error {
    Error::new(ErrorKind::InvalidInput, "read the URL")
        .because(why)
        .hint("for example `mongodb://127.0.0.1:27017/shop`, or `mongodb://user@host:27017/shop?authSource=admin&tls=true&tlsCAFile=ca.pem`")
}

fn password() -> Error {
    Error::new(ErrorKind::InvalidInput, "read the URL")
        .because("it holds a password, or a `@` that is not written as %40")
        .hint(
            r#"take it out and say where it is kept: secret = "keychain", "env:NAME" or "file:PATH""#,
        )
}

fn seed_list() -> Error {
    Error::new(ErrorKind::Unsupported, "read the URL")
        .because("the scheme mongodb+srv asks the name service for the servers, which this build does not")
        .hint("name the servers: mongodb://HOST1:27017,HOST2:27017/DATABASE?replicaSet=NAME&tls=true&authSource=admin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_and_as_whom() {
        let it = address("mongodb://a%40b@h1,h2:7/shop?tls=true", Path::new("/")).expect("read");
        assert_eq!(it.hosts, "h1:27017,h2:7");
        assert!(it.has_user && it.is_encrypted);
        let it = address("mongodb://[::1]:7/", Path::new("/")).expect("read");
        assert!(!it.has_user && !it.is_encrypted);
    }

    #[test]
    fn a_mechanism_that_wants_a_password_gets_it_later() {
        let url = "mongodb://u@h/shop?authMechanism=PLAIN";
        let it = address(url, Path::new("/")).expect("read");
        assert!(it.has_user);
        assert!(it.url.contains("u:secret@h"));
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for url in [
            "mongodb://u:hunter2@h/shop",
            "mongodb://:hunter2@h",
            "mongodb://u:hunter2?x@h",
            "mongodb://u:hunter2/x@h:1/shop",
            "mongodb://u:a@hunter2@h",
        ] {
            let error = address(url, Path::new("/")).expect_err(url);
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
            assert!(error.hint.is_some_and(|it| it.contains("secret =")));
        }
    }

    #[test]
    fn a_broken_url_is_refused() {
        for url in [
            "mongodb://",
            "mongodb://h:x",
            "mongodb://h:99999",
            "mongodb://h/?tls=maybe",
            "mongodb://h/?nonsense=1",
            "mongodb://h/a b$",
        ] {
            let error = address(url, Path::new("/")).expect_err(url);
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{url}");
        }
    }

    #[test]
    fn names_of_services_are_refused_with_the_other_form() {
        let error = address("mongodb+srv://h/shop", Path::new("/")).expect_err("refused");
        assert_eq!(error.kind, ErrorKind::Unsupported);
        assert!(error.hint.expect("a hint").contains("mongodb://HOST1"));
    }
}
