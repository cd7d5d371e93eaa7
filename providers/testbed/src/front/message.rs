//! HTTP messages as far as a proxy needs them: a head, headers, a body of a known length. One request per connection.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use crate::Call;

/// A request as it came in.
pub(super) struct Request {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// An answer as it goes out.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    head: String,
    body: Vec<u8>,
}

/// Reads up to the empty line; the head, and what came behind it.
fn head(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let mut part = [0; 16 * 1024];
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let body = read.split_off(end + 4);
            return Some((String::from_utf8_lossy(&read).into_owned(), body));
        }
        let count = stream.read(&mut part).ok().filter(|count| *count > 0)?;
        read.extend_from_slice(part.get(..count)?);
    }
}

impl Request {
    /// The next request; `None` when whoever connected says nothing.
    pub(super) fn read(stream: &mut TcpStream) -> Option<Self> {
        let (head, mut body) = head(stream)?;
        let mut lines = head.lines();
        let line = lines.next()?.to_owned();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        let mut request = Self { line, headers, body: Vec::new() };
        assert!(request.header("transfer-encoding").is_empty(), "a body of a known length: {head}");
        if !request.header("expect").is_empty() {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
        }
        let length: usize = request.header("content-length").parse().unwrap_or(0);
        let missing = length.saturating_sub(body.len());
        let begun = body.len();
        body.resize(begun + missing, 0);
        stream.read_exact(body.get_mut(begun..)?).ok()?;
        request.body = body;
        Some(request)
    }

    /// A header; empty where there is none.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value)
    }

    /// Which call it is: the service and the region are those that it was signed for.
    pub(super) fn call(&self) -> Call {
        let mut words = self.line.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let path = target.split('?').next().unwrap_or_default();
        let scope = self.header("authorization").split("Credential=").nth(1).unwrap_or_default();
        let scope: Vec<&str> = scope.split(',').next().unwrap_or_default().split('/').collect();
        let of_scope = |place: usize| scope.get(place).copied().unwrap_or_default().to_owned();
        let form = String::from_utf8_lossy(&self.body);
        let action = form.split('&').find_map(|pair| pair.strip_prefix("Action="));
        let operation = match (self.header("x-amz-target").rsplit('.').next(), action) {
            (Some(target), _) if !target.is_empty() => target,
            (_, Some(action)) if self.header("content-type").contains("form-urlencoded") => action,
            _ => object_operation(method, path.trim_matches('/').contains('/')),
        };
        Call {
            service: Some(of_scope(3)).filter(|name| !name.is_empty()).unwrap_or_else(|| "s3".to_owned()),
            region: of_scope(2),
            operation: operation.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
        }
    }

    /// The body as a document; null where it is none.
    pub(super) fn document(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Has the server behind answer it; `None` when that one breaks the connection.
    pub(super) fn forward(&self, server: &str) -> Option<Answer> {
        let mut stream = TcpStream::connect(server).ok()?;
        let mut text = format!("{}\r\n", self.line);
        let kept = self.headers.iter().filter(|(name, _)| !["connection", "expect"].contains(&name.as_str()));
        kept.for_each(|(name, value)| text.push_str(&format!("{name}: {value}\r\n")));
        text.push_str("connection: close\r\n\r\n");
        stream.write_all(text.as_bytes()).and_then(|()| stream.write_all(&self.body)).ok()?;
        let (head, mut body) = head(&mut stream)?;
        stream.read_to_end(&mut body).ok()?;
        Some(Answer { head, body })
    }
}

/// What S3 calls it.
fn object_operation(method: &str, has_key: bool) -> &str {
    match (method, has_key) {
        ("PUT", true) => "PutObject",
        ("GET", true) => "GetObject",
        ("HEAD", true) => "HeadObject",
        ("DELETE", true) => "DeleteObject",
        ("POST", true) => "PostObject",
        ("PUT", false) => "CreateBucket",
        ("GET", false) => "ListObjectsV2",
        ("HEAD", false) => "HeadBucket",
        ("DELETE", false) => "DeleteBucket",
        ("POST", false) => "DeleteObjects",
        (other, _) => other,
    }
}

impl Answer {
    /// A document of ours.
    pub(super) fn of(status: u16, document: &Value) -> Self {
        let body = document.to_string().into_bytes();
        let head = format!(
            "HTTP/1.1 {status} Said\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n",
            body.len()
        );
        Self { head, body }
    }

    /// A refusal of a service that speaks JSON.
    pub(super) fn refusal(code: &str, message: &str) -> Self {
        Self::of(400, &serde_json::json!({"__type": code, "message": message}))
    }

    /// The document of a success.
    pub(super) fn document(&self) -> Option<Value> {
        let is_success = self.head.split(' ').nth(1) == Some("200");
        is_success.then(|| serde_json::from_slice(&self.body).ok()).flatten()
    }

    /// Sends it; whoever asked may be gone.
    pub(super) fn send(&self, stream: &mut TcpStream) {
        let _ = stream.write_all(self.head.as_bytes()).and_then(|()| stream.write_all(&self.body));
    }
}
