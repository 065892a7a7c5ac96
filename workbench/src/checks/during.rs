//! The lag of the edges in scope while a check runs.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use parallax_core::deployment::Edge;
use parallax_core::lag::Reading;
use parallax_core::report::LagDuring;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::entities::Deployed;
use crate::monitor::measure;

/// The least time between two measurements.
const EVERY: Duration = Duration::from_secs(1);

/// Measuring takes at most one part in so many of the time.
const SHARE: u32 = 100;

/// What was measured so far of the edges in scope.
#[derive(Debug)]
pub(super) struct During<'w> {
    deployed: Deployed<'w>,
    edges: Vec<&'w Edge>,
    seen: Mutex<Vec<LagDuring>>,
    /// Told once, by the first measurement.
    begun: Notify,
}

impl<'w> During<'w> {
    /// Nothing is measured yet of the edges with these indices.
    pub(super) fn new(deployed: Deployed<'w>, edges: &BTreeSet<usize>) -> Self {
        let edges = edges
            .iter()
            .filter_map(|it| deployed.deployment.flows.get(*it));
        Self {
            deployed,
            edges: edges.collect(),
            seen: Mutex::default(),
            begun: Notify::new(),
        }
    }

    /// Measures again and again, until it is dropped.
    pub(super) async fn watch(&self) -> ! {
        loop {
            let began = Instant::now();
            self.measure().await;
            self.begun.notify_one();
            sleep(EVERY.max(began.elapsed() * SHARE)).await;
        }
    }

    /// Waits for the first measurement of [`During::watch`], which may be over already. To be called once.
    pub(super) async fn first(&self) {
        self.begun.notified().await;
    }

    /// Measures every edge once.
    pub(super) async fn measure(&self) {
        let measured = self.edges.iter().map(|it| measure(self.deployed, it));
        let readings = join_all(measured).await;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.is_empty() {
            let first = self.edges.iter().zip(readings);
            seen.extend(first.map(|(edge, reading)| begun((*edge).clone(), reading)));
            return;
        }
        for (seen, reading) in seen.iter_mut().zip(readings) {
            seen.max = seen.max.max(reading.lag.time);
            seen.samples += 1;
            seen.last = reading;
        }
    }

    /// What was measured, one an edge.
    pub(super) fn into_seen(self) -> Vec<LagDuring> {
        self.seen
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn begun(edge: Edge, reading: Reading) -> LagDuring {
    LagDuring {
        edge,
        max: reading.lag.time,
        first: reading.clone(),
        last: reading,
        samples: 1,
    }
}
