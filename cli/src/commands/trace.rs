//! `parallax trace`.

use std::time::Duration;

use parallax_core::compare::FieldVerdict;
use parallax_core::error::Result;
use parallax_core::human;
use parallax_core::mapping;
use parallax_core::trace::{
    FieldObservation, Observation, SearchableCopy, StepState, Trace, Verdict,
};
use parallax_core::value::Value;
use parallax_workbench::Workbench;
use serde_json::json;

use super::{millis, print_json, whole_millis};
use crate::outcome::Outcome;
use crate::table::{Table, one_line};
use crate::terminal::{Style, print};

/// Longer values are cut in the table for people; JSON has them whole.
const CELL: usize = 44;

pub(crate) async fn run(
    workbench: &Workbench,
    entity: &str,
    key: &str,
    by: Option<&str>,
    json: bool,
) -> Result<Outcome> {
    let trace = workbench.trace(entity, key, by).await?;
    if json {
        print_json(&document(&trace))?;
    } else {
        print(&text(&trace))?;
    }
    Ok(trace
        .observations
        .iter()
        .map(|it| outcome(it.verdict))
        .max()
        .unwrap_or(Outcome::Unanswered))
}

fn outcome(verdict: Verdict) -> Outcome {
    match verdict {
        Verdict::Agrees | Verdict::InFlight { late: false } => Outcome::Fine,
        Verdict::Unknown => Outcome::Unanswered,
        Verdict::InFlight { late: true }
        | Verdict::Stale
        | Verdict::Conflicts
        | Verdict::Missing
        | Verdict::Orphan => Outcome::Found,
    }
}

fn document(trace: &Trace) -> serde_json::Value {
    json!({
        "format": 1,
        "entity": trace.entity,
        "key": trace.key.to_string(),
        "label": trace.label,
        "at": trace.at.to_string(),
        "verdict": trace.verdict.name(),
        "sentence": trace.sentence,
        "way": trace.way.iter().map(|it| json!({
            "place": it.place, "at": it.at.map(|it| it.to_string()), "state": it.state, "note": it.note,
        })).collect::<serde_json::Value>(),
        "observations": trace.observations.iter().map(observation).collect::<serde_json::Value>(),
        "method": { "mapping": mapping::to_json(&trace.mapping) },
    })
}

fn observation(of: &Observation) -> serde_json::Value {
    let took = Duration::try_from(of.read.ended.duration_since(of.read.began)).unwrap_or_default();
    let fields = of.fields.iter().map(|it| (it.name.clone(), field(it)));
    json!({
        "dataset": of.dataset.to_string(),
        "store": of.dataset.store,
        "role": of.role,
        "state": of.state,
        "read_at": of.read.ended.to_string(),
        "took_ms": millis(took),
        "reads": of.reads,
        "version": of.version.as_ref().map(Value::to_json),
        "verdict": of.verdict.name(),
        "late": matches!(of.verdict, Verdict::InFlight { late: true }),
        "age_ms": of.age.map(whole_millis),
        "reason": of.reason,
        "error": of.error.as_ref().map(ToString::to_string),
        "hint": of.error.as_ref().and_then(|it| it.hint.clone()),
        "statement": of.statement,
        "searchable": of.searchable.as_ref().map(searchable),
        "fields": fields.collect::<serde_json::Map<_, _>>(),
    })
}

/// What searches find of the record; `fields` has only what they find otherwise than stored.
fn searchable(of: &SearchableCopy) -> serde_json::Value {
    let fields = of.fields.iter().map(|(name, it)| {
        let found = json!({
            "value": it.as_ref().map(Value::to_json),
            "type": it.as_ref().map_or("absent", Value::type_name),
        });
        (name.clone(), found)
    });
    json!({
        "state": of.state,
        "read_at": of.read.ended.to_string(),
        "refresh_ms": of.refresh.interval().map(whole_millis),
        "reason": of.words,
        "error": of.error.as_ref().map(ToString::to_string),
        "statement": of.statement,
        "fields": fields.collect::<serde_json::Map<_, _>>(),
    })
}

fn field(of: &FieldObservation) -> serde_json::Value {
    json!({
        "value": of.value.as_ref().map(Value::to_json),
        "type": of.value.as_ref().map_or("absent", Value::type_name),
        "verdict": of.verdict,
        "rule": of.rule,
        "truth": of.truth.as_ref().map(Value::to_json),
    })
}

