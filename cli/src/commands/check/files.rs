//! Report files: where they go, and in which form.

use std::path::{Path, PathBuf};

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::wire::ReportFormat;

/// A report file that was asked for.
#[derive(Debug, PartialEq)]
pub(super) struct ReportFile {
    pub(super) path: PathBuf,
    pub(super) format: ReportFormat,
}

/// The files with their forms; fails before anything runs where one cannot be written.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<ReportFile>> {
    paths.iter().map(|it| file(it)).collect()
}

fn file(path: &Path) -> Result<ReportFile> {
    let shown = path.display();
    let refused = |kind, why: String| Error::new(kind, format!("write {shown}")).because(why);
    let ending = path
        .extension()
        .map(|it| it.to_string_lossy().to_lowercase());
    let ending = ending.unwrap_or_default();
    let mut forms = ReportFormat::ALL.iter();
    let Some((_, format)) = forms.find(|(it, _)| *it == ending) else {
        let known: Vec<String> = ReportFormat::ALL
            .iter()
            .map(|(it, _)| format!(".{it}"))
            .collect();
        let why = "its ending names no form of report".to_owned();
        return Err(refused(ErrorKind::InvalidInput, why)
            .hint(format!("the ending picks the form: {}", known.join(" "))));
    };
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|it| !it.is_dir()) {
        let why = format!("there is no folder {}", folder.display());
        return Err(refused(ErrorKind::NotFound, why).hint("make the folder first"));
    }
    Ok(ReportFile {
        path: path.to_owned(),
        format: *format,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_picks_the_form_whatever_its_case() {
        for (ending, format) in ReportFormat::ALL {
            for name in [
                format!("r.{ending}"),
                format!("R.{}", ending.to_uppercase()),
            ] {
                let read = file(Path::new(&name)).map(|it| it.format);
                assert_eq!(read, Ok(format), "{name}");
            }
        }
    }

    #[test]
    fn an_unknown_ending_is_refused_with_the_list() {
        for name in ["report", "report.pdf", "html"] {
            let error = file(Path::new(name)).expect_err("refused");
            assert_eq!(error.kind, ErrorKind::InvalidInput);
            assert_eq!(
                error.hint.as_deref(),
                Some("the ending picks the form: .html .md .json .csv .xml")
            );
        }
    }
}
