//! A registry kept in a directory: one file per object, replaced whole. It follows no symbolic link below its
//! root, and reading makes no file.
//!
//! An object's tag is `<length>-<mtime in ns>-<inode>`: every write makes a new file with the time of the write
//! to the nanosecond, so the tag changes with each write and a listing needs no content.

#![expect(clippy::disallowed_methods, reason = "the directory store is an edge: files are what it is about")]

mod commit;
mod error;
mod path;

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use flowform_provider_api::{
    BoxFuture, Entry, ErrorKind, Etag, Location, ObjectStore, ProviderError, PutOutcome, Stored, check_key,
    check_prefix,
};

use self::commit::{Outcome, Queue, Write};
pub(crate) use self::error::io_error;
use self::path::{PRIVATE, confined};

/// How many threads share the reading of many objects; a file system behind a network answers several at once.
const READERS: usize = 4;

/// How many objects a thread is started for at least.
const READ_SHARE: usize = 128;

/// An [`ObjectStore`] over a directory of the local file system.
///
/// Writes that are under way at the same time share their syncs. Every process that writes the directory takes
/// an advisory lock for the moment in which it renames, so conditional writes hold between processes too, as far
/// as the file system's locks do.
pub struct DirectoryStore {
    root: Arc<Path>,
    queue: Arc<Queue>,
}

impl DirectoryStore {
    /// The store in `root`, which need not exist: it is then empty, and made by the first write.
    pub fn open(root: PathBuf) -> Self {
        // A relative path is fixed now, so that a later change of directory cannot move the store.
        let root: Arc<Path> = std::path::absolute(&root).unwrap_or(root).into();
        Self { queue: Arc::new(Queue::new(Arc::clone(&root))), root }
    }

    async fn write(&self, key: &str, write: Write) -> Result<Outcome, ProviderError> {
        check(key)?;
        self.queue.submit(key.to_owned(), write).await
    }
}

impl ObjectStore for DirectoryStore {
    fn location(&self) -> Location {
        Location(self.root.display().to_string())
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Stored>, ProviderError>> {
        Box::pin(async move {
            check(key)?;
            let (root, key) = (Arc::clone(&self.root), key.to_owned());
            blocking(move || read(&root, &key)).await
        })
    }

    fn get_many<'a>(
        &'a self,
        keys: &'a [String],
    ) -> BoxFuture<'a, Vec<Result<Option<Stored>, ProviderError>>> {
        Box::pin(async move {
            // A change of thread costs more than the reading of a small file, so each thread reads many.
            let share = keys.len().div_ceil(READERS).max(READ_SHARE);
            let shares: Vec<_> = keys
                .chunks(share)
                .map(|keys| {
                    let (root, keys) = (Arc::clone(&self.root), keys.to_vec());
                    let read_all =
                        move || keys.iter().map(|key| check(key).and_then(|()| read(&root, key))).collect();
                    (share, tokio::task::spawn_blocking(read_all))
                })
                .collect();
            let mut found: Vec<Result<Option<Stored>, ProviderError>> = Vec::with_capacity(keys.len());
            for (share, task) in shares {
                let count = share.min(keys.len().saturating_sub(found.len()));
                match task.await {
                    Ok(read) => found.extend::<Vec<_>>(read),
                    Err(error) => found.extend(std::iter::repeat_with(|| Err(gone(&error))).take(count)),
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
        Box::pin(async move { put_outcome(self.write(key, Write::Create(bytes)).await?) })
    }

    fn put_if_match<'a>(
        &'a self,
        key: &'a str,
        bytes: Vec<u8>,
        etag: &'a Etag,
    ) -> BoxFuture<'a, Result<PutOutcome, ProviderError>> {
        Box::pin(async move { put_outcome(self.write(key, Write::Swap(bytes, etag.clone())).await?) })
    }

    fn put<'a>(&'a self, key: &'a str, bytes: Vec<u8>) -> BoxFuture<'a, Result<Etag, ProviderError>> {
        Box::pin(async move {
            match put_outcome(self.write(key, Write::Replace(bytes)).await?)? {
                PutOutcome::Written(etag) => Ok(etag),
                PutOutcome::Refused => Err(unexpected()),
            }
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move { self.write(key, Write::Delete).await.map(|_| ()) })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<Entry>, ProviderError>> {
        Box::pin(async move {
            check_prefix(prefix)?;
            let (root, prefix, after) = (Arc::clone(&self.root), prefix.to_owned(), after.map(str::to_owned));
            blocking(move || list(&root, &prefix, after.as_deref())).await
        })
    }
}

fn put_outcome(outcome: Outcome) -> Result<PutOutcome, ProviderError> {
    match outcome {
        Outcome::Written(etag) => Ok(PutOutcome::Written(etag)),
        Outcome::Refused => Ok(PutOutcome::Refused),
        Outcome::Deleted => Err(unexpected()),
    }
}

fn unexpected() -> ProviderError {
    ProviderError::new(ErrorKind::Internal, "the directory store answered a write with something else")
}

/// The key is one, and none of the store's own files.
fn check(key: &str) -> Result<(), ProviderError> {
    check_key(key)?;
    let first = key.split('/').next().unwrap_or(key);
    // Some file systems do not tell upper from lower case.
    if first.eq_ignore_ascii_case(PRIVATE) {
        let message = format!("{key:?} cannot be the key of an object: {PRIVATE} is the store's own");
        return Err(ProviderError::new(ErrorKind::Invalid, message));
    }
    Ok(())
}

/// Runs `work` where it may wait for the disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ProviderError> + Send + 'static,
) -> Result<T, ProviderError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(gone(&error)),
    }
}

