//! A database of a server that speaks MongoDB's wire protocol.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use libtest_mimic::Failed;
use mongodb::bson::{Bson, DateTime, Document, doc};
use mongodb::{Client, Database};
use parallax_core::error::Result;
use parallax_core::name::FieldPath;
use parallax_tests::Held;
use parallax_tests::servers::{self, Server};

use crate::ground::{
    Ground, ODD, ODD_NAME, ODD_NAME_ITSELF, Owner, Stranger, USERS, WIDE, Words, connect_to,
    dataset, mark,
};
use crate::types::{Place, Typed, typed};

const NOT_LONG: &str = "what runs long there takes its memory first; that a silent server is given up is tried where it is paused";

const STOPS_NOTHING: &str =
    "it lists no operations and stops none: a dropped call ends here, and there when it is done";

pub(crate) const NOT_APPLICABLE_TO_FERRETDB: &[(&str, &str)] = &[
    (crate::ENDED, STOPS_NOTHING),
    (crate::DROPPED, STOPS_NOTHING),
    (
        crate::NO_RIGHTS,
        "this version gives every account every right",
    ),
];

const NO_ACCOUNTS: &str = "it has no accounts";

pub(crate) const NOT_APPLICABLE_TO_MONGO_JAVA: &[(&str, &str)] = &[
    (crate::DEADLINE, NOT_LONG),
    (crate::STOPS, NOT_LONG),
    (crate::ENDED, STOPS_NOTHING),
    (crate::DROPPED, STOPS_NOTHING),
    (crate::WRONG_PASSWORD, NO_ACCOUNTS),
    (crate::NO_RIGHTS, NO_ACCOUNTS),
];

struct Own {
    database: Database,
    /// Its URL.
    url: String,
    /// Where FerretDB keeps it, if it is FerretDB's.
    below: Option<Server>,
}

impl Owner for Own {
    fn running<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<usize, Failed>> {
        async { Err(Failed::from(STOPS_NOTHING)) }.boxed()
    }

    fn typed<'a>(
        &'a self,
        mark: &'a str,
        types: &'a [Typed],
    ) -> BoxFuture<'a, Result<Vec<Place>, Failed>> {
        async move {
            let mut document = doc! { "_id": "1" };
            for (nth, it) in types.iter().enumerate() {
                document.insert(format!("c{nth}"), value(it.literal)?);
            }
            let all = self.database.collection::<Document>("typed");
            all.insert_one(document).await?;
            let place = |nth| {
                Ok(Place {
                    dataset: dataset(&format!("{mark}.typed"))?,
                    key_path: FieldPath::name("_id"),
                    key: "1".to_owned(),
                    path: FieldPath::name(format!("c{nth}")),
                    statement: format!(
                        "db.getSiblingDB('{mark}').typed.find({{}}, {{_id: 0, c{nth}: 1}})"
                    ),
                })
            };
            (0..types.len()).map(place).collect()
        }
        .boxed()
    }

    fn stranger<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Stranger, Failed>> {
        async { Err(Failed::from(NO_ACCOUNTS)) }.boxed()
    }

    fn hold(&self) -> BoxFuture<'_, Result<Option<Held>, Failed>> {
        async {
            let Some(below) = &self.below else {
                return Ok(None);
            };
            let held = Held::hold(below, &self.url, "empty").await?;
            Ok(Some(held))
        }
        .boxed()
    }

    fn remove(self: Box<Self>) -> BoxFuture<'static, Result<(), Failed>> {
        async move {
            let drop = doc! { "dropDatabase": 1 };
            self.database.run_command(drop).await?;
            Ok(())
        }
        .boxed()
    }
}

/// Canonical extended JSON.
fn value(literal: &str) -> Result<Bson, Failed> {
    Ok(serde_json::from_str(literal)?)
}

