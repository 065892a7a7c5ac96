//! Light highlighting for every language: words, quotes, numbers, comments and parameters.

use egui::text::{LayoutJob, TextFormat};
use parallax_core::store::Language;

use super::language;
use crate::theme::{self, Palette};

/// A laid-out text, kept while neither the text nor its language nor the theme changes.
#[derive(Debug, Default)]
pub(super) struct Highlight {
    text: String,
    made_for: Option<(Language, bool)>,
    job: LayoutJob,
}

impl Highlight {
    pub(super) fn job(
        &mut self,
        text: &str,
        language: Language,
        dark: bool,
        palette: &Palette,
    ) -> LayoutJob {
        let made_for = Some((language, dark));
        if self.text != text || self.made_for != made_for {
            text.clone_into(&mut self.text);
            self.made_for = made_for;
            self.job = highlight(text, language, palette);
        }
        self.job.clone()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Word,
    Quoted,
    Number,
    Comment,
    Parameter,
}

fn highlight(text: &str, language: Language, palette: &Palette) -> LayoutJob {
    let mut job = LayoutJob::default();
    for (token, kind) in tokens(text, language) {
        let color = match kind {
            Kind::Plain => palette.text,
            Kind::Word => palette.accent,
            Kind::Quoted => palette.string,
            Kind::Number => palette.number,
            Kind::Comment => palette.muted,
            Kind::Parameter => palette.parameter,
        };
        job.append(token, 0.0, TextFormat::simple(theme::mono(13.0), color));
    }
    job
}

/// The text in pieces; every letter is in one of them.
fn tokens(text: &str, language: Language) -> Vec<(&str, Kind)> {
    let mut rest = text;
    let mut tokens = Vec::new();
    // Commands stand out by their place: the first word of a line.
    let mut begins = true;
    while !rest.is_empty() {
        let (length, kind) = token(rest, language, begins);
        let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        begins = match kind {
            Kind::Plain if token.contains('\n') => true,
            Kind::Plain if token.trim().is_empty() => begins,
            _ => false,
        };
        tokens.push((token, kind));
        rest = after;
    }
    tokens
}

/// The length in bytes of the token that `text` begins with, and its kind.
fn token(text: &str, language: Language, begins: bool) -> (usize, Kind) {
    let first = text.chars().next().unwrap_or(' ');
    if text.starts_with("{{") {
        let length = text.find("}}").map_or(2, |it| it + 2);
        return (length, Kind::Parameter);
    }
    if is_comment(text, language, begins) {
        return (text.find('\n').unwrap_or(text.len()), Kind::Comment);
    }
    match first {
        '\'' | '"' => (quoted(text, first, language), Kind::Quoted),
        _ if language == Language::Commands && !first.is_whitespace() => argument(text, begins),
        _ if first.is_ascii_digit() => (
            run(text, |it| it.is_ascii_digit() || it == '.'),
            Kind::Number,
        ),
        _ if is_letter(first) => {
            let length = run(text, |it| is_letter(it) || it.is_ascii_digit());
            let word = text.get(..length).unwrap_or_default().to_lowercase();
            let kind = if language::words(language).contains(&word.as_str()) {
                Kind::Word
            } else {
                Kind::Plain
            };
            (length, kind)
        }
        _ => (first.len_utf8(), Kind::Plain),
    }
}

/// Commands have comments only at the beginning of a line; elsewhere `#` is a letter like others.
fn is_comment(text: &str, language: Language, begins: bool) -> bool {
    let is_place = begins || !matches!(language, Language::Commands | Language::QueryDsl);
    let mut marks = language::comments(language).iter();
    is_place && marks.any(|it| text.starts_with(it))
}

/// One bare argument of a command: it ends at a blank, a quote, or a parameter.
fn argument(text: &str, begins: bool) -> (usize, Kind) {
    let mut length = 0;
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let opens = letter == '{' && letters.peek().is_some_and(|it| it.1 == '{');
        if letter.is_whitespace() || matches!(letter, '\'' | '"') || (opens && at > 0) {
            break;
        }
        length = at + letter.len_utf8();
    }
    let word = text.get(..length).unwrap_or_default();
    let kind = if begins {
        Kind::Word
    } else if is_number(word) {
        Kind::Number
    } else {
        Kind::Plain
    };
    (length.max(1), kind)
}

fn is_number(word: &str) -> bool {
    let digits = word.trim_start_matches(['-', '+', '(']);
    let fits = |it: char| it.is_ascii_digit() || it == '.';
    digits.starts_with(|it: char| it.is_ascii_digit()) && digits.chars().all(fits)
}

fn is_letter(it: char) -> bool {
    it.is_alphabetic() || it == '_'
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|it| !belongs(it)).unwrap_or(text.len())
}

/// SQL doubles a quote within quotes, which is two texts beside each other; the others put `\` before it.
fn quoted(text: &str, quote: char, language: Language) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if letter == '\\' && language != Language::Sql {
            escaped = true;
        } else if letter == quote {
            return at + letter.len_utf8();
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Language; 5] = [
        Language::Sql,
        Language::Commands,
        Language::Mql,
        Language::QueryDsl,
        Language::Cypher,
    ];

    #[track_caller]
    fn of(kind: Kind, language: Language, text: &str, expected: &[&str]) {
        let all = tokens(text, language);
        let found: Vec<_> = all
            .iter()
            .filter(|it| it.1 == kind)
            .map(|it| it.0)
            .collect();
        assert_eq!(found, expected, "{all:?}");
    }

    #[test]
    fn every_letter_is_in_one_token() {
        let texts = [
            "select 'é''x', {{id}} from t -- end\nwhere a=1.5 and b = \"c",
            "HSET k {{a}} \"b\\\"c\" 'd\n#not\n# yes\n  é{{",
            "{ \"a\": [1, null, {{b}}] } // c",
            "{{{{ }} \\ ' \" ((",
        ];
        for (text, language) in texts
            .iter()
            .flat_map(|it| ALL.map(|language| (it, language)))
        {
            let whole: String = tokens(text, language).iter().map(|it| it.0).collect();
            assert_eq!(whole, *text, "{language:?}");
        }
    }

    #[test]
    fn the_first_word_of_each_line_is_the_command() {
        let text = "HGETALL user:{{id}}\n  zrange board 0 -1 WITHSCORES\n# SET a\nSET a#b 'x y'";
        let language = Language::Commands;
        of(Kind::Word, language, text, &["HGETALL", "zrange", "SET"]);
        of(Kind::Parameter, language, text, &["{{id}}"]);
        of(Kind::Number, language, text, &["0", "-1"]);
        of(Kind::Comment, language, text, &["# SET a"]);
        of(Kind::Quoted, language, text, &["'x y'"]);
    }

    #[test]
    fn a_quote_within_quotes_ends_nothing() {
        of(
            Kind::Quoted,
            Language::Commands,
            r#"SET a "b\"c" d"#,
            &[r#""b\"c""#],
        );
        of(
            Kind::Quoted,
            Language::Sql,
            r"select 'a\' from t",
            &[r"'a\'"],
        );
    }

    #[test]
    fn each_language_has_words_of_its_own() {
        of(
            Kind::Word,
            Language::Sql,
            "select match from t",
            &["select", "from"],
        );
        of(
            Kind::Word,
            Language::Cypher,
            "MATCH (u) return u",
            &["MATCH", "return"],
        );
        of(
            Kind::Word,
            Language::QueryDsl,
            "GET /a {\"x\": true}",
            &["GET", "true"],
        );
        of(
            Kind::Word,
            Language::Mql,
            "db.users.find({})",
            &["db", "find"],
        );
    }
}
