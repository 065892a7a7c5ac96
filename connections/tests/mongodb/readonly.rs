//! What a read-only profile does not send.

use mongodb::bson::doc;
use parallax_core::error::ErrorKind;

use crate::server::{Server, ask, call, dataset, key, projection};

#[tokio::test]
async fn nothing_is_written_and_no_code_is_run() {
    for server in Server::all().await {
        server.insert("users", &[doc! { "_id": 1, "a": 1 }]).await;
        let store = server.store();
        for text in [
            "db.users.insertOne({a: 1})",
            "db.users.updateMany({}, {$set: {a: 2}})",
            "db.users.deleteMany({})",
            "db.users.drop()",
            "db.users.createIndex({a: 1})",
            "db.users.validate()",
            "db.runCommand({dropDatabase: 1})",
            "db.adminCommand({shutdown: 1})",
            "db.runCommand({eval: 'db.users.drop()'})",
            "db.runCommand({mapReduce: 'users', map: 'f', reduce: 'f', out: 'x'})",
            "db.runCommand({findAndModify: 'users', query: {}, remove: true})",
            "db.users.aggregate([{$match: {}}, {$out: 'copy'}])",
            "db.users.aggregate([{$merge: {into: 'copy'}}])",
            "db.users.aggregate([{$facet: {x: [{$lookup: {from: 'a', pipeline: [{$out: 'copy'}]}}]}}])",
            "db.users.find({$where: 'true'})",
            "db.users.find({$expr: {$function: {body: 'f', args: [], lang: 'js'}}})",
            "db.users.explain('executionStats').deleteMany({})",
            "{ \"explain\": { \"delete\": \"users\", \"deletes\": [] } }",
            // What is refused stands behind what is not: nothing of it runs.
            "db.users.find(); db.users.drop()",
        ] {
            let answer = ask(&*store, text).await;
            let error = answer.error.expect(text);
            assert_eq!(error.kind, ErrorKind::PermissionDenied, "{text}: {error}");
            assert!(error.hint.is_some(), "{text}");
        }
        let count = server.collection("users").count_documents(doc! {}).await;
        assert_eq!(count.expect("counted"), 1);
        let collections = server
            .owner()
            .list_collection_names()
            .await
            .expect("listed");
        assert_eq!(collections, ["users"]);
        let mut projection = projection(&["_id"], &["*"]);
        projection.filter = Some("{ $where: 'true' }".to_owned());
        let refused = store
            .get(&call(), &dataset("users"), &[key("1")], &projection)
            .await;
        assert_eq!(
            refused.expect_err("refused").kind,
            ErrorKind::PermissionDenied
        );
        server.end().await;
    }
}
