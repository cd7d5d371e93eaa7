//! A registry's objects in a bucket of Cloud Storage, by its JSON API: generations are the tags, their preconditions the
//! conditions. It makes no bucket and knows nothing of what the objects mean.

mod pace;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flowform_provider_api::{
    BoxFuture, Entry, ErrorKind, Etag, Listing, Location, ObjectStore, ProviderError, PutOutcome, Stored,
    check_key, check_prefix,
};
use http::Method;
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::connection::{Answer, Call, Connection, ConnectionSettings, Failure, escape};
use pace::Pace;

/// The service's own address.
const SERVICE: &str = "https://storage.googleapis.com";

/// How many calls are under way at once.
const CALLS: usize = 48;

/// The permission of listings.
const LIST: &str = "`storage.objects.list`";

/// What bodies are, as far as the service is concerned.
const CONTENT: &str = "application/octet-stream";

/// Which objects of which bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketSettings {
    /// The bucket's name.
    pub bucket: String,
    /// What the names of all objects begin with, with or without a `/` at its end; empty for the whole bucket.
    pub prefix: String,
    /// Where the service is and who asks.
    pub connection: ConnectionSettings,
}

/// The objects of a bucket below a prefix.
#[derive(Clone)]
pub struct Bucket {
    inner: Arc<Inner>,
}

struct Inner {
    /// What the settings say, or why they cannot be used.
    connection: Result<Connection, ProviderError>,
    bucket: String,
    /// Empty, or with a `/` at its end.
    prefix: String,
    pace: Pace,
    calls: Semaphore,
    /// Whether an answer showed that the bucket exists.
    is_there: AtomicBool,
}

/// What the service says of an object.
#[derive(Deserialize)]
struct Resource {
    #[serde(default)]
    name: String,
    generation: String,
}

/// A page of a listing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    items: Vec<Resource>,
    #[serde(default)]
    next_page_token: Option<String>,
}

impl Bucket {
    /// The objects that `settings` name. Nothing is read or sent yet: settings that cannot be used fail the first call.
    pub fn new(settings: BucketSettings) -> Self {
        let trimmed = settings.prefix.trim_end_matches('/');
        let checked = match trimmed.is_empty() {
            true => Ok(()),
            false => check_key(trimmed),
        };
        let between_writes = settings.connection.timing.between_writes;
        let connection = checked.and_then(|()| Connection::new(SERVICE, settings.connection));
        Self {
            inner: Arc::new(Inner {
                connection,
                bucket: settings.bucket,
                prefix: if trimmed.is_empty() { String::new() } else { format!("{trimmed}/") },
                pace: Pace::new(between_writes),
                calls: Semaphore::new(CALLS),
                is_there: AtomicBool::new(false),
            }),
        }
    }
}

impl Inner {
    fn connection(&self) -> Result<&Connection, Failure> {
        self.connection.as_ref().map_err(|error| Failure {
            status: None,
            error: error.clone(),
            is_ambiguous: false,
        })
    }

    fn name(&self, key: &str) -> Result<String, ProviderError> {
        check_key(key)?;
        let name = format!("{}{key}", self.prefix);
        // The limit of the key itself is that of the service's names.
        check_key(&name)?;
        if name.contains(['\r', '\n']) {
            let message = format!("{key:?} cannot be the key of an object: it holds a line break");
            return Err(ProviderError::new(ErrorKind::Invalid, message));
        }
        Ok(name)
    }

    /// An object's address, for messages.
    fn address(&self, name: &str) -> String {
        format!("gs://{}/{name}", self.bucket)
    }

    fn objects(&self) -> String {
        format!("/storage/v1/b/{}/o", escape(&self.bucket))
    }

    fn object(&self, name: &str) -> String {
        format!("{}/{}", self.objects(), escape(name))
    }

    /// One call, with no more under way than the limit.
    async fn once(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let connection = self.connection()?;
        let permit = self.calls.acquire().await;
        let answer = connection.once(call).await;
        drop(permit);
        if answer.is_ok() || matches!(&answer, Err(failure) if failure.status == Some(412)) {
            self.is_there.store(true, Ordering::Relaxed);
        }
        answer
    }

