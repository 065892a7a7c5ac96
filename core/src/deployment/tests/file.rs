//! The file as a whole: its syntax, its format, its own keys.

use expect_test::expect;

use super::check;

#[test]
fn an_empty_file_lacks_its_format_and_name() {
    check(
        "",
        &expect![[r#"
        d.toml:1:1: missing key "format"; begin the file with format = 1
        d.toml:1:1: missing key "name""#]],
    );
}

#[test]
fn another_format_is_not_guessed_at() {
    check(
        r#"format = 2
name = "shop"
"#,
        &expect!["d.toml:1:10: format 2 is not known; this version of Parallax reads format = 1"],
    );
}

#[test]
fn the_format_is_a_number() {
    check(
        r#"format = "1"
name = "shop"
"#,
        &expect![[r#"d.toml:1:10: "format" must be a whole number, found a string"#]],
    );
}

#[test]
fn a_misspelt_table_is_suggested() {
    check(
        r#"format = 1
name = "shop"
[store.orders]
url = "sqlite:a.db"
[entites.user]
key = "id"
[[flow]]
from = "a.b"
"#,
        &expect![[r#"
            d.toml:3:2: unknown key "store", did you mean "stores"?
            d.toml:5:2: unknown key "entites", did you mean "entities"?
            d.toml:7:3: unknown key "flow", did you mean "flows"?"#]],
    );
}

#[test]
fn a_key_far_from_any_other_lists_what_is_known() {
    check(
        r#"format = 1
name = "shop"
version = 3
"#,
        &expect![[
            r#"d.toml:3:1: unknown key "version"; known here are "format", "name", "stores", "entities" and "flows""#
        ]],
    );
}

#[test]
fn an_empty_name_is_none() {
    check(
        r#"format = 1
name = " "
"#,
        &expect![[r#"d.toml:2:8: "name" is empty"#]],
    );
}

#[test]
fn every_syntax_error_is_told_at_once() {
    check(
        r#"format = 1
name = shop
[stores.orders
url = "sqlite:a.db"
[stores.cache]
url = "redis://a"
url = "redis://b"
why = "it is
secret =
environment = dev
access = [1
"#,
        &expect![[r#"
            d.toml:2:8: a string must be in quotes
            d.toml:3:15: unclosed table, expected `]`
            d.toml:7:1: duplicate key
            d.toml:8:13: invalid basic string, expected `"`
            d.toml:9:9: a value is missing here
            d.toml:10:15: a string must be in quotes
            d.toml:11:12: unclosed array, expected `]`"#]],
    );
}

#[test]
fn broken_syntax_hides_no_other_mistake_and_makes_none_up() {
    check(
        r#"format = 1
name = 
[stores.orders]
url = "sqlite:a.db"
enviroment = "dev"
[[flows]]
from = "orders.users"
to = "cache.users"
via = "outbx"
"#,
        &expect![[r#"
            d.toml:2:8: a value is missing here
            d.toml:5:1: unknown key "enviroment", did you mean "environment"?
            d.toml:9:7: "outbx" is no value of "via", did you mean "outbox"?"#]],
    );
}

#[test]
fn columns_are_counted_in_characters() {
    check(
        r#"format = 1
name = "shop"
[stores.a]
url = "sqlite:a.db"
why = "für die Öffentlichkeit 東京"
[stores]
b = { why = "für 東京", url = 5 }
"#,
        &expect![[r#"d.toml:7:29: "url" must be a string, found a whole number"#]],
    );
}

#[test]
fn what_should_be_tables_is_not_text() {
    check(
        r#"format = 1
name = "shop"
stores = "orders"
entities = 5
flows = [1, "two"]
"#,
        &expect![[r#"
            d.toml:3:10: "stores" must be a table, found a string
            d.toml:4:12: "entities" must be a table, found a whole number
            d.toml:5:10: "flows" must be a table, found a whole number
            d.toml:5:13: "flows" must be a table, found a string"#]],
    );
}

#[test]
fn lists_of_tables_have_doubled_brackets() {
    check(
        r#"format = 1
name = "shop"
[entities.user]
key = "id"
[entities.user.in]
dataset = "a.b"
[flows]
from = "a.b"
"#,
        &expect![[r#"
            d.toml:5:1: "in" must be a list of tables, found a table; a list of tables is written [[…in]]
            d.toml:7:1: "flows" must be a list of tables, found a table; a list of tables is written [[…flows]]"#]],
    );
}
