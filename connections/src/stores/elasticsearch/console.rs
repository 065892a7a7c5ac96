//! Requests as they are typed in the servers' own console: a method and a path, and a JSON body in the lines below.
//!
//! `#` and `//` begin comments, `/* */` encloses them, `"""` encloses text of several lines. `{{name}}` stands for a
//! parameter: a JSON value in a body, text within quotes there, percent-encoded in a path. A value is never read again.

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::value::Value;

use super::fields::{operand, quoted};
use super::request::{Request, method};
use super::resource::{Resource, encoded};

/// A request, and the line in which it begins.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    pub(super) request: Request,
    pub(super) line: usize,
}

/// Reads the requests of a text, with their parameters filled in.
///
/// Fails with [`ErrorKind::InvalidInput`], saying the line.
pub(super) fn requests(text: &str, parameters: &[(String, Value)]) -> Result<Vec<Typed>> {
    let mut reader = Reader {
        rest: text,
        line: 1,
        parameters,
        keeps_unknown: false,
    };
    let mut requests = Vec::new();
    loop {
        reader.skip_blank()?;
        if reader.rest.is_empty() {
            break;
        }
        requests.push(reader.request()?);
    }
    if requests.is_empty() {
        let error = Error::new(ErrorKind::InvalidInput, "run nothing");
        return Err(error.because("the text has no request").hint(FORM));
    }
    Ok(requests)
}

const FORM: &str =
    "a request is a line such as `GET /users/_search`, with its JSON body in the lines below";

struct Reader<'t> {
    rest: &'t str,
    line: usize,
    parameters: &'t [(String, Value)],
    /// Templates have placeholders of their own: what is no parameter stays.
    keeps_unknown: bool,
}

impl<'t> Reader<'t> {
    fn request(&mut self) -> Result<Typed> {
        let line = self.line;
        let (name, path) = self.head()?;
        let method = method(&name).ok_or_else(|| {
            self.bad(&format!("{name:?} is no method that is sent"))
                .hint(FORM)
        })?;
        let resource = Resource::parse(&path).map_err(|it| Error {
            operation: format!("run line {line}").into(),
            ..it
        })?;
        self.keeps_unknown = resource
            .segments
            .iter()
            .any(|it| it == "template" || it == "_scripts");
        let lines = takes_lines(&resource);
        let mut bodies = Vec::new();
        while self.next_is_body()? {
            if !lines && !bodies.is_empty() {
                return Err(self.bad("a request of this kind has one body").hint(FORM));
            }
            let body = self.body()?;
            bodies.push(if lines {
                body.replace(['\n', '\r'], " ")
            } else {
                body
            });
        }
        let body = match (lines, bodies.as_slice()) {
            (_, []) => None,
            (true, bodies) => Some(format!("{}\n", bodies.join("\n"))),
            (false, bodies) => bodies.first().cloned(),
        };
        let mut request = Request::new(method, resource, body.map(String::into_bytes));
        request.lines = lines;
        Ok(Typed { request, line })
    }

    /// The method and the path; a comment or the body may follow in the same line.
    fn head(&mut self) -> Result<(String, String)> {
        let end = self
            .rest
            .find(char::is_whitespace)
            .unwrap_or(self.rest.len());
        let name = self.take(end).to_owned();
        if !name.bytes().all(|it| it.is_ascii_alphabetic()) {
            return Err(self.bad("a method and a path are expected here").hint(FORM));
        }
        self.skip_spaces();
        let mut path = String::new();
        while let Some(letter) = self.rest.chars().next() {
            if letter.is_whitespace() {
                break;
            }
            match parameter(self.rest) {
                Some((name, length)) => {
                    let value = self.value(name)?;
                    self.take(length);
                    path.push_str(&encoded(&value.to_string()));
                }
                None => path.push_str(self.take(letter.len_utf8())),
            }
        }
        if path.is_empty() {
            return Err(self.bad("no path stands behind the method").hint(FORM));
        }
        Ok((name, path))
    }

    /// Whether a body begins here, behind blanks and comments.
    fn next_is_body(&mut self) -> Result<bool> {
        self.skip_blank()?;
        Ok(self.rest.starts_with(['{', '[', '"']))
    }

    /// One JSON value, its comments left out.
    fn body(&mut self) -> Result<String> {
        let begun = self.line;
        let mut out = String::new();
        let mut depth = 0_usize;
        while let Some(letter) = self.rest.chars().next() {
            if let Some((name, length)) = parameter(self.rest)
                && let Some(value) = self.bound(name)?
            {
                self.take(length);
                out.push_str(&operand(value));
                if depth == 0 {
                    return Ok(out);
                }
                continue;
            }
            match letter {
                '"' if self.rest.starts_with("\"\"\"") => self.long_text(&mut out)?,
                '"' => self.text(&mut out)?,
                _ if self.skip_comment()? => out.push(' '),
                '{' | '[' => {
                    depth += 1;
                    out.push_str(self.take(1));
                }
                '}' | ']' => {
                    depth = depth.saturating_sub(1);
                    out.push_str(self.take(1));
                }
                _ => out.push_str(self.take(letter.len_utf8())),
            }
            if depth == 0 {
                return Ok(out);
            }
        }
        self.line = begun;
        Err(self.bad("the body that begins here is not closed"))
    }

