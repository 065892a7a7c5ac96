//! From a URL to an open session.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::time::timeout;

use super::fault::Failure;
use super::link::Link;
use super::url::{Place, SslMode};
use crate::secret::Secret;
use crate::stores::common::certificates;

/// Opens a connection to the first host that answers, each within `patience`; `settings` hold for the session.
pub(super) async fn open(
    place: &Place,
    secret: Option<&Secret>,
    settings: &[(&str, &str)],
    patience: Duration,
) -> Result<Link, Failure> {
    let roots = match &place.roots {
        Some(file) => {
            let read = certificates(file, "sslrootcert").await;
            Some(read.map_err(Failure::Tls)?)
        }
        None => None,
    };
    let base = options(place, secret, settings)?;
    let mut failure = Failure::Silent;
    for (host, port) in &place.hosts {
        let mut options = base.clone().host(host).port(*port);
        if let Some(roots) = &roots {
            options = options.ssl_root_cert_from_pem(roots.clone());
        }
        let attempt = Box::pin(to_host(place, options));
        match timeout(patience.min(place.connect_timeout), attempt).await {
            Ok(Ok(link)) => return Ok(link),
            Ok(Err(it)) => failure = it,
            Err(_elapsed) => failure = Failure::Silent,
        }
    }
    if secret.is_none() && failure.code() == "28P01" {
        return Err(Failure::NoPassword);
    }
    Err(failure)
}

async fn to_host(place: &Place, options: PgConnectOptions) -> Result<Link, Failure> {
    let (first, second) = modes(place);
    match attempt(options.clone().ssl_mode(first)).await {
        // The server's own rules may want the other way: libpq tries it once, and so do we.
        Err(failure) if failure.code() == "28000" => match second {
            Some(mode) => attempt(options.ssl_mode(mode))
                .await
                .map_err(|_second| failure),
            None => Err(failure),
        },
        other => other,
    }
}

async fn attempt(options: PgConnectOptions) -> Result<Link, Failure> {
    Ok(Link::new(options.connect().await?))
}

/// Whether TLS is used and what is checked, and what to try where the server will not have that.
fn modes(place: &Place) -> (PgSslMode, Option<PgSslMode>) {
    match place.tls {
        SslMode::Disable => (PgSslMode::Disable, None),
        SslMode::Allow => (PgSslMode::Disable, Some(PgSslMode::Require)),
        SslMode::Prefer => (PgSslMode::Prefer, Some(PgSslMode::Disable)),
        // Naming an authority asks for the certificate to be looked at.
        SslMode::Require if place.roots.is_some() => (PgSslMode::VerifyCa, None),
        SslMode::Require => (PgSslMode::Require, None),
        SslMode::VerifyCa => (PgSslMode::VerifyCa, None),
        SslMode::VerifyFull => (PgSslMode::VerifyFull, None),
    }
}

fn options(
    place: &Place,
    secret: Option<&Secret>,
    settings: &[(&str, &str)],
) -> Result<PgConnectOptions, Failure> {
    // Only as a part of a URL are options taken as they are written.
    let options = match &place.options {
        Some(text) => {
            PgConnectOptions::from_str(&format!("postgres:///?options={}", escaped(text)))?
        }
        None => PgConnectOptions::new_without_pgpass(),
    };
    Ok(options
        .username(&place.user)
        .password(secret.map_or("", Secret::reveal))
        .database(&place.database)
        .application_name(&place.application)
        .extra_float_digits(1)
        .options(settings.iter().copied())
        // Room for the one that is being described.
        .statement_cache_capacity(1)
        .disable_statement_logging())
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        escaped.push_str(&format!("%{byte:02X}"));
    }
    escaped
}
