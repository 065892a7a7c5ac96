//! A sketch of two sets of rows that holds only where they differ.
//!
//! It is an invertible Bloom lookup table (Goodrich and Mitzenmacher, 2011) with sums in place of exclusive ors: each
//! symbol is added to four cells, with a minus for the copy's side. A cell that holds one symbol, however often, gives
//! it back; taking that symbol out of its other cells bares more. The key space is divided into slices, each with
//! cells of its own, so that what could not be decoded is a known part of the keys.

use std::sync::{Mutex, MutexGuard, PoisonError};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::key::{KEY_LANES, KeyLanes, LANE_BYTES};

#[cfg(test)]
mod tests;

/// The sub-tables of a slice; a symbol has one cell in each.
///
/// With three, two of many symbols share all their cells now and then, and a whole scan has to be made again.
const TABLES: u32 = 4;
/// The words of a symbol: its key, its row's hash, and the check of both.
const LANES: usize = KEY_LANES + 3;
/// Bits of each word of a symbol: so much is left of 64 that sums of them do not overflow.
const LANE_BITS: u32 = 56;
/// Bits of a row's hash that choose one of its cells.
const INDEX_BITS: u32 = LANE_BITS / 2;
/// So often may one symbol be in a cell: the most for which its words fit 64 bits with sign.
const MAX_TIMES: i64 = 127;
/// So many symbols are counted before their words are added: a processor fetches the cells of all of them at once, where
/// the words of one would keep it from those of the next.
const CHUNK: usize = 8;
/// Bits of the filter that a copy's keys are kept in: 1 MiB.
const FILTER_BITS: u32 = 23;

/// One row of one side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Symbol {
    slice: u32,
    key_hash: u64,
    lanes: [u64; LANES],
}

impl Symbol {
    /// The words of the symbol that hold its key.
    fn key(&self) -> KeyLanes {
        let [one, two, three, ..] = self.lanes;
        [one, two, three]
    }
}

/// On which side a row was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// In the system of record: it counts up.
    Source,
    /// In the copy: it counts down.
    Copy,
}

/// A part of the key space: the keys whose hash begins with these bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) bits: u32,
    pub(super) prefix: u32,
    /// The cells that it gets.
    pub(super) cells: u32,
}

/// The sum of the symbols in one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(align(64))]
struct Cell {
    count: i64,
    lanes: [u64; LANES],
}

impl Cell {
    /// Sums wrap around and come back: what is left at the end fits.
    fn add(&mut self, lanes: &[u64; LANES], times: i64) {
        self.count = self.count.wrapping_add(times);
        self.add_lanes(lanes, times);
    }

    /// The words alone, for who has counted already.
    fn add_lanes(&mut self, lanes: &[u64; LANES], times: i64) {
        for (sum, lane) in self.lanes.iter_mut().zip(lanes) {
            *sum = sum.wrapping_add(lane.wrapping_mul(times.cast_unsigned()));
        }
    }

    /// The one symbol that is in the cell, if there is one and it is there a few times at most.
    fn only(&self) -> Option<[u64; LANES]> {
        if self.count == 0 || self.count.abs() > MAX_TIMES {
            return None;
        }
        let mut lanes = [0; LANES];
        for (lane, sum) in lanes.iter_mut().zip(self.lanes) {
            let sum = sum.cast_signed();
            if sum % self.count != 0 {
                return None;
            }
            *lane = u64::try_from(sum / self.count)
                .ok()
                .filter(|it| it >> LANE_BITS == 0)?;
        }
        Some(lanes)
    }
}

/// Where a slice's cells are.
#[derive(Clone, Copy, Debug)]
struct Place {
    slice: Slice,
    start: u32,
    /// The cells of one sub-table.
    width: u32,
}

