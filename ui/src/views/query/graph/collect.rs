//! Nodes and relationships out of cells: as they stand there, in lists and maps, and in paths.
//!
//! A node is a map `@node`, `@labels`, `properties`; a relationship is a map `@relationship`, `@type`, `@start`, `@end`,
//! `properties`; a path is a map `@path` of both in turn.

use std::collections::BTreeMap;

use parallax_core::value::Value;

/// More than these are not drawn: nobody reads them.
pub(super) const MAX_VERTICES: usize = 2_000;
/// The same of relationships.
pub(super) const MAX_TIES: usize = 6_000;
/// How deep cells are looked into.
const MAX_DEPTH: usize = 8;

/// Properties that name a node to a person, the best first.
const NAMES: [&str; 6] = ["name", "title", "label", "email", "sku", "id"];

/// One node.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Vertex {
    pub(super) id: String,
    pub(super) labels: Vec<String>,
    pub(super) properties: Vec<(String, Value)>,
    /// False where only a relationship speaks of it.
    pub(super) known: bool,
}

impl Vertex {
    /// What to call it: the property that names it, else its identity.
    pub(super) fn caption(&self) -> String {
        let named = |wanted: &&str| {
            let found = self.properties.iter().find(|it| it.0 == **wanted);
            found.filter(|it| !it.1.is_null())
        };
        let text = self
            .properties
            .iter()
            .find(|it| matches!(it.1, Value::Text(_)));
        let best = NAMES.iter().find_map(named).or(text);
        best.map_or_else(|| self.id.clone(), |it| it.1.to_string())
    }

    /// Its first label, by which it is coloured.
    pub(super) fn label(&self) -> &str {
        let first = self.labels.first().map(String::as_str);
        first.unwrap_or(if self.known {
            "no label"
        } else {
            "not in the result"
        })
    }
}

/// One relationship; its ends are places of [`Collected::vertices`].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tie {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) properties: Vec<(String, Value)>,
}

/// What was found, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Collected {
    pub(super) vertices: Vec<Vertex>,
    pub(super) ties: Vec<Tie>,
    places: BTreeMap<String, usize>,
    known_ties: BTreeMap<String, usize>,
    /// Whether there was more than is drawn.
    pub(super) is_cut: bool,
}

/// Whether a cell holds something to draw.
pub(in super::super) fn holds_a_graph(value: &Value) -> bool {
    holds(value, MAX_DEPTH)
}

fn holds(value: &Value, depth: usize) -> bool {
    match value {
        Value::Map(members) => {
            let is_graph = members.first().is_some_and(|it| is_mark(&it.0));
            is_graph || (depth > 0 && members.iter().any(|it| holds(&it.1, depth - 1)))
        }
        // The items of a list are alike.
        Value::List(items) => depth > 0 && items.iter().take(4).any(|it| holds(it, depth - 1)),
        _ => false,
    }
}

fn is_mark(name: &str) -> bool {
    matches!(name, "@node" | "@relationship" | "@path")
}

impl Collected {
    /// Takes whatever a cell holds.
    pub(super) fn take(&mut self, cell: &Value) {
        self.within(cell, MAX_DEPTH);
    }

    fn within(&mut self, value: &Value, depth: usize) {
        let inner = match value {
            Value::List(items) => {
                if depth > 0 {
                    for it in items {
                        self.within(it, depth - 1);
                    }
                }
                return;
            }
            Value::Map(members) => members,
            _ => return,
        };
        match inner.first() {
            Some((mark, id)) if mark == "@node" => self.node(id, inner),
            Some((mark, id)) if mark == "@relationship" => self.relationship(id, inner),
            _ if depth > 0 => inner.iter().for_each(|it| self.within(&it.1, depth - 1)),
            _ => {}
        }
    }

    fn node(&mut self, id: &Value, members: &[(String, Value)]) {
        let labels = match member(members, "@labels") {
            Some(Value::List(labels)) => labels.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        };
        let Some(at) = self.place(id.to_string()) else {
            return;
        };
        if let Some(vertex) = self.vertices.get_mut(at).filter(|it| !it.known) {
            vertex.known = true;
            vertex.labels = labels;
            vertex.properties = properties(members);
        }
    }

