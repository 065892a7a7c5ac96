//! The copies as documents over the MongoDB wire.

use std::path::Path;
use std::time::Duration;

use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, DateTime, Decimal128, Document, Uuid, doc};
use mongodb::options::ClientOptions;
use mongodb::{Client, Collection, Database};
use serde_json::Value;

use crate::clock::Micros;
use crate::duo::Order;
use crate::ensemble::change::{Written, reversed};
use crate::ensemble::entity::{Entity, User};
use crate::ensemble::{LoadOptions, generate};
use crate::error::{Error, Result};
use crate::lease::{SWEEP, database_name, is_gone};
use crate::model::{Key, Kind};
use crate::servers::Server;

/// The collection that says whose a database is.
const OWNER: &str = "sample_folder";

/// How many documents are inserted at a time.
const BATCH: usize = 10_000;

/// How long an unreachable server is looked for.
const PATIENCE: Duration = Duration::from_secs(10);

/// How decimals are kept: servers that have no decimal type get text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decimals {
    Native,
    Text,
}

/// A database, and what its server can hold.
#[derive(Clone, Debug)]
struct Docs {
    client: Client,
    database: Database,
    decimals: Decimals,
}

/// Connects to the database that the URL names, and tries what the server can hold.
async fn connect(server: &Server) -> Result<Docs> {
    let mut options = ClientOptions::parse(server.whole_url()).await?;
    options.server_selection_timeout = Some(PATIENCE);
    options.app_name = Some("parallax-samples".to_owned());
    let client = Client::with_options(options)?;
    let database = client.default_database();
    let database = database.ok_or_else(|| Error::new("the URL of docs names no database"))?;
    let decimals = decimals(&database).await?;
    Ok(Docs {
        client,
        database,
        decimals,
    })
}

/// Writes a decimal and removes it again. A server that is not there fails in another way than by refusing it.
async fn decimals(database: &Database) -> Result<Decimals> {
    database.run_command(doc! { "ping": 1 }).await?;
    let trial: Collection<Document> = database.collection("sample_trial");
    let written = trial.insert_one(doc! { "_id": 1, "it": decimal("0.10")? });
    let decimals = match written.await {
        Ok(_) => Decimals::Native,
        Err(_) => Decimals::Text,
    };
    trial.delete_many(doc! {}).await?;
    Ok(decimals)
}

/// Takes the folder's database, without what an earlier load left in it; the server with its URL.
pub(crate) async fn lease(server: &Server, sample: &str, folder: &Path) -> Result<Server> {
    let name = database_name(sample, folder);
    let leased = server.with(server.at(&name));
    let docs = connect(&leased).await?;
    sweep(&docs.client, sample).await?;
    docs.database.drop().await?;
    let owner: Collection<Document> = docs.database.collection(OWNER);
    let folder = folder.display().to_string();
    owner
        .insert_one(doc! { "_id": "folder", "path": folder })
        .await?;
    docs.client.shutdown().await;
    Ok(leased)
}

/// Removes what folders that are gone held of a sample.
async fn sweep(client: &Client, sample: &str) -> Result<()> {
    let mut n_removed = 0;
    for name in client.list_database_names().await? {
        if n_removed == SWEEP || !name.starts_with(&format!("{sample}_")) {
            continue;
        }
        let database = client.database(&name);
        let owner: Collection<Document> = database.collection(OWNER);
        let folder = owner.find_one(doc! { "_id": "folder" }).await?;
        let folder = folder.as_ref().and_then(|it| it.get_str("path").ok());
        if folder.is_some_and(is_gone) {
            database.drop().await?;
            n_removed += 1;
        }
    }
    Ok(())
}

/// Fills the database, which is empty.
pub(crate) async fn fill(options: LoadOptions, server: Server) -> Result<()> {
    let docs = connect(&server).await?;
    let places: Vec<i64> = (0..i64::from(options.scale)).collect();
    for kind in options.kinds() {
        let collection = docs.collection(*kind);
        for places in places.chunks(BATCH) {
            let at = |it: &i64| docs.document(&generate::entity_at(&options, *kind, *it));
            let documents: Vec<Document> = places.iter().map(at).collect::<Result<_>>()?;
            collection.insert_many(documents).ordered(false).await?;
        }
    }
    docs.client.shutdown().await;
    Ok(())
}

/// Makes changes, one after the other.
pub(crate) async fn change(server: &Server, changes: &[Written]) -> Result<()> {
    let docs = connect(server).await?;
    for it in changes {
        match it {
            Written::Put(entity) => docs.put(entity, docs.document(entity)?).await?,
            Written::Disguised(entity) => docs.put(entity, docs.disguised(entity)?).await?,
            Written::Removed(key) => {
                let collection = docs.collection(key.kind());
                collection.delete_one(doc! { "_id": id(key) }).await?;
            }
        }
    }
    docs.client.shutdown().await;
    Ok(())
}

