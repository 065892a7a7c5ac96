//! RESP 2 and 3: commands out, replies in.
//!
//! A reply is found complete in the buffer before it is read, so that its texts can be lent from there.

use parallax_core::error::{Error, ErrorKind, Result};

/// How deep a reply may nest.
const MAX_DEPTH: usize = 64;

/// The most elements that one reply may say it has.
const MAX_ELEMENTS: u64 = 1 << 31;

/// One reply, with texts as the server sent them.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reply {
    Nil,
    /// A status, such as `OK`.
    Status(String),
    /// The server's error: its code is the first word.
    Error(String),
    Int(i64),
    Bulk(Vec<u8>),
    /// A floating-point number, as the server writes it.
    Double(String),
    Bool(bool),
    /// A whole number of any size, in decimal digits.
    BigNumber(String),
    Array(Vec<Self>),
    Set(Vec<Self>),
    Map(Vec<(Self, Self)>),
    /// What the server sends unasked.
    Push(Vec<Self>),
}

impl Reply {
    /// The bytes of a text of whatever kind.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bulk(it) => Some(it),
            Self::Status(it) | Self::Double(it) | Self::BigNumber(it) => Some(it.as_bytes()),
            _ => None,
        }
    }

    /// The text, where it is one.
    pub(super) fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// A whole number, also one that is written as text.
    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Int(it) => Some(*it),
            _ => self.text()?.parse().ok(),
        }
    }

    /// The elements of an array or a set; none of anything else.
    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::Array(items) | Self::Set(items) | Self::Push(items) => items,
            _ => &[],
        }
    }

    /// Named members, whether the server sent a map or a flat list of names and values.
    pub(super) fn pairs(&self) -> Vec<(&Self, &Self)> {
        match self {
            Self::Map(pairs) => pairs.iter().map(|(name, value)| (name, value)).collect(),
            _ => self
                .items()
                .chunks_exact(2)
                .filter_map(|it| Some((it.first()?, it.get(1)?)))
                .collect(),
        }
    }

    /// The member of that name.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        let pairs = self.pairs();
        let found = pairs.into_iter().find(|(it, _)| it.text() == Some(name));
        found.map(|(_, value)| value)
    }
}

