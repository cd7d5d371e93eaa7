//! The calls that the ECS agent makes, against the answers that the recorder gave.

use serde_json::{Value as Json, json};

use super::super::error;
use super::part;
use crate::flow::agent::{EcsAgent, Surroundings};
use crate::flow::original::OriginalError;
use crate::flow::python;
use crate::flow::render::FlowRun;
use crate::flow::render::ecs::{Answers, TaskDefinition, render, result};

/// What the recorder answered to every registration.
const REGISTERED: &str = "my-taskdef-arn";

pub(super) fn handed(
    input: &Json,
    run: &FlowRun<'_>,
    surroundings: &Surroundings<'_>,
) -> Result<(Json, Json), OriginalError> {
    let agent = EcsAgent::from_options(part(input, "agent"), surroundings)?;
    let seen = json!({
        "inferred_network": agent.inferred_network,
        "labels": agent.common.labels,
        "launch_type": agent.launch_type,
        "run_task_kwargs": agent.run_task_kwargs,
    });
    Ok((seen, calls(part(input, "ecs_mock"), run, &agent, surroundings)))
}

fn calls(mock: &Json, run: &FlowRun<'_>, agent: &EcsAgent, surroundings: &Surroundings<'_>) -> Json {
    let (mut registered, mut described, mut deregistered, mut run_task) =
        (Json::Null, Json::Null, Json::Null, Json::Null);
    let existing = mock.get("existing_task_definition").cloned().unwrap_or_else(|| json!({}));
    let describe = |_: &str| Ok(existing.clone());
    let answers = Answers { registered_arn: REGISTERED, describe: &describe };
    let outcome = render(run, agent, surroundings, &answers).and_then(|rendered| {
        let own = match rendered.definition {
            TaskDefinition::Register(definition) => {
                registered = definition;
                true
            }
            TaskDefinition::Registered(arn) => {
                described = json!({ "taskDefinition": arn });
                false
            }
        };
        run_task = rendered.run_task?;
        if own {
            deregistered = json!({ "taskDefinition": REGISTERED });
        }
        let started = json!({ "tasks": [{ "taskArn": "my-task-arn" }] });
        result(run, mock.get("run_task_response").unwrap_or(&started))
    });
    let (key, value) = match outcome {
        Ok(result) => ("result", result.into()),
        Err(refused) => ("error", error(&refused)),
    };
    json!({
        "register_task_definition": registered,
        "describe_task_definition": described,
        "deregister_task_definition": deregistered,
        "run_task": run_task,
        key: value,
    })
}

/// The subnets of the default VPC that the recorder answered with.
pub(super) fn default_subnets(input: &Json) -> Vec<String> {
    let list = |name: &str| part(input, "ecs_mock").get(name).and_then(Json::as_array);
    match (list("vpcs"), list("subnets")) {
        (Some(vpcs), _) if vpcs.is_empty() => Vec::new(),
        (_, Some(subnets)) => {
            let id =
                |subnet: &Json| subnet.get("SubnetId").map_or_else(|| python::text(subnet), python::text);
            subnets.iter().map(id).collect()
        }
        (_, None) => vec!["subnet-1".to_owned(), "subnet-2".to_owned()],
    }
}
