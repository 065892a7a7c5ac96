//! One pair: the system of record and one copy, from its sketch to its verdicts.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::key::{self, Held, KeyLanes};
use super::sketch::{Decoded, Filter, Load, Slice};
use crate::report::{Counts, Finding};
use crate::trace::{Found, Verdict};
use crate::value::Key;

/// The key space is divided into two to the power of so many slices at first.
const FIRST_BITS: u32 = 6;
/// The most bits of a slice: beyond, the table of slices would outgrow the cells.
const MAX_BITS: u32 = 21;
/// The most cells of all sketches of one pass after the first: 128 MiB.
pub(super) const PASS_CELLS: u32 = 1 << 21;
/// How often a slice is scanned before it is given up.
const MAX_TRIES: u32 = 6;

/// What is known of one pair.
#[derive(Debug)]
pub(super) struct Pair {
    /// The copy, by its index in the entity.
    pub(super) target: usize,
    /// Whether the copy may lack records.
    pub(super) is_optional: bool,
    /// What is still to be scanned.
    pub(super) open: Vec<Open>,
    /// The keys of an optional copy, once it was scanned.
    pub(super) filter: Option<Arc<Filter>>,
    /// The differences that were decoded.
    pub(super) tallies: BTreeMap<KeyLanes, Tally>,
    /// The candidates, in the order of their keys.
    pub(super) items: Vec<Item>,
    pub(super) scans: u32,
    pub(super) cells: u64,
    /// Records of the source that are in scope, as scanned first.
    pub(super) source_rows: u64,
    /// The same of the copy.
    pub(super) copy_rows: u64,
    /// Records of the copy that could not be decoded.
    pub(super) unreadable: u64,
    /// Records of the source that nothing is known of.
    pub(super) unknown: u64,
    /// The verdicts of candidates.
    pub(super) counts: Counts,
    pub(super) findings: Vec<Finding>,
    /// The first of the candidates that a read could not judge, by its place, and why.
    pub(super) unjudged: Option<(usize, String)>,
    /// Why candidates were not read to the end.
    pub(super) why_unread: Option<String>,
    /// Why scans were given up: of all its records, or of those that are `unknown`.
    pub(super) failure: Option<String>,
}

/// A slice that is still to be scanned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub(super) slice: Slice,
    tries: u32,
    /// Records of the source in it, as far as it was scanned.
    pub(super) rows: u64,
}

/// How often the rows of one key were left over on each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) source: u64,
    pub(super) copy: u64,
}

/// One candidate.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) key: Key,
    pub(super) lanes: KeyLanes,
    pub(super) tally: Tally,
    /// When it was first read and differed.
    pub(super) first_seen: Option<Timestamp>,
    pub(super) reads: u32,
    /// How often the source moved while it was read.
    pub(super) unsettled: u32,
    /// How often it was put off for its age.
    pub(super) waits: u32,
    /// When it is to be read again, while it waits.
    pub(super) due: Option<Timestamp>,
    /// Its final verdict.
    pub(super) verdict: Option<Verdict>,
    /// What the last read found in the source and in the copy.
    pub(super) found: [Found; 2],
}

impl Pair {
    /// A pair of which nothing is known yet: all slices of its key space are open, each with its share of the cells.
    pub(super) fn new(target: usize, is_optional: bool, cells: usize) -> Self {
        let slices = 1 << FIRST_BITS;
        let cells = u32::try_from(cells).unwrap_or(PASS_CELLS).min(PASS_CELLS) / slices;
        let slice = |prefix| Slice {
            bits: FIRST_BITS,
            prefix,
            cells,
        };
        let open = |prefix| Open {
            slice: slice(prefix),
            tries: 0,
            rows: 0,
        };
        Self {
            target,
            is_optional,
            open: (0..slices).map(open).collect(),
            filter: None,
            tallies: BTreeMap::new(),
            items: Vec::new(),
            scans: 0,
            cells: 0,
            source_rows: 0,
            copy_rows: 0,
            unreadable: 0,
            unknown: 0,
            counts: Counts::default(),
            findings: Vec::new(),
            unjudged: None,
            why_unread: None,
            failure: None,
        }
    }

    /// Takes what a slice held, or notes that it has to be scanned again with more cells; how it was scanned is `open`.
    pub(super) fn take(&mut self, decoded: Decoded, open: Open, was_filtered: bool) {
        let [rows, _] = decoded.rows;
        let rows = if open.tries == 0 { rows } else { open.rows };
        let open = Open { rows, ..open };
        match decoded.content {
            Ok(symbols)
                if symbols
                    .iter()
                    .all(|(key, _)| key::held(key) != Held::Nothing) =>
            {
                for (key, times) in symbols {
                    self.tallies.entry(key).or_default().add(times);
                }
            }
            Ok(symbols) => self.reopen(open, symbols.len() as u64),
            Err(load) => {
                let expected = self.expected(load, rows, was_filtered);
                self.reopen(open, expected);
            }
        }
    }

    /// About how many symbols there will be, once records that an optional copy lacks are left out.
    fn expected(&self, load: Load, rows: u64, was_filtered: bool) -> u64 {
        let lacking = u64::try_from(load.surplus).unwrap_or(0);
        if was_filtered || !self.is_optional {
            return load.symbols;
        }
        load.symbols.saturating_sub(lacking) + load.symbols / 16 + rows / 32
    }