/// One element of a reply: a leaf, or the head of what holds others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'b> {
    Nil,
    Status(&'b [u8]),
    Error(&'b [u8]),
    Int(i64),
    Bulk(&'b [u8]),
    Double(&'b [u8]),
    Bool(bool),
    BigNumber(&'b [u8]),
    Array(usize),
    Set(usize),
    /// So many pairs.
    Map(usize),
    Push(usize),
    /// So many pairs, which stand before the reply that they are about.
    Attributes(usize),
}

impl Token<'_> {
    /// How many more elements belong to the same reply.
    fn opens(&self) -> u64 {
        match *self {
            Self::Array(count) | Self::Set(count) | Self::Push(count) => count as u64,
            Self::Map(pairs) => pairs as u64 * 2,
            Self::Attributes(pairs) => pairs as u64 * 2 + 1,
            _ => 0,
        }
    }
}

/// Finds the end of a reply that may arrive in pieces; no byte is looked at twice.
#[derive(Debug)]
pub(super) struct Finder {
    /// The bytes that belong to elements already seen.
    at: usize,
    /// Elements that the reply still needs.
    open: u64,
}

impl Finder {
    pub(super) fn new() -> Self {
        Self { at: 0, open: 1 }
    }

    /// The length of the reply that begins `buffer`, or `None` while it is not complete.
    ///
    /// Must be given the same buffer again with more behind it.
    pub(super) fn end(&mut self, buffer: &[u8]) -> Result<Option<usize>> {
        while self.open > 0 {
            let rest = buffer.get(self.at..).unwrap_or_default();
            let Some((token, length)) = element(rest)? else {
                return Ok(None);
            };
            self.at += length;
            self.open = self.open - 1 + token.opens();
            if self.open > MAX_ELEMENTS {
                return Err(broken(
                    "it says that it has more elements than any reply has",
                ));
            }
        }
        Ok(Some(self.at))
    }

    /// How far it has got.
    pub(super) fn seen(&self) -> usize {
        self.at
    }
}

/// Reads the elements of complete replies, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Tokens<'b> {
    rest: &'b [u8],
}

impl<'b> Tokens<'b> {
    pub(super) fn new(reply: &'b [u8]) -> Self {
        Self { rest: reply }
    }

    /// The next element; fails where there is none, which means that the server broke the protocol.
    pub(super) fn next(&mut self) -> Result<Token<'b>> {
        loop {
            let (token, length) = element(self.rest)?.ok_or_else(|| broken("it ends too early"))?;
            self.rest = self.rest.get(length..).unwrap_or_default();
            let Token::Attributes(pairs) = token else {
                return Ok(token);
            };
            for _ in 0..pairs * 2 {
                self.skip()?;
            }
        }
    }

    /// Passes over one element with all that it holds.
    pub(super) fn skip(&mut self) -> Result<()> {
        let mut finder = Finder::new();
        let end = finder.end(self.rest)?;
        let end = end.ok_or_else(|| broken("it ends too early"))?;
        self.rest = self.rest.get(end..).unwrap_or_default();
        Ok(())
    }

    /// The next element with all that it holds, as its own.
    pub(super) fn reply(&mut self) -> Result<Reply> {
        self.nested(MAX_DEPTH)
    }

    fn nested(&mut self, depth: usize) -> Result<Reply> {
        let inner = depth.checked_sub(1);
        let inner = inner.ok_or_else(|| broken("it nests too deep"))?;
        Ok(match self.next()? {
            Token::Nil | Token::Attributes(_) => Reply::Nil,
            Token::Status(it) => Reply::Status(lossy(it)),
            Token::Error(it) => Reply::Error(lossy(it)),
            Token::Int(it) => Reply::Int(it),
            Token::Bulk(it) => Reply::Bulk(it.to_vec()),
            Token::Double(it) => Reply::Double(lossy(it)),
            Token::Bool(it) => Reply::Bool(it),
            Token::BigNumber(it) => Reply::BigNumber(lossy(it)),
            Token::Array(count) => Reply::Array(self.many(count, inner)?),
            Token::Set(count) => Reply::Set(self.many(count, inner)?),
            Token::Push(count) => Reply::Push(self.many(count, inner)?),
            Token::Map(pairs) => {
                let pair = |_| Ok((self.nested(inner)?, self.nested(inner)?));
                Reply::Map((0..pairs).map(pair).collect::<Result<_>>()?)
            }
        })
    }

    fn many(&mut self, count: usize, depth: usize) -> Result<Vec<Reply>> {
        (0..count).map(|_| self.nested(depth)).collect()
    }
}

/// Statuses and errors are lines of text by the protocol; what is no text in them is shown as such.
fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The first element of `buffer` and its length; `None` where the buffer ends before it does.
fn element(buffer: &[u8]) -> Result<Option<(Token<'_>, usize)>> {
    let Some((&mark, rest)) = buffer.split_first() else {
        return Ok(None);
    };
    let Some(length) = line(rest) else {
        return Ok(None);
    };
    let text = rest.get(..length).unwrap_or_default();
    // The mark, the line and its end.
    let head = length + 3;
    let token = match mark {
        b'$' | b'=' | b'!' => return bulk(mark, text, buffer, head),
        b'+' => Token::Status(text),
        b'-' => Token::Error(text),
        b':' => Token::Int(number(text)?),
        b',' => Token::Double(text),
        b'(' => Token::BigNumber(text),
        b'#' => Token::Bool(text == b"t"),
        b'_' => Token::Nil,
        b'*' => count(text)?.map_or(Token::Nil, Token::Array),
        b'~' => count(text)?.map_or(Token::Nil, Token::Set),
        b'%' => count(text)?.map_or(Token::Nil, Token::Map),
        b'>' => count(text)?.map_or(Token::Nil, Token::Push),
        b'|' => Token::Attributes(count(text)?.unwrap_or(0)),
        other => return Err(broken(&format!("it begins with {:?}", char::from(other)))),
    };
    Ok(Some((token, head)))
}

/// Text of a given length: bytes, an error, or text with its format before it, which is taken off.
fn bulk<'b>(
    mark: u8,
    length: &[u8],
    buffer: &'b [u8],
    head: usize,
) -> Result<Option<(Token<'b>, usize)>> {
    let Some(length) = count(length)? else {
        return Ok(Some((Token::Nil, head)));
    };
    let end = head + length;
    let Some(text) = buffer.get(head..end) else {
        return Ok(None);
    };
    if buffer.len() < end + 2 {
        return Ok(None);
    }
    let token = match mark {
        b'=' => Token::Bulk(text.get(4..).unwrap_or_default()),
        b'!' => Token::Error(text),
        _ => Token::Bulk(text),
    };
    Ok(Some((token, end + 2)))
}

/// The length of the line that begins `rest`, without its end.
fn line(rest: &[u8]) -> Option<usize> {
    let end = rest.iter().position(|it| *it == b'\r')?;
    match rest.get(end + 1) {
        Some(b'\n') => Some(end),
        Some(_) => rest.windows(2).position(|it| it == b"\r\n"),
        None => None,
    }
}

/// A count, or `None` where it is -1, which means nil.
fn count(text: &[u8]) -> Result<Option<usize>> {
    let count = number(text)?;
    if count == -1 {
        return Ok(None);
    }
    usize::try_from(count)
        .map(Some)
        .map_err(|_negative| broken("a count is negative"))
}

fn number(text: &[u8]) -> Result<i64> {
    let text = std::str::from_utf8(text).ok();
    text.and_then(|it| it.parse().ok())
        .ok_or_else(|| broken("a number is no number"))
}

