//! The machine that takes records side by side and counts what is equal.

use std::collections::BTreeMap;

use super::plan::{Pairing, Plan, Reader};
use super::{
    ComparedCell, ComparedRecord, ComparedRow, Comparison, MAX_ANSWER, MAX_BYTES, MAX_ROWS,
    Standing, key,
};
use crate::canonical;
use crate::compare::{FieldRule, FieldVerdict, Outcome, compare};
use crate::error::{Error, ErrorKind, Result};
use crate::human;
use crate::value::Value;

/// Compares results record by record: first all of the first result, then those of each other.
#[derive(Debug)]
pub struct Comparer {
    plan: Plan,
    places: BTreeMap<Vec<u8>, usize>,
    keys: Vec<Entry>,
    /// What keys and the first's values take, about.
    held: usize,
    /// What the cells kept for the answer take, about.
    answer: usize,
    /// How many keys with findings have their cells kept.
    found: usize,
}

/// One key in all results.
#[derive(Debug)]
struct Entry {
    key: Vec<Value>,
    /// The first's values, a compared field each.
    first: Option<Vec<Option<Value>>>,
    /// Of each side; [`Standing::Neither`] until its record comes.
    standings: Vec<Standing>,
    /// The others' cells by their side, where they are kept.
    cells: BTreeMap<usize, Vec<ComparedCell>>,
}

impl Comparer {
    /// A comparison that has seen no record yet.
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            places: BTreeMap::new(),
            keys: Vec::new(),
            held: 0,
            answer: 0,
            found: 0,
        }
    }

    /// Takes a record of the side with this place; the first side's come before all others.
    ///
    /// Fails with [`ErrorKind::InvalidInput`] once the first result takes more than [`MAX_BYTES`].
    pub fn add(&mut self, side: usize, record: &Value) -> Result<()> {
        let key: Vec<Option<&Value>> = self
            .plan
            .key
            .iter()
            .map(|it| it.read(side, record))
            .collect();
        let Some(bytes) = key::bytes(&key) else {
            if let Some(summary) = self.plan.sides.get_mut(side) {
                summary.keyless += 1;
            }
            return Ok(());
        };
        let key = key.into_iter().flatten().cloned().collect();
        let fields = self.plan.fields.iter();
        let values: Vec<Option<Value>> = fields.map(|it| it.read(side, record).cloned()).collect();
        let at = self.place(bytes, key);
        self.take(side, at, values)
    }

    /// The place of a key, made where it is new.
    fn place(&mut self, bytes: Vec<u8>, key: Vec<Value>) -> usize {
        let next = self.keys.len();
        self.held += 2 * bytes.len();
        let at = *self.places.entry(bytes).or_insert(next);
        if at == next {
            self.keys.push(Entry {
                key,
                first: None,
                standings: vec![Standing::Neither; self.plan.sides.len()],
                cells: BTreeMap::new(),
            });
        }
        at
    }

    /// Sets a record of another side, or the first's own, beside what is known of the same key.
    ///
    /// Fails where the first's values would take more memory than is allowed.
    fn take(&mut self, side: usize, at: usize, values: Vec<Option<Value>>) -> Result<()> {
        let (Some(entry), Some(summary)) = (self.keys.get_mut(at), self.plan.sides.get_mut(side))
        else {
            return Ok(());
        };
        let Some(standing) = entry.standings.get_mut(side) else {
            return Ok(());
        };
        if *standing != Standing::Neither {
            summary.repeated += 1;
            return Ok(());
        }
        if side == 0 {
            *standing = Standing::First;
            summary.equal += 1;
            self.held += values.iter().flatten().map(size).sum::<usize>();
            entry.first = Some(values);
            return self.is_small_enough();
        }
        let cells = cells(&self.plan.fields, side, entry.first.as_deref(), values);
        *standing = standing_of(entry.first.is_some(), &cells);
        match *standing {
            Standing::Equal => summary.equal += 1,
            Standing::Unknown => summary.unknown += 1,
            Standing::Extra => summary.extra += 1,
            _ => summary.different += 1,
        }
        let is_finding = standing.is_finding();
        self.keep(side, at, cells, is_finding);
        Ok(())
    }

    /// Whether what is kept of the first pane stays within its bounds; an error says what to ask for instead.
    fn is_small_enough(&self) -> Result<()> {
        if self.held <= MAX_BYTES {
            return Ok(());
        }
        let most = human::bytes(MAX_BYTES as u64);
        Err(Error::new(ErrorKind::InvalidInput, "compare the results")
            .because(format!("the first one's values take more than {most}"))
            .hint("select fewer or shorter columns in the first pane, or limit its rows"))
    }

    /// Keeps cells for the answer: of the first keys, and of findings, as far as there is room.
    fn keep(&mut self, side: usize, at: usize, cells: Vec<ComparedCell>, is_finding: bool) {
        let has_room = self.answer < MAX_ANSWER;
        let is_listed = at < MAX_ROWS || (is_finding && self.found < MAX_ROWS);
        if !(has_room && is_listed) {
            return;
        }
        self.found += usize::from(is_finding);
        self.answer += cells.iter().map(cell_size).sum::<usize>();
        if let Some(entry) = self.keys.get_mut(at) {
            entry.cells.insert(side, cells);
        }
    }

    /// What came of it, once all records were taken.
    pub fn finish(mut self) -> Comparison {
        self.find_missing();
        let mut order: Vec<usize> = (0..self.keys.len()).collect();
        // Stable, so that keys keep the order in which they came among the found and the equal.
        order.sort_by_key(|at| !self.keys.get(*at).is_some_and(Entry::is_finding));
        let keys = order.len() as u64;
        let mut room = MAX_ANSWER;
        let mut rows = Vec::new();
        for at in order.into_iter().take(MAX_ROWS) {
            let Some(row) = self.keys.get_mut(at).map(|it| it.row(&self.plan.fields)) else {
                continue;
            };
            let Some(left) = room.checked_sub(row_size(&row)) else {
                break;
            };
            room = left;
            rows.push(row);
        }
        let Plan {
            entity,
            key,
            offered,
            fields,
            skipped,
            sides,
        } = self.plan;
        Comparison {
            entity,
            key: names(&key),
            offered,
            fields: names(&fields),
            skipped,
            sides,
            rows,
            keys,
        }
    }

    /// What the first has and another lacks is known only at the end.
    fn find_missing(&mut self) {
        for entry in self.keys.iter_mut().filter(|it| it.first.is_some()) {
            let each = entry.standings.iter_mut().zip(&mut self.plan.sides);
            for (standing, summary) in each.filter(|(it, _)| **it == Standing::Neither) {
                *standing = Standing::Missing;
                summary.missing += 1;
            }
        }
    }
}

