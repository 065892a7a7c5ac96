//! Programs that are built by Go, from modules of exact versions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::failure::{During, Failure, Result};
use crate::install::{Package, Sign};
use crate::servers::process::answer;
use crate::stage::Stages;

/// Any version: an old one fetches a newer one.
pub(crate) const GO: Package = Package {
    name: "golang-go",
    sign: Sign::Program("go"),
};

/// From this one on, Go fetches by itself whichever version a module asks for.
const OLDEST: u32 = 21;
/// What an older one fetches instead.
const NEWER: &str = "1.24.3";
const LIMIT: Duration = Duration::from_secs(30);

/// A Go that builds what asks for a recent one.
pub(crate) struct Go {
    program: PathBuf,
    /// If it was fetched for this build alone.
    folder: Option<PathBuf>,
}

/// That of the system, or a newer one in `folder` that the system's fetches: Go comes as a module, too.
pub(crate) fn new_enough(folder: &Path, stages: &mut Stages) -> Result<Go> {
    let own = Go {
        program: "go".into(),
        folder: None,
    };
    let [version, os, arch] = own.variables(["GOVERSION", "GOOS", "GOARCH"])?;
    if minor(&version).is_some_and(|minor| minor >= OLDEST) {
        return Ok(own);
    }
    let newer = folder.join("go");
    let module = format!("golang.org/toolchain@v0.0.1-go{NEWER}.{os}-{arch}");
    own.copy_module(&module, &newer, stages)?;
    Ok(Go {
        program: newer.join("bin/go"),
        folder: Some(newer),
    })
}

/// `go1.26.8`: 26.
fn minor(version: &str) -> Option<u32> {
    let numbers = version.strip_prefix("go1.")?;
    let digits = numbers.split(|letter: char| !letter.is_ascii_digit());
    digits.into_iter().next()?.parse().ok()
}

impl Go {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // What a person has set for own builds is not for us.
        command
            .env("GOFLAGS", "")
            .env("GOWORK", "off")
            .env("GOTOOLCHAIN", "auto")
            .env("CGO_ENABLED", "0")
            .env_remove("GOROOT");
        command
    }

    /// To be given packages; `program` is what it makes.
    pub(crate) fn build(&self, program: &Path) -> Command {
        let mut command = self.command();
        command
            .args(["build", "-v", "-trimpath", "-buildvcs=false"])
            .args(["-ldflags=-s -w", "-o"])
            .arg(program);
        command
    }

    /// Fetches a `module@version`, and puts a copy of its files into `folder` that can be changed and run.
    pub(crate) fn copy_module(
        &self,
        module: &str,
        folder: &Path,
        stages: &mut Stages,
    ) -> Result<()> {
        let mut download = self.command();
        // Outside of every module.
        download
            .args(["mod", "download", "-json", module])
            .current_dir(folder.parent().unwrap_or(folder));
        let what = format!("fetches {module}");
        let ended = stages.run("go mod download", &what, download)?;
        let answer = fs::read_to_string(&ended.log).during("read what go says")?;
        let kept = kept_in(&answer).ok_or_else(|| Failure::new("go does not say where it is"))?;
        let mut copy = Command::new("sh");
        copy.args(["-c", r#"cp -R "$0" "$1" && chmod -R u+rwx "$1""#])
            .arg(kept)
            .arg(folder);
        stages.run("go module", "copies it", copy).map(drop)
    }

    /// The values of Go's own variables.
    fn variables<const N: usize>(&self, names: [&str; N]) -> Result<[String; N]> {
        let mut command = self.command();
        command.arg("env").args(names);
        let text = answer(command, LIMIT)?;
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let lines = lines.try_into();
        lines.map_err(|it: Vec<_>| Failure::new(format!("go tells {} variables", it.len())))
    }

    /// Removes what was fetched for this build alone.
    pub(crate) fn remove(self) -> Result<()> {
        match self.folder {
            Some(folder) => fs::remove_dir_all(folder).during("remove a Go"),
            None => Ok(()),
        }
    }
}

/// The folder that `go mod download -json` names; other lines may come before.
fn kept_in(answer: &str) -> Option<String> {
    let json = answer.get(answer.find('{')?..)?;
    let mut values = serde_json::Deserializer::from_str(json).into_iter::<serde_json::Value>();
    let value = values.next()?.ok()?;
    Some(value.get("Dir")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_with_or_without_a_third_number() {
        assert_eq!(minor("go1.26.8"), Some(26));
        assert_eq!(minor("go1.19"), Some(19));
        assert_eq!(minor("go1.25rc1"), Some(25));
        assert_eq!(minor("devel"), None);
    }

    #[test]
    fn the_folder_is_found_behind_other_lines() {
        let answer = "go: downloading it\n{\n\t\"Path\": \"it\",\n\t\"Dir\": \"/kept/it\"\n}\n";
        assert_eq!(kept_in(answer).unwrap(), "/kept/it");
        assert_eq!(kept_in("go: no such module"), None);
    }
}
