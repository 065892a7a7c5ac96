//! Values as they are written in the shell: documents, lists, literals, calls of types, and parameters.

use mongodb::bson::{Bson, Document};
use parallax_core::error::{Error, Result};
use parallax_core::value::Value;

use super::super::literal;
use super::lexer::{Kind, Place, Token, tokens};
use super::{extended, functions};

/// How deep values may nest; servers take 100 levels.
const MAX_DEPTH: usize = 100;

/// Reads a condition that limits a dataset: one document.
///
/// Fails with [`ErrorKind::InvalidInput`], saying line and column.
pub(in super::super) fn filter(text: &str) -> Result<Document> {
    let mut reader = Reader::new(text, &[])?;
    let place = reader.place();
    let value = reader.value(0)?;
    if !reader.is_at_end() {
        return Err(reader.unexpected("nothing more behind the document"));
    }
    match value {
        Bson::Document(it) => Ok(it),
        _ => Err(place
            .bad("a condition is one document")
            .hint("for example { deleted: { $ne: true } }")),
    }
}

/// Goes through the tokens of a text.
pub(super) struct Reader<'p> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    parameters: &'p [(String, Value)],
    /// The last one, which stays.
    end: Token,
}

impl<'p> Reader<'p> {
    pub(super) fn new(text: &str, parameters: &'p [(String, Value)]) -> Result<Self> {
        let tokens = tokens(text)?;
        let end = tokens.last().cloned().expect("a text has an end");
        Ok(Self {
            tokens: tokens.into_iter().peekable(),
            parameters,
            end,
        })
    }

    pub(super) fn peek(&mut self) -> &Token {
        self.tokens.peek().unwrap_or(&self.end)
    }

    pub(super) fn take(&mut self) -> Token {
        self.tokens.next().unwrap_or_else(|| self.end.clone())
    }

    pub(super) fn place(&mut self) -> Place {
        self.peek().place
    }

    pub(super) fn is_at_end(&mut self) -> bool {
        self.peek().kind == Kind::End
    }

    /// Whether this sign comes next.
    pub(super) fn sees(&mut self, sign: char) -> bool {
        self.peek().kind == Kind::Sign(sign)
    }

    /// Takes this sign, if it comes next.
    pub(super) fn takes(&mut self, sign: char) -> bool {
        let sees = self.sees(sign);
        if sees {
            self.take();
        }
        sees
    }

    /// Takes this sign, which must come next.
    pub(super) fn expect(&mut self, sign: char) -> Result<()> {
        if self.takes(sign) {
            return Ok(());
        }
        Err(self.unexpected(&format!("`{sign}`")))
    }

    /// An error: something else was expected than what comes next.
    pub(super) fn unexpected(&mut self, expected: &str) -> Error {
        let token = self.peek();
        let found = match &token.kind {
            Kind::Sign(it) => format!("`{it}`"),
            Kind::Word(it) | Kind::Number(it) => format!("`{it}`"),
            Kind::Text(_) => "text".to_owned(),
            Kind::Regex(..) => "a pattern".to_owned(),
            Kind::Parameter(it) => format!("the parameter {it:?}"),
            Kind::End => "the end".to_owned(),
        };
        token
            .place
            .bad(format!("expected {expected}, found {found}"))
    }

    /// One value; `depth` is how deep it stands.
    pub(super) fn value(&mut self, depth: usize) -> Result<Bson> {
        let place = self.place();
        if depth > MAX_DEPTH {
            return Err(place.bad(format!("it nests deeper than {MAX_DEPTH} levels")));
        }
        match self.take().kind {
            Kind::Sign('{') => self.document(place, depth),
            Kind::Sign('[') => self.items(']', depth).map(Bson::Array),
            Kind::Text(it) => Ok(Bson::String(it)),
            Kind::Number(it) => number(&it, place),
            Kind::Sign(sign @ ('-' | '+')) => self.signed(sign, place),
            Kind::Regex(pattern, options) => literal::regex(&pattern, &options)
                .ok_or_else(|| place.bad("a pattern holds no NUL")),
            Kind::Parameter(name) => self.parameter(&name, place),
            Kind::Word(word) => self.word(&word, place, depth),
            Kind::Sign(_) | Kind::End => Err(place.bad("expected a value")),
        }
    }

