//! Which versions lose their artifacts: those beyond `keep_versions` and superseded longer than `keep_for`.

use std::collections::HashSet;

use flowform_provider_api::Binding;
use jiff::Timestamp;

use super::live::Live;
use super::model::{Operation, Planned};
use crate::registry::view::{FlowRecord, VersionRecord, VersionState};

/// How long and how many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retention {
    /// How many versions keep their artifacts, the current one included.
    pub versions: u32,
    /// How long a superseded version keeps them, in seconds.
    pub seconds: u64,
}

/// The versions to prune once `current` is the flow's current version, oldest first, each with the artifacts that
/// no kept version shares and the current one does not take over (`reused`).
pub(super) fn prunable<'a>(
    flow: &'a FlowRecord,
    current: u32,
    reused: &[&Binding],
    retention: Retention,
    now: Timestamp,
) -> Vec<(&'a VersionRecord, Vec<Binding>)> {
    let bound = |version: &&VersionRecord| {
        version.state == VersionState::Bound && version.version != current && !version.artifacts.is_empty()
    };
    let others: Vec<&VersionRecord> = flow.versions.iter().rev().filter(bound).collect();
    let pinned = flow.pin.as_ref().map(|pin| pin.version);
    let (mut kept, mut pruned) = (Vec::new(), Vec::new());
    for (rank, version) in others.into_iter().enumerate() {
        // The current version is the first of `keep_versions`.
        let few_enough = rank as u64 + 2 <= u64::from(retention.versions);
        let recent = age(version, now) < retention.seconds;
        if few_enough || recent || pinned == Some(version.version) {
            kept.push(version);
        } else {
            pruned.push(version);
        }
    }
    kept.extend(flow.version(current));
    let shared: HashSet<(&str, &str)> = kept
        .iter()
        .flat_map(|version| &version.artifacts)
        .chain(reused.iter().copied())
        .map(|artifact| (artifact.provider.as_str(), artifact.id.as_str()))
        .collect();
    pruned.reverse();
    pruned
        .into_iter()
        .map(|version| {
            let own = version.artifacts.iter();
            let own =
                own.filter(|artifact| !shared.contains(&(artifact.provider.as_str(), artifact.id.as_str())));
            (version, own.cloned().collect())
        })
        .collect()
}

/// The versions whose artifacts nothing runs from, and of each of the others why it stays.
pub(super) fn unused<'a>(
    versions: Vec<(&'a VersionRecord, Vec<Binding>)>,
    live: &Live,
) -> (Vec<(&'a VersionRecord, Vec<Binding>)>, Vec<String>) {
    let (mut unused, mut notes) = (Vec::new(), Vec::new());
    for (version, artifacts) in versions {
        match artifacts.iter().find_map(|artifact| live.in_use(artifact)) {
            Some(why) => notes.push(format!("version {} stays for now: {why}", version.version)),
            None => unused.push((version, artifacts)),
        }
    }
    (unused, notes)
}

/// The live artifacts that the operations bind anew.
pub(super) fn reused(operations: &[Operation]) -> Vec<&Binding> {
    let planned = operations.iter().filter_map(|operation| match operation {
        Operation::SetVersion { planned: Planned::Known { artifacts, .. }, .. } => Some(artifacts),
        _ => None,
    });
    planned.flatten().filter_map(|artifact| artifact.existing.as_ref()).collect()
}

/// All versions of an archived flow that still have artifacts, oldest first.
pub(super) fn of_archived(flow: &FlowRecord) -> Vec<(&VersionRecord, Vec<Binding>)> {
    let mut seen = HashSet::new();
    let with = flow.versions.iter().filter(|version| !version.artifacts.is_empty());
    with.map(|version| {
        let own = version.artifacts.iter();
        let own = own.filter(|artifact| seen.insert((artifact.provider.clone(), artifact.id.clone())));
        (version, own.cloned().collect())
    })
    .collect()
}

/// Seconds since the version was superseded; 0 when it is superseded only now.
fn age(version: &VersionRecord, now: Timestamp) -> u64 {
    let since = version.superseded_at.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
    since.map_or(0, |since| u64::try_from(now.as_second() - since.as_second()).unwrap_or(0))
}
