//! Connections that come so far and no further.

use std::fmt::Write as _;
use std::net::TcpListener;

use parallax_core::deployment::SecretSource;

use super::*;

fn profile(url: &str, secret: Option<&str>) -> Profile {
    Profile {
        name: "shop".to_owned(),
        url: url.to_owned(),
        secret: secret.map(|it| it.parse::<SecretSource>().expect("a source")),
        environment: None,
        access: Access::ReadOnly,
        tags: Vec::new(),
    }
}

/// One line a step: a mark, what it found, and the hint.
async fn told(profile: &Profile, folder: &Path) -> String {
    let steps = test(profile, &Home::at(folder), None, Duration::from_secs(5)).await;
    let kinds: Vec<StepKind> = steps.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, ORDER, "every step once, in order");
    let mut text = String::new();
    for step in steps {
        let mark = match step.outcome {
            StepOutcome::Passed => "✓",
            StepOutcome::Failed => "✖",
            StepOutcome::Skipped => "–",
        };
        let hint = step.hint.map(|it| format!(" ({it})")).unwrap_or_default();
        writeln!(text, "{mark} {:?} {}{hint}", step.kind, step.detail).expect("text");
    }
    text
}

#[tokio::test]
async fn a_url_that_no_driver_knows_ends_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = told(&profile("sqllite:a.db", None), folder.path()).await;
    assert!(told.starts_with("✖ Url known schemes are: "), "{told}");
    assert!(told.contains("did you mean \"sqlite\"?"), "{told}");
    assert_eq!(told.matches("– ").count(), 7, "{told}");
}

#[tokio::test]
async fn a_password_in_the_url_is_refused_and_not_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = told(&profile("postgres://a:hunter2@b/c", None), folder.path()).await;
    assert!(told.starts_with("✖ Url it holds a password"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn a_file_is_opened_without_a_network() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.db"), "").expect("an empty file");
    let told = told(&profile("sqlite:a.db", None), folder.path()).await;
    for line in [
        "✓ Url a file",
        "– Secret",
        "– Dns a file",
        "– Tcp",
        "– Tls",
        "✓ Auth the file opens",
        "✓ Version SQLite 3",
        "✓ Capability sees 0 datasets",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[tokio::test]
async fn a_missing_secret_says_where_it_was_looked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = told(
        &profile("sqlite:a.db", Some("env:PARALLAX_NEVER_SET")),
        folder.path(),
    )
    .await;
    assert!(
        told.contains("✖ Secret it is not set (set PARALLAX_NEVER_SET"),
        "{told}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_secret_that_everybody_may_read_is_told_so() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pw");
    std::fs::write(&path, "hunter2\n").expect("written");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).expect("open to all");
    let told = told(&profile("sqlite:a.db", Some("file:pw")), folder.path()).await;
    assert!(
        told.contains("✓ Secret found in file:pw, which everybody"),
        "{told}"
    );
    assert!(!told.contains("hunter2"), "{told}");
}

async fn reached(url: &str) -> (Result<Told>, Option<Result<Told>>) {
    let network = network(url).expect("a server");
    let found = reach::addresses(&network.hosts, Duration::from_secs(5)).await;
    match found {
        Ok(found) => {
            let reached = reach::reach(&found, Duration::from_secs(5)).await;
            (Ok(found.told()), Some(reached))
        }
        Err(error) => (Err(error), None),
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_told_with_its_number() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let url = format!("redis://127.0.0.1:{port}");
    let (dns, tcp) = reached(&url).await;
    assert!(matches!(dns, Ok(Told::Skipped("an address, not a name"))));
    assert!(matches!(tcp, Some(Ok(Told::Passed(_)))));
    drop(listener);
    let error = reached(&url)
        .await
        .1
        .and_then(Result::err)
        .expect("refused");
    let hint = error.hint.expect("a hint");
    assert!(hint.contains(&format!("is {port} its port?")), "{hint}");
}

#[tokio::test]
async fn a_name_that_is_not_found_is_told() {
    let (dns, _) = reached("redis://no-such-host.invalid").await;
    let error = dns.err().expect("not found");
    assert!(
        error.causes.join(": ").contains("no-such-host.invalid"),
        "{error}"
    );
}

#[test]
fn failures_of_tls_are_told_from_wrong_passwords() {
    let error = |kind, why: &str| Error::new(kind, "connect").because(why);
    let closed = error(ErrorKind::Unreachable, "the server closed the connection");
    let wrong = error(ErrorKind::PermissionDenied, "the password is wrong");
    let certificate = error(ErrorKind::Unreachable, "the certificate has expired");
    assert!(is_of_tls(Encryption::Required, &closed));
    assert!(!is_of_tls(Encryption::Offered, &closed));
    assert!(is_of_tls(Encryption::Offered, &certificate));
    assert!(!is_of_tls(Encryption::Off, &certificate));
    assert!(!is_of_tls(Encryption::Required, &wrong));
}
