//! A statement cut into what stands out and what does not, whatever the language; every letter is in one token.

use parallax_core::store::Language;

use super::super::language;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    /// A word of the language.
    Word,
    /// A name: a member of a document, a label, a path, a quoted identifier.
    Name,
    Quoted,
    Number,
    Comment,
    Parameter,
}

/// The text in pieces.
pub(super) fn tokens(text: &str, language: Language) -> Vec<(&str, Kind)> {
    let mut lexer = Lexer::new(language);
    let mut rest = text;
    let mut tokens = Vec::new();
    while !rest.is_empty() {
        let (length, kind) = lexer.token(rest);
        let (token, after) = rest.split_at_checked(length.max(1)).unwrap_or((rest, ""));
        lexer.pass(token, kind);
        tokens.push((token, kind));
        rest = after;
    }
    tokens
}

/// How far the line of a request is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    /// It is none, or its path has ended.
    Nowhere,
    /// The method was read, and the path comes next.
    Method,
    Path,
}

/// Where in a statement the next token stands.
struct Lexer {
    language: Language,
    /// Nothing but blanks stands before it in its line.
    begins: bool,
    request: Request,
    brackets: Vec<char>,
    /// The last letter that was no blank and in no comment.
    last: char,
}

impl Lexer {
    fn new(language: Language) -> Self {
        Self {
            language,
            begins: true,
            request: Request::Nowhere,
            brackets: Vec::new(),
            last: '\n',
        }
    }

    /// Notes what a token changes for the next one.
    fn pass(&mut self, token: &str, kind: Kind) {
        if token.contains('\n') && kind != Kind::Quoted {
            self.begins = true;
            self.request = Request::Nowhere;
        } else if !token.trim().is_empty() {
            let may_be = self.is(Language::QueryDsl) && self.brackets.is_empty();
            let is_method = may_be && self.begins && kind == Kind::Word;
            self.request = match self.request {
                _ if is_method => Request::Method,
                Request::Method => Request::Path,
                other => other,
            };
            self.begins = false;
        } else if self.request == Request::Path {
            self.request = Request::Nowhere;
        }
        if kind == Kind::Plain {
            for letter in token.chars() {
                match letter {
                    '(' | '[' | '{' => self.brackets.push(letter),
                    ')' | ']' | '}' => drop(self.brackets.pop()),
                    _ => {}
                }
            }
        }
        if let (Some(last), false) = (token.trim_end().chars().last(), kind == Kind::Comment) {
            self.last = last;
        }
    }

    fn is(&self, language: Language) -> bool {
        self.language == language
    }

    /// The length in bytes of the token that `text` begins with, and its kind.
    fn token(&self, text: &str) -> (usize, Kind) {
        let first = text.chars().next().unwrap_or(' ');
        if text.starts_with("{{") {
            return (text.find("}}").map_or(2, |it| it + 2), Kind::Parameter);
        }
        if let Some(length) = self.comment(text) {
            return (length, Kind::Comment);
        }
        if self.request != Request::Nowhere && !first.is_whitespace() {
            return (path(text), Kind::Name);
        }
        match first {
            '\'' | '"' => self.quoted_token(text, first),
            '`' if !self.is(Language::Commands) => (quoted(text, '`', false), Kind::Name),
            '$' if !self.is(Language::Commands) => self.dollar(text),
            ':' if self.is(Language::Cypher) => self.label(text),
            '/' if self.is(Language::Mql) && matches!(self.last, '(' | ',' | ':' | '[') => {
                (quoted(text, '/', true), Kind::Quoted)
            }
            _ if self.is(Language::Commands) && !first.is_whitespace() => {
                argument(text, self.begins)
            }
            _ if first.is_ascii_digit() => (number(text), Kind::Number),
            _ if is_letter(first) => self.word(text),
            _ => (first.len_utf8(), Kind::Plain),
        }
    }

