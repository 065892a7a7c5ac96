//! Values from and to JSON, without the loss that a 53-bit reader would bring.

use base64::Engine as _;
use jiter::{Jiter, JiterError, Peek};
use serde_json::{Number, json};

use super::{Decimal, Value};
use crate::error::{Error, ErrorKind, Result};

/// How deep JSON may nest.
pub(crate) const MAX_DEPTH: usize = 128;

/// Whole numbers within this distance of zero are JSON numbers; beyond it, strings.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

impl Value {
    /// Reads JSON text exactly: integers of any size, decimals with their scale, members in order.
    ///
    /// Fails with [`ErrorKind::Unreadable`], saying the line and column, or that it nests deeper than 128 levels.
    pub fn from_json(text: impl AsRef<[u8]>) -> Result<Self> {
        let mut reader = Jiter::new(text.as_ref());
        let read = reader
            .peek()
            .map_err(Unreadable::from)
            .and_then(|it| read(&mut reader, it, MAX_DEPTH))
            .and_then(|it| reader.finish().map(|()| it).map_err(Unreadable::from));
        read.map_err(|it| it.told(&reader))
    }

    /// The value that JSON text is; what cannot be read, or nests deeper than is read, stays of the type `json`, and what
    /// is no text at all stays bytes.
    pub fn of_json(text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref();
        Self::from_json(text).unwrap_or_else(|_| {
            str::from_utf8(text).map_or_else(
                |_| Self::Bytes(text.to_vec()),
                |text| Self::Native {
                    type_name: "json".to_owned(),
                    text: text.to_owned(),
                },
            )
        })
    }

    /// The value as JSON for others to parse: what a 53-bit reader would spoil is a string.
    ///
    /// Integers beyond 2^53, decimals, times, UUIDs and floats that are not finite are strings; bytes are base64.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(it) => json!(it),
            Self::I64(it) if it.unsigned_abs() <= MAX_SAFE_INTEGER => json!(it),
            Self::U64(it) if *it <= MAX_SAFE_INTEGER => json!(it),
            Self::F64(it) => {
                Number::from_f64(*it).map_or_else(|| json!(self.to_string()), Into::into)
            }
            Self::Bytes(it) => json!(base64::engine::general_purpose::STANDARD.encode(it)),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Map(members) => members
                .iter()
                .map(|(name, it)| (name.clone(), it.to_json()))
                .collect(),
            Self::Vector(items) => items.iter().map(|it| json!(it)).collect(),
            _ => json!(self.to_string()),
        }
    }
}

/// Why JSON cannot be read: it is none, it nests deeper than is read, or a number in it is beyond what a decimal holds.
///
/// The reader tells an index; the line and the column are made of it only when the error is told.
enum Unreadable {
    Syntax(JiterError),
    Depth,
    Number(Error),
}

impl From<JiterError> for Unreadable {
    fn from(error: JiterError) -> Self {
        Self::Syntax(error)
    }
}

impl Unreadable {
    /// The error as people see it; `reader` knows in which line and column an index is.
    fn told(self, reader: &Jiter<'_>) -> Error {
        let unreadable = Error::new(ErrorKind::Unreadable, "read JSON");
        match self {
            Self::Depth => unreadable.because("it nests too deep"),
            Self::Number(error) => error,
            Self::Syntax(error) => {
                let (what, at) = (&error.error_type, reader.error_position(error.index));
                unreadable.because(format!("{what} at line {} column {}", at.line, at.column))
            }
        }
    }
}

/// Reads a value that begins as `first`, and nothing behind it; `depth` is how many levels it may still nest.
fn read(reader: &mut Jiter<'_>, first: Peek, depth: usize) -> Result<Value, Unreadable> {
    let inner = depth.checked_sub(1).ok_or(Unreadable::Depth)?;
    Ok(match first {
        Peek::Object => Value::Map(members(reader, inner)?),
        Peek::Array => {
            let mut items = Vec::new();
            let mut next = reader.known_array()?;
            while let Some(first) = next {
                items.push(read(reader, first, inner)?);
                next = reader.array_step()?;
            }
            Value::List(items)
        }
        Peek::String => Value::Text(reader.known_str()?.to_owned()),
        Peek::Null => {
            reader.known_null()?;
            Value::Null
        }
        Peek::True | Peek::False => Value::Bool(reader.known_bool(first)?),
        _ => {
            let text = String::from_utf8_lossy(reader.known_number_bytes(first)?);
            number(&text).map_err(Unreadable::Number)?
        }
    })
}

/// Members in the order of the text; a repeated name keeps its last value, as JSON readers mostly do.
fn members(reader: &mut Jiter<'_>, depth: usize) -> Result<Vec<(String, Value)>, Unreadable> {
    let mut members: Vec<(String, Value)> = Vec::new();
    let mut next = reader.known_object()?.map(str::to_owned);
    while let Some(name) = next {
        let first = reader.peek()?;
        let value = read(reader, first, depth)?;
        match members.iter_mut().find(|(it, _)| *it == name) {
            Some(member) => member.1 = value,
            None => members.push((name, value)),
        }
        next = reader.next_key()?.map(str::to_owned);
    }
    Ok(members)
}

/// Reads a number exactly, however many digits it has; it never becomes a float.
fn number(text: &str) -> Result<Value> {
    if text.contains(['.', 'e', 'E']) {
        return text.parse::<Decimal>().map(Value::Decimal);
    }
    if let Ok(small) = text.parse() {
        return Ok(Value::I64(small));
    }
    let whole = text
        .parse()
        .map_err(|it| Error::new(ErrorKind::Unreadable, "read a JSON number").because(it));
    whole.map(Value::int)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn round(text: &str, expected: &str) {
        assert_eq!(
            Value::from_json(text).expect("JSON").to_json().to_string(),
            expected
        );
    }

    #[test]
    fn what_a_53_bit_reader_would_spoil_is_a_string() {
        round("9007199254740991", "9007199254740991");
        round("9007199254740993", r#""9007199254740993""#);
        round("-18446744073709551616", r#""-18446744073709551616""#);
        round("1.50", r#""1.50""#);
    }

    #[test]
    fn members_keep_their_order() {
        round(r#"{"b":[true,null],"a":{}}"#, r#"{"b":[true,null],"a":{}}"#);
    }

    #[test]
    fn json_that_nests_absurdly_is_unreadable() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Value::from_json(nested(100)).is_ok());
        for depth in [129, 100_000] {
            let error = Value::from_json(nested(depth)).expect_err("an error");
            assert_eq!(error.kind, ErrorKind::Unreadable);
        }
    }

    #[test]
    fn truncated_json_is_unreadable() {
        let error = Value::from_json(r#"{"a":1"#).expect_err("an error");
        assert_eq!(error.kind, ErrorKind::Unreadable);
    }
}
