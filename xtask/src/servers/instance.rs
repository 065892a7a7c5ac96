//! One server on its own folder, ports and password, over all its starts.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::failure::{During, Failure, Result};
use crate::running::{pause, poll};
use crate::servers::account::Account;
use crate::servers::address::Address;
use crate::servers::catalog::{self, Server};
use crate::servers::certificate::Authority;
use crate::servers::process::{Process, answer, detach};
use crate::servers::{file, home, port};
use crate::stage::end_of;

/// From the start of a server to its first answer; the slowest take half a minute where there are few processors.
const READY: Duration = Duration::from_mins(2);
/// A server that ends at once is started again after these: another may have taken its port, or what is left of a run
/// before it may not have ended yet.
const PAUSE_MILLIS: [u64; 4] = [100, 200, 400, 800];
/// From the end of a server to the end of its hold on its ports.
const FREE: Duration = Duration::from_secs(3);
const PREPARE: Duration = Duration::from_mins(2);

/// Holds a password, so it has no `Debug`.
#[derive(Clone)]
pub(crate) struct Instance {
    pub(crate) server: &'static Server,
    /// Its log, and what we note about it.
    folder: PathBuf,
    /// The server's own files; nobody else writes here.
    pub(crate) home: PathBuf,
    /// The certificate of the authority that signed `server.pem`.
    pub(crate) ca: PathBuf,
    pub(crate) password: String,
    ports: BTreeMap<String, u16>,
    account: Option<Account>,
}

impl Instance {
    /// The one that was prepared in `site` before, if its recipe is still the same.
    pub(crate) fn open(server: &'static Server, site: &Path) -> Result<Option<Self>> {
        let folder = site.join(server.name);
        let Ok(text) = fs::read_to_string(folder.join("instance.json")) else {
            return Ok(None);
        };
        let Some(noted) = Noted::parse(&text) else {
            return Ok(None);
        };
        if noted.recipe != server.recipe || !noted.home.is_dir() {
            return Ok(None);
        }
        if noted.needed != passwords_of_needed(server, site)? {
            return Ok(None);
        }
        Ok(Some(Self {
            server,
            folder,
            home: noted.home,
            ca: Authority::in_folder(site.join("tls"))?.certificate(),
            password: noted.password,
            ports: noted.ports,
            account: Account::choose(server.accounts)?,
        }))
    }

    /// A new one, in place of whatever was there.
    pub(crate) fn prepare(server: &'static Server, site: &Path) -> Result<Self> {
        Self::wipe(server.name, site)?;
        let folder = site.join(server.name);
        fs::create_dir_all(&folder).during("make a folder for a server")?;
        File::create(folder.join("log")).during("begin a log")?;
        let account = Account::choose(server.accounts)?;
        let authority = Authority::in_folder(site.join("tls"))?;
        let instance = Self {
            server,
            home: home::make(&folder, account)?,
            ca: authority.certificate(),
            password: password(),
            ports: BTreeMap::new(),
            folder,
            account,
        };
        for path in authority.sign_server(&instance.home)? {
            instance.give(&path)?;
        }
        (server.prepare)(&instance)?;
        instance.note()?;
        Ok(instance)
    }

    /// Removes all that belongs to `name`, which must not run, but for its log.
    pub(crate) fn wipe(name: &str, site: &Path) -> Result<()> {
        let folder = site.join(name);
        let note = folder.join("instance.json");
        let noted = fs::read_to_string(&note).ok();
        let elsewhere = noted.and_then(|text| Some(Noted::parse(&text)?.home));
        for home in elsewhere.into_iter().chain([folder.join("home")]) {
            if home.exists() {
                let what = format_args!("remove {}", home.display());
                fs::remove_dir_all(&home).during(what)?;
            }
        }
        if note.exists() {
            fs::remove_file(note).during("forget a server")?;
        }
        Ok(())
    }

