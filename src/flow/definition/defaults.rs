//! Defaults of agents that belong to a definition (task definition, roles, launch type, ...): those of the agent that the
//! flow names, else of the declared agents that can take it, if they agree. What the run config decides itself is left
//! out, so that a default which has no effect makes no version. It reads nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::FlowInputs;
use super::problem::{Problem, key};
use super::template::{ECS, KUBERNETES, TemplateFields};
use crate::flow::check::CheckName;
use crate::flow::kind::{AgentKind, RunConfigKind};
use crate::flow::labels;
use crate::value::{Value, from_json};

/// A declared agent, as flows see it.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredAgent<'a> {
    /// Its address.
    pub address: &'a str,
    /// Its kind.
    pub kind: AgentKind,
    /// Its labels, sorted.
    pub labels: &'a [String],
    /// Its options that were given, as an object.
    pub options: &'a Value,
    /// Those of its options that belong to the definitions of the flows that it takes, by the names of [`names`].
    pub defaults: &'a BTreeMap<String, Json>,
}

/// The options of a kind of agent that belong to definitions. A template that is a file of the configuration is there
/// by its content, under the first name; one that is elsewhere by its path.
pub const fn names(kind: AgentKind) -> &'static [&'static str] {
    match kind {
        AgentKind::Local => &[],
        AgentKind::Docker => &["networks", "volumes"],
        AgentKind::Kubernetes => {
            &["image_pull_secrets", "job_template", "job_template_path", "namespace", "service_account_name"]
        }
        AgentKind::Ecs => &[
            "cluster",
            "execution_role_arn",
            "launch_type",
            "run_task_kwargs",
            "run_task_kwargs_path",
            "task_definition",
            "task_definition_path",
            "task_role_arn",
        ],
        AgentKind::Vertex => &["service_account"],
    }
}

/// The documents that an agent's options name by a path: the option, and the name of its content.
pub const fn documents(kind: AgentKind) -> &'static [(&'static str, &'static str)] {
    match kind {
        AgentKind::Local | AgentKind::Docker | AgentKind::Vertex => &[],
        AgentKind::Kubernetes => &[("job_template_path", "job_template")],
        AgentKind::Ecs => {
            &[("task_definition_path", "task_definition"), ("run_task_kwargs_path", "run_task_kwargs")]
        }
    }
}

/// The defaults by kind of agent; an empty object when there are none. `run_config` is the serialized one.
pub(super) fn of(
    inputs: &FlowInputs<'_>,
    kind: RunConfigKind,
    run_config: &Value,
    flow_labels: &Value,
    problems: &mut Vec<Problem>,
) -> Value {
    let wanted: Option<Vec<&str>> =
        flow_labels.as_slice().map(|labels| labels.iter().filter_map(Value::as_str).collect());
    let mut by_kind = BTreeMap::new();
    for taker in AgentKind::ALL.into_iter().filter(|taker| taker.takes(kind)) {
        let takers: Vec<&DeclaredAgent<'_>> = inputs
            .agents
            .iter()
            .filter(|agent| agent.kind == taker)
            .filter(|agent| match inputs.agent_address {
                Some(address) => agent.address == address,
                None => wanted.as_ref().is_some_and(|wanted| labels::matches(agent.labels, wanted)),
            })
            .collect();
        let Some(first) = takers.first() else {
            if taker.run_config() == kind && !inputs.agents.iter().any(|agent| agent.kind == taker) {
                problems.extend(built_in(taker, run_config));
            }
            continue;
        };
        let decided = |name: &str| is_decided(taker, name, run_config);
        let differing: BTreeSet<&str> = names(taker)
            .iter()
            .copied()
            .filter(|name| !decided(name))
            .filter(|name| takers.iter().any(|agent| agent.defaults.get(*name) != first.defaults.get(*name)))
            .collect();
        if !differing.is_empty() {
            problems.push(disagreement(&takers, &differing));
            continue;
        }
        let defaults: Vec<(&str, Value)> = first
            .defaults
            .iter()
            .filter(|(name, _)| !decided(name))
            .map(|(name, value)| (name.as_str(), from_json(value)))
            .collect();
        if !defaults.is_empty() {
            by_kind.insert(taker.label(), Value::object(defaults));
        }
    }
    Value::object(by_kind)
}

/// Whether the run config decides on what the default is about.
fn is_decided(agent: AgentKind, name: &str, run_config: &Value) -> bool {
    let given = |name: &str| run_config.get(name).is_some_and(|value| !value.is_null());
    let template = |group: TemplateFields| group.names().any(given);
    match (agent, name) {
        (AgentKind::Ecs, "task_definition" | "task_definition_path") => template(ECS),
        (AgentKind::Ecs, "execution_role_arn" | "task_role_arn") => {
            let field = if name == "task_role_arn" { "taskRoleArn" } else { "executionRoleArn" };
            // A registered definition has its own roles, and nothing here sees them.
            given(name)
                || given("task_definition_arn")
                || in_template(run_config, &["task_definition", field])
        }
        (AgentKind::Kubernetes, "job_template" | "job_template_path") => template(KUBERNETES),
        (AgentKind::Kubernetes, "service_account_name") => {
            given(name) || in_pod(run_config, "serviceAccountName")
        }
        (AgentKind::Kubernetes, "image_pull_secrets") => {
            let own = run_config.get(name).and_then(Value::as_slice).is_some_and(|own| !own.is_empty());
            own || in_pod(run_config, "imagePullSecrets")
        }
        (AgentKind::Vertex, "service_account") => given(name),
        _ => false,
    }
}

fn in_pod(run_config: &Value, field: &str) -> bool {
    in_template(run_config, &["job_template", "spec", "template", "spec", field])
}

fn in_template(run_config: &Value, path: &[&str]) -> bool {
    let found = path.iter().try_fold(run_config, |value, step| value.get(step));
    found.is_some_and(|value| !value.is_null())
}

fn disagreement(takers: &[&DeclaredAgent<'_>], differing: &BTreeSet<&str>) -> Problem {
    let quoted =
        |names: Vec<&str>| names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let agents = quoted(takers.iter().map(|agent| agent.address).collect());
    Problem::error(
        vec![key("agent")],
        "Agents that disagree",
        format!(
            "The flow can be taken by {agents}, and they have different defaults for {}, which would be part of the \
             flow's definition.",
            quoted(differing.iter().copied().collect())
        ),
    )
    .help("name the agent that serves the flow (`agent = agent.KIND.NAME`), set the arguments in the run config, or make labels tell the agents apart")
}

/// The warning where the original's own template is used, because nobody says another.
fn built_in(agent: AgentKind, run_config: &Value) -> Option<Problem> {
    let (group, what) = match agent {
        AgentKind::Ecs => (ECS, "task definition, without an execution role and without logs"),
        AgentKind::Kubernetes => (KUBERNETES, "Job template"),
        AgentKind::Local | AgentKind::Docker | AgentKind::Vertex => return None,
    };
    let given = |name: &str| run_config.get(name).is_some_and(|value| !value.is_null());
    if group.names().any(given) {
        return None;
    }
    Some(
        Problem::lint(
            CheckName::BuiltInTemplate,
            vec![key("run_config")],
            format!(
                "The run config has no template and no agent of kind `{}` is declared, so the original's own {what} is \
                 used.",
                agent.label()
            ),
        )
        .help(format!(
            "declare the agent that takes the flow with its defaults (`agent \"{}\" \"NAME\"`), or write `{}`",
            agent.label(),
            group.inline
        )),
    )
}
