//! The planner: everything that is desired, recorded and live goes in, a plan comes out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use flowform_provider_api::{ArtifactType, Binding};
use jiff::Timestamp;

use super::agents;
use super::artifacts::{KnownAgent, Rendering, known_agents};
use super::changes::{Context, decide};
use super::diff::value_side;
use super::guard;
use super::live::Live;
use super::model::{Action, Mode, OutputChange, Plan, Reason, Side};
use super::recorded::{Match, Recorded};
use super::retire;
use super::select::{Filters, Selection};
use super::steps::{Decision, assemble};
use super::{strays, templates};
use crate::config::Config;
use crate::config::model::NodeId;
use crate::desired::{DesiredOutput, Evaluation, Settings};
use crate::diag::{Diagnostic, Diagnostics};
use crate::graph::Graph;
use crate::registry::event::OutputRecord;

/// What the user asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Options {
    /// Normal, refresh only, destroy.
    pub mode: Mode,
    /// `--target`, `--exclude`, `--replace`.
    pub filters: Filters,
    /// Go on where live objects could not be read.
    pub allow_unreadable: bool,
    /// Allow an empty configuration, or the archival of more than a fifth of the flows.
    pub allow_mass_archive: bool,
}

/// Everything a plan is made from.
#[derive(Clone, Copy)]
pub struct PlanInput<'a> {
    /// The blocks.
    pub config: &'a Config,
    /// Their order.
    pub graph: &'a Graph,
    /// The `flowform` block.
    pub settings: &'a Settings,
    /// The configuration, evaluated with this record.
    pub evaluation: &'a Evaluation,
    /// The record.
    pub recorded: &'a Recorded<'a>,
    /// The live side.
    pub live: &'a Live,
    /// The objects that `import` blocks give to flows that are not recorded, by address.
    pub imports: &'a BTreeMap<String, Binding>,
    /// What was asked for.
    pub options: &'a Options,
    /// The time, for `keep_for`.
    pub now: Timestamp,
    /// The artifact kinds that there are.
    pub types: &'a dyn Fn(&str) -> Option<&'static dyn ArtifactType>,
}

/// Makes the plan. When `diags` has errors afterwards the plan must not be applied.
pub fn plan(input: PlanInput<'_>, diags: &mut Diagnostics) -> Plan {
    let mut addresses: Vec<String> = input.recorded.own().map(|flow| flow.address.clone()).collect();
    addresses.extend(input.recorded.own_templates().map(|record| record.address.clone()));
    addresses.sort();
    let flows = input.evaluation.flows.iter().map(|flow| (flow.node, flow.address.to_string()));
    let templates = input.evaluation.templates.iter();
    let templates = templates.map(|template| (template.node, template.address.to_string()));
    let declared: Vec<_> = flows.chain(templates).collect();
    let selection =
        Selection::new(&input.options.filters, &declared, &addresses, input.graph, input.options.mode, diags);
    if input.options.mode == Mode::Normal {
        // What is left out need not be in order.
        let failed = input.evaluation.conditions.failed.iter();
        let asked =
            failed.filter(|(address, _)| !address.starts_with("flow.") || selection.takes_address(address));
        diags.extend(asked.map(|(_, diagnostic)| diagnostic.clone()));
    }
    let agents = known_agents(&input.evaluation.agents, input.live, &input.settings.root);
    let mut notes = Vec::new();
    let (stored, stored_unchanged) = templates::decide(input, &selection, diags);
    let (mut decisions, mut unchanged) = match input.options.mode {
        Mode::Normal => normal(input, &selection, &agents, &mut notes, diags),
        Mode::Destroy => (retire::destroy(input, &selection, diags), 0),
        Mode::RefreshOnly => retire::refresh_only(input, &selection, diags),
    };
    decisions.extend(stored);
    unchanged += stored_unchanged;
    // Steps must come after those they wait for; the sort is stable.
    let place = places(input.graph);
    decisions.sort_by_key(|decision| {
        decision.node.and_then(|node| place.get(&node).copied()).unwrap_or(usize::MAX)
    });
    if input.options.mode != Mode::RefreshOnly {
        strays::discard(input, &selection, &mut decisions);
    }
    if input.options.mode != Mode::RefreshOnly && selection.takes_address("agent") {
        decisions.extend(agents::decide(input));
    }
    let outputs = match input.options.mode {
        Mode::Normal => output_changes(input, &selection, &input.evaluation.outputs),
        Mode::Destroy => output_changes(input, &selection, &[]),
        Mode::RefreshOnly => Vec::new(),
    };
    if selection.is_partial() {
        notes.push(
            "The plan is partial: --target or --exclude left flows out, so a plan without them may show more."
                .to_owned(),
        );
    }
    let checks = match input.options.mode {
        Mode::Normal | Mode::RefreshOnly => input.evaluation.checks.as_slice(),
        Mode::Destroy => &[],
    };
    diags.extend(checks.iter().flat_map(|check| check.found.iter().cloned()));
    if input.options.mode == Mode::Normal {
        notes.extend(input.evaluation.deferred.iter().map(|address| {
            format!("`{address}` is read during apply, because what it asks for is known only then.")
        }));
    }
    let (changes, steps) = assemble(decisions);
    Plan {
        mode: input.options.mode,
        registry: input.recorded.view.map(|view| view.registry.to_string()),
        project: input.settings.project.clone(),
        root: input.settings.root.clone(),
        seq: input.recorded.view.map_or(0, |view| view.seq),
        changes,
        unchanged,
        steps,
        outputs,
        checks: checks.iter().map(super::checks::outcome).collect(),
        notes,
        calls: input.live.calls,
    }
}

