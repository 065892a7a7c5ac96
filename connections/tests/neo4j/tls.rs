//! The server over TLS, whose authority is not one of the system's.

use std::path::Path;

use parallax_core::error::ErrorKind;

use crate::server::{call, place, store_at};

#[tokio::test]
async fn a_certificate_is_checked_by_the_named_authority() {
    let place = place();
    let Some(ca) = &place.ca else {
        panic!("the address file names no authority for neo4j");
    };
    let url = format!("bolt+s://neo4j@{}?ca={ca}", place.address());
    let store = store_at(&url, Some(&place.password)).expect("a store");
    let said = store.ping(&call()).await.expect("an answer");
    assert_eq!(said.product, "Neo4j");
}

#[tokio::test]
async fn a_certificate_of_somebody_else_is_refused() {
    let place = place();
    let url = format!("neo4j+s://neo4j@{}", place.address());
    let store = store_at(&url, Some(&place.password)).expect("a store");
    let error = store
        .ping(&call())
        .await
        .expect_err("an authority that is not known");
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
    assert!(
        error
            .hint
            .as_deref()
            .is_some_and(|it| it.contains("?ca=FILE")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_file_without_certificates_is_told_as_such() {
    let place = place();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let url = format!("bolt+s://neo4j@{}?ca={}", place.address(), own.display());
    let store = store_at(&url, Some(&place.password)).expect("a store");
    let error = store.ping(&call()).await.expect_err("no certificate");
    assert_eq!(error.kind, ErrorKind::Unreadable, "{error}");
    let url = format!("bolt+s://neo4j@{}?ca=/nowhere/ca.pem", place.address());
    let store = store_at(&url, Some(&place.password)).expect("a store");
    let error = store.ping(&call()).await.expect_err("no file");
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
}
