//! `parallax-samples`: loads a sample, keeps its stores in step, changes it and plants faults, from the command line.

use std::future::Future;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand, ValueEnum};
use parallax_samples::duo::source::{Pace, Writers};
use parallax_samples::duo::{self, Place};
use parallax_samples::ensemble;
use parallax_samples::inject::Truth;
use parallax_samples::model::Target;
use parallax_samples::pocket;
use parallax_samples::servers::{Book, Servers};
use parallax_samples::source::{Change, Source};
use parallax_samples::worker::{self, Fault};
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
    /// Writes a sample's databases and its deployment file into a directory, or into the test servers.
    Load(Loading),
    /// Moves changes from the outbox to the copies, until it is interrupted.
    Work(Working),
    /// Changes objects in the system of record, each with its outbox row, until it is interrupted.
    Change(Changing),
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
        /// Adds to the faults that were planted before, on objects that have none; ensemble only.
        #[arg(long)]
        more: bool,
    },
}

#[derive(clap::Args, Debug)]
struct Loading {
    /// The sample.
    sample: Sample,
    /// Where to; created, and what an earlier load left there is replaced.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// The number of users. In pocket there are SCALE / 5 + 12 products and 2 * SCALE orders, in the others SCALE orders.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    scale: u32,
    /// The same seed and scale give the same contents.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Of duo, loads users alone, and of their copies only the hashes; of ensemble, users alone.
    #[arg(long)]
    users_only: bool,
    /// Of ensemble, the copies that are made, each with the server if not the usual one: crm, docs=mongo-java-server.
    /// Default: all.
    #[arg(long, value_name = "COPY[=SERVER]", value_delimiter = ',')]
    copies: Vec<String>,
}

#[derive(clap::Args, Debug)]
struct Working {
    /// Where the sample was loaded.
    dir: PathBuf,
    /// How old a change must be before it is sent: 200ms, or for one target search=10s. In pocket the first is for every
    /// target; in duo it is for the relay, and consumer=1s holds entries of the stream back. May be repeated.
    #[arg(long, value_name = "[TARGET=]TIME")]
    delay: Vec<String>,
    /// How often changes are looked for. Default: 50ms in pocket, 20ms in duo.
    #[arg(long, value_name = "TIME", value_parser = clock_duration)]
    poll: Option<Duration>,
    /// What goes wrong on the way: drop:ADDRESS (marked sent, never applied), duplicate:ADDRESS (applied twice),
    /// delay=10s:ADDRESS, corrupt=FIELD:ADDRESS (the field arrives altered) or stop:TARGET (nothing is sent).
    /// ADDRESS is TARGET[:AGGREGATE[:KEY]], as in docs:users:42 or, in duo, relay:users:42. May be repeated.
    #[arg(long, value_name = "FAULT")]
    fault: Vec<String>,
    /// Ends as soon as every change has been sent to every target that is not stopped.
    #[arg(long)]
    until_idle: bool,
    /// Ends after this time at the latest.
    #[arg(long = "for", value_name = "TIME", value_parser = clock_duration)]
    limit: Option<Duration>,
}

