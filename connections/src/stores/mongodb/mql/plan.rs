//! Commands for the server, from what people call.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};
use parallax_core::error::Result;

use super::chain::{Call, Chain, unknown};
use super::functions::whole;
use super::lexer::Place;

/// One command, and how its answer becomes rows.
#[derive(Clone, Debug)]
pub(in super::super) struct Plan {
    /// The database; `None` is that of the URL.
    pub(in super::super) database: Option<String>,
    pub(in super::super) command: Document,
    pub(in super::super) reply: Reply,
    pub(in super::super) place: Place,
}

/// What a reply holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Reply {
    /// A cursor over documents.
    Documents,
    /// One document: the reply itself.
    Document,
    /// Documents in a list of this name.
    Members(&'static str),
    /// Values in a list of this name.
    Values(&'static str),
    /// A cursor over one document with the number `n`, or over none, which is zero.
    Count,
    /// A number `n`.
    Number,
    /// How many documents were changed.
    Written,
}

impl Plan {
    /// The same in this database, if it names none itself.
    pub(super) fn in_database(mut self, used: Option<&str>) -> Self {
        self.database = self.database.or_else(|| used.map(ToOwned::to_owned));
        self
    }
}

/// A command as it stands.
pub(super) fn command(command: Document, place: Place) -> Result<Plan> {
    let Some(name) = command.keys().next() else {
        return Err(place
            .bad("the document is empty")
            .hint("a command's first member is its name: { ping: 1 }"));
    };
    let has_cursor = matches!(
        name.as_str(),
        "find" | "aggregate" | "listCollections" | "listIndexes"
    );
    let is_explained = command.get_bool("explain").unwrap_or(false);
    let reply = if has_cursor && !is_explained {
        Reply::Documents
    } else if matches!(name.as_str(), "insert" | "update" | "delete") {
        Reply::Written
    } else {
        Reply::Document
    };
    Ok(Plan {
        database: None,
        command,
        reply,
        place,
    })
}

/// The command of a chain.
pub(super) fn of_chain(chain: Chain, place: Place) -> Result<Plan> {
    let mut calls = chain.calls.into_iter();
    let Some(first) = calls.next() else {
        return Err(place
            .bad("nothing is called")
            .hint("for example db.users.find(), or show collections"));
    };
    let (mut plan, explained) = match &chain.collection {
        None => (of_database(&first)?, None),
        Some(collection) if first.name == "explain" => {
            let verbosity = verbosity(&first)?;
            let Some(call) = calls.next() else {
                return Err(first
                    .place
                    .bad("nothing is explained")
                    .hint("db.users.explain().find()"));
            };
            (of_collection(collection, &call)?, Some(verbosity))
        }
        Some(collection) => (of_collection(collection, &first)?, None),
    };
    for call in calls {
        plan = modified(plan, &call)?;
    }
    plan.database = chain.database.or(plan.database);
    Ok(match explained {
        Some(verbosity) => explain(plan, &verbosity),
        None => plan,
    })
}

fn explain(plan: Plan, verbosity: &str) -> Plan {
    Plan {
        command: doc! { "explain": plan.command, "verbosity": verbosity },
        reply: Reply::Document,
        ..plan
    }
}

fn verbosity(call: &Call) -> Result<String> {
    match call.arguments.as_slice() {
        [] | [Bson::Boolean(_)] => Ok("queryPlanner".to_owned()),
        [Bson::String(it)] => Ok(it.clone()),
        _ => Err(misused(call, r#"explain("executionStats")"#)),
    }
}

const OF_DATABASE: &[&str] = &[
    "runCommand",
    "adminCommand",
    "getCollection",
    "getSiblingDB",
    "getCollectionNames",
    "getCollectionInfos",
    "aggregate",
    "stats",
    "serverStatus",
    "hello",
    "version",
    "currentOp",
    "hostInfo",
    "listCommands",
];

fn of_database(call: &Call) -> Result<Plan> {
    let admin = |plan: Plan| Plan {
        database: Some("admin".to_owned()),
        ..plan
    };
    let asked = match call.name.as_str() {
        "runCommand" => return command(named(call)?, call.place),
        "adminCommand" => return command(named(call)?, call.place).map(admin),
        "aggregate" => return aggregate(Bson::Int32(1), call),
        "getCollectionNames" => doc! { "listCollections": 1, "nameOnly": true, "cursor": {} },
        "getCollectionInfos" => doc! { "listCollections": 1, "cursor": {} },
        "stats" => doc! { "dbStats": 1 },
        "serverStatus" | "hello" | "hostInfo" | "listCommands" => doc! { &call.name: 1 },
        "version" => doc! { "buildInfo": 1 },
        "currentOp" => return command(doc! { "currentOp": 1 }, call.place).map(admin),
        _ => return Err(unknown(call, OF_DATABASE)),
    };
    command(asked, call.place)
}

/// The argument of `runCommand`: a document, or only a name.
fn named(call: &Call) -> Result<Document> {
    match call.arguments.as_slice() {
        [Bson::Document(it)] => Ok(it.clone()),
        [Bson::String(it)] => Ok(doc! { it: 1 }),
        _ => Err(misused(call, "runCommand({ ping: 1 })")),
    }
}

const OF_COLLECTION: &[&str] = &[
    "find",
    "findOne",
    "aggregate",
    "countDocuments",
    "estimatedDocumentCount",
    "count",
    "distinct",
    "getIndexes",
    "indexes",
    "explain",
    "stats",
    "insertOne",
    "insertMany",
    "updateOne",
    "updateMany",
    "replaceOne",
    "deleteOne",
    "deleteMany",
    "drop",
    "createIndex",
    "dropIndex",
    "validate",
    "isCapped",
    "dataSize",
];

fn of_collection(collection: &str, call: &Call) -> Result<Plan> {
    let plan = |command: Document, reply: Reply| Plan {
        database: None,
        command,
        reply,
        place: call.place,
    };
    Ok(match call.name.as_str() {
        "find" => plan(find(collection, call)?, Reply::Documents),
        "findOne" => {
            let mut command = find(collection, call)?;
            command.insert("limit", 1_i64);
            command.insert("singleBatch", true);
            plan(command, Reply::Documents)
        }
        "aggregate" => aggregate(Bson::String(collection.to_owned()), call)?,
        "countDocuments" => plan(count(collection, call)?, Reply::Count),
        "estimatedDocumentCount" => plan(doc! { "count": collection }, Reply::Number),
        "count" => {
            let query = document(call, 0, "count({ a: 1 })")?;
            plan(doc! { "count": collection, "query": query }, Reply::Number)
        }
        "distinct" => {
            let Some(Bson::String(key)) = call.arguments.first() else {
                return Err(misused(call, r#"distinct("city", { active: true })"#));
            };
            let query = document(call, 1, r#"distinct("city", { active: true })"#)?;
            let command = doc! { "distinct": collection, "key": key, "query": query };
            plan(command, Reply::Values("values"))
        }
        "getIndexes" | "indexes" => plan(
            doc! { "listIndexes": collection, "cursor": {} },
            Reply::Documents,
        ),
        "stats" | "dataSize" => plan(doc! { "collStats": collection }, Reply::Document),
        "validate" => plan(doc! { "validate": collection }, Reply::Document),
        "drop" => plan(doc! { "drop": collection }, Reply::Document),
        name if WRITES.contains(&name) => plan(write(collection, call)?, Reply::Written),
        "createIndex" | "dropIndex" => plan(index(collection, call)?, Reply::Document),
        _ => return Err(unknown(call, OF_COLLECTION)),
    })
}

fn find(collection: &str, call: &Call) -> Result<Document> {
    const FORM: &str = "find({ a: 1 }, { a: 1, b: 1 })";
    if call.arguments.len() > 2 {
        return Err(misused(call, FORM));
    }
    let mut command = doc! { "find": collection, "filter": document(call, 0, FORM)? };
    let projection = document(call, 1, FORM)?;
    if !projection.is_empty() {
        command.insert("projection", projection);
    }
    Ok(command)
}

/// Stages in a list, with options behind it, or one by one.
fn aggregate(subject: Bson, call: &Call) -> Result<Plan> {
    let misuse = || {
        misused(
            call,
            "aggregate([{ $match: { a: 1 } }], { allowDiskUse: true })",
        )
    };
    let (pipeline, options) = match call.arguments.as_slice() {
        [] => (Vec::new(), None),
        [Bson::Array(stages)] => (stages.clone(), None),
        [Bson::Array(stages), Bson::Document(options)] => (stages.clone(), Some(options)),
        stages => (stages.to_vec(), None),
    };
    if !pipeline.iter().all(|it| matches!(it, Bson::Document(_))) {
        return Err(misuse());
    }
    let mut asked = doc! { "aggregate": subject, "pipeline": pipeline, "cursor": {} };
    for (name, value) in options.into_iter().flatten() {
        asked.insert(name.clone(), value.clone());
    }
    command(asked, call.place)
}

fn count(collection: &str, call: &Call) -> Result<Document> {
    const FORM: &str = "countDocuments({ a: 1 }, { limit: 100 })";
    let mut pipeline = vec![doc! { "$match": document(call, 0, FORM)? }];
    let options = document(call, 1, FORM)?;
    for (option, stage) in [("skip", "$skip"), ("limit", "$limit")] {
        pipeline.extend(options.get(option).map(|it| doc! { stage: it.clone() }));
    }
    pipeline.push(doc! { "$group": { "_id": 1, "n": { "$sum": 1 } } });
    Ok(doc! { "aggregate": collection, "pipeline": pipeline, "cursor": {} })
}

const WRITES: &[&str] = &[
    "insertOne",
    "insertMany",
    "updateOne",
    "updateMany",
    "replaceOne",
    "deleteOne",
    "deleteMany",
];

fn write(collection: &str, call: &Call) -> Result<Document> {
    let filtered = |limit: i32| {
        let query = document(call, 0, "deleteOne({ _id: 1 })")?;
        Ok(doc! { "delete": collection, "deletes": [{ "q": query, "limit": limit }] })
    };
    match (call.name.as_str(), call.arguments.as_slice()) {
        ("insertOne", [Bson::Document(it)]) => {
            Ok(doc! { "insert": collection, "documents": [identified(it)] })
        }
        ("insertMany", [Bson::Array(items)]) => {
            let documents: Option<Vec<Document>> = items
                .iter()
                .map(|it| it.as_document().map(identified))
                .collect();
            let documents = documents.ok_or_else(|| misused(call, "insertMany([{ a: 1 }])"))?;
            Ok(doc! { "insert": collection, "documents": documents })
        }
        ("updateOne" | "updateMany" | "replaceOne", [Bson::Document(_), change, ..]) => {
            let form = "updateOne({ _id: 1 }, { $set: { a: 2 } }, { upsert: true })";
            let options = document(call, 2, form)?;
            let mut update = doc! {
                "q": document(call, 0, form)?,
                "u": change.clone(),
                "multi": call.name == "updateMany",
            };
            for (name, value) in options {
                update.insert(name, value);
            }
            Ok(doc! { "update": collection, "updates": [update] })
        }
        ("deleteOne", [Bson::Document(_)]) => filtered(1),
        ("deleteMany", [Bson::Document(_)]) => filtered(0),
        _ => Err(misused(call, "updateOne({ _id: 1 }, { $set: { a: 2 } })")),
    }
}

/// The document with an `_id`, which it must have.
fn identified(document: &Document) -> Document {
    if document.contains_key("_id") {
        return document.clone();
    }
    let mut identified = doc! { "_id": ObjectId::new() };
    identified.extend(document.clone());
    identified
}

fn index(collection: &str, call: &Call) -> Result<Document> {
    match (call.name.as_str(), call.arguments.as_slice()) {
        ("createIndex", [Bson::Document(keys), ..]) => {
            let name: Vec<String> = keys
                .iter()
                .map(|(name, it)| format!("{name}_{it}"))
                .collect();
            let mut index = doc! { "key": keys.clone(), "name": name.join("_") };
            index.extend(document(
                call,
                1,
                "createIndex({ a: 1 }, { unique: true })",
            )?);
            Ok(doc! { "createIndexes": collection, "indexes": [index] })
        }
        ("dropIndex", [it @ (Bson::String(_) | Bson::Document(_))]) => {
            Ok(doc! { "dropIndexes": collection, "index": it.clone() })
        }
        _ => Err(misused(call, "createIndex({ a: 1 }, { unique: true })")),
    }
}

const OF_CURSOR: &[&str] = &[
    "sort",
    "limit",
    "skip",
    "projection",
    "project",
    "hint",
    "collation",
    "comment",
    "batchSize",
    "maxTimeMS",
    "allowDiskUse",
    "min",
    "max",
    "explain",
    "count",
    "size",
    "toArray",
    "pretty",
    "next",
];

/// The plan after a call on its cursor.
fn modified(mut plan: Plan, call: &Call) -> Result<Plan> {
    let is_find = plan.command.contains_key("find");
    if plan.reply != Reply::Documents {
        return Err(call
            .place
            .bad(format!("{:?} has no cursor to be called on", call.name)));
    }
    let argument = call.arguments.first();
    match (call.name.as_str(), argument) {
        ("toArray" | "pretty", _) => {}
        ("explain", _) => {
            let verbosity = verbosity(call)?;
            return Ok(explain(plan, &verbosity));
        }
        ("comment", Some(it)) => drop(plan.command.insert("comment", it.clone())),
        ("maxTimeMS", Some(it)) => drop(plan.command.insert("maxTimeMS", number(call, it)?)),
        ("batchSize", Some(it)) if !is_find => {
            plan.command
                .insert("cursor", doc! { "batchSize": number(call, it)? });
        }
        ("allowDiskUse", it) => {
            let allowed = it.and_then(Bson::as_bool).unwrap_or(true);
            plan.command.insert("allowDiskUse", allowed);
        }
        (name @ ("hint" | "collation"), Some(it)) => drop(plan.command.insert(name, it.clone())),
        ("count" | "size", _) if is_find => return Ok(counted(plan)),
        ("next", _) if is_find => {
            plan.command.insert("limit", 1_i64);
        }
        (name @ ("limit" | "skip" | "batchSize"), Some(it)) if is_find => {
            plan.command.insert(name, number(call, it)?);
        }
        (name @ ("sort" | "min" | "max"), Some(Bson::Document(it))) if is_find => {
            plan.command.insert(name, it.clone());
        }
        ("projection" | "project", Some(Bson::Document(it))) if is_find => {
            plan.command.insert("projection", it.clone());
        }
        (name, _) if !OF_CURSOR.contains(&name) => return Err(unknown(call, OF_CURSOR)),
        _ => {
            return Err(call
                .place
                .bad(format!("{} does not take that here", call.name)));
        }
    }
    Ok(plan)
}

/// How many documents a `find` would give; limits count where they are set.
fn counted(plan: Plan) -> Plan {
    let mut command = Document::new();
    for (from, to) in [
        ("find", "count"),
        ("filter", "query"),
        ("limit", "limit"),
        ("skip", "skip"),
        ("hint", "hint"),
    ] {
        if let Some(value) = plan.command.get(from) {
            command.insert(to, value.clone());
        }
    }
    Plan {
        command,
        reply: Reply::Number,
        ..plan
    }
}

fn number(call: &Call, value: &Bson) -> Result<i64> {
    let number = match value {
        Bson::Double(it) if it.fract() == 0.0 => format!("{it:.0}").parse().ok(),
        Bson::String(_) => None,
        it => whole(it),
    };
    let number = number.filter(|it| *it >= 0);
    number.ok_or_else(|| misused(call, &format!("{}(10)", call.name)))
}

/// The argument at a place as a document; an empty one where there is none.
fn document(call: &Call, at: usize, form: &str) -> Result<Document> {
    match call.arguments.get(at) {
        None | Some(Bson::Null | Bson::Undefined) => Ok(Document::new()),
        Some(Bson::Document(it)) => Ok(it.clone()),
        Some(_) => Err(misused(call, form)),
    }
}

fn misused(call: &Call, form: &str) -> parallax_core::error::Error {
    call.place
        .bad(format!("{} does not take that", call.name))
        .hint(format!("for example {form}"))
}
