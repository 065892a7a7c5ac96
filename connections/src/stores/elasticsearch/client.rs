//! The driver's transport: one for a store, made by the first call, with a bounded number of connections.
//!
//! The driver writes its credentials into its own `Debug`, so nothing here shows it. It takes a path for a URL that may
//! lead elsewhere: only paths of [`Resource`](super::resource::Resource) are given to it. It reads an answer whole.

use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use elasticsearch::auth::Credentials;
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::headers::{
    ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use elasticsearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Call, CallId};
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::Instant;

use super::fault;
use super::pit::Points;
use super::product::{Product, probe};
use super::request::{Answer, Request};
use super::target::Targets;
use super::url::{Address, Login};
use crate::background::off_thread;
use crate::secret::Secret;

/// The most requests at a time, each on a connection of its own.
const CONNECTIONS: usize = 16;

/// The longest answer that is read, in bytes, where the server says beforehand how long it is.
const MAX_ANSWER: u64 = 512 << 20;

/// How long the authorities that this system trusts may take to be read.
const PATIENCE: Duration = Duration::from_secs(10);

/// One server, or the way into a cluster.
pub(super) struct Client {
    address: Address,
    secret: Option<Secret>,
    transport: OnceCell<Transport>,
    slots: Semaphore,
    product: Mutex<Option<Product>>,
    /// Tells our requests from those of other programs and other runs.
    token: u64,
    pub(super) points: Points,
    pub(super) targets: Targets,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("place", &self.address.place())
            .finish_non_exhaustive()
    }
}

impl Client {
    pub(super) fn new(address: Address, secret: Option<Secret>) -> Arc<Self> {
        Arc::new(Self {
            address,
            secret,
            transport: OnceCell::new(),
            slots: Semaphore::new(CONNECTIONS),
            product: Mutex::default(),
            token: RandomState::new().build_hasher().finish(),
            points: Points::default(),
            targets: Targets::default(),
        })
    }

    /// What `call` sends, and until when.
    pub(super) fn exchange(self: &Arc<Self>, call: &Call) -> Exchange {
        Exchange {
            client: Arc::clone(self),
            opaque: self.opaque(call.id),
            until: Instant::now() + call.deadline,
        }
    }

    /// What the server lists the requests of a call by.
    pub(super) fn opaque(&self, call: CallId) -> String {
        format!("parallax-{:016x}-{}", self.token, call.0)
    }

    /// The product, where it was asked before.
    pub(super) fn known_product(&self) -> Option<Product> {
        lock(&self.product).clone()
    }

    pub(super) fn learn(&self, product: &Product) {
        *lock(&self.product) = Some(product.clone());
    }

    async fn transport(&self) -> Result<&Transport> {
        self.transport.get_or_try_init(|| self.build()).await
    }

    async fn build(&self) -> Result<Transport> {
        let mut builder =
            TransportBuilder::new(SingleNodeConnectionPool::new(self.address.base.clone()))
                // A database is not reached through the web's proxies.
                .disable_proxy()
                .enable_meta_header(false);
        if let Some(credentials) = self.credentials()? {
            builder = builder.auth(credentials);
        }
        if self.address.is_encrypted() {
            let trusted = match &self.address.ca {
                Some(file) => Some(authority(file).await?),
                None => system_authorities().await,
            };
            if let Some(trusted) = trusted {
                builder = builder.cert_validation(CertificateValidation::Full(trusted));
            }
        }
        builder
            .build()
            .map_err(|it| Error::new(ErrorKind::InvalidInput, "prepare the connection").because(it))
    }

