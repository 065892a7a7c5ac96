//! From a deployment's rules and the stores' shapes to one mapping.

use super::Mapping;
use crate::deployment::Entity;
use crate::error::Error;
use crate::store::Shape;

/// Resolves the mapping of an entity; `shapes` has one a representation, in order.
pub fn resolve(entity: &Entity, shapes: &[Result<Shape, Error>]) -> Mapping {
    let _ = shapes;
    Mapping {
        entity: entity.name.clone(),
        fields: Vec::new(),
        representations: Vec::new(),
    }
}
