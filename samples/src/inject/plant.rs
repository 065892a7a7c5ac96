//! How each fault is made.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::clock::Time;
use crate::database::Files;
use crate::error::{Error, Result};
use crate::inject::{Planted, Pool, Verdict};
use crate::model::{Entity, Key, Kind, Op, Target};
use crate::pocket::generate;
use crate::rng::Rng;
use crate::shop::{self, Outgoing};
use crate::targets;

/// Everything that can be planted, in the order in which it is: what needs rare keys first, what ages last.
const VERDICTS: [(Verdict, bool); 7] = [
    (Verdict::Missing, false),
    (Verdict::Stale, false),
    (Verdict::Conflicts, false),
    (Verdict::Orphan, false),
    (Verdict::Unknown, false),
    (Verdict::InFlight, true),
    (Verdict::InFlight, false),
];

/// Search comes last: its edge is measured by the newest version it shows, so what is in flight to it must be newer.
const TARGETS: [Target; 4] = [Target::Docs, Target::Cache, Target::Graph, Target::Search];

/// How long ago a change that is late was made.
const LATE: Duration = Duration::from_hours(1);

const DAY: i64 = 86_400_000_000_000;

/// Whether a verdict can occur in a target.
///
/// An optional record is never missing. The edge to search is not measured by its outbox column, so a change that is an hour
/// old would have been passed there; and a search index holds no text that could be cut.
pub(crate) fn can_occur(target: Target, verdict: Verdict, late: bool) -> bool {
    match verdict {
        Verdict::Missing => target != Target::Cache,
        Verdict::Unknown => target != Target::Search,
        Verdict::InFlight => !late || target != Target::Search,
        Verdict::Stale | Verdict::Conflicts | Verdict::Orphan => true,
        Verdict::Agrees => false,
    }
}

/// Plants faults inside transactions that are open in every file.
#[derive(Debug)]
pub(super) struct Injector<'a> {
    files: &'a mut Files,
    rng: Rng,
    pools: Vec<Pool>,
    with_orders: BTreeSet<Key>,
    faults: Vec<Planted>,
    n_ghosts: i64,
}

impl<'a> Injector<'a> {
    pub(super) fn new(
        files: &'a mut Files,
        rng: Rng,
        pools: Vec<Pool>,
        with_orders: BTreeSet<Key>,
    ) -> Self {
        Self {
            files,
            rng,
            pools,
            with_orders,
            faults: Vec::new(),
            n_ghosts: 0,
        }
    }

    /// Plants `per_verdict` faults of all that can be planted; returns the time of the last.
    pub(super) async fn plant_all(&mut self, per_verdict: u32) -> Result<Time> {
        for (verdict, late) in VERDICTS {
            for target in TARGETS
                .into_iter()
                .filter(|it| can_occur(*it, verdict, late))
            {
                for kind in Kind::ALL {
                    for _ in 0..per_verdict {
                        let planted = self.plant(kind, target, verdict, late).await?;
                        self.faults.push(planted);
                    }
                }
            }
        }
        Ok(Time::now())
    }

    /// What was planted, and keys by entity that were left alone.
    pub(super) fn outcome(self) -> (Vec<Planted>, BTreeMap<String, Vec<String>>) {
        let untouched = self.pools.into_iter().map(Pool::remaining);
        (self.faults, untouched.collect())
    }

    async fn plant(
        &mut self,
        kind: Kind,
        target: Target,
        verdict: Verdict,
        late: bool,
    ) -> Result<Planted> {
        let (key, fields, how) = match verdict {
            Verdict::Missing => self.missing(kind, target).await?,
            Verdict::Stale => self.stale(kind, target).await?,
            Verdict::Conflicts => self.conflicts(kind, target).await?,
            Verdict::Orphan => self.orphan(kind, target).await?,
            Verdict::Unknown => self.unknown(kind, target).await?,
            Verdict::InFlight => self.in_flight(kind, target, late).await?,
            Verdict::Agrees => return Err(Error::new("nothing is disguised here")),
        };
        Ok(Planted {
            entity: kind,
            key: key.to_string(),
            dataset: target.dataset(kind).to_owned(),
            verdict,
            late,
            fields,
            how: how.to_owned(),
        })
    }

    async fn missing(&mut self, kind: Kind, target: Target) -> Result<Made> {
        let key = self.take(kind, target, true)?;
        targets::remove(self.files.target(target), target, &key).await?;
        Ok((key, Vec::new(), "the record was removed from the target"))
    }

    async fn stale(&mut self, kind: Kind, target: Target) -> Result<Made> {
        let key = self.take(kind, target, false)?;
        let mut entity = self.read(&key).await?;
        let fields = self.alter(&mut entity, target, &["user_id", "sku"]);
        let days = self.rng.below(30) + 1;
        entity.touch(entity.updated_at().plus_nanos(days * DAY));
        let row = Outgoing::wrote(Op::Update, &entity).sent_except(&[]);
        self.change_around(target, &entity, row).await?;
        Ok((
            key,
            fields,
            "the source changed long ago; the change is marked sent and was never applied",
        ))
    }

