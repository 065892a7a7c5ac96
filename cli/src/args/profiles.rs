//! `parallax profiles …` as people type it.

use clap::{Args, Subcommand, ValueEnum};
use parallax_core::deployment::Environment;
use parallax_core::store::Access;

#[derive(Debug, Subcommand)]
pub(crate) enum ProfilesCommand {
    /// Every saved profile: where it is, where its secret comes from, its environment and access.
    List,
    /// Saves a profile; no secret belongs on the command line.
    Add(AddArguments),
    /// Tests a saved profile step by step: URL, secret, DNS, TCP, TLS, authentication, version, capability.
    Test {
        /// The profile's name.
        name: String,
    },
    /// Removes a profile, and its secret from the keychain.
    Remove {
        /// The profile's name.
        name: String,
    },
}

#[derive(Args, Debug)]
pub(crate) struct AddArguments {
    /// The name by which deployment files and people call it.
    pub(crate) name: String,
    /// Where the store is, without a password.
    pub(crate) url: String,
    /// Where its secret is: `keychain`, `env:NAME`, `file:PATH` or `cmd:PROGRAM ARGUMENTS`; for the keychain it is read from stdin.
    // Read by us, not by clap, which would repeat a secret that somebody wrote here by mistake.
    #[arg(long, value_name = "SOURCE")]
    pub(crate) secret: Option<String>,
    /// Where it stands: this drives colours and guards.
    #[arg(long, value_enum)]
    pub(crate) environment: Option<EnvironmentName>,
    /// Whether statements that you type may write.
    #[arg(long, value_enum, default_value_t = AccessName::ReadOnly)]
    pub(crate) access: AccessName,
    /// A word to find it by; may be given again.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Take the place of the profile of that name.
    #[arg(long)]
    pub(crate) replace: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EnvironmentName {
    Dev,
    Staging,
    Production,
}

impl From<EnvironmentName> for Environment {
    fn from(name: EnvironmentName) -> Self {
        match name {
            EnvironmentName::Dev => Self::Dev,
            EnvironmentName::Staging => Self::Staging,
            EnvironmentName::Production => Self::Production,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AccessName {
    ReadOnly,
    ReadWrite,
}

impl From<AccessName> for Access {
    fn from(name: AccessName) -> Self {
        match name {
            AccessName::ReadOnly => Self::ReadOnly,
            AccessName::ReadWrite => Self::ReadWrite,
        }
    }
}