    async fn repeat(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let mut pauses = self.connection()?.pauses();
        loop {
            match self.once(call).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => pauses.after(failure).await?,
            }
        }
    }

    async fn get(&self, name: &str) -> Result<Option<Stored>, ProviderError> {
        let call = Call {
            method: Method::GET,
            path: self.object(name),
            query: &[("alt", "media")],
            body: None,
            accept: "",
            what: &format!("read {}", self.address(name)),
            permission: "`storage.objects.get`",
        };
        match self.repeat(&call).await {
            Ok(Answer { headers, body }) => {
                let generation = headers.get("x-goog-generation").and_then(|value| value.to_str().ok());
                let Some(generation) = generation.filter(|text| is_generation(text)) else {
                    return Err(misunderstood(
                        &self.address(name),
                        "it does not say the object's generation",
                    ));
                };
                Ok(Some(Stored { bytes: body, etag: Etag(generation.to_owned()) }))
            }
            Err(failure) if failure.error.kind == ErrorKind::NotFound => {
                self.check_bucket().await?;
                Ok(None)
            }
            Err(failure) => Err(failure.error),
        }
    }

    /// An absent object and an absent bucket have the same status; what is in a bucket that is not there is not known to
    /// be absent.
    async fn check_bucket(&self) -> Result<(), ProviderError> {
        if self.is_there.load(Ordering::Relaxed) {
            return Ok(());
        }
        let call = Call {
            method: Method::GET,
            path: self.objects(),
            query: &[("maxResults", "1"), ("fields", "nextPageToken")],
            body: None,
            accept: "",
            what: &format!("list gs://{}", self.bucket),
            permission: LIST,
        };
        match self.repeat(&call).await {
            Ok(_) => Ok(()),
            Err(failure) if failure.error.kind == ErrorKind::NotFound => Err(ProviderError::new(
                ErrorKind::NotFound,
                format!(
                    "the bucket gs://{0} does not exist. Create it with `gcloud storage buckets create gs://{0} \
                     --uniform-bucket-level-access`, or correct its name",
                    self.bucket
                ),
            )),
            Err(failure) => Err(failure.error),
        }
    }

    /// Writes where the object's generation is `expected` (0 for none), and without a condition where it is `None`.
    ///
    /// A call whose answer is lost may have been carried out; it is looked up before it is repeated.
    async fn write(
        &self,
        name: &str,
        bytes: Vec<u8>,
        expected: Option<&str>,
    ) -> Result<PutOutcome, ProviderError> {
        let mut query = vec![("uploadType", "media"), ("name", name)];
        query.extend(expected.map(|generation| ("ifGenerationMatch", generation)));
        query.push(("fields", "name,generation"));
        let what = format!("write {}", self.address(name));
        let call = Call {
            method: Method::POST,
            path: format!("/upload{}", self.objects()),
            query: &query,
            body: Some((CONTENT, bytes)),
            accept: "",
            what: &what,
            // Where there is an object, it is deleted by the write.
            permission: match expected {
                Some("0") => "`storage.objects.create`",
                _ => "`storage.objects.create` and `storage.objects.delete`",
            },
        };
        let mut pauses = self.connection().map_err(|failure| failure.error)?.pauses();
        loop {
            self.pace.wait(name).await;
            let failure = match self.once(&call).await {
                Ok(answer) => {
                    self.pace.written(name);
                    let resource: Resource = serde_json::from_slice(&answer.body)
                        .map_err(|error| misunderstood(&self.address(name), &error.to_string()))?;
                    return Ok(PutOutcome::Written(Etag(resource.generation)));
                }
                Err(failure) if failure.status == Some(412) => return Ok(PutOutcome::Refused),
                Err(failure) => failure,
            };
            let is_ambiguous = failure.is_ambiguous;
            pauses.after(failure).await.map_err(|failure| failure.error)?;
            if let (true, Some(expected), Some((_, bytes))) = (is_ambiguous, expected, &call.body) {
                let found = self.get(name).await?;
                let generation = found.as_ref().map_or("0", |found| &*found.etag.0);
                // Nobody wrote: neither we nor others. Otherwise the content says who.
                if generation != expected {
                    return Ok(match found {
                        Some(found) if found.bytes == *bytes => PutOutcome::Written(found.etag),
                        Some(_) | None => PutOutcome::Refused,
                    });
                }
            }
        }
    }

    async fn delete(&self, name: &str) -> Result<(), ProviderError> {
        let call = Call {
            method: Method::DELETE,
            path: self.object(name),
            query: &[],
            body: None,
            accept: "",
            what: &format!("delete {}", self.address(name)),
            permission: "`storage.objects.delete`",
        };
        self.pace.wait(name).await;
        match self.repeat(&call).await {
            Ok(_) => {
                self.pace.written(name);
                Ok(())
            }
            Err(failure) if failure.error.kind == ErrorKind::NotFound => self.check_bucket().await,
            Err(failure) => Err(failure.error),
        }
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Entry>, ProviderError> {
        let full = format!("{}{prefix}", self.prefix);
        let start = after.map(|after| format!("{}{after}", self.prefix));
        let what = format!("list gs://{}/{full}", self.bucket);
        let mut entries = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut query = vec![("fields", "items(name,generation),nextPageToken"), ("maxResults", "1000")];
            if !full.is_empty() {
                query.push(("prefix", &full));
            }
            if let Some(start) = &start {
                query.push(("startOffset", start));
            }
            if let Some(token) = &token {
                query.push(("pageToken", token));
            }
            let path = self.objects();
            let call = Call {
                method: Method::GET,
                path,
                query: &query,
                body: None,
                accept: "",
                what: &what,
                permission: LIST,
            };
            let answer = self.repeat(&call).await.map_err(|failure| failure.error)?;
            let page: Page = serde_json::from_slice(&answer.body).map_err(|error| {
                misunderstood(&format!("gs://{}/{full}", self.bucket), &error.to_string())
            })?;
            for Resource { name, generation } in page.items {
                let Some(key) = name.strip_prefix(&self.prefix) else { continue };
                // `startOffset` includes what it names. What is no key was not written by us: folders, as consoles make them.
                if after.is_some_and(|after| key <= after) || check_key(key).is_err() {
                    continue;
                }
                entries.push(Entry { key: key.to_owned(), etag: Etag(generation) });
            }
            match page.next_page_token {
                Some(next) if !next.is_empty() => token = Some(next),
                Some(_) | None => return Ok(entries),
            }
        }
    }
}

