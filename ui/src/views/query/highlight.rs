//! Light highlighting for every language: words, quotes, numbers, comments and parameters.

use egui::text::{LayoutJob, TextFormat};

use crate::theme::{self, Palette};

/// A laid-out text, kept while neither the text nor the theme changes.
#[derive(Debug, Default)]
pub(super) struct Highlight {
    text: String,
    dark: bool,
    job: LayoutJob,
}

impl Highlight {
    pub(super) fn job(&mut self, text: &str, dark: bool, palette: &Palette) -> LayoutJob {
        if self.text != text || self.dark != dark || self.job.text.is_empty() {
            text.clone_into(&mut self.text);
            self.dark = dark;
            self.job = highlight(text, palette);
        }
        self.job.clone()
    }
}

const WORDS: [&str; 56] = [
    "select",
    "from",
    "where",
    "and",
    "or",
    "not",
    "null",
    "is",
    "in",
    "as",
    "on",
    "join",
    "left",
    "right",
    "inner",
    "outer",
    "full",
    "cross",
    "group",
    "order",
    "by",
    "having",
    "limit",
    "offset",
    "union",
    "all",
    "distinct",
    "insert",
    "into",
    "values",
    "update",
    "set",
    "delete",
    "create",
    "table",
    "drop",
    "alter",
    "with",
    "recursive",
    "case",
    "when",
    "then",
    "else",
    "end",
    "between",
    "like",
    "exists",
    "explain",
    "match",
    "return",
    "merge",
    "optional",
    "unwind",
    "get",
    "hgetall",
    "asc",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Word,
    Quoted,
    Number,
    Comment,
    Parameter,
}

fn highlight(text: &str, palette: &Palette) -> LayoutJob {
    let mut job = LayoutJob::default();
    let mut rest = text;
    while !rest.is_empty() {
        let (length, kind) = token(rest);
        let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let color = match kind {
            Kind::Plain => palette.text,
            Kind::Word => palette.accent,
            Kind::Quoted => palette.string,
            Kind::Number => palette.number,
            Kind::Comment => palette.muted,
            Kind::Parameter => palette.parameter,
        };
        job.append(token, 0.0, TextFormat::simple(theme::mono(13.0), color));
        rest = after;
    }
    job
}

/// The length in bytes of the token that `text` begins with, and its kind.
fn token(text: &str) -> (usize, Kind) {
    let first = text.chars().next().unwrap_or(' ');
    if text.starts_with("{{") {
        let length = text.find("}}").map_or(2, |it| it + 2);
        return (length, Kind::Parameter);
    }
    if text.starts_with("--") || text.starts_with("//") {
        return (text.find('\n').unwrap_or(text.len()), Kind::Comment);
    }
    match first {
        '\'' | '"' => (quoted(text, first), Kind::Quoted),
        _ if first.is_ascii_digit() => (
            run(text, |it| it.is_ascii_digit() || it == '.'),
            Kind::Number,
        ),
        _ if is_letter(first) => {
            let length = run(text, |it| is_letter(it) || it.is_ascii_digit());
            let word = text.get(..length).unwrap_or_default().to_lowercase();
            let kind = if WORDS.contains(&word.as_str()) {
                Kind::Word
            } else {
                Kind::Plain
            };
            (length, kind)
        }
        _ => (first.len_utf8(), Kind::Plain),
    }
}

fn is_letter(it: char) -> bool {
    it.is_alphabetic() || it == '_'
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|it| !belongs(it)).unwrap_or(text.len())
}

fn quoted(text: &str, quote: char) -> usize {
    let inside = text.get(1..).unwrap_or_default();
    inside.find(quote).map_or(text.len(), |it| it + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_is_in_one_token() {
        let text = "select 'é''x', {{id}} from t -- end\nwhere a=1.5 and b = \"c";
        let mut rest = text;
        let mut kinds = Vec::new();
        while !rest.is_empty() {
            let (length, kind) = token(rest);
            assert!(length > 0, "at {rest:?}");
            kinds.push(kind);
            rest = rest.split_at(length).1;
        }
        for kind in [
            Kind::Word,
            Kind::Quoted,
            Kind::Number,
            Kind::Comment,
            Kind::Parameter,
        ] {
            assert!(kinds.contains(&kind), "{kind:?}");
        }
    }
}
