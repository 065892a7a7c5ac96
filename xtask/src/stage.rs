//! Stages: what a command does, one step after the other.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, PipeReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{During, Failure, Result};
use crate::progress::{Progress, seconds};
use crate::tree::Tree;

const LINES_SHOWN_ON_FAILURE: usize = 60;
/// How long a child's output may stay open after it ended: what it started may still hold the pipe.
const LINGER: Duration = Duration::from_secs(2);

/// The stages done so far, with the time each took.
#[derive(Debug)]
pub(crate) struct Stages {
    logs: PathBuf,
    shown_logs: String,
    started: Instant,
    done: Vec<(String, Duration)>,
    is_silent: bool,
}

/// What a stage's child left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) log: PathBuf,
}

impl Stages {
    pub(crate) fn new(tree: &Tree) -> Result<Self> {
        let logs = tree.own();
        fs::create_dir_all(&logs).during("make the folder for logs")?;
        let shown_logs = tree.shown(&logs);
        Ok(Self {
            logs,
            shown_logs,
            started: Instant::now(),
            done: Vec::new(),
            is_silent: false,
        })
    }

    /// Stages that print nothing, where the output is for programs.
    pub(crate) fn silent(tree: &Tree) -> Result<Self> {
        let stages = Self::new(tree)?;
        Ok(Self {
            is_silent: true,
            ..stages
        })
    }

    /// Runs `command` as the stage `name`; a status other than 0 fails, with the end of the log shown.
    pub(crate) fn run(&mut self, name: &str, what: &str, command: Command) -> Result<Ended> {
        let ended = self.attempt(name, what, command)?;
        if ended.status.success() {
            return Ok(ended);
        }
        Err(Failure::new(format!(
            "    {}\n{name} failed ({}); the whole log is in {}",
            end_of(&ended.log)?.join("\n    "),
            ended.status,
            self.shown(name)
        )))
    }

    /// As [`Stages::run`], but any exit status is an answer.
    pub(crate) fn attempt(
        &mut self,
        name: &str,
        what: &str,
        mut command: Command,
    ) -> Result<Ended> {
        self.announce(name, what);
        let log = self.logs.join(file_name(name));
        let mut progress = Progress::start(self.is_silent);
        let status = follow(&mut command, &log, &mut progress)?;
        self.finish(name, progress.finish());
        Ok(Ended { status, log })
    }

    /// Times work that has no child to follow.
    pub(crate) fn time<T>(
        &mut self,
        name: &str,
        what: &str,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        self.announce(name, what);
        let started = Instant::now();
        let result = work();
        self.finish(name, started.elapsed());
        result
    }

    /// Tells of work that went on beside other work, once it is done.
    pub(crate) fn note(&mut self, name: &str, what: &str, time: Duration) {
        self.announce(name, &format!("{what} after {}", seconds(time)));
        self.finish(name, time);
    }

    pub(crate) fn print_times(&self) {
        let width = self
            .done
            .iter()
            .map(|(name, _)| name.len())
            .max()
            .unwrap_or(0)
            .max(5);
        println!();
        for (name, time) in &self.done {
            println!("  {name:<width$}  {:>9}", seconds(*time));
        }
        println!(
            "  {:<width$}  {:>9}",
            "total",
            seconds(self.started.elapsed())
        );
    }

    /// Says that `name` begins, and what it does.
    pub(crate) fn announce(&self, name: &str, what: &str) {
        if !self.is_silent {
            println!("[{}] {name}: {what}", seconds(self.started.elapsed()));
        }
    }

    fn finish(&mut self, name: &str, time: Duration) {
        self.done.push((name.to_owned(), time));
    }

    fn shown(&self, name: &str) -> String {
        format!("{}/{}", self.shown_logs, file_name(name))
    }
}

fn file_name(stage: &str) -> String {
    format!(
        "{}.log",
        stage.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-")
    )
}

/// Runs `command` to its end, copying all it says into `log`.
fn follow(command: &mut Command, log: &Path, progress: &mut Progress) -> Result<ExitStatus> {
    let (reader, writer) = io::pipe()?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().during(format_args!("start {program}"))?;
    // The command keeps its ends of the pipe open as long as it lives.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let lines = read_lines(reader);
    let mut file = File::create(log)?;
    let mut last_line = String::new();
    let mut ended: Option<(ExitStatus, Instant)> = None;
    loop {
        match lines.recv_timeout(Duration::from_millis(200)) {
            Ok(line) => {
                writeln!(file, "{line}")?;
                last_line = line;
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(child.wait()?),
            Err(RecvTimeoutError::Timeout) if ended.is_none() => {
                ended = child.try_wait()?.map(|status| (status, Instant::now()));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        progress.tick(&last_line);
        if let Some((status, at)) = ended
            && at.elapsed() > LINGER
        {
            return Ok(status);
        }
    }
}

fn read_lines(reader: PipeReader) -> Receiver<String> {
    let (sender, receiver) = mpsc::sync_channel(256);
    thread::spawn(move || send_lines(reader, &sender));
    receiver
}

/// Ends with the pipe, or when nobody listens any more. Bytes that are not UTF-8 are replaced.
fn send_lines(reader: PipeReader, sender: &SyncSender<String>) {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader
        .read_until(b'\n', &mut line)
        .is_ok_and(|n_bytes| n_bytes > 0)
    {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        if sender.send(text).is_err() {
            return;
        }
        line.clear();
    }
}

/// Prints the last lines of a log.
pub(crate) fn print_end_of(log: &Path) -> Result<()> {
    for line in end_of(log)? {
        println!("    {line}");
    }
    Ok(())
}

/// The last lines of a log. Bytes that are not UTF-8 are replaced.
pub(crate) fn end_of(log: &Path) -> Result<Vec<String>> {
    let bytes = fs::read(log).during(format_args!("read {}", log.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    let mut end: Vec<String> = text
        .lines()
        .rev()
        .take(LINES_SHOWN_ON_FAILURE)
        .map(str::to_owned)
        .collect();
    end.reverse();
    Ok(end)
}
