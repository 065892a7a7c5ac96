//! A sample in a temporary directory, and what differs in it.

use std::path::Path;

use parallax_samples::audit;
use parallax_samples::pocket::{self, LoadOptions};
use tempfile::TempDir;

/// Loads a small sample.
pub(crate) async fn sample(scale: u32) -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary directory");
    pocket::load(dir.path(), &LoadOptions { scale, seed: 1 })
        .await
        .expect("a loaded sample");
    dir
}

/// What differs, as `dataset key`, sorted.
pub(crate) async fn differences(dir: &Path) -> Vec<String> {
    let found = audit::differences(dir).await.expect("a readable sample");
    let mut found: Vec<String> = found
        .into_iter()
        .map(|it| format!("{} {}", it.dataset, it.key))
        .collect();
    found.sort();
    found
}
