//! `cargo xtask bench` and `cargo xtask soak`: release builds measured on servers that run for nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{During, Failure, Result};
use crate::install;
use crate::servers::Site;
use crate::stage::Stages;
use crate::tree::{Tree, own_program, tool_cache};

const USAGE: &str = "cargo xtask bench [check|check-sql|check-documents|check-decimals|check-graph|check-search|load|query|trace]… [--scale N] [--keep]\ncargo xtask soak [--minutes N]";

/// What there is to measure, in the order in which all of it is, and the servers that it needs.
const BENCHES: [(&str, &[&str]); 8] = [
    ("check", &["postgres", "redis"]),
    ("check-sql", &["postgres", "mariadb"]),
    (
        "check-documents",
        &["postgres", "ferretdb", "mongo-java-server"],
    ),
    ("check-graph", &["postgres", "neo4j"]),
    ("check-search", &["postgres", "elasticsearch", "opensearch"]),
    ("load", &["postgres", "redis"]),
    ("query", &["postgres", "mariadb", "ferretdb"]),
    ("trace", &["postgres", "redis"]),
];

/// What the soak needs.
const SOAK: [&str; 2] = ["postgres", "redis"];

/// What the peers are or are written with, each with the folder that it brings; kept outside the tree.
const PEER_PACKAGES: [(&str, &str); 7] = [
    ("psycopg2-binary==2.9.10", "psycopg2"),
    ("redis==5.2.1", "redis"),
    ("reladiff==0.6.0", "reladiff"),
    ("mysql-connector-python==26.10.0", "mysql"),
    ("psycopg[binary]==3.3.9", "psycopg"),
    ("PyMySQL==1.2.4", "pymysql"),
    ("pymongo==4.20.0", "pymongo"),
];

/// Measures what is named, else everything; `--keep` writes the tables to docs/bench.md.
pub(crate) fn bench(tree: &Tree, words: &[String]) -> Result<()> {
    let (names, options) = split(words)?;
    let names = if names.is_empty() {
        BENCHES.map(|(name, _)| name.to_owned()).to_vec()
    } else {
        names
    };
    let mut servers = BTreeSet::new();
    for name in &names {
        let found = BENCHES.iter().find(|(it, _)| it == name);
        let unknown = || Failure::usage(format!("there is no benchmark {name:?}\n\n{USAGE}"));
        servers.extend(found.ok_or_else(unknown)?.1);
    }
    measured(tree, servers, |command| {
        let runs = names.iter().map(|name| {
            let mut words = vec![name.clone()];
            words.extend(options.iter().cloned());
            (format!("bench {name}"), words)
        });
        command(runs.collect())
    })
}

/// Checks, traces and statements again and again while changes flow and servers are restarted.
pub(crate) fn soak(tree: &Tree, words: &[String]) -> Result<()> {
    let (names, options) = split(words)?;
    if !names.is_empty() {
        return Err(Failure::usage(USAGE));
    }
    measured(tree, SOAK.into(), |command| {
        let mut words = vec!["soak".to_owned()];
        words.extend(options.iter().cloned());
        command(vec![("soak".to_owned(), words)])
    })
}

/// Names before options; an option takes the word behind it, but for `--keep`.
fn split(words: &[String]) -> Result<(Vec<String>, Vec<String>)> {
    let (mut names, mut options) = (Vec::new(), Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--keep" => options.push(word.clone()),
            "--scale" | "--minutes" => {
                let value = words.next().ok_or_else(|| Failure::usage(USAGE))?;
                options.extend([word.clone(), value.clone()]);
            }
            _ if word.starts_with('-') => return Err(Failure::usage(USAGE)),
            _ => names.push(word.clone()),
        }
    }
    Ok((names, options))
}

type Runs = Vec<(String, Vec<String>)>;

/// Builds, starts servers of its own, and runs the program that measures once for each of the runs.
fn measured(
    tree: &Tree,
    servers: BTreeSet<&str>,
    plan: impl FnOnce(&mut dyn FnMut(Runs) -> Result<()>) -> Result<()>,
) -> Result<()> {
    let mut stages = Stages::new(tree)?;
    stages.run(
        "build",
        "compiles release builds of the command line, the samples and the benchmarks",
        tree.cargo([
            "build",
            "--release",
            "-p",
            "parallax-cli",
            "-p",
            "parallax-samples",
            "-p",
            "parallax-tests",
            "--bins",
        ]),
    )?;
    let python = peers(tree, &mut stages)?;
    let site = Site::at(&tree.own().join("bench"))?;
    let servers: Vec<String> = servers.into_iter().map(str::to_owned).collect();
    site.up(tree, &mut stages, &servers)?;
    let result = plan(&mut |runs| {
        for (name, words) in runs {
            let mut command = Command::new(tree.binary("release", "parallax-bench"));
            command
                .args(&words)
                .env("PARALLAX_SERVERS", site.address_file())
                .env("PARALLAX_XTASK", own_program()?)
                .env("PYTHONPATH", &python)
                .current_dir(&tree.root);
            println!("{name}: {}", words.join(" "));
            let status = command.status().during("start the benchmarks")?;
            if !status.success() {
                return Err(Failure::new(format!("{name} failed")));
            }
        }
        Ok(())
    });
    let stopped = site.clear();
    result.and(stopped)
}

/// The drivers of the peers, fetched once.
fn peers(tree: &Tree, stages: &mut Stages) -> Result<PathBuf> {
    let folder = tool_cache()?.join("peers");
    let is_there = |(_, it): &(&str, &str)| folder.join(it).is_dir();
    if PEER_PACKAGES.iter().all(is_there) {
        return Ok(folder);
    }
    fs::create_dir_all(&folder)?;
    let python = install::program("python3")
        .ok_or_else(|| Failure::usage("python3 is needed for the peers of the benchmarks"))?;
    let mut command = Command::new(python);
    command
        .args(["-m", "pip", "install", "--quiet", "--upgrade", "--target"])
        .arg(&folder)
        .args(PEER_PACKAGES.map(|(package, _)| package))
        .current_dir(&tree.root);
    stages.run(
        "peers",
        "fetches what checks and statements are compared with",
        command,
    )?;
    Ok(folder)
}
