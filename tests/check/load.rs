//! Checks while the worker applies changes a second late: the short form of `cargo xtask bench load`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use parallax_core::report::{Report, Scope};
use parallax_samples::duo;
use parallax_samples::duo::source::{Pace, Source, Writers};
use parallax_samples::duo::worker::{Options, Worker};
use parallax_samples::inject::Truth;
use parallax_samples::model::Key;
use parallax_tests::Duo;

use crate::common::{Drift, check, name, planted, reported};

/// Changes a second.
const RATE: f64 = 200.0;

/// How long changes are made.
const LENGTH: Duration = Duration::from_secs(8);

/// How long the worker holds a change back.
const DELAY: Duration = Duration::from_secs(1);

/// The objects that were changed, each by its entity and key. Ends when the changes do.
async fn changed(mut writers: Writers) -> BTreeSet<(String, String)> {
    let began = Instant::now();
    let mut keys = BTreeSet::new();
    while began.elapsed() < LENGTH {
        let change = writers.next().await.expect("the writers are well");
        let key = change.expect("there is no last change").key;
        keys.insert((name(&key.kind()), key.to_string()));
    }
    let untold = writers.stop().await.expect("the writers end");
    assert!(untold < 50, "{untold} changes were not told in time");
    keys
}

/// Checks until the changes end.
async fn checks(workbench: &parallax_workbench::Workbench) -> Vec<std::sync::Arc<Report>> {
    let began = Instant::now();
    let mut reports = Vec::new();
    while began.elapsed() < LENGTH {
        reports.push(check(workbench, Scope::default()).await);
    }
    reports
}

/// Ids from here on no change comes to: the writer takes none that a float cannot hold.
const LARGE: i64 = 1 << 53;

/// Removes the hash of a user that no change comes to, and on which nothing was planted; the fault.
async fn lose_one(sample: &Duo, truth: &Truth) -> Drift {
    let mut source = Source::open(sample.path(), 0).await.expect("the source");
    let keys = source.keys().await.expect("its keys");
    source.close().await.expect("the source is closed");
    let is_free = |key: &String| !truth.faults.iter().any(|it| it.key == *key);
    let large = keys.iter().filter_map(|it| match it {
        Key::User(id) if *id >= LARGE => Some(id.to_string()),
        _ => None,
    });
    let mut cache = sample.cache().await;
    for key in large.filter(is_free) {
        let remove = redis::cmd("DEL")
            .arg(format!("user:{key}"))
            .query_async(&mut cache)
            .await;
        let removed: u64 = remove.expect("the hash is removed");
        if removed == 1 {
            let [entity, dataset, verdict] =
                ["user", "cache.user:{id}", "missing"].map(str::to_owned);
            return (entity, key, dataset, verdict, Vec::new());
        }
    }
    panic!("no user with a large id is free")
}

/// Whether a fault is where no change comes: on a user that nobody changed. Orders go with their user.
fn is_apart(fault: &Drift, changed: &BTreeSet<(String, String)>) -> bool {
    let (entity, key, ..) = fault;
    entity == "user" && !changed.contains(&(entity.clone(), key.clone()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_on_its_way_is_in_flight_and_only_what_was_planted_is_found() {
    let sample = Duo::load(400, 31).await;
    let truth = duo::inject(sample.path(), 31, 1).await;
    let truth = truth.expect("faults are planted");
    let mut planted = planted(&truth);
    let lost = lose_one(&sample, &truth).await;
    planted.insert(lost.clone());
    let options = Options {
        consumer_delay: DELAY,
        ..Options::default()
    };
    let worker = Worker::start(sample.path(), options).await;
    let mut worker = worker.expect("the worker starts");
    let workbench = sample.workbench().await;
    let pace = Pace {
        rate: RATE,
        count: None,
        seed: 31,
        writers: 2,
    };
    let writers = Writers::start(sample.path(), pace);
    let (changed, reports) = tokio::join!(changed(writers), checks(&workbench));

    let apart: BTreeSet<Drift> = planted
        .iter()
        .filter(|it| is_apart(it, &changed))
        .cloned()
        .collect();
    let has_orphan = apart.iter().any(|it| it.3 == "orphan");
    assert!(apart.contains(&lost) && has_orphan, "{apart:#?}");
    for (nth, report) in reports.iter().enumerate() {
        let found = reported(report);
        let invented: Vec<&Drift> = found.difference(&planted).collect();
        assert!(invented.is_empty(), "check {nth}: {invented:#?}");
        let lost: Vec<&Drift> = apart.difference(&found).collect();
        assert!(lost.is_empty(), "check {nth}: {lost:#?}");
    }
    let in_flight: u64 = reports.iter().map(|it| it.counts().in_flight).sum();
    println!(
        "{} checks, {} objects changed, {in_flight} copies in flight",
        reports.len(),
        changed.len()
    );
    assert!(reports.len() >= 2 && in_flight > 0);

    worker.idle().await.expect("every change arrives");
    worker.stop().await.expect("the worker ends");
    let report = check(&workbench, Scope::default()).await;
    workbench.close().await;
    assert_eq!(report.counts().in_flight, 0, "nothing is on its way");
    assert!(reported(&report).is_subset(&planted) && reported(&report).is_superset(&apart));
}
