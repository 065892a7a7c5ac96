//! Files that hold secrets: for our eyes only, and whole at every moment.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use crate::failure::{During, Result};

/// Writes beside `file` and renames.
pub(crate) fn replace(file: &Path, text: &str) -> Result<()> {
    let beside = file.with_extension("new");
    let write = || {
        private(&beside)?.write_all(text.as_bytes())?;
        fs::rename(&beside, file)
    };
    write().during(format_args!("write {}", file.display()))
}

/// An empty file that only its owner may read.
#[cfg(unix)]
pub(crate) fn private(file: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true).mode(0o600);
    options.open(file)
}

#[cfg(not(unix))]
pub(crate) fn private(file: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true).open(file)
}
