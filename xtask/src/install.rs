//! Finds what this machine lacks, and installs it.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::failure::{During, Failure, Result};
use crate::stage::Stages;
use crate::tree::{Tree, tool_cache};

const WASM: &str = "wasm32-unknown-unknown";
const TAURI_DRIVER: &str = "2.1.0";

/// A package of the system, by its Debian name, and the sign by which it is known elsewhere.
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) sign: Sign,
}

pub(crate) enum Sign {
    Program(&'static str),
    Library(&'static str),
    /// Looks for itself, where the search path does not lead.
    Here(fn() -> bool),
    /// Only a package system can tell.
    None,
}

const PACKAGES: &[Package] = &[
    // Builds the shell, and SQLite.
    Package {
        name: "build-essential",
        sign: Sign::Program("cc"),
    },
    Package {
        name: "pkg-config",
        sign: Sign::Program("pkg-config"),
    },
    Package {
        name: "libwebkit2gtk-4.1-dev",
        sign: Sign::Library("webkit2gtk-4.1"),
    },
    Package {
        name: "libgtk-3-dev",
        sign: Sign::Library("gtk+-3.0"),
    },
    Package {
        name: "libsoup-3.0-dev",
        sign: Sign::Library("libsoup-3.0"),
    },
    Package {
        name: "librsvg2-dev",
        sign: Sign::Library("librsvg-2.0"),
    },
    // Runs it where there is no screen.
    Package {
        name: "xvfb",
        sign: Sign::Program("Xvfb"),
    },
    Package {
        name: "xauth",
        sign: Sign::Program("xauth"),
    },
    Package {
        name: "webkit2gtk-driver",
        sign: Sign::Program("WebKitWebDriver"),
    },
    // Opens reports, to see that data runs nothing there.
    Package {
        name: "chromium",
        sign: Sign::Program("chromium"),
    },
    // Draws without a graphics card.
    Package {
        name: "libgl1-mesa-dri",
        sign: Sign::None,
    },
    Package {
        name: "libegl-mesa0",
        sign: Sign::None,
    },
    Package {
        name: "mesa-vulkan-drivers",
        sign: Sign::None,
    },
    Package {
        name: "fonts-dejavu-core",
        sign: Sign::None,
    },
];

/// Where the installed tools are.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) tauri_driver: PathBuf,
}

/// Costs well under a second when nothing is missing.
pub(crate) fn run(tree: &Tree, stages: &mut Stages) -> Result<Tools> {
    packages(&PACKAGES.iter().collect::<Vec<_>>(), stages)?;
    install_components(tree, stages)?;
    Ok(Tools {
        tauri_driver: install_tauri_driver(tree, stages)?,
    })
}

/// Installs those of `packages` that are missing.
pub(crate) fn packages(packages: &[&Package], stages: &mut Stages) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let look = || missing_packages(packages);
    let missing = stages.time("look", "finds out what this machine lacks", look)?;
    if missing.is_empty() {
        return Ok(());
    }
    install_packages(&missing, stages)
}

/// The first program of this name on the search path.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn missing_packages(packages: &[&Package]) -> Result<Vec<&'static str>> {
    let installed = installed_debian_packages(packages)?;
    let is_missing = |package: &Package| match (&package.sign, &installed) {
        (Sign::Program(name), _) => program(name).is_none(),
        (Sign::Here(is_here), _) => !is_here(),
        (Sign::Library(_) | Sign::None, Some(installed)) => {
            !installed.iter().any(|name| name == package.name)
        }
        (Sign::Library(name), None) => {
            !succeeds(Command::new("pkg-config").args(["--exists", name]))
        }
        (Sign::None, None) => false,
    };
    let missing = packages.iter().filter(|package| is_missing(package));
    let mut names: Vec<&str> = missing.map(|package| package.name).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// `None` where there is no dpkg.
fn installed_debian_packages(packages: &[&Package]) -> Result<Option<Vec<String>>> {
    if program("dpkg-query").is_none() {
        return Ok(None);
    }
    let names = packages.iter().map(|package| package.name);
    // It also complains about names that it does not know: those are missing.
    let output = Command::new("dpkg-query")
        .args(["--show", "--showformat", "${Package} ${db:Status-Status}\n"])
        .args(names)
        .output()
        .during("ask dpkg-query")?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(Some(
        text.lines()
            .filter_map(|line| line.strip_suffix(" installed"))
            .map(str::to_owned)
            .collect(),
    ))
}

