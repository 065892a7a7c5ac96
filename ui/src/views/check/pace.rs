//! How fast datasets are scanned, from what the events have told.

use std::collections::BTreeMap;
use std::time::Duration;

use parallax_core::name::DatasetId;
use parallax_core::wire::CheckProgress;

use crate::format;

/// What was seen of each dataset: when its scan began, and the last time that it grew.
#[derive(Debug, Default)]
pub(super) struct Pace(BTreeMap<DatasetId, Seen>);

#[derive(Clone, Copy, Debug)]
struct Seen {
    began: Duration,
    grew: Duration,
    rows: u64,
}

impl Pace {
    /// A scan that begins again, with fewer rows than before, is measured anew.
    pub(super) fn note(&mut self, progress: &CheckProgress) {
        let took = progress.took;
        for (dataset, rows, _) in &progress.scanned {
            let new = Seen {
                began: took,
                grew: took,
                rows: *rows,
            };
            let seen = self.0.entry(dataset.clone()).or_insert(new);
            if *rows == 0 || *rows < seen.rows {
                *seen = new;
            } else if *rows > seen.rows {
                seen.grew = took;
                seen.rows = *rows;
            }
        }
    }

    /// Rows in a second, once half a second of the scan was seen.
    pub(super) fn of(&self, dataset: &DatasetId) -> Option<f64> {
        let seen = self.0.get(dataset)?;
        let span = seen.grew.checked_sub(seen.began)?;
        (span >= Duration::from_millis(500)).then(|| format::as_f64(seen.rows) / span.as_secs_f64())
    }
}

/// The time that the rest takes at that pace; none where the estimate has been passed.
pub(super) fn left(rows: u64, estimate: Option<u64>, pace: Option<f64>) -> Option<Duration> {
    let rest = estimate?.checked_sub(rows).filter(|it| *it > 0)?;
    let pace = pace.filter(|it| *it > 0.0)?;
    Duration::try_from_secs_f64(format::as_f64(rest) / pace).ok()
}

#[cfg(test)]
mod tests {
    use parallax_core::report::Counts;
    use parallax_core::wire::PaneState;

    use super::*;

    fn told(seconds: u64, rows: u64) -> CheckProgress {
        CheckProgress {
            state: PaneState::Running,
            phase: String::new(),
            took: Duration::from_secs(seconds),
            scanned: vec![(users(), rows, None)],
            candidates: 0,
            judged: 0,
            counts: Counts::default(),
            error: None,
        }
    }

    fn users() -> DatasetId {
        "shop.users".parse().expect("a dataset")
    }

    #[test]
    fn a_pace_is_known_only_once_rows_were_seen_to_grow() {
        let mut pace = Pace::default();
        pace.note(&told(1, 0));
        assert_eq!(pace.of(&users()), None);
        pace.note(&told(3, 4_000));
        assert_eq!(pace.of(&users()), Some(2_000.0));
        pace.note(&told(9, 4_000));
        assert_eq!(
            pace.of(&users()),
            Some(2_000.0),
            "a scan that is over keeps its pace"
        );
    }

    #[test]
    fn what_is_left_is_unknown_without_an_estimate_or_beyond_it() {
        assert_eq!(left(10, None, Some(5.0)), None);
        assert_eq!(left(10, Some(8), Some(5.0)), None);
        assert_eq!(left(10, Some(20), None), None);
        assert_eq!(left(10, Some(20), Some(5.0)), Some(Duration::from_secs(2)));
    }
}
