//! What is to be planted, decided in memory: the same objects and seed give the same plan.

use std::collections::{BTreeMap, BTreeSet};

use crate::ensemble::change::Written;
use crate::ensemble::entity::{Entity, columns};
use crate::ensemble::shop::Outgoing;
use crate::ensemble::{Stores, Target, crm, generate};
use crate::error::Result;
use crate::inject::objects::{DAY, Object as _, Objects};
use crate::inject::{Planted, Verdict};
use crate::model::{Key, Kind, Op};

/// All that is to be done, and what must be found then.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Objects that the system of record gets.
    pub(super) written: Vec<Entity>,
    /// Objects that it loses.
    pub(super) removed: Vec<Key>,
    /// Rows that its outbox gets.
    pub(super) outbox: Vec<Outgoing>,
    /// What is done to copies.
    pub(super) copies: BTreeMap<Target, Vec<Written>>,
    pub(super) faults: Vec<Planted>,
    pub(super) untouched: BTreeMap<String, Vec<String>>,
}

/// Decides what is planted.
#[derive(Debug)]
pub(super) struct Planner {
    objects: Objects<Entity>,
    kinds: &'static [Kind],
    targets: Vec<Target>,
    datasets: BTreeMap<(Target, Kind), String>,
    /// Users whom orders name.
    buyers: BTreeSet<i64>,
    plan: Plan,
}

impl Planner {
    pub(super) fn new(objects: Objects<Entity>, stores: &Stores, buyers: BTreeSet<i64>) -> Self {
        Self {
            objects,
            kinds: stores.kinds(),
            targets: stores.targets().collect(),
            datasets: stores.datasets.clone(),
            buyers,
            plan: Plan::default(),
        }
    }

    /// Plans `per_verdict` of everything; what needs rare keys comes first.
    pub(super) fn plan(mut self, per_verdict: u32) -> Result<Plan> {
        for _ in 0..per_verdict {
            for kind in self.kinds {
                for waiting in self.waits() {
                    for late in [true, false] {
                        self.deletion(*kind, &waiting, late)?;
                        self.insertion(*kind, &waiting, late);
                        self.update(*kind, &waiting, late)?;
                    }
                }
                for target in self.targets.clone() {
                    self.drift(*kind, target)?;
                }
            }
        }
        (self.plan.faults, self.plan.untouched) = self.objects.outcome();
        Ok(self.plan)
    }

    /// Which copies a change waits for: all of them, or one alone.
    fn waits(&self) -> Vec<Vec<Target>> {
        let mut waits = vec![self.targets.clone()];
        if self.targets.len() > 1 {
            waits.extend(self.targets.iter().map(|it| vec![*it]));
        }
        waits
    }

    fn drift(&mut self, kind: Kind, target: Target) -> Result<()> {
        self.missing(kind, target)?;
        self.orphan(kind, target);
        self.stale(kind, target)?;
        for field in target.fields(kind) {
            self.conflict(kind, target, field)?;
        }
        if target != Target::Crm || crm::can_disguise(kind) {
            self.disguise(kind, target)?;
        }
        Ok(())
    }

    fn missing(&mut self, kind: Kind, target: Target) -> Result<()> {
        let key = self.take_to_remove(kind)?.key();
        self.write(target, Written::Removed(key.clone()));
        let how = "the record was removed";
        self.note(target, &key, Verdict::Missing, &[], how);
        Ok(())
    }

    fn orphan(&mut self, kind: Kind, target: Target) {
        let ghost = self.ghost(kind);
        let key = ghost.key();
        let deleted = Outgoing::deleted(&key, ghost.updated_at().plus(DAY));
        self.plan.outbox.push(deleted.sent_except(&[]));
        self.write(target, Written::Put(ghost));
        let how =
            "the source deleted it long ago; the deletion is marked sent and was never applied";
        self.note(target, &key, Verdict::Orphan, &[], how);
    }

    fn stale(&mut self, kind: Kind, target: Target) -> Result<()> {
        let mut entity = self.take(kind)?;
        let fields = target.fields(kind);
        let fields = self.objects.alter(&mut entity, fields, &["user_id"]);
        let days = self.objects.rng.below(30) + 1;
        entity.touch(entity.updated_at().plus(days * DAY));
        self.put_except(&entity, &[target]);
        let row = Outgoing::wrote(Op::Update, &entity);
        self.plan.outbox.push(row.sent_except(&[]));
        let how = "the source changed long ago; the change is marked sent and was never applied";
        self.note(target, &entity.key(), Verdict::Stale, &fields, how);
        self.plan.written.push(entity);
        Ok(())
    }

