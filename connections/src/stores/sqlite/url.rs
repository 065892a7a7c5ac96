//! `sqlite:` URLs: a path, and nothing that would change how the file is opened.

use std::path::{Path, PathBuf};

use parallax_core::error::{Error, ErrorKind, Result};

/// The file that `url` names; a relative path belongs to the folder `base`.
///
/// Understood are `sqlite:crm.db`, `sqlite://crm.db`, `sqlite:///abs/crm.db` and `sqlite:/abs/crm.db`, with `%41` escapes,
/// and `?mode=ro`, which is what happens anyway. Anything else behind `?` is refused.
pub(super) fn file(url: &str, base: &Path) -> Result<PathBuf> {
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    let path = path.strip_prefix("//").unwrap_or(path);
    let (path, options) = path.split_once('?').unwrap_or((path, ""));
    check(url, options)?;
    let path = unescaped(path)
        .ok_or_else(|| bad(url, "a `%` is not followed by two hex digits of UTF-8"))?;
    if path.is_empty() || path.contains('\0') {
        return Err(bad(url, "it names no file"));
    }
    if path == ":memory:" {
        return Err(bad(
            url,
            "a database in memory is empty, and nobody else sees it",
        ));
    }
    let path = base.join(path);
    std::path::absolute(&path).map_err(|it| bad(url, &it.to_string()))
}

fn check(url: &str, options: &str) -> Result<()> {
    for option in options.split('&').filter(|it| !it.is_empty()) {
        match option.split_once('=').unwrap_or((option, "")) {
            ("mode", "ro") => {}
            ("mode", mode) => {
                let why = format!(
                    "mode={mode} is not for the URL to say: a store is opened read-only, and never created"
                );
                return Err(bad(url, &why).hint(
                    "leave `mode` out; `access = \"read-write\"` lets typed statements write",
                ));
            }
            (name, _) => return Err(bad(url, &format!("the option {name:?} is not supported"))),
        }
    }
    Ok(())
}

fn bad(url: &str, why: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("read the URL {url:?}"))
        .because(why)
        .hint("for example `sqlite:crm.db`, beside the deployment file, or `sqlite:///var/lib/crm.db`")
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
    fn check(url: &str, expected: &str) {
        assert_eq!(
            file(url, Path::new("/base")).expect("a path"),
            Path::new(expected)
        );
    }

    #[test]
    fn a_relative_path_belongs_to_the_deployment() {
        check("sqlite:crm.db", "/base/crm.db");
        check("sqlite://data/crm.db", "/base/data/crm.db");
        check("sqlite:///abs/crm.db", "/abs/crm.db");
        check("sqlite:/abs/crm.db", "/abs/crm.db");
        check("sqlite:a%20b%25.db?mode=ro", "/base/a b%.db");
        check("sqlite:größe.db", "/base/größe.db");
    }

    #[test]
    fn what_would_open_the_file_otherwise_is_refused() {
        for url in [
            "sqlite:",
            "sqlite::memory:",
            "sqlite:a.db?mode=rwc",
            "sqlite:a.db?mode=memory",
            "sqlite:a.db?immutable=1",
            "sqlite:a%2.db",
        ] {
            let error = file(url, Path::new("/base")).expect_err(url);
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{url}");
        }
    }
}
