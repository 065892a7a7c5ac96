//! Records by a field, the newest records, and what an outbox holds.

use parallax_core::lag::OutboxProbe;
use parallax_core::store::{Needle, Newest, Search, Store, Subject};

use crate::common::{File, call};
use crate::models::{DOCS, ENTRIES, GRAPH, ROWS, SEARCH};
use crate::short::{all, dataset};

async fn search(
    store: &dyn Store,
    name: &str,
    paths: &[&str],
    needle: Needle,
    key: &[&str],
) -> Vec<String> {
    let search = Search {
        paths: paths.iter().map(|it| it.parse().expect("a path")).collect(),
        needle,
        limit: 10,
    };
    let found = store
        .find(&call(), &dataset(name), &search, &all(key))
        .await
        .expect("records");
    found.iter().map(|it| it.key.to_string()).collect()
}

fn contains(text: &str) -> Needle {
    Needle::Contains(text.to_owned())
}

fn equals(text: &str) -> Needle {
    Needle::Equals(text.to_owned())
}

#[tokio::test]
async fn records_are_found_by_a_field_in_every_model() {
    let rows = File::new(ROWS).await;
    let store = rows.store();
    assert_eq!(
        search(&*store, "users", &["name"], contains("ZOË"), &["id"]).await,
        ["42"]
    );
    assert_eq!(
        search(&*store, "users", &["name"], contains("100%"), &["id"]).await,
        Vec::<String>::new()
    );
    assert_eq!(
        search(&*store, "users", &["name", "id"], equals("42"), &["id"]).await,
        ["42"]
    );
    let docs = File::new(DOCS).await;
    assert_eq!(
        search(
            &*docs.store(),
            "users",
            &["a.city", "mail"],
            contains("kÖL"),
            &["id"]
        )
        .await,
        ["1"]
    );
    let entries = File::new(ENTRIES).await;
    assert_eq!(
        search(
            &*entries.store(),
            "user:{id}",
            &["mail"],
            equals("b"),
            &["id"]
        )
        .await,
        ["a b"]
    );
    let searched = File::new(SEARCH).await;
    let store = searched.store();
    assert_eq!(
        search(&*store, "users", &["name"], contains("MÜL"), &["id"]).await,
        ["1"]
    );
    assert_eq!(
        search(&*store, "users", &["name"], contains("nn"), &["id"]).await,
        ["1"]
    );
    assert_eq!(
        search(&*store, "users", &["name"], contains("\" OR bo"), &["id"]).await,
        Vec::<String>::new()
    );
    let graph = File::new(GRAPH).await;
    assert_eq!(
        search(
            &*graph.store(),
            "User",
            &["name"],
            contains("ann"),
            &["user_id"]
        )
        .await,
        ["1"]
    );
}

#[tokio::test]
async fn the_newest_come_first_in_every_model() {
    let newest = async |file: &File, name: &str, version: &str, key: &[&str]| -> Vec<String> {
        let newest = Newest {
            version: version.parse().expect("a path"),
            limit: 2,
        };
        let found = file
            .store()
            .newest(&call(), &dataset(name), &newest, &all(key))
            .await
            .expect("records");
        found.iter().map(|it| it.key.to_string()).collect()
    };
    let rows = File::new(ROWS).await;
    assert_eq!(
        newest(&rows, "users", "updated_at", &["id"]).await,
        ["9007199254740993", "42"]
    );
    let searched = File::new(SEARCH).await;
    assert_eq!(
        newest(&searched, "users", "updated_at", &["id"]).await,
        ["2", "1"]
    );
    let docs = File::new(DOCS).await;
    assert_eq!(
        newest(&docs, "orders", "number", &["region", "number"]).await,
        [r#"["us",8]"#, r#"["eu",7]"#]
    );
    let entries = File::new(ENTRIES).await;
    assert_eq!(
        newest(&entries, "user:{id}", "mail", &["id"]).await,
        ["a b", "1"]
    );
}

#[tokio::test]
async fn an_outbox_tells_what_is_unsent() {
    let file = File::new(
        "CREATE TABLE outbox (id INTEGER PRIMARY KEY, aggregate TEXT, aggregate_id TEXT, created_at TIMESTAMP(9), sent_at TIMESTAMP(9));
        CREATE INDEX unsent ON outbox (id, created_at) WHERE sent_at IS NULL;
        INSERT INTO outbox VALUES (1, 'users', '1', '2024-01-01T00:00:00Z', '2024-01-01T00:00:01Z'), (2, 'users', '1', '2024-01-01T00:00:02Z', NULL),
            (3, 'users', '2', '2024-01-01T00:00:03Z', NULL), (4, 'orders', '[\"eu\",7]', '2024-01-01T00:00:00.5Z', NULL);",
    )
    .await;
    let store = file.store();
    let mut probe = OutboxProbe {
        table: dataset("outbox"),
        created: "created_at".parse().expect("a path"),
        sent: "sent_at".parse().expect("a path"),
        dataset: Some("aggregate".parse().expect("a path")),
        key: Some("aggregate_id".parse().expect("a path")),
    };
    let subject = Subject {
        names: vec!["users".to_owned(), "shop.users".to_owned()],
        keys: ["1", "none", "2", "1"].map(str::to_owned).to_vec(),
    };
    let backlog = store
        .backlog(&call(), &probe, &subject)
        .await
        .expect("a backlog");
    assert_eq!(backlog.unsent, 2);
    assert_eq!(
        backlog.oldest.map(|it| it.to_string()).as_deref(),
        Some("2024-01-01T00:00:02Z")
    );
    assert_eq!(
        backlog.last_sent.map(|it| it.to_string()).as_deref(),
        Some("2024-01-01T00:00:01Z")
    );
    let of_keys: Vec<_> = backlog
        .subjects
        .iter()
        .map(|it| (it.unsent, it.last_created.map(|it| it.as_second() % 60)))
        .collect();
    let one = (1, Some(2));
    assert_eq!(of_keys, [one, (0, None), (1, Some(3)), one]);
    probe.dataset = None;
    let all = store
        .backlog(
            &call(),
            &probe,
            &Subject {
                names: vec![],
                keys: vec![],
            },
        )
        .await
        .expect("a backlog");
    assert_eq!((all.unsent, all.subjects), (3, vec![]));
    assert_eq!(
        all.oldest.map(|it| it.to_string()).as_deref(),
        Some("2024-01-01T00:00:00.5Z")
    );
}
