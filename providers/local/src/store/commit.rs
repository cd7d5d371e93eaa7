//! Durable writes, in batches that share their syncs: write every temporary file, sync each, put each in its
//! place, sync each directory once, answer. Nothing is answered before it is durable.

#![expect(clippy::disallowed_methods, reason = "the directory store is an edge: files are what it is about")]

use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, SystemTime};

use flowform_provider_api::{ErrorKind, Etag, ProviderError};
use tempfile::NamedTempFile;
use tokio::sync::oneshot;

use super::error::io_error;
use super::path::{PRIVATE, confined, is_link, made};
use super::{etag, is_absent};

/// How many writes one batch holds: each has a file open until the batch is done.
const BATCH: usize = 128;

/// How many syncs of a batch are under way at once; journalling file systems answer them together.
const SYNCS: usize = 16;

/// A temporary file that is older than this belongs to a process that was killed.
const LEFTOVER: Duration = Duration::from_secs(3600);

/// One write.
pub(super) enum Write {
    /// Unless the object exists.
    Create(Vec<u8>),
    /// If its tag is still this one.
    Swap(Vec<u8>, Etag),
    /// Whatever was there.
    Replace(Vec<u8>),
    /// Remove it.
    Delete,
}

/// How a write ended.
pub(super) enum Outcome {
    Written(Etag),
    Refused,
    Deleted,
}

struct Job {
    key: String,
    write: Write,
    answer: oneshot::Sender<Result<Outcome, ProviderError>>,
}

/// The writes that wait for the next batch.
pub(super) struct Queue {
    root: Arc<Path>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    /// Whether a thread is taking batches.
    busy: bool,
    /// Whether leftovers were looked for.
    swept: bool,
}

impl Queue {
    pub(super) fn new(root: Arc<Path>) -> Self {
        Self { root, state: Mutex::default() }
    }

    /// Queues a write and waits until it is durable. A caller that stops waiting does not stop the write.
    pub(super) async fn submit(
        self: &Arc<Self>,
        key: String,
        write: Write,
    ) -> Result<Outcome, ProviderError> {
        let (answer, answered) = oneshot::channel();
        let start = {
            let mut state = self.lock();
            state.waiting.push_back(Job { key, write, answer });
            !std::mem::replace(&mut state.busy, true)
        };
        if start {
            let queue = Arc::clone(self);
            tokio::task::spawn_blocking(move || queue.drain());
        }
        match answered.await {
            Ok(result) => result,
            Err(_) => Err(ProviderError::new(ErrorKind::Internal, "a write was given up by its thread")),
        }
    }

    /// A panic while the lock is held leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drain(&self) {
        loop {
            let (batch, sweep) = {
                let mut state = self.lock();
                if state.waiting.is_empty() {
                    state.busy = false;
                    return;
                }
                let count = state.waiting.len().min(BATCH);
                let batch: Vec<Job> = state.waiting.drain(..count).collect();
                (batch, !std::mem::replace(&mut state.swept, true))
            };
            if sweep {
                remove_leftovers(&self.root.join(PRIVATE).join("tmp"));
            }
            run_batch(&self.root, batch);
        }
    }
}

/// A write whose content is on the disk already, under a temporary name.
struct Ready {
    job: Job,
    path: PathBuf,
    file: Option<(NamedTempFile, Etag)>,
}

fn run_batch(root: &Path, batch: Vec<Job>) {
    let mut changed = Vec::new();
    let mut ready = Vec::with_capacity(batch.len());
    for mut job in batch {
        match prepare(root, &mut job, &mut changed) {
            Ok((path, file)) => ready.push(Ready { job, path, file }),
            Err(error) => answer(job, Err(error)),
        }
    }
    let ready = sync_files(ready);
    if ready.is_empty() {
        return;
    }
    let done = match lock_store(root) {
        Ok(_lock) => ready.into_iter().map(|ready| place(root, ready, &mut changed)).collect(),
        Err(error) => ready.into_iter().map(|ready| (ready.job, Err(error.clone()))).collect::<Vec<_>>(),
    };
    let synced = sync_directories(changed);
    for (job, result) in done {
        answer(job, result.and_then(|outcome| synced.clone().map(|()| outcome)));
    }
}

