//! IO: task definitions that somebody else registered and that run configs name (`task_definition_arn`): read, and checked
//! for what a run needs. They are never changed.

use std::collections::{BTreeMap, BTreeSet};

use flowform_provider_api::{Check, Finding, ToVerify, Verification};
use serde_json::Value;

use crate::client::{Calls, Described};

/// Where the body of an artifact names a definition in place of holding one.
const REGISTERED: &str = "registered";

/// The container that runs the flow (semantics 2.3).
const FLOW: &str = "flow";

/// What uses a definition, and what of it the run arguments bring.
#[derive(Default)]
struct Uses<'a> {
    flows: BTreeSet<&'a str>,
    /// Whether all runs bring a role that starts the task.
    brings_execution_role: bool,
}

pub(crate) async fn verify(calls: &Calls, artifacts: &[ToVerify<'_>]) -> Verification {
    let before = calls.count();
    let mut named: BTreeMap<&str, Uses<'_>> = BTreeMap::new();
    for ToVerify { flow, artifact, definition } in artifacts {
        let Some(id) = artifact.body.get(REGISTERED).and_then(Value::as_str) else { continue };
        let brings = role(definition.pointer("/run_config/execution_role_arn"))
            || role(definition.pointer("/run_config/run_task_kwargs/overrides/executionRoleArn"));
        let fresh = Uses { brings_execution_role: true, ..Uses::default() };
        let uses = named.entry(id).or_insert(fresh);
        uses.flows.insert(flow);
        uses.brings_execution_role &= brings;
    }
    let mut checks = Vec::new();
    for (id, uses) in named {
        let (subject, finding) = match calls.describe(id).await {
            Ok(Some(found)) => judged(&found, uses.brings_execution_role),
            Ok(None) => (
                format!("task definition `{id}`"),
                Finding::Unusable(
                    "there is none in the account and region: register it, or name another".to_owned(),
                ),
            ),
            Err(error) => (format!("task definition `{id}`"), Finding::NotChecked(error.message)),
        };
        checks.push(Check { subject, flows: uses.flows.into_iter().map(str::to_owned).collect(), finding });
    }
    Verification { checks, calls: calls.count().saturating_sub(before) }
}

fn role(value: Option<&Value>) -> bool {
    value.and_then(Value::as_str).is_some_and(|role| !role.is_empty())
}

/// The definition in a line, and whether a run can use it.
fn judged(found: &Described, brings_execution_role: bool) -> (String, Finding) {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let containers = found.definition.get("containerDefinitions").and_then(Value::as_array);
    let containers: Vec<&Value> = containers.into_iter().flatten().collect();
    let flow = containers.iter().find(|container| text(container, "name").as_deref() == Some(FLOW));
    let task_role = text(&found.definition, "taskRoleArn").filter(|role| !role.is_empty());
    let execution_role = text(&found.definition, "executionRoleArn").filter(|role| !role.is_empty());
    let said = |role: &Option<String>| role.clone().unwrap_or_else(|| "none".to_owned());
    let subject = format!(
        "task definition `{}` (image `{}`, task role {}, execution role {})",
        found.arn.rsplit('/').next().unwrap_or(&found.arn),
        flow.and_then(|flow| text(flow, "image")).unwrap_or_else(|| "none".to_owned()),
        said(&task_role),
        said(&execution_role)
    );
    let mut wrong = Vec::new();
    if !found.is_active {
        wrong.push("it is deregistered: register it again, or name another revision".to_owned());
    }
    if flow.is_none() {
        let names: Vec<String> = containers.iter().filter_map(|container| text(container, "name")).collect();
        wrong.push(format!(
            "it has no container `{FLOW}`, whose command and variables a run sets ({}): name the container that runs the \
             flow `{FLOW}`",
            if names.is_empty() { "it has none at all".to_owned() } else { format!("it has {}", names.join(", ")) }
        ));
    }
    if let (None, false, Some(why)) =
        (&execution_role, brings_execution_role, needs_execution_role(&containers))
    {
        wrong.push(format!("it has no execution role, and {why}: give the definition or the run config one"));
    }
    let finding = if wrong.is_empty() { Finding::Usable } else { Finding::Unusable(wrong.join("; ")) };
    (subject, finding)
}

/// What of the containers takes an execution role before they start (developer guide, page `task_execution_IAM_role`).
fn needs_execution_role(containers: &[&Value]) -> Option<&'static str> {
    let filled = |value: Option<&Value>| value.and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    containers.iter().find_map(|container| {
        let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
        let log = container.get("logConfiguration");
        if filled(container.get("secrets")) || filled(log.and_then(|log| log.get("secretOptions"))) {
            Some("its secrets are read with it")
        } else if container.get("repositoryCredentials").is_some_and(|found| !found.is_null()) {
            Some("the credentials of its registry are read with it")
        } else if image.contains(".dkr.ecr.") {
            Some("its image in ECR is pulled with it on Fargate")
        } else {
            None
        }
    })
}
