//! The storage of a definition: arguments checked against the kind's table, then put in the serialized form by the
//! faithful layer (semantics 8). Stricter than the original: whatever that fills in with a time or takes from its
//! machine is an error with its fix. It uploads nothing.

use serde_json::{Map, Value as Json};

use super::problem::{Problem, at, key, unknown_argument};
use super::{FlowInputs, values};
use crate::address::PathStep;
use crate::flow::kind::{FieldType, StorageKind};
use crate::flow::original::OriginalError;
use crate::flow::script;
use crate::flow::slug::slugify;
use crate::flow::storage::{Machine, serialize};
use crate::value::{Type, Value, from_json, to_json};

/// A checked storage.
pub(super) struct Checked {
    /// The serialized form with the flow in it; null when there is no storage or it has an error.
    pub(super) serialized: Value,
    /// The labels that the flow's runs gain; `None` when they are not all known.
    pub(super) labels: Option<Vec<String>>,
}

impl Checked {
    /// No storage.
    pub(super) fn none() -> Self {
        Self { serialized: Value::NULL, labels: Some(Vec::new()) }
    }
}

/// Stands for an unknown text in the faithful layer. Texts made from it are unknown as well; it holds no `/`, so that
/// the owner of an unknown repository is unknown too.
const UNKNOWN: &str = "\u{1}known-after-apply\u{1}";

