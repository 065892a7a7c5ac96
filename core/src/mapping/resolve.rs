//! From a deployment's rules and the stores' shapes to one mapping.

use super::names::Names;
use super::{FieldMapping, Mapping, RepresentationMapping, ShapeSource};
use crate::compare::FieldRule;
use crate::deployment::{Entity, KeyTemplate, MapMode, Representation, Role};
use crate::error::Error;
use crate::name::FieldPath;
use crate::store::Shape;

/// Resolves the mapping of an entity; `shapes` has one a representation, in order.
///
/// The deployment file's rules "Mapping" are its source. Where they are silent:
/// - Only the system of record's own names are mapped automatically; a name that another representation lists and the
///   system of record lacks is mapped where it is listed.
/// - `ignore` wins over `fields` of the same representation. What the system of record ignores is shown there, and
///   compared only where another representation lists it.
/// - That the system of record lists a field names it, and does not make its key or version compared.
/// - If the system of record's shape was not read or only sampled, a name that it may yet have is looked up as it is.
pub fn resolve(entity: &Entity, shapes: &[Result<Shape, Error>]) -> Mapping {
    let shape_of = |at: usize| shapes.get(at).and_then(|it| it.as_ref().ok());
    let at = entity
        .representations
        .iter()
        .position(|it| it.role == Role::SystemOfRecord);
    let names = Names::of(entity, at.and_then(shape_of));
    let representations = entity.representations.iter().enumerate();
    let representations = representations.map(|(at, representation)| {
        let source = source(shapes.get(at));
        let shape = shape_of(at);
        let side = Side {
            entity,
            representation,
            shape,
            names: &names,
        };
        side.mapping(source)
    });
    Mapping {
        entity: entity.name.clone(),
        representations: representations.collect(),
        fields: names.all.clone(),
    }
}

/// Where the shape comes from, or why there is none.
fn source(shape: Option<&Result<Shape, Error>>) -> ShapeSource {
    match shape {
        Some(Ok(shape)) => shape
            .sampled
            .map_or(ShapeSource::Declared, ShapeSource::Sampled),
        Some(Err(error)) => ShapeSource::Unknown(error.to_string()),
        None => ShapeSource::Unknown("its shape was not read".to_owned()),
    }
}

/// One representation on its way to a mapping.
struct Side<'a> {
    entity: &'a Entity,
    representation: &'a Representation,
    shape: Option<&'a Shape>,
    names: &'a Names,
}

impl Side<'_> {
    /// All canonical fields, mapped or not: a trace shows both.
    fn mapping(&self, source: ShapeSource) -> RepresentationMapping {
        let fields: Vec<_> = self.names.all.iter().map(|it| self.field(it)).collect();
        RepresentationMapping {
            dataset: self.representation.dataset.clone(),
            version: self.version(&fields),
            fields,
            source,
        }
    }

    fn field(&self, name: &str) -> FieldMapping {
        let rule = self.rule(name).map(|it| self.completed(it));
        FieldMapping {
            name: name.to_owned(),
            compared: rule.as_ref().is_some_and(|it| self.counts(name, it)),
            rule,
        }
    }

    /// The rule of a field: the one that the file lists, else a plain one where names are the same.
    ///
    /// What a copy ignores has none.
    fn rule(&self, name: &str) -> Option<FieldRule> {
        if self.ignores(name) && !self.is_system_of_record() {
            return None;
        }
        self.listed(name)
            .cloned()
            .or_else(|| self.path(name).map(FieldRule::plain))
    }

    fn listed(&self, name: &str) -> Option<&FieldRule> {
        let mut listed = self.representation.fields.iter();
        listed.find(|(it, _)| it == name).map(|(_, rule)| rule)
    }

    /// Where a field is that is not listed; `None` where it is not mapped.
    fn path(&self, name: &str) -> Option<FieldPath> {
        let declared = &self.representation.version;
        self.key_path(name)
            .or_else(|| declared.clone().filter(|_| self.names.is_version(name)))
            .or_else(|| self.own_path(name))
            .or_else(|| self.same_name(name))
    }

    /// A key pattern's parts are no fields: unless the record repeats them, its whole key is shown.
    fn key_path(&self, name: &str) -> Option<FieldPath> {
        let at = self.entity.key.iter().position(|it| it == name)?;
        match &self.representation.key {
            KeyTemplate::Fields(paths) => paths.get(at).cloned(),
            KeyTemplate::Pattern(_) if self.has(name) => Some(FieldPath::name(name)),
            KeyTemplate::Pattern(_) => Some(FieldPath::name("@key")),
        }
    }

    /// Where the system of record has its own field, or may have one that others list.
    fn own_path(&self, name: &str) -> Option<FieldPath> {
        if !self.is_system_of_record() {
            return None;
        }
        let is_declared = self.shape.is_some_and(|it| it.sampled.is_none());
        let column = self.names.column(name);
        column.or_else(|| (!is_declared).then(|| FieldPath::name(name)))
    }

    /// The field of the same name, where the representation maps automatically and its shape has it.
    fn same_name(&self, name: &str) -> Option<FieldPath> {
        let automatic = self.representation.map == MapMode::Automatic;
        let shared = automatic && self.names.is_shared(name) && self.has(name);
        shared.then(|| FieldPath::name(name))
    }

    fn has(&self, name: &str) -> bool {
        self.shape.is_some_and(|it| it.field(name).is_some())
    }

    /// The rule with what the whole representation and its shape add to it.
    fn completed(&self, mut rule: FieldRule) -> FieldRule {
        rule.null_is_absent |= self.representation.null_is_absent;
        if let (Some(shape), [column]) = (self.shape, rule.path.segments()) {
            let declared = shape.field(column).and_then(|it| it.precision);
            rule.precision = rule.precision.or(declared);
        }
        rule
    }

    /// Whether a field decides a verdict. Listed fields of a copy do; keys, versions and metadata are shown only.
    fn counts(&self, name: &str, rule: &FieldRule) -> bool {
        let is_listed = self.listed(name).is_some();
        if is_listed && !self.is_system_of_record() {
            return true;
        }
        let shown_only = self.entity.key.iter().any(|it| it == name)
            || self.names.is_version(name)
            || self.representation.version.as_ref() == Some(&rule.path);
        !shown_only && !self.ignores(name) && (is_listed || !rule.path.is_meta())
    }

    fn ignores(&self, name: &str) -> bool {
        self.representation.ignore.iter().any(|it| it == name)
    }

    /// The declared path, else that of the field which maps to the system of record's version.
    fn version(&self, fields: &[FieldMapping]) -> Option<FieldPath> {
        let declared = self.representation.version.clone();
        declared.or_else(|| {
            let field = fields.iter().find(|it| self.names.is_version(&it.name))?;
            field.rule.as_ref().map(|it| it.path.clone())
        })
    }

    fn is_system_of_record(&self) -> bool {
        self.representation.role == Role::SystemOfRecord
    }
}

#[cfg(test)]
mod tests;
