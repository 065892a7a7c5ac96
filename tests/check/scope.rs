//! Checks of some keys only.

use std::time::Duration;

use parallax_core::report::{Report, Scope};
use parallax_samples::source;
use parallax_samples::worker::{self, Options};
use parallax_tests::Pocket;

use crate::common::{Sample, check, entities, planted, reported};

/// A stale copy of user 42, changed just now, and a conflict in user 7, whose source is old.
async fn changed_and_corrupted() -> Pocket {
    let sample = Pocket::load(200, 8).await;
    sample.edit_deployment("objective = \"5s\"", "objective = \"1m\"");
    let lose = Options {
        faults: vec!["drop:docs:users:42".parse().expect("a fault")],
        ..Options::default()
    };
    let changed = source::change_user(sample.path(), 42, "email", "new@example.com").await;
    changed.expect("the user changes");
    let worked = worker::until_idle(sample.path(), lose).await;
    worked.expect("the worker ends idle");
    sample.sql("graph.db", "update nodes set properties = json_set(properties, '$.email', 'x@y.example') where json_extract(properties, '$.user_id') = 7").await;
    sample
}

#[tokio::test]
async fn since_compares_what_changed_lately_and_says_what_it_cannot_see() {
    let sample = changed_and_corrupted().await;
    let workbench = sample.workbench();
    let scope = Scope {
        since: Some(Duration::from_hours(1)),
        ..entities(&["user"])
    };
    let lately = check(&workbench, scope).await;
    let all = check(&workbench, entities(&["user"])).await;
    workbench.close().await;
    let keys =
        |it: &Report| -> Vec<String> { it.findings().map(|(_, it)| it.key.to_string()).collect() };
    assert_eq!(
        (keys(&lately), keys(&all)),
        (vec!["42".to_owned()], vec!["7".to_owned(), "42".to_owned()])
    );
    let entity = lately.entities.first().expect("one entity");
    assert!(
        !entity.not_checked.is_empty(),
        "deletions are not seen, and that is said"
    );
    assert!(lately.rerun.ends_with("--since 1h"), "{}", lately.rerun);
}

#[tokio::test]
async fn a_sample_takes_the_same_share_of_keys_every_time_and_finds_what_is_among_them() {
    let (sample, truth) = Sample::planted(9).await;
    let workbench = sample.workbench().await;
    let scope = |share| Scope {
        sample: Some(share),
        ..Scope::default()
    };
    let one = check(&workbench, scope(0.5)).await;
    let other = check(&workbench, scope(0.5)).await;
    let all = check(&workbench, scope(1.0)).await;
    workbench.close().await;
    assert_eq!(reported(&one), reported(&other));
    assert_eq!(one.counts().agrees, other.counts().agrees);
    let found = reported(&one);
    assert!(found.is_subset(&planted(&truth)) && !found.is_empty());
    assert!(found.len() < planted(&truth).len());
    assert_eq!(reported(&all), planted(&truth));
    let copies = |it: &Report| it.counts().agrees * 100 / all.counts().agrees;
    assert!(
        (40..60).contains(&copies(&one)),
        "{} % of the copies",
        copies(&one)
    );
}
