//! IO: what a process knows of its surroundings - environment, clock, host, randomness. Everything else is handed
//! these values.

#![allow(clippy::disallowed_methods, reason = "this file is the edge through which the surroundings enter")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::registry::event::Origin;

/// The prefix of environment variables that give values to variables.
pub(super) const VARIABLE_PREFIX: &str = "FLOWFORM_VAR_";

/// How long a lease lives without a sign of life, unless `FLOWFORM_LEASE_TTL` says otherwise.
const LEASE_TTL: Duration = Duration::from_secs(15);

/// Values of variables from the environment.
pub(super) fn variables() -> BTreeMap<String, String> {
    // Values that are not Unicode cannot be values of the language.
    let unicode = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    unicode
        .filter_map(|(name, value)| Some((name.strip_prefix(VARIABLE_PREFIX)?.to_owned(), value)))
        .collect()
}

/// A variable of the environment; `None` where it is not set or no Unicode text.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// How long a lease lives without a sign of life.
pub(super) fn lease_ttl() -> Duration {
    let given = std::env::var("FLOWFORM_LEASE_TTL").ok();
    given
        .and_then(|text| super::duration::parse(&text).ok())
        .filter(|ttl| !ttl.is_zero())
        .unwrap_or(LEASE_TTL)
}

/// Where the console's history is kept, in the directory that the user's system has for such state; `None` without one.
pub(super) fn history_file() -> Option<PathBuf> {
    let absolute = |path: std::ffi::OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    let state = std::env::var_os("XDG_STATE_HOME").and_then(absolute);
    let home = || std::env::var_os("HOME").and_then(absolute).map(|home| home.join(".local/state"));
    let directory = state.or_else(home)?.join("flowform");
    std::fs::create_dir_all(&directory).ok()?;
    Some(directory.join("console_history"))
}

/// The time.
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// The time as an RFC 3339 timestamp in UTC.
pub(super) fn now_text() -> String {
    now().to_string()
}

/// The time as the functions of the language tell it: in UTC, to the second.
pub(super) fn now_to_the_second() -> String {
    let now = now();
    // Without its fraction, a time of the clock stays one.
    Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}

/// Random bytes, others at each call.
pub(super) fn random() -> [u8; 16] {
    *uuid::Uuid::new_v4().as_bytes()
}

/// The home directory of whoever runs the program; `None` where there is none, or its path is no text.
pub(super) fn home() -> Option<String> {
    std::env::home_dir()?.into_os_string().into_string().ok().filter(|home| home.starts_with('/'))
}

/// A directory without detours and links, as a text.
pub(super) fn absolute(directory: &Path) -> Option<String> {
    directory.canonicalize().ok()?.into_os_string().into_string().ok()
}

/// The clock as a function.
pub(super) fn clock() -> Arc<dyn Fn() -> String + Send + Sync> {
    Arc::new(now_text)
}

/// A fresh random identity.
pub(super) fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Who does something, from which commit: what the CI says, else the user and host of this machine.
pub(super) fn origin(directory: &Path) -> Origin {
    let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user = var("FLOWFORM_ACTOR").or_else(|| var("GITHUB_ACTOR")).or_else(|| var("GITLAB_USER_LOGIN"));
    let by = user.unwrap_or_else(|| {
        let user = var("USER").or_else(|| var("LOGNAME")).unwrap_or_else(|| "unknown".to_owned());
        format!("{user}@{}", gethostname::gethostname().to_string_lossy())
    });
    let commit = var("FLOWFORM_COMMIT").or_else(|| var("GITHUB_SHA")).or_else(|| var("CI_COMMIT_SHA"));
    Origin { at: now_text(), by, commit: commit.or_else(|| head_commit(directory)) }
}

/// The commit that a git checkout around `directory` is at, read from its files; `None` where there is none.
fn head_commit(directory: &Path) -> Option<String> {
    let start = std::path::absolute(directory).ok()?;
    let git = start.ancestors().map(|dir| dir.join(".git")).find(|git| git.is_dir())?;
    let head = std::fs::read_to_string(git.join("HEAD")).ok()?;
    let commit = match head.trim().strip_prefix("ref: ") {
        None => head.trim().to_owned(),
        Some(name) if !name.contains("..") => match std::fs::read_to_string(git.join(name)) {
            Ok(commit) => commit.trim().to_owned(),
            Err(_) => {
                let packed = std::fs::read_to_string(git.join("packed-refs")).ok()?;
                let line = packed.lines().find(|line| line.ends_with(&format!(" {name}")))?;
                line.split(' ').next()?.to_owned()
            }
        },
        Some(_) => return None,
    };
    (commit.len() >= 40 && commit.chars().all(|c| c.is_ascii_hexdigit())).then_some(commit)
}

/// Reads a file that the user named.
///
/// # Errors
/// It cannot be read.
pub(super) fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    std::fs::read(path)
}

/// Reads a file that the configuration names, unless it has more than `most` bytes.
///
/// # Errors
/// It cannot be read, or is larger; as a clause.
pub(super) fn read_up_to(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > most {
        return Err(format!("it is larger than {} MiB", most >> 20));
    }
    read(path).map_err(|error| error.to_string())
}

/// Writes a file that the user named, whole or not at all, readable by its owner alone: a plan holds definitions.
///
/// # Errors
/// It cannot be written.
pub(super) fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Writes a file unless it exists.
///
/// # Errors
/// It exists or cannot be written.
pub(super) fn create(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::File::create_new(path)?;
    file.write_all(bytes)
}

/// Replaces the text of a file that exists, whole or not at all; its permissions stay, and a link stays a link.
///
/// # Errors
/// It cannot be written.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let path = path.canonicalize()?;
    let directory = path.parent().unwrap_or(Path::new("."));
    let permissions = std::fs::metadata(&path)?.permissions();
    if permissions.readonly() {
        return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

/// The names in a directory, sorted, hidden ones left out: its files, and its directories.
///
/// # Errors
/// It cannot be read.
pub(super) fn list(directory: &Path) -> std::io::Result<(Vec<String>, Vec<String>)> {
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') {
            continue;
        }
        // A link to a directory is not followed: it could lead around in a circle.
        match entry.file_type()?.is_dir() {
            true => directories.push(name),
            false if entry.path().is_dir() => {}
            false => files.push(name),
        }
    }
    files.sort();
    directories.sort();
    Ok((files, directories))
}

/// Whether a path names a directory.
pub(super) fn is_directory(path: &Path) -> bool {
    path.is_dir()
}

/// Whether a directory holds a configuration.
pub(super) fn has_configuration(directory: &Path) -> bool {
    std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .any(|name| name.ends_with(".hcl") || name.ends_with(".hcl.json"))
}

/// Whether a path names a file.
pub(super) fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// Goes to the directory that the command works in: every relative path, of options too, starts there.
///
/// # Errors
/// There is no such directory, or it may not be entered.
pub(super) fn enter(directory: &Path) -> std::io::Result<()> {
    std::env::set_current_dir(directory)
}
