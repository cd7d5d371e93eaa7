//! Shared templates as files: one file each, replaced whole. It follows no symbolic link below the configuration's
//! directory, and neither writes over nor removes what it was not told to expect.
//!
//! A file's tag is the digest of its content.

#![expect(clippy::disallowed_methods, reason = "this store is an edge: files are what it is about")]

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flowform_provider_api::{BoxFuture, Digest, ErrorKind, Etag, ProviderError, Stored, TemplateStore};

use crate::store::io_error;

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 16 << 20;

/// Files below a directory, or anywhere where a path is absolute.
pub struct FileTemplates {
    base: Arc<Path>,
}

impl FileTemplates {
    /// Relative paths start at `base`.
    pub fn new(base: &Path) -> Self {
        // A relative path is fixed now, so that a later change of directory cannot move it.
        Self { base: std::path::absolute(base).unwrap_or_else(|_| base.to_path_buf()).into() }
    }
}

impl TemplateStore for FileTemplates {
    fn read<'a>(&'a self, uri: &'a str) -> BoxFuture<'a, Result<Option<Stored>, ProviderError>> {
        let (base, path) = (Arc::clone(&self.base), uri.to_owned());
        Box::pin(blocking(move || read(&place(&base, &path)?)))
    }

    fn write<'a>(
        &'a self,
        uri: &'a str,
        content: Vec<u8>,
        expected: Option<&'a Etag>,
    ) -> BoxFuture<'a, Result<Etag, ProviderError>> {
        let (base, path, expected) = (Arc::clone(&self.base), uri.to_owned(), expected.cloned());
        Box::pin(blocking(move || write(&place(&base, &path)?, &content, expected.as_ref())))
    }

    fn delete<'a>(&'a self, uri: &'a str, expected: &'a Etag) -> BoxFuture<'a, Result<(), ProviderError>> {
        let (base, path, expected) = (Arc::clone(&self.base), uri.to_owned(), expected.clone());
        Box::pin(blocking(move || remove(&place(&base, &path)?, &expected)))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ProviderError> + Send + 'static,
) -> Result<T, ProviderError> {
    let stopped =
        |error| ProviderError::new(ErrorKind::Internal, format!("a file was not waited for: {error}"));
    tokio::task::spawn_blocking(work).await.map_err(stopped)?
}

/// Where a path leads. A relative one stays below `base`, also through links: what a link leads to is somewhere else.
fn place(base: &Path, path: &str) -> Result<PathBuf, ProviderError> {
    // On the machine of an agent: `agent:///absolute/path`.
    let path = path.strip_prefix("agent://").unwrap_or(path);
    if path.split('/').any(|part| part == "..") {
        return Err(ProviderError::new(ErrorKind::Invalid, format!("{path} leads out of its directory")));
    }
    let is_link =
        |path: &Path| fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_symlink());
    let whole = base.join(path);
    let linked = match Path::new(path).is_absolute() {
        // Where it is, is the user's affair; what it is, is not: a link would be replaced and not what it leads to.
        true => Some(whole.clone()).filter(|whole| is_link(whole)),
        false => whole
            .ancestors()
            .take_while(|part| *part != base)
            .find(|part| is_link(part))
            .map(Path::to_path_buf),
    };
    match linked {
        Some(link) => Err(ProviderError::new(
            ErrorKind::Denied,
            format!("{} is a symbolic link, and a template is stored in a file of its own", link.display()),
        )),
        None => Ok(whole),
    }
}

fn tag(content: &[u8]) -> Etag {
    Etag(Digest::of_bytes(content).as_str().to_owned())
}

fn read(path: &Path) -> Result<Option<Stored>, ProviderError> {
    let failed = |error: &io::Error| io_error("read", path, error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(failed(&error)),
    };
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > MAX_FILE {
        let message = format!("{} is larger than {} MiB", path.display(), MAX_FILE >> 20);
        return Err(ProviderError::new(ErrorKind::Invalid, message));
    }
    Ok(Some(Stored { etag: tag(&bytes), bytes }))
}

fn write(path: &Path, content: &[u8], expected: Option<&Etag>) -> Result<Etag, ProviderError> {
    let found = read(path)?;
    if found.as_ref().map(|found| &found.etag) != expected {
        return Err(conflict(path));
    }
    let written = tag(content);
    if expected == Some(&written) {
        return Ok(written);
    }
    let directory = path.parent().unwrap_or(Path::new("/"));
    let failed = |error: &io::Error| io_error("write", path, error);
    fs::create_dir_all(directory).map_err(|error| io_error("make the directory", directory, &error))?;
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(|error| failed(&error))?;
    file.write_all(content).map_err(|error| failed(&error))?;
    // A temporary file is its owner's alone; a template is for whoever may read what is there.
    let permissions = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions(),
        Err(_) => readable(file.as_file()).map_err(|error| failed(&error))?,
    };
    file.as_file().set_permissions(permissions).map_err(|error| failed(&error))?;
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    match expected {
        Some(_) => file.persist(path).map_err(|error| failed(&error.error))?,
        None => file.persist_noclobber(path).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => conflict(path),
            _ => failed(&error.error),
        })?,
    };
    sync(directory).map_err(|error| failed(&error))?;
    Ok(written)
}

#[cfg(unix)]
fn readable(_: &File) -> io::Result<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(file: &File) -> io::Result<fs::Permissions> {
    Ok(file.metadata()?.permissions())
}

fn remove(path: &Path, expected: &Etag) -> Result<(), ProviderError> {
    match read(path)? {
        None => return Ok(()),
        Some(found) if found.etag == *expected => {}
        Some(_) => return Err(conflict(path)),
    }
    let failed = |error: &io::Error| io_error("remove", path, error);
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(&error)),
    }
    sync(path.parent().unwrap_or(Path::new("/"))).map_err(|error| failed(&error))
}

/// Makes the entries of a directory durable, where the system can.
fn sync(directory: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(directory)?.sync_all(),
        false => Ok(()),
    }
}

fn conflict(path: &Path) -> ProviderError {
    let message = format!("{} holds something else than it did when it was read", path.display());
    ProviderError::new(ErrorKind::Conflict, message)
}

#[cfg(test)]
mod tests;
