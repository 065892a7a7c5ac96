//! The words and signs of the shell's language, with their places.

use parallax_core::error::{Error, ErrorKind, Result};

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A sign, such as one of `{ } [ ] ( ) , : . ; - +`.
    Sign(char),
    /// A name.
    Word(String),
    /// Text in quotes, read.
    Text(String),
    /// A number without its sign, as it is written.
    Number(String),
    /// A pattern between slashes and its options.
    Regex(String, String),
    /// `{{name}}`.
    Parameter(String),
    /// Behind the last.
    End,
}

/// A token and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) place: Place,
    /// Whether a line ends between the token before and this one.
    pub(super) begins_line: bool,
}

/// A line and a column, each from 1; columns count letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Place {
    pub(in super::super) line: usize,
    pub(in super::super) column: usize,
}

impl Place {
    /// An error about what stands here.
    pub(in super::super) fn bad(self, why: impl std::fmt::Display) -> Error {
        let Self { line, column } = self;
        let operation = format!("read the statement at line {line}, column {column}");
        Error::new(ErrorKind::InvalidInput, operation).because(why)
    }
}

/// Reads a text into tokens; the last is [`Kind::End`].
///
/// Comments are `//…` and `/*…*/`. Fails with [`ErrorKind::InvalidInput`], saying line and column.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut lexer = Lexer {
        rest: text,
        place: Place { line: 1, column: 1 },
    };
    let mut tokens = Vec::new();
    loop {
        let line = lexer.place.line;
        lexer.skip_blanks()?;
        let begins_line = tokens.is_empty() || lexer.place.line > line;
        let place = lexer.place;
        let kind = lexer.token()?;
        let is_last = kind == Kind::End;
        tokens.push(Token {
            kind,
            place,
            begins_line,
        });
        if is_last {
            return Ok(tokens);
        }
    }
}

struct Lexer<'t> {
    rest: &'t str,
    place: Place,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let mut letters = self.rest.chars();
        let letter = letters.next()?;
        self.rest = letters.as_str();
        if letter == '\n' {
            self.place.line += 1;
            self.place.column = 1;
        } else {
            self.place.column += 1;
        }
        Some(letter)
    }

    /// Takes letters as long as they are `of` a kind.
    fn take_while(&mut self, of: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(letter) = self.peek().filter(|it| of(*it)) {
            taken.push(letter);
            self.take();
        }
        taken
    }

    fn skip_blanks(&mut self) -> Result<()> {
        loop {
            let place = self.place;
            if self.rest.starts_with("//") {
                self.take_while(|it| it != '\n');
            } else if let Some(rest) = self.rest.strip_prefix("/*") {
                if !rest.contains("*/") {
                    return Err(place.bad("the comment is not closed"));
                }
                self.take();
                self.take();
                while !self.rest.starts_with("*/") {
                    self.take();
                }
                self.take();
                self.take();
            } else if self.peek().is_some_and(is_blank) {
                self.take();
            } else {
                return Ok(());
            }
        }
    }

    fn token(&mut self) -> Result<Kind> {
        let Some(letter) = self.peek() else {
            return Ok(Kind::End);
        };
        match letter {
            '{' if self.rest.starts_with("{{") => self.parameter(),
            '"' | '\'' | '`' => self.text(letter).map(Kind::Text),
            '/' => self.regex(),
            '0'..='9' => Ok(self.number()),
            _ if is_name(letter) => Ok(Kind::Word(self.take_while(is_name))),
            // Signs without a meaning too: what was expected in their place is told later.
            _ => {
                self.take();
                Ok(Kind::Sign(letter))
            }
        }
    }

    fn parameter(&mut self) -> Result<Kind> {
        let place = self.place;
        let name = parameter(self.rest).ok_or_else(|| {
            place
                .bad("two braces begin a parameter, {{name}}")
                .hint("put a space between two braces that are no parameter")
        })?;
        let (length, name) = (name.chars().count() + 4, name.trim().to_owned());
        for _ in 0..length {
            self.take();
        }
        Ok(Kind::Parameter(name))
    }

    fn number(&mut self) -> Kind {
        let mut number = self.take_while(|it| it.is_ascii_alphanumeric());
        let mut behind = self.rest.chars();
        if behind.next() == Some('.') && behind.next().is_some_and(|it| it.is_ascii_digit()) {
            self.take();
            number.push('.');
            number.push_str(&self.take_while(|it| it.is_ascii_alphanumeric()));
        }
        if number.ends_with(['e', 'E']) && matches!(self.peek(), Some('-' | '+')) {
            number.extend(self.take());
            number.push_str(&self.take_while(|it| it.is_ascii_digit()));
        }
        Kind::Number(number)
    }

    fn regex(&mut self) -> Result<Kind> {
        let place = self.place;
        self.take();
        let (mut pattern, mut in_class) = (String::new(), false);
        loop {
            match self.take() {
                None | Some('\n') => return Err(place.bad("the pattern is not closed by a `/`")),
                Some('/') if !in_class => break,
                Some('\\') => match self.take() {
                    // The slash needs its escape here only.
                    Some('/') => pattern.push('/'),
                    escaped => {
                        pattern.push('\\');
                        pattern.extend(escaped);
                    }
                },
                Some(letter) => {
                    in_class = (in_class || letter == '[') && letter != ']';
                    pattern.push(letter);
                }
            }
        }
        let options = self.take_while(|it| it.is_ascii_alphabetic());
        Ok(Kind::Regex(pattern, options))
    }

    fn text(&mut self, quote: char) -> Result<String> {
        let place = self.place;
        self.take();
        let mut text = String::new();
        loop {
            if let Some(name) = parameter(self.rest) {
                let why = format!("the parameter {:?} stands in quotes", name.trim());
                return Err(self.place.bad(why).hint(
                    "a parameter is a whole value: write {{name}} without quotes; two braces that are none: \\u007b{",
                ));
            }
            match self.take() {
                Some(letter) if letter == quote => return Ok(text),
                Some('\\') => self.escape(place, &mut text)?,
                Some('\n') if quote != '`' => {
                    return Err(place.bad("the quote is not closed in its line"));
                }
                Some(letter) => text.push(letter),
                None => return Err(place.bad("the quote is not closed")),
            }
        }
    }

    fn escape(&mut self, open: Place, text: &mut String) -> Result<()> {
        let place = self.place;
        let Some(letter) = self.take() else {
            return Err(open.bad("the quote is not closed"));
        };
        let bad = || place.bad("an escape is \\uHHHH or \\xHH, with hex digits of a letter");
        match letter {
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            't' => text.push('\t'),
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'v' => text.push('\u{b}'),
            '0' => text.push('\0'),
            '\n' => {}
            'x' => {
                let number = self.hex(2).ok_or_else(bad)?;
                text.extend(char::from_u32(number));
            }
            'u' => text.push(self.unicode().ok_or_else(bad)?),
            other => text.push(other),
        }
        Ok(())
    }

    /// `HHHH`, two of them where the first is half a letter, or `{H…}`.
    fn unicode(&mut self) -> Option<char> {
        if self.peek() == Some('{') {
            self.take();
            let digits = self.take_while(|it| it.is_ascii_hexdigit());
            self.take().filter(|it| *it == '}')?;
            return char::from_u32(u32::from_str_radix(&digits, 16).ok()?);
        }
        let first = self.hex(4)?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        let is_pair = self.take() == Some('\\') && self.take() == Some('u');
        let second = self
            .hex(4)
            .filter(|it| is_pair && (0xdc00..0xe000).contains(it))?;
        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let mut number = 0;
        for _ in 0..digits {
            let digit = self.peek()?.to_digit(16)?;
            self.take();
            number = number * 16 + digit;
        }
        Some(number)
    }
}

fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || letter == '\u{feff}'
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '$')
}

/// The name in `{{name}}`, with the spaces around it.
fn parameter(rest: &str) -> Option<&str> {
    let (name, _) = rest.strip_prefix("{{")?.split_once("}}")?;
    let bare = name.trim();
    let is_name = bare.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_')
        && bare
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || it == '_');
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        let tokens = tokens(text).expect("read");
        tokens.into_iter().map(|it| it.kind).collect()
    }

    #[test]
    fn signs_words_numbers_and_text_are_told_apart() {
        use Kind::{End, Number, Parameter, Regex, Sign, Text, Word};
        assert_eq!(
            kinds("a.b$1({ 'x\\u00e9': -1.5e-3, y: /a\\/[/]b/i, z: {{ id }} }) // end"),
            [
                Word("a".into()),
                Sign('.'),
                Word("b$1".into()),
                Sign('('),
                Sign('{'),
                Text("xé".into()),
                Sign(':'),
                Sign('-'),
                Number("1.5e-3".into()),
                Sign(','),
                Word("y".into()),
                Sign(':'),
                Regex("a/[/]b".into(), "i".into()),
                Sign(','),
                Word("z".into()),
                Sign(':'),
                Parameter("id".into()),
                Sign('}'),
                Sign(')'),
                End,
            ]
        );
        assert_eq!(
            kinds(r#""\ud83d\ude00\x41\u{e9}\0""#)[0],
            Text("😀Aé\0".into())
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, place) in [
            ("a\n  'open", "line 2, column 3"),
            ("/* open", "line 1, column 1"),
            ("a /b", "line 1, column 3"),
            ("'a {{id}}'", "line 1, column 4"),
            (r"'\u12'", "line 1, column 3"),
            ("{{1}}", "line 1, column 1"),
        ] {
            let error = tokens(text).expect_err(text);
            assert_eq!(error.kind, ErrorKind::InvalidInput);
            assert!(error.to_string().contains(place), "{error}");
        }
    }
}
