//! The contract between a flow version and whatever starts it: command, variables, secrets by reference, and what is
//! added per run. The same for every kind of backend; how each of them writes it down is the renderers' business.

use std::collections::BTreeMap;

use flowform_provider_api::canonical_json;
use serde_json::{Map, Value as Json};

use super::command;
use super::environment::{FLOW_RUNNER, USE_LOCAL_SECRETS};
use super::origin::{Origin, Origins};
use super::versioned::{Input, RenderError};
use crate::flow::definition::Runtime;
use crate::flow::kind::AgentKind;

/// What the runtime `flowform` has Python run, by `python -c`: it loads the serialized storage from
/// `FLOWFORM_STORAGE` with the original package (1.4), takes this flow from it, runs it once with the parameters of
/// `FLOWFORM_PARAMETERS` and exits 0 when the final state is a success, else 1.
pub const PYTHON_LINE: &str = "import json, os, sys; \
from prefect.serialization.storage import StorageSchema; \
storage = StorageSchema().load(json.loads(os.environ[\"FLOWFORM_STORAGE\"])); \
state = storage.get_flow(os.environ[\"FLOWFORM_FLOW\"]).run(parameters=json.loads(os.environ[\"FLOWFORM_PARAMETERS\"])); \
sys.exit(0 if state is not None and state.is_successful() else 1)";

/// What a backend has to give a run of the version.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Contract {
    /// Who starts the flow's code.
    pub runtime: Runtime,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The variables that are the same for every run, each with where it came from; none of `secret_env`.
    pub env: BTreeMap<String, (Json, Origin)>,
    /// Variables by reference.
    pub secret_env: BTreeMap<String, String>,
    /// The names of the variables that whoever starts a run adds, sorted; none of `secret_env`.
    pub per_run: Vec<&'static str>,
}

impl Contract {
    /// The variables as an object.
    pub(super) fn env_object(&self) -> Json {
        self.env.iter().map(|(name, (value, _))| (name.clone(), value.clone())).collect::<Map<_, _>>().into()
    }

    /// Whether it decides on the variable of that name.
    pub(super) fn sets(&self, name: &str) -> bool {
        self.env.contains_key(name) || self.secret_env.contains_key(name) || self.per_run.contains(&name)
    }

    /// Notes where `command` and the variables of `env` came from.
    pub(super) fn note(&self, origins: &mut Origins) {
        origins.set(&["command"], self.command_origin());
        origins.set(&["secret_env"], Origin::RunConfig);
        for (name, (_, origin)) in &self.env {
            origins.set_from(&["env", name], *origin, format!("env.{name}"));
        }
    }

    /// Who decided on the command.
    pub(super) const fn command_origin(&self) -> Origin {
        match self.runtime {
            Runtime::Flowform | Runtime::PrefectServer => Origin::Runtime,
            Runtime::Command => Origin::Flow,
        }
    }
}

