//! Cypher as tokens: enough to tell text, comments and quoted names from the rest.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bare word: a keyword or a name.
    Word,
    /// A name in backticks.
    Name,
    /// Text in single or double quotes.
    Text,
    /// A number.
    Number,
    /// `{{name}}`, `$name` or `` $`name` ``.
    Parameter,
    /// The end of a statement.
    Semicolon,
    /// Any other sign.
    Sign,
    /// White space or a comment.
    Space,
}

/// One token and its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    /// With quotes and marks.
    pub(super) text: &'t str,
    /// Where it begins, in bytes.
    pub(super) at: usize,
}

impl Token<'_> {
    /// Whether it is this bare word, whatever the case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(super) fn is_sign(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }

    /// The name that it stands for, without quotes and marks.
    pub(super) fn name(&self) -> String {
        let text = match self.kind {
            Kind::Parameter => self.text.trim_matches(['{', '}', '$', ' ']),
            _ => self.text,
        };
        match text.strip_prefix('`').and_then(|it| it.strip_suffix('`')) {
            Some(inside) => inside.replace("``", "`"),
            None => text.to_owned(),
        }
    }

    /// Where it ends, in bytes.
    pub(super) fn end(&self) -> usize {
        self.at + self.text.len()
    }
}

/// Splits `text` into tokens that, put together, are `text` again.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let (kind, length) = next(rest)?;
        let text = rest.get(..length.max(1)).unwrap_or(rest);
        let token = Token { kind, text, at };
        at = token.end();
        Some(token)
    })
}

fn next(rest: &str) -> Option<(Kind, usize)> {
    let mut letters = rest.chars();
    let first = letters.next()?;
    let second = letters.next();
    Some(match first {
        '\'' | '"' => (Kind::Text, text(rest, first)),
        '`' => (Kind::Name, name(rest)),
        '/' if second == Some('/') => (Kind::Space, rest.find('\n').unwrap_or(rest.len())),
        '/' if second == Some('*') => (Kind::Space, block_comment(rest)),
        '{' if second == Some('{') => template(rest),
        '$' if second == Some('`') => (Kind::Parameter, 1 + rest.get(1..).map_or(0, name)),
        '$' if second.is_some_and(is_name_letter) => (
            Kind::Parameter,
            1 + rest.get(1..).map_or(0, |it| run(it, is_name_letter)),
        ),
        ';' => (Kind::Semicolon, 1),
        _ if first.is_whitespace() => (Kind::Space, run(rest, char::is_whitespace)),
        _ if first.is_ascii_digit() => (Kind::Number, run(rest, is_name_letter)),
        _ if is_name_letter(first) => (Kind::Word, run(rest, is_name_letter)),
        _ => (Kind::Sign, first.len_utf8()),
    })
}

fn is_name_letter(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || (!letter.is_ascii() && !letter.is_whitespace())
}

fn run(rest: &str, belongs: impl Fn(char) -> bool) -> usize {
    rest.find(|it| !belongs(it)).unwrap_or(rest.len())
}

/// The length of a quoted text, in which a backslash takes the letter behind it along; to the end where it is not closed.
fn text(rest: &str, quote: char) -> usize {
    let mut letters = rest.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            _ if letter == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a name in backticks, in which a doubled one is one.
fn name(rest: &str) -> usize {
    let mut letters = rest.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '`' && letters.next_if(|(_, it)| *it == '`').is_none() {
            return at + 1;
        }
    }
    rest.len()
}

fn block_comment(rest: &str) -> usize {
    let inside = rest.get(2..).unwrap_or("");
    inside.find("*/").map_or(rest.len(), |it| it + 4)
}

/// `{{name}}`, or a brace where that is not what stands there.
fn template(rest: &str) -> (Kind, usize) {
    let inside = rest.get(2..).unwrap_or("");
    let name = inside.split_once("}}").map(|(it, _)| it);
    match name {
        Some(it) if !it.trim().is_empty() && it.trim().chars().all(is_name_letter) => {
            (Kind::Parameter, it.len() + 4)
        }
        _ => (Kind::Sign, 1),
    }
}

/// A name in backticks, whatever it holds.
pub(super) fn quoted(name: &str) -> String {
    // The server reads this escape even within a name, and so must find it written out.
    let name = name.replace("\\u", "\\u005cu");
    format!("`{}`", name.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        let all: Vec<Token<'_>> = tokens(text).collect();
        let whole: String = all.iter().map(|it| it.text).collect();
        assert_eq!(whole, text);
        let seen = all.iter().filter(|it| it.kind != Kind::Space);
        seen.map(|it| (it.kind, it.text)).collect()
    }

    #[test]
    fn quotes_and_comments_hide_what_they_hold() {
        use Kind::{Name, Semicolon, Sign, Text, Word};
        assert_eq!(
            kinds("a 'it\\'s;' \"x';\" `b``;c` // ;\n/* ; */;"),
            [
                (Word, "a"),
                (Text, "'it\\'s;'"),
                (Text, "\"x';\""),
                (Name, "`b``;c`"),
                (Semicolon, ";"),
            ]
        );
        assert_eq!(kinds("'\\\\';")[1], (Semicolon, ";"));
        assert_eq!(
            kinds("1/2"),
            [(Kind::Number, "1"), (Sign, "/"), (Kind::Number, "2")]
        );
    }

    #[test]
    fn parameters_are_written_in_three_ways() {
        let names: Vec<String> = tokens("$a $`b ``c` {{ d }} '$e' {a:{b:1}} $(f)")
            .filter(|it| it.kind == Kind::Parameter)
            .map(|it| it.name())
            .collect();
        assert_eq!(names, ["a", "b `c", "d"]);
    }

    #[test]
    fn a_name_is_quoted_so_that_it_reads_back() {
        let hostile = "a`) DETACH DELETE n //";
        let quoted = quoted(hostile);
        let all: Vec<Token<'_>> = tokens(&quoted).collect();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].name(), hostile);
    }
}
