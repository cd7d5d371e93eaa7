//! The document `current/<flow>.json`: what schedulers and orchestrators start a run from. Pure.

use flowform_provider_api::{Binding, Digest, FlowId, RegistryId};
use serde_json::{Value as Json, json};

use crate::flow::render::versioned::start::{self, Version};

/// A version that is, or is about to be, the flow's current one.
#[derive(Clone, Copy, Debug)]
pub struct Published<'a> {
    /// The flow.
    pub flow: &'a FlowId,
    /// Its name.
    pub name: &'a str,
    /// Its project.
    pub project: &'a str,
    /// The registry.
    pub registry: &'a RegistryId,
    /// The version.
    pub version: u32,
    /// The digest of its definition.
    pub digest: &'a Digest,
    /// Its definition as JSON text.
    pub definition: &'a str,
    /// Its artifacts.
    pub artifacts: &'a [Binding],
}

/// The document.
///
/// # Errors
/// The definition is not JSON.
pub fn document(published: Published<'_>) -> Result<Json, serde_json::Error> {
    let definition: Json = serde_json::from_str(published.definition)?;
    let artifacts: Vec<(&str, &str)> =
        published.artifacts.iter().map(|binding| (&*binding.kind, &*binding.id)).collect();
    let mut document = start::document(Version {
        name: published.name,
        project: published.project,
        registry: Some(published.registry.as_str()),
        version: Some(published.version),
        definition: &definition,
        artifacts: &artifacts,
    });
    if let Json::Object(fields) = &mut document {
        fields.insert("flow_id".to_owned(), published.flow.as_str().into());
        fields.insert("digest".to_owned(), published.digest.as_str().into());
        let artifacts = published.artifacts.iter();
        let artifacts =
            artifacts.map(|binding| json!({ "kind": binding.kind, "id": binding.id, "hash": binding.hash }));
        fields.insert("artifacts".to_owned(), artifacts.collect());
    }
    Ok(document)
}
