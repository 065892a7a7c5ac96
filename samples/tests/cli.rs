//! The command line: the commands of the sample's README run, and wrong arguments are explained.

use std::path::Path;
use std::process::{Command, Output};

use parallax_samples::{duo, pocket};

fn run(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parallax-samples"));
    // The commands run in a folder from which the servers of this tree cannot be seen.
    if std::env::var_os("PARALLAX_SERVERS").is_none() {
        let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        command.env("PARALLAX_SERVERS", tree.join("target/servers/servers.json"));
    }
    command
        .args(arguments)
        .current_dir(dir)
        .output()
        .expect("a started command")
}

fn run_readme(text: &str, folder: &str) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let commands = text
        .lines()
        .filter_map(|it| it.strip_prefix("parallax-samples "));
    let mut count = 0;
    for command in commands {
        let output = run(dir.path(), &command.split(' ').collect::<Vec<_>>());
        assert!(
            output.status.success(),
            "{command}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        count += 1;
    }
    assert_eq!(count, 4);
    assert!(dir.path().join(folder).join("truth.json").is_file());
}

#[test]
fn the_commands_of_the_readme_of_pocket_run() {
    run_readme(pocket::README, "pocket-data");
}

#[test]
fn the_commands_of_the_readme_of_duo_run() {
    run_readme(duo::README, "duo-data");
}

#[track_caller]
fn check(arguments: &[&str], expected: &str) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let output = run(dir.path(), arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(said.contains(expected), "{arguments:?}: {said}");
}

#[test]
fn wrong_arguments_are_explained() {
    check(&[], "Usage");
    check(&["load", "shop", "--to", "x"], "pocket");
    check(&["load", "pocket"], "--to");
    check(&["load", "pocket", "--to", "x", "--scale", "0"], "--scale");
    check(&["work", "nowhere"], "load the sample first");
    check(
        &["work", "x", "--delay", "shop=1s"],
        "one of docs, cache, search, graph",
    );
    check(&["work", "x", "--delay", "soon"], "write 200ms, 10s or 2m");
    check(&["work", "x", "--fault", "lose:docs"], "write drop:ADDRESS");
    check(&["change", "x", "--rate", "0"], "not between");
    check(
        &["change", "x", "--count", "1", "--for", "1s"],
        "cannot be used with",
    );
    check(&["inject", "nowhere"], "load the sample first");
}

#[test]
fn help_documents_every_command() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let cases = [
        ("load", "--scale"),
        ("work", "--fault"),
        ("change", "--rate"),
        ("inject", "--per-verdict"),
    ];
    for (command, option) in cases {
        let help = run(dir.path(), &[command, "--help"]);
        assert!(help.status.success());
        assert!(
            String::from_utf8_lossy(&help.stdout).contains(option),
            "{command}"
        );
    }
}
