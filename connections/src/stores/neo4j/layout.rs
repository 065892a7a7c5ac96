//! What a dataset's name stands for: a label, or a type of relationships between labels.
//!
//! `User` and `(:User)` are the nodes of a label; `(:User)-[:BOUGHT]->(:Product)`, `()-[:BOUGHT]->()` and `[:BOUGHT]` the
//! relationships of a type, so that a label and a type of one name are told apart. Names that are no plain words stand in
//! backticks within brackets, and a label by itself in double quotes, as everywhere.

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::name::{DatasetId, FieldPath};

use super::lexer::{Kind, Token, quoted, tokens};

/// One dataset of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) dataset: DatasetId,
    pub(super) form: Form,
}

/// Nodes or relationships.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Nodes with all of these labels.
    Nodes(Vec<String>),
    /// Relationships of a type, between nodes with all of these labels.
    Relationships {
        kind: String,
        start: Vec<String>,
        end: Vec<String>,
    },
}

/// An expression over a record, and the way on into its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operand {
    pub(super) text: String,
    pub(super) inside: Vec<String>,
}

impl Source {
    /// What `dataset` stands for; fails with [`ErrorKind::InvalidInput`] where its name stands for nothing.
    pub(super) fn of(dataset: &DatasetId) -> Result<Self> {
        let name = dataset.name.trim();
        let form = if name.starts_with(['(', '[']) {
            pattern(name)
        } else {
            match dataset.parts().as_slice() {
                [label] => Some(Form::Nodes(vec![label.clone()])),
                _ => None,
            }
        };
        let form = form.ok_or_else(|| unclear(dataset))?;
        Ok(Self {
            dataset: dataset.clone(),
            form,
        })
    }

    /// The variable of a record in statements of ours, and in the condition that limits a dataset.
    pub(super) fn variable(&self) -> &'static str {
        match self.form {
            Form::Nodes(_) => "n",
            Form::Relationships { .. } => "r",
        }
    }

    /// What is matched: `n`, or `r` from `s` to `t`.
    pub(super) fn pattern(&self) -> String {
        match &self.form {
            Form::Nodes(all) => format!("(n{})", labels(all)),
            Form::Relationships { kind, start, end } => {
                let (start, end) = (labels(start), labels(end));
                format!("(s{start})-[r:{}]->(t{end})", quoted(kind))
            }
        }
    }

    /// The expression for a path. A property that is not there is null, so every path has one, but for what a store knows
    /// of other records only.
    pub(super) fn operand(&self, path: &FieldPath) -> Option<Operand> {
        let variable = self.variable();
        let (first, rest) = path.segments().split_first()?;
        let is_relationship = matches!(self.form, Form::Relationships { .. });
        let text = match first.as_str() {
            "@id" => format!("elementId({variable})"),
            "@labels" if !is_relationship => "labels(n)".to_owned(),
            "@type" if is_relationship => "type(r)".to_owned(),
            "@source" if is_relationship => "elementId(s)".to_owned(),
            "@target" if is_relationship => "elementId(t)".to_owned(),
            "@start" if is_relationship => return Some(end("s", rest)),
            "@end" if is_relationship => return Some(end("t", rest)),
            name if name.starts_with('@') => return None,
            name => format!("{variable}.{}", quoted(name)),
        };
        Some(Operand {
            text,
            inside: rest.to_vec(),
        })
    }

    /// The same of a path that must be there.
    pub(super) fn required(&self, path: &FieldPath) -> Result<Operand> {
        self.operand(path).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("read {:?}", path.to_string()))
                .because(format!("{} has no such thing", self.dataset))
                .hint(match self.form {
                    Form::Nodes(_) => "of a node are known: @id, @labels",
                    Form::Relationships { .. } => {
                        "of a relationship are known: @id, @type, @source, @target, and what its nodes have: @start.NAME, @end.NAME"
                    }
                })
        })
    }
}

/// A node at the end of a relationship, or a property of it.
fn end(variable: &str, path: &[String]) -> Operand {
    let (text, inside) = match path.split_first() {
        None => (format!("properties({variable})"), &[][..]),
        Some((first, rest)) if first == "@id" => (format!("elementId({variable})"), rest),
        Some((first, rest)) if first == "@labels" => (format!("labels({variable})"), rest),
        Some((first, rest)) => (format!("{variable}.{}", quoted(first)), rest),
    };
    Operand {
        text,
        inside: inside.to_vec(),
    }
}

/// Labels as a pattern has them: each behind a colon.
fn labels(all: &[String]) -> String {
    let quoted: Vec<String> = all.iter().map(|it| quoted(it)).collect();
    match quoted.as_slice() {
        [] => String::new(),
        all => format!(":{}", all.join(":")),
    }
}

/// Reads `(:A)`, `(:A)-[:T]->(:B)` or `[:T]`.
fn pattern(name: &str) -> Option<Form> {
    let all: Vec<Token<'_>> = tokens(name).filter(|it| it.kind != Kind::Space).collect();
    let mut rest = all.as_slice();
    if let Some(kind) = bracketed(&mut rest, "[", "]") {
        return rest
            .is_empty()
            .then(|| between(kind, Vec::new(), Vec::new()))
            .flatten();
    }
    let start = bracketed(&mut rest, "(", ")")?;
    if rest.is_empty() {
        return (!start.is_empty()).then_some(Form::Nodes(start));
    }
    signs(&mut rest, &["-"])?;
    let kind = bracketed(&mut rest, "[", "]")?;
    signs(&mut rest, &["-", ">"])?;
    let end = bracketed(&mut rest, "(", ")")?;
    rest.is_empty().then(|| between(kind, start, end)).flatten()
}

