//! An object store in memory: the shortest one that keeps the contract, for tests of what stands on a store.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use flowform_provider_api::{
    BoxFuture, Entry, Etag, Listing, Location, ObjectStore, ProviderError, PutOutcome, Stored, check_key,
    check_prefix,
};

/// An object store in memory.
#[derive(Default)]
pub struct MemoryStore {
    state: Mutex<State>,
    tags_tell: bool,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, (Vec<u8>, Etag)>,
    writes: u64,
}

impl State {
    fn write(&mut self, key: &str, bytes: Vec<u8>) -> Etag {
        self.writes += 1;
        let etag = Etag(format!("w{}", self.writes));
        self.objects.insert(key.to_owned(), (bytes, etag.clone()));
        etag
    }
}

impl MemoryStore {
    /// One that says of its tags that they tell the content, which is so.
    pub fn with_telling_tags() -> Self {
        Self { tags_tell: true, ..Self::default() }
    }

    fn with<T>(&self, key: &str, act: impl FnOnce(&mut State) -> T) -> Result<T, ProviderError> {
        check_key(key)?;
        Ok(act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl ObjectStore for MemoryStore {
    fn location(&self) -> Location {
        Location("memory".into())
    }

    fn listing(&self) -> Listing {
        Listing { rows_per_call: u64::MAX, tags_tell: self.tags_tell }
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Stored>, ProviderError>> {
        let found = self.with(key, |state| {
            state.objects.get(key).map(|(bytes, etag)| Stored { bytes: bytes.clone(), etag: etag.clone() })
        });
        Box::pin(async move { found })
    }

    fn put_if_absent<'a>(
        &'a self,
        key: &'a str,
        bytes: Vec<u8>,
    ) -> BoxFuture<'a, Result<PutOutcome, ProviderError>> {
        Box::pin(async move {
            self.with(key, |state| match state.objects.contains_key(key) {
                true => PutOutcome::Refused,
                false => PutOutcome::Written(state.write(key, bytes)),
            })
        })
    }

    fn put_if_match<'a>(
        &'a self,
        key: &'a str,
        bytes: Vec<u8>,
        etag: &'a Etag,
    ) -> BoxFuture<'a, Result<PutOutcome, ProviderError>> {
        Box::pin(async move {
            self.with(key, |state| match state.objects.get(key) {
                Some((_, current)) if current == etag => PutOutcome::Written(state.write(key, bytes)),
                Some(_) | None => PutOutcome::Refused,
            })
        })
    }

    fn put<'a>(&'a self, key: &'a str, bytes: Vec<u8>) -> BoxFuture<'a, Result<Etag, ProviderError>> {
        Box::pin(async move { self.with(key, |state| state.write(key, bytes)) })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move { self.with(key, |state| state.objects.remove(key)).map(|_| ()) })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<Entry>, ProviderError>> {
        Box::pin(async move {
            check_prefix(prefix)?;
            self.with("any", |state| {
                let wanted = |key: &str| key.starts_with(prefix) && after.is_none_or(|after| key > after);
                state
                    .objects
                    .iter()
                    .filter(|(key, _)| wanted(key))
                    .map(|(key, (_, etag))| Entry { key: key.clone(), etag: etag.clone() })
                    .collect()
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn it_keeps_the_contract() {
        crate::store_contract(Arc::new(MemoryStore::default())).await;
    }
}
