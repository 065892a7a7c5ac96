//! What a loaded sample is: the same bytes every time, complete, and in step.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{differences, sample};
use parallax_samples::model::{Entity, Key};
use parallax_samples::pocket::{self, LoadOptions};
use parallax_samples::source::Source;

const FILES: [&str; 6] = [
    "cache.db",
    "deployment.toml",
    "docs.db",
    "graph.db",
    "search.db",
    "shop.db",
];

fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(dir)
        .expect("a directory")
        .map(|it| it.expect("an entry"));
    let files = entries.map(|it| {
        (
            it.file_name().into_string().expect("a plain name"),
            it.path(),
        )
    });
    files
        .map(|(name, path)| (name, std::fs::read(path).expect("a readable file")))
        .collect()
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes() {
    let (one, other) = (sample(60).await, sample(60).await);
    let (one, other) = (contents(one.path()), contents(other.path()));
    assert_eq!(one.keys().collect::<Vec<_>>(), FILES);
    for file in FILES {
        assert!(one[file] == other[file], "{file} differs");
    }
}

#[tokio::test]
async fn another_seed_gives_another_shop() {
    let dir = sample(60).await;
    let before = contents(dir.path());
    let options = LoadOptions { scale: 60, seed: 2 };
    pocket::load(dir.path(), &options)
        .await
        .expect("a second load");
    let after = contents(dir.path());
    assert_eq!(after.keys().collect::<Vec<_>>(), FILES);
    assert!(before["shop.db"] != after["shop.db"]);
}

#[tokio::test]
async fn a_loaded_sample_is_in_step() {
    for scale in [1, 10, 300] {
        let dir = sample(scale).await;
        assert_eq!(
            differences(dir.path()).await,
            Vec::<String>::new(),
            "scale {scale}"
        );
    }
}

#[tokio::test]
async fn awkward_keys_are_there_and_exact() {
    let dir = sample(300).await;
    let mut source = Source::open(dir.path(), 1).await.expect("a source");
    let keys = [
        Key::User(9_007_199_254_740_993),
        Key::User(i64::MAX),
        Key::Product("it's 5\" {wide}".to_owned()),
        Key::Product("50% off: {x}".to_owned()),
        Key::Order("São Paulo".to_owned(), 17),
    ];
    for key in keys {
        let found = source.get(&key).await.expect("a readable shop");
        assert_eq!(found.as_ref().map(Entity::key), Some(key));
    }
}

#[tokio::test]
async fn a_shop_without_users_is_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let loaded = pocket::load(dir.path(), &LoadOptions { scale: 0, seed: 1 }).await;
    assert!(loaded.is_err_and(|it| it.hint.is_some()));
}

#[test]
fn every_call_can_be_spawned() {
    fn check(_: impl Send) {}
    let dir = Path::new("nowhere");
    check(pocket::load(dir, &LoadOptions::default()));
    check(pocket::inject(dir, 1, 1));
    check(parallax_samples::audit::differences(dir));
    check(parallax_samples::worker::until_idle(
        dir,
        parallax_samples::worker::Options::default(),
    ));
    check(parallax_samples::source::change_user(
        dir, 42, "city", "Oslo",
    ));
    check(parallax_samples::source::delete_user(dir, 42));
}
