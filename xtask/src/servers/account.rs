//! Under which account a server runs: some refuse to run as root, so none does.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::failure::{During, Failure, Result};
use crate::install::is_root;
use crate::servers::process::{answer, wrapped};

const LIMIT: Duration = Duration::from_secs(10);

/// An account without rights.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// The first of `names` that this system knows, else `nobody`; `None` if we are not root, and servers run as we do.
    pub(crate) fn choose(names: &[&str]) -> Result<Option<Self>> {
        if !is_root() {
            return Ok(None);
        }
        let mut names = names.iter().chain(&["nobody"]);
        let found = names.find_map(|name| Self::named(name).ok());
        let found = found.ok_or_else(|| Failure::usage("there is no account named nobody here"))?;
        Ok(Some(found))
    }

    fn named(name: &str) -> Result<Self> {
        let id = |option| {
            let mut command = Command::new("id");
            command.args([option, name]);
            answer(command, LIMIT)?.parse().during("read what id says")
        };
        let (uid, gid) = (id("-u")?, id("-g")?);
        Ok(Self { uid, gid })
    }

    /// The same command, run under this account by the same process.
    pub(crate) fn wrap(self, command: &Command) -> Command {
        let mut setpriv = Command::new("setpriv");
        setpriv
            .arg(format!("--reuid={}", self.uid))
            .arg(format!("--regid={}", self.gid))
            .args(["--clear-groups", "--"]);
        wrapped(setpriv, command)
    }

    /// Gives it a file or folder.
    #[cfg(unix)]
    pub(crate) fn own(self, path: &Path) -> Result<()> {
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
            .during(format_args!("give {} to another account", path.display()))
    }

    #[cfg(not(unix))]
    pub(crate) fn own(self, path: &Path) -> Result<()> {
        Err(Failure::usage(format!(
            "{} cannot be given to another account on this system",
            path.display()
        )))
    }

    /// Whether it may write in `folder`: each folder above must let it pass.
    pub(crate) fn reaches(self, folder: &Path) -> bool {
        let mut test = Command::new("test");
        test.arg("-w").arg(folder).current_dir("/");
        answer(self.wrap(&test), LIMIT).is_ok()
    }
}
