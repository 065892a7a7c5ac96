//! A secret that a program prints.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use parallax_core::error::{Error, ErrorKind, Result};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use super::{LONGEST, PATIENCE, Secret};

/// Runs `line` without a shell, and takes what it prints, without the blanks around it.
///
/// What it says on stderr is dropped: it may be private too.
pub(super) async fn run(line: &str) -> Result<Secret> {
    run_within(line, PATIENCE).await
}

async fn run_within(line: &str, limit: Duration) -> Result<Secret> {
    let words =
        words(line).ok_or_else(|| failed("").because("a quote in its arguments is not closed"))?;
    let Some((program, arguments)) = words.split_first() else {
        return Err(failed("").because("\"cmd:\" names no program"));
    };
    let Ok(ended) = timeout(limit, output(program, arguments)).await else {
        return Err(Error::new(ErrorKind::Timeout, operation(program))
            .because(format!("it did not end within {limit:?}"))
            .hint("it must not wait for a person: nobody can answer it"));
    };
    let (status, bytes) = ended.map_err(|it| not_run(program, &it))?;
    if bytes.len() as u64 > LONGEST {
        return Err(failed(program).because("it printed more than 64 KiB"));
    }
    if !status.success() {
        return Err(failed(program)
            .because(format!("it ended with {status}"))
            .hint("run it by hand to see what it says"));
    }
    secret(bytes).map_err(|why| failed(program).because(why))
}

async fn output(program: &str, arguments: &[String]) -> std::io::Result<(ExitStatus, Vec<u8>)> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let mut bytes = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(LONGEST + 1).read_to_end(&mut bytes).await?;
    }
    Ok((child.wait().await?, bytes))
}

fn secret(bytes: Vec<u8>) -> Result<Secret, &'static str> {
    let text = String::from_utf8(bytes).map_err(|_bytes| "what it printed is not UTF-8")?;
    match text.trim() {
        "" => Err("it printed nothing"),
        text => Ok(Secret::new(text)),
    }
}

/// Splits at blanks outside quotes, single or double; `None` where a quote is not closed.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in line.chars() {
        if quote == Some(letter) {
            quote = None;
        } else if quote.is_none() && matches!(letter, '\'' | '"') {
            quote = Some(letter);
            word.get_or_insert_default();
        } else if quote.is_none() && letter.is_whitespace() {
            words.extend(word.take());
        } else {
            word.get_or_insert_default().push(letter);
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

fn operation(program: &str) -> String {
    format!("read the secret from the program {program:?}")
}

fn failed(program: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, operation(program))
}

fn not_run(program: &str, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::NotFound, operation(program))
        .because(error)
        .hint("name a program of the search path, or its whole path; no shell is between")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_blanks_together() {
        let expected = ["op", "read", "a b", "", "it's"].map(str::to_owned);
        assert_eq!(
            words(r#"op  read 'a b' "" "it's""#).as_deref(),
            Some(expected.as_slice())
        );
        assert_eq!(words("a 'b"), None);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_a_program_prints_is_trimmed() {
        let secret = run("printf ' hunter2\\n\\n'").await.expect("a secret");
        assert_eq!(secret.reveal(), "hunter2");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn no_shell_reads_the_line() {
        let secret = run("echo $HOME ; echo").await.expect("a secret");
        assert_eq!(secret.reveal(), "$HOME ; echo");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_failure_holds_nothing_of_what_was_printed_or_asked() {
        for line in [
            "sh -c 'echo hunter2; echo hunter2 >&2; exit 3'",
            "printf 'hunter2\\377'",
            "nowhere-hunter --token hunter2",
            "echo 'hunter2",
        ] {
            let error = run(line).await.expect_err("a failure");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_that_waits_is_ended() {
        let error = run_within("sleep 60", Duration::from_millis(50)).await;
        assert_eq!(error.expect_err("no end").kind, ErrorKind::Timeout);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_that_prints_without_end_is_ended() {
        let error = run("yes hunter2").await.expect_err("too much");
        assert!(error.to_string().contains("64 KiB"), "{error}");
    }
}
