//! One call to a JSON API of Google Cloud, and its repetition: requests, what answers mean, back-off. It knows no API.

use std::error::Error as _;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use flowform_provider_api::{ErrorKind, ProviderError};
use http::{HeaderMap, Method, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::auth::{Auth, Credentials};

/// What a part of a path or a query keeps as it is (RFC 3986, "unreserved").
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a server may be silent.
const SILENCE: Duration = Duration::from_secs(30);

/// Where a connection leads and as whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// The address that stands for the service's own: `http://127.0.0.1:8080`.
    pub endpoint: Option<String>,
    /// How the identity of calls is found.
    pub credentials: Credentials,
    /// The service account that calls are made as, by its e-mail address.
    pub impersonate_service_account: Option<String>,
    /// How long things take.
    pub timing: Timing,
}

/// How long things take; other than the default in tests alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The time between two writes of one object name (Cloud Storage quotas: one write a second).
    pub between_writes: Duration,
    /// The first pause before a call is repeated; it doubles.
    pub first_pause: Duration,
    /// How often a call is repeated.
    pub repetitions: usize,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            between_writes: Duration::from_secs(1),
            first_pause: Duration::from_millis(500),
            repetitions: 5,
        }
    }
}

/// A connection to one service.
#[derive(Debug)]
pub struct Connection {
    http: reqwest::Client,
    auth: Auth,
    /// Without a `/` at its end.
    base: String,
    timing: Timing,
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    /// Below the base, with a `/` first and its parts escaped.
    pub(crate) path: String,
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) body: Option<(&'static str, Vec<u8>)>,
    /// What the call does, for messages: `read gs://b/o`.
    pub(crate) what: &'a str,
    /// What the answer's body may be; empty for anything.
    pub(crate) accept: &'static str,
    /// The permission that it takes, in backquotes (IAM, "permissions reference"); empty for none.
    pub(crate) permission: &'a str,
}

/// What a service answered that is no failure.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// A failed call.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The status of the answer; `None` where there was none.
    pub(crate) status: Option<u16>,
    pub(crate) error: ProviderError,
    /// Whether the call may have been carried out all the same.
    pub(crate) is_ambiguous: bool,
}

impl Failure {
    /// Whether a repetition may succeed.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self.error.kind, ErrorKind::Throttled | ErrorKind::Unavailable)
    }
}

impl Connection {
    /// A connection to the service whose own address is `base`. Nothing is read or sent yet.
    ///
    /// # Errors
    /// `Invalid` where the endpoint is no address, or would carry credentials in the clear; `Unavailable` where the
    /// machine's certificates cannot be read.
    pub fn new(base: &str, settings: ConnectionSettings) -> Result<Self, ProviderError> {
        let invalid = |message: String| ProviderError::new(ErrorKind::Invalid, message);
        let given = settings.endpoint.as_deref().unwrap_or(base);
        let url = reqwest::Url::parse(given)
            .map_err(|error| invalid(format!("the endpoint {given:?} is no address: {error}")))?;
        let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        match url.scheme() {
            "https" => {}
            "http" if is_local || settings.credentials == Credentials::Anonymous => {}
            "http" => {
                return Err(invalid(format!(
                    "the endpoint {given:?} would carry credentials over the network in the clear: write `https`"
                )));
            }
            other => {
                return Err(invalid(format!(
                    "the endpoint {given:?} is neither http nor https but `{other}`"
                )));
            }
        }
        // A provider that is installed already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("flowform/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| {
                ProviderError::new(ErrorKind::Unavailable, format!("no client: {}", cause(&error)))
            })?;
        let auth = Auth::new(settings.credentials, settings.impersonate_service_account);
        Ok(Self { http, auth, base: given.trim_end_matches('/').to_owned(), timing: settings.timing })
    }

    /// Makes a call once.
    pub(crate) async fn once(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let unsent = |error: ProviderError| Failure { status: None, error, is_ambiguous: false };
        let headers = self.auth.headers().await.map_err(unsent)?;
        let mut url = format!("{}{}", self.base, call.path);
        for (index, (name, value)) in call.query.iter().enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.push_str(name);
            url.push('=');
            url.push_str(&escape(value));
        }
        let mut request = self.http.request(call.method.clone(), url).headers(headers);
        if let Some((content_type, body)) = &call.body {
            request = request.header(header::CONTENT_TYPE, *content_type).body(body.clone());
        }
        if !call.accept.is_empty() {
            request = request.header(header::ACCEPT, call.accept);
        }
        let lost = |error: reqwest::Error| Failure {
            status: None,
            is_ambiguous: !error.is_connect() && !error.is_builder(),
            error: ProviderError::new(
                ErrorKind::Unavailable,
                format!(
                    "Google Cloud did not answer the request to {}: {}",
                    call.what,
                    cause(&error.without_url())
                ),
            ),
        };
        let response = request.send().await.map_err(lost)?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response.bytes().await.map_err(lost)?.to_vec();
        match status {
            200..=299 => Ok(Answer { headers, body }),
            _ => Err(refusal(call, status, &headers, &body)),
        }
    }

    /// Makes a call that may be repeated, and repeats it while a repetition may succeed.
    pub(crate) async fn repeat(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let mut pauses = self.pauses();
        loop {
            match self.once(call).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => pauses.after(failure).await?,
            }
        }
    }

    /// The pauses between the repetitions of one call.
    pub(crate) fn pauses(&self) -> Pauses {
        let pauses = ExponentialBuilder::default()
            .with_min_delay(self.timing.first_pause)
            .with_max_delay(Duration::from_secs(16))
            .with_max_times(self.timing.repetitions)
            .with_jitter()
            .build();
        Pauses(pauses)
    }
}

