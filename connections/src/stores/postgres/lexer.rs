//! SQL as this server's own scanner splits it: dollar quotes, escapes, nested comments, operators.
//!
//! What the scanner sees and we do not would be a way around [`super::readonly`], so its rules are kept to the letter.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bare word.
    Word,
    /// A name in double quotes, `U&` before it or not.
    Name,
    /// Text in single quotes or between dollar signs, with whatever letter is before it.
    Text,
    Number,
    /// `{{name}}` or `:name`.
    Parameter,
    /// `$1`, which the server counts itself.
    Position,
    Semicolon,
    Sign,
    /// White space or a comment.
    Space,
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
}

/// Splits `text` into tokens that, put together, are `text` again.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    let mut before = None;
    std::iter::from_fn(move || {
        let (kind, length) = next(rest, before)?;
        let (text, behind) = rest.split_at_checked(length.max(1)).unwrap_or((rest, ""));
        rest = behind;
        before = text.chars().next_back();
        Some(Token { kind, text })
    })
}

fn next(rest: &str, before: Option<char>) -> Option<(Kind, usize)> {
    let mut letters = rest.chars();
    let first = letters.next()?;
    let second = letters.next();
    let third = letters.next();
    Some(match (first, second) {
        ('\'', _) => (Kind::Text, quoted(rest, 1, '\'', false)),
        ('e' | 'E', Some('\'')) => (Kind::Text, quoted(rest, 2, '\'', true)),
        ('b' | 'B' | 'x' | 'X' | 'n' | 'N', Some('\'')) => {
            (Kind::Text, quoted(rest, 2, '\'', false))
        }
        ('u' | 'U', Some('&')) if third == Some('\'') => (Kind::Text, quoted(rest, 3, '\'', false)),
        ('u' | 'U', Some('&')) if third == Some('"') => (Kind::Name, quoted(rest, 3, '"', false)),
        ('"', _) => (Kind::Name, quoted(rest, 1, '"', false)),
        ('-', Some('-')) => (Kind::Space, rest.find(['\n', '\r']).unwrap_or(rest.len())),
        ('/', Some('*')) => (Kind::Space, block_comment(rest)),
        ('{', Some('{')) => template(rest),
        (':', Some(':' | '=')) => (Kind::Sign, 2),
        (':', Some(it)) if starts_name(it) && !ends_operand(before) => {
            (Kind::Parameter, 1 + run(rest, 1, is_name_letter))
        }
        ('$', Some(it)) if it.is_ascii_digit() => {
            (Kind::Position, 1 + run(rest, 1, |it| it.is_ascii_digit()))
        }
        ('$', _) => dollar(rest),
        (';', _) => (Kind::Semicolon, 1),
        _ if is_space(first) => (Kind::Space, run(rest, 0, is_space)),
        _ if first.is_ascii_digit() => (Kind::Number, number(rest)),
        _ if starts_name(first) => (Kind::Word, run(rest, 0, is_name_letter)),
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

/// Whether what stands right before a colon makes it the middle of a slice: `a[i:j]`, `a[1:n]`.
fn ends_operand(before: Option<char>) -> bool {
    before.is_some_and(|it| is_name_letter(it) || matches!(it, ')' | ']' | '"'))
}

/// How many bytes from `at` on belong together.
fn run(rest: &str, at: usize, belongs: impl Fn(char) -> bool) -> usize {
    let rest = rest.get(at..).unwrap_or_default();
    rest.find(|it| !belongs(it)).unwrap_or(rest.len())
}

fn number(rest: &str) -> usize {
    run(rest, 0, |it| {
        it.is_ascii_alphanumeric() || it == '.' || it == '_'
    })
}

/// The length of a quoted piece with `mark` bytes before it; to the end where it is not closed.
fn quoted(rest: &str, mark: usize, quote: char, escapes: bool) -> usize {
    let inside = rest.get(mark..).unwrap_or_default();
    let mut letters = inside.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if escapes && letter == '\\' {
            letters.next();
        } else if letter == quote && letters.next_if(|(_, it)| *it == quote).is_none() {
            return mark + at + 1;
        }
    }
    rest.len()
}

/// Comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut bytes = rest.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        let next = bytes.peek().map(|(_, it)| *it);
        match (byte, next) {
            (b'/', Some(b'*')) => depth += 1,
            (b'*', Some(b'/')) => depth -= 1,
            _ => continue,
        }
        bytes.next();
        if depth == 0 {
            return at + 2;
        }
    }
    rest.len()
}

/// `$tag$ … $tag$`, or a sign.
fn dollar(rest: &str) -> (Kind, usize) {
    let inside = rest.get(1..).unwrap_or_default();
    let tag = inside.split_once('$').map(|(it, _)| it);
    let is_tag = |it: &str| {
        it.chars().all(|it| it != '$' && is_name_letter(it))
            && !it.starts_with(|it: char| it.is_ascii_digit())
    };
    let Some(tag) = tag.filter(|it| is_tag(it)) else {
        return (Kind::Sign, 1);
    };
    let mark = format!("${tag}$");
    let body = rest.get(mark.len()..).unwrap_or_default();
    let end = body.find(&mark).map(|it| it + 2 * mark.len());
    (Kind::Text, end.unwrap_or(rest.len()))
}

