//! A world of tables and a clock, and a runner that does what a check asks of it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::compare::FieldRule;
use crate::deployment::{
    Entity, KeyTemplate, MapMode, Presence, Propagation, Representation, Role,
};
use crate::error::{Error, ErrorKind, Result};
use crate::lag::SubjectBacklog;
use crate::mapping;
use crate::name::{FieldPath, KeyPattern};
use crate::reconcile::{Answer, Check, CheckOptions, KeyRead, ScanPlan, Step};
use crate::report::EntityReport;
use crate::store::{
    DataModel, FieldShape, Fields, Projection, ReadSpan, RowSink as _, Scanned, Shape, TypeShare,
    ValueRef,
};
use crate::trace::{Read, Verdict, Way, WayStep};
use crate::value::{Key, Record, Value};

/// When the world begins, in seconds.
pub(super) const BEGIN: i64 = 1_000_000;
pub(super) const ALLOWED: Duration = Duration::from_secs(5);

pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(BEGIN * 1_000 + millis).expect("a time")
}

/// One record: the parts of its key and its fields by name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) key: Vec<Value>,
    pub(super) fields: Vec<(String, Value)>,
}

impl Row {
    fn at(&self, path: &FieldPath) -> Option<&Value> {
        self.fields
            .iter()
            .find(|(name, _)| name == path.first())
            .map(|(_, it)| it)
    }
}

/// A row of one field and a version in milliseconds since the world began.
pub(super) fn row(key: impl Into<Part>, name: impl Into<Value>, changed: i64) -> Row {
    Row {
        key: vec![key.into().0],
        fields: vec![
            ("name".to_owned(), name.into()),
            ("updated_at".to_owned(), Value::Timestamp(at(changed))),
        ],
    }
}

pub(super) struct Part(pub(super) Value);

impl From<i64> for Part {
    fn from(number: i64) -> Self {
        Self(Value::I64(number))
    }
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self(Value::from(text))
    }
}

/// A dataset and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    /// Its scans fail from this one on.
    pub(super) fails_at: Option<u32>,
    /// Its reads fail.
    pub(super) is_silent: bool,
    /// Rows that no scan can decode.
    pub(super) unreadable: Vec<Key>,
    /// Every so manieth row is scanned twice.
    pub(super) repeats: Option<usize>,
    scans: u32,
    /// Where keys were when they were last looked for; rows may have moved since.
    places: RefCell<BTreeMap<String, usize>>,
}

impl Table {
    /// The row of a key, by the texts of its parts; a part that is null is not found, as in most stores.
    fn row(&self, key: &Key) -> Option<&Row> {
        let text = |it: &[Value]| {
            it.iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\0")
        };
        let wanted = text(key.parts());
        let is_it = |it: &&Row| !it.key.contains(&Value::Null) && text(&it.key) == wanted;
        let mut places = self.places.borrow_mut();
        if places.is_empty() {
            let rows = self.rows.iter().enumerate();
            // Of several rows of one key the first is found.
            *places = rows.rev().map(|(at, it)| (text(&it.key), at)).collect();
        }
        let known = places
            .get(&wanted)
            .and_then(|it| self.rows.get(*it))
            .filter(is_it);
        known.or_else(|| self.rows.iter().find(is_it))
    }
}

/// What a key's way says when it is asked.
pub(super) type WayOf = fn(&World, &Key) -> Option<SubjectBacklog>;

/// The tables of one entity and the runner's habits.
pub(super) struct World {
    pub(super) now: Timestamp,
    /// The system of record first.
    pub(super) tables: Vec<Table>,
    pub(super) entity: Entity,
    pub(super) shapes: Vec<Result<Shape>>,
    pub(super) parts: usize,
    pub(super) seed: u64,
    pub(super) cells: usize,
    pub(super) sample: Option<f64>,
    pub(super) since: Option<Timestamp>,
    pub(super) way_of: WayOf,
    /// What happens at every step and between the reads of a batch.
    pub(super) writer: fn(&mut Self),
    /// Keys read, and the time waited.
    pub(super) reads: usize,
    pub(super) waited: Duration,
    pub(super) steps: u64,
    /// Whether the source moves in the middle of every read.
    pub(super) moves: bool,
    /// After so many steps the check is stopped.
    pub(super) stop_after: Option<u64>,
}

