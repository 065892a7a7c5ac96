//! Saved connections, and how tests of them went.

use std::time::Duration;

use parallax_core::deployment::{Environment, SecretSource};
use parallax_core::profile::{Profile, StepKind, StepOutcome, TestStep};
use parallax_core::store::Access;

pub(crate) fn saved() -> Vec<Profile> {
    let profile = |name: &str, url: &str| Profile {
        name: name.into(),
        url: url.into(),
        secret: None,
        environment: None,
        access: Access::ReadOnly,
        tags: Vec::new(),
    };
    vec![
        Profile {
            secret: Some(SecretSource::Keychain),
            environment: Some(Environment::Production),
            tags: vec!["shop".into(), "eu-west".into()],
            ..profile("orders", "postgres://parallax@orders.example:5432/shop")
        },
        Profile {
            secret: Some(SecretSource::Env("CACHE_PASSWORD".into())),
            environment: Some(Environment::Staging),
            access: Access::ReadWrite,
            tags: vec!["shop".into()],
            ..profile("cache-staging", "rediss://cache.staging.example:6380/0")
        },
        Profile {
            environment: Some(Environment::Dev),
            ..profile("pocket", "sqlite:samples/pocket/shop.db")
        },
        Profile {
            secret: Some(SecretSource::Command(
                "vault read -field=password secret/x".into(),
            )),
            ..profile("warehouse", "postgres://reader@warehouse.example/all")
        },
    ]
}

/// All is well up to the login, which fails.
pub(crate) fn wrong_password() -> Vec<TestStep> {
    let passed = |kind, detail: &str, micros| TestStep {
        kind,
        outcome: StepOutcome::Passed,
        detail: detail.into(),
        hint: None,
        took: Duration::from_micros(micros),
    };
    let skipped = |kind| TestStep {
        kind,
        outcome: StepOutcome::Skipped,
        detail: "not reached".into(),
        hint: None,
        took: Duration::ZERO,
    };
    vec![
        passed(StepKind::Url, "postgres at orders.example, port 5432", 120),
        passed(StepKind::Secret, "found in the keychain", 4_200),
        passed(StepKind::Dns, "192.0.2.17", 11_000),
        passed(StepKind::Tcp, "192.0.2.17:5432 answers", 2_300),
        passed(
            StepKind::Tls,
            "TLS 1.3, certificate of orders.example",
            18_000,
        ),
        TestStep {
            kind: StepKind::Auth,
            outcome: StepOutcome::Failed,
            detail: "the server refused the user parallax: wrong password".into(),
            hint: Some("the secret came from the keychain: type it again under Edit".into()),
            took: Duration::from_millis(31),
        },
        skipped(StepKind::Version),
        skipped(StepKind::Capability),
    ]
}
