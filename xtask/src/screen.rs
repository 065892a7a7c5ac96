//! A screen that nobody sees, for windows on a machine without one.

use std::env;
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::running::Running;
use crate::tree::Tree;

/// An X server that ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Screen {
    /// Its value for `DISPLAY`.
    pub(crate) display: String,
    _server: Running,
}

impl Screen {
    pub(crate) fn start(tree: &Tree) -> Result<Self> {
        let log = tree.own().join("xvfb.log");
        let mut command = Command::new("Xvfb");
        // It chooses a free number, and tells it once it listens.
        command.args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "1280x800x24",
            "-nolisten",
            "tcp",
        ]);
        let (server, number) = Running::start_and_read_line(&mut command, &log)?;
        if number.is_empty() {
            return Err(Failure::new(format!(
                "Xvfb did not start; see {}",
                tree.shown(&log)
            )));
        }
        Ok(Self {
            display: format!(":{number}"),
            _server: server,
        })
    }
}

/// Whether a person's own screen is there.
pub(crate) fn is_here() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}
