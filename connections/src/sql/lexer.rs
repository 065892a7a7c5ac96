//! SQL as tokens: enough to tell text, comments and names from the rest, in any dialect.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A bare word: a keyword or a name.
    Word,
    /// A name in double quotes, backticks or square brackets.
    Name,
    /// Text in single quotes.
    Text,
    /// A number.
    Number,
    /// `{{name}}`, `:name`, `@name` or `$name`.
    Parameter,
    /// `?` or `?1`.
    Position,
    /// The end of a statement.
    Semicolon,
    /// Any other sign.
    Sign,
    /// White space or a comment.
    Space,
}

/// One token and its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'t> {
    /// What it is.
    pub kind: Kind,
    /// Its text, with quotes and marks.
    pub text: &'t str,
}

impl Token<'_> {
    /// Whether it is this bare word, whatever the case.
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// The bare name of a parameter.
    pub fn parameter(&self) -> &str {
        self.text.trim_matches(['{', '}', ':', '@', '$', ' '])
    }
}

/// Splits `text` into tokens that, put together, are `text` again.
pub fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (kind, length) = next(rest)?;
        let (text, behind) = rest.split_at_checked(length.max(1)).unwrap_or((rest, ""));
        rest = behind;
        Some(Token { kind, text })
    })
}

fn next(rest: &str) -> Option<(Kind, usize)> {
    let mut letters = rest.chars();
    let first = letters.next()?;
    let second = letters.next();
    Some(match first {
        '\'' => (Kind::Text, quoted(rest, '\'')),
        '"' | '`' => (Kind::Name, quoted(rest, first)),
        '[' => bracketed(rest),
        '-' if second == Some('-') => (Kind::Space, rest.find('\n').unwrap_or(rest.len())),
        '/' if second == Some('*') => (Kind::Space, block_comment(rest)),
        '{' if second == Some('{') => template(rest),
        ':' if second == Some(':') => (Kind::Sign, 2),
        ':' | '@' | '$' if second.is_some_and(is_name_letter) => (Kind::Parameter, name(rest, 1)),
        '?' => (Kind::Position, name(rest, 1)),
        ';' => (Kind::Semicolon, 1),
        _ if first.is_whitespace() => (Kind::Space, run(rest, char::is_whitespace)),
        _ if first.is_ascii_digit() => (Kind::Number, number(rest)),
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

/// The length of a mark of `mark` bytes and the name behind it.
fn name(rest: &str, mark: usize) -> usize {
    mark + rest.get(mark..).map_or(0, |it| run(it, is_name_letter))
}

fn number(rest: &str) -> usize {
    run(rest, |it| {
        it.is_ascii_alphanumeric() || it == '.' || it == '_'
    })
}

/// The length of a quoted piece, in which a doubled quote is one; to the end where it is not closed.
fn quoted(rest: &str, quote: char) -> usize {
    let mut letters = rest.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == quote && letters.next_if(|(_, it)| *it == quote).is_none() {
            return at + 1;
        }
    }
    rest.len()
}

/// A name in square brackets, or the sign `[` of an array index where nothing closes it or a number stands inside.
fn bracketed(rest: &str) -> (Kind, usize) {
    let inside = rest.get(1..).unwrap_or("");
    match inside.find(']') {
        Some(end) if !inside.starts_with(|it: char| it.is_ascii_digit()) => (Kind::Name, end + 2),
        _ => (Kind::Sign, 1),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn kinds(text: &str, expected: &[(Kind, &str)]) {
        let all: Vec<Token<'_>> = tokens(text).collect();
        let joined: String = all.iter().map(|it| it.text).collect();
        assert_eq!(joined, text, "nothing is lost");
        let found = all.iter().filter(|it| it.kind != Kind::Space);
        let found: Vec<(Kind, &str)> = found.map(|it| (it.kind, it.text)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn quotes_hide_what_they_hold() {
        kinds("'a;''b' x", &[(Kind::Text, "'a;''b'"), (Kind::Word, "x")]);
        kinds("\"a\"\";b\"", &[(Kind::Name, "\"a\"\";b\"")]);
        kinds("`a;` [b;c]", &[(Kind::Name, "`a;`"), (Kind::Name, "[b;c]")]);
        kinds("'open ; end", &[(Kind::Text, "'open ; end")]);
    }

    #[test]
    fn comments_are_space() {
        kinds("a -- ; :x\nb", &[(Kind::Word, "a"), (Kind::Word, "b")]);
        kinds("a /* ; ' */ b", &[(Kind::Word, "a"), (Kind::Word, "b")]);
        kinds("/* open ; ", &[]);
    }

    #[test]
    fn parameters_are_told_from_casts_and_times() {
        kinds(":id", &[(Kind::Parameter, ":id")]);
        kinds("{{ id }}", &[(Kind::Parameter, "{{ id }}")]);
        kinds(
            "a::int",
            &[(Kind::Word, "a"), (Kind::Sign, "::"), (Kind::Word, "int")],
        );
        kinds("'12:30'", &[(Kind::Text, "'12:30'")]);
        kinds("?1", &[(Kind::Position, "?1")]);
        kinds("größe", &[(Kind::Word, "größe")]);
    }
}
