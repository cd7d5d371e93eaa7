//! The calls that the Docker agent makes, against the answers that the recorder gave.

use serde_json::{Map, Value as Json, json};

use super::super::{error, texts};
use super::part;
use crate::flow::agent::{DockerAgent, Surroundings};
use crate::flow::original::OriginalError;
use crate::flow::render::FlowRun;
use crate::flow::render::docker::{container_body, next_name, render};

/// The engine that the recorder answered for.
const ENGINE: &str = "20.10.17";
/// The container that the recorder answered every creation with.
const CREATED: &str = "container_id";

pub(super) fn handed(
    input: &Json,
    run: &FlowRun<'_>,
    surroundings: &Surroundings<'_>,
) -> Result<(Json, Json), OriginalError> {
    let agent = DockerAgent::from_options(part(input, "agent"), surroundings)?;
    let binds = agent.volumes.binds.iter();
    let host_spec: Map<String, Json> =
        binds.map(|bind| (bind.source.clone(), json!({ "bind": bind.target, "mode": bind.mode }))).collect();
    let seen = json!({
        "base_url": agent.base_url,
        "no_pull": agent.no_pull,
        "named_volumes": agent.volumes.named,
        "container_mount_paths": agent.volumes.mount_points,
        "host_spec": host_spec,
    });
    Ok((seen, calls(part(input, "docker_mock"), run, &agent, surroundings)))
}

fn calls(mock: &Json, run: &FlowRun<'_>, agent: &DockerAgent, surroundings: &Surroundings<'_>) -> Json {
    let mut out = Map::from_iter([
        ("pull".to_owned(), Json::Null),
        ("create_volume".to_owned(), json!([])),
        ("names_tried".to_owned(), json!([])),
        ("connect_networks".to_owned(), json!([])),
    ]);
    let mut set = |name: &str, value: Json| drop(out.insert(name.to_owned(), value));
    let version = mock.get("version").and_then(Json::as_str).unwrap_or(ENGINE);
    let outcome = render(run, agent, surroundings, version).and_then(|rendered| {
        let existing = texts(mock.get("existing_volumes"));
        let new = rendered.named_volumes.iter().filter(|name| !existing.contains(name));
        let create =
            |name| json!({ "name": name, "driver": "local", "labels": { "prefect_created": "true" } });
        set("pull", json!(rendered.pull));
        set("create_volume", new.map(create).collect());
        if let Some(arguments) = rendered.host_config {
            set("host_config_kwargs", arguments.into());
        }
        let container = rendered.container?;

        let taken = texts(mock.get("existing_container_names"));
        let mut tried = vec![next_name(&container.name, 0)];
        while let Some(last) = tried.last().filter(|last| taken.contains(last)).map(|_| tried.len()) {
            tried.push(next_name(&container.name, last));
        }
        set("http_body", container_body(&container));
        set(
            "create_container",
            json!({
                "name": tried.last(),
                "image": container.image,
                "command": container.command,
                "environment": container.environment,
                "volumes": container.volumes,
                "ports": container.ports,
                "labels": container.labels,
            }),
        );
        set("names_tried", json!(tried));
        set("connect_networks", json!(rendered.connect_networks));
        set("start", CREATED.into());
        set("result", format!("Container ID: {CREATED}").into());
        Ok(())
    });
    if let Err(refused) = outcome {
        set("error", error(&refused));
    }
    Json::Object(out)
}
