//! A folder of servers: their data, their logs, and the address file.

use std::fs::{self, File};
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{During, Failure, Result};
use crate::install;
use crate::servers::address::{Address, Book};
use crate::servers::catalog::{SERVERS, Server, chosen, families};
use crate::servers::certificate::Authority;
use crate::servers::instance::Instance;
use crate::servers::{kept, watch};
use crate::stage::Stages;
use crate::tree::Tree;

/// One site serves all who work in the tree; a test that breaks servers has one of its own.
#[derive(Debug)]
pub(crate) struct Site {
    folder: PathBuf,
}

/// How a server does.
pub(crate) enum State {
    /// It answers over its own protocol.
    Up,
    /// It runs, but does not answer.
    Silent(Failure),
    Down,
}

impl Site {
    pub(crate) fn shared(tree: &Tree) -> Result<Self> {
        Self::at(&tree.target.join("servers"))
    }

    pub(crate) fn at(folder: &Path) -> Result<Self> {
        let make = || {
            fs::create_dir_all(folder)?;
            folder.canonicalize()
        };
        let folder = make().during(format_args!("make {}", folder.display()))?;
        Ok(Self { folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn address_file(&self) -> PathBuf {
        self.folder.join("servers.json")
    }

    /// Starts those of `names` (or all) that do not answer, with what they need; the addresses of them all. Those that have
    /// nothing to do with each other start side by side.
    pub(crate) fn up(&self, tree: &Tree, stages: &mut Stages, names: &[String]) -> Result<Book> {
        let servers = chosen(names)?;
        let _lock = self.lock()?;
        let book = Mutex::new(self.book()?);
        let missing: Vec<_> = servers
            .iter()
            .copied()
            .filter(|it| !self.is_up(it, &book))
            .collect();
        if !missing.is_empty() {
            install_for(&missing, tree, stages)?;
            let names: Vec<&str> = missing.iter().map(|it| it.name).collect();
            stages.announce("start", &names.join(", "));
            self.start_side_by_side(&servers, &book, stages)?;
        }
        let mut book = book.into_inner().unwrap_or_else(PoisonError::into_inner);
        book.0
            .retain(|name, _| servers.iter().any(|it| it.name == name));
        Ok(book)
    }

    fn start_side_by_side(
        &self,
        servers: &[&'static Server],
        book: &Mutex<Book>,
        stages: &mut Stages,
    ) -> Result<()> {
        // All have the same, which is made the first time.
        Authority::in_folder(self.folder.join("tls"))?;
        let families = families(servers);
        thread::scope(|scope| {
            let (sender, started) = mpsc::sync_channel(SERVERS.len());
            let start = |family: &Vec<_>| {
                let (family, sender) = (family.clone(), sender.clone());
                scope.spawn(move || self.start_family(&family, book, &sender))
            };
            let threads: Vec<_> = families.iter().map(start).collect();
            drop(sender);
            for (server, time) in started {
                stages.note(server.name, "answers", time);
            }
            threads.into_iter().try_for_each(|thread| {
                let ended = thread.join();
                ended.unwrap_or_else(|panic| panic::resume_unwind(panic))
            })
        })
    }

    /// One after the other, for each needs those before it.
    fn start_family(
        &self,
        family: &[&'static Server],
        book: &Mutex<Book>,
        started: &SyncSender<(&'static Server, Duration)>,
    ) -> Result<()> {
        for &server in family {
            let begin = Instant::now();
            // One whose needed server was made anew must be made anew as well.
            if self.is_up(server, book) {
                continue;
            }
            self.start(server, book)?;
            let told = started.send((server, begin.elapsed()));
            told.during("tell that it answers")?;
        }
        Ok(())
    }

    fn is_up(&self, server: &'static Server, book: &Mutex<Book>) -> bool {
        let address = locked(book).0.get(server.name).cloned();
        matches!(self.state(server, address.as_ref()), State::Up)
    }

    /// Stops those of `names`, or all.
    pub(crate) fn down(&self, names: &[String]) -> Result<Vec<String>> {
        chosen(names)?;
        let _lock = self.lock()?;
        let mut book = self.book()?;
        let mut stopped: Vec<String> = book.0.keys().cloned().collect();
        stopped.retain(|it| names.is_empty() || names.contains(it));
        // Those that need others came after them.
        stopped.sort_by_key(|name| std::cmp::Reverse(place(name)));
        for name in &stopped {
            self.stop(name, &mut book)?;
        }
        Ok(stopped)
    }

    /// Stops everything and removes all but the logs.
    pub(crate) fn clear(&self) -> Result<()> {
        self.down(&[])?;
        for server in SERVERS {
            Instance::wipe(server.name, &self.folder)?;
        }
        watch::forget(self)
    }

    /// Stops everything and removes the folder.
    pub(crate) fn remove(&self) -> Result<()> {
        self.clear()?;
        let what = format_args!("remove {}", self.folder.display());
        fs::remove_dir_all(&self.folder).during(what)
    }

    /// All that should run, and how those of `names` (or all) do.
    pub(crate) fn status(
        &self,
        names: &[String],
    ) -> Result<Vec<(&'static Server, State, Option<Address>)>> {
        let servers = chosen(names)?;
        let book = self.book()?;
        let statuses = servers.into_iter().map(|server| {
            let address = book.0.get(server.name).cloned();
            (server, self.state(server, address.as_ref()), address)
        });
        Ok(statuses.collect())
    }

    fn state(&self, server: &'static Server, address: Option<&Address>) -> State {
        if !address.is_some_and(|it| it.process.is_running()) {
            return State::Down;
        }
        let version = match Instance::open(server, &self.folder) {
            Ok(Some(instance)) => instance.version(),
            Ok(None) => Err(Failure::new("it was prepared by another version")),
            Err(failure) => Err(failure),
        };
        version.map_or_else(State::Silent, |_| State::Up)
    }

    fn start(&self, server: &'static Server, book: &Mutex<Book>) -> Result<()> {
        self.stop(server.name, &mut locked(book))?;
        let mut instance = match Instance::open(server, &self.folder)? {
            Some(instance) => instance,
            None => Instance::prepare(server, &self.folder)?,
        };
        let address = instance.start()?;
        let mut book = locked(book);
        book.0.insert(server.name.to_owned(), address);
        book.write(&self.address_file())
    }

    /// Takes it out of the address file, too.
    fn stop(&self, name: &str, book: &mut Book) -> Result<()> {
        let Some(address) = book.0.get(name) else {
            return Ok(());
        };
        let server = SERVERS.iter().find(|it| it.name == name);
        address.process.stop(server.map_or("TERM", |it| it.stop))?;
        book.0.remove(name);
        book.write(&self.address_file())
    }

    fn book(&self) -> Result<Book> {
        Book::read(&self.address_file())
    }

    /// One at a time may start and stop servers here.
    fn lock(&self) -> Result<File> {
        kept::lock(&self.folder.join("lock"))
    }
}

/// What a thread that panicked left is whole, for each change is one insertion.
fn locked(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

fn place(name: &str) -> Option<usize> {
    SERVERS.iter().position(|it| it.name == name)
}

/// Installs and builds what the servers with these names, or all, need.
pub(crate) fn install(tree: &Tree, stages: &mut Stages, names: &[String]) -> Result<()> {
    install_for(&chosen(names)?, tree, stages)
}

fn install_for(servers: &[&Server], tree: &Tree, stages: &mut Stages) -> Result<()> {
    let packages = servers.iter().flat_map(|it| it.packages);
    install::packages(&packages.collect::<Vec<_>>(), stages)?;
    for build in servers.iter().filter_map(|it| it.build) {
        build(tree, stages)?;
    }
    Ok(())
}