pub(crate) async fn ground(server: &Server) -> Result<Ground, Failed> {
    let name = mark();
    let database = Client::with_uri_str(&server.url).await?.database(&name);
    let now = DateTime::now().timestamp_millis();
    let users = (1..=USERS).map(|id| {
        let updated = DateTime::from_millis(now - i64::from(id) * 1_000);
        doc! { "_id": i64::from(id), "name": format!("user {id}"), "updated_at": updated }
    });
    let all = |name: &str| database.collection::<Document>(name);
    all("users").insert_many(users).await?;
    all("wide")
        .insert_one(doc! { "_id": "big", "value": "x".repeat(WIDE) })
        .await?;
    database.create_collection("empty").await?;
    all(ODD_NAME_ITSELF)
        .insert_one(doc! { "_id": ODD, "value": "odd" })
        .await?;
    let place = |it: &str| dataset(&format!("{name}.{it}"));
    let own_server = server.in_database(&name);
    let (store, canceller) = connect_to(&own_server, server.password())?;
    let below = (server.name == "ferretdb").then(|| servers::find("postgres"));
    let own = format!("db.getSiblingDB('{name}')");
    Ok(Ground {
        store,
        _canceller: canceller,
        key: FieldPath::name("_id"),
        users: place("users")?,
        wide: place("wide")?,
        empty: place("empty")?,
        odd: place(ODD_NAME)?,
        value: FieldPath::name("value"),
        words: Words {
            endless: format!("{own}.empty.find()"),
            write: format!("{own}.users.deleteMany({{}})"),
            two: format!("{own}.empty.find()\n{own}.empty.find()"),
            nobody: format!("{own}.users.find({{_id: {{{{nobody}}}}}})"),
            big: format!("{own}.wide.find()"),
        },
        mark: name,
        // The URL names the database, so the names do not.
        listed: String::new(),
        owner: Box::new(Own {
            database,
            url: own_server.url,
            below: below.flatten(),
        }),
    })
}

/// Types of documents, with their ends.
pub(crate) fn types() -> Vec<Typed> {
    vec![
        typed("bool", "true", "bool", "true"),
        typed(
            "int",
            "{\"$numberInt\":\"-2147483648\"}",
            "int",
            "-2147483648",
        ),
        typed(
            "long",
            "{\"$numberLong\":\"9223372036854775807\"}",
            "int",
            "9223372036854775807",
        ),
        typed("double", "{\"$numberDouble\":\"0.1\"}", "float", "0.1"),
        typed("string", "\"ä€𝄞 'quoted'\"", "text", "ä€𝄞 'quoted'"),
        typed(
            "date",
            "{\"$date\":{\"$numberLong\":\"-1\"}}",
            "timestamp",
            "1969-12-31T23:59:59.999Z",
        ),
        typed(
            "objectId",
            "{\"$oid\":\"00000000000000000000002a\"}",
            "objectId",
            "00000000000000000000002a",
        ),
        typed(
            "binData 0",
            "{\"$binary\":{\"base64\":\"AP8=\",\"subType\":\"00\"}}",
            "bytes",
            "AP8=",
        ),
        typed(
            "binData 4",
            "{\"$uuid\":\"00000000-0000-4000-8000-00000000002a\"}",
            "uuid",
            "00000000-0000-4000-8000-00000000002a",
        ),
        typed(
            "object",
            "{\"b\":{\"$numberInt\":\"1\"},\"a\":null}",
            "map",
            "{\"b\":1,\"a\":null}",
        ),
        typed(
            "array",
            "[{\"$numberInt\":\"1\"},\"a\",{\"b\":null}]",
            "list",
            "[1,\"a\",{\"b\":null}]",
        ),
        typed(
            "regex",
            "{\"$regularExpression\":{\"pattern\":\"a.b\",\"options\":\"i\"}}",
            "regex",
            "/a.b/i",
        ),
        typed(
            "timestamp",
            "{\"$timestamp\":{\"t\":1,\"i\":2}}",
            "bsonTimestamp",
            "1,2",
        ),
        typed("null", "null", "null", "null"),
    ]
}
