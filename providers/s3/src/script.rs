//! Scripts of flows in any bucket that one connection reaches. Whose they are is decided by the rules that all stores share.

use std::collections::BTreeMap;

use flowform_provider_api::{
    BoxFuture, ErrorKind, Etag, FoundScript, Location, ProviderError, PutOutcome, ScriptStore, md5_of,
};
use futures_util::{StreamExt as _, stream};

use crate::client::{Opened, When};
use crate::settings::Bucket;
use crate::store::NewId;

/// How many objects are looked at at once.
const AT_ONCE: usize = 16;

/// The scheme of a place.
const SCHEME: &str = "s3://";

/// How many keys one page of a listing has.
const PAGE: u64 = 1000;

/// Scripts in S3. They are written as objects of the bucket that it is made from are, in whichever bucket a URI names.
pub struct S3Scripts {
    opened: Opened,
    new_id: NewId,
}

impl S3Scripts {
    /// Connects to nothing yet; the bucket's name does not count.
    pub fn new(bucket: Bucket, new_id: NewId) -> Self {
        Self { opened: Opened::new(bucket), new_id }
    }

    fn place<'a>(&self, uri: &'a str) -> Result<(Opened, &'a str), ProviderError> {
        let place = uri.strip_prefix(SCHEME).and_then(|place| place.split_once('/'));
        let (bucket, key) = place.ok_or_else(|| {
            ProviderError::new(ErrorKind::Internal, format!("{uri} is no place of an object in S3"))
        })?;
        Ok((self.opened.beside(bucket), key))
    }

    async fn look_at(&self, uri: &str) -> Result<Option<FoundScript>, ProviderError> {
        let (opened, key) = self.place(uri)?;
        let Some(head) = opened.head(key).await? else { return Ok(None) };
        let (metadata, etag) = (head.metadata, head.etag);
        if head.is_hashed && is_md5(&etag) {
            return Ok(Some(FoundScript { md5: etag.clone(), metadata, etag: Etag(etag) }));
        }
        // The tag of an encrypted object, or of one that came in parts, tells nothing of its content.
        let found = opened.get(key, None).await?;
        Ok(found.map(|found| FoundScript { md5: md5_of(&found.bytes), metadata, etag: Etag(found.etag) }))
    }
}

fn is_md5(etag: &str) -> bool {
    etag.len() == 32 && etag.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl ScriptStore for S3Scripts {
    fn location(&self) -> Location {
        // Names of buckets are unique, so no account belongs to the place.
        match &self.opened.bucket.endpoint {
            None => Location("s3".to_owned()),
            Some(endpoint) => Location(format!("s3 at {endpoint}")),
        }
    }

    fn look<'a>(
        &'a self,
        uris: &'a [String],
    ) -> BoxFuture<'a, Vec<Result<Option<FoundScript>, ProviderError>>> {
        Box::pin(stream::iter(uris).map(|uri| self.look_at(uri)).buffered(AT_ONCE).collect())
    }

    fn read<'a>(&'a self, uri: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, ProviderError>> {
        Box::pin(async move {
            let (opened, key) = self.place(uri)?;
            Ok(opened.get(key, None).await?.map(|found| found.bytes))
        })
    }

    fn list<'a>(
        &'a self,
        below: &'a str,
    ) -> BoxFuture<'a, Result<(BTreeMap<String, String>, u64), ProviderError>> {
        Box::pin(async move {
            let (opened, prefix) = self.place(below)?;
            let found = opened.list(prefix, None).await?;
            let calls = (found.len() as u64).div_ceil(PAGE).max(1);
            let bucket = &opened.bucket.name;
            let uri = |key: &str| format!("{SCHEME}{bucket}/{key}");
            Ok((found.into_iter().map(|(key, etag)| (uri(&key), etag)).collect(), calls))
        })
    }

    fn write<'a>(
        &'a self,
        uri: &'a str,
        bytes: Vec<u8>,
        metadata: BTreeMap<String, String>,
        expected: Option<&'a Etag>,
    ) -> BoxFuture<'a, Result<PutOutcome, ProviderError>> {
        Box::pin(async move {
            let (opened, key) = self.place(uri)?;
            let when = expected.map_or(When::Absent, |etag| When::Matches(&etag.0));
            let written = opened.put_with(key, bytes, &metadata, when, &(self.new_id)()).await?;
            Ok(written.map_or(PutOutcome::Refused, |etag| PutOutcome::Written(Etag(etag))))
        })
    }

    fn delete<'a>(&'a self, uri: &'a str) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move {
            let (opened, key) = self.place(uri)?;
            opened.delete(key).await
        })
    }
}
