//! Rows as JSON text: every member in its order, also of the same name; exact as [`Value::to_json`] says.

use parallax_core::store::Column;
use parallax_core::value::Value;

const INDENT: &str = "  ";

/// What a part of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Name,
    Text,
    Number,
    Word,
}

/// One line, in parts of one kind each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line(Vec<(String, Kind)>);

impl Line {
    /// In place of a row that has not come yet.
    pub(super) fn waiting() -> Self {
        Self(vec![("…".to_owned(), Kind::Plain)])
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.0.iter().map(|(text, kind)| (text.as_str(), *kind))
    }

    /// The whole line.
    pub(super) fn text(&self) -> String {
        self.parts().map(|it| it.0).collect()
    }

    fn push(&mut self, text: impl Into<String>, kind: Kind) {
        self.0.push((text.into(), kind));
    }
}

/// A row as an object over several lines.
pub(super) fn lines(columns: &[Column], cells: &[Value]) -> Vec<Line> {
    let mut writer = Writer::default();
    let members = columns.iter().map(|it| it.name.as_str()).zip(cells);
    writer.members(members, cells.len(), 0);
    writer.end()
}

/// A row as JSON text, for the clipboard.
pub(super) fn of_row(columns: &[Column], cells: &[Value]) -> String {
    let lines = lines(columns, cells);
    let lines: Vec<String> = lines.iter().map(Line::text).collect();
    lines.join("\n")
}

/// How many lines [`lines`] makes of a row.
pub(super) fn count(cells: &[Value]) -> u64 {
    if cells.is_empty() {
        return 1;
    }
    2 + cells.iter().map(lines_of).sum::<u64>()
}

fn lines_of(value: &Value) -> u64 {
    match value {
        Value::Map(members) if !members.is_empty() => {
            2 + members.iter().map(|(_, it)| lines_of(it)).sum::<u64>()
        }
        Value::List(items) if !items.is_empty() => 2 + items.iter().map(lines_of).sum::<u64>(),
        _ => 1,
    }
}

#[derive(Default)]
struct Writer {
    lines: Vec<Line>,
    line: Line,
}

impl Writer {
    fn end(mut self) -> Vec<Line> {
        self.lines.push(self.line);
        self.lines
    }

    fn next_line(&mut self, depth: usize) {
        self.lines.push(std::mem::take(&mut self.line));
        if depth > 0 {
            self.line.push(INDENT.repeat(depth), Kind::Plain);
        }
    }

    fn members<'v>(
        &mut self,
        members: impl Iterator<Item = (&'v str, &'v Value)>,
        count: usize,
        depth: usize,
    ) {
        if count == 0 {
            self.line.push("{}", Kind::Plain);
            return;
        }
        self.line.push("{", Kind::Plain);
        for (at, (name, value)) in members.enumerate() {
            self.next_line(depth + 1);
            self.line.push(quoted(name), Kind::Name);
            self.line.push(": ", Kind::Plain);
            self.value(value, depth + 1);
            if at + 1 < count {
                self.line.push(",", Kind::Plain);
            }
        }
        self.next_line(depth);
        self.line.push("}", Kind::Plain);
    }

    fn items(&mut self, items: &[Value], depth: usize) {
        self.line.push("[", Kind::Plain);
        for (at, value) in items.iter().enumerate() {
            self.next_line(depth + 1);
            self.value(value, depth + 1);
            if at + 1 < items.len() {
                self.line.push(",", Kind::Plain);
            }
        }
        self.next_line(depth);
        self.line.push("]", Kind::Plain);
    }

    fn value(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Map(members) => {
                let named = members.iter().map(|(name, it)| (name.as_str(), it));
                self.members(named, members.len(), depth);
            }
            Value::List(items) if !items.is_empty() => self.items(items, depth),
            _ => {
                let text = value.to_json().to_string();
                let kind = match text.as_bytes().first() {
                    Some(b'"') => Kind::Text,
                    Some(b'-' | b'0'..=b'9') => Kind::Number,
                    Some(b'[') => Kind::Plain,
                    _ => Kind::Word,
                };
                self.line.push(text, kind);
            }
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str) -> Column {
        Column {
            name: name.to_owned(),
            type_name: String::new(),
        }
    }

    #[test]
    fn what_a_53_bit_reader_would_spoil_is_a_string_and_nothing_is_lost() {
        let columns = ["id", "id", "doc"].map(column);
        let doc = r#"{"n":9007199254740993,"list":[1,{"a":null}],"empty":[],"no":{}}"#;
        let cells = [
            Value::U64(u64::MAX),
            Value::I64(7),
            Value::from_json(doc).expect("JSON"),
        ];
        let text = of_row(&columns, &cells);
        assert_eq!(
            text,
            r#"{
  "id": "18446744073709551615",
  "id": 7,
  "doc": {
    "n": "9007199254740993",
    "list": [
      1,
      {
        "a": null
      }
    ],
    "empty": [],
    "no": {}
  }
}"#
        );
        let lines = lines(&columns, &cells);
        assert_eq!(lines.len() as u64, count(&cells));
        assert_eq!(Value::from_json(&text).expect("JSON").type_name(), "map");
    }

    #[test]
    fn a_line_break_in_a_text_breaks_no_line() {
        let cells = [Value::from("a\nb")];
        assert_eq!(of_row(&[column("t")], &cells), "{\n  \"t\": \"a\\nb\"\n}");
        assert_eq!(count(&cells), 3);
        assert_eq!(count(&[]), 1);
    }
}
