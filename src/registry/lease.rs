//! The lease: one writer at a time, by compare-and-swap on one object, without trust in anybody's wall clock.
//!
//! A holder renews its lease every third of the time to live and stops writing by its own monotonic clock before
//! the lease can be taken over. An observer takes a lease over only after it has itself seen the object
//! unchanged for one whole time to live. The object is never deleted: a free lease is an object that says so.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flowform_provider_api::{Etag, ObjectStore, ProviderError, PutOutcome, Stored};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::event::FORMAT;
use super::{RegistryError, keys};

/// The wall clock, as RFC 3339 text in UTC: for people, never for a decision.
pub type Now = Arc<dyn Fn() -> String + Send + Sync>;

/// How many failed calls in a row end an acquisition.
const FAILURES: u32 = 4;

/// Who wants the lease.
#[derive(Clone, Debug)]
pub struct Holder {
    /// `user@host`, or what the CI says.
    pub who: String,
    /// What for: `apply`, `destroy`, `state rm`.
    pub operation: String,
    /// A random identity of this very attempt.
    pub nonce: String,
}

/// How a lease is taken.
#[derive(Clone)]
pub struct LeaseOptions {
    /// How long a lease lives without a renewal.
    pub ttl: Duration,
    /// How long to wait for one that is held. A holder that was killed can be told from a live one only where
    /// this is longer than its time to live.
    pub patience: Duration,
    /// The wall clock.
    pub now: Now,
}

/// Whether a lease is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaseState {
    /// Somebody writes.
    Held,
    /// Its holder gave it back.
    Free,
    /// It was taken from its holder by `unlock`, who may still try to write: the next holder fences the log.
    Unlocked,
}

/// What `lease.json` says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LeaseDocument {
    /// The format.
    pub format: u32,
    /// Whether it is held.
    pub state: LeaseState,
    /// By whom, or by whom last.
    pub holder: String,
    /// What for.
    pub operation: String,
    /// Since when, as an RFC 3339 timestamp in UTC.
    pub acquired_at: String,
    /// How long it lives without a renewal, in milliseconds.
    pub ttl_ms: u64,
    /// The random identity of the acquisition.
    pub nonce: String,
    /// How often it was renewed: it makes each renewal another content, and so another tag.
    pub renewals: u64,
}

impl LeaseDocument {
    fn held(&self) -> RegistryError {
        RegistryError::Held {
            holder: self.holder.clone(),
            operation: self.operation.clone(),
            since: self.acquired_at.clone(),
            nonce: self.nonce.clone(),
            ttl: Duration::from_millis(self.ttl_ms),
        }
    }
}

/// Whether a lease still holds; cheap to copy and to ask.
#[derive(Clone)]
pub struct LeaseWatch {
    state: Arc<WatchState>,
}

struct WatchState {
    deadline: Mutex<Instant>,
    lost: AtomicBool,
}

impl LeaseWatch {
    /// Whether nobody can have taken the lease over yet, by our own monotonic clock.
    pub fn deadline_ok(&self) -> bool {
        let deadline = *self.state.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        !self.state.lost.load(Ordering::SeqCst) && Instant::now() < deadline
    }

    /// The same as a result: what to ask before every write, to a backend too.
    pub fn check(&self) -> Result<(), RegistryError> {
        if self.deadline_ok() { Ok(()) } else { Err(RegistryError::LostLease) }
    }

    /// A renewal whose call began at `issued` was stored. A tenth of the time to live is left for clocks that
    /// run at slightly different rates.
    fn extend(&self, issued: Instant, ttl: Duration) {
        let mut deadline = self.state.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        *deadline = issued + ttl.saturating_sub(ttl / 10);
    }

    pub(super) fn lose(&self) {
        self.state.lost.store(true, Ordering::SeqCst);
    }
}

/// A held lease. It is renewed in the background, and given back by [`Lease::release`] or, as far as the runtime
/// still runs, when it is dropped.
pub struct Lease {
    nonce: String,
    took_over: bool,
    watch: LeaseWatch,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<Result<(), RegistryError>>>,
}

impl Lease {
    /// The lease's own identity.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// Whether somebody else may believe to hold it: then a fence is the first thing to write.
    pub fn took_over(&self) -> bool {
        self.took_over
    }

    /// Whether it still holds.
    pub fn watch(&self) -> LeaseWatch {
        self.watch.clone()
    }

    /// Gives the lease back.
    pub async fn release(mut self) -> Result<(), RegistryError> {
        drop(self.stop.take());
        let result = match self.task.take() {
            Some(task) => task.await.unwrap_or(Err(RegistryError::LostLease)),
            None => Ok(()),
        };
        self.watch.lose();
        result
    }
}

