//! The graph of flows: its roots, its cycles, its layers, and the lag that adds up along a way.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::deployment::{Edge, Endpoint};
use crate::name::DatasetId;

mod graph;

pub use graph::Flow;

/// How far a dataset is behind the roots of its flow, over every way that leads to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GlobalLag {
    /// At most so much: the sum of the local lags along the slowest way.
    AtMost(Duration),
    /// An edge on the way is unknown: the first such.
    Unknown {
        /// The edge, as people read it.
        edge: String,
    },
}

/// A way through the graph: the edges from a root on, by their index in the deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path<'d> {
    /// The edges, first to last.
    pub edges: Vec<(usize, &'d Edge)>,
}

impl Path<'_> {
    /// The age that is allowed at the end: the sum of the objectives.
    pub fn allowed(&self) -> Duration {
        self.edges.iter().map(|(_, it)| it.objective).sum()
    }
}

/// An edge as people read it: `shop.users → docs.users`.
pub fn edge_name(from: &Endpoint, to: &Endpoint) -> String {
    format!("{from} → {to}")
}

/// Whether `edge` ends at `dataset`.
pub fn ends_at(edge: &Edge, dataset: &DatasetId) -> bool {
    edge.to.covers(dataset)
}
