//! The sample `pocket`: a shop of users, products and orders over five SQLite files.

use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::fs;

use crate::database::SHOP;
use crate::error::{Error, Result};
use crate::model::{Entity, Kind, Target};
use crate::shop;
use crate::targets;

pub use crate::inject::{Truth, inject};

pub(crate) mod generate;

use generate::Seeded;

/// The deployment file, as it is written beside the databases.
pub const DEPLOYMENT: &str = include_str!("../pocket/deployment.toml");

/// What the sample shows and how to use it.
pub const README: &str = include_str!("../pocket/README.md");

const SHOP_SCHEMA: &str = include_str!("../pocket/seed/shop.sql");

/// How many entities one statement writes.
const BATCH: usize = 1_000;

/// How much is loaded, and which of all possible shops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadOptions {
    /// The number of users; there are `scale / 5 + 12` products and twice as many orders as users.
    pub scale: u32,
    /// The seed of everything that is generated.
    pub seed: u64,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            scale: 1_000,
            seed: 1,
        }
    }
}

/// Writes the five databases and the deployment file into `dir`, which is created; what an earlier load left is replaced.
///
/// The same options give the same bytes in every file. Each file appears under its name when it is complete. No worker or
/// reader may have the files of an earlier load open.
pub async fn load(dir: &Path, options: &LoadOptions) -> Result<()> {
    if options.scale == 0 {
        return Err(Error::new("a shop without users").hint("choose a scale of 1 or more"));
    }
    fs::create_dir_all(dir).await?;
    let seeded = generate::shop(options);

    let (shop, docs, cache, search, graph) = tokio::join!(
        load_shop(dir, &seeded),
        load_target(dir, Target::Docs, &seeded),
        load_target(dir, Target::Cache, &seeded),
        load_target(dir, Target::Search, &seeded),
        load_target(dir, Target::Graph, &seeded),
    );
    for loaded in [shop?, docs?, cache?, search?, graph?] {
        loaded.publish().await?;
    }
    remove(&dir.join(crate::inject::TRUTH)).await?;
    let deployment = Fresh::at(dir, "deployment.toml").await?;
    fs::write(&deployment.temporary, DEPLOYMENT).await?;
    deployment.publish().await
}

/// The statements that create a target's tables.
pub(crate) fn schema(target: Target) -> &'static str {
    match target {
        Target::Docs => include_str!("../pocket/seed/docs.sql"),
        Target::Cache => include_str!("../pocket/seed/cache.sql"),
        Target::Search => include_str!("../pocket/seed/search.sql"),
        Target::Graph => include_str!("../pocket/seed/graph.sql"),
    }
}

async fn load_shop(dir: &Path, seeded: &Seeded) -> Result<Fresh> {
    let file = Fresh::at(dir, SHOP).await?;
    let mut connection = file.create(SHOP_SCHEMA).await?;
    for kind in Kind::ALL {
        for entities in seeded.of(kind).chunks(BATCH) {
            shop::upsert_all(&mut connection, kind, entities).await?;
        }
    }
    for rows in seeded.outbox.chunks(BATCH) {
        shop::send(&mut connection, rows).await?;
    }
    finish(connection).await?;
    Ok(file)
}

async fn load_target(dir: &Path, target: Target, seeded: &Seeded) -> Result<Fresh> {
    let file = Fresh::at(dir, target.file()).await?;
    let mut connection = file.create(schema(target)).await?;
    for kind in Kind::ALL {
        for entities in in_load_order(target, seeded.of(kind)).chunks(BATCH) {
            targets::upsert_all(&mut connection, target, kind, entities).await?;
        }
    }
    finish(connection).await?;
    Ok(file)
}

/// A full-text index takes ascending rows far faster than others.
fn in_load_order(target: Target, entities: &[Entity]) -> Vec<Entity> {
    let mut entities = entities.to_vec();
    if target == Target::Search {
        entities.sort_by_cached_key(|it| it.key().row());
    }
    entities
}

/// Commits, and only then switches to the write-ahead log, whose salt is random: closing removes it again.
async fn finish(mut connection: SqliteConnection) -> Result<()> {
    sqlx::raw_sql("COMMIT; PRAGMA journal_mode = WAL")
        .execute(&mut connection)
        .await?;
    Ok(connection.close().await?)
}

/// A file that is written beside its place and then moved there.
#[derive(Debug)]
struct Fresh {
    temporary: PathBuf,
    place: PathBuf,
}

impl Fresh {
    async fn at(dir: &Path, name: &str) -> Result<Self> {
        let fresh = Self {
            temporary: dir.join(format!("{name}.loading")),
            place: dir.join(name),
        };
        remove(&fresh.temporary).await?;
        remove_log(&fresh.temporary).await?;
        Ok(fresh)
    }

    /// Creates a database in which a transaction is open, and its tables.
    async fn create(&self, schema: &'static str) -> Result<SqliteConnection> {
        let options = SqliteConnectOptions::new()
            .filename(&self.temporary)
            .create_if_missing(true);
        let options = options
            .page_size(4_096)
            .journal_mode(SqliteJournalMode::Off);
        let mut connection = options
            .synchronous(SqliteSynchronous::Off)
            .connect()
            .await?;
        sqlx::query("BEGIN").execute(&mut connection).await?;
        sqlx::raw_sql(schema).execute(&mut connection).await?;
        Ok(connection)
    }

    /// Moves the file to its place, without the write-ahead log that an earlier database may have left there.
    async fn publish(self) -> Result<()> {
        remove_log(&self.place).await?;
        Ok(fs::rename(&self.temporary, &self.place).await?)
    }
}

/// Removes what a database that was not closed leaves beside its file.
async fn remove_log(database: &Path) -> Result<()> {
    for suffix in ["-wal", "-shm"] {
        let mut name = database.to_owned().into_os_string();
        name.push(suffix);
        remove(Path::new(&name)).await?;
    }
    Ok(())
}

async fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

impl Seeded {
    /// The entities of a kind.
    fn of(&self, kind: Kind) -> &[Entity] {
        match kind {
            Kind::User => &self.users,
            Kind::Product => &self.products,
            Kind::Order => &self.orders,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deployment_names_every_dataset_once() {
        let file: toml::Table = DEPLOYMENT.parse().expect("valid TOML");
        for kind in Kind::ALL {
            let listed = file["entities"][kind.entity()]["in"]
                .as_array()
                .expect("a list");
            let listed: Vec<&str> = listed
                .iter()
                .filter_map(|it| it["dataset"].as_str())
                .collect();
            let mut expected = vec![format!("shop.{}", kind.aggregate())];
            expected.extend(Target::ALL.map(|it| it.dataset(kind).to_owned()));
            assert_eq!(listed, expected);
        }
    }
}