#[derive(clap::Args, Debug)]
struct Changing {
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
    /// How many writers work side by side in duo; pocket has one.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=32))]
    writers: u32,
    /// Prints only how many changes were made, and how fast.
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sample {
    /// A shop over five SQLite files; needs no server.
    Pocket,
    /// Users and orders in PostgreSQL and Redis; needs both, see `cargo xtask servers up`.
    Duo,
    /// Users and orders in PostgreSQL, and copies in stores of other kinds; needs their servers.
    Ensemble,
}

impl Sample {
    /// The sample that was loaded into a directory, as its deployment file is named; `pocket` where there is none.
    fn of(dir: &Path) -> Self {
        let text = std::fs::read_to_string(dir.join("deployment.toml")).unwrap_or_default();
        let file: toml::Table = text.parse().unwrap_or_default();
        match file.get("name").and_then(toml::Value::as_str) {
            Some("duo") => Self::Duo,
            Some("ensemble") => Self::Ensemble,
            _ => Self::Pocket,
        }
    }
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
        Command::Load(loading) => load(&loading).await,
        Command::Work(working) => match Sample::of(&working.dir) {
            Sample::Pocket => work_pocket(&working).await,
            Sample::Duo => work_duo(&working).await,
            Sample::Ensemble => Err(stands_still()),
        },
        Command::Change(changing) => change(&changing).await,
        Command::Inject {
            dir,
            seed,
            per_verdict,
            more,
        } => {
            let truth = match Sample::of(&dir) {
                Sample::Ensemble if more => ensemble::inject_more(&dir, seed, per_verdict).await?,
                Sample::Pocket | Sample::Duo if more => return Err(planted_once()),
                Sample::Pocket => pocket::inject(&dir, seed, per_verdict).await?,
                Sample::Duo => duo::inject(&dir, seed, per_verdict).await?,
                Sample::Ensemble => ensemble::inject(&dir, seed, per_verdict).await?,
            };
            Ok(planted(&dir, &truth))
        }
    }
}

async fn load(loading: &Loading) -> Result<String> {
    let (name, loaded) = match loading.sample {
        Sample::Pocket => ("pocket", load_pocket(loading).await),
        Sample::Duo => ("duo", load_duo(loading).await),
        Sample::Ensemble => ("ensemble", load_ensemble(loading).await),
    };
    let to = loading.to.display();
    loaded.map_err(|it| it.while_doing(format!("load {name} to {to}")))?;
    Ok(format!(
        "loaded {name} with {} users to {to}",
        loading.scale
    ))
}

async fn load_pocket(loading: &Loading) -> Result<()> {
    if loading.users_only || !loading.copies.is_empty() {
        let why = "pocket is loaded whole";
        return Err(Error::new(why).hint("load it without --users-only and --copies"));
    }
    let options = pocket::LoadOptions {
        scale: loading.scale,
        seed: loading.seed,
    };
    pocket::load(&loading.to, &options).await
}

async fn load_duo(loading: &Loading) -> Result<()> {
    if !loading.copies.is_empty() {
        return Err(Error::new("--copies is for ensemble").hint("load duo without it"));
    }
    let mut options = duo::LoadOptions::whole(loading.scale, loading.seed);
    if loading.users_only {
        options.extent = duo::Extent::UserHashes;
    }
    duo::load(&loading.to, &options, &Servers::find()?).await
}

async fn load_ensemble(loading: &Loading) -> Result<()> {
    let mut options = ensemble::LoadOptions::whole(loading.scale, loading.seed);
    if loading.users_only {
        options.extent = ensemble::Extent::Users;
    }
    if !loading.copies.is_empty() {
        let copies = loading.copies.iter().map(|it| copy(it));
        options.copies = copies.collect::<Result<_>>()?;
        options.copies.sort();
        options.copies.dedup_by_key(|it| it.0);
    }
    ensemble::load(&loading.to, &options, &Book::find()?).await
}

/// A copy, and the server that it is made in.
fn copy(text: &str) -> Result<(ensemble::Target, String)> {
    let (name, server) = match text.split_once('=') {
        Some((name, server)) => (name, Some(server)),
        None => (text, None),
    };
    let target = ensemble::Target::from_name(name)?;
    Ok((target, server.unwrap_or(target.server()).to_owned()))
}

/// Why nothing can be done to a sample that has no worker.
fn stands_still() -> Error {
    Error::new("the copies of ensemble stand still").hint("take duo or pocket, whose changes move")
}

async fn work_pocket(working: &Working) -> Result<String> {
    let mut options = worker::Options {
        faults: faults(&working.fault)?,
        ..worker::Options::default()
    };
    options.poll = working.poll.unwrap_or(options.poll);
    for text in &working.delay {
        let (target, by) = delay(text)?;
        let only = target.map(Target::from_name).transpose()?;
        let targets = Target::ALL.into_iter();
        let targets = targets.filter(|it| only.is_none_or(|only| only == *it));
        options.delay.extend(targets.map(|it| (it, by)));
    }
    let mut worker = worker::Worker::start(&working.dir, options).await?;
    let ending = async {
        if working.until_idle {
            return worker.idle().await;
        }
        worker.failure().await
    };
    within(working.limit, ending).await?;
    let n_sent = worker.stop().await?;
    Ok(format!("sent {n_sent} changes, counted once a target"))
}

