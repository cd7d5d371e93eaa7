//! What interrupted applies left behind: artifacts that carry the identity of a flow of this root, and that no version
//! is bound to any more nor will be.

use std::collections::{BTreeMap, HashMap, HashSet};

use flowform_provider_api::{Binding, FlowId};

use super::artifacts::script_place;
use super::changes::prune;
use super::model::{Operation, Reason};
use super::planner::PlanInput;
use super::select::Selection;
use super::steps::Decision;
use crate::registry::view::{FlowRecord, VersionRecord, VersionState};

/// Adds the removal of strays to what is decided already.
pub(super) fn discard(input: PlanInput<'_>, selection: &Selection<'_>, decisions: &mut Vec<Decision>) {
    let Some(view) = input.recorded.view else { return };
    let versions = view.flows.values().flat_map(|flow| &flow.versions);
    let recorded: HashSet<&str> =
        versions.flat_map(|version| &version.artifacts).map(|binding| binding.id.as_str()).collect();
    let mut found: BTreeMap<(&str, u32), Vec<Binding>> = BTreeMap::new();
    for (provider, live, artifact) in input.live.unrecorded(&recorded) {
        let Some(identity) = &artifact.identity else { continue };
        let Some(flow) = view.flows.get(&identity.flow) else { continue };
        if flow.root != input.settings.root || flow.version(identity.version).is_none() {
            continue;
        }
        found.entry((flow.id.as_str(), identity.version)).or_default().push(Binding {
            kind: artifact.kind.clone(),
            provider: provider.to_owned(),
            id: artifact.id.clone(),
            hash: artifact.hash.clone(),
            location: live.location.clone(),
            tag: None,
        });
    }
    if found.is_empty() {
        return;
    }
    let decided = Decided::new(decisions);
    let mut discarded = Vec::new();
    for ((flow, number), mut artifacts) in found {
        let Some(flow) = view.flows.get(&FlowId(flow.to_owned())) else { continue };
        let Some(version) = flow.version(number) else { continue };
        let address = decided.group(flow).unwrap_or(&flow.address);
        if !decided.leaves(flow, version) || !(selection.takes_address(address)) {
            continue;
        }
        artifacts.retain(|artifact| !decided.places.contains(&artifact.id));
        if artifacts.is_empty() {
            continue;
        }
        artifacts.sort_by(|a, b| (&a.provider, &a.id).cmp(&(&b.provider, &b.id)));
        discarded.push((address.to_owned(), flow, version, artifacts));
    }
    for (address, flow, version, artifacts) in discarded {
        add(decisions, &address, flow, version, artifacts);
    }
}

/// What is decided about flows, by identity.
struct Decided {
    groups: HashMap<FlowId, String>,
    set: HashSet<(FlowId, u32)>,
    abandoned: HashSet<(FlowId, u32)>,
    archived: HashSet<FlowId>,
    /// Where scripts will be.
    places: HashSet<String>,
}

impl Decided {
    fn new(decisions: &[Decision]) -> Self {
        let mut result = Self {
            groups: HashMap::new(),
            set: HashSet::new(),
            abandoned: HashSet::new(),
            archived: HashSet::new(),
            places: HashSet::new(),
        };
        for decision in decisions {
            for operation in &decision.operations {
                result.places.extend(script_place(operation).map(str::to_owned));
                let flow = match operation {
                    Operation::SetVersion { flow: Some(flow), version, .. } => {
                        result.set.insert((flow.clone(), *version));
                        flow
                    }
                    Operation::Abandon { flow, version } => {
                        result.abandoned.insert((flow.clone(), *version));
                        flow
                    }
                    Operation::Archive { flow } => {
                        result.archived.insert(flow.clone());
                        flow
                    }
                    Operation::Move { flow, .. }
                    | Operation::Define { flow, .. }
                    | Operation::Pin { flow, .. }
                    | Operation::Unpin { flow }
                    | Operation::Forget { flow }
                    | Operation::Prune { flow, .. }
                    | Operation::Discard { flow, .. } => flow,
                    Operation::SetVersion { flow: None, .. }
                    | Operation::Adopt { .. }
                    | Operation::StoreTemplate { .. }
                    | Operation::RemoveTemplate { .. }
                    | Operation::PublishAgents { .. } => continue,
                };
                result.groups.entry(flow.clone()).or_insert_with(|| decision.group.clone());
            }
        }
        result
    }

    fn group(&self, flow: &FlowRecord) -> Option<&str> {
        self.groups.get(&flow.id).map(String::as_str)
    }

    /// Whether nothing will be bound to an artifact of the version that is not recorded.
    fn leaves(&self, flow: &FlowRecord, version: &VersionRecord) -> bool {
        let key = (flow.id.clone(), version.version);
        if self.set.contains(&key) {
            // It would be found by its identity, and taken.
            return false;
        }
        match version.state {
            VersionState::Abandoned | VersionState::Bound | VersionState::Pruned => true,
            // The apply that completes it takes what is there.
            VersionState::Reserved => {
                self.abandoned.contains(&key) || self.archived.contains(&flow.id) || flow.archived.is_some()
            }
        }
    }
}

fn add(
    decisions: &mut Vec<Decision>,
    address: &str,
    record: &FlowRecord,
    version: &VersionRecord,
    strays: Vec<Binding>,
) {
    let pruned = decisions.iter_mut().flat_map(|decision| &mut decision.operations).find_map(|operation| {
        match operation {
            Operation::Prune { flow, version: number, artifacts }
                if *flow == record.id && *number == version.version =>
            {
                Some(artifacts)
            }
            _ => None,
        }
    });
    match pruned {
        Some(artifacts) => artifacts.extend(strays),
        None => {
            let mut decision = prune(record, address, version, Vec::new(), Reason::LeftBehind);
            let (flow, version) = (record.id.clone(), version.version);
            decision.operations = vec![Operation::Discard { flow, version, artifacts: strays }];
            decisions.push(decision);
        }
    }
}
