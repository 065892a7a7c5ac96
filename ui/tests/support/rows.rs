//! Results of a million rows, made when a page is asked for, with values that a lossy reader would spoil.

use std::sync::Arc;
use std::time::Duration;

use parallax_core::store::{Batch, Column};
use parallax_core::value::{Timestamp, Value};
use parallax_core::wire::{Event, Page, PaneProgress, PaneState, ResultHead, ResultId, RunId};

pub(crate) const ROWS: u64 = 1_000_000;

pub(crate) fn columns() -> Vec<Column> {
    let column = |name: &str, kind: &str| Column {
        name: name.into(),
        type_name: kind.into(),
    };
    vec![
        column("id", "BIGINT"),
        column("name", "TEXT"),
        column("total", "DECIMAL(20,4)"),
        column("placed_at", "TIMESTAMP"),
        column("note", "TEXT"),
    ]
}

pub(crate) fn page(result: ResultId, first: u64, count: u32) -> Page {
    let last = (first + u64::from(count)).min(ROWS);
    let cells: Vec<_> = (first..last).flat_map(row).collect();
    let rows = u32::try_from(last - first).expect("a page");
    Page {
        result,
        first,
        batch: Batch {
            columns: Arc::from(columns()),
            rows,
            cells,
        },
    }
}

const NAMES: [&str; 6] = [
    "Ann Lee",
    "Joanna Day",
    "Hannes Ek",
    "Zoë Vogel",
    "李雷",
    "Omar Saïd",
];

fn row(at: u64) -> [Value; 5] {
    let number = i64::try_from(at).expect("a row");
    let placed =
        Timestamp::from_nanosecond(1_772_452_990_123_456_789 + i128::from(number) * 1_000_000_001);
    let total = Value::from_json(format!("{}.{:04}", 1_234_567_890_123_u64 + at, at % 10_000))
        .expect("a decimal");
    let note = if at % 4 == 1 {
        Value::Null
    } else {
        Value::from("paid by card\nsent the same day")
    };
    let name = NAMES[usize::try_from(at).expect("a row") % 5];
    [
        Value::I64(9_007_199_254_740_993 + number),
        Value::from(name),
        total,
        Value::Timestamp(placed.expect("a time")),
        note,
    ]
}

/// A pane that is done, with one result of a million rows.
pub(crate) fn done(run: RunId, pane: u32) -> Event {
    let head = ResultHead {
        columns: columns(),
        rows: ROWS,
        affected: None,
    };
    Event::Pane {
        run,
        pane,
        progress: progress(PaneState::Done, vec![head]),
    }
}

pub(crate) fn progress(state: PaneState, results: Vec<ResultHead>) -> PaneProgress {
    PaneProgress {
        state,
        error: None,
        first_row: Some(Duration::from_micros(4_200)),
        took: Duration::from_millis(1_380),
        bytes: 81_400_000,
        results,
        notices: Vec::new(),
    }
}
