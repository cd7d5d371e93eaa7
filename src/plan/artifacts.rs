//! Definition to planned artifacts: which kinds a flow needs, rendered and hashed.

use flowform_provider_api::{Artifact, ArtifactType, Binding, SCRIPT};
use serde_json::Value as Json;

use super::live::{Live, Standing};
use super::model::{Operation, Planned, PlannedArtifact};
use crate::desired::providers::REGISTRY;
use crate::desired::{DesiredAgent, DesiredFlow, ProviderChoice};
use crate::flow::kind::{AgentKind, RunConfigKind};
use crate::flow::labels;
use crate::flow::render::versioned::{ArtifactKind, render};
use crate::flow::script;
use crate::registry::view::{FlowRecord, VersionRecord};
use crate::value::Value;

/// An agent that may take flows: declared here, or published by another root.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownAgent {
    /// Its address, with the root in front when it is of another one.
    pub name: String,
    /// Its kind.
    pub kind: AgentKind,
    /// Its labels.
    pub labels: Vec<String>,
}

/// The agents of this configuration and those that other roots published.
pub fn known_agents(own: &[DesiredAgent], live: &Live, root: &str) -> Vec<KnownAgent> {
    let mut agents: Vec<KnownAgent> = own
        .iter()
        .map(|agent| KnownAgent {
            name: agent.address.to_string(),
            kind: agent.kind,
            labels: agent.labels.clone(),
        })
        .collect();
    for (other, document) in live.agents.iter().filter(|(other, _)| *other != root) {
        for agent in document.get("agents").and_then(Json::as_array).into_iter().flatten() {
            let text = |key: &str| agent.get(key).and_then(Json::as_str);
            let Some(kind) = text("kind").and_then(AgentKind::from_label) else { continue };
            let labels = agent.get("labels").and_then(Json::as_array).into_iter().flatten();
            agents.push(KnownAgent {
                name: format!("{} of {other}", text("address").unwrap_or("an agent")),
                kind,
                labels: labels.filter_map(Json::as_str).map(str::to_owned).collect(),
            });
        }
    }
    agents
}

/// What rendering needs beside the definition.
#[derive(Clone, Copy)]
pub struct Rendering<'a> {
    /// The project.
    pub project: &'a str,
    /// Every agent that may take flows.
    pub agents: &'a [KnownAgent],
    /// The artifact kinds that there are.
    pub types: &'a dyn Fn(&str) -> Option<&'static dyn ArtifactType>,
}

/// The artifacts of a definition: one for a kind of its own; for a universal one, one per kind of agent that can
/// take it, and none where it is made at the first run.
pub fn planned(
    rendering: Rendering<'_>,
    name: &str,
    providers: &ProviderChoice,
    definition: &Json,
    reusable: (Option<&FlowRecord>, &Live),
) -> Vec<PlannedArtifact> {
    let run_config = definition.get("run_config").unwrap_or(&Json::Null);
    let class = run_config.get("type").and_then(Json::as_str).unwrap_or_default();
    let kind = RunConfigKind::from_class(class).unwrap_or(RunConfigKind::Universal);
    let flow_labels = run_config.get("labels").and_then(Json::as_array).into_iter().flatten();
    let flow_labels: Vec<&str> = flow_labels.filter_map(Json::as_str).collect();
    let takers = AgentKind::ALL.into_iter().filter(|taker| match kind {
        // One artifact per kind of agent that can take it.
        RunConfigKind::Universal => rendering
            .agents
            .iter()
            .any(|agent| agent.kind == *taker && labels::matches(&agent.labels, &flow_labels)),
        kind => taker.run_config() == kind,
    });
    let mut artifacts = Vec::new();
    // What runs read is there before anything that starts them.
    if let Some((provider, body)) = script::of(definition)
        && let Some(artifact_type) = (rendering.types)(SCRIPT.kind())
    {
        let hash = artifact_type.hash(body);
        let artifact = Artifact { kind: SCRIPT.kind().to_owned(), body: body.clone(), hash };
        let existing = existing(&artifact, provider, reusable);
        artifacts.push(PlannedArtifact { provider: provider.to_owned(), artifact, existing });
    }
    for taker in takers {
        let kind = ArtifactKind::of(taker);
        let Some(artifact_type) = (rendering.types)(kind.name()) else { continue };
        // A universal flow may hold what one kind of agent cannot start; another one takes it then.
        let Ok(rendered) = render(definition, name, rendering.project, taker) else { continue };
        let hash = artifact_type.hash(&rendered.body);
        let artifact = Artifact { kind: artifact_type.kind().to_owned(), body: rendered.body, hash };
        let provider = providers.keeper(kind);
        let existing = existing(&artifact, &provider, reusable);
        artifacts.push(PlannedArtifact { provider, artifact, existing });
    }
    artifacts
}

