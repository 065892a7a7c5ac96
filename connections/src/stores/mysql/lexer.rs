//! SQL as this server's own scanner splits it: backticks, escapes by backslash, three kinds of comments.
//!
//! What the scanner sees and we do not would be a way around [`super::readonly`], so its rules are kept to the letter,
//! also where a number ends: `1e1into` is the number 10 and the word `into`. The session's `sql_mode` decides what a
//! double quote and a backslash mean.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bare word.
    Word,
    /// A name in backticks, or in double quotes where the mode says so.
    Name,
    /// Text in quotes.
    Text,
    Number,
    /// `{{name}}` or `:name`.
    Parameter,
    /// `?`.
    Position,
    Semicolon,
    Sign,
    /// A comment that the server runs: `/*! … */`.
    Executable,
    /// White space or a comment.
    Space,
}

/// What the session's `sql_mode` changes in the scanner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mode {
    /// A double quote begins a name.
    pub(super) ansi_quotes: bool,
    /// A backslash in text is a letter like any other.
    pub(super) no_backslash_escapes: bool,
}

impl Mode {
    /// Of what `@@sql_mode` says.
    pub(super) fn of(sql_mode: &str) -> Self {
        let has = |name: &str| sql_mode.split(',').any(|it| it == name);
        Self {
            ansi_quotes: has("ANSI_QUOTES"),
            no_backslash_escapes: has("NO_BACKSLASH_ESCAPES"),
        }
    }
}

/// One token and its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    pub(super) text: &'t str,
}

impl Token<'_> {
    /// The bare name of a parameter.
    pub(super) fn parameter(&self) -> &str {
        self.text.trim_matches(['{', '}', ':', ' '])
    }

    /// A name as the server reads it: without its quotes.
    pub(super) fn name(&self) -> String {
        let Some(quote) = self.text.chars().next().filter(|_| self.kind == Kind::Name) else {
            return self.text.to_owned();
        };
        let inside = self.text.strip_prefix(quote).unwrap_or(self.text);
        let inside = inside.strip_suffix(quote).unwrap_or(inside);
        inside.replace(&format!("{quote}{quote}"), &quote.to_string())
    }
}

/// Splits `text` into tokens that, put together, are `text` again.
pub(super) fn tokens(text: &str, mode: Mode) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    let mut before = None;
    std::iter::from_fn(move || {
        let (kind, length) = next(rest, before, mode)?;
        let (text, behind) = rest.split_at_checked(length.max(1)).unwrap_or((rest, ""));
        rest = behind;
        before = text.chars().next_back();
        Some(Token { kind, text })
    })
}

fn next(rest: &str, before: Option<char>, mode: Mode) -> Option<(Kind, usize)> {
    let mut letters = rest.chars();
    let first = letters.next()?;
    let second = letters.next();
    let third = letters.next();
    Some(match (first, second) {
        ('"', _) if mode.ansi_quotes => (Kind::Name, quoted(rest, first, false)),
        ('\'' | '"', _) => (Kind::Text, quoted(rest, first, !mode.no_backslash_escapes)),
        ('`', _) => (Kind::Name, quoted(rest, first, false)),
        ('#', _) => (Kind::Space, line(rest)),
        ('-', Some('-')) if third.is_none_or(|it| it.is_ascii_control() || it == ' ') => {
            (Kind::Space, line(rest))
        }
        ('/', Some('*')) => (comment_kind(third, rest), block_comment(rest)),
        ('{', Some('{')) => template(rest),
        (':', Some('=')) => (Kind::Sign, 2),
        (':', Some(it)) if starts_name(it) && !ends_operand(before) => {
            (Kind::Parameter, 1 + run(rest, 1, is_name_letter))
        }
        ('?', _) => (Kind::Position, 1),
        (';', _) => (Kind::Semicolon, 1),
        _ if is_space(first) => (Kind::Space, run(rest, 0, is_space)),
        ('.', Some(it)) if it.is_ascii_digit() && !ends_operand(before) => {
            (Kind::Number, exponent(rest, 1 + digits(rest, 1)))
        }
        _ if first.is_ascii_digit() => number(rest),
        _ if is_name_letter(first) => (Kind::Word, run(rest, 0, is_name_letter)),
        _ => (Kind::Sign, first.len_utf8()),
    })
}

