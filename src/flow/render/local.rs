//! The process that the original's local agent starts for one flow run (semantics 0.8 and 6). It starts nothing.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::environment::{self, Layer};
use super::run::FlowRun;
use crate::flow::agent::{LocalAgent, Surroundings};
use crate::flow::kind::{AgentKind, StorageKind};
use crate::flow::original::OriginalError;
use crate::flow::run_config::RunConfig;

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

/// The process for a flow run.
///
/// # Errors
/// `TypeError` for Docker storage and for run configs of another kind, `ValueError` for a `working_dir` that does
/// not exist, and what loading the storage or the run config raises.
pub fn render(
    run: &FlowRun<'_>,
    agent: &LocalAgent,
    surroundings: &Surroundings<'_>,
) -> Result<ProcessSpec, OriginalError> {
    if run.flow.storage_kind()? == StorageKind::Docker {
        return Err(OriginalError::type_error("Unsupported Storage type: Docker"));
    }
    let config = run.config(AgentKind::Local, surroundings)?;
    let working_dir = match &config {
        RunConfig::Local { working_dir, .. } => working_dir.as_deref().filter(|path| !path.is_empty()),
        RunConfig::Universal { .. }
        | RunConfig::Docker { .. }
        | RunConfig::Kubernetes { .. }
        | RunConfig::Ecs { .. }
        | RunConfig::Vertex { .. } => None,
    };
    if let Some(path) = working_dir.filter(|path| !(surroundings.exists)(path)) {
        return Err(OriginalError::value_error(format!(
            "Flow run {} has a nonexistent `working_dir` configured: {path}",
            run.id
        )));
    }

    let mut env =
        environment::of_run(AgentKind::Local, run, &agent.common, config.env(), None, surroundings.settings);
    for (name, value) in surroundings.process_env {
        env.lay(Layer::Process, name, value.as_str().into());
    }
    let mut path = vec![working_dir.unwrap_or(surroundings.cwd)];
    let own = surroundings.process_env.get("PYTHONPATH").map(String::as_str);
    path.extend(own.filter(|path| !path.is_empty()));
    path.extend(agent.import_paths.iter().map(String::as_str));
    env.lay(Layer::PythonPath, "PYTHONPATH", path.join(":").into());

    let command = [surroundings.python, "-m", "prefect", "execute", "flow-run"];
    Ok(ProcessSpec {
        command: command.map(str::to_owned).to_vec(),
        cwd: working_dir.map(str::to_owned),
        env: env.into_values(),
        stdout: if agent.show_flow_logs { Stdout::Inherit } else { Stdout::Null },
    })
}
