//! The deployment file of a loaded sample: written by its load, and read by whatever works on it later.

use std::path::{Path, PathBuf};

use tokio::fs;

use crate::error::{Error, Result};
use crate::servers::{Book, Server};

/// The deployment file's name.
const DEPLOYMENT_FILE: &str = "deployment.toml";

/// A deployment file as it stands in a folder.
#[derive(Debug)]
pub(crate) struct Loaded {
    dir: PathBuf,
    text: String,
    file: toml::Table,
}

impl Loaded {
    /// Reads the deployment file of a sample that was loaded into `dir`.
    pub(crate) async fn read(dir: &Path, sample: &str) -> Result<Self> {
        let path = dir.join(DEPLOYMENT_FILE);
        let text = fs::read_to_string(&path).await.map_err(|error| {
            Error::from(error)
                .while_doing(format!("read {}", path.display()))
                .hint(format!(
                    "load the sample first: parallax-samples load {sample} --to DIR"
                ))
        })?;
        let file = text
            .parse()
            .map_err(|it| Error::new(format!("{}: {it}", path.display())))?;
        Ok(Self {
            dir: dir.to_owned(),
            text,
            file,
        })
    }

    /// Whether it names a dataset.
    pub(crate) fn names(&self, dataset: &str) -> bool {
        self.text.contains(&format!("\"{dataset}\""))
    }

    /// The dataset of an entity in a store.
    pub(crate) fn dataset(&self, store: &str, entity: &str) -> Option<&str> {
        let listed = self.file.get("entities")?.get(entity)?.get("in")?;
        let datasets = listed.as_array()?.iter();
        let mut datasets = datasets.filter_map(|it| it.get("dataset")?.as_str());
        datasets.find(|it| it.split('.').next() == Some(store))
    }

    /// Whether it has a store of that name.
    pub(crate) fn has_store(&self, name: &str) -> bool {
        let stores = self.file.get("stores");
        stores.is_some_and(|it| it.get(name).is_some())
    }

    /// A store's server, with the secret that the file names.
    ///
    /// A variable that is not set is looked up in the address file of the test servers.
    pub(crate) fn store(&self, name: &str) -> Result<Server> {
        let table = self.file.get("stores").and_then(|it| it.get(name));
        let text = |key: &str| table.and_then(|it| it.get(key)?.as_str());
        let url = text("url")
            .ok_or_else(|| Error::new(format!("{DEPLOYMENT_FILE} has no URL of store {name:?}")))?;
        let password = match text("secret").and_then(|it| it.split_once(':')) {
            Some(("env", variable)) => match std::env::var(variable) {
                Ok(password) => password,
                Err(_) => known(url, variable)?,
            },
            Some(("file", path)) => {
                let text = std::fs::read_to_string(self.dir.join(path))
                    .map_err(|it| Error::from(it).while_doing(format!("read {path}")))?;
                text.trim_end_matches(['\r', '\n']).to_owned()
            }
            _ => String::new(),
        };
        Ok(Server {
            url: url.to_owned(),
            password,
        })
    }
}

/// The password of a test server.
fn known(url: &str, variable: &str) -> Result<String> {
    let book = Book::find().ok();
    let password = book.as_ref().and_then(|it| it.password_for(url));
    password.map(str::to_owned).ok_or_else(|| {
        Error::new(format!("{variable} is not set"))
            .hint("set it, or start the servers: cargo xtask servers up")
    })
}

/// Creates a sample's folder and forgets what was planted in it; the folder's own path.
pub(crate) async fn begin(dir: &Path) -> Result<PathBuf> {
    fs::create_dir_all(dir).await?;
    match fs::remove_file(dir.join(crate::inject::TRUTH)).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    Ok(fs::canonicalize(dir).await?)
}

/// Writes the deployment file beside its place and then moves it there.
pub(crate) async fn write(dir: &Path, text: &str) -> Result<()> {
    let temporary = dir.join("deployment.toml.loading");
    fs::write(&temporary, text).await?;
    Ok(fs::rename(temporary, dir.join(DEPLOYMENT_FILE)).await?)
}