fn normal(
    input: PlanInput<'_>,
    selection: &Selection<'_>,
    agents: &[KnownAgent],
    notes: &mut Vec<String>,
    diags: &mut Diagnostics,
) -> (Vec<Decision>, usize) {
    let rendering = Rendering { project: &input.settings.project, agents, types: input.types };
    let context = Context { input, rendering, diags_allow: input.options.allow_unreadable };
    let declared: BTreeSet<String> =
        input.evaluation.flows.iter().map(|flow| flow.address.to_string()).collect();
    let is_declared = |address: &str| declared.contains(address);
    let mut decisions = Vec::new();
    let mut unchanged = 0;
    let mut kept: BTreeSet<&str> = BTreeSet::new();
    let place = places(input.graph);
    let mut flows: Vec<_> = input.evaluation.flows.iter().collect();
    // Steps must come after those they wait for; flows of one block keep their key order.
    flows.sort_by_key(|flow| place.get(&flow.node).copied());
    for flow in flows {
        let found = input.recorded.find(flow, &is_declared);
        if let Match::Same(record) | Match::Moved(record) | Match::Again(record) = found {
            kept.insert(record.id.as_str());
        }
        if !selection.takes(flow.node, &flow.address.to_string()) {
            continue;
        }
        guard::label_coverage(flow, agents, diags);
        guard::startable(flow, &input.settings.project, agents, diags);
        let made = decide(&context, flow, found, selection.replaces(flow), diags);
        if made
            .iter()
            .all(|decision| decision.change.reason == Reason::UpToDate && decision.operations.is_empty())
        {
            unchanged += 1;
        }
        decisions.extend(made.into_iter().filter(|decision| {
            decision.change.action != Action::NoOp
                || !decision.operations.is_empty()
                || !decision.change.notes.is_empty()
        }));
    }
    let ended = retire::not_declared(input, selection, &kept, diags);
    guard::mass_archive(input, &ended, diags);
    decisions.extend(ended);
    retire::unused_blocks(input, notes);
    (decisions, unchanged)
}

/// The place of each block in the order in which they are evaluated.
fn places(graph: &Graph) -> HashMap<NodeId, usize> {
    graph.order.iter().enumerate().map(|(at, id)| (*id, at)).collect()
}

fn output_changes(
    input: PlanInput<'_>,
    selection: &Selection<'_>,
    desired: &[DesiredOutput],
) -> Vec<OutputChange> {
    if selection.is_partial() {
        return Vec::new();
    }
    let empty = BTreeMap::new();
    let recorded =
        input.recorded.view.and_then(|view| view.outputs.get(&input.settings.root)).unwrap_or(&empty);
    let desired: BTreeMap<&str, &DesiredOutput> =
        desired.iter().map(|output| (output.name.as_str(), output)).collect();
    let names: BTreeSet<&str> = desired.keys().copied().chain(recorded.keys().map(String::as_str)).collect();
    let mut changes = Vec::new();
    for name in names {
        let before = recorded.get(name).map_or(Side::Absent, recorded_side);
        let after = desired.get(name).map_or(Side::Absent, |output| match output.sensitive {
            true => Side::Sensitive,
            false => value_side(Some(&output.value)),
        });
        if before != after {
            changes.push(OutputChange { name: name.to_owned(), before, after });
        }
    }
    changes
}

fn recorded_side(output: &OutputRecord) -> Side {
    match (&output.value, output.sensitive) {
        (_, true) => Side::Sensitive,
        (value, false) => Side::Value(value.clone().unwrap_or(serde_json::Value::Null)),
    }
}

/// A version number that the configuration names and the record does not have.
pub(super) fn no_such_version(address: &str, version: u32, span: crate::source::Span) -> Diagnostic {
    Diagnostic::error(
        "Unknown version",
        format!("`{address}` is to be held at version {version}, and the registry has no such version."),
    )
    .at(span)
    .address(address)
    .help("list the versions with `flowform versions`, or remove `version`")
}

/// Definitions that the planner will need and the view may not hold: those that `version` arguments and pins name, and
/// published ones that are not the latest.
pub fn needed_definitions(
    evaluation: &Evaluation,
    recorded: &Recorded<'_>,
) -> Vec<(flowform_provider_api::FlowId, u32)> {
    let mut needed = Vec::new();
    for flow in &evaluation.flows {
        let Some(version) = flow.version else { continue };
        let record = recorded.at(&flow.address.to_string()).or_else(|| recorded.named(&flow.name));
        if let Some(record) = record {
            needed.push((record.id.clone(), version));
        }
    }
    let pins = recorded.own().filter_map(|record| Some((record.id.clone(), record.pin.as_ref()?.version)));
    needed.extend(pins);
    // A flow that was held goes on from the version that is published, not from its latest.
    let behind = recorded.own().filter_map(|record| {
        let published = record.published?;
        let latest = record.latest().map(|latest| latest.version);
        (latest != Some(published)).then(|| (record.id.clone(), published))
    });
    needed.extend(behind);
    needed
}

/// JSON of a raw definition; a record that does not parse is damaged and told as such elsewhere.
pub(super) fn parse(json: &serde_json::value::RawValue) -> Option<serde_json::Value> {
    serde_json::from_str(json.get()).ok()
}

/// A boxed copy of shared raw JSON, as events hold it.
pub(super) fn boxed(json: &Arc<serde_json::value::RawValue>) -> Box<serde_json::value::RawValue> {
    serde_json::value::RawValue::to_owned(json)
}
