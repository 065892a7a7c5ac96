//! The sample that the demo shows: loaded, with planted faults, and changing while people look.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::failure::{During, Failure, Result};
use crate::running::Running;
use crate::stage::Stages;
use crate::tree::Tree;

/// Should this program be killed, its children still end some day.
const LONGEST: &str = "8h";

/// Two of the four senders are slow, one of them beyond its flows' objective of 5 s, so that there is lag to see.
const SLOW: [&str; 4] = ["--delay", "search=3s", "--delay", "graph=8s"];

/// The pocket sample: five SQLite files, and no server.
#[derive(Debug)]
pub(crate) struct Sample<'a> {
    tree: &'a Tree,
    folder: PathBuf,
}

impl<'a> Sample<'a> {
    /// Starts from nothing, whatever an earlier demo left.
    pub(crate) fn load(tree: &'a Tree, stages: &mut Stages) -> Result<Self> {
        let sample = Self {
            tree,
            folder: tree.target.join("demo/pocket"),
        };
        sample.remove()?;
        fs::create_dir_all(&sample.folder).during("make the folder for the sample")?;
        let mut command = sample.samples("load");
        command
            .arg("pocket")
            .arg("--to")
            .arg(&sample.folder)
            .args(["--scale", "1000", "--seed", "1"]);
        stages.run(
            "load",
            "loads the sample: 1,000 users in five stores",
            command,
        )?;
        let mut command = sample.samples("inject");
        command.arg(&sample.folder).args(["--seed", "1"]);
        stages.run(
            "inject",
            "plants faults in it, and notes them in truth.json",
            command,
        )?;
        Ok(sample)
    }

    pub(crate) fn deployment(&self) -> PathBuf {
        self.folder.join("deployment.toml")
    }

    /// Users, products and orders change now and then, and a worker carries the changes to the other stores.
    pub(crate) fn start_changes(&self) -> Result<[Running; 2]> {
        let start = |name: &str, options: &[&str]| {
            let mut command = self.samples(name);
            command
                .arg(&self.folder)
                .args(options)
                .args(["--for", LONGEST]);
            Running::start(&mut command, &self.tree.own().join(format!("{name}.log")))
        };
        Ok([start("work", &SLOW)?, start("change", &["--rate", "2"])?])
    }

    pub(crate) fn show_on_the_command_line(&self) -> Result<()> {
        self.show(&["stores"])?;
        self.show(&["map"])?;
        self.show(&["trace", "user", &self.stale_user()?])?;
        self.show(&["check", "--entity", "user"])
    }

    pub(crate) fn say_how_to_go_on(&self) {
        let file = self.tree.shown(&self.deployment());
        let program = self.tree.shown(&self.tree.binary("release", "parallax"));
        println!("\nThe sample stays in place. Look at it with: {program} -d {file} lag");
    }

    pub(crate) fn remove(&self) -> Result<()> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).during("remove the sample")?;
        }
        Ok(())
    }

    /// What was found ends `parallax` with 1, which is what a demo of faults is for.
    fn show(&self, arguments: &[&str]) -> Result<()> {
        println!("\n$ parallax {}", arguments.join(" "));
        let mut command = Command::new(self.tree.binary("release", "parallax"));
        command
            .arg("-d")
            .arg(self.deployment())
            .args(arguments)
            .stdin(Stdio::null());
        let status = command.status().during("start parallax")?;
        if matches!(status.code(), Some(0 | 1)) {
            return Ok(());
        }
        Err(Failure::new(format!(
            "`parallax {}` failed ({status})",
            arguments.join(" ")
        )))
    }

    fn samples(&self, what: &str) -> Command {
        let mut command = Command::new(self.tree.binary("release", "parallax-samples"));
        command.arg(what);
        command
    }

    /// The key of a user whom some copy shows as he was.
    fn stale_user(&self) -> Result<String> {
        let truth = read_json(&self.folder.join("truth.json"))?;
        stale_key(&truth, "user").ok_or_else(|| Failure::new("truth.json names no stale user"))
    }
}

fn read_json(file: &Path) -> Result<Value> {
    let text = fs::read_to_string(file).during(format_args!("read {}", file.display()))?;
    serde_json::from_str(&text).during(format_args!("read {}", file.display()))
}

/// The first planted fault of `entity` that leaves a copy stale.
fn stale_key(truth: &Value, entity: &str) -> Option<String> {
    let faults = truth.get("faults")?.as_array()?;
    let stale = faults
        .iter()
        .find(|it| it["entity"] == entity && it["verdict"] == "stale")?;
    Some(stale.get("key")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_copy_of_the_asked_entity_is_found() {
        let truth = serde_json::json!({ "faults": [
            { "entity": "user", "key": "7", "verdict": "missing" },
            { "entity": "order", "key": "8", "verdict": "stale" },
            { "entity": "user", "key": "9", "verdict": "stale" },
        ] });
        assert_eq!(stale_key(&truth, "user").as_deref(), Some("9"));
    }
}