fn answer(job: Job, result: Result<Outcome, ProviderError>) {
    // Whoever asked may have stopped waiting; the write stands all the same.
    let _ = job.answer.send(result);
}

type Prepared = (PathBuf, Option<(NamedTempFile, Etag)>);

/// Makes the key's directory and writes the content under a temporary name, not yet synced.
fn prepare(root: &Path, job: &mut Job, changed: &mut Vec<PathBuf>) -> Result<Prepared, ProviderError> {
    let bytes = match &mut job.write {
        Write::Create(bytes) | Write::Replace(bytes) => std::mem::take(bytes),
        Write::Swap(bytes, _) => {
            let Some(path) = confined(root, &job.key)? else { return Ok((root.join(&job.key), None)) };
            let bytes = std::mem::take(bytes);
            return Ok((path.clone(), Some(write_temporary(root, &path, &bytes, changed)?)));
        }
        Write::Delete => return Ok((confined(root, &job.key)?.unwrap_or_else(|| root.join(&job.key)), None)),
    };
    let path = made(root, &job.key, changed)?;
    let file = write_temporary(root, &path, &bytes, changed)?;
    Ok((path, Some(file)))
}

fn write_temporary(
    root: &Path,
    path: &Path,
    bytes: &[u8],
    changed: &mut Vec<PathBuf>,
) -> Result<(NamedTempFile, Etag), ProviderError> {
    let directory = private_directory(root, "tmp", changed)?;
    let failed = |error: io::Error| io_error("write", path, &error);
    let mut builder = tempfile::Builder::new();
    builder.prefix("write-");
    #[cfg(unix)]
    {
        // As any other new file: what the umask leaves. A registry may be shared by a group.
        let mode = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666);
        builder.permissions(mode);
    }
    let mut temporary = builder.tempfile_in(directory).map_err(failed)?;
    let file = temporary.as_file_mut();
    file.write_all(bytes).map_err(failed)?;
    // The file system's own clock may tick only every few milliseconds; the tag must tell writes apart.
    file.set_modified(SystemTime::now()).map_err(failed)?;
    let etag = etag(&file.metadata().map_err(failed)?);
    Ok((temporary, etag))
}

/// Makes a directory of the store's own.
fn private_directory(root: &Path, name: &str, changed: &mut Vec<PathBuf>) -> Result<PathBuf, ProviderError> {
    let path = root.join(PRIVATE).join(name);
    if !path.is_dir() {
        made(root, &format!("{PRIVATE}/{name}/x"), changed)?;
    }
    Ok(path)
}

/// Syncs every content, in order; a write whose content cannot be synced is answered here and left out. Threads of
/// the runtime's pool help, because making one for each batch would cost more than the syncs do.
fn sync_files(ready: Vec<Ready>) -> Vec<Ready> {
    let share = ready.len().div_ceil(SYNCS).max(1);
    let mut rest = ready.into_iter();
    let first: Vec<Ready> = rest.by_ref().take(share).collect();
    let pool = tokio::runtime::Handle::current();
    let mut others = Vec::new();
    loop {
        let chunk: Vec<Ready> = rest.by_ref().take(share).collect();
        if chunk.is_empty() {
            break;
        }
        let (done, result) = mpsc::channel();
        pool.spawn_blocking(move || {
            // The receiver waits below.
            let _ = done.send(sync_share(chunk));
        });
        others.push(result);
    }
    let mut kept = sync_share(first);
    for result in others {
        // When the thread is lost, so are the senders in its share, which tells those that wait.
        kept.extend(result.recv().unwrap_or_default());
    }
    kept
}

fn sync_share(share: Vec<Ready>) -> Vec<Ready> {
    let mut kept = Vec::with_capacity(share.len());
    for ready in share {
        let synced = match &ready.file {
            Some((file, _)) => file.as_file().sync_all(),
            None => Ok(()),
        };
        match synced {
            Ok(()) => kept.push(ready),
            Err(error) => {
                let error = io_error("write", &ready.path, &error);
                answer(ready.job, Err(error));
            }
        }
    }
    kept
}