    async fn conflicts(&mut self, kind: Kind, target: Target) -> Result<Made> {
        let key = self.take(kind, target, false)?;
        let mut entity = self.read(&key).await?;
        let fields = self.alter(&mut entity, target, &[]);
        targets::upsert(self.files.target(target), target, &entity).await?;
        Ok((
            key,
            fields,
            "the target's record was written with altered fields and the same version",
        ))
    }

    async fn orphan(&mut self, kind: Kind, target: Target) -> Result<Made> {
        let ghost = self.ghost(kind, target).await?;
        let key = ghost.key();
        targets::upsert(self.files.target(target), target, &ghost).await?;
        let deleted_at = ghost.updated_at().plus_nanos(DAY);
        let row = Outgoing::deleted(&key, deleted_at).sent_except(&[]);
        shop::send(&mut self.files.shop, &[row]).await?;
        Ok((
            key,
            Vec::new(),
            "the source deleted it long ago; the deletion is marked sent and was never applied",
        ))
    }

    async fn unknown(&mut self, kind: Kind, target: Target) -> Result<Made> {
        let key = self.take(kind, target, false)?;
        let how = targets::spoil(self.files.target(target), target, &key).await?;
        Ok((key, Vec::new(), how))
    }

    async fn in_flight(&mut self, kind: Kind, target: Target, late: bool) -> Result<Made> {
        let key = self.take(kind, target, false)?;
        let mut entity = self.read(&key).await?;
        self.alter(&mut entity, target, &["user_id", "sku"]);
        let (at, how) = if late {
            let at = Time::now().minus(LATE);
            (at, "the source changed an hour ago; the change is unsent")
        } else {
            (Time::now(), "the source changed now; the change is unsent")
        };
        entity.touch(entity.updated_at().next_version(at));
        let row = Outgoing::wrote(Op::Update, &entity).sent_except(&[target]);
        self.change_around(target, &entity, row).await?;
        Ok((key, Vec::new(), how))
    }

    /// Changes the source and every target but one.
    async fn change_around(
        &mut self,
        target: Target,
        entity: &Entity,
        row: Outgoing,
    ) -> Result<()> {
        shop::upsert(&mut self.files.shop, entity).await?;
        shop::send(&mut self.files.shop, &[row]).await?;
        for other in Target::ALL.into_iter().filter(|it| *it != target) {
            targets::upsert(self.files.target(other), other, entity).await?;
        }
        Ok(())
    }

    /// Alters one or two fields that the target holds, but none of `except`; returns them in the order of the columns.
    fn alter(&mut self, entity: &mut Entity, target: Target, except: &[&str]) -> Vec<String> {
        let held = entity.kind().compared(target).iter().copied();
        let mut places: Vec<(usize, &str)> =
            held.filter(|it| !except.contains(it)).enumerate().collect();
        self.rng.shuffle(&mut places);
        places.truncate(1 + self.rng.index(2));
        places.sort_unstable();
        let altered = places.into_iter().filter(|(_, field)| entity.alter(field));
        altered.map(|(_, field)| field.to_owned()).collect()
    }

    /// Takes a key whose record stands in `target`; for a record that is to go, one that no relationship hangs on.
    fn take(&mut self, kind: Kind, target: Target, is_to_go: bool) -> Result<Key> {
        let pool = self.pools.iter_mut().find(|it| it.kind == kind);
        let has_relationships =
            |key: &Key| target == Target::Graph && self.with_orders.contains(key);
        let fits = |key: &Key| {
            (target != Target::Cache || key.is_cached()) && !(is_to_go && has_relationships(key))
        };
        pool.expect("there is a pool for each kind").take(fits)
    }

    async fn read(&mut self, key: &Key) -> Result<Entity> {
        let found = shop::get(&mut self.files.shop, key).await?;
        found.ok_or_else(|| Error::new(format!("{} {key} went away", key.kind().entity())))
    }

    /// An entity that the source does not have, under a key that the target keeps.
    async fn ghost(&mut self, kind: Kind, target: Target) -> Result<Entity> {
        let model = match kind {
            Kind::Order => shop::nth(&mut self.files.shop, Kind::Order, 0).await?,
            Kind::User | Kind::Product => None,
        };
        loop {
            self.n_ghosts += 1;
            let ghost = ghost(&mut self.rng, kind, self.n_ghosts, model.as_ref());
            if target != Target::Cache || ghost.key().is_cached() {
                return Ok(ghost);
            }
        }
    }
}

/// Key, fields and how.
type Made = (Key, Vec<String>, &'static str);

/// An order that is not there takes the ends of one that is, so that its relationship has nodes to stand between.
fn ghost(rng: &mut Rng, kind: Kind, number: i64, model: Option<&Entity>) -> Entity {
    match (kind, model) {
        (Kind::Order, Some(Entity::Order(model))) => {
            let mut ghost = model.clone();
            "São Paulo".clone_into(&mut ghost.region);
            ghost.number = 5_000_000 + number;
            Entity::Order(ghost)
        }
        (Kind::User, _) => Entity::User(generate::user(rng, 9_007_199_254_750_001 + number)),
        _ => Entity::Product(generate::product(
            rng,
            format!("gone \"{number}\": größe {{é}}, 100%"),
        )),
    }
}
