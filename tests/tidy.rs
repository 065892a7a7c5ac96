//! The invariants of ARCHITECTURE.md that a compiler does not check.

#![expect(clippy::panic, reason = "a test says by panicking that it failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// What each crate may depend on within the workspace, and what it may not say.
const DIRECTION: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("connections", &["parallax-core"]),
    ("workbench", &["parallax-connections", "parallax-core"]),
    ("ui", &["parallax-core"]),
    ("src-tauri", &["parallax-core", "parallax-workbench"]),
    ("cli", &["parallax-core", "parallax-workbench"]),
    ("samples", &["parallax-core"]),
    (
        "tests",
        &[
            "parallax-connections",
            "parallax-core",
            "parallax-samples",
            "parallax-ui",
            "parallax-workbench",
        ],
    ),
    ("xtask", &[]),
];

/// Names that only an adapter, or a sample, may use.
const PRODUCTS: &[&str] = &[
    "sqlite",
    "postgres",
    "mysql",
    "mariadb",
    "mongo",
    "redis",
    "valkey",
    "elasticsearch",
    "opensearch",
    "neo4j",
    "cassandra",
    "clickhouse",
    "kafka",
    "qdrant",
    "influx",
];

const MAX_FILE_LINES: usize = 600;
const MAX_FUNCTION_LINES: usize = 100;
const MAX_ARCHITECTURE_LINES: usize = 200;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests stands in the workspace")
        .to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every Rust file of the workspace, by its path from the root, in order.
fn sources() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders: Vec<PathBuf> = DIRECTION
        .iter()
        .map(|(name, _)| root().join(name))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the workspace") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let name = path
                    .strip_prefix(root())
                    .expect("below the root")
                    .display()
                    .to_string();
                found.insert(name, read(&path));
            }
        }
    }
    assert!(found.len() > 50, "only {} files were found", found.len());
    found
}

#[test]
fn crates_depend_on_each_other_in_one_direction_only() {
    for (name, allowed) in DIRECTION {
        let manifest: toml::Table = read(&root().join(name).join("Cargo.toml"))
            .parse()
            .expect("a manifest");
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(section) = manifest.get(section).and_then(toml::Value::as_table) else {
                continue;
            };
            for dependency in section.keys().filter(|it| it.starts_with("parallax-")) {
                assert!(
                    allowed.contains(&dependency.as_str()),
                    "{name} must not depend on {dependency}"
                );
            }
        }
    }
}

#[test]
fn every_crate_takes_lints_and_versions_from_the_workspace() {
    for (name, _) in DIRECTION {
        let manifest: toml::Table = read(&root().join(name).join("Cargo.toml"))
            .parse()
            .expect("a manifest");
        let lints = manifest.get("lints").and_then(|it| it.get("workspace"));
        assert_eq!(
            lints.and_then(toml::Value::as_bool),
            Some(true),
            "{name} has lints of its own"
        );
        let sections = manifest
            .iter()
            .filter(|(key, _)| key.ends_with("dependencies"));
        for (dependency, how) in sections.filter_map(|(_, it)| it.as_table()).flatten() {
            let pinned = how.get("workspace").and_then(toml::Value::as_bool);
            assert_eq!(
                pinned,
                Some(true),
                "{name}: {dependency} must say `workspace = true`"
            );
        }
    }
}

