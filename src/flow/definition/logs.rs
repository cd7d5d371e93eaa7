//! The log group that a provider adds to containers without a log configuration: it is part of a definition, so that a
//! change of it shows. Where it has no effect it is left out. It reads nothing.

use super::problem::{Problem, key};
use super::{FlowInputs, values};
use crate::flow::kind::{AgentKind, RunConfigKind};
use crate::value::Value;

/// The part of a definition that holds the group.
pub const LOG_GROUP: &str = "default_log_group";

/// The part of a definition that holds the group's region, where the provider's block says it.
pub const LOG_REGION: &str = "default_log_region";

/// The container that runs the flow.
const FLOW: &str = "flow";

pub(super) fn of(
    inputs: &FlowInputs<'_>,
    kind: RunConfigKind,
    run_config: &Value,
    agent_defaults: &Value,
    problems: &mut Vec<Problem>,
) -> Vec<(&'static str, Value)> {
    let (group, region) = inputs.default_logs;
    let is_taken = match kind {
        RunConfigKind::Ecs => true,
        RunConfigKind::Universal => inputs.agents.iter().any(|agent| agent.kind == AgentKind::Ecs),
        RunConfigKind::Local | RunConfigKind::Docker | RunConfigKind::Kubernetes | RunConfigKind::Vertex => {
            false
        }
    };
    let given = |name: &str| run_config.get(name).filter(|value| !value.is_null());
    if !is_taken || group.is_null() || given("task_definition_arn").is_some() {
        return Vec::new();
    }
    let of_agent =
        agent_defaults.get(AgentKind::Ecs.label()).and_then(|defaults| defaults.get("task_definition"));
    if given("task_definition").or(of_agent).is_some_and(all_have_logs) {
        return Vec::new();
    }
    let mut text = |name: &'static str, value: &Value| {
        values::text(name, value, &[key(name)], problems).map(|value| (name, value))
    };
    text(LOG_GROUP, group).into_iter().chain(text(LOG_REGION, region)).collect()
}

/// Whether every container has a log configuration, that of the flow among them.
fn all_have_logs(definition: &Value) -> bool {
    let containers = definition.get("containerDefinitions").and_then(Value::as_slice).unwrap_or_default();
    let has = |container: &Value| container.get("logConfiguration").is_some_and(|log| !log.is_null());
    let is_flow = |container: &Value| container.get("name").and_then(Value::as_str) == Some(FLOW);
    containers.iter().any(is_flow) && containers.iter().all(has)
}
