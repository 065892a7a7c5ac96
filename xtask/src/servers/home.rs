//! Where a server's own files lie: in its folder, or where its account can reach them.

use std::env;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use crate::failure::{During, Failure, Result};
use crate::servers::account::Account;

/// A new folder that belongs to `account`: below `folder`, or among the temporary ones if a folder above lets nobody pass.
pub(crate) fn make(folder: &Path, account: Option<Account>) -> Result<PathBuf> {
    let below = create(folder.join("home"))?;
    let Some(account) = account else {
        return Ok(below);
    };
    account.own(&below)?;
    if account.reaches(&below) {
        return Ok(below);
    }
    fs::remove_dir(&below)?;
    let random = RandomState::new().hash_one(0);
    let elsewhere = create(env::temp_dir().join(format!("parallax-{random:016x}")))?;
    account.own(&elsewhere)?;
    if account.reaches(&elsewhere) {
        return Ok(elsewhere);
    }
    fs::remove_dir(&elsewhere)?;
    let temporary = env::temp_dir();
    Err(Failure::usage(format!(
        "an account without rights reaches neither {} nor {}",
        folder.display(),
        temporary.display()
    )))
}

/// A folder for its owner alone; it must not be there yet.
fn create(folder: PathBuf) -> Result<PathBuf> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let created = builder.create(&folder);
    created.during(format_args!("make {}", folder.display()))?;
    Ok(folder)
}
