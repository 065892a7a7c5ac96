//! Why a value cannot be brought to the form in which it is compared.

use crate::value::Value;

/// The longest part of a value that a reason quotes, in characters.
const QUOTED: usize = 40;

/// Why a value cannot be brought to the form in which it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The value is not of that form; the text goes on after "this".
    Malformed(String),
    /// The rule does not say enough to know what the value means; a sentence that says what to declare.
    Undeclared(String),
}

/// `value` is not `form`.
pub(super) fn malformed(value: &Value, form: &str) -> Refusal {
    let text = value.to_string();
    let clipped: String = text.chars().take(QUOTED).collect();
    let dots = if clipped.len() < text.len() {
        "…"
    } else {
        ""
    };
    Refusal::Malformed(match value {
        Value::Text(_) => format!("{:?} is not {form}", clipped + dots),
        _ => format!("{} {clipped}{dots} is not {form}", value.type_name()),
    })
}

/// One side has a zone, and the other has none.
pub(super) fn zoneless() -> Refusal {
    let why = r#"one side keeps a time without its zone: declare from = "zone:…" for it"#;
    Refusal::Undeclared(why.to_owned())
}

/// A number stands where a time is meant.
pub(super) fn unitless() -> Refusal {
    let why = r#"a number does not say from when and in which unit it counts: declare from = "unix_s" or "unix_ms""#;
    Refusal::Undeclared(why.to_owned())
}
