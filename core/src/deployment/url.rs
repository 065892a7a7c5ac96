//! What a URL in the file must not hold, and what it must.

/// What is wrong with a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It does not begin with a scheme.
    NoScheme,
    /// Nothing stands behind the scheme.
    NoPlace,
    /// It holds a password, or what may be one.
    Password,
}

impl Fault {
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::NoScheme => "\"url\" does not begin with a scheme",
            Self::NoPlace => "\"url\" names no place behind its scheme",
            Self::Password => "\"url\" holds a password",
        }
    }

    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::NoScheme => r#"for example "postgres://USER@HOST/DATABASE" or "sqlite:FILE""#,
            Self::NoPlace => r#"for example "postgres://USER@HOST/DATABASE""#,
            Self::Password => {
                r#"take it out and say where it is kept: secret = "keychain", "env:NAME" or "file:PATH""#
            }
        }
    }
}

/// Query parameters whose names end so are taken for secrets.
const PRIVATE_ENDINGS: [&str; 8] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
];

/// What is wrong with `url`, a password first.
pub(super) fn fault(url: &str) -> Option<Fault> {
    if holds_password(url) {
        return Some(Fault::Password);
    }
    let Some((scheme, rest)) = url.split_once(':') else {
        return Some(Fault::NoScheme);
    };
    if !is_scheme(scheme) {
        return Some(Fault::NoScheme);
    }
    rest.trim_start_matches('/')
        .is_empty()
        .then_some(Fault::NoPlace)
}

/// One letter is a drive, not a scheme.
fn is_scheme(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|it: char| it.is_ascii_alphabetic())
        && text
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || matches!(it, '+' | '-' | '.'))
}

fn holds_password(url: &str) -> bool {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    query_holds_password(query) || user_holds_password(url, place)
}

fn query_holds_password(query: &str) -> bool {
    let pairs = query.split(['&', ';', '#']);
    let named = pairs.filter_map(|it| it.split_once('='));
    named
        .filter(|(_, value)| !value.is_empty())
        .any(|(name, _)| {
            let name = name.to_ascii_lowercase();
            PRIVATE_ENDINGS.iter().any(|it| name.ends_with(it))
        })
}

/// Looks for `USER:PASSWORD@`, also where the password itself holds characters that end the host of a proper URL.
fn user_holds_password(url: &str, place: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else {
        return opaque_holds_password(place);
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if let Some((user, _)) = authority.rsplit_once('@') {
        return has_second_half(user);
    }
    // No `@` so far: either there is no user, or the password cuts the authority off. A port is digits only.
    let port = authority.rsplit(':').next().unwrap_or_default();
    let is_port = port.chars().all(|it| it.is_ascii_digit());
    authority.contains(':') && !authority.ends_with(']') && !is_port && rest.contains('@')
}

/// The same in a URL without `//`, behind its scheme or the letter of a drive.
fn opaque_holds_password(place: &str) -> bool {
    let behind_scheme = place.split_once(':').map_or("", |(_, rest)| rest);
    let user = behind_scheme.rsplit_once('@').map_or("", |(user, _)| user);
    has_second_half(user)
}

fn has_second_half(user: &str) -> bool {
    user.split_once(':')
        .is_some_and(|(_, password)| !password.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_with_a_scheme_and_no_password_is_fine() {
        for fine in [
            "postgres://shop@127.0.0.1:5432/shop",
            "sqlite:crm.db",
            "sqlite:C:\\data\\crm.db",
            "mongodb://a:27017,b:27017/shop?replicaSet=rs0",
            "mongodb+srv://shop@cluster.example/?authSource=admin",
            "redis://[::1]:6379/0",
            "rediss://cache.example",
            "elasticsearch+http://localhost:9200/a@b",
            "neo4j+s://graph@localhost",
            "postgres://shop:@localhost/shop",
        ] {
            assert_eq!(fault(fine), None, "{fine:?}");
        }
    }

    #[test]
    fn a_password_is_found_wherever_it_hides() {
        for bad in [
            "postgres://shop:hunter2@localhost/shop",
            "redis://:hunter2@localhost",
            "postgres://shop:hun/ter2@localhost/shop",
            "postgres://shop:hun#ter2@localhost/shop",
            "postgres://shop:hun?ter2@localhost/shop",
            "postgres://shop:hun@ter2@localhost/shop",
            "postgres://localhost/shop?user=a&password=hunter2",
            "mongodb://localhost/?tlsCertificateKeyFilePassword=hunter2",
            "postgres:shop:hunter2@localhost",
        ] {
            assert_eq!(fault(bad), Some(Fault::Password), "{bad:?}");
        }
    }

    #[test]
    fn a_scheme_and_a_place_are_needed() {
        for bad in ["crm.db", "C:\\crm.db", "1a:b", "a b:c", "://x"] {
            assert_eq!(fault(bad), Some(Fault::NoScheme), "{bad:?}");
        }
        assert_eq!(fault("postgres://"), Some(Fault::NoPlace));
        assert_eq!(fault("sqlite:"), Some(Fault::NoPlace));
    }
}
