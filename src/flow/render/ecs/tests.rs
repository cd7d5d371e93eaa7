//! The recorded task definitions and arguments.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;

use super::*;
use crate::flow::vectors;

#[test]
fn recorded_tasks_are_reproduced() {
    vectors::assert_agent(AgentKind::Ecs, &["ecs.jsonl"], 66, |case, run, surroundings| {
        let agent = match EcsAgent::from_options(&case.input["agent"], surroundings) {
            Ok(agent) => agent,
            Err(error) => return (json!({"error": vectors::error(&error)}), Json::Null),
        };
        let seen = json!({
            "inferred_network": agent.inferred_network,
            "labels": agent.common.labels,
            "launch_type": agent.launch_type,
            "run_task_kwargs": agent.run_task_kwargs,
        });
        (seen, artifact(&case.input["ecs_mock"], run, &agent, surroundings))
    });
}

/// The calls in the recorder's form.
fn artifact(mock: &Json, run: &FlowRun<'_>, agent: &EcsAgent, surroundings: &Surroundings<'_>) -> Json {
    let describe = |_: &str| Ok(mock.get("existing_task_definition").cloned().unwrap_or_else(|| json!({})));
    let answers = Answers { registered_arn: "my-taskdef-arn", describe: &describe };
    let mut out = json!({
        "register_task_definition": null,
        "describe_task_definition": null,
        "deregister_task_definition": null,
        "run_task": null,
        "botocore_validation": {},
    });
    let rendered = match render(run, agent, surroundings, &answers) {
        Ok(rendered) => rendered,
        Err(error) => {
            out["error"] = vectors::error(&error);
            return out;
        }
    };
    let registered = match rendered.definition {
        TaskDefinition::Register(definition) => {
            out["register_task_definition"] = definition;
            true
        }
        TaskDefinition::Registered(arn) => {
            out["describe_task_definition"] = json!({ "taskDefinition": arn });
            false
        }
    };
    let outcome = rendered.run_task.and_then(|arguments| {
        out["run_task"] = arguments;
        if registered {
            out["deregister_task_definition"] = json!({"taskDefinition": "my-taskdef-arn"});
        }
        let started = json!({"tasks": [{"taskArn": "my-task-arn"}]});
        result(run, mock.get("run_task_response").unwrap_or(&started))
    });
    match outcome {
        Ok(text) => out["result"] = text.into(),
        Err(error) => out["error"] = vectors::error(&error),
    }
    out
}
