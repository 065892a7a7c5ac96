//! What is to be planted, decided in memory: the same objects and seed give the same plan.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Micros;
use crate::duo::entity::{Entity, KINDS};
use crate::duo::form::{Form, form};
use crate::duo::shop::Outgoing;
use crate::duo::{Place, columns, generate};
use crate::error::Result;
use crate::inject::objects::{DAY, Object, Objects};
use crate::inject::{Planted, Pool, Verdict};
use crate::model::{Key, Kind, Op};
use crate::rng::Rng;
use crate::worker::Place as _;

/// Where a change waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// In the outbox, unsent.
    Unsent,
    /// In the stream; a consumer had it and did not acknowledge it.
    Unacknowledged,
    /// In the stream; no consumer had it.
    Undelivered,
}

/// Where changes wait, and whether for too long: what no consumer had is the youngest of the stream.
const WAITS: [(Wait, bool); 5] = [
    (Wait::Unacknowledged, true),
    (Wait::Unsent, true),
    (Wait::Unacknowledged, false),
    (Wait::Undelivered, false),
    (Wait::Unsent, false),
];

/// All that is to be done, and what must be found then.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Objects that the system of record gets.
    pub(super) written: Vec<Entity>,
    /// Objects that it loses.
    pub(super) removed: Vec<Key>,
    /// Rows that its outbox gets.
    pub(super) outbox: Vec<Outgoing>,
    /// Keys of the cache with what they get; `None` is removed.
    pub(super) copies: Vec<(String, Option<Form>)>,
    /// Entries that a consumer had an hour ago.
    pub(super) unacknowledged_late: Vec<Outgoing>,
    /// Entries that it had now.
    pub(super) unacknowledged: Vec<Outgoing>,
    /// Entries that none had.
    pub(super) undelivered: Vec<Outgoing>,
    pub(super) faults: Vec<Planted>,
    pub(super) untouched: BTreeMap<String, Vec<String>>,
}

/// Decides what is planted.
#[derive(Debug)]
pub(super) struct Planner {
    objects: Objects<Entity>,
    /// Users that an order names, and so cannot be deleted alone.
    buyers: BTreeSet<i64>,
    plan: Plan,
}

impl Planner {
    pub(super) fn new(mut rng: Rng, entities: Vec<Entity>, now: Micros) -> Self {
        let pools = KINDS.map(|kind| {
            let keys = entities.iter().map(Entity::key);
            let mut keys: Vec<Key> = keys.filter(|it| it.kind() == kind).collect();
            keys.sort();
            Pool::new(kind, keys, &mut rng)
        });
        let buyers = entities.iter().filter_map(|it| match it {
            Entity::Order(order) => Some(order.user_id),
            Entity::User(_) => None,
        });
        Self {
            buyers: buyers.collect(),
            objects: Objects::new(rng, entities, pools.into(), now, Vec::new()),
            plan: Plan::default(),
        }
    }

    /// Plans `per_verdict` of everything; what needs rare objects comes first.
    pub(super) fn plan(mut self, per_verdict: u32) -> Result<Plan> {
        for _ in 0..per_verdict {
            for kind in KINDS {
                for (wait, late) in WAITS {
                    self.deletion(kind, wait, late)?;
                    self.insertion(kind, wait, late);
                    self.update(kind, wait, late)?;
                }
                for place in Place::of(kind) {
                    self.drift(kind, place)?;
                }
            }
        }
        (self.plan.faults, self.plan.untouched) = self.objects.outcome();
        Ok(self.plan)
    }

    fn drift(&mut self, kind: Kind, place: Place) -> Result<()> {
        if !place.is_optional() {
            self.missing(place)?;
        }
        self.orphan(kind, place);
        self.stale(kind, place)?;
        for field in place.fields(kind) {
            self.conflict(place, field)?;
        }
        if place != Place::Tags {
            self.disguise(place)?;
        }
        Ok(())
    }

    fn missing(&mut self, place: Place) -> Result<()> {
        let entity = self.take(place)?;
        self.plan.copies.push((place.key(&entity.key()), None));
        let how = "the key was removed";
        self.note(place, &entity.key(), Verdict::Missing, &[], how);
        Ok(())
    }

    fn orphan(&mut self, kind: Kind, place: Place) {
        let ghost = self.ghost(kind, |key| !place.is_optional() || key.is_cached());
        self.put(place, &ghost);
        let deleted = Outgoing::deleted(&ghost.key(), ghost.updated_at().plus(DAY));
        self.plan.outbox.push(deleted.sent());
        let how = "the source deleted it long ago; the entry is acknowledged and was never applied";
        self.note(place, &ghost.key(), Verdict::Orphan, &[], how);
    }

    /// A copy without a version cannot show that it is old: it conflicts.
    fn stale(&mut self, kind: Kind, place: Place) -> Result<()> {
        let mut entity = self.take(place)?;
        let fields = self
            .objects
            .alter(&mut entity, place.fields(kind), &["user_id"]);
        let days = self.objects.rng.below(30) + 1;
        entity.touch(entity.updated_at().plus(days * DAY));
        for other in Place::of(kind).filter(|it| *it != place) {
            self.put(other, &entity);
        }
        let row = Outgoing::wrote(Op::Update, &entity);
        self.plan.outbox.push(row.sent());
        self.plan.written.push(entity.clone());
        let verdict = if place.has_version() {
            Verdict::Stale
        } else {
            Verdict::Conflicts
        };
        let how = "the source changed long ago; the entry is acknowledged and was never applied";
        self.note(place, &entity.key(), verdict, &fields, how);
        Ok(())
    }

