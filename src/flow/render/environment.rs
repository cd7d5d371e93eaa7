//! The environment variables of a run, in layers (semantics 0.8). A variable has the value of its highest layer, in
//! whatever order the layers are laid.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::run::FlowRun;
use crate::flow::agent::{Common, Settings, Surroundings};
use crate::flow::kind::AgentKind;
use crate::flow::original::OriginalError;
use crate::flow::python;

/// Where a value comes from, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The flag that logs are sent, where nothing below the fixed variables says otherwise.
    SendLogs,
    /// The process environment of a local agent.
    Process,
    /// The API that a Docker agent hands on, which agent and run may change.
    DefaultApi,
    /// The setting `logging.level`.
    LoggingLevel,
    /// The search path of a local agent.
    PythonPath,
    /// The agent's `env_vars`.
    Agent,
    /// The run config's `env`.
    RunConfig,
    /// The flag that logs are not sent, when the agent sends none.
    NoLogs,
    /// What nobody can change.
    Fixed,
}

/// The variables of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Environment {
    variables: BTreeMap<String, (Layer, Json)>,
}

/// The fixed variable that keeps secrets out of the run's own configuration.
pub const USE_LOCAL_SECRETS: (&str, &str) = ("PREFECT__CLOUD__USE_LOCAL_SECRETS", "false");
/// The fixed variable that makes the run report to the backend.
pub const FLOW_RUNNER: (&str, &str) =
    ("PREFECT__ENGINE__FLOW_RUNNER__DEFAULT_CLASS", "prefect.engine.cloud.CloudFlowRunner");
/// Whether the run sends its logs.
pub const SEND_LOGS: &str = "PREFECT__CLOUD__SEND_FLOW_RUN_LOGS";
/// The image that the run has.
pub const CONTEXT_IMAGE: &str = "PREFECT__CONTEXT__IMAGE";

impl Environment {
    /// Lays a value: it counts unless a higher layer has one. Within a layer the last one counts.
    pub fn lay(&mut self, layer: Layer, name: &str, value: Json) {
        match self.variables.get(name) {
            Some((present, _)) if *present > layer => {}
            _ => drop(self.variables.insert(name.to_owned(), (layer, value))),
        }
    }

    /// Lays every entry of a mapping; anything else lays nothing.
    pub fn lay_all(&mut self, layer: Layer, entries: &Map<String, Json>) {
        for (name, value) in entries {
            self.lay(layer, name, value.clone());
        }
    }

    /// Whether a layer has the name.
    pub fn contains(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    /// The variables by name, each with the layer that its value comes from.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Layer, &Json)> {
        self.variables.iter().map(|(name, (layer, value))| (name.as_str(), *layer, value))
    }

    /// Name and value, without those that are null.
    pub fn into_values(self) -> BTreeMap<String, Json> {
        let values = self.variables.into_iter().map(|(name, (_, value))| (name, value));
        values.filter(|(_, value)| !value.is_null()).collect()
    }

    /// Name and value, nulls too.
    pub fn to_map(&self) -> Map<String, Json> {
        self.iter().map(|(name, _, value)| (name.to_owned(), value.clone())).collect()
    }

    /// The list that containers take: ours, lowest layer first, then those of `below` whose names we do not have, as
    /// they are.
    ///
    /// # Errors
    /// `TypeError` for what cannot be iterated or is no mapping, `KeyError` for an entry without a name.
    pub fn to_list(&self, below: Option<&Json>) -> Result<Json, OriginalError> {
        let mut ours: Vec<_> = self.iter().collect();
        ours.sort_by_key(|(name, layer, _)| (*layer, *name));
        let mut list: Vec<Json> =
            ours.into_iter().map(|(name, _, value)| json!({"name": name, "value": value})).collect();
        list.extend(others(below, |name| self.contains(name))?);
        Ok(Json::Array(list))
    }
}

