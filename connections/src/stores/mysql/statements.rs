//! A text as its statements, each with its parameters rewritten to positions.

use parallax_core::error::{Error, ErrorKind, Result};

use super::lexer::{Kind, Mode, Token, tokens};

/// One statement of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Split {
    /// The text between its parameters: one piece more than there are parameters.
    pub(super) pieces: Vec<String>,
    /// The name of each parameter, and whether it says how many rows are wanted, where only a number can stand.
    pub(super) parameters: Vec<Place>,
    /// Its words in upper case and its signs, without comments; text and quoted names stay as they are.
    pub(super) words: Vec<String>,
    /// The names in it that stand before an opening parenthesis, in lower case.
    pub(super) called: Vec<String>,
    /// Whether the server runs what stands in one of its comments.
    pub(super) has_executable_comment: bool,
}

/// Where a parameter stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) name: String,
    pub(super) is_limit: bool,
}

impl Split {
    /// The keyword that says what it does, behind parentheses and named queries.
    pub(super) fn verb(&self) -> &str {
        let mut words = self.words().skip_while(|it| *it == "(");
        let first = words.next().unwrap_or("");
        if first != "WITH" {
            return first;
        }
        let mut depth = 0_usize;
        let mut closed = false;
        for word in words {
            if closed && depth == 0 && VERBS.contains(&word) {
                return word;
            }
            closed = word == ")";
            depth = match word {
                "(" => depth + 1,
                ")" => depth.saturating_sub(1),
                _ => depth,
            };
        }
        "WITH"
    }

    /// The bare words in upper case, and signs.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> + Clone {
        self.words.iter().map(String::as_str)
    }

    /// Whether it counts the rows that it changes.
    pub(super) fn changes_rows(&self) -> bool {
        matches!(
            self.verb(),
            "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "LOAD" | "CALL" | "EXECUTE"
        )
    }

    /// Whether it leaves something behind in the session: a setting, a variable, a lock, another database.
    pub(super) fn leaves_traces(&self) -> bool {
        let reads = matches!(
            self.verb(),
            "SELECT" | "VALUES" | "TABLE" | "SHOW" | "EXPLAIN" | "DESCRIBE" | "DESC"
        );
        !reads || self.words().any(|it| it == ":=") || self.called.iter().any(|it| it == "get_lock")
    }
}

const VERBS: [&str; 7] = [
    "SELECT", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE", "REPLACE",
];

/// Splits a text at the semicolons that end statements.
///
/// Fails with [`ErrorKind::InvalidInput`] on a parameter without a name, and on a NUL, at which the server's scanner would
/// end a comment.
pub(super) fn split(text: &str, mode: Mode) -> Result<Vec<Split>> {
    if text.contains('\0') {
        return Err(Error::new(ErrorKind::InvalidInput, "read the statement")
            .because("it holds a NUL character")
            .hint("bind text that holds one as a parameter"));
    }
    let mut found = Vec::new();
    let mut open = Open::default();
    for token in tokens(text, mode) {
        if token.kind == Kind::Position {
            return Err(nameless());
        }
        if token.kind == Kind::Semicolon && !open.in_body() {
            found.extend(std::mem::take(&mut open).close());
        } else {
            open.push(token);
        }
    }
    found.extend(open.close());
    Ok(found)
}

fn nameless() -> Error {
    Error::new(ErrorKind::InvalidInput, "bind the parameter ?")
        .because("parameters are bound by name")
        .hint("write `{{name}}` or `:name`")
}

/// A statement that is not closed yet.
#[derive(Default)]
struct Open {
    split: Split,
    piece: String,
    name: Option<String>,
}

impl Open {
    fn push(&mut self, token: Token<'_>) {
        if token.text == "("
            && let Some(name) = self.name.take()
        {
            self.split.called.push(name);
        }
        match token.kind {
            Kind::Parameter => {
                self.split.pieces.push(std::mem::take(&mut self.piece));
                let is_limit = self.is_limit();
                let name = token.parameter().to_owned();
                self.split.parameters.push(Place { name, is_limit });
                self.split.words.push("?".to_owned());
                self.name = None;
                return;
            }
            // The server takes a name that stands apart from its parenthesis for a call too.
            Kind::Space => {}
            Kind::Executable => self.split.has_executable_comment = true,
            Kind::Word => {
                self.split.words.push(token.text.to_ascii_uppercase());
                self.name = Some(token.text.to_lowercase());
            }
            Kind::Name => {
                self.split.words.push(token.text.to_owned());
                self.name = Some(token.name().to_lowercase());
            }
            _ => {
                self.split.words.push(token.text.to_owned());
                self.name = None;
            }
        }
        self.piece.push_str(token.text);
    }

