//! Processes run to their end, and what they cost: wall time, processor time and the most memory they held.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use parallax_tests::process::{Stat, memory_peak};

/// How often a running process is looked at.
const TICK: Duration = Duration::from_millis(5);

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
