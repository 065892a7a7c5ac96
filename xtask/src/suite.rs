//! `cargo xtask test`: every check and every test, with nothing left out.
//!
//! Tests and the shell use the dev profile here, so that a cold run compiles one native profile only.

use std::fs;
use std::process::{self, Command};

use crate::failure::{Failure, Result};
use crate::install::{self, Tools};
use crate::screen::Screen;
use crate::servers::{self, Site};
use crate::stage::{Ended, Stages, print_end_of};
use crate::tally::Tally;
use crate::tree::{Tree, own_program};
use crate::ui;

/// Every store that the tests know; each of them must answer here.
const STORES: &str =
    "sqlite,postgres,mariadb,ferretdb,mongo-java-server,redis,elasticsearch,opensearch,neo4j";
/// The servers of those stores, and no others: replicas and the like are started by the tests that need them.
const SERVERS: [&str; 9] = [
    "postgres",
    "redis",
    "mariadb",
    "mongo-java-server",
    "ferretdb",
    "neo4j",
    "elasticsearch",
    "elasticsearch-tls",
    "opensearch",
];
const DENY_WARNINGS: [&str; 3] = ["--", "-D", "warnings"];

/// Ends with the line `N passed, N failed`.
pub(crate) fn run(tree: Tree, options: &[String]) -> Result<()> {
    if let Some(option) = options.first() {
        return Err(Failure::usage(format!(
            "`cargo xtask test` takes no options, not {option:?}"
        )));
    }
    let stages = Stages::new(&tree)?;
    // A site of its own: the tests begin with empty stores, and what a person runs is left alone.
    let servers = Site::at(&tree.own().join("servers"))?;
    let mut suite = Suite {
        tree,
        stages,
        servers,
        tally: Tally::default(),
        is_broken: false,
    };
    suite.tell_room();
    let result = suite.run();
    suite.tell_room();
    // Their logs stay.
    let stopped = suite.servers.clear();
    suite.stages.print_times();
    result?;
    stopped?;
    println!("{}", suite.tally);
    if suite.is_broken || suite.tally.failed > 0 {
        Err(Failure::told())
    } else {
        Ok(())
    }
}

struct Suite {
    tree: Tree,
    stages: Stages,
    servers: Site,
    tally: Tally,
    /// A test program failed, perhaps without a count to show for it.
    is_broken: bool,
}

impl Suite {
    fn run(&mut self) -> Result<()> {
        let tools = install::run(&self.tree, &mut self.stages)?;
        servers::install(&self.tree, &mut self.stages, &SERVERS.map(str::to_owned))?;
        self.check()?;
        self.document()?;
        self.build()?;
        self.start_servers()?;
        self.test()?;
        self.test_desktop(&tools)
    }

    /// Says what the disk can still take, where df knows: one that is full shows itself in strange ways.
    fn tell_room(&self) {
        let Ok(told) = Command::new("df").arg("-Pk").arg(self.tree.own()).output() else {
            return;
        };
        let told = String::from_utf8_lossy(&told.stdout);
        let figures = told.lines().nth(1);
        let free = figures.and_then(|it| it.split_whitespace().nth(3)?.parse::<u64>().ok());
        if let Some(kibibytes) = free {
            let what = format!("{} GiB of the disk are free", kibibytes >> 20);
            self.stages.announce("room", &what);
        }
    }

    /// What needs no finished build comes first.
    fn check(&mut self) -> Result<()> {
        ui::copy_page(&self.tree)?;
        let command = self
            .tree
            .cargo(["fmt", "--all", "--check", "--", "--color", "never"]);
        self.stages.run(
            "fmt",
            "looks for code that rustfmt would write otherwise",
            command,
        )?;
        let mut command = self.tree.cargo(["clippy", "--workspace", "--all-targets"]);
        command.args(DENY_WARNINGS);
        self.stages.run(
            "clippy",
            "lints every crate as it is compiled for this machine",
            command,
        )?;
        let mut command = self.tree.cargo([
            "clippy",
            "--package",
            "parallax-ui",
            "--target",
            "wasm32-unknown-unknown",
        ]);
        command.args(DENY_WARNINGS);
        self.stages.run(
            "clippy wasm",
            "lints the front end as it is compiled for the window",
            command,
        )?;
        Ok(())
    }

