//! The saved profiles, as front ends list, change and test them.

use std::time::Duration;

use parallax_connections::profile::{self, Home};
use parallax_connections::secret::{Secret, keychain};
use parallax_core::deployment::SecretSource;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::profile::{Profile, SecretText, TestStep, split_url};

/// The saved profiles of one person. Files are read and written away from the runtime's threads.
#[derive(Debug)]
pub(crate) struct Profiles {
    home: Result<Home>,
}

impl Profiles {
    pub(crate) fn new(home: Result<Home>) -> Self {
        Self { home }
    }

    /// Those that are saved, in the order of their file.
    pub(crate) async fn list(&self) -> Result<Vec<Profile>> {
        let home = self.home()?;
        blocking(move || profile::load(&home)).await
    }

    /// Saves a profile, and its secret in the keychain where one is given; a password in the URL is one.
    ///
    /// Fails with [`ErrorKind::InvalidInput`] where there is a secret that the profile says is kept elsewhere.
    pub(crate) async fn save(
        &self,
        profile: Profile,
        secret: Option<SecretText>,
    ) -> Result<Vec<Profile>> {
        let (profile, secret) = ready(profile, secret)?;
        profile::check(&profile)?;
        let before = self.list().await?;
        let name = profile.name.clone();
        let is_kept = profile.secret == Some(SecretSource::Keychain);
        if let Some(secret) = secret {
            keychain::save(&name, secret).await?;
        }
        let home = self.home()?;
        let saved = blocking(move || profile::save(&home, &profile)).await?;
        if !is_kept && keeps_secret(&before, &name) {
            keychain::remove(&name).await?;
        }
        Ok(saved)
    }

    /// Removes a profile, then its secret from the keychain.
    pub(crate) async fn remove(&self, name: &str) -> Result<Vec<Profile>> {
        let before = self.list().await?;
        let (home, removed) = (self.home()?, name.to_owned());
        let left = blocking(move || profile::remove(&home, &removed)).await?;
        if keeps_secret(&before, name) {
            keychain::remove(name)
                .await
                .map_err(|it| it.because(format!("the profile {name:?} itself is removed")))?;
        }
        Ok(left)
    }

    /// Tests a connection step by step, saved or not; never fails as a whole.
    pub(crate) async fn test(
        &self,
        profile: Profile,
        secret: Option<SecretText>,
        deadline: Duration,
    ) -> Vec<TestStep> {
        let (url, pasted) = split_url(&profile.url);
        let profile = Profile { url, ..profile };
        let typed = secret.or(pasted).map(|it| Secret::new(it.0));
        let home = self.home().unwrap_or_else(|_| Home::at(""));
        profile::test::test(&profile, &home, typed, deadline).await
    }

    fn home(&self) -> Result<Home> {
        self.home.clone()
    }
}

/// Moves a password out of the URL, and says where a secret that was given will be.
fn ready(profile: Profile, secret: Option<SecretText>) -> Result<(Profile, Option<Secret>)> {
    let (url, pasted) = split_url(&profile.url);
    let mut profile = Profile { url, ..profile };
    let secret = secret.or(pasted).filter(|it| !it.0.is_empty());
    if secret.is_some() {
        match profile.secret {
            None | Some(SecretSource::Keychain) => profile.secret = Some(SecretSource::Keychain),
            Some(elsewhere) => {
                return Err(Error::new(ErrorKind::InvalidInput, "save the profile")
                    .because(format!(
                        "a secret was given, but the profile says that it is in {elsewhere}"
                    ))
                    .hint("keep it in the keychain, or leave it out here"));
            }
        }
    }
    Ok((profile, secret.map(|it| Secret::new(it.0))))
}

fn keeps_secret(profiles: &[Profile], name: &str) -> bool {
    let mut named = profiles.iter().filter(|it| it.name == name);
    named.any(|it| it.secret == Some(SecretSource::Keychain))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|it| Err(Error::new(ErrorKind::Other, "read or write a file").because(it)))
}

#[cfg(test)]
mod tests {
    use parallax_core::store::Access;

    use super::*;

    fn pasted(url: &str, secret: Option<SecretSource>) -> Profile {
        Profile {
            name: "shop".to_owned(),
            url: url.to_owned(),
            secret,
            environment: None,
            access: Access::ReadOnly,
            tags: Vec::new(),
        }
    }

    #[test]
    fn a_password_that_was_pasted_with_its_url_goes_to_the_keychain() {
        let (profile, secret) = ready(pasted("redis://a:hunter2@b", None), None).expect("ready");
        assert_eq!(profile.url, "redis://a@b");
        assert_eq!(profile.secret, Some(SecretSource::Keychain));
        assert_eq!(secret.expect("a secret").reveal(), "hunter2");
    }

    #[test]
    fn a_secret_that_is_kept_elsewhere_is_not_kept_twice() {
        let env = Some(SecretSource::Env("A".to_owned()));
        let error = ready(pasted("redis://a:hunter2@b", env.clone()), None).expect_err("refused");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        assert!(ready(pasted("redis://a@b", env), None).is_ok());
    }
}