/// Takes the lease of the project that `store` holds.
///
/// A lease that is held is waited for as long as [`LeaseOptions::patience`] says. One that nobody renewed for
/// its whole time to live, as seen from here, is taken over.
pub async fn acquire(
    store: Arc<dyn ObjectStore>,
    holder: Holder,
    options: LeaseOptions,
) -> Result<Lease, RegistryError> {
    let start = Instant::now();
    let mut document = LeaseDocument {
        format: FORMAT,
        state: LeaseState::Held,
        holder: holder.who,
        operation: holder.operation,
        acquired_at: (options.now)(),
        ttl_ms: u64::try_from(options.ttl.as_millis()).unwrap_or(u64::MAX),
        nonce: holder.nonce,
        renewals: 0,
    };
    // The tag that was seen first, and when its read had ended.
    let mut seen: Option<(Etag, Instant)> = None;
    let mut issued = start;
    let mut took_over = false;
    let mut failures = 0;
    loop {
        let asked = Instant::now();
        let attempt = match store.get(keys::LEASE).await {
            Err(error) => Err(error),
            Ok(None) => {
                (issued, took_over) = (Instant::now(), false);
                store.put_if_absent(keys::LEASE, bytes(&document)?).await.map(Some)
            }
            Ok(Some(Stored { bytes: text, etag })) => {
                let found = serde_json::from_slice::<LeaseDocument>(&text).ok();
                let ours =
                    |found: &LeaseDocument| found.state == LeaseState::Held && found.nonce == document.nonce;
                if found.as_ref().is_some_and(ours) {
                    // The answer to our own write was lost.
                    return Ok(keep(store, document, etag, issued, options.ttl, took_over));
                }
                let first_seen = match &seen {
                    Some((tag, at)) if *tag == etag => *at,
                    Some(_) | None => {
                        let at = Instant::now();
                        seen = Some((etag.clone(), at));
                        at
                    }
                };
                // A document that cannot be read is taken for held, by somebody with our habits.
                let state = found.as_ref().map_or(LeaseState::Held, |found| found.state);
                let ttl = found.as_ref().map_or(options.ttl, |found| Duration::from_millis(found.ttl_ms));
                let expired = asked.saturating_duration_since(first_seen) >= ttl;
                if state == LeaseState::Held && !expired {
                    let left = options.patience.saturating_sub(start.elapsed());
                    if left.is_zero() {
                        return Err(found.map_or_else(unreadable, |found| found.held()));
                    }
                    let poll = (ttl / 8).clamp(Duration::from_millis(10), Duration::from_secs(2));
                    sleep(poll.min(left)).await;
                    continue;
                }
                (issued, took_over) = (Instant::now(), state != LeaseState::Free);
                document.acquired_at = (options.now)();
                store.put_if_match(keys::LEASE, bytes(&document)?, &etag).await.map(Some)
            }
        };
        match attempt {
            Ok(Some(PutOutcome::Written(etag))) => {
                return Ok(keep(store, document, etag, issued, options.ttl, took_over));
            }
            // Somebody was faster; what they wrote is read next.
            Ok(Some(PutOutcome::Refused) | None) => failures = 0,
            Err(error) => {
                failures += 1;
                if failures >= FAILURES || !is_transient(&error) {
                    return Err(error.into());
                }
                sleep(error.retry_after.unwrap_or(Duration::from_millis(100))).await;
            }
        }
    }
}

/// The lease that is held now, for `show` and `unlock`; it reads only.
pub async fn held(store: &dyn ObjectStore) -> Result<Option<LeaseDocument>, RegistryError> {
    let Some((document, _)) = read(store).await? else { return Ok(None) };
    Ok((document.state == LeaseState::Held).then_some(document))
}

/// Asks the store whether the lease `nonce` is still the one that is held: who was unlocked while alive learns it here.
///
/// # Errors
/// It is not (`LostLease`), or it cannot be read.
pub async fn confirm(store: &dyn ObjectStore, nonce: &str) -> Result<(), RegistryError> {
    match held(store).await? {
        Some(document) if document.nonce == nonce => Ok(()),
        Some(_) | None => Err(RegistryError::LostLease),
    }
}

/// Takes the lease `nonce` from its holder, at a person's word that the holder no longer runs. Should it run
/// all the same, its next write fails.
pub async fn unlock(store: &dyn ObjectStore, nonce: &str) -> Result<LeaseDocument, RegistryError> {
    let Some((document, etag)) = read(store).await? else { return Err(RegistryError::NotHeld) };
    let other = |document: LeaseDocument| RegistryError::OtherLease {
        holder: document.holder,
        operation: document.operation,
        nonce: document.nonce,
    };
    match document.state {
        LeaseState::Free | LeaseState::Unlocked => return Err(RegistryError::NotHeld),
        LeaseState::Held if document.nonce != nonce => return Err(other(document)),
        LeaseState::Held => {}
    }
    let free = LeaseDocument { state: LeaseState::Unlocked, ..document.clone() };
    match store.put_if_match(keys::LEASE, bytes(&free)?, &etag).await? {
        PutOutcome::Written(_) => Ok(document),
        // It was renewed, given back or taken in between: its holder lives.
        PutOutcome::Refused => Err(match held(store).await? {
            None => RegistryError::NotHeld,
            Some(document) => other(document),
        }),
    }
}