/// The pauses between the repetitions of one call: they double, and no two processes have the same.
pub(crate) struct Pauses(backon::ExponentialBackoff);

impl Pauses {
    /// Waits before the next try.
    ///
    /// # Errors
    /// The failure itself, where no repetition helps or there were enough.
    pub(crate) async fn after(&mut self, failure: Failure) -> Result<(), Failure> {
        if !failure.is_transient() {
            return Err(failure);
        }
        match self.0.next() {
            Some(pause) => {
                tokio::time::sleep(pause.max(failure.error.retry_after.unwrap_or_default())).await;
                Ok(())
            }
            None => Err(failure),
        }
    }
}

/// A text as one part of a path or a query.
pub(crate) fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// What an answer that is no success means (Cloud Storage, "HTTP status and error codes for JSON"; Google's API design
/// guide, "Errors").
fn refusal(call: &Call<'_>, status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = document.get("error");
    let reason =
        error.and_then(|error| error.pointer("/errors/0/reason")).and_then(Value::as_str).unwrap_or_default();
    let kind = match (status, reason) {
        (403, "rateLimitExceeded" | "userRateLimitExceeded") | (429, _) => ErrorKind::Throttled,
        (401 | 403, _) => ErrorKind::Denied,
        (404 | 410, _) => ErrorKind::NotFound,
        (409, _) => ErrorKind::AlreadyExists,
        (304 | 412, _) => ErrorKind::Conflict,
        (408 | 500..=599, _) => ErrorKind::Unavailable,
        _ => ErrorKind::Invalid,
    };
    let told = match error.and_then(|error| error.get("message")).and_then(Value::as_str) {
        Some(message) => message.trim().trim_end_matches('.').to_owned(),
        None => String::from_utf8_lossy(body).trim().chars().take(200).collect(),
    };
    let told = if told.is_empty() { "it does not say why".to_owned() } else { told };
    let help = match (status, kind) {
        (401, _) => "; the credentials are not accepted: renew them, or name others".to_owned(),
        (_, ErrorKind::Denied) if !call.permission.is_empty() => {
            format!("; the credentials need the permission {}", call.permission)
        }
        _ => String::new(),
    };
    let error = ProviderError {
        kind,
        message: format!("Google Cloud refused to {}: {told} (status {status}){help}", call.what),
        retry_after: seconds(headers),
    };
    Failure { status: Some(status), error, is_ambiguous: matches!(status, 408 | 500..=599) }
}

/// `Retry-After` in seconds, a minute at most.
fn seconds(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds.min(60)))
}

/// The innermost cause of an error, which says more than its own words.
fn cause(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    text
}
