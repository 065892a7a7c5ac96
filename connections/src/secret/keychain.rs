//! The operating system's keychain, where each saved profile may have one entry under its own name.
//!
//! The keychain may ask a person to unlock it, so every call waits up to a minute on a thread of its own.

use std::time::Duration;

use keyring::Entry;
use parallax_core::error::{Error, ErrorKind, Result};

use super::{LONGEST, Secret};
use crate::background::off_thread;

/// What our entries are filed under.
const SERVICE: &str = "parallax";

/// How long a person has to unlock the keychain.
const PATIENCE: Duration = Duration::from_mins(1);

const ELSEWHERE: &str = "keep the secret elsewhere: \"env:NAME\" or \"file:PATH\"";

/// The secret of a profile. Fails with [`ErrorKind::NotFound`] where the keychain has none, and with
/// [`ErrorKind::Unreachable`] where no keychain runs.
pub async fn load(profile: &str) -> Result<Secret> {
    let text = with_entry(profile, "read the secret from", Entry::get_password).await?;
    Ok(Secret::new(text))
}

/// Puts the secret of a profile into the keychain, in place of the one that is there.
pub async fn save(profile: &str, secret: Secret) -> Result<()> {
    if secret.reveal().is_empty() || secret.reveal().len() as u64 > LONGEST {
        return Err(Error::new(ErrorKind::InvalidInput, "keep the secret")
            .because("it is empty or longer than 64 KiB"));
    }
    let put = move |entry: &Entry| entry.set_password(secret.reveal());
    with_entry(profile, "put the secret into", put).await
}

/// Removes the secret of a profile; it is fine if there is none.
pub async fn remove(profile: &str) -> Result<()> {
    let take = |entry: &Entry| match entry.delete_credential() {
        Err(keyring::Error::NoEntry) => Ok(()),
        other => other,
    };
    with_entry(profile, "remove the secret from", take).await
}

async fn with_entry<T: Send + 'static>(
    profile: &str,
    what: &'static str,
    work: impl FnOnce(&Entry) -> keyring::Result<T> + Send + 'static,
) -> Result<T> {
    let name = profile.to_owned();
    let done = off_thread(PATIENCE, move || match Entry::store_status() {
        Ok(()) => Entry::new(SERVICE, &name)
            .and_then(|it| work(&it))
            .map_err(|it| explain(what, &name, &it)),
        Err(error) => Err(none(what, error)),
    });
    done.await.unwrap_or_else(|| {
        Err(
            Error::new(ErrorKind::Timeout, format!("{what} the keychain"))
                .because("it did not answer within a minute")
                .hint("unlock it, or keep the secret elsewhere"),
        )
    })
}

/// No keychain runs, as on most servers.
fn none(what: &str, error: &keyring::Error) -> Error {
    Error::new(ErrorKind::Unreachable, format!("{what} the keychain"))
        .because("no keychain runs here")
        .because(plain(error))
        .hint(ELSEWHERE)
}

/// Only what is known to hold nothing private is told: some errors of the keychain carry what it keeps.
fn explain(what: &str, profile: &str, error: &keyring::Error) -> Error {
    let failed = |kind| Error::new(kind, format!("{what} the keychain"));
    match error {
        keyring::Error::NoEntry => failed(ErrorKind::NotFound)
            .because(format!("it has no secret for the profile {profile:?}"))
            .hint(format!(
                "save it: `parallax profiles add {profile} URL --secret keychain --replace`"
            )),
        keyring::Error::NoStorageAccess(_) => failed(ErrorKind::PermissionDenied)
            .because(plain(error))
            .hint("unlock the keychain, or keep the secret elsewhere"),
        _ => failed(ErrorKind::Unreachable)
            .because(plain(error))
            .hint(ELSEWHERE),
    }
}

fn plain(error: &keyring::Error) -> String {
    match error {
        keyring::Error::PlatformFailure(_)
        | keyring::Error::NoStorageAccess(_)
        | keyring::Error::TooLong(..)
        | keyring::Error::NotSupportedByStore(_)
        | keyring::Error::BadEncoding(_) => error.to_string(),
        keyring::Error::Ambiguous(_) => "it has more than one such entry".to_owned(),
        _ => "its entry cannot be read".to_owned(),
    }
}
