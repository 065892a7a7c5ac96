//! One HTTP request to a server on this machine.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::failure::{During, Failure, Result};

const LIMIT: Duration = Duration::from_mins(1);

/// Sends `body` as JSON and reads the answer as JSON. Fails on an answer that is not 200.
pub(crate) fn request(method: &str, port: u16, path: &str, body: Option<&Value>) -> Result<Value> {
    let what = format!("ask {method} {path}");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).during(&what)?;
    stream.set_read_timeout(Some(LIMIT)).during(&what)?;
    stream
        .write_all(message(method, port, path, body).as_bytes())
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
fn message(method: &str, port: u16, path: &str, body: Option<&Value>) -> String {
    let body = body.map(Value::to_string).unwrap_or_default();
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
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
    fn an_answer_without_a_length_ends_with_the_connection() {
        assert_eq!(expected(b"HTTP/1.1 200 OK\r\n\r\n{}"), None);
    }
}