async fn read(store: &dyn ObjectStore) -> Result<Option<(LeaseDocument, Etag)>, RegistryError> {
    let Some(Stored { bytes, etag }) = store.get(keys::LEASE).await? else { return Ok(None) };
    let document =
        serde_json::from_slice(&bytes).map_err(|error| RegistryError::damaged(keys::LEASE, error))?;
    Ok(Some((document, etag)))
}

fn unreadable() -> RegistryError {
    RegistryError::damaged(keys::LEASE, "it is no lease; --lock-timeout above the time to live replaces it")
}

fn bytes(document: &LeaseDocument) -> Result<Vec<u8>, RegistryError> {
    serde_json::to_vec(document).map_err(|error| RegistryError::damaged(keys::LEASE, error))
}

/// Whether a call may be repeated after this error.
pub(super) fn is_transient(error: &ProviderError) -> bool {
    use flowform_provider_api::ErrorKind as Kind;
    match error.kind {
        Kind::Throttled | Kind::Unavailable => true,
        Kind::NotFound
        | Kind::AlreadyExists
        | Kind::Conflict
        | Kind::Denied
        | Kind::Invalid
        | Kind::Internal => false,
    }
}

/// Starts the renewals of a lease that is ours since a call that began at `issued`.
fn keep(
    store: Arc<dyn ObjectStore>,
    document: LeaseDocument,
    etag: Etag,
    issued: Instant,
    ttl: Duration,
    took_over: bool,
) -> Lease {
    let state = WatchState { deadline: Mutex::new(issued), lost: AtomicBool::new(false) };
    let watch = LeaseWatch { state: Arc::new(state) };
    watch.extend(issued, ttl);
    let (stop, stopped) = oneshot::channel();
    let nonce = document.nonce.clone();
    let task = tokio::spawn(renew(store, document, etag, ttl, watch.clone(), stopped));
    Lease { nonce, took_over, watch, stop: Some(stop), task: Some(task) }
}

/// Renews the lease until it is lost or `stopped` is, and then gives it back.
async fn renew(
    store: Arc<dyn ObjectStore>,
    mut document: LeaseDocument,
    mut etag: Etag,
    ttl: Duration,
    watch: LeaseWatch,
    mut stopped: oneshot::Receiver<()>,
) -> Result<(), RegistryError> {
    let mut pause = ttl / 3;
    loop {
        tokio::select! {
            biased;
            _ = &mut stopped => break,
            () = sleep(pause) => {}
        }
        document.renewals += 1;
        let issued = Instant::now();
        match swap(&*store, &document, &etag).await {
            Ok(Some(renewed)) => {
                etag = renewed;
                watch.extend(issued, ttl);
                pause = ttl / 3;
            }
            Err(RegistryError::Store(error)) if is_transient(&error) && watch.deadline_ok() => {
                pause = ttl / 10;
            }
            Ok(None) | Err(_) => {
                watch.lose();
                return Err(RegistryError::LostLease);
            }
        }
    }
    document.state = LeaseState::Free;
    match swap(&*store, &document, &etag).await? {
        Some(_) => Ok(()),
        None => Err(RegistryError::LostLease),
    }
}

/// Replaces our lease by `document`, and returns its new tag; `None` when it is no longer ours. A write whose
/// answer was lost is looked up.
async fn swap(
    store: &dyn ObjectStore,
    document: &LeaseDocument,
    etag: &Etag,
) -> Result<Option<Etag>, RegistryError> {
    let wanted = bytes(document)?;
    let first = store.put_if_match(keys::LEASE, wanted.clone(), etag).await;
    if let Ok(PutOutcome::Written(etag)) = first {
        return Ok(Some(etag));
    }
    let Some(Stored { bytes: found, etag }) = store.get(keys::LEASE).await? else { return Ok(None) };
    if found == wanted {
        return Ok(Some(etag));
    }
    // An earlier write of ours whose answer was lost may have changed the tag.
    let ours = serde_json::from_slice::<LeaseDocument>(&found)
        .is_ok_and(|found| found.nonce == document.nonce && found.state == LeaseState::Held);
    if !ours {
        return Ok(None);
    }
    match store.put_if_match(keys::LEASE, wanted, &etag).await? {
        PutOutcome::Written(etag) => Ok(Some(etag)),
        PutOutcome::Refused => Ok(None),
    }
}
