//! Whatever the text is: no panic, and every problem stands inside it.

use proptest::prelude::*;

use super::super::parse;
use super::good::EXAMPLE;

/// What a file is made of, so that random files get past the syntax.
const LINES: [&str; 24] = [
    "format = 1",
    "name = \"shop\"",
    "[stores]",
    "[stores.orders]",
    "url = \"sqlite:a.db\"",
    "url = \"postgres://a:b@c\"",
    "secret = \"env:A\"",
    "profile = 'é'",
    "[entities.user]",
    "key = \"id\"",
    "key = [\"id\", \"é\"]",
    "[[entities.user.in]]",
    "dataset = \"orders.users\"",
    "dataset = \"orders.user:{id}\"",
    "role = \"system-of-record\"",
    "version = \"at\"",
    "fields.a.b = \"c\"",
    "fields.at = { path = \"at\", as = \"decimal(2)\", scale = -2 }",
    "map = \"listed\"",
    "[[flows]]",
    "from = \"orders.users\"",
    "to = \"orders.user:{id}\"",
    "via = \"replication\"",
    "probe = { kind = \"outbox\", table = \"orders.o\" }",
];

/// Reads `text`; each problem is one line, and stands in the text or just behind a line of it.
fn read(text: &str) -> Result<(), TestCaseError> {
    let Err(problems) = parse(text, "d.toml") else {
        return Ok(());
    };
    prop_assert!(!problems.list.is_empty());
    prop_assert_eq!(problems.to_string().lines().count(), problems.list.len());
    let lines: Vec<&str> = text.split('\n').collect();
    for problem in &problems.list {
        let line = problem.line.checked_sub(1).and_then(|it| lines.get(it));
        prop_assert!(line.is_some(), "{problem}");
        let width = line.map_or(0, |it| it.chars().count());
        prop_assert!((1..=width + 1).contains(&problem.column), "{problem}");
    }
    Ok(())
}

/// The example, where a part is replaced: by nothing, by random text, or by what has a meaning in TOML.
fn mutated() -> impl Strategy<Value = String> {
    let length = EXAMPLE.len();
    (0..length, 0..40_usize, "[\\PC\n\"'\\[\\]{}=.]{0,8}").prop_map(|(at, length, text)| {
        let mut bytes = EXAMPLE.as_bytes().to_vec();
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, text.into_bytes());
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

proptest! {
    #[test]
    fn a_mutated_file_is_read_or_refused(text in mutated()) {
        read(&text)?;
    }

    #[test]
    fn a_truncated_file_is_read_or_refused(length in 0..EXAMPLE.len()) {
        read(EXAMPLE.get(..length).expect("the example is ASCII"))?;
    }

    #[test]
    fn random_lines_are_read_or_refused(lines in prop::collection::vec(prop::sample::select(&LINES[..]), 0..30)) {
        read(&lines.join("\n"))?;
    }

    #[test]
    fn random_text_is_read_or_refused(text in "(?s).{0,80}") {
        read(&text)?;
    }
}
