//! `parallax-samples`: loads a sample, keeps its stores in step, changes it and plants faults, from the command line.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use parallax_samples::model::Target;
use parallax_samples::pocket::{self, LoadOptions, Truth};
use parallax_samples::source::Source;
use parallax_samples::worker::{Fault, Options, Worker};
use parallax_samples::{Error, Result, clock};
use tokio::time::{MissedTickBehavior, interval, sleep};

/// Loads the sample deployments of Parallax, keeps their stores in step, and plants faults.
///
/// Exit: 0 when it is done, 2 when it could not be done or an argument is wrong.
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
        /// The same seed and scale give the same bytes.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Moves changes from the outbox to docs, cache, search and graph, until it is interrupted.
    Work {
        /// Where the sample was loaded.
        dir: PathBuf,
        /// How old a change must be before it is sent: 200ms for every target, or search=10s for one. May be repeated.
        #[arg(long, value_name = "[TARGET=]TIME")]
        delay: Vec<Delay>,
        /// How often the outbox is read.
        #[arg(long, value_name = "TIME", default_value = "50ms", value_parser = clock_duration)]
        poll: Duration,
        /// What goes wrong on the way: drop:ADDRESS (marked sent, never applied), duplicate:ADDRESS (applied twice),
        /// delay=10s:ADDRESS, corrupt=FIELD:ADDRESS (the field arrives altered) or stop:TARGET (nothing is sent).
        /// ADDRESS is TARGET[:AGGREGATE[:KEY]], as in docs:users:42. May be repeated.
        #[arg(long, value_name = "FAULT", value_parser = read_fault)]
        fault: Vec<Fault>,
        /// Ends as soon as every change has been sent to every target that is not stopped.
        #[arg(long)]
        until_idle: bool,
        /// Ends after this time at the latest.
        #[arg(long = "for", value_name = "TIME", value_parser = clock_duration)]
        limit: Option<Duration>,
    },
    /// Changes users, products and orders in the shop, each with its outbox row, until it is interrupted.
    Change {
        /// Where the sample was loaded.
        dir: PathBuf,
        /// How many changes a second, at most.
        #[arg(long, default_value_t = 5.0, value_parser = read_rate)]
        rate: f64,
        /// Ends after this time.
        #[arg(long = "for", value_name = "TIME", value_parser = clock_duration, conflicts_with = "count")]
        limit: Option<Duration>,
        /// Ends after this many changes.
        #[arg(long)]
        count: Option<u64>,
        /// Decides what is changed.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Plants faults of every verdict in every dataset, and writes what was planted to truth.json.
    Inject {
        /// Where the sample was loaded. No worker may be running there.
        dir: PathBuf,
        /// Decides which keys and fields.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many faults of each verdict in each dataset.
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        per_verdict: u32,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sample {
    /// A shop over five SQLite files; needs no server.
    Pocket,
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = run(Arguments::parse().command).await;
    let Err(error) = done.and_then(|it| print(&it)) else {
        return ExitCode::SUCCESS;
    };
    complain(&error);
    ExitCode::from(2)
}

/// Runs one command; returns what to say about it.
async fn run(command: Command) -> Result<String> {
    match command {
        Command::Load {
            sample: Sample::Pocket,
            to,
            scale,
            seed,
        } => load(&to, LoadOptions { scale, seed }).await,
        Command::Work {
            dir,
            delay,
            poll,
            fault,
            until_idle,
            limit,
        } => {
            let delay = delay.iter().flat_map(Delay::by_target).collect();
            let options = Options {
                delay,
                poll,
                faults: fault,
            };
            work(&dir, options, until_idle, limit).await
        }
        Command::Change {
            dir,
            rate,
            limit,
            count,
            seed,
        } => change(&dir, rate, limit, count, seed).await,
        Command::Inject {
            dir,
            seed,
            per_verdict,
        } => Ok(planted(
            &dir,
            &pocket::inject(&dir, seed, per_verdict).await?,
        )),
    }
}

async fn load(to: &Path, options: LoadOptions) -> Result<String> {
    let loading = pocket::load(to, &options).await;
    loading.map_err(|it| it.while_doing(format!("load pocket to {}", to.display())))?;
    Ok(format!(
        "loaded pocket with {} users to {}",
        options.scale,
        to.display()
    ))
}

async fn work(
    dir: &Path,
    options: Options,
    until_idle: bool,
    limit: Option<Duration>,
) -> Result<String> {
    let mut worker = Worker::start(dir, options).await?;
    let ending = async {
        if until_idle {
            return worker.idle().await;
        }
        worker.failure().await
    };
    within(limit, ending).await?;
    Ok(format!(
        "sent {} changes, counted once a target",
        worker.stop().await?
    ))
}

async fn change(
    dir: &Path,
    rate: f64,
    limit: Option<Duration>,
    count: Option<u64>,
    seed: u64,
) -> Result<String> {
    let mut source = Source::open(dir, seed).await?;
    let mut n_changes = 0;
    let changing = async {
        let mut ticks = interval(Duration::from_secs_f64(1.0 / rate));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while count.is_none_or(|it| n_changes < it) {
            ticks.tick().await;
            let change = source.change().await?;
            print(&format!(
                "{} {} {} {}",
                change.at,
                change.op,
                change.key.kind().entity(),
                change.key
            ))?;
            n_changes += 1;
        }
        Ok(())
    };
    within(limit, changing).await?;
    source.close().await?;
    Ok(format!("made {n_changes} changes"))
}

fn planted(dir: &Path, truth: &Truth) -> String {
    let path = dir.join(parallax_samples::inject::TRUTH);
    format!(
        "planted {} faults, listed in {}",
        truth.faults.len(),
        path.display()
    )
}

/// Waits for `ending`, the end of `limit` or an interrupt, whichever is first.
async fn within(limit: Option<Duration>, ending: impl Future<Output = Result<()>>) -> Result<()> {
    let over = async {
        match limit {
            Some(limit) => sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = ending => ended,
        () = over => Ok(()),
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}

fn print(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Says on stderr what failed. Where that cannot be written either, the exit code has to do.
fn complain(error: &Error) {
    let mut stderr = std::io::stderr();
    let hint = error
        .hint
        .as_ref()
        .map(|it| format!("\nhint: {it}"))
        .unwrap_or_default();
    writeln!(stderr, "error: {error}{hint}").unwrap_or_default();
}

/// A delay of one target, or of all.
#[derive(Clone, Copy, Debug)]
struct Delay {
    target: Option<Target>,
    by: Duration,
}

impl Delay {
    fn by_target(&self) -> BTreeMap<Target, Duration> {
        let targets = Target::ALL
            .into_iter()
            .filter(|it| self.target.is_none_or(|only| only == *it));
        targets.map(|it| (it, self.by)).collect()
    }
}

impl FromStr for Delay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (target, by) = match text.split_once('=') {
            Some((target, by)) => (Some(Target::from_name(target).map_err(explain)?), by),
            None => (None, text),
        };
        Ok(Self {
            target,
            by: clock_duration(by)?,
        })
    }
}

fn clock_duration(text: &str) -> Result<Duration, String> {
    clock::duration(text).map_err(explain)
}

fn read_fault(text: &str) -> Result<Fault, String> {
    text.parse().map_err(explain)
}

/// Changes a second: a positive number, at most a million.
fn read_rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|it| format!("{it}"))?;
    let is_sensible = (0.001..=1_000_000.0).contains(&rate);
    is_sensible
        .then_some(rate)
        .ok_or_else(|| "not between 0.001 and 1000000".to_owned())
}

/// An argument's mistake on one line.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn explain(error: Error) -> String {
    let hint = error
        .hint
        .as_ref()
        .map(|it| format!("; {it}"))
        .unwrap_or_default();
    format!("{error}{hint}")
}
