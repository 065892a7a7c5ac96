//! `parallax-samples`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use parallax_samples::Result;
use parallax_samples::pocket::{self, LoadOptions};

/// Loads the sample deployments of Parallax, keeps their stores in step, and plants faults.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Writes a sample's databases and its deployment file into a directory.
    Load {
        /// The sample.
        sample: Sample,
        /// Where to; created, and what an earlier load left there is replaced.
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// The number of users; there are SCALE / 5 + 12 products and 2 * SCALE orders.
        #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
        scale: u32,
        /// The seed: the same seed and scale give the same bytes.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sample {
    /// A shop over five SQLite files; needs no server.
    Pocket,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(2),
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Load {
            sample: Sample::Pocket,
            to,
            scale,
            seed,
        } => {
            pocket::load(&to, &LoadOptions { scale, seed }).await?;
            writeln!(std::io::stdout(), "loaded")?;
        }
    }
    Ok(())
}
