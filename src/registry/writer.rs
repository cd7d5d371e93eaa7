//! The writer of the log: one at a time, under a lease, in segments that hold many events. It acknowledges an
//! event only when it is durable, and never writes over another's segment.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flowform_provider_api::{ObjectStore, PutOutcome, Stored};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::event::{Event, FORMAT};
use super::lease::{Lease, LeaseWatch, Now, is_transient};
use super::log::fold;
use super::snapshot::Tail;
use super::store::{Loaded, Registry};
use super::view::View;
use super::{RegistryError, keys};

/// A segment is closed when its events have this many bytes.
const SEGMENT_BYTES: usize = 4 << 20;

/// How often a write is tried when the store does not answer.
const TRIES: u32 = 5;

/// How many snapshots stay: the newest, and the one before it for whoever is reading it.
const SNAPSHOTS_KEPT: usize = 2;

/// How a writer works.
#[derive(Clone)]
pub struct WriterOptions {
    /// How long an event waits for others to share its segment.
    pub close_after: Duration,
    /// The wall clock.
    pub now: Now,
}

/// The one writer of a project's log.
pub struct Writer {
    registry: Arc<Registry>,
    shared: Arc<Shared>,
    watch: LeaseWatch,
    nonce: String,
    task: Option<JoinHandle<Ended>>,
    loaded: LoadedFacts,
}

/// What a writer leaves behind.
#[derive(Debug)]
pub struct Closed {
    /// Everything recorded.
    pub view: View,
    /// What did not work and can be done without, in sentences.
    pub warnings: Vec<String>,
}

struct LoadedFacts {
    warnings: Vec<String>,
    snapshots: Vec<u64>,
}

struct Ended {
    lease: Lease,
    tail: Tail,
}

struct Shared {
    state: Mutex<State>,
    wake: Notify,
}

struct State {
    /// Everything accepted, durable or not yet.
    view: View,
    /// The segments to write, in order; the last one is still open.
    groups: VecDeque<Group>,
    next_seq: u64,
    /// Segments up to this one are written without waiting for more events.
    flush_through: u64,
    closing: bool,
    failed: Option<RegistryError>,
}

struct Group {
    seq: u64,
    events: Vec<Box<RawValue>>,
    bytes: usize,
    since: Instant,
    waiting: Vec<oneshot::Sender<Result<(), RegistryError>>>,
}

/// A segment as it is written: its events are text already.
#[derive(Serialize)]
struct Draft<'a> {
    format: u32,
    seq: u64,
    holder: &'a str,
    at: &'a str,
    events: &'a [Box<RawValue>],
}

