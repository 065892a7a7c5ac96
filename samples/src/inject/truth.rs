//! What was planted: the file that a check of the sample is compared with. The engine never reads it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tokio::fs;

use crate::clock::Time;
use crate::error::Result;
use crate::inject::TRUTH;
use crate::model::Kind;

/// What was planted in a sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// Of this file; 1.
    pub format: u32,
    /// The seed that chose keys and fields.
    pub seed: u64,
    /// When the last change was planted: what is in flight stays so for its edge's objective from then.
    pub planted_at: Time,
    /// Every pair of key and dataset that differs, or is only spelled otherwise, sorted by entity, key and dataset.
    pub faults: Vec<Planted>,
    /// Some keys of each entity that nothing was planted on.
    pub untouched: BTreeMap<String, Vec<String>>,
}

impl Truth {
    /// Writes what was planted beside the deployment file, and returns it.
    pub(crate) async fn write(
        dir: &Path,
        seed: u64,
        planted_at: Time,
        mut faults: Vec<Planted>,
        untouched: BTreeMap<String, Vec<String>>,
    ) -> Result<Self> {
        faults.sort_by(|a, b| (a.entity, &a.key, &a.dataset).cmp(&(b.entity, &b.key, &b.dataset)));
        let truth = Self {
            format: 1,
            seed,
            planted_at,
            faults,
            untouched,
        };
        let text = serde_json::to_string_pretty(&truth)?;
        fs::write(dir.join(TRUTH), text + "\n").await?;
        Ok(truth)
    }

    /// Reads the truth of a sample.
    pub async fn read(dir: &Path) -> Result<Self> {
        let read = fs::read(dir.join(TRUTH)).await;
        let text =
            read.map_err(|it| crate::Error::from(it).while_doing(format!("read {TRUTH}")))?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// Up to `n` keys of an entity that nothing was planted on.
    pub fn untouched(&self, entity: &str, n: usize) -> &[String] {
        let keys = self.untouched.get(entity).map_or(&[][..], Vec::as_slice);
        keys.get(..n).unwrap_or(keys)
    }

    /// Faults of one verdict in one dataset; `late` tells changes in flight apart.
    pub fn of(
        &self,
        dataset: &str,
        verdict: Verdict,
        late: bool,
    ) -> impl Iterator<Item = &Planted> {
        let wanted = move |it: &&Planted| it.verdict == verdict && it.late == late;
        self.faults
            .iter()
            .filter(move |it| it.dataset == dataset)
            .filter(wanted)
    }
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planted {
    /// The entity.
    pub entity: Kind,
    /// The key as the command line takes it.
    pub key: String,
    /// The dataset that differs, spelled as in the deployment file.
    pub dataset: String,
    /// What a check must find.
    pub verdict: Verdict,
    /// Whether a change in flight is older than its edge's objective.
    pub late: bool,
    /// The canonical fields that differ, in the order of the source's columns; none where the record cannot be compared.
    pub fields: Vec<String>,
    /// What was done.
    pub how: String,
}

/// What a check must find; everything else agrees too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Changed in the system of record and not yet here.
    InFlight,
    /// An older version, whose change has been passed.
    Stale,
    /// The same version with other fields.
    Conflicts,
    /// Not here.
    Missing,
    /// Here alone.
    Orphan,
    /// Here, but cannot be decoded.
    Unknown,
    /// Spelled otherwise, in a way that the deployment file's rules overlook.
    Agrees,
}
