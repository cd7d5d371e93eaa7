//! The process of a flow version: what the local provider stores, and the document from which schedulers and agents
//! start a run. Complete, equal on every machine, nothing of a single run and no version number in the stored part.

use std::collections::BTreeMap;

use flowform_provider_api::canonical_json;
use serde_json::{Map, Value as Json, json};

use super::environment::{FLOW_RUNNER, USE_LOCAL_SECRETS};
use crate::flow::definition::Runtime;
use crate::flow::kind::{RunConfigKind, StorageKind};

/// The artifact kind of a process.
pub const KIND: &str = "process";

/// What the runtime `flowform` has Python run, by `python -c`: it loads the serialized storage from
/// `FLOWFORM_STORAGE` with the original package (1.4), takes this flow from it, runs it once with the parameters of
/// `FLOWFORM_PARAMETERS` and exits 0 when the final state is a success, else 1.
pub const PYTHON_LINE: &str = "import json, os, sys; \
from prefect.serialization.storage import StorageSchema; \
storage = StorageSchema().load(json.loads(os.environ[\"FLOWFORM_STORAGE\"])); \
state = storage.get_flow(os.environ[\"FLOWFORM_FLOW\"]).run(parameters=json.loads(os.environ[\"FLOWFORM_PARAMETERS\"])); \
sys.exit(0 if state is not None and state.is_successful() else 1)";

/// What stands for the run's id until a run is started.
pub const RUN_ID_HOLE: &str = "{{run_id}}";
/// What stands for the run's parameters, as JSON, until a run is started.
pub const PARAMETERS_HOLE: &str = "{{parameters}}";

/// Why a definition has no process.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// Its run config is not one that a process can serve.
    #[error("a run config of type {0} does not run as a process")]
    NotAProcess(String),
    /// It has `docker` storage.
    #[error("a flow whose code is in a container image does not run as a process")]
    InAnImage,
    /// It has neither a storage nor a command.
    #[error("the definition says neither where the code is nor what to run")]
    NothingToRun,
}

/// The body of the process artifact for a definition of a `local` or `universal` flow:
///
/// - `command`, `working_dir` (null: wherever the run is started), `env` as texts,
/// - `secret_env`: variables by reference, resolved on the machine that starts the run,
/// - `per_run`: the names of the variables that whoever starts a run adds, sorted.
///
/// `env` holds the run config's variables below the fixed ones; a name in `secret_env` is in no other layer.
///
/// # Errors
/// [`RenderError`] when the definition is not one of a process.
pub fn render_process(definition: &Json, name: &str, project: &str) -> Result<Json, RenderError> {
    let run_config = definition.get("run_config").unwrap_or(&Json::Null);
    let class = run_config.get("type").and_then(Json::as_str).unwrap_or_default();
    match RunConfigKind::from_class(class) {
        Some(RunConfigKind::Local | RunConfigKind::Universal) => {}
        Some(
            RunConfigKind::Docker | RunConfigKind::Kubernetes | RunConfigKind::Ecs | RunConfigKind::Vertex,
        )
        | None => return Err(RenderError::NotAProcess(class.to_owned())),
    }
    let storage = definition.get("storage").filter(|storage| !storage.is_null());
    let storage_type = storage.and_then(|storage| storage.get("type")).and_then(Json::as_str);
    if storage_type == Some(StorageKind::Docker.class()) {
        return Err(RenderError::InAnImage);
    }
    let runtime = definition.get("runtime").and_then(Json::as_str).and_then(Runtime::from_name);
    let runtime = runtime.unwrap_or(Runtime::Flowform);

    let mut env: BTreeMap<&str, Json> = BTreeMap::new();
    // Below the run config's: a user may want these otherwise.
    match runtime {
        // A schedule in the flow's own code would have the process wait and never end.
        Runtime::Flowform => drop(env.insert("PREFECT__FLOWS__RUN_ON_SCHEDULE", "false".into())),
        Runtime::PrefectServer => drop(env.insert("PREFECT__LOGGING__LEVEL", "INFO".into())),
        Runtime::Command => {}
    }
    for (name, value) in run_config.get("env").and_then(Json::as_object).into_iter().flatten() {
        env.insert(name, value.clone());
    }
    let mut per_run = vec!["FLOWFORM_PARAMETERS", "FLOWFORM_RUN_ID", "FLOWFORM_VERSION"];
    let storage_text = storage.map(canonical_json);
    let command: Json = match runtime {
        Runtime::Flowform => {
            let storage = storage_text.ok_or(RenderError::NothingToRun)?;
            env.insert("FLOWFORM_STORAGE", storage.into());
            json!(["python", "-c", PYTHON_LINE])
        }
        Runtime::PrefectServer => {
            env.insert(USE_LOCAL_SECRETS.0, USE_LOCAL_SECRETS.1.into());
            env.insert(FLOW_RUNNER.0, FLOW_RUNNER.1.into());
            per_run.extend(SERVER_PER_RUN);
            json!(["python", "-m", "prefect", "execute", "flow-run"])
        }
        Runtime::Command => definition.get("command").cloned().ok_or(RenderError::NothingToRun)?,
    };
    env.insert("FLOWFORM_FLOW", name.into());
    env.insert("FLOWFORM_PROJECT", project.into());

    let secret_env = definition.get("secret_env").cloned().unwrap_or_else(|| json!({}));
    let is_secret = |name: &str| secret_env.get(name).is_some();
    env.retain(|name, _| !is_secret(name));
    per_run.retain(|name| !is_secret(name));
    per_run.sort_unstable();
    Ok(json!({
        "command": command,
        "working_dir": run_config.get("working_dir").cloned().unwrap_or(Json::Null),
        "env": env,
        "secret_env": secret_env,
        "per_run": per_run,
    }))
}

