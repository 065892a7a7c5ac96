//! A report as CSV: one line a finding.
//!
//! RFC 4180 in UTF-8: lines end in CR LF, and a cell with a comma, a quote or a line break stands in quotes. A cell that
//! a spreadsheet would take for a formula begins with an apostrophe instead; plain numbers do not need it. Characters
//! that cannot be seen are spelled, as `\0`; several fields are joined by semicolons; times are RFC 3339, ages milliseconds, empty where they are not known.

use super::{Finding, Report, mask, plain, words};

/// The names of the columns; they stay as they are, for programs read them.
const HEAD: [&str; 10] = [
    "entity",
    "key",
    "dataset",
    "verdict",
    "fields",
    "age_ms",
    "first_seen",
    "last_seen",
    "reads",
    "reason",
];

/// The header and one line a finding, in the order of the report.
pub(super) fn render(report: &Report) -> String {
    let mut text = line(&HEAD.map(str::to_owned));
    for (entity, finding) in report.findings() {
        text.push_str(&line(&cells(entity, finding)));
    }
    text
}

/// One finding. Times are RFC 3339 and ages milliseconds; an age that is not known is empty.
fn cells(entity: &str, of: &Finding) -> [String; HEAD.len()] {
    [
        entity.to_owned(),
        of.key.to_string(),
        of.dataset.to_string(),
        of.verdict.name().to_owned(),
        words::fields(of).join(";"),
        of.age
            .map(|it| it.as_millis().to_string())
            .unwrap_or_default(),
        of.first_seen.to_string(),
        of.last_seen.to_string(),
        of.reads.to_string(),
        mask::why(&of.reason),
    ]
}

fn line(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|it| cell(it)).collect();
    format!("{}\r\n", cells.join(","))
}

/// One cell, quoted where its content would end it.
fn cell(text: &str) -> String {
    let text = defused(plain::visible_in_lines(text));
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// Spreadsheets run what begins with these characters; the wide forms count where full-width text is usual.
fn defused(text: String) -> String {
    let starts_formula =
        text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if starts_formula && !is_number(&text) {
        format!("'{text}")
    } else {
        text
    }
}

/// `-42` or `-1.50`: what no spreadsheet takes for more than a number.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction]
        .iter()
        .all(|it| !it.is_empty() && it.chars().all(|it| it.is_ascii_digit()))
}
