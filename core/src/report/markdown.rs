//! A report as GitHub-flavored Markdown, short enough for a comment.
//!
//! Text from data is either a code span, or escaped so that it stays text in a table cell: nothing of it becomes a link,
//! a mention, HTML or another cell.

use super::{Counts, EntityReport, Finding, LagDuring, Report, headline, mask, plain, words};
use crate::human;

mod escape;

use escape::{code, text};

/// Findings that are listed an entity; the others are in the other forms.
const LISTED: usize = 100;

/// The longest key or name, in characters.
const NAME: usize = 80;

/// The longest sentence from data, in characters.
const SENTENCE: usize = 240;

/// The page, from the verdict to the command that runs it again.
pub(super) fn render(report: &Report) -> String {
    let mut page = format!(
        "# Check of {}\n\n**{}**\n\n",
        name(&report.deployment),
        text(&headline(report))
    );
    page.push_str(&facts(report));
    page.push_str(&copies(report));
    for entity in report.entities.iter().filter(|it| !it.findings.is_empty()) {
        page.push_str(&by_field(entity));
        page.push_str(&findings(entity));
        page.push_str(&examples(entity));
    }
    page.push_str(&method(report));
    page.push_str(&not_checked(report));
    page.push_str(&lag(report));
    page.push_str(&format!(
        "## Run it again\n\n{}\n\n{}\n",
        escape::block(&report.rerun),
        words::MASKING
    ));
    page
}

/// A name as code, in which nothing is markup.
fn name(name: &str) -> String {
    code(&plain::line(name, NAME))
}

/// A sentence that may quote data: masked, cut, escaped.
fn sentence(sentence: &str) -> String {
    text(&plain::line(&mask::why(sentence), SENTENCE))
}

/// When, how long, what was asked for, and the stores that answered.
fn facts(report: &Report) -> String {
    let mut facts = vec![format!(
        "- Began {}, took {}, with Parallax {}",
        words::time(report.started_at),
        human::duration(report.took),
        sentence(&report.version)
    )];
    let scope = words::scope(&report.scope);
    let scope: Vec<String> = scope
        .iter()
        .map(|(part, said)| format!("{part}: {}", sentence(said)))
        .collect();
    facts.push(format!("- Scope: {}", scope.join("; ")));
    for (store, product) in &report.stores {
        facts.push(format!("- {}: {}", name(store), sentence(product)));
    }
    format!("{}\n\n", facts.join("\n"))
}

/// A table with its head, or nothing without rows.
fn table<const N: usize>(
    title: &str,
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> String {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return String::new();
    }
    let rule = head.map(|it| if is_number(it) { "---:" } else { "---" });
    let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut text = format!("{title}\n\n{}{}", line(head.to_vec()), line(rule.to_vec()));
    for row in rows {
        text.push_str(&line(row.iter().map(String::as_str).collect()));
    }
    text.push('\n');
    text
}

/// Whether a column of that name holds numbers.
fn is_number(column: &str) -> bool {
    let counts = Counts::default().listed();
    let others = ["copies", "reads", "records", "scans", "cells", "candidates"];
    others.contains(&column) || counts.iter().any(|(name, _)| *name == column)
}

/// The counts of all copies; a question mark where nothing was compared.
fn copies(report: &Report) -> String {
    let rows = report.entities.iter().flat_map(|entity| {
        entity.pairs.iter().map(|pair| {
            let place = name(&pair.target.to_string());
            let [
                agrees,
                in_flight,
                stale,
                conflicts,
                missing,
                orphan,
                unknown,
            ] = words::counts(entity, pair).map(words::number);
            [
                place, agrees, in_flight, stale, conflicts, missing, orphan, unknown,
            ]
        })
    });
    let [
        agrees,
        in_flight,
        stale,
        conflicts,
        missing,
        orphan,
        unknown,
    ] = Counts::default().listed().map(|(name, _)| name);
    table(
        "## Copies",
        [
            "dataset", agrees, in_flight, stale, conflicts, missing, orphan, unknown,
        ],
        rows,
    )
}

