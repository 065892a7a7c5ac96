//! What is compared with what: the key, the fields, and how each side reads them.

use std::collections::BTreeSet;

use super::form::{Form, Outline};
use super::{MAX_RECORDS, SideSummary, Skipped};
use crate::compare::FieldRule;
use crate::error::{Error, ErrorKind, Result};
use crate::human;
use crate::mapping::{FieldMapping, Mapping};
use crate::name::{FieldPath, StoreId};
use crate::value::Value;

/// One result that takes part.
#[derive(Clone, Debug)]
pub struct Side {
    /// Where it comes from.
    pub store: StoreId,
    /// The place of its representation in the mapping, if it has one.
    pub representation: Option<usize>,
    /// What its rows are.
    pub outline: Outline,
}

/// An entity's mapping, and the names of its key's parts.
#[derive(Clone, Copy, Debug)]
pub struct Paired<'m> {
    /// How its fields are compared.
    pub mapping: &'m Mapping,
    /// The canonical names of its key's parts, in order.
    pub key: &'m [String],
}

/// Which records and fields are compared, once all results were outlined.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) entity: Option<String>,
    pub(super) key: Vec<Pairing>,
    pub(super) offered: Vec<String>,
    pub(super) fields: Vec<Pairing>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) sides: Vec<SideSummary>,
}

/// One field, and how each side reads it; `None` where the side has no such field.
#[derive(Clone, Debug)]
pub(super) struct Pairing {
    pub(super) name: String,
    pub(super) readers: Vec<Option<Reader>>,
    /// Whether it decides a verdict; versions are shown only.
    counts: bool,
}

/// How one side reads a field.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub(super) rule: FieldRule,
    /// Whether an entity's mapping says so; otherwise it is paired by name.
    pub(super) mapped: bool,
}

impl Plan {
    /// Plans the comparison of `sides` with the first of them.
    ///
    /// `key` names fields of the answer's `offered`; without it the entity's key is taken, else a field that looks like
    /// one, and none where each result is one record at most. Fails with [`ErrorKind::InvalidInput`] where there are
    /// fewer than two sides, one has more than [`MAX_RECORDS`] records, or nothing can be the key.
    pub fn new(sides: &[Side], by: Option<Paired<'_>>, key: Option<&[String]>) -> Result<Self> {
        if sides.len() < 2 {
            return Err(refused("there is one result, and two are needed"));
        }
        let mut summaries = summaries(sides, by.map(|it| it.mapping));
        for it in &summaries {
            is_small_enough(it)?;
        }
        let mut pairings = pairings(sides, by);
        let whole: Vec<Pairing> = pairings
            .iter()
            .filter(|it| it.is_whole())
            .cloned()
            .collect();
        let offered: Vec<String> = whole.iter().map(|it| it.name.clone()).collect();
        let key = match key {
            Some(names) => chosen(&whole, names)?,
            None => guessed(&whole, by, &summaries)?,
        };
        if key.is_empty() {
            count_the_entitys_key(&mut pairings, by);
        }
        let is_key = |name: &str| key.iter().any(|it| it.name == name);
        let skipped = skipped(&pairings, &summaries, &is_key);
        let fields: Vec<Pairing> = pairings
            .into_iter()
            .filter(|it| it.counts && it.is_shared() && !is_key(&it.name))
            .collect();
        for (at, side) in summaries.iter_mut().enumerate() {
            let has = |it: &&Pairing| it.readers.get(at).is_some_and(Option::is_some);
            side.fields = fields.iter().filter(has).count() as u64;
        }
        Ok(Self {
            entity: by.map(|it| it.mapping.entity.clone()),
            key,
            offered,
            fields,
            skipped,
            sides: summaries,
        })
    }
}

/// Of records that are not paired by a key, the key is a field like others.
fn count_the_entitys_key(pairings: &mut [Pairing], by: Option<Paired<'_>>) {
    let key = by.map_or(&[][..], |it| it.key);
    for pairing in pairings.iter_mut().filter(|it| key.contains(&it.name)) {
        pairing.counts = true;
    }
}

fn refused(why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidInput, "compare the results").because(why)
}

fn is_small_enough(side: &SideSummary) -> Result<()> {
    if side.records <= MAX_RECORDS {
        return Ok(());
    }
    let (has, most) = (human::count(side.records), human::count(MAX_RECORDS));
    let why = format!(
        "{} has {has} records, and at most {most} are compared",
        side.name
    );
    Err(refused(why).hint("limit its statement; `parallax check` compares datasets of any size"))
}

