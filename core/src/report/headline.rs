//! The one sentence that answers first.

use super::{Counts, EntityReport, NotChecked, PairReport, Report, mask, plain};
use crate::human;
use crate::trace::Verdict;

/// Parts of the drift that are named one by one.
const NAMED: usize = 4;

/// The longest reason that is quoted, in characters.
const REASON: usize = 160;

/// What a check found, in one sentence for people: drift first, then what is on its way, then what is not known.
///
/// For example `3 of 12,000 copies drifted: 2 stale in cache.user:{id}, 1 missing in search.users; 41 changes were in
/// flight.` or `All 12,000 copies agree.` It is plain text on one line: what cannot be seen is spelled, and a front end
/// still escapes it for its own form. `All` is said only if everything in scope was compared.
pub fn headline(report: &Report) -> String {
    format!("{}.", clauses(report).join("; "))
}

/// The parts of [`headline`]: the first answers, the others say what else is to be known.
pub(super) fn clauses(report: &Report) -> Vec<String> {
    let counts = report.counts();
    let open = Unanswered::of(report);
    let verdict = verdict(report, counts, &open);
    let mut clauses = vec![if report.is_cancelled {
        format!("Stopped before its end: {}", lower_first(&verdict))
    } else {
        verdict
    }];
    clauses.extend(in_flight(counts));
    clauses.extend(open.clauses());
    clauses.extend(limits(report));
    clauses
}

/// What a check was asked for and could not answer.
struct Unanswered<'r> {
    /// Copies that could not be judged, apart from those of `datasets`.
    copies: u64,
    /// One of these copies, and why: `first: docs.users 34: it cannot be decoded`.
    example: Option<String>,
    /// Copies in `datasets`, which are no part of what was compared.
    aside: u64,
    /// Datasets that were not compared at all.
    datasets: Vec<&'r NotChecked>,
    /// Fields, or records that are not among `copies`.
    parts: usize,
}

impl<'r> Unanswered<'r> {
    /// Sorts what is open into whole datasets, single copies and other parts.
    fn of(report: &'r Report) -> Self {
        let mut open = Self {
            copies: 0,
            example: None,
            aside: 0,
            datasets: Vec::new(),
            parts: 0,
        };
        for entity in &report.entities {
            open.add(entity);
        }
        open
    }

    /// Adds one entity. Notes about records that are counted as unknown are no parts: that would tell them twice.
    fn add(&mut self, entity: &'r EntityReport) {
        for pair in &entity.pairs {
            if !entity.was_compared(pair) {
                self.aside += pair.counts.unknown;
            } else if pair.counts.unknown > 0 {
                self.copies += pair.counts.unknown;
                self.example = self.example.take().or_else(|| example(entity, pair));
            }
        }
        let whole = |it: &NotChecked| entity.pairs.iter().any(|pair| concerns(it, pair));
        let (datasets, parts): (Vec<_>, Vec<_>) =
            entity.not_checked.iter().partition(|it| whole(it));
        let is_counted = |part: &NotChecked| {
            let mut pairs = entity.pairs.iter().filter(|it| it.counts.unknown > 0);
            pairs.any(|pair| entity.records_left_out(pair).any(|it| it == part))
        };
        self.parts += parts.iter().filter(|it| !is_counted(it)).count();
        self.datasets.extend(datasets);
    }

    /// Whether everything in scope was answered.
    fn is_empty(&self) -> bool {
        self.copies == 0 && self.datasets.is_empty() && self.parts == 0
    }

    /// Single copies first, then datasets, then other parts.
    fn clauses(&self) -> Vec<String> {
        let mut clauses = Vec::new();
        if self.copies > 0 {
            let example = self.example.iter().map(|it| format!(" ({it})"));
            let copies = copies(self.copies);
            clauses.push(format!(
                "{copies} could not be judged{}",
                example.collect::<String>()
            ));
        }
        match self.datasets.as_slice() {
            [] => {}
            [one] => clauses.push(not_compared(one)),
            [one, others @ ..] => clauses.push(format!(
                "{}, nor could {}",
                not_compared(one),
                human::plural(others.len() as u64, "other dataset")
            )),
        }
        if self.parts > 0 {
            let was = if self.parts == 1 { "was" } else { "were" };
            let parts = human::plural(self.parts as u64, "part");
            clauses.push(format!("{parts} {was} not compared"));
        }
        clauses
    }
}

/// Whether `not_checked` is about the whole representation of `pair`.
pub(super) fn concerns(not_checked: &NotChecked, pair: &PairReport) -> bool {
    not_checked.is_dataset(&pair.target) || not_checked.is_dataset(&pair.source)
}

/// The first copy of a pair that could not be judged, or why so many could not.
pub(super) fn example(entity: &EntityReport, pair: &PairReport) -> Option<String> {
    let target = plain::line(&pair.target.to_string(), REASON);
    if let Some(one) = &pair.unjudged {
        let key = plain::line(&one.key.to_string(), REASON);
        return Some(format!("first: {target} {key}: {}", reason(&one.why)));
    }
    let part = entity.records_left_out(pair).next()?;
    Some(format!("{target}: {}", reason(&part.why)))
}

