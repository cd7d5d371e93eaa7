//! The container of a `docker` version (semantics 5): image, command, variables and host configuration. It creates
//! nothing; how volumes are read is the Docker host's business.

use serde_json::{Map, Value as Json, json};

use super::super::origin::{Origin, Origins};
use super::super::process::resolvable_on_a_machine;
use super::super::runtime::contract;
use super::{Input, RenderError, image_origin};
use crate::flow::kind::AgentKind;

/// The body: `image`, `command`, `env`, `host_config`, `ports` to expose, `volumes` and `networks` of the agent,
/// `secret_env` and `per_run` as a process has them.
pub(super) fn body(input: Input<'_>) -> Result<(Json, Origins), RenderError> {
    let (image, from) = input.image(None);
    let contract = contract(input, AgentKind::Docker, Some(&image))?;
    resolvable_on_a_machine(&contract, AgentKind::Docker)?;
    let mut origins = Origins::of(Origin::Runtime);
    origins.set_from(&["image"], image_origin(from, Origin::BuiltIn), "image");
    contract.note(&mut origins);

    let mut host = Map::from_iter([
        ("auto_remove".to_owned(), Json::Bool(true)),
        ("extra_hosts".to_owned(), json!({"host.docker.internal": "host-gateway"})),
    ]);
    origins.set(&["host_config"], Origin::BuiltIn);
    for (name, value) in input.given("host_config").and_then(Json::as_object).into_iter().flatten() {
        host.insert(name.clone(), value.clone());
        origins.set_from(&["host_config", name], Origin::RunConfig, format!("host_config.{name}"));
    }
    let mut body = Map::from_iter([
        ("image".to_owned(), image.into()),
        ("command".to_owned(), contract.command.clone().into()),
        ("env".to_owned(), contract.env_object()),
        ("host_config".to_owned(), host.into()),
        ("secret_env".to_owned(), json!(contract.secret_env)),
        ("per_run".to_owned(), json!(contract.per_run)),
    ]);
    let ports = input.given("ports").filter(|ports| ports.as_array().is_some_and(|ports| !ports.is_empty()));
    if let Some(ports) = ports {
        body.insert("ports".to_owned(), ports.clone());
        origins.set_from(&["ports"], Origin::RunConfig, "ports");
    }
    for name in ["networks", "volumes"] {
        if let Some(value) = input.agent_default(AgentKind::Docker, name) {
            body.insert(name.to_owned(), value.clone());
            origins.set_from(&[name], Origin::AgentDefault, name);
        }
    }
    Ok((body.into(), origins))
}