/// The key as a document's `_id`.
fn id(key: &Key) -> Bson {
    match key {
        Key::User(id) => Bson::Int64(*id),
        Key::Product(sku) => Bson::String(sku.clone()),
        Key::Order(region, number) => Bson::Document(doc! { "region": region, "number": *number }),
    }
}

impl Docs {
    fn collection(&self, kind: Kind) -> Collection<Document> {
        self.database.collection(kind.aggregate())
    }

    async fn put(&self, entity: &Entity, document: Document) -> Result<()> {
        let collection = self.collection(entity.kind());
        let by_key = doc! { "_id": id(&entity.key()) };
        collection
            .replace_one(by_key, document)
            .upsert(true)
            .await?;
        Ok(())
    }

    fn document(&self, entity: &Entity) -> Result<Document> {
        match entity {
            Entity::User(it) => self.user(it),
            Entity::Order(it) => self.order(it, &it.total, Bson::Int32(small(it.quantity)?)),
        }
    }

    /// The same in another spelling: members in another order, a zero behind the decimal, a number of another width.
    fn disguised(&self, entity: &Entity) -> Result<Document> {
        match entity {
            Entity::User(it) => {
                let mut document = self.user(it)?;
                document.insert("settings", from_json(&reversed(&it.settings)));
                let balance = format!("{}0", it.common.balance);
                document.insert("balance", self.money(&balance)?);
                Ok(document)
            }
            Entity::Order(it) => {
                let total = format!("{}0", it.total);
                self.order(it, &total, Bson::Int64(it.quantity))
            }
        }
    }

    fn user(&self, user: &User) -> Result<Document> {
        let it = &user.common;
        let mut address = Document::new();
        if let Some(city) = &it.city {
            address.insert("city", city);
        }
        Ok(doc! {
            "_id": it.id,
            "public_id": uuid(&user.public_id)?,
            "mail": &it.email,
            "profile": { "name": &it.name, "born": it.born.to_string(), "address": address },
            "balance": self.money(&it.balance)?,
            "points": it.points,
            "plan": &user.plan,
            "tags": &it.tags,
            "settings": from_json(&user.settings),
            "active": it.is_active,
            "created_at": date(it.created_at),
            "updated_at": date(it.updated_at),
        })
    }

    fn order(&self, it: &Order, total: &str, quantity: Bson) -> Result<Document> {
        Ok(doc! {
            "_id": { "region": &it.region, "number": it.number },
            "buyer": { "id": it.user_id },
            "line": { "sku": &it.sku, "quantity": quantity },
            "total": self.money(total)?,
            "state": &it.state,
            "placed_at": date(it.placed_at),
            "updated_at": date(it.updated_at),
        })
    }

    fn money(&self, text: &str) -> Result<Bson> {
        match self.decimals {
            Decimals::Native => Ok(Bson::Decimal128(decimal(text)?)),
            Decimals::Text => Ok(Bson::String(text.to_owned())),
        }
    }
}

fn decimal(text: &str) -> Result<Decimal128> {
    let decimal = text.parse();
    decimal.map_err(|it| Error::new(format!("not a decimal: {text:?}: {it}")))
}

fn small(number: i64) -> Result<i32> {
    i32::try_from(number).map_err(|it| Error::new(format!("not a small number: {number}: {it}")))
}

fn uuid(text: &str) -> Result<Bson> {
    let uuid = Uuid::parse_str(text);
    let uuid = uuid.map_err(|it| Error::new(format!("not a UUID: {text:?}: {it}")))?;
    Ok(Bson::Binary(Binary {
        subtype: BinarySubtype::Uuid,
        bytes: uuid.bytes().to_vec(),
    }))
}

/// Cut off to whole milliseconds, as the type is.
fn date(at: Micros) -> DateTime {
    DateTime::from_millis(at.unix_millis())
}

/// Whole numbers as 64 bits, others as doubles.
fn from_json(json: &Value) -> Bson {
    match json {
        Value::Null => Bson::Null,
        Value::Bool(it) => Bson::Boolean(*it),
        Value::Number(it) => it.as_i64().map_or_else(
            || Bson::Double(it.as_f64().unwrap_or(f64::NAN)),
            Bson::Int64,
        ),
        Value::String(it) => Bson::String(it.clone()),
        Value::Array(items) => Bson::Array(items.iter().map(from_json).collect()),
        Value::Object(members) => {
            let members = members.iter();
            Bson::Document(
                members
                    .map(|(name, it)| (name.clone(), from_json(it)))
                    .collect(),
            )
        }
    }
}
