//! A report as one self-contained page: no script, nothing from elsewhere, light, dark and on paper.
//!
//! Every text from data passes through [`Markup::text`]; tags and attributes are `'static`.

use super::headline::clauses;
use super::{Report, words};
use crate::human;
use crate::trace::Verdict;

mod background;
mod findings;
mod markup;
mod method;
mod summary;

use markup::Markup;

/// The page, from the verdict to the command that runs it again.
pub(super) fn render(report: &Report) -> String {
    let mut page = Markup::default();
    head(&mut page, report);
    page.own("<body>\n<header>\n");
    verdict(&mut page, report);
    facts(&mut page, report);
    page.own("</header>\n<main>\n");
    summary::write(&mut page, report);
    findings::write(&mut page, report);
    background::write(&mut page, report);
    method::write(&mut page, report);
    page.own("</main>\n<footer>\n");
    page.element("p", words::MASKING);
    let made = format!("Made by Parallax {}.", report.version);
    page.element("p", &made)
        .own("</footer>\n</body>\n</html>\n");
    page.finish()
}

/// Everything before the body. The policy allows no script and nothing from elsewhere, whatever stands in the page.
fn head(page: &mut Markup, report: &Report) {
    page.own("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n");
    page.own("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\" />\n");
    page.own("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n");
    page.own("<meta name=\"color-scheme\" content=\"light dark\" />\n");
    let title = format!(
        "Check of {}, {}",
        report.deployment,
        words::time(report.started_at)
    );
    page.element("title", &title).own("\n<style>\n");
    page.own(include_str!("html/style.css"));
    page.own("</style>\n</head>\n");
}

/// The sentence that answers first; its mark says the same as its color.
fn verdict(page: &mut Markup, report: &Report) {
    let counts = report.counts();
    let (tag, mark) = if counts.drifted() > 0 {
        ("p class=\"verdict bad\"", "≠ ")
    } else if !words::is_complete(report) {
        ("p class=\"verdict none\"", "? ")
    } else if counts.late > 0 {
        ("p class=\"verdict warn\"", "… ")
    } else {
        ("p class=\"verdict good\"", "= ")
    };
    page.open("h1")
        .own("Check of <b>")
        .text(&report.deployment)
        .own("</b>");
    page.close("h1").own("\n");
    let clauses = clauses(report);
    let mut clauses = clauses.iter();
    let answer = clauses.next().map_or("", String::as_str);
    page.open(tag)
        .text(mark)
        .element("span", &format!("{answer}."))
        .close(tag)
        .own("\n");
    if clauses.len() > 0 {
        page.own("<ul class=\"also\">\n");
        for clause in clauses {
            page.element("li", clause).own("\n");
        }
        page.own("</ul>\n");
    }
}

/// When, how long, of what, and with which version.
fn facts(page: &mut Markup, report: &Report) {
    page.own("<dl class=\"facts\">\n");
    fact(page, "began", &words::time(report.started_at));
    fact(page, "took", &human::duration(report.took));
    let entities: Vec<&str> = report
        .entities
        .iter()
        .map(|it| it.entity.as_str())
        .collect();
    fact(page, "entities", &entities.join(", "));
    for (part, said) in words::scope(&report.scope)
        .into_iter()
        .filter(|(it, _)| *it != "entities")
    {
        fact(page, part, &said);
    }
    page.own("</dl>\n");
}

fn fact(page: &mut Markup, name: &'static str, value: &str) {
    page.element("dt", name).element("dd", value).own("\n");
}

/// A verdict with its color, in a pill.
fn pill(page: &mut Markup, verdict: Verdict) {
    let tag = match verdict {
        Verdict::Agrees | Verdict::Unknown => "span class=\"pill none\"",
        Verdict::InFlight { .. } => "span class=\"pill warn\"",
        _ => "span class=\"pill bad\"",
    };
    page.element(tag, words::verdict(verdict));
}