impl Place {
    /// The places of a symbol's cells: bits of its row's hash, not of its key, so that two states of a record part.
    fn cells(&self, lanes: &[u64; LANES]) -> [usize; TABLES as usize] {
        let [.., one, two, _] = *lanes;
        let low = |lane: u64| lane & ((1 << INDEX_BITS) - 1);
        let mut table = 0;
        [one >> INDEX_BITS, low(one), two >> INDEX_BITS, low(two)].map(|bits| {
            let within = (bits * u64::from(self.width)) >> INDEX_BITS;
            table += 1;
            (self.start + (table - 1) * self.width) as usize + within as usize
        })
    }
}

/// What one slice held.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Decoded {
    pub(super) slice: Slice,
    /// Rows of the source, and of the copy, that were added.
    pub(super) rows: [u64; 2],
    /// Each symbol's key and how often it was added, with a minus for the copy's side.
    pub(super) content: Result<Vec<(KeyLanes, i64)>, Load>,
}

/// Why a slice could not be decoded: more symbols than it has room for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Load {
    /// About how many there are.
    pub(super) symbols: u64,
    /// How many more the source has than the copy.
    pub(super) surplus: i64,
}

/// The difference of a pair, or of some slices of it.
#[derive(Debug)]
pub(super) struct Sketch {
    seed: u64,
    /// The slices by the first bits of a key's hash; `u32::MAX` where a key is in none.
    by_prefix: Vec<u32>,
    bits: u32,
    places: Vec<Place>,
    state: Mutex<State>,
}

/// What the sinks of both sides add to, under one lock.
#[derive(Debug, Default)]
struct State {
    cells: Vec<Cell>,
    rows: Vec<[u64; 2]>,
    filter: Option<Vec<u64>>,
}

/// The keys that a copy held when it was scanned, and a few more.
#[derive(Debug)]
pub(super) struct Filter(Vec<u64>);

impl Sketch {
    /// An empty sketch of these slices; `keeps_filter` notes the copy's keys beside it.
    pub(super) fn new(seed: u64, slices: &[Slice], keeps_filter: bool) -> Self {
        let bits = slices.iter().map(|it| it.bits).max().unwrap_or(0);
        let mut by_prefix = vec![u32::MAX; 1 << bits];
        let (mut places, mut start) = (Vec::new(), 0);
        for (at, slice) in (0_u32..).zip(slices) {
            let spare = bits - slice.bits;
            let first = (slice.prefix << spare) as usize;
            by_prefix
                .iter_mut()
                .skip(first)
                .take(1 << spare)
                .for_each(|it| *it = at);
            let width = (slice.cells / TABLES).max(1);
            places.push(Place {
                slice: *slice,
                start,
                width,
            });
            start += width * TABLES;
        }
        let filter = keeps_filter.then(|| vec![0; 1 << (FILTER_BITS - 6)]);
        let state = State {
            cells: vec![Cell::default(); start as usize],
            rows: vec![[0; 2]; slices.len()],
            filter,
        };
        Self {
            seed,
            by_prefix,
            bits,
            places,
            state: Mutex::new(state),
        }
    }

    /// The hash by which a key is put into its slice, and which seeds its rows' hashes.
    pub(super) fn key_hash(key: &KeyLanes, seed: u64) -> u64 {
        let mut bytes = [0; KEY_LANES * 8];
        for (place, lane) in bytes.chunks_exact_mut(8).zip(key) {
            place.copy_from_slice(&lane.to_le_bytes());
        }
        xxh3_64_with_seed(&bytes, seed)
    }

    /// The slice that a key's hash belongs to, if this sketch scans it.
    fn slice_of(&self, key_hash: u64) -> Option<u32> {
        let prefix = key_hash.checked_shr(64 - self.bits).unwrap_or(0);
        self.by_prefix
            .get(usize::try_from(prefix).ok()?)
            .copied()
            .filter(|it| *it != u32::MAX)
    }

