//! The path and query of a request, taken apart and put together again: what is judged is what is sent.

use parallax_core::error::{Error, ErrorKind, Result};

/// A path and its query, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Resource {
    /// The parts of the path, none of them empty, `.` or `..`.
    pub(super) segments: Vec<String>,
    /// Names and values behind the question mark, in order.
    pub(super) query: Vec<(String, String)>,
}

impl Resource {
    /// A path of our own.
    pub(super) fn of<S: AsRef<str>>(segments: &[S]) -> Self {
        let segments = segments.iter().map(|it| it.as_ref().to_owned());
        Self {
            segments: segments.collect(),
            query: Vec::new(),
        }
    }

    /// Adds a parameter.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Reads what stands behind the method; the leading slash may be left out.
    ///
    /// Fails with [`ErrorKind::InvalidInput`] on what servers or proxies could read in more than one way: empty parts,
    /// `.` and `..`, backslashes, control characters and broken escapes, however they are written.
    pub(super) fn parse(text: &str) -> Result<Self> {
        if let Some(odd) = text.chars().find(|it| is_odd(*it)) {
            return Err(bad(text, &format!("it holds {odd:?}"))
                .hint("write it as %XX, with the two hexadecimal digits of each byte"));
        }
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        Ok(Self {
            segments: segments(path, text)?,
            query: pairs(query, text)?,
        })
    }

    /// Whether a parameter of this name is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.query.iter().any(|(it, _)| it == name)
    }

    /// The last part of the path.
    pub(super) fn last(&self) -> &str {
        self.segments.last().map_or("", String::as_str)
    }

    /// The text to send, without a leading slash. Nothing in it could be read as another host or another path.
    pub(super) fn text(&self) -> String {
        let segments: Vec<String> = self.segments.iter().map(|it| encoded(it)).collect();
        let mut text = segments.join("/");
        for (at, (name, value)) in self.query.iter().enumerate() {
            text.push(if at == 0 { '?' } else { '&' });
            text.push_str(&encoded(name));
            if !value.is_empty() {
                text.push('=');
                text.push_str(&encoded(value));
            }
        }
        text
    }
}

fn is_odd(letter: char) -> bool {
    letter.is_control() || letter.is_whitespace() || matches!(letter, '\\' | '#')
}

fn segments(path: &str, whole: &str) -> Result<Vec<String>> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let mut segments = Vec::new();
    for part in path.split('/') {
        let segment =
            decoded(part, false).ok_or_else(|| bad(whole, "a `%` begins no byte of UTF-8"))?;
        if matches!(segment.as_str(), "" | "." | "..") {
            return Err(bad(whole, &format!("{segment:?} is no part of a path")));
        }
        if segment.chars().any(|it| it.is_control() || it == '\\') {
            return Err(bad(whole, "it hides a control character or a backslash")
                .hint("a document with such an id is read by: POST /INDEX/_mget {\"ids\": […]}"));
        }
        segments.push(segment);
    }
    Ok(segments)
}

fn pairs(query: &str, whole: &str) -> Result<Vec<(String, String)>> {
    let pairs = query.split('&').filter(|it| !it.is_empty());
    let read = pairs.map(|it| {
        let (name, value) = it.split_once('=').unwrap_or((it, ""));
        Some((decoded(name, true)?, decoded(value, true)?))
    });
    let read: Option<Vec<_>> = read.collect();
    read.ok_or_else(|| bad(whole, "a `%` begins no byte of UTF-8"))
}

fn bad(text: &str, why: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("read the path {text:?}")).because(why)
}

/// Percent-decoded; `None` where that gives no UTF-8.
pub(super) fn decoded(text: &str, plus_is_space: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? * 16 + hex(rest.next()?)?,
            b'+' if plus_is_space => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    let digit = char::from(digit).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// Percent-encoded, so that only letters, digits and `-._~,*` are left as they are.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b',' | b'*');
        if plain {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, sent: &str) {
        let resource = Resource::parse(typed).expect(typed);
        assert_eq!(resource.text(), sent, "{typed}");
        let again = Resource::parse(&resource.text()).expect("reads back");
        assert_eq!(again, resource, "{typed}");
    }

    #[test]
    fn a_path_is_sent_in_one_spelling() {
        check("/users/_search", "users/_search");
        check("users/_search/?", "users/_search");
        check("/", "");
        check("/users/_doc/a%2fb%20c", "users/_doc/a%2Fb%20c");
        check("/%75sers/%5Fbulk", "users/_bulk");
        check("/a/_doc/%252e%252e", "a/_doc/%252e%252e");
        check(
            "/remote:logs-*,b/_search?q=a+b%26c&pretty",
            "remote%3Alogs-*,b/_search?q=a%20b%26c&pretty",
        );
        check("/<logs-{now/d}>", "%3Clogs-%7Bnow/d%7D%3E");
        check("/é/_doc/ü", "%C3%A9/_doc/%C3%BC");
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for bad in [
            "/users/_search/../_bulk",
            "/users/./_bulk",
            "/users/%2e%2e/_bulk",
            "/users/%2E./_bulk",
            "//evil.example/_bulk",
            "http://evil.example/",
            "/users//_bulk",
            "/users\\_bulk",
            "/users/a%5cb",
            "/users/_bu\tlk",
            "/users/a%09b",
            "/users/a%zz",
            "/users/%ff",
            "/users/_search#/_bulk",
            "/users/a b",
        ] {
            let error = Resource::parse(bad).expect_err(bad);
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{bad}");
        }
    }
}
