//! Processes run to their end, and what they cost: wall time, processor time and the most memory they held.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How often a running process is looked at.
const TICK: Duration = Duration::from_millis(5);

/// One tick of the kernel's accounting, as Linux counts for programs.
const JIFFY: Duration = Duration::from_millis(10);

/// What one process took.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) code: Option<i32>,
    pub(crate) wall: Duration,
    /// Until the first byte of its output.
    pub(crate) first_byte: Option<Duration>,
    pub(crate) cpu: Duration,
    /// `VmHWM`, in bytes.
    pub(crate) peak: u64,
    /// What it printed, where that was kept.
    pub(crate) stdout: Vec<u8>,
}

/// What becomes of a process's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    Kept,
    /// Read to its end and dropped.
    Dropped,
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command, output: Output) -> Measured {
    let began = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let pid = child.id();
    let mut pipe = child.stdout.take().expect("the output is piped");
    let (first, comes) = mpsc::channel();
    let (end, ends) = mpsc::channel::<()>();
    let reader = thread::spawn(move || {
        // Dropped when the output ends.
        let _end = end;
        read(&mut pipe, output, began, &first)
    });
    let mut peak = 0;
    // A process that has ended keeps its times, but not its memory, until it is waited for.
    let cpu = loop {
        peak = peak.max(memory_peak(pid).unwrap_or(0));
        match Stat::of(pid) {
            Some(stat) if stat.state != 'Z' => match ends.recv_timeout(TICK) {
                Err(RecvTimeoutError::Timeout) => {}
                // The output has ended, and soon the process will.
                _ => thread::yield_now(),
            },
            stat => break stat.map_or(Duration::ZERO, |it| it.own),
        }
    };
    let wall = began.elapsed();
    let status = child.wait().expect("a child can be waited for");
    Measured {
        code: status.code(),
        wall,
        first_byte: comes.try_recv().ok(),
        cpu,
        peak,
        stdout: reader.join().expect("the reader ends"),
    }
}

fn read(
    pipe: &mut impl Read,
    output: Output,
    began: Instant,
    first: &mpsc::Sender<Duration>,
) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut buffer = vec![0; 1 << 18];
    let mut is_first = true;
    loop {
        let count = pipe.read(&mut buffer).unwrap_or(0);
        let Some(bytes) = buffer.get(..count).filter(|it| !it.is_empty()) else {
            return kept;
        };
        if std::mem::take(&mut is_first) {
            // Nobody listens once the process is no longer watched.
            first.send(began.elapsed()).ok();
        }
        if output == Output::Kept {
            kept.extend_from_slice(bytes);
        }
    }
}

/// The most memory that a process held so far, in bytes; `None` where there is no such process.
pub(crate) fn memory_peak(pid: u32) -> Option<u64> {
    memory(pid, "VmHWM:")
}

fn memory(pid: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix(name))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1_024)
}

/// The memory that a process holds now, in bytes; `None` where there is no such process.
pub(crate) fn memory_now(pid: u32) -> Option<u64> {
    memory(pid, "VmRSS:")
}

/// The processor time of a process and all that it started, those that have ended included.
pub(crate) fn cpu_of_tree(root: u32) -> Duration {
    let stats: BTreeMap<u32, Stat> = fs::read_dir("/proc")
        .expect("/proc")
        .flatten()
        .filter_map(|it| it.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, Stat::of(pid)?)))
        .collect();
    let is_below = |mut pid: u32| {
        while pid != root {
            match stats.get(&pid) {
                Some(stat) if stat.parent > 1 => pid = stat.parent,
                _ => return false,
            }
        }
        true
    };
    stats
        .iter()
        .filter(|(pid, _)| is_below(**pid))
        .map(|(_, it)| it.own + it.children)
        .sum()
}

/// What the kernel says of a process.
struct Stat {
    state: char,
    parent: u32,
    own: Duration,
    /// Of children that have ended and were waited for.
    children: Duration,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name stands in parentheses and may hold blanks; what follows it does not.
        let (_, rest) = text.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        let ticks = |at: usize| fields.get(at)?.parse::<u32>().ok();
        Some(Self {
            state: fields.first()?.chars().next()?,
            parent: fields.get(1)?.parse().ok()?,
            own: JIFFY * (ticks(11)? + ticks(12)?),
            children: JIFFY * (ticks(13)? + ticks(14)?),
        })
    }
}
