//! What a person's own files make of a deployment: profiles put in, and secrets let through only where the file is trusted.

use std::cell::OnceCell;
use std::path::PathBuf;

use parallax_connections::profile::{self, Fingerprint, Home, Prepared};
use parallax_core::deployment::{Deployment, StoreConfig};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::profile::Profile;

/// The person's folder, and the deployment file that is judged by what is in it.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) home: Result<Home>,
    pub(crate) file: PathBuf,
    /// The folder of the deployment file.
    pub(crate) base: PathBuf,
}

/// A store of the deployment file, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Admission {
    /// With its profile put in, if that could be done.
    pub(crate) config: StoreConfig,
    /// What it takes to connect, or why that is not to be had.
    pub(crate) prepared: Result<Prepared>,
}

impl Person {
    /// Judges every store afresh; each that cannot be used is so alone. Reads the person's files where a store needs them.
    pub(crate) fn admit(&self, deployment: &Deployment) -> Vec<Admission> {
        let mut admissions = self.prepare(deployment);
        if let Err(refusal) = self.check_trust(&admissions) {
            let secret = admissions
                .iter_mut()
                .filter(|it| it.config.secret.is_some());
            for admission in secret.filter(|it| it.prepared.is_ok()) {
                admission.prepared = Err(refusal.clone().at(&admission.config.id));
            }
        }
        admissions
    }

    /// Trusts the file as it stands. Fails where the person's folder cannot be written.
    pub(crate) fn trust(&self, deployment: &Deployment) -> Result<()> {
        match fingerprint(&self.prepare(deployment)) {
            Some(fingerprint) => profile::trust(self.home()?, &self.file, &fingerprint),
            None => Ok(()),
        }
    }

    fn home(&self) -> Result<&Home> {
        self.home.as_ref().map_err(Error::clone)
    }

    fn prepare(&self, deployment: &Deployment) -> Vec<Admission> {
        let read = OnceCell::new();
        let profiles =
            || -> Result<Vec<Profile>> { read.get_or_init(|| profile::load(self.home()?)).clone() };
        // Without a folder there is no profile either, and nothing is relative to it.
        let nowhere = Home::at("");
        let home = self.home.as_ref().unwrap_or(&nowhere);
        let admit = |store: &StoreConfig| {
            let prepared = profile::prepare(store, &self.base, home, profiles);
            let whole = prepared.as_ref().map(|it| it.config.clone());
            Admission {
                config: whole.unwrap_or_else(|_| store.clone()),
                prepared,
            }
        };
        deployment.stores.iter().map(admit).collect()
    }

    fn check_trust(&self, admissions: &[Admission]) -> Result<()> {
        let Some(fingerprint) = fingerprint(admissions) else {
            return Ok(());
        };
        if profile::is_trusted(self.home()?, &self.file, &fingerprint)? {
            return Ok(());
        }
        Err(
            Error::new(ErrorKind::Untrusted, "use the secret of a store")
                .because(format!(
                    "{} is not trusted as it stands: it is new, or where a store or its secret is has changed",
                    self.file.display()
                ))
                .hint("look at the URLs and secrets that it names, then trust it: run again with --trust"),
        )
    }
}

fn fingerprint(admissions: &[Admission]) -> Option<Fingerprint> {
    Fingerprint::of(admissions.iter().filter_map(|it| it.prepared.as_ref().ok()))
}
