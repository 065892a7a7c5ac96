//! Rules of fields: how they are found and compared.

use expect_test::expect;

use super::{check_representation, check_with_stores};

#[test]
fn a_rule_is_a_path_or_a_table() {
    check_representation(
        r#"dataset = "cache.users"
fields.email = 5
fields.name = ""
fields.city = "a..b"
"#,
        &expect![[r#"
            d.toml:22:16: "email" must be a path or a table, found a whole number
            d.toml:23:15: "name" is empty
            d.toml:24:15: cannot read "a..b": a part of it is empty; a part that holds a dot, a space or a quote stands in double quotes, doubled inside"#]],
    );
}

#[test]
fn misspelt_keys_of_a_rule_are_suggested() {
    check_representation(
        r#"dataset = "cache.users"
fields.email = { pth = "mail", as = "text", form = "hex" }
"#,
        &expect![[r#"
            d.toml:22:18: unknown key "pth", did you mean "path"?
            d.toml:22:45: unknown key "form", did you mean "from"?"#]],
    );
}

#[test]
fn a_canonical_name_with_a_dot_stands_in_quotes() {
    check_representation(
        r#"dataset = "cache.users"
fields.address.city = "city"
"#,
        &expect![[
            r#"d.toml:22:8: the rule of field "address" says nothing; give it a path; a name that holds a dot stands in quotes: fields."a.b""#
        ]],
    );
}

#[test]
fn from_names_a_stored_form() {
    check_representation(
        r#"dataset = "cache.users"
fields.born = { path = "born", from = "unix" }
fields.photo = { path = "photo", from = "gzip" }
"#,
        &expect![[r#"
            d.toml:22:39: "unix" is no value of "from"; known here are "unix_s", "unix_ms", "hex", "base64" and "zone:NAME"
            d.toml:23:41: "gzip" is no value of "from"; known here are "unix_s", "unix_ms", "hex", "base64" and "zone:NAME""#]],
    );
}

#[test]
fn a_time_zone_is_one_that_there_is() {
    check_representation(
        r#"dataset = "cache.users"
fields.born = { path = "born", from = "zone:Europe/Berln" }
fields.seen = { path = "seen", from = "zone:" }
"#,
        &expect![[r#"
            d.toml:22:39: unknown time zone "Europe/Berln", did you mean "Europe/Berlin"?
            d.toml:23:39: unknown time zone ""; a zone is named as in "Europe/Berlin""#]],
    );
}

#[test]
fn as_names_a_type() {
    check_representation(
        r#"dataset = "cache.users"
fields.a = { path = "a", as = "integer" }
fields.b = { path = "b", as = "decimal" }
fields.c = { path = "c", as = "decimal(two)" }
fields.d = { path = "d", as = "float(0)" }
fields.e = { path = "e", as = "timestamp(min)" }
fields.f = { path = "f", as = "text(5)" }
fields.g = { path = "g", as = "money" }
"#,
        &expect![[r#"
            d.toml:22:31: "integer" is no value of "as"; known here are "int", "decimal(S)", "float(DIGITS)", "text", "bool", "timestamp(s|ms|us|ns)", "date", "uuid", "json" and "bytes"
            d.toml:23:31: "decimal" is no value of "as"; give the digits behind the point, 0 to 1000: "decimal(2)"
            d.toml:24:31: "decimal(two)" is no value of "as"; give the digits behind the point, 0 to 1000: "decimal(2)"
            d.toml:25:31: "float(0)" is no value of "as"; give the significant digits, 1 to 17: "float(6)"
            d.toml:26:31: "timestamp(min)" is no value of "as"; give the unit, s, ms, us or ns: "timestamp(ms)"
            d.toml:27:31: "text(5)" is no value of "as"; write "text", it takes nothing
            d.toml:28:31: "money" is no value of "as"; known here are "int", "decimal(S)", "float(DIGITS)", "text", "bool", "timestamp(s|ms|us|ns)", "date", "uuid", "json" and "bytes""#]],
    );
}

#[test]
fn a_scale_is_a_small_whole_number() {
    check_representation(
        r#"dataset = "cache.users"
fields.a = { path = "a", scale = 2.5 }
fields.b = { path = "b", scale = 400 }
fields.c = { path = "c", scale = 99999999999999999999 }
"#,
        &expect![[r#"
            d.toml:22:34: "scale" must be a whole number, found a float
            d.toml:23:34: "scale" must be from -100 to 100; the value is multiplied by ten to this power
            d.toml:24:34: "scale" is too large"#]],
    );
}

#[test]
fn compare_is_one_lens_or_a_list() {
    check_representation(
        r#"dataset = "cache.users"
fields.a = { path = "a", compare = "casefolded" }
fields.b = { path = "b", compare = ["nfc", "exact"] }
fields.c = { path = "c", compare = ["nfc", "nfc"] }
fields.d = { path = "d", compare = 5 }
"#,
        &expect![[r#"
            d.toml:22:36: "casefolded" is no value of "compare", did you mean "casefold"?
            d.toml:23:44: "exact" goes with nothing else; take it out of the list
            d.toml:24:44: "nfc" is listed twice in "compare"
            d.toml:25:36: "compare" must be a string or a list of strings, found a whole number"#]],
    );
}

#[test]
fn null_may_only_be_absent() {
    check_representation(
        r#"dataset = "cache.users"
fields.a = { path = "a", null = "empty" }
"#,
        &expect![[r#"d.toml:22:33: "empty" is no value of "null"; only "absent" is known here"#]],
    );
}

#[test]
fn a_name_that_the_system_of_record_does_not_list_is_suggested() {
    check_with_stores(
        r#"[entities.user]
key = "id"
[[entities.user.in]]
dataset = "orders.users"
role = "system-of-record"
map = "listed"
version = "updated_at"
fields.email = "email"
fields.name = "full_name"
[[entities.user.in]]
dataset = "search.users"
fields.emial = "mail"
fields.updated_at = "changed"
ignore = ["full_name"]
"#,
        &expect![[r#"
            d.toml:22:8: the system of record of "user" lists no field "emial", did you mean "email"?
            d.toml:24:11: the system of record of "user" lists no field "full_name"; known here are "id", "email", "name" and "updated_at""#]],
    );
}