pub(super) fn shape(
    dataset: &str,
    key: &[(&str, &str)],
    fields: &[(&str, &str)],
    is_unique: bool,
) -> Shape {
    let field = |(name, type_name): &(&str, &str)| FieldShape {
        name: (*name).to_owned(),
        declared: Some((*type_name).to_owned()),
        types: vec![TypeShare {
            type_name: (*type_name).to_owned(),
            share: 1.0,
        }],
        precision: None,
        nullable: true,
    };
    Shape {
        dataset: dataset.parse().expect("a dataset"),
        model: DataModel::Relational,
        fields: key.iter().chain(fields).map(field).collect(),
        key: key
            .iter()
            .filter(|_| is_unique)
            .map(|(name, _)| (*name).to_owned())
            .collect(),
        indices: Vec::new(),
        estimate: None,
        sampled: None,
    }
}

const FIELDS: &[(&str, &str)] = &[("name", "text"), ("updated_at", "timestamp")];

pub(super) fn representation(dataset: &str, key: KeyTemplate, role: Role) -> Representation {
    Representation {
        dataset: dataset.parse().expect("a dataset"),
        role,
        key,
        fields: Vec::new(),
        ignore: Vec::new(),
        map: MapMode::Automatic,
        version: Some(FieldPath::name("updated_at")),
        presence: Presence::Required,
        filter: None,
        null_is_absent: false,
    }
}

impl World {
    /// A source and copies that hold the same rows, by a key of one part.
    pub(super) fn new(rows: Vec<Row>, n_copies: usize) -> Self {
        let kind = rows
            .first()
            .and_then(|it| it.key.first())
            .map_or("int", |it| it.type_name())
            .to_owned();
        Self::keyed(rows, n_copies, &[("id", &kind)], FIELDS)
    }

    /// The same by these parts and fields.
    pub(super) fn keyed(
        rows: Vec<Row>,
        n_copies: usize,
        key: &[(&str, &str)],
        fields: &[(&str, &str)],
    ) -> Self {
        let names = [
            "shop.things",
            "docs.things",
            "search.things",
            "graph.things",
        ];
        let names = names.into_iter().take(n_copies + 1);
        let paths =
            || KeyTemplate::Fields(key.iter().map(|(it, _)| FieldPath::name(*it)).collect());
        let role = |at: usize| {
            if at == 0 {
                Role::SystemOfRecord
            } else {
                Role::Derived
            }
        };
        let representations = names
            .clone()
            .enumerate()
            .map(|(at, it)| representation(it, paths(), role(at)));
        Self {
            now: at(0),
            tables: vec![
                Table {
                    rows,
                    ..Table::default()
                };
                n_copies + 1
            ],
            entity: Entity {
                name: "thing".to_owned(),
                key: key.iter().map(|(it, _)| (*it).to_owned()).collect(),
                representations: representations.collect(),
            },
            shapes: names.map(|it| Ok(shape(it, key, fields, true))).collect(),
            parts: 3,
            seed: 7,
            cells: 1 << 14,
            sample: None,
            since: None,
            way_of: |_, _| None,
            writer: |_| {},
            reads: 0,
            waited: Duration::ZERO,
            steps: 0,
            moves: false,
            stop_after: None,
        }
    }

    pub(super) fn source(&mut self) -> &mut Vec<Row> {
        &mut self.tables[0].rows
    }

    pub(super) fn copy(&mut self) -> &mut Vec<Row> {
        &mut self.tables[1].rows
    }

    /// A rule of the copy.
    pub(super) fn rule(&mut self, name: &str, change: fn(&mut FieldRule)) {
        let mut rule = FieldRule::plain(FieldPath::name(name));
        change(&mut rule);
        self.entity.representations[1]
            .fields
            .push((name.to_owned(), rule));
    }

    /// Makes the copy a key pattern: its keys are texts.
    pub(super) fn keyed_by_pattern(&mut self, pattern: &str) {
        self.entity.representations[1].key =
            KeyTemplate::Pattern(KeyPattern::parse(pattern).expect("a pattern"));
        for row in self.copy() {
            row.key = row
                .key
                .iter()
                .map(|it| Value::Text(it.to_string()))
                .collect();
        }
    }