    fn conflict(&mut self, kind: Kind, target: Target, field: &'static str) -> Result<()> {
        let mut entity = self.take(kind)?;
        entity.alter(field);
        let key = entity.key();
        self.write(target, Written::Put(entity));
        let how = "one field of the copy was altered, its version was not";
        self.note(target, &key, Verdict::Conflicts, &[field], how);
        Ok(())
    }

    fn disguise(&mut self, kind: Kind, target: Target) -> Result<()> {
        let entity = self.take(kind)?;
        let key = entity.key();
        self.write(target, Written::Disguised(entity));
        let how = "some fields of the copy are spelled otherwise; they mean the same";
        self.note(target, &key, Verdict::Agrees, &[], how);
        Ok(())
    }

    fn update(&mut self, kind: Kind, waiting: &[Target], late: bool) -> Result<()> {
        let mut entity = self.take(kind)?;
        let fields = self.objects.alter(&mut entity, columns(kind), &["user_id"]);
        entity.touch(self.objects.moment(late).max(entity.updated_at().plus(1)));
        self.put_except(&entity, waiting);
        let row = Outgoing::wrote(Op::Update, &entity);
        self.plan.outbox.push(row.sent_except(waiting));
        let key = entity.key();
        for target in waiting {
            let held = target.fields(kind).iter().copied();
            let differing: Vec<_> = held.filter(|it| fields.contains(it)).collect();
            if differing.is_empty() {
                let how = "the source changed what is not kept here; only the version is older";
                self.note(*target, &key, Verdict::Agrees, &[], how);
            } else {
                self.in_flight(*target, &key, late, &differing);
            }
        }
        self.plan.written.push(entity);
        Ok(())
    }

    fn insertion(&mut self, kind: Kind, waiting: &[Target], late: bool) {
        let mut ghost = self.ghost(kind);
        ghost.touch(self.objects.moment(late));
        self.put_except(&ghost, waiting);
        let row = Outgoing::wrote(Op::Insert, &ghost);
        self.plan.outbox.push(row.sent_except(waiting));
        for target in waiting {
            self.in_flight(*target, &ghost.key(), late, &[]);
        }
        self.plan.written.push(ghost);
    }

    fn deletion(&mut self, kind: Kind, waiting: &[Target], late: bool) -> Result<()> {
        let entity = self.take_to_remove(kind)?;
        let key = entity.key();
        let at = self.objects.moment(late).max(entity.updated_at().plus(1));
        for target in self.others(waiting) {
            self.write(target, Written::Removed(key.clone()));
        }
        let row = Outgoing::deleted(&key, at);
        self.plan.outbox.push(row.sent_except(waiting));
        for target in waiting {
            self.in_flight(*target, &key, late, &[]);
        }
        self.plan.removed.push(key);
        Ok(())
    }

    /// Writes the object to every copy but those.
    fn put_except(&mut self, entity: &Entity, except: &[Target]) {
        for target in self.others(except) {
            self.write(target, Written::Put(entity.clone()));
        }
    }

    fn others(&self, than: &[Target]) -> Vec<Target> {
        let targets = self.targets.iter().copied();
        targets.filter(|it| !than.contains(it)).collect()
    }

    fn write(&mut self, target: Target, change: Written) {
        self.plan.copies.entry(target).or_default().push(change);
    }

    fn take(&mut self, kind: Kind) -> Result<Entity> {
        self.objects.take(kind, |_| true)
    }

    /// Not a user whom an order names: what hangs on a record may go with it.
    fn take_to_remove(&mut self, kind: Kind) -> Result<Entity> {
        let buyers = &self.buyers;
        let is_named = |key: &Key| matches!(key, Key::User(id) if buyers.contains(id));
        self.objects.take(kind, |key| !is_named(key))
    }

    /// An object that the source does not have.
    fn ghost(&mut self, kind: Kind) -> Entity {
        let number = self.objects.ghost();
        let buyer = self.buyers.first().copied().unwrap_or(1);
        let rng = &mut self.objects.rng;
        match kind {
            Kind::Order => {
                let order = crate::duo::generate::order(rng, "São Paulo", number, buyer);
                Entity::Order(order)
            }
            Kind::User | Kind::Product => Entity::User(generate::user(rng, number)),
        }
    }

    fn in_flight(&mut self, target: Target, key: &Key, late: bool, fields: &[&str]) {
        let how = "the source changed; the outbox row is unsent";
        let dataset = self.dataset(target, key.kind());
        self.objects.in_flight(&dataset, key, late, fields, how);
    }

    fn note(&mut self, target: Target, key: &Key, verdict: Verdict, fields: &[&str], how: &str) {
        let dataset = self.dataset(target, key.kind());
        self.objects.note(&dataset, key, verdict, fields, how);
    }

    fn dataset(&self, target: Target, kind: Kind) -> String {
        let dataset = self.datasets.get(&(target, kind)).cloned();
        dataset.unwrap_or_else(|| target.dataset(kind, ""))
    }
}
