//! The recorded CustomJobs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::flow::vectors;

#[test]
fn recorded_jobs_are_reproduced() {
    vectors::assert_agent(AgentKind::Vertex, &["vertex.jsonl"], 25, |case, run, surroundings| {
        let agent = match VertexAgent::from_options(&case.input["agent"], surroundings) {
            Ok(agent) => agent,
            Err(error) => return (json!({"error": vectors::error(&error)}), Json::Null),
        };
        let artifact = match render(run, &agent, surroundings) {
            Err(error) => json!({"error": vectors::error(&error)}),
            Ok(VertexJob { parent, custom_job }) => json!({
                "parent": parent,
                "custom_job": custom_job,
                "result": console_url("projects/p/locations/us-central1/customJobs/123"),
            }),
        };
        let seen = json!({
            "client_options": {"api_endpoint": agent.endpoint()},
            "project": agent.project,
            "region_name": agent.region_name,
            "service_account": agent.service_account,
        });
        (seen, artifact)
    });
}
