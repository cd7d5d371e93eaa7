//! The definition that is compared: the desired one, with what `ignore_changes` names taken from the latest version.

use std::sync::Arc;

use serde_json::Value as Json;

use super::model::Difference;
use crate::address::PathStep;
use crate::desired::{DesiredFlow, KnownDefinition, RemoteTemplate, TEMPLATE_SOURCE, known_definition};
use crate::value::{Kind, Value, from_json};

/// The definition to compare and record, and its JSON when all of it is known.
pub(super) fn effective(desired: &DesiredFlow, latest: Option<&Json>) -> (Value, Option<KnownDefinition>) {
    let Some(latest) = latest.filter(|_| takes_from_latest(desired)) else {
        return (desired.definition.clone(), desired.known.clone());
    };
    let mut definition = desired.definition.clone();
    for path in desired.ignore_changes.iter().chain(&pinned(desired, latest)) {
        let recorded = super::diff::json_at(latest, path).map(from_json);
        definition = with(definition, path, recorded);
    }
    let known = known_definition(&definition);
    (definition, known)
}

/// Whether a part of the definition may be taken from the latest version.
pub(super) fn takes_from_latest(desired: &DesiredFlow) -> bool {
    !desired.ignore_changes.is_empty()
        || desired.remote_template.as_ref().is_some_and(|remote| remote.is_pinned)
}

/// Whether everything that differs is in the template that a server keeps.
pub(super) fn is_of_template(desired: &DesiredFlow, differences: &[Difference]) -> bool {
    let of_template = |path: &[PathStep]| {
        let names = path.iter().map(|step| match step {
            PathStep::Key(name) => name.as_str(),
            PathStep::Index(_) => "",
        });
        names.take(2).eq(["run_config", "task_definition"])
    };
    desired.remote_template.is_some() && differences.iter().all(|found| of_template(&found.path))
}

/// Why the template that is part of the definition is not there: a server keeps it, and it could not be read.
pub(super) fn not_read(desired: &DesiredFlow, definition: &Value) -> Option<String> {
    let remote = desired.remote_template.as_ref()?;
    let why = remote.unreadable.as_ref()?;
    // A pinned one is taken from the latest version.
    let path = definition.get("run_config")?.get("task_definition_path")?;
    (!path.is_null()).then(|| format!("its task definition at {} was not read: {why}", remote.url))
}

/// The paths of a pinned template: its content stays as long as it is read from the same place.
fn pinned(desired: &DesiredFlow, latest: &Json) -> Vec<Vec<PathStep>> {
    let source = latest.get(TEMPLATE_SOURCE).and_then(Json::as_str);
    let is_kept = |remote: &RemoteTemplate| remote.is_pinned && source == Some(remote.url.as_str());
    if !desired.remote_template.as_ref().is_some_and(is_kept) {
        return Vec::new();
    }
    // What was not read is there by its path.
    let path = |name: &str| ["run_config", name].map(|step| PathStep::Key(step.to_owned())).to_vec();
    vec![path("task_definition"), path("task_definition_path")]
}

/// `value` with the part at `path` replaced, or removed where it is not recorded.
fn with(value: Value, path: &[PathStep], part: Option<Value>) -> Value {
    let Some((first, rest)) = path.split_first() else { return part.unwrap_or(Value::NULL) };
    let marks = value.marks;
    let kind = match (value.kind, first) {
        (Kind::Object(entries) | Kind::Map(entries), PathStep::Key(key)) => {
            let mut entries = Arc::unwrap_or_clone(entries);
            match entries.remove(&**key) {
                Some(inner) if !rest.is_empty() => {
                    entries.insert(key.as_str().into(), with(inner, rest, part));
                }
                // Without the container there is nothing to ignore a part of.
                None if !rest.is_empty() => {}
                _ => {
                    if let Some(part) = part {
                        entries.insert(key.as_str().into(), part);
                    }
                }
            }
            Kind::Object(Arc::new(entries))
        }
        (Kind::Tuple(items) | Kind::List(items), PathStep::Index(index)) => {
            let mut items = Arc::unwrap_or_clone(items);
            if let Some(item) = items.get_mut(*index) {
                *item = with(item.clone(), rest, part);
            }
            Kind::Tuple(Arc::new(items))
        }
        (kind, _) => kind,
    };
    Value { kind, marks }
}
