//! Watches a deployment for a front end: measures again and again, and tells only what changed.
//!
//! A window that nobody touches then draws nothing while nothing happens.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use parallax_core::lag::Reading;
use parallax_core::wire::{EdgeLag, Event, LagReport, StoreStatus};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::events::Events;
use crate::local::Local;
use crate::open::Open;

/// How often stores are asked whether they still answer, at the most.
const STORES: Duration = Duration::from_secs(15);

/// Measuring takes at most one part in so many of the time between two measurements.
const SHARE: u32 = 100;

/// How often this machine's load is told, at the most: it always changes a little.
const MACHINE: Duration = Duration::from_secs(30);

/// The one watch that runs, if any.
#[derive(Debug, Default)]
pub(crate) struct Watch(Mutex<JoinSet<()>>);

impl Watch {
    /// Watches from now on, and ends the watch before; without `every`, ends it only.
    pub(crate) fn set(
        &self,
        open: Arc<Open>,
        local: Arc<Local>,
        every: Option<Duration>,
        events: Events,
    ) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *tasks = JoinSet::new();
        if let Some(every) = every.filter(|it| !it.is_zero()) {
            tasks.spawn(
                Watcher {
                    open,
                    local,
                    events,
                    told: Told::default(),
                }
                .run(every),
            );
        }
    }

    /// Ends the watch, and waits until it has let go of the stores.
    pub(crate) async fn end(&self) {
        let mut tasks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
    }
}

struct Watcher {
    open: Arc<Open>,
    local: Arc<Local>,
    events: Events,
    told: Told,
}

/// What the front end knows.
#[derive(Default)]
struct Told {
    lag: Option<LagReport>,
    stores: Option<(Instant, Vec<StoreStatus>)>,
    machine: Option<Instant>,
}

impl Watcher {
    async fn run(mut self, every: Duration) {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let began = Instant::now();
            // A workbench that is closing has nothing more to tell.
            let Ok(report) = self.open.lag().await else {
                return;
            };
            self.tell_lag(report);
            self.tell_stores().await;
            self.tell_machine();
            // What is slow to measure is measured less often than the person asked for.
            ticks.reset_after(every.max(began.elapsed() * SHARE));
        }
    }

    fn tell_lag(&mut self, report: LagReport) {
        if self
            .told
            .lag
            .as_ref()
            .is_none_or(|it| !is_same_lag(it, &report))
        {
            self.events.send(Event::Lag(report.clone()));
            self.told.lag = Some(report);
        }
    }

    async fn tell_stores(&mut self) {
        if self
            .told
            .stores
            .as_ref()
            .is_some_and(|(at, _)| at.elapsed() < STORES)
        {
            return;
        }
        let Ok(stores) = self.open.stores().await else {
            return;
        };
        if self
            .told
            .stores
            .as_ref()
            .is_none_or(|(_, it)| !are_same_stores(it, &stores))
        {
            self.events.send(Event::Stores(stores.clone()));
        }
        self.told.stores = Some((Instant::now(), stores));
    }

    fn tell_machine(&mut self) {
        if self.told.machine.is_some_and(|it| it.elapsed() < MACHINE) {
            return;
        }
        if let Ok(machine) = self.local.read() {
            self.events.send(Event::Machine(machine));
        }
        self.told.machine = Some(Instant::now());
    }
}

/// Whether two measurements say the same, whenever and however exactly they were taken.
fn is_same_lag(one: &LagReport, other: &LagReport) -> bool {
    let said = |it: &EdgeLag| Reading {
        measured_at: jiff::Timestamp::UNIX_EPOCH,
        uncertainty: Duration::ZERO,
        frontier: None,
        ..it.reading.clone()
    };
    one.edges.len() == other.edges.len()
        && one
            .edges
            .iter()
            .zip(&other.edges)
            .all(|(one, other)| said(one) == said(other))
}

/// Whether stores are in the same state; the latency always changes a little.
fn are_same_stores(one: &[StoreStatus], other: &[StoreStatus]) -> bool {
    let same = |one: &StoreStatus, other: &StoreStatus| {
        (one.state, &one.version, &one.error) == (other.state, &other.version, &other.error)
    };
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
}
