//! Runs: statements side by side, their results kept, their end in the caller's hand.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Chunk, Statement};
use parallax_core::value::Value;
use parallax_core::wire::{Event, Page, PaneProgress, PaneState, PaneStatement, ResultId, RunId};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::events::Events;
use crate::results::Rowset;
use crate::sessions::Sessions;

/// The least time between two words about a pane that still runs.
const PROGRESS: Duration = Duration::from_millis(100);

/// The runs whose results are still kept.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    next: AtomicU64,
    open: Mutex<BTreeMap<RunId, Run>>,
}

#[derive(Debug)]
struct Run {
    panes: Vec<Arc<Pane>>,
    // Dropping a run drops its tasks, and with them the statements.
    tasks: JoinSet<()>,
}

/// One statement of a run.
#[derive(Debug)]
pub(crate) struct Pane {
    statement: PaneStatement,
    began: Instant,
    cancel: watch::Sender<bool>,
    inner: Mutex<PaneInner>,
}

#[derive(Debug)]
struct PaneInner {
    state: PaneState,
    error: Option<Error>,
    first_row: Option<Duration>,
    took: Option<Duration>,
    results: Vec<Arc<Rowset>>,
    notices: Vec<String>,
}

impl Runs {
    /// Begins a run; each pane fails alone. Returns at once.
    pub(crate) fn start(
        &self,
        sessions: &Arc<Sessions>,
        statements: Vec<PaneStatement>,
        parameters: &[(String, Value)],
        events: &Events,
    ) -> RunId {
        let id = RunId(self.next.fetch_add(1, Ordering::Relaxed));
        let panes: Vec<_> = statements
            .iter()
            .map(|it| Arc::new(Pane::new(it.clone())))
            .collect();
        let mut tasks = JoinSet::new();
        for (at, (pane, statement)) in panes.iter().zip(statements).enumerate() {
            let reporter = Reporter {
                run: id,
                pane: u32::try_from(at).unwrap_or(u32::MAX),
                events: events.clone(),
            };
            let task = run_pane(
                Arc::clone(pane),
                Arc::clone(sessions),
                statement,
                parameters.to_vec(),
                reporter,
            );
            tasks.spawn(task);
        }
        self.open().insert(id, Run { panes, tasks });
        id
    }

    /// Asks the statements of a run, or of one pane, to stop.
    pub(crate) fn cancel(&self, run: RunId, pane: Option<u32>) -> Result<()> {
        let panes = self.panes(run)?;
        let wanted = panes
            .iter()
            .enumerate()
            .filter(|(at, _)| pane.is_none_or(|it| it as usize == *at));
        for (_, pane) in wanted {
            pane.cancel.send_replace(true);
        }
        Ok(())
    }

    /// Forgets a run; what still runs is stopped by being dropped.
    pub(crate) fn close(&self, run: RunId) {
        drop(self.open().remove(&run));
    }

    /// Stops every run, and waits until each of its statements was let go.
    pub(crate) async fn close_all(&self) {
        let runs = std::mem::take(&mut *self.open());
        for mut run in runs.into_values() {
            run.tasks.shutdown().await;
        }
    }

    /// Rows of a result.
    pub(crate) fn page(&self, id: ResultId, first: u64, count: u32) -> Result<Page> {
        let panes = self.panes(id.run)?;
        let pane = panes.get(id.pane as usize).ok_or_else(|| gone(id.run))?;
        let rows = pane
            .inner()
            .results
            .get(id.index as usize)
            .cloned()
            .ok_or_else(|| gone(id.run))?;
        Ok(Page {
            result: id,
            first,
            batch: rows.page(first, count)?,
        })
    }

    /// A whole result, and the statement that gave it; fails while it is not whole.
    pub(crate) fn whole(&self, id: ResultId) -> Result<(PaneStatement, Arc<Rowset>)> {
        let panes = self.panes(id.run)?;
        let pane = panes.get(id.pane as usize).ok_or_else(|| gone(id.run))?;
        let inner = pane.inner();
        let found = inner.results.get(id.index as usize).cloned();
        let rows = found.ok_or_else(|| gone(id.run))?;
        let store = &pane.statement.store;
        let why = match inner.state {
            PaneState::Done => return Ok((pane.statement.clone(), rows)),
            PaneState::Running => format!("the statement in {store} still runs"),
            PaneState::Failed => format!("the statement in {store} failed"),
            PaneState::Cancelled => format!("the statement in {store} was cancelled"),
        };
        Err(Error::new(ErrorKind::InvalidInput, "compare the results")
            .because(why)
            .hint("run it to its end first: what is not whole is not compared"))
    }

