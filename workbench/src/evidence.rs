//! Reads keys of one entity in an order that proves something: the source, then the position of each edge on the way,
//! then the copies, then the source once more.
//!
//! A change that no edge on the way holds any more was applied before the copy was read, so a copy that still differs
//! is drift. That holds only for keys whose source stood still meanwhile.

use futures::future::join_all;
use parallax_core::deployment::{Entity, Representation, Role};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Fields, Got, Purpose, ReadSpan, Refresh};
use parallax_core::trace::{Read, SearchRead};
use parallax_core::value::{Key, Record};

use crate::clock;
use crate::entities::{Deployed, projection};
use crate::ways::Ways;

/// Reads records of one entity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'w> {
    pub(crate) deployed: Deployed<'w>,
    pub(crate) entity: &'w Entity,
    /// Why it reads.
    pub(crate) purpose: Purpose,
}

/// What was read of some keys; every list stands in the order of the keys.
#[derive(Debug)]
pub(crate) struct Proof {
    /// The system of record, as read last.
    pub(crate) source: Vec<Read>,
    /// Each representation that was asked for, by its index, with its way; none where the source did not answer.
    pub(crate) copies: Vec<(usize, Vec<Read>)>,
    /// Whether the source stood still from its first read to its last.
    pub(crate) settled: Vec<bool>,
}

impl Reader<'_> {
    /// Reads `keys` in the representations `wanted`, so that what differs can be judged.
    pub(crate) async fn prove(&self, keys: &[Key], wanted: &[usize]) -> Proof {
        let source = self.entity.system_of_record();
        let before = self.read(source, keys).await;
        if before.iter().all(|it| it.found.is_err()) {
            return Proof {
                settled: vec![true; before.len()],
                copies: Vec::new(),
                source: before,
            };
        }
        let ways = Ways::to(self.deployed.deployment, self.entity, wanted);
        let positions = ways.measure(self.deployed, keys).await;
        let copies = join_all(wanted.iter().filter_map(|at| {
            let representation = self.entity.representations.get(*at)?;
            Some(async { (*at, self.read(representation, keys).await) })
        }))
        .await;
        let after = self.read(source, keys).await;
        let settled: Vec<bool> = before
            .iter()
            .zip(&after)
            .map(|(before, after)| before.found == after.found)
            .collect();
        let copies = copies.into_iter().map(|(at, reads)| {
            let with_way = reads.into_iter().enumerate().map(|(nth, read)| Read {
                way: ways.of(&positions, at, nth, settled.get(nth) == Some(&true)),
                ..read
            });
            (at, with_way.collect())
        });
        Proof {
            copies: copies.collect(),
            source: after,
            settled,
        }
    }

    /// Reads `keys` in one representation; a call that fails is a failed read of every key.
    pub(crate) async fn read(&self, representation: &Representation, keys: &[Key]) -> Vec<Read> {
        let began = clock::now();
        let got = self.get(representation, keys).await;
        let whole = ReadSpan {
            began,
            ended: clock::now(),
        };
        let searched = self.searched(representation, keys, got.is_ok()).await;
        let (mut found, statement, span) = match got {
            Ok(got) => (got.found, got.statement, got.read),
            Err(error) => (vec![Err(error); keys.len()], String::new(), whole),
        };
        found.resize_with(keys.len(), || Err(unanswered()));
        // A check keeps no statement for each of its many keys.
        let statement = match self.purpose {
            Purpose::Check => String::new(),
            _ => statement,
        };
        let store = &representation.dataset.store;
        let by_search = searched.into_iter().chain(std::iter::repeat(None));
        let read = |(found, searched): (Result<Option<Record>>, _)| Read {
            role: representation.role,
            presence: representation.presence,
            found: found.map_err(|it| it.at(store)),
            statement: statement.clone(),
            span,
            reads: 1,
            way: None,
            searched,
        };
        found.into_iter().zip(by_search).map(read).collect()
    }

    /// What searches find of the same keys, where a store has that as a second answer. Only a trace shows it.
    async fn searched(
        &self,
        representation: &Representation,
        keys: &[Key],
        is_there: bool,
    ) -> Vec<Option<SearchRead>> {
        if self.purpose != Purpose::Trace || !is_there {
            return Vec::new();
        }
        let began = clock::now();
        let dataset = &representation.dataset;
        let fields = projection(self.entity, representation, Fields::All);
        let call = self.deployed.sessions.call(&dataset.store, self.purpose);
        let answer = match self.deployed.sessions.store(&dataset.store) {
            Ok(store) => store.searchable(&call, dataset, keys, &fields).await,
            Err(error) => Err(error),
        };
        let failed = |error: Error| SearchRead {
            found: Err(error),
            statement: String::new(),
            span: ReadSpan {
                began,
                ended: clock::now(),
            },
            refresh: Refresh::Unknown,
        };
        match answer {
            Ok(None) => Vec::new(),
            Err(error) => vec![Some(failed(error)); keys.len()],
            Ok(Some(answer)) => {
                let (statement, span, refresh) = (answer.statement, answer.read, answer.refresh);
                let read = |found: Result<Option<Record>>| SearchRead {
                    found: found.map_err(|it| it.at(&dataset.store)),
                    statement: statement.clone(),
                    span,
                    refresh,
                };
                answer.found.into_iter().map(|it| Some(read(it))).collect()
            }
        }
    }

    async fn get(&self, representation: &Representation, keys: &[Key]) -> Result<Got> {
        let dataset = &representation.dataset;
        let fields = projection(self.entity, representation, Fields::All);
        let sessions = self.deployed.sessions;
        let call = sessions.call(&dataset.store, self.purpose);
        let store = sessions.store(&dataset.store)?;
        store.get(&call, dataset, keys, &fields).await
    }

    /// The index of the system of record.
    pub(crate) fn source(&self) -> usize {
        let representations = &self.entity.representations;
        let source = representations
            .iter()
            .position(|it| it.role == Role::SystemOfRecord);
        source.unwrap_or_default()
    }
}

fn unanswered() -> Error {
    Error::new(ErrorKind::Unreadable, "read records by key")
        .because("an answer for a key is missing")
}
