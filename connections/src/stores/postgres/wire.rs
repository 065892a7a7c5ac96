//! The frontend/backend protocol, version 3: frames in and out of one socket, with no copy of what comes in.

use std::ops::Range;

use bytes::BytesMut;
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;

use super::fault::{Failure, ServerError};
use super::socket::Socket;

/// What a buffer holds at first, and what a stream of rows lets it grow to.
const SMALL: usize = 16 << 10;
const LARGE: usize = 256 << 10;

/// The longest frame that is taken for one; the protocol's own limit is 1 GiB and a bit.
const MAX_FRAME: usize = 1 << 31;

/// One parameter in its text form, and the OID of its type; 0 lets the server tell the type from where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) oid: u32,
    pub(super) text: Option<String>,
}

/// How a value travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Binary,
}

/// One open connection.
#[derive(Debug)]
pub(super) struct Wire {
    socket: Socket,
    inbox: Inbox,
    outbox: BytesMut,
    /// `ReadyForQuery` that are still to come.
    pending: usize,
    /// Of those, the first so many belong to settings whose answers nobody waits for.
    ignored: usize,
    /// `I` idle, `T` in a transaction, `E` in a failed one.
    status: u8,
    notices: Vec<String>,
    server_version: String,
}

/// One frame: its tag, and where its body stands in the buffer until the next one is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) tag: u8,
    body: Range<usize>,
}

impl Wire {
    pub(super) fn new(socket: Socket) -> Self {
        Self {
            socket,
            inbox: Inbox::new(),
            outbox: BytesMut::with_capacity(1024),
            pending: 0,
            ignored: 0,
            status: b'I',
            notices: Vec::new(),
            server_version: String::new(),
        }
    }

    /// Whether nothing is under way and no transaction is open.
    pub(super) fn is_idle(&self) -> bool {
        self.pending == self.ignored && self.status == b'I'
    }

    /// Whether answers are still to come that somebody waits for.
    pub(super) fn is_busy(&self) -> bool {
        self.pending > self.ignored
    }

    /// Whether the server has said nothing since, and not gone away.
    pub(super) fn is_quiet(&self) -> bool {
        self.inbox.is_empty() && self.socket.is_quiet()
    }

    /// Whether nobody on the way can read what is sent.
    pub(super) fn is_private(&self) -> bool {
        self.socket.is_private()
    }

    /// `16.2`, as the server said at the start.
    pub(super) fn server_version(&self) -> &str {
        &self.server_version
    }