    pub(super) fn optional(&mut self) {
        self.entity.representations[1].presence = Presence::Optional;
    }

    fn options(&self) -> CheckOptions {
        CheckOptions {
            mapping: mapping::resolve(&self.entity, &self.shapes),
            entity: self.entity.clone(),
            shapes: self.shapes.clone(),
            targets: (1..self.tables.len()).collect(),
            sample: self.sample,
            since: self.since,
            allowed: vec![ALLOWED; self.tables.len()],
            seed: self.seed,
            cells: self.cells,
        }
    }

    /// Runs a check to its end.
    pub(super) fn check(&mut self) -> EntityReport {
        let mut check = Check::new(self.options());
        loop {
            self.steps += 1;
            assert!(self.steps < 100_000, "the check does not end");
            self.tick();
            if self.stop_after.is_some_and(|it| self.steps > it) {
                check.stop("stopped by a person");
            }
            match check.step(self.now) {
                Step::Scan(plans) => self
                    .scan(&plans)
                    .into_iter()
                    .for_each(|it| check.feed(it, self.now)),
                Step::Read {
                    representation,
                    keys,
                } => {
                    assert!(!keys.is_empty() && keys.len() <= super::super::READ_BATCH);
                    let reads = keys
                        .iter()
                        .map(|it| self.read(representation, it))
                        .collect();
                    check.feed(
                        Answer::Read {
                            representation,
                            reads,
                        },
                        self.now,
                    );
                }
                Step::Wait { until } => {
                    assert!(until > self.now, "a wait for the past");
                    self.waited +=
                        Duration::try_from(until.duration_since(self.now)).expect("forward");
                    self.now = until;
                }
                Step::Done(report) => return *report,
            }
        }
    }

    /// The findings as `key dataset verdict`, and the counts of every pair as people read them.
    pub(super) fn outcome(&mut self) -> (Vec<String>, Vec<String>) {
        let report = self.check();
        let findings = report
            .findings
            .iter()
            .map(|it| format!("{} {} {}", it.key, it.dataset.store, it.verdict.name()));
        (
            findings.collect(),
            report.pairs.iter().map(|it| counted(&it.counts)).collect(),
        )
    }

    fn tick(&mut self) {
        self.now = self
            .now
            .checked_add(Duration::from_millis(1))
            .expect("a time");
        (self.writer)(self);
    }

    fn scan(&mut self, plans: &[ScanPlan]) -> Vec<Answer> {
        let answers = plans.iter().map(|plan| {
            let table = &mut self.tables[plan.representation];
            table.scans += 1;
            let result = if table.fails_at.is_some_and(|it| it <= table.scans) {
                // It fails in the middle.
                feed(table, plan, 1, table.rows.len() / 2);
                Err(silence())
            } else {
                Ok(feed(table, plan, self.parts, table.rows.len()))
            };
            (plan.representation, result)
        });
        let answers: Vec<_> = answers.collect();
        let answer = |(representation, result)| Answer::Scanned {
            representation,
            result,
        };
        answers.into_iter().map(answer).collect()
    }

    fn read(&mut self, representation: usize, key: &Key) -> KeyRead {
        self.reads += 1;
        let before = self.get(0, key);
        let way = Way {
            allowed: ALLOWED,
            steps: (self.way_of)(self, key).map(step).into_iter().collect(),
            changed_at: None,
        };
        (self.writer)(self);
        let mut copy = self.get(representation, key);
        if self.moves {
            let now = self.now;
            for row in self.source() {
                let name = now.to_string();
                row.fields[0].1 = Value::Text(name);
            }
            self.now = self
                .now
                .checked_add(Duration::from_millis(1))
                .expect("a time");
        }
        let source = self.get(0, key);
        let settled = before.found == source.found;
        // What an edge has passed is known only of a source that stood still.
        copy.way = Some(Way {
            steps: way.steps.into_iter().filter(|_| settled).collect(),
            ..way
        });
        KeyRead {
            key: key.clone(),
            source,
            copy,
            settled,
        }
    }

