use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::*;
use crate::compare::{Cast, Encoding};
use crate::deployment::Presence;
use crate::error::ErrorKind;
use crate::mapping::to_json;
use crate::name::KeyPattern;
use crate::store::{DataModel, FieldShape, Precision, TypeShare};

fn shape(columns: &str) -> Shape {
    let field = |spec: &str| {
        let (name, precision) = match spec.split_once(':') {
            Some((name, "ms")) => (name, Some(Precision::Millis)),
            Some((name, _)) => (name, Some(Precision::Micros)),
            None => (spec, None),
        };
        let types = vec![TypeShare {
            type_name: "text".to_owned(),
            share: 1.0,
        }];
        FieldShape {
            name: name.to_owned(),
            declared: None,
            types,
            precision,
            nullable: true,
        }
    };
    Shape {
        dataset: "s.t".parse().expect("a dataset"),
        model: DataModel::Relational,
        fields: columns.split_whitespace().map(field).collect(),
        key: Vec::new(),
        indices: Vec::new(),
        estimate: None,
        sampled: None,
    }
}

fn sampled(columns: &str) -> Shape {
    Shape {
        sampled: Some(1_000),
        ..shape(columns)
    }
}

fn unread() -> Result<Shape, Error> {
    Err(Error::new(ErrorKind::Unreachable, "read users").because("connection refused"))
}

fn representation(dataset: &str, role: Role, listed: &[(&str, &str)]) -> Representation {
    let plain = |path: &str| FieldRule::plain(path.parse().expect("a path"));
    let fields = listed
        .iter()
        .map(|(name, path)| ((*name).to_owned(), plain(path)));
    Representation {
        dataset: dataset.parse().expect("a dataset"),
        role,
        key: KeyTemplate::Fields(vec![FieldPath::name("id")]),
        fields: fields.collect(),
        ignore: Vec::new(),
        map: MapMode::Automatic,
        version: None,
        presence: Presence::Required,
        filter: None,
        null_is_absent: false,
    }
}

fn truth(fields: &[(&str, &str)]) -> Representation {
    let version = Some(FieldPath::name("updated_at"));
    Representation {
        version,
        ..representation("shop.users", Role::SystemOfRecord, fields)
    }
}

fn copy(fields: &[(&str, &str)]) -> Representation {
    representation("docs.users", Role::Derived, fields)
}

fn entity(representations: Vec<Representation>) -> Entity {
    Entity {
        name: "user".to_owned(),
        key: vec!["id".to_owned()],
        representations,
    }
}

/// A line a representation, a column a field: `=` compared, `~` shown, `-` not mapped.
#[track_caller]
fn check(representations: Vec<Representation>, shapes: &[Result<Shape, Error>], expected: &Expect) {
    let mapping = resolve(&entity(representations), shapes);
    let mut table = String::new();
    for it in &mapping.representations {
        let version = it
            .version
            .as_ref()
            .map_or("none".to_owned(), ToString::to_string);
        let head = format!("{} ({}; version {version})", it.dataset, it.source);
        let fields: Vec<String> = it.fields.iter().map(cell).collect();
        writeln!(table, "{head}\n  {}", fields.join("\n  ")).expect("text");
    }
    expected.assert_eq(&table);
}

fn cell(field: &FieldMapping) -> String {
    match &field.rule {
        None => format!("{} -", field.name),
        Some(rule) => {
            let sign = if field.compared { '=' } else { '~' };
            format!("{} {sign} {} [{rule}]", field.name, rule.path)
        }
    }
}

