//! The few words of the MongoDB wire that tell whether a server answers, and which version it is.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::failure::{During, Failure, Result};

const LIMIT: Duration = Duration::from_secs(2);
/// The kind of message that all servers of today speak.
const MESSAGE: u32 = 2013;
/// Of an answer, what comes before its document, after its length: who answers what, and how it is packed.
const HEAD: usize = 17;
/// Answers to what is asked here take some hundred bytes.
const LONGEST: u32 = 1 << 20;

const NUMBER: u8 = 1;
const TEXT: u8 = 2;
const DOCUMENT: u8 = 3;
const INTEGER: u8 = 16;

/// Where a document's text begins, and how many bytes end it.
const LENGTH: usize = 4;

/// The text in the field `name` of what the server on `port` answers to `buildInfo`, for which nobody has to log in.
pub(crate) fn build_text(port: u16, name: &str) -> Result<String> {
    let document = ask(port, "buildInfo").during("reach it")?;
    let text = text_of(&document, name);
    text.ok_or_else(|| Failure::new(format!("it does not tell its {name}")))
}

/// Fails unless the server on `port` answers that it is well, as one that stores elsewhere tells only if that is there.
pub(crate) fn ping(port: u16) -> Result<()> {
    let document = ask(port, "ping").during("reach it")?;
    if field_of(&document, NUMBER, "ok") == Some(&1_f64.to_le_bytes()[..]) {
        return Ok(());
    }
    let error = text_of(&document, "errmsg");
    let error = error.unwrap_or_else(|| "no reason".to_owned());
    Err(Failure::new(format!("it is not well: {error}")))
}

/// The document that a server answers to a command without options.
fn ask(port: u16, command: &str) -> io::Result<Vec<u8>> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    stream.write_all(&message(&question(command)))?;
    let mut length = [0; LENGTH];
    stream.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > LONGEST {
        return Err(io::Error::other("its answer is none"));
    }
    let mut answer = Vec::new();
    let rest = u64::from(length).saturating_sub(LENGTH as u64);
    stream.take(rest).read_to_end(&mut answer)?;
    Ok(answer.split_off(HEAD.min(answer.len())))
}

/// `{command: 1, $db: "admin"}`
fn question(command: &str) -> Vec<u8> {
    let mut fields = vec![INTEGER];
    fields.extend(command.as_bytes());
    fields.push(0);
    fields.extend(1_u32.to_le_bytes());
    fields.push(TEXT);
    fields.extend(b"$db\0\x06\0\0\0admin\0");
    fields.push(0);
    with_length(&fields)
}

fn message(document: &[u8]) -> Vec<u8> {
    let mut rest = Vec::new();
    for number in [1, 0, MESSAGE, 0] {
        rest.extend(u32::to_le_bytes(number));
    }
    // One document follows.
    rest.push(0);
    rest.extend(document);
    with_length(&rest)
}

/// The length counts itself.
fn with_length(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len() + LENGTH).unwrap_or(u32::MAX);
    [&length.to_le_bytes(), bytes].concat()
}

fn text_of(document: &[u8], name: &str) -> Option<String> {
    let text = field_of(document, TEXT, name)?
        .get(LENGTH..)?
        .strip_suffix(b"\0")?;
    String::from_utf8(text.to_vec()).ok()
}

/// The field `wanted`, of those at the top of a document; of some kinds, the length comes before what is in it.
fn field_of<'a>(document: &'a [u8], wanted_kind: u8, wanted: &str) -> Option<&'a [u8]> {
    let mut rest = document.get(LENGTH..)?;
    loop {
        let (&kind, field) = rest.split_first()?;
        let end = field.iter().position(|byte| *byte == 0)?;
        let (name, value) = (field.get(..end)?, field.get(end + 1..)?);
        let (value, others) = value.split_at_checked(length_of(kind, value)?)?;
        if kind == wanted_kind && name == wanted.as_bytes() {
            return Some(value);
        }
        rest = others;
    }
}

/// `None` for kinds that no answer here holds, and for the end of the document.
fn length_of(kind: u8, value: &[u8]) -> Option<usize> {
    let told = || usize::try_from(u32::from_le_bytes(*value.first_chunk()?)).ok();
    match kind {
        // Or a time, or a whole number.
        NUMBER | 9 | 17 | 18 => Some(8),
        TEXT => Some(LENGTH + told()?),
        // Or a list.
        DOCUMENT | 4 => told(),
        // Bytes, with a kind of their own.
        5 => Some(LENGTH + 1 + told()?),
        // Nothing.
        6 | 10 => Some(0),
        // An id.
        7 => Some(12),
        // Yes or no.
        8 => Some(1),
        INTEGER => Some(4),
        // A decimal number.
        19 => Some(16),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_read_as_it_was_written() {
        let question = question("buildInfo");
        assert_eq!(text_of(&question, "$db").unwrap(), "admin");
        assert_eq!(text_of(&question, "buildInfo"), None);
        let length = u32::from_le_bytes(*question.first_chunk().unwrap());
        assert_eq!(usize::try_from(length).unwrap(), question.len());
    }

    #[test]
    fn a_field_is_found_behind_others_of_every_kind() {
        let mut fields = vec![DOCUMENT];
        fields.extend(b"inner\0");
        fields.extend(question("ping"));
        fields.extend(b"\x08yes\0\x01");
        fields.extend(b"\x01number\0\0\0\0\0\0\0\0\0");
        fields.extend(b"\x05bytes\0\x02\0\0\0\0ab");
        fields.extend(b"\x02version\0\x04\0\0\x001.2\0");
        fields.push(0);
        let document = with_length(&fields);
        assert_eq!(text_of(&document, "version").unwrap(), "1.2");
        assert_eq!(text_of(&document, "$db"), None);
    }

    #[test]
    fn a_broken_document_holds_nothing() {
        let whole = question("ping");
        for length in 0..whole.len() - 1 {
            assert_eq!(text_of(&whole[..length], "$db"), None, "{length}");
        }
    }
}
