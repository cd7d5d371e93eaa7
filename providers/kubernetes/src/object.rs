//! A flow version's ConfigMap: what is written, and what one that was read holds. Pure.
//!
//! `job.json` is the whole Job, labelled with the ConfigMap's name and with a generated name where the template has none, so that
//! `kubectl create -f` starts it. `template.json` is the rest of the artifact.

use std::collections::BTreeMap;

use flowform_provider_api::{
    Artifact, ArtifactType as _, Digest, ErrorKind, Identity, LiveArtifact, ProviderError, canonical_json,
};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value, json};

use crate::canonical::JOB_TEMPLATE;
use crate::names::{self, ObjectId};

/// The key of the Job.
const JOB: &str = "job.json";
/// The key of everything else.
const REST: &str = "template.json";

/// The most that the values of a ConfigMap may hold, in bytes.
pub(crate) const LARGEST: usize = 1024 * 1024;

/// The ConfigMap of an artifact.
///
/// # Errors
/// It is larger than a ConfigMap may be, or no object.
pub(crate) fn config_map(identity: &Identity, artifact: &Artifact) -> Result<ConfigMap, ProviderError> {
    let name = names::template_name(identity);
    if !artifact.body.is_object() {
        return Err(ProviderError::new(ErrorKind::Internal, "a Job template is not an object"));
    }
    let data = data(&name, &artifact.body);
    if let Some(message) = oversize(&data) {
        return Err(ProviderError::new(ErrorKind::Invalid, message));
    }
    let mut annotations = names::annotations(identity);
    annotations.insert(names::HASH.to_owned(), artifact.hash.as_str().to_owned());
    Ok(ConfigMap {
        metadata: ObjectMeta {
            labels: Some(names::labels(identity, names::ROLE_TEMPLATE)),
            annotations: Some(annotations),
            name: Some(name),
            ..ObjectMeta::default()
        },
        data: Some(data),
        immutable: Some(true),
        ..ConfigMap::default()
    })
}

fn data(name: &str, body: &Value) -> BTreeMap<String, String> {
    let mut rest = body.as_object().cloned().unwrap_or_default();
    let job = rest.remove("job");
    let mut data = BTreeMap::from([(REST.to_owned(), canonical_json(&Value::Object(rest)))]);
    if let Some(mut job) = job {
        startable(&mut job, name);
        let text = serde_json::to_string_pretty(&job).unwrap_or_else(|_| canonical_json(&job));
        data.insert(JOB.to_owned(), text + "\n");
    }
    data
}

/// Why no ConfigMap holds the artifact. Names have one length, whatever the flow and, but for some digits, its version.
pub(crate) fn too_large(body: &Value) -> Option<String> {
    oversize(&data("flowform-0123456789abcdef-v4294967295", body))
}

fn oversize(data: &BTreeMap<String, String>) -> Option<String> {
    let size: usize = data.iter().map(|(key, text)| key.len() + text.len()).sum();
    let message = || format!("the Job template takes {size} bytes, and a ConfigMap holds {LARGEST} at most");
    (size > LARGEST).then(message)
}

/// Gives a Job the label of its template, and a generated name where it has none.
fn startable(job: &mut Value, name: &str) {
    for path in [&["metadata", "labels"][..], &["spec", "template", "metadata", "labels"]] {
        let Some(labels) = entries(job, path) else { continue };
        labels.insert(names::TEMPLATE.to_owned(), json!(name));
    }
    let Some(metadata) = entries(job, &["metadata"]) else { return };
    let named = |key: &str| metadata.get(key).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    if !named("name") && !named("generateName") {
        metadata.insert("generateName".to_owned(), json!(format!("{name}-")));
    }
}

/// The object at a path, made where it is missing.
fn entries<'a>(value: &'a mut Value, path: &[&str]) -> Option<&'a mut Map<String, Value>> {
    let mut place = value;
    for step in path {
        let fields = place.as_object_mut()?;
        let next = fields.entry(*step).or_insert_with(|| json!({}));
        if next.is_null() {
            *next = json!({});
        }
        place = next;
    }
    place.as_object_mut()
}

/// What a ConfigMap of a cluster holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    /// Whose it says it is.
    pub(crate) identity: Option<Identity>,
    /// The hash of what it holds.
    pub(crate) hash: Digest,
    /// What it holds.
    pub(crate) body: Value,
    /// Why its content is not as it was written, though it may be equal.
    pub(crate) mutable: bool,
}

