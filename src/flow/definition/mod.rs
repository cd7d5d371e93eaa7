//! A flow's definition: everything that a version is, from evaluated configuration values. Stricter than the
//! original; see each part for its rules. It reads nothing: no file, no clock, no environment.
//!
//! The definition is an object with
//! - `run_config`: the serialized form (semantics 0.4), its labels united with those of the storage, the flow and
//!   `default_labels`, its `env` as texts without the names in `secret_env`;
//! - `storage`: the serialized form with this flow in `flows` (semantics 8), or null;
//! - `parameters`, `schedules`, `runtime`;
//! - only where given: `command`, `secret_env`, `source_hash`, `family`;
//! - `custom_job`, of a CustomJob what the run config has no argument for;
//! - `template_source`, which evaluation adds: the server that the task definition was read from;
//! - `agent_defaults`, by kind of agent, where agents have some that belong to it.
//!
//! It may hold unknowns. Equal configurations give equal definitions on every machine.

mod agent;
mod custom_job;
pub mod defaults;
mod logs;
mod merge;
mod problem;
mod purity;
mod run_config;
mod secret;
mod storage;
pub mod template;
mod values;
mod vertex;

pub use agent::agent_document;
pub use defaults::DeclaredAgent;
pub use logs::{LOG_GROUP, LOG_REGION};
pub use merge::merge_run_configs;
pub use problem::Problem;
pub(crate) use problem::{at, at_index, key, unknown_argument};
pub(crate) use secret::{is_arn, is_of_machine, is_secret_key};
pub use values::typed;

use crate::address::PathStep;
use crate::flow::check::{self, CheckInputs};
use crate::flow::kind::{AgentKind, RunConfigKind, StorageKind};
use crate::value::{Type, Value};

/// The evaluated arguments of one flow. What is not written is null.
#[derive(Clone, Debug)]
pub struct FlowInputs<'a> {
    /// The flow's name in the project.
    pub name: &'a str,
    /// The original's version, `__version__` of the serialized forms.
    pub prefect_version: &'a str,
    /// The kind and the arguments of the run config, `extends` resolved; none is `universal`.
    pub run_config: Option<(RunConfigKind, &'a Value)>,
    /// The kind and the arguments of the storage.
    pub storage: Option<(StorageKind, &'a Value)>,
    /// The kind and the arguments of the agent that `agent =` names.
    pub agent: Option<(AgentKind, &'a Value)>,
    /// The address of that agent.
    pub agent_address: Option<&'a str>,
    /// Every agent that the configuration declares.
    pub agents: &'a [DeclaredAgent<'a>],
    /// `default_labels` of the `flowform` block.
    pub default_labels: &'a Value,
    /// The flow's own labels.
    pub labels: &'a Value,
    /// Default parameters: an object.
    pub parameters: &'a Value,
    /// The `schedule` blocks, as objects.
    pub schedules: &'a [Value],
    /// Secrets by reference; united with those of the run config, and stronger.
    pub secret_env: &'a Value,
    /// `flowform` (the default), `prefect_server` or `command`.
    pub runtime: &'a Value,
    /// The command of the runtime `command`.
    pub command: &'a Value,
    /// The name of the flow's family of artifacts.
    pub family: &'a Value,
    /// A hash of the flow's source, given by the user: a new one makes a new version.
    pub source_hash: &'a Value,
    /// The log group of the provider that registers the flow's task definition, and its region; null where it has none.
    pub default_logs: (&'a Value, &'a Value),
}

/// Labels as a sorted set, checked like every list of labels.
pub(crate) fn label_set(value: &Value, path: &[PathStep], problems: &mut Vec<Problem>) -> Value {
    values::unite_labels(vec![values::labels(value, path, problems)])
}

/// What is wrong with the arguments of a run config by itself, below `run_config`.
pub fn run_config_problems(kind: RunConfigKind, arguments: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    let arguments = purity::purify(arguments, &[key("run_config")], &mut problems);
    run_config::check(kind, &arguments, &Value::NULL, &mut problems);
    problems
}

/// Who starts the flow's code, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// A documented Python line loads the storage and runs the flow.
    Flowform,
    /// The original's command, for flows that report to its server.
    PrefectServer,
    /// Whatever `command` says.
    Command,
}