    /// Fails where the driver would panic, or where there is a password for nobody.
    fn credentials(&self) -> Result<Option<Credentials>> {
        let Some(secret) = &self.secret else {
            return Ok(None);
        };
        let refused = |why: &str, hint: &str| {
            let error = Error::new(ErrorKind::InvalidInput, "log in");
            Err(error.because(why).hint(hint))
        };
        match (self.address.login, &self.address.user) {
            (Login::Password, Some(user)) => Ok(Some(Credentials::Basic(
                user.clone(),
                secret.reveal().to_owned(),
            ))),
            (Login::Password, None) => refused(
                "there is a secret, and no user in the URL",
                "name the user, as in `elasticsearch+https://USER@HOST:9200`; an API key needs `?auth=apikey` instead",
            ),
            (Login::ApiKey, _) => match secret.reveal().trim().split_once(':') {
                Some((id, key)) => Ok(Some(Credentials::ApiKey(id.to_owned(), key.to_owned()))),
                None if is_encoded_key(secret.reveal().trim()) => {
                    let key = secret.reveal().trim().to_owned();
                    Ok(Some(Credentials::EncodedApiKey(key)))
                }
                None => refused(
                    "the secret is no API key",
                    "an API key is the `encoded` text that the server gave out, or `ID:KEY`",
                ),
            },
        }
    }
}

/// An encoded key is base64, which any header can hold.
fn is_encoded_key(text: &str) -> bool {
    let letters = |it: char| it.is_ascii_alphanumeric() || "+/=-_".contains(it);
    !text.is_empty() && text.chars().all(letters)
}

async fn authority(file: &Path) -> Result<Certificate> {
    let operation = format!("read the authority {}", file.display());
    let pem = tokio::fs::read(file)
        .await
        .map_err(|it| Error::new(ErrorKind::InvalidInput, operation.clone()).because(it))?;
    Certificate::from_pem(&pem).map_err(|_driver_repeats_nothing_useful| {
        Error::new(ErrorKind::InvalidInput, operation)
            .because("it holds no certificate in PEM form")
    })
}

/// The authorities that this system trusts, beside those that the driver brings; `None` where they cannot be read.
async fn system_authorities() -> Option<Certificate> {
    let read = off_thread(PATIENCE, || {
        let found = rustls_native_certs::load_native_certs().certs;
        let certificates = found
            .iter()
            .filter_map(|it| Certificate::from_der(it.as_ref()).ok());
        certificates.reduce(|mut all, it| {
            all.append(it);
            all
        })
    });
    read.await.flatten()
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The requests of one call.
///
/// # Cancel safety
///
/// Dropping a request closes its connection, by which the server ends a search; what goes on nevertheless is found by
/// the call's name and cancelled.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub(super) client: Arc<Client>,
    opaque: String,
    until: Instant,
}

impl Exchange {
    /// How long the call may still take.
    pub(super) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// The same as the server reads it.
    pub(super) fn timeout(&self) -> String {
        format!("{}ms", self.left().as_millis().max(1))
    }

    /// What the server is; asked once.
    pub(super) async fn product(&self) -> Result<Product> {
        if let Some(product) = self.client.known_product() {
            return Ok(product);
        }
        let product = probe(self).await?;
        self.client.learn(&product);
        Ok(product)
    }

    /// Sends a read of our own; an answer that is an error fails.
    pub(super) async fn ask(&self, request: &Request, operation: &'static str) -> Result<Answer> {
        let answer = self.read(request).await?;
        if answer.is_error() {
            return Err(fault::answered(&answer, operation));
        }
        Ok(answer)
    }

    /// Sends a read of our own, once more where the connection broke: it may have rested while the server restarted.
    pub(super) async fn read(&self, request: &Request) -> Result<Answer> {
        match self.once(request).await {
            Err(Failure::Broken(_)) => self.once(request).await.map_err(Failure::into_error),
            other => other.map_err(Failure::into_error),
        }
    }

    /// Sends a request once, whatever the status of its answer.
    pub(super) async fn send(&self, request: &Request) -> Result<Answer> {
        self.once(request).await.map_err(Failure::into_error)
    }

