//! Reads one entity in all its representations, and reads again what differs before anything is called drift.
//!
//! The first round reads every representation at once; if all agree, that is all. What differs is read again in an
//! order that proves something: the source, then the position of each edge, then the copy, then the source once more.
//! A change that an edge no longer holds was applied before the copy was read, so a copy that still differs is drift.

use futures::future::join_all;
use parallax_core::deployment::Entity;
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::mapping::Mapping;
use parallax_core::store::Purpose;
use parallax_core::trace::{Evidence, Found, Observation, Read, Trace, Verdict, judge};
use parallax_core::value::Key;

use crate::clock;
use crate::entities::{Deployed, mapping, named, shapes, typed_key};
use crate::evidence::Reader;
use crate::keys::by_field;

/// How often a source that changes under the eyes is read again.
const MAX_ROUNDS: u32 = 3;

/// Traces one entity by its key, or by a canonical field.
pub(crate) async fn trace(
    deployed: Deployed<'_>,
    entity: &str,
    text: &str,
    by: Option<&str>,
) -> Result<Trace> {
    let sessions = deployed.sessions;
    let entity = named(deployed.deployment, entity)?;
    let shapes = shapes(entity, sessions, deployed.known).await;
    let mapping = mapping(entity, &shapes);
    let key = match by {
        None => typed_key(entity, &shapes, text)?,
        Some(field) => by_field(sessions, entity, &mapping, field, text).await?,
    };
    let reader = Reader {
        deployed,
        entity,
        purpose: Purpose::Trace,
    };
    let case = Case {
        reader,
        mapping,
        key: [key],
    };
    let trace = case.trace().await;
    let mut observations = trace.observations.iter();
    if observations.all(|it| it.state == Found::Absent) {
        return Err(nowhere(entity, &trace.key.to_string()));
    }
    Ok(trace)
}

fn nowhere(entity: &Entity, key: &str) -> Error {
    let mut stores: Vec<_> = entity
        .representations
        .iter()
        .map(|it| &it.dataset.store)
        .collect();
    stores.sort_unstable();
    stores.dedup();
    let stores = stores.len();
    Error::new(ErrorKind::NotFound, format!("find {} {key}", entity.name))
        .because(format!("no {} {key} in {stores} stores", entity.name))
        .hint(format!(
            "the key is `{}`; find by another field with --by FIELD",
            entity.key.join(", ")
        ))
}

/// One trace under way.
struct Case<'w> {
    reader: Reader<'w>,
    mapping: Mapping,
    key: [Key; 1],
}

impl Case<'_> {
    async fn trace(self) -> Trace {
        let mut reads = self.read_all().await;
        let mut trace = self.judged(reads.clone());
        for _ in 0..MAX_ROUNDS {
            let differing = differing(&trace.observations);
            if differing.is_empty() {
                break;
            }
            let settled = self.read_again(&mut reads, &differing).await;
            trace = self.judged(reads.clone());
            if settled {
                break;
            }
        }
        trace
    }

    fn judged(&self, reads: Vec<Read>) -> Trace {
        let [key] = self.key.clone();
        let evidence = Evidence {
            key,
            reads,
            mapping: self.mapping.clone(),
        };
        judge(evidence, clock::now())
    }

    async fn read_all(&self) -> Vec<Read> {
        let representations = self.reader.entity.representations.iter();
        let reads = representations.map(|it| self.reader.read(it, &self.key));
        join_all(reads).await.into_iter().flatten().collect()
    }

    /// Reads what differs once more, with its evidence. Says whether the source stood still meanwhile.
    async fn read_again(&self, reads: &mut [Read], differing: &[usize]) -> bool {
        let proof = self.reader.prove(&self.key, differing).await;
        let source = (self.reader.source(), proof.source, 2);
        let copies = proof.copies.into_iter().map(|(at, reads)| (at, reads, 1));
        for (at, fresh, more) in std::iter::once(source).chain(copies) {
            for (read, fresh) in reads.iter_mut().skip(at).zip(fresh) {
                *read = Read {
                    reads: read.reads + more,
                    ..fresh
                };
            }
        }
        proof.settled.iter().all(|it| *it)
    }
}

fn differing(observations: &[Observation]) -> Vec<usize> {
    let differs =
        |it: &Observation| it.verdict.is_drift() || matches!(it.verdict, Verdict::InFlight { .. });
    observations
        .iter()
        .enumerate()
        .filter(|(_, it)| differs(it))
        .map(|(at, _)| at)
        .collect()
}
