//! Report files: written beside their place and renamed, so that nobody ever sees half of one.

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::report::{Report, render};
use parallax_core::wire::ReportFormat;
use tempfile::{Builder, NamedTempFile};

/// So many names are tried before it is given up: the first, then with `-2`, `-3` and so on.
const NAMES: u32 = 1_000;

/// Writes a report and says where.
///
/// A path that is given is written to whatever was there. Without one the name is made from the check, in the person's
/// documents or else the current folder, and nothing is overwritten.
pub(crate) fn write(report: &Report, format: ReportFormat, path: Option<&Path>) -> Result<PathBuf> {
    let text = render(report, format);
    let written = match path {
        Some(path) => replace(path, &text).map(|()| path.to_owned()),
        None => add(&documents(), report, format, &text),
    };
    written.map_err(|it| {
        let what = path.map_or_else(|| "the report".to_owned(), |it| it.display().to_string());
        Error::new(ErrorKind::Other, format!("write {what}"))
            .because(it)
            .hint("is there such a folder, and may you write to it?")
    })
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let file = written(folder.unwrap_or(Path::new(".")), text)?;
    file.persist(path).map_err(|it| it.error)?;
    Ok(())
}

/// Under the first name that is free.
fn add(folder: &Path, report: &Report, format: ReportFormat, text: &str) -> io::Result<PathBuf> {
    let mut file = written(folder, text)?;
    for nth in 1..=NAMES {
        let path = folder.join(name(report, format, nth));
        match file.persist_noclobber(&path) {
            Ok(_) => return Ok(path),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => file = error.file,
            Err(error) => return Err(error.error),
        }
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}

fn written(folder: &Path, text: &str) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".parallax-check-");
    readable(&mut builder);
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// With the permissions of any new file, less what the person's mask takes away.
#[cfg(unix)]
fn readable(builder: &mut Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt as _;
    builder.permissions(std::fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn readable(_: &mut Builder<'_, '_>) {}

/// `parallax-check-shop-20260131-235959.html`, in UTC; from the second on with its number.
fn name(report: &Report, format: ReportFormat, nth: u32) -> String {
    let deployment: String = report.deployment.chars().map(harmless).collect();
    let at = report.started_at.strftime("%Y%m%d-%H%M%S");
    let nth = match nth {
        1 => String::new(),
        nth => format!("-{nth}"),
    };
    format!("parallax-check-{deployment}-{at}{nth}.{}", ending(format))
}

fn harmless(letter: char) -> char {
    if letter.is_alphanumeric() || "._-".contains(letter) {
        letter
    } else {
        '-'
    }
}

fn ending(format: ReportFormat) -> &'static str {
    let mut all = ReportFormat::ALL.iter();
    let found = all.find(|(_, it)| *it == format);
    found.map_or("txt", |(ending, _)| ending)
}

/// The person's documents, where there is such a folder, else the current one.
fn documents() -> PathBuf {
    let home = std::env::home_dir().unwrap_or_default();
    let named = documents_of_desktop(&home);
    let usual = home.join("Documents");
    let mut folders = named.into_iter().chain([usual]);
    let found = folders.find(|it| it.is_absolute() && it.is_dir());
    let here = || std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    found.unwrap_or_else(here)
}

/// As freedesktop.org's `user-dirs.dirs` names it, in the person's own language.
fn documents_of_desktop(home: &Path) -> Option<PathBuf> {
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = config.filter(|it| it.is_absolute());
    let config = config.unwrap_or_else(|| home.join(".config"));
    let text = std::fs::read_to_string(config.join("user-dirs.dirs")).ok()?;
    let mut lines = text.lines().map(str::trim);
    let value = lines.find_map(|it| it.strip_prefix("XDG_DOCUMENTS_DIR="))?;
    let value = value.trim_matches('"');
    Some(match value.strip_prefix("$HOME") {
        Some(inside) => home.join(inside.trim_start_matches('/')),
        None => PathBuf::from(OsStr::new(value)),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use parallax_core::report::Scope;

    use super::*;

    fn report() -> Report {
        Report {
            deployment: "my shop/1".to_owned(),
            version: "0".to_owned(),
            started_at: "2026-01-31T23:59:59.5Z".parse().expect("a time"),
            took: Duration::ZERO,
            scope: Scope::default(),
            is_cancelled: false,
            stores: Vec::new(),
            entities: Vec::new(),
            lag: Vec::new(),
            rerun: String::new(),
        }
    }

    #[test]
    fn a_name_of_our_own_never_takes_the_place_of_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let add = || add(folder.path(), &report(), ReportFormat::Html, "x").expect("a file");
        let names = [add(), add(), add()].map(|it| {
            let name = it.file_name().expect("a name");
            name.to_string_lossy().into_owned()
        });
        let stem = "parallax-check-my-shop-1-20260131-235959";
        let expected = ["", "-2", "-3"].map(|it| format!("{stem}{it}.html"));
        assert_eq!(names, expected);
        let left = std::fs::read_dir(folder.path()).expect("the folder");
        assert_eq!(left.count(), 3, "nothing else is left behind");
    }

    #[test]
    fn a_path_that_was_asked_for_is_written_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("r.csv");
        for _ in 0..2 {
            let written = write(&report(), ReportFormat::Csv, Some(&path)).expect("a file");
            assert_eq!(written, path);
        }
        let missing = folder.path().join("none/r.csv");
        let error = write(&report(), ReportFormat::Csv, Some(&missing)).expect_err("no folder");
        assert!(error.hint.is_some() && error.operation.contains("none/r.csv"));
    }
}
