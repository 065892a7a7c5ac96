//! A check of a whole dataset beside the raw scans of both sides, and beside a script as people write it.

use std::process::Command;
use std::time::Duration;

use parallax_tests::process::cpu_of_tree;
use parallax_tests::servers::{self, Server};
use serde_json::Value;

use crate::deployment::Written;
use crate::measured::{Measured, Output, run};
use crate::raw::{Raw, both};
use crate::table::{Table, mib, rate, seconds};

/// The hash of one user, as its deployment file maps it.
const HASH: [&str; 10] = [
    "name",
    "mail",
    "city",
    "balance_cents",
    "points",
    "tags",
    "born",
    "active",
    "created_ms",
    "updated_at",
];

const SELECT: &str = "select id, name, email, city, balance, points, tags, born, is_active, created_at, updated_at from users";

/// How often each is run; the fastest counts.
const RUNS: usize = 3;

/// One run of `parallax check`, and what the servers worked for it.
struct Run {
    measured: Measured,
    servers: [Duration; 2],
}

pub(crate) async fn bench(scale: u64) -> Table {
    let servers = ["postgres", "redis"].map(servers::address);
    let deployment = Written::of_duo(scale, &["--users-only"], [&servers[0], &servers[1]]);
    let fields = compared_hash_fields(&deployment);
    let mut raws = Vec::new();
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        raws.push(scan_both(&deployment, &fields).await);
        runs.push(check(&deployment, &servers));
    }
    let (floor, copy, hashes) = raws
        .into_iter()
        .min_by_key(|it| it.0)
        .expect("there are runs");
    let best = runs
        .into_iter()
        .min_by_key(|it| it.measured.wall)
        .expect("there are runs");
    let peer = script(&deployment, &fields);
    table(
        scale,
        floor,
        &[("COPY BINARY", copy), ("SCAN + HMGET", hashes)],
        &best,
        peer.as_ref(),
    )
}

async fn scan_both(deployment: &Written, fields: &[String]) -> (Duration, Raw, Raw) {
    both(
        (deployment.url("shop"), SELECT.to_owned()),
        (
            deployment.url("cache"),
            "user:*".to_owned(),
            fields.to_vec(),
        ),
    )
    .await
}

/// The fields that a user's hash has, of those that the mapping compares.
fn compared_hash_fields(deployment: &Written) -> Vec<String> {
    let mut command = deployment.parallax();
    command.args(["describe", "cache.user:{id}", "--json"]);
    let described = run(&mut command, Output::Kept);
    let document: Value = serde_json::from_slice(&described.stdout).expect("JSON");
    let names: Vec<String> = document["fields"]
        .as_array()
        .expect("fields")
        .iter()
        .filter_map(|it| it["name"].as_str())
        .map(str::to_owned)
        .filter(|it| HASH.contains(&it.as_str()))
        .collect();
    assert!(names.len() >= 8, "the hash has too few fields: {names:?}");
    names
}

fn check(deployment: &Written, servers: &[Server; 2]) -> Run {
    let before = servers.each_ref().map(|it| cpu_of_tree(it.pid));
    let mut command = deployment.parallax();
    command.args([
        "check",
        "--from",
        "shop.public.users",
        "--to",
        "cache.user:{id}",
        "--json",
    ]);
    let measured = run(&mut command, Output::Kept);
    let after = servers.each_ref().map(|it| cpu_of_tree(it.pid));
    let report: Value = serde_json::from_slice(&measured.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&measured.stdout)));
    assert_eq!(
        report["counts"]["stale"], 0,
        "the sample is equal everywhere: {}",
        report["counts"]
    );
    assert_eq!(measured.code, Some(0), "{}", report["not_checked"]);
    Run {
        measured,
        servers: [
            after[0].saturating_sub(before[0]),
            after[1].saturating_sub(before[1]),
        ],
    }
}

/// A Python script that reads both sides whole and compares them, where its drivers are installed.
fn script(deployment: &Written, fields: &[String]) -> Option<Measured> {
    let mut command = Command::new("python3");
    command
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/bench/peer.py"))
        .arg(deployment.url("shop"))
        .arg(deployment.url("cache"))
        .arg(SELECT)
        .args(fields);
    let measured = run(&mut command, Output::Kept);
    (measured.code == Some(0)).then_some(measured)
}

fn table(
    scale: u64,
    floor: Duration,
    raws: &[(&str, Raw)],
    best: &Run,
    peer: Option<&Measured>,
) -> Table {
    let mut table = Table::new(
        &format!(
            "{scale} users, PostgreSQL against hashes in Redis, nothing differs, best of {RUNS}"
        ),
        &[
            "what",
            "wall",
            "rows/s",
            "CPU of the client",
            "CPU of PostgreSQL",
            "CPU of Redis",
            "peak memory",
        ],
    );
    let dash = || "–".to_owned();
    for (name, raw) in raws {
        table.row(&[
            format!("raw scan: {name}, {}", mib(raw.bytes)),
            seconds(raw.wall),
            rate(raw.rows, raw.wall),
            dash(),
            dash(),
            dash(),
            dash(),
        ]);
    }
    table.row(&[
        "both raw scans at once".to_owned(),
        seconds(floor),
        rate(scale * 2, floor),
        dash(),
        dash(),
        dash(),
        dash(),
    ]);
    table.row(&[
        "`parallax check`".to_owned(),
        seconds(best.measured.wall),
        rate(scale * 2, best.measured.wall),
        seconds(best.measured.cpu),
        seconds(best.servers[0]),
        seconds(best.servers[1]),
        mib(best.measured.peak),
    ]);
    if let Some(peer) = peer {
        table.row(&[
            "a Python script that reads both sides and compares".to_owned(),
            seconds(peer.wall),
            rate(scale * 2, peer.wall),
            seconds(peer.cpu),
            dash(),
            dash(),
            mib(peer.peak),
        ]);
    } else {
        table.note("the peer, a Python script, did not run: it needs psycopg2 and redis");
    }
    let ratio = best.measured.wall.as_secs_f64() / floor.as_secs_f64();
    table.note(&format!(
        "wall of `parallax check` is {ratio:.2} × both raw scans of the same run"
    ));
    table
}