impl Writer {
    /// Loads the registry under `lease` and starts to write. After a take-over the first segment is a fence: from
    /// then on every write of the former holder fails.
    pub async fn open(
        registry: Arc<Registry>,
        lease: Lease,
        options: WriterOptions,
    ) -> Result<Self, RegistryError> {
        let loaded = match load_fenced(&registry, &lease, &options).await {
            Ok(loaded) => loaded,
            Err(error) => {
                // The error is what to tell; a lease that cannot be given back ends by itself.
                let _ = lease.release().await;
                return Err(error);
            }
        };
        let Loaded { view, warnings, tail, snapshots, calls: _ } = loaded;
        let state = State {
            next_seq: view.seq.saturating_add(1),
            view,
            groups: VecDeque::new(),
            flush_through: 0,
            closing: false,
            failed: None,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), wake: Notify::new() });
        let (watch, nonce) = (lease.watch(), lease.nonce().to_owned());
        let task = tokio::spawn(run(registry.store(), Arc::clone(&shared), lease, options, tail));
        let loaded = LoadedFacts { warnings, snapshots };
        Ok(Self { registry, shared, watch, nonce, task: Some(task), loaded })
    }

    /// Records an event: it is taken at once, in the order of calls, and the future resolves when it is durable.
    /// Dropping the future does not take it back. An event that contradicts the view is refused and not written.
    pub fn append(&self, event: Event) -> impl Future<Output = Result<(), RegistryError>> + Send + use<> {
        let accepted = self.shared.accept(event);
        self.shared.wake.notify_one();
        async move {
            match accepted {
                Ok(durable) => durable.await.unwrap_or(Err(RegistryError::Closed)),
                Err(error) => Err(error),
            }
        }
    }

    /// Says that nothing else will come until what was appended is durable: it is written at once.
    pub fn hint_idle(&self) {
        let mut state = self.shared.lock();
        state.flush_through = state.groups.back().map_or(state.flush_through, |group| group.seq);
        drop(state);
        self.shared.wake.notify_one();
    }

    /// Looks at everything accepted so far. Nothing may be appended inside `look`.
    pub fn with_view<T>(&self, look: impl FnOnce(&View) -> T) -> T {
        look(&self.shared.lock().view)
    }

    /// Whether the lease still holds: what to ask before a call to a backend.
    pub fn watch(&self) -> LeaseWatch {
        self.watch.clone()
    }

    /// The identity of the lease.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// Writes what is left, a snapshot where one is due, and gives the lease back.
    pub async fn close(mut self) -> Result<Closed, RegistryError> {
        self.shared.lock().closing = true;
        self.shared.wake.notify_one();
        let Some(task) = self.task.take() else { return Err(RegistryError::Closed) };
        let Ended { lease, tail } = task.await.map_err(|_| RegistryError::Closed)?;
        let (view, failed) = {
            let mut state = self.shared.lock();
            let empty = View::new(state.view.registry.clone(), state.view.project.clone());
            (std::mem::replace(&mut state.view, empty), state.failed.take())
        };
        if let Some(error) = failed {
            // A lease that was lost cannot be given back; the first error is the one to tell.
            let _ = lease.release().await;
            return Err(error);
        }
        let mut warnings = std::mem::take(&mut self.loaded.warnings);
        if tail.wants_snapshot() && lease.watch().deadline_ok() {
            self.snapshot(&view, &mut warnings).await;
        }
        if let Err(error) = lease.release().await {
            warnings.push(format!("the lease could not be given back: {error}"));
        }
        Ok(Closed { view, warnings })
    }

    /// The log has everything, so a snapshot that cannot be written is no error.
    async fn snapshot(&self, view: &View, warnings: &mut Vec<String>) {
        if let Err(error) = self.registry.write_snapshot(view).await {
            warnings.push(format!("no snapshot was written, so that the next plan reads more: {error}"));
            return;
        }
        let store = self.registry.store();
        let mut snapshots: Vec<u64> =
            self.loaded.snapshots.iter().copied().filter(|snapshot| *snapshot != view.seq).collect();
        snapshots.push(view.seq);
        let old = snapshots.len().saturating_sub(SNAPSHOTS_KEPT);
        for seq in snapshots.into_iter().take(old) {
            if let Err(error) = store.delete(&keys::snapshot(seq)).await {
                warnings.push(format!("the old snapshot of segment {seq} could not be removed: {error}"));
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.wake.notify_one();
    }
}

impl Shared {
    /// Every change under the lock is complete before anything can panic.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(&self, event: Event) -> Result<oneshot::Receiver<Result<(), RegistryError>>, RegistryError> {
        let text = serde_json::value::to_raw_value(&event)
            .map_err(|error| RegistryError::damaged("an event", error))?;
        let size = text.get().len();
        let mut state = self.lock();
        if let Some(error) = &state.failed {
            return Err(error.clone());
        }
        if state.closing {
            return Err(RegistryError::Closed);
        }
        let joins = state.groups.back().is_some_and(|group| group.bytes + size <= SEGMENT_BYTES);
        let seq = if joins { state.next_seq - 1 } else { state.next_seq };
        fold(&mut state.view, seq, event)?;
        if !joins {
            state.view.seq = seq;
            state.next_seq += 1;
            let (events, waiting) = (Vec::new(), Vec::new());
            state.groups.push_back(Group { seq, events, bytes: 0, since: Instant::now(), waiting });
        }
        let (durable, waiting) = oneshot::channel();
        if let Some(group) = state.groups.back_mut() {
            group.events.push(text);
            group.bytes += size;
            group.waiting.push(durable);
        }
        Ok(waiting)
    }

    /// The next segment to write, as soon as it is closed; `None` when the writer is.
    async fn next(&self, close_after: Duration) -> Option<Group> {
        loop {
            let woken = self.wake.notified();
            let until = {
                let mut state = self.lock();
                let due = match state.groups.front() {
                    None if state.closing => return None,
                    None => None,
                    Some(group) => Some(group.since + close_after),
                };
                let at_once = state.closing
                    || state.groups.len() > 1
                    || state.groups.front().is_some_and(|group| {
                        group.seq <= state.flush_through || group.bytes >= SEGMENT_BYTES
                    });
                match due {
                    Some(due) if at_once || due <= Instant::now() => return state.groups.pop_front(),
                    due => due,
                }
            };
            match until {
                None => woken.await,
                Some(until) => tokio::select! {
                    () = woken => {}
                    () = sleep_until(until) => {}
                },
            }
        }
    }

    /// Everything that waits fails, and everything that comes.
    fn fail(&self, error: &RegistryError, written: Group) {
        let mut state = self.lock();
        state.failed = Some(error.clone());
        let groups = std::mem::take(&mut state.groups);
        drop(state);
        for waiting in std::iter::once(written).chain(groups).flat_map(|group| group.waiting) {
            let _ = waiting.send(Err(error.clone()));
        }
    }
}