    fn document(&mut self) -> Result<()> {
        let mut command = self
            .tree
            .cargo(["doc", "--workspace", "--no-deps", "--lib"]);
        command.env("RUSTDOCFLAGS", "-D warnings");
        self.stages
            .run("doc", "builds the reference, with no broken link", command)?;
        Ok(())
    }

    /// One build of everything, so that the programs and the tests share their dependencies' features.
    fn build(&mut self) -> Result<()> {
        ui::build(&self.tree, &mut self.stages)?;
        let command = self.tree.cargo(["build", "--workspace", "--all-targets"]);
        self.stages.run(
            "build",
            "compiles the shell, the command line, the samples and the tests",
            command,
        )?;
        Ok(())
    }

    fn start_servers(&mut self) -> Result<()> {
        let (tree, site) = (&self.tree, &self.servers);
        let mut inner = Stages::silent(tree)?;
        let what = "starts the data servers that the tests use, with empty stores";
        self.stages.time("servers", what, || {
            site.clear()?;
            servers::watch(site, process::id())?;
            let names = SERVERS.map(str::to_owned);
            site.up(tree, &mut inner, &names).map(drop)
        })
    }

    fn test(&mut self) -> Result<()> {
        let mut command = self.tree.cargo(["test", "--workspace", "--no-fail-fast"]);
        command
            .env("PARALLAX_STORES", STORES)
            .env("PARALLAX_SERVERS", self.servers.address_file())
            .env("PARALLAX_XTASK", own_program()?)
            // A failure's words must stand at the end of the log, where they are printed.
            .env("RUST_BACKTRACE", "0")
            .env("WGPU_BACKEND", wgpu_backend())
            .env("PARALLAX_CLI", self.tree.binary("debug", "parallax"));
        let what = format!("runs the tests of every crate, against {STORES}");
        let ended = self.stages.attempt("test", &what, command)?;
        self.count(&ended)
    }

    /// Steers the real window on a screen of its own.
    fn test_desktop(&mut self, tools: &Tools) -> Result<()> {
        let screen = Screen::start(&self.tree)?;
        let arguments = [
            "test",
            "--workspace",
            "--test",
            "desktop",
            "--",
            "--include-ignored",
            "--test-threads=1",
        ];
        let mut command = self.tree.cargo(arguments);
        self.set_window(&mut command, tools, &screen);
        let ended =
            self.stages
                .attempt("desktop", "opens the real window and steers it", command)?;
        self.count(&ended)
    }

    fn set_window(&self, command: &mut Command, tools: &Tools, screen: &Screen) {
        command
            .env(
                "PARALLAX_SHELL",
                self.tree.binary("debug", "parallax-desktop"),
            )
            .env("PARALLAX_TAURI_DRIVER", &tools.tauri_driver)
            .env("RUST_BACKTRACE", "0")
            .env("DISPLAY", &screen.display)
            .env_remove("WAYLAND_DISPLAY");
    }

    fn count(&mut self, ended: &Ended) -> Result<()> {
        self.tally.add_log(&ended.log)?;
        if !ended.status.success() {
            self.is_broken = true;
            print_end_of(&ended.log)?;
            println!("    the whole log is in {}", self.tree.shown(&ended.log));
        }
        Ok(())
    }
}

/// Pictures in tests are drawn in software: by Vulkan where its driver is there, else by OpenGL.
fn wgpu_backend() -> &'static str {
    let drivers = fs::read_dir("/usr/share/vulkan/icd.d")
        .into_iter()
        .flatten()
        .flatten();
    let is_there = drivers
        .into_iter()
        .any(|file| file.file_name().to_string_lossy().starts_with("lvp_icd"));
    if is_there { "vulkan" } else { "gl" }
}