impl Runtime {
    /// Every runtime, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::Flowform, Self::PrefectServer, Self::Command];

    /// The word that the configuration uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flowform => "flowform",
            Self::PrefectServer => "prefect_server",
            Self::Command => "command",
        }
    }

    /// The runtime of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|runtime| runtime.name() == name)
    }
}

/// The definition of a flow, and everything that is wrong with its inputs. When one of the problems is an error, the
/// definition is not to be used for anything but further checks.
///
/// Problems are placed by the input that they are about: `run_config.env.A`, `storage.key`, `labels[0]`,
/// `schedule[1].cron`, `default_labels`, `secret_env.A`, `agent.labels`, `runtime`, `command`.
pub fn build(inputs: &FlowInputs<'_>) -> (Value, Vec<Problem>) {
    let mut problems = Vec::new();
    if inputs.name.is_empty() {
        problems.push(
            Problem::error(vec![key("name")], "Flow without a name", "A flow is looked up by its name.")
                .help("write `name`, or a block label that is not empty"),
        );
    }
    let pure = |name: &str, value: &Value, problems: &mut Vec<Problem>| {
        purity::purify(value, &[key(name)], problems)
    };
    let labels = pure("labels", inputs.labels, &mut problems);
    let default_labels = pure("default_labels", inputs.default_labels, &mut problems);
    let parameters = pure("parameters", inputs.parameters, &mut problems);
    let secret_env = pure("secret_env", inputs.secret_env, &mut problems);
    let runtime = pure("runtime", inputs.runtime, &mut problems);
    let command = pure("command", inputs.command, &mut problems);

    let (kind, run_config) = match inputs.run_config {
        Some((kind, arguments)) => (kind, pure("run_config", arguments, &mut problems)),
        None => (RunConfigKind::Universal, Value::NULL),
    };
    let storage = inputs.storage.map(|(kind, arguments)| (kind, pure("storage", arguments, &mut problems)));

    let (runtime, command) = runtime_of(&runtime, &command, &mut problems);
    let checked = run_config::check(kind, &run_config, &secret_env, &mut problems);
    let stored = match &storage {
        Some((storage_kind, arguments)) => {
            if kind == RunConfigKind::Local && *storage_kind == StorageKind::Docker {
                problems.push(docker_on_a_process());
            }
            if *storage_kind == StorageKind::Docker && checked.is_registered() {
                problems.push(run_config::arn_with_docker_storage());
            }
            let working_dir = checked.working_dir.is_some();
            storage::check(*storage_kind, arguments, inputs, working_dir, &mut problems)
        }
        None => {
            if runtime == Some(Runtime::Flowform) {
                problems.push(no_storage());
            }
            storage::Checked::none()
        }
    };

    let all_labels = values::unite_labels(vec![
        checked.labels.clone(),
        stored.labels,
        values::labels(&labels, &[key("labels")], &mut problems),
        values::labels(&default_labels, &[key("default_labels")], &mut problems),
    ]);
    if let Some((agent_kind, arguments)) = inputs.agent {
        agent::check_coverage(agent_kind, arguments, kind, &all_labels, &mut problems);
    }

    let serialized = checked.serialized(inputs.prefect_version, all_labels.clone());
    let agent_defaults = defaults::of(inputs, kind, &serialized, &all_labels, &mut problems);
    let template = registered_template(kind, &serialized, &agent_defaults);
    let default_logs = logs::of(inputs, kind, &serialized, &agent_defaults, &mut problems);
    let found = check::flow(&CheckInputs {
        name: inputs.name,
        kind,
        arguments: &checked.arguments(&run_config),
        template: template.as_ref().map(|(place, document)| check::Template {
            place,
            of_agent: place.first() == Some(&key("agent")),
            document,
        }),
        storage: storage.as_ref().map(|(kind, arguments)| (*kind, arguments)),
        parameters: &parameters,
        has_secrets: !checked.secret_env.is_empty(),
        agent: inputs.agents.iter().find(|agent| Some(agent.address) == inputs.agent_address).map(as_checked),
        agents: &inputs.agents.iter().map(as_checked).collect::<Vec<_>>(),
        places: &checked.places,
    });
    let has_logs = !default_logs.is_empty();
    problems.extend(found.into_iter().filter(|one| !has_logs || one.check != Some(check::CheckName::NoLogs)));

    let mut definition = vec![
        ("run_config", serialized),
        ("storage", stored.serialized),
        ("parameters", parameters_of(&parameters, &mut problems)),
        ("schedules", schedules_of(inputs, &mut problems)),
        (
            "runtime",
            runtime.map_or_else(|| Value::unknown(Type::String), |runtime| Value::string(runtime.name())),
        ),
    ];
    definition.extend(command.map(|command| ("command", command)));
    definition.extend(checked.custom_job.map(|job| ("custom_job", job)));
    if agent_defaults.as_entries().is_some_and(|defaults| !defaults.is_empty()) {
        definition.push(("agent_defaults", agent_defaults));
    }
    definition.extend(default_logs);
    if !checked.secret_env.is_empty() {
        definition.push(("secret_env", Value::object(checked.secret_env)));
    }
    for (name, value) in [("source_hash", inputs.source_hash), ("family", inputs.family)] {
        let value = pure(name, value, &mut problems);
        definition.extend(values::text(name, &value, &[key(name)], &mut problems).map(|value| (name, value)));
    }
    (Value::object(definition), problems)
}

