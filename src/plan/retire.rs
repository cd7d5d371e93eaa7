//! What ends: flows that are not declared any more, `destroy`, and what a refresh finds gone.

use std::collections::{BTreeMap, BTreeSet};

use super::changes::prune;
use super::guard;
use super::live::{Live, Standing};
use super::model::{Action, Change, Operation, Reason, Subject};
use super::planner::PlanInput;
use super::prune::{of_archived, unused};
use super::select::Selection;
use super::steps::Decision;
use crate::address::{inside, natural_order};
use crate::config::model::{NodeKind, Removed};
use crate::desired::DesiredFlow;
use crate::diag::Diagnostics;
use crate::registry::view::{FlowRecord, VersionState};
use crate::source::Span;

/// Recorded flows of this root that `kept` (ids) does not name: archived with their artifacts, or forgotten where a
/// `removed` block says so; and archived flows some of whose artifacts remain.
pub(super) fn not_declared(
    input: PlanInput<'_>,
    selection: &Selection<'_>,
    kept: &BTreeSet<&str>,
    diags: &mut Diagnostics,
) -> Vec<Decision> {
    let mut decisions = Vec::new();
    for record in sorted(input.recorded.own().filter(|record| !kept.contains(record.id.as_str()))) {
        if !selection.takes_address(&record.address) {
            continue;
        }
        let removed = input.config.removed.iter().find(|removed| names(removed, &record.address));
        if let Some(span) = protecting_block(input, &record.address) {
            diags.push(guard::prevented_instance(&record.address, span));
        }
        match removed {
            Some(removed) if !removed.destroy => decisions.push(forget(record)),
            Some(_) => decisions.extend(archive(record, Reason::Removed, input.live)),
            None => decisions.extend(archive(record, Reason::NotDeclared, input.live)),
        }
    }
    decisions.extend(remains(input, selection, kept));
    decisions
}

/// The `prevent_destroy = true` of the block that an undeclared instance belonged to, while the block is declared.
pub(super) fn protecting_block(input: PlanInput<'_>, address: &str) -> Option<Span> {
    let id = input.config.block_at(address)?;
    let NodeKind::Resource(resource) = &input.config.node(id).kind else { return None };
    let expr = resource.lifecycle.prevent_destroy.as_ref()?;
    let templates =
        input.evaluation.templates.iter().map(|template| (template.node, template.prevent_destroy));
    let flows = input.evaluation.flows.iter().map(|flow| (flow.node, flow.prevent_destroy));
    let of_another = flows.chain(templates).any(|(node, prevents)| node == id && prevents);
    (resource.lifecycle.prevents_literally() || of_another).then_some(expr.span)
}

/// Artifacts that an interrupted apply left of archived flows.
fn remains(input: PlanInput<'_>, selection: &Selection<'_>, kept: &BTreeSet<&str>) -> Vec<Decision> {
    let flows = input.recorded.view.into_iter().flat_map(|view| view.flows.values());
    let archived = flows.filter(|flow| flow.archived.is_some() && flow.root == input.settings.root);
    let archived =
        archived.filter(|flow| !kept.contains(flow.id.as_str()) && selection.takes_address(&flow.address));
    sorted(archived).into_iter().flat_map(|record| prunes(record, input.live)).collect()
}

/// `destroy`: everything that this root declares.
pub(super) fn destroy(
    input: PlanInput<'_>,
    selection: &Selection<'_>,
    diags: &mut Diagnostics,
) -> Vec<Decision> {
    let protected: BTreeMap<String, &DesiredFlow> = input
        .evaluation
        .flows
        .iter()
        .filter(|flow| flow.prevent_destroy)
        .map(|flow| (flow.address.to_string(), flow))
        .collect();
    let declared: BTreeMap<String, &DesiredFlow> =
        input.evaluation.flows.iter().map(|flow| (flow.address.to_string(), flow)).collect();
    let mut decisions = Vec::new();
    for record in sorted(input.recorded.own()) {
        let taken = match declared.get(&record.address) {
            Some(flow) => selection.takes(flow.node, &record.address),
            None => selection.takes_address(&record.address),
        };
        if !taken {
            continue;
        }
        if let Some(flow) = protected.get(&record.address) {
            diags.push(guard::prevented(flow));
        }
        decisions.extend(archive(record, Reason::Destroyed, input.live));
    }
    decisions.extend(remains(input, selection, &BTreeSet::new()));
    decisions
}

