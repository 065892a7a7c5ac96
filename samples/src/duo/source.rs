//! The application that writes. It knows nothing of the outbox: triggers publish every change in its own transaction.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::interval;

use crate::clock::Micros;
use crate::duo::entity::{Entity, KINDS, columns};
use crate::duo::stores::Stores;
use crate::duo::{generate, shop};
use crate::error::{Error, Result};
use crate::model::{Key, Kind, Op, Order};
use crate::pocket::generate as shared;
use crate::rng::Rng;

pub use crate::source::Change;

/// How many tries may hit nothing, because what they mean was deleted, before a sample counts as empty.
const MOST_MISSES: u32 = 1_000;

/// How many changes may wait to be told.
const UNTOLD: usize = 1_024;

/// The first key that a float cannot hold.
const LARGE: i64 = 1 << 53;

/// A writer to the system of record of a loaded sample.
#[derive(Debug)]
pub struct Source {
    shop: PgConnection,
    rng: Rng,
    /// Ids below this and not large may exist.
    next_user: i64,
    /// Regions, each with its largest number that is not large.
    regions: Vec<(String, i64)>,
}

impl Source {
    /// Opens the system of record in `dir`. The seed decides what [`Source::change`] does.
    pub async fn open(dir: &Path, seed: u64) -> Result<Self> {
        let mut shop = Stores::open(dir).await?.shop().await?;
        let users = sqlx::query_scalar("select last_value from user_ids");
        let orders = sqlx::query_as(
            "select region, max(number) from orders where number < $1 group by region order by region",
        );
        Ok(Self {
            next_user: users.fetch_one(&mut shop).await?,
            regions: orders.bind(LARGE).fetch_all(&mut shop).await?,
            rng: Rng::new(seed),
            shop,
        })
    }

    /// Reads one object.
    pub async fn get(&mut self, key: &Key) -> Result<Option<Entity>> {
        shop::get(&mut self.shop, key).await
    }

    /// The keys of every object, users first.
    pub async fn keys(&mut self) -> Result<Vec<Key>> {
        let mut keys = Vec::new();
        for kind in KINDS {
            let entities = shop::all(&mut self.shop, kind).await?;
            keys.extend(entities.iter().map(Entity::key));
        }
        Ok(keys)
    }

    /// Sets one field of one object now; the field has its column's name and the value the form that the outbox uses.
    pub async fn set(&mut self, key: &Key, field: &str, value: Value) -> Result<Change> {
        let (kind, table) = (key.kind(), key.kind().aggregate());
        let settable = || {
            let fixed = ["id", "region", "number", "updated_at"];
            columns(kind).iter().filter(move |it| !fixed.contains(it))
        };
        if !settable().any(|it| *it == field) {
            let names: Vec<&str> = settable().copied().collect();
            let hint = format!("one of {}", names.join(", "));
            let why = format!("no field {field:?} of {} to change", kind.entity());
            return Err(Error::new(why).hint(hint));
        }
        let row = Value::Object([(field.to_owned(), value)].into_iter().collect());
        let statement = format!(
            "update {table} it set {field} = (json_populate_record(null::{table}, $2::json)).{field} where {}",
            shop::the_key(kind)
        );
        let query = self.written(Op::Update, key, &statement, Some(row.to_string()));
        let change = query.await?;
        change.ok_or_else(|| absent(key))
    }

    /// Deletes one object now, and a user's orders with the user; the change returned is the object's own.
    pub async fn delete(&mut self, key: &Key) -> Result<Change> {
        self.erase(key).await?.ok_or_else(|| absent(key))
    }

    /// Makes one change that the seed decides: mostly updates, some insertions, few deletions.
    pub async fn change(&mut self) -> Result<Change> {
        for _ in 0..MOST_MISSES {
            let made = match self.rng.below(100) {
                0..50 => self.update_user().await?,
                50..82 => self.update_order().await?,
                82..88 => Some(self.insert_user().await?),
                88..95 => self.insert_order().await?,
                95..99 => self.delete_order().await?,
                _ => self.delete_user().await?,
            };
            if let Some(change) = made {
                return Ok(change);
            }
        }
        Err(Error::new("nothing is left to change").hint("load the sample again"))
    }

    /// Closes the connection.
    pub async fn close(self) -> Result<()> {
        Ok(self.shop.close().await?)
    }

