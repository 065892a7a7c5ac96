//! The sample `ensemble`: users and orders in PostgreSQL, and copies of them in stores of other kinds.
//!
//! Nothing moves here: a load writes every copy, and the injector says what it made of them.

use std::collections::BTreeMap;
use std::path::Path;

use sqlx::postgres::PgConnection;
use tokio::task::JoinSet;

use crate::error::{Error, Result};
use crate::loaded::Loaded;
use crate::model::Kind;
use crate::servers::{Book, Server};
use crate::{loaded, postgres};

pub use entity::{Entity, KINDS, User, columns};
pub use inject::{inject, inject_more};
pub use source::keys;
pub use target::Target;

use change::Written;

mod change;
mod crm;
mod docs;
mod entity;
mod generate;
mod graph;
mod inject;
mod search;
mod shop;
mod source;
mod target;

/// What the sample shows and how to use it.
pub const README: &str = include_str!("../ensemble/README.md");

/// The variable that the deployment file takes the secret of the system of record from.
pub const SECRET: &str = "ENSEMBLE_POSTGRES_PASSWORD";

/// The deployment file begins with this; what follows is of one target each.
const HEAD: &str = include_str!("../ensemble/shop.toml");
const HEAD_OF_ORDERS: &str = include_str!("../ensemble/shop-orders.toml");
const POSTGRES_URL: &str = "postgres://parallax@127.0.0.1:5432/ensemble";

const SAMPLE: &str = "ensemble";

/// How much is loaded, and which of all possible samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadOptions {
    /// The number of users, and of orders.
    pub scale: u32,
    /// The seed of everything that is generated.
    pub seed: u64,
    /// What of it is loaded.
    pub extent: Extent,
    /// Which copies are made, in the order of [`Target::ALL`], each with the name of the server that it is made in.
    pub copies: Vec<(Target, String)>,
}

/// What of the sample is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// Users and orders.
    #[default]
    Whole,
    /// Users: for measuring large checks.
    Users,
}

impl Extent {
    pub(crate) fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Whole => &KINDS,
            Self::Users => &[Kind::User],
        }
    }
}

impl LoadOptions {
    /// Users and orders, and every copy.
    pub fn whole(scale: u32, seed: u64) -> Self {
        let copies = Target::ALL.into_iter();
        Self {
            scale,
            seed,
            extent: Extent::Whole,
            copies: copies.map(|it| (it, it.server().to_owned())).collect(),
        }
    }

    pub(crate) fn kinds(&self) -> &'static [Kind] {
        self.extent.kinds()
    }
}

/// Loads the sample into a database of each server, and writes its deployment file into `dir`, which is created.
///
/// The same options give the same contents. A folder has databases of its own: what an earlier load into it left is
/// replaced, and what folders that are gone left is removed. No reader may use them meanwhile.
pub async fn load(dir: &Path, options: &LoadOptions, servers: &Book) -> Result<()> {
    if options.scale == 0 || options.copies.is_empty() {
        return Err(
            Error::new("nothing to load").hint("choose a scale of 1 or more and one copy or more")
        );
    }
    let folder = loaded::begin(dir).await?;
    let shop = postgres::lease(servers.server("postgres")?, SAMPLE, &folder).await?;
    let mut copies = Vec::new();
    for (target, name) in &options.copies {
        let taken = lease(*target, servers.server(name)?, &folder).await;
        let what = format!("take a database of {name}");
        copies.push(taken.map_err(|it| it.while_doing(what))?);
    }
    fill(options, &shop, &copies).await?;
    loaded::write(dir, &deployment(options, &shop, &copies)).await
}

/// Takes a place for a folder's copies.
async fn lease(target: Target, server: &Server, folder: &Path) -> Result<Place> {
    let (server, mark) = match target {
        Target::Crm => (crm::lease(server, SAMPLE, folder).await?, String::new()),
        Target::Docs => (docs::lease(server, SAMPLE, folder).await?, String::new()),
        Target::Graph => {
            let mark = graph::lease(server, SAMPLE, folder).await?;
            (server.clone(), mark)
        }
        Target::Search => {
            let mark = search::lease(server, SAMPLE, folder).await?;
            (server.with(server.at("")), mark)
        }
    };
    Ok(Place {
        target,
        server,
        mark,
    })
}

/// Where copies are.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) target: Target,
    pub(crate) server: Server,
    /// What tells a folder's datasets from those of others, where a server has one database for all.
    mark: String,
}

impl Place {
    fn fill(&self, tasks: &mut JoinSet<Result<()>>, options: &LoadOptions) {
        let (options, server, mark) = (options.clone(), self.server.clone(), self.mark.clone());
        match self.target {
            Target::Crm => tasks.spawn(crm::fill(options, server)),
            Target::Docs => tasks.spawn(docs::fill(options, server)),
            Target::Graph => tasks.spawn(graph::fill(options, server, mark)),
            Target::Search => tasks.spawn(search::fill(options, server, mark)),
        };
    }