/// `{{name}}`, or a brace where that is not what stands there.
fn template(rest: &str) -> (Kind, usize) {
    let inside = rest.get(2..).unwrap_or_default();
    let name = inside.split_once("}}").map(|(it, _)| it);
    match name {
        Some(it) if !it.trim().is_empty() && it.trim().chars().all(is_parameter_letter) => {
            (Kind::Parameter, it.len() + 4)
        }
        _ => (Kind::Sign, 1),
    }
}

fn is_parameter_letter(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// A quoted name as the server reads it: quotes off, escapes of `U&` resolved.
pub(super) fn name(token: Token<'_>) -> String {
    let (text, escaped) = match token.text.strip_prefix(['u', 'U']) {
        Some(it) => (it.strip_prefix('&').unwrap_or(it), true),
        None => (token.text, false),
    };
    let text = text.strip_prefix('"').unwrap_or(text);
    let text = text.strip_suffix('"').unwrap_or(text).replace("\"\"", "\"");
    if escaped { unescaped(&text) } else { text }
}

/// `\0061` and `\+000061`.
fn unescaped(text: &str) -> String {
    let mut found = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        found.push_str(before);
        let (digits, skip) = if behind.starts_with('+') {
            (behind.get(1..7), 7)
        } else {
            (behind.get(..4), 4)
        };
        let letter = digits.and_then(|it| u32::from_str_radix(it, 16).ok());
        if let Some(letter) = letter.and_then(char::from_u32) {
            found.push(letter);
            rest = behind.get(skip..).unwrap_or_default();
        } else {
            found.push('\\');
            rest = behind.strip_prefix('\\').unwrap_or(behind);
        }
    }
    found.push_str(rest);
    found
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
    fn quotes_are_those_of_the_server() {
        kinds(r"'a\' x", &[(Kind::Text, r"'a\'"), (Kind::Word, "x")]);
        kinds(
            r"E'a\' x' y",
            &[(Kind::Text, r"E'a\' x'"), (Kind::Word, "y")],
        );
        kinds("$$;'$$ x", &[(Kind::Text, "$$;'$$"), (Kind::Word, "x")]);
        kinds(
            "$a$ $$;$b$ $a$;",
            &[(Kind::Text, "$a$ $$;$b$ $a$"), (Kind::Semicolon, ";")],
        );
        kinds(
            r#"U&"\0061" "b""""#,
            &[(Kind::Name, r#"U&"\0061""#), (Kind::Name, r#""b""""#)],
        );
        kinds("a$b$c$b$", &[(Kind::Word, "a$b$c$b$")]);
    }

    #[test]
    fn comments_nest() {
        kinds("a /* /* */ ; */ b", &[(Kind::Word, "a"), (Kind::Word, "b")]);
        kinds("a -- /*\n b", &[(Kind::Word, "a"), (Kind::Word, "b")]);
        kinds("a --x\r b", &[(Kind::Word, "a"), (Kind::Word, "b")]);
        kinds("/*/ a */b", &[(Kind::Word, "b")]);
    }

    #[test]
    fn parameters_are_told_from_casts_slices_and_operators() {
        kinds(
            ":id::int",
            &[
                (Kind::Parameter, ":id"),
                (Kind::Sign, "::"),
                (Kind::Word, "int"),
            ],
        );
        kinds("{{ id }}", &[(Kind::Parameter, "{{ id }}")]);
        kinds(
            "a[1:n]",
            &[
                (Kind::Word, "a"),
                (Kind::Sign, "["),
                (Kind::Number, "1"),
                (Kind::Sign, ":"),
                (Kind::Word, "n"),
                (Kind::Sign, "]"),
            ],
        );
        kinds(
            "f(a=>:b)",
            &[
                (Kind::Word, "f"),
                (Kind::Sign, "("),
                (Kind::Word, "a"),
                (Kind::Sign, "="),
                (Kind::Sign, ">"),
                (Kind::Parameter, ":b"),
                (Kind::Sign, ")"),
            ],
        );
        kinds(
            "a ? 'b' @> $1",
            &[
                (Kind::Word, "a"),
                (Kind::Sign, "?"),
                (Kind::Text, "'b'"),
                (Kind::Sign, "@"),
                (Kind::Sign, ">"),
                (Kind::Position, "$1"),
            ],
        );
    }

    #[test]
    fn escaped_names_are_read() {
        let read = |text: &str| name(tokens(text).next().expect("a token"));
        assert_eq!(read(r#"U&"\0061b\+000063""#), "abc");
        assert_eq!(read(r#""a""b""#), "a\"b");
    }
}