/// `--refresh-only`: the record is put right where artifacts are gone; the configuration is not looked at.
pub(super) fn refresh_only(
    input: PlanInput<'_>,
    selection: &Selection<'_>,
    diags: &mut Diagnostics,
) -> (Vec<Decision>, usize) {
    let mut decisions = Vec::new();
    let mut unchanged = 0;
    for record in sorted(input.recorded.own()) {
        if !selection.takes_address(&record.address) {
            continue;
        }
        let mut differs = false;
        for version in record.versions.iter().filter(|version| version.state == VersionState::Bound) {
            let (mut gone, mut notes) = (0, Vec::new());
            for artifact in &version.artifacts {
                match input.live.standing(artifact) {
                    Standing::Intact => {}
                    Standing::Missing => gone += 1,
                    Standing::Altered => notes.push(format!("{} was altered by somebody else", artifact.id)),
                    Standing::Unreadable(reason) => {
                        notes.push(format!("{} was not checked: {reason}", artifact.id));
                    }
                    Standing::Elsewhere(here) => {
                        notes.push(format!(
                            "{} is in {}, and the credentials lead to {here}",
                            artifact.id, artifact.location
                        ));
                    }
                }
            }
            let unreadable = notes.iter().any(|note| note.contains("was not checked"));
            if unreadable && !input.options.allow_unreadable {
                diags.push(crate::diag::Diagnostic::error(
                    "Live object not checked",
                    format!("What is live for `{}` could not be read: {}.", record.address, notes.join("; ")),
                ).help("give the credentials the right to read it, or go on without it with `--allow-unreadable`"));
            }
            if gone > 0 && record.published == Some(version.version) {
                // What is published stays recorded as it is: the next plan sees what is gone and makes it again.
                differs = true;
                let mut decision =
                    prune(record, &record.address, version, Vec::new(), Reason::ArtifactMissing);
                decision.change.action = Action::NoOp;
                decision.change.notes.push("the next apply makes it again".to_owned());
                decision.change.notes.extend(notes);
                decision.operations.clear();
                decisions.push(decision);
            } else if gone > 0 {
                differs = true;
                let mut decision =
                    prune(record, &record.address, version, Vec::new(), Reason::ArtifactMissing);
                decision.change.notes.push("the object is gone; the record is put right, and the next apply makes it again if it is wanted".to_owned());
                decisions.push(decision);
            } else if !notes.is_empty() {
                differs = true;
                let mut decision =
                    prune(record, &record.address, version, Vec::new(), Reason::ArtifactAltered);
                decision.change.action = Action::NoOp;
                decision.change.notes = notes;
                decision.operations.clear();
                decisions.push(decision);
            }
        }
        if !differs {
            unchanged += 1;
        }
    }
    (decisions, unchanged)
}

/// `removed` blocks whose flow is gone have done their work, and so have `moved` blocks whose flow has its new
/// address.
pub(super) fn unused_blocks(input: PlanInput<'_>, notes: &mut Vec<String>) {
    let flows = input.recorded.own().map(|record| record.address.as_str());
    let templates = input.recorded.own_templates().map(|record| record.address.as_str());
    let recorded: BTreeSet<&str> = flows.chain(templates).collect();
    for removed in &input.config.removed {
        if !recorded.iter().any(|address| names(removed, address)) {
            notes.push(format!(
                "The `removed` block for `{}` has done its work and can be deleted.",
                removed.from
            ));
        }
    }
}

fn archive(record: &FlowRecord, reason: Reason, live: &Live) -> Vec<Decision> {
    let from = record.wanted().map(|version| version.version);
    let change = ended(record, Action::Archive, reason, from);
    let unfinished = record.versions.iter().filter(|version| version.state == VersionState::Reserved);
    let mut operations: Vec<Operation> = unfinished
        .map(|version| Operation::Abandon { flow: record.id.clone(), version: version.version })
        .collect();
    operations.push(Operation::Archive { flow: record.id.clone() });
    let mut decisions = vec![Decision::new(change, operations)];
    let (_, notes) = unused(of_archived(record), live);
    if let Some(archival) = decisions.first_mut() {
        archival.change.notes.extend(notes);
    }
    decisions.extend(prunes(record, live));
    decisions
}

fn prunes(record: &FlowRecord, live: &Live) -> Vec<Decision> {
    // What a Job still runs from is pruned by a later apply.
    let (versions, _) = unused(of_archived(record), live);
    versions
        .into_iter()
        .map(|(version, artifacts)| {
            prune(record, &record.address, version, artifacts, Reason::OfArchivedFlow)
        })
        .collect()
}

fn forget(record: &FlowRecord) -> Decision {
    let from = record.wanted().map(|version| version.version);
    let mut change = ended(record, Action::Forget, Reason::Removed, from);
    change.notes.push("its artifacts stay as they are".to_owned());
    Decision::new(change, vec![Operation::Forget { flow: record.id.clone() }])
}

fn ended(record: &FlowRecord, action: Action, reason: Reason, from: Option<u32>) -> Change {
    Change {
        address: record.address.clone(),
        subject: Subject::Flow,
        action,
        reason,
        name: Some(record.name.clone()),
        moved_from: None,
        from_version: from,
        to_version: None,
        differences: Vec::new(),
        notes: Vec::new(),
    }
}

fn sorted<'a>(records: impl Iterator<Item = &'a FlowRecord>) -> Vec<&'a FlowRecord> {
    let mut records: Vec<_> = records.collect();
    records.sort_by(|a, b| natural_order(&a.address, &b.address).then_with(|| a.id.cmp(&b.id)));
    records
}

/// Whether a `removed` block names a recorded address: itself, all instances of the block, or everything in a module.
pub(super) fn names(removed: &Removed, address: &str) -> bool {
    let inside = inside(&removed.module, address).map(|(_, inside)| inside);
    let rest = inside.and_then(|inside| inside.strip_prefix(&*removed.from));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']))
}
