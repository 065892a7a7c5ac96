//! `cargo xtask servers`: real data servers for tests, as plain processes on the loopback address.
//!
//! They outlive the command. `target/servers/servers.json` says where they are; `down` keeps their data for the next `up`.

mod account;
mod address;
mod catalog;
mod certificate;
mod elastic;
mod elastic_tls;
mod ferretdb;
mod file;
mod go;
mod home;
mod instance;
mod java;
mod kept;
mod mariadb;
mod mariadb_replica;
mod maven;
mod mongo;
mod mongo_java;
mod neo4j;
mod opensearch;
mod port;
mod postgres;
mod postgres_follower;
mod postgres_standby;
mod postgres_subscriber;
mod process;
mod redis;
mod site;
mod watch;

use std::path::PathBuf;

use crate::failure::{Failure, Result};
use crate::servers::address::Book;
use crate::servers::site::State;
use crate::stage::Stages;
use crate::tree::Tree;

pub(crate) use crate::servers::site::{Site, install};
pub(crate) use crate::servers::watch::start as watch;

const USAGE: &str =
    "cargo xtask servers up|down|status [NAME…] [--json] [--private FOLDER [--while PID]] [--wipe]";

/// What was asked for.
#[derive(Debug, Default)]
struct Options {
    names: Vec<String>,
    json: bool,
    wipe: bool,
    /// A site of one's own.
    private: Option<PathBuf>,
    /// Its servers end with this process.
    owner: Option<u32>,
}

impl Options {
    fn parse(words: &[String]) -> Result<Self> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--json" => options.json = true,
                "--wipe" => options.wipe = true,
                "--private" => options.private = Some(words.next().ok_or_else(usage)?.into()),
                "--while" => {
                    let pid = words.next().and_then(|it| it.parse().ok());
                    options.owner = Some(pid.ok_or_else(usage)?);
                }
                _ if word.starts_with('-') => return Err(usage()),
                _ => options.names.push(word.clone()),
            }
        }
        if options.owner.is_some() && options.private.is_none() {
            return Err(Failure::usage(
                "--while is for a site of its own: name its folder with --private",
            ));
        }
        Ok(options)
    }

    fn site(&self, tree: &Tree) -> Result<Site> {
        match &self.private {
            Some(folder) => Site::at(folder),
            None => Site::shared(tree),
        }
    }
}

fn usage() -> Failure {
    Failure::usage(format!("usage: {USAGE}"))
}

pub(crate) fn run(tree: &Tree, words: &[String]) -> Result<()> {
    let (command, words) = words.split_first().ok_or_else(usage)?;
    let options = Options::parse(words)?;
    let site = options.site(tree)?;
    match command.as_str() {
        "up" => up(tree, &site, &options),
        "down" => down(&site, &options),
        "watch" => watch::run(&site),
        "status" => status(&site, &options),
        _ => Err(usage()),
    }
}

fn up(tree: &Tree, site: &Site, options: &Options) -> Result<()> {
    let mut stages = if options.json {
        Stages::silent(tree)?
    } else {
        Stages::new(tree)?
    };
    if let Some(owner) = options.owner {
        watch::start(site, owner)?;
    }
    let book = site.up(tree, &mut stages, &options.names)?;
    if options.json {
        print!("{}", book.to_json());
        return Ok(());
    }
    for (name, address) in &book.0 {
        let (version, url) = (&address.version, address.shown_url());
        println!("{name:<20} {} {version} at {url}", address.product);
    }
    println!("with passwords: {}", tree.shown(&site.address_file()));
    stages.print_times();
    Ok(())
}

fn down(site: &Site, options: &Options) -> Result<()> {
    if options.wipe {
        if !options.names.is_empty() {
            return Err(Failure::usage("--wipe is for all servers; name none"));
        }
        return site.remove();
    }
    let stopped = site.down(&options.names)?;
    if options.json {
        print!("{}", Book::default().to_json());
    } else {
        println!("stopped: {}", stopped.join(", "));
    }
    Ok(())
}

/// Fails if one of those that were asked for does not answer.
fn status(site: &Site, options: &Options) -> Result<()> {
    let statuses = site.status(&options.names)?;
    let is_well = statuses
        .iter()
        .all(|(_, state, _)| matches!(state, State::Up));
    if options.json {
        let up = statuses
            .into_iter()
            .filter(|(_, state, _)| matches!(state, State::Up));
        let entries =
            up.filter_map(|(server, _, address)| Some((server.name.to_owned(), address?)));
        print!("{}", Book(entries.collect()).to_json());
    } else {
        for (server, state, address) in statuses {
            let url = address.map(|it| it.shown_url()).unwrap_or_default();
            let word = match state {
                State::Up => format!("up    {url}"),
                State::Silent(failure) => format!("silent {url} ({failure})"),
                State::Down => "down".to_owned(),
            };
            println!("{:<20} {word}", server.name);
        }
    }
    if is_well {
        Ok(())
    } else {
        Err(Failure::told())
    }
}