/// Holds every other writer of the directory off, in this process and in others, until it is dropped. There is
/// nothing to lock where nothing was ever written: what is left to do then is a delete or a refusal.
fn lock_store(root: &Path) -> Result<Option<File>, ProviderError> {
    if !root.is_dir() {
        return Ok(None);
    }
    private_directory(root, "tmp", &mut Vec::new())?;
    let path = root.join(PRIVATE).join("lock");
    let failed = |error: io::Error| io_error("lock", &path, &error);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(Some(file))
}

/// Puts one write in its place. The store is locked.
fn place(root: &Path, ready: Ready, changed: &mut Vec<PathBuf>) -> (Job, Result<Outcome, ProviderError>) {
    let Ready { job, path, file } = ready;
    let result = match (&job.write, file) {
        (Write::Create(_), Some((file, etag))) => create(&path, file, etag, changed),
        (Write::Replace(_), Some((file, etag))) => replace(&path, file, etag, changed),
        (Write::Swap(_, expected), Some((file, etag))) => match current_etag(root, &job.key) {
            Ok(Some(current)) if current == *expected => replace(&path, file, etag, changed),
            Ok(_) => Ok(Outcome::Refused),
            Err(error) => Err(error),
        },
        (Write::Delete, _) => delete(&path, changed),
        (Write::Create(_) | Write::Replace(_) | Write::Swap(..), None) => Ok(Outcome::Refused),
    };
    (job, result)
}

fn create(
    path: &Path,
    file: NamedTempFile,
    etag: Etag,
    changed: &mut Vec<PathBuf>,
) -> Result<Outcome, ProviderError> {
    let outcome = match file.persist_noclobber(path) {
        Ok(_) => Ok(Outcome::Written(etag)),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            match fs::symlink_metadata(path) {
                Ok(metadata) if metadata.is_dir() => Err(io_error("write", path, &error.error)),
                Ok(metadata) if metadata.is_symlink() => Err(is_link(path)),
                _ => Ok(Outcome::Refused),
            }
        }
        // The file system has neither links nor a rename that keeps the target; every writer holds the lock.
        Err(error) => match fs::symlink_metadata(path) {
            Err(absent) if is_absent(&absent) => return replace(path, error.file, etag, changed),
            _ => Err(io_error("write", path, &error.error)),
        },
    };
    // A refusal says that the other's object is there, so that must be durable too.
    changed.extend(path.parent().map(Path::to_path_buf));
    outcome
}

fn replace(
    path: &Path,
    file: NamedTempFile,
    etag: Etag,
    changed: &mut Vec<PathBuf>,
) -> Result<Outcome, ProviderError> {
    file.persist(path).map_err(|error| io_error("write", path, &error.error))?;
    changed.extend(path.parent().map(Path::to_path_buf));
    Ok(Outcome::Written(etag))
}

fn delete(path: &Path, changed: &mut Vec<PathBuf>) -> Result<Outcome, ProviderError> {
    match fs::remove_file(path) {
        Ok(()) => changed.extend(path.parent().map(Path::to_path_buf)),
        Err(error) if is_absent(&error) => {}
        // A directory is no object.
        Err(_) if path.is_dir() => {}
        Err(error) => return Err(io_error("delete", path, &error)),
    }
    Ok(Outcome::Deleted)
}

fn current_etag(root: &Path, key: &str) -> Result<Option<Etag>, ProviderError> {
    let Some(path) = confined(root, key)? else { return Ok(None) };
    match fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_file() => Ok(Some(etag(&metadata))),
        Ok(_) => Ok(None),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(io_error("read", &path, &error)),
    }
}

fn sync_directories(changed: Vec<PathBuf>) -> Result<(), ProviderError> {
    for directory in BTreeSet::from_iter(changed) {
        sync_directory(&directory).map_err(|error| io_error("write", &directory, &error))?;
    }
    Ok(())
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Where a directory cannot be opened, renames are durable by themselves.
#[cfg(not(unix))]
fn sync_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}

/// Removes what killed processes left behind. It is housekeeping: whatever fails is left for the next time.
fn remove_leftovers(directory: &Path) {
    let Ok(rows) = fs::read_dir(directory) else { return };
    for row in rows.flatten() {
        let old = row
            .metadata()
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|modified| SystemTime::now().duration_since(modified).is_ok_and(|age| age > LEFTOVER));
        if old {
            let _ = fs::remove_file(row.path());
        }
    }
}
