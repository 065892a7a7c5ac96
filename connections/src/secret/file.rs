//! A secret that a file holds.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use parallax_core::error::{Error, ErrorKind, Result};

use super::{LONGEST, PATIENCE, Secret};
use crate::background::off_thread;

/// Reads the file on a thread of its own: it may stand on a disk that does not answer, or be a pipe.
pub(super) async fn read(path: PathBuf) -> Result<Secret> {
    let shown = path.display().to_string();
    let content = off_thread(PATIENCE, move || content(&path)).await;
    let failed = |kind| Error::new(kind, format!("read the secret from the file {shown}"));
    match content {
        Some(Ok(bytes)) => {
            secret(bytes).map_err(|why| failed(ErrorKind::InvalidInput).because(why))
        }
        Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            Err(failed(ErrorKind::NotFound)
                .because(error)
                .hint("a relative path begins at the folder of the file that names it"))
        }
        Some(Err(error)) => Err(failed(ErrorKind::PermissionDenied).because(error)),
        None => Err(failed(ErrorKind::Timeout).because("it did not answer in 10 s")),
    }
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LONGEST + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text without its last line end.
fn secret(bytes: Vec<u8>) -> Result<Secret, &'static str> {
    if bytes.len() as u64 > LONGEST {
        return Err("it holds more than 64 KiB");
    }
    let text = String::from_utf8(bytes).map_err(|_bytes| "it is not UTF-8")?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    match text.strip_suffix('\r').unwrap_or(text) {
        "" => Err("it is empty"),
        text => Ok(Secret::new(text)),
    }
}

/// Whether anybody on this machine may read the file; `false` where that cannot be told.
#[cfg(unix)]
pub fn readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|it| it.permissions().mode() & 0o004 != 0)
}

/// Whether anybody on this machine may read the file; `false` where that cannot be told.
#[cfg(not(unix))]
pub fn readable_by_others(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_cut_and_nothing_else() {
        let read = |text: &str| secret(text.into()).map(|it| it.reveal().to_owned());
        assert_eq!(read(" a b \n"), Ok(" a b ".to_owned()));
        assert_eq!(read("a\n\n"), Ok("a\n".to_owned()));
        assert_eq!(read("\r\n"), Err("it is empty"));
    }

    #[test]
    fn what_is_no_text_or_too_long_is_refused() {
        assert!(secret(vec![0xff]).is_err());
        assert!(secret(vec![b'x'; 64 * 1024]).is_ok());
        assert!(secret(vec![b'x'; 64 * 1024 + 1]).is_err());
    }

    #[tokio::test]
    async fn a_missing_file_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = read(folder.path().join("nowhere")).await.expect_err("no");
        assert_eq!(error.kind, ErrorKind::NotFound);
        assert!(error.to_string().contains("nowhere"), "{error}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn an_endless_file_ends() {
        let error = read("/dev/zero".into()).await.expect_err("too long");
        assert!(error.to_string().contains("64 KiB"), "{error}");
    }
}