    /// Text in quotes, with parameters in it.
    fn text(&mut self, out: &mut String) -> Result<()> {
        let begun = self.line;
        out.push_str(self.take(1));
        while let Some(letter) = self.rest.chars().next() {
            if let Some((name, length)) = parameter(self.rest)
                && let Some(value) = self.bound(name)?
            {
                self.take(length);
                out.push_str(&escaped(&value.to_string()));
                continue;
            }
            match letter {
                '"' => {
                    out.push_str(self.take(1));
                    return Ok(());
                }
                '\\' => {
                    let length = self.rest.chars().take(2).map(char::len_utf8).sum();
                    out.push_str(self.take(length));
                }
                '\n' => break,
                _ => out.push_str(self.take(letter.len_utf8())),
            }
        }
        self.line = begun;
        Err(self
            .bad("a text is not closed")
            .hint("text of several lines stands between \"\"\" and \"\"\""))
    }

    /// Text of several lines, which is sent as one text.
    fn long_text(&mut self, out: &mut String) -> Result<()> {
        let begun = self.line;
        self.take(3);
        let mut text = String::new();
        while !self.rest.starts_with("\"\"\"") {
            let Some(letter) = self.rest.chars().next() else {
                self.line = begun;
                return Err(self.bad("the text that begins here with \"\"\" is not closed"));
            };
            if let Some((name, length)) = parameter(self.rest)
                && let Some(value) = self.bound(name)?
            {
                self.take(length);
                text.push_str(&value.to_string());
                continue;
            }
            text.push_str(self.take(letter.len_utf8()));
        }
        self.take(3);
        out.push_str(&quoted(&text));
        Ok(())
    }

    fn skip_blank(&mut self) -> Result<()> {
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            self.take(blank);
            if !self.skip_comment()? {
                return Ok(());
            }
        }
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest.trim_start_matches([' ', '\t']);
        self.rest = rest;
    }

    fn skip_comment(&mut self) -> Result<bool> {
        if self.rest.starts_with('#') || self.rest.starts_with("//") {
            let end = self.rest.find('\n').unwrap_or(self.rest.len());
            self.take(end);
            return Ok(true);
        }
        if !self.rest.starts_with("/*") {
            return Ok(false);
        }
        match self.rest.find("*/") {
            Some(end) => {
                self.take(end + 2);
                Ok(true)
            }
            None => Err(self.bad("the comment that begins here is not closed")),
        }
    }

    /// The value of a parameter; `None` where a template keeps its own placeholder.
    fn bound(&self, name: &str) -> Result<Option<&'t Value>> {
        match self.find(name) {
            None if self.keeps_unknown => Ok(None),
            _ => self.value(name).map(Some),
        }
    }

    fn value(&self, name: &str) -> Result<&'t Value> {
        self.find(name)
            .ok_or_else(|| self.bad(&format!("the parameter {{{{{name}}}}} has no value")))
    }

    fn find(&self, name: &str) -> Option<&'t Value> {
        let mut all = self.parameters.iter();
        all.find(|(it, _)| it == name).map(|(_, it)| it)
    }

    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        self.line += taken.bytes().filter(|it| *it == b'\n').count();
        self.rest = rest;
        taken
    }

    fn bad(&self, why: &str) -> Error {
        Error::new(ErrorKind::InvalidInput, format!("read line {}", self.line)).because(why)
    }
}

/// Requests whose body is several JSON values.
fn takes_lines(resource: &Resource) -> bool {
    let segments = &resource.segments;
    let template = ["_msearch".to_owned(), "template".to_owned()];
    matches!(resource.last(), "_bulk" | "_msearch") || segments.ends_with(&template)
}

/// The name in `{{name}}`, and how long the whole is.
fn parameter(rest: &str) -> Option<(&str, usize)> {
    let (inner, _) = rest.strip_prefix("{{")?.split_once("}}")?;
    let name = inner.trim();
    let is_name = !name.is_empty() && name.chars().all(|it| it.is_alphanumeric() || it == '_');
    is_name.then_some((name, inner.len() + 4))
}

