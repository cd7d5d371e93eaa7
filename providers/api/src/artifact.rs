//! What a backend would be handed to run a flow version, and how a live one is referred to.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Digest, Etag, Identity, Location};

/// The hash of an artifact's canonical body, as its type canonicalises it.
pub type ArtifactHash = Digest;

/// What a backend is handed for one flow version: a process, a container, a Job, a task definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Artifact {
    /// The artifact kind, as in [`crate::ArtifactType::kind`]: `process`, `task_definition`, ...
    pub kind: String,
    /// The content. Nothing of a single run is in it, and no secret.
    pub body: Value,
    /// The hash of the canonical body.
    pub hash: ArtifactHash,
}

/// The record that a version's artifact exists: which one, where, and what it contained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The artifact kind.
    pub kind: String,
    /// The provider configuration that made it (`local`, or `local.alias`).
    pub provider: String,
    /// The backend's own name for the object (an ARN, a ConfigMap's name, an object key).
    pub id: String,
    /// The hash of the artifact's canonical body.
    pub hash: ArtifactHash,
    /// The account, cluster or directory that holds it.
    pub location: Location,
    /// The tag that listings have of the object as it was made, where they tell its content: with another one it has to
    /// be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<Etag>,
}

/// An artifact that was found alive.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveArtifact {
    /// The artifact kind.
    pub kind: String,
    /// The backend's own name for the object.
    pub id: String,
    /// Whose it says it is; `None` when it carries no identity of ours (a foreign object).
    pub identity: Option<Identity>,
    /// The hash of its canonical body.
    pub hash: ArtifactHash,
    /// The content, where the refresh had to read it (see [`crate::Provider::refresh`]).
    pub body: Option<Value>,
}
