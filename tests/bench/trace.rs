//! The time to trace one entity, beside asking each store for it by its own client.

use std::process::Command;
use std::time::{Duration, Instant};

use parallax_tests::servers;
use parallax_workbench::{Options, Workbench};

use crate::deployment::Written;
use crate::measured::{Output, run};
use crate::table::{Table, seconds};

const TRACES: usize = 300;

/// How often the peers, which are processes, are started.
const STARTS: usize = 30;

pub(crate) async fn bench(scale: u64) -> Table {
    let servers = ["postgres", "redis"].map(servers::address);
    let deployment = Written::of_duo(scale, &[], [&servers[0], &servers[1]]);
    let mut table = Table::new(
        &format!("one user of {scale} in five representations, PostgreSQL and Redis"),
        &["what", "median", "p95", "max"],
    );
    let traced = in_process(&deployment, scale).await;
    add(&mut table, "a trace, in an open workbench", traced);
    let command = times(STARTS, |at| {
        let mut command = deployment.parallax();
        command.args(["trace", "user", &key(at, scale), "--json"]);
        assert_eq!(
            run(&mut command, Output::Dropped).code,
            Some(0),
            "a trace agrees"
        );
    });
    add(&mut table, "`parallax trace`, from start to exit", command);
    let peers = times(STARTS, |at| by_clients(&deployment, &key(at, scale)));
    add(
        &mut table,
        "psql and redis-cli, one after the other, nothing compared",
        peers,
    );
    table
}

fn key(at: usize, scale: u64) -> String {
    (at as u64 % scale + 1).to_string()
}

async fn in_process(deployment: &Written, scale: u64) -> Vec<Duration> {
    deployment.keep_passwords_in_files();
    let workbench = Workbench::open(&Options {
        deployment: Some(deployment.path()),
        config: Some(deployment.folder().to_owned()),
        ..Options::default()
    });
    workbench.trust().await.expect("the file is trusted");
    let mut taken = Vec::new();
    for at in 0..TRACES {
        let began = Instant::now();
        let trace = workbench.trace("user", &key(at, scale), None).await;
        taken.push(began.elapsed());
        let trace = trace.expect("a trace");
        assert_eq!(trace.verdict.name(), "agrees", "{}", trace.sentence);
    }
    workbench.close().await;
    taken
}

fn times(count: usize, mut once: impl FnMut(usize)) -> Vec<Duration> {
    (0..count)
        .map(|at| {
            let began = Instant::now();
            once(at);
            began.elapsed()
        })
        .collect()
}

/// What a person types to see the same five records.
fn by_clients(deployment: &Written, key: &str) {
    let mut psql = Command::new("psql");
    psql.args(["-X", "-A", "-t", "-d", &deployment.url("shop"), "-c"])
        .arg(format!("select * from users where id = {key}"));
    let mut clients = vec![psql];
    for command in [
        ["HGETALL", "user"],
        ["GET", "profile"],
        ["SMEMBERS", "tags"],
        ["GET", "presence"],
    ] {
        let mut client = Command::new("redis-cli");
        client
            .args([
                "--no-auth-warning",
                "-u",
                &deployment.url("cache"),
                command[0],
            ])
            .arg(format!("{}:{key}", command[1]));
        clients.push(client);
    }
    for mut client in clients {
        assert_eq!(
            run(&mut client, Output::Dropped).code,
            Some(0),
            "{client:?}"
        );
    }
}

fn add(table: &mut Table, name: &str, mut taken: Vec<Duration>) {
    taken.sort_unstable();
    let at = |share: usize| taken[(taken.len() - 1) * share / 100];
    table.row(&[
        name.to_owned(),
        seconds(at(50)),
        seconds(at(95)),
        seconds(at(100)),
    ]);
}
