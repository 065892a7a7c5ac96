//! What the injector plants: exactly what it says, and nothing else.

mod common;

use std::collections::BTreeSet;

use common::{differences, sample};
use parallax_samples::inject::{Planted, Truth, Verdict};
use parallax_samples::model::{Key, Kind, Target};
use parallax_samples::pocket;
use parallax_samples::worker::{self, Options};

/// Every verdict, whether late, and where it cannot occur.
const VERDICTS: [(Verdict, bool, Option<Target>); 7] = [
    (Verdict::Stale, false, None),
    (Verdict::Conflicts, false, None),
    (Verdict::Missing, false, Some(Target::Cache)),
    (Verdict::Orphan, false, None),
    (Verdict::InFlight, false, None),
    (Verdict::InFlight, true, Some(Target::Search)),
    (Verdict::Unknown, false, Some(Target::Search)),
];

fn pairs<'a>(faults: impl Iterator<Item = &'a Planted>) -> Vec<String> {
    let mut pairs: Vec<String> = faults
        .map(|it| format!("{} {}", it.dataset, it.key))
        .collect();
    pairs.sort();
    pairs
}

#[tokio::test]
async fn each_verdict_is_planted_n_times_in_each_dataset() {
    for n in [1, 2] {
        let dir = sample(400).await;
        let truth = pocket::inject(dir.path(), 5, n)
            .await
            .expect("planted faults");
        for (verdict, late, nowhere) in VERDICTS {
            for (kind, target) in Kind::ALL
                .into_iter()
                .flat_map(|kind| Target::ALL.map(|target| (kind, target)))
            {
                let expected = if nowhere == Some(target) {
                    0
                } else {
                    n as usize
                };
                let found = truth.of(target.dataset(kind), verdict, late).count();
                assert_eq!(
                    found,
                    expected,
                    "{verdict:?}, late {late}, {}",
                    target.dataset(kind)
                );
            }
        }
    }
}

#[tokio::test]
async fn exactly_the_planted_pairs_differ() {
    let dir = sample(400).await;
    let truth = pocket::inject(dir.path(), 5, 2)
        .await
        .expect("planted faults");
    assert_eq!(differences(dir.path()).await, pairs(truth.faults.iter()));
    assert_eq!(Truth::read(dir.path()).await, Ok(truth));
}

#[tokio::test]
async fn every_fault_has_a_key_of_its_own() {
    let dir = sample(400).await;
    let truth = pocket::inject(dir.path(), 5, 2)
        .await
        .expect("planted faults");
    for kind in Kind::ALL {
        let planted: Vec<&str> = truth
            .faults
            .iter()
            .filter(|it| it.entity == kind)
            .map(|it| it.key.as_str())
            .collect();
        let distinct: BTreeSet<&str> = planted.iter().copied().collect();
        assert_eq!(distinct.len(), planted.len());
        let is_special = |key: &str| Key::parse(kind, key).is_ok_and(|it| it.is_special());
        assert!(
            planted.iter().any(|it| is_special(it)),
            "no awkward {kind:?} was hit"
        );

        let untouched = truth.untouched(kind.entity(), 10);
        assert_eq!(untouched.len(), 10);
        assert!(untouched.iter().all(|it| !distinct.contains(it.as_str())));
        assert!(
            untouched.iter().any(|it| is_special(it)),
            "no awkward {kind:?} was left alone"
        );
    }
}

#[tokio::test]
async fn the_fields_that_differ_are_named_in_the_order_of_the_columns() {
    let dir = sample(400).await;
    let truth = pocket::inject(dir.path(), 5, 4)
        .await
        .expect("planted faults");
    for fault in &truth.faults {
        let has_fields = matches!(fault.verdict, Verdict::Stale | Verdict::Conflicts);
        assert_eq!(!fault.fields.is_empty(), has_fields, "{fault:?}");
        let place = |field: &String| fault.entity.columns().iter().position(|it| it == field);
        let places: Vec<_> = fault.fields.iter().map(place).collect();
        assert!(places.is_sorted() && !places.contains(&None), "{fault:?}");
    }
}

#[tokio::test]
async fn the_worker_delivers_what_is_in_flight_and_mends_nothing_else() {
    let dir = sample(400).await;
    let truth = pocket::inject(dir.path(), 5, 1)
        .await
        .expect("planted faults");
    worker::until_idle(dir.path(), Options::default())
        .await
        .expect("a working worker");
    let rest = truth
        .faults
        .iter()
        .filter(|it| it.verdict != Verdict::InFlight);
    assert_eq!(differences(dir.path()).await, pairs(rest));
}

#[tokio::test]
async fn the_same_seed_plants_the_same_faults() {
    let (one, other) = (sample(400).await, sample(400).await);
    let one = pocket::inject(one.path(), 5, 1)
        .await
        .expect("planted faults");
    let other = pocket::inject(other.path(), 5, 1)
        .await
        .expect("planted faults");
    assert_eq!(one.faults, other.faults);
}

#[tokio::test]
async fn faults_are_planted_once_and_only_in_a_sample_at_rest() {
    let dir = sample(400).await;
    parallax_samples::source::change_user(dir.path(), 42, "city", "Oslo")
        .await
        .expect("a change");
    assert!(
        pocket::inject(dir.path(), 5, 1)
            .await
            .is_err_and(|it| it.hint.is_some())
    );
    worker::until_idle(dir.path(), Options::default())
        .await
        .expect("a working worker");
    pocket::inject(dir.path(), 5, 1)
        .await
        .expect("planted faults");
    assert!(
        pocket::inject(dir.path(), 5, 1)
            .await
            .is_err_and(|it| it.hint.is_some())
    );
}

#[tokio::test]
async fn too_small_a_sample_is_left_as_it_was() {
    let dir = sample(20).await;
    assert!(
        pocket::inject(dir.path(), 5, 1)
            .await
            .is_err_and(|it| it.hint.is_some())
    );
    assert_eq!(differences(dir.path()).await, Vec::<String>::new());
    assert!(Truth::read(dir.path()).await.is_err());
}
