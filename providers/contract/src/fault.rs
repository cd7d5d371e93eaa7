//! A store that fails on cue: before a write, after it with the answer lost, or from then on for good as the
//! store of a killed process does.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use flowform_provider_api::{
    BoxFuture, Entry, ErrorKind, Etag, Listing, Location, ObjectStore, ProviderError, PutOutcome, Stored,
};

/// What happens at a chosen write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The write does not happen, and says so. Later ones do.
    Fail,
    /// The write happens, but its answer is lost. Later ones are answered.
    LoseReply,
    /// The process is killed just before the write: neither it nor anything after it happens.
    KillBefore,
    /// The process is killed just after the write: it happened, nothing after it does.
    KillAfter,
}

/// A store over another one, with a fault at one of its writes (counted from 1; a deletion is a write).
pub struct FaultStore {
    inner: Arc<dyn ObjectStore>,
    fault: Mutex<Option<(u64, Fault)>>,
    writes: AtomicU64,
    reads: AtomicU64,
    dead: AtomicBool,
}

impl FaultStore {
    /// `inner`, with `fault` at its `at`-th write from now.
    pub fn new(inner: Arc<dyn ObjectStore>, at: u64, fault: Fault) -> Self {
        Self {
            inner,
            fault: Mutex::new(Some((at, fault))),
            writes: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            dead: AtomicBool::new(false),
        }
    }

    /// Everything fails from now on, as for a process that was killed.
    pub fn kill(&self) {
        self.dead.store(true, Ordering::SeqCst);
    }

    /// How many writes were asked for.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }

    /// How many reads and listings were asked for.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::SeqCst)
    }

    fn alive(&self) -> Result<(), ProviderError> {
        match self.dead.load(Ordering::SeqCst) {
            true => Err(ProviderError::new(ErrorKind::Unavailable, "the store is gone (test)")),
            false => Ok(()),
        }
    }

    async fn write<T>(&self, act: BoxFuture<'_, Result<T, ProviderError>>) -> Result<T, ProviderError> {
        self.alive()?;
        let count = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        let due = {
            let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
            match *fault {
                Some((at, kind)) if at == count => {
                    *fault = None;
                    Some(kind)
                }
                Some(_) | None => None,
            }
        };
        let lost = || ProviderError::new(ErrorKind::Unavailable, "the store did not answer (test)");
        match due {
            None => act.await,
            Some(Fault::Fail) => Err(lost()),
            Some(Fault::LoseReply) => act.await.and_then(|_| Err(lost())),
            Some(Fault::KillBefore) => {
                self.kill();
                Err(lost())
            }
            Some(Fault::KillAfter) => {
                let _ = act.await;
                self.kill();
                Err(lost())
            }
        }
    }
}

impl ObjectStore for FaultStore {
    fn location(&self) -> Location {
        self.inner.location()
    }

    fn listing(&self) -> Listing {
        self.inner.listing()
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Stored>, ProviderError>> {
        Box::pin(async move {
            self.alive()?;
            self.reads.fetch_add(1, Ordering::SeqCst);
            self.inner.get(key).await
        })
    }

    fn put_if_absent<'a>(
        &'a self,
        key: &'a str,
        bytes: Vec<u8>,
    ) -> BoxFuture<'a, Result<PutOutcome, ProviderError>> {
        Box::pin(self.write(self.inner.put_if_absent(key, bytes)))
    }

    fn put_if_match<'a>(
        &'a self,
        key: &'a str,
        bytes: Vec<u8>,
        etag: &'a Etag,
    ) -> BoxFuture<'a, Result<PutOutcome, ProviderError>> {
        Box::pin(self.write(self.inner.put_if_match(key, bytes, etag)))
    }

    fn put<'a>(&'a self, key: &'a str, bytes: Vec<u8>) -> BoxFuture<'a, Result<Etag, ProviderError>> {
        Box::pin(self.write(self.inner.put(key, bytes)))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(self.write(self.inner.delete(key)))
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<Entry>, ProviderError>> {
        Box::pin(async move {
            self.alive()?;
            self.reads.fetch_add(1, Ordering::SeqCst);
            self.inner.list(prefix, after).await
        })
    }
}
