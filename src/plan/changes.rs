//! One declared flow: what happens to it, why, and what that takes.

use flowform_provider_api::{Binding, Digest};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::adopt;
use super::artifacts::{Rendering, kept_elsewhere, planned, remarks, script_place, uploads};
use super::diff::{all_of, differences};
use super::effective::{effective, is_of_template, not_read, takes_from_latest};
use super::guard;
use super::live::Standing;
use super::model::{Action, Change, Operation, Planned, PlannedArtifact, Reason, Subject};
use super::pin::{Hold, hold, unpinned};
use super::planner::{PlanInput, no_such_version, parse};
use super::prune::{Retention, prunable, reused, unused};
use super::recorded::Match;
use super::steps::Decision;
use crate::address::PathStep;
use crate::desired::{DesiredFlow, KnownDefinition};
use crate::diag::Diagnostics;
use crate::registry::view::{FlowRecord, VersionRecord, VersionState};

/// What all decisions share.
pub(super) struct Context<'a> {
    pub(super) input: PlanInput<'a>,
    pub(super) rendering: Rendering<'a>,
    pub(super) diags_allow: bool,
}

/// Decides on one flow: its own change first, then the prunes that follow from it.
pub(super) fn decide(
    context: &Context<'_>,
    flow: &DesiredFlow,
    found: Match<'_>,
    replace: bool,
    diags: &mut Diagnostics,
) -> Vec<Decision> {
    let record = match found {
        Match::Foreign(record) => {
            diags.push(guard::foreign(flow, record));
            return Vec::new();
        }
        Match::New if context.input.imports.contains_key(&flow.address.to_string()) => {
            return adopt::import(context, flow);
        }
        Match::New if not_read(flow, &flow.definition).is_some() => {
            let mut change = change(flow, Action::NoOp, Reason::Unreadable, None, None);
            change.notes.extend(not_read(flow, &flow.definition));
            if !context.diags_allow {
                diags.push(guard::unreadable(flow, &change.notes));
            }
            return vec![decision(context, flow, change, Vec::new())];
        }
        Match::New => {
            let mut change = change(flow, Action::Create, Reason::NotRecorded, None, Some(1));
            change.differences = all_of(&flow.definition);
            change.notes.extend(remarks(flow));
            let operations = vec![set_version(context, flow, None, 1, false, &flow.known)];
            change.notes.extend(operations.iter().flat_map(uploads));
            guard::refused(context.rendering, flow, &operations, diags);
            return vec![decision(context, flow, change, operations)];
        }
        Match::Same(record) | Match::Moved(record) | Match::Again(record) => record,
    };
    if let Some(diagnostic) = guard::location(flow, record, context.input.live) {
        diags.push(diagnostic);
        return Vec::new();
    }
    let again = matches!(found, Match::Again(_));
    if let (true, Some(version)) = (again, flow.version) {
        diags.push(guard::held_and_archived(flow, version));
        return Vec::new();
    }
    let made = match hold(context.input.recorded, flow, record) {
        Hold::None => versioned(context, flow, record, again, replace),
        Hold::Configuration(version) => match held(context, flow, record, version, replace) {
            Some(made) => ahead(made, flow, version, "the configuration", digest_of(record, version)),
            None => {
                diags.push(no_such_version(&flow.address.to_string(), version, flow.span));
                return Vec::new();
            }
        },
        Hold::Rollback(version) => match held(context, flow, record, version, replace) {
            Some(made) => ahead(made, flow, version, "a rollback", digest_of(record, version)),
            None => {
                let mut change = change(flow, Action::NoOp, Reason::Unreadable, Some(version), Some(version));
                change.notes.push(format!("the definition of the pinned version {version} is not recorded"));
                (change, Vec::new())
            }
        },
        Hold::Ended(version) => unpinned(versioned(context, flow, record, again, replace), record, version),
    };
    let (mut change, mut operations) = made;
    guard::refused(context.rendering, flow, &operations, diags);
    if change.reason == Reason::Unreadable && !context.diags_allow {
        diags.push(guard::unreadable(flow, &change.notes));
    }
    let bound = record.wanted().into_iter().flat_map(|version| &version.artifacts);
    change.notes.extend(bound.flat_map(|binding| context.input.live.notes(binding)).cloned());
    if matches!(change.action, Action::Create | Action::Update) {
        change.notes.extend(remarks(flow));
    }
    change.notes.extend(operations.iter().flat_map(uploads));
    move_first(flow, record, found, &mut change, &mut operations);
    let current = change.to_version.or(change.from_version).unwrap_or(1);
    let retention = Retention { versions: flow.keep_versions, seconds: flow.keep_for };
    let superseded = prunable(record, current, &reused(&operations), retention, context.input.now);
    let places: Vec<&str> = operations.iter().filter_map(script_place).collect();
    let mut superseded = superseded;
    superseded.iter_mut().for_each(|(_, artifacts)| artifacts.retain(|it| !places.contains(&&*it.id)));
    let (superseded, busy) = unused(superseded, context.input.live);
    change.notes.extend(busy);
    let prunes: Vec<Decision> = superseded
        .into_iter()
        .map(|(version, artifacts)| {
            prune(record, &flow.address.to_string(), version, artifacts, Reason::Superseded)
        })
        .collect();
    let mut decisions = vec![decision(context, flow, change, operations)];
    decisions.extend(prunes);
    decisions
}

