//! One check at work: its entities one after the other, each step by step.

use std::hash::{BuildHasher as _, RandomState};
use std::num::NonZero;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use parallax_core::deployment::Role;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::human;
use parallax_core::reconcile::{
    Answer, Check, CheckOptions, DEFAULT_CELLS, KeyRead, ScanPlan, Step,
};
use parallax_core::report::{EntityReport, Report};
use parallax_core::store::{Purpose, ReadSpan, Shape};
use parallax_core::trace::Read;
use parallax_core::value::Key;
use parallax_core::wire::{PaneState, StoreState, StoreStatus};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::Ended;
use super::board::{Board, Scanned};
use super::during::During;
use super::plan::{Part, Plan};
use super::scan::Scanner;
use super::stores::Stores;
use crate::clock;
use crate::entities::{mapping, shapes};
use crate::evidence::{Proof, Reader};
use crate::open::Open;
use crate::sessions::Sessions;

/// Said of what a check that was stopped did not reach.
const STOPPED: &str = "the check was stopped before it came to an end here";

/// One check and what it needs.
#[derive(Debug)]
pub(super) struct Run {
    open: Arc<Open>,
    scanner: Scanner,
    plan: Plan,
    started_at: Timestamp,
}

impl Run {
    /// A check that has not begun.
    pub(super) fn new(open: Arc<Open>, sessions: Arc<Sessions>, plan: Plan) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let scanner = Scanner {
            stores: Arc::new(Stores::new(&plan.stores(), cores)),
            sessions,
            want: 2 * cores,
        };
        Self {
            open,
            scanner,
            plan,
            started_at: clock::now(),
        }
    }

    /// Runs the check to its end, or until it is to stop, and then says how it ended.
    pub(super) async fn finish(self, mut board: Board, end: watch::Sender<Option<Ended>>) {
        let report = self.report(&mut board).await;
        let state = match &report {
            Ok(it) if it.is_cancelled => PaneState::Cancelled,
            Ok(_) => PaneState::Done,
            Err(_) => PaneState::Failed,
        };
        let error = report.as_ref().err().cloned();
        // Whoever hears of the end finds the report there.
        end.send_replace(Some(report.map(Arc::new)));
        board.end(state, error);
    }

    async fn report(&self, board: &mut Board) -> Result<Report> {
        let stores = self.ping(board).await;
        let deployed = self.open.deployed(&self.scanner.sessions);
        let during = During::new(deployed, &self.plan.edges());
        let entities = {
            let mut watching = pin!(during.watch());
            let entities = tokio::select! {
                entities = self.entities(board) => entities?,
                never = &mut watching => never,
            };
            // A short check ends before its edges were measured at all: what they were at its start is waited for.
            if !board.is_cancelled() {
                let first = async {
                    tokio::select! {
                        () = during.first() => {}
                        never = watching => never,
                    }
                };
                board.watch(first).await;
            }
            entities
        };
        // What was found stands; the edges are measured once more, unless nobody waits for it.
        if !board.is_cancelled() {
            board.watch(during.measure()).await;
        }
        Ok(Report {
            deployment: deployed.deployment.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.started_at,
            took: board.took(),
            scope: self.plan.scope.clone(),
            is_cancelled: board.is_cancelled(),
            stores,
            entities,
            lag: during.into_seen(),
            rerun: self.plan.rerun.clone(),
        })
    }

    /// Asks every store in scope for its server; says what those are that answered.
    async fn ping(&self, board: &mut Board) -> Vec<(String, String)> {
        let ids = self.plan.stores();
        board.enter(format!("asking {}", human::plural(ids.len(), "store")));
        let asked = self.scanner.sessions.ping_these(&ids);
        let statuses = board.watch(asked).await.unwrap_or_default();
        self.scanner.stores.note(&statuses);
        statuses.iter().filter_map(product).collect()
    }

    async fn entities(&self, board: &mut Board) -> Result<Vec<EntityReport>> {
        let mut reports = Vec::new();
        for part in &self.plan.entities {
            let shapes = self.shapes(part, board).await;
            board.turn_to(to_scan(part, &shapes));
            let report = self.entity(part, shapes, board).await?;
            board.note_end(report.counts());
            reports.push(report);
        }
        Ok(reports)
    }

    /// The shapes of an entity's representations; of those that are not read and of silent stores nothing is asked.
    async fn shapes(&self, part: &Part, board: &mut Board) -> Vec<Result<Shape>> {
        board.enter(format!("looking at {}", part.entity.name));
        let deployed = self.open.deployed(&self.scanner.sessions);
        let asked = shapes(&part.entity, deployed.sessions, deployed.known);
        match board.watch(asked).await {
            Some(shapes) => shapes,
            None => vec![Err(stopped()); part.entity.representations.len()],
        }
    }

    /// Checks one entity: asks what is to be done, does it, says what came of it.
    async fn entity(
        &self,
        part: &Part,
        shapes: Vec<Result<Shape>>,
        board: &mut Board,
    ) -> Result<EntityReport> {
        let mut check = Check::new(self.options(part, shapes));
        let mut answers = Vec::new();
        loop {
            let (next, step) = advance(check, answers).await?;
            check = next;
            board.note(&check);
            if let Step::Done(report) = step {
                return Ok(*report);
            }
            answers = match self.act(part, step, board).await {
                Some(answers) => answers,
                None => return ended(check).await,
            };
        }
    }

    fn options(&self, part: &Part, shapes: Vec<Result<Shape>>) -> CheckOptions {
        let scope = &self.plan.scope;
        CheckOptions {
            entity: part.entity.clone(),
            mapping: mapping(&part.entity, &shapes),
            shapes,
            targets: part.targets.clone(),
            sample: scope.sample,
            since: scope
                .since
                .and_then(|it| self.started_at.checked_sub(it).ok()),
            allowed: part.allowed.clone(),
            seed: RandomState::new().hash_one(()),
            cells: DEFAULT_CELLS,
        }
    }

    /// Does one step; `None` if the check is to stop.
    async fn act(&self, part: &Part, step: Step, board: &mut Board) -> Option<Vec<Answer>> {
        match step {
            Step::Scan(plans) => {
                board.enter(format!(
                    "scanning {} in {}",
                    part.entity.name,
                    human::plural(plans.len(), "dataset")
                ));
                self.scan(part, plans, board).await
            }
            Step::Read {
                representation,
                keys,
            } => {
                board.enter(format!(
                    "reading {} again",
                    human::plural(board.open(), "key")
                ));
                let reads = board.watch(self.read(part, representation, keys)).await?;
                Some(vec![Answer::Read {
                    representation,
                    reads,
                }])
            }
            Step::Wait { until } => {
                let pause = Duration::try_from(until.duration_since(clock::now()));
                let pause = pause.unwrap_or_default();
                let shown = human::duration(pause);
                board.enter(format!("waiting {shown} for changes in flight"));
                board.watch(sleep(pause)).await.map(|()| Vec::new())
            }
            Step::Done(_) => Some(Vec::new()),
        }
    }

    async fn scan(
        &self,
        part: &Part,
        plans: Vec<ScanPlan>,
        board: &mut Board,
    ) -> Option<Vec<Answer>> {
        let mut scans = Vec::new();
        for plan in plans {
            let representation = plan.representation;
            let dataset = &part.entity.representations.get(representation)?.dataset;
            board.scans(dataset, &plan.fold);
            scans.push(async move {
                Answer::Scanned {
                    representation,
                    result: self.scanner.scan(dataset, plan).await,
                }
            });
        }
        board.watch(join_all(scans)).await
    }

    async fn read(&self, part: &Part, representation: usize, keys: Vec<Key>) -> Vec<KeyRead> {
        let entity = &part.entity;
        let store = |at: usize| entity.representations.get(at).map(|it| &it.dataset.store);
        let (Some(source), Some(copy)) = (store(part.source), store(representation)) else {
            return Vec::new();
        };
        let stores = &self.scanner.stores;
        let answer = stores.answers(source).and_then(|()| stores.answers(copy));
        if let Err(error) = answer {
            return unread(keys, part, representation, &error);
        }
        let reader = Reader {
            deployed: self.open.deployed(&self.scanner.sessions),
            entity,
            purpose: Purpose::Check,
        };
        let proof = reader.prove(&keys, &[representation]).await;
        stores.note_reads(source, &proof.source);
        let Some((_, copies)) = proof.copies.first() else {
            let error = proof.source.into_iter().find_map(|it| it.found.err());
            return unread(keys, part, representation, &error.unwrap_or_else(stopped));
        };
        stores.note_reads(copy, copies);
        key_reads(keys, proof)
    }
}

