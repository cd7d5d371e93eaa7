//! Serialized run configs as blocks. What a block cannot hold is left out and told.

use serde_json::{Map, Value as Json};

use super::Told;
use super::hcl::Body;
use super::machine;
use crate::flow::definition::template::{self, Place};
use crate::flow::kind::{FieldType, RunConfigKind};
use crate::flow::location;
use crate::flow::original::OriginalError;
use crate::flow::python;
use crate::flow::run_config::{Disk, RunConfig};

/// The block of a serialized run config. `labels` are put in place of its own.
///
/// # Errors
/// What the original says of a form that does not load.
pub(super) fn block(
    serialized: &Json,
    labels: Option<&[String]>,
    hosts: &[String],
    told: &mut Told,
) -> Result<(RunConfigKind, Body), OriginalError> {
    let mut body = Body::default();
    let mut serialized = serialized.clone();
    for field in ["job_template_path", "task_definition_path"] {
        agent_path(&mut serialized, field, &mut body, told);
    }
    let nothing = |_: &location::Place<'_>| Ok(None);
    let config = RunConfig::from_serialized(&serialized, Disk { cwd: "/", read: &nothing })?;
    let kind = config.kind();
    let mut fields = match config.to_serialized("") {
        Json::Object(fields) => fields,
        _ => Map::new(),
    };
    settle(kind, &mut fields, &mut body, told);

    let mut told_at = |body: &mut Body, text: String| told.leave_out(body, text);
    for field in kind.fields() {
        let Some(value) = fields.remove(field.name).filter(|value| !value.is_null()) else { continue };
        match field.name {
            "env" => {
                if let Some(env) = environment(&value, &mut body, &mut told_at) {
                    body.value("env", env);
                }
            }
            "labels" => {
                let own = labels.unwrap_or_else(|| config.labels());
                let labels = machine::labels(own, hosts, &mut body, &mut told_at);
                if !labels.is_empty() {
                    body.value("labels", labels);
                }
            }
            "working_dir" if value.as_str().is_some_and(machine::is_of_a_user) => {
                let text = format!("working_dir {value} is a directory of the machine that registered");
                told_at(&mut body, text);
            }
            name if value.as_str() == Some("") && field.ty != FieldType::NumberAsText => {
                told_at(&mut body, format!("{name} was the empty text, which names nothing"));
            }
            "job_template_path" | "task_definition_path" => {
                match template::place(value.as_str().unwrap_or_default()) {
                    Place::Remote | Place::Local(_) => body.value(field.name, value),
                    Place::Unusable(why, _) => {
                        let why = why.trim_end_matches('.');
                        told_at(&mut body, format!("{} is one that the run cannot read: {why}", field.name));
                    }
                }
            }
            name => body.value(name, value),
        }
    }
    Ok((kind, body))
}

/// A plain path in a serialized form is read on the agent's disk (semantics 0.3).
fn agent_path(serialized: &mut Json, field: &str, body: &mut Body, told: &mut Told) {
    let Some(path) = serialized.get(field).and_then(Json::as_str).map(str::to_owned) else { return };
    let Ok(location) = location::parse(&path) else { return };
    if location.scheme != "file" {
        return;
    }
    let read = location.path.starts_with('/').then(|| format!("agent://{}", location.path));
    if read.is_none() {
        told.leave_out(
            body,
            format!("{field} {path:?} is relative to the directory in which the agent runs"),
        );
    }
    if let Some(entries) = serialized.as_object_mut() {
        entries.insert(field.to_owned(), read.into());
    }
}

/// What one argument cannot hold, or another holds better.
fn settle(kind: RunConfigKind, fields: &mut Map<String, Json>, body: &mut Body, told: &mut Told) {
    let mut leave = |fields: &mut Map<String, Json>, body: &mut Body, name: &str, why: &str| {
        let value = fields.remove(name).unwrap_or_default();
        told.leave_out(body, format!("{name} was {value}, {why}"));
    };
    match kind {
        RunConfigKind::Universal | RunConfigKind::Local | RunConfigKind::Kubernetes => {}
        RunConfigKind::Docker => {
            let usable = |port: &Json| port.as_i64().is_some_and(|port| (1..=65535).contains(&port));
            let ports = fields.get("ports").and_then(Json::as_array);
            if ports.is_some_and(|ports| !ports.iter().all(usable)) {
                leave(fields, body, "ports", "which are not ports from 1 to 65535");
            }
        }
        RunConfigKind::Ecs => {
            match fields.get("task_definition") {
                None | Some(Json::Null | Json::Object(_)) => {}
                Some(Json::String(path)) if path.contains("://") && !path.contains(char::is_whitespace) => {
                    let path = path.clone();
                    body.comment(
                        "The original has this path in `task_definition`, where it fails at run time.",
                    );
                    fields.insert("task_definition_path".to_owned(), path.into());
                    fields.insert("task_definition".to_owned(), Json::Null);
                }
                Some(_) => leave(fields, body, "task_definition", "which is no task definition"),
            }
            if fields.get("run_task_kwargs").is_some_and(|kwargs| !kwargs.is_null() && !kwargs.is_object()) {
                leave(fields, body, "run_task_kwargs", "which are no arguments by name");
            }
        }
        RunConfigKind::Vertex => {
            let pools = fields.get("worker_pool_specs").and_then(Json::as_array);
            if pools.is_some_and(|pools| pools.first().is_none_or(Json::is_null)) {
                leave(
                    fields,
                    body,
                    "worker_pool_specs",
                    "without a first pool, and the original fails on it",
                );
            }
            let alone = fields.get("worker_pool_specs").is_none_or(Json::is_null);
            if alone && fields.get("machine_type") == Some(&Json::Null) {
                body.comment("machine_type was null; a job has e2-standard-4 then");
            }
            // What is the default needs no mention.
            if fields.get("machine_type").and_then(Json::as_str) == Some("e2-standard-4") {
                fields.remove("machine_type");
            }
        }
    }
}

/// Variables as texts: numbers and truth values as the original prints them.
fn environment(env: &Json, body: &mut Body, told: &mut impl FnMut(&mut Body, String)) -> Option<Json> {
    let entries = env.as_object()?;
    let mut out = Map::new();
    for (name, value) in entries {
        let why = match value {
            _ if name.is_empty() || name.contains(['=', '\0']) => "has a name that no variable can have",
            _ if name.starts_with("FLOWFORM_") => "has a reserved name",
            Json::Null => "was null",
            Json::Array(_) | Json::Object(_) => "was no text",
            Json::String(text) if text.contains('\0') => "holds a NUL character",
            Json::String(_) | Json::Number(_) | Json::Bool(_) => {
                out.insert(name.clone(), python::text(value).into());
                continue;
            }
        };
        told(body, format!("the variable {name:?} {why}"));
    }
    Some(Json::Object(out))
}
