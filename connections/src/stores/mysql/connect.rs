//! From a URL to an open session.

use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use tokio::time::timeout;

use super::fault::Failure;
use super::link::Link;
use super::url::{Place, SslMode};
use crate::secret::Secret;
use crate::stores::common::certificates;

/// Opens a connection within `patience`. Its time zone is UTC and its texts are UTF-8; its `sql_mode` is the server's own.
pub(super) async fn open(
    place: &Place,
    secret: Option<&Secret>,
    patience: Duration,
) -> Result<Link, Failure> {
    let mut options = options(place, secret);
    if let Some(file) = &place.roots {
        options =
            options.ssl_ca_from_pem(certificates(file, "ssl-ca").await.map_err(Failure::Tls)?);
    }
    let attempt = Box::pin(options.connect());
    match timeout(patience.min(place.connect_timeout), attempt).await {
        Ok(connected) => Ok(Link::new(connected?)),
        Err(_elapsed) => Err(Failure::Silent),
    }
}

fn options(place: &Place, secret: Option<&Secret>) -> MySqlConnectOptions {
    let mut options = MySqlConnectOptions::new()
        .host(&place.host)
        .port(place.port)
        .username(&place.user)
        .ssl_mode(mode(place))
        .charset("utf8mb4")
        .timezone(Some("+00:00".to_owned()))
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        // Room for the one that is being run.
        .statement_cache_capacity(1)
        .disable_statement_logging();
    if let Some(socket) = &place.socket {
        options = options.socket(socket);
    }
    if let Some(database) = &place.database {
        options = options.database(database);
    }
    // The driver would scramble an empty one.
    if let Some(secret) = secret.filter(|it| !it.reveal().is_empty()) {
        options = options.password(secret.reveal());
    }
    options
}

fn mode(place: &Place) -> MySqlSslMode {
    match place.tls {
        // A socket of this machine leads nowhere else.
        None if place.socket.is_some() => MySqlSslMode::Disabled,
        // Naming an authority asks for the certificate to be looked at.
        None | Some(SslMode::Preferred | SslMode::Required) if place.roots.is_some() => {
            MySqlSslMode::VerifyCa
        }
        None | Some(SslMode::Preferred) => MySqlSslMode::Preferred,
        Some(SslMode::Disabled) => MySqlSslMode::Disabled,
        Some(SslMode::Required) => MySqlSslMode::Required,
        Some(SslMode::VerifyCa) => MySqlSslMode::VerifyCa,
        Some(SslMode::VerifyIdentity) => MySqlSslMode::VerifyIdentity,
    }
}