/// The datasets of an entity before they are scanned.
fn to_scan(part: &Part, shapes: &[Result<Shape>]) -> Vec<Scanned> {
    let scanned = std::iter::once(&part.source).chain(&part.targets);
    let scanned = scanned.filter_map(|at| {
        let estimate = shapes.get(*at)?.as_ref().ok().and_then(|it| it.estimate);
        Some(Scanned {
            dataset: part.entity.representations.get(*at)?.dataset.clone(),
            estimate,
            fold: None,
        })
    });
    scanned.collect()
}

fn key_reads(keys: Vec<Key>, proof: Proof) -> Vec<KeyRead> {
    let copies = proof.copies.into_iter().flat_map(|(_, it)| it);
    let reads = keys.into_iter().zip(proof.source).zip(copies);
    reads
        .zip(proof.settled)
        .map(|(((key, source), copy), settled)| KeyRead {
            key,
            source,
            copy,
            settled,
        })
        .collect()
}

/// Reads that failed before they were made.
fn unread(keys: Vec<Key>, part: &Part, representation: usize, error: &Error) -> Vec<KeyRead> {
    let failed = |at: usize| {
        let representation = part.entity.representations.get(at);
        let now = clock::now();
        Read {
            role: representation.map_or(Role::Derived, |it| it.role),
            presence: representation.map_or_else(Default::default, |it| it.presence),
            found: Err(error.clone()),
            statement: String::new(),
            span: ReadSpan {
                began: now,
                ended: now,
            },
            reads: 0,
            way: None,
            searched: None,
        }
    };
    let reads = keys.into_iter().map(|key| KeyRead {
        key,
        source: failed(part.source),
        copy: failed(representation),
        settled: true,
    });
    reads.collect()
}

