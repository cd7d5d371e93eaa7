//! What was not known at plan time: evaluated again as flows are done, and held against the plan.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::future::Future;
use std::pin::Pin;

use flowform_provider_api::{Binding, Digest};

use super::data::read_wanted;
use super::planning::Planning;
use super::workspace::Workspace;
use crate::apply::event::NotDone;
use crate::apply::executor::{Later, Resolved};
use crate::apply::step::Completed;
use crate::config::model::{NodeId, NodeKind};
use crate::desired::{CheckResult, Finalizer, FlowAttributes, FrameId, OpenCondition, Outcomes, When};
use crate::diag::{Diagnostics, Severity};
use crate::plan::artifacts::{KnownAgent, Rendering, planned};
use crate::plan::model::{CheckOutcome, Operation, Plan, Planned as PlannedDefinition};
use crate::plan::outcomes::{Settled, settled};
use crate::plan::recorded::{Match, Recorded};
use crate::providers;
use crate::registry::event::OutputRecord;
use crate::registry::view::VersionState;
use crate::value::{Kind, Value, to_json};

/// The second evaluation of an apply.
pub(super) struct Finishing<'a> {
    workspace: &'a Workspace,
    planning: &'a Planning,
    recorded: &'a Recorded<'a>,
    agents: &'a [KnownAgent],
    removed: HashSet<(&'a str, &'a str)>,
    /// Conditions that are not judged yet, by the address of their block.
    open: BTreeMap<&'a str, Vec<&'a OpenCondition>>,
    /// Outputs of modules with conditions, and what was wrong with those that are judged.
    outputs: BTreeMap<&'a str, Option<Result<(), String>>>,
    finalizer: Finalizer<'a>,
}

impl<'a> Finishing<'a> {
    /// Starts from the plan's evaluation.
    pub(super) fn new(
        workspace: &'a Workspace,
        planning: &'a Planning,
        recorded: &'a Recorded<'a>,
        agents: &'a [KnownAgent],
        outcomes: &'a dyn Outcomes,
    ) -> Self {
        let finalizer = Finalizer::new(workspace.inputs_of_apply(), &planning.evaluation, outcomes);
        let mut open: BTreeMap<&str, Vec<&OpenCondition>> = BTreeMap::new();
        let mut outputs: BTreeMap<&str, _> = BTreeMap::new();
        for condition in &planning.evaluation.conditions.open {
            open.entry(&condition.address).or_default().push(condition);
            if matches!(workspace.config.node(condition.node).kind, NodeKind::Output(_)) {
                outputs.insert(&condition.address, None);
            }
        }
        let removed = removed(&planning.plan);
        Self { workspace, planning, recorded, agents, removed, open, outputs, finalizer }
    }

    /// Judges the outputs of modules that a flow takes in: one that does not hold keeps the flow back.
    fn judge_outputs(&mut self, address: &str) -> Result<(), String> {
        if self.outputs.is_empty() {
            return Ok(());
        }
        for output in self.finalizer.outputs_before(address) {
            let judged = match self.outputs.get(output.as_str()) {
                None => continue,
                Some(Some(judged)) => judged.clone(),
                Some(None) => self.judge(&output, When::Before).map_err(|why| format!("{output}: {why}")),
            };
            if let Some(kept) = self.outputs.get_mut(output.as_str()) {
                *kept = Some(judged.clone());
            }
            judged?;
        }
        Ok(())
    }

    /// Judges the open conditions of a block that are asked at that time.
    fn judge(&mut self, address: &str, when: When) -> Result<(), String> {
        let Some(open) = self.open.get_mut(address) else { return Ok(()) };
        let (now, then) = std::mem::take(open).into_iter().partition(|condition| condition.when == when);
        *open = then;
        let now: Vec<&OpenCondition> = now;
        for condition in now {
            let diags = self.finalizer.judge(condition);
            if let Some(failed) = diags.iter().find(|found| found.severity == Severity::Error) {
                return Err(format!("{}: {}", failed.summary, failed.detail));
            }
        }
        Ok(())
    }

    /// Makes everything that a block refers to final, reading what it asks for.
    async fn settle(&mut self, frame: FrameId, node: NodeId) {
        loop {
            self.finalizer.prepare(frame, node);
            if !read_wanted(self.workspace).await {
                return;
            }
        }
    }

    /// Reads what outputs, checks and conditions that are still open ask for.
    pub(super) async fn prepare_rest(&mut self) {
        let evaluation = &self.planning.evaluation;
        let outputs = evaluation.outputs.iter().map(|output| (FrameId::default(), output.node));
        let checks = evaluation.checks.iter().map(|check| (check.frame, check.node));
        let open = evaluation.conditions.open.iter().map(|condition| (condition.frame, condition.node));
        for (frame, node) in outputs.chain(checks).chain(open).collect::<BTreeSet<_>>() {
            self.settle(frame, node).await;
        }
    }

    /// What the checks come to with final values.
    pub(super) fn checks(&mut self) -> Vec<CheckOutcome> {
        let planned = &self.planning.evaluation.checks;
        let results: Vec<CheckResult> = planned.iter().map(|check| self.finalizer.check(check)).collect();
        results.iter().map(crate::plan::checks::outcome).collect()
    }

    /// Judges what is still open once everything is done: conditions of what needed no step.
    pub(super) fn judge_rest(&mut self) -> Vec<NotDone> {
        let addresses: Vec<&str> = self.open.keys().copied().collect();
        let mut failed = Vec::new();
        for address in addresses {
            let judged = self.judge(address, When::Before).and_then(|()| self.judge(address, When::After));
            if let Err(why) = judged {
                failed.push(NotDone { address: address.to_owned(), why });
            }
        }
        failed
    }

