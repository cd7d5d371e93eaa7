//! Files of the configuration, through the environment alone, and the pieces of paths.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::call::{Call, Fault, Outcome, check_text, fault_at};
use crate::value::Value;

pub(super) fn file(call: &Call<'_>) -> Outcome {
    match String::from_utf8(read(call)?) {
        Ok(text) => Ok(Value::string(text)),
        Err(_) => Err(fault_at(0, "the file is not valid UTF-8; use filebase64 for files that are not text")),
    }
}

pub(super) fn filebase64(call: &Call<'_>) -> Outcome {
    Ok(Value::string(STANDARD.encode(read(call)?)))
}

pub(super) fn fileexists(call: &Call<'_>) -> Outcome {
    let exists = call.env.file_exists(call.text(0)?);
    exists
        .map(Value::bool)
        .map_err(|reason| fault_at(0, "whether the file exists cannot be told").detail(reason))
}

/// The bytes of the file that the first argument names.
pub(super) fn read(call: &Call<'_>) -> Result<Vec<u8>, Fault> {
    let bytes = call.env.read_file(call.text(0)?);
    let bytes = bytes.map_err(|reason| fault_at(0, "the file cannot be read").detail(reason))?;
    check_text(bytes.len())?;
    Ok(bytes)
}

pub(super) fn basename(call: &Call<'_>) -> Outcome {
    let path = call.text(0)?;
    let trimmed = path.trim_end_matches('/');
    Ok(Value::string(match trimmed.rsplit('/').next() {
        _ if path.is_empty() => ".",
        Some("") | None => "/",
        Some(last) => last,
    }))
}

pub(super) fn dirname(call: &Call<'_>) -> Outcome {
    let path = call.text(0)?;
    let directory = path.rfind('/').and_then(|slash| path.get(..=slash)).unwrap_or_default();
    Ok(Value::string(clean(directory)))
}

/// The shortest path that means the same, by its text alone.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." if steps.last().is_some_and(|last| *last != "..") => {
                steps.pop();
            }
            ".." if rooted => {}
            _ => steps.push(step),
        }
    }
    match (rooted, steps.is_empty()) {
        (true, _) => format!("/{}", steps.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => steps.join("/"),
    }
}