    fn get(&self, at: usize, key: &Key) -> Read {
        let representation = &self.entity.representations[at];
        let table = &self.tables[at];
        let row = if table.is_silent {
            None
        } else {
            table.row(key)
        };
        let record = row.map(|it| Record {
            key: key.clone(),
            body: Value::Map(it.fields.clone()),
            meta: Vec::new(),
        });
        Read {
            role: representation.role,
            presence: representation.presence,
            found: if table.is_silent {
                Err(silence())
            } else {
                Ok(record)
            },
            statement: String::new(),
            span: ReadSpan {
                began: self.now,
                ended: self.now,
            },
            reads: 1,
            way: None,
            searched: None,
        }
    }
}

pub(super) fn counted(counts: &crate::report::Counts) -> String {
    let all = [
        (counts.agrees, "agree"),
        (counts.in_flight, "in flight"),
        (counts.late, "late"),
        (counts.stale, "stale"),
        (counts.conflicts, "conflict"),
        (counts.missing, "missing"),
        (counts.orphan, "orphan"),
        (counts.unknown, "unknown"),
    ];
    let told: Vec<String> = all
        .iter()
        .filter(|(it, _)| *it > 0)
        .map(|(it, name)| format!("{it} {name}"))
        .collect();
    told.join(", ")
}

pub(super) fn silence() -> Error {
    Error::new(ErrorKind::Timeout, "read things")
}

fn step(subject: SubjectBacklog) -> WayStep {
    WayStep {
        edge: "shop.things → docs.things".to_owned(),
        via: Propagation::Outbox,
        subject: Some(subject),
        reading: None,
        objective: ALLOWED,
    }
}

fn feed(table: &Table, plan: &ScanPlan, parts: usize, n_rows: usize) -> Scanned {
    let Projection {
        fields: Fields::Listed(paths),
        ..
    } = &plan.projection
    else {
        panic!("the fields are not listed");
    };
    let mut scanned = Scanned::default();
    let mut sinks: Vec<_> = (0..parts.max(1)).map(|_| plan.fold.sink()).collect();
    for (nth, row) in table.rows.iter().take(n_rows).enumerate() {
        if table.unreadable.iter().any(|it| it.parts() == row.key) {
            scanned.unreadable += 1;
            continue;
        }
        let times = if table.repeats.is_some_and(|it| nth % it == 0) {
            2
        } else {
            1
        };
        let key = row.key.iter().map(ValueRef::Owned);
        let fields = paths
            .iter()
            .map(|it| row.at(it).map_or(ValueRef::Absent, ValueRef::Owned));
        let cells: Vec<ValueRef<'_>> = key.chain(fields).collect();
        for _ in 0..times {
            scanned.rows += 1;
            let at = nth % sinks.len();
            if sinks[at].row(&cells).is_break() {
                return scanned;
            }
        }
    }
    scanned
}

/// What a set difference finds, without a sketch: `key dataset verdict` where every change is old.
pub(super) fn naive(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    let text = |row: &Row| Key::new(row.key.clone()).to_string();
    let name = |row: &Row| row.fields[0].1.clone();
    let version = |row: &Row| row.fields[1].1.clone();
    for (table, representation) in world
        .tables
        .iter()
        .zip(&world.entity.representations)
        .skip(1)
    {
        let mut say = |row: &Row, verdict: Verdict| {
            found.push(format!(
                "{} {} {}",
                text(row),
                representation.dataset.store,
                verdict.name()
            ));
        };
        for row in &world.tables[0].rows {
            match table.rows.iter().find(|it| it.key == row.key) {
                None if representation.presence == Presence::Optional => {}
                None => say(row, Verdict::Missing),
                Some(copy) if name(copy) == name(row) => {}
                Some(copy) if version(copy).to_string() < version(row).to_string() => {
                    say(row, Verdict::Stale);
                }
                Some(_) => say(row, Verdict::Conflicts),
            }
        }
        let is_orphan = |row: &&Row| world.tables[0].rows.iter().all(|it| it.key != row.key);
        table
            .rows
            .iter()
            .filter(is_orphan)
            .for_each(|it| say(it, Verdict::Orphan));
    }
    found
}
