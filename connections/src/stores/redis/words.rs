//! Commands as they are typed at the store's own prompt: one a line, with quotes, escapes and parameters.

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::value::Value;

use super::keys::bytes_of;

/// One command: its line in the text, from 1, and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) line: usize,
    pub(super) words: Vec<Vec<u8>>,
}

impl Command {
    /// The word at `at` in upper case, as far as it is text.
    pub(super) fn upper(&self, at: usize) -> String {
        let word = self.words.get(at).map(Vec::as_slice).unwrap_or_default();
        String::from_utf8_lossy(word).to_ascii_uppercase()
    }

    /// Whether an argument behind the first `from` words is this one, whatever its case.
    pub(super) fn has(&self, from: usize, word: &str) -> bool {
        let mut rest = self.words.iter().skip(from);
        rest.any(|it| it.eq_ignore_ascii_case(word.as_bytes()))
    }
}

/// Reads the commands of a text, with their parameters filled in.
///
/// `"…"` knows `\n`, `\r`, `\t`, `\a`, `\b`, `\"`, `\\` and `\xHH`; `'…'` knows `\'` only. `{{name}}` stands for a
/// parameter's value, outside single quotes; the value is never split or read again. A line that begins with `#` is a
/// comment. Fails with [`ErrorKind::InvalidInput`], saying the line.
pub(super) fn commands(text: &str, parameters: &[(String, Value)]) -> Result<Vec<Command>> {
    let mut reader = Reader {
        rest: text,
        line: 1,
        parameters,
    };
    let mut commands = Vec::new();
    while !reader.rest.is_empty() {
        let line = reader.line;
        let words = reader.words()?;
        if !words.is_empty() {
            commands.push(Command { line, words });
        }
    }
    if commands.is_empty() {
        return Err(
            Error::new(ErrorKind::InvalidInput, "run the commands").because("the text holds none")
        );
    }
    Ok(commands)
}

struct Reader<'t> {
    rest: &'t str,
    line: usize,
    parameters: &'t [(String, Value)],
}

impl Reader<'_> {
    /// The words up to the end of the line.
    fn words(&mut self) -> Result<Vec<Vec<u8>>> {
        let mut words = Vec::new();
        loop {
            match self.peek() {
                Some('#') if words.is_empty() => self.skip_line(),
                Some(letter) if !letter.is_whitespace() => words.push(self.word()?),
                Some('\n') | None => {
                    self.take();
                    return Ok(words);
                }
                Some(_) => drop(self.take()),
            }
        }
    }

    fn word(&mut self) -> Result<Vec<u8>> {
        let mut word = Vec::new();
        while let Some(letter) = self.peek().filter(|it| !it.is_whitespace()) {
            match letter {
                '"' => {
                    self.double(&mut word)?;
                    break;
                }
                '\'' => {
                    self.single(&mut word)?;
                    break;
                }
                _ => self.letter(&mut word)?,
            }
        }
        match self.peek() {
            Some(letter) if !letter.is_whitespace() => {
                Err(self.bad("a closing quote is not followed by a space"))
            }
            _ => Ok(word),
        }
    }

    /// One letter as it is, or a parameter.
    fn letter(&mut self, word: &mut Vec<u8>) -> Result<()> {
        if let Some(name) = parameter(self.rest) {
            word.extend(self.value(name.trim())?);
            let length = name.len() + 4;
            self.rest = self.rest.split_at_checked(length).map_or("", |it| it.1);
        } else if let Some(letter) = self.take() {
            let mut bytes = [0; 4];
            word.extend_from_slice(letter.encode_utf8(&mut bytes).as_bytes());
        }
        Ok(())
    }

    fn double(&mut self, word: &mut Vec<u8>) -> Result<()> {
        let line = self.line;
        self.take();
        loop {
            match self.peek() {
                None => return Err(open_quote(line)),
                Some('"') => {
                    self.take();
                    return Ok(());
                }
                Some('\\') => {
                    self.take();
                    self.escape(word).ok_or_else(|| open_quote(line))?;
                }
                Some(_) => self.letter(word)?,
            }
        }
    }

    fn escape(&mut self, word: &mut Vec<u8>) -> Option<()> {
        if let Some(byte) = hex(self.rest) {
            word.push(byte);
            self.rest = self.rest.split_at_checked(3)?.1;
            return Some(());
        }
        let letter = self.take()?;
        match letter {
            'n' => word.push(b'\n'),
            'r' => word.push(b'\r'),
            't' => word.push(b'\t'),
            'b' => word.push(8),
            'a' => word.push(7),
            other => word.extend_from_slice(other.to_string().as_bytes()),
        }
        Some(())
    }

    fn single(&mut self, word: &mut Vec<u8>) -> Result<()> {
        let line = self.line;
        self.take();
        loop {
            match self.take() {
                None => return Err(open_quote(line)),
                Some('\'') => return Ok(()),
                Some('\\') if self.peek() == Some('\'') => {
                    self.take();
                    word.push(b'\'');
                }
                Some(letter) => word.extend_from_slice(letter.to_string().as_bytes()),
            }
        }
    }

    fn value(&self, name: &str) -> Result<Vec<u8>> {
        let found = self.parameters.iter().find(|(it, _)| it == name);
        let why = match found {
            Some((_, Value::Null)) => "it is null, and an argument is always text",
            Some((_, value)) => return Ok(bytes_of(value)),
            None => "it has no value",
        };
        Err(Error::new(
            ErrorKind::InvalidInput,
            format!("bind the parameter {name:?} in line {}", self.line),
        )
        .because(why)
        .hint("give the parameter a value, or put the text in single quotes if it is none"))
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let mut letters = self.rest.chars();
        let letter = letters.next()?;
        self.rest = letters.as_str();
        self.line += usize::from(letter == '\n');
        Some(letter)
    }

    fn skip_line(&mut self) {
        let end = self.rest.find('\n').unwrap_or(self.rest.len());
        self.rest = self.rest.split_at_checked(end).map_or("", |it| it.1);
    }

    fn bad(&self, why: &str) -> Error {
        bad(self.line, why)
    }
}

