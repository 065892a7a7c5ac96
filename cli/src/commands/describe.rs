//! `parallax describe`.

use parallax_core::error::Result;
use parallax_core::human;
use parallax_core::name::{DatasetId, StoreId};
use parallax_core::store::{Dataset, FieldShape, Shape};
use parallax_workbench::Workbench;
use serde_json::{Value, json};

use super::{name, print_json};
use crate::outcome::Outcome;
use crate::table::Table;
use crate::terminal::print;

pub(crate) async fn run(workbench: &Workbench, subject: &str, json: bool) -> Result<Outcome> {
    if subject.contains('.') {
        let shape = workbench.describe(&subject.parse::<DatasetId>()?).await?;
        if json {
            print_json(&shape_document(&shape))?;
        } else {
            print(&shape_text(&shape))?;
        }
    } else {
        let datasets = workbench.datasets(&StoreId::new(subject)?).await?;
        if json {
            print_json(&datasets_document(subject, &datasets))?;
        } else {
            print(&datasets_text(&datasets))?;
        }
    }
    Ok(Outcome::Fine)
}

fn datasets_document(store: &str, datasets: &[Dataset]) -> Value {
    let datasets: Vec<Value> = datasets
        .iter()
        .map(|it| json!({ "dataset": it.id.to_string(), "model": it.model, "estimate": it.estimate }))
        .collect();
    json!({ "format": 1, "store": store, "datasets": datasets })
}

fn datasets_text(datasets: &[Dataset]) -> String {
    let mut table = Table::new(["dataset", "model", "records"]);
    for dataset in datasets {
        table.row(vec![
            dataset.id.to_string(),
            name(&dataset.model),
            estimate(dataset.estimate),
        ]);
    }
    table.render()
}

fn estimate(estimate: Option<u64>) -> String {
    estimate.map_or_else(
        || "not known".to_owned(),
        |it| format!("about {}", human::count(it)),
    )
}

fn shape_document(shape: &Shape) -> Value {
    let fields: Vec<Value> = shape.fields.iter().map(field_document).collect();
    json!({
        "format": 1,
        "dataset": shape.dataset.to_string(),
        "model": shape.model,
        "key": shape.key,
        "fields": fields,
        "indices": shape.indices,
        "estimate": shape.estimate,
        "sampled": shape.sampled,
    })
}

fn field_document(field: &FieldShape) -> Value {
    json!({
        "name": field.name,
        "declared": field.declared,
        "types": field.types.iter().map(|it| json!({ "type": it.type_name, "share": it.share })).collect::<Value>(),
        "nullable": field.nullable,
    })
}

fn shape_text(shape: &Shape) -> String {
    let source = match shape.sampled {
        Some(records) => format!("from a sample of {}", human::plural(records, "record")),
        None => "as declared".to_owned(),
    };
    let mut text = format!(
        "{} · {} · {} records · fields {source}\n\n",
        shape.dataset,
        name(&shape.model),
        estimate(shape.estimate)
    );
    let mut table = Table::new(["field", "type", "declared", "key", "null"]);
    for field in &shape.fields {
        let types: Vec<String> = field
            .types
            .iter()
            .map(|it| type_share(&it.type_name, it.share))
            .collect();
        table.row(vec![
            field.name.clone(),
            types.join(", "),
            field.declared.clone().unwrap_or_default(),
            if shape.key.contains(&field.name) {
                "key".to_owned()
            } else {
                String::new()
            },
            if field.nullable {
                "may be null".to_owned()
            } else {
                String::new()
            },
        ]);
    }
    text.push_str(&table.render());
    for index in &shape.indices {
        let unique = if index.unique {
            "unique index"
        } else {
            "index"
        };
        text.push_str(&format!(
            "\n{unique} {} on {}",
            index.name,
            index.fields.join(", ")
        ));
    }
    if !shape.indices.is_empty() {
        text.push('\n');
    }
    text
}

fn type_share(type_name: &str, share: f32) -> String {
    if share >= 1.0 {
        type_name.to_owned()
    } else {
        format!("{type_name} {:.0} %", share * 100.0)
    }
}
