//! What Maven fetches: pinned versions, each once; nothing is asked of the network after that.
//!
//! Everything lies in the tool cache, Maven's own repository included, so that keeping that one folder is enough.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{During, Failure, Result};
use crate::install::{Package, Sign};
use crate::servers::kept;
use crate::stage::Stages;

pub(crate) const MAVEN: Package = Package {
    name: "maven",
    sign: Sign::Program("mvn"),
};
/// With a compiler: Maven needs none, but programs of one source file do.
pub(crate) const JDK: Package = Package {
    name: "openjdk-17-jdk-headless",
    sign: Sign::Program("javac"),
};
/// Keeps the modes of programs, which a JDK's own `jar` does not.
pub(crate) const UNZIP: Package = Package {
    name: "unzip",
    sign: Sign::Program("unzip"),
};

const PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1";

/// Jars with all that they need at run time, in one folder.
pub(crate) struct Jars {
    /// What the folder is called: product and version.
    pub(crate) name: &'static str,
    /// `group:artifact:version` of each that is asked for.
    pub(crate) artifacts: &'static [&'static str],
}

impl Jars {
    /// The folder that holds them after [`Jars::fetch`].
    pub(crate) fn folder(&self) -> Result<PathBuf> {
        kept::folder(self.name)
    }

    /// Needs [`MAVEN`] and a JDK. Costs nothing where they are here already.
    pub(crate) fn fetch(&self, stages: &mut Stages) -> Result<()> {
        let fetched = kept::once(self.name, |folder| {
            let pom = repository()?.join(format!("{}.pom", self.name));
            fs::write(&pom, self.pom()?).during("write what Maven is to fetch")?;
            let arguments = [
                format!("--file={}", pom.display()),
                format!("{PLUGIN}:copy-dependencies"),
                "-DincludeScope=runtime".to_owned(),
                format!("-DoutputDirectory={}", folder.display()),
            ];
            run(self.name, &arguments, stages)
        });
        fetched.map(drop)
    }

    fn pom(&self) -> Result<String> {
        let mut text = format!(
            "<project><modelVersion>4.0.0</modelVersion>\
             <groupId>parallax</groupId><artifactId>{}</artifactId><version>1</version>\
             <packaging>pom</packaging><dependencies>",
            self.name
        );
        for artifact in self.artifacts {
            let [group, name, version] = parts(artifact)?;
            text.push_str(&format!(
                "<dependency><groupId>{group}</groupId>\
                 <artifactId>{name}</artifactId><version>{version}</version></dependency>"
            ));
        }
        text.push_str("</dependencies></project>\n");
        Ok(text)
    }
}

/// A whole product in a zip.
pub(crate) struct Archive {
    /// What the folder is called: product and version.
    pub(crate) name: &'static str,
    /// `group:artifact:version`.
    pub(crate) artifact: &'static str,
}

impl Archive {
    /// The folder that holds what was in it after [`Archive::fetch`].
    pub(crate) fn folder(&self) -> Result<PathBuf> {
        kept::folder(self.name)
    }

    /// Needs [`MAVEN`], a JDK and [`UNZIP`]. Costs nothing where it is here already.
    pub(crate) fn fetch(&self, stages: &mut Stages) -> Result<()> {
        let fetched = kept::once(self.name, |folder| {
            let arguments = [
                format!("{PLUGIN}:get"),
                "-Dtransitive=false".to_owned(),
                format!("-Dartifact={}:zip", self.artifact),
            ];
            run(self.name, &arguments, stages)?;
            let zip = self.zip(&repository()?)?;
            let mut unzip = Command::new("unzip");
            unzip.arg("-q").arg(&zip).arg("-d").arg(folder);
            let name = format!("{} files", self.name);
            stages.run(&name, "unpacks them", unzip)?;
            fs::remove_file(zip).during("remove what was unpacked")
        });
        fetched.map(drop)
    }

    fn zip(&self, repository: &Path) -> Result<PathBuf> {
        let [group, name, version] = parts(self.artifact)?;
        let folder = repository
            .join(group.replace('.', "/"))
            .join(name)
            .join(version);
        Ok(folder.join(format!("{name}-{version}.zip")))
    }
}

fn parts(artifact: &str) -> Result<[&str; 3]> {
    let parts: Vec<&str> = artifact.split(':').collect();
    match parts[..] {
        [group, name, version] => Ok([group, name, version]),
        _ => Err(Failure::new(format!(
            "{artifact:?} is not group, artifact and version"
        ))),
    }
}

/// Each line that it prints is a sign of life, and goes to a log. Its repository is no place for two at once.
fn run(name: &str, arguments: &[String], stages: &mut Stages) -> Result<()> {
    let repository = repository()?;
    let _lock = kept::lock(&repository.join("lock"))?;
    let mut maven = Command::new("mvn");
    maven
        .arg("--batch-mode")
        .arg(format!("-Dmaven.repo.local={}", repository.display()))
        .args(arguments);
    stages.run(name, &format!("fetches {name}"), maven)?;
    Ok(())
}

fn repository() -> Result<PathBuf> {
    let folder = kept::folder("maven")?;
    fs::create_dir_all(&folder).during(format_args!("make {}", folder.display()))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zip_lies_where_maven_puts_it() {
        let archive = Archive {
            name: "store-1.2",
            artifact: "org.store.server:store:1.2",
        };
        let zip = archive.zip(Path::new("/maven")).unwrap();
        assert_eq!(
            zip,
            Path::new("/maven/org/store/server/store/1.2/store-1.2.zip")
        );
    }

    #[test]
    fn a_pom_names_every_artifact() {
        let jars = Jars {
            name: "store-1.2",
            artifacts: &["org.store:store:1.2", "org.store:rest:3"],
        };
        let pom = jars.pom().unwrap();
        assert_eq!(pom.matches("<dependency>").count(), 2);
        assert!(pom.contains("<artifactId>rest</artifactId><version>3</version>"));
    }

    #[test]
    fn an_artifact_without_a_version_is_refused() {
        assert!(parts("org.store:store").is_err());
    }
}
