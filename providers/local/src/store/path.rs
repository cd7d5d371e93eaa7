//! Where a key's file is. It refuses every path that would leave the root through a symbolic link.

#![expect(clippy::disallowed_methods, reason = "the directory store is an edge: files are what it is about")]

use std::fs;
use std::path::{Path, PathBuf};

use flowform_provider_api::{ErrorKind, ProviderError};

use super::{error::io_error, is_absent};

/// The directory below the root that holds the store's own files: its lock, and files that are being written.
pub(super) const PRIVATE: &str = ".store";

/// The path of a checked `key`, or `None` where it or a directory above it does not exist. A symbolic link
/// anywhere below `root` is an error: what it leads to is not in the store.
pub(super) fn confined(root: &Path, key: &str) -> Result<Option<PathBuf>, ProviderError> {
    let mut path = root.to_path_buf();
    for part in key.split('/') {
        path.push(part);
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.file_type().is_symlink() => return Err(is_link(&path)),
            Ok(_) => {}
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(io_error("read", &path, &error)),
        }
    }
    Ok(Some(path))
}

/// Makes the directories above a checked `key` where they are missing, and returns the key's path. Each
/// directory that got a new entry is added to `changed`, so that it can be synced.
pub(super) fn made(root: &Path, key: &str, changed: &mut Vec<PathBuf>) -> Result<PathBuf, ProviderError> {
    if !root.is_dir() {
        make_root(root, changed)?;
    }
    let mut path = root.to_path_buf();
    let mut parts = key.split('/').peekable();
    while let Some(part) = parts.next() {
        let parent = parts.peek().is_some().then(|| path.clone());
        path.push(part);
        let Some(parent) = parent else { break };
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.file_type().is_symlink() => return Err(is_link(&path)),
            Ok(_) => {}
            Err(error) if is_absent(&error) => match fs::create_dir(&path) {
                Ok(()) => changed.push(parent),
                // Another writer was faster; it may not have synced the directory yet.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => changed.push(parent),
                Err(error) => return Err(io_error("make the directory", &path, &error)),
            },
            Err(error) => return Err(io_error("write", &path, &error)),
        }
    }
    Ok(path)
}

fn make_root(root: &Path, changed: &mut Vec<PathBuf>) -> Result<(), ProviderError> {
    let missing: Vec<&Path> = root.ancestors().take_while(|path| !path.is_dir()).collect();
    fs::create_dir_all(root).map_err(|error| io_error("make the directory", root, &error))?;
    changed.extend(missing.into_iter().filter_map(Path::parent).map(Path::to_path_buf));
    Ok(())
}

/// The error for a symbolic link inside the store.
pub(super) fn is_link(path: &Path) -> ProviderError {
    let message = format!(
        "{} is a symbolic link; a registry's directory may be one, but nothing inside it",
        path.display()
    );
    ProviderError::new(ErrorKind::Denied, message)
}
