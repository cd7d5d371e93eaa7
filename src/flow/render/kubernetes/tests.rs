//! The recorded Jobs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::flow::vectors;

#[test]
fn recorded_jobs_are_reproduced() {
    vectors::assert_agent(AgentKind::Kubernetes, &["kubernetes.jsonl"], 50, |case, run, surroundings| {
        let agent = match KubernetesAgent::from_options(&case.input["agent"], surroundings) {
            Ok(agent) => agent,
            Err(error) => return (json!({"error": vectors::error(&error)}), Json::Null),
        };
        let artifact = match render(run, &agent, surroundings, "01234567") {
            Err(error) => json!({"error": vectors::error(&error)}),
            Ok(rendered) => json!({
                "namespace": rendered.namespace,
                "job": rendered.job,
                "result": format!("Job {}", rendered.name()),
            }),
        };
        let seen = json!({
            "namespace": agent.namespace,
            "service_account_name": agent.service_account_name,
            "image_pull_secrets": agent.image_pull_secrets,
            "delete_finished_jobs": agent.delete_finished_jobs,
        });
        (seen, artifact)
    });
}