    /// Starts it on the ports that it had before, if they are free, and waits for its first answer.
    pub(crate) fn start(&mut self) -> Result<Address> {
        for millis in PAUSE_MILLIS {
            self.choose_ports()?;
            if let Launch::Ready(address) = self.launch()? {
                return Ok(address);
            }
            pause(Duration::from_millis(millis));
        }
        self.choose_ports()?;
        match self.launch()? {
            Launch::Ready(address) => Ok(address),
            Launch::Ended(failure) => Err(failure),
        }
    }

    /// One that this one needs: it was prepared before in the same site, and runs while this one starts.
    pub(crate) fn needed(&self, name: &str) -> Result<Self> {
        let found = Self::open(catalog::server(name)?, self.site())?;
        found.ok_or_else(|| Failure::new(format!("{name} is not prepared")))
    }

    /// The same, where the accounts are those of a server that this one needs.
    pub(crate) fn with_password_of(&self, name: &str) -> Result<Self> {
        let password = self.needed(name)?.password;
        Ok(Self {
            password,
            ..self.clone()
        })
    }

    fn site(&self) -> &Path {
        self.folder.parent().unwrap_or(&self.folder)
    }

    /// Asks it over its own protocol; its version, if it answers.
    pub(crate) fn version(&self) -> Result<String> {
        (self.server.ready)(self)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// The port with one of the names that the catalog gives.
    pub(crate) fn port(&self, name: &str) -> Result<u16> {
        let port = self.ports.get(name).copied();
        port.ok_or_else(|| Failure::new(format!("{} has no port {name}", self.server.name)))
    }

    /// Runs `command` to its end as the server's account in its home; what it printed.
    pub(crate) fn run(&self, mut command: Command) -> Result<String> {
        command.current_dir(&self.home).env("LC_ALL", "C");
        answer(self.as_account(command), PREPARE)
    }

    /// Writes a file that only the server's account may read.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.home.join(name);
        file::replace(&path, text)?;
        self.give(&path)?;
        Ok(path)
    }

    /// A folder in its home that it may write to.
    pub(crate) fn folder_of_its_own(&self, name: &str) -> Result<PathBuf> {
        let path = self.home.join(name);
        fs::create_dir(&path).during(format_args!("make {}", path.display()))?;
        self.give(&path)?;
        Ok(path)
    }

    fn give(&self, path: &Path) -> Result<()> {
        self.account.map_or(Ok(()), |account| account.own(path))
    }

    fn as_account(&self, command: Command) -> Command {
        match self.account {
            Some(account) => account.wrap(&command),
            None => command,
        }
    }

    fn choose_ports(&mut self) -> Result<()> {
        let mut ports = BTreeMap::new();
        for name in self.server.ports {
            let taken: Vec<u16> = ports.values().copied().collect();
            let before = self.ports.get(*name).copied();
            let port = match before.filter(|port| becomes_free(*port)) {
                Some(port) => port,
                None => port::free(&taken)?,
            };
            ports.insert((*name).to_owned(), port);
        }
        self.ports = ports;
        self.note()
    }

