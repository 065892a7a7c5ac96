//! The canonical names of an entity's fields.

use crate::deployment::{Entity, KeyTemplate, MapMode, Representation, Role};
use crate::name::FieldPath;
use crate::store::Shape;

/// The canonical names: the system of record's, in its column order, then those that others list and it lacks.
///
/// A key part that no column holds comes first.
pub(super) struct Names {
    /// Every name, once.
    pub(super) all: Vec<String>,
    /// The system of record's columns under their canonical names.
    columns: Vec<(String, FieldPath)>,
    /// What the system of record ignores.
    ignored: Vec<String>,
    /// The name of the system of record's version.
    version: Option<String>,
}

impl Names {
    /// The names of `entity`; `shape` is the system of record's, if it could be read.
    pub(super) fn of(entity: &Entity, shape: Option<&Shape>) -> Self {
        let mut representations = entity.representations.iter();
        let Some(truth) = representations.find(|it| it.role == Role::SystemOfRecord) else {
            return Self::listed_in(entity);
        };
        let columns = columns(entity, truth, shape);
        let version = truth.version.as_ref().map(|it| name_of(&columns, it));
        let mut all = entity.key.clone();
        all.retain(|key| columns.iter().all(|(it, _)| it != key));
        let mut names = Self {
            all,
            columns,
            ignored: truth.ignore.clone(),
            version,
        };
        names.append_all(entity);
        names
    }

    /// The names that the deployment file itself lists, in its order: key, then fields.
    fn listed_in(entity: &Entity) -> Self {
        let mut names = Self {
            all: entity.key.clone(),
            columns: Vec::new(),
            ignored: Vec::new(),
            version: None,
        };
        names.append_all(entity);
        names
    }

    /// Adds columns of the source, its version and listed fields, each once.
    fn append_all(&mut self, entity: &Entity) {
        let columns = self.columns.iter().map(|(name, _)| name);
        let listed = entity.representations.iter().flat_map(|it| &it.fields);
        let listed = listed.map(|(name, _)| name);
        let names: Vec<String> = columns
            .chain(self.version.iter())
            .chain(listed)
            .cloned()
            .collect();
        for name in names {
            if !self.all.contains(&name) {
                self.all.push(name);
            }
        }
    }

    /// Where the system of record has `name`, if it is its own.
    pub(super) fn column(&self, name: &str) -> Option<FieldPath> {
        let mut columns = self.columns.iter();
        columns
            .find(|(it, _)| it == name)
            .map(|(_, path)| path.clone())
    }

    /// Whether other representations that have the name are compared without listing it.
    pub(super) fn is_shared(&self, name: &str) -> bool {
        self.column(name).is_some() && !self.ignored.iter().any(|it| it == name)
    }

    /// Whether it is the system of record's version.
    pub(super) fn is_version(&self, name: &str) -> bool {
        self.version.as_deref() == Some(name)
    }
}

/// The system of record's columns in order, renamed by its `fields` and its key; one listed by a deeper path follows its column.
fn columns(
    entity: &Entity,
    truth: &Representation,
    shape: Option<&Shape>,
) -> Vec<(String, FieldPath)> {
    let renamed = renamed(entity, truth);
    let columns = shape.map(|it| it.fields.as_slice()).unwrap_or_default();
    let mut ordered = Vec::new();
    for column in columns {
        let path = FieldPath::name(column.name.clone());
        let mut others = renamed.iter();
        let is_renamed = others.any(|(name, it)| *it == path || *name == column.name);
        if !is_renamed && is_kept(truth, &path) {
            ordered.push((column.name.clone(), path));
        }
        let here = renamed.iter().filter(|(_, it)| it.first() == column.name);
        ordered.extend(here.cloned());
    }
    let is_elsewhere = |path: &FieldPath| columns.iter().all(|it| it.name != path.first());
    ordered.extend(renamed.iter().filter(|(_, it)| is_elsewhere(it)).cloned());
    ordered
}

/// The names that the entity's key and the system of record's `fields` give, with their paths.
fn renamed(entity: &Entity, truth: &Representation) -> Vec<(String, FieldPath)> {
    let key_paths = match &truth.key {
        KeyTemplate::Fields(paths) => paths.as_slice(),
        KeyTemplate::Pattern(_) => &[],
    };
    let is_listed = |name: &String| truth.fields.iter().any(|(it, _)| it == name);
    let key = entity.key.iter().zip(key_paths);
    let key = key
        .filter(|(name, _)| !is_listed(name))
        .map(|(name, path)| (name.clone(), path.clone()));
    let listed = truth.fields.iter();
    key.chain(listed.map(|(name, rule)| (name.clone(), rule.path.clone())))
        .collect()
}

/// With `map = "listed"` a column that is not listed is no field, unless it is the version.
fn is_kept(truth: &Representation, path: &FieldPath) -> bool {
    truth.map == MapMode::Automatic || truth.version.as_ref() == Some(path)
}

/// The canonical name of the system of record's version: its column's, else its path's text.
fn name_of(columns: &[(String, FieldPath)], version: &FieldPath) -> String {
    let column = columns.iter().find(|(_, path)| path == version);
    column.map_or_else(
        || match version.segments() {
            [name] => name.clone(),
            _ => version.to_string(),
        },
        |(name, _)| name.clone(),
    )
}
