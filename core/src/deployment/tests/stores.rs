//! Stores: where they are and where their secrets come from.

use expect_test::expect;

use super::check;

#[test]
fn a_store_needs_a_place() {
    check(
        r#"format = 1
name = "shop"
[stores.orders]
why = "orders"
"#,
        &expect![[r#"d.toml:3:1: missing key "url"; or profile = "NAME", a saved profile"#]],
    );
}

#[test]
fn without_stores_every_reference_is_a_mistake() {
    check(
        r#"format = 1
name = "shop"
[[flows]]
from = "orders"
to = "standby"
via = "replication"
"#,
        &expect![[r#"
            d.toml:4:8: unknown store "orders"; declare it as [stores.NAME]
            d.toml:5:6: unknown store "standby"; declare it as [stores.NAME]"#]],
    );
}

#[test]
fn a_store_name_is_lower_case() {
    check(
        r#"format = 1
name = "shop"
[stores.Orders]
url = "sqlite:a.db"
[stores."my orders"]
url = "sqlite:b.db"
"#,
        &expect![[r#"
            d.toml:3:9: "Orders" is no store's name: a store's name is a lower-case letter, then lower-case letters, digits, `_` or `-`
            d.toml:5:9: "my orders" is no store's name: a store's name is a lower-case letter, then lower-case letters, digits, `_` or `-`"#]],
    );
}

#[test]
fn misspelt_keys_of_a_store_are_suggested() {
    check(
        r#"format = 1
name = "shop"
[stores.orders]
ulr = "sqlite:a.db"
enviroment = "dev"
why = "orders"
"#,
        &expect![[r#"
            d.toml:4:1: unknown key "ulr", did you mean "url"?
            d.toml:5:1: unknown key "enviroment", did you mean "environment"?"#]],
    );
}

#[test]
fn a_password_in_a_url_is_refused_and_not_repeated() {
    check(
        r#"format = 1
name = "shop"
[stores.orders]
url = "postgres://shop:hunter2@localhost/shop"
[stores.cache]
url = "redis://:hunter2@localhost"
[stores.docs]
url = "mongodb://localhost/?password=hunter2"
"#,
        &expect![[r#"
            d.toml:4:7: "url" holds a password; take it out and say where it is kept: secret = "keychain", "env:NAME" or "file:PATH"
            d.toml:6:7: "url" holds a password; take it out and say where it is kept: secret = "keychain", "env:NAME" or "file:PATH"
            d.toml:8:7: "url" holds a password; take it out and say where it is kept: secret = "keychain", "env:NAME" or "file:PATH""#]],
    );
}

#[test]
fn a_password_under_its_own_key_is_refused_and_not_repeated() {
    check(
        r#"format = 1
name = "shop"
[stores.orders]
url = "sqlite:a.db"
password = "hunter2"
"#,
        &expect![[
            r#"d.toml:5:1: "password" has no place in this file; name where it is kept: secret = "keychain", "env:NAME" or "file:PATH""#
        ]],
    );
}

#[test]
fn a_url_has_a_scheme() {
    check(
        r#"format = 1
name = "shop"
[stores.orders]
url = "orders.db"
[stores.cache]
url = "redis://"
"#,
        &expect![[r#"
            d.toml:4:7: "url" does not begin with a scheme; for example "postgres://USER@HOST/DATABASE" or "sqlite:FILE"
            d.toml:6:7: "url" names no place behind its scheme; for example "postgres://USER@HOST/DATABASE""#]],
    );
}

#[test]
fn a_secret_is_named_and_never_written() {
    check(
        r#"format = 1
name = "shop"
[stores.orders]
url = "sqlite:a.db"
secret = "hunter2"
[stores.cache]
url = "sqlite:a.db"
secret = "env:"
[stores.docs]
url = "sqlite:a.db"
secret = "file:"
"#,
        &expect![[r#"
            d.toml:5:10: "secret" says where the secret is, never the secret itself; write "keychain", "env:NAME" or "file:PATH"
            d.toml:8:10: "env:" names no environment variable; write "keychain", "env:NAME" or "file:PATH"
            d.toml:11:10: "file:" names no file; write "keychain", "env:NAME" or "file:PATH""#]],
    );
}

#[test]
fn a_misspelt_keychain_is_suggested() {
    check(
        r#"format = 1
name = "shop"
[stores.orders]
url = "sqlite:a.db"
secret = "keychian"
"#,
        &expect![[
            r#"d.toml:5:10: "secret" says where the secret is, never the secret itself, did you mean "keychain"?"#
        ]],
    );
}

#[test]
fn a_shared_file_runs_no_program() {
    check(
        r#"format = 1
name = "shop"
[stores.orders]
url = "sqlite:a.db"
secret = "cmd:pass show shop"
"#,
        &expect![[
            r#"d.toml:5:10: "cmd:" is allowed only in the user's own profile file; a deployment file comes from others, and must not run programs"#
        ]],
    );
}

#[test]
fn an_environment_is_one_of_three() {
    check(
        r#"format = 1
name = "shop"
[stores.orders]
url = "sqlite:a.db"
environment = "prod"
[stores.cache]
url = "sqlite:b.db"
environment = "stagin"
"#,
        &expect![[r#"
            d.toml:5:15: "prod" is no value of "environment"; known here are "dev", "staging" and "production"
            d.toml:8:15: "stagin" is no value of "environment", did you mean "staging"?"#]],
    );
}

#[test]
fn access_is_one_of_two() {
    check(
        r#"format = 1
name = "shop"
[stores.orders]
url = "sqlite:a.db"
access = "readwrite"
"#,
        &expect![[
            r#"d.toml:5:10: "readwrite" is no value of "access", did you mean "read-write"?"#
        ]],
    );
}

#[test]
fn the_access_of_a_profile_is_not_overridden() {
    check(
        r#"format = 1
name = "shop"
[stores.orders]
profile = "shop"
environment = "production"
access = "read-write"
"#,
        &expect![[
            r#"d.toml:6:1: "access" is the profile's own; a deployment file may not change it"#
        ]],
    );
}

#[test]
fn a_wrong_type_says_what_was_expected() {
    check(
        r#"format = 1
name = "shop"
[stores.orders]
url = 5432
why = ["a", "b"]
environment = true
secret = 1.5
[stores]
cache = "redis://localhost"
"#,
        &expect![[r#"
            d.toml:4:7: "url" must be a string, found a whole number
            d.toml:5:7: "why" must be a string, found a list
            d.toml:6:15: "environment" must be a string, found a boolean
            d.toml:7:10: "secret" must be a string, found a float
            d.toml:9:9: "cache" must be a table, found a string"#]],
    );
}
