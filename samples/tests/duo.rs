//! The sample `duo` on the real servers: loaded alike, moved without loss, and spoilt exactly as it says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use parallax_samples::duo::source::{self, Pace, Source, Writers};
use parallax_samples::duo::worker::{self, Options, Worker};
use parallax_samples::duo::{self, Extent, KINDS, LoadOptions, Place};
use parallax_samples::inject::{Planted, Truth, Verdict};
use parallax_samples::model::{Key, Kind};
use parallax_samples::servers::Servers;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_mins(1);

async fn load(options: &LoadOptions) -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let servers = Servers::find().expect("the test servers: cargo xtask servers up");
    duo::load(dir.path(), options, &servers)
        .await
        .expect("a loaded sample");
    dir
}

async fn sample(scale: u32) -> TempDir {
    load(&LoadOptions::whole(scale, 1)).await
}

/// What differs, as `dataset key`, sorted.
async fn differences(dir: &Path) -> Vec<String> {
    let found = duo::differences(dir).await.expect("a readable sample");
    let mut found: Vec<String> = found
        .into_iter()
        .map(|it| format!("{} {}", it.dataset, it.key))
        .collect();
    found.sort();
    found
}

fn nothing() -> Vec<String> {
    Vec::new()
}

fn faults(texts: &[&str]) -> Options {
    Options {
        faults: texts
            .iter()
            .map(|it| it.parse().expect("a fault"))
            .collect(),
        ..Options::default()
    }
}

async fn deliver(dir: &Path, options: Options) -> u64 {
    let delivered = timeout(PATIENCE, worker::until_idle(dir, options)).await;
    delivered.expect("an end").expect("a working worker")
}

async fn move_to_oslo(dir: &Path, id: i64) {
    source::change_user(dir, id, "city", "Oslo")
        .await
        .expect("a change");
}

async fn change(dir: &Path, count: u64) {
    let pace = Pace {
        rate: 100_000.0,
        count: Some(count),
        seed: 7,
        writers: 3,
    };
    let mut writers = Writers::start(dir, pace);
    while writers.next().await.expect("a change").is_some() {}
}

#[tokio::test]
async fn a_loaded_sample_is_in_step() {
    for scale in [1, 10, 120] {
        let dir = sample(scale).await;
        assert_eq!(differences(dir.path()).await, nothing(), "scale {scale}");
    }
}

async fn everything(dir: &Path) -> BTreeMap<String, String> {
    let mut source = Source::open(dir, 1).await.expect("a source");
    let mut all = BTreeMap::new();
    for key in source.keys().await.expect("the keys") {
        let entity = source.get(&key).await.expect("a readable shop");
        all.insert(key.to_string(), format!("{entity:?}"));
    }
    all
}

#[tokio::test]
async fn the_same_seed_gives_the_same_contents_and_another_gives_others() {
    let options = LoadOptions::whole(60, 1);
    let (one, other) = (load(&options).await, load(&options).await);
    let first = everything(one.path()).await;
    assert_eq!(first.len(), 120);
    assert_eq!(first, everything(other.path()).await);
    let third = load(&LoadOptions::whole(60, 2)).await;
    assert_ne!(first, everything(third.path()).await);
}

#[tokio::test]
async fn a_second_load_replaces_the_first() {
    let dir = sample(60).await;
    change(dir.path(), 30).await;
    let servers = Servers::find().expect("the test servers");
    duo::load(dir.path(), &LoadOptions::whole(10, 3), &servers)
        .await
        .expect("a second load");
    assert_eq!(differences(dir.path()).await, nothing());
    assert_eq!(everything(dir.path()).await.len(), 20);
}

#[tokio::test]
async fn users_alone_have_only_their_hashes() {
    let options = LoadOptions {
        extent: Extent::UserHashes,
        ..LoadOptions::whole(50, 1)
    };
    let dir = load(&options).await;
    assert_eq!(everything(dir.path()).await.len(), 50);
    move_to_oslo(dir.path(), 42).await;
    deliver(dir.path(), Options::default()).await;
    assert_eq!(differences(dir.path()).await, nothing());
    assert!(
        duo::inject(dir.path(), 1, 1)
            .await
            .is_err_and(|it| it.hint.is_some())
    );
}

