//! Results as a table of Markdown, printed and kept in docs/bench.md.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// One table of results.
#[derive(Debug)]
pub(crate) struct Table {
    title: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    notes: Vec<String>,
}

impl Table {
    pub(crate) fn new(title: &str, head: &[&str]) -> Self {
        Self {
            title: title.to_owned(),
            head: head.iter().map(|it| (*it).to_owned()).collect(),
            rows: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: &[String]) {
        assert_eq!(cells.len(), self.head.len(), "a cell for each head");
        self.rows.push(cells.to_vec());
    }

    /// Whether a row begins with that cell.
    pub(crate) fn has_row(&self, name: &str) -> bool {
        self.rows
            .iter()
            .any(|it| it.first().is_some_and(|it| it == name))
    }

    pub(crate) fn note(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("### {}\n\n", self.title);
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        text += &line(&self.head);
        text += &line(&vec!["---".to_owned(); self.head.len()]);
        for row in &self.rows {
            text += &line(row);
        }
        for note in &self.notes {
            write!(text, "\n- {note}").expect("a string takes text");
        }
        text + "\n"
    }
}

/// Puts the tables of one command into docs/bench.md, in place of those of its last run.
pub(crate) fn keep(command: &str, tables: &[Table]) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/bench.md");
    let old = fs::read_to_string(&file).unwrap_or_else(|_| HEAD.to_owned());
    let heading = format!("## `cargo xtask bench {command}`\n");
    let body: Vec<String> = tables.iter().map(Table::markdown).collect();
    let section = format!("{heading}\n{}", body.join("\n"));
    let mut parts: Vec<String> = split(&old);
    match parts.iter_mut().find(|it| it.starts_with(&heading)) {
        Some(part) => *part = section,
        None => parts.push(section),
    }
    let text: Vec<&str> = parts.iter().map(|it| it.trim_end()).collect();
    fs::write(&file, text.join("\n\n") + "\n").expect("docs/bench.md is written");
}

/// The head of the file, and each command's section.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in text.lines() {
        if line.starts_with("## ") {
            parts.push(String::new());
        }
        let last = parts.last_mut().expect("there is always one");
        last.push_str(line);
        last.push('\n');
    }
    parts
}

const HEAD: &str = "# What it costs

Each table is what one command printed, with raw scans and peers measured in the same run on the same machine. Ratios
carry over to other machines; times do not. A raw scan is the same columns by the store's fastest path, rows received and
dropped by our own client, both sides at once, best of three. A first row on an open connection is the median of fifteen
reads of the first 20,000 rows.
";

pub(crate) fn seconds(time: Duration) -> String {
    if time < Duration::from_millis(100) {
        return format!("{:.1} ms", time.as_secs_f64() * 1e3);
    }
    format!("{:.2} s", time.as_secs_f64())
}

pub(crate) fn mib(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a figure to one decimal")]
    let mib = bytes as f64 / f64::from(1 << 20);
    format!("{mib:.1} MiB")
}

pub(crate) fn rate(rows: u64, time: Duration) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a figure in thousands")]
    let rate = rows as f64 / time.as_secs_f64() / 1e3;
    format!("{rate:.0} k")
}