fn not_compared(of: &NotChecked) -> String {
    let what = plain::line(&of.what, REASON);
    format!("{what} could not be checked: {}", reason(&of.why))
}

/// A reason as a part of a sentence: masked, on one line, cut, without a full stop.
fn reason(why: &str) -> String {
    let why = plain::line(&mask::why(why), REASON);
    why.trim_end_matches('.').to_owned()
}

/// All copies that the check looked at, whatever came of them.
fn total(counts: Counts) -> u64 {
    counts.agrees + counts.in_flight + counts.drifted() + counts.unknown
}

/// The first clause. It says `all` only of what was compared, and that nothing was where nothing could be.
fn verdict(report: &Report, counts: Counts, open: &Unanswered<'_>) -> String {
    let all = total(counts) - open.aside;
    match counts.drifted() {
        0 if all == open.copies && !open.is_empty() => "Nothing could be compared".to_owned(),
        0 if all == 0 => "There were no copies to compare".to_owned(),
        0 if counts.agrees < all => {
            format!("{} of {} agree", human::count(counts.agrees), copies(all))
        }
        0 if !open.datasets.is_empty() => format!("{} {}", copies(all), agree(all)),
        0 => {
            let where_compared = if open.parts > 0 {
                " in what was compared"
            } else {
                ""
            };
            match all {
                1 => format!("The one copy agrees{where_compared}"),
                2 => format!("Both copies agree{where_compared}"),
                _ => format!("All {} agree{where_compared}", copies(all)),
            }
        }
        _ if all == 1 => format!("The one copy drifted: {}", drift(report)),
        drifted => format!(
            "{} of {} drifted: {}",
            human::count(drifted),
            copies(all),
            drift(report)
        ),
    }
}

fn agree(copies: u64) -> &'static str {
    if copies == 1 { "agrees" } else { "agree" }
}

/// `1 copy`, `12,000 copies`.
pub(super) fn copies(number: u64) -> String {
    let noun = if number == 1 { "copy" } else { "copies" };
    format!("{} {noun}", human::count(number))
}

/// The kinds of drift in counts, the worst first, by the verdict's name.
pub(super) fn drift_of(counts: Counts) -> impl Iterator<Item = (&'static str, u64)> {
    let kinds = [
        (Verdict::Conflicts.name(), counts.conflicts),
        (Verdict::Stale.name(), counts.stale),
        (Verdict::Missing.name(), counts.missing),
        (Verdict::Orphan.name(), counts.orphan),
    ];
    kinds.into_iter().filter(|(_, number)| *number > 0)
}

/// `2 stale in cache.user:{id}, 1 missing in search.users`.
fn drift(report: &Report) -> String {
    let pairs = report.entities.iter().flat_map(|it| &it.pairs);
    let parts: Vec<(u64, String)> = pairs
        .flat_map(|pair| drift_of(pair.counts).map(move |it| (pair, it)))
        .map(|(pair, (kind, number))| {
            let place = plain::line(&pair.target.to_string(), REASON);
            (number, format!("{} in {place}", in_words(kind, number)))
        })
        .collect();
    let (named, others) = parts.split_at(parts.len().min(NAMED));
    let mut texts: Vec<String> = named.iter().map(|(_, text)| text.clone()).collect();
    let rest: u64 = others.iter().map(|(number, _)| number).sum();
    if rest > 0 {
        texts.push(format!("{} elsewhere", human::count(rest)));
    }
    texts.join(", ")
}

/// `2 stale`, `1 in conflict`, `3 orphaned`.
pub(super) fn in_words(kind: &str, number: u64) -> String {
    let word = match kind {
        "conflicts" => "in conflict",
        "orphan" => "orphaned",
        other => other,
    };
    format!("{} {word}", human::count(number))
}

/// Changes that had not arrived; those that are late are a part of them.
fn in_flight(counts: Counts) -> Option<String> {
    let (changes, was) = match counts.in_flight {
        0 => return None,
        1 => ("1 change".to_owned(), "was"),
        many => (human::plural(many, "change"), "were"),
    };
    let late = match counts.late {
        0 => String::new(),
        late if late == counts.in_flight => " and late".to_owned(),
        late => format!(", {} of them late", human::count(late)),
    };
    Some(format!("{changes} {was} in flight{late}"))
}

/// What the scope left out on purpose.
fn limits(report: &Report) -> Vec<String> {
    let sample = report
        .scope
        .sample
        .filter(|it| *it < 1.0)
        .map(|it| format!("only a sample of {} of the keys was compared", share(it)));
    let since = report.scope.since.map(|it| {
        let span = human::duration(it);
        format!("only what changed in the {span} before was compared")
    });
    sample.into_iter().chain(since).collect()
}

/// A share as a percentage of at most three digits: `5 %`, `0.25 %`.
pub(super) fn share(of: f64) -> String {
    let percent = of * 100.0;
    let text = if percent < 1.0 {
        format!("{percent:.3}")
    } else {
        format!("{percent:.1}")
    };
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text {
        "0" => "less than 0.001 %".to_owned(),
        text => format!("{text} %"),
    }
}

fn lower_first(sentence: &str) -> String {
    let mut letters = sentence.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}
