//! A share of the keys, or those that changed lately.

use super::world::{Row, World, at, row};

fn rows(count: i64) -> Vec<Row> {
    (0..count).map(|it| row(it, "x", -60_000)).collect()
}

#[test]
fn a_sample_is_the_same_keys_in_every_run_and_on_both_sides() {
    let sampled = |seed: u64| {
        let mut world = World::new(rows(4_000), 1);
        world.copy().clear();
        world.sample = Some(0.1);
        world.seed = seed;
        let report = world.check();
        let keys: Vec<String> = report
            .findings
            .iter()
            .map(|it| it.key.to_string())
            .collect();
        (keys, report.counts())
    };
    let (one, counts) = sampled(1);
    assert_eq!(one, sampled(2).0);
    assert!((300..500).contains(&one.len()), "{}", one.len());
    assert_eq!((counts.missing, counts.agrees), (one.len() as u64, 0));
    let mut world = World::new(rows(4_000), 1);
    world.sample = Some(0.1);
    assert_eq!(world.check().counts().agrees, one.len() as u64);
}

#[test]
fn since_compares_what_changed_lately_and_says_what_it_cannot_see() {
    let mut world = World::new(rows(1_000), 2);
    for key in 0..20_i64 {
        let place = usize::try_from(key).expect("small");
        world.source()[place] = row(key, "new", -30_000);
        world.tables[2].rows[place] = row(key, "new", -30_000);
        if key >= 5 {
            world.copy()[place] = row(key, "new", -30_000);
        }
    }
    // Neither is seen: the source has not changed.
    world.copy()[500].fields[0].1 = "other".into();
    world.copy().push(row(5_000, "x", -60_000));
    world.since = Some(at(-40_000));
    let report = world.check();
    let found: Vec<String> = report
        .findings
        .iter()
        .map(|it| it.key.to_string())
        .collect();
    assert_eq!(found, ["0", "1", "2", "3", "4"]);
    let counts: Vec<_> = report
        .pairs
        .iter()
        .map(|it| (it.counts.agrees, it.counts.stale))
        .collect();
    assert_eq!(counts, [(15, 5), (20, 0)]);
    assert!(report.not_checked[0].what.contains("deletions"));
}

#[test]
fn since_needs_a_version() {
    let mut world = World::new(rows(10), 1);
    for representation in &mut world.entity.representations {
        representation.version = None;
    }
    world.since = Some(at(-40_000));
    let report = world.check();
    assert_eq!(report.counts().agrees, 0);
    assert!(report.not_checked[0].why.contains("no version"));
}