fn by_field(entity: &EntityReport) -> String {
    let fields = words::drift_by_field(entity).into_iter();
    let rows = fields.map(|(dataset, field, n)| [name(&dataset), name(field), human::count(n)]);
    let title = format!("## Drift of {} by field", name(&entity.entity));
    table(&title, ["dataset", "field", "copies"], rows)
}

/// The first findings of an entity, and how many more there are.
fn findings(entity: &EntityReport) -> String {
    let rows = entity.findings.iter().take(LISTED).map(|it| {
        [
            name(&it.key.to_string()),
            name(&it.dataset.to_string()),
            words::verdict(it.verdict).to_owned(),
            names(it),
            words::age(it.age),
            it.reads.to_string(),
            sentence(&it.reason),
        ]
    });
    let head = ["key", "dataset", "verdict", "fields", "age", "reads", "why"];
    let title = format!("## Findings: {}", name(&entity.entity));
    let mut text = table(&title, head, rows);
    let more = entity.findings.len().saturating_sub(LISTED) as u64;
    if more > 0 {
        let more = human::count(more);
        text.push_str(&format!(
            "{more} more are in the JSON and CSV forms of this report.\n\n"
        ));
    }
    text
}

fn names(finding: &Finding) -> String {
    let fields: Vec<String> = words::fields(finding).into_iter().map(name).collect();
    fields.join(", ")
}

/// A few differences field by field, with values masked.
fn examples(entity: &EntityReport) -> String {
    let examples = words::examples(entity);
    let rows = examples.iter().flat_map(|finding| {
        finding.differences.iter().map(|it| {
            let (truth, copy) = (it.truth.as_ref(), it.copy.as_ref());
            let place = mask::first_difference(truth, copy).unwrap_or_default();
            [
                name(&finding.key.to_string()),
                name(&finding.dataset.to_string()),
                name(&it.field),
                text(&mask::shape(truth)),
                format!("≠ {}", text(&mask::shape(copy))),
                text(&place),
                sentence(&mask::rule(&it.rule)),
            ]
        })
    });
    let head = [
        "key",
        "dataset",
        "field",
        "source of truth",
        "copy",
        "differs",
        "rule",
    ];
    let title = format!("## Examples: {}, values masked", name(&entity.entity));
    table(&title, head, rows)
}

/// How it was done, how sure that is, and what it took.
fn method(report: &Report) -> String {
    let steps = words::method(&report.scope).into_iter().enumerate();
    let steps: Vec<String> = steps
        .map(|(at, step)| format!("{}. {step}\n", at + 1))
        .collect();
    let pairs = report.entities.iter().flat_map(|it| &it.pairs).map(|it| {
        [
            name(&it.target.to_string()),
            it.scans.to_string(),
            human::count(it.cells),
            human::count(it.candidates),
        ]
    });
    let compared = report.entities.iter().flat_map(|it| &it.compared);
    let compared = compared.map(|(dataset, n)| [name(&dataset.to_string()), human::count(*n)]);
    format!(
        "{}## How\n\n{}\n{}\n\n{}",
        table("## Records scanned", ["dataset", "records"], compared),
        steps.concat(),
        words::CERTAINTY,
        table(
            "### Work",
            ["dataset", "scans", "cells", "candidates"],
            pairs
        )
    )
}

fn not_checked(report: &Report) -> String {
    let parts = report.entities.iter().flat_map(|it| &it.not_checked);
    let rows = parts.map(|it| [sentence(&it.what), sentence(&it.why)]);
    let title = format!("## Not checked\n\n{}", words::coverage(report));
    match table(&title, ["what", "why"], rows) {
        text if text.is_empty() => format!("{title}\n\n"),
        text => text,
    }
}

/// The edges while the check ran.
fn lag(report: &Report) -> String {
    let row = |it: &LagDuring| {
        [
            code(&plain::line(&words::edge(it), 2 * NAME)),
            sentence(&words::reading(&it.first)),
            it.max.map_or_else(|| "unknown".to_owned(), human::duration),
            sentence(&words::reading(&it.last)),
            human::duration(it.edge.objective),
            words::probe(it),
        ]
    };
    let head = [
        "edge",
        "at the start",
        "most",
        "at the end",
        "objective",
        "measured by",
    ];
    table("## Lag while it ran", head, report.lag.iter().map(row))
}
