//! The command line as people type it.

mod profiles;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use parallax_core::error::Error;
use parallax_core::name::DatasetId;

pub(crate) use profiles::{AddArguments, ProfilesCommand};

/// Shows every store of a polyglot deployment, how far behind each is, and one entity in all of them.
#[derive(Debug, Parser)]
#[command(name = "parallax", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// The deployment file; without it, `deployment.toml` here or in a folder above.
    #[arg(short = 'd', long = "deployment", value_name = "FILE", global = true)]
    pub(crate) deployment: Option<PathBuf>,
    /// Print one JSON document on stdout.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// How long one call to a store may take, such as 500ms or 2s.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = time, global = true)]
    pub(crate) deadline: Duration,
    /// Use the secrets that this deployment file names, now and until it changes.
    #[arg(long, global = true)]
    pub(crate) trust: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Every store: product, version, models, state, latency, capability.
    Stores,
    /// The datasets of a store, or the declared or sampled shape of one.
    Describe {
        /// STORE or STORE.DATASET, as the deployment file spells it.
        #[arg(value_name = "STORE[.DATASET]")]
        subject: String,
    },
    /// The data-flow graph with the lag on its edges.
    Map {
        /// How to draw it.
        #[arg(long, value_enum, default_value_t = MapFormat::Text)]
        format: MapFormat,
    },
    /// One row an edge: state, time, records, objective, method.
    Lag(LagArguments),
    /// Statements in the stores' own languages, one or several side by side.
    Query(QueryArguments),
    /// One entity in all its representations, field by field.
    Trace {
        /// The entity's name.
        entity: String,
        /// Its key; a composite one is a JSON array such as '["eu",17]'.
        #[arg(allow_hyphen_values = true)]
        key: String,
        /// Find it by this field instead of its key.
        #[arg(long, value_name = "FIELD")]
        by: Option<String>,
    },
    /// Reconciles entities: which copies drifted from their system of record, and what was not checked.
    Check(CheckArguments),
    /// Saved connection profiles.
    #[command(subcommand)]
    Profiles(ProfilesCommand),
    #[command(flatten)]
    Later(Later),
}

/// What the contract promises for later versions.
#[derive(Debug, Subcommand)]
pub(crate) enum Later {
    /// Known mistakes in a deployment (later).
    #[command(hide = true)]
    Doctor(Rest),
    /// Finds flows that are not declared (later).
    #[command(hide = true)]
    Discover(Rest),
    /// Every statement that was sent (later).
    #[command(hide = true)]
    Audit(Rest),
    /// The window over HTTP (later).
    #[command(hide = true)]
    Serve(Rest),
    /// Watches and alerts (later).
    #[command(hide = true)]
    Watch(Rest),
}

impl Later {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Doctor(_) => "doctor",
            Self::Discover(_) => "discover",
            Self::Audit(_) => "audit",
            Self::Serve(_) => "serve",
            Self::Watch(_) => "watch",
        }
    }
}

/// Whatever follows.
#[derive(Args, Debug)]
pub(crate) struct Rest {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _rest: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct LagArguments {
    /// Measure again every two seconds until Ctrl-C.
    #[arg(long)]
    pub(crate) watch: bool,
    /// The history of so long (later).
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) since: Option<Duration>,
}

#[derive(Args, Debug)]
pub(crate) struct CheckArguments {
    /// Only this entity; may be given again. All entities without it.
    #[arg(long = "entity", value_name = "ENTITY")]
    pub(crate) entities: Vec<String>,
    /// Only representations that a flow from this dataset reaches.
    #[arg(long, value_name = "DATASET", value_parser = dataset)]
    pub(crate) from: Option<DatasetId>,
    /// Only this representation.
    #[arg(long, value_name = "DATASET", value_parser = dataset)]
    pub(crate) to: Option<DatasetId>,
    /// Only this share of the keys, such as 5% or 0.05; the same keys every time.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) sample: Option<f64>,
    /// Only what changed at the source within this time, such as 1h.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) since: Option<Duration>,
    /// Write the report there too; its ending picks the form: .html .md .json .csv .xml (JUnit). May be given again.
    #[arg(long = "report", value_name = "FILE")]
    pub(crate) reports: Vec<PathBuf>,
    /// Go on with the check that was stopped last (later).
    #[arg(long)]
    pub(crate) resume: bool,
}

#[derive(Args, Debug)]
pub(crate) struct QueryArguments {
    /// The store.
    #[arg(required_unless_present = "panes")]
    pub(crate) store: Option<String>,
    /// The statement; `-` reads it from stdin.
    #[arg(required_unless_present = "panes", allow_hyphen_values = true)]
    pub(crate) statement: Option<String>,
    /// One of several statements that run side by side.
    #[arg(short = 'q', value_name = "STORE=STATEMENT", conflicts_with = "store")]
    pub(crate) panes: Vec<String>,
    /// A parameter, bound and never pasted; JSON where it parses as JSON, else text.
    #[arg(short = 'p', value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
    /// How to print the rows.
    #[arg(long, value_enum)]
    pub(crate) format: Option<RowFormat>,
    /// Compare the panes' last results with the first pane's; exit 1 if they are not equal.
    #[arg(long)]
    pub(crate) compare: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MapFormat {
    Text,
    Json,
    Mermaid,
    Dot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowFormat {
    Table,
    Json,
    Ndjson,
    Csv,
}

fn time(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|it: jiff::Error| it.to_string())?;
    match Duration::try_from(span) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("it must be longer than nothing, such as 500ms or 2s".to_owned()),
    }
}

fn dataset(text: &str) -> Result<DatasetId, String> {
    text.parse().map_err(|it: Error| it.to_string())
}

/// A share above nothing and at most all: `5%` or `0.05`.
fn share(text: &str) -> Result<f64, String> {
    let (number, whole) = match text.trim().strip_suffix('%') {
        Some(number) => (number.trim_end(), 100.0),
        None => (text.trim(), 1.0),
    };
    let share = number.parse::<f64>().ok().map(|it| it / whole);
    share
        .filter(|it| *it > 0.0 && *it <= 1.0)
        .ok_or_else(|| "it must be above 0 and at most 1, such as 5% or 0.05".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_key_may_begin_with_a_hyphen() {
        let arguments =
            Arguments::try_parse_from(["parallax", "trace", "user", "-5"]).expect("arguments");
        assert!(matches!(arguments.command, Command::Trace { key, .. } if key == "-5"));
    }

    #[test]
    fn a_share_is_a_percentage_or_a_fraction_and_never_nothing() {
        assert_eq!(share("5%"), Ok(0.05));
        assert_eq!(share("0.05"), Ok(0.05));
        assert_eq!(share("100 %"), Ok(1.0));
        for text in ["0", "0%", "101%", "1.01", "-1", "NaN", "inf", "some"] {
            assert!(share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_deadline_of_nothing_is_refused() {
        assert!(time("0s").is_err());
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
    }
}
