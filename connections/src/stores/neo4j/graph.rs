//! Nodes, relationships and paths, and the form in which they stand in a cell.
//!
//! A node is a map of `@node`, `@labels` and `properties`; a relationship one of `@relationship`, `@type`, `@start`,
//! `@end` and `properties`; a path one of `@path`, the list of its nodes and relationships in turn. Whoever draws a graph
//! knows them by these names. An identity here is the number that the server gave the element: the version of the
//! protocol that the driver speaks has no element ids. It holds while the element lives; `elementId(n)` in a statement gives
//! the other one.

use std::fmt;

use parallax_core::value::Value;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use super::cell::{Cell, Index, Members, map};
use super::temporal::Zoned;

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node<'d> {
    id: i64,
    labels: Vec<&'d str>,
    pub(super) properties: Vec<(&'d str, Cell<'d>)>,
}

/// A relationship; in a path, the path tells between which nodes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Relationship<'d> {
    id: i64,
    ends: Option<(i64, i64)>,
    kind: &'d str,
    pub(super) properties: Vec<(&'d str, Cell<'d>)>,
}

/// A path: each node and relationship that it touches once, and the steps through them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path<'d> {
    nodes: Vec<Cell<'d>>,
    relationships: Vec<Cell<'d>>,
    /// Pairs of a relationship, counted from 1 and negative against its direction, and of a node, counted from 0.
    steps: Vec<i64>,
}

impl Node<'_> {
    pub(super) fn value(&self, zoned: Zoned) -> Value {
        let labels = self.labels.iter().map(|it| Value::from(*it));
        Value::Map(vec![
            ("@node".to_owned(), Value::Text(self.id.to_string())),
            ("@labels".to_owned(), Value::List(labels.collect())),
            ("properties".to_owned(), map(&self.properties, zoned)),
        ])
    }
}

impl Relationship<'_> {
    pub(super) fn value(&self, zoned: Zoned) -> Value {
        self.between(self.ends, zoned)
    }

    fn between(&self, ends: Option<(i64, i64)>, zoned: Zoned) -> Value {
        let end = |it: Option<i64>| it.map_or(Value::Null, |it| Value::Text(it.to_string()));
        Value::Map(vec![
            ("@relationship".to_owned(), Value::Text(self.id.to_string())),
            ("@type".to_owned(), Value::from(self.kind)),
            ("@start".to_owned(), end(ends.map(|(it, _)| it))),
            ("@end".to_owned(), end(ends.map(|(_, it)| it))),
            ("properties".to_owned(), map(&self.properties, zoned)),
        ])
    }
}

impl Path<'_> {
    pub(super) fn value(&self, zoned: Zoned) -> Value {
        let mut items = Vec::with_capacity(self.steps.len() + 1);
        let mut at = self.node(0);
        items.extend(at.map(|it| it.value(zoned)));
        for step in self.steps.chunks_exact(2) {
            let [relationship, node] = *step else {
                continue;
            };
            let to = usize::try_from(node).ok().and_then(|it| self.node(it));
            let ends = at.zip(to).map(|(from, to)| (from.id, to.id));
            let is_along = relationship > 0;
            let ends = ends.map(|(from, to)| if is_along { (from, to) } else { (to, from) });
            let place = usize::try_from(relationship.unsigned_abs()).unwrap_or_default();
            let found = self.relationships.get(place.wrapping_sub(1));
            if let Some(Cell::Relationship(it)) = found {
                items.push(it.between(ends, zoned));
            }
            items.extend(to.map(|it| it.value(zoned)));
            at = to;
        }
        Value::Map(vec![("@path".to_owned(), Value::List(items))])
    }

    fn node(&self, at: usize) -> Option<&Node<'_>> {
        match self.nodes.get(at)? {
            Cell::Node(it) => Some(it),
            _ => None,
        }
    }

    pub(super) fn size(&self) -> usize {
        let all = self.nodes.iter().chain(&self.relationships);
        all.map(Cell::size).sum()
    }
}

/// Reads the element of this kind.
pub(super) struct Element(pub(super) u64);

/// The parts of any element.
#[derive(Default)]
struct Parts<'d> {
    id: i64,
    start: Option<i64>,
    end: Option<i64>,
    kind: &'d str,
    labels: Vec<&'d str>,
    properties: Vec<(&'d str, Cell<'d>)>,
    nodes: Vec<Cell<'d>>,
    relationships: Vec<Cell<'d>>,
    steps: Vec<i64>,
}

impl<'d> Visitor<'d> for Element {
    type Value = Cell<'d>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a node, a relationship or a path")
    }

    fn visit_map<A: MapAccess<'d>>(self, mut access: A) -> Result<Cell<'d>, A::Error> {
        let mut parts = Parts::default();
        while let Some(Index(part)) = access.next_key()? {
            match part {
                0 => parts.id = access.next_value()?,
                1 => parts.start = access.next_value().map(Some)?,
                2 => parts.end = access.next_value().map(Some)?,
                3 => parts.kind = access.next_value()?,
                4 => parts.labels = access.next_value()?,
                5 => parts.properties = access.next_value::<Properties<'d>>()?.0,
                6 => parts.nodes = access.next_value()?,
                7 => parts.relationships = access.next_value()?,
                8 => parts.steps = access.next_value()?,
                _ => return Err(A::Error::custom("an element has a part that is not known")),
            }
        }
        Ok(self.cell(parts))
    }
}

impl Element {
    fn cell<'d>(&self, parts: Parts<'d>) -> Cell<'d> {
        match self.0 {
            7 => Cell::Node(Box::new(Node {
                id: parts.id,
                labels: parts.labels,
                properties: parts.properties,
            })),
            13 => Cell::Path(Box::new(Path {
                nodes: parts.nodes,
                relationships: parts.relationships,
                steps: parts.steps,
            })),
            _ => Cell::Relationship(Box::new(Relationship {
                id: parts.id,
                ends: parts.start.zip(parts.end),
                kind: parts.kind,
                properties: parts.properties,
            })),
        }
    }
}

/// The properties of an element, by name.
struct Properties<'d>(Vec<(&'d str, Cell<'d>)>);

impl<'d> Deserialize<'d> for Properties<'d> {
    fn deserialize<D: Deserializer<'d>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members).map(Self)
    }
}