fn digest_of(record: &FlowRecord, version: u32) -> Option<&Digest> {
    record.version(version).and_then(|version| version.digest.as_ref())
}

pub(super) type Made = (Change, Vec<Operation>);

/// The ordinary case: the latest version against the configuration.
fn versioned(
    context: &Context<'_>,
    flow: &DesiredFlow,
    record: &FlowRecord,
    again: bool,
    replace: bool,
) -> Made {
    let latest = record.latest();
    let raw = latest.and_then(|latest| context.input.recorded.definition(record, latest));
    // Most flows are told to be unchanged by their digest alone.
    let ignored_from = raw.filter(|_| takes_from_latest(flow)).and_then(parse);
    let (definition, known) = effective(flow, ignored_from.as_ref());
    if let Some(why) = not_read(flow, &definition) {
        let version = record.published;
        let mut change = change(flow, Action::NoOp, Reason::Unreadable, version, version);
        change.notes.push(why);
        return (change, Vec::new());
    }
    let digest = known.as_ref().map(|known| &known.digest);
    let current = record.published;
    match latest {
        // A flow that was archived goes on with a new version, even with its old definition.
        Some(latest) if !again && latest.digest.is_some() && latest.digest.as_ref() == digest => {
            same_version(context, flow, record, latest, known.as_ref(), replace)
        }
        Some(latest) if !again && latest.digest.is_none() && latest.state == VersionState::Bound => {
            adopt::adopted(context, flow, record, latest, &definition, known.as_ref())
        }
        latest => {
            let next = record.next_version();
            let mut operations = Vec::new();
            if let Some(latest) = latest
                && latest.state == VersionState::Reserved
            {
                operations.push(Operation::Abandon { flow: record.id.clone(), version: latest.version });
            }
            operations.push(set_version(context, flow, Some(record), next, false, &known));
            let reason = if again { Reason::DeclaredAgain } else { Reason::DefinitionChanged };
            let action = if again || latest.is_none() { Action::Create } else { Action::Update };
            let from =
                current.or(latest.filter(|l| again || l.state == VersionState::Bound).map(|l| l.version));
            let mut change = change(flow, action, reason, from, Some(next));
            if let Some(latest) = latest.filter(|latest| latest.state == VersionState::Reserved) {
                change.notes.push(format!(
                    "version {} was reserved and not completed; it is given up",
                    latest.version
                ));
            }
            // A flow that was held goes on from the version at which it was held.
            let left = current
                .filter(|version| latest.is_some_and(|latest| latest.version != *version))
                .and_then(|version| context.input.recorded.definition(record, record.version(version)?))
                .and_then(parse);
            change.differences = match left.or(ignored_from).or_else(|| raw.and_then(parse)) {
                Some(before) if !again => differences(&before, &definition),
                _ => all_of(&definition),
            };
            let of_agent =
                |path: &[PathStep]| path.first() == Some(&PathStep::Key("agent_defaults".to_owned()));
            if change.reason == Reason::DefinitionChanged
                && change.differences.iter().all(|found| of_agent(&found.path))
            {
                change.reason = Reason::AgentDefaultChanged;
            }
            if change.reason == Reason::DefinitionChanged && is_of_template(flow, &change.differences) {
                change.reason = Reason::TemplateChanged;
            }
            (change, operations)
        }
    }
}

