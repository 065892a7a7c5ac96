//! The lines of one row: its cells, their members and items, as far as they are open.

use parallax_core::human;
use parallax_core::store::Column;
use parallax_core::value::Value;

/// More children than these stand in groups, so that a list of a million items opens at once.
const GROUP: usize = 100;
/// Longer texts are cut where they are drawn; the inspector has the whole.
const MAX_SHOWN: usize = 240;
/// What has at most so many children begins open.
const SMALL: usize = 8;

/// One step down: a child by its place, or a group of children.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Step {
    Child(usize),
    Group { from: usize, to: usize },
}

/// The way from a row to one of its nodes; the row itself is the empty one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Path(Vec<Step>);

impl Path {
    pub(super) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The ways to all that it passes, the row first.
    pub(super) fn parents(&self) -> Vec<Self> {
        let ends = 0..self.0.len();
        ends.filter_map(|end| self.0.get(..end))
            .map(|it| Self(it.to_vec()))
            .collect()
    }

    /// The column in which the way begins.
    pub(super) fn first_member(&self) -> Option<usize> {
        self.0.iter().find_map(|it| match it {
            Step::Child(at) => Some(*at),
            Step::Group { .. } => None,
        })
    }

    fn children(&self) -> impl Iterator<Item = usize> {
        self.0.iter().filter_map(|it| match it {
            Step::Child(at) => Some(*at),
            Step::Group { .. } => None,
        })
    }

    /// The same way with the groups that it has to pass, given the number of children at each step.
    fn grouped(children: &[(usize, usize)]) -> Self {
        let mut path = Self::default();
        for (at, count) in children {
            let (mut from, mut to) = (0, *count);
            while let Some(size) = group_size(to - from) {
                from += (at - from) / size * size;
                to = (from + size).min(to);
                path.0.push(Step::Group { from, to });
            }
            path.0.push(Step::Child(*at));
        }
        path
    }
}

/// What a line shows behind its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Text(String),
    Number(String),
    Null,
    Other(String),
    /// What has children, and what is said of them.
    Branch {
        open: bool,
        about: String,
    },
}

/// One line of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) path: Path,
    pub(super) depth: usize,
    pub(super) name: String,
    pub(super) content: Content,
    /// The type, where the text does not tell it.
    pub(super) kind: Option<&'static str>,
}

/// What has children: the row itself, a map, or a list.
#[derive(Clone, Copy)]
enum Branch<'v> {
    Row(&'v [Column], &'v [Value]),
    Map(&'v [(String, Value)]),
    List(&'v [Value]),
}

impl<'v> Branch<'v> {
    fn of(value: &'v Value) -> Option<Self> {
        match value {
            Value::Map(members) => Some(Self::Map(members)),
            Value::List(items) => Some(Self::List(items)),
            _ => None,
        }
    }

    fn count(&self) -> usize {
        match self {
            Self::Row(_, cells) => cells.len(),
            Self::Map(members) => members.len(),
            Self::List(items) => items.len(),
        }
    }

    fn child(&self, at: usize) -> Option<(String, &'v Value)> {
        match self {
            Self::Row(columns, cells) => {
                let name = columns.get(at).map_or("?", |it| it.name.as_str());
                Some((name.to_owned(), cells.get(at)?))
            }
            Self::Map(members) => members.get(at).map(|(name, it)| (name.clone(), it)),
            Self::List(items) => items.get(at).map(|it| (at.to_string(), it)),
        }
    }

    fn about(&self) -> String {
        let count = self.count() as u64;
        match self {
            Self::Row(..) => human::plural(count, "field"),
            Self::Map(_) => format!("{{ {} }}", human::plural(count, "member")),
            Self::List(_) => format!("[ {} ]", human::plural(count, "item")),
        }
    }
}

/// The size of the groups that so many children stand in; `None` where they need none.
fn group_size(count: usize) -> Option<usize> {
    if count <= GROUP {
        return None;
    }
    let mut size = GROUP;
    while count.div_ceil(size) > GROUP {
        size *= GROUP;
    }
    Some(size)
}

/// The lines of an open row, its own first.
pub(super) fn lines_of(
    row: u64,
    columns: &[Column],
    cells: &[Value],
    open: &impl Fn(&Path) -> bool,
) -> Vec<Line> {
    let branch = Branch::Row(columns, cells);
    let mut lines = vec![Line {
        path: Path::default(),
        depth: 0,
        name: format!("row {}", human::count(row + 1)),
        content: Content::Branch {
            open: true,
            about: branch.about(),
        },
        kind: None,
    }];
    let mut walk = Walk {
        lines: &mut lines,
        open,
    };
    walk.children(branch, &Path::default(), 1, 0, branch.count());
    lines
}

struct Walk<'l, F> {
    lines: &'l mut Vec<Line>,
    open: &'l F,
}