/// Reads a ConfigMap.
pub(crate) fn read(object: &ConfigMap) -> Found {
    let name = object.metadata.name.as_deref().unwrap_or_default();
    let empty = BTreeMap::new();
    let data = object.data.as_ref().unwrap_or(&empty);
    let identity = object.metadata.annotations.as_ref().and_then(names::identity);
    let mutable = object.immutable != Some(true);
    match body(name, data).filter(|_| object.binary_data.is_none()) {
        Some(body) => Found { identity, hash: JOB_TEMPLATE.hash(&body), body, mutable },
        None => {
            let body = json!({ "data": data });
            // What cannot be read as an artifact is never equal to one.
            let hash = Digest::of(&json!({ "unreadable": body }));
            Found { identity, hash, body, mutable }
        }
    }
}

/// The artifact's body, if the texts hold one and nothing else.
fn body(name: &str, data: &BTreeMap<String, String>) -> Option<Value> {
    if data.keys().any(|key| key != JOB && key != REST) {
        return None;
    }
    let mut fields = match data.get(REST) {
        Some(rest) => serde_json::from_str::<Map<String, Value>>(rest).ok()?,
        None => Map::new(),
    };
    if let Some(job) = data.get(JOB) {
        let mut job: Value = serde_json::from_str(job).ok()?;
        let generated = job.pointer("/metadata/generateName").and_then(Value::as_str);
        let ours = generated.and_then(|text| text.strip_suffix('-')) == Some(name);
        if let Some(metadata) = job.get_mut("metadata").and_then(Value::as_object_mut).filter(|_| ours) {
            metadata.remove("generateName");
        }
        for path in ["/metadata/labels", "/spec/template/metadata/labels"] {
            if let Some(Value::Object(labels)) = job.pointer_mut(path) {
                labels.remove(names::TEMPLATE);
            }
        }
        fields.insert("job".to_owned(), job);
    }
    Some(Value::Object(fields))
}

/// The artifact that a ConfigMap is, as its reader sees it.
pub(crate) fn live(namespace: &str, object: &ConfigMap) -> LiveArtifact {
    let found = read(object);
    LiveArtifact {
        kind: JOB_TEMPLATE.kind().to_owned(),
        id: id(namespace, &object.metadata).to_string(),
        identity: found.identity,
        hash: found.hash,
        body: Some(found.body),
    }
}

/// The id of an object.
pub(crate) fn id(namespace: &str, metadata: &ObjectMeta) -> ObjectId {
    ObjectId {
        namespace: namespace.to_owned(),
        name: metadata.name.clone().unwrap_or_default(),
        uid: metadata.uid.clone(),
    }
}

/// What of an object's labels and annotations is not as they were written for its identity, in clauses, with who wrote
/// to it last.
pub(crate) fn strayed(identity: &Identity, hash: Option<&Digest>, metadata: &ObjectMeta) -> Vec<String> {
    let empty = BTreeMap::new();
    let mut clauses = Vec::new();
    let wanted = names::labels(identity, names::ROLE_TEMPLATE);
    let found = metadata.labels.as_ref().unwrap_or(&empty);
    // The name of a flow is an alias: it may have been another one when the object was made.
    for (name, value) in wanted.iter().filter(|(name, _)| *name != names::FLOW) {
        match found.get(name) {
            Some(there) if there == value => {}
            Some(there) => clauses.push(format!("its label `{name}` is `{there}` and not `{value}`")),
            None => clauses.push(format!("its label `{name}` is gone")),
        }
    }
    let annotations = metadata.annotations.as_ref().unwrap_or(&empty);
    if let Some(hash) = hash
        && annotations.get(names::HASH).map(String::as_str) != Some(hash.as_str())
    {
        clauses.push(format!("its annotation `{}` is not that of its content", names::HASH));
    }
    clauses
}

/// The field managers that wrote to an object beside us, in the order of their names.
pub(crate) fn others(metadata: &ObjectMeta) -> Vec<String> {
    let managers = metadata.managed_fields.iter().flatten().filter_map(|entry| entry.manager.clone());
    let mut others: Vec<String> = managers.filter(|manager| manager != names::MANAGER).collect();
    others.sort();
    others.dedup();
    others
}

#[cfg(test)]
mod tests;