fn bad(line: usize, why: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("read line {line}")).because(why)
}

fn open_quote(line: usize) -> Error {
    bad(line, "a quote is not closed").hint(r#"a quote within quotes is written `\"`"#)
}

/// The name in `{{name}}`, with the spaces around it.
fn parameter(rest: &str) -> Option<&str> {
    let (name, _) = rest.strip_prefix("{{")?.split_once("}}")?;
    let bare = name.trim();
    let is_name = !bare.is_empty() && bare.chars().all(|it| it.is_alphanumeric() || it == '_');
    is_name.then_some(name)
}

/// The byte in `xHH`.
fn hex(rest: &str) -> Option<u8> {
    let digits = rest.strip_prefix('x')?.get(..2)?;
    let all = digits.bytes().all(|it| it.is_ascii_hexdigit());
    all.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

/// A command as one would type it.
pub(super) fn line<A: AsRef<[u8]>>(words: &[A]) -> String {
    let words: Vec<String> = words.iter().map(|it| quoted(it.as_ref())).collect();
    words.join(" ")
}

fn quoted(word: &[u8]) -> String {
    let plain =
        |it: u8| !it.is_ascii_whitespace() && !it.is_ascii_control() && !b"\"'#".contains(&it);
    match std::str::from_utf8(word) {
        Ok(text) if !text.is_empty() && word.iter().all(|it| plain(*it)) => text.to_owned(),
        Ok(text) if !text.chars().any(char::is_control) => {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
        }
        _ => escaped(word),
    }
}

fn escaped(word: &[u8]) -> String {
    let mut text = "\"".to_owned();
    for byte in word {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b'"' | b'\\' => text.extend(['\\', char::from(*byte)]),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Command>> {
        let parameters = [
            ("id".to_owned(), Value::I64(i64::MAX)),
            ("odd".to_owned(), Value::from("a b\"{{id}}\n'")),
            ("raw".to_owned(), Value::Bytes(vec![0, 0xff])),
            ("null".to_owned(), Value::Null),
        ];
        commands(text, &parameters)
    }

    #[track_caller]
    fn check(text: &str, expected: &[&[u8]]) {
        let commands = read(text).expect("commands");
        assert_eq!(commands.len(), 1, "{commands:?}");
        assert_eq!(commands[0].words, expected, "{text}");
    }

    #[test]
    fn words_are_read_as_at_the_prompt() {
        check("  get  a\t", &[b"get", b"a"]);
        check(
            r#"set "a b" "x\n\x41\"\\\q""#,
            &[b"set", b"a b", b"x\nA\"\\q"],
        );
        check(r"set 'a\'b' 'x\n'", &[b"set", b"a'b", b"x\\n"]);
        check(r#"set k"v w" """#, &[b"set", b"kv w", b""]);
        check(r#"set k "\xff\xzz""#, &[b"set", b"k", b"\xffxzz"]);
        check(
            "set größe é",
            &["set".as_bytes(), "größe".as_bytes(), "é".as_bytes()],
        );
        check("get {{ }} {{a", &[b"get", b"{{", b"}}", b"{{a"]);
    }

    #[test]
    fn a_parameter_is_one_piece_whatever_it_holds() {
        check("get {{odd}}", &[b"get", b"a b\"{{id}}\n'"]);
        check(
            "get user:{{id}}:x",
            &[b"get", b"user:9223372036854775807:x"],
        );
        check("get \"k {{ id }}\"", &[b"get", b"k 9223372036854775807"]);
        check("get '{{id}}'", &[b"get", b"{{id}}"]);
        check("set k {{raw}}", &[b"set", b"k", b"\x00\xff"]);
        assert!(read("get {{none}}").is_err());
        assert!(read("get {{null}}").is_err());
    }

    #[test]
    fn each_line_is_a_command_and_knows_its_number() {
        let commands = read("# a comment\nget a\n\n  get \"b\nc\"\nget d").expect("commands");
        let lines: Vec<usize> = commands.iter().map(|it| it.line).collect();
        assert_eq!(lines, [2, 4, 6]);
        assert_eq!(commands[1].words[1], b"b\nc");
    }

    #[test]
    fn a_broken_line_says_which() {
        for (text, line) in [("get a\nget \"b", 2), ("get 'a", 1), ("get \"a\"b", 1)] {
            let error = read(text).expect_err(text);
            assert!(error.operation.ends_with(&line.to_string()), "{error}");
        }
        assert!(read(" \n# only\n").is_err());
    }

    #[test]
    fn a_command_is_written_so_that_it_reads_back() {
        for word in [
            b"plain".as_slice(),
            b"",
            b"a b",
            b"a\"b\\",
            b"a'b",
            b"\n\r\t\x00\xff",
            "größe x".as_bytes(),
            b"#x",
        ] {
            let text = line(&[b"GET".as_slice(), word]);
            let read = commands(&text, &[]).expect("commands");
            assert_eq!(read[0].words[1], word, "{text}");
        }
    }
}
