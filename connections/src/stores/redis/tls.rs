//! TLS to a server whose certificate is always verified.

use std::path::Path;
use std::sync::Arc;

use parallax_core::error::{Error, ErrorKind, Result};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::url::{Address, Trust};

const OPERATION: &str = "connect over TLS";

/// Shakes hands on `stream`; fails with [`ErrorKind::Unreachable`] where the certificate is not trusted.
pub(super) async fn wrap(
    stream: TcpStream,
    address: &Address,
    trust: &Trust,
) -> Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(address.host.clone())
        .map_err(|it| Error::new(ErrorKind::InvalidInput, OPERATION).because(it))?;
    let connector = TlsConnector::from(Arc::new(config(trust).await?));
    connector.connect(name, stream).await.map_err(|it| {
        Error::new(ErrorKind::Unreachable, OPERATION)
            .because(it)
            .hint(
                "does this port speak TLS, and does an authority that is trusted here vouch for it? a private one is named by `?ca=FILE`",
            )
    })
}

async fn config(trust: &Trust) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|it| Error::new(ErrorKind::Other, OPERATION).because(it))?;
    Ok(builder
        .with_root_certificates(roots(trust).await?)
        .with_no_client_auth())
}

async fn roots(trust: &Trust) -> Result<RootCertStore> {
    let certificates = match trust {
        Trust::System => system().await?,
        Trust::File(file) => of_file(file).await?,
    };
    let mut roots = RootCertStore::empty();
    // A system's store may hold old certificates that nothing can read; the others serve.
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(Error::new(ErrorKind::InvalidInput, OPERATION)
            .because("no authority is known that could vouch for the server")
            .hint("name a file with the authority's certificate: `?ca=FILE`"));
    }
    Ok(roots)
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