impl ObjectStore for Bucket {
    fn location(&self) -> Location {
        let name = format!("gs://{}/{}", self.inner.bucket, self.inner.prefix);
        Location(name.trim_end_matches('/').to_owned())
    }

    fn listing(&self) -> Listing {
        Listing { rows_per_call: 1000, tags_tell: true }
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Stored>, ProviderError>> {
        Box::pin(async move { self.inner.get(&self.inner.name(key)?).await })
    }

    fn get_many<'a>(
        &'a self,
        keys: &'a [String],
    ) -> BoxFuture<'a, Vec<Result<Option<Stored>, ProviderError>>> {
        Box::pin(async move {
            let mut tasks = JoinSet::new();
            for (index, key) in keys.iter().enumerate() {
                let (store, key) = (self.clone(), key.clone());
                tasks.spawn(async move { (index, store.get(&key).await) });
            }
            let lost = || ProviderError::new(ErrorKind::Internal, "a read was given up");
            let mut found: Vec<_> = keys.iter().map(|_| Err(lost())).collect();
            while let Some(done) = tasks.join_next().await {
                if let Ok((index, read)) = done
                    && let Some(place) = found.get_mut(index)
                {
                    *place = read;
                }
            }
            found
        })
    }

    fn put_if_absent<'a>(
        &'a self,
        key: &'a str,
        bytes: Vec<u8>,
    ) -> BoxFuture<'a, Result<PutOutcome, ProviderError>> {
        Box::pin(async move { self.inner.write(&self.inner.name(key)?, bytes, Some("0")).await })
    }

    fn put_if_match<'a>(
        &'a self,
        key: &'a str,
        bytes: Vec<u8>,
        etag: &'a Etag,
    ) -> BoxFuture<'a, Result<PutOutcome, ProviderError>> {
        Box::pin(async move {
            let name = self.inner.name(key)?;
            // No object ever had such a tag. The number 0 would mean that there is none.
            if !is_generation(&etag.0) {
                return Ok(PutOutcome::Refused);
            }
            self.inner.write(&name, bytes, Some(&etag.0)).await
        })
    }

    fn put<'a>(&'a self, key: &'a str, bytes: Vec<u8>) -> BoxFuture<'a, Result<Etag, ProviderError>> {
        Box::pin(async move {
            let name = self.inner.name(key)?;
            match self.inner.write(&name, bytes, None).await? {
                PutOutcome::Written(etag) => Ok(etag),
                PutOutcome::Refused => Err(ProviderError::new(
                    ErrorKind::Conflict,
                    format!("{} refuses a write without a condition", self.inner.address(&name)),
                )),
            }
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move { self.inner.delete(&self.inner.name(key)?).await })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<Entry>, ProviderError>> {
        Box::pin(async move {
            check_prefix(prefix)?;
            self.inner.list(prefix, after).await
        })
    }
}

/// Whether a text can be the generation of an object that exists.
fn is_generation(text: &str) -> bool {
    text.parse::<u64>().is_ok_and(|number| number > 0)
}

fn misunderstood(address: &str, why: &str) -> ProviderError {
    let message = format!("the answer of Google Cloud Storage about {address} cannot be understood: {why}");
    ProviderError::new(ErrorKind::Unavailable, message)
}
