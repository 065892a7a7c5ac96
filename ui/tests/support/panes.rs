//! Results of panes from JSON: documents, hashes and graphs, and what comes of comparing them.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use egui::{Key, Theme};
use egui_kittest::kittest::Queryable as _;
use parallax_core::error::Result;
use parallax_core::name::StoreId;
use parallax_core::panes::{Comparer, Comparison, Outline, Plan, Records, Side};
use parallax_core::store::{Batch, Column, Language};
use parallax_core::value::Value;
use parallax_core::wire::{Event, Page, PaneProgress, PaneState, ResultHead, ResultId, RunId};

use super::{Fake, Window, click, ctrl, open, settle, type_into};

/// The stores of the panes, in their order.
const STORES: [&str; 4] = ["shop", "docs", "cache", "graph"];

/// Rows of JSON objects; the columns are the first one's members.
pub(crate) fn batch(rows: &[String]) -> Batch {
    let rows: Vec<Vec<(String, Value)>> = rows.iter().map(|it| members(it)).collect();
    let columns = rows.iter().take(1).flatten().map(|it| Column {
        name: it.0.clone(),
        type_name: String::new(),
    });
    Batch {
        columns: columns.collect::<Vec<_>>().into(),
        rows: u32::try_from(rows.len()).expect("a test"),
        cells: rows.into_iter().flatten().map(|it| it.1).collect(),
    }
}

fn members(json: &str) -> Vec<(String, Value)> {
    match Value::from_json(json).expect("JSON") {
        Value::Map(members) => members,
        other => panic!("{other:?}"),
    }
}