    async fn update_user(&mut self) -> Result<Option<Change>> {
        let key = self.some_user();
        let (assignment, value) = match self.rng.below(4) {
            0 => ("city = $2::json->>0", one(shared::city(&mut self.rng))),
            1 => {
                let user = generate::user(&mut self.rng, 0);
                let value = one(user.balance);
                ("balance = ($2::json->>0)::numeric", value)
            }
            2 => (
                "points = points + ($2::json->>0)::bigint",
                one(self.rng.below(500) + 1),
            ),
            _ => {
                let tags = generate::tags(&mut self.rng);
                let text = "tags = array(select json_array_elements_text($2::json->0))";
                (text, one(tags))
            }
        };
        let statement = format!(
            "update users it set {assignment} where {}",
            shop::the_key(Kind::User)
        );
        self.written(Op::Update, &key, &statement, Some(value))
            .await
    }

    async fn update_order(&mut self) -> Result<Option<Change>> {
        let Some(key) = self.some_order() else {
            return Ok(None);
        };
        let state = one(self.rng.pick(&Order::STATES));
        let statement = format!(
            "update orders it set state = $2::json->>0 where {}",
            shop::the_key(Kind::Order)
        );
        self.written(Op::Update, &key, &statement, Some(state))
            .await
    }

    async fn insert_user(&mut self) -> Result<Change> {
        let id: i64 = self.counted("user_ids").await?;
        let user = generate::user(&mut self.rng, id);
        let names = "id, name, email, city, balance, points, tags, born, is_active";
        let statement = format!(
            "insert into users as it ({names}) select {names} from json_populate_record(null::users, $2::json) where $1 <> ''"
        );
        let key = Key::User(id);
        let row = Some(crate::database::json(&user));
        let made = self.written(Op::Insert, &key, &statement, row).await?;
        made.ok_or_else(|| absent(&key))
    }

    async fn insert_order(&mut self) -> Result<Option<Change>> {
        let Key::User(user_id) = self.some_user() else {
            return Ok(None);
        };
        let number: i64 = self.counted("order_numbers").await?;
        let region = shared::region(&mut self.rng);
        let order = generate::order(&mut self.rng, region, number, user_id);
        let names = "region, number, user_id, sku, quantity, total, state";
        let statement = format!(
            "insert into orders as it ({names}) select {names} from json_populate_record(null::orders, $2::json) new
             where $1 <> '' and exists (select from users where id = new.user_id for key share)"
        );
        let key = Key::Order(region.to_owned(), number);
        let row = Some(crate::database::json(&order));
        self.written(Op::Insert, &key, &statement, row).await
    }

    async fn delete_user(&mut self) -> Result<Option<Change>> {
        let key = self.some_user();
        self.erase(&key).await
    }

    async fn delete_order(&mut self) -> Result<Option<Change>> {
        match self.some_order() {
            Some(key) => self.erase(&key).await,
            None => Ok(None),
        }
    }

    async fn erase(&mut self, key: &Key) -> Result<Option<Change>> {
        let statement = format!(
            "delete from {} it where {}",
            key.kind().aggregate(),
            shop::the_key(key.kind())
        );
        self.written(Op::Delete, key, &statement, None).await
    }

    /// Runs a statement on `it`, with the key's parts as parameter 1; the change, if it hit a row.
    async fn written(
        &mut self,
        op: Op,
        key: &Key,
        statement: &str,
        value: Option<String>,
    ) -> Result<Option<Change>> {
        // The version of a deletion is made by the trigger, a moment from now.
        let statement = match op {
            Op::Delete => format!("{statement} returning iso(clock_timestamp())"),
            Op::Insert | Op::Update => format!("{statement} returning iso(it.updated_at)"),
        };
        let mut query = sqlx::query(AssertSqlSafe(statement)).bind(key.parts());
        if let Some(value) = value {
            query = query.bind(value);
        }
        let Some(row) = query.fetch_optional(&mut self.shop).await? else {
            return Ok(None);
        };
        let at: Micros = row.try_get::<&str, _>(0)?.parse()?;
        Ok(Some(Change {
            op,
            key: key.clone(),
            at: at.time(),
        }))
    }

