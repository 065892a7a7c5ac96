//! The tables of stores and types that people read: what the README and docs/types.md say is what the stores declare.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use parallax_core::store::Capability;
use tokio::runtime::Runtime;

use crate::cases::{ensure, soon};
use crate::ground::Subject;
use crate::{CASES, ON_SERVERS};

/// Set to write the tables anew instead of comparing them.
const WRITE: &str = "PARALLAX_WRITE_TABLES";

const BEGIN: &str = "<!-- written by the test `behavior` -->";
const END: &str = "<!-- until here -->";

/// The tables speak of all stores, so they are compared where all of them are there.
pub(crate) fn trials(subjects: &[Subject]) -> Vec<Trial> {
    if subjects != Subject::ALL {
        return Vec::new();
    }
    vec![
        Trial::test("the README's table of stores is true", stores),
        Trial::test("the table of types is true", types),
    ]
}

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().map(Path::to_owned).unwrap_or_default()
}

/// Compares what stands between the marks of a file with what should, or writes it.
fn agrees(file: &str, wanted: &str) -> Result<(), Failed> {
    let path = root().join(file);
    let text = fs::read_to_string(&path)?;
    let parts = text
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?)));
    let (before, (found, after)) = parts.ok_or_else(|| format!("{file} has no marks"))?;
    if found.trim() == wanted.trim() {
        return Ok(());
    }
    if env::var_os(WRITE).is_some() {
        let whole = format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", wanted.trim());
        let beside = path.with_extension("md.new");
        fs::write(&beside, whole)?;
        fs::rename(&beside, &path)?;
        return Ok(());
    }
    Err(Failed::from(format!(
        "{file} says otherwise; `{WRITE}=1 cargo test -p parallax-tests --test behavior` writes it anew. Wanted:\n{wanted}"
    )))
}

fn mark(can: bool) -> &'static str {
    if can { "yes" } else { "–" }
}

/// One row a product that runs here, as it declares itself.
fn stores() -> Result<(), Failed> {
    let runtime = Runtime::new()?;
    let mut table = String::from(
        "| store | datasets | run against | by parts | snapshot | find | newest | outbox | group | cancel | read-only session |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for subject in Subject::ALL {
        let (declared, server) = runtime.block_on(async {
            let ground = subject.ground().await?;
            let server = ground.store.ping(&soon()).await?;
            let declared = ground.store.capability();
            ground.owner.remove().await?;
            Ok::<_, Failed>((declared, server))
        })?;
        let Capability {
            cancel,
            read_only_session,
            find,
            newest,
            backlog,
            group,
            parts,
            snapshot,
            ..
        } = declared;
        let marks = [
            parts,
            snapshot,
            find,
            newest,
            backlog,
            group,
            cancel,
            read_only_session,
        ];
        let marks: Vec<&str> = marks.into_iter().map(mark).collect();
        table.push_str(&format!(
            "| {} | {} | {} {} | {} |\n",
            subject.wire(),
            subject.holds(),
            server.product,
            series(&server.version),
            marks.join(" | ")
        ));
    }
    agrees("README.md", &table)
}

/// What a patch cannot change: of `15.18` the 15, of `1.24.2` the 1.24.
fn series(version: &str) -> String {
    let parts: Vec<&str> = version.split(['.', '-', ' ']).collect();
    let kept = parts
        .iter()
        .take_while(|it| it.bytes().all(|it| it.is_ascii_digit()));
    let n_kept = kept.count().saturating_sub(1).clamp(1, 2);
    parts.into_iter().take(n_kept).collect::<Vec<_>>().join(".")
}

/// Which cases have nothing to show of a store, and every type with what is read of it.
fn types() -> Result<(), Failed> {
    let mut text = String::new();
    let mut wires: BTreeMap<&str, Vec<Subject>> = BTreeMap::new();
    for subject in Subject::ALL {
        wires.entry(subject.wire()).or_default().push(subject);
    }
    for (wire, subjects) in wires {
        let names: Vec<&str> = subjects.iter().map(|it| it.name()).collect();
        text.push_str(&format!(
            "## {wire}\n\nRun against: {}.\n\n| declared as | written as | read as | text |\n| --- | --- | --- | --- |\n",
            names.join(", ")
        ));
        for it in subjects.first().map(|it| it.types()).unwrap_or_default() {
            let shown = it.in_result.map_or_else(String::new, |(kind, text)| {
                format!("; in a result {kind} `{}`", cell(text))
            });
            text.push_str(&format!(
                "| {} | `{}` | {} | `{}`{shown} |\n",
                cell(it.declared),
                cell(it.literal),
                it.kind,
                cell(it.shown)
            ));
        }
        text.push('\n');
    }
    text.push_str("## Not applicable\n\n| store | case | why |\n| --- | --- | --- |\n");
    let names = CASES.iter().map(|(name, _)| *name);
    let names: Vec<&str> = names
        .chain(ON_SERVERS.iter().map(|(name, _)| *name))
        .collect();
    for subject in Subject::ALL {
        for name in &names {
            if let Some(why) = subject.not_applicable(name) {
                text.push_str(&format!("| {} | {name} | {why} |\n", subject.name()));
            }
        }
    }
    ensure(!text.contains("| |"), "an empty cell")?;
    agrees("docs/types.md", &text)
}

/// A text in a cell of a table; an empty one is said to be so.
fn cell(text: &str) -> String {
    let short = if text.chars().count() > 60 {
        let begin: String = text.chars().take(57).collect();
        format!("{begin}…")
    } else {
        text.to_owned()
    };
    match short.as_str() {
        "" => "(empty)".to_owned(),
        it => it.replace('|', "\\|"),
    }
}
