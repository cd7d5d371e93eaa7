//! One HTTP request over a connection of its own: as much as a test needs to look behind a server's back.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// How long a server may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers, in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Asks the server at `address`.
pub(crate) fn ask(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).expect("the request is sent");
    let mut text = Vec::new();
    stream.read_to_end(&mut text).expect("the server answers");
    let end = text.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer has headers");
    let (head, rest) = text.split_at(end);
    let head = String::from_utf8_lossy(head).to_lowercase();
    assert!(!head.contains("transfer-encoding"), "an answer of a known length: {head}");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status line");
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Answer { status, headers, body: rest.get(4..).unwrap_or_default().to_vec() }
}
