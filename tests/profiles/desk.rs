//! A person's desk: a folder with their own files, a deployment file and databases, and the command line on it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use parallax_tests::{Ended, Pocket, parallax};
use tempfile::TempDir;

pub(crate) struct Desk {
    folder: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = TempDir::with_prefix("parallax-desk-").expect("a temporary folder");
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path().join("config")
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        let folder = path.parent().expect("a folder");
        std::fs::create_dir_all(folder).expect("its folder is made");
        std::fs::write(&path, text).expect("the file is written");
        path
    }

    /// A program that notes that it ran, prints `text`, and ends with `status`.
    pub(crate) fn program(&self, name: &str, text: &str, status: u8) -> PathBuf {
        let ran = self.path().join(format!("{name}.ran"));
        let script = format!(
            "#!/bin/sh\n: > '{}'\necho '{text}'\necho '{text}' >&2\nexit {status}\n",
            ran.display()
        );
        let path = self.write(name, &script);
        let mut permissions = std::fs::metadata(&path).expect("the program").permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
        std::fs::set_permissions(&path, permissions).expect("it may be run");
        path
    }

    /// An SQLite file that holds nothing yet.
    pub(crate) fn database(&self, name: &str) -> PathBuf {
        self.write(name, "")
    }

    /// A deployment file of these stores.
    pub(crate) fn deployment(&self, stores: &str) -> PathBuf {
        self.write(
            "deployment.toml",
            &format!("format = 1\nname = \"desk\"\n{stores}\n"),
        )
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(parallax());
        command
            .args(arguments)
            .current_dir(self.path())
            .env("PARALLAX_CONFIG_DIR", self.config())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn parallax(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments))
    }

    pub(crate) fn parallax_with(&self, arguments: &[&str], variable: (&str, &str)) -> Ended {
        let mut command = self.command(arguments);
        command.env(variable.0, variable.1);
        Ended::of(command)
    }

    /// Runs it with `text` on stdin.
    pub(crate) fn parallax_reading(&self, arguments: &[&str], text: &str) -> Ended {
        let mut file = tempfile::tempfile().expect("a file without a name");
        file.write_all(text.as_bytes()).expect("written");
        std::io::Seek::rewind(&mut file).expect("rewound");
        let mut command = self.command(arguments);
        command.stdin(file);
        Ended::of(command)
    }

    /// Runs it, and it must end well.
    #[track_caller]
    pub(crate) fn does(&self, arguments: &[&str]) -> Ended {
        let ended = self.parallax(arguments);
        assert_eq!(
            ended.code, 0,
            "{arguments:?}: {}{}",
            ended.stdout, ended.stderr
        );
        ended
    }
}

/// What was said on both streams.
pub(crate) fn said(ended: &Ended) -> String {
    format!("{}{}", ended.stdout, ended.stderr)
}

/// Runs `work` on a runtime of its own.
pub(crate) fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(work)
}

/// The sample, loaded.
pub(crate) fn pocket(seed: u64) -> Pocket {
    wait(Pocket::load(100, seed))
}
