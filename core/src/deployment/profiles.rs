//! The person's own file of saved profiles, read with the pieces of the deployment file.

use toml::de::DeTable;

use super::item::{Item, Table};
use super::notes::Notes;
use super::read::check_format;
use super::{Problems, secret, store};
use crate::name::StoreId;
use crate::profile::Profile;

/// What a profile may hold.
const KEYS: [&str; 5] = ["url", "secret", "environment", "access", "tags"];

/// Reads the profiles of `text`, in the order of the file `file`; reports every mistake at once.
///
/// A text without anything in it holds no profile.
pub(crate) fn read(text: &str, file: &str) -> Result<Vec<Profile>, Problems> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    let notes = Notes::new(text, &errors);
    let root = Table::root(&notes, document.get_ref());
    root.only(&["format", "profiles"]);
    check_format(&root);
    let table = root.get("profiles").and_then(|it| it.open_table());
    let items = table.map_or_else(Vec::new, |it| it.items());
    let profiles: Vec<Profile> = items.iter().filter_map(read_profile).collect();
    notes.finish(file, Some(profiles))
}

/// Reads one profile. Its secret may stand in more places than a deployment file's: the file is the person's own.
fn read_profile(item: &Item<'_>) -> Option<Profile> {
    check_name(item);
    let table = item.open_table()?;
    store::check_keys(&table, &KEYS);
    let tags = table.get("tags").and_then(|it| it.texts());
    let tags = tags.unwrap_or_default().into_iter();
    Some(Profile {
        name: item.name.to_owned(),
        secret: table
            .get("secret")
            .and_then(|it| store::read_any_secret(&it, secret::OWN_FORMS)),
        environment: store::read_environment(&table),
        access: store::read_access(&table),
        tags: tags.map(|(_, tag)| tag.to_owned()).collect(),
        url: table.need("url").and_then(|it| store::read_url(&it))?,
    })
}

/// A profile's name must be one that a store could have.
fn check_name(item: &Item<'_>) {
    if let Err(error) = StoreId::new(item.name) {
        let why = error.causes.join(": ");
        let message = format!("{:?} is no profile's name: {why}", item.name);
        item.notes.add(item.name_at, message, None);
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::deployment::{Environment, SecretSource};
    use crate::store::Access;

    #[track_caller]
    fn check(text: &str, expected: &Expect) {
        let problems = read(text, "profiles.toml").expect_err("a broken file");
        expected.assert_eq(&problems.to_string());
    }

    #[test]
    fn a_profile_is_read_with_all_its_keys() {
        let text = r#"format = 1
[profiles.shop]
url = "postgres://shop@db/shop"
secret = "cmd:pass show shop"
environment = "production"
access = "read-write"
tags = ["team a", "eu"]
[profiles.files]
url = "sqlite:crm.db"
"#;
        let profiles = read(text, "profiles.toml").expect("profiles");
        let [shop, files] = profiles.as_slice() else {
            panic!("two profiles: {profiles:?}")
        };
        assert_eq!(
            shop.secret,
            Some(SecretSource::Command("pass show shop".to_owned()))
        );
        assert_eq!(shop.environment, Some(Environment::Production));
        assert_eq!(shop.access, Access::ReadWrite);
        assert_eq!(shop.tags, ["team a", "eu"]);
        assert_eq!((files.secret.as_ref(), files.environment), (None, None));
        assert_eq!(files.access, Access::ReadOnly);
    }

    #[test]
    fn an_empty_file_holds_no_profile() {
        assert_eq!(read(" \n", "profiles.toml"), Ok(Vec::new()));
    }

    #[test]
    fn every_mistake_is_told_with_its_place_and_no_secret_is_repeated() {
        check(
            r#"format = 1
[profiles.Shop]
url = "postgres://shop:hunter2@db/shop"
[profiles.cache]
urll = "redis://localhost"
secret = "hunter2"
environment = "prod"
tags = [1]
password = "hunter2"
"#,
            &expect![[r#"
                profiles.toml:2:11: "Shop" is no profile's name: a store's name is a lower-case letter, then lower-case letters, digits, `_` or `-`
                profiles.toml:3:7: "url" holds a password; take it out and say where it is kept: secret = "keychain", "env:NAME" or "file:PATH"
                profiles.toml:5:1: unknown key "urll", did you mean "url"?
                profiles.toml:6:10: "secret" says where the secret is, never the secret itself; write "keychain", "env:NAME", "file:PATH" or "cmd:PROGRAM ARGUMENTS"
                profiles.toml:7:15: "prod" is no value of "environment"; known here are "dev", "staging" and "production"
                profiles.toml:8:9: "tags" must be a string, found a whole number
                profiles.toml:9:1: "password" has no place in this file; name where it is kept: secret = "keychain", "env:NAME" or "file:PATH""#]],
        );
    }

    #[test]
    fn the_format_is_needed_and_known() {
        check(
            "[profiles.a]\nurl = \"sqlite:a\"\n",
            &expect![[
                r#"profiles.toml:1:1: missing key "format"; begin the file with format = 1"#
            ]],
        );
        check(
            "format = 2\n",
            &expect![
                "profiles.toml:1:10: format 2 is not known; this version of Parallax reads format = 1"
            ],
        );
    }

    #[test]
    fn broken_syntax_says_where() {
        check(
            "format = 1\n[profiles.a\nurl = 3\n",
            &expect![[r#"
            profiles.toml:2:12: unclosed table, expected `]`
            profiles.toml:3:1: unknown key "url"; known here are "format" and "profiles""#]],
        );
    }
}
