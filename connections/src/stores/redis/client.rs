//! The driver's client of one server: where it is, and whose certificates are trusted.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parallax_core::error::{Error, ErrorKind, Result};
use redis::io::tcp::TcpSettings;
use redis::{
    Client, ConnectionAddr, IntoConnectionInfo as _, ProtocolVersion, RedisConnectionInfo,
    TlsCertificates,
};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::fault;
use super::url::{Address, Trust};
use crate::secret::Secret;

const OPERATION: &str = "connect over TLS";

/// A client whose connections log in as they are opened; the database is theirs to choose.
///
/// With RESP 3 a refusal is told as the server says it; with RESP 2 the driver tells only that the login failed.
pub(super) async fn client(
    address: &Address,
    secret: Option<&Secret>,
    protocol: ProtocolVersion,
) -> Result<Client> {
    let mut login = RedisConnectionInfo::default()
        .set_protocol(protocol)
        .set_skip_set_lib_name();
    if let Some(user) = &address.user {
        login = login.set_username(user);
    }
    if secret.is_some() || address.user.is_some() {
        login = login.set_password(secret.map_or("", Secret::reveal));
    }
    let (host, port) = (address.host.clone(), address.port);
    let place = match &address.tls {
        None => ConnectionAddr::Tcp(host, port),
        Some(_) => ConnectionAddr::TcpTls {
            host,
            port,
            insecure: false,
            tls_params: None,
        },
    };
    let info = place
        .into_connection_info()
        .map_err(|it| fault::connect(&it, address))?
        // Commands are written together, so the system need not wait for more.
        .set_tcp_settings(TcpSettings::default().set_nodelay(true))
        .set_redis_settings(login);
    let client = match &address.tls {
        None => Client::open(info),
        Some(trust) => {
            // Another part of the process may have chosen already, which serves as well.
            drop(rustls::crypto::ring::default_provider().install_default());
            let certificates = TlsCertificates {
                client_tls: None,
                root_cert: Some(authorities(trust).await?),
            };
            Client::build_with_tls(info, certificates)
        }
    };
    client.map_err(|it| fault::connect(&it, address))
}

/// The certificates of the authorities that are trusted, as PEM.
///
/// The driver has a list of its own, or reads the system's anew for each connection and takes it whole or not at all.
async fn authorities(trust: &Trust) -> Result<Vec<u8>> {
    let mut certificates = match trust {
        Trust::System => system().await?,
        Trust::File(file) => of_file(file).await?,
    };
    // A system's store may hold old certificates that nothing can read; the others serve.
    certificates.retain(|it| RootCertStore::empty().add(it.clone()).is_ok());
    if certificates.is_empty() {
        return Err(Error::new(ErrorKind::InvalidInput, OPERATION)
            .because("no authority is known that could vouch for the server")
            .hint("name a file with the authority's certificate: `?ca=FILE`"));
    }
    Ok(certificates.iter().flat_map(|it| pem(it)).collect())
}

fn pem(certificate: &[u8]) -> Vec<u8> {
    let body = STANDARD.encode(certificate);
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n").into_bytes()
}

async fn system() -> Result<Vec<CertificateDer<'static>>> {
    let load = tokio::task::spawn_blocking(|| rustls_native_certs::load_native_certs().certs);
    load.await
        .map_err(|it| Error::new(ErrorKind::Other, OPERATION).because(it))
}

async fn of_file(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let bad = |kind, why: String| {
        Error::new(kind, format!("read the certificates in {}", file.display())).because(why)
    };
    let text = tokio::fs::read(file)
        .await
        .map_err(|it| bad(ErrorKind::NotFound, it.to_string()))?;
    let certificates = CertificateDer::pem_slice_iter(&text).collect::<Result<_, _>>();
    certificates.map_err(|it| bad(ErrorKind::Unreadable, format!("it is no PEM: {it:?}")))
}
