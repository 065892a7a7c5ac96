//! From a deployment file to what is open.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use parallax_connections::guard::Canceller;
use parallax_connections::profile::Home;
use parallax_core::deployment::{Deployment, parse};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::flow::Flow;
use parallax_core::wire::{LagReport, StoreState, StoreStatus};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::entities::{self, Deployed, Shapes};
use crate::monitor;
use crate::person::Person;
use crate::sessions::Sessions;

/// The name under which a deployment file is looked for.
const FILE: &str = "deployment.toml";

/// How long the end waits for servers to stop what was cancelled.
const GOODBYE: Duration = Duration::from_secs(1);

/// What is open.
#[derive(Debug)]
pub(crate) struct Open {
    deployment: Deployment,
    person: Person,
    shapes: Shapes,
    // Gone once the workbench is closed: with its last store, the canceller ends.
    sessions: RwLock<Option<Arc<Sessions>>>,
    canceller: Mutex<JoinSet<()>>,
}

impl Open {
    pub(crate) fn new(opened: Opened, home: Result<Home>, deadline: Duration) -> Self {
        let Opened {
            deployment,
            base,
            file,
        } = opened;
        let (queue, canceller) = Canceller::new();
        let person = Person { home, file, base };
        let sessions = Sessions::new(person.admit(&deployment), deadline, queue);
        let mut task = JoinSet::new();
        task.spawn(canceller.run());
        Self {
            deployment,
            person,
            shapes: Shapes::default(),
            sessions: RwLock::new(Some(Arc::new(sessions))),
            canceller: Mutex::new(task),
        }
    }

    pub(crate) fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The deployment file, as it was named or found.
    pub(crate) fn file(&self) -> &Path {
        &self.person.file
    }

    /// Trusts the deployment file as it stands. Blocks; fails where the person's folder cannot be written.
    pub(crate) fn trust(&self) -> Result<()> {
        self.person.trust(&self.deployment)
    }

    /// Judges the stores again after the person's files changed, or those of `changed`. Blocks.
    pub(crate) fn readmit(&self, changed: Option<&str>) {
        let admissions = self.person.admit(&self.deployment);
        self.shapes.forget();
        let mut sessions = self
            .sessions
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *sessions = sessions
            .take()
            .map(|it| Arc::new(it.again(admissions, changed)));
    }

    pub(crate) fn sessions(&self) -> Result<Arc<Sessions>> {
        let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
        sessions.clone().ok_or_else(|| {
            Error::new(ErrorKind::Cancelled, "ask a store").because("the workbench is closing")
        })
    }

    pub(crate) fn deployed<'w>(&'w self, sessions: &'w Sessions) -> Deployed<'w> {
        Deployed {
            deployment: &self.deployment,
            sessions,
            known: &self.shapes,
        }
    }

    /// Measures every edge.
    pub(crate) async fn lag(&self) -> Result<LagReport> {
        let sessions = self.sessions()?;
        Ok(monitor::measure_all(self.deployed(&sessions)).await)
    }

    /// Asks every store for its server, and what it holds of the deployment.
    pub(crate) async fn stores(&self) -> Result<Vec<StoreStatus>> {
        let sessions = self.sessions()?;
        let mut stores = sessions.ping_all().await;
        for store in stores.iter_mut().filter(|it| it.state == StoreState::Up) {
            let models =
                entities::models(&self.deployment, &sessions, &self.shapes, &store.name).await;
            if !models.is_empty() {
                sessions.note_models(&store.name, &models);
                store.models = models;
            }
        }
        Ok(stores)
    }

    /// Lets go of the stores and waits for the cancels that are open.
    pub(crate) async fn close(&self) {
        drop(
            self.sessions
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let task = std::mem::take(
            &mut *self
                .canceller
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        // Whoever still holds a store keeps the canceller alive; the end does not wait for that.
        drop(timeout(GOODBYE, task.join_all()).await);
    }
}

/// A deployment that was read, and the folder to which its paths are relative.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) deployment: Deployment,
    pub(crate) base: PathBuf,
    pub(crate) file: PathBuf,
}

/// Reads `file`, or looks for one in the current folder and above.
pub(crate) fn open(file: Option<&Path>) -> Result<Opened> {
    let file = match file {
        Some(file) => file.to_owned(),
        None => find()?,
    };
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(&file).map_err(|it| {
        Error::new(
            ErrorKind::NotFound,
            format!("read the deployment file {shown}"),
        )
        .because(it)
        .hint("name the file with -d FILE")
    })?;
    let deployment = parse(&text, &shown).map_err(|problems| {
        let error = Error::new(
            ErrorKind::InvalidInput,
            format!("use the deployment file {shown}"),
        );
        problems.to_string().lines().fold(error, Error::because)
    })?;
    let base = file.parent().map(Path::to_owned).unwrap_or_default();
    Ok(Opened {
        deployment,
        base,
        file,
    })
}

fn find() -> Result<PathBuf> {
    let here = std::env::current_dir()
        .map_err(|it| Error::new(ErrorKind::NotFound, "find the current folder").because(it))?;
    let found = here
        .ancestors()
        .map(|it| it.join(FILE))
        .find(|it| it.is_file());
    found.ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("find a {FILE}"))
            .because(format!("there is none in {} or above", here.display()))
            .hint("name the file with -d FILE, or make the sample with `cargo xtask demo`")
    })
}

/// What is odd about the graph, in words.
pub(crate) fn remarks(deployment: &Deployment) -> Vec<String> {
    let flow = Flow::new(deployment);
    let cycles = flow.cycles().into_iter().map(|cycle| {
        let names: Vec<String> = cycle.iter().map(ToString::to_string).collect();
        format!("changes go round in a circle: {}", names.join(" → "))
    });
    let unreached = flow
        .unreached()
        .into_iter()
        .map(|store| format!("no flow reaches or leaves {store}"));
    cycles.chain(unreached).collect()
}