    /// Values between commas, up to the closing sign; one comma behind the last does no harm.
    pub(super) fn items(&mut self, close: char, depth: usize) -> Result<Vec<Bson>> {
        let mut items = Vec::new();
        loop {
            if self.takes(close) {
                return Ok(items);
            }
            items.push(self.value(depth + 1)?);
            if !self.sees(close) && !self.takes(',') {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
        }
    }

    fn document(&mut self, open: Place, depth: usize) -> Result<Bson> {
        let mut document = Document::new();
        loop {
            if self.takes('}') {
                return extended::read(document, open);
            }
            let place = self.place();
            let name = self.name()?;
            self.expect(':')?;
            let value = self.value(depth + 1)?;
            if name.contains('\0') {
                return Err(place.bad("a name holds no NUL"));
            }
            if document.contains_key(&name) {
                return Err(place
                    .bad(format!("the name {name:?} stands twice in one document"))
                    .hint("the server would look at one of the two only; join conditions with $and: [ … ]"));
            }
            document.insert(name, value);
            if !self.sees('}') && !self.takes(',') {
                return Err(self.unexpected("`,` or `}`"));
            }
        }
    }

    /// The name of a member, with or without quotes.
    fn name(&mut self) -> Result<String> {
        match &self.peek().kind {
            Kind::Word(it) | Kind::Text(it) | Kind::Number(it) => {
                let name = it.clone();
                self.take();
                Ok(name)
            }
            Kind::Parameter(_) => Err(self
                .place()
                .bad("a parameter stands for a value, not for a name")),
            _ => Err(self.unexpected("a name")),
        }
    }

    fn signed(&mut self, sign: char, place: Place) -> Result<Bson> {
        let minus = if sign == '-' { "-" } else { "" };
        match self.take().kind {
            Kind::Number(it) => number(&format!("{minus}{it}"), place),
            Kind::Word(it) if it == "Infinity" => {
                let infinity = if sign == '-' {
                    f64::NEG_INFINITY
                } else {
                    f64::INFINITY
                };
                Ok(Bson::Double(infinity))
            }
            _ => Err(place.bad(format!("`{sign}` stands before a number"))),
        }
    }

    fn parameter(&mut self, name: &str, place: Place) -> Result<Bson> {
        let found = self.parameters.iter().find(|(it, _)| it == name);
        match found {
            Some((_, value)) => literal::bson(value),
            None => Err(place
                .bad(format!("the parameter {name:?} has no value"))
                .hint(format!("give it one: --param {name}=VALUE"))),
        }
    }

    /// A literal, or a call that makes a value of a type.
    fn word(&mut self, word: &str, place: Place, depth: usize) -> Result<Bson> {
        Ok(match word {
            "true" => Bson::Boolean(true),
            "false" => Bson::Boolean(false),
            "null" => Bson::Null,
            "undefined" => Bson::Undefined,
            "NaN" => Bson::Double(f64::NAN),
            "Infinity" => Bson::Double(f64::INFINITY),
            "new" => {
                let place = self.place();
                match self.take().kind {
                    Kind::Word(it) => return self.word(&it, place, depth),
                    _ => return Err(place.bad("`new` stands before the name of a type")),
                }
            }
            name => {
                functions::check(name, place)?;
                if !self.takes('(') {
                    return functions::bare(name)
                        .ok_or_else(|| self.unexpected(&format!("`(` behind {name}")));
                }
                let arguments = self.items(')', depth)?;
                functions::call(name, &arguments, place)?
            }
        })
    }
}

/// A whole number is an int32 where it fits one, else an int64; with a point or an exponent it is a double.
fn number(text: &str, place: Place) -> Result<Bson> {
    if let Ok(whole) = text.parse::<i64>() {
        return Ok(literal::integer(whole));
    }
    let is_plain = text
        .bytes()
        .all(|it| matches!(it, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
    let is_whole = is_plain && !text.contains(['.', 'e', 'E']);
    match text.parse::<f64>() {
        Ok(_) if is_whole => Err(place
            .bad(format!("{text} does not fit 64 bits"))
            .hint(format!(
                "write it as NumberDecimal(\"{text}\"), which is exact, or as {text}.0"
            ))),
        Ok(number) if is_plain && number.is_finite() => Ok(Bson::Double(number)),
        _ => Err(place.bad(format!("{text:?} is no number"))),
    }
}

#[cfg(test)]
mod tests {
    use mongodb::bson::oid::ObjectId;
    use mongodb::bson::{DateTime, Timestamp, doc};
    use parallax_core::error::ErrorKind;

    use super::*;

    #[track_caller]
    fn read(text: &str) -> Bson {
        let parameters = [("id".to_owned(), Value::I64(7))];
        let mut reader = Reader::new(text, &parameters).expect("tokens");
        let value = reader.value(0).expect("a value");
        assert!(reader.is_at_end(), "{text}");
        value
    }

    fn id() -> ObjectId {
        ObjectId::parse_str("507f1f77bcf86cd799439011").expect("an id")
    }

    #[test]
    fn documents_are_written_as_in_the_shell() {
        assert_eq!(
            read("{a: 1, 'b.c': [1.5, -2, ], \"d\": null, e: {{id}}, $f: /x/i, 0: true,} "),
            Bson::Document(doc! {
                "a": 1, "b.c": [1.5, -2], "d": null, "e": 7,
                "$f": literal::regex("x", "i").expect("a pattern"), "0": true,
            })
        );
        assert_eq!(read("5000000000"), Bson::Int64(5_000_000_000));
        assert_eq!(read("-9223372036854775808"), Bson::Int64(i64::MIN));
        assert_eq!(read("-Infinity"), Bson::Double(f64::NEG_INFINITY));
        assert_eq!(
            read("-0.0").as_f64().map(f64::to_bits),
            Some((-0.0_f64).to_bits())
        );
        assert_eq!(read("1e3"), Bson::Double(1000.0));
    }

    #[test]
    fn types_are_called_as_in_the_shell() {
        let date = Bson::DateTime(DateTime::from_millis(1_706_702_400_000));
        for (text, expected) in [
            ("ObjectId('507f1f77bcf86cd799439011')", Bson::ObjectId(id())),
            ("ISODate('2024-01-31T12:00:00Z')", date.clone()),
            ("new Date(\"2024-01-31T13:00:00.000+01:00\")", date.clone()),
            ("new Date(1706702400000)", date),
            ("NumberLong('42')", Bson::Int64(42)),
            ("NumberLong(42)", Bson::Int64(42)),
            ("NumberInt(42)", Bson::Int32(42)),
            ("Double(42)", Bson::Double(42.0)),
            (
                "NumberDecimal('1.50')",
                Bson::Decimal128("1.50".parse().expect("one")),
            ),
            (
                "UUID('6ba7b810-9dad-11d1-80b4-00c04fd430c8')",
                literal::uuid(&"6ba7b810-9dad-11d1-80b4-00c04fd430c8".parse().expect("one")),
            ),
            ("BinData(3, 'AQI=')", literal::binary(3, vec![1, 2])),
            ("HexData(0, '0102')", literal::binary(0, vec![1, 2])),
            (
                "Timestamp(5, 6)",
                Bson::Timestamp(Timestamp {
                    time: 5,
                    increment: 6,
                }),
            ),
            (
                "Timestamp({t: 5, i: 6})",
                Bson::Timestamp(Timestamp {
                    time: 5,
                    increment: 6,
                }),
            ),
            ("MinKey", Bson::MinKey),
            ("MaxKey()", Bson::MaxKey),
            (
                "RegExp('a', 'i')",
                literal::regex("a", "i").expect("a pattern"),
            ),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn extended_json_is_read_in_both_its_forms() {
        for (text, expected) in [
            (
                r#"{"$oid":"507f1f77bcf86cd799439011"}"#,
                Bson::ObjectId(id()),
            ),
            (
                r#"{"$date":"2024-01-31T12:00:00Z"}"#,
                Bson::DateTime(DateTime::from_millis(1_706_702_400_000)),
            ),
            (
                r#"{"$date":{"$numberLong":"-1"}}"#,
                Bson::DateTime(DateTime::from_millis(-1)),
            ),
            (r#"{"$numberInt":"5"}"#, Bson::Int32(5)),
            (r#"{"$numberLong":"5"}"#, Bson::Int64(5)),
            (
                r#"{"$numberDouble":"-Infinity"}"#,
                Bson::Double(f64::NEG_INFINITY),
            ),
            (
                r#"{"$numberDecimal":"1.50"}"#,
                Bson::Decimal128("1.50".parse().expect("one")),
            ),
            (
                r#"{"$binary":{"base64":"AQI=","subType":"80"}}"#,
                literal::binary(0x80, vec![1, 2]),
            ),
            (
                r#"{"$timestamp":{"t":5,"i":6}}"#,
                Bson::Timestamp(Timestamp {
                    time: 5,
                    increment: 6,
                }),
            ),
            (
                r#"{"$regularExpression":{"pattern":"a","options":""}}"#,
                literal::regex("a", "").expect("one"),
            ),
            (r#"{"$minKey":1}"#, Bson::MinKey),
            (r#"{"$undefined":true}"#, Bson::Undefined),
            (r#"{"$symbol":"s"}"#, Bson::Symbol("s".to_owned())),
            (r#"{"$code":"f"}"#, Bson::JavaScriptCode("f".to_owned())),
            // Operators of queries stay what they are.
            (
                r#"{"$regex":"a","$options":"i"}"#,
                Bson::Document(doc! { "$regex": "a", "$options": "i" }),
            ),
            (r#"{"$gt":5}"#, Bson::Document(doc! { "$gt": 5 })),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_a_way_out() {
        for (text, place, hint) in [
            ("{a: 1\n b: 2}", "line 2, column 2", ""),
            ("{a: 1, a: 2}", "line 1, column 8", "$and"),
            ("{a: ObjectID('x')}", "line 1, column 5", "ObjectId"),
            ("{a: ObjectId('x')}", "line 1, column 5", ""),
            ("{a: {{other}}}", "line 1, column 5", "--param other"),
            ("{ {{id}}: 1}", "line 1, column 3", ""),
            ("99999999999999999999", "line 1, column 1", "NumberDecimal"),
            ("{$oid: 5}", "line 1, column 1", ""),
            ("ISODate('yesterday')", "line 1, column 1", ""),
            ("NumberInt(5000000000)", "line 1, column 1", ""),
            ("0x1f", "line 1, column 1", ""),
            ("{a: }", "line 1, column 5", ""),
        ] {
            let parameters = [("id".to_owned(), Value::I64(7))];
            let read = Reader::new(text, &parameters).and_then(|mut it| it.value(0));
            let error = read.expect_err(text);
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{error}");
            assert!(error.to_string().contains(place), "{text}: {error}");
            assert!(error.hint.unwrap_or_default().contains(hint), "{text}");
        }
    }

    #[test]
    fn text_that_nests_absurdly_is_refused() {
        for text in [
            "[".repeat(100_000),
            "{a:".repeat(100_000),
            "NumberInt(".repeat(100_000),
        ] {
            assert!(
                Reader::new(&text, &[])
                    .and_then(|mut it| it.value(0))
                    .is_err()
            );
        }
    }
}
