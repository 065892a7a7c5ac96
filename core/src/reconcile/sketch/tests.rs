//! Decoding gives exactly what was added, or says that it cannot.

use std::collections::BTreeMap;

use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::*;
use crate::reconcile::key::{PartKind, lanes, write};
use crate::store::ValueRef;

const SEED: u64 = 5;

fn slices(bits: u32, cells: u32) -> Vec<Slice> {
    (0..1 << bits)
        .map(|prefix| Slice {
            bits,
            prefix,
            cells,
        })
        .collect()
}

fn key(number: i64) -> KeyLanes {
    let mut bytes = Vec::new();
    write(&ValueRef::I64(number), PartKind::Number, &mut bytes);
    lanes(&bytes, SEED)
}

fn symbol(sketch: &Sketch, number: i64, row: u128) -> Option<Symbol> {
    let key = key(number);
    let key_hash = Sketch::key_hash(&key, SEED);
    let row = xxh3_128_with_seed(&row.to_le_bytes(), key_hash);
    sketch.symbol(&key, key_hash, row)
}

fn add(sketch: &Sketch, number: i64, row: u128, side: Side) {
    sketch.add(&mut symbol(sketch, number, row).into_iter().collect(), side);
}

fn decoded(sketch: &Sketch) -> Option<BTreeMap<(KeyLanes, bool), i64>> {
    let mut all = BTreeMap::new();
    for slice in sketch.decode() {
        for (key, times) in slice.content.ok()? {
            *all.entry((key, times > 0)).or_insert(0) += times;
        }
    }
    Some(all)
}

proptest! {
    #[test]
    fn what_is_added_comes_back_with_how_often(
        rows in prop::collection::vec((any::<i64>(), 1_i64..=100, any::<bool>()), 0..200),
    ) {
        let sketch = Sketch::new(SEED, &slices(2, 300), false);
        let mut expected: BTreeMap<i64, i64> = BTreeMap::new();
        for (number, times, is_source) in rows {
            let side = if is_source { Side::Source } else { Side::Copy };
            (0..times).for_each(|_| add(&sketch, number, 1, side));
            *expected.entry(number).or_default() += if is_source { times } else { -times };
        }
        let expected: BTreeMap<(KeyLanes, bool), i64> = expected
            .into_iter()
            .filter(|(_, times)| *times != 0)
            .map(|(number, times)| ((key(number), times > 0), times))
            .collect();
        prop_assert_eq!(decoded(&sketch), Some(expected));
    }

    #[test]
    fn too_many_rows_are_said_to_be_too_many_and_about_how_many(count in 2_000_u32..6_000, surplus in 0_u32..10) {
        let sketch = Sketch::new(SEED, &slices(0, 900), false);
        for number in 0..count {
            let side = if number % 10 < surplus { Side::Source } else { Side::Copy };
            add(&sketch, number.into(), 1, side);
        }
        let decoded = sketch.decode();
        let load = decoded[0].content.clone().expect_err("too many");
        let (low, high) = (u64::from(count) * 3 / 4, u64::from(count) * 5 / 4);
        prop_assert!((low..=high).contains(&load.symbols), "{count} rows are taken for {}", load.symbols);
    }
}

#[test]
fn rows_that_are_added_together_are_added_as_one_by_one() {
    for count in [1, 7, 8, 9, 20] {
        let [single, together] = [(); 2].map(|()| Sketch::new(SEED, &slices(2, 300), false));
        (0..count).for_each(|it| add(&single, it, 1, Side::Copy));
        let symbols = (0..count).filter_map(|it| symbol(&together, it, 1));
        let mut symbols: Vec<Symbol> = symbols.collect();
        together.add(&mut symbols, Side::Copy);
        assert!(symbols.is_empty());
        let decoded = together.decode();
        assert_eq!(decoded, single.decode(), "{count} rows");
        let rows: u64 = decoded.iter().map(|it| it.rows[1]).sum();
        assert_eq!(i64::try_from(rows), Ok(count));
    }
}

#[test]
fn equal_rows_leave_nothing_and_a_changed_one_shows_its_key_twice() {
    let sketch = Sketch::new(SEED, &slices(6, 300), false);
    for number in 0..10_000 {
        add(&sketch, number, 1, Side::Source);
        add(
            &sketch,
            number,
            u128::from(number != 77) + u128::from(number == 77) * 9,
            Side::Copy,
        );
    }
    assert_eq!(
        decoded(&sketch),
        Some(BTreeMap::from([
            ((key(77), true), 1),
            ((key(77), false), -1)
        ]))
    );
}

#[test]
fn a_full_sketch_decodes_seven_tenths_of_its_cells() {
    let sketch = Sketch::new(SEED, &slices(0, 30_000), false);
    (0..21_000).for_each(|it| add(&sketch, it, 1, Side::Copy));
    assert_eq!(decoded(&sketch).expect("it decodes").len(), 21_000);
}

#[test]
fn a_cell_fits_a_line_of_the_cache() {
    assert_eq!(size_of::<Cell>(), 64);
}

#[test]
fn a_filter_holds_every_key_of_the_copy_and_few_others() {
    let sketch = Sketch::new(SEED, &slices(6, 300), true);
    (0..100_000).for_each(|it| add(&sketch, it, 1, Side::Copy));
    let filter = sketch.filter().expect("a filter");
    let holds = |number| filter.holds(Sketch::key_hash(&key(number), SEED));
    assert!((0..100_000).all(holds));
    assert!((100_000..200_000).filter(|it| holds(*it)).count() < 100);
}
