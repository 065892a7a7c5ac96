//! A check while the worker applies a thousand changes a second: no false finding, planted faults found, and in time.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use parallax_tests::servers;
use serde_json::Value;

use crate::deployment::Written;
use crate::measured::{Measured, Output, run};
use crate::table::{Table, mib, seconds};

/// Changes a second that are asked for.
const RATE: u32 = 1_000;

/// How long changes are made.
const LENGTH: Duration = Duration::from_mins(1);

/// How long the worker holds a change back.
const DELAY: &str = "1s";

/// A process that ends with this.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

pub(crate) async fn bench(scale: u64) -> Table {
    let servers = ["postgres", "redis"].map(servers::address);
    let deployment = Written::of_duo(scale, &[], [&servers[0], &servers[1]]);
    plant(&deployment);
    let quiet = check(&deployment);
    let planted = findings(&quiet.1);
    assert!(!planted.is_empty(), "the planted faults are found at rest");

    let _worker = Ending(start(deployment.samples("work").args(["--delay", DELAY])));
    let writer = start(
        deployment
            .samples("change")
            .args(["--rate", &RATE.to_string(), "--quiet", "--for"])
            .arg(format!("{}s", LENGTH.as_secs()))
            .stdout(Stdio::piped()),
    );
    let began = Instant::now();
    let mut runs = Vec::new();
    tokio::time::sleep(Duration::from_secs(3)).await;
    while began.elapsed() < LENGTH {
        runs.push(check(&deployment));
    }
    let told = writer.wait_with_output().expect("the writer ends");
    let told = String::from_utf8_lossy(&told.stdout).trim().to_owned();
    report(scale, &quiet, &runs, &planted, &told)
}

fn start(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).spawn().expect("it starts")
}

fn plant(deployment: &Written) {
    let status = deployment
        .samples("inject")
        .args(["--seed", "1"])
        .stdout(Stdio::null())
        .status();
    assert!(status.expect("it starts").success(), "faults are planted");
}

fn check(deployment: &Written) -> (Measured, Value) {
    let mut command = deployment.parallax();
    command.args(["check", "--json"]);
    let measured = run(&mut command, Output::Kept);
    let report = serde_json::from_slice(&measured.stdout).expect("a report");
    (measured, report)
}

/// Each finding's entity, key, dataset and verdict.
fn findings(report: &Value) -> Vec<String> {
    let text = |it: &Value, name: &str| it[name].as_str().unwrap_or_default().to_owned();
    report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|it| {
            ["entity", "key", "dataset", "verdict"]
                .map(|name| text(it, name))
                .join(" ")
        })
        .collect()
}

fn report(
    scale: u64,
    quiet: &(Measured, Value),
    runs: &[(Measured, Value)],
    planted: &[String],
    told: &str,
) -> Table {
    let mut table = Table::new(
        &format!(
            "{scale} users and their orders, {RATE} changes a second asked for, {DELAY} delay, {} s",
            LENGTH.as_secs()
        ),
        &[
            "run",
            "wall",
            "findings",
            "in flight",
            "of the planted found",
            "false",
            "peak memory",
        ],
    );
    let mut add = |name: &str, (measured, report): &(Measured, Value)| {
        let found = findings(report);
        let expected = found.iter().filter(|it| planted.contains(it)).count();
        let fresh: Vec<&String> = found.iter().filter(|it| !planted.contains(it)).collect();
        for it in &fresh {
            println!("false finding in {name}: {it}");
        }
        table.row(&[
            name.to_owned(),
            seconds(measured.wall),
            found.len().to_string(),
            report["counts"]["in_flight"].to_string(),
            format!("{expected} of {}", planted.len()),
            fresh.len().to_string(),
            mib(measured.peak),
        ]);
    };
    add("at rest", quiet);
    for (at, run) in runs.iter().enumerate() {
        add(&format!("under load, {}", at + 1), run);
    }
    let slowest = runs.iter().map(|it| it.0.wall).max().unwrap_or_default();
    let bound = quiet.0.wall * 2 + Duration::from_secs(10);
    table.note(&format!("the writer says: {told}"));
    table.note(&format!(
        "the slowest run took {}, allowed are 2 × the run at rest + 10 s = {}",
        seconds(slowest),
        seconds(bound)
    ));
    table.note(
        "a planted fault is gone once the writer changes its object, as a repair would make it go",
    );
    table
}
