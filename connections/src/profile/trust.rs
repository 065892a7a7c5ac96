//! Which deployment files a person lets use secrets.
//!
//! A file that comes from others may name a secret of ours and a server of theirs. So a file is trusted as it stands: by
//! its path, and by a fingerprint over each store with a secret, where it is and where the secret comes from.

use std::fs;
use std::path::Path;

use parallax_core::error::{Error, ErrorKind, Result};
use sha2::{Digest as _, Sha256};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::Prepared;
use super::home::{self, Home};

/// What is trusted of a deployment file: 256 bits over its stores with secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// That of these stores; `None` where none of them has a secret, so that there is nothing to trust.
    pub fn of<'p>(stores: impl IntoIterator<Item = &'p Prepared>) -> Option<Self> {
        let mut hash = Sha256::new();
        let mut count = 0;
        for store in stores {
            let Some(secret) = &store.config.secret else {
                continue;
            };
            let url = store.config.url.as_deref().unwrap_or_default();
            let profile = store.context.profile.as_deref().unwrap_or_default();
            for part in [store.config.id.as_str(), url, &secret.spelling(), profile] {
                // With its length in front, no part can pass for another.
                hash.update(part.len().to_le_bytes());
                hash.update(part);
            }
            count += 1;
        }
        (count > 0).then(|| Self(hex::encode(hash.finalize())))
    }
}

/// Whether the person trusts the deployment file as it stands. Reads the file of what is trusted; blocks.
pub fn is_trusted(home: &Home, deployment: &Path, fingerprint: &Fingerprint) -> Result<bool> {
    let document = document(home)?;
    let path = name(deployment);
    let found = files(&document)?.into_iter().flatten();
    Ok(found
        .filter(|it| text(it, "path") == Some(&path))
        .any(|it| text(it, "sha256") == Some(&fingerprint.0)))
}

/// Trusts the deployment file as it stands, and no longer as it stood before. Writes; blocks.
pub fn trust(home: &Home, deployment: &Path, fingerprint: &Fingerprint) -> Result<()> {
    let _lock = home.lock()?;
    let mut document = document(home)?;
    if document.is_empty() {
        document.insert("format", value(1));
    }
    let path = name(deployment);
    let mut files = files(&document)?.cloned().unwrap_or_default();
    files.retain(|it| text(it, "path") != Some(&path));
    let mut file = Table::new();
    file.insert("path", value(path));
    file.insert("sha256", value(fingerprint.0.as_str()));
    files.push(file);
    document.insert("files", Item::ArrayOfTables(files));
    home::write(&home.trusted(), &document.to_string())
}

/// The whole path, so that a file is the same from wherever it is named.
fn name(deployment: &Path) -> String {
    let whole = fs::canonicalize(deployment).unwrap_or_else(|_| deployment.to_owned());
    whole.display().to_string()
}

fn document(home: &Home) -> Result<DocumentMut> {
    let path = home.trusted();
    let document: DocumentMut = home::read(&path)?.parse().map_err(|_broken| broken(home))?;
    let format = document.get("format").and_then(Item::as_integer);
    if document.is_empty() || format == Some(1) {
        Ok(document)
    } else {
        Err(broken(home))
    }
}

fn files(document: &DocumentMut) -> Result<Option<&ArrayOfTables>> {
    match document.get("files") {
        None => Ok(None),
        Some(item) => item.as_array_of_tables().map(Some).ok_or_else(|| {
            Error::new(ErrorKind::InvalidInput, "read what is trusted")
                .because("\"files\" is no list")
        }),
    }
}

fn text<'t>(table: &'t Table, key: &str) -> Option<&'t str> {
    table.get(key).and_then(Item::as_str)
}

fn broken(home: &Home) -> Error {
    let shown = home.trusted().display().to_string();
    Error::new(ErrorKind::InvalidInput, format!("use {shown}"))
        .because("it is not a file of this version")
        .hint("remove it, and trust again what you trust")
}

#[cfg(test)]
mod tests {
    use parallax_core::deployment::parse;

    use super::*;

    fn fingerprint(stores: &str) -> Option<Fingerprint> {
        let text = format!("format = 1\nname = \"a\"\n{stores}\n");
        let deployment = parse(&text, "a.toml").expect("a deployment");
        let prepared = deployment.stores.iter().map(|it| {
            super::super::prepare(it, Path::new(""), &Home::at(""), || Ok(Vec::new()))
                .expect("prepared")
        });
        Fingerprint::of(&prepared.collect::<Vec<_>>())
    }

    const SHOP: &str = "[stores.a]\nurl = \"sqlite:a\"\nsecret = \"env:A\"\n";

    #[test]
    fn a_file_without_secrets_needs_no_trust() {
        assert_eq!(fingerprint("[stores.a]\nurl = \"sqlite:a\""), None);
    }

    #[test]
    fn any_change_of_name_place_or_secret_is_seen_and_nothing_else() {
        let first = fingerprint(SHOP);
        assert!(first.is_some());
        for (from, to) in [
            ("stores.a", "stores.b"),
            ("sqlite:a", "sqlite:b"),
            ("env:A", "env:B"),
            ("env:A", "file:A"),
        ] {
            assert_ne!(fingerprint(&SHOP.replace(from, to)), first, "{from} → {to}");
        }
        let other = format!("{SHOP}environment = \"production\"\n[stores.c]\nurl = \"sqlite:c\"");
        assert_eq!(fingerprint(&other), first);
    }

    #[test]
    fn a_file_is_trusted_by_its_path_as_it_stands() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().join("home"));
        let (one, other) = (
            folder.path().join("one.toml"),
            folder.path().join("other.toml"),
        );
        std::fs::write(&one, "").expect("written");
        let first = fingerprint(SHOP).expect("a secret");
        let second = fingerprint(&SHOP.replace("env:A", "env:B")).expect("a secret");
        assert_eq!(is_trusted(&home, &one, &first), Ok(false));
        trust(&home, &one, &first).expect("trusted");
        trust(&home, &other, &second).expect("trusted");
        assert_eq!(is_trusted(&home, &one, &first), Ok(true));
        assert_eq!(is_trusted(&home, &one, &second), Ok(false));
        assert_eq!(is_trusted(&home, &other, &first), Ok(false));
        trust(&home, &one, &second).expect("trusted");
        assert_eq!(is_trusted(&home, &one, &first), Ok(false));
        assert_eq!(is_trusted(&home, &other, &second), Ok(true));
    }

    #[test]
    fn a_broken_list_trusts_nothing_and_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path());
        let first = fingerprint(SHOP).expect("a secret");
        for text in ["x", "format = 2", "format = 1\nfiles = 3"] {
            std::fs::write(home.trusted(), text).expect("written");
            is_trusted(&home, Path::new("a"), &first).expect_err(text);
            trust(&home, Path::new("a"), &first).expect_err(text);
        }
    }
}