/// The template that the run config holds, else that of the agents that take the flow, and where it is; with the sizes that
/// become part of it when it is registered.
fn registered_template(
    kind: RunConfigKind,
    serialized: &Value,
    agent_defaults: &Value,
) -> Option<(Vec<PathStep>, Value)> {
    let argument = template::TemplateFields::of(kind)?.inline;
    let own = serialized.get(argument).map(|document| (at(&[key("run_config")], argument), document));
    let of_agents = || Some((vec![key("agent")], agent_defaults.get(kind.label())?.get(argument)?));
    let (place, document) = own.filter(|(_, document)| !document.is_null()).or_else(of_agents)?;
    let Some(entries) = document.as_entries().filter(|entries| !entries.is_empty()) else {
        return Some((place, document.clone()));
    };
    let mut entries = std::collections::BTreeMap::clone(entries);
    for size in ["cpu", "memory"].into_iter().filter(|_| kind == RunConfigKind::Ecs) {
        if let Some(value) = serialized.get(size).filter(|value| !value.is_null()) {
            entries.entry(size.into()).or_insert_with(|| value.clone());
        }
    }
    Some((place, Value::object(entries)))
}

fn as_checked<'a>(agent: &DeclaredAgent<'a>) -> check::Agent<'a> {
    check::Agent { address: agent.address, kind: agent.kind, options: agent.options }
}

/// `runtime` and `command`: the one asks for the other. An unknown runtime is `None`.
fn runtime_of(
    runtime: &Value,
    command: &Value,
    problems: &mut Vec<Problem>,
) -> (Option<Runtime>, Option<Value>) {
    let path = vec![key("runtime")];
    let known = match values::text("runtime", runtime, &path, problems) {
        None => Some(Runtime::Flowform),
        Some(value) if value.is_unknown() => None,
        Some(value) => {
            let name = value.as_str().unwrap_or_default();
            let runtime = Runtime::from_name(name);
            if runtime.is_none() {
                let names = Runtime::ALL.map(Runtime::name);
                let problem = Problem::error(
                    path,
                    "Unknown runtime",
                    format!("There is no runtime {name:?}; a flow runs by one of {}.", names.join(", ")),
                );
                problems.push(match crate::diag::closest(name, names) {
                    Some(best) => problem.help(format!("did you mean `{best}`?")),
                    None => problem,
                });
            }
            Some(runtime.unwrap_or(Runtime::Flowform))
        }
    };
    let path = vec![key("command")];
    let command = command_of(command, &path, problems);
    match (known, &command) {
        (Some(Runtime::Command), None) => problems.push(
            Problem::error(
                path,
                "Runtime without a command",
                "The runtime `command` runs what `command` says.",
            )
            .help("write `command = [\"python\", \"flow.py\"]`, or leave `runtime` out"),
        ),
        (Some(Runtime::Flowform | Runtime::PrefectServer), Some(_)) => problems.push(
            Problem::error(
                path,
                "Command without its runtime",
                "`command` is only used by the runtime `command`; the other runtimes have their own.",
            )
            .help("write `runtime = \"command\"`, or remove `command`"),
        ),
        (Some(_) | None, _) => {}
    }
    (known, command)
}

