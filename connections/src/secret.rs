//! Secrets, which no text shows, and where they come from.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use parallax_core::deployment::SecretSource;
use parallax_core::error::{Error, ErrorKind, Result};

mod command;
mod file;
pub mod keychain;

pub use file::readable_by_others;

/// The longest secret in bytes: certificates and tokens fit, and an endless file does not.
const LONGEST: u64 = 64 * 1024;

/// How long a file, or a program, may take to give its secret.
const PATIENCE: Duration = Duration::from_secs(10);

/// A password or token. `Debug` hides it, and there is no `Display`.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes `text` as a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for a driver's options and nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a source is relative to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The folder to which `file:` is relative: that of the file which names the source.
    pub base: PathBuf,
    /// The saved profile under whose name the keychain keeps it; `None` where no profile has the store's URL.
    pub profile: Option<String>,
}

/// Fetches the secret from where `source` says.
///
/// Reads the environment, a file of at most 64 KiB without its last line end, or the keychain; or runs a program without
/// a shell for at most 10 seconds and trims what it prints. What blocks does so on a thread of its own. Fails with
/// [`ErrorKind::NotFound`] where nothing is there; an error names the source and holds nothing of what it gave.
///
/// # Cancel safety
/// Dropping it kills the program; a file or keychain that hangs is left to its thread.
pub async fn resolve(source: &SecretSource, context: &Context) -> Result<Secret> {
    match source {
        SecretSource::Keychain => match &context.profile {
            Some(profile) => keychain::load(profile).await,
            None => Err(no_entry()),
        },
        SecretSource::Env(name) => variable(name),
        SecretSource::File(path) => file::read(context.base.join(path)).await,
        SecretSource::Command(line) => command::run(line).await,
    }
}

fn variable(name: &str) -> Result<Secret> {
    let operation = format!("read the secret from the environment variable {name}");
    let hint = format!("set {name} where Parallax is started");
    let Some(value) = std::env::var_os(name) else {
        let error = Error::new(ErrorKind::NotFound, operation);
        return Err(error.because("it is not set").hint(hint));
    };
    match value.into_string() {
        Ok(text) if !text.is_empty() => Ok(Secret(text)),
        Ok(_) => Err(Error::new(ErrorKind::NotFound, operation)
            .because("it is empty")
            .hint(hint)),
        Err(_) => Err(Error::new(ErrorKind::InvalidInput, operation).because("it is not UTF-8")),
    }
}

fn no_entry() -> Error {
    Error::new(ErrorKind::NotFound, "read the secret from the keychain")
        .because("no saved profile with this URL keeps its secret there")
        .hint("save it with `parallax profiles add NAME URL --secret keychain`, with the URL of this store")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_a_secret() {
        assert!(!format!("{:?}", Secret::new("hunter2")).contains("hunter2"));
    }

    #[tokio::test]
    async fn a_variable_that_is_not_set_is_named() {
        let source = SecretSource::Env("PARALLAX_NEVER_SET".to_owned());
        let error = resolve(&source, &Context::default()).await.expect_err("no");
        assert_eq!(error.kind, ErrorKind::NotFound);
        assert!(error.to_string().contains("PARALLAX_NEVER_SET"), "{error}");
    }

    #[tokio::test]
    async fn a_file_is_relative_to_the_file_that_names_it() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("pw"), "hunter2\r\n").expect("written");
        let context = Context {
            base: folder.path().to_owned(),
            profile: None,
        };
        let source = SecretSource::File("pw".to_owned());
        let secret = resolve(&source, &context).await.expect("a secret");
        assert_eq!(secret.reveal(), "hunter2");
    }

    #[tokio::test]
    async fn without_a_profile_the_keychain_is_not_asked() {
        let error = resolve(&SecretSource::Keychain, &Context::default()).await;
        assert_eq!(error.expect_err("no entry").kind, ErrorKind::NotFound);
    }
}
