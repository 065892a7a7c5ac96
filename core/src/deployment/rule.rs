//! `fields.NAME`: where a representation has a field, and how it is made comparable.

use jiff::tz;

use super::item::Item;
use super::suggest;
use crate::compare::{Cast, Encoding, FieldRule, Lens};
use crate::name::FieldPath;
use crate::store::Precision;

/// What a field's rule may hold.
const KEYS: [&str; 6] = ["path", "from", "scale", "as", "compare", "null"];

/// What `null` may say.
pub(super) const NULLS: [(&str, bool); 1] = [("absent", true)];

/// What `from` may say, besides a time zone.
const ENCODINGS: [(&str, Encoding); 4] = [
    ("unix_s", Encoding::UnixSeconds),
    ("unix_ms", Encoding::UnixMillis),
    ("hex", Encoding::Hex),
    ("base64", Encoding::Base64),
];

/// The same as a hint lists it.
const ENCODING_NAMES: [&str; 5] = ["unix_s", "unix_ms", "hex", "base64", "zone:NAME"];

/// What `as` may say, as a hint lists it.
const CAST_NAMES: [&str; 10] = [
    "int",
    "decimal(S)",
    "float(DIGITS)",
    "text",
    "bool",
    "timestamp(s|ms|us|ns)",
    "date",
    "uuid",
    "json",
    "bytes",
];

/// `exact` is the absence of a lens.
const LENSES: [(&str, Option<Lens>); 5] = [
    ("exact", None),
    ("casefold", Some(Lens::Casefold)),
    ("nfc", Some(Lens::Nfc)),
    ("rtrim", Some(Lens::Rtrim)),
    ("set", Some(Lens::Set)),
];

/// A number is shifted by so many digits at most; more is a slip, and would cost memory without bound.
const FURTHEST_SCALE: i64 = 100;

/// So many digits behind the point at most, for the same reason.
const MOST_PLACES: u32 = 1_000;

/// A 64-bit float has no more significant digits.
const MOST_DIGITS: u32 = 17;

/// Reads one rule: a path, or a table of how the field is found and compared.
pub(super) fn read(item: &Item<'_>) -> Option<FieldRule> {
    if item.is_text() {
        return item.parsed().map(FieldRule::plain);
    }
    if !item.is_table() {
        item.expected("a path or a table", None);
        return None;
    }
    let table = item.open_table()?;
    if table.items().iter().all(|it| !KEYS.contains(&it.name)) {
        note_dotted_name(item);
        return None;
    }
    table.only(&KEYS);
    let path = table.get("path").map(|it| it.parsed());
    let from = table.get("from").and_then(|it| read_encoding(&it));
    let scale = table.get("scale").and_then(|it| read_scale(&it));
    let cast = table.get("as").and_then(|it| read_cast(&it));
    let compare = table.get("compare").and_then(|it| read_lenses(&it));
    let null = table.get("null").and_then(|it| it.choice(&NULLS));
    Some(FieldRule {
        // Without a path, the field has its canonical name here.
        path: path.unwrap_or_else(|| Some(FieldPath::name(item.name)))?,
        from,
        scale: scale.unwrap_or_default(),
        cast,
        compare: compare.unwrap_or_default(),
        null_is_absent: null.unwrap_or_default(),
        precision: None,
    })
}

/// `fields.address.city = "…"` is a table within a table to TOML.
fn note_dotted_name(item: &Item<'_>) {
    let message = format!("the rule of field {:?} says nothing", item.name);
    let hint = "give it a path; a name that holds a dot stands in quotes: fields.\"a.b\"";
    item.notes.add(item.name_at, message, Some(hint.to_owned()));
}

/// Reads how a value is stored where its type does not tell.
fn read_encoding(item: &Item<'_>) -> Option<Encoding> {
    let text = item.text()?;
    if let Some(zone) = text.strip_prefix("zone:") {
        return read_zone(item, zone);
    }
    let found = ENCODINGS.into_iter().find(|(name, _)| *name == text);
    if found.is_none() {
        item.not_one_of(text, &ENCODING_NAMES);
    }
    found.map(|(_, it)| it)
}