/// Text as it stands within quotes.
fn escaped(text: &str) -> String {
    let text = quoted(text);
    let inner = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Typed>> {
        let parameters = [
            ("id".to_owned(), Value::I64(9_007_199_254_740_993)),
            ("odd".to_owned(), Value::from("a/b\"c\\{{id}},*\n")),
            ("path".to_owned(), Value::from("a/b\"c{{id}},*")),
            ("price".to_owned(), Value::from_json("0.10").expect("JSON")),
            (
                "list".to_owned(),
                Value::from_json(r#"[1,"x"]"#).expect("JSON"),
            ),
        ];
        requests(text, &parameters)
    }

    #[track_caller]
    fn check(text: &str, expected: &[(usize, &str, &str)]) {
        let requests = read(text).expect(text);
        let told: Vec<(usize, String, String)> = requests
            .iter()
            .map(|it| {
                let text = it.request.text();
                let (head, body) = text.split_once('\n').unwrap_or((&text, ""));
                (it.line, head.to_owned(), body.to_owned())
            })
            .collect();
        let told: Vec<(usize, &str, &str)> = told
            .iter()
            .map(|(line, head, body)| (*line, head.as_str(), body.as_str()))
            .collect();
        assert_eq!(told, expected, "{text}");
    }

    #[test]
    fn a_text_has_several_requests_with_comments() {
        check(
            "# first\nGET users/_search // all\n{ \"size\": 1, // one\n  \"query\": {\"match_all\": {}} /* x */ }\n\n\nget /_cat/indices?v # list\nHEAD /users",
            &[
                (
                    2,
                    "GET /users/_search",
                    "{ \"size\": 1,  \n  \"query\": {\"match_all\": {}}   }",
                ),
                (7, "GET /_cat/indices?v", ""),
                (8, "HEAD /users", ""),
            ],
        );
    }

    #[test]
    fn a_comment_sign_within_text_is_text() {
        check(
            "GET /a/_search\n{\"q\":\"http://x # y /* z\\\"//\"}",
            &[(1, "GET /a/_search", r#"{"q":"http://x # y /* z\"//"}"#)],
        );
    }

    #[test]
    fn lines_of_json_become_one_line_each() {
        check(
            "POST /_msearch\n{}\n{\"query\":\n {\"match_all\":{}}}\n{ \"index\": \"b\" }\n{}",
            &[(
                1,
                "POST /_msearch",
                "{}\n{\"query\":  {\"match_all\":{}}}\n{ \"index\": \"b\" }\n{}\n",
            )],
        );
        assert!(read("POST /a/_search\n{}\n{}").is_err());
    }

    #[test]
    fn parameters_are_bound_by_where_they_stand() {
        check(
            "GET /a/_doc/{{ path }}?routing={{id}}",
            &[(
                1,
                "GET /a/_doc/a%2Fb%22c%7B%7Bid%7D%7D,*?routing=9007199254740993",
                "",
            )]
            .map(|it| (it.0, it.1, it.2)),
        );
    }

    #[test]
    fn parameters_in_a_body_are_json() {
        check(
            r#"GET /a/_search
{"a":{{id}},"b":"{{id}}","c":"x {{odd}}","d":{{price}},"e":{{list}},"f":{{odd}},"g":{"h":{{id}}}}"#,
            &[(
                1,
                "GET /a/_search",
                r#"{"a":9007199254740993,"b":"9007199254740993","c":"x a/b\"c\\{{id}},*\n","d":0.10,"e":[1,"x"],"f":"a/b\"c\\{{id}},*\n","g":{"h":9007199254740993}}"#,
            )],
        );
    }

    #[test]
    fn a_whole_body_may_be_a_parameter() {
        check(
            "GET /a/_search\n{{list}}",
            &[(1, "GET /a/_search", r#"[1,"x"]"#)],
        );
    }

    #[test]
    fn text_of_several_lines_is_one_text() {
        check(
            "POST /_query\n{\"query\": \"\"\"\nFROM a\n| WHERE n == {{id}} \"x\" \"\"\"}",
            &[(
                1,
                "POST /_query",
                r#"{"query": "\nFROM a\n| WHERE n == 9007199254740993 \"x\" "}"#,
            )]
            .map(|it| (it.0, it.1, it.2)),
        );
    }

    #[test]
    fn templates_keep_their_own_placeholders() {
        check(
            r#"GET /_render/template
{"source":{"q":"{{word}} {{id}}"},"params":{"word":{{list}}}}"#,
            &[(
                1,
                "GET /_render/template",
                r#"{"source":{"q":"{{word}} 9007199254740993"},"params":{"word":[1,"x"]}}"#,
            )],
        );
    }

    #[test]
    fn what_is_broken_says_its_line() {
        for (text, line) in [
            ("", "nothing"),
            ("\n{\"query\":{}}", "line 2"),
            ("PATCH /a", "line 1"),
            ("GET", "line 1"),
            ("GET /a/_search\n{\"a\":", "line 2"),
            ("GET /a/_search\n\n{\"a\":\"b\n\"}", "line 3"),
            ("GET /a\nGET /b/{{none}}", "line 2"),
            ("GET /a/../b", "line 1"),
            ("GET http://evil.example/a", "line 1"),
            ("GET /a\n/* open", "line 2"),
            ("GET /a\nnonsense here", "line 2"),
            ("POST /_query\n{\"q\":\"\"\"a", "line 2"),
        ] {
            let error = read(text).expect_err(text);
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{text}");
            assert!(error.to_string().contains(line), "{text:?}: {error}");
        }
    }
}
