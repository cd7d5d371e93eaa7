//! The places that shared templates are stored in: files, objects of S3 and Google Cloud Storage, ConfigMaps.

use std::sync::Arc;

use crate::{BoxFuture, ErrorKind, Etag, ObjectStore, ProviderError, PutOutcome, Stored};

/// One kind of place: what a URI of one scheme leads to.
///
/// Obligations of an implementation, checked by the contract tests:
/// * a write that answered is durable, and readers never see half a document;
/// * a write holds against what it expects: where something else is there, it is [`ErrorKind::Conflict`] and nothing is
///   written;
/// * a write of what is there already changes nothing and returns its tag;
/// * a delete holds against what it expects as well; an absent document is success;
/// * the tag is another one when the content is another one.
///
/// Every future may be dropped at any await: the write then happened or did not, never in part.
pub trait TemplateStore: Send + Sync {
    /// The document with its tag, or `None` where there is none.
    fn read<'a>(&'a self, uri: &'a str) -> BoxFuture<'a, Result<Option<Stored>, ProviderError>>;

    /// Writes the document over the one with the tag `expected`, or where there is none; returns its new tag.
    fn write<'a>(
        &'a self,
        uri: &'a str,
        content: Vec<u8>,
        expected: Option<&'a Etag>,
    ) -> BoxFuture<'a, Result<Etag, ProviderError>>;

    /// Removes the document with the tag `expected`.
    fn delete<'a>(&'a self, uri: &'a str, expected: &'a Etag) -> BoxFuture<'a, Result<(), ProviderError>>;
}

/// Templates that are objects of an [`ObjectStore`]: what follows `prefix` in a URI is the object's key.
pub struct ObjectTemplates {
    store: Arc<dyn ObjectStore>,
    prefix: String,
}

impl ObjectTemplates {
    /// The objects of `store`, whose root is `prefix`: `s3://bucket/`.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: impl Into<String>) -> Self {
        Self { store, prefix: prefix.into() }
    }

    fn key<'a>(&self, uri: &'a str) -> Result<&'a str, ProviderError> {
        uri.strip_prefix(&self.prefix).ok_or_else(|| {
            ProviderError::new(ErrorKind::Internal, format!("{uri} is not below {}", self.prefix))
        })
    }
}

impl TemplateStore for ObjectTemplates {
    fn read<'a>(&'a self, uri: &'a str) -> BoxFuture<'a, Result<Option<Stored>, ProviderError>> {
        Box::pin(async move { self.store.get(self.key(uri)?).await })
    }

    fn write<'a>(
        &'a self,
        uri: &'a str,
        content: Vec<u8>,
        expected: Option<&'a Etag>,
    ) -> BoxFuture<'a, Result<Etag, ProviderError>> {
        Box::pin(async move {
            let key = self.key(uri)?;
            let outcome = match expected {
                Some(etag) => {
                    let found = self.store.get(key).await?;
                    if found.is_some_and(|found| found.etag == *etag && found.bytes == content) {
                        return Ok(etag.clone());
                    }
                    self.store.put_if_match(key, content, etag).await?
                }
                None => self.store.put_if_absent(key, content).await?,
            };
            match outcome {
                PutOutcome::Written(etag) => Ok(etag),
                PutOutcome::Refused => Err(conflict(uri)),
            }
        })
    }

    /// The comparison and the removal are two calls: object stores have no conditional removal that all of them take.
    fn delete<'a>(&'a self, uri: &'a str, expected: &'a Etag) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move {
            let key = self.key(uri)?;
            match self.store.get(key).await? {
                None => Ok(()),
                Some(found) if found.etag == *expected => self.store.delete(key).await,
                Some(_) => Err(conflict(uri)),
            }
        })
    }
}

fn conflict(uri: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Conflict,
        format!("{uri} holds something else than it did when it was read"),
    )
}
