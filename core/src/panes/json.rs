//! A comparison as JSON for others to parse.

use serde_json::{Map, Value as Json, json};

use super::{ComparedRecord, Comparison, SideSummary};
use crate::value::Value;

/// The comparison under the names of the command line's contract: snake case keys, kebab case words, exact values.
pub fn to_json(it: &Comparison) -> Json {
    let rows = it.rows.iter().map(|row| {
        let records = row.records.iter().zip(&it.sides);
        let records = records.map(|(record, side)| of_record(record, side, &it.fields));
        json!({
            "key": row.key.iter().map(Value::to_json).collect::<Json>(),
            "panes": records.collect::<Json>(),
        })
    });
    let skipped = it.skipped.iter();
    let skipped = skipped.map(|it| json!({ "field": it.field, "why": it.why }));
    json!({
        "verdict": it.overall(),
        "equal": it.is_equal(),
        "sentence": it.sentence(),
        "entity": it.entity,
        "key": it.key,
        "fields": it.fields,
        "not_compared": skipped.collect::<Json>(),
        "panes": it.sides.iter().map(of_side).collect::<Json>(),
        "keys_total": it.keys,
        "rows": rows.collect::<Json>(),
    })
}

fn of_side(side: &SideSummary) -> Json {
    json!({
        "pane": side.name,
        "store": side.store,
        "dataset": side.dataset.as_ref().map(ToString::to_string),
        "form": side.form.to_string(),
        "records": side.records,
        "fields": side.fields,
        "equal": side.equal,
        "different": side.different,
        "unknown": side.unknown,
        "missing": side.missing,
        "extra": side.extra,
        "repeated": side.repeated,
        "keyless": side.keyless,
    })
}

fn of_record(record: &ComparedRecord, side: &SideSummary, fields: &[String]) -> Json {
    let each = fields.iter().zip(&record.cells);
    let cells = each.map(|(name, cell)| {
        let value = cell.value.as_ref();
        let cell = json!({
            "value": value.map(Value::to_json),
            "type": value.map(Value::type_name),
            "verdict": cell.verdict,
            "rule": cell.rule,
            "why": cell.why,
        });
        (name.clone(), cell)
    });
    json!({
        "pane": side.name,
        "standing": record.standing,
        "fields": Json::Object(cells.collect::<Map<_, _>>()),
    })
}