    /// What the server had to say besides, since the last look.
    pub(super) fn take_notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices)
    }

    /// The buffer of what is to be sent, for the handshake.
    pub(super) fn outbox(&mut self) -> &mut BytesMut {
        &mut self.outbox
    }

    /// Puts a text of statements without parameters into the buffer; it gives one `ReadyForQuery`.
    pub(super) fn put_simple(&mut self, text: &str) -> Result<(), Failure> {
        frontend::query(text, &mut self.outbox)?;
        self.pending += 1;
        Ok(())
    }

    /// The same for settings: what the server answers is skipped, an error included.
    pub(super) fn put_setting(&mut self, text: &str) -> Result<(), Failure> {
        // Only in front of what somebody waits for.
        if self.pending == self.ignored {
            self.put_simple(text)?;
            self.ignored += 1;
        }
        Ok(())
    }

    pub(super) fn put_parse(&mut self, text: &str, oids: &[u32]) -> Result<(), Failure> {
        Ok(frontend::parse(
            "",
            text,
            oids.iter().copied(),
            &mut self.outbox,
        )?)
    }

    pub(super) fn put_describe_statement(&mut self) -> Result<(), Failure> {
        Ok(frontend::describe(b'S', "", &mut self.outbox)?)
    }

    pub(super) fn put_describe_portal(&mut self) -> Result<(), Failure> {
        Ok(frontend::describe(b'P', "", &mut self.outbox)?)
    }

    /// Binds the parameters' texts; `formats` are those of the result's columns, and none means text.
    pub(super) fn put_bind<'p>(
        &mut self,
        parameters: impl IntoIterator<Item = Option<&'p str>>,
        formats: impl IntoIterator<Item = Format>,
    ) -> Result<(), Failure> {
        let formats = formats
            .into_iter()
            .map(|it| i16::from(it == Format::Binary));
        let put = |value: Option<&str>, out: &mut BytesMut| {
            let Some(text) = value else {
                return Ok(IsNull::Yes);
            };
            out.extend_from_slice(text.as_bytes());
            Ok(IsNull::No)
        };
        let bound = frontend::bind("", "", [], parameters, put, formats, &mut self.outbox);
        bound.map_err(|error| match error {
            frontend::BindError::Conversion(it) => Failure::Protocol(it.to_string()),
            frontend::BindError::Serialization(it) => it.into(),
        })
    }

    pub(super) fn put_execute(&mut self) -> Result<(), Failure> {
        Ok(frontend::execute("", 0, &mut self.outbox)?)
    }

    pub(super) fn put_sync(&mut self) {
        frontend::sync(&mut self.outbox);
        self.pending += 1;
    }

    /// Refuses to send what `COPY … FROM STDIN` asks for.
    pub(super) fn put_copy_fail(&mut self, why: &str) -> Result<(), Failure> {
        frontend::copy_fail(why, &mut self.outbox)?;
        // The server has passed over the one that came before.
        frontend::sync(&mut self.outbox);
        Ok(())
    }

    /// Sends what is in the buffer.
    pub(super) async fn flush(&mut self) -> Result<(), Failure> {
        if !self.outbox.is_empty() {
            self.socket.write_all(&self.outbox).await?;
            self.outbox.clear();
        }
        Ok(())
    }

    /// The next frame, waiting for it.
    pub(super) async fn frame(&mut self) -> Result<Frame, Failure> {
        loop {
            if let Some(frame) = self.take()? {
                return Ok(frame);
            }
            self.fill().await?;
        }
    }

    /// The next frame, if it is here. Notices and changes of parameters are kept aside.
    pub(super) fn take(&mut self) -> Result<Option<Frame>, Failure> {
        while let Some(frame) = self.inbox.take()? {
            match frame.tag {
                b'D' | b'd' => return Ok(Some(frame)),
                b'N' => {
                    let notice = ServerError::read(self.inbox.body(&frame));
                    self.notices.push(notice.notice());
                }
                b'S' => self.keep_parameter(&frame),
                b'A' => {
                    let text = notification(self.inbox.body(&frame));
                    self.notices.push(text);
                }
                b'Z' => {
                    self.ready(&frame);
                    if self.ignored == 0 {
                        return Ok(Some(frame));
                    }
                    self.ignored -= 1;
                }
                _ if self.ignored > 0 => {}
                _ => return Ok(Some(frame)),
            }
        }
        Ok(None)
    }

    /// Reads more; fails where the server has closed the connection.
    pub(super) async fn fill(&mut self) -> Result<(), Failure> {
        let spare = self.inbox.spare();
        let read = self.socket.read(spare).await?;
        if read == 0 {
            return Err(Failure::Gone);
        }
        self.inbox.filled(read);
        Ok(())
    }

    /// The body of the frame just taken.
    pub(super) fn body(&self, frame: &Frame) -> &[u8] {
        self.inbox.body(frame)
    }

    /// The error that a frame with the tag `E` holds.
    pub(super) fn error(&self, frame: &Frame) -> Failure {
        Failure::Server(Box::new(ServerError::read(self.body(frame))))
    }

    /// Says goodbye, as far as that needs no waiting.
    pub(super) fn hang_up(&mut self) {
        self.socket.try_write(b"X\0\0\0\x04");
    }

    fn ready(&mut self, frame: &Frame) {
        self.pending = self.pending.saturating_sub(1);
        self.status = self.body(frame).first().copied().unwrap_or(b'I');
    }

    fn keep_parameter(&mut self, frame: &Frame) {
        let mut texts = self.inbox.body(frame).split(|it| *it == 0);
        if texts.next() == Some(b"server_version") {
            let version = texts.next().unwrap_or_default();
            self.server_version = String::from_utf8_lossy(version).into_owned();
        }
    }
}