impl<F: Fn(&Path) -> bool> Walk<'_, F> {
    fn children(&mut self, branch: Branch<'_>, path: &Path, depth: usize, from: usize, to: usize) {
        let Some(size) = group_size(to - from) else {
            for at in from..to {
                if let Some((name, value)) = branch.child(at) {
                    self.node(name, value, path.with(Step::Child(at)), depth);
                }
            }
            return;
        };
        for from in (from..to).step_by(size) {
            let to = (from + size).min(to);
            self.group(branch, path, depth, from, to);
        }
    }

    fn group(&mut self, branch: Branch<'_>, path: &Path, depth: usize, from: usize, to: usize) {
        let path = path.with(Step::Group { from, to });
        let is_open = (self.open)(&path);
        let (first, last) = (human::count(from as u64), human::count(to as u64 - 1));
        self.lines.push(Line {
            path: path.clone(),
            depth,
            name: format!("{first} – {last}"),
            content: Content::Branch {
                open: is_open,
                about: String::new(),
            },
            kind: None,
        });
        if is_open {
            self.children(branch, &path, depth + 1, from, to);
        }
    }

    fn node(&mut self, name: String, value: &Value, path: Path, depth: usize) {
        let branch = Branch::of(value).filter(|it| it.count() > 0);
        let Some(branch) = branch else {
            self.lines.push(leaf(name, value, path, depth));
            return;
        };
        let is_open = (self.open)(&path);
        self.lines.push(Line {
            path: path.clone(),
            depth,
            name,
            content: Content::Branch {
                open: is_open,
                about: branch.about(),
            },
            kind: None,
        });
        if is_open {
            self.children(branch, &path, depth + 1, 0, branch.count());
        }
    }
}

fn leaf(name: String, value: &Value, path: Path, depth: usize) -> Line {
    let text = cut(&value.to_string());
    let (content, kind) = match value {
        Value::Null => (Content::Null, None),
        Value::Text(text) => (Content::Text(format!("{:?}", cut(text))), None),
        Value::I64(_) | Value::U64(_) | Value::F64(_) => (Content::Number(text), None),
        Value::BigInt(_) => (Content::Number(text), Some("int")),
        Value::Decimal(_) => (Content::Number(text), Some("decimal")),
        Value::Bool(_) | Value::List(_) | Value::Map(_) => (Content::Other(text), None),
        _ => (Content::Other(text), Some(kind(value))),
    };
    Line {
        path,
        depth,
        name,
        content,
        kind,
    }
}

/// The type of what JSON has no word for; a store's own type is in the inspector.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Bytes(_) => "bytes",
        Value::Timestamp(_) => "timestamp",
        Value::DateTime(_) => "datetime",
        Value::Date(_) => "date",
        Value::Time(_) => "time",
        Value::Duration(_) => "duration",
        Value::Uuid(_) => "uuid",
        Value::Vector(_) => "vector",
        _ => "native",
    }
}

fn cut(text: &str) -> String {
    let cut: String = text.chars().take(MAX_SHOWN).collect();
    if cut.len() < text.len() {
        cut + "…"
    } else {
        cut
    }
}

/// The value at the end of a way; `None` for the row itself and for a group.
pub(super) fn find<'v>(cells: &'v [Value], path: &Path) -> Option<&'v Value> {
    if matches!(path.0.last(), None | Some(Step::Group { .. })) {
        return None;
    }
    let mut children = path.children();
    let mut value = cells.get(children.next()?)?;
    for at in children {
        value = Branch::of(value)?.child(at)?.1;
    }
    Some(value)
}

/// Whether something hangs below it.
pub(super) fn is_branch(cells: &[Value], path: &Path) -> bool {
    match path.0.last() {
        None | Some(Step::Group { .. }) => true,
        Some(Step::Child(_)) => {
            let branch = find(cells, path).and_then(Branch::of);
            branch.is_some_and(|it| it.count() > 0)
        }
    }
}

/// The way as a path of names: `address.city`.
pub(super) fn spelled(columns: &[Column], cells: &[Value], path: &Path) -> String {
    let mut names = Vec::new();
    let mut branch = Some(Branch::Row(columns, cells));
    for at in path.children() {
        let child = branch.and_then(|it| it.child(at));
        if let Some((name, value)) = child {
            names.push(name);
            branch = Branch::of(value);
        }
    }
    names.join(".")
}

/// The ways to small documents within the cells, two levels deep.
pub(super) fn small(cells: &[Value]) -> Vec<Path> {
    let mut found = Vec::new();
    for (at, cell) in cells.iter().enumerate().take(GROUP) {
        let path = Path::default().with(Step::Child(at));
        let Some(branch) = small_branch(cell, if cells.len() == 1 { GROUP } else { SMALL }) else {
            continue;
        };
        for inner in 0..branch.count() {
            let child = branch.child(inner).and_then(|it| small_branch(it.1, SMALL));
            if child.is_some() {
                found.push(path.with(Step::Child(inner)));
            }
        }
        found.push(path);
    }
    if cells.len() > GROUP {
        Vec::new()
    } else {
        found
    }
}

fn small_branch(value: &Value, most: usize) -> Option<Branch<'_>> {
    Branch::of(value).filter(|it| (1..=most).contains(&it.count()))
}

