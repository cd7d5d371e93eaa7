//! The options of the five kinds of agents as the original takes them: defaults, variables of the agent's process, and
//! what an agent reads and asks when it starts (semantics 0.8, 2 to 6). It starts nothing and asks the machine nothing:
//! its surroundings are given.

mod docker;
mod ecs;
mod kubernetes;
mod local;
mod settings;
mod vertex;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::kind::AgentKind;
use super::location::Read;
use super::original::OriginalError;
use super::python;

pub use docker::{Bind, DEFAULT_BASE_URL, DockerAgent, Volumes};
pub use ecs::{EcsAgent, default_task_definition};
pub use kubernetes::KubernetesAgent;
pub use local::LocalAgent;
pub use settings::Settings;
pub use vertex::VertexAgent;

/// What surrounds a running agent: everything that it takes from its machine and from the services that it asks.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Its settings.
    pub settings: &'a Settings,
    /// The variables of its process.
    pub process_env: &'a BTreeMap<String, String>,
    /// Its working directory.
    pub cwd: &'a str,
    /// The name of its host.
    pub hostname: &'a str,
    /// Its Python.
    pub python: &'a str,
    /// Whether a path exists on its machine; a file passes.
    pub exists: &'a dyn Fn(&str) -> bool,
    /// What is at a place, read from its machine.
    pub read: &'a Read<'a>,
    /// The subnets of the default VPC, in the order of the API; empty where there is no such VPC.
    pub default_subnets: &'a dyn Fn() -> Result<Vec<String>, OriginalError>,
    /// The project of its Google credentials.
    pub google_project: Option<&'a str>,
}

/// The options that every kind has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Common {
    /// The labels, in order.
    pub labels: Vec<String>,
    /// Variables of every run, as given.
    pub env_vars: Map<String, Json>,
    /// `None`: the setting `cloud.send_flow_run_logs` decides.
    pub no_cloud_logs: Option<bool>,
}

impl Common {
    fn from_options(options: &Options<'_>, settings: &Settings) -> Result<Self, OriginalError> {
        let labels = options.texts("labels")?.unwrap_or_else(|| settings.agent_labels.clone());
        let env_vars = match options.truthy("env_vars") {
            None => settings.agent_env_vars.clone(),
            Some(Json::Object(entries)) => entries.clone(),
            Some(other) => {
                let message = format!("'{}' object is not a mapping", python::type_name(other));
                return Err(OriginalError::type_error(message));
            }
        };
        let no_cloud_logs = options.given("no_cloud_logs").map(python::truthy);
        Ok(Self { labels, env_vars, no_cloud_logs })
    }

    /// Whether runs send their logs to the backend (semantics 0.8, step 7).
    pub fn log_to_cloud(&self, settings: &Settings) -> bool {
        self.no_cloud_logs.map_or(settings.send_flow_run_logs, |off| !off)
    }
}

/// Options of the original's agents that have no part in what is rendered: they name the agent to its backend or are
/// credentials of its machine.
const NOT_RENDERED: &[&str] = &["agent_config_id", "name", "max_polls", "agent_address"];
const NOT_RENDERED_ECS: &[&str] = &["aws_access_key_id", "aws_secret_access_key", "aws_session_token"];

/// The options of one agent, checked for unknown names.
struct Options<'a> {
    entries: Option<&'a Map<String, Json>>,
}

impl<'a> Options<'a> {
    fn new(options: &'a Json, kind: AgentKind) -> Result<Self, OriginalError> {
        let entries = options.as_object();
        let known = |name: &str| {
            let ecs: &[&str] = if kind == AgentKind::Ecs { NOT_RENDERED_ECS } else { &[] };
            kind.fields().iter().any(|field| field.name == name)
                || NOT_RENDERED.contains(&name)
                || ecs.contains(&name)
        };
        let unknown = entries.into_iter().flatten().map(|(name, _)| name).find(|name| !known(name));
        match unknown {
            None => Ok(Self { entries }),
            Some(unknown) => Err(OriginalError::type_error(format!(
                "{}.__init__() got an unexpected keyword argument '{unknown}'",
                class(kind)
            ))),
        }
    }

    /// The option, where it is not null.
    fn given(&self, name: &str) -> Option<&'a Json> {
        self.entries.and_then(|entries| entries.get(name)).filter(|value| !value.is_null())
    }

    /// The option, where Python takes it for true.
    fn truthy(&self, name: &str) -> Option<&'a Json> {
        self.given(name).filter(|value| python::truthy(value))
    }

    /// A text that is not empty.
    fn text(&self, name: &str) -> Option<String> {
        self.truthy(name).map(python::text)
    }

    /// A list that is not empty; one text is its characters.
    fn texts(&self, name: &str) -> Result<Option<Vec<String>>, OriginalError> {
        match self.truthy(name) {
            None => Ok(None),
            Some(Json::Array(items)) => Ok(Some(items.iter().map(python::text).collect())),
            Some(Json::String(text)) => Ok(Some(text.chars().map(String::from).collect())),
            Some(other) => {
                let message = format!("'{}' object is not iterable", python::type_name(other));
                Err(OriginalError::type_error(message))
            }
        }
    }
}

const fn class(kind: AgentKind) -> &'static str {
    match kind {
        AgentKind::Local => "LocalAgent",
        AgentKind::Docker => "DockerAgent",
        AgentKind::Kubernetes => "KubernetesAgent",
        AgentKind::Ecs => "ECSAgent",
        AgentKind::Vertex => "VertexAgent",
    }
}

#[cfg(test)]
mod tests;
