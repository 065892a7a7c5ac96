//! The rows of a result that are at hand: pages around what is shown, the farthest dropped first.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use parallax_core::error::Error;
use parallax_core::store::Batch;
use parallax_core::value::Value;
use parallax_core::wire::{Page, Request, ResultId};

/// Rows a page.
pub(super) const PAGE: u64 = 256;
/// Pages kept; with the widest usual rows some tens of megabytes.
const MOST: usize = 48;

/// A window on a result of any length.
#[derive(Debug)]
pub(super) struct Pages {
    result: ResultId,
    /// Rows that the result has so far.
    rows: u64,
    held: BTreeMap<u64, Batch>,
    asked: BTreeSet<u64>,
    error: Option<Error>,
    version: u64,
}

impl Pages {
    pub(super) fn new(result: ResultId, rows: u64) -> Self {
        Self {
            result,
            rows,
            held: BTreeMap::new(),
            asked: BTreeSet::new(),
            error: None,
            version: 0,
        }
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn grow(&mut self, rows: u64) {
        self.rows = rows;
    }

    pub(super) fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// The cell, if its page is at hand.
    pub(super) fn cell(&self, row: u64, column: usize) -> Option<&Value> {
        let page = row / PAGE;
        let batch = self.held.get(&page)?;
        let within = usize::try_from(row - page * PAGE).ok()?;
        if within >= batch.rows as usize || column >= batch.columns.len() {
            return None;
        }
        batch.cells.get(within * batch.columns.len() + column)
    }

    /// The cells of a row, if its page is at hand.
    pub(super) fn row(&self, row: u64) -> Option<&[Value]> {
        let page = row / PAGE;
        let batch = self.held.get(&page)?;
        let within = usize::try_from(row - page * PAGE).ok()?;
        let width = batch.columns.len();
        let is_there = within < batch.rows as usize && width > 0;
        is_there.then(|| batch.cells.get(within * width..(within + 1) * width))?
    }

    /// The columns, once rows have come.
    pub(super) fn columns(&self) -> Option<std::sync::Arc<[parallax_core::store::Column]>> {
        let batch = self.held.values().next()?;
        Some(std::sync::Arc::clone(&batch.columns))
    }

    /// Every row at hand with its number, in order.
    pub(super) fn rows_at_hand(&self) -> impl Iterator<Item = (u64, &[Value])> {
        self.held.iter().flat_map(|(page, batch)| {
            let rows = batch.cells.chunks(batch.columns.len().max(1));
            (page * PAGE..).zip(rows)
        })
    }

    /// Whether the first rows are at hand, as many as there are and no more than `most`.
    pub(super) fn is_complete_to(&self, most: u64) -> bool {
        let rows = self.rows.min(most);
        (0..rows.div_ceil(PAGE)).all(|page| {
            let held = self.held.get(&page).map_or(0, |it| u64::from(it.rows));
            held >= (rows - page * PAGE).min(PAGE)
        })
    }

    /// How many times rows came; what is made of them is made anew when it changes.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// What to ask for so that `shown` and the page after it will be at hand.
    pub(super) fn wanted(&mut self, shown: Range<u64>) -> Vec<Request> {
        if self.rows == 0 || self.error.is_some() {
            return Vec::new();
        }
        let last = (self.rows - 1) / PAGE;
        let pages = shown.start / PAGE..=(shown.end / PAGE + 1).min(last);
        let missing: Vec<_> = pages.filter(|it| self.is_missing(*it)).collect();
        let mut requests = Vec::new();
        for page in missing {
            self.asked.insert(page);
            requests.push(self.request(page));
        }
        requests
    }

    /// A page is missing too when the result has grown past what it holds.
    fn is_missing(&self, page: u64) -> bool {
        let full = (self.rows - page * PAGE).min(PAGE);
        let held = self.held.get(&page).map_or(0, |it| u64::from(it.rows));
        held < full && !self.asked.contains(&page)
    }

    fn request(&self, page: u64) -> Request {
        let first = page * PAGE;
        let count = u32::try_from(PAGE).unwrap_or(u32::MAX);
        Request::Page {
            result: self.result,
            first,
            count,
        }
    }

    pub(super) fn take(&mut self, page: Page) {
        let at = page.first / PAGE;
        self.asked.remove(&at);
        self.version += 1;
        if page.batch.rows > 0 {
            self.held.insert(at, page.batch);
        }
        self.drop_far(at);
    }

    pub(super) fn failed(&mut self, first: u64, error: Error) {
        self.asked.remove(&(first / PAGE));
        self.error = Some(error);
    }

    /// Forgets a failure, so that what is shown is asked for again.
    pub(super) fn retry(&mut self) {
        self.error = None;
    }

    fn drop_far(&mut self, near: u64) {
        while self.held.len() > MOST {
            let farthest = self.held.keys().copied().max_by_key(|it| it.abs_diff(near));
            let Some(farthest) = farthest else {
                return;
            };
            self.held.remove(&farthest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parallax_core::wire::RunId;

    use super::*;

    const RESULT: ResultId = ResultId {
        run: RunId(1),
        pane: 0,
        index: 0,
    };

    fn page(first: u64, rows: u32) -> Page {
        let cells = (0..rows)
            .map(|it| Value::U64(first + u64::from(it)))
            .collect();
        let column = parallax_core::store::Column {
            name: "n".into(),
            type_name: String::new(),
        };
        let batch = Batch {
            columns: Arc::from([column]),
            rows,
            cells,
        };
        Page {
            result: RESULT,
            first,
            batch,
        }
    }

    fn firsts(requests: &[Request]) -> Vec<u64> {
        let first = |it: &Request| match it {
            Request::Page { first, .. } => *first,
            other => panic!("{other:?}"),
        };
        requests.iter().map(first).collect()
    }

    #[test]
    fn a_page_is_asked_for_once_and_with_its_follower() {
        let mut pages = Pages::new(RESULT, 10_000);
        assert_eq!(firsts(&pages.wanted(0..30)), [0, 256]);
        assert!(pages.wanted(0..30).is_empty());
        pages.take(page(0, 256));
        assert_eq!(pages.cell(255, 0), Some(&Value::U64(255)));
        assert_eq!(pages.cell(256, 0), None);
    }

    #[test]
    fn a_page_that_was_cut_short_is_asked_for_again_when_the_result_grows() {
        let mut pages = Pages::new(RESULT, 10);
        pages.wanted(0..30);
        pages.take(page(0, 10));
        assert!(pages.wanted(0..30).is_empty());
        pages.grow(100);
        assert_eq!(firsts(&pages.wanted(0..30)), [0]);
    }

    #[test]
    fn memory_stays_bounded_on_a_long_way_down() {
        let mut pages = Pages::new(RESULT, 1_000_000);
        for first in (0..1_000_000).step_by(256) {
            pages.take(page(first, 256));
        }
        assert_eq!(pages.held.len(), MOST);
        assert!(pages.cell(999_000, 0).is_some());
    }
}
