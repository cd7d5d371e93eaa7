//! `LocalRun`: `env`, `labels` and an absolute `working_dir` (semantics 1). Whether the directory exists is for the
//! agent to find out.

use serde_json::Value as Json;

use super::{RunConfig, RunConfigError, arguments_of, base_arguments, base_loaded, entries_of, loaded_text};
use crate::flow::kind::RunConfigKind;
use crate::flow::{posix, python};

pub(super) fn construct(arguments: &Json, cwd: &str) -> Result<RunConfig, RunConfigError> {
    let entries = arguments_of(arguments, RunConfigKind::Local, "LocalRun")?;
    let (env, labels) = base_arguments(entries)?;
    let working_dir = match entries.get("working_dir") {
        None | Some(Json::Null) => None,
        Some(Json::String(path)) => Some(absolute(path, cwd)),
        Some(other) => {
            return Err(RunConfigError::type_error(format!(
                "expected str, bytes or os.PathLike object, not {}",
                python::type_name(other)
            )));
        }
    };
    Ok(RunConfig::Local { env, labels, working_dir })
}

pub(super) fn load(serialized: &Json, cwd: &str) -> Result<RunConfig, RunConfigError> {
    let entries = entries_of(serialized)?;
    let (env, labels) = base_loaded(entries)?;
    let working_dir = loaded_text(entries, "working_dir")?.map(|path| absolute(path, cwd));
    Ok(RunConfig::Local { env, labels, working_dir })
}

/// `path` made absolute against `cwd` and normalised, as POSIX Python does: `.` and `..` and doubled or trailing
/// slashes go, `~` is an ordinary name, exactly two leading slashes stay.
pub fn absolute(path: &str, cwd: &str) -> String {
    let joined = if path.starts_with('/') { path.to_owned() } else { format!("{cwd}/{path}") };
    posix::normalize(&joined)
}