    async fn once(&self, request: &Request) -> Result<Answer, Failure> {
        let transport = self.client.transport().await.map_err(Failure::Other)?;
        // The semaphore is never closed.
        let _slot = self.client.slots.acquire().await.ok();
        let path = request.resource.text();
        let answered = transport.send(
            request.method,
            &path,
            self.headers(request),
            None::<&()>,
            request.body.as_deref(),
            Some(self.left()),
        );
        let response = answered.await.map_err(|it| self.failure(&it))?;
        let status = response.status_code().as_u16();
        let headers = response.headers();
        let is_named = headers.contains_key("x-elastic-product");
        let warnings = headers.get_all("warning").iter();
        let warnings = warnings
            .filter_map(|it| warning(it.to_str().ok()?))
            .collect();
        if response.content_length().is_some_and(|it| it > MAX_ANSWER) {
            return Err(Failure::Other(too_long()));
        }
        let body = response.bytes().await.map_err(|it| self.failure(&it))?;
        Ok(Answer {
            status,
            body: body.into(),
            warnings,
            is_named,
        })
    }

    fn failure(&self, error: &elasticsearch::Error) -> Failure {
        let told = fault::transport(error, &self.client.address);
        if fault::broke(error) {
            Failure::Broken(told)
        } else {
            Failure::Other(told)
        }
    }

    fn headers(&self, request: &Request) -> HeaderMap {
        let mut headers = HeaderMap::new();
        // Compressing costs the server more than the network gains, where both are near.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(USER_AGENT, HeaderValue::from_static("parallax"));
        if request.lines {
            let lines = HeaderValue::from_static("application/x-ndjson");
            headers.insert(CONTENT_TYPE, lines);
        }
        if let Ok(opaque) = HeaderValue::from_str(&self.opaque) {
            headers.insert(HeaderName::from_static("x-opaque-id"), opaque);
        }
        headers
    }
}

/// Why there is no answer.
enum Failure {
    /// The connection broke off.
    Broken(Error),
    Other(Error),
}

impl Failure {
    fn into_error(self) -> Error {
        match self {
            Self::Broken(it) | Self::Other(it) => it,
        }
    }
}

/// The text of a `Warning` header: `299 AGENT "TEXT"`.
fn warning(header: &str) -> Option<String> {
    let (_, rest) = header.split_once('"')?;
    let (text, _) = rest.rsplit_once('"')?;
    Some(text.replace("\\\"", "\""))
}

fn too_long() -> Error {
    Error::new(ErrorKind::Unsupported, "read the answer")
        .because(format!("it is longer than {} MiB", MAX_ANSWER >> 20))
        .hint("ask for less: `size`, `_source` and `filter_path` limit what is sent")
}

#[cfg(test)]
mod tests {
    use super::super::url::address;
    use super::*;

    fn client(url: &str, secret: &str) -> Arc<Client> {
        let address = address(url, Path::new("/")).expect("an address");
        Client::new(address, Some(Secret::new(secret)))
    }

    #[test]
    fn nothing_shows_a_secret() {
        let client = client("https://ann@h", "hunter2");
        assert!(!format!("{client:?}").contains("hunter2"));
        assert!(client.credentials().is_ok());
    }

    #[test]
    fn a_secret_that_no_header_can_hold_is_refused_without_being_told() {
        for secret in ["hunter2\nx", "hunter2 x", "hüter"] {
            let error = client("https://h?auth=apikey", secret).credentials();
            let error = error.expect_err("no key");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
        assert!(client("https://h", "hunter2").credentials().is_err());
        assert!(
            client("https://h?auth=apikey", "id:key")
                .credentials()
                .is_ok()
        );
        assert!(
            client("https://h?auth=apikey", "aWQ6a2V5\n")
                .credentials()
                .is_ok()
        );
    }

    #[test]
    fn a_warning_is_its_text() {
        let header = r#"299 Elasticsearch-8.8.2 "[types removal] is \"gone\"""#;
        assert_eq!(
            warning(header).as_deref(),
            Some(r#"[types removal] is "gone""#)
        );
    }
}
