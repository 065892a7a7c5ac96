//! The server's text forms of arrays and composites.

use parallax_core::value::Value;

/// How deep arrays may nest; the server's own limit is 6.
const MAX_DEPTH: usize = 16;

/// The items of `{1,NULL,"a b",{2}}` as nested lists; `None` where the text says more than that, such as its bounds.
pub(super) fn array(
    text: &str,
    delimiter: char,
    make: &dyn Fn(Option<&str>) -> Value,
) -> Option<Value> {
    let mut reader = Reader {
        rest: text,
        delimiter,
        make,
    };
    let list = reader.list(0)?;
    reader.rest.is_empty().then_some(list)
}

struct Reader<'t> {
    rest: &'t str,
    delimiter: char,
    make: &'t dyn Fn(Option<&str>) -> Value,
}

impl Reader<'_> {
    fn take(&mut self, mark: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(mark)?;
        Some(())
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        self.take('{').filter(|()| depth < MAX_DEPTH)?;
        let mut items = Vec::new();
        if self.take('}').is_some() {
            return Some(Value::List(items));
        }
        loop {
            items.push(self.item(depth)?);
            if self.take('}').is_some() {
                return Some(Value::List(items));
            }
            self.take(self.delimiter)?;
        }
    }

    fn item(&mut self, depth: usize) -> Option<Value> {
        if self.rest.starts_with('{') {
            return self.list(depth + 1);
        }
        if let Some(rest) = self.rest.strip_prefix('"') {
            let (text, rest) = quoted(rest)?;
            self.rest = rest;
            return Some((self.make)(Some(&text)));
        }
        let end = self.rest.find([self.delimiter, '}'])?;
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        let bare = Some(text).filter(|it| !it.eq_ignore_ascii_case("null"));
        Some((self.make)(bare))
    }
}

/// The text up to the closing quote, and what stands behind it. A backslash or a doubled quote stands for the sign behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut found = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => found.push(letters.next()?.1),
            '"' => {
                let rest = text.get(at + 1..)?;
                if !rest.starts_with('"') {
                    return Some((found, rest));
                }
                letters.next();
                found.push('"');
            }
            _ => found.push(letter),
        }
    }
    None
}

/// The cells of `(1,"a b",)`; an empty one is null.
pub(super) fn composite(text: &str) -> Option<Vec<Option<String>>> {
    let mut rest = text.strip_prefix('(')?;
    let mut cells = Vec::new();
    if rest == ")" {
        return Some(cells);
    }
    loop {
        let cell;
        (cell, rest) = if let Some(inside) = rest.strip_prefix('"') {
            let (text, rest) = quoted(inside)?;
            (Some(text), rest)
        } else {
            let (text, rest) = rest.split_at_checked(rest.find([',', ')'])?)?;
            (Some(text.to_owned()).filter(|it| !it.is_empty()), rest)
        };
        cells.push(cell);
        if rest == ")" {
            return Some(cells);
        }
        rest = rest.strip_prefix(',')?;
    }
}

/// Items as the text of an array; `None` is null.
pub(super) fn to_array<'i>(items: impl IntoIterator<Item = Option<&'i str>>) -> String {
    let mut text = "{".to_owned();
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        match item {
            None => text.push_str("NULL"),
            Some(item) => {
                text.push('"');
                for letter in item.chars() {
                    if matches!(letter, '"' | '\\') {
                        text.push('\\');
                    }
                    text.push(letter);
                }
                text.push('"');
            }
        }
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let make = |it: Option<&str>| it.map_or(Value::Null, Value::from);
        let found = array(text, ',', &make).map(|it| it.to_string());
        assert_eq!(found.as_deref(), Some(expected).filter(|it| !it.is_empty()));
    }

    #[test]
    fn arrays_nest_and_hold_nulls_and_quotes() {
        check("{}", "[]");
        check(
            r#"{a,NULL,"NULL","x,y}","q\"\\"}"#,
            r#"["a",null,"NULL","x,y}","q\"\\"]"#,
        );
        check("{{1,2},{3,4}}", r#"[["1","2"],["3","4"]]"#);
        check("[2:3]={1,2}", "");
        check("{a", "");
        check("{a}b", "");
    }

    #[test]
    fn composites_tell_null_from_empty() {
        let cells = composite(r#"(1,,"","a ""b\\",x)"#).expect("cells");
        let cells: Vec<Option<&str>> = cells.iter().map(Option::as_deref).collect();
        assert_eq!(
            cells,
            [Some("1"), None, Some(""), Some("a \"b\\"), Some("x")]
        );
        assert_eq!(composite("(1"), None);
        assert_eq!(composite("()"), Some(Vec::new()));
    }

    #[test]
    fn an_array_that_is_written_is_read_again() {
        let items = ["a", "", "NULL", "x\"\\,{}"];
        let text = to_array(items.iter().map(|it| Some(*it)).chain([None]));
        check(&text, r#"["a","","NULL","x\"\\,{}",null]"#);
    }
}
