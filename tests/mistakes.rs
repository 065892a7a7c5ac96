//! What people are told when they get the command line or the deployment file wrong: what, where, and what next.

use std::process::Command;

use parallax_tests::{Ended, Pocket, parallax};

/// Each is told what is wrong, ends with exit 2 and without a panic.
const BAD_ARGUMENTS: &[(&[&str], &str)] = &[
    (&["trace"], "required"),
    (&["trace", "user"], "required"),
    (&["trace", "usr", "42"], "it declares: user, product, order"),
    (&["trace", "order", "17"], "JSON array"),
    (&["trace", "order", "[\"eu\"]"], "JSON array"),
    (&["trace", "order", "[\"eu\",17"], "JSON array"),
    (&["trace", "user", "no such key"], "no user"),
    (&["trace", "user", "x", "--by", "nothing"], "mapped fields"),
    (
        &["trace", "user", "nobody@nowhere", "--by", "email"],
        "no user has email",
    ),
    (&["describe"], "required"),
    (&["describe", "nowhere"], "it declares"),
    (&["describe", "shop.nothing"], "nothing"),
    (&["describe", "shop."], "empty"),
    (&["describe", "Shop.users"], "lower-case"),
    (&["describe", "shop.\"users"], "quote"),
    (&["map", "--format", "picture"], "possible values"),
    (&["lag", "--since", "soon"], "invalid value"),
    (&["lag", "--since", "1h"], "history"),
    (&["query"], "required"),
    (&["query", "shop"], "required"),
    (&["query", "nowhere", "select 1"], "it declares"),
    (&["query", "shop", "select"], "incomplete input"),
    (
        &["query", "shop", "select * from no_such_table"],
        "no such table",
    ),
    (&["query", "shop", "select {{id}}"], "id"),
    (&["query", "shop", "select 1", "-p", "id"], "NAME=VALUE"),
    (&["query", "shop", "delete from users"], "read-only"),
    (&["query", "-q", "shop"], "STORE=STATEMENT"),
    (
        &[
            "query",
            "-q",
            "shop=select 1",
            "-q",
            "docs=select 1",
            "--format",
            "csv",
        ],
        "one statement",
    ),
    (
        &["query", "shop", "select 1", "--json", "--format", "csv"],
        "contradict",
    ),
    (&["--deadline", "0s", "stores"], "longer than nothing"),
    (&["--deadline", "never", "stores"], "invalid value"),
    (&["doctor"], "later version"),
    (&["serve", "--port", "80"], "later version"),
    (&["frobnicate"], "unrecognized"),
];

#[tokio::test]
async fn bad_arguments_are_told_what_is_wrong_and_exit_2() {
    let sample = Pocket::load(100, 15).await;
    for (arguments, expected) in BAD_ARGUMENTS {
        let ended = sample.parallax(arguments);
        assert_eq!(
            ended.code, 2,
            "{arguments:?}: {}{}",
            ended.stdout, ended.stderr
        );
        assert!(
            ended.stderr.contains(expected),
            "{arguments:?} is told:\n{}",
            ended.stderr
        );
    }
}

/// What stands in a good file, what takes its place, and what the person is told.
const BROKEN_FILES: &[(&str, &str, &str)] = &[
    ("format = 1", "format = 2", "format"),
    ("format = 1", "", "format"),
    (
        "name = \"pocket\"",
        "nmae = \"pocket\"",
        "did you mean \"name\"?",
    ),
    (
        "objective = \"5s\"",
        "objectve = \"5s\"",
        "unknown key \"objectve\", did you mean \"objective\"?",
    ),
    ("objective = \"5s\"", "objective = \"soon\"", "soon"),
    ("objective = \"5s\"", "objective = 5", "must be a string"),
    (
        "via = \"outbox\"",
        "via = \"outbx\"",
        "did you mean \"outbox\"?",
    ),
    (
        "kind = \"outbox\"",
        "kind = \"outbx\"",
        "did you mean \"outbox\"?",
    ),
    (
        "table = \"shop.outbox\"",
        "table = \"shp.outbox\"",
        "did you mean \"shop\"?",
    ),
    ("from = \"shop.users\"", "from = \"shop\"", "store"),
    ("role = \"system-of-record\"", "", "system of record"),
    ("presence = \"optional\"", "presence = \"maybe\"", "maybe"),
    ("[stores.docs]", "[stores.Docs]", "Docs"),
    ("sqlite:docs.db", "sqlite:", "names no place"),
    ("sqlite:docs.db", "nosuch:docs.db", "docs"),
    ("cache.user:{id}", "cache.user:{idd}", "idd"),
    ("cache.user:{id}", "cache.user:{id", "cache.user:{id"),
    (
        "compare = \"casefold\"",
        "compare = \"casefolds\"",
        "did you mean \"casefold\"?",
    ),
    ("as = \"decimal(4)\"", "as = \"decimal\"", "decimal"),
    ("key = \"id\"", "key = \"\"", "key"),
    (
        "key = [\"region\", \"number\"]",
        "key = [\"region\", \"region\"]",
        "region",
    ),
    ("[entities.user]", "[entities.user", "deployment.toml:"),
];

#[tokio::test]
async fn a_broken_deployment_file_is_told_where_and_what_and_exits_2() {
    for (good, bad, expected) in BROKEN_FILES {
        let sample = Pocket::load(100, 16).await;
        sample.edit_deployment(good, bad);
        let ended = sample.parallax(&["stores"]);
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert_eq!(ended.code, 2, "{bad}: {said}");
        assert!(said.contains(expected), "{bad} is told:\n{said}");
    }
}

#[tokio::test]
async fn every_mistake_of_a_file_is_reported_at_once() {
    let sample = Pocket::load(100, 17).await;
    sample.edit_deployment("objective = \"5s\"", "objectve = \"5s\"");
    sample.edit_deployment("presence = \"optional\"", "presence = \"maybe\"");
    let ended = sample.parallax(&["map"]);
    let mistakes = ended
        .stderr
        .lines()
        .filter(|it| it.contains("deployment.toml:"))
        .count();
    assert!(mistakes > 5, "{}", ended.stderr);
}

#[test]
fn a_missing_deployment_file_says_how_to_name_one() {
    let mut command = Command::new(parallax());
    command.args(["-d", "nowhere.toml", "stores"]);
    let ended = Ended::of(command);
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("nowhere.toml") && ended.stderr.contains("-d FILE"),
        "{}",
        ended.stderr
    );
}
