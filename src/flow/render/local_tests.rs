//! The recorded processes of the local agent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;

use super::*;
use crate::flow::vectors;

#[test]
fn recorded_processes_are_reproduced() {
    vectors::assert_agent(AgentKind::Local, &["local.jsonl"], 22, |case, run, surroundings| {
        let agent = match LocalAgent::from_options(&case.input["agent"], surroundings) {
            Ok(agent) => agent,
            Err(error) => return (json!({"error": vectors::error(&error)}), Json::Null),
        };
        let artifact = match render(run, &agent, surroundings) {
            Err(error) => json!({"error": vectors::error(&error)}),
            Ok(spec) => json!({
                "command": spec.command,
                "result": "PID: 1234",
                "cwd": spec.cwd,
                "env": spec.env,
                "stdout": match spec.stdout {
                    Stdout::Null => "devnull",
                    Stdout::Inherit => "stdout",
                },
            }),
        };
        (json!({"labels": agent.common.labels}), artifact)
    });
}
