//! What is scanned of each dataset, and in which forms its fields are hashed.

use std::sync::Arc;

use super::CheckOptions;
use super::fold::{Column, Hashing, PairSink, Task};
use super::key::PartKind;
use super::sketch::{Filter, Side, Sketch};
use crate::compare::{Expected, FieldRule, Form};
use crate::deployment::{KeyTemplate, Representation, Role};
use crate::mapping::RepresentationMapping;
use crate::name::FieldPath;
use crate::store::{FieldShape, Fields, KeyPart, Projection, Shape};

/// The layout of all scans of one check.
#[derive(Debug)]
pub(super) struct Layout {
    /// The system of record, by its index in the entity.
    pub(super) source: usize,
    /// What the parts of its key are.
    pub(super) kinds: Vec<PartKind>,
    /// The paths that the source is scanned for: those of all pairs, each once.
    source_paths: Vec<FieldPath>,
    /// One a target, in the order of the options.
    pairs: Vec<PairLayout>,
}

/// The compared fields of one pair, in the order of the mapping.
#[derive(Debug)]
struct PairLayout {
    paths: Vec<FieldPath>,
    source: Vec<Column>,
    copy: Vec<Column>,
}

/// One pair that a pass scans.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    /// The pair, by its index among the targets.
    pub(super) pair: usize,
    pub(super) sketch: Arc<Sketch>,
    pub(super) filter: Option<Arc<Filter>>,
}

impl Layout {
    /// `None` where the entity has no system of record.
    pub(super) fn new(options: &CheckOptions) -> Option<Self> {
        let representations = &options.entity.representations;
        let source = representations
            .iter()
            .position(|it| it.role == Role::SystemOfRecord)?;
        let mut layout = Self {
            source,
            kinds: kinds(
                options.entity.key.len(),
                representations.get(source)?,
                shape(options, source),
            ),
            source_paths: Vec::new(),
            pairs: Vec::new(),
        };
        for target in &options.targets {
            let pair = layout.pair(options, *target);
            layout.pairs.push(pair);
        }
        Some(layout)
    }

    /// Which fields of a pair are compared, from where they are scanned, and in which form both sides are hashed.
    ///
    /// Fields without a rule are left out, as a trace leaves them out.
    fn pair(&mut self, options: &CheckOptions, target: usize) -> PairLayout {
        let mapping = |at: usize| options.mapping.representations.get(at);
        let mut pair = PairLayout {
            paths: Vec::new(),
            source: Vec::new(),
            copy: Vec::new(),
        };
        let compared = mapping(target)
            .into_iter()
            .flat_map(|it| &it.fields)
            .filter(|it| it.compared);
        for (name, rule) in compared.filter_map(|it| Some((&it.name, it.rule.as_ref()?))) {
            let truth = mapping(self.source).and_then(|it| rule_of(it, name));
            let plain = FieldRule::plain(FieldPath::name(name.clone()));
            let expected = |rule, at| Expected {
                rule,
                shape: field(shape(options, at), rule),
            };
            let [one, other] = Form::pair(
                expected(truth.unwrap_or(&plain), self.source),
                expected(rule, target),
            );
            let cell = truth.map(|it| place(&mut self.source_paths, &it.path));
            pair.source.push(Column { cell, form: one });
            let cell = Some(place(&mut pair.paths, &rule.path));
            pair.copy.push(Column { cell, form: other });
        }
        pair
    }

    /// What the source is scanned for, and how: each form of each field is hashed once for all pairs.
    pub(super) fn source_scan(
        &self,
        options: &CheckOptions,
        scans: &[Scan],
        salt: u64,
    ) -> (Projection, Task) {
        let columns = |pair: &PairLayout| pair.source.clone();
        let hashing = self.hashing((Side::Source, salt), scans, columns);
        (
            Self::projection(options, self.source, self.source_paths.clone()),
            Task::Sketch(hashing),
        )
    }

    /// The same of the copy of one pair.
    pub(super) fn copy_scan(
        &self,
        options: &CheckOptions,
        scan: Scan,
        salt: u64,
    ) -> (Projection, Task) {
        let pair = self.pairs.get(scan.pair);
        let paths = pair.map(|it| it.paths.clone()).unwrap_or_default();
        let target = options.targets.get(scan.pair).copied().unwrap_or_default();
        let hashing = self.hashing(
            (Side::Copy, salt),
            &[Scan {
                filter: None,
                ..scan
            }],
            |pair| pair.copy.clone(),
        );
        (
            Self::projection(options, target, paths),
            Task::Sketch(hashing),
        )
    }