/// What a plan says of a version's artifact beside that it is made: where it is kept in place of its backend, and what of
/// it is not seen.
pub fn remarks(flow: &DesiredFlow) -> Vec<String> {
    let run_config = flow.definition.get("run_config");
    let given = |name: &str| run_config?.get(name)?.as_str();
    let default = |kind: &str, name: &str| {
        flow.definition.get("agent_defaults").and_then(|defaults| defaults.get(kind)?.get(name)?.as_str())
    };
    let storage =
        flow.definition.get("storage").and_then(|storage| Some(storage.get("type")?.as_str()?.to_owned()));
    match flow.kind {
        RunConfigKind::Ecs if given("task_definition_arn").is_some() => Vec::new(),
        RunConfigKind::Ecs => {
            let mut notes = match given("task_definition_path").or_else(|| default("ecs", "task_definition_path")) {
                Some(path) => vec![format!(
                    "the task definition at {path} is not checked, and nothing is registered: this version does not \
                     read it"
                )],
                None if flow.providers.keeper(ArtifactKind::TaskDefinition) == REGISTRY => vec![
                    "the task definition is kept in the registry and not registered in ECS: no provider `ecs` is declared"
                        .to_owned(),
                ],
                None if storage.as_deref() == Some("Docker") => vec![
                    "the serialized run config names no registered task definition, which the original refuses beside \
                     Docker storage: its agents register one for every run, and flowform's `start` has the ARN"
                        .to_owned(),
                ],
                None => Vec::new(),
            };
            let is_registered = flow.providers.keeper(ArtifactKind::TaskDefinition) != REGISTRY;
            if is_registered && lacks_network(&flow.definition) {
                notes.push(
                    "`start` has no network configuration, which RunTask wants for the network mode `awsvpc`: the \
                     original's agents take the subnets of the account's default VPC and do not start without one, so \
                     give `run_task_kwargs = { networkConfiguration = { awsvpcConfiguration = { subnets = [...] } } }`"
                        .to_owned(),
                );
            }
            notes
        }
        RunConfigKind::Kubernetes => {
            let path = given("job_template_path").or_else(|| default("kubernetes", "job_template_path"));
            let note = |path: &str| {
                format!("the Job template at {path} is not checked: it is read when a run is started")
            };
            path.map(note).into_iter().collect()
        }
        RunConfigKind::Universal | RunConfigKind::Local | RunConfigKind::Docker | RunConfigKind::Vertex => {
            Vec::new()
        }
    }
}

/// Whether a run of an `awsvpc` task definition is told no network by the flow or its agent.
fn lacks_network(definition: &Value) -> bool {
    let at = |path: &[&str]| path.iter().try_fold(definition, |value, name| value.get(name));
    let arguments =
        [&["run_config", "run_task_kwargs"][..], &["agent_defaults", "ecs", "run_task_kwargs"][..]];
    let is_told = |arguments: &Value| {
        arguments.is_unknown()
            || arguments.get("networkConfiguration").is_some_and(|network| !network.is_null())
    };
    if arguments.into_iter().filter_map(at).any(is_told) {
        return false;
    }
    let tasks = [&["run_config", "task_definition"][..], &["agent_defaults", "ecs", "task_definition"][..]];
    match tasks.into_iter().filter_map(at).find(|task| !task.is_null()) {
        Some(task) => task.get("networkMode").and_then(Value::as_str) == Some("awsvpc"),
        // The original's own definition has it.
        None => true,
    }
}

/// Where an operation will have a script: what stands there is no other version's any more.
pub(super) fn script_place(operation: &Operation) -> Option<&str> {
    let Operation::SetVersion { planned: Planned::Known { artifacts, .. }, .. } = operation else {
        return None;
    };
    artifacts.iter().find(|it| it.artifact.kind == SCRIPT.kind())?.artifact.body.get("uri")?.as_str()
}

/// What an operation uploads, in sentences without their full stop.
pub(super) fn uploads(operation: &Operation) -> Vec<String> {
    let Operation::SetVersion { planned: Planned::Known { artifacts, .. }, .. } = operation else {
        return Vec::new();
    };
    let scripts = artifacts.iter().filter(|it| it.artifact.kind == SCRIPT.kind() && it.existing.is_none());
    let uri = |planned: &PlannedArtifact| planned.artifact.body.get("uri")?.as_str().map(str::to_owned);
    scripts.filter_map(uri).map(|uri| format!("the script is uploaded to {uri}")).collect()
}

/// The provider configurations that keep an artifact of the version and that should keep it, where they differ.
pub(super) fn kept_elsewhere(flow: &DesiredFlow, version: &VersionRecord) -> Option<(String, String)> {
    version.artifacts.iter().find_map(|bound| {
        let keeper = flow.providers.keeper(ArtifactKind::from_name(&bound.kind)?);
        (keeper != bound.provider).then(|| (bound.provider.clone(), keeper))
    })
}

/// A live artifact of the flow that equals the planned one; else one of nobody's that takes the place of a lost one.
fn existing(
    artifact: &Artifact,
    provider: &str,
    (record, live): (Option<&FlowRecord>, &Live),
) -> Option<Binding> {
    let bindings = record?.versions.iter().rev().flat_map(|version| &version.artifacts);
    let equal = bindings.filter(|binding| {
        binding.kind == artifact.kind && binding.provider == provider && binding.hash == artifact.hash
    });
    let mut intact = equal.clone().filter(|binding| live.standing(binding) == Standing::Intact);
    intact.next().cloned().or_else(|| equal.clone().find_map(|binding| live.substitute(binding)))
}