/// The entries of a container's list whose names are not `taken`, as they are.
///
/// # Errors
/// `TypeError` for what cannot be iterated or is no mapping, `KeyError` for an entry without a name.
pub fn others(list: Option<&Json>, taken: impl Fn(&str) -> bool) -> Result<Vec<Json>, OriginalError> {
    let entries = match list {
        None => return Ok(Vec::new()),
        Some(Json::Array(entries)) => entries,
        // What iterating an empty mapping or text gives.
        Some(Json::Object(entries)) if entries.is_empty() => return Ok(Vec::new()),
        Some(Json::String(text)) if text.is_empty() => return Ok(Vec::new()),
        Some(Json::Object(_) | Json::String(_)) => {
            return Err(OriginalError::type_error("string indices must be integers, not 'str'"));
        }
        Some(other) => {
            let message = format!("'{}' object is not iterable", python::type_name(other));
            return Err(OriginalError::type_error(message));
        }
    };
    let mut rest = Vec::new();
    for entry in entries {
        let name = match entry {
            Json::Object(fields) => fields.get("name").ok_or_else(|| OriginalError::key("name"))?,
            Json::String(_) => {
                return Err(OriginalError::type_error("string indices must be integers, not 'str'"));
            }
            Json::Array(_) => {
                return Err(OriginalError::type_error("list indices must be integers or slices, not str"));
            }
            other => {
                let message = format!("'{}' object is not subscriptable", python::type_name(other));
                return Err(OriginalError::type_error(message));
            }
        };
        if !name.as_str().is_some_and(&taken) {
            rest.push(entry.clone());
        }
    }
    Ok(rest)
}

/// The variables of a run on an agent of kind `kind`, from every source but the container's own entries. `image` is
/// what the container runs, for the kinds that hand it on; a local agent adds its process environment and search path.
pub fn of_run(
    kind: AgentKind,
    run: &FlowRun<'_>,
    agent: &Common,
    env: &Json,
    image: Option<&Json>,
    settings: &Settings,
) -> Environment {
    let mut environment = Environment::default();
    environment.lay(Layer::LoggingLevel, "PREFECT__LOGGING__LEVEL", settings.logging_level.as_str().into());
    environment.lay_all(Layer::Agent, &agent.env_vars);
    if let Json::Object(entries) = env {
        environment.lay_all(Layer::RunConfig, entries);
    }

    let log_to_cloud = agent.log_to_cloud(settings);
    let logs = if log_to_cloud { Layer::SendLogs } else { Layer::NoLogs };
    environment.lay(logs, SEND_LOGS, log_to_cloud.to_string().into());

    let mut fix = |name: &str, value: Json| environment.lay(Layer::Fixed, name, value);
    fix("PREFECT__BACKEND", settings.backend.as_str().into());
    fix("PREFECT__CLOUD__AGENT__LABELS", python::repr_list(&agent.labels).into());
    fix("PREFECT__CONTEXT__FLOW_RUN_ID", run.id.into());
    fix("PREFECT__CONTEXT__FLOW_ID", run.flow.id.into());
    fix(USE_LOCAL_SECRETS.0, USE_LOCAL_SECRETS.1.into());
    fix(FLOW_RUNNER.0, FLOW_RUNNER.1.into());

    // Without a key, containers get empty texts and processes nothing at all.
    let absent = if kind == AgentKind::Local { Json::Null } else { Json::from("") };
    let key = settings.key().map_or_else(|| absent.clone(), Json::from);
    let tenant = match settings.key() {
        Some(_) => settings.tenant_id.as_deref().map_or(Json::Null, Json::from),
        None => absent,
    };
    fix("PREFECT__CLOUD__API_KEY", key.clone());
    fix("PREFECT__CLOUD__TENANT_ID", tenant);

    match kind {
        AgentKind::Docker => {}
        AgentKind::Local | AgentKind::Kubernetes | AgentKind::Ecs | AgentKind::Vertex => {
            fix("PREFECT__CLOUD__API", settings.api.as_str().into());
        }
    }
    match kind {
        AgentKind::Local => {}
        AgentKind::Docker | AgentKind::Kubernetes | AgentKind::Ecs | AgentKind::Vertex => {
            fix("PREFECT__LOGGING__LOG_TO_CLOUD", log_to_cloud.to_string().into());
            fix("PREFECT__CLOUD__AUTH_TOKEN", key);
        }
    }
    match (kind, image) {
        (AgentKind::Docker | AgentKind::Kubernetes, Some(image)) => fix(CONTEXT_IMAGE, image.clone()),
        // The task definition of ECS holds it, so that agent and run may change it there.
        (AgentKind::Local | AgentKind::Ecs | AgentKind::Vertex, _)
        | (AgentKind::Docker | AgentKind::Kubernetes, None) => {}
    }
    environment
}

/// The API that a Docker agent hands on: containers do not reach the host as `localhost` (semantics 5).
pub fn docker_api(networks: &[String], surroundings: &Surroundings<'_>) -> String {
    let settings = surroundings.settings;
    if !settings.api.contains("localhost") {
        return settings.api.clone();
    }
    let in_network = networks.iter().any(|network| network == "prefect-server");
    let host = if in_network { "apollo" } else { "host.docker.internal" };
    format!("http://{host}:{}", settings.server_port)
}

#[cfg(test)]
#[path = "environment_tests.rs"]
mod tests;
