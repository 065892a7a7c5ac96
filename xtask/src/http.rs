//! One HTTP request to a server on this machine.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::failure::{During, Failure, Result};

const LIMIT: Duration = Duration::from_mins(1);

/// Sends `body` as JSON and reads the answer as JSON. Fails on an answer that is not 200.
pub(crate) fn request(method: &str, port: u16, path: &str, body: Option<&Value>) -> Result<Value> {
    let request = Request {
        method,
        path,
        body,
        login: None,
        limit: LIMIT,
    };
    request.send(port)
}

/// What is asked, by whom, and how patiently. Holds a password, so it has no `Debug`.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) body: Option<&'a Value>,
    /// Name and password.
    pub(crate) login: Option<[&'a str; 2]>,
    /// How long the server may say nothing.
    pub(crate) limit: Duration,
}

impl Request<'_> {
    /// Reads the answer as JSON. Fails on an answer that is not 200.
    pub(crate) fn send(&self, port: u16) -> Result<Value> {
        let what = format!("ask {} {}", self.method, self.path);
        let mut stream = TcpStream::connect(("127.0.0.1", port)).during(&what)?;
        stream.set_read_timeout(Some(self.limit)).during(&what)?;
        stream
            .write_all(self.message(port).as_bytes())
            .during(&what)?;
        let answer = read(&mut stream).during(&what)?;
        let text = String::from_utf8_lossy(&answer);
        let (head, content) = text
            .split_once("\r\n\r\n")
            .ok_or_else(|| Failure::new(format!("no answer to {what}")))?;
        if head.split(' ').nth(1) != Some("200") {
            return Err(Failure::new(format!("could not {what}: {content}")));
        }
        serde_json::from_str(content).during(&what)
    }

    /// Does not ask to close the connection: tauri-driver passes that on to the native driver, and then fails on its own next
    /// request.
    fn message(&self, port: u16) -> String {
        let (method, path) = (self.method, self.path);
        let login = self.login.map(|login| {
            let login = STANDARD.encode(login.join(":"));
            format!("Authorization: Basic {login}\r\n")
        });
        let login = login.unwrap_or_default();
        let body = self.body.map(Value::to_string).unwrap_or_default();
        let length = body.len();
        format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{login}\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    }
}

/// Reads until the declared length is there, or the server closes.
fn read(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    let mut block = vec![0; 65_536];
    while expected(&answer).is_none_or(|length| answer.len() < length) {
        let n_bytes = stream.read(&mut block)?;
        if n_bytes == 0 {
            break;
        }
        answer.extend(block.iter().take(n_bytes));
    }
    Ok(answer)
}

/// The whole answer's length, once its head is there.
fn expected(answer: &[u8]) -> Option<usize> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(answer.get(..end)?).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))?;
    Some(end + 4 + length.trim().parse::<usize>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_declared_length_is_there() {
        assert_eq!(
            expected(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{"),
            Some(40)
        );
    }

    #[test]
    fn a_login_stands_in_the_head() {
        let mut request = Request {
            method: "GET",
            path: "/",
            body: None,
            login: None,
            limit: LIMIT,
        };
        assert!(!request.message(1).contains("Authorization"));
        request.login = Some(["me", "secret"]);
        let message = request.message(1);
        assert!(
            message.contains("\r\nAuthorization: Basic bWU6c2VjcmV0\r\n"),
            "{message}"
        );
    }

    #[test]
    fn an_answer_without_a_length_ends_with_the_connection() {
        assert_eq!(expected(b"HTTP/1.1 200 OK\r\n\r\n{}"), None);
    }
}
