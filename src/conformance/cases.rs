//! Runs the input of a case. It compares nothing.

mod agent;
mod register;
mod run_config;
mod storage;

use serde_json::{Value as Json, json};

use super::FILES;
use crate::flow::kind::AgentKind;
use crate::flow::labels;
use crate::flow::location::Place;
use crate::flow::original::{ErrorClass, OriginalError};

/// The version of the original's package that was recorded.
const PREFECT_VERSION: &str = "1.4.1";

/// The result of a case's input, in the shape in which it was recorded, or why it is not run.
pub(super) fn run(input: &Json) -> Result<Json, &'static str> {
    match kind(input) {
        Some("run_config") => Ok(run_config::run(input)),
        Some("storage") => Ok(storage::run(input)),
        Some("register") => Ok(register::run(input)),
        Some("labels") => Ok(json!({
            "matches": labels::matches(&texts(input.get("agent_labels")), &texts(input.get("run_labels"))),
        })),
        Some("environment") => Err("execution environments are not compared yet"),
        Some(kind) => match AgentKind::from_label(kind) {
            Some(kind) => Ok(agent::run(kind, input)),
            None => Err("no such kind of case is known"),
        },
        None => Err("no such kind of case is known"),
    }
}

/// What a case is about: as it says, else by what it has.
fn kind(input: &Json) -> Option<&str> {
    let has = |name: &str| input.get(name).is_some();
    match input.get("kind").and_then(Json::as_str) {
        Some(kind) => Some(kind),
        None if has("agent_labels") => Some("labels"),
        None if has("environment") => Some("environment"),
        None if has("storage") => Some("storage"),
        None if has("run_config") && !has("agent") => Some("run_config"),
        None => None,
    }
}

fn texts(list: Option<&Json>) -> Vec<String> {
    let items = list.and_then(Json::as_array).into_iter().flatten();
    items.filter_map(Json::as_str).map(str::to_owned).collect()
}

fn error(error: &OriginalError) -> Json {
    json!({ "class": error.class.name(), "message": error.message })
}

/// Reads the files that the recorder's working directory held, and the objects that the stores held.
fn reader(input: &Json) -> impl Fn(&Place<'_>) -> Result<Option<String>, OriginalError> + use<'_> {
    let text = |table: &str, name: &str| {
        let table = input.get(table).and_then(Json::as_object)?;
        table.get(name).and_then(Json::as_str).map(str::to_owned)
    };
    let holds_files = |name: &str| {
        let files = input.get("files").and_then(Json::as_object).into_iter().flatten();
        files.into_iter().any(|(file, _)| file.strip_prefix(name).is_some_and(|rest| rest.starts_with('/')))
    };
    move |place| match place {
        Place::File(path) if path.contains('\0') => Err(OriginalError::value_error("embedded null byte")),
        Place::File("") => Ok(None),
        Place::File(path) => {
            let path = crate::flow::run_config::absolute(path, FILES);
            match path.strip_prefix(FILES).map(|rest| rest.trim_start_matches('/')) {
                Some("") => Err(is_a_directory(&path)),
                Some(name) if holds_files(name) => Err(is_a_directory(&path)),
                Some(name) => Ok(text("files", name)),
                None => Ok(None),
            }
        }
        Place::S3 { bucket, key } => Ok(text("remote", &format!("s3://{bucket}/{key}"))),
        Place::Gcs { bucket, key } => Ok(["gcs", "gs"]
            .into_iter()
            .find_map(|scheme| text("remote", &format!("{scheme}://{bucket}/{key}")))),
        Place::Http(url) => Ok(text("remote", url)),
    }
}

fn is_a_directory(path: &str) -> OriginalError {
    OriginalError::new(ErrorClass::IsADirectoryError, format!("[Errno 21] Is a directory: '{path}'"))
}
