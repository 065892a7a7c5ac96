//! `parallax`: the workbench on the command line, for people, scripts and CI.
//!
//! The contract: one JSON document on stdout with `--json`; exit 1 if anything was found, otherwise 2 if any part could
//! not be answered, otherwise 0.

mod args;
mod commands;
mod outcome;
mod table;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(commands::run(arguments)).into(),
        Err(error) => {
            terminal::warn(&format!("could not start: {error}"));
            ExitCode::from(2)
        }
    }
}
