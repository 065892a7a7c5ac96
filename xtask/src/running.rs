//! Children that run beside a command, and end with it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{During, Failure, Result};

/// A child that ends when this is dropped. On Ctrl-C the terminal ends it together with this program.
#[derive(Debug)]
pub(crate) struct Running(Child);

impl Running {
    /// Starts `command` with all that it says going to `log`.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = create(log)?;
        command.stdout(file.try_clone()?);
        Self::spawn(command, file)
    }

    /// Starts `command` and reads the first line that it prints; the rest goes to `log`.
    pub(crate) fn start_and_read_line(command: &mut Command, log: &Path) -> Result<(Self, String)> {
        command.stdout(Stdio::piped());
        let mut running = Self::spawn(command, create(log)?)?;
        let mut line = String::new();
        if let Some(output) = running.0.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        Ok((running, line.trim().to_owned()))
    }

    fn spawn(command: &mut Command, errors: File) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stderr(errors).spawn();
        child.map(Self).during(format_args!("start {program}"))
    }
}

impl Drop for Running {
    /// Asks first, so that it can end what it started itself; after a second it is killed.
    fn drop(&mut self) {
        let ask = format!("kill -TERM {}", self.0.id());
        let asked = Command::new("sh")
            .args(["-c", &ask])
            .stderr(Stdio::null())
            .status();
        if asked.is_ok() {
            poll(Duration::from_secs(1), || self.0.try_wait().ok().flatten());
        }
        // Fails only if it has ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn create(log: &Path) -> Result<File> {
    File::create(log).during(format_args!("write {}", log.display()))
}

/// Asks again and again, at first at once, until there is an answer; `None` after `limit`.
pub(crate) fn poll<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    let mut step = Duration::from_millis(1);
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if started.elapsed() > limit {
            return None;
        }
        pause(step);
        step = (step * 2).min(Duration::from_millis(50));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "what runs beside us has no channel to wait on"
)]
pub(crate) fn pause(time: Duration) {
    thread::sleep(time);
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).during("find a free port")?;
    let address = listener.local_addr().map_err(Failure::from)?;
    Ok(address.port())
}
