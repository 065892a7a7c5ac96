//! The guard in front of a store.

use std::sync::Arc;
use std::time::Duration;

use parallax_connections::guard::{Audit, Canceller, Guarded};
use parallax_core::error::ErrorKind;
use parallax_core::store::{Access, Purpose, Store as _};

use crate::common::{File, call, call_within, statement};
use crate::short::writing;

const SETUP: &str = "CREATE TABLE t (a); INSERT INTO t VALUES (1)";

#[tokio::test]
async fn every_call_is_written_down_before_it_is_sent() {
    let file = File::new(SETUP).await;
    let (audit, mut entries) = Audit::bounded(8);
    let store = Guarded::new(file.store(), Access::ReadOnly).audited(audit);
    let call = call();
    store.ping(&call).await.expect("a server");
    drop(
        store
            .query(&call, &statement("SELECT a FROM t"))
            .await
            .expect("rows"),
    );
    let ping = entries.recv().await.expect("an entry");
    assert_eq!(
        (ping.operation, ping.call, ping.subject),
        ("ping", call.id, None)
    );
    let query = entries.recv().await.expect("an entry");
    assert_eq!(query.subject.as_deref(), Some("SELECT a FROM t"));
    assert_eq!(
        (query.purpose, query.access),
        (Purpose::Query, Access::ReadOnly)
    );
}

#[tokio::test]
async fn a_full_audit_holds_the_call_until_its_deadline() {
    let file = File::new(SETUP).await;
    let (audit, _entries) = Audit::bounded(1);
    let store = Guarded::new(file.store(), Access::ReadOnly).audited(audit);
    store.ping(&call()).await.expect("the first has room");
    let error = store
        .ping(&call_within(Duration::from_millis(50)))
        .await
        .expect_err("no room");
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(error.to_string().contains("50ms"), "{error}");
    assert_eq!(
        error.store.map(|it| it.to_string()).as_deref(),
        Some("files")
    );
}

#[tokio::test]
async fn only_typed_statements_may_write() {
    let file = File::new(SETUP).await;
    let store = Guarded::new(file.store_with(Access::ReadWrite), Access::ReadWrite);
    let call = parallax_core::store::Call {
        purpose: Purpose::Check,
        ..writing()
    };
    let error = store
        .query(&call, &statement("DELETE FROM t"))
        .await
        .err()
        .expect("refused");
    assert_eq!(error.kind, ErrorKind::PermissionDenied);
    assert!(
        error
            .to_string()
            .contains("only statements that people type"),
        "{error}"
    );
}

#[tokio::test]
async fn a_dropped_call_reaches_the_canceller_and_the_canceller_ends() {
    let file = File::new(SETUP).await;
    let (queue, canceller) = Canceller::new();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(canceller.run());
    let store = Arc::new(Guarded::new(file.store(), Access::ReadOnly).cancelling(queue));
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    drop(
        store
            .query(&call(), &statement(endless))
            .await
            .expect("rows"),
    );
    drop(store);
    let ended = tokio::time::timeout(Duration::from_secs(1), tasks.join_next()).await;
    assert!(ended.is_ok(), "the canceller ends with the last queue");
}