/// Reads the zone of times without one, by its name in the time zone database.
fn read_zone(item: &Item<'_>, zone: &str) -> Option<Encoding> {
    let zones = tz::db();
    if zones.get(zone).is_ok() {
        return Some(Encoding::Zone(zone.to_owned()));
    }
    let names: Vec<String> = zones.available().map(|it| it.to_string()).collect();
    let hint = suggest::did_you_mean(zone, names.iter().map(String::as_str));
    let hint = hint.unwrap_or_else(|| "a zone is named as in \"Europe/Berlin\"".to_owned());
    item.wrong_so(format!("unknown time zone {zone:?}"), hint);
    None
}

/// Reads the power of ten that a number is multiplied by.
fn read_scale(item: &Item<'_>) -> Option<i32> {
    let scale = item.integer()?;
    if (-FURTHEST_SCALE..=FURTHEST_SCALE).contains(&scale) {
        return i32::try_from(scale).ok();
    }
    let message = format!("\"scale\" must be from -{FURTHEST_SCALE} to {FURTHEST_SCALE}");
    item.wrong_so(message, "the value is multiplied by ten to this power");
    None
}

/// Reads the form that both sides are brought to.
fn read_cast(item: &Item<'_>) -> Option<Cast> {
    let text = item.text()?;
    let cast = match text.strip_suffix(')').and_then(|it| it.split_once('(')) {
        Some((name, argument)) => cast_with(name, argument),
        None => plain_cast(text),
    };
    if cast.is_none() {
        note_bad_cast(item, text);
    }
    cast
}

/// A form without an argument.
fn plain_cast(name: &str) -> Option<Cast> {
    Some(match name {
        "int" => Cast::Int,
        "text" => Cast::Text,
        "bool" => Cast::Bool,
        "date" => Cast::Date,
        "uuid" => Cast::Uuid,
        "json" => Cast::Json,
        "bytes" => Cast::Bytes,
        _ => return None,
    })
}

/// A form with an argument in parentheses; `None` where the argument is out of its limits.
fn cast_with(name: &str, argument: &str) -> Option<Cast> {
    let number = || argument.parse::<u32>().ok();
    match name {
        "decimal" => number().filter(|it| *it <= MOST_PLACES).map(Cast::Decimal),
        "float" => number()
            .filter(|it| (1..=MOST_DIGITS).contains(it))
            .map(Cast::Float),
        "timestamp" => [
            Precision::Seconds,
            Precision::Millis,
            Precision::Micros,
            Precision::Nanos,
        ]
        .into_iter()
        .find(|it| it.unit() == argument)
        .map(Cast::Timestamp),
        _ => None,
    }
}

/// Notes a form that cannot be read, with advice on the one that was probably meant.
fn note_bad_cast(item: &Item<'_>, text: &str) {
    let name = text.split('(').next().unwrap_or_default();
    let advice = match name {
        "decimal" => {
            format!("give the digits behind the point, 0 to {MOST_PLACES}: \"decimal(2)\"")
        }
        "float" => format!("give the significant digits, 1 to {MOST_DIGITS}: \"float(6)\""),
        "timestamp" => "give the unit, s, ms, us or ns: \"timestamp(ms)\"".to_owned(),
        _ if plain_cast(name).is_some() => format!("write {name:?}, it takes nothing"),
        _ => return item.not_one_of(text, &CAST_NAMES),
    };
    item.wrong_so(format!("{text:?} is no value of \"as\""), advice);
}

/// Reads what is overlooked: one name or a list of them, each once; `exact` stands alone.
fn read_lenses(item: &Item<'_>) -> Option<Vec<Lens>> {
    let items = item.texts()?;
    let mut lenses = Vec::new();
    for (item, text) in &items {
        let lens = item.choice(&LENSES)?;
        if items.len() > 1 && lens.is_none() {
            item.wrong_so(
                "\"exact\" goes with nothing else",
                "take it out of the list",
            );
        } else if lens.is_some_and(|it| lenses.contains(&it)) {
            item.wrong(format!("{text:?} is listed twice in \"compare\""));
        }
        lenses.extend(lens);
    }
    Some(lenses)
}