    async fn counted(&mut self, sequence: &str) -> Result<i64> {
        let query = sqlx::query_scalar("select nextval($1::text::regclass)");
        Ok(query.bind(sequence).fetch_one(&mut self.shop).await?)
    }

    fn some_user(&mut self) -> Key {
        Key::User(self.rng.below(self.next_user.max(2) - 1) + 1)
    }

    fn some_order(&mut self) -> Option<Key> {
        let place = self.rng.index(self.regions.len());
        let (region, largest) = self.regions.get(place)?;
        let key = Key::Order(region.clone(), self.rng.below(*largest) + 1);
        Some(key)
    }
}

/// The text of a JSON array of one.
fn one(value: impl serde::Serialize) -> String {
    crate::database::json(&[value])
}

fn absent(key: &Key) -> Error {
    let (entity, text) = (key.kind().entity(), key.to_string());
    Error::new(format!("no {entity} {text:?} in shop"))
}

/// Sets one field of one user now, for example `city` to `"Oslo"`.
pub async fn change_user(
    dir: &Path,
    id: i64,
    field: &str,
    value: impl Into<Value>,
) -> Result<Change> {
    let mut source = Source::open(dir, 0).await?;
    let change = source.set(&Key::User(id), field, value.into()).await?;
    source.close().await?;
    Ok(change)
}

/// Deletes one user now, with the user's orders.
pub async fn delete_user(dir: &Path, id: i64) -> Result<Change> {
    let mut source = Source::open(dir, 0).await?;
    let change = source.delete(&Key::User(id)).await?;
    source.close().await?;
    Ok(change)
}

/// How fast a sample is changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Changes a second, at most.
    pub rate: f64,
    /// Ends after so many.
    pub count: Option<u64>,
    /// Decides what is changed.
    pub seed: u64,
    /// How many writers share the work, side by side: their transactions commit out of order.
    pub writers: u32,
}

/// Writers at work. Dropping them stops them at once.
#[derive(Debug)]
pub struct Writers {
    tasks: JoinSet<Result<()>>,
    told: mpsc::Receiver<Change>,
}

impl Writers {
    /// Starts them on the sample in `dir`.
    pub fn start(dir: &Path, pace: Pace) -> Self {
        let (tell, told) = mpsc::channel(UNTOLD);
        let made = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        for writer in 0..pace.writers.max(1) {
            let turn = Turn {
                dir: dir.to_owned(),
                pace,
                made: Arc::clone(&made),
                tell: tell.clone(),
            };
            tasks.spawn(turn.run(writer));
        }
        Self { tasks, told }
    }

    /// The next change that was made; `None` when all are made. Fails when a writer has failed.
    pub async fn next(&mut self) -> Result<Option<Change>> {
        if let Some(change) = self.told.recv().await {
            return Ok(Some(change));
        }
        self.join().await?;
        Ok(None)
    }

    /// Lets every writer finish its change; returns how many were made that [`Writers::next`] did not tell.
    pub async fn stop(mut self) -> Result<u64> {
        self.told.close();
        let mut untold = 0;
        while self.told.recv().await.is_some() {
            untold += 1;
        }
        self.join().await?;
        Ok(untold)
    }

    async fn join(&mut self) -> Result<()> {
        while let Some(ended) = self.tasks.join_next().await {
            ended.map_err(|it| Error::new(format!("a writer ended: {it}")))??;
        }
        Ok(())
    }
}

/// One writer's work.
struct Turn {
    dir: PathBuf,
    pace: Pace,
    made: Arc<AtomicU64>,
    tell: mpsc::Sender<Change>,
}

impl Turn {
    async fn run(self, writer: u32) -> Result<()> {
        let seed = self.pace.seed.wrapping_add(u64::from(writer) << 32);
        let mut source = Source::open(&self.dir, seed).await?;
        let share = f64::from(self.pace.writers.max(1)) / self.pace.rate;
        // What could not be made in time is made up for.
        let mut ticks = interval(Duration::from_secs_f64(share));
        let most = self.pace.count.unwrap_or(u64::MAX);
        loop {
            ticks.tick().await;
            if self.tell.is_closed() || self.made.fetch_add(1, Ordering::Relaxed) >= most {
                break;
            }
            let change = source.change().await?;
            if self.tell.send(change).await.is_err() {
                break;
            }
        }
        source.close().await
    }
}
