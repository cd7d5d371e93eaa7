//! Reads HTTP resources with GET, for `data "http"` blocks. It sends nothing but what it is given, and keeps nothing.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt::Write as _;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;

/// The largest body that is read, in bytes.
pub const MAX_BODY: u64 = 16 << 20;
/// How long a request may take unless it says otherwise, redirects and body included.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// How many redirects are followed.
const MAX_REDIRECTS: usize = 10;

/// What to ask for.
#[derive(Clone, PartialEq, Eq)]
pub struct Get {
    /// The address.
    pub url: String,
    /// Headers to send, by name.
    pub headers: BTreeMap<String, String>,
    /// How long it may take; [`DEFAULT_TIMEOUT`] unless given.
    pub timeout: Option<Duration>,
}

/// What a server answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Its headers, names in lower case; repeated ones joined with commas.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: Vec<u8>,
}

/// A client; cheap to clone, its connections are shared.
#[derive(Clone, Debug)]
pub struct Client {
    inner: reqwest::Client,
}

impl Client {
    /// A client that trusts the certificates that the machine trusts.
    ///
    /// # Errors
    /// The machine's certificates cannot be read; in a sentence.
    pub fn new() -> Result<Self, String> {
        // A provider that is installed already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .redirect(Policy::limited(MAX_REDIRECTS))
            .user_agent(concat!("flowform/", env!("CARGO_PKG_VERSION")));
        let inner = builder.build().map_err(|error| format!("no client can be made: {}", chain(&error)))?;
        Ok(Self { inner })
    }

    /// Asks for a resource. Whatever status the server answers with is an answer.
    ///
    /// # Errors
    /// There is none: the address is none, the server cannot be reached, is too slow, or says too much. The text is a
    /// clause without the address and the headers, which may be secret.
    pub async fn get(&self, get: &Get) -> Result<Answer, String> {
        let url = reqwest::Url::parse(&get.url).map_err(|error| format!("the address is none: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("`{}` is no scheme that is read; they are http and https", url.scheme()));
        }
        let timeout = get.timeout.unwrap_or(DEFAULT_TIMEOUT);
        let request = self.inner.get(url).headers(headers(&get.headers)?).timeout(timeout);
        let told = |error: reqwest::Error| explain(&error.without_url(), timeout);
        let mut response = request.send().await.map_err(told)?;
        let too_large = || format!("the answer is larger than {} MiB", MAX_BODY >> 20);
        if response.content_length().is_some_and(|length| length > MAX_BODY) {
            return Err(too_large());
        }
        let status = response.status().as_u16();
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in response.headers() {
            let value = String::from_utf8_lossy(value.as_bytes());
            headers
                .entry(name.as_str().to_owned())
                .and_modify(|held| {
                    let _ = write!(held, ", {value}");
                })
                .or_insert_with(|| value.into_owned());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(told)? {
            if body.len().saturating_add(chunk.len()) as u64 > MAX_BODY {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }
}

fn headers(given: &BTreeMap<String, String>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let parsed = HeaderName::from_bytes(name.as_bytes());
        let header = parsed.map_err(|_| format!("`{name}` cannot be the name of a header"))?;
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| format!("the value of the header `{name}` has characters that none may have"))?;
        // Nothing that logs headers shows it.
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers)
}

/// What went wrong, as people speak of it, with what the library says of it.
fn explain(error: &reqwest::Error, timeout: Duration) -> String {
    let cause = chain(error);
    if error.is_timeout() {
        return format!("no answer within {} seconds", timeout.as_secs_f64());
    }
    if error.is_connect() {
        let refused = cause.contains("refused");
        let unknown = cause.contains("dns") || cause.contains("lookup");
        return match (refused, unknown) {
            (true, _) => format!("the server refused the connection ({cause})"),
            (_, true) => format!("the name of the server leads nowhere; is there a network? ({cause})"),
            _ => format!("the server cannot be reached ({cause})"),
        };
    }
    if error.is_redirect() {
        return format!("it was redirected more than {MAX_REDIRECTS} times");
    }
    format!("the answer could not be read ({cause})")
}

/// The innermost causes of an error, which say more than its own words.
fn chain(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut source = error.source();
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    if text.is_empty() { error.to_string() } else { text }
}

#[cfg(test)]
mod tests;