#[tokio::test]
async fn awkward_keys_are_there_and_exact() {
    let dir = sample(120).await;
    let mut source = Source::open(dir.path(), 1).await.expect("a source");
    for key in [
        Key::User(9_007_199_254_740_993),
        Key::User(i64::MAX),
        Key::Order("São Paulo".to_owned(), 7),
    ] {
        let found = source.get(&key).await.expect("a readable shop");
        assert_eq!(found.map(|it| it.key()), Some(key));
    }
}

#[tokio::test]
async fn changes_arrive_while_more_are_made() {
    let dir = sample(100).await;
    let mut worker = Worker::start(dir.path(), Options::default())
        .await
        .expect("a worker");
    change(dir.path(), 1_000).await;
    timeout(PATIENCE, worker.idle())
        .await
        .expect("an end")
        .expect("a working worker");
    assert!(worker.stop().await.expect("a working worker") >= 2_000);
    assert_eq!(differences(dir.path()).await, nothing());
    assert_eq!(deliver(dir.path(), Options::default()).await, 0);
}

#[tokio::test]
async fn every_field_that_is_set_arrives() {
    let dir = sample(60).await;
    let user = [
        ("name", json!("Ada Ångström")),
        ("email", json!("ada@example.com")),
        ("city", json!(null)),
        ("balance", json!("-0.05")),
        ("points", json!(9_007_199_254_740_993_i64)),
        ("tags", json!(["a \"b\"", "{c}", "d\\e"])),
        ("born", json!("1815-12-10")),
        ("is_active", json!(false)),
        ("created_at", json!("2025-01-05T08:00:00.123456Z")),
    ];
    for (field, value) in user {
        source::change_user(dir.path(), 42, field, value)
            .await
            .expect(field);
    }
    assert!(!differences(dir.path()).await.is_empty());
    assert_eq!(deliver(dir.path(), Options::default()).await, 18);
    assert_eq!(differences(dir.path()).await, nothing());
}

#[tokio::test]
async fn a_field_is_set_only_to_what_its_column_holds() {
    let dir = sample(60).await;
    for (field, value) in [
        ("points", json!("many")),
        ("shoe", json!(1)),
        ("id", json!(7)),
        ("tags", json!([])),
        ("updated_at", json!("now")),
    ] {
        let set = source::change_user(dir.path(), 42, field, value).await;
        assert!(set.is_err(), "{field}");
    }
    assert!(
        source::change_user(dir.path(), 4_200, "city", "Oslo")
            .await
            .is_err()
    );
    assert_eq!(differences(dir.path()).await, nothing());
}

#[tokio::test]
async fn a_deleted_user_goes_everywhere_with_the_orders() {
    let dir = sample(60).await;
    source::delete_user(dir.path(), 1)
        .await
        .expect("a deletion");
    assert!(deliver(dir.path(), Options::default()).await >= 2);
    assert_eq!(differences(dir.path()).await, nothing());
    let mut source = Source::open(dir.path(), 1).await.expect("a source");
    assert_eq!(source.get(&Key::User(1)).await, Ok(None));
}

#[tokio::test]
async fn faults_do_what_they_say() {
    let users = ["profile:{id}", "tags:{id}", "user:{id}"];
    let all: Vec<String> = users[..1]
        .iter()
        .chain(&users[2..])
        .map(|it| format!("cache.{it} 42"))
        .collect();
    let cases: [(&str, &[String]); 6] = [
        ("drop:relay:users:42", &all),
        ("drop:consumer:users:42", &all),
        ("drop:profile:users:42", &all[..1]),
        ("corrupt=email:user:users:42", &all[1..]),
        ("duplicate:relay", &[]),
        ("duplicate:consumer", &[]),
    ];
    for (fault, expected) in cases {
        let dir = sample(60).await;
        move_to_oslo(dir.path(), 42).await;
        move_to_oslo(dir.path(), 43).await;
        deliver(dir.path(), faults(&[fault])).await;
        assert_eq!(deliver(dir.path(), Options::default()).await, 0, "{fault}");
        assert_eq!(differences(dir.path()).await, expected, "{fault}");
    }
}

