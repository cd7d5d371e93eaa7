//! The process that the original's local agent starts for one flow run (semantics 0.8 and 6). It starts nothing;
//! whether a directory exists is asked of the caller.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::flow::agent::{LocalAgent, Settings};
use crate::flow::kind::{AgentKind, StorageKind};
use crate::flow::original::OriginalError;
use crate::flow::python;
use crate::flow::run_config::{self, Disk, RunConfig};

/// A process to start.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessSpec {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The directory to start in; `None` is the agent's.
    pub cwd: Option<String>,
    /// The whole environment. Values are not turned into text here: a number stays a number, as in the original.
    pub env: BTreeMap<String, Json>,
    /// Where standard output goes; standard error follows it.
    pub stdout: Stdout,
}

/// Where a process writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stdout {
    /// Nowhere.
    Null,
    /// To the agent's own output.
    Inherit,
}

/// A flow run, and where it is to be started.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The flow run's serialized run config; `None` or null when it carries none.
    pub run_config: Option<&'a Json>,
    /// The flow's serialized storage.
    pub storage: &'a Json,
    /// The flow's id.
    pub flow_id: &'a str,
    /// The flow run's id.
    pub flow_run_id: &'a str,
    /// The agent.
    pub agent: &'a LocalAgent,
    /// The agent's settings.
    pub settings: &'a Settings,
    /// The agent's process environment.
    pub process_env: &'a BTreeMap<String, String>,
    /// The agent's working directory.
    pub cwd: &'a str,
    /// The agent's Python.
    pub python: &'a str,
}

/// The process for a flow run. `exists` says whether a path exists on the agent's machine; a file passes.
///
/// # Errors
/// `TypeError` for Docker storage and for run configs of another kind, `ValueError` for a `working_dir` that does
/// not exist, and what loading the run config raises.
pub fn render(request: &Request<'_>, exists: impl Fn(&str) -> bool) -> Result<ProcessSpec, OriginalError> {
    if request.storage.get("type").and_then(Json::as_str) == Some(StorageKind::Docker.class()) {
        return Err(OriginalError::type_error("Unsupported Storage type: Docker"));
    }
    // A local agent's own run configs name no file.
    let disk = Disk { cwd: request.cwd, read: &|_| Ok(None) };
    let config = run_config::for_agent(AgentKind::Local, request.run_config, request.flow_run_id, disk)?;
    let working_dir = match &config {
        RunConfig::Local { working_dir, .. } => working_dir.as_deref().filter(|path| !path.is_empty()),
        RunConfig::Universal { .. }
        | RunConfig::Docker { .. }
        | RunConfig::Kubernetes { .. }
        | RunConfig::Ecs { .. }
        | RunConfig::Vertex { .. } => None,
    };
    if let Some(path) = working_dir.filter(|path| !exists(path)) {
        return Err(OriginalError::value_error(format!(
            "Flow run {} has a nonexistent `working_dir` configured: {path}",
            request.flow_run_id
        )));
    }
    let command = [request.python, "-m", "prefect", "execute", "flow-run"];
    Ok(ProcessSpec {
        command: command.map(str::to_owned).to_vec(),
        cwd: working_dir.map(str::to_owned),
        env: environment(request, &config, working_dir),
        stdout: if request.agent.show_flow_logs { Stdout::Inherit } else { Stdout::Null },
    })
}

/// The layers of semantics 0.8, lowest first; nulls are removed at the end, whoever set them.
fn environment(
    request: &Request<'_>,
    config: &RunConfig,
    working_dir: Option<&str>,
) -> BTreeMap<String, Json> {
    let Request { agent, settings, process_env, .. } = request;
    let mut env: BTreeMap<String, Json> =
        process_env.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let mut set = |name: &str, value: Json| {
        env.insert(name.to_owned(), value);
    };
    set("PREFECT__LOGGING__LEVEL", settings.logging_level.as_str().into());

    let mut path = vec![working_dir.unwrap_or(request.cwd)];
    path.extend(process_env.get("PYTHONPATH").map(String::as_str).filter(|path| !path.is_empty()));
    path.extend(agent.import_paths.iter().map(String::as_str));
    set("PYTHONPATH", path.join(":").into());

    for (name, value) in agent.env_vars.iter().chain(config.env().as_object().into_iter().flatten()) {
        set(name, value.clone());
    }

    let log_to_cloud = agent.log_to_cloud(settings);
    if !log_to_cloud || !env.contains_key(SEND_LOGS) {
        env.insert(SEND_LOGS.to_owned(), log_to_cloud.to_string().into());
    }

    // An empty key counts as none.
    let api_key = settings.api_key.as_deref().filter(|key| !key.is_empty());
    let tenant_id = api_key.and(settings.tenant_id.as_deref());
    for (name, value) in [
        ("PREFECT__BACKEND", settings.backend.as_str().into()),
        ("PREFECT__CLOUD__API", settings.api.as_str().into()),
        ("PREFECT__CLOUD__API_KEY", api_key.into()),
        ("PREFECT__CLOUD__TENANT_ID", tenant_id.into()),
        ("PREFECT__CLOUD__AGENT__LABELS", python::repr_list(&agent.labels).into()),
        ("PREFECT__CONTEXT__FLOW_RUN_ID", request.flow_run_id.into()),
        ("PREFECT__CONTEXT__FLOW_ID", request.flow_id.into()),
        (USE_LOCAL_SECRETS.0, USE_LOCAL_SECRETS.1.into()),
        (FLOW_RUNNER.0, FLOW_RUNNER.1.into()),
    ] {
        env.insert(name.to_owned(), value);
    }
    env.retain(|_, value| !value.is_null());
    env
}

const SEND_LOGS: &str = "PREFECT__CLOUD__SEND_FLOW_RUN_LOGS";

/// A fixed variable that depends on neither run nor agent.
pub(super) const USE_LOCAL_SECRETS: (&str, &str) = ("PREFECT__CLOUD__USE_LOCAL_SECRETS", "false");
/// A fixed variable that depends on neither run nor agent.
pub(super) const FLOW_RUNNER: (&str, &str) =
    ("PREFECT__ENGINE__FLOW_RUNNER__DEFAULT_CLASS", "prefect.engine.cloud.CloudFlowRunner");

#[cfg(test)]
#[path = "local_tests.rs"]
mod tests;