/// The rows of a hash, one a field.
pub(crate) fn hash(fields: &[(&str, &str)]) -> Batch {
    let rows = fields.iter().map(|(name, value)| {
        let (name, value) = (Value::from(*name).to_json(), Value::from(*value).to_json());
        format!(r#"{{"field":{name},"value":{value}}}"#)
    });
    batch(&rows.collect::<Vec<_>>())
}

/// A pane that is done with one result.
pub(crate) fn done(run: RunId, pane: u32, batch: &Batch) -> Event {
    let head = ResultHead {
        columns: batch.columns.to_vec(),
        rows: u64::from(batch.rows),
        affected: None,
    };
    let progress = PaneProgress {
        state: PaneState::Done,
        error: None,
        first_row: Some(Duration::from_micros(2_300)),
        took: Duration::from_millis(4),
        bytes: 812,
        results: vec![head],
        notices: Vec::new(),
    };
    Event::Pane {
        run,
        pane,
        progress,
    }
}

pub(crate) fn page(result: ResultId, batch: &Batch, first: u64, count: u32) -> Page {
    let width = batch.columns.len();
    let first_row = usize::try_from(first).expect("a test");
    let rows = batch.cells.chunks(width.max(1)).skip(first_row);
    let rows: Vec<&[Value]> = rows.take(count as usize).collect();
    Page {
        result,
        first,
        batch: Batch {
            columns: Arc::clone(&batch.columns),
            rows: u32::try_from(rows.len()).expect("a page"),
            cells: rows.concat(),
        },
    }
}

/// Compares by names alone, as the workbench does without a mapping.
pub(crate) fn compare(
    known: &BTreeMap<u32, Batch>,
    results: &[ResultId],
    key: Option<&[String]>,
) -> Result<Comparison> {
    let batches: Vec<(&str, &Batch)> = results
        .iter()
        .map(|it| (STORES[it.pane as usize], &known[&it.pane]))
        .collect();
    let sides: Vec<Side> = batches
        .iter()
        .map(|(store, batch)| {
            let mut outline = Outline::new(&batch.columns);
            outline.add(batch);
            Side {
                store: StoreId::new(store).expect("a store's name"),
                representation: None,
                outline,
            }
        })
        .collect();
    let mut comparer = Comparer::new(Plan::new(&sides, None, key)?);
    for (at, ((_, batch), side)) in batches.iter().zip(&sides).enumerate() {
        let mut records = Records::new(side.outline.form());
        let mut all = records.add(batch);
        all.extend(records.last());
        for record in all {
            comparer.add(at, &record)?;
        }
    }
    Ok(comparer.finish())
}

/// People who bought things: every row a person, a relationship and a thing, of `nodes` nodes in all.
pub(crate) fn purchases(nodes: usize) -> Batch {
    let (people, things) = (nodes * 3 / 5, nodes - nodes * 3 / 5);
    let rows = (0..nodes * 2).map(|at| {
        let person = at % people;
        // Some things are bought by many, and most by few.
        let thing = (at * at * 7 + at / people * 13) % things.max(1) * (at % 3 + 1) % things.max(1);
        let user = format!(
            r#"{{"@node":"4:u:{person}","@labels":["User"],"properties":{{"id":{person},"name":"{}","city":"Ulm"}}}}"#,
            name(person)
        );
        let product = format!(
            r#"{{"@node":"4:p:{thing}","@labels":["{}"],"properties":{{"sku":"P-{thing}","name":"{}","price":19.90}}}}"#,
            if thing % 7 == 0 { "Service" } else { "Product" },
            product(thing),
        );
        let bought = format!(
            r#"{{"@relationship":"5:b:{at}","@type":"BOUGHT","@start":"4:u:{person}","@end":"4:p:{thing}","properties":{{"quantity":{}}}}}"#,
            at % 4 + 1
        );
        format!(r#"{{"u":{user},"b":{bought},"p":{product}}}"#)
    });
    batch(&rows.collect::<Vec<_>>())
}

fn name(at: usize) -> String {
    const FIRST: [&str; 8] = ["Ann", "Bo", "Cy", "Dee", "Eva", "Fay", "Gus", "Hal"];
    const LAST: [&str; 7] = ["Lee", "Day", "Ek", "Vogel", "Saïd", "Braun", "Roth"];
    format!("{} {}", FIRST[at % 8], LAST[at / 8 % 7])
}

fn product(at: usize) -> String {
    const THINGS: [&str; 6] = ["Lamp", "Chair", "Desk", "Mug", "Rug", "Shelf"];
    format!("{} {}", THINGS[at % 6], at / 6 + 1)
}

/// Four panes with one user: two tables, a hash and a document.
pub(crate) fn four_panes(theme: Theme, mail: &str) -> (Rc<Fake>, Window) {
    let (fake, mut window) = open(theme);
    let mut stores = super::pocket::stores();
    stores[1].language = Language::Mql;
    stores[2].language = Language::Commands;
    stores[4].language = Language::Cypher;
    fake.tell(Event::Stores(stores));
    ctrl(&mut window, Key::Num3);
    for (pane, store) in [(3, "● cache"), (4, "● graph")] {
        click(&mut window, "Add pane");
        click(&mut window, &format!("Store of pane {pane}"));
        window
            .get_all_by_label(store)
            .last()
            .expect("an entry")
            .click();
        window.run();
    }
    let statements = [
        "select * from users\nwhere id = {{user_id}}",
        "db.users.find({ id: {{user_id}} })",
        "HGETALL user:{{user_id}}",
        "match (u:User {id: {{user_id}}})\nreturn u",
    ];
    for (pane, text) in (1..).zip(statements) {
        type_into(&mut window, &format!("Statement {pane}"), text);
    }
    type_into(&mut window, "Parameter user_id", "42");
    ctrl(&mut window, Key::Enter);
    let user = r#""id":42,"name":"Ann Lee","email":"ann@new.example","city":"Ulm""#;
    let results = [
        batch(&[format!("{{{user}}}")]),
        batch(&[format!("{{{user}}}")]),
        hash(&[("name", "Ann Lee"), ("email", mail), ("city", "Ulm")]),
        batch(&[format!(
            r#"{{"u":{{"@node":"4:x:7","@labels":["User"],"properties":{{{user}}}}}}}"#
        )]),
    ];
    for (pane, batch) in (0..).zip(results) {
        fake.tell(done(RunId(1), pane, &batch));
        fake.results.borrow_mut().insert(pane, batch);
    }
    settle(&mut window);
    (fake, window)
}
