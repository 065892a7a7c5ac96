//! The same over the MongoDB wire, on every server that speaks it.

use mongodb::bson::{Document, doc};
use mongodb::{Client, Collection};
use parallax_core::error::ErrorKind;
use parallax_tests::servers::{self, Server};

use super::{first_error, not_refused, store};

/// Each would change something if it were let through, on some server of this wire.
const MQL: &[&str] = &[
    "db.refused.insertOne({ _id: 3 })",
    "db.refused.insertMany([{ _id: 3 }, { _id: 4 }])",
    "db.refused.updateOne({ _id: 1 }, { $set: { name: 'x' } })",
    "db.refused.updateMany({}, { $set: { name: 'x' } })",
    "db.refused.replaceOne({ _id: 1 }, { name: 'x' })",
    "db.refused.deleteOne({ _id: 1 })",
    "db.refused.deleteMany({})",
    "db.refused.drop()",
    "db['refused'].drop()",
    "db.getCollection('refused').drop()",
    "db.getSiblingDB('parallax').refused.drop()",
    "db.refused.createIndex({ name: 1 })",
    "db.refused.dropIndex('name_1')",
    "db.adminCommand({ shutdown: 1 })",
    "db.adminCommand({ renameCollection: 'parallax.refused', to: 'parallax.gone' })",
    "db.refused.aggregate([{ $match: {} }, { $out: 'refused_more' }])",
    "db.refused.aggregate([{ $out: { db: 'parallax', coll: 'refused_more' } }])",
    "db.refused.aggregate([{ $merge: { into: 'refused_more' } }])",
    "db.refused.aggregate([{ $facet: { a: [{ $out: 'refused_more' }] } }])",
    "db.refused.aggregate([{ $lookup: { from: 'refused', as: 'a', pipeline: [{ $merge: 'refused_more' }] } }])",
    "db.refused.aggregate([{ $unionWith: { coll: 'refused', pipeline: [{ $out: 'refused_more' }] } }])",
    "db.refused.find({ $where: 'db.refused.drop() || true' })",
    "db.refused.find({ $and: [{ a: 1 }, { $where: 'sleep(1)' }] })",
    "db.refused.aggregate([{ $project: { a: { $function: { body: 'function() {}', args: [], lang: 'js' } } } }])",
    "db.runCommand({ insert: 'refused', documents: [{ _id: 3 }] })",
    "db.runCommand({ update: 'refused', updates: [{ q: {}, u: { $set: { name: 'x' } }, multi: true }] })",
    "db.runCommand({ delete: 'refused', deletes: [{ q: {}, limit: 0 }] })",
    "db.runCommand({ findAndModify: 'refused', query: {}, remove: true })",
    "db.runCommand({ findandmodify: 'refused', query: {}, remove: true })",
    "db.runCommand({ drop: 'refused' })",
    "db.runCommand({ dropDatabase: 1 })",
    "db.runCommand({ create: 'refused_more' })",
    "db.runCommand({ createIndexes: 'refused', indexes: [{ key: { name: 1 }, name: 'name_1' }] })",
    "db.runCommand({ dropIndexes: 'refused', index: '*' })",
    "db.runCommand({ collMod: 'refused', validator: { x: 1 } })",
    "db.runCommand({ convertToCapped: 'refused', size: 4096 })",
    "db.runCommand({ compact: 'refused' })",
    "db.runCommand({ validate: 'refused', repair: true })",
    "db.runCommand({ mapReduce: 'refused', map: 'function() {}', reduce: 'function() {}', out: 'refused_more' })",
    "db.runCommand({ aggregate: 'refused', pipeline: [{ $out: 'refused_more' }], cursor: {} })",
    "db.runCommand({ bulkWrite: 1, ops: [], nsInfo: [] })",
    "db.runCommand({ applyOps: [] })",
    "db.runCommand({ eval: 'db.refused.drop()' })",
    "db.runCommand({ createUser: 'refused', pwd: 'x', roles: [] })",
    "db.runCommand({ killOp: 1, op: 1 })",
    "db.runCommand({ setParameter: 1, logLevel: 5 })",
    "db.runCommand({ Drop: 'refused' })",
    "{ \"insert\": \"refused\", \"documents\": [{ \"_id\": 3 }] }",
    "{ \"drop\": \"refused\" }",
    "{ delete: 'refused', deletes: [{ q: {}, limit: 0 }] }",
    "{ \"shutdown\": 1 }",
    "db.refused.find()\ndb.refused.drop()",
    "db.refused.find(); db.refused.deleteMany({})",
    "db.refused.find({ a: '/*' }) // */\ndb.refused.drop()",
    "/* comment */ db.refused.drop()",
];