    /// What the sinks of one side do with a row: all columns of the pairs that are scanned, each once.
    fn hashing(
        &self,
        (side, salt): (Side, u64),
        scans: &[Scan],
        columns_of: impl Fn(&PairLayout) -> Vec<Column>,
    ) -> Hashing {
        let mut columns: Vec<Column> = Vec::new();
        let mut pairs = Vec::new();
        for scan in scans {
            let own = self
                .pairs
                .get(scan.pair)
                .map(&columns_of)
                .unwrap_or_default();
            pairs.push(PairSink {
                columns: own.iter().map(|it| place(&mut columns, it)).collect(),
                sketch: Arc::clone(&scan.sketch),
                filter: scan.filter.clone(),
            });
        }
        Hashing {
            side,
            salt,
            columns,
            pairs,
        }
    }

    /// A projection of a representation's key and these fields.
    pub(super) fn projection(
        options: &CheckOptions,
        at: usize,
        paths: Vec<FieldPath>,
    ) -> Projection {
        let representation = options.entity.representations.get(at);
        let key_paths = representation.map(key_paths).unwrap_or_default();
        let parts = options.entity.key.iter().enumerate();
        let part = |(at, name): (usize, &String)| KeyPart {
            name: name.clone(),
            path: key_paths
                .get(at)
                .cloned()
                .unwrap_or_else(|| FieldPath::name(name.clone())),
        };
        Projection {
            key: parts.map(part).collect(),
            fields: Fields::Listed(paths),
            filter: representation.and_then(|it| it.filter.clone()),
        }
    }

    /// Whether the system of record can hold a key only once, as far as it is declared.
    pub(super) fn is_key_unique(&self, options: &CheckOptions) -> bool {
        let Some(source) = options.entity.representations.get(self.source) else {
            return false;
        };
        let KeyTemplate::Fields(paths) = &source.key else {
            return true;
        };
        let Some(shape) = shape(options, self.source) else {
            return false;
        };
        let is_key = |names: &[String]| {
            let is_part = |name: &String| {
                paths
                    .iter()
                    .any(|it| it.to_string() == *name || it.segments() == [name.clone()])
            };
            !names.is_empty() && names.iter().all(is_part)
        };
        is_key(&shape.key)
            || shape
                .indices
                .iter()
                .any(|it| it.unique && is_key(&it.fields))
    }
}

/// The fields that hold the parts of the key; none where the key is spelled by a pattern.
fn key_paths(representation: &Representation) -> &[FieldPath] {
    match &representation.key {
        KeyTemplate::Fields(paths) => paths,
        KeyTemplate::Pattern(_) => &[],
    }
}

/// What the parts of the source's key are. Where its shape is not known, they stay what they are read as.
fn kinds(n_parts: usize, source: &Representation, shape: Option<&Shape>) -> Vec<PartKind> {
    let paths = key_paths(source);
    let kind = |at: usize| match (paths.get(at), shape) {
        (None, _) => PartKind::Text,
        (Some(path), Some(shape)) if path.segments().len() == 1 => shape
            .field(path.first())
            .map_or(PartKind::Other, |it| PartKind::named(it.type_name())),
        (Some(_), _) => PartKind::Other,
    };
    (0..n_parts).map(kind).collect()
}

/// The types of a representation's fields, if they were read.
fn shape(options: &CheckOptions, at: usize) -> Option<&Shape> {
    options.shapes.get(at)?.as_ref().ok()
}

/// What is known of the field at the rule's path: nothing of what lies inside another.
fn field<'s>(shape: Option<&'s Shape>, rule: &FieldRule) -> Option<&'s FieldShape> {
    match rule.path.segments() {
        [name] => shape?.field(name),
        _ => None,
    }
}

/// How a representation holds a canonical field.
fn rule_of<'m>(mapping: &'m RepresentationMapping, name: &str) -> Option<&'m FieldRule> {
    mapping
        .fields
        .iter()
        .find(|it| it.name == name)?
        .rule
        .as_ref()
}

/// The place of `item` in a list, at its end if it was not there.
fn place<T: Clone + PartialEq>(list: &mut Vec<T>, item: &T) -> usize {
    list.iter().position(|it| it == item).unwrap_or_else(|| {
        list.push(item.clone());
        list.len() - 1
    })
}