    /// Waits until every pane of a run has ended, and says how each did.
    pub(crate) async fn finished(&self, run: RunId) -> Result<Vec<PaneProgress>> {
        let tasks = self
            .open()
            .get_mut(&run)
            .map(|it| std::mem::take(&mut it.tasks));
        tasks.ok_or_else(|| gone(run))?.join_all().await;
        Ok(self.panes(run)?.iter().map(|it| it.progress()).collect())
    }

    fn panes(&self, run: RunId) -> Result<Vec<Arc<Pane>>> {
        self.open()
            .get(&run)
            .map(|it| it.panes.clone())
            .ok_or_else(|| gone(run))
    }

    fn open(&self) -> std::sync::MutexGuard<'_, BTreeMap<RunId, Run>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gone(run: RunId) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("find the result of run {}", run.0),
    )
    .because("it was closed")
}

impl Pane {
    fn new(statement: PaneStatement) -> Self {
        let inner = PaneInner {
            state: PaneState::Running,
            error: None,
            first_row: None,
            took: None,
            results: Vec::new(),
            notices: Vec::new(),
        };
        Self {
            statement,
            began: Instant::now(),
            cancel: watch::Sender::new(false),
            inner: Mutex::new(inner),
        }
    }

    fn progress(&self) -> PaneProgress {
        let inner = self.inner();
        PaneProgress {
            state: inner.state,
            error: inner.error.clone(),
            first_row: inner.first_row,
            took: inner.took.unwrap_or_else(|| self.began.elapsed()),
            bytes: inner.results.iter().map(|it| it.bytes()).sum(),
            results: inner.results.iter().map(|it| it.head()).collect(),
            notices: inner.notices.clone(),
        }
    }

    fn take(&self, chunk: Chunk) -> Result<()> {
        let mut inner = self.inner();
        match chunk {
            Chunk::Rows(batch) => {
                if batch.rows > 0 {
                    inner.first_row.get_or_insert_with(|| self.began.elapsed());
                }
                inner.current().push(&batch)?;
            }
            Chunk::NextResult => inner.results.push(Arc::default()),
            Chunk::Notice(text) => inner.notices.push(text),
            Chunk::Done { affected } => {
                if affected.is_some() {
                    inner.current().note_affected(affected);
                }
            }
        }
        Ok(())
    }

    fn end(&self, state: PaneState, error: Option<Error>) {
        let mut inner = self.inner();
        inner.state = state;
        inner.error = error;
        inner.took = Some(self.began.elapsed());
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, PaneInner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PaneInner {
    fn current(&mut self) -> Arc<Rowset> {
        if self.results.is_empty() {
            self.results.push(Arc::default());
        }
        self.results.last().map(Arc::clone).unwrap_or_default()
    }
}

/// Tells a front end how far one pane is.
struct Reporter {
    run: RunId,
    pane: u32,
    events: Events,
}

impl Reporter {
    fn tell(&self, pane: &Pane) {
        self.events.send(Event::Pane {
            run: self.run,
            pane: self.pane,
            progress: pane.progress(),
        });
    }
}

async fn run_pane(
    pane: Arc<Pane>,
    sessions: Arc<Sessions>,
    statement: PaneStatement,
    parameters: Vec<(String, Value)>,
    reporter: Reporter,
) {
    let mut cancelled = pane.cancel.subscribe();
    let (state, error) = tokio::select! {
        // Dropping the stream is what stops the statement on the server.
        _ = cancelled.wait_for(|it| *it) => (PaneState::Cancelled, None),
        ended = stream(&pane, &sessions, statement, parameters, &reporter) => match ended {
            Ok(()) => (PaneState::Done, None),
            Err(error) => (PaneState::Failed, Some(error)),
        },
    };
    pane.end(state, error);
    reporter.tell(&pane);
}

async fn stream(
    pane: &Pane,
    sessions: &Sessions,
    statement: PaneStatement,
    parameters: Vec<(String, Value)>,
    reporter: &Reporter,
) -> Result<()> {
    let PaneStatement { store, text } = statement;
    let call = sessions.query_call(&store);
    let mut rows = sessions
        .store(&store)?
        .query(&call, &Statement { text, parameters })
        .await?;
    let mut told = Instant::now();
    while let Some(chunk) = rows.next().await {
        pane.take(chunk.map_err(|it| it.at(&store))?)?;
        if told.elapsed() >= PROGRESS {
            reporter.tell(pane);
            told = Instant::now();
        }
    }
    Ok(())
}