/// The code of a file without comments, attributes' documentation and test modules, as tokens print it.
fn code(source: &str) -> String {
    struct Stripped(Vec<(usize, usize)>);
    impl<'ast> Visit<'ast> for Stripped {
        fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
            let is_test = module.attrs.iter().any(|it| it.path().is_ident("cfg"));
            if is_test {
                self.0
                    .push((module.span().start().line, module.span().end().line));
            }
            visit::visit_item_mod(self, module);
        }
    }
    let file = syn::parse_file(source).expect("Rust");
    let mut stripped = Stripped(Vec::new());
    stripped.visit_file(&file);
    let kept = source.lines().enumerate().filter(|(at, line)| {
        let number = at + 1;
        let is_comment = line.trim_start().starts_with("//");
        !is_comment
            && !stripped
                .0
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&number))
    });
    kept.map(|(_, line)| line.split(" // ").next().unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

fn is_test_file(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
}

#[test]
fn core_reads_no_clock_and_opens_nothing() {
    let forbidden = [
        "::now(",
        "SystemTime",
        "Instant",
        "std::fs",
        "std::net",
        "std::process",
        "std::thread",
        "tokio",
        "std::env",
    ];
    for (path, source) in sources()
        .iter()
        .filter(|(it, _)| it.starts_with("core/src") && !is_test_file(it))
    {
        let code = code(source);
        for word in forbidden {
            assert!(
                !code.contains(word),
                "{path} says {word}: core takes the present as an argument and opens nothing"
            );
        }
    }
}

#[test]
fn no_product_is_named_outside_its_adapter() {
    let allowed = |path: &str| {
        path.starts_with("connections/src/stores")
            || path.starts_with("samples/")
            || path.starts_with("xtask/")
            || path.starts_with("connections/tests")
            || is_test_file(path)
    };
    for (path, source) in sources().iter().filter(|(it, _)| !allowed(it)) {
        let code = code(source).to_lowercase();
        for product in PRODUCTS {
            // An example in a hint helps a person; nothing is decided by it.
            let line = code
                .lines()
                .find(|it| it.contains(product) && !it.contains("for example"));
            assert!(
                line.is_none(),
                "{path} names {product}: {}",
                line.unwrap_or_default().trim()
            );
        }
    }
}

#[test]
fn the_ui_never_reaches_for_a_store_and_colours_come_from_the_theme() {
    for (path, source) in sources().iter().filter(|(it, _)| it.starts_with("ui/src")) {
        let code = code(source);
        assert!(
            !code.contains("parallax_connections"),
            "{path} reaches for a store"
        );
        let coloured = code.contains("Color32::from_rgb") && !path.contains("theme");
        assert!(
            !coloured,
            "{path} makes a colour of its own: theme.rs has them"
        );
    }
}

/// The lengths of all functions of a file.
struct Functions(Vec<(String, usize)>);

impl Functions {
    fn note(&mut self, name: &syn::Ident, block: &syn::Block) {
        let lines = block.span().end().line - block.span().start().line + 1;
        self.0.push((name.to_string(), lines));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.note(&function.sig.ident, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.note(&function.sig.ident, &function.block);
        visit::visit_impl_item_fn(self, function);
    }
}

fn percentile(sorted: &[usize], percent: usize) -> usize {
    sorted
        .get(sorted.len() * percent / 100)
        .copied()
        .unwrap_or(0)
}

#[test]
fn files_and_functions_stay_small() {
    let mut files = Vec::new();
    let mut functions = Vec::new();
    for (path, source) in sources() {
        let lines = source.lines().count();
        assert!(
            lines <= MAX_FILE_LINES,
            "{path} has {lines} lines; look for the second concept in it"
        );
        files.push(lines);
        let mut found = Functions(Vec::new());
        found.visit_file(
            &syn::parse_file(&source).unwrap_or_else(|error| panic!("{path}: {error}")),
        );
        for (name, lines) in found.0 {
            assert!(
                lines <= MAX_FUNCTION_LINES,
                "{path}: {name} has {lines} lines"
            );
            functions.push(lines);
        }
    }
    files.sort_unstable();
    functions.sort_unstable();
    println!(
        "files: {}, lines p50 {} p90 {}",
        files.len(),
        percentile(&files, 50),
        percentile(&files, 90)
    );
    println!(
        "functions: {}, lines p50 {} p90 {}",
        functions.len(),
        percentile(&functions, 50),
        percentile(&functions, 90)
    );
    assert!(
        percentile(&functions, 50) <= 10,
        "the usual function has more than 10 lines"
    );
}

#[test]
fn the_core_is_documented_and_comments_are_few() {
    let (mut doc, mut all) = (0_usize, 0_usize);
    let (mut comments, mut lines) = (0_usize, 0_usize);
    for (path, source) in sources() {
        for line in source
            .lines()
            .map(str::trim_start)
            .filter(|it| !it.is_empty())
        {
            let is_doc = line.starts_with("///") || line.starts_with("//!");
            if path.starts_with("core/src") && !is_test_file(&path) {
                doc += usize::from(is_doc);
                all += 1;
            }
            comments += usize::from(line.starts_with("//") && !is_doc);
            lines += 1;
        }
    }
    println!(
        "core: {} % documentation; all: {} % comments",
        doc * 100 / all,
        comments * 100 / lines
    );
    assert!(
        doc * 100 >= all * 15,
        "core has {doc} lines of documentation in {all}"
    );
    assert!(
        comments * 100 <= lines * 6,
        "{comments} lines of comment in {lines}"
    );
}

/// What stands between backticks outside code blocks.
fn code_spans(text: &str) -> Vec<String> {
    let mut spans = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            spans.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    spans
}

#[test]
fn every_path_and_type_that_the_architecture_names_exists() {
    let text = read(&root().join("ARCHITECTURE.md"));
    assert!(
        text.lines().count() <= MAX_ARCHITECTURE_LINES,
        "ARCHITECTURE.md has more than {MAX_ARCHITECTURE_LINES} lines"
    );
    let sources = sources();
    let mut checked = 0;
    for span in code_spans(&text) {
        let is_path = span.contains('/') && !span.contains([' ', ':', '<', '*', '{']);
        let is_type = span.chars().next().is_some_and(char::is_uppercase)
            && span.chars().all(char::is_alphanumeric)
            && span.chars().any(char::is_lowercase);
        if is_path {
            assert!(
                root().join(&span).exists(),
                "ARCHITECTURE.md names {span}, which is not there"
            );
        } else if is_type {
            let defined = ["struct", "enum", "trait", "type"].map(|it| format!("{it} {span}"));
            let is_defined =
                |source: &String| defined.iter().any(|it| source.contains(it.as_str()));
            assert!(
                sources.values().any(is_defined),
                "ARCHITECTURE.md names {span}, which is not defined"
            );
        }
        checked += usize::from(is_path || is_type);
    }
    assert!(
        checked > 20,
        "ARCHITECTURE.md names only {checked} paths and types"
    );
}

#[test]
fn no_text_holds_a_path_of_one_machine() {
    for (path, source) in sources() {
        for word in ["/home/", "/root/", "/Users/"] {
            let own = path == "tests/tidy.rs";
            assert!(own || !source.contains(word), "{path} holds {word}");
        }
    }
}