async fn run(
    store: Arc<dyn ObjectStore>,
    shared: Arc<Shared>,
    lease: Lease,
    options: WriterOptions,
    mut tail: Tail,
) -> Ended {
    while let Some(group) = shared.next(options.close_after).await {
        let at = (options.now)();
        match write_segment(&*store, &lease, &at, group.seq, &group.events).await {
            Ok(bytes) => {
                tail.bytes += bytes;
                tail.segments += 1;
                for waiting in group.waiting {
                    let _ = waiting.send(Ok(()));
                }
            }
            Err(error) => {
                shared.fail(&error, group);
                break;
            }
        }
    }
    Ended { lease, tail }
}

/// Loads the registry. For a lease that was taken over it claims the next segment; until that is done the former
/// holder may still write, so the log is read again whenever it does.
async fn load_fenced(
    registry: &Registry,
    lease: &Lease,
    options: &WriterOptions,
) -> Result<Loaded, RegistryError> {
    for _ in 0..TRIES {
        let mut loaded = registry.load().await?;
        if !lease.took_over() {
            return Ok(loaded);
        }
        let event = Event::Fence { holder: lease.nonce().to_owned() };
        let text = serde_json::value::to_raw_value(&event)
            .map_err(|error| RegistryError::damaged("an event", error))?;
        let seq = loaded.view.seq.saturating_add(1);
        match write_segment(&*registry.store(), lease, &(options.now)(), seq, &[text]).await {
            Ok(bytes) => {
                fold(&mut loaded.view, seq, event)?;
                loaded.view.seq = seq;
                loaded.tail.bytes += bytes;
                loaded.tail.segments += 1;
                return Ok(loaded);
            }
            // The former holder was faster once more.
            Err(RegistryError::LostLease) if lease.watch().deadline_ok() => {}
            Err(error) => return Err(error),
        }
    }
    Err(RegistryError::LostLease)
}

/// Writes a segment and returns its size. A write whose answer was lost is looked up; a segment that somebody
/// else wrote means that the lease is lost.
async fn write_segment(
    store: &dyn ObjectStore,
    lease: &Lease,
    at: &str,
    seq: u64,
    events: &[Box<RawValue>],
) -> Result<u64, RegistryError> {
    let key = keys::segment(seq);
    let draft = Draft { format: FORMAT, seq, holder: lease.nonce(), at, events };
    let bytes = serde_json::to_vec(&draft).map_err(|error| RegistryError::damaged(&*key, error))?;
    let size = bytes.len() as u64;
    let mut pause = Duration::from_millis(50);
    let mut tries = 0;
    loop {
        lease.watch().check()?;
        tries += 1;
        let error = match store.put_if_absent(&key, bytes.clone()).await {
            Ok(PutOutcome::Written(_)) => return Ok(size),
            Ok(PutOutcome::Refused) => None,
            Err(error) => Some(error),
        };
        match (store.get(&key).await, error) {
            (Ok(Some(Stored { bytes: found, .. })), _) if found == bytes => return Ok(size),
            (Ok(Some(_)), _) => return Err(RegistryError::LostLease),
            (Ok(None) | Err(_), Some(error)) if tries >= TRIES || !is_transient(&error) => {
                return Err(error.into());
            }
            (Err(error), None) if tries >= TRIES => return Err(error.into()),
            (Ok(None) | Err(_), _) => sleep(pause).await,
        }
        pause *= 2;
    }
}
