//! The workbench: what front ends talk to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parallax_connections::profile::Home;
use parallax_core::deployment::{Deployment, StoreConfig};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::panes::{Comparison, Mapped};
use parallax_core::profile::{Profile, SecretText, TestStep};
use parallax_core::report::{Report, Scope};
use parallax_core::store::{self, Batch, Dataset, Shape, Statement};
use parallax_core::trace::Trace;
use parallax_core::value::Value;
use parallax_core::wire::{
    Candidate, CheckId, LagReport, Overview, PaneProgress, PaneStatement, Reply, ReportFormat,
    Request, ResultId, RunId, StoreStatus,
};
use tokio::task::spawn_blocking;

use crate::checks::Checks;
use crate::events::Events;
use crate::local::Local;
use crate::open::{Open, open, remarks};
use crate::profiles::Profiles;
use crate::runs::Runs;
use crate::watch::Watch;
use crate::{export, finder, panes, tracer};

/// What to open, and how patiently.
#[derive(Clone, Debug)]
pub struct Options {
    /// The deployment file; without it, `deployment.toml` here or above.
    pub deployment: Option<PathBuf>,
    /// How long one call to a store may take; statements that people type are not bound by it.
    pub deadline: Duration,
    /// The folder of the person's profiles and of what is trusted; without it, where the system keeps such files.
    pub config: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            deployment: None,
            deadline: Duration::from_secs(2),
            config: None,
        }
    }
}

/// A deployment that is open, with everything that runs on it.
///
/// Needs a tokio runtime around it. Dropping it stops what runs; [`Workbench::close`] also waits for the servers.
#[derive(Debug)]
pub struct Workbench {
    // A file that cannot be used is an answer to every request, so that a window can say so.
    open: Result<Arc<Open>>,
    runs: Runs,
    checks: Checks,
    local: Arc<Local>,
    watch: Watch,
    profiles: Profiles,
    deadline: Duration,
}

impl Workbench {
    /// Reads the deployment file; sends nothing to any store yet.
    pub fn open(options: &Options) -> Self {
        let opened = open(options.deployment.as_deref());
        let home = match &options.config {
            Some(folder) => Ok(Home::at(folder)),
            None => Home::find(),
        };
        let open = opened.map(|it| Arc::new(Open::new(it, home.clone(), options.deadline)));
        Self {
            open,
            runs: Runs::default(),
            checks: Checks::default(),
            local: Arc::default(),
            watch: Watch::default(),
            profiles: Profiles::new(home),
            deadline: options.deadline,
        }
    }

    /// The deployment, or why it could not be opened.
    pub fn deployment(&self) -> Result<&Deployment> {
        Ok(self.opened()?.deployment())
    }

    /// Answers one request of a front end; events of what it begins go to `events`.
    pub async fn handle(&self, request: Request, events: &Events) -> Reply {
        self.answer(request, events)
            .await
            .unwrap_or_else(Reply::Failed)
    }

