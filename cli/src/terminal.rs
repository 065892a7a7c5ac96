//! The terminal: results on stdout, everything else on stderr, colour only where a person looks.

use std::io::{self, IsTerminal as _, Write as _};

use parallax_core::error::{Error, ErrorKind, Result};

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
