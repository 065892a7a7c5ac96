//! TLS, as far as `sslmode` asks for it.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::fault::Failure;

/// What is checked of the server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// Nothing: nobody can listen in, but it may be anybody who answers.
    Nothing,
    /// That an authority we trust has signed it.
    Authority,
    /// And that it names the host.
    AuthorityAndHost,
}

/// Speaks TLS over `tcp`.
pub(super) async fn wrap(
    tcp: TcpStream,
    host: &str,
    check: Check,
    roots: Option<PathBuf>,
) -> Result<TlsStream<TcpStream>, Failure> {
    let config = tokio::task::spawn_blocking(move || config(check, roots)).await;
    let config = config.map_err(|it| Failure::Tls(it.to_string()))??;
    let name = ServerName::try_from(host.to_owned()).map_err(|it| Failure::Tls(it.to_string()))?;
    let connector = TlsConnector::from(Arc::new(config));
    let wrapped = connector.connect(name, tcp).await;
    wrapped.map_err(|it| Failure::Tls(it.to_string()))
}

fn config(check: Check, roots: Option<PathBuf>) -> Result<ClientConfig, Failure> {
    let provider = Arc::new(ring::default_provider());
    let verifier = verifier(check, roots, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|it| Failure::Tls(it.to_string()))?;
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

fn verifier(
    check: Check,
    roots: Option<PathBuf>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Failure> {
    if check == Check::Nothing {
        return Ok(Arc::new(Lenient {
            authority: None,
            provider: Arc::clone(provider),
        }));
    }
    let store = Arc::new(authorities(roots)?);
    let strict = WebPkiServerVerifier::builder_with_provider(store, Arc::clone(provider)).build();
    let strict = strict.map_err(|it| Failure::Tls(it.to_string()))?;
    if check == Check::AuthorityAndHost {
        return Ok(strict);
    }
    Ok(Arc::new(Lenient {
        authority: Some(strict),
        provider: Arc::clone(provider),
    }))
}

/// The authorities of `sslrootcert`, or those of the system.
fn authorities(file: Option<PathBuf>) -> Result<RootCertStore, Failure> {
    let mut store = RootCertStore::empty();
    let Some(file) = file else {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(store);
    };
    let bad =
        |why: String| Failure::Tls(format!("cannot read sslrootcert {}: {why}", file.display()));
    let certificates = CertificateDer::pem_file_iter(&file).map_err(|it| bad(it.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|it| bad(it.to_string()))?;
        store.add(certificate).map_err(|it| bad(it.to_string()))?;
    }
    if store.is_empty() {
        return Err(bad("it holds no certificate".to_owned()));
    }
    Ok(store)
}

/// Checks less than the name of the host: only the authority, or nothing.
#[derive(Debug)]
struct Lenient {
    authority: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(authority) = &self.authority else {
            return Ok(ServerCertVerified::assertion());
        };
        let verified = authority.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