/// The configured definition is that of `version`: complete, repair or leave it.
fn same_version(
    context: &Context<'_>,
    flow: &DesiredFlow,
    record: &FlowRecord,
    version: &VersionRecord,
    known: Option<&KnownDefinition>,
    replace: bool,
) -> Made {
    let number = version.version;
    let again_operation = || set_version(context, flow, Some(record), number, true, &known.cloned());
    let simple = |action, reason| change(flow, action, reason, Some(number), Some(number));
    if version.state == VersionState::Reserved {
        let action = if number == 1 { Action::Create } else { Action::Update };
        let mut change = change(flow, action, Reason::Interrupted, record.published, Some(number));
        change.notes.push(format!("version {number} was reserved and not completed"));
        return (change, vec![again_operation()]);
    }
    if replace {
        return (simple(Action::Replace, Reason::Requested), vec![remake(again_operation())]);
    }
    let mut unreadable = Vec::new();
    for artifact in &version.artifacts {
        match context.input.live.standing(artifact) {
            Standing::Intact => {}
            Standing::Missing => {
                let mut change = simple(Action::Replace, Reason::ArtifactMissing);
                change.notes.push(format!("{} is gone", artifact.id));
                if let Some(found) = context.input.live.substitute(artifact) {
                    change.notes.push(format!(
                        "{} of somebody else equals it: it takes its place and gets flowform's tags, and nothing is \
                         registered",
                        found.id
                    ));
                }
                return (change, vec![again_operation()]);
            }
            Standing::Altered => {
                let mut change = simple(Action::Replace, Reason::ArtifactAltered);
                change.notes.push(format!("{} was altered by somebody else", artifact.id));
                return (change, vec![again_operation()]);
            }
            Standing::Unreadable(reason) => {
                unreadable.push(format!("{} was not checked: {reason}", artifact.id));
            }
            // `guard::location` has refused the flow before.
            Standing::Elsewhere(_) => {}
        }
    }
    if !unreadable.is_empty() {
        let mut change = simple(Action::NoOp, Reason::Unreadable);
        change.notes = unreadable;
        return (change, Vec::new());
    }
    if version.state == VersionState::Pruned && !version.artifacts.is_empty() {
        return (simple(Action::Replace, Reason::ArtifactMissing), vec![again_operation()]);
    }
    let renamed = record.name != flow.name;
    if renamed || record.published != Some(number) || version.state == VersionState::Pruned {
        let reason = if renamed { Reason::Moved } else { Reason::NotPublished };
        return (simple(Action::Update, reason), vec![again_operation()]);
    }
    if let Some((from, to)) = kept_elsewhere(flow, version) {
        let mut change = simple(Action::Replace, Reason::ProviderChanged);
        change.notes.push(format!("the artifact goes from the provider `{from}` to `{to}`"));
        return (change, vec![again_operation()]);
    }
    match newly_taken(context, flow, record, version, known) {
        Some(made) => made,
        None => (simple(Action::NoOp, Reason::UpToDate), Vec::new()),
    }
}

/// A universal flow that had no artifact gets one when an agent that can take it is declared.
fn newly_taken(
    context: &Context<'_>,
    flow: &DesiredFlow,
    record: &FlowRecord,
    version: &VersionRecord,
    known: Option<&KnownDefinition>,
) -> Option<Made> {
    if flow.kind != crate::flow::kind::RunConfigKind::Universal {
        return None;
    }
    let planned = artifacts(context, flow, Some(record), known?);
    let has =
        |wanted: &PlannedArtifact| version.artifacts.iter().any(|bound| bound.kind == wanted.artifact.kind);
    if planned.iter().all(has) {
        return None;
    }
    let number = version.version;
    let mut change = change(flow, Action::Replace, Reason::AgentDeclared, Some(number), Some(number));
    change.notes.push(
        "an agent that can take it is declared now, so its artifact is made ahead of its runs".to_owned(),
    );
    Some((change, vec![set_version(context, flow, Some(record), number, true, &known.cloned())]))
}

/// The flow is held at a version: that one is kept alive and published, whatever the configuration says. `None` when
/// there is no such version, or its definition is not known.
fn held(
    context: &Context<'_>,
    flow: &DesiredFlow,
    record: &FlowRecord,
    number: u32,
    replace: bool,
) -> Option<Made> {
    let version = record.version(number).filter(|version| version.state != VersionState::Abandoned)?;
    let json = context.input.recorded.definition(record, version)?.to_owned().into();
    let known = KnownDefinition { json, digest: version.digest.clone()? };
    let (mut change, operations) = same_version(context, flow, record, version, Some(&known), replace);
    if change.action == Action::Update && change.reason == Reason::NotPublished {
        change.reason = Reason::Pinned;
        change.from_version = record.published;
    }
    Some((change, operations))
}

/// Says so when the configuration has another definition than the version at which the flow is held.
fn ahead(
    (mut change, operations): Made,
    flow: &DesiredFlow,
    version: u32,
    by: &str,
    digest: Option<&Digest>,
) -> Made {
    let configured = flow.known.as_ref().map(|known| &known.digest);
    if configured != digest {
        change.notes.push(format!("pinned at v{version} by {by}, configuration is ahead"));
        if change.action == Action::NoOp && change.reason == Reason::UpToDate {
            change.reason = Reason::Pinned;
        }
    }
    (change, operations)
}

