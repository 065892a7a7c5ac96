//! The graph itself, by petgraph.

use std::time::Duration;

use petgraph::Direction;
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef as _;

use super::{GlobalLag, Path, edge_name, ends_at};
use crate::deployment::{Deployment, Edge, Endpoint};
use crate::lag::Reading;
use crate::name::{DatasetId, StoreId};

/// The flows of a deployment as a graph whose nodes are datasets, or whole stores.
#[derive(Debug)]
pub struct Flow<'d> {
    deployment: &'d Deployment,
    graph: DiGraph<&'d Endpoint, &'d Edge>,
}

impl<'d> Flow<'d> {
    /// Builds the graph; edge `n` of the graph is flow `n` of the deployment.
    pub fn new(deployment: &'d Deployment) -> Self {
        let mut graph = DiGraph::new();
        for edge in &deployment.flows {
            let from = node(&mut graph, &edge.from);
            let to = node(&mut graph, &edge.to);
            graph.add_edge(from, to, edge);
        }
        Self { deployment, graph }
    }

    /// The endpoints that no edge leads to, in the order of the file.
    pub fn roots(&self) -> Vec<&'d Endpoint> {
        self.graph
            .externals(Direction::Incoming)
            .filter_map(|it| self.graph.node_weight(it).copied())
            .collect()
    }

    /// The cycles: groups of endpoints each of which reaches every other, or one that feeds itself.
    pub fn cycles(&self) -> Vec<Vec<&'d Endpoint>> {
        let groups = tarjan_scc(&self.graph).into_iter().rev();
        let cyclic = groups.filter(|it| {
            it.len() > 1 || it.iter().any(|node| self.graph.contains_edge(*node, *node))
        });
        cyclic
            .map(|it| {
                it.into_iter()
                    .rev()
                    .filter_map(|node| self.graph.node_weight(node).copied())
                    .collect()
            })
            .collect()
    }

    /// Stores that no edge reaches or leaves, in the order of the file.
    pub fn unreached(&self) -> Vec<&'d StoreId> {
        let touched = |store: &StoreId| self.graph.node_weights().any(|it| it.store() == store);
        self.deployment
            .stores
            .iter()
            .map(|it| &it.id)
            .filter(|it| !touched(it))
            .collect()
    }

    /// The ways from `source` to `target` that pass no endpoint twice, shortest first.
    pub fn ways(&self, source: &DatasetId, target: &DatasetId) -> Vec<Path<'d>> {
        let mut found = Vec::new();
        for node in self
            .graph
            .node_indices()
            .filter(|it| self.endpoint(*it).covers(source))
        {
            self.extend(&mut Vec::new(), &mut vec![node], target, &mut found);
        }
        found.sort_by_key(|it: &Path<'d>| it.edges.len());
        found
    }

    /// How far the target of flow `index` is behind the roots: the slowest way's sum of local lags.
    ///
    /// `readings` has one an edge, in the order of the deployment. Along a cycle each edge counts once.
    pub fn global_lag(&self, index: usize, readings: &[Reading]) -> GlobalLag {
        self.behind_roots(EdgeIndex::new(index), readings, &mut Vec::new())
    }

    /// How far the end of an edge is behind the roots: its own lag and that of its slowest feeder.
    ///
    /// Unknown as soon as one of them is, and for edges in a circle.
    fn behind_roots(
        &self,
        edge: EdgeIndex,
        readings: &[Reading],
        seen: &mut Vec<EdgeIndex>,
    ) -> GlobalLag {
        let Some(local) = readings.get(edge.index()).and_then(|it| it.lag.time) else {
            return GlobalLag::Unknown {
                edge: self.name(edge),
            };
        };
        seen.push(edge);
        let mut above = GlobalLag::AtMost(Duration::ZERO);
        for feeder in self.feeders(edge) {
            if !seen.contains(&feeder) {
                above = slower(above, self.behind_roots(feeder, readings, seen));
            }
        }
        seen.pop();
        match above {
            GlobalLag::AtMost(above) => GlobalLag::AtMost(above + local),
            unknown @ GlobalLag::Unknown { .. } => unknown,
        }
    }

    /// The edges that end where this one begins.
    fn feeders(&self, edge: EdgeIndex) -> Vec<EdgeIndex> {
        let source = self.graph.edge_endpoints(edge).map(|(from, _)| from);
        source
            .map(|it| {
                self.graph
                    .edges_directed(it, Direction::Incoming)
                    .map(|it| it.id())
                    .collect()
            })
            .unwrap_or_default()
    }

    fn name(&self, edge: EdgeIndex) -> String {
        self.graph
            .edge_weight(edge)
            .map_or_else(String::new, |it| edge_name(&it.from, &it.to))
    }

    fn endpoint(&self, node: NodeIndex) -> &'d Endpoint {
        self.graph
            .node_weight(node)
            .expect("an index that the graph gave")
    }

    /// Walks on from the last node, and keeps each way that ends at the target. A way passes no node twice.
    fn extend(
        &self,
        edges: &mut Vec<(usize, &'d Edge)>,
        nodes: &mut Vec<NodeIndex>,
        target: &DatasetId,
        found: &mut Vec<Path<'d>>,
    ) {
        let Some(last) = nodes.last().copied() else {
            return;
        };
        for edge in self.graph.edges(last) {
            if nodes.contains(&edge.target()) {
                continue;
            }
            edges.push((edge.id().index(), edge.weight()));
            if ends_at(edge.weight(), target) {
                found.push(Path {
                    edges: edges.clone(),
                });
            } else {
                nodes.push(edge.target());
                self.extend(edges, nodes, target, found);
                nodes.pop();
            }
            edges.pop();
        }
    }
}

/// The node of an end of an edge, which is added the first time.
fn node<'d>(graph: &mut DiGraph<&'d Endpoint, &'d Edge>, endpoint: &'d Endpoint) -> NodeIndex {
    let known = graph
        .node_indices()
        .find(|it| graph.node_weight(*it).copied() == Some(endpoint));
    known.unwrap_or_else(|| graph.add_node(endpoint))
}

/// The larger of two lags; unknown if one is.
fn slower(one: GlobalLag, other: GlobalLag) -> GlobalLag {
    match (one, other) {
        (GlobalLag::AtMost(one), GlobalLag::AtMost(other)) => GlobalLag::AtMost(one.max(other)),
        (unknown @ GlobalLag::Unknown { .. }, _) | (_, unknown) => unknown,
    }
}
