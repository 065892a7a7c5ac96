//! The command line of the window: which deployment to open.

use std::ffi::OsString;
use std::path::PathBuf;

/// How to start the window, for people.
pub(crate) const USAGE: &str = "usage: parallax-desktop [-d FILE]";

/// The deployment file that the command line names: `-d FILE` or `--deployment FILE`.
///
/// Fails with a sentence for the person who typed something else.
pub(crate) fn deployment(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Option<PathBuf>, String> {
    let mut arguments = arguments.into_iter();
    let mut file = None;
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("-d" | "--deployment") => {
                file = Some(
                    arguments
                        .next()
                        .ok_or("-d wants the name of a file")?
                        .into(),
                );
            }
            _ => return Err(format!("unknown argument {}", argument.display())),
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<PathBuf>, String> {
        deployment(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn a_file_is_named_or_not() {
        assert_eq!(parse(""), Ok(None));
        assert_eq!(parse("-d shop.toml"), Ok(Some("shop.toml".into())));
        assert_eq!(
            parse("--deployment shop.toml"),
            Ok(Some("shop.toml".into()))
        );
    }

    #[test]
    fn anything_else_is_refused_with_a_reason() {
        assert_eq!(parse("-d"), Err("-d wants the name of a file".to_owned()));
        assert_eq!(
            parse("shop.toml"),
            Err("unknown argument shop.toml".to_owned())
        );
    }
}
