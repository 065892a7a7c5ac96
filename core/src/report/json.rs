//! A report as JSON, for programs: the contract of the command line's `check`.
//!
//! Beyond the contract: `deployment`, `version`, `headline`, `entities`, `cancelled`, `stores`, `pairs`, `rerun`, and
//! `late` in counts. `entity` is the name where there is one entity, else null; `entities` lists them always. `flows` are
//! the edges in scope as `from → to`; `lag.edges` has each with what was measured at its start and end. Of values
//! nothing is said, and keys, names and reasons are whole.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::{Counts, EntityReport, Finding, LagDuring, PairReport, Report, Scope};
use super::{headline, kebab, mask, plain, words};
use crate::lag::Reading;
use crate::mapping;

/// The document, indented, with a line feed at its end.
///
/// What cannot be seen stands escaped in its strings, so that no terminal or editor shows them as what they are not.
pub(super) fn render(report: &Report) -> String {
    let document = json!({
        "format": 1,
        "deployment": report.deployment,
        "version": report.version,
        "headline": headline(report),
        "entity": only(report).map(|it| &it.entity),
        "entities": report.entities.iter().map(|it| &it.entity).collect::<Vec<_>>(),
        "flows": report.lag.iter().map(words::edge).collect::<Vec<_>>(),
        "started_at": report.started_at.to_string(),
        "took_ms": exact_millis(report.took),
        "cancelled": report.is_cancelled,
        "scope": scope(&report.scope),
        "stores": report.stores.iter().map(|(name, product)| json!({ "name": name, "product": product })).collect::<Json>(),
        "compared": compared(report),
        "counts": counts(report.counts()),
        "pairs": each(report, |entity| entity.pairs.iter().map(|it| pair(entity, it)).collect()),
        "findings": findings(report),
        "not_checked": each(report, not_checked),
        "method": method(report),
        "lag": { "edges": report.lag.iter().map(edge).collect::<Json>() },
        "rerun": report.rerun,
    });
    escaped(&format!("{document:#}\n"))
}

/// The entity, where there is one only.
fn only(report: &Report) -> Option<&EntityReport> {
    match report.entities.as_slice() {
        [one] => Some(one),
        _ => None,
    }
}

fn each(report: &Report, parts: impl Fn(&EntityReport) -> Vec<Json>) -> Vec<Json> {
    report.entities.iter().flat_map(parts).collect()
}

/// What was asked for; null is what was not.
fn scope(scope: &Scope) -> Json {
    json!({
        "entities": scope.entities,
        "from": scope.from.as_ref().map(ToString::to_string),
        "to": scope.to.as_ref().map(ToString::to_string),
        "sample": scope.sample,
        "since_ms": scope.since.map(millis),
    })
}

/// A dataset that holds several entities has the sum of their records.
fn compared(report: &Report) -> Map<String, Json> {
    let mut sums: Vec<(String, u64)> = Vec::new();
    for (dataset, records) in report.entities.iter().flat_map(|it| &it.compared) {
        let dataset = dataset.to_string();
        match sums.iter_mut().find(|(it, _)| *it == dataset) {
            Some((_, sum)) => *sum += records,
            None => sums.push((dataset, *records)),
        }
    }
    sums.into_iter().map(|(it, sum)| (it, json!(sum))).collect()
}

fn counts(of: Counts) -> Json {
    json!({
        "agrees": of.agrees,
        "in_flight": of.in_flight,
        "late": of.late,
        "stale": of.stale,
        "conflicts": of.conflicts,
        "missing": of.missing,
        "orphan": of.orphan,
        "unknown": of.unknown,
    })
}

/// A dataset that was not compared has no counts.
fn pair(entity: &EntityReport, of: &PairReport) -> Json {
    let is_known = entity.was_compared(of) || of.counts != Counts::default();
    json!({
        "entity": entity.entity,
        "from": of.source.to_string(),
        "to": of.target.to_string(),
        "counts": is_known.then(|| counts(of.counts)),
        "candidates": of.candidates,
        "scans": of.scans,
        "cells": of.cells,
    })
}

