//! The sample `duo`: users and orders in PostgreSQL, and their copies in Redis behind an outbox, a stream and a group.

use std::path::Path;

use crate::error::{Error, Result};
use crate::servers::{Server, Servers};
use crate::{loaded, postgres};

pub use audit::differences;
pub use entity::{Entity, KINDS, Order, User, columns};
pub use inject::inject;
pub use place::Place;

mod audit;
mod bus;
mod entity;
mod form;
pub(crate) mod generate;
mod inject;
mod lease;
mod load;
mod place;
mod shop;
pub mod source;
mod stores;
pub mod worker;

/// The deployment file with URLs that a load replaces.
pub const DEPLOYMENT: &str = include_str!("../duo/deployment.toml");

/// The deployment file of users alone.
pub const USERS_DEPLOYMENT: &str = include_str!("../duo/users.toml");

/// What the sample shows and how to use it.
pub const README: &str = include_str!("../duo/README.md");

/// The variables that the deployment file takes its secrets from: of PostgreSQL, and of Redis.
pub const SECRETS: [&str; 2] = ["DUO_POSTGRES_PASSWORD", "DUO_REDIS_PASSWORD"];

const POSTGRES_URL: &str = "postgres://parallax@127.0.0.1:5432/duo";
const REDIS_URL: &str = "redis://127.0.0.1:6379/0";

/// How much is loaded, and which of all possible samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadOptions {
    /// The number of users, and of orders.
    pub scale: u32,
    /// The seed of everything that is generated.
    pub seed: u64,
    /// What is loaded.
    pub extent: Extent,
}

/// What of the sample is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// Users and orders, and every copy.
    #[default]
    Whole,
    /// Users, and of their copies only the hashes: for measuring large checks.
    UserHashes,
}

impl LoadOptions {
    /// The whole sample.
    pub fn whole(scale: u32, seed: u64) -> Self {
        Self {
            scale,
            seed,
            extent: Extent::Whole,
        }
    }

    /// The copies that are loaded.
    pub(crate) fn places(&self) -> &'static [Place] {
        match self.extent {
            Extent::Whole => &Place::COPIES,
            Extent::UserHashes => &[Place::User],
        }
    }

    fn deployment(&self) -> &'static str {
        match self.extent {
            Extent::Whole => DEPLOYMENT,
            Extent::UserHashes => USERS_DEPLOYMENT,
        }
    }
}

/// Loads the sample into a database of each server, and writes its deployment file into `dir`, which is created.
///
/// The same options give the same contents. A folder has databases of its own: what an earlier load into it left is
/// replaced, and what folders that are gone left is removed. No worker or reader may use them meanwhile.
pub async fn load(dir: &Path, options: &LoadOptions, servers: &Servers) -> Result<()> {
    if options.scale == 0 {
        return Err(Error::new("a shop without users").hint("choose a scale of 1 or more"));
    }
    let folder = loaded::begin(dir).await?;
    let shop = postgres::lease(&servers.postgres, "duo", &folder).await?;
    let cache = lease::cache(servers, &folder).await?;
    load::fill(options, &shop, &cache).await?;
    loaded::write(dir, &deployment(options, &shop, &cache)).await
}

fn deployment(options: &LoadOptions, shop: &Server, cache: &Server) -> String {
    let text = options.deployment();
    text.replace(POSTGRES_URL, &shop.url)
        .replace(REDIS_URL, &cache.url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    fn datasets(text: &str, kind: Kind) -> Vec<String> {
        let file: toml::Table = text.parse().expect("valid TOML");
        let listed = file["entities"][kind.entity()]["in"]
            .as_array()
            .expect("a list");
        listed
            .iter()
            .filter_map(|it| Some(it["dataset"].as_str()?.to_owned()))
            .collect()
    }

    #[test]
    fn the_deployment_names_every_dataset_once() {
        for kind in KINDS {
            let mut expected = vec![format!("shop.public.{}", kind.aggregate())];
            expected.extend(Place::of(kind).map(|it| it.dataset().to_owned()));
            assert_eq!(datasets(DEPLOYMENT, kind), expected);
        }
        let expected = ["shop.public.users", Place::User.dataset()];
        assert_eq!(datasets(USERS_DEPLOYMENT, Kind::User), expected);
    }

    #[test]
    fn a_load_finds_what_it_replaces_in_the_deployment() {
        for text in [DEPLOYMENT, USERS_DEPLOYMENT] {
            for part in [POSTGRES_URL, REDIS_URL].iter().chain(&SECRETS) {
                assert_eq!(text.matches(part).count(), 1, "{part}");
            }
        }
    }
}