    /// The symbol of a row; `None` where its key is in no slice of this sketch.
    pub(super) fn symbol(&self, key: &KeyLanes, key_hash: u64, row: u128) -> Option<Symbol> {
        let slice = self.slice_of(key_hash)?;
        let [one, two, three] = *key;
        let [low, high] = halves(row);
        let mask = (1 << LANE_BITS) - 1;
        let mut lanes = [one, two, three, low & mask, high & mask, 0];
        let check = check(&lanes, self.seed);
        if let Some(last) = lanes.last_mut() {
            *last = check;
        }
        Some(Symbol {
            slice,
            key_hash,
            lanes,
        })
    }

    /// Adds symbols of one side and takes them from the buffer.
    ///
    /// The lock is held for all of them; a symbol of no slice is dropped.
    pub(super) fn add(&self, symbols: &mut Vec<Symbol>, side: Side) {
        let (times, at) = match side {
            Side::Source => (1, 0),
            Side::Copy => (-1, 1),
        };
        let mut state = self.state();
        let State {
            cells,
            rows,
            filter,
        } = &mut *state;
        for symbols in symbols.chunks(CHUNK) {
            let mut places = [[usize::MAX; TABLES as usize]; CHUNK];
            for (symbol, places) in symbols.iter().zip(&mut places) {
                let slice = symbol.slice as usize;
                let Some(place) = self.places.get(slice) else {
                    continue;
                };
                *places = place.cells(&symbol.lanes);
                for cell in *places {
                    if let Some(cell) = cells.get_mut(cell) {
                        cell.count = cell.count.wrapping_add(times);
                    }
                }
                if let Some(count) = rows.get_mut(slice).and_then(|it| it.get_mut(at)) {
                    *count += 1;
                }
                if let (Side::Copy, Some(filter)) = (side, filter.as_mut()) {
                    mark(filter, symbol.key_hash);
                }
            }
            for (symbol, places) in symbols.iter().zip(places) {
                for cell in places {
                    if let Some(cell) = cells.get_mut(cell) {
                        cell.add_lanes(&symbol.lanes, times);
                    }
                }
            }
        }
        symbols.clear();
    }

    /// Decodes every slice and leaves the sketch empty.
    pub(super) fn decode(&self) -> Vec<Decoded> {
        let State {
            mut cells, rows, ..
        } = std::mem::take(&mut *self.state());
        let places = self.places.iter().zip(rows);
        places
            .map(|(place, rows)| Decoded {
                slice: place.slice,
                rows,
                content: self.peel(place, &mut cells),
            })
            .collect()
    }

    /// The copy's keys, for a sketch that notes them; to be taken before [`Self::decode`].
    pub(super) fn filter(&self) -> Option<Filter> {
        self.state().filter.take().map(Filter)
    }

    /// How many cells it has.
    pub(super) fn n_cells(&self) -> u64 {
        self.places
            .iter()
            .map(|it| u64::from(it.width * TABLES))
            .sum()
    }

    /// The state, even if a sink panicked while it held the lock: nothing can panic while sums are not whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes symbols out of a slice one by one: a cell that holds one symbol alone names it, and taking it off its
    /// other cells leaves others alone there.
    ///
    /// Fails with an estimate of how many there are where cells remain that hold several.
    fn peel(&self, place: &Place, cells: &mut [Cell]) -> Result<Vec<(KeyLanes, i64)>, Load> {
        let range = place.start as usize..(place.start + TABLES * place.width) as usize;
        let load = load(cells.get(range.clone()).unwrap_or_default(), place.width);
        let mut found = Vec::new();
        let mut open: Vec<usize> = range.clone().collect();
        // Each symbol that is found empties a cell; a wrong one, should there ever be one, must not go on for ever.
        let limit = range.len() * 2;
        while let Some(at) = open.pop() {
            let Some((symbol, times)) = self.pure(place, cells, at) else {
                continue;
            };
            for cell in place.cells(&symbol.lanes) {
                if let Some(it) = cells.get_mut(cell) {
                    it.add(&symbol.lanes, -times);
                }
                open.push(cell);
            }
            found.push((symbol.key(), times));
            if found.len() > limit {
                return Err(load);
            }
        }
        let is_empty = cells
            .get(range)
            .is_some_and(|it| it.iter().all(|it| *it == Cell::default()));
        if is_empty { Ok(found) } else { Err(load) }
    }

