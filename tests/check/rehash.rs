//! A check while the cache grows and shrinks: its scans give keys twice, and that is no finding.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parallax_core::report::{Report, Scope};
use redis::aio::MultiplexedConnection;

use crate::common::{Sample, check, planted, reported};

/// Foreign keys that come and go: many times what the sample has, so that the table of keys is resized again and again.
const FOREIGN: usize = 8_000;

/// How many keys one round trip adds or removes.
const BATCH: usize = 1_000;

/// Checks go on for so long.
const LENGTH: Duration = Duration::from_secs(6);

/// Adds keys of no dataset and removes them again, until it is dropped; counts how often.
async fn resize(mut cache: MultiplexedConnection, rounds: Arc<AtomicU64>) {
    let keys: Vec<String> = (0..FOREIGN).map(|it| format!("foreign:{it}")).collect();
    loop {
        for some in keys.chunks(BATCH) {
            let mut pipe = redis::pipe();
            some.iter().for_each(|it| _ = pipe.set(it, "").ignore());
            pipe.exec_async(&mut cache).await.expect("keys are added");
        }
        for some in keys.chunks(BATCH) {
            let removed = redis::cmd("DEL").arg(some).exec_async(&mut cache).await;
            removed.expect("keys are removed");
        }
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
async fn keys_that_a_scan_repeats_are_no_findings() {
    let (sample, truth) = Sample::planted_on_servers(21).await;
    let Sample::Duo(duo) = &sample else {
        unreachable!("it is on servers");
    };
    let workbench = sample.workbench().await;
    let quiet = check(&workbench, Scope::default()).await;
    assert_eq!(reported(&quiet), planted(&truth));

    let rounds = Arc::new(AtomicU64::new(0));
    let resizing = tokio::task::spawn(resize(duo.cache().await, Arc::clone(&rounds)));
    let began = Instant::now();
    let (mut n_checks, mut repeated) = (0, 0);
    while began.elapsed() < LENGTH {
        let report = check(&workbench, Scope::default()).await;
        assert_eq!(reported(&report), planted(&truth), "check {n_checks}");
        assert_eq!(report.counts(), quiet.counts(), "check {n_checks}");
        repeated += n_repeated(&report, &quiet);
        n_checks += 1;
    }
    assert!(!resizing.is_finished(), "the keys came and went until now");
    resizing.abort();
    workbench.close().await;
    let rounds = rounds.load(Ordering::Relaxed);
    println!("{n_checks} checks, {rounds} times grown and shrunk, {repeated} keys met again");
    assert!(rounds > 0, "the table of keys was not resized");
}