/// Each is a word of the shell that ours does not have: it is no statement at all, and nothing is sent.
const UNKNOWN: &[&str] = &[
    "db.refused.insert({ _id: 3 })",
    "db.refused.save({ _id: 1, name: 'x' })",
    "db.refused.update({ _id: 1 }, { name: 'x' }, { upsert: true })",
    "db.refused.remove({})",
    "db.refused.bulkWrite([{ deleteMany: { filter: {} } }])",
    "db.refused.findOneAndUpdate({ _id: 1 }, { $set: { name: 'x' } })",
    "db.refused.findOneAndReplace({ _id: 1 }, { name: 'x' })",
    "db.refused.findOneAndDelete({ _id: 1 })",
    "db.refused.findAndModify({ query: { _id: 1 }, remove: true })",
    "db.refused.renameCollection('gone')",
    "db.refused.dropIndexes()",
    "db.refused.reIndex()",
    "db.createCollection('refused_more')",
    "db.createView('refused_more', 'refused', [])",
    "db.dropDatabase()",
    "db.createUser({ user: 'refused', pwd: 'x', roles: [] })",
    "db.updateUser('refused', { pwd: 'x' })",
    "db.dropUser('refused')",
    "db.grantRolesToUser('refused', ['root'])",
    "db.shutdownServer()",
    "db.fsyncLock()",
    "db.setProfilingLevel(2)",
    "db.refused.mapReduce('function() {}', 'function() {}', { out: 'refused_more' })",
    "db.eval('db.refused.drop()')",
];

#[tokio::test]
async fn writing_documents_is_refused_and_changes_nothing() {
    for name in ["ferretdb", "mongo-java-server"] {
        // Some of these would stop the server, so it is one of our own.
        let private = servers::private(name);
        let server = private.server();
        let client = client(server).await;
        let own: Collection<Document> = client.database("parallax").collection("refused");
        let documents = [
            doc! { "_id": 1, "name": "one" },
            doc! { "_id": 2, "name": "two" },
        ];
        own.insert_many(documents).await.expect("the data is made");
        let mut before = state(&client).await;
        let store = store("refused-documents", server);
        let mut wrong = Vec::new();
        for statement in MQL {
            wrong.extend(not_refused(store.as_ref(), statement).await);
            let after = state(&client).await;
            if after != before {
                wrong.push(format!("{statement}\n  changed {before}\n  into {after}"));
                before = after;
            }
        }
        for statement in UNKNOWN {
            let error = first_error(store.as_ref(), statement).await;
            let kind = error.as_ref().map(|it| it.kind);
            if kind != Some(ErrorKind::InvalidInput) || state(&client).await != before {
                wrong.push(format!("{statement}\n  gave {error:?}"));
            }
        }
        assert!(
            wrong.is_empty(),
            "{name}, {}:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
        let reads = "db.refused.find({ name: /^o/ }).sort({ _id: 1 })\ndb.refused.aggregate([{ $match: { _id: 1 } }])\ndb.refused.countDocuments({})\ndb.runCommand({ ping: 1 })\nshow collections\n{ \"find\": \"refused\" }";
        assert_eq!(first_error(store.as_ref(), reads).await, None, "{name}");
        let n_refused = MQL.len() + UNKNOWN.len();
        println!("{n_refused} statements of MQL refused on {name}");
    }
    assert!(MQL.len() + UNKNOWN.len() >= 60);
}

async fn client(server: &Server) -> Client {
    let client = Client::with_uri_str(&server.url).await;
    client.expect("a client")
}

/// Every collection's documents and indexes, as one text.
async fn state(client: &Client) -> String {
    let database = client.database("parallax");
    let names = database.list_collection_names().await;
    let mut names = names.expect("the server still answers");
    names.sort();
    let mut text = String::new();
    for name in names {
        let collection: Collection<Document> = database.collection(&name);
        let documents = collection
            .find(Document::new())
            .sort(doc! { "_id": 1 })
            .await;
        let mut documents = documents.expect("the documents");
        text += &name;
        while documents.advance().await.expect("the documents go on") {
            text += &format!(" {:?}", documents.current());
        }
        let indexes = collection.list_index_names().await.expect("the indexes");
        text += &format!(" {indexes:?}\n");
    }
    text
}