/// What the server's scanner takes for white space, and no more.
fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

fn starts_name(letter: char) -> bool {
    letter.is_ascii_alphabetic() || letter == '_' || !letter.is_ascii()
}

fn is_name_letter(letter: char) -> bool {
    starts_name(letter) || letter.is_ascii_digit() || letter == '$'
}

/// Whether what stands right before belongs to a name: a label's colon, the dot behind a table.
fn ends_operand(before: Option<char>) -> bool {
    before.is_some_and(|it| is_name_letter(it) || matches!(it, ')' | '`' | '"'))
}

/// How many bytes from `at` on belong together.
fn run(rest: &str, at: usize, belongs: impl Fn(char) -> bool) -> usize {
    let rest = rest.get(at..).unwrap_or_default();
    rest.find(|it| !belongs(it)).unwrap_or(rest.len())
}

fn digits(rest: &str, at: usize) -> usize {
    run(rest, at, |it| it.is_ascii_digit())
}

/// A number, or a name that begins with digits.
fn number(rest: &str) -> (Kind, usize) {
    let whole = digits(rest, 0);
    let word = run(rest, 0, is_name_letter);
    if based(rest, word) {
        return (Kind::Number, word);
    }
    if rest.get(whole..).is_some_and(|it| it.starts_with('.')) && word == whole {
        let fraction = whole + 1 + digits(rest, whole + 1);
        return (Kind::Number, exponent(rest, fraction));
    }
    let with_exponent = exponent(rest, whole);
    if with_exponent > whole || word == whole {
        return (Kind::Number, with_exponent);
    }
    (Kind::Word, word)
}

/// `0x1F` and `0b01`, in lower case only, as the server reads them.
fn based(rest: &str, word: usize) -> bool {
    let word = rest.get(..word).unwrap_or_default();
    let hex = word.strip_prefix("0x");
    let bits = word.strip_prefix("0b");
    hex.is_some_and(|it| !it.is_empty() && it.bytes().all(|it| it.is_ascii_hexdigit()))
        || bits.is_some_and(|it| !it.is_empty() && it.bytes().all(|it| matches!(it, b'0' | b'1')))
}

/// The end of `e10`, `e+10` or `e-10` at `at`; `at` where none stands there.
fn exponent(rest: &str, at: usize) -> usize {
    let Some(behind) = rest.get(at..).and_then(|it| it.strip_prefix(['e', 'E'])) else {
        return at;
    };
    let unsigned = behind.strip_prefix(['+', '-']).unwrap_or(behind);
    let sign = behind.len() - unsigned.len();
    match digits(unsigned, 0) {
        0 => at,
        digits => at + 1 + sign + digits,
    }
}

/// The length of a quoted piece, in which a doubled quote is one; to the end where it is not closed.
fn quoted(rest: &str, quote: char, escapes: bool) -> usize {
    let mut letters = rest.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if escapes && letter == '\\' {
            letters.next();
        } else if letter == quote && letters.next_if(|(_, it)| *it == quote).is_none() {
            return at + 1;
        }
    }
    rest.len()
}

/// To the end of the line: only a line feed ends one.
fn line(rest: &str) -> usize {
    rest.find('\n').unwrap_or(rest.len())
}

fn comment_kind(third: Option<char>, rest: &str) -> Kind {
    let is_run = third == Some('!') || rest.starts_with("/*M!") || rest.starts_with("/*m!");
    if is_run {
        Kind::Executable
    } else {
        Kind::Space
    }
}

fn block_comment(rest: &str) -> usize {
    let inside = rest.get(2..).unwrap_or_default();
    inside.find("*/").map_or(rest.len(), |it| it + 4)
}

