//! The driver's client of one deployment, and how a call on it is cancelled.
//!
//! What the driver does when a call is dropped: the connection on which an answer is owed is closed and never pooled,
//! and a cursor that is open is closed on the server by a task of its own. A server of the original kind stops an
//! operation whose client has gone; beside that, every operation carries a comment by which [`Link::cancel`] finds it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use mongodb::Client;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};
use mongodb::error::Error as Failure;
use mongodb::options::{ClientOptions, ReadConcernLevel, SelectionCriteria, Tls};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::store::{Call, CallId};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::control::Control;
use super::fault;
use super::health::Health;
use super::places::Namespace;
use super::products::Known;
use super::session::Session;
use super::url::Address;
use crate::secret::Secret;

/// Connections at one time, unless the URL says otherwise.
const MAX_OPEN: u32 = 16;

/// How long a server that answers may have none that a read is allowed on, unless the URL says otherwise.
const NO_PRIMARY: Duration = Duration::from_secs(8);

/// How long a cancel tries to reach the server.
const CANCEL_PATIENCE: Duration = Duration::from_millis(800);

/// The client of one deployment, made by the first call.
pub(super) struct Link {
    pub(super) address: Address,
    secret: Option<Secret>,
    pub(super) health: Health,
    pub(super) opened: OnceCell<Opened>,
    pub(super) known: OnceLock<Known>,
    /// Collections that were there when they were last looked for, and the bytes of a document of theirs.
    met: Mutex<HashMap<Namespace, Option<u64>>>,
    /// What the comments of this client's operations begin with.
    mark: String,
    running: Mutex<Vec<(CallId, Arc<Control>)>>,
}

/// The client and what the URL says of reads, which commands do not take from it by themselves.
pub(super) struct Opened {
    pub(super) client: Client,
    pub(super) database: Option<String>,
    pub(super) criteria: Option<SelectionCriteria>,
    pub(super) concern: Option<Document>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("hosts", &self.address.hosts)
            .field("known", &self.known.get())
            .finish_non_exhaustive()
    }
}

impl Link {
    pub(super) fn new(address: Address, secret: Option<Secret>) -> Arc<Self> {
        Arc::new(Self {
            address,
            secret,
            health: Health::new(),
            opened: OnceCell::new(),
            known: OnceLock::new(),
            met: Mutex::default(),
            mark: format!("parallax-{}", ObjectId::new().to_hex()),
            running: Mutex::default(),
        })
    }

    /// The server as it was first met; `None` before any call.
    pub(super) fn known(&self) -> Option<&Known> {
        self.known.get()
    }

    /// Begins a call: makes the client if it is the first, and learns which product it is.
    pub(super) async fn session(self: &Arc<Self>, call: &Call) -> Result<Arc<Session>> {
        self.opened.get_or_try_init(|| self.open()).await?;
        let control = Arc::<Control>::default();
        self.running().push((call.id, Arc::clone(&control)));
        let session = Session::new(Arc::clone(self), *call, control);
        if self.known.get().is_none() {
            session.meet().await?;
        }
        Ok(Arc::new(session))
    }

    /// Stops what runs for `call`, here and, where the server can, there.
    pub(super) async fn cancel(&self, call: CallId) {
        for (_, control) in self.running().iter().filter(|(it, _)| *it == call) {
            control.stop();
        }
        if self.known().is_some_and(Known::stops_operations) {
            // The connections are closed already, by which such a server stops what it did for them; this is to be sure.
            drop(timeout(CANCEL_PATIENCE, self.kill(call)).await);
        }
    }

    pub(super) fn met(&self) -> MutexGuard<'_, HashMap<Namespace, Option<u64>>> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn kill(&self, call: CallId) -> Result<(), Failure> {
        let Some(opened) = self.opened.get() else {
            return Ok(());
        };
        let admin = opened.client.database("admin");
        let comment = self.comment(call);
        let found = admin
            .run_command(doc! {
                "currentOp": 1,
                "$ownOps": true,
                "$or": [
                    { "command.comment": &comment },
                    { "cursor.originatingCommand.comment": &comment },
                ],
            })
            .await?;
        let running = found.get_array("inprog").cloned().unwrap_or_default();
        for operation in running
            .iter()
            .filter_map(|it| it.as_document()?.get("opid"))
        {
            admin
                .run_command(doc! { "killOp": 1, "op": operation })
                .await?;
        }
        Ok(())
    }

    pub(super) fn comment(&self, call: CallId) -> String {
        format!("{}-{}", self.mark, call.0)
    }

    pub(super) fn running(&self) -> MutexGuard<'_, Vec<(CallId, Arc<Control>)>> {
        // Nothing under this lock can panic half-way.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn open(&self) -> Result<Opened> {
        let told = |it: Failure| fault::failed(&it, "read the URL", &self.address);
        let mut options = ClientOptions::parse(&self.address.url)
            .await
            .map_err(told)?;
        self.complete(&mut options)?;
        if self.address.is_encrypted {
            // Another part of the process may have chosen already, which serves as well.
            drop(rustls::crypto::ring::default_provider().install_default());
        }
        let concern = options.read_concern.as_ref();
        Ok(Opened {
            database: options.default_database.clone(),
            criteria: options.selection_criteria.clone(),
            concern: concern.map(|it| doc! { "level": level(&it.level) }),
            client: Client::with_options(options).map_err(told)?,
        })
    }

    /// Adds the secret, and what the URL leaves open.
    fn complete(&self, options: &mut ClientOptions) -> Result<()> {
        match (&self.secret, options.credential.as_mut()) {
            (None, Some(credential)) if credential.password.is_some() => return Err(no_secret()),
            (None, _) => {}
            (Some(_), None) => return Err(no_user()),
            (Some(secret), Some(credential)) => {
                credential.password = Some(secret.reveal().to_owned());
            }
        }
        options
            .app_name
            .get_or_insert_with(|| "parallax".to_owned());
        options.max_pool_size.get_or_insert(MAX_OPEN);
        options.server_selection_timeout.get_or_insert(NO_PRIMARY);
        options.sdam_event_handler = Some(self.health.listener());
        if let Some(Tls::Enabled(tls)) = &mut options.tls {
            for file in [&mut tls.ca_file_path, &mut tls.cert_key_file_path]
                .into_iter()
                .flatten()
            {
                *file = self.address.base.join(&*file);
            }
        }
        Ok(())
    }
}

/// The level's name; the driver shows it in its own spelling only.
fn level(level: &ReadConcernLevel) -> String {
    match level {
        ReadConcernLevel::Custom(name) => name.clone(),
        named => format!("{named:?}").to_lowercase(),
    }
}

fn no_secret() -> Error {
    Error::new(ErrorKind::PermissionDenied, "log in")
        .because("the mechanism that the URL names wants a password")
        .hint(r#"say where it is kept: secret = "keychain", "env:NAME" or "file:PATH""#)
}

fn no_user() -> Error {
    Error::new(ErrorKind::InvalidInput, "log in")
        .because("there is a secret, but the URL names no user")
        .hint("name the user: mongodb://USER@HOST:PORT/DATABASE?authSource=admin")
}