#[tokio::test]
async fn a_stopped_step_holds_changes_and_loses_none() {
    for fault in ["stop:relay", "stop:consumer"] {
        let dir = sample(60).await;
        move_to_oslo(dir.path(), 42).await;
        deliver(dir.path(), faults(&[fault])).await;
        assert_eq!(differences(dir.path()).await.len(), 2, "{fault}");
        deliver(dir.path(), Options::default()).await;
        assert_eq!(differences(dir.path()).await, nothing(), "{fault}");
    }
}

#[tokio::test]
async fn a_delayed_change_does_not_hold_up_others() {
    for fault in ["delay=1h:relay:users:42", "delay=1h:consumer:users:42"] {
        let dir = sample(60).await;
        move_to_oslo(dir.path(), 42).await;
        move_to_oslo(dir.path(), 43).await;
        let worker = Worker::start(dir.path(), faults(&[fault])).await;
        let worker = worker.expect("a worker");
        let only_one_differs = async {
            while differences(dir.path()).await != ["cache.profile:{id} 42", "cache.user:{id} 42"] {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, only_one_differs)
            .await
            .expect("the other arrives");
        worker.stop().await.expect("a working worker");
        deliver(dir.path(), Options::default()).await;
        assert_eq!(differences(dir.path()).await, nothing());
    }
}

#[tokio::test]
async fn nothing_is_applied_before_its_delays() {
    let dir = sample(60).await;
    let delay = Duration::from_millis(300);
    let options = Options {
        relay_delay: delay,
        consumer_delay: delay,
        ..Options::default()
    };
    let start = Instant::now();
    move_to_oslo(dir.path(), 42).await;
    deliver(dir.path(), options).await;
    assert!(start.elapsed() >= 2 * delay);
    assert_eq!(differences(dir.path()).await, nothing());
}

#[tokio::test]
async fn a_worker_that_dies_anywhere_loses_nothing() {
    let dir = sample(100).await;
    change(dir.path(), 1_500).await;
    for millis in [1, 3, 8, 15, 30, 60] {
        let worker = Worker::start(dir.path(), Options::default()).await;
        let worker = worker.expect("a worker");
        sleep(Duration::from_millis(millis)).await;
        drop(worker);
    }
    deliver(dir.path(), Options::default()).await;
    assert_eq!(differences(dir.path()).await, nothing());
}

#[tokio::test]
async fn one_worker_is_at_a_sample_at_a_time() {
    let dir = sample(10).await;
    let first = Worker::start(dir.path(), Options::default()).await;
    let first = first.expect("a worker");
    let second = Worker::start(dir.path(), Options::default()).await;
    assert!(second.is_err_and(|it| it.hint.is_some()));
    first.stop().await.expect("a working worker");
    deliver(dir.path(), Options::default()).await;
}

fn pairs<'a>(faults: impl Iterator<Item = &'a Planted>) -> Vec<String> {
    let mut pairs: Vec<String> = faults
        .map(|it| format!("{} {}", it.dataset, it.key))
        .collect();
    pairs.sort();
    pairs
}

#[tokio::test]
async fn exactly_the_planted_pairs_differ() {
    for seed in 1..=4 {
        let dir = load(&LoadOptions::whole(150, seed)).await;
        let truth = duo::inject(dir.path(), seed, 1).await.expect("faults");
        assert_eq!(differences(dir.path()).await, pairs(truth.faults.iter()));
        assert_eq!(Truth::read(dir.path()).await, Ok(truth));
    }
}