/// `{{name}}`, or a brace where that is not what stands there.
fn template(rest: &str) -> (Kind, usize) {
    let inside = rest.get(2..).unwrap_or_default();
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
    fn kinds_in(mode: Mode, text: &str, expected: &[(Kind, &str)]) {
        let all: Vec<Token<'_>> = tokens(text, mode).collect();
        let joined: String = all.iter().map(|it| it.text).collect();
        assert_eq!(joined, text, "nothing is lost");
        let found = all.iter().filter(|it| it.kind != Kind::Space);
        let found: Vec<(Kind, &str)> = found.map(|it| (it.kind, it.text)).collect();
        assert_eq!(found, expected);
    }

    #[track_caller]
    fn kinds(text: &str, expected: &[(Kind, &str)]) {
        kinds_in(Mode::default(), text, expected);
    }

    #[test]
    fn quotes_hide_what_they_hold() {
        kinds(
            r"'a\';''b' x",
            &[(Kind::Text, r"'a\';''b'"), (Kind::Word, "x")],
        );
        kinds(
            "\"a;\" `b``;`",
            &[(Kind::Text, "\"a;\""), (Kind::Name, "`b``;`")],
        );
        kinds(r"`a\` b", &[(Kind::Name, r"`a\`"), (Kind::Word, "b")]);
        kinds("'open ; end", &[(Kind::Text, "'open ; end")]);
    }

    #[test]
    fn the_mode_says_what_quotes_and_backslashes_mean() {
        let mode = Mode::of("STRICT_TRANS_TABLES,ANSI_QUOTES,NO_BACKSLASH_ESCAPES");
        kinds_in(
            mode,
            r"'\' into",
            &[(Kind::Text, r"'\'"), (Kind::Word, "into")],
        );
        kinds_in(mode, "\"a\"\"b\"", &[(Kind::Name, "\"a\"\"b\"")]);
        assert_eq!(tokens("`a``b`", mode).next().expect("one").name(), "a`b");
        assert_eq!(
            tokens("\"a\"\"b\"", mode).next().expect("one").name(),
            "a\"b"
        );
    }

    #[test]
    fn comments_are_space_unless_the_server_runs_them() {
        kinds("a -- ; x\nb", &[(Kind::Word, "a"), (Kind::Word, "b")]);
        kinds(
            "a --\nb # ; \n c",
            &[(Kind::Word, "a"), (Kind::Word, "b"), (Kind::Word, "c")],
        );
        kinds(
            "1--1",
            &[
                (Kind::Number, "1"),
                (Kind::Sign, "-"),
                (Kind::Sign, "-"),
                (Kind::Number, "1"),
            ],
        );
        kinds("a /* /* ; */ b", &[(Kind::Word, "a"), (Kind::Word, "b")]);
        kinds("/*!50000 x */", &[(Kind::Executable, "/*!50000 x */")]);
        kinds("/*M! x */", &[(Kind::Executable, "/*M! x */")]);
        kinds("/*+ hint */ a -- x\r;", &[(Kind::Word, "a")]);
    }

    #[test]
    fn a_number_ends_where_the_server_ends_it() {
        let number_and_word = |text: &str, number: &str| {
            kinds(text, &[(Kind::Number, number), (Kind::Word, "into")]);
        };
        for number in ["1e1", "1.5", "1.", ".5", "1.5e3", "1e+1", ".5e-3"] {
            number_and_word(&format!("{number}into"), number);
        }
        kinds("1into", &[(Kind::Word, "1into")]);
        kinds(
            "0x1F 0b01 0X1F",
            &[
                (Kind::Number, "0x1F"),
                (Kind::Number, "0b01"),
                (Kind::Word, "0X1F"),
            ],
        );
        kinds("1e", &[(Kind::Word, "1e")]);
        kinds(
            "t.1a",
            &[(Kind::Word, "t"), (Kind::Sign, "."), (Kind::Word, "1a")],
        );
    }

    #[test]
    fn parameters_are_told_from_assignments_and_labels() {
        kinds(":id", &[(Kind::Parameter, ":id")]);
        kinds("{{ id }}", &[(Kind::Parameter, "{{ id }}")]);
        kinds(
            "@a:=1",
            &[
                (Kind::Sign, "@"),
                (Kind::Word, "a"),
                (Kind::Sign, ":="),
                (Kind::Number, "1"),
            ],
        );
        kinds(
            "l:loop ?",
            &[
                (Kind::Word, "l"),
                (Kind::Sign, ":"),
                (Kind::Word, "loop"),
                (Kind::Position, "?"),
            ],
        );
        kinds("größe", &[(Kind::Word, "größe")]);
    }
}
