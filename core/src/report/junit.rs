//! A report as JUnit XML, for build servers: one testsuite an entity, one testcase a dataset.
//!
//! - Drift and changes that are late fail; the failure lists the counts and the first findings.
//! - A dataset that could not be compared, or of which some copies could not be judged, is an error: nothing is known of
//!   it, or of these. A field or some records that were left out are a skipped testcase of their own.
//! - A testcase has no time: datasets are scanned side by side, so none has one of its own.

use super::headline::{concerns, copies, drift_of, example, in_words};
use super::{Counts, EntityReport, Finding, NotChecked, PairReport, Report};
use super::{mask, plain, words};
use crate::human;

mod case;

use case::{Case, Outcome, Tally, escape, escape_lines};

/// Findings that a failure lists.
const LISTED: usize = 20;

/// The longest sentence from data, in characters.
const SENTENCE: usize = 400;

/// The document, in UTF-8 and valid XML 1.0: what XML cannot hold is spelled.
pub(super) fn render(report: &Report) -> String {
    let suites: Vec<Suite> = report.entities.iter().map(|it| suite(report, it)).collect();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all = suites
        .iter()
        .fold(Tally::default(), |sum, it| sum.plus(&it.tally));
    xml.push_str(&format!(
        "<testsuites name=\"{}\" {all} time=\"{:.3}\">\n",
        escape(&format!("parallax check of {}", report.deployment)),
        report.took.as_secs_f64()
    ));
    for suite in &suites {
        xml.push_str(&suite.xml);
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// One entity's suite, and what the whole document's head counts of it.
struct Suite {
    tally: Tally,
    xml: String,
}

/// One entity: a case for each copy, then one for each part that was left out.
fn suite(report: &Report, entity: &EntityReport) -> Suite {
    let mut cases: Vec<Case> = entity.pairs.iter().map(|it| of_pair(entity, it)).collect();
    let concerned = |it: &NotChecked| entity.pairs.iter().any(|pair| concerns(it, pair));
    let others = entity.not_checked.iter().filter(|it| !concerned(it));
    cases.extend(others.map(skipped));
    let tally = cases
        .iter()
        .fold(Tally::default(), |sum, it| sum.plus(&it.tally()));
    let mut xml = format!(
        "  <testsuite name=\"{}\" {tally} timestamp=\"{}\"{}>\n",
        escape(&entity.entity),
        report.started_at,
        time(report)
    );
    xml.push_str(&properties(report));
    let class = escape(&format!("{}.{}", report.deployment, entity.entity));
    for case in &cases {
        xml.push_str(&case.xml(&class));
    }
    xml.push_str("  </testsuite>\n");
    Suite { tally, xml }
}

/// The time of a suite, known only where it is the only one.
fn time(report: &Report) -> String {
    if report.entities.len() == 1 {
        format!(" time=\"{:.3}\"", report.took.as_secs_f64())
    } else {
        String::new()
    }
}

/// The version, the command that runs the check again, and the stores.
fn properties(report: &Report) -> String {
    let mut xml = String::from("    <properties>\n");
    let stores = report
        .stores
        .iter()
        .map(|(name, product)| (format!("store.{name}"), product.as_str()));
    let own = [
        ("version".to_owned(), report.version.as_str()),
        ("rerun".to_owned(), &report.rerun),
    ];
    for (name, value) in own.into_iter().chain(stores) {
        let (name, value) = (escape(&name), escape_lines(&plain::visible(value)));
        xml.push_str(&format!(
            "      <property name=\"{name}\" value=\"{value}\"/>\n"
        ));
    }
    xml.push_str("    </properties>\n");
    xml
}

/// One copy. Drift comes before what is unknown: it is certain.
fn of_pair(entity: &EntityReport, pair: &PairReport) -> Case {
    let why: Vec<String> = entity
        .not_checked
        .iter()
        .filter(|it| concerns(it, pair))
        .map(|it| mask::why(&it.why))
        .collect();
    let counts = pair.counts;
    let outcome = if counts.drifted() > 0 {
        Outcome::Failure {
            message: in_short(counts),
            kind: "drift",
            details: details(entity, pair),
        }
    } else if counts.unknown > 0 || !why.is_empty() {
        let example = example(entity, pair).map(|it| format!(" ({it})"));
        let example = example.filter(|_| why.is_empty()).unwrap_or_default();
        let copies = (counts.unknown > 0)
            .then(|| format!("{} could not be judged{example}", copies(counts.unknown)));
        let message: Vec<String> = copies.into_iter().chain(why).collect();
        Outcome::Error {
            message: message.join("; "),
        }
    } else if counts.late > 0 {
        Outcome::Failure {
            message: in_short(counts),
            kind: "late",
            details: details(entity, pair),
        }
    } else {
        Outcome::Passed
    };
    Case {
        name: pair.target.to_string(),
        outcome,
    }
}

fn skipped(of: &NotChecked) -> Case {
    Case {
        name: format!("not checked: {}", of.what),
        outcome: Outcome::Skipped {
            message: mask::why(&of.why),
        },
    }
}

/// `2 stale, 1 missing; 41 in flight, 3 of them late`.
fn in_short(counts: Counts) -> String {
    let drift: Vec<String> = drift_of(counts)
        .map(|(kind, n)| in_words(kind, n))
        .collect();
    let mut parts: Vec<String> = (!drift.is_empty())
        .then(|| drift.join(", "))
        .into_iter()
        .collect();
    if counts.in_flight > 0 {
        let late = match counts.late {
            0 => String::new(),
            late => format!(", {} of them late", human::count(late)),
        };
        parts.push(format!(
            "{} in flight{late}",
            human::count(counts.in_flight)
        ));
    }
    if counts.unknown > 0 {
        parts.push(format!("{} unknown", human::count(counts.unknown)));
    }
    parts.join("; ")
}

/// The counts, then the first findings, one a line.
fn details(entity: &EntityReport, pair: &PairReport) -> String {
    let counts = pair
        .counts
        .listed()
        .map(|(name, n)| format!("{name} {}", human::count(n)));
    let mut lines = vec![String::new(), counts.join(", ")];
    let findings: Vec<&Finding> = entity
        .findings
        .iter()
        .filter(|it| it.dataset == pair.target)
        .collect();
    lines.extend(findings.iter().take(LISTED).map(|it| finding(it)));
    let more = findings.len().saturating_sub(LISTED) as u64;
    if more > 0 {
        lines.push(format!(
            "{} more are in the other forms of this report",
            human::count(more)
        ));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn finding(of: &Finding) -> String {
    let changed = of.age.map_or_else(
        || "when it changed is unknown".to_owned(),
        |age| format!("changed {} before", human::duration(age)),
    );
    format!(
        "{} {}: {} ({}, read {})",
        plain::line(&of.key.to_string(), SENTENCE),
        words::verdict(of.verdict),
        plain::line(&mask::why(&of.reason), SENTENCE),
        changed,
        if of.reads == 1 {
            "once".to_owned()
        } else {
            human::plural(of.reads, "time")
        }
    )
}