    fn conflict(&mut self, place: Place, field: &'static str) -> Result<()> {
        let mut entity = self.take(place)?;
        entity.alter(field);
        self.put(place, &entity);
        let how = "one field of the copy was altered, its version was not";
        self.note(place, &entity.key(), Verdict::Conflicts, &[field], how);
        Ok(())
    }

    fn disguise(&mut self, place: Place) -> Result<()> {
        let entity = self.take(place)?;
        let disguised = form(place, &entity).and_then(|it| it.disguised(place));
        self.plan.copies.push((place.key(&entity.key()), disguised));
        let how = "one field of the copy is spelled otherwise; it means the same";
        self.note(place, &entity.key(), Verdict::Agrees, &[], how);
        Ok(())
    }

    fn update(&mut self, kind: Kind, wait: Wait, late: bool) -> Result<()> {
        let mut entity = self.objects.take(kind, |_| true)?;
        let fields = self.objects.alter(&mut entity, columns(kind), &["user_id"]);
        entity.touch(self.objects.moment(late).max(entity.updated_at().plus(1)));
        let row = Outgoing::wrote(Op::Update, &entity);
        self.wait(row, wait, late);
        self.plan.written.push(entity.clone());
        for place in Place::of(kind).filter(|it| form(*it, &entity).is_some()) {
            let held = place.fields(kind).iter().copied();
            let differing: Vec<_> = held.filter(|it| fields.contains(it)).collect();
            if !differing.is_empty() {
                let (dataset, key) = (place.dataset(), entity.key());
                self.objects
                    .in_flight(dataset, &key, late, &differing, wait.how());
            } else if place.has_version() {
                let how = "the source changed what is not kept here; only the version is older";
                self.note(place, &entity.key(), Verdict::Agrees, &[], how);
            }
        }
        Ok(())
    }

    fn insertion(&mut self, kind: Kind, wait: Wait, late: bool) {
        // Where a copy is optional, its absence would be no difference.
        let mut ghost = self.ghost(kind, |key| !key.is_cached());
        ghost.touch(self.objects.moment(late));
        let row = Outgoing::wrote(Op::Insert, &ghost);
        self.wait(row, wait, late);
        self.plan.written.push(ghost.clone());
        for place in Place::of(kind).filter(|it| !it.is_optional()) {
            let (dataset, key) = (place.dataset(), ghost.key());
            self.objects.in_flight(dataset, &key, late, &[], wait.how());
        }
    }

    fn deletion(&mut self, kind: Kind, wait: Wait, late: bool) -> Result<()> {
        let buyers = std::mem::take(&mut self.buyers);
        let is_named = |key: &Key| matches!(key, Key::User(id) if buyers.contains(id));
        let taken = self.objects.take(kind, |key| !is_named(key));
        self.buyers = buyers;
        let entity = taken?;
        let at = self.objects.moment(late).max(entity.updated_at().plus(1));
        self.wait(Outgoing::deleted(&entity.key(), at), wait, late);
        self.plan.removed.push(entity.key());
        for place in Place::of(kind).filter(|it| form(*it, &entity).is_some()) {
            let (dataset, key) = (place.dataset(), entity.key());
            self.objects.in_flight(dataset, &key, late, &[], wait.how());
        }
        Ok(())
    }

    /// Leaves a change where it waits; beyond the outbox, its row is sent.
    fn wait(&mut self, row: Outgoing, wait: Wait, late: bool) {
        let entries = match (wait, late) {
            (Wait::Unsent, _) => return self.plan.outbox.push(row),
            (Wait::Unacknowledged, true) => &mut self.plan.unacknowledged_late,
            (Wait::Unacknowledged, false) => &mut self.plan.unacknowledged,
            (Wait::Undelivered, _) => &mut self.plan.undelivered,
        };
        entries.push(row.clone());
        self.plan.outbox.push(row.sent());
    }

    fn put(&mut self, place: Place, entity: &Entity) {
        let form = form(place, entity);
        self.plan.copies.push((place.key(&entity.key()), form));
    }

    /// Takes an object that has a copy at the place.
    fn take(&mut self, place: Place) -> Result<Entity> {
        let kind = place.kind().unwrap_or(Kind::User);
        let fits = |key: &Key| !place.is_optional() || key.is_cached();
        self.objects.take(kind, fits)
    }

    /// An object that the source does not have, under a key that fits.
    fn ghost(&mut self, kind: Kind, fits: impl Fn(&Key) -> bool) -> Entity {
        loop {
            let id = self.objects.ghost();
            let ghost = match kind {
                Kind::Order => Entity::Order(self.ghost_order(id)),
                Kind::User | Kind::Product => {
                    Entity::User(generate::user(&mut self.objects.rng, id))
                }
            };
            if fits(&ghost.key()) {
                return ghost;
            }
        }
    }

    /// Of a user that orders: no such user is deleted.
    fn ghost_order(&mut self, number: i64) -> crate::duo::Order {
        let buyer = self.buyers.first().copied().unwrap_or(1);
        generate::order(&mut self.objects.rng, "São Paulo", number, buyer)
    }

    fn note(&mut self, place: Place, key: &Key, verdict: Verdict, fields: &[&str], how: &str) {
        let dataset = place.dataset();
        self.objects.note(dataset, key, verdict, fields, how);
    }
}

impl Object for Entity {
    fn key(&self) -> Key {
        self.key()
    }

    fn alter(&mut self, field: &str) -> bool {
        self.alter(field)
    }
}

impl Wait {
    fn how(self) -> &'static str {
        match self {
            Self::Unsent => "the source changed; the outbox row is unsent",
            Self::Unacknowledged => {
                "the source changed; a consumer had the entry and did not acknowledge it"
            }
            Self::Undelivered => "the source changed; no consumer had the entry",
        }
    }
}
