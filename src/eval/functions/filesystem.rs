//! Files of the configuration, through the environment alone, and the pieces of paths.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::call::{Call, Fault, Outcome, check_members, check_text, fault_at};
use crate::value::{Marks, Type, Value};

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

/// The files below a directory that a pattern matches, as paths from there.
pub(super) fn fileset(call: &Call<'_>) -> Outcome {
    let (directory, pattern) = (call.text(0)?, call.text(1)?);
    let matcher = globset::GlobBuilder::new(pattern.trim_start_matches("./"))
        .literal_separator(true)
        .build()
        .map_err(|error| fault_at(1, "the pattern is not valid").detail(error.kind().to_string()))?
        .compile_matcher();
    let files = call.env.list_files(directory);
    let files = files.map_err(|reason| fault_at(0, "the directory cannot be listed").detail(reason))?;
    check_members(files.len())?;
    Ok(Value::set(files.into_iter().filter(|file| matcher.is_match(file)).map(Value::string)))
}

/// It differs from machine to machine, and may not enter a definition.
pub(super) fn abspath(call: &Call<'_>) -> Outcome {
    let path = call.text(0)?;
    if path.starts_with('/') {
        return Ok(Value::string(clean(path)));
    }
    match call.env.working_directory() {
        Some(directory) => Ok(Value::string(clean(&format!("{directory}/{path}"))).marked(Marks::VOLATILE)),
        None => Ok(Value::unknown(Type::String).marked(Marks::VOLATILE)),
    }
}

/// As [`abspath`], where the path begins with the home directory.
pub(super) fn pathexpand(call: &Call<'_>) -> Outcome {
    let path = call.text(0)?;
    let Some(rest) = path.strip_prefix('~') else { return Ok(Value::string(path)) };
    if !rest.is_empty() && !rest.starts_with('/') {
        return Err(fault_at(0, "the home directory of another user is not looked up"));
    }
    match call.env.home() {
        Some(home) if rest.is_empty() => Ok(Value::string(home).marked(Marks::VOLATILE)),
        Some(home) => Ok(Value::string(clean(&format!("{home}{rest}"))).marked(Marks::VOLATILE)),
        None => Ok(Value::unknown(Type::String).marked(Marks::VOLATILE)),
    }
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
