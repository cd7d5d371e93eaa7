//! A part of an object store that looks like a whole one: a project inside a registry's root. It makes no calls
//! of its own.

use std::sync::Arc;

use crate::{
    BoxFuture, Entry, Etag, Listing, Location, ObjectStore, ProviderError, PutOutcome, Stored, check_key,
};

/// Everything below a prefix of another store, under keys relative to that prefix.
pub struct Prefixed {
    inner: Arc<dyn ObjectStore>,
    /// It ends in `/`.
    prefix: String,
}

impl Prefixed {
    /// What `inner` holds below `prefix` (with or without a `/` at its end).
    pub fn new(inner: Arc<dyn ObjectStore>, prefix: &str) -> Result<Self, ProviderError> {
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        check_key(prefix)?;
        Ok(Self { inner, prefix: format!("{prefix}/") })
    }

    fn full(&self, key: &str) -> Result<String, ProviderError> {
        check_key(key)?;
        Ok(format!("{}{key}", self.prefix))
    }
}

impl ObjectStore for Prefixed {
    fn location(&self) -> Location {
        let outer = self.inner.location().0;
        let name = self.prefix.strip_suffix('/').unwrap_or(&self.prefix);
        Location(format!("{}/{name}", outer.strip_suffix('/').unwrap_or(&outer)))
    }

    fn listing(&self) -> Listing {
        self.inner.listing()
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Stored>, ProviderError>> {
        Box::pin(async move { self.inner.get(&self.full(key)?).await })
    }

    fn get_many<'a>(
        &'a self,
        keys: &'a [String],
    ) -> BoxFuture<'a, Vec<Result<Option<Stored>, ProviderError>>> {
        Box::pin(async move {
            let full: Result<Vec<String>, ProviderError> = keys.iter().map(|key| self.full(key)).collect();
            match full {
                Ok(full) => self.inner.get_many(&full).await,
                Err(error) => keys.iter().map(|_| Err(error.clone())).collect(),
            }
        })
    }

    fn put_if_absent<'a>(
        &'a self,
        key: &'a str,
        bytes: Vec<u8>,
    ) -> BoxFuture<'a, Result<PutOutcome, ProviderError>> {
        Box::pin(async move { self.inner.put_if_absent(&self.full(key)?, bytes).await })
    }

    fn put_if_match<'a>(
        &'a self,
        key: &'a str,
        bytes: Vec<u8>,
        etag: &'a Etag,
    ) -> BoxFuture<'a, Result<PutOutcome, ProviderError>> {
        Box::pin(async move { self.inner.put_if_match(&self.full(key)?, bytes, etag).await })
    }

    fn put<'a>(&'a self, key: &'a str, bytes: Vec<u8>) -> BoxFuture<'a, Result<Etag, ProviderError>> {
        Box::pin(async move { self.inner.put(&self.full(key)?, bytes).await })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move { self.inner.delete(&self.full(key)?).await })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<Entry>, ProviderError>> {
        Box::pin(async move {
            check_prefix(prefix)?;
            let after = after.map(|after| format!("{}{after}", self.prefix));
            let mut entries = self.inner.list(&format!("{}{prefix}", self.prefix), after.as_deref()).await?;
            for entry in &mut entries {
                if let Some(key) = entry.key.strip_prefix(&self.prefix) {
                    entry.key = key.to_owned();
                }
            }
            Ok(entries)
        })
    }
}

/// Refuses (`Invalid`) what no listing takes as its prefix: it is empty (everything) or a key and a `/`.
pub fn check_prefix(prefix: &str) -> Result<(), ProviderError> {
    match prefix.strip_suffix('/') {
        None if prefix.is_empty() => Ok(()),
        None => Err(ProviderError::new(
            crate::ErrorKind::Invalid,
            format!("{prefix:?} cannot be the prefix of a listing: it does not end in /"),
        )),
        Some(key) => check_key(key),
    }
}