    fn relationship(&mut self, id: &Value, members: &[(String, Value)]) {
        let id = id.to_string();
        let (Some(start), Some(end)) = (member(members, "@start"), member(members, "@end")) else {
            return;
        };
        if self.known_ties.contains_key(&id) {
            return;
        }
        if self.ties.len() >= MAX_TIES {
            self.is_cut = true;
            return;
        }
        let ends = (self.place(start.to_string()), self.place(end.to_string()));
        let (Some(start), Some(end)) = ends else {
            return;
        };
        self.known_ties.insert(id.clone(), self.ties.len());
        self.ties.push(Tie {
            id,
            kind: member(members, "@type").map_or_else(String::new, ToString::to_string),
            start,
            end,
            properties: properties(members),
        });
    }

    /// The place of a node, made where it is new and there is room.
    fn place(&mut self, id: String) -> Option<usize> {
        if let Some(at) = self.places.get(&id) {
            return Some(*at);
        }
        let at = self.vertices.len();
        if at >= MAX_VERTICES {
            self.is_cut = true;
            return None;
        }
        self.places.insert(id.clone(), at);
        self.vertices.push(Vertex {
            id,
            ..Vertex::default()
        });
        Some(at)
    }

    /// The labels by which nodes are coloured, the most frequent first, each with its number of nodes.
    pub(super) fn labels(&self) -> Vec<(String, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for vertex in &self.vertices {
            *counts.entry(vertex.label()).or_default() += 1;
        }
        let mut labels: Vec<(String, usize)> = counts
            .into_iter()
            .map(|(label, count)| (label.to_owned(), count))
            .collect();
        labels.sort_by(|one, two| two.1.cmp(&one.1).then_with(|| one.0.cmp(&two.0)));
        labels
    }
}

fn member<'v>(members: &'v [(String, Value)], name: &str) -> Option<&'v Value> {
    members.iter().find(|it| it.0 == name).map(|it| &it.1)
}

fn properties(members: &[(String, Value)]) -> Vec<(String, Value)> {
    match member(members, "properties") {
        Some(Value::Map(properties)) => properties.clone(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        Value::from_json(json).expect("JSON")
    }

    const ANN: &str = r#"{"@node":"n1","@labels":["User"],"properties":{"id":1,"name":"Ann"}}"#;
    const BOUGHT: &str = r#"{"@relationship":"r1","@type":"BOUGHT","@start":"n1","@end":"n2","properties":{"times":2}}"#;

    #[test]
    fn nodes_and_relationships_are_found_once_wherever_they_stand() {
        let mut found = Collected::default();
        found.take(&value(ANN));
        found.take(&value(&format!(r#"{{"@path":[{ANN},{BOUGHT}]}}"#)));
        found.take(&value(&format!(r#"{{"list":[{{"deep":[{BOUGHT}]}}]}}"#)));
        assert_eq!((found.vertices.len(), found.ties.len()), (2, 1));
        assert_eq!(found.vertices[0].caption(), "Ann");
        assert_eq!((found.ties[0].start, found.ties[0].end), (0, 1));
        assert!(!found.vertices[1].known);
        found.take(&value(
            r#"{"@node":"n2","@labels":["Product"],"properties":{"sku":"L-1"}}"#,
        ));
        assert!(found.vertices[1].known);
        assert_eq!(
            found.labels(),
            [("Product".to_owned(), 1), ("User".to_owned(), 1)]
        );
    }

    #[test]
    fn only_what_is_marked_is_a_graph() {
        assert!(holds_a_graph(&value(ANN)));
        assert!(holds_a_graph(&value(&format!("[[{BOUGHT}]]"))));
        assert!(!holds_a_graph(&value(r#"{"node":"n1","labels":["User"]}"#)));
        assert!(!holds_a_graph(&Value::from("@node")));
    }

    #[test]
    fn more_than_anybody_reads_is_cut_and_said() {
        let mut found = Collected::default();
        for at in 0..=MAX_VERTICES {
            found.take(&value(&format!(
                r#"{{"@node":"{at}","@labels":[],"properties":{{}}}}"#
            )));
        }
        assert_eq!(found.vertices.len(), MAX_VERTICES);
        assert!(found.is_cut);
    }
}
