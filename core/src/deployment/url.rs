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
    /// What is wrong; the URL is not quoted, for it may hold a secret.
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::NoScheme => "\"url\" does not begin with a scheme",
            Self::NoPlace => "\"url\" names no place behind its scheme",
            Self::Password => "\"url\" holds a password",
        }
    }

    /// What to write instead.
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

/// The URL without any password, and the first password that it held, percent-decoded.
pub(crate) fn split(url: &str) -> (String, Option<String>) {
    let (mut url, mut found) = without_parameters(url);
    // A password may look like a user with a password of its own, so this may take more than one round.
    while let Some((start, end)) = user_password(&url) {
        let password = url.get(start..end).map(decoded);
        found = found.filter(|_| password.is_none()).or(password);
        // The colon goes with it, and the @ of a user without a name.
        url.replace_range(start - 1..end, "");
        url = url.replacen("://@", "://", 1);
    }
    (url, found)
}

/// Takes out the query parameters that hold secrets.
fn without_parameters(url: &str) -> (String, Option<String>) {
    let Some((place, query)) = url.split_once('?') else {
        return (url.to_owned(), None);
    };
    let mut kept = String::new();
    let mut found = None;
    for pair in query.split_inclusive(['&', ';', '#']) {
        let bare = pair.trim_end_matches(['&', ';', '#']);
        match bare.split_once('=') {
            Some((name, value)) if is_private(name, value) => {
                found = found.or_else(|| Some(decoded(value)));
            }
            _ => kept.push_str(pair),
        }
    }
    let kept = kept.trim_end_matches(['&', ';', '#']);
    let mark = if kept.is_empty() { "" } else { "?" };
    (format!("{place}{mark}{kept}"), found)
}

/// Where the password behind the user begins and ends, in bytes.
fn user_password(url: &str) -> Option<(usize, usize)> {
    let place = url.split_once('?').map_or(url, |(place, _)| place);
    if !user_holds_password(url, place) {
        return None;
    }
    let (start, is_opaque) = match url.find("://") {
        Some(at) => (at + 3, false),
        None => (url.find(':')? + 1, true),
    };
    let rest = url.get(start..)?;
    let authority = rest.find(['/', '?', '#']).filter(|_| !is_opaque);
    let end = (rest.get(..authority.unwrap_or(0))?.rfind('@'))
        .or_else(|| place.get(start..)?.rfind('@'))
        .or_else(|| rest.rfind('@'))?;
    let colon = rest.get(..end)?.find(':')?;
    Some((start + colon + 1, start + end))
}

/// Percent-decoded, where that gives text; otherwise as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        let pair = rest.get(1..3).filter(|_| *first == b'%').and_then(hex);
        bytes.push(pair.unwrap_or(*first));
        rest = others
            .get(if pair.is_some() { 2.. } else { 0.. })
            .unwrap_or_default();
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// The byte of two hexadecimal digits; a sign is none.
fn hex(pair: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(pair).ok()?;
    let are_digits = digits.chars().all(|it| it.is_ascii_hexdigit());
    u8::from_str_radix(digits, 16).ok().filter(|_| are_digits)
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

/// Whether a password stands in the URL, before its host or among its options.
fn holds_password(url: &str) -> bool {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    query_holds_password(query) || user_holds_password(url, place)
}

/// Whether an option of the URL looks like a secret by its name.
fn query_holds_password(query: &str) -> bool {
    let pairs = query.split(['&', ';', '#']);
    let mut named = pairs.filter_map(|it| it.split_once('='));
    named.any(|(name, value)| is_private(name, value))
}

/// Whether an option is a secret: its name ends like one, and it has a value.
fn is_private(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !value.is_empty() && PRIVATE_ENDINGS.iter().any(|it| name.ends_with(it))
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

/// Whether something stands behind a colon in the part that names the user.
fn has_second_half(user: &str) -> bool {
    user.split_once(':')
        .is_some_and(|(_, password)| !password.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
    fn a_password_is_taken_out_wherever_it_hides() {
        for (pasted, url, password) in [
            (
                "postgres://shop:h%40x@db:5432/shop",
                "postgres://shop@db:5432/shop",
                "h@x",
            ),
            ("redis://:hunter2@localhost", "redis://localhost", "hunter2"),
            (
                "postgres://shop:hun/ter2@db/shop",
                "postgres://shop@db/shop",
                "hun/ter2",
            ),
            (
                "postgres://shop:hun#ter2@db/shop",
                "postgres://shop@db/shop",
                "hun#ter2",
            ),
            (
                "postgres://shop:hun?ter2@db/shop",
                "postgres://shop@db/shop",
                "hun?ter2",
            ),
            (
                "postgres://shop:hun@ter2@db/shop",
                "postgres://shop@db/shop",
                "hun@ter2",
            ),
            (
                "postgres://db/a?user=a&password=x&b=c",
                "postgres://db/a?user=a&b=c",
                "x",
            ),
            ("postgres://db/a?password=x", "postgres://db/a", "x"),
            ("postgres:shop:hunter2@db", "postgres:shop@db", "hunter2"),
            ("postgres://shop:100%@db", "postgres://shop@db", "100%"),
            ("postgres://a:one@db/?pwd=two", "postgres://a@db/", "one"),
        ] {
            let found = Some(password.to_owned());
            assert_eq!(split(pasted), (url.to_owned(), found), "{pasted:?}");
            assert_eq!(fault(url), None, "{url:?}");
        }
    }

    #[test]
    fn a_url_without_a_password_stays_as_it_is() {
        for fine in [
            "postgres://shop:@db/shop",
            "redis://[::1]:6379/0",
            "sqlite:a.db",
            "",
        ] {
            assert_eq!(split(fine), (fine.to_owned(), None));
        }
    }

    proptest! {
        #[test]
        fn no_password_is_left_in_what_was_split(url in "[a-z]{2,5}:(//)?[a-z:@/?#&=%1]{0,24}(password=)?[a-z:@/?#&=%1]{0,9}") {
            let (clean, _) = split(&url);
            prop_assert!(!holds_password(&clean), "{clean:?}");
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
