//! The registry's object store in a bucket.

use std::sync::Arc;

use flowform_provider_api::{
    BoxFuture, Entry, ErrorKind, Etag, Listing, Location, ObjectStore, ProviderError, PutOutcome, Stored,
    check_key, check_prefix,
};
use futures_util::{StreamExt as _, stream};

use crate::client::{Opened, When};
use crate::settings::Bucket;

/// How many objects are read at once.
const AT_ONCE: usize = 16;

/// Makes a fresh random identity.
pub type NewId = Arc<dyn Fn() -> String + Send + Sync>;

/// What lies below a prefix of a bucket.
pub struct S3Store {
    opened: Opened,
    /// Empty, or ending in `/`.
    prefix: String,
    new_id: NewId,
}

impl S3Store {
    /// Connects to nothing yet. Slashes around `prefix` do not count.
    pub fn new(bucket: Bucket, prefix: &str, new_id: NewId) -> Self {
        let prefix = match prefix.trim_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Self { opened: Opened::new(bucket), prefix, new_id }
    }

    /// Another whole bucket that is reached in the same way, over the same connection.
    #[must_use]
    pub fn beside(&self, bucket: &str) -> Self {
        Self { opened: self.opened.beside(bucket), prefix: String::new(), new_id: Arc::clone(&self.new_id) }
    }

    fn key(&self, key: &str) -> Result<String, ProviderError> {
        check_key(key)?;
        let full = format!("{}{key}", self.prefix);
        check_key(&full)?;
        Ok(full)
    }

    async fn put_when(&self, key: &str, bytes: Vec<u8>, when: When<'_>) -> Result<PutOutcome, ProviderError> {
        let written = self.opened.put(&self.key(key)?, bytes, when, &(self.new_id)()).await?;
        Ok(written.map_or(PutOutcome::Refused, |etag| PutOutcome::Written(Etag(etag))))
    }

    /// Tries every condition at an object of its own.
    async fn try_conditions(&self, key: &str) -> Result<(), ProviderError> {
        let lenient = |what: &str, would: &str| {
            ProviderError::new(
                ErrorKind::Invalid,
                format!(
                    "{} does not keep the conditions of writes ({what}), so {would}: use S3 itself, or a \
                     compatible store that has conditional writes",
                    self.location().0
                ),
            )
        };
        let PutOutcome::Written(first) = self.put_if_absent(key, b"1".to_vec()).await? else {
            return Err(lenient("a new object is refused as existing", "nothing could be written"));
        };
        if self.put_if_absent(key, b"2".to_vec()).await? != PutOutcome::Refused {
            return Err(lenient("`If-None-Match: *` overwrites", "two applies could write the same version"));
        }
        let stale = Etag("0".repeat(32));
        if self.put_if_match(key, b"3".to_vec(), &stale).await? != PutOutcome::Refused {
            return Err(lenient("`If-Match` is not compared", "two applies could hold the lease"));
        }
        if self.put_if_match(key, b"4".to_vec(), &first).await? == PutOutcome::Refused {
            return Err(lenient("`If-Match` with the right tag is refused", "no lease could be renewed"));
        }
        Ok(())
    }
}

impl ObjectStore for S3Store {
    fn location(&self) -> Location {
        let prefix = self.prefix.trim_end_matches('/');
        let slash = if prefix.is_empty() { "" } else { "/" };
        Location(format!("s3://{}{slash}{prefix}", self.opened.bucket.name))
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), ProviderError>> {
        Box::pin(async move {
            let key = format!(".flowform-probe-{}", (self.new_id)());
            let tried = self.try_conditions(&key).await;
            let removed = self.delete(&key).await;
            tried.and(removed)
        })
    }

    fn listing(&self) -> Listing {
        Listing { rows_per_call: 1000, tags_tell: true }
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Stored>, ProviderError>> {
        Box::pin(async move {
            let found = self.opened.get(&self.key(key)?, None).await?;
            Ok(found.map(|found| Stored { bytes: found.bytes, etag: Etag(found.etag) }))
        })
    }

    fn get_many<'a>(
        &'a self,
        keys: &'a [String],
    ) -> BoxFuture<'a, Vec<Result<Option<Stored>, ProviderError>>> {
        Box::pin(stream::iter(keys).map(|key| self.get(key)).buffered(AT_ONCE).collect())
    }

    fn put_if_absent<'a>(
        &'a self,
        key: &'a str,
        bytes: Vec<u8>,
    ) -> BoxFuture<'a, Result<PutOutcome, ProviderError>> {
        Box::pin(self.put_when(key, bytes, When::Absent))
    }

    fn put_if_match<'a>(
        &'a self,
        key: &'a str,
        bytes: Vec<u8>,
        etag: &'a Etag,
    ) -> BoxFuture<'a, Result<PutOutcome, ProviderError>> {
        Box::pin(self.put_when(key, bytes, When::Matches(&etag.0)))
    }

    fn put<'a>(&'a self, key: &'a str, bytes: Vec<u8>) -> BoxFuture<'a, Result<Etag, ProviderError>> {
        Box::pin(async move {
            match self.put_when(key, bytes, When::Always).await? {
                PutOutcome::Written(etag) => Ok(etag),
                PutOutcome::Refused => {
                    Err(ProviderError::new(ErrorKind::Internal, "a write without a condition was refused"))
                }
            }
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move { self.opened.delete(&self.key(key)?).await })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<Entry>, ProviderError>> {
        Box::pin(async move {
            check_prefix(prefix)?;
            let after = after.map(|after| format!("{}{after}", self.prefix));
            let found = self.opened.list(&format!("{}{prefix}", self.prefix), after.as_deref()).await?;
            let mut entries: Vec<Entry> = found
                .into_iter()
                .filter(|(key, _)| after.as_ref().is_none_or(|after| key > after))
                .filter_map(|(key, etag)| {
                    // What somebody else put there under a name that is no key is not ours to tell of.
                    let key = key.strip_prefix(&self.prefix).filter(|key| check_key(key).is_ok())?;
                    Some(Entry { key: key.to_owned(), etag: Etag(etag) })
                })
                .collect();
            // Directory buckets and some compatible stores list in an order of their own.
            entries.sort_by(|a, b| a.key.cmp(&b.key));
            Ok(entries)
        })
    }
}
