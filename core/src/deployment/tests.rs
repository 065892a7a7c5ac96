//! Whole files: good ones, broken ones and random ones.
//!
//! A broken file's problems are compared as a person reads them. The heads below have a round number of lines, so that
//! what a case adds begins on line 1, 11 or 21.

use expect_test::Expect;

use super::parse;

mod entities;
mod fields;
mod file;
mod flows;
mod good;
mod random;
mod stores;

/// Ten lines: four stores.
const STORES: &str = r#"format = 1
name = "shop"
[stores.orders]
url = "postgres://shop@localhost/shop"
[stores.standby]
url = "postgres://shop@standby/shop"
[stores.cache]
url = "redis://localhost"
[stores.search]
url = "elasticsearch+http://localhost:9200"
"#;

/// Ten more: an entity with its system of record, and a representation that a case goes on with.
const USER: &str = r#"[entities.user]
key = "id"
[[entities.user.in]]
dataset = "orders.users"
role = "system-of-record"
version = "updated_at"
[[entities.user.in]]
dataset = "search.users"

[[entities.user.in]]
"#;

/// Reads `text` as a whole file.
#[track_caller]
fn check(text: &str, expected: &Expect) {
    let problems = parse(text, "d.toml").expect_err("a broken file");
    expected.assert_eq(&problems.to_string());
}

/// Reads `text` behind four stores; it begins on line 11.
#[track_caller]
fn check_with_stores(text: &str, expected: &Expect) {
    check(&format!("{STORES}{text}"), expected);
}

/// Reads `text` as the end of a representation of `user`; it begins on line 21.
#[track_caller]
fn check_representation(text: &str, expected: &Expect) {
    check(&format!("{STORES}{USER}{text}"), expected);
}
