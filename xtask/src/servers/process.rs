//! Processes that outlive this program: started apart from it, known again later, and stopped.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::failure::{During, Failure, Result};
use crate::install::program;
use crate::running::poll;

/// How long a server may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(10);
/// How long the system may take to end a killed process.
const END: Duration = Duration::from_secs(5);

/// One run of one process: a number alone may by now belong to another.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// When it began, in the system's own words.
    pub(crate) started: String,
}

impl Process {
    /// The process that has this number now.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        beginning(pid).map(|started| Self { pid, started })
    }

    pub(crate) fn is_running(&self) -> bool {
        Self::of(self.pid).is_some_and(|it| it == *self)
    }

    /// Asks it to end with `signal` (`TERM`, `INT`), and kills it if it does not. Fails if it runs even then.
    pub(crate) fn stop(&self, signal: &str) -> Result<()> {
        if !self.is_running() {
            return Ok(());
        }
        // One that was paused takes the first signal only once it goes on.
        self.signal(signal)?;
        self.signal("CONT")?;
        self.signal_group("CONT")?;
        if self.ends_within(GRACE) {
            return Ok(());
        }
        self.signal_group("KILL")?;
        self.signal("KILL")?;
        if self.ends_within(END) {
            return Ok(());
        }
        let pid = self.pid;
        Err(Failure::new(format!("process {pid} could not be killed")))
    }

    fn ends_within(&self, limit: Duration) -> bool {
        poll(limit, || (!self.is_running()).then_some(())).is_some()
    }

    /// Those that it started, if it began a group: they may be paused as well, or live on without it.
    fn signal_group(&self, name: &str) -> Result<()> {
        let send = format!("kill -{name} -{}", self.pid);
        let mut kill = Command::new("sh");
        kill.args(["-c", &send]).stderr(Stdio::null());
        // Without such a group it fails.
        kill.status().map(drop).during("run sh")
    }

    /// One that has just ended needs no signal.
    fn signal(&self, name: &str) -> Result<()> {
        let send = format!("kill -{name} {}", self.pid);
        let status = Command::new("sh")
            .args(["-c", &send])
            .stderr(Stdio::null())
            .status()
            .during("run sh")?;
        if status.success() || !self.is_running() {
            return Ok(());
        }
        Err(Failure::new(format!("`{send}` failed; whose is it?")))
    }
}

/// `None` once it has ended, even if nobody has asked yet how.
fn beginning(pid: u32) -> Option<String> {
    if Path::new("/proc/self/stat").exists() {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let ticks = ticks_of(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
        return Some(format!("{ticks}@{}", boot.trim()));
    }
    let mut ps = Command::new("ps");
    ps.args(["-o", "stat=,lstart=", "-p", &pid.to_string()]);
    let text = String::from_utf8(ps.output().ok()?.stdout).ok()?;
    let (state, started) = text.trim().split_once(' ')?;
    (!state.starts_with('Z')).then(|| started.trim().to_owned())
}

/// The 22nd number of Linux' `stat`; the name before it may hold spaces and parentheses.
fn ticks_of(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

/// Starts `command` in a session of its own, with all that it says added to `log`: it outlives us and our terminal.
pub(crate) fn detach(command: &Command, log: &Path) -> Result<Child> {
    let file = OpenOptions::new().create(true).append(true).open(log);
    let file = file.during(format_args!("write {}", log.display()))?;
    let mut apart = match program("setsid") {
        // It becomes the command, and keeps the number of the process.
        Some(setsid) => wrapped(Command::new(setsid), command),
        None => in_own_group(wrapped(Command::new("nohup"), command)),
    };
    apart.stdin(Stdio::null()).stdout(file.try_clone()?);
    apart.stderr(file);
    let name = command.get_program().to_string_lossy();
    apart.spawn().during(format_args!("start {name}"))
}

#[cfg(unix)]
fn in_own_group(mut command: Command) -> Command {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
    command
}

#[cfg(not(unix))]
fn in_own_group(command: Command) -> Command {
    command
}

/// `outer`, which is to run `command` with its variables in its folder.
pub(crate) fn wrapped(mut outer: Command, command: &Command) -> Command {
    outer.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        outer.current_dir(folder);
    }
    outer
}

/// What `command` prints, if it ends well within `limit`; it should print little.
pub(crate) fn answer(mut command: Command, limit: Duration) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .during(format_args!("start {name}"))?;
    if poll(limit, || child.try_wait().ok().flatten()).is_none() {
        child.kill()?;
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("{name} failed: {}", said.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> Child {
        Command::new("sleep").arg("60").spawn().unwrap()
    }

    #[test]
    fn a_process_is_known_by_number_and_beginning() {
        let own = Process::of(std::process::id()).unwrap();
        assert!(own.is_running());
        let started = "before all time".to_owned();
        assert!(!Process { started, ..own }.is_running());
    }

    #[test]
    fn a_process_that_ended_is_not_running_even_before_it_is_collected() {
        let mut child = sleeper();
        let process = Process::of(child.id()).unwrap();
        process.stop("TERM").unwrap();
        assert!(!process.is_running());
        child.wait().unwrap();
    }

    #[test]
    fn a_stranger_with_the_same_number_gets_no_signal() {
        let mut child = sleeper();
        let mut process = Process::of(child.id()).unwrap();
        process.started.push('0');
        process.stop("TERM").unwrap();
        assert!(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_paused_process_can_be_stopped() {
        let mut child = sleeper();
        let process = Process::of(child.id()).unwrap();
        process.signal("STOP").unwrap();
        process.stop("TERM").unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn what_a_process_started_is_killed_with_it() {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' TERM; sleep 60 & echo $!; wait"]);
        let log = std::env::temp_dir().join(format!("parallax-group-{}", std::process::id()));
        let mut child = detach(&command, &log).unwrap();
        let inner = poll(END, || {
            let text = fs::read_to_string(&log).ok()?;
            Process::of(text.trim().parse().ok()?)
        });
        let inner = inner.unwrap();
        let process = Process::of(child.id()).unwrap();
        inner.signal("STOP").unwrap();
        process.signal_group("CONT").unwrap();
        process.signal_group("KILL").unwrap();
        child.wait().unwrap();
        assert!(inner.ends_within(END));
        fs::remove_file(log).unwrap();
    }

    #[test]
    fn the_name_of_a_process_may_hold_anything() {
        let rest = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        assert_eq!(ticks_of(&format!("7 (a) S (b) S {rest}")), Some(4711));
        assert_eq!(ticks_of(&format!("7 (a) Z {rest}")), None);
    }

    #[test]
    fn an_answer_that_takes_too_long_is_a_failure() {
        let mut command = Command::new("sleep");
        command.arg("60");
        assert!(answer(command, Duration::from_millis(100)).is_err());
    }
}