    /// The symbol that is alone in a cell: its check must be right, and the cell one of its own.
    fn pure(&self, place: &Place, cells: &[Cell], at: usize) -> Option<(Symbol, i64)> {
        let cell = cells.get(at)?;
        let lanes = cell.only()?;
        if lanes.last() != Some(&check(&lanes, self.seed)) || !place.cells(&lanes).contains(&at) {
            return None;
        }
        let symbol = Symbol {
            slice: 0,
            key_hash: 0,
            lanes,
        };
        let key_hash = Self::key_hash(&symbol.key(), self.seed);
        let slice = self.slice_of(key_hash)?;
        let is_here = self.places.get(slice as usize)?.slice == place.slice;
        is_here.then_some((
            Symbol {
                slice,
                key_hash,
                lanes,
            },
            cell.count,
        ))
    }
}

impl Filter {
    /// Whether a key may have been there; never false for one that was.
    pub(super) fn holds(&self, key_hash: u64) -> bool {
        marks(key_hash)
            .iter()
            .all(|(word, bit)| self.0.get(*word).is_some_and(|it| it & bit != 0))
    }
}

/// Notes a key in the filter of keys that the copy has.
fn mark(filter: &mut [u64], key_hash: u64) {
    for (word, bit) in marks(key_hash) {
        if let Some(it) = filter.get_mut(word) {
            *it |= bit;
        }
    }
}

/// Three bits of the filter.
fn marks(key_hash: u64) -> [(usize, u64); 3] {
    let mask = (1 << FILTER_BITS) - 1;
    [0, 20, 40].map(|shift| {
        let bit = key_hash.rotate_right(shift) & mask;
        ((bit >> 6) as usize, 1 << (bit & 63))
    })
}

/// A word of 56 bits that no other symbol is likely to have.
fn check(lanes: &[u64; LANES], seed: u64) -> u64 {
    let mut bytes = [0; (LANES - 1) * LANE_BYTES];
    for (place, lane) in bytes.chunks_exact_mut(LANE_BYTES).zip(lanes) {
        for (place, byte) in place.iter_mut().zip(lane.to_le_bytes()) {
            *place = byte;
        }
    }
    xxh3_64_with_seed(&bytes, !seed) >> (64 - LANE_BITS)
}

/// The two words of a hash, each of 64 bits, low word first.
fn halves(hash: u128) -> [u64; 2] {
    let bytes = hash.to_le_bytes();
    let half = |bytes: &[u8]| {
        bytes
            .iter()
            .rev()
            .fold(0, |sum, it| sum << 8 | u64::from(*it))
    };
    let (low, high) = bytes.split_at(8);
    [half(low), half(high)]
}

/// The symbols of a slice from the second moment of its counts: signs that meet in one cell by chance cancel on average.
///
/// Source: Alon, Matias and Szegedy, "The space complexity of approximating the frequency moments", 1996.
fn load(cells: &[Cell], width: u32) -> Load {
    let squares: f64 = cells.iter().map(|it| float(it.count).powi(2)).sum();
    let surplus = cells
        .iter()
        .fold(0_i64, |sum, it| sum.wrapping_add(it.count))
        / i64::from(TABLES);
    let width = f64::from(width).max(2.0);
    let mean = squares / f64::from(TABLES);
    let symbols = (mean - float(surplus).powi(2) / width) / (1.0 - 1.0 / width);
    let at_least = surplus.unsigned_abs();
    Load {
        symbols: whole(symbols).max(at_least),
        surplus,
    }
}

/// A count as an estimate: what is lost beyond 53 bits does not matter there.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn float(count: i64) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate, and casts saturate"
)]
/// An estimate as a count, never below zero.
fn whole(number: f64) -> u64 {
    number.max(0.0) as u64
}