    /// Commands have comments only at the beginning of a line; elsewhere `#` is a letter like others.
    fn comment(&self, text: &str) -> Option<usize> {
        let has_blocks = matches!(
            self.language,
            Language::Sql | Language::Mql | Language::Cypher
        );
        if has_blocks && text.starts_with("/*") {
            return Some(text.find("*/").map_or(text.len(), |it| it + 2));
        }
        let by_line = matches!(self.language, Language::Commands | Language::QueryDsl);
        let mut marks = language::comments(self.language).iter();
        let is_comment = (self.begins || !by_line) && marks.any(|it| text.starts_with(it));
        is_comment.then(|| text.find('\n').unwrap_or(text.len()))
    }

    /// In documents, what stands before a colon is a member's name.
    fn quoted_token(&self, text: &str, quote: char) -> (usize, Kind) {
        let length = quoted(text, quote, !self.is(Language::Sql));
        let has_members = matches!(self.language, Language::Mql | Language::QueryDsl);
        let is_name = has_members && self.in_braces() && names_a_member(text, length);
        (length, if is_name { Kind::Name } else { Kind::Quoted })
    }

    fn in_braces(&self) -> bool {
        self.brackets.last() == Some(&'{')
    }

    /// `$name` is a parameter, or an operator of a document; `$tag$ … $tag$` is a text.
    fn dollar(&self, text: &str) -> (usize, Kind) {
        let rest = text.get(1..).unwrap_or_default();
        let name = 1 + run(rest, |it| is_letter(it) || it.is_ascii_digit());
        match self.language {
            Language::Sql => {
                let tag = text.get(..=name).filter(|it| it.ends_with('$'));
                let Some(tag) = tag else {
                    return (name, Kind::Parameter);
                };
                let inside = text.get(tag.len()..).unwrap_or_default();
                let end = inside.find(tag).map(|it| it + 2 * tag.len());
                (end.unwrap_or(text.len()), Kind::Quoted)
            }
            Language::Mql => (name, Kind::Word),
            _ => (name, Kind::Parameter),
        }
    }

    /// A label or a relationship's type; within braces a colon only parts a name from its value.
    fn label(&self, text: &str) -> (usize, Kind) {
        let rest = text.get(1..).unwrap_or_default();
        let length = run(rest, |it| is_letter(it) || it.is_ascii_digit());
        if length == 0 || self.in_braces() {
            return (1, Kind::Plain);
        }
        (1 + length, Kind::Name)
    }

    fn word(&self, text: &str) -> (usize, Kind) {
        let length = run(text, |it| is_letter(it) || it.is_ascii_digit());
        let has_members = matches!(self.language, Language::Mql | Language::Cypher);
        if has_members && self.in_braces() && names_a_member(text, length) {
            return (length, Kind::Name);
        }
        let word = text.get(..length).unwrap_or_default().to_lowercase();
        // A name behind a dot is somebody's own, but for the methods of a shell.
        let is_own = self.last == '.' && !self.is(Language::Mql);
        let is_word = !is_own && language::words(self.language).contains(&word.as_str());
        let is_method = !self.is(Language::QueryDsl) || self.begins || is_constant(&word);
        let kind = if is_word && is_method {
            Kind::Word
        } else {
            Kind::Plain
        };
        (length, kind)
    }
}

fn is_constant(word: &str) -> bool {
    matches!(word, "true" | "false" | "null")
}

/// Whether a colon follows, which is no part of a label.
fn names_a_member(text: &str, length: usize) -> bool {
    let after = text.get(length..).unwrap_or_default().trim_start();
    after.starts_with(':')
}