    /// Whether the next value says how many rows are wanted: `LIMIT ?`, `LIMIT ?, ?`, `OFFSET ?`.
    fn is_limit(&self) -> bool {
        let mut back = self.split.words.iter().rev().map(String::as_str);
        match back.next() {
            Some("LIMIT" | "OFFSET") => true,
            Some(",") => back.nth(1) == Some("LIMIT"),
            _ => false,
        }
    }

    /// Whether the body of a routine is open: `BEGIN … END`, with `CASE … END` inside.
    fn in_body(&self) -> bool {
        let words: Vec<&str> = self.split.words().collect();
        let is_routine = match words.as_slice() {
            ["BEGIN", "NOT", ..] => true,
            ["CREATE", ..] => words
                .iter()
                .any(|it| ["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE"].contains(it)),
            _ => false,
        };
        if !is_routine {
            return false;
        }
        let mut depth = 0_usize;
        for (at, word) in words.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|it| words.get(it));
            match *word {
                "BEGIN" => depth += 1,
                "CASE" if before != Some(&"END") => depth += 1,
                "END"
                    if !matches!(
                        words.get(at + 1),
                        Some(&("IF" | "LOOP" | "WHILE" | "REPEAT" | "FOR"))
                    ) =>
                {
                    depth = depth.saturating_sub(1);
                }
                _ => {}
            }
        }
        depth > 0
    }

    fn close(mut self) -> Option<Split> {
        if self.split.words.is_empty() && !self.split.has_executable_comment {
            return None;
        }
        self.split.pieces.push(self.piece.trim_end().to_owned());
        if let Some(first) = self.split.pieces.first_mut() {
            *first = first.trim_start().to_owned();
        }
        Some(self.split)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn splits(text: &str) -> Vec<Split> {
        split(text, Mode::default()).expect("statements")
    }

    #[track_caller]
    fn texts(text: &str, expected: &[&str]) {
        let found: Vec<String> = splits(text).iter().map(|it| it.pieces.join("?")).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_text_is_split_where_the_server_would() {
        texts(
            "select ';'; select \";\" ;; -- ;",
            &["select ';'", "select \";\""],
        );
        texts(
            "select `;`; # ;\n select 2 /* ; */",
            &["select `;`", "# ;\n select 2 /* ; */"],
        );
        texts("", &[]);
        let routine =
            "create procedure p() begin if 1 then select case 1 when 1 then 2 end; end if; end";
        texts(&format!("{routine}; select 3"), &[routine, "select 3"]);
        assert!(split("select 1\0", Mode::default()).is_err());
    }

    #[test]
    fn parameters_become_positions_by_name() {
        let found = &splits("select {{id}}, :name, ':no', {{id}} limit :n")[0];
        assert_eq!(found.pieces.join("?"), "select ?, ?, ':no', ? limit ?");
        let names: Vec<&str> = found.parameters.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["id", "name", "id", "n"]);
        let limits: Vec<bool> = found.parameters.iter().map(|it| it.is_limit).collect();
        assert_eq!(limits, [false, false, false, true]);
        let found = &splits("select 1 limit :a, :b offset :c")[0];
        assert!(found.parameters.iter().all(|it| it.is_limit));
        assert!(split("select ?", Mode::default()).is_err());
    }

    #[test]
    fn the_verb_stands_behind_parentheses_and_named_queries() {
        let verb = |text: &str| splits(text)[0].verb().to_owned();
        assert_eq!(verb("((select 1))"), "SELECT");
        assert_eq!(verb("with a as (select 1) delete from t"), "DELETE");
        assert_eq!(
            verb("with recursive n(i) as (select 1 union select i+1 from n) select * from n"),
            "SELECT"
        );
        assert_eq!(verb("/* x */ show tables"), "SHOW");
    }

    #[test]
    fn calls_are_found_however_they_are_written() {
        let called = &splits("select load_file ('x'), `Sys_Exec`('y'), a.nextval(b)")[0].called;
        assert_eq!(*called, ["load_file", "sys_exec", "nextval"]);
    }

    #[test]
    fn what_a_statement_leaves_behind_is_told() {
        assert!(!splits("select 1")[0].leaves_traces());
        for text in [
            "set lc_time_names = 'de_DE'",
            "use shop",
            "select @a := 1",
            "select get_lock('a', 1)",
        ] {
            assert!(splits(text)[0].leaves_traces(), "{text}");
        }
    }
}
