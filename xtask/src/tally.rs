//! Adds up what test programs print about themselves.

use std::fmt;
use std::fs;
use std::path::Path;

use crate::failure::{During, Result};

/// Counts over all test programs of a run.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    failures: Vec<String>,
    stores: Option<String>,
}

impl Tally {
    /// Adds the results that stand in the log of `cargo test`.
    pub(crate) fn add_log(&mut self, log: &Path) -> Result<()> {
        let text = fs::read_to_string(log).during("read the log of the tests")?;
        for line in text.lines() {
            self.add_line(line);
        }
        Ok(())
    }

    fn add_line(&mut self, line: &str) {
        if let Some(result) = line.strip_prefix("test result: ") {
            self.passed += count(result, " passed");
            self.failed += count(result, " failed");
        } else if let Some(name) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            self.failures.push(name.to_owned());
        } else if line.starts_with("stores exercised: ") {
            self.stores = Some(line.to_owned());
        }
    }
}

/// The names of what failed, the stores that were tried, and as the very last line the counts.
impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.failures {
            writeln!(formatter, "failed: {name}")?;
        }
        if let Some(stores) = &self.stores {
            writeln!(formatter, "{stores}")?;
        }
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// The number before `word` in `ok. 12 passed; 0 failed; 1 ignored`.
fn count(result: &str, word: &str) -> u64 {
    let before = result.split(';').find_map(|part| part.strip_suffix(word));
    before
        .and_then(|text| text.rsplit(' ').next()?.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> String {
        let mut tally = Tally::default();
        for line in lines {
            tally.add_line(line);
        }
        tally.to_string()
    }

    #[test]
    fn results_of_several_programs_add_up() {
        let shown = tally(&[
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        ]);
        assert_eq!(shown, "15 passed, 2 failed");
    }

    #[test]
    fn failures_are_named_and_stores_stand_before_the_counts() {
        let shown = tally(&[
            "test reads::a_key ... ok",
            "test reads::a_list ... FAILED",
            "stores exercised: 1 of 1",
            "test result: FAILED. 1 passed; 1 failed; 0 ignored",
        ]);
        assert_eq!(
            shown,
            "failed: reads::a_list\nstores exercised: 1 of 1\n1 passed, 1 failed"
        );
    }
}
