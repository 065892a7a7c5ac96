//! What each form looks like: files to read and compare. `UPDATE_EXPECT=1` writes them anew.

use expect_test::{ExpectFile, expect_file};

use super::sample::{empty, finding, rich};
use crate::report::{Report, render};
use crate::trace::Verdict;
use crate::wire::ReportFormat;

#[track_caller]
fn check(report: &Report, format: ReportFormat, expected: &ExpectFile) {
    expected.assert_eq(&render(report, format));
}

#[test]
fn a_rich_report_as_html() {
    check(
        &rich(),
        ReportFormat::Html,
        &expect_file!["golden/rich.html"],
    );
}

#[test]
fn an_empty_report_as_html() {
    check(
        &empty(),
        ReportFormat::Html,
        &expect_file!["golden/empty.html"],
    );
}

#[test]
fn a_rich_report_as_markdown() {
    check(
        &rich(),
        ReportFormat::Markdown,
        &expect_file!["golden/rich.md"],
    );
}

#[test]
fn an_empty_report_as_markdown() {
    check(
        &empty(),
        ReportFormat::Markdown,
        &expect_file!["golden/empty.md"],
    );
}

#[test]
fn a_rich_report_as_json() {
    check(
        &rich(),
        ReportFormat::Json,
        &expect_file!["golden/rich.json"],
    );
}

#[test]
fn an_empty_report_as_json() {
    check(
        &empty(),
        ReportFormat::Json,
        &expect_file!["golden/empty.json"],
    );
}

/// Checked out with other line ends, the file would differ: it is compared without carriage returns.
#[test]
fn a_rich_report_as_csv() {
    let text = render(&rich(), ReportFormat::Csv);
    assert_eq!(text.matches("\r\n").count(), text.matches('\n').count());
    expect_file!["golden/rich.csv"].assert_eq(&text.replace('\r', ""));
}

#[test]
fn an_empty_report_as_csv_is_its_head() {
    let text = render(&empty(), ReportFormat::Csv);
    let head = "entity,key,dataset,verdict,fields,age_ms,first_seen,last_seen,reads,reason\r\n";
    assert_eq!(text, head);
}

#[test]
fn a_rich_report_as_junit() {
    check(
        &rich(),
        ReportFormat::Junit,
        &expect_file!["golden/rich.xml"],
    );
}

#[test]
fn an_empty_report_as_junit() {
    check(
        &empty(),
        ReportFormat::Junit,
        &expect_file!["golden/empty.xml"],
    );
}

/// A report whose one entity has so many findings.
fn with_findings(number: i64) -> Report {
    let mut report = rich();
    let one = |key| {
        finding(
            key,
            "docs.users",
            Verdict::Missing,
            "the record is not there",
        )
    };
    report.entities[0].findings = (0..number).map(one).collect();
    report
}

#[test]
fn a_form_that_lists_only_some_findings_says_how_many_there_are() {
    let report = with_findings(1_500);
    let html = render(&report, ReportFormat::Html);
    assert_eq!(html.matches("the record is not there").count(), 1_000);
    assert!(html.contains("The first 1,000 of 1,500 are listed"));
    let markdown = render(&report, ReportFormat::Markdown);
    assert_eq!(markdown.matches("the record is not there").count(), 100);
    assert!(markdown.contains("1,400 more are in the JSON and CSV forms"));
    let junit = render(&report, ReportFormat::Junit);
    assert_eq!(junit.matches("the record is not there").count(), 20);
    assert!(junit.contains("1,480 more"));
}

#[test]
fn json_and_csv_have_every_finding() {
    let report = with_findings(1_500);
    let json: serde_json::Value =
        serde_json::from_str(&render(&report, ReportFormat::Json)).expect("JSON");
    assert_eq!(json["findings"].as_array().map(Vec::len), Some(1_500));
    assert_eq!(render(&report, ReportFormat::Csv).lines().count(), 1_501);
}

#[test]
fn one_entity_is_named_and_several_are_listed() {
    let mut report = rich();
    let read = |report: &Report| -> serde_json::Value {
        serde_json::from_str(&render(report, ReportFormat::Json)).expect("JSON")
    };
    assert_eq!(read(&report)["entity"], serde_json::Value::Null);
    assert_eq!(
        read(&report)["entities"],
        serde_json::json!(["user", "order"])
    );
    report.entities.truncate(1);
    assert_eq!(read(&report)["entity"], "user");
    assert_eq!(read(&report)["entities"], serde_json::json!(["user"]));
}

/// Writes the page where a person can open it: `PARALLAX_PAGE=r.html cargo test -p parallax-core page -- --ignored`.
#[test]
#[ignore = "writes a file for a person to look at"]
fn the_page_to_look_at() {
    let path = std::env::var("PARALLAX_PAGE").expect("PARALLAX_PAGE says where to write it");
    std::fs::write(&path, render(&rich(), ReportFormat::Html)).expect("a file");
}
