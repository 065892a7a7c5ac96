//! The folder where a person's own files are kept.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use parallax_core::error::{Error, ErrorKind, Result};
use tempfile::NamedTempFile;

/// The folder with `profiles.toml` and `trusted.toml`. It is made when something is first written there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    folder: PathBuf,
}

impl Home {
    /// A folder of the caller's choice.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// `PARALLAX_CONFIG_DIR`, else `parallax` in the folder where this system keeps a person's configuration:
    /// `XDG_CONFIG_HOME` or `~/.config`, on Windows `APPDATA`.
    pub fn find() -> Result<Self> {
        let own = variable("PARALLAX_CONFIG_DIR").map(PathBuf::from);
        let folder = own.or_else(|| configuration().map(|it| it.join("parallax")));
        folder.map(Self::at).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "find the folder for saved profiles")
                .because("neither HOME nor XDG_CONFIG_HOME is set")
                .hint("name a folder in PARALLAX_CONFIG_DIR")
        })
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file with the saved profiles.
    pub(super) fn profiles(&self) -> PathBuf {
        self.folder.join("profiles.toml")
    }

    /// The file with what the person trusts.
    pub(super) fn trusted(&self) -> PathBuf {
        self.folder.join("trusted.toml")
    }

    /// Keeps other programs of ours from writing until the lock is dropped.
    pub(super) fn lock(&self) -> Result<File> {
        let path = self.folder.join("lock");
        let locked = fs::create_dir_all(&self.folder)
            .and_then(|()| File::create(&path))
            .and_then(|it| it.lock().map(|()| it));
        locked.map_err(|it| failed("write", &path, &it))
    }
}

/// The text of a file; empty where there is no such file.
pub(super) fn read(path: &Path) -> Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        other => other.map_err(|it| failed("read", path, &it)),
    }
}

/// Writes a file beside itself and renames it, so that it is whole at any time; only its owner may read it.
pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    // A link, as people who keep such files elsewhere have, stays one.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = NamedTempFile::new_in(folder).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|it| it.error)
    });
    written.map(drop).map_err(|it| failed("write", &path, &it))
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
        _ => ErrorKind::Other,
    };
    Error::new(kind, format!("{what} {}", path.display())).because(error)
}

#[cfg(windows)]
fn configuration() -> Option<PathBuf> {
    variable("APPDATA").map(PathBuf::from)
}

#[cfg(not(windows))]
fn configuration() -> Option<PathBuf> {
    // A relative path there is to be ignored, says the specification of base directories.
    let xdg = variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let home = || env::home_dir().filter(|it| it.is_absolute());
    xdg.filter(|it| it.is_absolute())
        .or_else(|| home().map(|it| it.join(".config")))
}

fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_is_empty() {
        let folder = tempfile::tempdir().expect("a folder");
        let read = read(&Home::at(folder.path().join("x")).profiles());
        assert_eq!(read, Ok(String::new()));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_written_is_for_its_owner_only_and_a_link_stays_a_link() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path());
        let real = folder.path().join("real.toml");
        fs::write(&real, "old").expect("written");
        symlink(&real, home.profiles()).expect("a link");
        let lock = home.lock().expect("a lock");
        write(&home.profiles(), "new").expect("written");
        drop(lock);
        assert_eq!(fs::read_to_string(&real).expect("the file"), "new");
        assert!(home.profiles().is_symlink());
        let mode = fs::metadata(&real).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
