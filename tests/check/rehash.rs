//! A check while the cache grows and shrinks: its scans may give keys twice, and neither that nor the change is a finding.
//!
//! Whether a scan repeats keys is up to the server, so how many it did is printed. That repeated rows are no findings is
//! shown for certain by the tests of core's `reconcile`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parallax_core::report::{Report, Scope};
use redis::aio::MultiplexedConnection;
use tokio::task::JoinSet;

use crate::common::{Sample, check, planted, reported};

/// Foreign keys that come and go: many times what the sample has, so that the table of keys is resized again and again.
const FOREIGN: usize = 60_000;

/// How many keys one round trip adds or removes.
const BATCH: usize = 5_000;

/// How long the keys stay away.
const SHRINK: Duration = Duration::from_millis(150);

/// Checks go on for so long.
const LENGTH: Duration = Duration::from_secs(6);

/// Adds keys of no dataset and removes them again, and counts how often, until nobody wants to know.
async fn resize(mut cache: MultiplexedConnection, rounds: Weak<AtomicU64>) {
    let keys: Vec<String> = (0..FOREIGN).map(|it| format!("foreign:{it}")).collect();
    while let Some(rounds) = rounds.upgrade() {
        for some in keys.chunks(BATCH) {
            let mut pipe = redis::pipe();
            for key in some {
                pipe.set(key, "").ignore();
            }
            pipe.exec_async(&mut cache).await.expect("keys are added");
        }
        for some in keys.chunks(BATCH) {
            let removed = redis::cmd("DEL").arg(some).exec_async(&mut cache).await;
            removed.expect("keys are removed");
        }
        // The server makes its table smaller only when it next looks after it, ten times a second.
        tokio::time::sleep(SHRINK).await;
        rounds.fetch_add(1, Ordering::Relaxed);
    }
}

/// How many more records the scans of copies met than there are.
fn n_repeated(report: &Report, quiet: &Report) -> u64 {
    let rows = |it: &Report| -> Vec<u64> {
        let compared = it.entities.iter().flat_map(|it| &it.compared);
        compared.map(|(_, rows)| *rows).collect()
    };
    let pairs = rows(report).into_iter().zip(rows(quiet));
    pairs
        .map(|(met, there)| {
            assert!(met >= there, "a scan missed keys that were there all along");
            met - there
        })
        .sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cache_that_grows_and_shrinks_meanwhile_gives_no_findings() {
    let (sample, truth) = Sample::planted_on_servers(21).await;
    let Sample::Duo(duo) = &sample else {
        unreachable!("it is on servers");
    };
    let workbench = sample.workbench().await;
    let quiet = check(&workbench, Scope::default()).await;
    assert_eq!(reported(&quiet), planted(&truth));

    let rounds = Arc::new(AtomicU64::new(0));
    let mut resizing = JoinSet::new();
    resizing.spawn(resize(duo.cache().await, Arc::downgrade(&rounds)));
    let began = Instant::now();
    let (mut n_checks, mut repeated) = (0, 0);
    while began.elapsed() < LENGTH {
        let report = check(&workbench, Scope::default()).await;
        assert_eq!(reported(&report), planted(&truth), "check {n_checks}");
        assert_eq!(report.counts(), quiet.counts(), "check {n_checks}");
        repeated += n_repeated(&report, &quiet);
        n_checks += 1;
    }
    assert!(
        resizing.try_join_next().is_none(),
        "keys came and went until now"
    );
    workbench.close().await;
    let n_rounds = rounds.load(Ordering::Relaxed);
    drop(rounds);
    while let Some(ended) = resizing.join_next().await {
        ended.expect("every key was added and removed");
    }
    println!("{n_checks} checks, {n_rounds} times grown and shrunk, {repeated} keys met again");
    assert!(n_rounds > 0, "the table of keys was not resized");
}