fn between(kind: Vec<String>, start: Vec<String>, end: Vec<String>) -> Option<Form> {
    let [kind]: [String; 1] = kind.try_into().ok()?;
    Some(Form::Relationships { kind, start, end })
}

/// Takes `open`, names behind colons, and `close`.
fn bracketed(rest: &mut &[Token<'_>], open: &str, close: &str) -> Option<Vec<String>> {
    signs(rest, &[open])?;
    let mut names = Vec::new();
    while signs(rest, &[":"]).is_some() {
        let (name, behind) = rest.split_first()?;
        if !matches!(name.kind, Kind::Word | Kind::Name) {
            return None;
        }
        names.push(name.name());
        *rest = behind;
    }
    signs(rest, &[close])?;
    Some(names)
}

fn signs(rest: &mut &[Token<'_>], wanted: &[&str]) -> Option<()> {
    for sign in wanted {
        let (first, behind) = rest.split_first()?;
        if !first.is_sign(sign) {
            return None;
        }
        *rest = behind;
    }
    Some(())
}

fn unclear(dataset: &DatasetId) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("find the dataset {:?}", dataset.to_string()))
        .because("it is neither a label nor a type of relationships")
        .hint("for example `User`, `(:User)`, `(:User)-[:BOUGHT]->(:Product)`, `()-[:BOUGHT]->()`; other names in backticks")
}

/// A label as the name of a dataset.
pub(super) fn label_name(label: &str) -> String {
    let odd = ['.', ' ', '"', '{', '}', '(', ')', '[', ']'];
    if label.is_empty() || label.contains(odd) || label != label.trim() {
        format!("\"{}\"", label.replace('"', "\"\""))
    } else {
        label.to_owned()
    }
}

/// Relationships as the name of a dataset; an end without labels is any node.
pub(super) fn relationship_name(start: Option<&str>, kind: &str, end: Option<&str>) -> String {
    let labelled = |it: Option<&str>| it.map_or(String::new(), |it| format!(":{}", plain(it)));
    format!(
        "({})-[:{}]->({})",
        labelled(start),
        plain(kind),
        labelled(end)
    )
}

/// A name within brackets, in backticks where it is no plain word.
fn plain(name: &str) -> String {
    let is_word = !name.is_empty()
        && !name.starts_with(|it: char| it.is_ascii_digit())
        && name
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || it == b'_');
    if is_word {
        name.to_owned()
    } else {
        format!("`{}`", name.replace('`', "``"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &str) {
        let dataset: DatasetId = format!("graph.{name}").parse().expect("a dataset");
        assert_eq!(Source::of(&dataset).expect(name).pattern(), expected);
    }

    #[test]
    fn a_name_is_a_label_or_a_type() {
        check("User", "(n:`User`)");
        check("(:User)", "(n:`User`)");
        check("(:User:Admin)", "(n:`User`:`Admin`)");
        check("\"odd. name\"", "(n:`odd. name`)");
        check(
            "(:User)-[:BOUGHT]->(:Product)",
            "(s:`User`)-[r:`BOUGHT`]->(t:`Product`)",
        );
        check("()-[:BOUGHT]->()", "(s)-[r:`BOUGHT`]->(t)");
        check("[:BOUGHT]", "(s)-[r:`BOUGHT`]->(t)");
        for bad in [
            "a.b",
            "(:User)-[:A:B]->()",
            "(:User)<-[:A]-()",
            "()",
            "(User)",
        ] {
            let dataset: DatasetId = format!("graph.{bad}").parse().expect("a dataset");
            assert!(Source::of(&dataset).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_name_is_spelled_so_that_it_reads_back() {
        for odd in [
            "User",
            "a`b",
            "x) DETACH DELETE n //",
            "a.b \"c\"",
            "é ü",
            "1st",
            "a)`(b",
        ] {
            let dataset: DatasetId = format!("graph.{}", label_name(odd)).parse().expect(odd);
            let form = Source::of(&dataset).expect(odd).form;
            assert_eq!(form, Form::Nodes(vec![odd.to_owned()]));
            let name = relationship_name(Some(odd), odd, None);
            let dataset: DatasetId = format!("graph.{name}").parse().expect(odd);
            let form = Source::of(&dataset).expect(odd).form;
            let expected = Form::Relationships {
                kind: odd.to_owned(),
                start: vec![odd.to_owned()],
                end: Vec::new(),
            };
            assert_eq!(form, expected);
        }
    }

    #[test]
    fn a_path_is_an_expression() {
        let dataset: DatasetId = "graph.()-[:T]->()".parse().expect("a dataset");
        let source = Source::of(&dataset).expect("relationships");
        let operand = |path: &str| source.operand(&path.parse().expect("a path"));
        let text = |path: &str| operand(path).map(|it| it.text);
        assert_eq!(text("a").as_deref(), Some("r.`a`"));
        assert_eq!(text("@start.id").as_deref(), Some("s.`id`"));
        assert_eq!(text("@end.@id").as_deref(), Some("elementId(t)"));
        assert_eq!(text("@source").as_deref(), Some("elementId(s)"));
        assert_eq!(text("@labels"), None);
        assert_eq!(
            operand("tags.0").map(|it| it.inside),
            Some(vec!["0".to_owned()])
        );
    }
}
