//! What can go wrong with a registry, in sentences for users.

use flowform_provider_api::ProviderError;

use super::log::LogError;

/// Why a registry could not be read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RegistryError {
    /// The store failed.
    #[error("the registry could not be read or written: {0}")]
    Store(#[from] ProviderError),
    /// An event contradicts what is recorded, or the log itself is damaged.
    #[error("the registry's log does not add up: {0}")]
    Log(#[from] LogError),
    /// A document of the registry is not what it should be.
    #[error(
        "the object {key} of the registry is damaged: {reason}. Restore it from a backup of the registry"
    )]
    Damaged {
        /// The document's key inside the project.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A segment is missing while later ones exist.
    #[error(
        "segment {missing} of the registry's log is missing although segment {last} exists. Restore log/ from a \
         backup of the registry"
    )]
    Gap {
        /// The first one that is missing.
        missing: u64,
        /// The last one that exists.
        last: u64,
    },
    /// A newer flowform wrote it.
    #[error(
        "the registry has format {found}, and this flowform understands formats up to {understood}. Install {install}"
    )]
    NewerFormat {
        /// The registry's format.
        found: u32,
        /// The newest format that this program understands.
        understood: u32,
        /// What to install.
        install: String,
    },
    /// Another operation holds the lease.
    #[error(
        "the registry is locked: {operation} by {holder} since {since}. Wait for it to end with --lock-timeout (one \
         that was killed is replaced after {}), or, if it is certain that it no longer runs, release it with \
         `flowform unlock {nonce}`", seconds(*ttl)
    )]
    Held {
        /// Who.
        holder: String,
        /// What it does.
        operation: String,
        /// Since when, as an RFC 3339 timestamp.
        since: String,
        /// The lease's own identity, for `unlock`.
        nonce: String,
        /// How long it lives without a sign of life.
        ttl: std::time::Duration,
    },
    /// `unlock` was told to release a lease that nobody holds.
    #[error("the registry is not locked; there is nothing to release")]
    NotHeld,
    /// `unlock` was told to release another lease than the present one.
    #[error(
        "the registry is locked by another operation now: {operation} by {holder} ({nonce}). Nothing was released"
    )]
    OtherLease {
        /// Who.
        holder: String,
        /// What it does.
        operation: String,
        /// The present lease's own identity.
        nonce: String,
    },
    /// The lease was lost while writing: somebody took over, or it could not be renewed in time.
    #[error(
        "the lease on the registry was lost: another operation took over, or the registry could not be reached in \
         time to renew it. What was not acknowledged before is not recorded; run plan and apply again"
    )]
    LostLease,
    /// The writer has ended.
    #[error("the registry's writer was closed before this was recorded")]
    Closed,
}

fn seconds(duration: std::time::Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        1 => "1 second".to_owned(),
        seconds => format!("{seconds} seconds"),
    }
}

impl RegistryError {
    /// A document under `key` that does not say what it should.
    pub(super) fn damaged(key: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::Damaged { key: key.into(), reason: reason.to_string() }
    }
}