impl Entry {
    /// Whether the answer lists the key before others: some side differs, lacks it, or cannot be read.
    fn is_finding(&self) -> bool {
        self.standings.iter().any(|it| it.is_finding())
    }

    /// The row of the answer, whose cells are taken out of what was kept.
    fn row(&mut self, fields: &[Pairing]) -> ComparedRow {
        let first = self.first.take();
        let standings = self.standings.iter().enumerate();
        let records = standings.map(|(side, standing)| {
            let cells = match (&first, side) {
                (Some(values), 0) => own(fields, values),
                _ => self.cells.remove(&side).unwrap_or_default(),
            };
            ComparedRecord {
                standing: *standing,
                cells,
            }
        });
        let records = records.collect();
        ComparedRow {
            key: std::mem::take(&mut self.key),
            records,
        }
    }
}

/// The first's own cells: what it has is the measure.
fn own(fields: &[Pairing], values: &[Option<Value>]) -> Vec<ComparedCell> {
    let each = fields.iter().zip(values);
    let cells = each.map(|(field, value)| {
        let has = field.readers.first().is_some_and(Option::is_some);
        let verdict = match (has, value) {
            (false, _) => FieldVerdict::NotMapped,
            (true, None) => FieldVerdict::Absent,
            (true, Some(_)) => FieldVerdict::Equal,
        };
        ComparedCell {
            verdict,
            value: value.clone(),
            rule: String::new(),
            why: None,
        }
    });
    cells.collect()
}

