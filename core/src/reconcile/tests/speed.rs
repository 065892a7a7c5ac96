//! How long a row takes. Run it alone, optimized:
//! `cargo test --release -p parallax-core --lib reconcile::tests::speed -- --ignored --nocapture`.

use std::time::Instant;

use jiff::Timestamp;

use super::world::{ALLOWED, World, row};
use crate::mapping;
use crate::reconcile::{Answer, Check, CheckOptions, Step};
use crate::store::{RowSink as _, Scanned, ValueRef};
use crate::value::{Decimal, Value};

const ROWS: i64 = 1_000_000;

const FIELDS: &[(&str, &str)] = &[
    ("user", "int"),
    ("status", "text"),
    ("total", "decimal"),
    ("currency", "text"),
    ("note", "text"),
    ("items", "int"),
    ("placed_at", "timestamp"),
    ("updated_at", "timestamp"),
];

/// An order of nine columns, key first, with a note of 70 bytes.
fn feed(plan: &super::super::ScanPlan) {
    let note = "n".repeat(70);
    let mut sink = plan.fold.sink();
    for number in 0..ROWS {
        let total = Value::Decimal(Decimal::new((number * 7).into(), 2));
        let time = Timestamp::from_second(1_700_000_000 + number).expect("a time");
        let cells = [
            ValueRef::I64(number),
            ValueRef::I64(number % 1_000),
            ValueRef::Text("paid"),
            ValueRef::Owned(&total),
            ValueRef::Text("EUR"),
            ValueRef::Text(&note),
            ValueRef::I64(number % 9),
            ValueRef::Timestamp(time),
        ];
        assert!(sink.row(&cells).is_continue());
    }
}

#[test]
#[ignore = "a measurement: it says nothing unless it runs alone and optimized"]
fn nanoseconds_a_row() {
    for targets in [1, 3] {
        let world = World::keyed(vec![row(1, "x", 0)], targets, &[("id", "int")], FIELDS);
        let mut check = Check::new(CheckOptions {
            mapping: mapping::resolve(&world.entity, &world.shapes),
            entity: world.entity,
            shapes: world.shapes,
            targets: (1..=targets).collect(),
            sample: None,
            since: None,
            allowed: vec![ALLOWED; targets + 1],
            seed: 1,
            cells: super::super::DEFAULT_CELLS,
        });
        let Step::Scan(plans) = check.step(world.now) else {
            panic!("a check begins with a scan");
        };
        for plan in &plans {
            let begun = Instant::now();
            feed(plan);
            let each = begun.elapsed().as_nanos() / u128::from(ROWS.unsigned_abs());
            println!(
                "{targets} targets, representation {}: {each} ns a row",
                plan.representation
            );
            let result = Ok(Scanned {
                rows: ROWS.unsigned_abs(),
                unreadable: 0,
            });
            let representation = plan.representation;
            check.feed(
                Answer::Scanned {
                    representation,
                    result,
                },
                world.now,
            );
        }
        let begun = Instant::now();
        let Step::Done(report) = check.step(world.now) else {
            panic!("equal data has no candidates");
        };
        println!("decoded in {} ms", begun.elapsed().as_millis());
        assert_eq!(report.counts().agrees, ROWS.unsigned_abs() * targets as u64);
    }
}
