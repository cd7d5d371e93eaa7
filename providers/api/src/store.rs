//! The object store that a registry is kept in: a local directory, S3 or Google Cloud Storage.

use serde::{Deserialize, Serialize};

use crate::{BoxFuture, Location, ProviderError};

/// An opaque version tag of a stored object; it changes whenever the content is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Etag(pub String);

/// An object's content with the tag to write it back against.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The content.
    pub bytes: Vec<u8>,
    /// The tag of exactly this content.
    pub etag: Etag,
}

/// One row of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The object's key, relative to the store's root, `/` between parts.
    pub key: String,
    /// The object's tag.
    pub etag: Etag,
}

/// What the listings of a store are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    /// How many rows one call has at most.
    pub rows_per_call: u64,
    /// Whether a tag tells the content: an object that a listing shows with the tag of a write still is what was written,
    /// whatever anybody did to it in between.
    pub tags_tell: bool,
}

/// How a conditional write ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutOutcome {
    /// The object is stored durably under this tag.
    Written(Etag),
    /// The precondition did not hold; nothing was written.
    Refused,
}

/// A flat, durable store of small objects with conditional writes.
///
/// Obligations of an implementation, checked by the contract tests:
/// * a write that answered is durable: a crash of the process or the machine does not lose it;
/// * readers never see half an object;
/// * of any number of concurrent `put_if_absent` of one key exactly one is `Written`;
/// * `put_if_match` is atomic: between its comparison and its write nobody else writes;
/// * keys are relative, have no empty, `.` or `..` part, and cannot leave the store's root
///   ([`crate::ErrorKind::Invalid`] otherwise).
///
/// Every future may be dropped at any await: the write then happened or did not, never in part.
pub trait ObjectStore: Send + Sync {
    /// Where the store is, for messages and for identity (a directory, `s3://bucket/prefix`).
    fn location(&self) -> Location;

    /// Whether the place keeps the obligations, as far as trying can show: asked before a registry is made in it.
    /// A store that keeps them by itself need not try.
    fn probe(&self) -> BoxFuture<'_, Result<(), ProviderError>> {
        Box::pin(async { Ok(()) })
    }

    /// What listings of this store are.
    fn listing(&self) -> Listing {
        Listing { rows_per_call: u64::MAX, tags_tell: false }
    }

    /// The object, or `None` when there is none.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Stored>, ProviderError>>;

    /// The objects of many keys, in the order of the keys. A store in which each call costs time of its own
    /// overrides it to share or overlap them.
    fn get_many<'a>(
        &'a self,
        keys: &'a [String],
    ) -> BoxFuture<'a, Vec<Result<Option<Stored>, ProviderError>>> {
        Box::pin(async move {
            let mut found = Vec::with_capacity(keys.len());
            for key in keys {
                found.push(self.get(key).await);
            }
            found
        })
    }

    /// Creates the object unless one exists.
    fn put_if_absent<'a>(
        &'a self,
        key: &'a str,
        bytes: Vec<u8>,
    ) -> BoxFuture<'a, Result<PutOutcome, ProviderError>>;

    /// Replaces the object if its tag is still `etag`; an absent object refuses.
    fn put_if_match<'a>(
        &'a self,
        key: &'a str,
        bytes: Vec<u8>,
        etag: &'a Etag,
    ) -> BoxFuture<'a, Result<PutOutcome, ProviderError>>;

    /// Writes the object whatever was there: for derived objects that are remade from the log.
    fn put<'a>(&'a self, key: &'a str, bytes: Vec<u8>) -> BoxFuture<'a, Result<Etag, ProviderError>>;

    /// Removes the object; an absent one is success.
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), ProviderError>>;

    /// Every object below `prefix` (which ends in `/`; the empty one means everything) whose key is greater than `after`, in key order.
    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<Entry>, ProviderError>>;
}
