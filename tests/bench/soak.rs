//! Checks, traces and statements for long, while changes flow and servers stop and start: no false finding, no leak.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parallax_core::report::{Report, Scope};
use parallax_samples::duo::{self, LoadOptions};
use parallax_samples::servers::{Server, Servers};
use parallax_tests::process::memory_now;
use parallax_tests::{servers, with_secrets_in_files};
use parallax_workbench::{Events, Options, Workbench};
use tempfile::TempDir;

use crate::deployment::release;
use crate::table::{Table, mib};

/// How many users there are.
const SCALE: u32 = 2_000;

/// How often a server is stopped, and for how long.
const TROUBLE: Duration = Duration::from_secs(45);
const OUTAGE: Duration = Duration::from_secs(4);

/// What the soak saw.
#[derive(Debug, Default)]
struct Seen {
    checks: u32,
    unknown: u32,
    in_flight: u64,
    traces: u32,
    failed_traces: u32,
    findings: Vec<String>,
    peaks: Vec<u64>,
}

pub(crate) async fn run(minutes: u64) -> Table {
    let mut redis = servers::private("redis");
    let postgres = servers::private("postgres");
    let folder = TempDir::with_prefix("parallax-soak-").expect("a temporary folder");
    let at = Servers {
        postgres: Server::of(&postgres.server().url),
        redis: Server::of(&redis.server().url),
    };
    duo::load(folder.path(), &LoadOptions::whole(SCALE, 1), &at)
        .await
        .expect("the sample is loaded");
    keep_passwords(&folder, &at);
    let workbench = Workbench::open(&Options {
        deployment: Some(folder.path().join("deployment.toml")),
        config: Some(folder.path().to_owned()),
        ..Options::default()
    });
    workbench.trust().await.expect("the file is trusted");
    let until = Instant::now() + Duration::from_secs(minutes * 60);
    let mut seen = Seen::default();
    let mut trouble = Instant::now() + TROUBLE;
    let mut flow = Flow::start(&folder);
    while Instant::now() < until {
        if Instant::now() > trouble {
            // The workers of the sample end with their server; ours must not.
            flow.stop();
            redis.pause();
            look(&workbench, &mut seen).await;
            tokio::time::sleep(OUTAGE).await;
            redis.resume();
            redis.kill();
            look(&workbench, &mut seen).await;
            redis.start();
            // What the cache held is gone with it: it keeps nothing on disk.
            duo::load(folder.path(), &LoadOptions::whole(SCALE, 1), &at)
                .await
                .expect("the sample is loaded again");
            keep_passwords(&folder, &at);
            flow = Flow::start(&folder);
            trouble = Instant::now() + TROUBLE;
        }
        look(&workbench, &mut seen).await;
    }
    flow.stop();
    workbench.close().await;
    seen.table(minutes)
}

/// The sample's writer and worker.
struct Flow(Vec<std::process::Child>);

impl Flow {
    fn start(folder: &TempDir) -> Self {
        let start = |words: &[&str]| {
            std::process::Command::new(release("parallax-samples"))
                .arg(words[0])
                .arg(folder.path())
                .args(&words[1..])
                .stdout(std::process::Stdio::null())
                .spawn()
                .expect("it starts")
        };
        Self(vec![
            start(&["work", "--delay", "200ms"]),
            start(&["change", "--rate", "300", "--quiet"]),
        ])
    }

    fn stop(&mut self) {
        for mut child in self.0.drain(..) {
            // It may have ended already.
            child.kill().ok();
            child.wait().ok();
        }
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        self.stop();
    }
}

fn keep_passwords(folder: &TempDir, servers: &Servers) {
    let file = folder.path().join("deployment.toml");
    let passwords = [servers.postgres.password(), servers.redis.password()];
    let text = with_secrets_in_files(&file, duo::SECRETS.into_iter().zip(passwords));
    std::fs::write(file, text).expect("the deployment file is written");
}

async fn look(workbench: &Workbench, seen: &mut Seen) {
    let report = check(workbench).await;
    seen.take(&report);
    for key in 1..=20 {
        let trace = workbench.trace("user", &key.to_string(), None).await;
        seen.traces += 1;
        match trace {
            Ok(trace) if trace.verdict.is_drift() => seen.findings.push(trace.sentence),
            Ok(_) => {}
            Err(_) => seen.failed_traces += 1,
        }
    }
    seen.peaks.extend(memory_now(std::process::id()));
}

async fn check(workbench: &Workbench) -> Arc<Report> {
    let check = workbench
        .check(Scope::default(), &Events::ignore())
        .expect("the check begins");
    workbench.checked(check).await.expect("its report")
}

impl Seen {
    fn take(&mut self, report: &Report) {
        let counts = report.counts();
        self.checks += 1;
        self.in_flight += counts.in_flight;
        self.unknown += u32::from(counts.unknown > 0);
        let found = report.findings();
        self.findings.extend(
            found.map(|(entity, it)| {
                format!("{entity} {} in {}: {}", it.key, it.dataset, it.reason)
            }),
        );
    }

    fn table(&self, minutes: u64) -> Table {
        let mut table = Table::new(
            &format!(
                "{minutes} min of checks and traces, 300 changes a second, Redis paused and killed now and then"
            ),
            &[
                "checks",
                "with unknowns",
                "seen in flight",
                "traces",
                "failed traces",
                "false findings",
                "memory early",
                "memory late",
            ],
        );
        let early = self
            .peaks
            .get(self.peaks.len() / 4)
            .copied()
            .unwrap_or_default();
        let late = self.peaks.last().copied().unwrap_or_default();
        table.row(&[
            self.checks.to_string(),
            self.unknown.to_string(),
            self.in_flight.to_string(),
            self.traces.to_string(),
            self.failed_traces.to_string(),
            self.findings.len().to_string(),
            mib(early),
            mib(late),
        ]);
        for finding in self.findings.iter().take(10) {
            table.note(&format!("false: {finding}"));
        }
        table
    }
}
