//! What an operating system's error means to whoever uses the store, with the path in the sentence. Pure.

use std::io;
use std::path::Path;

use flowform_provider_api::{ErrorKind, ProviderError};

/// The error of an attempt to `verb` (`read`, `write`, ...) `path`.
pub(crate) fn io_error(verb: &str, path: &Path, error: &io::Error) -> ProviderError {
    use io::ErrorKind as Io;
    let path = path.display();
    let (kind, message) = match error.kind() {
        Io::PermissionDenied => (
            ErrorKind::Denied,
            format!("cannot {verb} {path}: the file permissions do not allow it ({error})"),
        ),
        Io::ReadOnlyFilesystem => {
            (ErrorKind::Denied, format!("cannot {verb} {path}: the file system is read-only"))
        }
        Io::StorageFull => (
            ErrorKind::Unavailable,
            format!("cannot {verb} {path}: no space is left on the device; free some and try again"),
        ),
        Io::QuotaExceeded => (
            ErrorKind::Unavailable,
            format!("cannot {verb} {path}: the disk quota is exhausted; free some space and try again"),
        ),
        Io::NotADirectory | Io::IsADirectory | Io::InvalidFilename | Io::InvalidInput => {
            (ErrorKind::Invalid, format!("cannot {verb} {path}: {error}"))
        }
        Io::NotFound => (ErrorKind::NotFound, format!("cannot {verb} {path}: {error}")),
        Io::AlreadyExists => (ErrorKind::AlreadyExists, format!("cannot {verb} {path}: {error}")),
        _ => (ErrorKind::Unavailable, format!("cannot {verb} {path}: {error}")),
    };
    ProviderError::new(kind, message)
}