    /// Makes changes of the copies.
    pub(crate) async fn change(&self, changes: &[Written]) -> Result<()> {
        match self.target {
            Target::Crm => crm::change(&self.server, changes).await,
            Target::Docs => docs::change(&self.server, changes).await,
            Target::Graph => graph::change(&self.server, &self.mark, changes).await,
            Target::Search => search::change(&self.server, &self.mark, changes).await,
        }
    }

    /// Its part of the deployment file, with the names that its datasets have.
    fn deployment(&self, extent: Extent) -> String {
        let (users, orders, url) = self.target.deployment();
        let mut text = users.to_owned();
        if extent == Extent::Whole {
            text += orders;
        }
        if self.server.password().is_empty() {
            let secret = format!("secret = \"env:{}\"\n", self.target.secret());
            text = text.replace(&secret, "");
        }
        for kind in KINDS {
            let [plain, marked] = ["", &self.mark].map(|it| self.target.dataset(kind, it));
            text = text.replace(&format!("\"{plain}\""), &format!("\"{marked}\""));
        }
        text.replace(url, &self.server.url)
    }
}

/// Fills all stores at the same time.
async fn fill(options: &LoadOptions, shop: &Server, copies: &[Place]) -> Result<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(shop::fill(options.clone(), shop.clone()));
    for it in copies {
        it.fill(&mut tasks, options);
    }
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|it| Error::new(format!("a task of the load ended: {it}")))??;
    }
    Ok(())
}

/// The parts of what is loaded, with the URLs of where it is.
fn deployment(options: &LoadOptions, shop: &Server, copies: &[Place]) -> String {
    let mut text = HEAD.replace(POSTGRES_URL, &shop.url);
    if options.extent == Extent::Whole {
        text += HEAD_OF_ORDERS;
    }
    let parts = copies.iter().map(|it| it.deployment(options.extent));
    text + &parts.collect::<String>()
}

/// The stores of a loaded sample.
#[derive(Debug)]
pub(crate) struct Stores {
    shop: Server,
    pub(crate) copies: Vec<Place>,
    /// The datasets of the copies, spelled as in the deployment file.
    pub(crate) datasets: BTreeMap<(Target, Kind), String>,
    extent: Extent,
}

impl Stores {
    /// Reads the deployment file of a loaded sample, and the secrets that it names.
    pub(crate) async fn open(dir: &Path) -> Result<Self> {
        let loaded = Loaded::read(dir, SAMPLE).await?;
        let (mut copies, mut datasets) = (Vec::new(), BTreeMap::new());
        for target in Target::ALL {
            if !loaded.has_store(target.name()) {
                continue;
            }
            for kind in KINDS {
                let dataset = loaded.dataset(target.name(), kind.entity());
                datasets.extend(dataset.map(|it| ((target, kind), it.to_owned())));
            }
            let users = datasets.get(&(target, Kind::User));
            copies.push(Place {
                target,
                server: loaded.store(target.name())?,
                mark: users.map_or_else(String::new, |it| target.mark(it)),
            });
        }
        let is_whole = loaded.names("shop.public.orders");
        Ok(Self {
            shop: loaded.store("shop")?,
            copies,
            datasets,
            extent: if is_whole {
                Extent::Whole
            } else {
                Extent::Users
            },
        })
    }

    pub(crate) async fn shop(&self) -> Result<PgConnection> {
        postgres::connect(&self.shop).await
    }

    pub(crate) fn targets(&self) -> impl Iterator<Item = Target> {
        self.copies.iter().map(|it| it.target)
    }

    pub(crate) fn kinds(&self) -> &'static [Kind] {
        self.extent.kinds()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_the_deployment_name_every_dataset_once_and_what_a_load_replaces() {
        let server = Server::of("wire://me:secret@127.0.0.1:1/it");
        let copies = Target::ALL.map(|target| Place {
            target,
            server: server.clone(),
            mark: "_7".to_owned(),
        });
        let options = LoadOptions::whole(1, 1);
        let text = deployment(&options, &server, &copies);
        assert_eq!(text.matches(&server.url).count(), 1 + copies.len());
        assert_eq!(text.matches(SECRET).count(), 1);
        let file: toml::Table = text.parse().expect("valid TOML");
        for kind in KINDS {
            let listed = file["entities"][kind.entity()]["in"].as_array();
            let listed = listed.expect("a list").iter();
            let listed: Vec<&str> = listed.filter_map(|it| it["dataset"].as_str()).collect();
            let mut expected = vec![format!("shop.public.{}", kind.aggregate())];
            expected.extend(Target::ALL.map(|it| it.dataset(kind, "_7")));
            assert_eq!(listed, expected);
        }
        for target in Target::ALL {
            assert_eq!(text.matches(target.secret()).count(), 1);
            assert_eq!(
                target.mark(&target.dataset(Kind::User, "_7")),
                target.marked("_7")
            );
        }
    }
}