    #[expect(
        clippy::cognitive_complexity,
        reason = "one arm a request: the list is read at once"
    )]
    async fn answer(&self, request: Request, events: &Events) -> Result<Reply> {
        Ok(match request {
            Request::Overview => Reply::Overview(Box::new(self.overview()?)),
            Request::Stores => Reply::Stores(self.stores().await?),
            Request::Lag => Reply::Lag(self.lag().await?),
            Request::Datasets { store } => Reply::Datasets(self.datasets(&store).await?),
            Request::Describe { dataset } => Reply::Shape(Box::new(self.describe(&dataset).await?)),
            Request::Trace { entity, key, by } => {
                Reply::Trace(Box::new(self.trace(&entity, &key, by.as_deref()).await?))
            }
            Request::Find {
                entity,
                text,
                limit,
            } => Reply::Found(self.find(entity.as_deref(), &text, limit).await?),
            Request::Query { panes, parameters } => {
                Reply::Running(self.start(panes, &parameters, events)?)
            }
            Request::Page {
                result,
                first,
                count,
            } => Reply::Page(self.runs.page(result, first, count)?),
            Request::CompareResults {
                results,
                mapped,
                key,
            } => Reply::Compared(Box::new(self.compare(&results, &mapped, key).await?)),
            Request::Cancel { run, pane } => self.runs.cancel(run, pane).map(|()| Reply::Done)?,
            Request::Close { run } => {
                self.forget(run);
                Reply::Done
            }
            Request::Machine => Reply::Machine(self.local.read()?),
            Request::Watch { every } => {
                self.watch.set(
                    Arc::clone(self.opened()?),
                    Arc::clone(&self.local),
                    every,
                    events.clone(),
                );
                Reply::Done
            }
            Request::Check(scope) => Reply::Checking(self.check(scope, events)?),
            Request::CancelCheck { check } => self.cancel_check(check).map(|()| Reply::Done)?,
            Request::CheckReport { check } => {
                let report = self.checks.report(check)?;
                Reply::Report(Box::new(Report::clone(&report)))
            }
            Request::ExportReport {
                check,
                format,
                path,
            } => {
                let path = path.map(PathBuf::from);
                let written = self.export(check, format, path.as_deref()).await?;
                Reply::Written {
                    path: written.display().to_string(),
                }
            }
            Request::Profiles => Reply::Profiles(self.profiles().await?),
            Request::SaveProfile { profile, secret } => {
                Reply::Profiles(self.save_profile(profile, secret).await?)
            }
            Request::RemoveProfile { name } => Reply::Profiles(self.remove_profile(&name).await?),
            Request::TestProfile { profile, secret } => {
                Reply::Tested(self.test_profile(profile, secret).await)
            }
            Request::Trust => {
                self.trust().await?;
                Reply::Stores(self.stores().await?)
            }
        })
    }

    /// What is open, as last known.
    pub fn overview(&self) -> Result<Overview> {
        let open = self.opened()?;
        let (deployment, sessions) = (open.deployment(), open.sessions()?);
        let stores = sessions.statuses();
        let worst = stores.iter().map(|it| it.environment).max();
        Ok(Overview {
            name: deployment.name.clone(),
            environment: worst.unwrap_or_default(),
            stores,
            entities: deployment.entities.clone(),
            flows: deployment.flows.clone(),
            lag: None,
            remarks: remarks(deployment),
        })
    }

    /// Asks every store for its server.
    pub async fn stores(&self) -> Result<Vec<StoreStatus>> {
        self.opened()?.stores().await
    }

    /// Measures every edge.
    pub async fn lag(&self) -> Result<LagReport> {
        self.opened()?.lag().await
    }

    /// The datasets of one store.
    pub async fn datasets(&self, store: &StoreId) -> Result<Vec<Dataset>> {
        self.opened()?.sessions()?.datasets(store).await
    }

    /// The shape of one dataset.
    pub async fn describe(&self, dataset: &DatasetId) -> Result<Shape> {
        self.opened()?
            .sessions()?
            .describe(dataset, store::Purpose::Inspect)
            .await
    }

    /// One entity in all its representations, by its key's text or by a canonical field.
    ///
    /// Fails only where there is nothing to say: no such entity, no such key anywhere, an ambiguous field.
    pub async fn trace(&self, entity: &str, key: &str, by: Option<&str>) -> Result<Trace> {
        let open = self.opened()?;
        let sessions = open.sessions()?;
        tracer::trace(open.deployed(&sessions), entity, key, by).await
    }

    /// Entities whose key or mapped text fields answer to `text`.
    pub async fn find(
        &self,
        entity: Option<&str>,
        text: &str,
        limit: u32,
    ) -> Result<Vec<Candidate>> {
        let open = self.opened()?;
        let sessions = open.sessions()?;
        finder::find(open.deployed(&sessions), entity, text, limit).await
    }

    /// Begins statements side by side; their results are kept until [`Workbench::forget`].
    pub fn start(
        &self,
        panes: Vec<PaneStatement>,
        parameters: &[(String, Value)],
        events: &Events,
    ) -> Result<RunId> {
        Ok(self
            .runs
            .start(&self.opened()?.sessions()?, panes, parameters, events))
    }

    /// Waits until every pane of a run has ended.
    pub async fn finished(&self, run: RunId) -> Result<Vec<PaneProgress>> {
        self.runs.finished(run).await
    }

    /// At most `count` rows of a result.
    pub fn page(&self, result: ResultId, first: u64, count: u32) -> Result<Batch> {
        self.runs.page(result, first, count).map(|it| it.batch)
    }

    /// Compares whole results with the first of them; fields are paired by an entity's mapping, or by their names.
    ///
    /// Fails with [`ErrorKind::InvalidInput`] while one still runs, or has more records than are compared.
    pub async fn compare(
        &self,
        results: &[ResultId],
        mapped: &Mapped,
        key: Option<Vec<String>>,
    ) -> Result<Comparison> {
        let open = self.opened()?;
        let given = results.iter().map(|it| self.runs.whole(*it));
        let given = given.collect::<Result<Vec<_>>>()?;
        let sessions = open.sessions()?;
        panes::compare(open.deployed(&sessions), given, mapped, key).await
    }

    /// Stops a run if it runs, and forgets its results.
    pub fn forget(&self, run: RunId) {
        self.runs.close(run);
    }

    /// Streams one statement's results without keeping them. Dropping the stream stops the statement.
    pub async fn stream(&self, store: &StoreId, statement: &Statement) -> Result<store::Rows> {
        let sessions = self.opened()?.sessions()?;
        let call = sessions.query_call(store);
        sessions
            .store(store)?
            .query(&call, statement)
            .await
            .map_err(|it| it.at(store))
    }

    /// Begins a check; its report is kept while it is one of the last few. Fails at once where the scope names what
    /// the deployment does not have, or leaves nothing to compare.
    pub fn check(&self, scope: Scope, events: &Events) -> Result<CheckId> {
        let open = self.opened()?;
        self.checks.start(open, &open.sessions()?, scope, events)
    }

    /// Asks a check to stop; what it found so far is then its report.
    pub fn cancel_check(&self, check: CheckId) -> Result<()> {
        self.checks.cancel(check)
    }

    /// Waits until a check has ended, and gives its report.
    pub async fn checked(&self, check: CheckId) -> Result<Arc<Report>> {
        self.checks.finished(check).await
    }

    /// Writes the report of a check that has ended into a file, and says where.
    ///
    /// A `path` is written to whatever was there; without one, a new file is made in the person's documents or the
    /// current folder.
    pub async fn export(
        &self,
        check: CheckId,
        format: ReportFormat,
        path: Option<&Path>,
    ) -> Result<PathBuf> {
        let report = self.checks.report(check)?;
        let path = path.map(Path::to_owned);
        let written = spawn_blocking(move || export::write(&report, format, path.as_deref()));
        let broken = |it| Error::new(ErrorKind::Other, "write the report").because(it);
        written.await.map_err(broken)?
    }

    /// The saved profiles; no deployment needs to be open.
    pub async fn profiles(&self) -> Result<Vec<Profile>> {
        self.profiles.list().await
    }

    /// Saves a profile, its secret in the keychain, and connects the stores that use it anew.
    ///
    /// A password in its URL is moved to the keychain.
    pub async fn save_profile(
        &self,
        profile: Profile,
        secret: Option<SecretText>,
    ) -> Result<Vec<Profile>> {
        let name = profile.name.clone();
        let profiles = self.profiles.save(profile, secret).await;
        self.readmit(Some(name)).await?;
        profiles
    }

    /// Removes a profile and its secret.
    pub async fn remove_profile(&self, name: &str) -> Result<Vec<Profile>> {
        let profiles = self.profiles.remove(name).await;
        self.readmit(Some(name.to_owned())).await?;
        profiles
    }

    /// Tests a connection step by step; every step has an outcome.
    pub async fn test_profile(
        &self,
        profile: Profile,
        secret: Option<SecretText>,
    ) -> Vec<TestStep> {
        self.profiles.test(profile, secret, self.deadline).await
    }

    /// The stores that wait until the person trusts the deployment file: where they are, and where their secrets are.
    pub fn untrusted(&self) -> Result<Vec<StoreConfig>> {
        Ok(self.opened()?.sessions()?.untrusted())
    }

    /// Trusts the deployment file as it stands, so that the secrets that it names are used from now on.
    pub async fn trust(&self) -> Result<()> {
        let open = Arc::clone(self.opened()?);
        let trusted = spawn_blocking(move || open.trust()).await;
        let broken = |it| Error::new(ErrorKind::Other, "trust the deployment file").because(it);
        trusted.map_err(broken)??;
        self.readmit(None).await
    }

    async fn readmit(&self, changed: Option<String>) -> Result<()> {
        let Ok(open) = &self.open else {
            return Ok(());
        };
        let open = Arc::clone(open);
        let done = spawn_blocking(move || open.readmit(changed.as_deref())).await;
        done.map_err(|it| Error::new(ErrorKind::Other, "read the person's files").because(it))
    }

    /// Stops what runs, and waits until the servers have stopped it too.
    pub async fn close(&self) {
        self.watch.end().await;
        self.checks.close_all().await;
        self.runs.close_all().await;
        if let Ok(open) = &self.open {
            open.close().await;
        }
    }

    fn opened(&self) -> Result<&Arc<Open>> {
        self.open.as_ref().map_err(Error::clone)
    }
}