#[test]
fn fields_of_the_same_name_are_compared_and_the_key_and_version_are_shown() {
    check(
        vec![truth(&[]), copy(&[("email", "mail")])],
        &[
            Ok(shape("id name email updated_at:us")),
            Ok(sampled("id mail name extra updated_at:ms")),
        ],
        &expect![["
            shop.users (declared; version updated_at)
              id ~ id [exact]
              name = name [exact]
              email = email [exact]
              updated_at ~ updated_at [precision us]
            docs.users (a sample of 1000 records; version updated_at)
              id ~ id [exact]
              name = name [exact]
              email = mail [exact]
              updated_at ~ updated_at [precision ms]
        "]],
    );
}

#[test]
fn the_source_renames_its_columns_and_its_key() {
    let mut source = truth(&[("email", "mail"), ("city", "address.city")]);
    source.key = KeyTemplate::Fields(vec![FieldPath::name("user_id")]);
    check(
        vec![source, copy(&[])],
        &[
            Ok(shape("user_id mail address updated_at")),
            Ok(shape("id city email mail")),
        ],
        &expect![["
            shop.users (declared; version updated_at)
              id ~ user_id [exact]
              email = mail [exact]
              address = address [exact]
              city = address.city [exact]
              updated_at ~ updated_at [exact]
            docs.users (declared; version none)
              id ~ id [exact]
              email = email [exact]
              address -
              city = city [exact]
              updated_at -
        "]],
    );
}

#[test]
fn ignored_fields_are_not_mapped_and_the_sources_ignore_reaches_all() {
    let mut source = truth(&[]);
    source.ignore = vec!["secret".to_owned(), "note".to_owned()];
    let mut ignoring = copy(&[("note", "n")]);
    ignoring.ignore = vec!["name".to_owned()];
    check(
        vec![source, ignoring],
        &[
            Ok(shape("id name secret note")),
            Ok(shape("id name secret n")),
        ],
        &expect![["
            shop.users (declared; version updated_at)
              id ~ id [exact]
              name = name [exact]
              secret ~ secret [exact]
              note ~ note [exact]
              updated_at ~ updated_at [exact]
            docs.users (declared; version none)
              id ~ id [exact]
              name -
              secret -
              note = n [exact]
              updated_at -
        "]],
    );
}

#[test]
fn listed_only_turns_the_automatic_part_off() {
    let mut listed = copy(&[("name", "full_name")]);
    listed.map = MapMode::Listed;
    listed.version = Some("meta.at".parse().expect("a path"));
    check(
        vec![truth(&[]), listed],
        &[
            Ok(shape("id name email updated_at")),
            Ok(shape("id full_name email updated_at meta")),
        ],
        &expect![["
            shop.users (declared; version updated_at)
              id ~ id [exact]
              name = name [exact]
              email = email [exact]
              updated_at ~ updated_at [exact]
            docs.users (declared; version meta.at)
              id ~ id [exact]
              name = full_name [exact]
              email -
              updated_at ~ meta.at [exact]
        "]],
    );
}

#[test]
fn what_is_listed_is_compared_even_if_it_is_the_key_the_version_or_a_meta_field() {
    let listed = copy(&[("id", "_id"), ("updated_at", "at"), ("ttl", "@ttl_ms")]);
    check(
        vec![truth(&[]), listed],
        &[Ok(shape("id updated_at ttl")), Ok(shape("_id at"))],
        &expect![["
            shop.users (declared; version updated_at)
              id ~ id [exact]
              updated_at ~ updated_at [exact]
              ttl = ttl [exact]
            docs.users (declared; version at)
              id = _id [exact]
              updated_at = at [exact]
              ttl = @ttl_ms [exact]
        "]],
    );
}

#[test]
fn a_listed_name_that_the_source_lacks_is_kept_at_the_end() {
    check(
        vec![truth(&[]), copy(&[("nick", "n")]), copy(&[])],
        &[
            Ok(shape("id name")),
            Ok(shape("id n")),
            Ok(shape("id nick")),
        ],
        &expect![["
            shop.users (declared; version updated_at)
              id ~ id [exact]
              name = name [exact]
              updated_at ~ updated_at [exact]
              nick -
            docs.users (declared; version none)
              id ~ id [exact]
              name -
              updated_at -
              nick = n [exact]
            docs.users (declared; version none)
              id ~ id [exact]
              name -
              updated_at -
              nick -
        "]],
    );
}

#[test]
fn a_key_pattern_shows_the_whole_key_and_meta_fields_do_not_count() {
    let mut cache = copy(&[]);
    cache.key = KeyTemplate::Pattern(KeyPattern::parse("user:{id}").expect("a pattern"));
    check(
        vec![truth(&[]), cache],
        &[
            Ok(shape("id name @version")),
            Ok(sampled("name @version @ttl_ms")),
        ],
        &expect![["
            shop.users (declared; version updated_at)
              id ~ id [exact]
              name = name [exact]
              @version ~ @version [exact]
              updated_at ~ updated_at [exact]
            docs.users (a sample of 1000 records; version none)
              id ~ @key [exact]
              name = name [exact]
              @version ~ @version [exact]
              updated_at -
        "]],
    );
}

#[test]
fn without_a_shape_only_listed_fields_are_compared() {
    check(
        vec![truth(&[]), copy(&[("email", "mail")])],
        &[Ok(shape("id name email")), unread()],
        &expect![["
            shop.users (declared; version updated_at)
              id ~ id [exact]
              name = name [exact]
              email = email [exact]
              updated_at ~ updated_at [exact]
            docs.users (unknown: could not read users: connection refused; version none)
              id ~ id [exact]
              name -
              email = mail [exact]
              updated_at -
        "]],
    );
}

#[test]
fn without_the_sources_shape_the_listed_fields_of_all_are_compared() {
    check(
        vec![
            truth(&[("name", "full_name")]),
            copy(&[("email", "mail")]),
            copy(&[("city", "address.city")]),
        ],
        &[
            unread(),
            Ok(shape("id mail name")),
            Ok(shape("id address email")),
        ],
        &expect![["
            shop.users (unknown: could not read users: connection refused; version updated_at)
              id ~ id [exact]
              name = full_name [exact]
              updated_at ~ updated_at [exact]
              email = email [exact]
              city = city [exact]
            docs.users (declared; version none)
              id ~ id [exact]
              name = name [exact]
              updated_at -
              email = mail [exact]
              city -
            docs.users (declared; version none)
              id ~ id [exact]
              name -
              updated_at -
              email -
              city = address.city [exact]
        "]],
    );
}

#[test]
fn rules_take_over_the_representations_null_and_the_declared_precision() {
    let mut nulls = copy(&[]);
    nulls.null_is_absent = true;
    check(
        vec![truth(&[]), nulls],
        &[Ok(shape("id at:us")), Ok(shape("id at:ms"))],
        &expect![["
            shop.users (declared; version updated_at)
              id ~ id [exact]
              at = at [precision us]
              updated_at ~ updated_at [exact]
            docs.users (declared; version none)
              id ~ id [null = absent]
              at = at [precision ms, null = absent]
              updated_at -
        "]],
    );
}

#[test]
fn as_json_a_mapping_says_path_and_rule_of_each_field() {
    let mut listed = copy(&[("born", "b")]);
    for (_, rule) in &mut listed.fields {
        rule.from = Some(Encoding::UnixSeconds);
        rule.cast = Some(Cast::Date);
    }
    let mapping = resolve(
        &entity(vec![truth(&[]), listed]),
        &[Ok(shape("id born")), Ok(shape("id b"))],
    );
    expect![[r#"{"fields":["id","born","updated_at"],"representations":[{"dataset":"shop.users","source":"declared","version":"updated_at","fields":[{"name":"id","path":"id","rule":"exact","compared":false},{"name":"born","path":"born","rule":"exact","compared":true},{"name":"updated_at","path":"updated_at","rule":"exact","compared":false}]},{"dataset":"docs.users","source":"declared","version":null,"fields":[{"name":"id","path":"id","rule":"exact","compared":false},{"name":"born","path":"b","rule":"unix_s, as date","compared":true},{"name":"updated_at","path":null,"rule":null,"compared":false}]}]}"#]].assert_eq(&to_json(&mapping).to_string());
}
