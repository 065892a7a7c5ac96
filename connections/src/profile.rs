//! Saved profiles: where they are kept, what a deployment's store becomes by one, whom a person trusts, and the test.

use std::path::{Path, PathBuf};

use parallax_core::deployment::{SecretSource, StoreConfig};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::profile::Profile;

use crate::secret::Context;
use crate::suggest;

mod file;
mod home;
pub mod test;
mod trust;

pub use file::{check, load, remove, save};
pub use home::Home;
pub use trust::{Fingerprint, is_trusted, trust};

/// A store of a deployment with what its profile says put in, and what its secret is relative to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// The store, whole: with a URL, and with its profile's secret, environment and access.
    pub config: StoreConfig,
    /// The folder to which a path in its URL is relative: that of the file which names the URL.
    pub base: PathBuf,
    /// What `config.secret` is relative to.
    pub context: Context,
}

/// Puts the profile of a store into it; `profiles` is asked for them only where they are needed.
///
/// The store's own URL, secret and environment go before its profile's; access is the profile's. A secret in the keychain
/// is that of the profile, or without one, of the saved profile with the same URL. Fails with
/// [`ErrorKind::NotFound`] where there is no such profile, and as `profiles` does.
pub fn prepare(
    config: &StoreConfig,
    deployment: &Path,
    home: &Home,
    profiles: impl FnOnce() -> Result<Vec<Profile>>,
) -> Result<Prepared> {
    let prepared = match &config.profile {
        Some(name) => {
            profiles().and_then(|it| Ok(with_profile(config, deployment, home, find(&it, name)?)))
        }
        None => without_profile(config, deployment, profiles),
    };
    prepared.map_err(|it| it.at(&config.id))
}

fn with_profile(
    config: &StoreConfig,
    deployment: &Path,
    home: &Home,
    profile: &Profile,
) -> Prepared {
    let base = |is_own| if is_own { deployment } else { home.folder() };
    Prepared {
        base: base(config.url.is_some()).to_owned(),
        config: StoreConfig {
            url: config.url.clone().or_else(|| Some(profile.url.clone())),
            secret: config.secret.clone().or_else(|| profile.secret.clone()),
            environment: config.environment.or(profile.environment),
            access: profile.access,
            ..config.clone()
        },
        context: Context {
            base: base(config.secret.is_some()).to_owned(),
            profile: Some(profile.name.clone()),
        },
    }
}

fn without_profile(
    config: &StoreConfig,
    deployment: &Path,
    profiles: impl FnOnce() -> Result<Vec<Profile>>,
) -> Result<Prepared> {
    let profile = match config.secret {
        Some(SecretSource::Keychain) => same_place(config, &profiles()?),
        _ => None,
    };
    Ok(Prepared {
        base: deployment.to_owned(),
        config: config.clone(),
        context: Context {
            base: deployment.to_owned(),
            profile,
        },
    })
}

/// The profile that keeps a secret in the keychain for the same URL: a secret goes nowhere else.
fn same_place(config: &StoreConfig, profiles: &[Profile]) -> Option<String> {
    let mut same = profiles.iter().filter(|it| {
        it.secret == Some(SecretSource::Keychain) && Some(&it.url) == config.url.as_ref()
    });
    same.next().map(|it| it.name.clone())
}

/// The profile of that name. Fails with [`ErrorKind::NotFound`] and the names that there are.
pub fn find<'p>(profiles: &'p [Profile], name: &str) -> Result<&'p Profile> {
    profiles.iter().find(|it| it.name == name).ok_or_else(|| {
        let names: Vec<&str> = profiles.iter().map(|it| it.name.as_str()).collect();
        let hint = if names.is_empty() {
            format!("save it with `parallax profiles add {name} URL`")
        } else {
            suggest::hint(name, names)
        };
        Error::new(ErrorKind::NotFound, format!("find the profile {name:?}"))
            .because("no profile of that name is saved")
            .hint(hint)
    })
}

#[cfg(test)]
mod tests {
    use parallax_core::deployment::{Environment, parse};
    use parallax_core::store::Access;

    use super::*;

    fn profile(name: &str, secret: SecretSource) -> Profile {
        Profile {
            name: name.to_owned(),
            url: "sqlite:shop.db".to_owned(),
            secret: Some(secret),
            environment: Some(Environment::Production),
            access: Access::ReadWrite,
            tags: Vec::new(),
        }
    }

    fn prepared(store: &str, profiles: Vec<Profile>) -> Result<Prepared> {
        let text = format!("format = 1\nname = \"a\"\n[stores.shop]\n{store}\n");
        let deployment = parse(&text, "a.toml").expect("a deployment");
        let home = Home::at("home");
        let store = deployment.stores.first().expect("a store");
        prepare(store, Path::new("team"), &home, || Ok(profiles))
    }

    #[test]
    fn a_profile_gives_what_the_store_does_not_say() {
        let env = SecretSource::Env("A".to_owned());
        let it = prepared("profile = \"p\"", vec![profile("p", env.clone())]).expect("prepared");
        assert_eq!(it.config.url.as_deref(), Some("sqlite:shop.db"));
        assert_eq!(it.config.secret, Some(env));
        assert_eq!(it.config.environment, Some(Environment::Production));
        assert_eq!(it.config.access, Access::ReadWrite);
        assert_eq!(it.context.base, PathBuf::from("home"));
    }

    #[test]
    fn a_store_overrides_all_but_access() {
        let store =
            "profile = \"p\"\nurl = \"sqlite:b.db\"\nsecret = \"file:pw\"\nenvironment = \"dev\"";
        let it = prepared(store, vec![profile("p", SecretSource::Keychain)]).expect("prepared");
        assert_eq!(it.config.url.as_deref(), Some("sqlite:b.db"));
        assert_eq!(it.config.secret, Some(SecretSource::File("pw".to_owned())));
        assert_eq!(it.config.environment, Some(Environment::Dev));
        assert_eq!(it.config.access, Access::ReadWrite);
        assert_eq!(it.context.base, PathBuf::from("team"));
    }

    #[test]
    fn the_keychain_of_a_store_is_that_of_the_profile_with_its_url() {
        let store = "url = \"sqlite:shop.db\"\nsecret = \"keychain\"";
        let profiles = vec![
            profile("env", SecretSource::Env("A".to_owned())),
            profile("keys", SecretSource::Keychain),
        ];
        let it = prepared(store, profiles.clone()).expect("prepared");
        assert_eq!(it.context.profile.as_deref(), Some("keys"));
        assert_eq!(it.config.access, Access::ReadOnly);
        let elsewhere = "url = \"sqlite:other.db\"\nsecret = \"keychain\"";
        let it = prepared(elsewhere, profiles).expect("prepared");
        assert_eq!(it.context.profile, None);
    }

    #[test]
    fn a_missing_profile_lists_those_that_are_there() {
        let error = prepared(
            "profile = \"q\"",
            vec![profile("shop", SecretSource::Keychain)],
        )
        .expect_err("no such profile");
        assert_eq!(error.kind, ErrorKind::NotFound);
        assert_eq!(error.hint.as_deref(), Some("known here: shop"));
        assert!(error.store.is_some(), "{error}");
    }
}
