//! The command line, its report files, and what it says of bad input.

use std::path::Path;

use parallax_core::error::ErrorKind;
use parallax_core::wire::{CheckId, Reply, ReportFormat, Request};
use parallax_tests::{Ended, Pocket, parallax};
use parallax_workbench::Events;
use serde_json::Value;

use crate::common::{Sample, entities, printed};

#[tokio::test]
async fn a_sample_that_agrees_exits_0_and_says_so_first() {
    parallax();
    let sample = Pocket::load(100, 1).await;
    let ended = sample.parallax(&["check"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.starts_with("All "), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("shop.users → docs.users"),
        "{}",
        ended.stdout
    );
    let one = sample.parallax(&["check", "--entity", "user", "--to", "docs.users", "--json"]);
    let report = one.json();
    assert_eq!((one.code, &report["entity"]), (0, &Value::from("user")));
    assert_eq!(report["counts"]["agrees"], 100);
    let compared = report["compared"].as_object().expect("datasets");
    assert_eq!(
        compared.keys().collect::<Vec<_>>(),
        ["shop.users", "docs.users"]
    );
}

#[test]
fn a_report_file_is_written_in_the_form_that_its_ending_names() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (sample, _) = runtime.block_on(Sample::planted(10));
    parallax();
    let folder = tempfile::tempdir().expect("a folder");
    let paths: Vec<String> = ReportFormat::ALL
        .iter()
        .map(|(ending, _)| {
            folder
                .path()
                .join(format!("r.{ending}"))
                .display()
                .to_string()
        })
        .collect();
    let mut arguments = vec!["check", "--json"];
    arguments.extend(paths.iter().flat_map(|it| ["--report", it.as_str()]));
    let ended = sample.parallax(&arguments);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    let read = |path: &String| std::fs::read_to_string(path).expect("the file is there");
    let starts = ["<!doctype html>", "# ", "{", "entity,", "<?xml"];
    for (path, start) in paths.iter().zip(starts) {
        let text = read(path).to_lowercase();
        assert!(
            text.starts_with(start),
            "{path}: {}",
            text.chars().take(80).collect::<String>()
        );
        assert!(
            ended.stderr.contains(&format!("wrote {path}")),
            "{}",
            ended.stderr
        );
    }
    let json = paths.get(2).expect("five files");
    assert_eq!(read(json), ended.stdout, "the file is what --json prints");
    let left = std::fs::read_dir(folder.path())
        .expect("the folder")
        .count();
    assert_eq!(left, 5, "nothing is left beside them");
}

#[tokio::test]
async fn bad_input_exits_2_and_says_what_to_do_before_anything_runs() {
    parallax();
    let sample = Pocket::load(20, 11).await;
    let missing = sample.path().join("none/r.html").display().to_string();
    let cases: [(&[&str], &str); 8] = [
        (&["--entity", "usr"], "user, product, order"),
        (&["--to", "docs.user"], "docs.users"),
        (&["--to", "shop.users"], "system of record"),
        (&["--from", "docs.users"], "no flow leads from docs.users"),
        (&["--sample", "0"], "such as 5% or 0.05"),
        (&["--report", "r.pdf"], ".html .md .json .csv .xml"),
        (&["--report", &missing], "there is no folder"),
        (&["--resume"], "later version"),
    ];
    for (arguments, said) in cases {
        let ended = sample.parallax(&[&["check"], arguments].concat());
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stdout);
        assert!(
            ended.stderr.contains(said),
            "{arguments:?}: {}",
            ended.stderr
        );
        assert_eq!(ended.stdout, "", "{arguments:?}");
    }
}

#[tokio::test]
async fn the_command_that_a_report_names_does_the_same_again() {
    parallax();
    let (sample, _) = Sample::planted(12).await;
    let arguments = [
        "check",
        "--entity",
        "user",
        "--to",
        "cache.user:{id}",
        "--json",
    ];
    let report = sample.parallax(&arguments).json();
    let rerun = report["rerun"].as_str().expect("a command");
    let rest = rerun
        .strip_prefix("parallax ")
        .unwrap_or_else(|| panic!("{rerun}"));
    let mut shell = std::process::Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("exec \"$0\" {rest} --json"))
        .arg(parallax());
    let again = Ended::of(shell).json();
    assert_eq!(printed(&again), printed(&report));
    assert_eq!(again["scope"], report["scope"]);
}

#[tokio::test]
async fn a_report_of_our_own_name_is_written_beside_others_and_a_check_that_is_unknown_is_told() {
    let sample = Pocket::load(20, 13).await;
    let workbench = sample.workbench();
    let events = Events::ignore();
    let reply = workbench
        .handle(Request::Check(entities(&["product"])), &events)
        .await;
    let Reply::Checking(check) = reply else {
        panic!("{reply:?}");
    };
    workbench.checked(check).await.expect("a report");
    let path = sample.path().join("kept.md");
    let export = |check: CheckId, path: &Path| Request::ExportReport {
        check,
        format: ReportFormat::Markdown,
        path: Some(path.display().to_string()),
    };
    let reply = workbench.handle(export(check, &path), &events).await;
    assert_eq!(
        reply,
        Reply::Written {
            path: path.display().to_string()
        }
    );
    assert!(path.is_file());
    let reply = workbench
        .handle(Request::CheckReport { check }, &events)
        .await;
    assert!(matches!(reply, Reply::Report(it) if it.counts().drifted() == 0));
    let reply = workbench.handle(export(CheckId(99), &path), &events).await;
    assert!(matches!(reply, Reply::Failed(it) if it.kind == ErrorKind::NotFound));
    workbench.close().await;
}
