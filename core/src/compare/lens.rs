//! Seeing two values through `compare`: what is taken for equal beyond the exact.

use caseless::Caseless as _;
use unicode_normalization::UnicodeNormalization as _;

use super::Lens;
use crate::canonical;
use crate::value::Value;

/// The value as the lenses show it; text within lists and maps too, names of members not.
///
/// Each lens is idempotent, and their order in the rule does not matter. `casefold` is the full case folding of the
/// Unicode Standard (section 3.13, `toCasefold`); with `nfc` it is canonical caseless matching (D145), which decomposes
/// before it folds. `rtrim` takes the blanks U+0020 off the end, as `CHAR(n)` pads. `set` sorts lists and keeps how
/// often an item occurs: `[a, a, b]` is not `[a, b]`.
pub(super) fn apply(value: Value, lenses: &[Lens]) -> Value {
    match value {
        Value::Text(text) => Value::Text(seen(text, lenses)),
        Value::List(items) => list(items, lenses),
        Value::Map(members) => {
            let members = members.into_iter();
            Value::Map(
                members
                    .map(|(name, it)| (name, apply(it, lenses)))
                    .collect(),
            )
        }
        other => other,
    }
}

/// Looks at each item through the lenses; as a set, items are sorted by their bytes and duplicates are dropped.
fn list(items: Vec<Value>, lenses: &[Lens]) -> Value {
    let mut items: Vec<Value> = items.into_iter().map(|it| apply(it, lenses)).collect();
    if lenses.contains(&Lens::Set) {
        items.sort_by_cached_key(|it| canonical::bytes(Some(it)));
    }
    Value::List(items)
}

/// Looks at text. Case is folded before composing again: some letters decompose only when folded.
fn seen(text: String, lenses: &[Lens]) -> String {
    let letters = text.chars();
    let text = match (
        lenses.contains(&Lens::Casefold),
        lenses.contains(&Lens::Nfc),
    ) {
        (false, false) => text,
        (true, false) => letters.default_case_fold().collect(),
        (false, true) => letters.nfc().collect(),
        (true, true) => letters.nfd().default_case_fold().nfc().collect(),
    };
    if lenses.contains(&Lens::Rtrim) {
        text.trim_end_matches(' ').to_owned()
    } else {
        text
    }
}
