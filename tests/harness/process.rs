//! What processes cost: processor time and memory, as Linux tells.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// One tick of the kernel's accounting, as Linux counts for programs.
const JIFFY: Duration = Duration::from_millis(10);

/// The most memory that a process held so far, in bytes; `None` where there is no such process.
pub fn memory_peak(pid: u32) -> Option<u64> {
    memory(pid, "VmHWM:")
}

fn memory(pid: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix(name))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1_024)
}

/// The memory that a process holds now, in bytes; `None` where there is no such process.
pub fn memory_now(pid: u32) -> Option<u64> {
    memory(pid, "VmRSS:")
}

/// The processor time of a process and all that it started, those that have ended included.
pub fn cpu_of_tree(root: u32) -> Duration {
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
#[derive(Clone, Copy, Debug)]
pub struct Stat {
    /// `Z` for one that has ended and was not waited for.
    pub state: char,
    parent: u32,
    /// Its own processor time.
    pub own: Duration,
    /// Of children that have ended and were waited for.
    children: Duration,
}

impl Stat {
    /// Of the process `pid`, if there is one.
    pub fn of(pid: u32) -> Option<Self> {
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
