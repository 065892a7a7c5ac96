//! The registry: which drivers there are, looked up by the scheme of a URL.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parallax_core::deployment::StoreConfig;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::StoreId;
use parallax_core::store::{Access, DataModel, Language, Store};

use crate::guard::Guarded;
use crate::secret::Secret;
use crate::suggest;

pub(crate) mod batch;
pub(crate) mod common;
mod elasticsearch;
mod ledger;
pub(crate) mod lent;
mod mongodb;
mod mysql;
mod neo4j;
pub(crate) mod network;
mod postgres;
mod redis;
mod sqlite;

/// Every driver, in the order of the README's table. A new store is one file, its `mod` line and its line here.
pub const DRIVERS: &[Driver] = &[
    mongodb::DRIVER,
    elasticsearch::DRIVER,
    mysql::DRIVER,
    neo4j::DRIVER,
    postgres::DRIVER,
    redis::DRIVER,
    sqlite::DRIVER,
];

/// The static half of a store: one protocol, whatever the products that speak it.
#[derive(Clone, Copy)]
pub struct Driver {
    /// Its name, also that of its module.
    pub id: &'static str,
    /// The data models that its datasets may have.
    pub models: &'static [DataModel],
    /// The language of its statements.
    pub language: Language,
    /// The schemes of its URLs.
    pub schemes: &'static [&'static str],
    /// The products that speak its protocol.
    pub products: &'static [&'static str],
    /// Makes a store. Does not reach out: the first call does, and fails if it cannot.
    pub connect: fn(Target) -> Result<Arc<dyn Store>>,
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What a driver needs to make a store.
#[derive(Clone, Debug)]
pub struct Target {
    /// The name that the deployment gives it.
    pub id: StoreId,
    /// Its URL, which holds no secret.
    pub url: String,
    /// The folder to which relative paths belong: that of the deployment file.
    pub base: PathBuf,
    /// Its secret.
    pub secret: Option<Secret>,
    /// What its profile allows.
    pub access: Access,
}

/// Makes the store that `config` describes, behind its guard. Opens nothing yet: a store that is down says so when asked.
///
/// Fails with [`ErrorKind::InvalidInput`] where the URL is missing, broken, or of a scheme that no driver knows.
pub fn connect(
    config: &StoreConfig,
    base: &Path,
    secret: Option<Secret>,
    access: Access,
) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(guarded(config, base, secret, access)?))
}

/// Like [`connect`], for those who add an audit or a canceller to the guard.
pub fn guarded(
    config: &StoreConfig,
    base: &Path,
    secret: Option<Secret>,
    access: Access,
) -> Result<Guarded> {
    let id = &config.id;
    let url = config.url.clone().ok_or_else(|| no_url().at(id))?;
    let driver = driver(&url).map_err(|it| it.at(id))?;
    let target = Target {
        id: id.clone(),
        url,
        base: base.to_owned(),
        secret,
        access,
    };
    let store = (driver.connect)(target).map_err(|it| it.at(id))?;
    Ok(Guarded::new(store, access))
}

/// The driver of a URL, by its scheme.
pub fn driver(url: &str) -> Result<&'static Driver> {
    let scheme = url.split_once(':').map_or("", |(it, _)| it);
    let found = DRIVERS.iter().find(|it| it.schemes.contains(&scheme));
    found.ok_or_else(|| unknown_scheme(scheme))
}

fn unknown_scheme(scheme: &str) -> Error {
    let schemes: Vec<&str> = DRIVERS.iter().flat_map(|it| it.schemes).copied().collect();
    let operation = format!("find a driver for the URL scheme {scheme:?}");
    Error::new(ErrorKind::InvalidInput, operation)
        .because(format!("known schemes are: {}", schemes.join(", ")))
        .hint(suggest::hint(scheme, schemes))
}

fn no_url() -> Error {
    Error::new(ErrorKind::InvalidInput, "connect").because("no URL is known for this store")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_scheme_lists_the_known_ones_and_guesses() {
        let error = driver("sqllite:crm.db").expect_err("an error");
        assert_eq!(error.kind, ErrorKind::InvalidInput);
        assert!(error.to_string().contains("known schemes are: "), "{error}");
        assert_eq!(error.hint.as_deref(), Some("did you mean \"sqlite\"?"));
    }

    #[test]
    fn a_url_without_scheme_is_refused() {
        assert!(driver("crm.db").is_err());
    }

    #[test]
    fn each_scheme_belongs_to_one_driver() {
        let mut schemes: Vec<&str> = DRIVERS.iter().flat_map(|it| it.schemes).copied().collect();
        let count = schemes.len();
        schemes.sort_unstable();
        schemes.dedup();
        assert_eq!(schemes.len(), count);
    }
}