/// The error of a reply that is no RESP.
pub(super) fn broken(why: &str) -> Error {
    Error::new(ErrorKind::Unreadable, "read the server's reply")
        .because(why)
        .hint("does a server that speaks RESP listen on this port?")
}

/// Appends a command to `output`.
pub(super) fn write<A: AsRef<[u8]>>(output: &mut Vec<u8>, arguments: &[A]) {
    head(output, arguments.len());
    for argument in arguments {
        bulk_out(output, argument.as_ref());
    }
}

/// Appends the head of a command of so many arguments, which [`bulk_out`] appends.
pub(super) fn head(output: &mut Vec<u8>, arguments: usize) {
    length_out(output, b'*', arguments);
}

/// Appends one argument.
pub(super) fn bulk_out(output: &mut Vec<u8>, argument: &[u8]) {
    length_out(output, b'$', argument.len());
    output.extend_from_slice(argument);
    output.extend_from_slice(b"\r\n");
}

fn length_out(output: &mut Vec<u8>, mark: u8, length: usize) {
    output.push(mark);
    if length < 10 {
        output.push(b'0' + u8::try_from(length).unwrap_or_default());
    } else {
        output.extend_from_slice(length.to_string().as_bytes());
    }
    output.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(text: &[u8]) -> Reply {
        assert_eq!(
            Finder::new().end(text).expect("RESP"),
            Some(text.len()),
            "the end"
        );
        Tokens::new(text).reply().expect("a reply")
    }

    fn bulk(text: &str) -> Reply {
        Reply::Bulk(text.into())
    }

    #[test]
    fn every_kind_of_reply_is_read() {
        assert_eq!(read(b"+OK\r\n"), Reply::Status("OK".into()));
        assert_eq!(read(b"-ERR no\r\n"), Reply::Error("ERR no".into()));
        assert_eq!(read(b"!6\r\nERR no\r\n"), Reply::Error("ERR no".into()));
        assert_eq!(
            read(b":-9223372036854775808\r\n"),
            Reply::Int(i64::MIN),
            "the smallest"
        );
        assert_eq!(read(b"$3\r\na\r\n\r\n"), Reply::Bulk(b"a\r\n".to_vec()));
        assert_eq!(read(b"$-1\r\n"), Reply::Nil);
        assert_eq!(read(b"*-1\r\n"), Reply::Nil);
        assert_eq!(read(b"_\r\n"), Reply::Nil);
        assert_eq!(read(b"#t\r\n"), Reply::Bool(true));
        assert_eq!(read(b",1.5\r\n"), Reply::Double("1.5".into()));
        assert_eq!(
            read(b"(12345678901234567890\r\n").text(),
            Some("12345678901234567890")
        );
    }

    #[test]
    fn what_holds_others_is_read_with_them() {
        assert_eq!(read(b"=8\r\ntxt:text\r\n"), bulk("text"));
        assert_eq!(read(b"~1\r\n$1\r\na\r\n"), Reply::Set(vec![bulk("a")]));
        assert_eq!(read(b">1\r\n$1\r\na\r\n"), Reply::Push(vec![bulk("a")]));
        assert_eq!(
            read(b"%1\r\n$1\r\na\r\n*2\r\n:1\r\n*0\r\n"),
            Reply::Map(vec![(
                bulk("a"),
                Reply::Array(vec![Reply::Int(1), Reply::Array(vec![])])
            )])
        );
        assert_eq!(read(b"|1\r\n+a\r\n:1\r\n:7\r\n"), Reply::Int(7));
    }

    #[test]
    fn a_reply_may_come_in_pieces() {
        let text = b"*2\r\n$5\r\nhello\r\n%1\r\n+a\r\n:1\r\n";
        let mut finder = Finder::new();
        for length in 0..text.len() {
            assert_eq!(finder.end(&text[..length]).expect("RESP"), None, "{length}");
        }
        assert_eq!(finder.end(text).expect("RESP"), Some(text.len()));
    }

    #[test]
    fn what_is_no_resp_is_an_error() {
        for text in [
            b"HTTP/1.1 400 Bad Request\r\n".as_slice(),
            b":x\r\n",
            b"*-2\r\n",
            b"*99999999999\r\n",
        ] {
            assert!(Finder::new().end(text).is_err(), "{text:?}");
        }
        let deep = [b"*1\r\n".repeat(100), b":1\r\n".to_vec()].concat();
        assert!(Tokens::new(&deep).reply().is_err());
    }

    #[test]
    fn a_command_is_counted_in_bytes() {
        let mut output = Vec::new();
        write(&mut output, &[b"GET".as_slice(), "ü 10 bytes".as_bytes()]);
        assert_eq!(
            output,
            "*2\r\n$3\r\nGET\r\n$11\r\nü 10 bytes\r\n".as_bytes()
        );
    }
}
