//! A trace over a search index: what is stored and what a search finds are told apart while a refresh is pending.

use std::path::Path;
use std::time::Duration;

use futures::StreamExt as _;
use parallax_connections::secret::Secret;
use parallax_connections::stores;
use parallax_core::compare::FieldVerdict;
use parallax_core::deployment::StoreConfig;
use parallax_core::name::StoreId;
use parallax_core::store::{Access, Call, CallId, Purpose, Statement};
use parallax_core::trace::{SearchableState, Trace, Verdict};
use parallax_core::value::Value;
use parallax_tests::servers::{self, Server};
use parallax_workbench::{Options, Workbench};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};
use tempfile::TempDir;

const INDEX: &str = "parallax_trace";

const SHOP: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, updated_at TEXT);
    INSERT INTO users VALUES (42, 'Ann Lee', 'ann@new.example', '2026-01-02T00:00:00Z'), (43, 'Bob', 'bob@x.example', '2026-01-01T00:00:00Z')";

/// An index that refreshes every 30 s, in which 42 was changed and 43 came since.
const CHANGES: &str = r#"PUT /parallax_trace
{"settings":{"number_of_shards":1,"number_of_replicas":0,"refresh_interval":"30s"},
 "mappings":{"properties":{"name":{"type":"text"},"email":{"type":"keyword"},"updated_at":{"type":"date"}}}}
PUT /parallax_trace/_doc/42?refresh=true
{"name":"ANN LEE","email":"ann@old.example","updated_at":"2026-01-01T00:00:00Z"}
PUT /parallax_trace/_doc/42
{"name":"ANN LEE","email":"ann@new.example","updated_at":"2026-01-02T00:00:00Z"}
PUT /parallax_trace/_doc/43
{"name":"Bob","email":"bob@x.example","updated_at":"2026-01-01T00:00:00Z"}"#;

/// Runs requests as the application that owns the index would.
async fn run(server: &Server, text: &str, fails: bool) {
    let config = StoreConfig {
        id: StoreId::new("search").expect("a name"),
        url: Some(server.url_without_password()),
        profile: None,
        secret: None,
        environment: None,
        why: None,
        access: Access::ReadWrite,
    };
    let secret = Some(server.password()).filter(|it| !it.is_empty());
    let store = stores::connect(
        &config,
        Path::new("/"),
        secret.map(Secret::new),
        Access::ReadWrite,
    );
    let call = Call {
        id: CallId(1),
        deadline: Duration::from_secs(30),
        purpose: Purpose::Query,
        access: Access::ReadWrite,
    };
    let statement = Statement {
        text: text.to_owned(),
        parameters: Vec::new(),
    };
    let rows = store.expect("a store").query(&call, &statement).await;
    let mut rows = rows.expect("rows");
    while let Some(chunk) = rows.next().await {
        assert!(fails || chunk.is_ok(), "{chunk:?}");
    }
}

/// A workbench on a shop in a file, and its users in the index.
async fn workbench(folder: &TempDir, server: &Server) -> Workbench {
    let options = SqliteConnectOptions::new().filename(folder.path().join("shop.db"));
    let mut shop = options
        .create_if_missing(true)
        .connect()
        .await
        .expect("a file");
    shop.execute(AssertSqlSafe(SHOP))
        .await
        .expect("the test's own SQL");
    shop.close().await.expect("closed");
    std::fs::write(folder.path().join("search.secret"), server.password()).expect("written");
    let secret = if server.password().is_empty() {
        ""
    } else {
        "secret = \"file:search.secret\"\n"
    };
    let deployment = format!(
        "format = 1\nname = \"shop\"\n[stores.shop]\nurl = \"sqlite:shop.db\"\n[stores.search]\nurl = \"{}\"\n{secret}
[entities.user]\nkey = \"id\"\n[[entities.user.in]]\ndataset = \"shop.users\"\nrole = \"system-of-record\"\nversion = \"updated_at\"
[[entities.user.in]]\ndataset = \"search.{INDEX}\"\nkey = \"@id\"\nfields.name = {{ path = \"name\", compare = \"casefold\" }}\n",
        server.url_without_password()
    );
    let file = folder.path().join("deployment.toml");
    std::fs::write(&file, deployment).expect("written");
    let workbench = Workbench::open(&Options {
        deployment: Some(file),
        deadline: Duration::from_secs(5),
        config: Some(folder.path().join("config")),
    });
    workbench.trust().await.expect("trusted");
    workbench
}

fn field<'t>(trace: &'t Trace, name: &str) -> &'t parallax_core::trace::FieldObservation {
    let mut fields = trace.observations[1].fields.iter();
    fields.find(|it| it.name == name).expect("a field")
}

#[tokio::test]
async fn a_pending_refresh_is_told_in_the_sentence() {
    for name in ["elasticsearch", "opensearch"] {
        let server = servers::address(name);
        let folder = TempDir::with_prefix("parallax-test-").expect("a folder");
        run(&server, &format!("DELETE /{INDEX}"), true).await;
        run(&server, CHANGES, false).await;
        let workbench = workbench(&folder, &server).await;

        let trace = workbench.trace("user", "42", None).await.expect("a trace");
        assert_eq!(trace.verdict, Verdict::Agrees, "{}", trace.sentence);
        assert_eq!(
            trace.sentence,
            "user 42 agrees in all 2 datasets that hold it. In search.parallax_trace, stored: ann@new.example as email; a search \
             still finds ann@old.example and 1 more field of before until the next refresh (interval 30 s)."
        );
        assert_eq!(field(&trace, "name").verdict, FieldVerdict::Equal);
        assert_eq!(field(&trace, "name").rule, "casefold");
        let copy = trace.observations[1]
            .searchable
            .as_ref()
            .expect("a second answer");
        assert_eq!(
            copy.found("email"),
            Some(Some(&Value::from("ann@old.example")))
        );
        assert_eq!(copy.found("name"), None);

        let trace = workbench.trace("user", "43", None).await.expect("a trace");
        assert!(
            trace
                .sentence
                .contains("a search does not find it until the next refresh"),
            "{}",
            trace.sentence
        );

        run(&server, &format!("POST /{INDEX}/_refresh"), false).await;
        let trace = workbench.trace("user", "42", None).await.expect("a trace");
        let copy = trace.observations[1]
            .searchable
            .as_ref()
            .expect("a second answer");
        assert_eq!((copy.state, copy.fields.len()), (SearchableState::Same, 0));
        assert_eq!(
            trace.sentence,
            "user 42 agrees in all 2 datasets that hold it."
        );
        workbench.close().await;
    }
}
