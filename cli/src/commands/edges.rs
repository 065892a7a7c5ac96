//! Edges and their lag, as `lag` and `map` both show them.

use parallax_core::flow::GlobalLag;
use parallax_core::human;
use parallax_core::lag::State;
use parallax_core::wire::{EdgeLag, LagReport};
use serde_json::{Value, json};

use super::whole_millis;
use crate::outcome::Outcome;
use crate::terminal::Style;

/// The worst of all edges: a missed objective or a broken edge was found, an unknown one was not answered.
pub(crate) fn outcome(report: &LagReport) -> Outcome {
    let of_edge = |it: &EdgeLag| match it.reading.within(it.edge.objective) {
        Some(true) => Outcome::Fine,
        Some(false) => Outcome::Found,
        None => Outcome::Unanswered,
    };
    report
        .edges
        .iter()
        .map(of_edge)
        .max()
        .unwrap_or(Outcome::Fine)
}

/// One edge as others parse it.
pub(crate) fn document(edge: &EdgeLag) -> Value {
    let EdgeLag {
        edge,
        reading,
        global,
    } = edge;
    json!({
        "from": edge.from.to_string(),
        "to": edge.to.to_string(),
        "via": edge.via.to_string(),
        "state": reading.state,
        "why": reading.why,
        "time_ms": reading.lag.time.map(whole_millis),
        "records": reading.lag.records,
        "bytes": reading.lag.bytes,
        "headroom_ms": reading.lag.headroom.map(whole_millis),
        "objective_ms": whole_millis(edge.objective),
        "within_objective": reading.within(edge.objective),
        "probe": reading.probe,
        "uncertainty_ms": whole_millis(reading.uncertainty),
        "measured_at": reading.measured_at.to_string(),
        "global_ms": match global {
            GlobalLag::AtMost(time) => whole_millis(*time),
            GlobalLag::Unknown { .. } => Value::Null,
        },
    })
}

/// The state with a mark, so that colour is not the only sign.
pub(crate) fn state(edge: &EdgeLag, style: Style) -> String {
    let late = edge.reading.within(edge.edge.objective) == Some(false);
    match edge.reading.state {
        State::CaughtUp => style.good("● caught up"),
        State::Behind if late => style.bad("▲ behind"),
        State::Behind => style.warning("◐ behind"),
        State::Unknown => style.faint("? unknown"),
        State::Broken => style.bad("✕ broken"),
    }
}

/// The time behind; what is not known is not zero.
pub(crate) fn time(edge: &EdgeLag) -> String {
    edge.reading
        .lag
        .time
        .map_or_else(|| "unknown".to_owned(), human::duration)
}