    /// The outputs with final values.
    pub(super) fn outputs(&mut self) -> std::collections::BTreeMap<String, OutputRecord> {
        let mut outputs = std::collections::BTreeMap::new();
        for output in &self.planning.evaluation.outputs {
            let value = self.finalizer.output(output, &mut Diagnostics::new());
            let value = if output.sensitive { None } else { to_json(&value) };
            if value.is_none() && !output.sensitive {
                // Still unknown: a flow that it refers to was left out.
                continue;
            }
            outputs.insert(output.name.clone(), OutputRecord { value, sensitive: output.sensitive });
        }
        outputs
    }
}

/// The artifacts that a plan removes, by provider and id: nothing may be bound to them any more.
fn removed(plan: &Plan) -> HashSet<(&str, &str)> {
    let prunes = plan.steps.iter().filter_map(|step| match &step.operation {
        Operation::Prune { artifacts, .. } => Some(artifacts),
        _ => None,
    });
    prunes.flatten().map(|artifact| (artifact.provider.as_str(), artifact.id.as_str())).collect()
}

impl Later for Finishing<'_> {
    fn prepare<'b>(&'b mut self, address: &'b str) -> Pin<Box<dyn Future<Output = ()> + 'b>> {
        Box::pin(async move {
            if let Some(planned) = self.finalizer.planned(address) {
                self.settle(planned.frame, planned.node).await;
            }
        })
    }

    fn before(&mut self, address: &str) -> Result<(), String> {
        self.judge_outputs(address)?;
        self.judge(address, When::Before)
    }

    fn done(&mut self, address: &str, completed: &Completed) -> Result<(), String> {
        let (Some(flow), Some(version), Some(definition)) =
            (&completed.flow, completed.version, &completed.definition)
        else {
            return Ok(());
        };
        let Some(desired) = self.finalizer.planned(address) else { return Ok(()) };
        // What nothing refers to need not be told to anybody.
        let referenced = self.workspace.graph.referenced.get(desired.node.0 as usize).copied();
        if !referenced.unwrap_or(true) && !self.open.contains_key(address) {
            return Ok(());
        }
        let attributes: FlowAttributes = settled(Settled {
            flow,
            name: &desired.name,
            project: &self.workspace.settings.project,
            registry: completed.registry.as_ref(),
            version,
            digest: completed.digest.as_ref(),
            artifacts: &completed.artifacts,
            definition,
        });
        self.finalizer.done(address, attributes);
        self.judge(address, When::After)
    }

    fn resolve(&mut self, address: &str) -> Result<Resolved, String> {
        let before =
            self.finalizer.planned(address).ok_or("The flow is not in the configuration any more.")?;
        let mut diags = Diagnostics::new();
        let desired = self.finalizer.flow(address, &mut diags);
        if let Some(error) = diags.iter().find(|diagnostic| diagnostic.severity == Severity::Error) {
            return Err(format!("{}: {}", error.summary, error.detail));
        }
        let desired = desired.ok_or("The flow is not in the configuration any more.")?;
        if let Some(path) = contradiction(&before.definition, &desired.definition, String::new()) {
            return Err(format!("Its `{path}` was planned as another value than it has now. Plan again."));
        }
        let known =
            desired.known.as_ref().ok_or("A part of its definition is still not known. Plan again.")?;
        let record = match self
            .recorded
            .find(&desired, &|address| super::planning::is_declared(&self.workspace.config, address))
        {
            Match::Same(record) | Match::Moved(record) | Match::Again(record) => Some(record),
            Match::New | Match::Foreign(_) => None,
        };
        if let Some(record) = record
            && let Some(latest) = record.latest()
            && latest.state == VersionState::Bound
            && record.published == Some(latest.version)
            && latest.digest.as_ref() == Some(&known.digest)
        {
            return Ok(Resolved::Unchanged(Completed {
                registry: self.recorded.view.map(|view| view.registry.clone()),
                flow: Some(record.id.clone()),
                version: Some(latest.version),
                digest: latest.digest.clone(),
                definition: Some(known.json.get().to_owned()),
                artifacts: latest.artifacts.clone(),
            }));
        }
        let rendering = Rendering {
            project: &self.workspace.settings.project,
            agents: self.agents,
            types: &providers::artifact_type,
        };
        let definition = serde_json::from_str(known.json.get()).map_err(|error| error.to_string())?;
        let digest: Digest = known.digest.clone();
        let live = (record, &self.planning.read.live);
        let mut artifacts = planned(rendering, &desired.name, &desired.providers, &definition, live);
        for artifact in &mut artifacts {
            let stays =
                |found: &Binding| !self.removed.contains(&(found.provider.as_str(), found.id.as_str()));
            artifact.existing = artifact.existing.take().filter(stays);
        }
        Ok(Resolved::Changed(PlannedDefinition::Known {
            digest,
            definition: known.json.as_ref().to_owned(),
            artifacts,
        }))
    }
}

/// The first path at which a value that was known at plan time is another one now.
fn contradiction(planned: &Value, found: &Value, path: String) -> Option<String> {
    match (&planned.kind, &found.kind) {
        (Kind::Unknown(_), _) => None,
        (Kind::Object(before) | Kind::Map(before), Kind::Object(after) | Kind::Map(after)) => {
            before.iter().find_map(|(key, value)| {
                let inner = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
                match after.get(key) {
                    Some(after) => contradiction(value, after, inner),
                    None if value.is_wholly_known() && !value.is_null() => Some(inner),
                    None => None,
                }
            })
        }
        // Sets and lists with unknown members may come out in another order.
        _ if !planned.is_wholly_known() => None,
        _ => (to_json(planned) != to_json(found)).then_some(path),
    }
}
