//! The recorded containers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::flow::vectors;

#[test]
fn recorded_containers_are_reproduced() {
    vectors::assert_agent(AgentKind::Docker, &["docker.jsonl"], 40, |case, run, surroundings| {
        let agent = match DockerAgent::from_options(&case.input["agent"], surroundings) {
            Ok(agent) => agent,
            Err(error) => return (json!({"error": vectors::error(&error)}), Json::Null),
        };
        let binds = agent.volumes.binds.iter();
        let host_spec: Map<String, Json> = binds
            .map(|bind| (bind.source.clone(), json!({"bind": bind.target, "mode": bind.mode})))
            .collect();
        let seen = json!({
            "base_url": agent.base_url,
            "no_pull": agent.no_pull,
            "named_volumes": agent.volumes.named,
            "container_mount_paths": agent.volumes.mount_points,
            "host_spec": host_spec,
        });
        (seen, artifact(&case.input["docker_mock"], run, &agent, surroundings))
    });
}

/// The calls in the recorder's form.
fn artifact(mock: &Json, run: &FlowRun<'_>, agent: &DockerAgent, surroundings: &Surroundings<'_>) -> Json {
    let version = mock.get("version").and_then(Json::as_str).unwrap_or("20.10.17");
    let rendered = match render(run, agent, surroundings, version) {
        Ok(rendered) => rendered,
        Err(error) => {
            return json!({
                "error": vectors::error(&error),
                "pull": null,
                "create_volume": [],
                "names_tried": [],
                "connect_networks": [],
            });
        }
    };
    let existing = vectors::strings(&mock["existing_volumes"]);
    let new = rendered.named_volumes.iter().filter(|name| !existing.contains(name));
    let volumes: Vec<Json> = new
        .map(|name| json!({"name": name, "driver": "local", "labels": {"prefect_created": "true"}}))
        .collect();
    let mut out = json!({
        "pull": rendered.pull,
        "create_volume": volumes,
        "host_config_kwargs": rendered.host_config,
        "names_tried": [],
        "connect_networks": [],
    });
    let container = match rendered.container {
        Ok(container) => container,
        Err(error) => {
            out["error"] = vectors::error(&error);
            return out;
        }
    };
    let taken = vectors::strings(&mock["existing_container_names"]);
    let mut tried = Vec::new();
    let name = loop {
        let name = next_name(&container.name, tried.len());
        tried.push(name.clone());
        if !taken.contains(&name) {
            break name;
        }
    };
    out["names_tried"] = json!(tried);
    out["http_body"] = container_body(&container);
    out["create_container"] = json!({
        "name": name,
        "image": container.image,
        "command": container.command,
        "environment": container.environment,
        "volumes": container.volumes,
        "ports": container.ports,
        "labels": container.labels,
    });
    out["connect_networks"] = json!(rendered.connect_networks);
    out["start"] = "container_id".into();
    out["result"] = "Container ID: container_id".into();
    out
}