/// The thread of a file operation ended without an answer.
fn gone(error: &tokio::task::JoinError) -> ProviderError {
    ProviderError::new(ErrorKind::Internal, format!("a file operation failed: {error}"))
}

fn read(root: &Path, key: &str) -> Result<Option<Stored>, ProviderError> {
    let Some(path) = confined(root, key)? else { return Ok(None) };
    let failed = |error| io_error("read", &path, &error);
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0).min(1 << 24));
    file.read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(Stored { bytes, etag: etag(&metadata) }))
}

/// Neither the object nor, perhaps, the directory that it would be in exists.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn list(root: &Path, prefix: &str, after: Option<&str>) -> Result<Vec<Entry>, ProviderError> {
    let mut entries = Vec::new();
    let mut pending = vec![prefix.to_owned()];
    while let Some(prefix) = pending.pop() {
        list_directory(root, &prefix, after, &mut entries, &mut pending)?;
    }
    entries.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(entries)
}

/// Adds the objects right in the directory `prefix` to `entries`, and the directories in it to `pending`.
fn list_directory(
    root: &Path,
    prefix: &str,
    after: Option<&str>,
    entries: &mut Vec<Entry>,
    pending: &mut Vec<String>,
) -> Result<(), ProviderError> {
    let directory = match prefix.strip_suffix('/') {
        Some(key) => match confined(root, key)? {
            Some(path) => path,
            None => return Ok(()),
        },
        None => root.to_path_buf(),
    };
    let failed = |error| io_error("list", &directory, &error);
    let rows = match fs::read_dir(&directory) {
        Ok(rows) => rows,
        Err(error) if is_absent(&error) => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    for row in rows {
        let row = row.map_err(failed)?;
        // A name that is no Unicode is no key, so it is nobody's object.
        let Ok(name) = row.file_name().into_string() else { continue };
        if prefix.is_empty() && name.eq_ignore_ascii_case(PRIVATE) {
            continue;
        }
        let key = format!("{prefix}{name}");
        if check_key(&key).is_err() {
            continue;
        }
        let file_type = row.file_type().map_err(failed)?;
        if file_type.is_symlink() {
            return Err(path::is_link(&row.path()));
        }
        if file_type.is_dir() {
            let inside = format!("{key}/");
            // Every key inside begins with `inside`: all are behind `after`, or it may be among them.
            if after.is_none_or(|after| inside.as_str() > after || after.starts_with(&inside)) {
                pending.push(inside);
            }
        } else if file_type.is_file() && after.is_none_or(|after| key.as_str() > after) {
            match row.metadata() {
                Ok(metadata) => entries.push(Entry { key, etag: etag(&metadata) }),
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }
    Ok(())
}

/// The tag of the file with this metadata.
fn etag(metadata: &Metadata) -> Etag {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let nanoseconds = modified.map_or(0, |time| time.as_nanos());
    Etag(format!("{:x}-{nanoseconds:x}-{:x}", metadata.len(), inode(metadata)))
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_metadata: &Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests;