    /// Plans another scan of a slice, with cells for about so many symbols.
    ///
    /// A slice that would need too many is divided; one that was tried too often is given up.
    fn reopen(&mut self, open: Open, symbols: u64) {
        let tries = open.tries + 1;
        // The fewer the cells, the wider the estimate may be of the mark.
        let error = symbols * 4 / u64::from(open.slice.cells).isqrt().max(1);
        let spare = 64 + 6 * symbols.isqrt() + error;
        let wanted = (symbols + symbols / 2 + spare) << (tries - 1).min(3);
        let mut bits = open.slice.bits;
        let mut cells = wanted;
        while cells > u64::from(PASS_CELLS) / 4 {
            bits += 1;
            cells = cells / 2 + 64;
        }
        if tries > MAX_TRIES || bits > MAX_BITS {
            return self.give_up(open.rows, "its differences could not be told apart");
        }
        let children = 1 << (bits - open.slice.bits);
        for child in 0..children {
            let slice = Slice {
                bits,
                prefix: open.slice.prefix * children + child,
                cells: u32::try_from(cells).unwrap_or(PASS_CELLS),
            };
            let rows = open.rows / u64::from(children);
            self.open.push(Open { slice, tries, rows });
        }
    }

    /// Counts records of the source as unknown.
    pub(super) fn give_up(&mut self, rows: u64, why: &str) {
        self.unknown += rows;
        self.failure.get_or_insert_with(|| why.to_owned());
    }

    /// Gives up all that is still to be scanned.
    pub(super) fn give_up_open(&mut self, why: &str) {
        if self.open.is_empty() {
            return;
        }
        let rows = self.open.drain(..).map(|it| it.rows).sum();
        self.give_up(rows, why);
    }

    /// Makes candidates of what was decoded; `key_of` knows the keys that were too long for the sketch.
    ///
    /// What an optional copy only lacks agrees, and is none.
    pub(super) fn single_out(&mut self, key_of: impl Fn(&KeyLanes) -> Option<Key>) {
        for (lanes, tally) in std::mem::take(&mut self.tallies) {
            if self.is_optional && tally.copy == 0 && tally.source < 2 {
                continue;
            }
            let key = match key::held(&lanes) {
                Held::Key(key) => Some(key),
                Held::Hash | Held::Nothing => key_of(&lanes),
            };
            self.items
                .extend(key.map(|key| Item::new(key, lanes, tally)));
        }
        self.items
            .sort_by(|one, other| key::order(&one.key, &other.key));
    }

    /// The verdicts of all its keys; `repeated` records of the source have the keys of others.
    pub(super) fn totals(&self, repeated: u64, source_unreadable: u64) -> Counts {
        let mut counts = self.counts;
        let count =
            |is: &dyn Fn(&Item) -> bool| self.items.iter().filter(|it| is(it)).count() as u64;
        let is_told = |it: &Item| it.verdict.is_some_and(|it| it != Verdict::Agrees);
        let otherwise = count(&|it| is_told(it) && it.is_in_source());
        // What the scan could not decode, a read may yet have found.
        let read = count(&|it| it.tally.source == 0 && it.found_source() == Found::Found);
        let records = self.source_rows + read.min(source_unreadable);
        let lacking = self.undecoded();
        let optional = if self.is_optional { lacking } else { 0 };
        counts.agrees = records.saturating_sub(otherwise + self.unknown + repeated + optional);
        counts.unknown += self.unknown + lacking;
        counts.unknown += self.undecoded_in_source(source_unreadable);
        counts
    }

    /// Records of the copy that the scan could not decode and no read has found.
    pub(super) fn undecoded(&self) -> u64 {
        let is_cleared = |it: &Item| it.tally.copy == 0 && it.found_copy() != Found::Absent;
        self.left(self.unreadable, &is_cleared)
    }

    /// The same of the system of record.
    pub(super) fn undecoded_in_source(&self, unreadable: u64) -> u64 {
        let is_cleared = |it: &Item| it.tally.source == 0 && it.found_source() != Found::Absent;
        self.left(unreadable, &is_cleared)
    }

    /// Of so many records that a scan could not decode, those that no read has cleared up.
    fn left(&self, unreadable: u64, is_cleared: &dyn Fn(&Item) -> bool) -> u64 {
        if unreadable == 0 {
            return 0;
        }
        let cleared = self.items.iter().filter(|it| is_cleared(it)).count() as u64;
        unreadable.saturating_sub(cleared)
    }
}

impl Open {
    /// The cells that it takes.
    pub(super) fn cells(&self) -> u32 {
        self.slice.cells
    }
}

impl Tally {
    /// Adds what a sketch has left of one key: above zero on the source's side, below on the copy's.
    fn add(&mut self, times: i64) {
        if times > 0 {
            self.source += times.unsigned_abs();
        } else {
            self.copy += times.unsigned_abs();
        }
    }
}

impl Item {
    /// A candidate that was not read yet.
    pub(super) fn new(key: Key, lanes: KeyLanes, tally: Tally) -> Self {
        Self {
            key,
            lanes,
            tally,
            first_seen: None,
            reads: 0,
            unsettled: 0,
            waits: 0,
            due: None,
            verdict: None,
            found: [Found::Absent; 2],
        }
    }

    /// Whether it is one of the records of the source that were counted.
    fn is_in_source(&self) -> bool {
        self.tally.source > 0 || self.found_source() == Found::Found
    }

    /// What the last read found in the source.
    fn found_source(&self) -> Found {
        let [source, _] = self.found;
        source
    }

    /// What the last read found in the copy.
    fn found_copy(&self) -> Found {
        let [_, copy] = self.found;
        copy
    }

    /// Whether its source may hold more than one record of it.
    pub(super) fn may_repeat(&self) -> bool {
        let is_alike = self.verdict == Some(Verdict::Agrees) && self.tally.source > self.tally.copy;
        is_alike || self.tally.source > 1
    }
}