/// Feeds a check and asks it what is next, where it keeps nobody waiting: decoding a large sketch takes a while.
async fn advance(mut check: Check, answers: Vec<Answer>) -> Result<(Check, Step)> {
    let next = spawn_blocking(move || {
        for answer in answers {
            check.feed(answer, clock::now());
        }
        let step = check.step(clock::now());
        (check, step)
    });
    let broken = |it| Error::new(ErrorKind::Other, "reconcile").because(it);
    next.await.map_err(broken)
}

/// What a check that is to stop has found.
async fn ended(mut check: Check) -> Result<EntityReport> {
    check.stop(STOPPED);
    match advance(check, Vec::new()).await? {
        (_, Step::Done(report)) => Ok(*report),
        _ => Err(Error::new(ErrorKind::Other, "stop the check").because("it has more to do")),
    }
}

fn stopped() -> Error {
    Error::new(ErrorKind::Cancelled, "check").because(STOPPED)
}

/// A store's name, product and version, where it answered.
fn product(status: &StoreStatus) -> Option<(String, String)> {
    let product = status.product.as_ref();
    let product = product.filter(|_| status.state == StoreState::Up)?;
    let version = status.version.as_deref().unwrap_or_default();
    let product = format!("{product} {version}").trim_end().to_owned();
    Some((status.name.to_string(), product))
}
