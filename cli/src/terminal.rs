//! The terminal: results on stdout, everything else on stderr, colour only where a person looks.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use parallax_core::error::{Error, ErrorKind, Result};
use parallax_core::profile::SecretText;

/// The longest secret that is read, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Writes a result; a reader that has gone away (`| head`) ends the output quietly.
pub(crate) fn print(text: &str) -> Result<()> {
    written(io::stdout().lock().write_all(text.as_bytes()))
}

/// Turns a failed write into an error; a closed pipe is not one that anybody can act on.
pub(crate) fn written(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            Err(Error::new(ErrorKind::Cancelled, "write the output").because(error))
        }
        other => other.map_err(|it| Error::new(ErrorKind::Other, "write the output").because(it)),
    }
}

/// Says something that is not a result.
pub(crate) fn warn(text: &str) {
    // Nobody can be told that stderr is gone.
    drop(writeln!(io::stderr().lock(), "{text}"));
}

/// Says what went wrong and what to do next.
pub(crate) fn complain(error: &Error) {
    let mut text = format!("error: could not {}", error.operation);
    if let Some(store) = &error.store {
        text.push_str(&format!(" in {store}"));
    }
    if let [cause] = error.causes.as_slice() {
        text.push_str(&format!(": {cause}"));
    } else {
        for cause in &error.causes {
            text.push_str(&format!("\n  {cause}"));
        }
    }
    if let Some(hint) = &error.hint {
        text.push_str(&format!("\nhint: {hint}"));
    }
    warn(&text);
}

/// Asks a question on stderr and hears `y` from stdin; without a terminal nobody is asked, and the answer is no.
pub(crate) fn agrees(question: &str) -> Result<bool> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(false);
    }
    written(io::stderr().lock().write_all(question.as_bytes()))?;
    let mut answer = String::new();
    heard(io::stdin().lock().take(LONGEST).read_line(&mut answer))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
}

/// Reads a secret from stdin: unseen where a person types it, else all that there is without its last line end.
pub(crate) fn read_secret(of: &str) -> Result<SecretText> {
    let text = if io::stdin().is_terminal() {
        heard(rpassword::prompt_password(format!("secret of {of}: ")))?
    } else {
        let mut text = String::new();
        heard(io::stdin().lock().take(LONGEST).read_to_string(&mut text))?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        line.strip_suffix('\r').unwrap_or(line).to_owned()
    };
    if text.is_empty() {
        return Err(
            Error::new(ErrorKind::InvalidInput, "read the secret from stdin")
                .because("it is empty")
                .hint("type it, or pipe it in"),
        );
    }
    Ok(SecretText(text))
}

fn heard<T>(result: io::Result<T>) -> Result<T> {
    result.map_err(|it| Error::new(ErrorKind::InvalidInput, "read from stdin").because(it))
}

/// Colours for people; plain where output is piped or `NO_COLOR` is set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    colour: bool,
}

impl Style {
    pub(crate) fn of_stdout() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
        Self {
            colour: wanted && io::stdout().is_terminal(),
        }
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    pub(crate) fn warning(self, text: &str) -> String {
        self.paint("33", text)
    }

    pub(crate) fn bad(self, text: &str) -> String {
        self.paint("31", text)
    }

    pub(crate) fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(crate) fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