/// The cells of another side's record against the first's; where the first has none, they are only shown.
fn cells(
    fields: &[Pairing],
    side: usize,
    first: Option<&[Option<Value>]>,
    values: Vec<Option<Value>>,
) -> Vec<ComparedCell> {
    let each = fields.iter().zip(values).enumerate();
    let cells = each.map(|(at, (field, value))| {
        let reader = |side: usize| field.readers.get(side).and_then(Option::as_ref);
        let outcome = match (reader(0), reader(side), first) {
            (Some(truth_reader), Some(reader), Some(first)) => {
                let truth = first.get(at).and_then(Option::as_ref);
                one(truth, truth_reader, value.as_ref(), reader)
            }
            _ => Outcome {
                verdict: FieldVerdict::NotMapped,
                rule: String::new(),
                why: None,
            },
        };
        ComparedCell {
            verdict: outcome.verdict,
            value,
            rule: outcome.rule,
            why: outcome.why,
        }
    });
    cells.collect()
}

/// One field: by the mapping's rules where both sides have one, else by canonical form.
fn one(
    truth: Option<&Value>,
    truth_reader: &Reader,
    copy: Option<&Value>,
    reader: &Reader,
) -> Outcome {
    if truth_reader.mapped && reader.mapped {
        return compare(truth, &truth_reader.rule, copy, &reader.rule);
    }
    let plain = &reader.rule;
    match (truth, copy) {
        (Some(one), Some(other)) if !canonical::equal(truth, copy) => differing(one, other, plain),
        _ => compare(truth, plain, copy, plain),
    }
}

/// Two values that mean different things as they stand; where only their types keep them apart, it says so.
fn differing(truth: &Value, copy: &Value, plain: &FieldRule) -> Outcome {
    let (here, there) = (copy.type_name(), truth.type_name());
    let loose = compare(Some(truth), plain, Some(copy), plain);
    let types = (here != there).then(|| format!("{here} here, {there} in the first"));
    let why = match (types, loose.verdict) {
        (Some(types), FieldVerdict::Equal) => Some(format!("{types}; equal {}", loose.rule)),
        (Some(types), _) => Some(types),
        (None, FieldVerdict::Equal) => Some(format!("equal {}", loose.rule)),
        (None, _) => loose.why,
    };
    Outcome {
        verdict: FieldVerdict::Different,
        rule: "exact".to_owned(),
        why,
    }
}

/// What a side's record is to the first's, by its cells: one that differs outweighs one that cannot be read, and that one
/// those that agree. Without fields in common only the keys are compared.
fn standing_of(first_has_it: bool, cells: &[ComparedCell]) -> Standing {
    let any = |wanted: &[FieldVerdict]| cells.iter().any(|it| wanted.contains(&it.verdict));
    if !first_has_it {
        Standing::Extra
    } else if any(&[FieldVerdict::Different, FieldVerdict::Absent]) {
        Standing::Different
    } else if cells.is_empty() || any(&[FieldVerdict::Equal]) && !any(&[FieldVerdict::Unreadable]) {
        Standing::Equal
    } else {
        Standing::Unknown
    }
}

/// The fields' names, in the order of the plan.
fn names(pairings: &[Pairing]) -> Vec<String> {
    pairings.iter().map(|it| it.name.clone()).collect()
}

/// What a row of the answer takes in memory, about: its key, and the cells of each side.
fn row_size(row: &ComparedRow) -> usize {
    let cells = row.records.iter().flat_map(|it| &it.cells);
    row.key.iter().map(size).sum::<usize>() + cells.map(cell_size).sum::<usize>()
}

/// What a cell of the answer takes in memory, about: its value, and the words on it.
fn cell_size(cell: &ComparedCell) -> usize {
    let why = cell.why.as_ref().map_or(0, String::len);
    64 + cell.rule.len() + why + cell.value.as_ref().map_or(0, size)
}

/// What a value takes in memory, about.
fn size(value: &Value) -> usize {
    let inside = match value {
        Value::Text(it) => it.len(),
        Value::Bytes(it) => it.len(),
        Value::Native { type_name, text } => type_name.len() + text.len(),
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(members) => members.iter().map(|(name, it)| name.len() + size(it)).sum(),
        Value::Vector(items) => 4 * items.len(),
        Value::BigInt(_) | Value::Decimal(_) => 32,
        _ => 0,
    };
    size_of::<Value>() + inside
}
