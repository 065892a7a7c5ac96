//! `parallax check` of one dataset against another, beside raw scans of both.

use std::time::Duration;

use parallax_tests::process::cpu_of_tree;
use parallax_tests::servers::Server;
use serde_json::Value;

use crate::deployment::Written;
use crate::measured::{Measured, Output, run};
use crate::raw::Raw;
use crate::table::{Table, mib, rate, seconds};

/// How often each is run; the fastest counts.
pub(crate) const RUNS: usize = 3;

/// The two datasets of a check, spelled as in the deployment file, and where they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair<'a> {
    pub(crate) deployment: &'a Written,
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) servers: &'a [(&'a str, Server)],
    /// Options of `parallax` before its command.
    pub(crate) options: &'a [&'a str],
}

/// One run of `parallax check`, and what the servers worked for it.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) measured: Measured,
    pub(crate) report: Value,
    servers: Vec<Duration>,
}

impl Run {
    /// How many findings it has of each verdict.
    pub(crate) fn drifted(&self) -> u64 {
        let verdicts = ["stale", "conflicts", "missing", "orphan", "unknown"];
        let count = |it: &&str| self.report["counts"][*it].as_u64().expect("a count");
        verdicts.iter().map(count).sum()
    }
}

impl Pair<'_> {
    /// Checks once.
    pub(crate) fn check(&self) -> Run {
        let before: Vec<Duration> = self.cpu();
        let mut command = self.deployment.parallax();
        command.args(self.options);
        command.args(["check", "--from", self.from, "--to", self.to, "--json"]);
        let measured = run(&mut command, Output::Kept);
        let servers = self.cpu().into_iter().zip(before);
        let servers = servers.map(|(after, before)| after.saturating_sub(before));
        let text = String::from_utf8_lossy(&measured.stdout);
        let report = serde_json::from_str(&text).unwrap_or_else(|it| panic!("{it}: {text}"));
        Run {
            servers: servers.collect(),
            report,
            measured,
        }
    }

    /// Checks once where nothing differs.
    pub(crate) fn check_equal(&self) -> Run {
        let run = self.check();
        let (counts, not_checked) = (&run.report["counts"], &run.report["not_checked"]);
        assert_eq!(run.drifted(), 0, "equal everywhere: {counts} {not_checked}");
        assert_eq!(run.measured.code, Some(0), "{not_checked}");
        run
    }

    fn cpu(&self) -> Vec<Duration> {
        let servers = self.servers.iter();
        servers.map(|(_, it)| cpu_of_tree(it.pid)).collect()
    }

    /// A table for what is measured of the pair.
    pub(crate) fn table(&self, title: &str) -> Table {
        let cpu: Vec<String> = self
            .servers
            .iter()
            .map(|(name, _)| format!("CPU of {name}"))
            .collect();
        let mut head = vec!["what", "wall", "rows/s", "CPU of the client"];
        head.extend(cpu.iter().map(String::as_str));
        head.push("peak memory");
        Table::new(title, &head)
    }

    /// A raw scan: what it moved, and how fast.
    pub(crate) fn raw_row(&self, table: &mut Table, name: &str, raw: &Raw) {
        let bytes = raw.bytes.map(|it| format!(", {}", mib(it)));
        let name = format!("raw scan: {name}{}", bytes.unwrap_or_default());
        self.row(table, &name, raw.rows, raw.wall, None);
    }

    /// Something that ran so long over so many rows, with what it cost where that was measured.
    pub(crate) fn row(
        &self,
        table: &mut Table,
        name: &str,
        rows: u64,
        wall: Duration,
        client: Option<&Measured>,
    ) {
        self.cells(table, name, rows, wall, (client, &[]));
    }

    /// One run of a check.
    pub(crate) fn run_row(&self, table: &mut Table, name: &str, rows: u64, run: &Run) {
        let cost = (Some(&run.measured), run.servers.as_slice());
        self.cells(table, name, rows, run.measured.wall, cost);
    }

    fn cells(
        &self,
        table: &mut Table,
        name: &str,
        rows: u64,
        wall: Duration,
        (client, servers): (Option<&Measured>, &[Duration]),
    ) {
        let dash = || "–".to_owned();
        let mut cells = vec![name.to_owned(), seconds(wall), rate(rows, wall)];
        cells.push(client.map_or_else(dash, |it| seconds(it.cpu)));
        for at in 0..self.servers.len() {
            cells.push(servers.get(at).map_or_else(dash, |it| seconds(*it)));
        }
        cells.push(client.map_or_else(dash, |it| mib(it.peak)));
        table.row(&cells);
    }
}

/// The fastest of some runs.
pub(crate) fn best(runs: Vec<Run>) -> Run {
    let best = runs.into_iter().min_by_key(|it| it.measured.wall);
    best.expect("there are runs")
}

/// What the issue asks of a check: its wall beside the floor.
pub(crate) fn note_ratio(table: &mut Table, run: &Run, floor: Duration) {
    let ratio = run.measured.wall.as_secs_f64() / floor.as_secs_f64();
    table.note(&format!(
        "wall of `parallax check` is {ratio:.2} × both raw scans of the same run"
    ));
}
