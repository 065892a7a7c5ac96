//! A check of a whole dataset beside the raw scans of both sides, and beside a script as people write it.

use std::process::Command;
use std::time::Duration;

use parallax_tests::servers;
use serde_json::Value;

use crate::deployment::Written;
use crate::measured::{Measured, Output, run};
use crate::pair::{Pair, RUNS, best, note_ratio};
use crate::raw::{Raw, both, copy, hashes};
use crate::table::Table;

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

pub(crate) async fn bench(scale: u64) -> Table {
    let servers = [("PostgreSQL", "postgres"), ("Redis", "redis")]
        .map(|(product, name)| (product, servers::address(name)));
    let [(_, postgres), (_, redis)] = &servers;
    let deployment = Written::of_duo(scale, &["--users-only"], [postgres, redis]);
    let pair = Pair {
        deployment: &deployment,
        from: "shop.public.users",
        to: "cache.user:{id}",
        servers: &servers,
        options: &[],
    };
    let fields = compared_hash_fields(&deployment);
    let mut raws = Vec::new();
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        raws.push(scan_both(&deployment, &fields).await);
        runs.push(pair.check_equal());
    }
    let floor = raws.into_iter().min_by_key(|it| it.0);
    let (floor, from, to) = floor.expect("there are runs");
    let run = best(runs);
    let title = format!(
        "{scale} users, PostgreSQL against hashes in Redis, nothing differs, best of {RUNS}"
    );
    let mut table = pair.table(&title);
    pair.raw_row(&mut table, "COPY BINARY", &from);
    pair.raw_row(&mut table, "SCAN + HMGET", &to);
    pair.row(&mut table, "both raw scans at once", scale * 2, floor, None);
    pair.run_row(&mut table, "`parallax check`", scale * 2, &run);
    if let Some(peer) = script(&deployment, &fields) {
        let name = "a Python script that reads both sides and compares";
        pair.row(&mut table, name, scale * 2, peer.wall, Some(&peer));
    } else {
        table.note("the peer, a Python script, did not run: it needs psycopg2 and redis");
    }
    note_ratio(&mut table, &run, floor);
    table
}

async fn scan_both(deployment: &Written, fields: &[String]) -> (Duration, Raw, Raw) {
    let (shop, cache) = (deployment.url("shop"), deployment.url("cache"));
    let fields = fields.to_vec();
    let copied = async move { copy(&shop, SELECT).await };
    let read = async move {
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        hashes(&cache, "user:*", &fields).await
    };
    both(copied, read).await
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