/// The variables of the runtime `prefect_server` that depend on the run or on the agent (semantics 0.8, step 8, and
/// the paths of the machine).
const SERVER_PER_RUN: [&str; 9] = [
    "PREFECT__BACKEND",
    "PREFECT__CLOUD__AGENT__LABELS",
    "PREFECT__CLOUD__API",
    "PREFECT__CLOUD__API_KEY",
    "PREFECT__CLOUD__SEND_FLOW_RUN_LOGS",
    "PREFECT__CLOUD__TENANT_ID",
    "PREFECT__CONTEXT__FLOW_ID",
    "PREFECT__CONTEXT__FLOW_RUN_ID",
    "PYTHONPATH",
];

/// The document `current/<flow>.json` of a version, for schedulers and orchestrators: `name`, `project`, `version`,
/// `run_config`, `parameters`, `schedules`, and `start`, which is the whole process to start.
///
/// `start` is `kind`, `command`, `working_dir`, `env`, `secret_env`, `from_agent` (variables that only the agent that
/// starts the run knows) and `holes`: for each name the paths into `start` whose text is to be replaced.
/// `{{run_id}}` is a fresh id of the run, `{{parameters}}` its parameters as JSON text: the document's, with those of
/// the run over them. Only the texts that `holes` names are replaced: a user's variable may hold the same text.
pub fn start_document(name: &str, project: &str, version: u32, definition: &Json, body: &Json) -> Json {
    let mut env: Map<String, Json> = body.get("env").and_then(Json::as_object).cloned().unwrap_or_default();
    let mut holes: BTreeMap<&str, Vec<[&str; 2]>> = BTreeMap::new();
    let mut from_agent = Vec::new();
    let per_run = body.get("per_run").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    for variable in per_run.iter().filter_map(Json::as_str) {
        let (hole, text) = match variable {
            "FLOWFORM_VERSION" => {
                env.insert(variable.to_owned(), version.to_string().into());
                continue;
            }
            "FLOWFORM_RUN_ID" | "PREFECT__CONTEXT__FLOW_RUN_ID" => ("run_id", RUN_ID_HOLE),
            "FLOWFORM_PARAMETERS" => ("parameters", PARAMETERS_HOLE),
            other => {
                from_agent.push(other);
                continue;
            }
        };
        env.insert(variable.to_owned(), text.into());
        holes.entry(hole).or_default().push(["env", variable]);
    }
    let part = |name: &str, default: Json| definition.get(name).cloned().unwrap_or(default);
    json!({
        "name": name,
        "project": project,
        "version": version,
        "run_config": part("run_config", Json::Null),
        "parameters": part("parameters", json!({})),
        "schedules": part("schedules", json!([])),
        "start": {
            "kind": KIND,
            "command": body.get("command").cloned().unwrap_or(Json::Null),
            "working_dir": body.get("working_dir").cloned().unwrap_or(Json::Null),
            "env": env,
            "secret_env": body.get("secret_env").cloned().unwrap_or_else(|| json!({})),
            "from_agent": from_agent,
            "holes": holes,
        },
    })
}

/// [`start_document`] straight from a definition; a definition that no process runs has a start without a command.
pub fn document(name: &str, project: &str, version: u32, definition: &Json) -> Json {
    let body = render_process(definition, name, project).unwrap_or(Json::Null);
    start_document(name, project, version, definition, &body)
}

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;
