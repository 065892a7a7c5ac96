//! The command line that does the same check again.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;
use parallax_core::report::Scope;

/// `parallax -d FILE check …`, quoted for a POSIX shell.
pub(super) fn command(file: &Path, scope: &Scope) -> String {
    let mut words = vec!["parallax".to_owned(), "-d".to_owned()];
    words.push(file.display().to_string());
    words.push("check".to_owned());
    let mut option = |name: &str, value: String| words.extend([format!("--{name}"), value]);
    for entity in &scope.entities {
        option("entity", entity.clone());
    }
    if let Some(from) = &scope.from {
        option("from", from.to_string());
    }
    if let Some(to) = &scope.to {
        option("to", to.to_string());
    }
    if let Some(sample) = scope.sample {
        option("sample", sample.to_string());
    }
    if let Some(since) = scope.since {
        option("since", time(since));
    }
    let words: Vec<Cow<'_, str>> = words.iter().map(|it| quoted(it)).collect();
    words.join(" ")
}

/// As the command line reads it: `1h 30m` without its space.
fn time(span: Duration) -> String {
    let signed = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    format!("{signed:#}").replace(' ', "")
}

/// A word that a shell passes on as it is.
fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"_-./:=@%+,".contains(&it);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.into();
    }
    format!("'{}'", word.replace('\'', r"'\''")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_the_whole_scope_and_is_quoted() {
        let scope = Scope {
            entities: vec!["user".to_owned(), "order".to_owned()],
            from: None,
            to: Some("cache.user:{id}".parse().expect("a dataset")),
            sample: Some(0.05),
            since: Some(Duration::from_mins(90)),
        };
        assert_eq!(
            command(Path::new("/it's here/deployment.toml"), &scope),
            r"parallax -d '/it'\''s here/deployment.toml' check --entity user --entity order --to 'cache.user:{id}' --sample 0.05 --since 1h30m"
        );
    }

    #[test]
    fn a_time_is_read_back_as_it_was() {
        for millis in [1, 999, 1_000, 90_061_001] {
            let span = Duration::from_millis(millis);
            let read: SignedDuration = time(span).parse().expect("a time");
            let read = Duration::try_from(read).expect("a span");
            assert_eq!(read, span, "{}", time(span));
        }
    }
}
