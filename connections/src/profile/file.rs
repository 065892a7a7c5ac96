//! `profiles.toml`, as people edit it by hand: their comments and their order stay.

use std::path::Path;

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::StoreId;
use parallax_core::profile::{self, Profile};
use parallax_core::store::Access;
use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::find;
use super::home::{self, Home};
use crate::stores;

/// The saved profiles, in the order of the file. Reads the file; where there is none, none is saved.
///
/// Fails with [`ErrorKind::InvalidInput`] and one cause a mistake where the file is broken.
pub fn load(home: &Home) -> Result<Vec<Profile>> {
    let path = home.profiles();
    read(&home::read(&path)?, &path)
}

/// Saves a profile under its name, in place of one of the same name. Writes the file; blocks.
///
/// Fails with [`ErrorKind::InvalidInput`] where the profile would not be read again: a name that is none, a URL that
/// holds a password or whose scheme no driver knows; and where the file is broken already, which is left as it is.
pub fn save(home: &Home, profile: &Profile) -> Result<Vec<Profile>> {
    check(profile)?;
    change(home, |document| {
        let profiles = document.entry("profiles").or_insert_with(parent);
        let table = profiles.as_table_like_mut().ok_or_else(no_table)?;
        let place = table
            .entry(&profile.name)
            .or_insert_with(|| Item::Table(Table::new()));
        fill(place.as_table_like_mut().ok_or_else(no_table)?, profile);
        Ok(())
    })
}

/// Removes a profile. Writes the file; blocks. Fails with [`ErrorKind::NotFound`] where there is none of that name.
pub fn remove(home: &Home, name: &str) -> Result<Vec<Profile>> {
    change(home, |document| {
        let profiles = document.get_mut("profiles");
        let removed = profiles.and_then(|it| it.as_table_like_mut()?.remove(name));
        removed.map(drop).ok_or_else(|| missing(home, name))
    })
}

fn missing(home: &Home, name: &str) -> Error {
    let found = load(home).and_then(|it| find(&it, name).cloned());
    found.err().unwrap_or_else(no_table)
}

/// Whether a profile can be saved as it is.
pub fn check(profile: &Profile) -> Result<()> {
    StoreId::new(&profile.name).map_err(|it| {
        let error = Error::new(
            ErrorKind::InvalidInput,
            format!("save the profile {:?}", profile.name),
        );
        it.causes.iter().fold(error, Error::because)
    })?;
    if let (_, Some(_)) = profile::split_url(&profile.url) {
        return Err(Error::new(ErrorKind::InvalidInput, "save the profile")
            .because("its URL holds a password")
            .hint("take it out of the URL, and say where it is kept"));
    }
    stores::driver(&profile.url).map(drop)
}

fn change(home: &Home, edit: impl FnOnce(&mut DocumentMut) -> Result<()>) -> Result<Vec<Profile>> {
    let _lock = home.lock()?;
    let path = home.profiles();
    let text = home::read(&path)?;
    read(&text, &path)?;
    let mut document: DocumentMut = text.parse().map_err(|_broken| no_table())?;
    if text.trim().is_empty() {
        document.insert("format", value(1));
    }
    edit(&mut document)?;
    let text = document.to_string();
    // What we write, we must be able to read: otherwise the file stays as it was.
    let profiles = read(&text, &path)?;
    home::write(&path, &text)?;
    Ok(profiles)
}

fn read(text: &str, path: &Path) -> Result<Vec<Profile>> {
    let shown = path.display().to_string();
    profile::parse(text, &shown).map_err(|problems| {
        let error = Error::new(
            ErrorKind::InvalidInput,
            format!("use the profiles in {shown}"),
        );
        problems.to_string().lines().fold(error, Error::because)
    })
}

