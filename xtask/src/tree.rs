//! Where things lie: the repository, what is built from it, and what is kept outside it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result};

/// The folders that the commands work in.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

impl Tree {
    /// Cargo says where this package is; run by hand, the current folder must be the repository.
    pub(crate) fn find() -> Result<Self> {
        let root = match env::var_os("CARGO_MANIFEST_DIR") {
            Some(package) => PathBuf::from(package).join(".."),
            None => env::current_dir()?,
        };
        let root = root.canonicalize()?;
        if !root.join("xtask/Cargo.toml").is_file() {
            return Err(Failure::usage(
                "run this as `cargo xtask` inside the repository",
            ));
        }
        let target = env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target"), |folder| root.join(folder));
        Ok(Self { root, target })
    }

    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// Logs and stamps of these commands.
    pub(crate) fn own(&self) -> PathBuf {
        self.target.join("xtask")
    }

    /// A binary that `cargo build` left for `profile` (`debug` or `release`).
    pub(crate) fn binary(&self, profile: &str, name: &str) -> PathBuf {
        self.target.join(profile).join(name)
    }

    /// Cargo in this repository, free of what the outer cargo says about *this* package: some build scripts watch those
    /// variables, and would build again each time.
    pub(crate) fn cargo<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments).current_dir(&self.root);
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command
    }

    /// The path as people say it: from the repository, where it lies inside.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root)
            .unwrap_or(path)
            .display()
            .to_string()
    }
}

/// This program's file. A build that puts a new one in its place meanwhile, as a build of the whole workspace does, leaves
/// the system calling the old one deleted; the new one is as good.
pub(crate) fn own_program() -> Result<PathBuf> {
    let program = env::current_exe()?;
    let shown = program.to_string_lossy();
    Ok(match shown.strip_suffix(" (deleted)") {
        Some(path) if !program.exists() => PathBuf::from(path),
        _ => program,
    })
}

/// A folder outside the repository for tools that survive `cargo clean`.
pub(crate) fn tool_cache() -> Result<PathBuf> {
    let base = match env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => env::home_dir()
            .ok_or_else(|| Failure::usage("neither XDG_CACHE_HOME nor HOME is set"))?
            .join(".cache"),
    };
    Ok(base.join("parallax/tools"))
}
