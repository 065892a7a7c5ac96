//! What the worker does: it moves every change, it does what its faults say, and no end of it loses anything.

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::{differences, sample};
use parallax_samples::model::{Key, Target};
use parallax_samples::source::{self, Source};
use parallax_samples::worker::{self, Options, Worker};
use sqlx::Connection;
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_mins(1);

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

async fn change(dir: &Path, count: usize) {
    let mut source = Source::open(dir, 7).await.expect("a source");
    for _ in 0..count {
        source.change().await.expect("a change");
    }
    source.close().await.expect("a closed source");
}

#[tokio::test]
async fn every_change_arrives_once_a_target() {
    let dir = sample(100).await;
    change(dir.path(), 150).await;
    assert!(!differences(dir.path()).await.is_empty());
    assert!(deliver(dir.path(), Options::default()).await >= 4 * 150);
    assert_eq!(differences(dir.path()).await, Vec::<String>::new());
    assert_eq!(deliver(dir.path(), Options::default()).await, 0);
}

#[tokio::test]
async fn changes_arrive_while_more_are_made() {
    let dir = sample(100).await;
    let mut worker = Worker::start(dir.path(), Options::default())
        .await
        .expect("a worker");
    change(dir.path(), 150).await;
    timeout(PATIENCE, worker.idle())
        .await
        .expect("an end")
        .expect("a working worker");
    worker.stop().await.expect("a working worker");
    assert_eq!(differences(dir.path()).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_deleted_user_goes_everywhere_with_the_orders() {
    let dir = sample(100).await;
    source::delete_user(dir.path(), 42)
        .await
        .expect("a deletion");
    deliver(dir.path(), Options::default()).await;
    assert_eq!(differences(dir.path()).await, Vec::<String>::new());
    let mut source = Source::open(dir.path(), 1).await.expect("a source");
    assert_eq!(source.get(&Key::User(42)).await, Ok(None));
}

#[tokio::test]
async fn a_dropped_change_is_marked_as_sent_and_never_arrives() {
    let dir = sample(60).await;
    move_to_oslo(dir.path(), 42).await;
    deliver(dir.path(), faults(&["drop:docs:users:42"])).await;
    assert_eq!(deliver(dir.path(), Options::default()).await, 0);
    assert_eq!(differences(dir.path()).await, ["docs.users 42"]);
}

#[tokio::test]
async fn a_delayed_change_does_not_hold_up_others() {
    let dir = sample(60).await;
    move_to_oslo(dir.path(), 42).await;
    move_to_oslo(dir.path(), 43).await;
    let options = faults(&["delay=1h:docs:users:42"]);
    let worker = Worker::start(dir.path(), options).await.expect("a worker");
    let only_one_differs = async {
        while differences(dir.path()).await != ["docs.users 42"] {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, only_one_differs)
        .await
        .expect("the others arrive");
    assert_eq!(worker.stop().await, Ok(7));
    assert_eq!(deliver(dir.path(), Options::default()).await, 1);
    assert_eq!(differences(dir.path()).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_duplicate_changes_nothing() {
    let dir = sample(60).await;
    change(dir.path(), 50).await;
    deliver(
        dir.path(),
        faults(&[
            "duplicate:docs",
            "duplicate:cache",
            "duplicate:search",
            "duplicate:graph",
        ]),
    )
    .await;
    assert_eq!(differences(dir.path()).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_corrupted_field_arrives_altered() {
    let dir = sample(60).await;
    move_to_oslo(dir.path(), 42).await;
    deliver(dir.path(), faults(&["corrupt=email:docs:users:42"])).await;
    assert_eq!(differences(dir.path()).await, ["docs.users 42"]);
}

#[tokio::test]
async fn a_stopped_target_gets_nothing_and_the_others_go_on() {
    let dir = sample(60).await;
    move_to_oslo(dir.path(), 42).await;
    deliver(dir.path(), faults(&["stop:graph"])).await;
    assert_eq!(differences(dir.path()).await, ["graph.User 42"]);
    assert_eq!(deliver(dir.path(), Options::default()).await, 1);
    assert_eq!(differences(dir.path()).await, Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_sent_before_its_delay() {
    let dir = sample(60).await;
    let delay = Duration::from_millis(700);
    let options = Options {
        delay: [(Target::Search, delay)].into(),
        ..Options::default()
    };
    let start = Instant::now();
    move_to_oslo(dir.path(), 42).await;
    deliver(dir.path(), options).await;
    assert!(start.elapsed() >= delay);
    assert_eq!(differences(dir.path()).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_worker_that_dies_anywhere_loses_nothing() {
    let dir = sample(100).await;
    change(dir.path(), 400).await;
    for millis in [1, 3, 8, 15, 30] {
        let worker = Worker::start(dir.path(), Options::default())
            .await
            .expect("a worker");
        sleep(Duration::from_millis(millis)).await;
        drop(worker);
    }
    deliver(dir.path(), Options::default()).await;
    assert_eq!(differences(dir.path()).await, Vec::<String>::new());
}

#[tokio::test]
async fn rows_that_were_applied_but_not_marked_are_applied_again_without_harm() {
    let dir = sample(60).await;
    change(dir.path(), 100).await;
    deliver(dir.path(), Options::default()).await;
    let url = format!("sqlite://{}", dir.path().join("shop.db").display());
    let mut shop = sqlx::SqliteConnection::connect(&url)
        .await
        .expect("the shop");
    let forget = "UPDATE outbox SET docs_sent_at = NULL, cache_sent_at = NULL, search_sent_at = NULL, graph_sent_at = NULL";
    sqlx::query(forget)
        .execute(&mut shop)
        .await
        .expect("an update");
    shop.close().await.expect("a closed shop");
    assert!(deliver(dir.path(), Options::default()).await > 400);
    assert_eq!(differences(dir.path()).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_field_is_set_only_to_what_its_column_holds() {
    let dir = sample(60).await;
    for (field, value) in [
        ("points", "many".into()),
        ("shoe", 1.into()),
        ("id", 7.into()),
        ("updated_at", "now".into()),
    ] {
        let value: serde_json::Value = value;
        assert!(
            source::change_user(dir.path(), 42, field, value)
                .await
                .is_err(),
            "{field}"
        );
    }
    assert!(
        source::change_user(dir.path(), 4_200, "city", "Oslo")
            .await
            .is_err()
    );
    assert_eq!(differences(dir.path()).await, Vec::<String>::new());
}
