//! Worlds made at random, against a set difference that takes no care of memory.

use proptest::prelude::*;

use super::world::{Row, World, naive, row};
use crate::lag::SubjectBacklog;
use crate::value::Value;

/// One thing done to one copy.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Lose,
    Add,
    Age,
    Garble,
    Repeat,
}

fn fault() -> impl Strategy<Value = Fault> {
    prop::sample::select(vec![
        Fault::Lose,
        Fault::Add,
        Fault::Age,
        Fault::Garble,
        Fault::Repeat,
    ])
}

fn key(number: i64, kind: u8) -> Row {
    let name = format!("name {}", number % 7);
    match kind {
        0 => row(number, name.as_str(), -60_000),
        1 => row(format!("k{number}").as_str(), name.as_str(), -60_000),
        _ => row(
            format!("{number}-and-a-text-that-is-too-long-for-a-cell").as_str(),
            name.as_str(),
            -60_000,
        ),
    }
}

fn inflict(world: &mut World, (copy, fault, place): (usize, Fault, usize), kind: u8) {
    let rows = &mut world.tables[copy].rows;
    let place = place % rows.len().max(1);
    match (fault, rows.get_mut(place)) {
        (Fault::Lose, Some(_)) => drop(rows.remove(place)),
        (Fault::Age, Some(row)) => {
            row.fields = key(1, kind).fields;
            row.fields[0].1 = "an older name".into();
            row.fields[1].1 = Value::Timestamp(super::world::at(-90_000));
        }
        (Fault::Garble, Some(row)) => row.fields[0].1 = Value::Null,
        (Fault::Repeat, Some(_)) => world.tables[copy].repeats = Some(place % 5 + 1),
        (Fault::Add, _) => {
            let number = 1_000_000 + i64::try_from(place).expect("small");
            let row = key(number, kind);
            if rows.iter().all(|it| it.key != row.key) {
                rows.push(row);
            }
        }
        (_, None) => {}
    }
}

/// A world of that many rows, with these faults.
fn build(count: i64, kind: u8, faults: &[(usize, Fault, usize)]) -> World {
    let mut world = World::new((0..count).map(|it| key(it, kind)).collect(), 2);
    world.way_of = |_, _| Some(SubjectBacklog::default());
    for fault in faults {
        inflict(&mut world, *fault, kind);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn what_is_found_is_the_set_difference(
        count in 0_i64..400, kind in 0_u8..3, faults in prop::collection::vec((1_usize..3, fault(), any::<usize>()), 0..60),
        seed: u64, parts in 1_usize..5, cells in 8_u32..15, optional: bool,
    ) {
        let mut world = build(count, kind, &faults);
        (world.seed, world.parts, world.cells) = (seed, parts, 1 << cells);
        if optional {
            world.optional();
        }
        let mut expected = naive(&world);
        let report = world.check();
        let mut found: Vec<String> = report.findings.iter().map(|it| format!("{} {} {}", it.key, it.dataset.store, it.verdict.name())).collect();
        expected.sort();
        found.sort();
        prop_assert_eq!(&found, &expected);
        for pair in &report.pairs {
            let counts = pair.counts;
            let of_source = counts.agrees + counts.stale + counts.conflicts + counts.missing;
            prop_assert_eq!((of_source, counts.unknown, counts.in_flight), (count.cast_unsigned(), 0, 0));
        }
    }

    #[test]
    fn a_report_depends_on_neither_seed_nor_parts_nor_order(
        faults in prop::collection::vec((1_usize..3, fault(), any::<usize>()), 0..60), seed: u64, parts in 1_usize..5,
    ) {
        let one = build(300, 0, &faults).check();
        let mut other = build(300, 0, &faults);
        (other.seed, other.parts) = (seed, parts);
        other.source().reverse();
        other.copy().reverse();
        let other = other.check();
        let findings = |it: &crate::report::EntityReport| -> Vec<_> {
            it.findings.iter().map(|it| (it.key.clone(), it.dataset.clone(), it.verdict, it.differences.clone(), it.reads)).collect()
        };
        prop_assert_eq!(findings(&one), findings(&other));
    }
}
