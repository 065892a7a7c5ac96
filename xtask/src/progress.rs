//! Shows that a running child lives: one changing line on a terminal, else a line now and then.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

const REDRAW: Duration = Duration::from_millis(100);
const HEARTBEAT: Duration = Duration::from_secs(30);

/// The sign of life of one stage.
#[derive(Debug)]
pub(crate) struct Progress {
    started: Instant,
    shown: Instant,
    is_terminal: bool,
    is_silent: bool,
    columns: usize,
}

impl Progress {
    /// A silent one only takes the time.
    pub(crate) fn start(is_silent: bool) -> Self {
        let now = Instant::now();
        let columns = env::var("COLUMNS")
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(100);
        Self {
            started: now,
            shown: now,
            is_terminal: io::stdout().is_terminal() && !is_silent,
            is_silent,
            columns,
        }
    }

    /// Takes the child's last line; draws only when it is time to.
    pub(crate) fn tick(&mut self, last_line: &str) {
        let pause = if self.is_terminal { REDRAW } else { HEARTBEAT };
        if self.is_silent || self.shown.elapsed() < pause {
            return;
        }
        self.shown = Instant::now();
        let text = format!(
            "  {:>4}  {}",
            seconds(self.started.elapsed()),
            last_line.trim()
        );
        if self.is_terminal {
            let line: String = text.chars().take(self.columns.saturating_sub(1)).collect();
            print!("\r\x1b[2K{line}");
            // A terminal that cannot be flushed shows the line late; nothing depends on it.
            drop(io::stdout().flush());
        } else {
            println!("{text}");
        }
    }

    pub(crate) fn finish(self) -> Duration {
        if self.is_terminal {
            print!("\r\x1b[2K");
        }
        self.started.elapsed()
    }
}

/// A time as people read it: `0.4 s`, `12 s`, `3 m 05 s`.
pub(crate) fn seconds(time: Duration) -> String {
    let whole = time.as_secs();
    match whole {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{whole} s"),
        _ => format!("{} m {:02} s", whole / 60, whole % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_people_say_them() {
        let shown = [400, 12_300, 185_000].map(|millis| seconds(Duration::from_millis(millis)));
        assert_eq!(shown, ["0.4 s", "12 s", "3 m 05 s"]);
    }
}
