//! Figures, each beside a raw scan or a peer measured in the same run. `cargo xtask bench` builds and starts it.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot run says so by panicking, and prints what it measured"
)]

mod check;
mod copies;
mod deployment;
mod load;
mod measured;
mod pair;
mod query;
mod raw;
mod soak;
mod table;
mod trace;

use std::env;

use crate::table::{Table, keep};

const HELP: &str = "parallax-bench check|check-sql|check-documents|check-decimals|check-graph|check-search|load|query|trace|soak [--scale N] [--minutes N] [--keep]";

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let command = arguments.first().unwrap_or_else(|| panic!("{HELP}"));
    let scale = scale(&arguments);
    let tables: Vec<Table> = match command.as_str() {
        "check" => vec![check::bench(scale.unwrap_or(1_000_000)).await],
        "check-sql" => vec![copies::bench_sql(scale.unwrap_or(1_000_000)).await],
        "check-documents" => vec![copies::bench_documents(scale.unwrap_or(1_000_000)).await],
        "check-decimals" => vec![copies::bench_decimals(scale.unwrap_or(300_000)).await],
        "check-graph" => copies::bench_graph(scale.unwrap_or(300_000)).await,
        "check-search" => copies::bench_search(scale.unwrap_or(300_000)).await,
        "load" => vec![load::bench(scale.unwrap_or(20_000)).await],
        "query" => query::bench(scale.unwrap_or(10_000_000)).await,
        "trace" => vec![trace::bench(scale.unwrap_or(10_000)).await],
        "soak" => vec![soak::run(minutes(&arguments).unwrap_or(10)).await],
        other => panic!("no benchmark {other:?}: {HELP}"),
    };
    for table in &tables {
        println!("{}", table.markdown());
    }
    if arguments.iter().any(|it| it == "--keep") {
        keep(command, &tables);
    }
}

fn scale(arguments: &[String]) -> Option<u64> {
    number(arguments, "--scale")
}

fn minutes(arguments: &[String]) -> Option<u64> {
    number(arguments, "--minutes")
}

fn number(arguments: &[String], option: &str) -> Option<u64> {
    let at = arguments.iter().position(|it| it == option)?;
    let text = arguments.get(at + 1).unwrap_or_else(|| panic!("{HELP}"));
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{text:?} is no number: {HELP}")),
    )
}