async fn work_duo(working: &Working) -> Result<String> {
    let mut options = duo::worker::Options {
        faults: faults(&working.fault)?,
        ..duo::worker::Options::default()
    };
    options.poll = working.poll.unwrap_or(options.poll);
    for text in &working.delay {
        let (step, by) = delay(text)?;
        match step.map(<Place as worker::Place>::from_name).transpose()? {
            None | Some(Place::Relay) => options.relay_delay = by,
            Some(Place::Consumer) => options.consumer_delay = by,
            Some(_) => {
                let why = format!("nothing waits there: {text:?}");
                return Err(Error::new(why).hint("one of relay, consumer"));
            }
        }
    }
    let mut worker = duo::worker::Worker::start(&working.dir, options).await?;
    let ending = async {
        if working.until_idle {
            return worker.idle().await;
        }
        worker.failure().await
    };
    within(working.limit, ending).await?;
    let n_sent = worker.stop().await?;
    Ok(format!("sent {n_sent} changes, counted once a step"))
}

fn faults<P: worker::Place>(texts: &[String]) -> Result<Vec<Fault<P>>> {
    texts.iter().map(|it| it.parse()).collect()
}

/// A delay, of one target where it is named.
fn delay(text: &str) -> Result<(Option<&str>, Duration)> {
    let (target, by) = match text.split_once('=') {
        Some((target, by)) => (Some(target), by),
        None => (None, text),
    };
    Ok((target, clock::duration(by)?))
}

async fn change(changing: &Changing) -> Result<String> {
    let start = Instant::now();
    let n_changes = match Sample::of(&changing.dir) {
        Sample::Pocket => change_pocket(changing).await?,
        Sample::Duo => change_duo(changing).await?,
        Sample::Ensemble => return Err(stands_still()),
    };
    let seconds = start.elapsed().as_secs_f64();
    #[expect(
        clippy::cast_precision_loss,
        reason = "a rate for people; nobody makes 2^53 changes"
    )]
    let rate = n_changes as f64 / seconds;
    Ok(format!(
        "made {n_changes} changes in {seconds:.1} s, {rate:.0} a second"
    ))
}

async fn change_pocket(changing: &Changing) -> Result<u64> {
    let mut source = Source::open(&changing.dir, changing.seed).await?;
    let mut n_changes = 0;
    let making = async {
        let mut ticks = interval(Duration::from_secs_f64(1.0 / changing.rate));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while changing.count.is_none_or(|it| n_changes < it) {
            ticks.tick().await;
            tell(changing, &source.change().await?)?;
            n_changes += 1;
        }
        Ok(())
    };
    within(changing.limit, making).await?;
    source.close().await?;
    Ok(n_changes)
}

async fn change_duo(changing: &Changing) -> Result<u64> {
    let pace = Pace {
        rate: changing.rate,
        count: changing.count,
        seed: changing.seed,
        writers: changing.writers,
    };
    let mut writers = Writers::start(&changing.dir, pace);
    let mut n_changes = 0;
    let making = async {
        while let Some(change) = writers.next().await? {
            tell(changing, &change)?;
            n_changes += 1;
        }
        Ok(())
    };
    within(changing.limit, making).await?;
    Ok(n_changes + writers.stop().await?)
}

fn tell(changing: &Changing, change: &Change) -> Result<()> {
    if changing.quiet {
        return Ok(());
    }
    let Change { op, key, at } = change;
    print(&format!("{at} {op} {} {key}", key.kind().entity()))
}

fn planted_once() -> Error {
    Error::new("faults can be added to a sample of ensemble only")
        .hint("plant them all at once: --per-verdict N")
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

fn clock_duration(text: &str) -> Result<Duration, String> {
    clock::duration(text).map_err(explain)
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