fn install_packages(missing: &[&str], stages: &mut Stages) -> Result<()> {
    let list = missing.join(" ");
    let (Some(mut update), Some(mut install)) = (with_rights("apt-get"), with_rights("sh")) else {
        return Err(Failure::usage(format!(
            "this machine lacks the following, by their Debian names; please install them: {list}"
        )));
    };
    update.arg("update");
    // A stale list may be good enough; the installation tells.
    stages.attempt("apt-get update", "reads the list of packages", update)?;
    install.args(["-c", INSTALL, "sh"]).args(missing);
    stages.run("apt-get install", &format!("installs {list}"), install)?;
    Ok(())
}

/// Installs packages without starting what they bring: on Debian `policy-rc.d` says so, unless there is one already.
const INSTALL: &str = r#"
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' INT TERM HUP
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" || exit 1
fi
apt-get install --yes --no-install-recommends "$@"
"#;

/// `program` with the rights to install; `None` where there is no apt-get, or no way to those rights.
fn with_rights(name: &str) -> Option<Command> {
    program("apt-get")?;
    if is_root() {
        let mut command = Command::new(name);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        return Some(command);
    }
    program("sudo")?;
    let mut command = Command::new("sudo");
    if succeeds(Command::new("sudo").args(["-n", "true"])) {
        command.arg("-n");
    } else if !io::stdin().is_terminal() {
        return None;
    }
    command.args(["env", "DEBIAN_FRONTEND=noninteractive", name]);
    Some(command)
}

pub(crate) fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// The wasm target, rustfmt and clippy, where rustup can add them.
fn install_components(tree: &Tree, stages: &mut Stages) -> Result<()> {
    if !has_wasm_target() {
        rustup(
            &["target", "add", WASM],
            "adds the target that the window's front end is compiled for",
            stages,
        )?;
    }
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !succeeds(&mut tree.cargo([subcommand, "--version"])) {
            rustup(
                &["component", "add", component],
                "adds a part of the Rust tools",
                stages,
            )?;
        }
    }
    Ok(())
}

fn has_wasm_target() -> bool {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", WASM])
        .output();
    output.is_ok_and(|output| {
        fs::exists(String::from_utf8_lossy(&output.stdout).trim()).unwrap_or(false)
    })
}

fn rustup(arguments: &[&str], what: &str, stages: &mut Stages) -> Result<()> {
    if program("rustup").is_none() {
        let list = arguments.join(" ");
        return Err(Failure::usage(format!(
            "there is no rustup here to do `rustup {list}`; please install that part of Rust"
        )));
    }
    let mut command = Command::new("rustup");
    command.args(arguments);
    stages.run(&format!("rustup {}", arguments.join(" ")), what, command)?;
    Ok(())
}

/// The bridge between WebDriver and a Tauri window, kept by version outside the repository.
fn install_tauri_driver(tree: &Tree, stages: &mut Stages) -> Result<PathBuf> {
    let folder = tool_cache()?.join(format!("tauri-driver-{TAURI_DRIVER}"));
    let program = folder.join("bin/tauri-driver");
    if program.is_file() {
        return Ok(program);
    }
    let what = format!("builds tauri-driver {TAURI_DRIVER}, which steers the window in tests");
    let locked = stages.attempt(
        "tauri-driver",
        &what,
        cargo_install(tree, folder.as_os_str(), &["--locked"]),
    )?;
    if !locked.status.success() {
        let what = "builds tauri-driver again, with newer dependencies than its own list";
        stages.run(
            "tauri-driver unlocked",
            what,
            cargo_install(tree, folder.as_os_str(), &[]),
        )?;
    }
    Ok(program)
}

fn cargo_install(tree: &Tree, folder: &OsStr, options: &[&str]) -> Command {
    let mut command = tree.cargo(["install", "tauri-driver", "--version", TAURI_DRIVER]);
    command
        .args(options)
        .arg("--root")
        .arg(folder)
        .env_remove("CARGO_TARGET_DIR");
    command
}

fn succeeds(command: &mut Command) -> bool {
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}