/// A request's path, up to a blank or a parameter.
fn path(text: &str) -> usize {
    let line = text.find(char::is_whitespace).unwrap_or(text.len());
    let parameter = text.find("{{").unwrap_or(text.len());
    line.min(parameter)
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

/// Digits with a point, an exponent or underscores; hexadecimal ones.
fn number(text: &str) -> usize {
    if text.starts_with("0x") || text.starts_with("0X") {
        let rest = text.get(2..).unwrap_or_default();
        return 2 + run(rest, |it| it.is_ascii_hexdigit());
    }
    let whole = run(text, |it| it.is_ascii_digit() || matches!(it, '.' | '_'));
    let rest = text.get(whole..).unwrap_or_default();
    let Some(exponent) = rest.strip_prefix(['e', 'E']) else {
        return whole;
    };
    let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    match run(digits, |it| it.is_ascii_digit()) {
        0 => whole,
        length => whole + rest.len() - digits.len() + length,
    }
}

fn is_letter(it: char) -> bool {
    it.is_alphabetic() || it == '_'
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|it| !belongs(it)).unwrap_or(text.len())
}

/// SQL doubles a quote within quotes, which is two texts beside each other; the others put `\` before it.
fn quoted(text: &str, quote: char, escapes: bool) -> usize {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        if is_escaped {
            is_escaped = false;
        } else if letter == '\\' && escapes {
            is_escaped = true;
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
            "$ $$ $x$ é` : :é /* é",
            "1e 1e+ 0x .5 GET\nGET é {{a}} é",
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

    #[test]
    fn comments_over_several_lines_and_quoted_texts_with_tags_are_whole() {
        let text = "select 1 /* a\n -- 'b */ , $x$ it's -- $x$, `odd name`, $1 from t.select";
        of(Kind::Comment, Language::Sql, text, &["/* a\n -- 'b */"]);
        of(Kind::Quoted, Language::Sql, text, &["$x$ it's -- $x$"]);
        of(Kind::Name, Language::Sql, text, &["`odd name`"]);
        of(Kind::Parameter, Language::Sql, text, &["$1"]);
        of(Kind::Word, Language::Sql, text, &["select", "from"]);
    }

    #[test]
    fn numbers_keep_their_exponents() {
        let text = "select 1e5, 1.5E-3, 0xFFe, 1_000, 2else";
        of(
            Kind::Number,
            Language::Sql,
            text,
            &["1e5", "1.5E-3", "0xFFe", "1_000", "2"],
        );
    }

    #[test]
    fn documents_have_names_operators_and_patterns() {
        let text = "db.users.find({ _id: {{id}}, 'a.b': { $gt: 5, \"x\": /^a\\/b/ } }) // \"c\": 1";
        let language = Language::Mql;
        of(Kind::Name, language, text, &["_id", "'a.b'", "\"x\""]);
        of(Kind::Word, language, text, &["db", "find", "$gt"]);
        of(Kind::Parameter, language, text, &["{{id}}"]);
        of(Kind::Number, language, text, &["5"]);
        of(Kind::Quoted, language, text, &["/^a\\/b/"]);
        of(Kind::Comment, language, text, &["// \"c\": 1"]);
    }

    #[test]
    fn a_request_is_a_method_a_path_and_a_body() {
        let text = "# the newest\nPOST /users/_search?size={{n}}\n{ \"query\": { \"term\": { \"id\": \"GET\" } } }\nGET /_cat";
        let language = Language::QueryDsl;
        of(Kind::Word, language, text, &["POST", "GET"]);
        let names = [
            "/users/_search?size=",
            "\"query\"",
            "\"term\"",
            "\"id\"",
            "/_cat",
        ];
        of(Kind::Name, language, text, &names);
        of(Kind::Quoted, language, text, &["\"GET\""]);
        of(Kind::Parameter, language, text, &["{{n}}"]);
        of(Kind::Comment, language, text, &["# the newest"]);
    }

    #[test]
    fn labels_types_and_parameters_of_a_graph_stand_out() {
        let text = "match (u:User {id: $id})-[r:BOUGHT]->(p) where u.name = 'x' return u /* y */";
        let language = Language::Cypher;
        of(Kind::Name, language, text, &[":User", "id", ":BOUGHT"]);
        of(Kind::Parameter, language, text, &["$id"]);
        of(Kind::Word, language, text, &["match", "where", "return"]);
        of(Kind::Comment, language, text, &["/* y */"]);
    }
}