/// The ways to all nodes whose name or text holds `wanted`, which is in lower case; stops after `most`.
pub(super) fn matches(columns: &[Column], cells: &[Value], wanted: &str, most: usize) -> Vec<Path> {
    let mut found = Vec::new();
    let mut way = Vec::new();
    search(
        Branch::Row(columns, cells),
        wanted,
        most,
        &mut way,
        &mut found,
    );
    found
}

fn search(
    branch: Branch<'_>,
    wanted: &str,
    most: usize,
    way: &mut Vec<(usize, usize)>,
    found: &mut Vec<Path>,
) {
    for at in 0..branch.count() {
        if found.len() >= most {
            return;
        }
        let Some((name, value)) = branch.child(at) else {
            continue;
        };
        way.push((at, branch.count()));
        let inner = Branch::of(value);
        let is_item = matches!(branch, Branch::List(_));
        let has = |text: &str| text.to_lowercase().contains(wanted);
        if (!is_item && has(&name)) || (inner.is_none() && has(&value.to_string())) {
            found.push(Path::grouped(way));
        }
        if let Some(inner) = inner {
            search(inner, wanted, most, way, found);
        }
        way.pop();
    }
}

/// A row that is closed, in one line: its first cells.
pub(super) fn summary(columns: &[Column], cells: &[Value]) -> String {
    let parts = columns.iter().zip(cells).take(8).map(|(column, cell)| {
        let text = match cell {
            Value::Text(text) => format!("{:?}", text.chars().take(40).collect::<String>()),
            Value::Map(_) | Value::List(_) => {
                Branch::of(cell).map_or_else(String::new, |it| it.about())
            }
            other => other.to_string().chars().take(40).collect(),
        };
        format!("{}: {text}", column.name)
    });
    let more = if cells.len() > 8 { ", …" } else { "" };
    format!("{{ {}{more} }}", parts.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[&str]) -> Vec<Column> {
        let column = |name: &&str| Column {
            name: (*name).to_owned(),
            type_name: String::new(),
        };
        names.iter().map(column).collect()
    }

    fn cells(json: &[&str]) -> Vec<Value> {
        json.iter()
            .map(|it| Value::from_json(it).expect("JSON"))
            .collect()
    }

    fn shown(lines: &[Line]) -> Vec<String> {
        let shown = lines.iter().map(|it| {
            let content = match &it.content {
                Content::Branch { about, .. } => about.clone(),
                Content::Null => "null".to_owned(),
                Content::Text(text) | Content::Number(text) | Content::Other(text) => text.clone(),
            };
            format!("{}{} {content}", " ".repeat(it.depth), it.name)
        });
        shown.collect()
    }

    #[test]
    fn open_documents_show_exact_members() {
        let columns = columns(&["id", "doc"]);
        let cells = cells(&["9007199254740993", r#"{"a":{"b":1.50},"tags":[]}"#]);
        let lines = lines_of(0, &columns, &cells, &|_| true);
        assert_eq!(
            shown(&lines),
            [
                "row 1 2 fields",
                " id 9007199254740993",
                " doc { 2 members }",
                "  a { 1 member }",
                "   b 1.50",
                "  tags []",
            ]
        );
        let path = &lines[4].path;
        assert_eq!(spelled(&columns, &cells, path), "doc.a.b");
        assert_eq!(
            find(&cells, path).map(ToString::to_string).as_deref(),
            Some("1.50")
        );
    }

    #[test]
    fn a_million_items_stand_in_groups_of_groups() {
        let columns = columns(&["list"]);
        let cells = [Value::List((0..1_000_000).map(Value::I64).collect())];
        let root = Path::default().with(Step::Child(0));
        let lines = lines_of(0, &columns, &cells, &|it| *it == root);
        assert_eq!(lines.len(), 2 + 100);
        assert_eq!(lines[2].name, "0 – 9,999");
        let all = lines_of(0, &columns, &cells, &|it| {
            it.0.iter()
                .all(|it| !matches!(it, Step::Group { from, .. } if *from > 0))
        });
        assert_eq!(all.len(), 2 + 100 + 100 + 100);
    }

    #[test]
    fn what_is_searched_is_found_behind_its_groups() {
        let columns = columns(&["list"]);
        let cells = [Value::List((0..25_000).map(Value::I64).collect())];
        let found = matches(&columns, &cells, "12345", 10);
        assert_eq!(found.len(), 1);
        assert_eq!(find(&cells, &found[0]), Some(&Value::I64(12_345)));
        let open = found[0].parents();
        let lines = lines_of(0, &columns, &cells, &|it| open.contains(it));
        assert!(lines.iter().any(|it| it.path == found[0]));
    }

    #[test]
    fn names_are_searched_too_whatever_their_case() {
        let columns = columns(&["doc"]);
        let cells = cells(&[r#"{"Email":"x","other":{"email2":"y"}}"#]);
        assert_eq!(matches(&columns, &cells, "email", 10).len(), 2);
        assert_eq!(matches(&columns, &cells, "email", 1).len(), 1);
    }
}
