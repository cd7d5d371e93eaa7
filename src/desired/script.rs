//! `script` of a storage: the text of a local file becomes part of the definitions that use the storage, with the place that
//! apply uploads it to. Files are read through what functions read through; nothing is uploaded here.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowform_provider_api::script_key;

use super::DesiredFlow;
use super::scope::BlockScope;
use crate::address::{Address, PathStep};
use crate::config::model::Resource;
use crate::diag::{Diagnostic, Diagnostics};
use crate::eval::{Scope, evaluate};
use crate::flow::definition::Problem;
use crate::flow::kind::StorageKind;
use crate::flow::script::{PART, keeper, uri};
use crate::value::{Kind, Marks, Type, Value, described};

/// The text of a storage's script; `None` where it has none. What cannot be read is told, and unknown.
pub(super) fn text(
    kind: StorageKind,
    address: &Address,
    resource: &Resource,
    scope: &BlockScope<'_>,
    diags: &mut Diagnostics,
) -> Option<Value> {
    let attribute = resource.argument("script")?;
    let span = attribute.expr.span;
    if keeper(kind).is_none() {
        diags.push(
            Diagnostic::error(
                "Not supported by this version",
                format!(
                    "The upload of a `{}` storage's script cannot be carried out by this version yet.",
                    kind.label()
                ),
            )
            .at(attribute.name.span)
            .help("upload the script beforehand and give its `key`"),
        );
        return None;
    }
    let value = evaluate(&attribute.expr, scope, diags);
    if value.is_null() {
        return None;
    }
    let unknown = Some(Value::unknown(Type::String));
    if value.marks != Marks::NONE {
        let detail = "Where a script is read from can be neither sensitive nor change by itself.";
        diags.push(
            Diagnostic::error("Unusable path", detail)
                .at(span)
                .address(address.to_string())
                .help("derive it from the configuration itself"),
        );
        return unknown;
    }
    let Some(path) = value.as_str() else {
        if !value.is_unknown() {
            let detail = format!("`script` is the path of a local file, and this is {}.", described(&value));
            let help = "write the path of a Python file, relative to the configuration's directory";
            diags.push(
                Diagnostic::error("Wrong type", detail).at(span).address(address.to_string()).help(help),
            );
        }
        return unknown;
    };
    let read = scope
        .environment()
        .read_file(path)
        .and_then(|bytes| String::from_utf8(bytes).map_err(|_| format!("`{path}` is not UTF-8")));
    match read {
        Ok(text) => Some(Value::string(text.as_str())),
        Err(why) => {
            diags.push(
                Diagnostic::error(
                    "Unreadable script",
                    format!("The content of `script` is part of definitions, but {why}."),
                )
                .at(span)
                .address(address.to_string())
                .help("write the path of a Python file, relative to the configuration's directory"),
            );
            unknown
        }
    }
}

/// A storage's arguments as they are with a script: it is one, and it has a key.
pub(super) fn complete(
    storage: Value,
    text: &Value,
    (project, flow): (&str, &str),
    problems: &mut Vec<Problem>,
) -> Value {
    let Kind::Object(entries) = &storage.kind else { return storage };
    let mut entries = BTreeMap::clone(entries);
    if entries.get("stored_as_script").and_then(Value::as_bool) == Some(false) {
        let path = ["storage", "stored_as_script"].map(|name| PathStep::Key(name.to_owned()));
        let detail = "What `script` uploads is a script, and runs would read it as a pickled flow.";
        problems.push(
            Problem::error(path.to_vec(), "Script that would be read as a pickled flow", detail)
                .help("remove `stored_as_script`"),
        );
    }
    entries.insert("stored_as_script".into(), Value::bool(true));
    let given = |value: &Value| !value.is_null() && value.as_str() != Some("");
    if !entries.get("key").is_some_and(given) {
        let key = match text.as_str() {
            Some(text) => Value::string(script_key(project, flow, text).as_str()),
            None => Value::unknown(Type::String),
        };
        entries.insert("key".into(), key);
    }
    Value::from(Kind::Object(Arc::new(entries))).marked(storage.marks)
}

/// Adds what is uploaded to a definition that has its storage.
pub(super) fn add(definition: &mut Value, kind: StorageKind, text: &Value) {
    let place = |storage: &Value| {
        uri(kind, storage.get("bucket")?.as_str()?, storage.get("key")?.as_str()?.trim_start_matches('/'))
    };
    let uri = definition.get("storage").and_then(place);
    let uri = uri.map_or_else(|| Value::unknown(Type::String), |uri| Value::string(uri.as_str()));
    if let Kind::Object(entries) = &mut definition.kind {
        let part = Value::object([("uri", uri), ("text", text.clone())]);
        Arc::make_mut(entries).insert(PART.into(), part);
    }
}

/// Each place is one flow's: a version that is pruned takes its script with it.
pub(super) fn unique_places(flows: &[DesiredFlow], diags: &mut Diagnostics) {
    let mut first: BTreeMap<&str, &DesiredFlow> = BTreeMap::new();
    for flow in flows {
        let Some(uri) = flow.definition.get(PART).and_then(|part| part.get("uri")?.as_str()) else {
            continue;
        };
        match first.get(uri) {
            Some(other) => diags.push(
                Diagnostic::error(
                    "Script place used twice",
                    format!(
                        "The scripts of `{}` and `{}` are both to be at {uri}.",
                        other.address, flow.address
                    ),
                )
                .at(flow.span)
                .related(other.span, "the other one")
                .address(flow.address.to_string())
                .help("leave `key` out of the storage: then each flow has a place of its own"),
            ),
            None => drop(first.insert(uri, flow)),
        }
    }
}