/// `[profiles]` itself is not written, only `[profiles.NAME]`.
fn parent() -> Item {
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

fn no_table() -> Error {
    Error::new(ErrorKind::InvalidInput, "change the saved profiles").because("their file is broken")
}

fn fill(table: &mut dyn toml_edit::TableLike, profile: &Profile) {
    let text = |text: String| Some(value(text));
    let tags: Array = profile.tags.iter().map(String::as_str).collect();
    let is_writable = profile.access == Access::ReadWrite;
    let keys = [
        ("url", text(profile.url.clone())),
        (
            "secret",
            profile.secret.as_ref().and_then(|it| text(it.spelling())),
        ),
        (
            "environment",
            profile.environment.and_then(|it| text(it.to_string())),
        ),
        ("access", is_writable.then(|| value("read-write"))),
        ("tags", (!tags.is_empty()).then(|| value(tags))),
    ];
    for (key, new) in keys {
        set(table, key, new);
    }
}

/// Keeps the comment behind a value that changes.
fn set(table: &mut dyn toml_edit::TableLike, key: &str, new: Option<Item>) {
    let Some(mut new) = new else {
        table.remove(key);
        return;
    };
    let old = table.get(key).and_then(Item::as_value);
    if let (Some(old), Some(new)) = (old, new.as_value_mut()) {
        *new.decor_mut() = old.decor().clone();
    }
    table.insert(key, new);
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use parallax_core::deployment::{Environment, SecretSource};

    use super::*;

    fn shop() -> Profile {
        Profile {
            name: "shop".to_owned(),
            url: "sqlite:shop.db".to_owned(),
            secret: Some(SecretSource::Env("SHOP".to_owned())),
            environment: Some(Environment::Staging),
            access: Access::ReadOnly,
            tags: vec!["eu".to_owned()],
        }
    }

    #[track_caller]
    fn check_file(before: &str, edit: impl FnOnce(&Home) -> Result<Vec<Profile>>, after: &Expect) {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path());
        std::fs::write(home.profiles(), before).expect("written");
        let profiles = edit(&home).expect("edited");
        assert_eq!(load(&home), Ok(profiles));
        after.assert_eq(&home::read(&home.profiles()).expect("the file"));
    }

    #[test]
    fn a_new_file_says_its_format() {
        check_file(
            "",
            |home| save(home, &shop()),
            &expect![[r#"
            format = 1

            [profiles.shop]
            url = "sqlite:shop.db"
            secret = "env:SHOP"
            environment = "staging"
            tags = ["eu"]
        "#]],
        );
    }

    #[test]
    fn comments_and_order_stay_when_a_profile_changes() {
        let before = "# mine\nformat = 1\n\n[profiles.shop] # the shop\nurl = \"sqlite:old.db\" # moved\nsecret = \"keychain\"\n\n# the other\n[profiles.b]\nurl = \"sqlite:b.db\"\n";
        check_file(
            before,
            |home| save(home, &shop()),
            &expect![[r#"
            # mine
            format = 1

            [profiles.shop] # the shop
            url = "sqlite:shop.db" # moved
            secret = "env:SHOP"
            environment = "staging"
            tags = ["eu"]

            # the other
            [profiles.b]
            url = "sqlite:b.db"
        "#]],
        );
        check_file(
            before,
            |home| remove(home, "shop"),
            &expect![[r#"
            # mine
            format = 1

            # the other
            [profiles.b]
            url = "sqlite:b.db"
        "#]],
        );
    }

    #[test]
    fn a_broken_file_is_told_and_left_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path());
        std::fs::write(home.profiles(), "format = 1\n[profiles.a]\nurll = \"x\"\n")
            .expect("written");
        for error in [save(&home, &shop()), remove(&home, "a"), load(&home)] {
            let error = error.expect_err("a broken file").to_string();
            assert!(
                error.contains("profiles.toml:3:1") && error.contains("\"url\""),
                "{error}"
            );
        }
        let text = home::read(&home.profiles()).expect("the file");
        assert!(text.contains("urll"), "{text}");
    }

    #[test]
    fn what_could_not_be_read_again_is_not_saved() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path());
        for (name, url) in [
            ("Shop", "sqlite:a"),
            ("shop", "postgres://a:hunter2@b/c"),
            ("shop", "nowhere:a"),
            ("shop", "a"),
            ("shop", "sqlite:"),
        ] {
            let profile = Profile {
                name: name.to_owned(),
                url: url.to_owned(),
                ..shop()
            };
            let error = save(&home, &profile).expect_err(url);
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
        assert_eq!(load(&home), Ok(Vec::new()));
    }

    #[test]
    fn a_name_that_is_not_there_cannot_be_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = remove(&Home::at(folder.path()), "shop").expect_err("none");
        assert_eq!(error.kind, ErrorKind::NotFound);
    }
}