    fn launch(&self) -> Result<Launch> {
        let mut command = (self.server.command)(self)?;
        command.current_dir(&self.home).env("LC_ALL", "C");
        let log = self.log();
        let mut child = detach(&self.as_account(command), &log)?;
        let Some(process) = Process::of(child.id()) else {
            return Ok(Launch::Ended(self.failure("it ended at once")?));
        };
        let mut last = Failure::new("it did not answer");
        let version = poll(READY, || {
            if child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return Some(None);
            }
            let version = self.version().map_err(|failure| last = failure);
            version.ok().map(Some)
        });
        match version {
            Some(Some(version)) => Ok(Launch::Ready(self.address(version, process)?)),
            Some(None) => Ok(Launch::Ended(self.failure("it ended")?)),
            None => {
                process.stop(self.server.stop)?;
                child.wait()?;
                Err(self.failure(&last.to_string())?)
            }
        }
    }

    /// Says why it did not start, with the end of its log.
    fn failure(&self, why: &str) -> Result<Failure> {
        let (name, log) = (self.server.name, self.log());
        let end = end_of(&log)?.join("\n    ");
        let log = log.display();
        Ok(Failure::new(format!(
            "{name} did not start: {why}\nthe end of {log}:\n    {end}"
        )))
    }

    fn address(&self, version: String, process: Process) -> Result<Address> {
        let urls = (self.server.urls)(self)?;
        Ok(Address {
            product: self.server.product.to_owned(),
            version,
            url: urls.plain,
            ca: urls.tls.is_some().then(|| self.ca.clone()),
            tls_url: urls.tls,
            data: self.home.join("data"),
            log: self.log(),
            process,
        })
    }

    fn note(&self) -> Result<()> {
        let text = json!({
            "recipe": self.server.recipe,
            "home": self.home,
            "password": self.password,
            "ports": self.ports,
            "needed": passwords_of_needed(self.server, self.site())?,
        });
        file::replace(&self.folder.join("instance.json"), &format!("{text:#}\n"))
    }
}

/// A server that was killed keeps its ports until the system has taken back its memory.
fn becomes_free(port: u16) -> bool {
    poll(FREE, || port::is_free(port).then_some(())).is_some()
}

/// How a start went on.
enum Launch {
    Ready(Address),
    /// Before its first answer.
    Ended(Failure),
}

/// What is noted about an instance between its starts.
struct Noted {
    recipe: u64,
    home: PathBuf,
    password: String,
    ports: BTreeMap<String, u16>,
    needed: BTreeMap<String, String>,
}

impl Noted {
    fn parse(text: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(text).ok()?;
        let ports = json.get("ports")?.as_object()?.iter().map(|(name, port)| {
            let port = port.as_u64()?.try_into().ok()?;
            Some((name.clone(), port))
        });
        let needed = json.get("needed").and_then(Value::as_object);
        let needed = needed.into_iter().flatten().map(|(name, password)| {
            let password = password.as_str()?.to_owned();
            Some((name.clone(), password))
        });
        Some(Self {
            recipe: json.get("recipe")?.as_u64()?,
            home: json.get("home")?.as_str()?.into(),
            password: json.get("password")?.as_str()?.to_owned(),
            ports: ports.collect::<Option<_>>()?,
            needed: needed.collect::<Option<_>>()?,
        })
    }
}

/// Another password of a server that `server` needs says that its data is no longer what `server` was prepared for.
fn passwords_of_needed(server: &Server, site: &Path) -> Result<BTreeMap<String, String>> {
    let mut passwords = BTreeMap::new();
    for name in server.needs {
        let needed = Instance::open(catalog::server(name)?, site)?;
        passwords.extend(needed.map(|it| ((*name).to_owned(), it.password)));
    }
    Ok(passwords)
}

/// Letters and digits, so that no URL has to quote it.
fn password() -> String {
    let random = || RandomState::new().hash_one(0);
    format!("{:016x}{:016x}", random(), random())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_tells_what_a_server_was_prepared_for() {
        let text = r#"{"recipe": 1, "home": "/home", "password": "own", "ports": {"sql": 20001}, "needed": {"store": "its"}}"#;
        let noted = Noted::parse(text).unwrap();
        assert_eq!(noted.ports["sql"], 20_001);
        assert_eq!(noted.needed["store"], "its");
        let text = r#"{"recipe": 1, "home": "/home", "password": "own", "ports": {}}"#;
        assert!(Noted::parse(text).unwrap().needed.is_empty());
    }

    #[test]
    fn a_broken_note_is_none() {
        assert!(Noted::parse("{}").is_none());
        let text = r#"{"recipe": 1, "home": "/home", "password": "own", "ports": {"sql": 70000}}"#;
        assert!(Noted::parse(text).is_none());
    }
}