/// Checks the arguments of a storage. `has_working_dir` says whether relative paths have a fixed meaning.
pub(super) fn check(
    kind: StorageKind,
    arguments: &Value,
    inputs: &FlowInputs<'_>,
    has_working_dir: bool,
    problems: &mut Vec<Problem>,
) -> Checked {
    let base = [key("storage")];
    if arguments.is_unknown() {
        return Checked { serialized: Value::unknown(Type::Any), labels: None };
    }
    let Some(entries) = arguments.as_entries() else {
        problems.push(Problem::error(
            base.to_vec(),
            "Unsuitable value",
            format!("A storage is an object of its arguments, but this is {}.", values::describe(arguments)),
        ));
        return Checked::none();
    };
    let before = problems.iter().filter(|problem| is_error(problem)).count();
    let owner = format!("A storage of kind `{}`", kind.label());
    for name in entries.keys() {
        if kind.all_fields().all(|field| field.name != name.as_ref()) {
            problems.push(unknown_argument(&base, name, &owner, kind.all_fields()));
        }
    }
    let labels = values::labels(values::attribute(arguments, "labels"), &at(&base, "labels"), problems);

    let mut json = Map::new();
    let mut overlay: Vec<(&'static str, Value)> = Vec::new();
    for field in kind.all_fields().filter(|field| field.name != "labels") {
        let path = at(&base, field.name);
        let Some(value) = values::typed(field, values::attribute(arguments, field.name), &path, problems)
        else {
            continue;
        };
        if value.is_null() {
            if field.required {
                problems.push(missing(kind, field.name, &path));
            }
            continue;
        }
        let known = match (to_json(&value), field.ty) {
            (Some(json), _) => json,
            // An unknown method is checked when it is known.
            (None, _) if field.name.ends_with("_http_method") => {
                overlay.push((field.name, value));
                "GET".into()
            }
            (None, FieldType::String | FieldType::NumberAsText) => UNKNOWN.into(),
            (None, _) => {
                overlay.push((field.name, value));
                continue;
            }
        };
        json.insert(field.name.to_owned(), known);
    }
    strict_rules(kind, &mut json, inputs, has_working_dir, &base, problems);
    if problems.iter().filter(|problem| is_error(problem)).count() > before {
        return Checked { serialized: Value::NULL, labels };
    }

    // What the machine would add is ruled out above, so none is needed.
    json.insert("validate".to_owned(), false.into());
    if kind != StorageKind::Local {
        json.remove("validate");
    }
    json.remove("script");
    let machine = Machine {
        home: String::new(),
        cwd: "/".to_owned(),
        hostname: String::new(),
        now: String::new(),
        add_default_labels: false,
    };
    json.insert("add_default_labels".to_owned(), false.into());
    let without_directory = kind == StorageKind::Local && !json.contains_key("directory");
    match serialize(kind, &json, Some(inputs.name), inputs.prefect_version, &machine) {
        Ok(storage) => {
            let mut serialized = storage.serialized;
            if let (true, Some(entries)) = (without_directory, serialized.as_object_mut()) {
                // Left out, the original takes its default on the machine that runs the flow.
                entries.remove("directory");
            }
            Checked { serialized: overlaid(&serialized, overlay), labels }
        }
        Err(error) => {
            problems.push(refused(&error, &base));
            Checked { serialized: Value::NULL, labels }
        }
    }
}

fn is_error(problem: &Problem) -> bool {
    problem.severity == crate::diag::Severity::Error
}

/// The rules that the original does not have.
fn strict_rules(
    kind: StorageKind,
    json: &mut Map<String, Json>,
    inputs: &FlowInputs<'_>,
    has_working_dir: bool,
    base: &[PathStep],
    problems: &mut Vec<Problem>,
) {
    let given = |name: &str| json.get(name).is_some_and(|value| value.as_str() != Some(""));
    match kind {
        StorageKind::S3 | StorageKind::Gcs | StorageKind::Azure => {
            let name = if kind == StorageKind::Azure { "blob_name" } else { "key" };
            if !given(name) {
                let slug = slugify(inputs.name);
                problems.push(
                    Problem::error(
                        at(base, name),
                        "Storage without a fixed place",
                        format!(
                            "Without `{name}` the original makes one from the time of registration, so every plan \
                             would make a new version."
                        ),
                    )
                    .help(match script::keeper(kind) {
                        None => format!("write `{name} = \"flows/{slug}.py\"` and put the flow there"),
                        Some(_) => format!(
                            "write `{name} = \"flows/{slug}.py\"` and put the flow there, or have a local file uploaded: \
                             `script = \"flows/{slug}.py\"`"
                        ),
                    }),
                );
            }
        }
        StorageKind::Docker => {
            for name in ["image_name", "image_tag"].into_iter().filter(|name| !given(name)) {
                problems.push(
                    Problem::error(
                        at(base, name),
                        "Storage without a fixed place",
                        format!(
                            "Without `{name}` the original names the image by itself when it builds it, the tag by \
                             the time; flowform builds no image."
                        ),
                    )
                    .help(format!("write the `{name}` of the image that your build pushes")),
                );
            }
        }
        StorageKind::Gitlab | StorageKind::Bitbucket | StorageKind::Codecommit => {
            if !given("path") {
                problems.push(missing(kind, "path", &at(base, "path")));
            }
        }
        StorageKind::Local => local_rules(json, has_working_dir, base, problems),
        StorageKind::Github | StorageKind::Git | StorageKind::Module | StorageKind::Webhook => {}
    }
    for field in kind.constructor_fields() {
        let ignored = match field.name {
            "stored_as_script" => json.get(field.name).and_then(Json::as_bool) == Some(true),
            "script" | "prefect_directory" | "validate" => false,
            name => json.contains_key(name),
        };
        if ignored {
            problems.push(
                Problem::warning(
                    at(base, field.name),
                    "Argument without effect",
                    format!(
                        "`{}` steers what the original does when a flow is registered; flowform does not do that.",
                        field.name
                    ),
                )
                .help("remove it"),
            );
        }
    }
    if json.get("add_default_labels").and_then(Json::as_bool) == Some(true) {
        problems.push(
            Problem::warning(
                at(base, "add_default_labels"),
                "Argument without effect",
                "The only default label is the name of the host that registers; a definition does not depend on a \
                 machine, so flowform adds none.",
            )
            .help("write the host's name in `labels` if the flow is bound to it"),
        );
    }
}

/// `local` storage: the path is fixed, and means the same wherever it is planned.
fn local_rules(
    json: &Map<String, Json>,
    has_working_dir: bool,
    base: &[PathStep],
    problems: &mut Vec<Problem>,
) {
    let text = |name: &str| json.get(name).and_then(Json::as_str);
    if let Some(directory) = text("directory").filter(|text| !text.starts_with('/') && *text != UNKNOWN) {
        problems.push(depends_on_machine("directory", directory, base));
    }
    let Some(path) = text("path").filter(|path| !path.is_empty()) else {
        problems.push(
            Problem::error(
                at(base, "path"),
                "Storage without a fixed place",
                "Without `path` the original pickles the flow into a file that is named by the time; flowform does not.",
            )
            .help("write the `path` of the flow's file on the machine that runs it, or its module (`pkg.flows:etl`)"),
        );
        return;
    };
    if path == UNKNOWN {
        return;
    }
    let is_file = path.contains('/') || path.ends_with(".py");
    if path.starts_with('~') || (is_file && !path.starts_with('/') && !has_working_dir) {
        problems.push(depends_on_machine("path", path, base));
    }
    if path.ends_with(".py") && json.get("stored_as_script").and_then(Json::as_bool) != Some(true) {
        problems.push(
            Problem::warning(
                at(base, "stored_as_script"),
                "Script that would be read as a pickled flow",
                "`path` names a Python script, but `stored_as_script` is not true, so the run would try to unpickle it.",
            )
            .help("write `stored_as_script = true`"),
        );
    }
}

fn depends_on_machine(name: &str, value: &str, base: &[PathStep]) -> Problem {
    let why = if value.starts_with('~') {
        "begins with `~`, which stands for the home directory of whoever reads it"
    } else {
        "is relative to the directory in which the flow happens to start"
    };
    let help = match name {
        "path" => {
            "write an absolute path of the machine that runs the flow, give the `local` run config a `working_dir` \
             that the path is relative to, or name a module (`pkg.flows:etl`)"
        }
        _ => "write an absolute path of the machine that runs the flow, or leave it out",
    };
    Problem::error(
        at(base, name),
        "Storage that depends on a machine",
        format!("`{name}` {why}. A definition is the same on every machine."),
    )
    .help(help)
}

fn missing(kind: StorageKind, name: &str, path: &[PathStep]) -> Problem {
    Problem::error(
        path.to_vec(),
        "Missing argument",
        format!("A storage of kind `{}` needs `{name}`.", kind.label()),
    )
    .help(format!("add `{name}`"))
}

/// A rule of the original that the arguments break.
fn refused(error: &OriginalError, base: &[PathStep]) -> Problem {
    let message = error.message.replace(UNKNOWN, "(known after apply)");
    let stop = if message.ends_with('.') { "" } else { "." };
    Problem::error(base.to_vec(), "Unsuitable storage", format!("{message}{stop}"))
}

/// The serialized form as a value: texts that hold the stand-in are unknown, fields of other types that are unknown
/// take their place.
fn overlaid(serialized: &Json, overlay: Vec<(&'static str, Value)>) -> Value {
    let Json::Object(entries) = serialized else { return lifted(serialized) };
    let mut out: std::collections::BTreeMap<&str, Value> =
        entries.iter().map(|(name, value)| (name.as_str(), lifted(value))).collect();
    for (name, value) in overlay {
        if let Some(slot) = out.get_mut(name) {
            *slot = value;
        }
    }
    Value::object(out)
}

// As deep as the arguments, whose depth is limited before.
fn lifted(json: &Json) -> Value {
    match json {
        Json::String(text) if text.contains(UNKNOWN) => Value::unknown(Type::String),
        Json::Array(items) => Value::tuple(items.iter().map(lifted)),
        Json::Object(entries) => {
            Value::object(entries.iter().map(|(name, value)| (name.as_str(), lifted(value))))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => from_json(json),
    }
}
