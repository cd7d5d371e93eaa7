//! How the original writes and reads each field of a run config (semantics 0.4 and 1): which values it takes, what it
//! makes of them, and with which error it refuses the others. It knows no rule between fields.

use serde_json::{Map, Value as Json};

use super::RunConfigError;
use crate::flow::kind::RunConfigKind;
use crate::flow::python;

/// What a field's schema makes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Written as text; only text is read.
    Text,
    /// Any JSON, as it is.
    Any,
    /// A list whose members are [`Shape::Text`].
    Texts,
    /// A list of integers; texts that read as such are taken.
    Integers,
    /// A mapping, as it is.
    Mapping,
    /// A list of mappings.
    Mappings,
}

/// The fields of a kind in the order in which they are written, without `env` and `labels`.
pub(super) const fn shapes(kind: RunConfigKind) -> &'static [(&'static str, Shape)] {
    use Shape::{Any, Integers, Mapping, Mappings, Text, Texts};
    match kind {
        RunConfigKind::Universal => &[],
        RunConfigKind::Local => &[("working_dir", Text)],
        RunConfigKind::Docker => &[("ports", Integers), ("image", Text), ("host_config", Mapping)],
        RunConfigKind::Kubernetes => &[
            ("job_template_path", Text),
            ("job_template", Any),
            ("image", Text),
            ("cpu_limit", Text),
            ("cpu_request", Text),
            ("memory_limit", Text),
            ("memory_request", Text),
            ("service_account_name", Text),
            ("image_pull_secrets", Texts),
            ("image_pull_policy", Text),
        ],
        RunConfigKind::Ecs => &[
            ("task_definition_path", Text),
            ("task_definition", Any),
            ("task_definition_arn", Text),
            ("image", Text),
            ("cpu", Text),
            ("memory", Text),
            ("task_role_arn", Text),
            ("execution_role_arn", Text),
            ("run_task_kwargs", Any),
        ],
        RunConfigKind::Vertex => &[
            ("image", Text),
            ("machine_type", Text),
            ("scheduling", Mapping),
            ("service_account", Text),
            ("network", Text),
            ("worker_pool_specs", Mappings),
        ],
    }
}

/// A field's value as it is written.
///
/// # Errors
/// `AttributeError` for what is no mapping, `TypeError` for what is no list, `ValueError` for a text that is no integer.
pub(super) fn dump(shape: Shape, value: &Json) -> Result<Json, RunConfigError> {
    if value.is_null() {
        return Ok(Json::Null);
    }
    match shape {
        Shape::Any => Ok(value.clone()),
        Shape::Text => Ok(python::text(value).into()),
        Shape::Texts => list(value, |item| dump(Shape::Text, item)),
        Shape::Integers => {
            list(value, |item| if item.is_null() { Ok(Json::Null) } else { python::integer(item) })
        }
        Shape::Mappings => list(value, |item| dump(Shape::Mapping, item)),
        Shape::Mapping if value.is_object() => Ok(value.clone()),
        Shape::Mapping => {
            let message = format!("'{}' object has no attribute 'keys'", python::type_name(value));
            Err(RunConfigError::attribute(message))
        }
    }
}

fn list(value: &Json, dump: impl Fn(&Json) -> Result<Json, RunConfigError>) -> Result<Json, RunConfigError> {
    python::members(value)?.iter().map(dump).collect::<Result<Vec<Json>, _>>().map(Json::Array)
}

/// The fields of a serialized run config as its constructor takes them: what is unknown is dropped, what is missing stays so.
///
/// # Errors
/// `ValidationError` that names every field whose value is not taken.
pub(super) fn load(
    kind: RunConfigKind,
    serialized: &Map<String, Json>,
) -> Result<Map<String, Json>, RunConfigError> {
    let mut arguments = Map::new();
    let mut messages = Vec::new();
    let base = [("env", Shape::Mapping), ("labels", Shape::Texts)];
    for (name, shape) in base.iter().chain(shapes(kind)) {
        let Some(value) = serialized.get(*name) else { continue };
        let loaded = match value {
            Json::Null if *name == "labels" => Err("['Field may not be null.']".to_owned()),
            value => load_field(*shape, value),
        };
        match loaded {
            Ok(value) => {
                arguments.insert((*name).to_owned(), value);
            }
            Err(message) => messages.push(format!("'{name}': {message}")),
        }
    }
    if messages.is_empty() {
        Ok(arguments)
    } else {
        Err(RunConfigError::validation(format!("{{{}}}", messages.join(", "))))
    }
}

/// A value as it is read, or why it is not, as the original prints it.
fn load_field(shape: Shape, value: &Json) -> Result<Json, String> {
    if value.is_null() {
        return Ok(Json::Null);
    }
    let members = |load: &dyn Fn(&Json) -> Result<Json, String>| {
        let Json::Array(items) = value else { return Err("['Not a valid list.']".to_owned()) };
        let mut loaded = Vec::with_capacity(items.len());
        let mut messages = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match load(item) {
                Ok(item) => loaded.push(item),
                Err(message) => messages.push(format!("{index}: {message}")),
            }
        }
        if messages.is_empty() {
            Ok(Json::Array(loaded))
        } else {
            Err(format!("{{{}}}", messages.join(", ")))
        }
    };
    let given = |item: &Json| match item {
        Json::Null => Err("['Field may not be null.']".to_owned()),
        _ => Ok(()),
    };
    match shape {
        Shape::Any => Ok(value.clone()),
        Shape::Text if value.is_string() => Ok(value.clone()),
        Shape::Text => Err("['Not a valid string.']".to_owned()),
        Shape::Mapping if value.is_object() => Ok(value.clone()),
        Shape::Mapping => Err("['Not a valid mapping type.']".to_owned()),
        Shape::Texts => members(&|item| {
            given(item)?;
            load_field(Shape::Text, item)
        }),
        Shape::Integers => members(&|item| {
            given(item)?;
            let integer = if item.is_boolean() { None } else { python::integer(item).ok() };
            integer.ok_or_else(|| "['Not a valid integer.']".to_owned())
        }),
        // A pool may be null.
        Shape::Mappings => members(&|item| load_field(Shape::Mapping, item)),
    }
}