/// The contract of a definition. `context_image` is the image of kinds that tell it to the original's own command.
///
/// # Errors
/// The definition says neither where the code is nor what to run.
pub(super) fn contract(
    input: Input<'_>,
    agent: AgentKind,
    context_image: Option<&str>,
) -> Result<Contract, RenderError> {
    let Input { definition, run_config, name, project } = input;
    let runtime = definition.get("runtime").and_then(Json::as_str).and_then(Runtime::from_name);
    let runtime = runtime.unwrap_or(Runtime::Flowform);

    let mut env: BTreeMap<String, (Json, Origin)> = BTreeMap::new();
    let mut set =
        |name: &str, value: Json, origin: Origin| drop(env.insert(name.to_owned(), (value, origin)));
    // Below the run config's: a user may want these otherwise.
    match runtime {
        // A schedule in the flow's own code would have the run wait and never end.
        Runtime::Flowform => set("PREFECT__FLOWS__RUN_ON_SCHEDULE", "false".into(), Origin::Runtime),
        Runtime::PrefectServer => set("PREFECT__LOGGING__LEVEL", "INFO".into(), Origin::Runtime),
        Runtime::Command => {}
    }
    for (name, value) in run_config.get("env").and_then(Json::as_object).into_iter().flatten() {
        set(name, value.clone(), Origin::RunConfig);
    }
    let mut per_run = vec!["FLOWFORM_PARAMETERS", "FLOWFORM_RUN_ID", "FLOWFORM_VERSION"];
    let command = match runtime {
        Runtime::Flowform => {
            let storage = input.storage().map(canonical_json).ok_or(RenderError::NothingToRun)?;
            set("FLOWFORM_STORAGE", storage.into(), Origin::Storage);
            ["python", "-c", PYTHON_LINE].map(str::to_owned).to_vec()
        }
        Runtime::PrefectServer => {
            set(USE_LOCAL_SECRETS.0, USE_LOCAL_SECRETS.1.into(), Origin::Runtime);
            set(FLOW_RUNNER.0, FLOW_RUNNER.1.into(), Origin::Runtime);
            per_run.extend(SERVER_PER_RUN);
            match agent {
                AgentKind::Local => per_run.push("PYTHONPATH"),
                AgentKind::Docker | AgentKind::Kubernetes | AgentKind::Ecs | AgentKind::Vertex => {
                    per_run.extend(["PREFECT__CLOUD__AUTH_TOKEN", "PREFECT__LOGGING__LOG_TO_CLOUD"]);
                }
            }
            // ECS has it in the definition, which a variable of the run overrides (semantics 0.8).
            let own = run_config.pointer("/env/PREFECT__CONTEXT__IMAGE").is_some_and(|own| !own.is_null());
            if let Some(image) = context_image.filter(|_| !(own && agent == AgentKind::Ecs)) {
                set("PREFECT__CONTEXT__IMAGE", image.into(), Origin::Runtime);
            }
            server_command(agent, run_config)
        }
        Runtime::Command => {
            let words = definition.get("command").and_then(Json::as_array);
            let words = words.ok_or(RenderError::NothingToRun)?;
            words.iter().filter_map(Json::as_str).map(str::to_owned).collect()
        }
    };
    set("FLOWFORM_FLOW", name.into(), Origin::Flow);
    set("FLOWFORM_PROJECT", project.into(), Origin::Flow);

    let secret_env = definition.get("secret_env").and_then(Json::as_object).into_iter().flatten();
    let secret_env: BTreeMap<String, String> = secret_env
        .filter_map(|(name, reference)| Some((name.clone(), reference.as_str()?.to_owned())))
        .collect();
    env.retain(|name, _| !secret_env.contains_key(name));
    let overridden = |name: &str| is_default(agent, name) && env.contains_key(name);
    per_run.retain(|name| !(secret_env.contains_key(*name) || overridden(name)));
    per_run.sort_unstable();
    Ok(Contract { runtime, command, env, secret_env, per_run })
}

/// Whether the agent's value is one that the run's `env` overrides (semantics 0.8, steps 2 and 4).
fn is_default(agent: AgentKind, name: &str) -> bool {
    matches!((agent, name), (AgentKind::Local, "PYTHONPATH") | (AgentKind::Docker, "PREFECT__CLOUD__API"))
}

/// The original's command (semantics 0.7): a process has its own Python run the package, a container has the program.
fn server_command(agent: AgentKind, run_config: &Json) -> Vec<String> {
    let words = match agent {
        AgentKind::Local => vec!["python", "-m", "prefect", "execute", "flow-run"],
        AgentKind::Docker | AgentKind::Kubernetes | AgentKind::Ecs | AgentKind::Vertex => {
            let version = run_config.get("__version__").and_then(Json::as_str).unwrap_or_default();
            // A text that is no version has the present command.
            command::for_version(Some(version)).unwrap_or(command::FLOW_RUN).split(' ').collect()
        }
    };
    words.into_iter().map(str::to_owned).collect()
}

/// The variables of the runtime `prefect_server` that depend on the run or on the agent (semantics 0.8, steps 7 and 8).
const SERVER_PER_RUN: [&str; 8] = [
    "PREFECT__BACKEND",
    "PREFECT__CLOUD__AGENT__LABELS",
    "PREFECT__CLOUD__API",
    "PREFECT__CLOUD__API_KEY",
    "PREFECT__CLOUD__SEND_FLOW_RUN_LOGS",
    "PREFECT__CLOUD__TENANT_ID",
    "PREFECT__CONTEXT__FLOW_ID",
    "PREFECT__CONTEXT__FLOW_RUN_ID",
];
