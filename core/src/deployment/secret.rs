//! Where a secret comes from, as people and files spell it; never the secret itself.

use std::fmt;
use std::str::FromStr;

use super::{SecretSource, suggest};
use crate::error::{Error, ErrorKind, Result};

/// The forms that a person's own profile may use.
pub(super) const OWN_FORMS: &str =
    r#"write "keychain", "env:NAME", "file:PATH" or "cmd:PROGRAM ARGUMENTS""#;

/// Reads a source, or gives `None` for what is none.
pub(super) fn read(text: &str) -> Option<SecretSource> {
    match text.split_once(':') {
        None if text == "keychain" => Some(SecretSource::Keychain),
        Some(("env", name)) if is_variable(name) => Some(SecretSource::Env(name.to_owned())),
        Some(("file", path)) if !path.trim().is_empty() => {
            Some(SecretSource::File(path.to_owned()))
        }
        Some(("cmd", line)) if !line.trim().is_empty() => {
            Some(SecretSource::Command(line.trim().to_owned()))
        }
        _ => None,
    }
}

/// What is wrong with a text that is no source. Does not repeat it, for it may be a secret.
pub(super) fn fault(text: &str) -> &'static str {
    match text.split_once(':') {
        Some(("env", _)) => "\"env:\" names no environment variable",
        Some(("file", _)) => "\"file:\" names no file",
        Some(("cmd", _)) => "\"cmd:\" names no program",
        _ => "\"secret\" says where the secret is, never the secret itself",
    }
}

/// Whether every shell can name a variable so.
fn is_variable(name: &str) -> bool {
    let starts_well = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
    starts_well
        && name
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || it == '_')
}

impl SecretSource {
    /// As files spell it: `keychain`, `env:NAME`, `file:PATH` or `cmd:PROGRAM ARGUMENTS`.
    ///
    /// Of a command this is the whole line; people are shown [`Display`](fmt::Display), which hides its arguments.
    pub fn spelling(&self) -> String {
        match self {
            Self::Keychain => "keychain".to_owned(),
            Self::Env(name) => format!("env:{name}"),
            Self::File(path) => format!("file:{path}"),
            Self::Command(line) => format!("cmd:{line}"),
        }
    }
}

/// Reads what [`SecretSource::spelling`] writes. An error does not repeat the text, for it may be a secret.
impl FromStr for SecretSource {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        read(text).ok_or_else(|| {
            let hint = suggest::did_you_mean(text, ["keychain"]);
            Error::new(ErrorKind::InvalidInput, "read where the secret is")
                .because(fault(text))
                .hint(hint.unwrap_or_else(|| OWN_FORMS.to_owned()))
        })
    }
}

/// Like [`SecretSource::spelling`], but of a command only the program: its arguments may be private.
impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(line) => {
                let mut words = line.split_whitespace();
                write!(f, "cmd:{}", words.next().unwrap_or_default())?;
                f.write_str(words.next().map_or("", |_| " …"))
            }
            other => f.write_str(&other.spelling()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["keychain", "env:A_1", "file:a b.txt", "cmd:pass show 'a b'"] {
            let source: SecretSource = text.parse().expect("a source");
            assert_eq!(source.spelling(), text);
        }
    }

    #[test]
    fn what_is_no_source_may_be_a_secret_and_is_not_repeated() {
        for text in ["hunter2", "env:hunter2!", "hunter2:x", "cmd: ", "env:", ""] {
            let error = text.parse::<SecretSource>().expect_err("no source");
            assert!(!format!("{error:?}").contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn the_arguments_of_a_command_are_not_shown() {
        let source = SecretSource::Command("vault read hunter2".to_owned());
        assert_eq!(source.to_string(), "cmd:vault …");
    }
}
