//! How far a check is: one line on stderr that is written over again, and only where a person looks.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use parallax_core::human;
use parallax_core::wire::{CheckProgress, Event, PaneState};

use crate::table::one_line;

/// The widest line; a wider one would wrap on a small terminal and could not be written over.
const WIDTH: usize = 79;

/// Back to the start of the line, and nothing on it.
const CLEAR: &str = "\r\u{1b}[2K";

/// The line on stderr.
#[derive(Debug)]
pub(super) struct Progress {
    is_watched: bool,
    is_shown: AtomicBool,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            is_watched: io::stderr().is_terminal(),
            is_shown: AtomicBool::new(false),
        }
    }

    /// Shows how far a check is.
    pub(super) fn show(&self, event: &Event) {
        if let Event::Check { progress, .. } = event
            && self.is_watched
            && progress.state == PaneState::Running
        {
            self.is_shown.store(true, Ordering::Relaxed);
            write(&format!("{CLEAR}{}", line(progress)));
        }
    }

    /// Leaves the line as it was before.
    pub(super) fn clear(&self) {
        if self.is_shown.swap(false, Ordering::Relaxed) {
            write(CLEAR);
        }
    }
}

fn write(text: &str) {
    let mut terminal = io::stderr().lock();
    // Nobody can be told that stderr is gone.
    drop(
        terminal
            .write_all(text.as_bytes())
            .and_then(|()| terminal.flush()),
    );
}

/// `scanning user in 3 datasets · 12,000 of about 40,000 records · 7 s`
fn line(progress: &CheckProgress) -> String {
    let mut parts = vec![progress.phase.clone()];
    let rows: u64 = progress.scanned.iter().map(|(_, rows, _)| rows).sum();
    let of: Option<u64> = progress.scanned.iter().map(|(_, _, of)| *of).sum();
    if rows > 0 {
        let of = of.filter(|it| *it >= rows);
        let of = of.map_or_else(String::new, |it| format!(" of about {}", human::count(it)));
        parts.push(format!("{}{of} records", human::count(rows)));
    }
    let drifted = progress.counts.drifted();
    if drifted > 0 {
        parts.push(format!("{} drifted", human::count(drifted)));
    }
    let seconds = std::time::Duration::from_secs(progress.took.as_secs());
    parts.push(human::duration(seconds));
    one_line(&parts.join(" · "), WIDTH)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use parallax_core::report::Counts;

    use super::*;

    #[test]
    fn the_line_says_what_is_done_and_how_far_it_is() {
        let dataset = |name: &str| name.parse().expect("a dataset");
        let mut progress = CheckProgress {
            state: PaneState::Running,
            phase: "scanning user in 2 datasets".to_owned(),
            took: Duration::from_millis(7_400),
            scanned: vec![
                (dataset("shop.users"), 8_000, Some(20_000)),
                (dataset("docs.users"), 4_000, Some(20_000)),
            ],
            candidates: 0,
            judged: 0,
            counts: Counts::default(),
            error: None,
        };
        assert_eq!(
            line(&progress),
            "scanning user in 2 datasets · 12,000 of about 40,000 records · 7 s"
        );
        progress.scanned.push((dataset("cache.u"), 1, None));
        progress.counts.stale = 2;
        assert_eq!(
            line(&progress),
            "scanning user in 2 datasets · 12,001 records · 2 drifted · 7 s"
        );
    }
}