/// A flow that is found under another address or name gets the new ones first.
fn move_first(
    flow: &DesiredFlow,
    record: &FlowRecord,
    found: Match<'_>,
    change: &mut Change,
    operations: &mut Vec<Operation>,
) {
    let address = flow.address.to_string();
    let renamed = record.name != flow.name;
    if matches!(found, Match::Again(_)) && !renamed && record.address == address {
        return;
    }
    if !renamed && record.address == address {
        return;
    }
    if record.address != address {
        change.moved_from = Some(record.address.clone());
    }
    if renamed {
        change.notes.push(format!("renamed from `{}` to `{}`", record.name, flow.name));
    }
    if change.action == Action::NoOp && change.reason == Reason::UpToDate {
        change.reason = Reason::Moved;
    }
    operations.insert(0, Operation::Move { flow: record.id.clone(), name: flow.name.clone(), address });
}

pub(super) fn change(
    flow: &DesiredFlow,
    action: Action,
    reason: Reason,
    from: Option<u32>,
    to: Option<u32>,
) -> Change {
    Change {
        address: flow.address.to_string(),
        subject: Subject::Flow,
        action,
        reason,
        name: Some(flow.name.clone()),
        moved_from: None,
        from_version: from,
        to_version: to,
        differences: Vec::new(),
        notes: Vec::new(),
    }
}

pub(super) fn decision(
    context: &Context<'_>,
    flow: &DesiredFlow,
    change: Change,
    operations: Vec<Operation>,
) -> Decision {
    let before = context.input.graph.made_before.get(flow.node.0 as usize);
    let after = before.into_iter().flat_map(|nodes| nodes.iter().copied()).collect();
    Decision { node: Some(flow.node), after, ..Decision::new(change, operations) }
}

/// The removal of a superseded version's artifacts.
pub(super) fn prune(
    record: &FlowRecord,
    address: &str,
    version: &VersionRecord,
    artifacts: Vec<Binding>,
    reason: Reason,
) -> Decision {
    let number = version.version;
    let change = Change {
        address: format!("{address} v{number}"),
        subject: Subject::FlowVersion,
        action: Action::Prune,
        reason,
        name: Some(record.name.clone()),
        moved_from: None,
        from_version: Some(number),
        to_version: None,
        differences: Vec::new(),
        notes: Vec::new(),
    };
    let operation = Operation::Prune { flow: record.id.clone(), version: number, artifacts };
    Decision { last: true, group: address.to_owned(), ..Decision::new(change, vec![operation]) }
}

/// The artifacts that a known definition needs.
pub(super) fn artifacts(
    context: &Context<'_>,
    flow: &DesiredFlow,
    record: Option<&FlowRecord>,
    known: &KnownDefinition,
) -> Vec<PlannedArtifact> {
    let Some(definition) = parse(&known.json) else { return Vec::new() };
    planned_for(context, flow, record, &definition)
}

fn planned_for(
    context: &Context<'_>,
    flow: &DesiredFlow,
    record: Option<&FlowRecord>,
    definition: &Json,
) -> Vec<PlannedArtifact> {
    planned(context.rendering, &flow.name, &flow.providers, definition, (record, context.input.live))
}

/// The operation that makes `version` the flow's current one.
pub(super) fn set_version(
    context: &Context<'_>,
    flow: &DesiredFlow,
    record: Option<&FlowRecord>,
    version: u32,
    reserved: bool,
    known: &Option<KnownDefinition>,
) -> Operation {
    let planned = match known {
        Some(known) => Planned::Known {
            digest: known.digest.clone(),
            definition: RawValue::to_owned(&known.json),
            artifacts: artifacts(context, flow, record, known),
        },
        None => Planned::AfterApply,
    };
    Operation::SetVersion {
        flow: record.map(|record| record.id.clone()),
        name: flow.name.clone(),
        address: flow.address.to_string(),
        version,
        reserved,
        planned,
    }
}

/// The same operation with every artifact made again.
fn remake(operation: Operation) -> Operation {
    match operation {
        Operation::SetVersion {
            flow,
            name,
            address,
            version,
            reserved,
            planned: Planned::Known { digest, definition, mut artifacts },
        } => {
            artifacts.iter_mut().for_each(|artifact| artifact.existing = None);
            let planned = Planned::Known { digest, definition, artifacts };
            Operation::SetVersion { flow, name, address, version, reserved, planned }
        }
        other => other,
    }
}