/// Sorted by entity, key and dataset; within an entity they are sorted already.
fn findings(report: &Report) -> Vec<Json> {
    let mut drifted: Vec<(&str, &Finding)> = report
        .findings()
        .filter(|(_, it)| it.verdict.is_drift())
        .collect();
    drifted.sort_by_key(|(entity, _)| *entity);
    let drifted = drifted.into_iter();
    drifted.map(|(entity, it)| finding(entity, it)).collect()
}

/// One finding, without values: a report may leave the house.
fn finding(entity: &str, of: &Finding) -> Json {
    json!({
        "entity": entity,
        "key": of.key.to_string(),
        "dataset": of.dataset.to_string(),
        "verdict": of.verdict.name(),
        "late": false,
        "fields": words::fields(of),
        "age_ms": of.age.map(millis),
        "first_seen": of.first_seen.to_string(),
        "last_seen": of.last_seen.to_string(),
        "reads": of.reads,
        "reason": mask::why(&of.reason),
    })
}

fn not_checked(entity: &EntityReport) -> Vec<Json> {
    let parts = entity.not_checked.iter();
    parts
        .map(|it| json!({ "entity": entity.entity, "what": it.what, "why": mask::why(&it.why) }))
        .collect()
}

/// Scans and cells are those of the pair that needed most, candidates those of all.
fn method(report: &Report) -> Json {
    let pairs = || report.entities.iter().flat_map(|it| &it.pairs);
    let mappings: BTreeMap<&str, Json> = report
        .entities
        .iter()
        .map(|it| (it.entity.as_str(), mapping::to_json(&it.mapping)))
        .collect();
    json!({
        "mapping": only(report).map(|it| mapping::to_json(&it.mapping)),
        "mappings": mappings,
        "algorithm": words::algorithm(&report.scope),
        "steps": words::method(&report.scope),
        "certainty": words::CERTAINTY,
        "snapshot": false,
        "scans": pairs().map(|it| it.scans).max(),
        "cells": pairs().map(|it| it.cells).max(),
        "candidates": pairs().map(|it| it.candidates).sum::<u64>(),
    })
}

/// The keys of `parallax lag` for the last measurement, and what came before it.
fn edge(of: &LagDuring) -> Json {
    let LagDuring { edge, last, .. } = of;
    json!({
        "from": edge.from.to_string(),
        "to": edge.to.to_string(),
        "via": edge.via.to_string(),
        "state": last.state,
        "why": last.why,
        "time_ms": last.lag.time.map(millis),
        "records": last.lag.records,
        "bytes": last.lag.bytes,
        "headroom_ms": last.lag.headroom.map(millis),
        "objective_ms": millis(edge.objective),
        "within_objective": last.within(edge.objective),
        "probe": kebab(&last.probe),
        "uncertainty_ms": millis(last.uncertainty),
        "measured_at": last.measured_at.to_string(),
        "max_time_ms": of.max.map(millis),
        "samples": of.samples,
        "first": first(&of.first),
    })
}

/// A reading. Unknown numbers are null, never zero.
fn first(of: &Reading) -> Json {
    json!({
        "state": of.state,
        "why": of.why,
        "time_ms": of.lag.time.map(millis),
        "records": of.lag.records,
        "bytes": of.lag.bytes,
        "measured_at": of.measured_at.to_string(),
    })
}

/// Whole milliseconds, as JSON gives ages and lags.
fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// Milliseconds to the microsecond, as JSON says how long something took.
fn exact_millis(span: Duration) -> f64 {
    (span.as_secs_f64() * 1e6).round() / 1e3
}

/// Escapes in JSON text what `serde_json` leaves as it is and a person would not see; it reads back as the same.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter != '\n' && plain::is_hidden(letter) {
            let mut units = [0; 2];
            let units = letter.encode_utf16(&mut units).iter();
            text.extend(units.map(|it| format!("\\u{it:04x}")));
        } else {
            text.push(letter);
        }
    }
    text
}
