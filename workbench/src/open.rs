//! From a deployment file to what is open.

use std::path::{Path, PathBuf};

use parallax_core::deployment::{Deployment, parse};
use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::flow::Flow;

/// The name under which a deployment file is looked for.
const FILE: &str = "deployment.toml";

/// A deployment that was read, and the folder to which its paths are relative.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) deployment: Deployment,
    pub(crate) base: PathBuf,
    pub(crate) file: PathBuf,
}

/// Reads `file`, or looks for one in the current folder and above.
pub(crate) fn open(file: Option<&Path>) -> Result<Opened> {
    let file = match file {
        Some(file) => file.to_owned(),
        None => find()?,
    };
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(&file).map_err(|it| {
        Error::new(
            ErrorKind::NotFound,
            format!("read the deployment file {shown}"),
        )
        .because(it)
        .hint("name the file with -d FILE")
    })?;
    let deployment = parse(&text, &shown).map_err(|problems| {
        let error = Error::new(
            ErrorKind::InvalidInput,
            format!("use the deployment file {shown}"),
        );
        problems.to_string().lines().fold(error, Error::because)
    })?;
    let base = file.parent().map(Path::to_owned).unwrap_or_default();
    Ok(Opened {
        deployment,
        base,
        file,
    })
}

fn find() -> Result<PathBuf> {
    let here = std::env::current_dir()
        .map_err(|it| Error::new(ErrorKind::NotFound, "find the current folder").because(it))?;
    let found = here
        .ancestors()
        .map(|it| it.join(FILE))
        .find(|it| it.is_file());
    found.ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("find a {FILE}"))
            .because(format!("there is none in {} or above", here.display()))
            .hint("name the file with -d FILE, or make the sample with `cargo xtask demo`")
    })
}

/// What is odd about the graph, in words.
pub(crate) fn remarks(deployment: &Deployment) -> Vec<String> {
    let flow = Flow::new(deployment);
    let cycles = flow.cycles().into_iter().map(|cycle| {
        let names: Vec<String> = cycle.iter().map(ToString::to_string).collect();
        format!("changes go round in a circle: {}", names.join(" → "))
    });
    let unreached = flow
        .unreached()
        .into_iter()
        .map(|store| format!("no flow reaches or leaves {store}"));
    cycles.chain(unreached).collect()
}
