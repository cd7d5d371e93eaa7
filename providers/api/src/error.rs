//! How a provider or an object store says that a call failed: a small code to branch on, a sentence to show.

use std::time::Duration;

/// What went wrong, as far as the caller may act on it. Code branches on this and never on the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The object does not exist.
    NotFound,
    /// An object of that identity exists already.
    AlreadyExists,
    /// A precondition did not hold: somebody else wrote in between.
    Conflict,
    /// The credentials may not do this.
    Denied,
    /// The backend rejects the request as malformed; repeating it cannot help.
    Invalid,
    /// The backend asks for fewer calls.
    Throttled,
    /// The backend, the network or the disk did not answer; the call may or may not have happened.
    Unavailable,
    /// An assumption of this program does not hold.
    Internal,
}

/// A failed call to a backend or an object store.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    /// What the caller may branch on.
    pub kind: ErrorKind,
    /// What happened, in a sentence for people; it never holds a secret.
    pub message: String,
    /// How long the backend asked to wait before the next try.
    pub retry_after: Option<Duration>,
}

impl ProviderError {
    /// An error of `kind` with a sentence for people.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retry_after: None }
    }
}