/// What `NOTIFY` has sent: the channel and its payload.
fn notification(body: &[u8]) -> String {
    let mut texts = body.get(4..).unwrap_or_default().split(|it| *it == 0);
    let mut text = || String::from_utf8_lossy(texts.next().unwrap_or_default()).into_owned();
    format!("notification on {}: {}", text(), text())
}

/// What was read and is not taken yet.
#[derive(Debug)]
struct Inbox {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// How long the frame is that does not fit yet.
    wanted: usize,
}

impl Inbox {
    fn new() -> Self {
        Self {
            bytes: vec![0; SMALL],
            start: 0,
            end: 0,
            wanted: 0,
        }
    }

    fn is_empty(&self) -> bool {
        self.start == self.end
    }

    fn take(&mut self) -> Result<Option<Frame>, Failure> {
        let held = self.bytes.get(self.start..self.end).unwrap_or_default();
        let Some((&[tag, a, b, c, d], _)) = held.split_first_chunk::<5>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if !(4..MAX_FRAME).contains(&length) {
            return Err(Failure::Protocol("a frame has no length".to_owned()));
        }
        if held.len() <= length {
            self.wanted = length + 1;
            return Ok(None);
        }
        let body = self.start + 5..self.start + 1 + length;
        self.start = body.end;
        Ok(Some(Frame { tag, body }))
    }

    fn body(&self, frame: &Frame) -> &[u8] {
        self.bytes.get(frame.body.clone()).unwrap_or_default()
    }

    /// Where to read to; what is not taken yet moves to the front.
    fn spare(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.bytes.len() < self.wanted {
            self.bytes.resize(self.wanted, 0);
        } else if self.end == 0 && self.bytes.len() > LARGE {
            self.bytes.truncate(LARGE);
            self.bytes.shrink_to_fit();
        }
        self.wanted = 0;
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    fn filled(&mut self, count: usize) {
        self.end += count;
        // Whoever fills the buffer has more to say.
        if self.end == self.bytes.len() && self.bytes.len() < LARGE {
            self.bytes.resize(self.bytes.len() * 2, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(inbox: &mut Inbox, bytes: &[u8]) {
        let spare = inbox.spare();
        spare[..bytes.len()].copy_from_slice(bytes);
        inbox.filled(bytes.len());
    }

    #[test]
    fn a_frame_is_taken_once_it_is_whole() {
        let mut inbox = Inbox::new();
        put(&mut inbox, b"D\0\0");
        assert_eq!(inbox.take().expect("no error"), None);
        put(&mut inbox, b"\0\x06abZ\0\0\0\x05");
        let frame = inbox.take().expect("no error").expect("a frame");
        assert_eq!((frame.tag, inbox.body(&frame)), (b'D', b"ab".as_slice()));
        assert_eq!(inbox.take().expect("no error"), None);
        put(&mut inbox, b"I");
        let frame = inbox.take().expect("no error").expect("a frame");
        assert_eq!((frame.tag, inbox.body(&frame)), (b'Z', b"I".as_slice()));
        assert!(inbox.is_empty());
    }

    #[test]
    fn a_long_frame_makes_room_for_itself_and_gives_it_back() {
        let mut inbox = Inbox::new();
        let length = u32::try_from(LARGE * 2 + 4).expect("it fits");
        put(&mut inbox, b"D");
        put(&mut inbox, &length.to_be_bytes());
        assert_eq!(inbox.take().expect("no error"), None);
        while inbox.end < LARGE * 2 + 5 {
            let room = inbox.spare().len().min(LARGE * 2 + 5 - inbox.end);
            inbox.filled(room);
        }
        let frame = inbox.take().expect("no error").expect("a frame");
        assert_eq!(inbox.body(&frame).len(), LARGE * 2);
        assert!(inbox.spare().len() <= LARGE);
    }

    #[test]
    fn nonsense_is_no_frame() {
        let mut inbox = Inbox::new();
        put(&mut inbox, b"H\0\0\0\x01");
        assert!(inbox.take().is_err());
    }
}
