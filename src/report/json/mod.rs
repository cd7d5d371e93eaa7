//! The stable machine output. Its types are its own, so that no change inside the program changes a document by
//! accident.
//!
//! The contract: a minor number that rises means added fields, which readers ignore when they
//! do not know them; a major one means that readers must refuse. Sensitive values are never in a document.

pub mod apply;
pub mod diagnostics;
pub mod plan;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::registry::event::OutputRecord;
use crate::registry::view::FlowRecord;

/// The version of every document of this module.
pub const FORMAT_VERSION: &str = "1.0";

/// A document as text: indented, with a line break at its end.
pub fn text<T: Serialize>(document: &T) -> String {
    // The documents hold no map with keys that are not text, the one thing that could fail here.
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

/// A document as one line, for streams.
pub fn line<T: Serialize>(document: &T) -> String {
    let mut text = serde_json::to_string(document).unwrap_or_default();
    text.push('\n');
    text
}

/// One output.
#[derive(Debug, Serialize)]
pub struct Output {
    /// Whether it is sensitive; it then has no value.
    pub sensitive: bool,
    /// Its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
}

/// Recorded outputs by name (`output --json`).
pub fn outputs(records: &BTreeMap<String, OutputRecord>) -> BTreeMap<String, Output> {
    records
        .iter()
        .map(|(name, record)| {
            let value = if record.sensitive { None } else { Some(record.value.clone().unwrap_or_default()) };
            (name.clone(), Output { sensitive: record.sensitive, value })
        })
        .collect()
}

/// The versions of a flow (`versions --json`).
#[derive(Debug, Serialize)]
pub struct Versions {
    format_version: &'static str,
    address: String,
    name: String,
    id: String,
    archived: bool,
    published: Option<u32>,
    pinned: Option<u32>,
    versions: Vec<Version>,
}

#[derive(Debug, Serialize)]
struct Version {
    version: u32,
    state: &'static str,
    created: String,
    by: String,
    commit: Option<String>,
    digest: Option<String>,
    artifacts: Vec<Artifact>,
}

#[derive(Debug, Serialize)]
struct Artifact {
    kind: String,
    provider: String,
    id: String,
    location: String,
}

/// The versions of a flow, the newest first.
pub fn versions(flow: &FlowRecord) -> Versions {
    let versions = flow
        .versions
        .iter()
        .rev()
        .map(|version| Version {
            version: version.version,
            state: match version.state {
                crate::registry::view::VersionState::Reserved => "reserved",
                crate::registry::view::VersionState::Bound => "bound",
                crate::registry::view::VersionState::Abandoned => "abandoned",
                crate::registry::view::VersionState::Pruned => "pruned",
            },
            created: version.origin.at.clone(),
            by: version.origin.by.clone(),
            commit: version.origin.commit.clone(),
            digest: version.digest.as_ref().map(ToString::to_string),
            artifacts: version
                .artifacts
                .iter()
                .map(|binding| Artifact {
                    kind: binding.kind.clone(),
                    provider: binding.provider.clone(),
                    id: binding.id.clone(),
                    location: binding.location.to_string(),
                })
                .collect(),
        })
        .collect();
    Versions {
        format_version: FORMAT_VERSION,
        address: flow.address.clone(),
        name: flow.name.clone(),
        id: flow.id.to_string(),
        archived: flow.archived.is_some(),
        published: flow.published,
        pinned: flow.pin.as_ref().map(|pin| pin.version),
        versions,
    }
}
