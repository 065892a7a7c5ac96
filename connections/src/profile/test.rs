//! Testing a connection step by step, so that a person sees how far it comes.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parallax_core::deployment::{SecretSource, StoreConfig};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::StoreId;
use parallax_core::profile::{Profile, StepKind, StepOutcome, TestStep, split_url};
use parallax_core::store::{Access, Call, CallId, Purpose, Server, Store};

use super::Home;
use crate::secret::{self, Context, Secret};
use crate::stores::network::{Encryption, Network, network};
use crate::stores::{self};

mod reach;

const ORDER: [StepKind; 8] = [
    StepKind::Url,
    StepKind::Secret,
    StepKind::Dns,
    StepKind::Tcp,
    StepKind::Tls,
    StepKind::Auth,
    StepKind::Version,
    StepKind::Capability,
];

/// Tests a profile, saved or not, with the secret that was `typed` or else from where the profile says.
///
/// Gives all eight steps in their order. What does not apply is skipped, and so is whatever comes after a failure. Each
/// step that reaches out may take `deadline`. Reads only; a relative path belongs to the folder of the profiles. No step
/// holds a secret.
pub async fn test(
    profile: &Profile,
    home: &Home,
    typed: Option<Secret>,
    deadline: Duration,
) -> Vec<TestStep> {
    let mut test = Test {
        profile,
        home,
        deadline,
        steps: Vec::new(),
    };
    // A failure ends the walk, and is the last step that it noted.
    test.walk(typed).await;
    let reason = "an earlier step failed";
    for kind in ORDER.into_iter().skip(test.steps.len()) {
        test.skip(kind, reason);
    }
    test.steps
}

struct Test<'p> {
    profile: &'p Profile,
    home: &'p Home,
    deadline: Duration,
    steps: Vec<TestStep>,
}

