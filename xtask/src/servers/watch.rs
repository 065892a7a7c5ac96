//! Servers that must not outlive those who asked for them, however these end.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::failure::{During, Failure, Result};
use crate::running::pause;
use crate::servers::process::{Process, detach};
use crate::servers::site::Site;
use crate::tree::own_program;

const STEP: Duration = Duration::from_millis(500);

/// Leaves a process behind that removes `site` when the process `owner` ends. The last owner named is the one that counts.
pub(crate) fn start(site: &Site, owner: u32) -> Result<()> {
    let owner = Process::of(owner)
        .ok_or_else(|| Failure::usage(format!("there is no process {owner} to wait for")))?;
    if owner_of(site).is_some_and(|it| it == owner) {
        return Ok(());
    }
    let text = format!("{} {}", owner.pid, owner.started);
    fs::write(note(site), text).during("note whose servers these are")?;
    let mut command = Command::new(own_program()?);
    command
        .args(["servers", "watch", "--private"])
        .arg(site.folder());
    detach(&command, &site.folder().join("watch.log")).map(drop)
}

/// `servers watch`, for [`start`] alone.
pub(crate) fn run(site: &Site) -> Result<()> {
    let Some(owner) = owner_of(site) else {
        return Ok(());
    };
    while owner.is_running() {
        pause(STEP);
    }
    // The folder may be gone already, or belong to the next.
    if owner_of(site).is_some_and(|it| it == owner) {
        site.remove()?;
    }
    Ok(())
}

/// Lets the servers of `site` be nobody's: whoever waits has nothing to remove.
pub(crate) fn forget(site: &Site) -> Result<()> {
    let note = note(site);
    if note.exists() {
        fs::remove_file(note).during("forget whose servers these are")?;
    }
    Ok(())
}

fn note(site: &Site) -> PathBuf {
    site.folder().join("owner")
}

fn owner_of(site: &Site) -> Option<Process> {
    let text = fs::read_to_string(note(site)).ok()?;
    let (pid, started) = text.split_once(' ')?;
    Some(Process {
        pid: pid.parse().ok()?,
        started: started.to_owned(),
    })
}
