//! Saved connection profiles: what a person keeps about a store, without its secret.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::deployment::{self, Environment, Problems, SecretSource, url};
use crate::store::Access;

/// A saved connection. Its secret is kept where `secret` says, never here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The name by which deployments and people call it: `[a-z][a-z0-9_-]*`.
    pub name: String,
    /// Where it is; holds no password.
    pub url: String,
    /// Where its secret comes from.
    pub secret: Option<SecretSource>,
    /// Where it stands; `None` where the person said nothing.
    pub environment: Option<Environment>,
    /// Whether statements that people type may write.
    pub access: Access,
    /// The person's own words to find it by.
    pub tags: Vec<String>,
}

/// A secret on its way from a person to the keychain. `Debug` hides it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretText(pub String);

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// Reads the profiles in the text of `file`; reports every mistake at once. A text without anything holds none.
///
/// The text begins with `format = 1`; each `[profiles.NAME]` has a `url`, and may have `secret`, `environment`, `access`
/// and `tags`. Opens nothing: `file` is only what problems are named after.
pub fn parse(text: &str, file: &str) -> Result<Vec<Profile>, Problems> {
    deployment::read_profiles(text, file)
}

/// Takes the password out of a URL, as people paste it: the URL without it, and the password, percent-decoded.
///
/// What is left never holds a password that a deployment file or a profile would refuse; a second one is dropped.
pub fn split_url(url: &str) -> (String, Option<SecretText>) {
    let (url, password) = url::split(url);
    (url, password.map(SecretText))
}

/// One step of testing a connection, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestStep {
    /// Which.
    pub kind: StepKind,
    /// How it went.
    pub outcome: StepOutcome,
    /// What was found, or why it failed: an address, a certificate's name, a version.
    pub detail: String,
    /// What to do next, where it failed.
    pub hint: Option<String>,
    /// How long it took.
    pub took: Duration,
}

/// The steps of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// The URL is read, and a driver found for it.
    Url,
    /// The secret is found where the profile says.
    Secret,
    /// The host's name is resolved.
    Dns,
    /// The port is reached.
    Tcp,
    /// The connection is encrypted.
    Tls,
    /// The server lets us in.
    Auth,
    /// The server says its product and version.
    Version,
    /// What the server can answer is probed.
    Capability,
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepOutcome {
    /// It passed.
    Passed,
    /// It failed; later steps are skipped.
    Failed,
    /// It does not apply here, or an earlier one failed.
    Skipped,
}
