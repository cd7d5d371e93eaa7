//! The events of the registry's log: what happened, in order, and never anything derived from it.
//!
//! A field is only ever added, and optional; a change that an older program would misread raises
//! [`FORMAT`], and programs refuse a newer format with the version to install.

use flowform_provider_api::{Binding, Digest, FlowId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The format number of segments, snapshots and `registry.json`.
pub const FORMAT: u32 = 1;

/// Who did something, when and from where; shown by `versions`, never part of a digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// When, as an RFC 3339 timestamp in UTC.
    pub at: String,
    /// Who: `user@host`, or what the CI says.
    pub by: String,
    /// The commit of the configuration, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// One event, written as `{"reserve": {...}}`: with the name inside, a definition could not be kept as raw text.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A version number is taken for a definition, before anything is made for it. The first one of a flow makes
    /// the flow. Numbers are never reused.
    Reserve {
        /// The flow.
        flow: FlowId,
        /// Its name in the project at this moment.
        name: String,
        /// Its address in the configuration.
        address: String,
        /// The root configuration that declares it.
        root: String,
        /// The number: the highest so far and one.
        version: u32,
        /// The digest of the definition.
        digest: Digest,
        /// The definition.
        definition: Box<RawValue>,
        /// Who, when, from which commit.
        origin: Origin,
    },
    /// The version's artifacts are alive and `current/` names the version: it is the published one.
    Bind {
        /// The flow.
        flow: FlowId,
        /// The version.
        version: u32,
        /// Its artifacts; empty where one is made at the first run.
        artifacts: Vec<Binding>,
        /// When, as an RFC 3339 timestamp in UTC.
        at: String,
    },
    /// A reserved version that was never bound is given up: the configuration has moved on.
    Abandon {
        /// The flow.
        flow: FlowId,
        /// The version.
        version: u32,
    },
    /// An existing object becomes the artifact of version 1 of a new flow, as it is.
    Adopt {
        /// The flow.
        flow: FlowId,
        /// Its name in the project.
        name: String,
        /// Its address in the configuration.
        address: String,
        /// The root configuration that declares it.
        root: String,
        /// The object.
        artifacts: Vec<Binding>,
        /// Who, when, from which commit.
        origin: Origin,
    },
    /// The definition of an adopted version is known now: the configuration renders to the very object.
    Define {
        /// The flow.
        flow: FlowId,
        /// The version.
        version: u32,
        /// The digest of the definition.
        digest: Digest,
        /// The definition.
        definition: Box<RawValue>,
    },
    /// The document under `current/` is about to be withdrawn: from now on it is in doubt.
    Withdraw {
        /// The flow.
        flow: FlowId,
    },
    /// The flow is no longer declared; its history stays, its artifacts are pruned.
    Archive {
        /// The flow.
        flow: FlowId,
        /// Who, when, from which commit.
        origin: Origin,
    },
    /// The flow is no longer managed by this registry; its artifacts stay as they are.
    Forget {
        /// The flow.
        flow: FlowId,
    },
    /// The flow has another name, address or root.
    Move {
        /// The flow.
        flow: FlowId,
        /// The name from now on.
        name: String,
        /// The address from now on.
        address: String,
        /// The root from now on.
        root: String,
    },
    /// The flow is held at a version (`rollback`), or let go again.
    Pin {
        /// The flow.
        flow: FlowId,
        /// The version, or `None` to let go.
        version: Option<u32>,
        /// The digest of the configured definition at that moment: a pin ends when it changes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        configured: Option<Digest>,
        /// Why, in the user's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Who, when, from which commit.
        origin: Origin,
    },
    /// Artifacts of a superseded version were removed.
    Prune {
        /// The flow.
        flow: FlowId,
        /// The version.
        version: u32,
    },
    /// A shared template is about to be written, where nothing is or over what was recorded before. What is found there
    /// with this content is ours from now on.
    WriteTemplate {
        /// The root configuration that declares it.
        root: String,
        /// Where: its identity in the root.
        uri: String,
        /// Its address in the configuration.
        address: String,
        /// The digest of the document.
        digest: Digest,
        /// The document.
        document: Box<RawValue>,
        /// The SHA-256 of the text that is written.
        sha256: Digest,
        /// Who, when, from which commit.
        origin: Origin,
    },
    /// The template is there as it was to be written.
    BindTemplate {
        /// The root configuration that declares it.
        root: String,
        /// Where.
        uri: String,
        /// The SHA-256 of the text that is there.
        sha256: Digest,
    },
    /// The template is no longer managed: it was removed, or stays as it is.
    DropTemplate {
        /// The root configuration that declared it.
        root: String,
        /// Where.
        uri: String,
    },
    /// The outputs of a root configuration as its last apply left them; sensitive ones without their value.
    Outputs {
        /// The root configuration.
        root: String,
        /// By name.
        outputs: std::collections::BTreeMap<String, OutputRecord>,
    },
    /// A writer took over from one whose lease had expired: it claims the next segment, so that the other's next
    /// write fails.
    Fence {
        /// The new holder.
        holder: String,
    },
}

/// A recorded output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputRecord {
    /// The value; `None` when it is sensitive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
    /// Whether it is sensitive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
}
