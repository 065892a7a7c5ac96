//! The same from the command line: exit codes, JSON and what is said.

use std::process::Stdio;
use std::time::Duration;

use parallax_tests::{Ended, PrivateSample};
use serde_json::Value;

use crate::case::{Hurt, Victim};

#[track_caller]
fn texts<'v>(of: &'v Value, name: &str) -> &'v str {
    of[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name}: {of}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_gone_exits_2_with_all_that_is_known() {
    parallax_tests::parallax();
    for hurt in [Hurt::Killed, Hurt::Paused] {
        let duo = PrivateSample::duo(50, 1).await;
        hurt.act(&duo.copy.signals());
        let ended = Ended::of(duo.parallax(&["--deadline", "1s", "trace", "user", "1", "--json"]));
        let trace = ended.json();
        assert_eq!(
            (ended.code, texts(&trace, "verdict")),
            (2, "unknown"),
            "{trace}"
        );
        for it in trace["observations"].as_array().expect("observations") {
            let expected = match texts(it, "store") {
                "cache" => ("failed", "unknown", true),
                _ => ("found", "agrees", false),
            };
            let is_told = it["error"].is_string() && it["hint"].is_string();
            assert_eq!(
                (texts(it, "state"), texts(it, "verdict"), is_told),
                expected,
                "{it}"
            );
        }
        let ended = Ended::of(duo.parallax(&["--deadline", "1s", "check", "--json"]));
        let report = ended.json();
        assert_eq!(
            (ended.code, &report["counts"]["agrees"]),
            (2, &Value::from(0)),
            "{report}"
        );
        assert_eq!(report["findings"], Value::Array(Vec::new()));
        assert!(report["counts"]["unknown"].as_u64() > Some(0), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_are_cut_off_end_with_an_error_and_exit_2() {
    parallax_tests::parallax();
    let duo = PrivateSample::duo(10, 1).await;
    let statement = "select g, repeat('x', 2000) from generate_series(1, 30000) g
                     where pg_sleep(0.001) is not null";
    let arguments = ["query", Victim::Shop.name(), statement, "--format", "csv"];
    let mut command = duo.parallax(&arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = tokio::task::spawn_blocking(move || Ended::of(command));
    tokio::time::sleep(Duration::from_secs(3)).await;
    Hurt::Killed.act(&duo.shop.signals());
    let ended = running.await.expect("nobody panicked");
    let n_rows = ended.stdout.lines().count();
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!((1..30_000).contains(&n_rows), "{n_rows} rows");
    assert!(
        ended.stderr.contains("could not") && ended.stderr.contains("shop"),
        "{}",
        ended.stderr
    );
}