#[tokio::test]
async fn every_verdict_is_planted_wherever_it_can_occur() {
    let dir = sample(150).await;
    let truth = duo::inject(dir.path(), 5, 1).await.expect("faults");
    for place in Place::COPIES {
        let required = !place.is_optional();
        for (verdict, late, can_occur) in [
            (Verdict::Stale, false, place.has_version()),
            (Verdict::Conflicts, false, true),
            (Verdict::Missing, false, required),
            (Verdict::Orphan, false, true),
            (Verdict::InFlight, false, required),
            (Verdict::InFlight, true, required),
            (Verdict::Agrees, false, place != Place::Tags),
        ] {
            let mut found = truth.of(place.dataset(), verdict, late);
            let is_there = found.next().is_some();
            let is_by_chance = verdict == Verdict::InFlight && !required;
            assert!(
                is_there == can_occur || is_by_chance,
                "{verdict:?} {place:?}"
            );
        }
    }
}

#[tokio::test]
async fn faults_name_their_fields_in_order_and_leave_awkward_keys_alone() {
    let dir = sample(150).await;
    let truth = duo::inject(dir.path(), 5, 1).await.expect("faults");
    for fault in &truth.faults {
        let is_drift = matches!(fault.verdict, Verdict::Stale | Verdict::Conflicts);
        assert!(!is_drift || !fault.fields.is_empty(), "{fault:?}");
        let columns = duo::columns(fault.entity);
        let place = |field: &String| columns.iter().position(|it| it == field);
        let places: Vec<_> = fault.fields.iter().map(place).collect();
        assert!(places.is_sorted() && !places.contains(&None), "{fault:?}");
    }
    let planted: BTreeSet<(Kind, &str)> = truth
        .faults
        .iter()
        .map(|it| (it.entity, it.key.as_str()))
        .collect();
    for kind in KINDS {
        let is_special = |key: &str| Key::parse(kind, key).is_ok_and(|it| it.is_special());
        assert!(planted.iter().any(|it| it.0 == kind && is_special(it.1)));
        let untouched = truth.untouched(kind.entity(), 10);
        assert_eq!(untouched.len(), 10);
        assert!(untouched.iter().all(|it| !planted.contains(&(kind, it))));
        assert!(untouched.iter().any(|it| is_special(it)));
    }
}

#[tokio::test]
async fn the_worker_delivers_what_is_in_flight_and_mends_nothing_else() {
    let dir = sample(150).await;
    let truth = duo::inject(dir.path(), 5, 1).await.expect("faults");
    deliver(dir.path(), Options::default()).await;
    let rest = truth
        .faults
        .iter()
        .filter(|it| it.verdict != Verdict::InFlight);
    assert_eq!(differences(dir.path()).await, pairs(rest));
}

#[tokio::test]
async fn the_same_seed_plants_the_same_faults() {
    let (one, other) = (sample(150).await, sample(150).await);
    let one = duo::inject(one.path(), 5, 1).await.expect("faults");
    let other = duo::inject(other.path(), 5, 1).await.expect("faults");
    assert_eq!(one.faults, other.faults);
}

#[tokio::test]
async fn faults_are_planted_once_and_only_in_a_sample_at_rest() {
    let dir = sample(150).await;
    move_to_oslo(dir.path(), 42).await;
    let refused = duo::inject(dir.path(), 5, 1).await;
    assert!(refused.is_err_and(|it| it.hint.is_some()));
    deliver(dir.path(), Options::default()).await;
    duo::inject(dir.path(), 5, 1).await.expect("faults");
    let refused = duo::inject(dir.path(), 5, 1).await;
    assert!(refused.is_err_and(|it| it.hint.is_some()));
}

#[tokio::test]
async fn too_small_a_sample_is_left_as_it_was() {
    let dir = sample(20).await;
    let refused = duo::inject(dir.path(), 5, 1).await;
    assert!(refused.is_err_and(|it| it.hint.is_some()));
    assert_eq!(differences(dir.path()).await, nothing());
    assert!(Truth::read(dir.path()).await.is_err());
}

#[test]
fn every_call_can_be_spawned() {
    fn check(_: impl Send) {}
    let dir = Path::new("nowhere");
    check(duo::inject(dir, 1, 1));
    check(duo::differences(dir));
    check(worker::until_idle(dir, Options::default()));
    check(source::change_user(dir, 42, "city", "Oslo"));
}