fn text(trace: &Trace) -> String {
    let style = Style::of_stdout();
    let label = trace
        .label
        .as_deref()
        .map_or_else(String::new, |it| format!("{} · ", one_line(it, CELL)));
    let mut text = format!(
        "{}{} {}\n{}\n",
        style.strong(&label),
        trace.entity,
        trace.key,
        trace.sentence
    );
    text.push_str(&way(trace, style));
    text.push('\n');
    let mut table = Table::new(["", "dataset", "verdict", "took", "why"]);
    for observation in &trace.observations {
        let took = Duration::try_from(
            observation
                .read
                .ended
                .duration_since(observation.read.began),
        );
        table.row(vec![
            mark(observation.verdict, style),
            observation.dataset.to_string(),
            verdict(observation.verdict),
            human::duration(took.unwrap_or_default()),
            observation.reason.clone(),
        ]);
    }
    text.push_str(&table.render());
    text.push_str(&differences(trace));
    text
}

fn way(trace: &Trace, style: Style) -> String {
    if trace.way.is_empty() {
        return String::new();
    }
    let steps = trace.way.iter().map(|step| {
        let mark = match step.state {
            StepState::Passed => style.good("✓"),
            StepState::Waiting => style.warning("…"),
            StepState::Failed => style.bad("✗"),
            StepState::Unknown => style.faint("?"),
        };
        let at = step.at.map_or_else(String::new, |it| format!(" at {it}"));
        format!("{mark} {}: {}{at}", step.place, step.note)
    });
    format!("\n  {}\n", steps.collect::<Vec<_>>().join("\n  "))
}

/// The fields that differ, one row each, in every representation.
fn differences(trace: &Trace) -> String {
    let differs = |it: &FieldObservation| {
        matches!(
            it.verdict,
            FieldVerdict::Different | FieldVerdict::Absent | FieldVerdict::Unreadable
        )
    };
    let head = std::iter::once("field".to_owned());
    let mut table = Table::from_head(
        head.chain(trace.observations.iter().map(|it| it.dataset.to_string()))
            .collect(),
    );
    let mut n_equal = 0;
    for name in &trace.mapping.fields {
        let cells: Vec<Option<&FieldObservation>> = trace
            .observations
            .iter()
            .map(|it| it.fields.iter().find(|it| it.name == *name))
            .collect();
        if cells.iter().flatten().any(|it| differs(it)) {
            let cells = cells.iter().map(|it| it.map_or_else(String::new, cell));
            table.row(std::iter::once(name.clone()).chain(cells).collect());
        } else {
            n_equal += 1;
        }
    }
    let equal = format!(
        "{} equal or not compared\n",
        human::plural(n_equal, "field")
    );
    if n_equal == trace.mapping.fields.len() as u64 {
        format!("\n{equal}")
    } else {
        format!("\n{}{equal}", table.render())
    }
}

fn cell(field: &FieldObservation) -> String {
    let value = field
        .value
        .as_ref()
        .map_or_else(|| "absent".to_owned(), |it| one_line(&it.to_string(), CELL));
    match field.verdict {
        FieldVerdict::Equal if field.rule == "source of truth" => value,
        FieldVerdict::Equal => "=".to_owned(),
        FieldVerdict::Different => format!("≠ {value}"),
        FieldVerdict::Absent => "≠ absent".to_owned(),
        FieldVerdict::NotMapped if field.value.is_some() => format!("{value} (not compared)"),
        FieldVerdict::NotMapped => "not mapped".to_owned(),
        FieldVerdict::Unreadable => "unreadable".to_owned(),
    }
}

fn mark(verdict: Verdict, style: Style) -> String {
    match verdict {
        Verdict::Agrees => style.good("="),
        Verdict::InFlight { late: false } => style.warning("…"),
        Verdict::Unknown => style.faint("?"),
        _ => style.bad("≠"),
    }
}

fn verdict(verdict: Verdict) -> String {
    match verdict {
        Verdict::InFlight { late: true } => "in flight, late".to_owned(),
        Verdict::InFlight { late: false } => "in flight".to_owned(),
        other => other.name().to_owned(),
    }
}
