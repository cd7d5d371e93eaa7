//! Names, labels and annotations of what is kept in a cluster. Pure; it decides nothing.
//!
//! Names hold no name of a flow, as a flow may be renamed while its objects stay. Whole identities are in annotations;
//! labels, which have limits, are what is searched by.

use std::collections::BTreeMap;

use flowform_provider_api::{Digest, FlowId, Identity, RegistryId};

/// The field manager under which objects are written.
pub(crate) const MANAGER: &str = "flowform";

/// Label of Jobs and of their pods: the ConfigMap that they were made from.
pub(crate) const TEMPLATE: &str = "flowform.io/template";

/// What an object is: [`ROLE_TEMPLATE`] or [`ROLE_LATEST`].
pub(crate) const ROLE: &str = "flowform.io/role";
/// One flow version's Job template.
pub(crate) const ROLE_TEMPLATE: &str = "job-template";
/// Says which version of a flow is the current one.
pub(crate) const ROLE_LATEST: &str = "latest";

/// The registry that owns the object.
pub(crate) const REGISTRY: &str = "flowform.io/registry";
/// The project.
pub(crate) const PROJECT: &str = "flowform.io/project";
/// The flow's identity.
pub(crate) const FLOW_ID: &str = "flowform.io/flow-id";
/// The flow's name.
pub(crate) const FLOW: &str = "flowform.io/flow";
/// The flow version.
pub(crate) const VERSION: &str = "flowform.io/version";
/// The digest of the version's definition.
pub(crate) const DIGEST: &str = "flowform.io/digest";
/// The hash of the artifact.
pub(crate) const HASH: &str = "flowform.io/hash";

/// The longest value of a label, in bytes.
const LABEL: usize = 63;

/// The name of a version's ConfigMap.
pub(crate) fn template_name(identity: &Identity) -> String {
    format!("{}-v{}", stem(&identity.registry, &identity.project, &identity.flow), identity.version)
}

/// The name of the ConfigMap that says which version is the current one.
pub(crate) fn latest_name(registry: &RegistryId, project: &str, flow: &FlowId) -> String {
    format!("{}-latest", stem(registry, project, flow))
}

/// The name of the pointer that belongs to a version's ConfigMap.
pub(crate) fn latest_beside(template: &str) -> Option<String> {
    let (stem, _) = template.rsplit_once("-v")?;
    Some(format!("{stem}-latest"))
}

fn stem(registry: &RegistryId, project: &str, flow: &FlowId) -> String {
    let whole = serde_json::json!([registry, project, flow]);
    let digest = Digest::of(&whole);
    format!("flowform-{}", digest.as_str().get(..16).unwrap_or_default())
}

/// The labels of an object.
pub(crate) fn labels(identity: &Identity, role: &str) -> BTreeMap<String, String> {
    let version = identity.version.to_string();
    [
        ("app.kubernetes.io/managed-by", MANAGER),
        (ROLE, role),
        (REGISTRY, &label_value(identity.registry.as_str())),
        (PROJECT, &label_value(&identity.project)),
        (FLOW_ID, &label_value(identity.flow.as_str())),
        (FLOW, &label_value(&identity.flow_name)),
        (VERSION, &version),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The annotations of an object: the whole identity.
pub(crate) fn annotations(identity: &Identity) -> BTreeMap<String, String> {
    let version = identity.version.to_string();
    [
        (REGISTRY, identity.registry.as_str()),
        (PROJECT, &identity.project),
        (FLOW_ID, identity.flow.as_str()),
        (FLOW, &identity.flow_name),
        (VERSION, &version),
        (DIGEST, identity.digest.as_str()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The identity that annotations hold, if they hold a whole one.
pub(crate) fn identity(annotations: &BTreeMap<String, String>) -> Option<Identity> {
    let text = |name: &str| annotations.get(name).cloned();
    Some(Identity {
        registry: RegistryId(text(REGISTRY)?),
        project: text(PROJECT)?,
        flow: FlowId(text(FLOW_ID)?),
        flow_name: text(FLOW)?,
        version: text(VERSION)?.parse().ok()?,
        digest: serde_json::from_value(text(DIGEST)?.into()).ok()?,
    })
}

/// What finds every object of a project of a registry.
pub(crate) fn selector(registry: &RegistryId, project: &str) -> String {
    format!("{REGISTRY}={},{PROJECT}={}", label_value(registry.as_str()), label_value(project))
}

/// The text itself where a label may hold it, else what of it may be held and a short hash of the whole.
pub(crate) fn label_value(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let edge = |c: char| c.is_ascii_alphanumeric();
    let fits =
        text.len() <= LABEL && text.chars().all(allowed) && text.starts_with(edge) && text.ends_with(edge);
    if fits || text.is_empty() {
        return text.to_owned();
    }
    let kept: String = text.chars().map(|c| if allowed(c) { c } else { '-' }).take(48).collect();
    let kept = kept.trim_matches(|c: char| !edge(c));
    let digest = Digest::of_bytes(text.as_bytes());
    let short = digest.as_str().get(..8).unwrap_or_default();
    if kept.is_empty() { short.to_owned() } else { format!("{kept}-{short}") }
}

/// Where an artifact is: `namespace/name@uid`.
///
/// The uid is part of it because the content of an immutable ConfigMap cannot change under one uid: whoever finds the
/// recorded uid alive knows the content without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectId {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// `None` where a person names the object.
    pub(crate) uid: Option<String>,
}

impl ObjectId {
    /// Reads `namespace/name`, with or without `@uid`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (place, uid) = match text.split_once('@') {
            Some((place, uid)) => (place, Some(uid.to_owned())),
            None => (text, None),
        };
        let (namespace, name) = place.split_once('/')?;
        let part = |text: &str| {
            !text.is_empty()
                && text.len() <= 253
                && text
                    .bytes()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'-' | b'.'))
        };
        (part(namespace) && part(name)).then(|| Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid,
        })
    }
}

impl std::fmt::Display for ObjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)?;
        match &self.uid {
            Some(uid) => write!(f, "@{uid}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
