#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Client, Get};

/// A server that answers one connection with these bytes; the address and what it was asked.
async fn server(answer: String) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/x", listener.local_addr().expect("an address"));
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut asked = Vec::new();
        let mut buffer = [0; 1024];
        while !asked.ends_with(b"\r\n\r\n") {
            let count = stream.read(&mut buffer).await.expect("a request");
            asked.extend_from_slice(&buffer[..count]);
        }
        stream.write_all(answer.as_bytes()).await.expect("an answer");
        String::from_utf8(asked).expect("text")
    });
    (url, asked)
}

fn get(url: &str) -> Get {
    Get { url: url.to_owned(), headers: BTreeMap::new(), timeout: None }
}

#[tokio::test]
async fn whatever_a_server_says_is_an_answer() {
    let (url, asked) = server(
        "HTTP/1.1 404 Not Found\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngone"
            .to_owned(),
    )
    .await;
    let headers = BTreeMap::from([("Authorization".to_owned(), "Bearer t".to_owned())]);
    let answer =
        Client::new().expect("a client").get(&Get { headers, ..get(&url) }).await.expect("an answer");
    assert_eq!((answer.status, answer.body.as_slice()), (404, b"gone".as_slice()));
    assert_eq!(answer.headers.get("x-a").map(String::as_str), Some("1, 2"));
    let asked = asked.await.expect("the server");
    assert!(asked.starts_with("GET /x HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("authorization: Bearer t\r\n"), "{asked}");
}

#[tokio::test]
async fn failures_are_clauses_without_what_is_secret() {
    let client = Client::new().expect("a client");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/?token=hunter2", listener.local_addr().expect("an address"));
    let slow = Get { timeout: Some(Duration::from_millis(50)), ..get(&url) };
    let error = client.get(&slow).await.err().expect("nobody answers");
    assert_eq!(error, "no answer within 0.05 seconds");
    drop(listener);
    let error = client.get(&get(&url)).await.err().expect("nobody is there");
    assert!(error.starts_with("the server refused the connection"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
    let error = client.get(&get("http://name.invalid/")).await.err().expect("there is no such name");
    assert!(error.starts_with("the name of the server leads nowhere"), "{error}");
    let error = client.get(&get("ftp://x/")).await.err().expect("no scheme");
    assert!(error.contains("`ftp` is no scheme"), "{error}");
    let error = client.get(&get("not an address")).await.err().expect("no address");
    assert!(error.starts_with("the address is none"), "{error}");
    let bad = Get { headers: BTreeMap::from([("a b".to_owned(), "c".to_owned())]), ..get(&url) };
    let error = client.get(&bad).await.err().expect("no header");
    assert_eq!(error, "`a b` cannot be the name of a header");
}

#[tokio::test]
async fn an_answer_without_end_is_refused() {
    let (url, _asked) =
        server("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\nConnection: close\r\n\r\nx".to_owned()).await;
    let error = Client::new().expect("a client").get(&get(&url)).await.err().expect("too large");
    assert_eq!(error, "the answer is larger than 16 MiB");
}
