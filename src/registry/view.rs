//! What the log's events add up to: flows with their versions. Pure; the log is the truth, a view can always be
//! rebuilt from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowform_provider_api::{Binding, Digest, FlowId, RegistryId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::event::{Origin, OutputRecord};

/// Everything recorded for one project, up to a segment of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct View {
    /// The registry's identity.
    pub registry: RegistryId,
    /// The project.
    pub project: String,
    /// The last segment that is in it; 0 before the first.
    pub seq: u64,
    /// Every flow ever recorded and not forgotten.
    pub flows: BTreeMap<FlowId, FlowRecord>,
    /// The shared templates of each root configuration by where they are stored: a relative path is against the root's
    /// own directory.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub templates: BTreeMap<String, BTreeMap<String, TemplateRecord>>,
    /// The outputs of each root configuration's last apply.
    #[serde(default)]
    pub outputs: BTreeMap<String, BTreeMap<String, OutputRecord>>,
}

/// One recorded template.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TemplateRecord {
    /// Where it is stored: its identity in the root.
    pub uri: String,
    /// Its address in the configuration.
    pub address: String,
    /// The digest of the document that was last written, or was about to be.
    pub digest: Digest,
    /// That document.
    pub document: Arc<RawValue>,
    /// The SHA-256 of the text that is there for sure; `None` while none was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<Digest>,
    /// The SHA-256 of a text that was about to be written, and may be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Digest>,
    /// Who wrote it, when, from which commit.
    pub origin: Origin,
}

/// One recorded flow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FlowRecord {
    /// Its identity.
    pub id: FlowId,
    /// Its name, unique among the project's flows that are not archived.
    pub name: String,
    /// Its address in the configuration.
    pub address: String,
    /// The root configuration that declares it.
    pub root: String,
    /// Set while the flow is archived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<Origin>,
    /// Set while the flow is held at a version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// The version that `current/` names for sure; `None` when that is in doubt and must be written again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<u32>,
    /// Former names whose `current/` file may still exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stale_names: Vec<String>,
    /// All versions by number, ascending, without gaps from 1.
    pub versions: Vec<VersionRecord>,
}

/// A hold at one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The version.
    pub version: u32,
    /// The digest of the configured definition when the pin was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configured: Option<Digest>,
    /// Why, in the user's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who, when, from which commit.
    pub origin: Origin,
}

/// One recorded flow version.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VersionRecord {
    /// The number, from 1.
    pub version: u32,
    /// The digest of its definition; `None` for an adopted version whose definition is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Where its definition is.
    pub definition: DefinitionAt,
    /// The segment of the log that holds its definition; 0 while it has none.
    #[serde(default)]
    pub segment: u64,
    /// Who reserved it, when, from which commit.
    pub origin: Origin,
    /// Where it stands.
    pub state: VersionState,
    /// Its artifacts, while they are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Binding>,
    /// When a later version was bound, as an RFC 3339 timestamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_at: Option<String>,
}

/// Where a version's definition is: the view holds those of latest and pinned versions; older ones stay in the
/// log, so that a view grows with the number of flows and not with their history.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefinitionAt {
    /// Here.
    Inline(Arc<RawValue>),
    /// In this segment of the log.
    Segment(u64),
    /// Nowhere: an adopted version.
    Unknown,
}

/// Where a version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VersionState {
    /// Reserved; its artifacts may or may not exist.
    Reserved,
    /// Bound.
    Bound,
    /// Given up before it was bound.
    Abandoned,
    /// Bound once; its artifacts were removed.
    Pruned,
}

impl FlowRecord {
    /// The version of that number.
    pub fn version(&self, version: u32) -> Option<&VersionRecord> {
        self.versions.get((version as usize).checked_sub(1)?)
    }

    /// The latest version that was not abandoned.
    pub fn latest(&self) -> Option<&VersionRecord> {
        self.versions.iter().rev().find(|version| version.state != VersionState::Abandoned)
    }

    /// The number that the next version gets.
    pub fn next_version(&self) -> u32 {
        self.versions.last().map_or(1, |version| version.version + 1)
    }

    /// The version that `current/` should name: the pinned one, else the latest.
    pub fn wanted(&self) -> Option<&VersionRecord> {
        match &self.pin {
            Some(pin) => self.version(pin.version),
            None => self.latest(),
        }
    }
}

impl View {
    /// An empty project.
    pub fn new(registry: RegistryId, project: impl Into<String>) -> Self {
        let (flows, templates, outputs) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { registry, project: project.into(), seq: 0, flows, templates, outputs }
    }

    /// The flow that is not archived and has that name.
    pub fn flow_named(&self, name: &str) -> Option<&FlowRecord> {
        self.flows.values().find(|flow| flow.archived.is_none() && flow.name == name)
    }
}