/// Each side with its name, and nothing counted yet.
fn summaries(sides: &[Side], mapping: Option<&Mapping>) -> Vec<SideSummary> {
    let named = sides.iter().enumerate();
    let named = named.map(|(at, side)| {
        let same = |it: &&Side| it.store == side.store;
        let before = sides.iter().take(at).filter(same).count();
        let name = if sides.iter().filter(same).count() > 1 {
            format!("{} ({})", side.store, before + 1)
        } else {
            side.store.to_string()
        };
        let representation = mapping.zip(side.representation);
        let dataset = representation.and_then(|(it, at)| it.representations.get(at));
        SideSummary {
            name,
            store: side.store.clone(),
            dataset: dataset.map(|it| it.dataset.clone()),
            form: side.outline.form(),
            records: side.outline.records(),
            fields: 0,
            equal: 0,
            different: 0,
            unknown: 0,
            missing: 0,
            extra: 0,
            repeated: 0,
            keyless: 0,
        }
    });
    named.collect()
}

impl Pairing {
    /// Whether the first side and another have it.
    fn is_shared(&self) -> bool {
        let mut readers = self.readers.iter();
        readers.next().is_some_and(Option::is_some) && readers.any(Option::is_some)
    }

    /// Whether every side has it.
    fn is_whole(&self) -> bool {
        self.readers.iter().all(Option::is_some)
    }

    pub(super) fn read<'v>(&self, side: usize, record: &'v Value) -> Option<&'v Value> {
        let reader = self.readers.get(side)?.as_ref()?;
        at(&reader.rule.path, record)
    }
}

/// The value at a path; a column may be called by the whole path's text.
fn at<'v>(path: &FieldPath, record: &'v Value) -> Option<&'v Value> {
    path.of(record).or_else(|| match path.segments() {
        [_] => None,
        _ => FieldPath::name(path.to_string()).of(record),
    })
}

/// The fields that the mapping pairs, then those that their names pair.
fn pairings(sides: &[Side], by: Option<Paired<'_>>) -> Vec<Pairing> {
    let names: Vec<Vec<String>> = sides.iter().map(|it| it.outline.names()).collect();
    let mapped = by.map(|it| by_mapping(sides, &names, it));
    let mut pairings = mapped.unwrap_or_default();
    let taken = taken(&pairings, sides.len());
    let left: Vec<Vec<&String>> = names
        .iter()
        .zip(&taken)
        .map(|(names, taken)| names.iter().filter(|it| !taken.contains(*it)).collect())
        .collect();
    pairings.extend(by_name(&left));
    pairings
}

fn by_mapping(sides: &[Side], names: &[Vec<String>], by: Paired<'_>) -> Vec<Pairing> {
    let fields = by.mapping.fields.iter();
    let pairings = fields.map(|name| {
        let each = sides.iter().zip(names);
        let found: Vec<Option<(&FieldMapping, Reader)>> = each
            .map(|(side, names)| mapped_reader(side, names, by, name))
            .collect();
        let counts = found.iter().skip(1).flatten().any(|(it, _)| it.compared)
            || found.iter().flatten().all(|(it, _)| it.compared);
        let readers = found.into_iter().map(|it| it.map(|(_, reader)| reader));
        Pairing {
            name: name.clone(),
            readers: readers.collect(),
            counts,
        }
    });
    pairings
        .filter(|it| it.readers.iter().any(Option::is_some))
        .collect()
}

/// How a side reads a field of the mapping, where its result has it.
///
/// A hash that stands with all its fields and lacks one lacks it in truth; a row without the column just was not asked.
fn mapped_reader<'m>(
    side: &Side,
    names: &[String],
    by: Paired<'m>,
    name: &str,
) -> Option<(&'m FieldMapping, Reader)> {
    let representation = by.mapping.representations.get(side.representation?)?;
    let field = representation.fields.iter().find(|it| it.name == name)?;
    let rule = field.rule.clone()?;
    let has = |wanted: &str| names.iter().any(|it| it == wanted);
    let is_there = has(rule.path.first()) || has(&rule.path.to_string());
    let is_key = by.key.iter().any(|it| it == name);
    let is_whole = side.outline.form() == Form::Pairs && !is_key && !rule.path.is_meta();
    let reader = Reader { rule, mapped: true };
    (is_there || is_whole).then_some((field, reader))
}

/// The names that the mapping has used, a set a side.
fn taken(pairings: &[Pairing], sides: usize) -> Vec<BTreeSet<String>> {
    let mut taken = vec![BTreeSet::new(); sides];
    for pairing in pairings {
        for (names, reader) in taken.iter_mut().zip(&pairing.readers) {
            if let Some(reader) = reader {
                names.insert(reader.rule.path.first().to_owned());
                names.insert(reader.rule.path.to_string());
            }
        }
    }
    taken
}

