//! The results of panes beside each other: read from disk twice, once for their outline and once to be compared.

use std::sync::Arc;

use parallax_core::deployment::{Deployment, Entity};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::mapping::Mapping;
use parallax_core::name::StoreId;
use parallax_core::panes::{
    self, Comparer, Comparison, Mapped, Outline, Paired, Plan, Records, Side,
};
use parallax_core::store::Batch;
use parallax_core::wire::PaneStatement;
use tokio::task::spawn_blocking;

use crate::entities::{Deployed, mapping, named, shapes};
use crate::results::Rowset;

/// Rows that are read from disk at once.
const PAGE: u32 = 1_024;

/// One result, and the statement that gave it.
pub(crate) type Given = (PaneStatement, Arc<Rowset>);

/// Compares results with the first of them.
///
/// The shapes of the entity's datasets are read where they are not known yet; a store that does not answer costs its
/// automatic fields, not the comparison.
pub(crate) async fn compare(
    deployed: Deployed<'_>,
    given: Vec<Given>,
    mapped: &Mapped,
    key: Option<Vec<String>>,
) -> Result<Comparison> {
    let entity = chosen(deployed.deployment, mapped, &statements(&given))?;
    let mapping = match entity {
        Some(entity) => {
            let shapes = shapes(entity, deployed.sessions, deployed.known).await;
            Some(mapping(entity, &shapes))
        }
        None => None,
    };
    let entity = entity.cloned();
    let work = move || compare_now(&given, entity.as_ref(), mapping.as_ref(), key.as_deref());
    let broken = |it| Error::new(ErrorKind::Other, "compare the results").because(it);
    spawn_blocking(work).await.map_err(broken)?
}

fn statements(given: &[Given]) -> Vec<(StoreId, String)> {
    let statements = given.iter();
    statements
        .map(|(it, _)| (it.store.clone(), it.text.clone()))
        .collect()
}

fn chosen<'d>(
    deployment: &'d Deployment,
    mapped: &Mapped,
    statements: &[(StoreId, String)],
) -> Result<Option<&'d Entity>> {
    match mapped {
        Mapped::Guess => Ok(panes::entity(&deployment.entities, statements)),
        Mapped::Nothing => Ok(None),
        Mapped::Entity(name) => named(deployment, name).map(Some),
    }
}

/// Reads and compares; blocks.
fn compare_now(
    given: &[Given],
    entity: Option<&Entity>,
    mapping: Option<&Mapping>,
    key: Option<&[String]>,
) -> Result<Comparison> {
    let sides: Vec<Side> = given
        .iter()
        .map(|it| side(it, entity))
        .collect::<Result<_>>()?;
    let by = entity.zip(mapping).map(|(entity, mapping)| Paired {
        mapping,
        key: &entity.key,
    });
    let plan = Plan::new(&sides, by, key)?;
    let mut comparer = Comparer::new(plan);
    for (at, ((_, rows), side)) in given.iter().zip(&sides).enumerate() {
        let mut records = Records::new(side.outline.form());
        for_each_page(rows, |page| {
            let some = records.add(&page);
            some.iter().try_for_each(|it| comparer.add(at, it))
        })?;
        if let Some(last) = records.last() {
            comparer.add(at, &last)?;
        }
    }
    Ok(comparer.finish())
}

/// The outline needs no more rows than may be compared, and one.
fn side((statement, rows): &Given, entity: Option<&Entity>) -> Result<Side> {
    let mut outline = Outline::new(&rows.head().columns);
    for_each_page(rows, |page| {
        outline.add(&page);
        Ok(())
    })?;
    let (store, text) = (&statement.store, &statement.text);
    Ok(Side {
        store: store.clone(),
        representation: entity.and_then(|it| panes::representation(it, store, text)),
        outline,
    })
}

/// Every page of a result, up to a little more than may be compared; fails as soon as `take` does.
fn for_each_page(rows: &Rowset, mut take: impl FnMut(Batch) -> Result<()>) -> Result<()> {
    let all = rows.head().rows.min(panes::MAX_RECORDS + 1);
    for first in (0..all).step_by(PAGE as usize) {
        take(rows.page(first, PAGE)?)?;
    }
    Ok(())
}
