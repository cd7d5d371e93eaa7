//! The container that the original's Docker agent creates for one flow run (semantics 5). It sends nothing.

mod body;
mod host_config;
mod ports;

use serde_json::{Map, Value as Json, json};

use super::environment::Layer;
use super::run::{FlowRun, other_kind};
use super::{command, environment, image};
use crate::flow::agent::{Bind, DockerAgent, Surroundings};
use crate::flow::kind::AgentKind;
use crate::flow::original::OriginalError;
use crate::flow::python;
use crate::flow::run_config::{self, RunConfig};
use crate::flow::slug::container_name;

pub use body::container_body;
pub use host_config::convert as convert_host_config;

/// What the engine is asked for one flow run, in order: pull, make the named volumes that do not exist, create, connect
/// to the other networks, start.
#[derive(Clone, Debug, PartialEq)]
pub struct DockerRun {
    /// The image to pull first; `None` when the engine's own one is used as it is.
    pub pull: Option<String>,
    /// The named volumes. One that does not exist is made with the driver `local` and the label
    /// `prefect_created=true`.
    pub named_volumes: Vec<String>,
    /// The arguments of the host configuration, by the original client's names; `None` where it does not come to that.
    pub host_config: Option<Map<String, Json>>,
    /// What is created. Its errors arise after the image was pulled and the volumes were made.
    pub container: Result<Container, OriginalError>,
    /// The networks that the created container is connected to.
    pub connect_networks: Vec<String>,
}

/// A container to create.
#[derive(Clone, Debug, PartialEq)]
pub struct Container {
    /// Its name; where it is taken, `-1`, `-2` and so on are appended.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Its command, as one text.
    pub command: String,
    /// Its variables, nulls too.
    pub environment: Map<String, Json>,
    /// Where volumes are mounted.
    pub volumes: Vec<String>,
    /// The ports that it exposes; `None` is none.
    pub ports: Option<Vec<Json>>,
    /// Its labels.
    pub labels: Map<String, Json>,
    /// The network that it is created in; `None` is the default one.
    pub network: Option<String>,
    /// The host configuration as the engine takes it.
    pub host_config: Map<String, Json>,
}

/// What is asked for a flow run. `engine_version` is the engine's, for the host gateway.
///
/// # Errors
/// `TypeError` for run configs of another kind, `ValueError` for a registry that is not allowed, and what loading the
/// storage and the run config raises. What the container raises beside them: `InvalidVersion` for a version of the engine
/// or of the flow that is none, and what the client refuses.
pub fn render(
    run: &FlowRun<'_>,
    agent: &DockerAgent,
    surroundings: &Surroundings<'_>,
    engine_version: &str,
) -> Result<DockerRun, OriginalError> {
    let (run_env, config) = match run.config(AgentKind::Docker, surroundings)? {
        RunConfig::Docker { env, run, .. } => (env, run),
        other => return Err(other_kind(&other)),
    };
    let (image, _) = image::of_run(&run.flow, config.image.as_deref(), None)?;
    let mut env = environment::of_run(
        AgentKind::Docker,
        run,
        &agent.common,
        &run_env,
        Some(&image),
        surroundings.settings,
    );
    let api = environment::docker_api(&agent.networks, surroundings);
    env.lay(Layer::DefaultApi, "PREFECT__CLOUD__API", api.into());
    let image = python::text(&image);
    let pull = pull(&image, agent)?;
    let labels = [
        ("io.prefect.flow-name", run.flow.name),
        ("io.prefect.flow-id", run.flow.id),
        ("io.prefect.flow-run-id", run.id),
    ];
    let name = container_name(run.name);
    let prepared = host_config_arguments(&config, agent, engine_version)
        .and_then(|arguments| Ok((arguments, command::for_version(run.flow.core_version)?)));
    let host_config = prepared.as_ref().ok().map(|(arguments, _)| arguments.clone());
    let container = prepared.and_then(|(arguments, command)| {
        Ok(Container {
            name: if name.is_empty() { run.id.to_owned() } else { name },
            image,
            command: command.to_owned(),
            environment: env.to_map(),
            volumes: agent.volumes.mount_points.clone(),
            ports: config.ports.clone().filter(|ports| !ports.is_empty()),
            labels: labels.map(|(name, value)| (name.to_owned(), value.into())).into_iter().collect(),
            network: agent.networks.first().cloned(),
            host_config: host_config::convert(&arguments, &agent.volumes.binds)?,
        })
    });
    Ok(DockerRun {
        pull,
        named_volumes: agent.volumes.named.clone(),
        host_config,
        container,
        connect_networks: agent.networks.iter().skip(1).cloned().collect(),
    })
}

/// The name to try when the first one and `taken - 1` others are taken.
pub fn next_name(name: &str, taken: usize) -> String {
    if taken == 0 { name.to_owned() } else { format!("{name}-{taken}") }
}

/// An image with a registry is pulled, when its registry is allowed. The registry is what stands before the first `/`.
fn pull(image: &str, agent: &DockerAgent) -> Result<Option<String>, OriginalError> {
    let Some((registry, _)) = image.split_once('/').filter(|_| !agent.no_pull) else { return Ok(None) };
    if !agent.reg_allow_list.is_empty() && !agent.reg_allow_list.iter().any(|allowed| allowed == registry) {
        return Err(OriginalError::value_error(format!(
            "Trying to pull image from a Docker registry '{registry}' which is not in the reg_allow_list"
        )));
    }
    Ok(Some(image.to_owned()))
}

/// The agent's arguments, with those of the run config in their place key by key.
fn host_config_arguments(
    config: &run_config::DockerRun,
    agent: &DockerAgent,
    engine_version: &str,
) -> Result<Map<String, Json>, OriginalError> {
    let mut arguments = Map::new();
    arguments.insert("auto_remove".to_owned(), true.into());
    if command::parse_version(engine_version)? >= pep440_rs::Version::new([20, 10, 0]) {
        arguments.insert("extra_hosts".to_owned(), json!({"host.docker.internal": "host-gateway"}));
    }
    if !agent.volumes.mount_points.is_empty() {
        arguments.insert("binds".to_owned(), binds(&agent.volumes.binds));
    }
    if let Some(theirs) = &config.host_config {
        arguments.extend(theirs.clone());
    }
    if let Some(network) =
        agent.networks.first().filter(|network| matches!(network.as_str(), "host" | "none"))
    {
        arguments.entry("network_mode").or_insert_with(|| network.as_str().into());
    }
    Ok(arguments)
}

fn binds(binds: &[Bind]) -> Json {
    binds
        .iter()
        .map(|bind| (bind.source.clone(), json!({"bind": bind.target, "mode": bind.mode})))
        .collect::<Map<_, _>>()
        .into()
}