impl Test<'_> {
    /// `None` once a step has failed.
    async fn walk(&mut self, typed: Option<Secret>) -> Option<()> {
        let began = Instant::now();
        let url = self.connect(None).map(|_| self.place());
        self.note(StepKind::Url, began, url)?;
        let secret = self.secret(typed).await?;
        let network = network(&self.profile.url);
        if let Some(network) = &network {
            self.reach(network).await?;
        } else {
            self.skip(StepKind::Dns, "a file, not a server");
            self.skip(StepKind::Tcp, "a file, not a server");
        }
        let store = self.connect(secret);
        self.ask(store, network.as_ref()).await
    }

    fn connect(&self, secret: Option<Secret>) -> Result<Arc<dyn Store>> {
        let fallback = || StoreId::new("connection");
        if let (_, Some(_)) = split_url(&self.profile.url) {
            return Err(Error::new(ErrorKind::InvalidInput, "read the URL")
                .because("it holds a password")
                .hint("take it out, and say where it is kept"));
        }
        let config = StoreConfig {
            id: StoreId::new(&self.profile.name).or_else(|_| fallback())?,
            url: Some(self.profile.url.clone()),
            profile: None,
            secret: self.profile.secret.clone(),
            environment: self.profile.environment,
            why: None,
            access: Access::ReadOnly,
        };
        stores::connect(&config, self.home.folder(), secret, Access::ReadOnly)
    }

    fn place(&self) -> String {
        let Some(network) = network(&self.profile.url) else {
            return "a file".to_owned();
        };
        let hosts = network
            .hosts
            .iter()
            .map(|(host, port)| reach::shown(host, *port));
        hosts.collect::<Vec<_>>().join(", ")
    }

    async fn secret(&mut self, typed: Option<Secret>) -> Option<Option<Secret>> {
        if typed.is_some() {
            self.note(
                StepKind::Secret,
                Instant::now(),
                Ok("typed just now".to_owned()),
            )?;
            return Some(typed);
        }
        let Some(source) = &self.profile.secret else {
            self.skip(StepKind::Secret, "the profile names none");
            return Some(None);
        };
        let began = Instant::now();
        let context = Context {
            base: self.home.folder().to_owned(),
            profile: Some(self.profile.name.clone()),
        };
        let found = secret::resolve(source, &context).await;
        let told = match &found {
            Ok(_) => Ok(self.where_found(source)),
            Err(error) => Err(error.clone()),
        };
        self.note(StepKind::Secret, began, told)?;
        Some(found.ok())
    }

    fn where_found(&self, source: &SecretSource) -> String {
        let path = match source {
            SecretSource::File(path) => Some(self.home.folder().join(path)),
            _ => None,
        };
        let is_open = path.is_some_and(|it| secret::readable_by_others(Path::new(&it)));
        if is_open {
            format!("found in {source}, which everybody on this machine may read")
        } else {
            format!("found in {source}")
        }
    }

    async fn reach(&mut self, network: &Network) -> Option<()> {
        let began = Instant::now();
        let found = reach::addresses(&network.hosts, self.deadline).await;
        let told = match &found {
            Ok(found) => Ok(found.told()),
            Err(error) => Err(error.clone()),
        };
        self.note_or_skip(StepKind::Dns, began, told)?;
        let began = Instant::now();
        let reached = reach::reach(&found.ok()?, self.deadline).await;
        self.note_or_skip(StepKind::Tcp, began, reached)
    }

    async fn ask(
        &mut self,
        store: Result<Arc<dyn Store>>,
        network: Option<&Network>,
    ) -> Option<()> {
        let began = Instant::now();
        let answer = match &store {
            Ok(store) => store.ping(&self.call(1)).await,
            Err(error) => Err(error.clone()),
        };
        self.admission(began, &answer, network)?;
        let server = answer.ok()?;
        let version = format!("{} {}", server.product, server.version);
        self.note(StepKind::Version, began, Ok(version))?;
        let store = store.ok()?;
        let began = Instant::now();
        let datasets = store.datasets(&self.call(2)).await;
        let sees = datasets.map(|it| match it.len() {
            1 => "sees 1 dataset".to_owned(),
            count => format!("sees {count} datasets"),
        });
        self.note(StepKind::Capability, began, sees)
    }

    /// What the answer to the first question says of TLS and of the password.
    fn admission(
        &mut self,
        began: Instant,
        answer: &Result<Server>,
        network: Option<&Network>,
    ) -> Option<()> {
        let failure = answer.as_ref().err();
        match (network.map(|it| it.encryption), failure) {
            (None, _) => self.skip(StepKind::Tls, "a file, not a server"),
            (Some(encryption), Some(error)) if is_of_tls(encryption, error) => {
                return self.note(StepKind::Tls, began, Err(encryption_hint(error)));
            }
            (Some(Encryption::Off), _) => self.skip(StepKind::Tls, "the URL does not ask for it"),
            (Some(Encryption::Offered), _) => {
                self.skip(
                    StepKind::Tls,
                    "used where the server offers it; the URL does not insist",
                );
            }
            (Some(Encryption::Required), _) => {
                self.note(
                    StepKind::Tls,
                    began,
                    Ok("encrypted, as the URL asks".to_owned()),
                )?;
            }
        }
        let admitted = match failure {
            None if network.is_none() => Ok("the file opens".to_owned()),
            None => Ok("let in".to_owned()),
            Some(error) => Err(self.auth_hint(error)),
        };
        self.note(StepKind::Auth, began, admitted)
    }

    /// A wrong password is told with the place that it came from.
    fn auth_hint(&self, error: &Error) -> Error {
        let error = error.clone();
        if error.kind != ErrorKind::PermissionDenied {
            return error;
        }
        let from = match &self.profile.secret {
            Some(source) => format!("the secret is that of {source}"),
            None => "the profile names no secret".to_owned(),
        };
        let hint = error
            .hint
            .clone()
            .map_or(from.clone(), |it| format!("{it}; {from}"));
        error.hint(hint)
    }

    fn call(&self, id: u64) -> Call {
        Call {
            id: CallId(id),
            deadline: self.deadline,
            purpose: Purpose::Inspect,
            access: Access::ReadOnly,
        }
    }

    fn note(&mut self, kind: StepKind, began: Instant, told: Result<String>) -> Option<()> {
        self.note_or_skip(kind, began, told.map(Told::Passed))
    }

    fn note_or_skip(&mut self, kind: StepKind, began: Instant, told: Result<Told>) -> Option<()> {
        let (outcome, detail, hint) = match told {
            Ok(Told::Passed(detail)) => (StepOutcome::Passed, detail, None),
            Ok(Told::Skipped(detail)) => (StepOutcome::Skipped, detail.to_owned(), None),
            Err(error) => (StepOutcome::Failed, sentence(&error), error.hint),
        };
        self.steps.push(TestStep {
            kind,
            outcome,
            detail,
            hint,
            took: began.elapsed(),
        });
        (outcome != StepOutcome::Failed).then_some(())
    }

    fn skip(&mut self, kind: StepKind, why: &'static str) {
        let told = Ok(Told::Skipped(why));
        // A skipped step does not end the walk.
        self.note_or_skip(kind, Instant::now(), told);
    }
}

/// What a step that did not fail has to say.
enum Told {
    Passed(String),
    Skipped(&'static str),
}

fn sentence(error: &Error) -> String {
    match error.causes.as_slice() {
        [] => format!("could not {}", error.operation),
        causes => causes.join(": "),
    }
}

/// Whether the connection failed while it was being encrypted.
///
/// Where encryption is required, a server that goes silent or hangs up did so at the handshake: its port was reached.
fn is_of_tls(encryption: Encryption, error: &Error) -> bool {
    let text = error.causes.join(" ").to_lowercase();
    let names_it = ["tls", "ssl", "certificate", "handshake"]
        .iter()
        .any(|it| text.contains(it));
    error.kind == ErrorKind::Unreachable
        && (names_it || encryption == Encryption::Required)
        && encryption != Encryption::Off
}

fn encryption_hint(error: &Error) -> Error {
    let error = error.clone();
    if error.hint.is_some() {
        return error;
    }
    error.hint("does the server offer TLS on this port, and is its certificate by an authority that is trusted here?")
}

#[cfg(test)]
mod tests;
