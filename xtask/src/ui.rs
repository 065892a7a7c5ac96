//! Builds the window's front end: egui as wasm, its JavaScript, and the page, into `dist/`.

use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::failure::{During, Result};
use crate::stage::Stages;
use crate::tree::Tree;

const PROFILE: &str = "wasm-release";
const TARGET: &str = "wasm32-unknown-unknown";
const GENERATED: [&str; 2] = ["ui.js", "ui_bg.wasm"];

/// Leaves `dist/` alone when nothing changed, so that the shell need not be built again.
pub(crate) fn build(tree: &Tree, stages: &mut Stages) -> Result<()> {
    let arguments = [
        "build",
        "--package",
        "parallax-ui",
        "--bin",
        "parallax-ui",
        "--target",
        TARGET,
        "--profile",
        PROFILE,
    ];
    stages.run(
        "ui",
        "compiles the window's front end to wasm",
        tree.cargo(arguments),
    )?;
    let wasm = tree
        .target
        .join(TARGET)
        .join(PROFILE)
        .join("parallax-ui.wasm");
    let bundle = Bundle {
        wasm: &wasm,
        dist: tree.dist(),
        stamp: tree.own().join("ui.stamp"),
    };
    let fingerprint = bundle.fingerprint()?;
    if !bundle.is_current(fingerprint) {
        generate(tree, stages, &wasm)?;
        fs::write(&bundle.stamp, fingerprint.to_string())?;
    }
    copy_page(tree)
}

/// Lets the shell be checked before the front end is built: it wants a page to embed.
pub(crate) fn copy_page(tree: &Tree) -> Result<()> {
    fs::create_dir_all(tree.dist())?;
    for entry in fs::read_dir(tree.root.join("ui/web")).during("read ui/web")? {
        let file = entry?.path();
        replace(&tree.dist(), &file)?;
    }
    Ok(())
}

struct Bundle<'a> {
    wasm: &'a Path,
    dist: PathBuf,
    stamp: PathBuf,
}

impl Bundle<'_> {
    /// What the generated files depend on: the wasm, which also carries the generator's version.
    fn fingerprint(&self) -> Result<u64> {
        let mut hasher = DefaultHasher::new();
        fs::read(self.wasm)
            .during("read the compiled front end")?
            .hash(&mut hasher);
        Ok(hasher.finish())
    }

    fn is_current(&self, fingerprint: u64) -> bool {
        let is_there = GENERATED.iter().all(|name| self.dist.join(name).is_file());
        is_there
            && fs::read_to_string(&self.stamp).is_ok_and(|text| text == fingerprint.to_string())
    }
}

/// The generator is heavy to build, so it is this program once more, with a feature.
fn generate(tree: &Tree, stages: &mut Stages, wasm: &Path) -> Result<()> {
    let beside = tree.own().join("dist");
    let mut command = tree.cargo([
        "run",
        "--package",
        "xtask",
        "--features",
        "bundle",
        "--",
        "bundle",
    ]);
    command.arg(wasm).arg(&beside);
    stages.run(
        "bundle",
        "writes the JavaScript that starts the wasm",
        command,
    )?;
    fs::create_dir_all(tree.dist())?;
    for name in GENERATED {
        replace(&tree.dist(), &beside.join(name))?;
    }
    Ok(())
}

/// Puts a copy of `file` into `folder`, whole at every moment, and untouched if it is the same already.
fn replace(folder: &Path, file: &Path) -> Result<()> {
    let content = fs::read(file).during(format_args!("read {}", file.display()))?;
    let target = folder.join(file.file_name().unwrap_or(OsStr::new("file")));
    if fs::read(&target).is_ok_and(|old| old == content) {
        return Ok(());
    }
    let beside = target.with_extension("new");
    fs::write(&beside, content)?;
    fs::rename(&beside, &target).during(format_args!("replace {}", target.display()))
}