/// The first's names, each with what the others call it; then the names that only others have.
fn by_name(names: &[Vec<&String>]) -> Vec<Pairing> {
    let mut used = vec![BTreeSet::new(); names.len()];
    let mut pairings = Vec::new();
    for (at, own) in names.iter().enumerate() {
        for name in own {
            if used.get(at).is_some_and(|it| it.contains(*name)) {
                continue;
            }
            let mut readers = Vec::new();
            for (side, theirs) in names.iter().enumerate() {
                let found = (side >= at).then(|| called(name, theirs)).flatten();
                let free =
                    found.filter(|it| used.get(side).is_some_and(|used| !used.contains(*it)));
                if let (Some(found), Some(used)) = (free, used.get_mut(side)) {
                    used.insert(found.clone());
                }
                readers.push(free.map(|it| by_its_name(it)));
            }
            pairings.push(Pairing {
                name: (*name).clone(),
                readers,
                counts: true,
            });
        }
    }
    pairings
}

fn by_its_name(name: &str) -> Reader {
    Reader {
        rule: FieldRule::plain(FieldPath::name(name)),
        mapped: false,
    }
}

/// The name itself, else the only one that differs in case or in an underscore before it.
fn called<'n>(name: &str, among: &[&'n String]) -> Option<&'n String> {
    let exact = among.iter().find(|it| **it == name);
    exact.copied().or_else(|| {
        let mut alike = among.iter().filter(|it| folded(it) == folded(name));
        let only = alike.next();
        only.filter(|_| alike.next().is_none()).copied()
    })
}

fn folded(name: &str) -> String {
    name.trim_start_matches('_').to_lowercase()
}

fn chosen(whole: &[Pairing], names: &[String]) -> Result<Vec<Pairing>> {
    let find = |name: &String| {
        let found = whole.iter().find(|it| it.name == *name);
        let known: Vec<&str> = whole.iter().map(|it| it.name.as_str()).collect();
        found.cloned().ok_or_else(|| {
            refused(format!("not every result has the field {name:?}"))
                .hint(format!("every result has: {}", known.join(", ")))
        })
    };
    names.iter().map(find).collect()
}

/// The entity's key, else what looks like one; none is needed where each result is one record at most.
fn guessed(
    whole: &[Pairing],
    by: Option<Paired<'_>>,
    sides: &[SideSummary],
) -> Result<Vec<Pairing>> {
    if let Some(key) = by.and_then(|it| entity_key(it, whole)) {
        return Ok(key);
    }
    let many = sides.iter().find(|it| it.records > 1);
    let alike = looks_like_a_key(whole).filter(|_| by.is_none() || many.is_some());
    match (alike, many) {
        (Some(key), _) => Ok(vec![key.clone()]),
        (None, None) => Ok(Vec::new()),
        (None, Some(side)) => {
            let records = human::plural(side.records, "record");
            let why = format!(
                "{} has {records}, and no field pairs them with the others'",
                side.name
            );
            Err(refused(why).hint("select a field under the same name in every pane"))
        }
    }
}

fn entity_key(by: Paired<'_>, whole: &[Pairing]) -> Option<Vec<Pairing>> {
    let find = |name: &String| whole.iter().find(|it| it.name == *name);
    let found = by.key.iter().map(|it| find(it).cloned());
    found
        .collect::<Option<Vec<_>>>()
        .filter(|it| !it.is_empty())
}

fn looks_like_a_key(whole: &[Pairing]) -> Option<&Pairing> {
    let named = |wanted: &str| whole.iter().find(|it| folded(&it.name) == wanted);
    let ends = |ending: &str| whole.iter().find(|it| folded(&it.name).ends_with(ending));
    let found = ["id", "key", "uuid", "sku", "code"]
        .iter()
        .find_map(|it| named(it));
    found.or_else(|| ends("_id")).or_else(|| ends("id"))
}

fn skipped(
    pairings: &[Pairing],
    sides: &[SideSummary],
    is_key: &impl Fn(&str) -> bool,
) -> Vec<Skipped> {
    let mut skipped = Vec::new();
    for pairing in pairings.iter().filter(|it| !is_key(&it.name)) {
        let each = pairing.readers.iter().zip(sides);
        let lacking: Vec<&str> = each
            .filter(|(reader, _)| reader.is_none())
            .map(|(_, side)| side.name.as_str())
            .collect();
        let why = if pairing.is_shared() && !pairing.counts {
            "a key or a version, shown only in a trace".to_owned()
        } else if lacking.is_empty() {
            continue;
        } else {
            format!("not in {}", lacking.join(" and "))
        };
        skipped.push(Skipped {
            field: pairing.name.clone(),
            why,
        });
    }
    skipped
}
