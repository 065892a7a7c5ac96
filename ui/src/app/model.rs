//! What the workbench has told: shared by all views, changed by replies alone.

use jiff::Timestamp;
use parallax_core::deployment::Role;
use parallax_core::name::StoreId;
use parallax_core::wire::{LagReport, Machine, Overview, StoreStatus};

use crate::loadable::Loadable;

/// What is known now.
#[derive(Debug)]
pub(crate) struct Model {
    /// The time of this frame.
    pub(crate) now: Timestamp,
    /// What is open.
    pub(crate) overview: Loadable<Overview>,
    /// The stores, as last asked.
    pub(crate) stores: Loadable<Vec<StoreStatus>>,
    /// The edges, as last measured.
    pub(crate) lag: Loadable<LagReport>,
    /// This machine.
    pub(crate) machine: Loadable<Machine>,
}

impl Model {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            now,
            overview: Loadable::default(),
            stores: Loadable::default(),
            lag: Loadable::default(),
            machine: Loadable::default(),
        }
    }

    /// The stores, newest word first: as last asked, else as the overview had them.
    pub(crate) fn stores(&self) -> &[StoreStatus] {
        let known = self.overview.value().map(|it| it.stores.as_slice());
        let asked = self.stores.value().map(Vec::as_slice);
        asked.or(known).unwrap_or_default()
    }

    pub(crate) fn store(&self, id: &StoreId) -> Option<&StoreStatus> {
        self.stores().iter().find(|it| it.name == *id)
    }

    /// The datasets that the deployment uses in a store: name, entity, role.
    pub(crate) fn datasets_of(&self, store: &StoreId) -> Vec<(String, String, Role)> {
        let entities = self.overview.value().map_or(&[][..], |it| &it.entities);
        let used = entities.iter().flat_map(|entity| {
            let here = entity
                .representations
                .iter()
                .filter(|it| it.dataset.store == *store);
            here.map(|it| (it.dataset.name.clone(), entity.name.clone(), it.role))
        });
        used.collect()
    }

    /// The names of the entities.
    pub(crate) fn entity_names(&self) -> Vec<&str> {
        let entities = self.overview.value().map_or(&[][..], |it| &it.entities);
        entities.iter().map(|it| it.name.as_str()).collect()
    }
}
