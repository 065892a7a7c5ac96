//! Rows of which some take several lines: which line is which row's, in any number of rows.

use std::collections::BTreeMap;

/// The rows that take more than one line.
#[derive(Debug, Default)]
pub(super) struct Folds {
    /// Lines beyond the first, by row.
    extra: BTreeMap<u64, u64>,
    /// Each such row's first line, itself, and the extra lines up to its end; made when asked for.
    starts: Option<Vec<(u64, u64, u64)>>,
}

impl Folds {
    /// Notes how many lines a row takes; at least one.
    pub(super) fn set(&mut self, row: u64, lines: u64) {
        let extra = lines.saturating_sub(1);
        let before = if extra == 0 {
            self.extra.remove(&row).unwrap_or(0)
        } else {
            self.extra.insert(row, extra).unwrap_or(0)
        };
        if before != extra {
            self.starts = None;
        }
    }

    /// How many lines so many rows take.
    pub(super) fn lines(&mut self, rows: u64) -> u64 {
        rows + self.starts().last().map_or(0, |it| it.2)
    }

    /// The row of a line, and which of the row's lines it is.
    pub(super) fn locate(&mut self, line: u64) -> (u64, u64) {
        let starts = self.starts();
        let next = starts.partition_point(|(first, _, _)| *first <= line);
        let Some((first, row, through)) = next.checked_sub(1).and_then(|it| starts.get(it)) else {
            return (line, 0);
        };
        let end = row + through;
        if line <= end {
            (*row, line - first)
        } else {
            (line - through, 0)
        }
    }

    /// The first line of a row.
    pub(super) fn first_line(&mut self, row: u64) -> u64 {
        let starts = self.starts();
        let next = starts.partition_point(|(_, it, _)| *it < row);
        let before = next.checked_sub(1).and_then(|it| starts.get(it));
        row + before.map_or(0, |it| it.2)
    }

    fn starts(&mut self) -> &[(u64, u64, u64)] {
        let extra = &self.extra;
        self.starts.get_or_insert_with(|| {
            let mut through = 0;
            let rows = extra.iter().map(|(row, extra)| {
                let first = row + through;
                through += extra;
                (first, *row, through)
            });
            rows.collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_found_in_its_row_and_back() {
        let mut folds = Folds::default();
        for (row, lines) in [(0, 3), (4, 1), (5, 10), (1_000_000, 2)] {
            folds.set(row, lines);
        }
        let mut lines = Vec::new();
        for row in 0..8_u64 {
            let takes = [(0, 3), (5, 10)].iter().find(|it| it.0 == row);
            lines.extend((0..takes.map_or(1, |it| it.1)).map(|within| (row, within)));
        }
        for (line, expected) in (0..).zip(lines) {
            assert_eq!(folds.locate(line), expected, "line {line}");
            assert_eq!(folds.first_line(expected.0), line - expected.1);
        }
        assert_eq!(folds.lines(2_000_000), 2_000_012);
        folds.set(0, 1);
        assert_eq!(folds.locate(1), (1, 0));
    }
}
