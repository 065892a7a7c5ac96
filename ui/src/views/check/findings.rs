//! The findings in the order and selection in which they are shown.

use std::cmp::Ordering;

use parallax_core::name::DatasetId;
use parallax_core::report::{Finding, Report};

use super::filter::Filter;

/// Findings by their places in the report, filtered and sorted once for each change of either.
#[derive(Debug, Default)]
pub(super) struct Findings {
    rows: Vec<Row>,
    pub(super) datasets: Vec<DatasetId>,
    pub(super) filter: Filter,
    sort: Sort,
    /// What `shown` was made with.
    made: Option<(Filter, Sort)>,
    shown: Vec<usize>,
    /// The place within `shown`.
    pub(super) chosen: Option<usize>,
    /// How far the table is scrolled, in points.
    pub(super) top: f32,
}

/// One finding's place, and its key as text.
#[derive(Debug)]
struct Row {
    entity: usize,
    finding: usize,
    key: String,
}

/// By which column, and whether from the greatest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sort {
    pub(super) by: Option<By>,
    pub(super) falling: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Key,
    Dataset,
    Verdict,
    Fields,
    Age,
    FirstSeen,
    Reads,
}

/// One finding to be drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'r> {
    pub(super) entity: &'r str,
    pub(super) key: &'r str,
    pub(super) finding: &'r Finding,
}

impl Findings {
    pub(super) fn of(report: &Report) -> Self {
        let mut rows = Vec::new();
        for (entity, of) in report.entities.iter().enumerate() {
            let own = of.findings.iter().enumerate();
            rows.extend(own.map(|(finding, it)| Row {
                entity,
                finding,
                key: it.key.to_string(),
            }));
        }
        let mut datasets: Vec<_> = report
            .findings()
            .map(|(_, it)| it.dataset.clone())
            .collect();
        datasets.sort();
        datasets.dedup();
        Self {
            rows,
            datasets,
            ..Self::default()
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn total(&self) -> u64 {
        self.rows.len() as u64
    }

    pub(super) fn shown(&self) -> usize {
        self.shown.len()
    }

    pub(super) fn sort(&self) -> Sort {
        self.sort
    }

    pub(super) fn narrow(&mut self, filter: Filter) {
        self.filter = filter;
    }

    /// A second click on a column turns its order; a third gives the report's own order back.
    pub(super) fn sort_by(&mut self, by: By) {
        self.sort = match self.sort {
            Sort {
                by: Some(now),
                falling: false,
            } if now == by => Sort {
                by: Some(by),
                falling: true,
            },
            Sort {
                by: Some(now),
                falling: true,
            } if now == by => Sort::default(),
            _ => Sort {
                by: Some(by),
                falling: false,
            },
        };
    }

    pub(super) fn at<'r>(&'r self, place: usize, report: &'r Report) -> Option<Shown<'r>> {
        let row = self.rows.get(*self.shown.get(place)?)?;
        let entity = report.entities.get(row.entity)?;
        Some(Shown {
            entity: &entity.entity,
            key: &row.key,
            finding: entity.findings.get(row.finding)?,
        })
    }

    /// Filters and sorts again where the person has changed either; true if so.
    pub(super) fn refresh(&mut self, report: &Report) -> bool {
        let wanted = (self.filter.clone(), self.sort);
        if self.made.as_ref() == Some(&wanted) {
            return false;
        }
        let text = self.filter.text.trim().to_lowercase();
        let finding = |row: &Row| {
            let entity = report.entities.get(row.entity)?;
            entity.findings.get(row.finding)
        };
        let passes = |row: &Row| {
            let finding = finding(row);
            finding.is_some_and(|it| self.filter.passes(it, &row.key, &text))
        };
        let all = self.rows.iter().enumerate();
        let mut shown: Vec<_> = all
            .filter(|(_, row)| passes(row))
            .map(|(at, _)| at)
            .collect();
        if let Some(by) = self.sort.by {
            let of = |at: &usize| self.rows.get(*at).and_then(finding);
            shown.sort_by(|one, other| {
                let order = of(one).zip(of(other)).map(|(a, b)| compare(by, a, b));
                let order = order.unwrap_or(Ordering::Equal).then(one.cmp(other));
                if self.sort.falling {
                    order.reverse()
                } else {
                    order
                }
            });
        }
        self.shown = shown;
        self.made = Some(wanted);
        self.chosen = None;
        true
    }
}

/// Unknown ages come last when the youngest come first.
fn compare(by: By, one: &Finding, other: &Finding) -> Ordering {
    match by {
        // A report is in the order of its keys already.
        By::Key => Ordering::Equal,
        By::Dataset => one.dataset.cmp(&other.dataset),
        By::Verdict => one.verdict.severity().cmp(&other.verdict.severity()),
        By::Fields => fields(one).cmp(&fields(other)),
        By::Age => (one.age.is_none(), one.age).cmp(&(other.age.is_none(), other.age)),
        By::FirstSeen => one.first_seen.cmp(&other.first_seen),
        By::Reads => one.reads.cmp(&other.reads),
    }
}

fn fields(finding: &Finding) -> Vec<&str> {
    let names = finding.differences.iter().map(|it| it.field.as_str());
    names.collect()
}