/// The program and its arguments: a list of texts, the first not empty.
fn command_of(value: &Value, path: &[PathStep], problems: &mut Vec<Problem>) -> Option<Value> {
    if value.is_null() {
        return None;
    }
    if let Some(text) = value.as_str() {
        problems.push(
            Problem::error(
                path.to_vec(),
                "Unsuitable value",
                "`command` is a list: the program and its arguments, without a shell between.",
            )
            .help(format!("write `[\"/bin/sh\", \"-c\", {text:?}]` to have a shell run it")),
        );
        return Some(Value::tuple([value.clone()]));
    }
    let field = crate::flow::kind::Field {
        name: "command",
        ty: crate::flow::kind::FieldType::ListOfString,
        required: false,
        doc: "",
    };
    let command = values::typed(&field, value, path, problems)?;
    if let Some(words) = command.as_slice()
        && words.first().is_none_or(|program| program.as_str() == Some(""))
    {
        problems.push(
            Problem::error(path.to_vec(), "Empty command", "`command` names no program.")
                .help("write the program first: `[\"python\", \"flow.py\"]`"),
        );
    }
    Some(command)
}

fn parameters_of(value: &Value, problems: &mut Vec<Problem>) -> Value {
    if value.is_null() {
        return Value::object::<String>([]);
    }
    if value.is_unknown() || value.as_entries().is_some() {
        return value.clone();
    }
    problems.push(
        Problem::error(
            vec![key("parameters")],
            "Unsuitable value",
            format!("`parameters` must be a map by parameter name, but this is {}.", values::describe(value)),
        )
        .help("write `parameters = { name = value }`"),
    );
    Value::object::<String>([])
}

/// The schedules as the original's clocks, sorted: their order means nothing.
fn schedules_of(inputs: &FlowInputs<'_>, problems: &mut Vec<Problem>) -> Value {
    let mut clocks = Vec::with_capacity(inputs.schedules.len());
    for (index, block) in inputs.schedules.iter().enumerate() {
        let path = at_index(&[key("schedule")], index);
        let block = purity::purify(block, &path, problems);
        let (clock, found) = crate::flow::schedule::normalize(&block, inputs.prefect_version);
        problems.extend(found.into_iter().map(|problem| problem.under(&path)));
        clocks.push(clock);
    }
    clocks.sort();
    clocks.dedup();
    Value::tuple(clocks)
}

fn no_storage() -> Problem {
    Problem::error(
        vec![key("storage")],
        "Flow without a storage",
        "Nothing says where the flow's code is. The original would store a pickled flow on the machine that registers \
         it; flowform does not, because a definition does not depend on a machine.",
    )
    .help("name a storage block (`storage = storage.local.code`), or write `runtime = \"command\"` and `command`")
}

fn docker_on_a_process() -> Problem {
    Problem::error(
        vec![key("storage")],
        "Storage that the flow cannot use",
        "The flow's code is in a container image (`docker` storage), and its run config is `local`: a process has no \
         image, and a local agent refuses the run.",
    )
    .help("use another storage, or a run config that starts containers")
}

#[cfg(test)]
mod kinds_tests;
#[cfg(test)]
mod tests;
