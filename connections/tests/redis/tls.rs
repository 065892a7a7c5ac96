//! Encrypted connections: whose certificate is believed.

use std::path::Path;
use std::process::{Command, Stdio};

use parallax_core::error::ErrorKind;
use parallax_core::store::Access;
use tempfile::TempDir;

use crate::server::{PASSWORD, Server, call, free_port, store};

/// Makes a certificate for this machine that signs itself.
fn certificate(folder: &Path) {
    let status = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(folder)
        .stderr(Stdio::null())
        .status();
    assert!(status.expect("openssl is installed").success());
}

#[tokio::test]
async fn a_private_authority_is_believed_only_where_it_is_named() {
    let folder = TempDir::new().expect("a folder");
    certificate(folder.path());
    let file = |name: &str| folder.path().join(name).display().to_string();
    let port = free_port();
    let server = Server::with(&[
        "--tls-port",
        &port.to_string(),
        "--tls-cert-file",
        &file("cert.pem"),
        "--tls-key-file",
        &file("key.pem"),
        "--tls-auth-clients",
        "no",
    ]);
    let ping = async |url: String| {
        let store = store(&url, Some(PASSWORD), Access::ReadOnly).expect("a store");
        store.ping(&call()).await
    };
    let named = ping(format!(
        "rediss://127.0.0.1:{port}/0?ca={}",
        file("cert.pem")
    ))
    .await;
    assert_eq!(named.expect("an answer").product, "Redis");
    let stranger = ping(format!("rediss://127.0.0.1:{port}/0")).await;
    let plain = ping(format!("rediss://127.0.0.1:{}/0", server.port)).await;
    for answer in [stranger, plain] {
        let error = answer.expect_err("refused");
        assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
        assert!(
            error
                .hint
                .expect("a hint")
                .contains("does this port speak TLS")
        );
    }
    let error = ping(format!("rediss://127.0.0.1:{port}/0?ca=/nowhere.pem")).await;
    assert_eq!(error.expect_err("no file").kind, ErrorKind::NotFound);
}
