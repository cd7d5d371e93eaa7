//! Inputs in, definitions and problems out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)]

use serde_json::{Value as Json, json};

use super::*;
use crate::diag::Severity;
use crate::value::{Marks, from_json, to_json};

/// The arguments of a flow, as JSON; what is missing is null. `run_config`, `storage` and `agent` hold their `kind`.
pub(super) struct Flow(Json);

impl Flow {
    fn value(&self, name: &str) -> Value {
        self.0.get(name).map_or(Value::NULL, from_json)
    }

    fn block(&self, name: &str) -> Option<(String, Value)> {
        let mut entries = self.0.get(name)?.as_object()?.clone();
        let kind = entries.remove("kind")?;
        Some((kind.as_str()?.to_owned(), from_json(&Json::Object(entries))))
    }

    pub(super) fn build(&self) -> (Value, Vec<Problem>) {
        self.build_with(&[])
    }

    /// With some of the values replaced: by input, or `run_config.env`.
    fn build_with(&self, replaced: &[(&str, Value)]) -> (Value, Vec<Problem>) {
        let value = |name: &str| {
            replaced
                .iter()
                .find(|(path, _)| *path == name)
                .map_or_else(|| self.value(name), |(_, v)| v.clone())
        };
        let block = |name: &str| {
            let (kind, mut arguments) = self.block(name)?;
            for (path, value) in replaced {
                if let Some(argument) = path.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')) {
                    let mut entries = arguments.as_entries().unwrap().clone();
                    entries.insert(argument.into(), value.clone());
                    arguments = Value::object(entries);
                }
            }
            Some((kind, arguments))
        };
        let (run_config, storage, agent) = (block("run_config"), block("storage"), block("agent"));
        let schedules: Vec<Value> =
            self.0.get("schedules").and_then(Json::as_array).into_iter().flatten().map(from_json).collect();
        let (definition, problems) = build(&FlowInputs {
            name: "etl",
            prefect_version: "1.4.1",
            run_config: run_config
                .as_ref()
                .map(|(kind, value)| (RunConfigKind::from_label(kind).unwrap(), value)),
            storage: storage.as_ref().map(|(kind, value)| (StorageKind::from_label(kind).unwrap(), value)),
            agent: agent.as_ref().map(|(kind, value)| (AgentKind::from_label(kind).unwrap(), value)),
            agent_address: None,
            agents: &[],
            default_labels: &value("default_labels"),
            labels: &value("labels"),
            parameters: &value("parameters"),
            schedules: &schedules,
            secret_env: &value("secret_env"),
            runtime: &value("runtime"),
            command: &value("command"),
            family: &value("family"),
            source_hash: &value("source_hash"),
            default_logs: (&value("default_log_group"), &value("default_log_region")),
        });
        // Checks of whole flows have tests of their own.
        let own = |problem: &Problem| {
            use crate::flow::check::CheckName::{PlaintextSecret, ShortNetwork};
            problem.check.is_none_or(|check| matches!(check, PlaintextSecret | ShortNetwork))
        };
        (definition, problems.into_iter().filter(own).collect())
    }
}

/// A flow that is right, with `changes` laid over it.
pub(super) fn flow(changes: Json) -> Flow {
    let mut flow = json!({
        "run_config": {"kind": "local"},
        "storage": {"kind": "local", "path": "/srv/f.py", "stored_as_script": true},
    });
    for (name, value) in changes.as_object().unwrap() {
        flow[name] = value.clone();
    }
    Flow(flow)
}

fn definition(changes: Json) -> Json {
    let (definition, problems) = flow(changes.clone()).build();
    assert_eq!(problems, vec![], "{changes}");
    to_json(&definition).expect("wholly known")
}

fn problems(changes: Json) -> Vec<String> {
    let (_, problems) = flow(changes).build();
    problems.iter().map(show).collect()
}

pub(super) fn show(problem: &Problem) -> String {
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    format!("{severity} {}: {}: {}", problem.place(), problem.summary, problem.detail)
}

#[test]
fn a_whole_definition() {
    assert_eq!(
        definition(json!({
            "run_config": {
                "kind": "local", "labels": ["z", "a"], "working_dir": "/srv/../srv/flows/",
                "env": {"N": 1.0, "F": 0.5, "ON": true, "S": "x", "GONE": "plain"},
                "secret_env": {"GONE": "env:GONE"},
            },
            "storage": {"kind": "local", "path": "f.py", "stored_as_script": true, "labels": ["s"]},
            "labels": ["flow"],
            "default_labels": ["a", "default"],
            "parameters": {"n": [1, {"x": null}]},
            "schedules": [{"interval": 3600}, {"cron": "0 6 * * *"}, {"interval": 3600}],
            "secret_env": {"TOKEN": "file:/run/token"},
            "source_hash": "abc",
            "family": "fam",
        })),
        json!({
            "run_config": {
                "type": "LocalRun", "__version__": "1.4.1", "working_dir": "/srv/flows",
                "env": {"N": "1", "F": "0.5", "ON": "true", "S": "x"},
                "labels": ["a", "default", "flow", "s", "z"],
            },
            "storage": {
                "type": "Local", "__version__": "1.4.1", "path": "f.py", "stored_as_script": true, "secrets": [],
                "flows": {"etl": "f.py"},
            },
            "parameters": {"n": [1, {"x": null}]},
            "schedules": [
                {
                    "type": "CronClock", "__version__": "1.4.1", "cron": "0 6 * * *", "day_or": true,
                    "start_date": null, "end_date": null, "parameter_defaults": {}, "labels": null,
                },
                {
                    "type": "IntervalClock", "__version__": "1.4.1", "interval": 3_600_000_000_i64,
                    "start_date": null, "end_date": null, "parameter_defaults": {}, "labels": null,
                },
            ],
            "runtime": "flowform",
            "secret_env": {"GONE": "env:GONE", "TOKEN": "file:/run/token"},
            "source_hash": "abc",
            "family": "fam",
        })
    );
}

#[test]
fn the_least_definition_is_universal() {
    let flow = Flow(json!({"runtime": "command", "command": ["make"]}));
    let (definition, problems) = flow.build();
    assert_eq!(problems, vec![]);
    assert_eq!(
        to_json(&definition).unwrap(),
        json!({
            "run_config": {"type": "UniversalRun", "__version__": "1.4.1", "env": null, "labels": []},
            "storage": null,
            "parameters": {},
            "schedules": [],
            "runtime": "command",
            "command": ["make"],
        })
    );
}

#[test]
fn run_configs_are_checked() {
    let config = |mut arguments: Json| {
        arguments["kind"] = "local".into();
        problems(json!({"run_config": arguments}))
    };
    for (arguments, expected) in [
        (
            json!({"workdir": "/x"}),
            "error run_config.workdir: Unknown argument: A run config of kind `local` has no argument `workdir`.",
        ),
        (
            json!({"labels": "prod"}),
            "error run_config.labels: Unsuitable labels: Labels are a list of texts, but this is a string.",
        ),
        (
            json!({"labels": [1]}),
            "error run_config.labels[0]: Unsuitable labels: A label is a text, but this is a number.",
        ),
        (
            json!({"labels": [""]}),
            "error run_config.labels[0]: Unsuitable labels: An empty label matches no agent.",
        ),
        (
            json!({"env": "A=1"}),
            "error run_config.env: Unsuitable value: `env` must be a map of texts, but this is a string.",
        ),
        (
            json!({"env": {"A": null}}),
            "error run_config.env.A: Variable without a value: `A` is null; an environment variable has a text.",
        ),
        (
            json!({"env": {"A": [1]}}),
            "error run_config.env.A: Unsuitable value: `A` must be a text, a number or a boolean, but this is a tuple.",
        ),
        (json!({"env": {"A=B": "x"}}), "error run_config[\"A=B\"]: x"),
        (
            json!({"env": {"FLOWFORM_X": "x"}}),
            "error run_config.env.FLOWFORM_X: Reserved variable name: `FLOWFORM_X` is set by flowform for every run; \
             names that begin with `FLOWFORM_` are reserved.",
        ),
        (
            json!({"working_dir": "flows"}),
            "error run_config.working_dir: Working directory that depends on a machine: \"flows\" is relative to the \
             working directory of whoever plans or runs. A definition is the same on every machine.",
        ),
        (
            json!({"working_dir": "~/flows"}),
            "error run_config.working_dir: Working directory that depends on a machine: \"~/flows\" begins with `~`, \
             which is not expanded: it is an ordinary name of a directory. A definition is the same on every machine.",
        ),
        (
            json!({"working_dir": ""}),
            "error run_config.working_dir: Working directory that depends on a machine: `working_dir` is empty, which \
             means the working directory of whoever plans. A definition is the same on every machine.",
        ),
        (
            json!({"working_dir": ["/x"]}),
            "error run_config.working_dir: Unsuitable value: `working_dir` must be a text, but this is a tuple.",
        ),
        (
            json!({"secret_env": {"A": "hunter2"}}),
            "error run_config.secret_env.A: Unsuitable secret reference: The reference of `A` is not one that a local \
             flow can resolve; a secret itself may not stand here, because definitions are recorded.",
        ),
        (
            json!({"env": {"DB_PASSWORD": "hunter2"}}),
            "warning run_config.env.DB_PASSWORD: Plaintext that looks like a secret: By its name, `DB_PASSWORD` holds \
             a secret. The registry, the artifact and everybody who may read them would have it in plaintext.",
        ),
        (
            json!({"env": {"X": "AKIAIOSFODNN7EXAMPLE"}}),
            "warning run_config.env.X: Plaintext that looks like a secret: By the form of its value, `X` holds a \
             secret. The registry, the artifact and everybody who may read them would have it in plaintext.",
        ),
    ] {
        let expected = if expected.starts_with("error run_config[\"A=B\"]") {
            "error run_config.env[\"A=B\"]: Unsuitable variable name: The name of an environment variable is not empty \
             and holds neither `=` nor a NUL character."
        } else {
            expected
        };
        assert_eq!(config(arguments.clone()), vec![expected.to_owned()], "{arguments}");
    }
    assert_eq!(
        problems(json!({"run_config": {"kind": "docker", "ports": [80], "storge": 1}})),
        vec![
            "error run_config.storge: Unknown argument: A run config of kind `docker` has no argument `storge`.",
        ]
    );
}

#[test]
fn harmless_plaintext_is_not_linted() {
    let env = json!({
        "KEYBOARD": "de", "USE_SECRETS": "prod", "TOKEN_URL": "https://x/y", "PASSWORD_FILE": "/run/p",
        "ENABLE_TOKEN": "true", "EMPTY_TOKEN": "", "DB": "postgres://user@host/db",
    });
    assert_eq!(problems(json!({"run_config": {"kind": "local", "env": env}})), Vec::<String>::new());
    for (name, value) in [
        ("DB", "postgres://user:pw@host/db"),
        ("X", "ghp_0123456789abcdef"),
        ("X", "-----BEGIN RSA PRIVATE KEY-----\nabc"),
        ("API_KEY", "abc"),
        ("TOKEN", "abc"),
    ] {
        let found = problems(json!({"run_config": {"kind": "local", "env": {name: value}}}));
        assert_eq!(found.len(), 1, "{name}={value}");
        assert!(!found[0].contains(value), "{}", found[0]);
    }
}

#[test]
fn storages_are_checked() {
    for (storage, expected) in [
        (
            json!({"kind": "s3", "bucket": "b"}),
            "error storage.key: Storage without a fixed place: Without `key` the original makes one from the time of \
             registration, so every plan would make a new version.",
        ),
        (
            json!({"kind": "azure", "container": "c"}),
            "error storage.blob_name: Storage without a fixed place: Without `blob_name` the original makes one from the \
             time of registration, so every plan would make a new version.",
        ),
        (
            json!({"kind": "gcs", "key": "k"}),
            "error storage.bucket: Missing argument: A storage of kind `gcs` needs `bucket`.",
        ),
        (
            json!({"kind": "gitlab", "repo": "r"}),
            "error storage.path: Missing argument: A storage of kind `gitlab` needs `path`.",
        ),
        (
            json!({"kind": "github", "repo": "r", "path": "p", "branch": "b"}),
            "error storage.branch: Unknown argument: A storage of kind `github` has no argument `branch`.",
        ),
        (
            json!({"kind": "git", "flow_path": "f", "repo": "o/r", "tag": "t", "commit": "c"}),
            "error storage: Unsuitable storage: Please provide only one of the following parameters: `branch_name`, \
             `tag`, `commit`.",
        ),
        (
            json!({"kind": "webhook", "build_request_kwargs": {}, "build_request_http_method": "FETCH",
                "get_flow_request_kwargs": {}, "get_flow_request_http_method": "GET"}),
            "error storage: Unsuitable storage: HTTP method 'FETCH' not recognized.",
        ),
        (
            json!({"kind": "docker", "image_name": "i", "image_tag": "t"}),
            "error storage: Storage that the flow cannot use: The flow's code is in a container image (`docker` storage), \
             and its run config is `local`: a process has no image, and a local agent refuses the run.",
        ),
        (
            json!({"kind": "local"}),
            "error storage.path: Storage without a fixed place: Without `path` the original pickles the flow into a file \
             that is named by the time; flowform does not.",
        ),
        (
            json!({"kind": "local", "path": "flows/f.py", "stored_as_script": true}),
            "error storage.path: Storage that depends on a machine: `path` is relative to the directory in which the flow \
             happens to start. A definition is the same on every machine.",
        ),
        (
            json!({"kind": "local", "path": "/f.py"}),
            "warning storage.stored_as_script: Script that would be read as a pickled flow: `path` names a Python script, \
             but `stored_as_script` is not true, so the run would try to unpickle it.",
        ),
        (
            json!({"kind": "s3", "bucket": "b", "key": "k", "local_script_path": "f.py"}),
            "warning storage.local_script_path: Argument without effect: `local_script_path` steers what the original \
             does when a flow is registered; flowform does not do that.",
        ),
        (
            json!({"kind": "s3", "bucket": "b", "key": "k", "client_options": [1]}),
            "error storage.client_options: Unsuitable value: `client_options` must be a map, but this is a tuple.",
        ),
    ] {
        assert_eq!(problems(json!({"storage": storage})), vec![expected.to_owned()], "{storage}");
    }
    let none = Flow(json!({"run_config": {"kind": "local"}}));
    assert_eq!(none.build().1[0].summary, "Flow without a storage");
    let module =
        definition(json!({"storage": {"kind": "local", "path": "pkg.flows:etl", "directory": "/d"}}));
    assert_eq!(module["storage"]["directory"], "/d");
}

#[test]
fn runtimes_ask_for_their_command() {
    for (changes, expected) in [
        (json!({"runtime": "comand"}), "error runtime: Unknown runtime"),
        (json!({"runtime": "command"}), "error command: Runtime without a command"),
        (json!({"command": ["make"]}), "error command: Command without its runtime"),
        (json!({"runtime": "command", "command": "make x"}), "error command: Unsuitable value"),
        (json!({"runtime": "command", "command": []}), "error command: Empty command"),
        (json!({"runtime": "command", "command": ["make", null]}), "error command[1]: Unsuitable value"),
        (json!({"parameters": [1]}), "error parameters: Unsuitable value"),
        (json!({"family": ""}), "error family: Empty text"),
        (json!({"schedules": [{"cron": "x"}]}), "error schedule[0].cron: Unsuitable cron expression"),
    ] {
        let found = problems(changes.clone());
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(expected), "{}", found[0]);
    }
}

#[test]
fn the_named_agent_must_take_the_flow() {
    let with = |agent: Json, labels: Json| problems(json!({"agent": agent, "labels": labels}));
    assert_eq!(with(json!({"kind": "local", "labels": ["a", "b"]}), json!(["a"])), Vec::<String>::new());
    assert_eq!(
        with(json!({"kind": "local", "labels": ["a"]}), json!(["b", "a"])),
        vec![
            "error agent.labels: No label coverage: The agent does not carry `b`, so it would never take a run of this \
             flow; an agent carries all labels of the runs that it takes."
        ]
    );
    assert_eq!(
        with(json!({"kind": "local", "labels": ["a"]}), json!([])),
        vec![
            "error agent.labels: No label coverage: The flow has no labels, and an agent that has labels takes no run \
             without any."
        ]
    );
    assert_eq!(with(json!({"kind": "ecs"}), json!([])).len(), 1);
    let (document, problems) =
        agent_document(AgentKind::Local, &from_json(&json!({"labels": ["b", "a"], "env_vars": {"N": 1}})));
    assert_eq!(problems, vec![]);
    assert_eq!(
        to_json(&document).unwrap(),
        json!({"kind": "local", "labels": ["a", "b"], "env_vars": {"N": "1"}})
    );
    let (_, problems) = agent_document(AgentKind::Local, &from_json(&json!({"import_path": []})));
    assert_eq!(problems[0].help.as_deref(), Some("did you mean `import_paths`?"));
}

#[test]
fn secrets_and_volatile_values_stay_out() {
    let secret = Value::string("hunter2").marked(Marks::SENSITIVE);
    let volatile = Value::string("2030").marked(Marks::VOLATILE);
    let env = |value: &Value| Value::object([("PASSWORD", value.clone())]);
    for (path, value, place, summary) in [
        ("run_config.env", env(&secret), "run_config.env.PASSWORD", "Sensitive value in a definition"),
        (
            "run_config.env",
            env(&volatile),
            "run_config.env.PASSWORD",
            "Value that changes by itself in a definition",
        ),
        (
            "run_config.env",
            env(&secret).marked(Marks::SENSITIVE),
            "run_config.env",
            "Sensitive value in a definition",
        ),
        ("parameters", env(&secret), "parameters.PASSWORD", "Sensitive value in a definition"),
        ("storage.path", secret.clone(), "storage.path", "Sensitive value in a definition"),
        ("labels", Value::tuple([secret.clone()]), "labels[0]", "Sensitive value in a definition"),
        ("source_hash", volatile.clone(), "source_hash", "Value that changes by itself in a definition"),
        ("secret_env", env(&secret), "secret_env.PASSWORD", "Sensitive value in a definition"),
    ] {
        let (definition, problems) = flow(json!({})).build_with(&[(path, value)]);
        assert_eq!(problems.len(), 1, "{path}: {problems:?}");
        assert_eq!((problems[0].place().as_str(), problems[0].summary), (place, summary));
        assert!(!format!("{problems:?} {definition:?}").contains("hunter2"), "{path}");
    }
}

#[test]
fn unknowns_stay_where_they_are() {
    let unknown = || Value::unknown(Type::String);
    let (definition, problems) = flow(json!({})).build_with(&[
        ("run_config.env", Value::object([("A", unknown()), ("B", Value::string("b"))])),
        ("run_config.working_dir", unknown()),
        ("storage.path", unknown()),
        ("labels", Value::tuple([Value::string("a"), unknown()])),
        ("parameters", Value::unknown(Type::Any)),
    ]);
    assert_eq!(problems, vec![]);
    let config = definition.get("run_config").unwrap();
    assert!(config.get("env").unwrap().get("A").unwrap().is_unknown());
    assert_eq!(config.get("env").unwrap().get("B"), Some(&Value::string("b")));
    assert!(config.get("working_dir").unwrap().is_unknown());
    assert!(config.get("labels").unwrap().is_unknown());
    let storage = definition.get("storage").unwrap();
    assert!(storage.get("path").unwrap().is_unknown());
    assert!(storage.get("flows").unwrap().get("etl").unwrap().is_unknown());
    assert_eq!(storage.get("stored_as_script"), Some(&Value::bool(true)));
    assert!(definition.get("parameters").unwrap().is_unknown());

    let git = flow(json!({"storage": {"kind": "git", "flow_path": "f.py"}}));
    let (definition, problems) = git.build_with(&[
        ("storage.repo", unknown()),
        ("storage.clone_depth", Value::unknown(Type::Number)),
        ("storage.use_ssh", Value::unknown(Type::Bool)),
    ]);
    assert_eq!(problems, vec![]);
    let storage = definition.get("storage").unwrap();
    for name in ["repo", "git_token_username", "clone_depth", "use_ssh"] {
        assert!(storage.get(name).unwrap().is_unknown(), "{name}");
    }
    assert_eq!(storage.get("flow_path"), Some(&Value::string("f.py")));
}

#[test]
fn extended_run_configs_merge() {
    let merge =
        |base: Json, over: Json| to_json(&merge_run_configs(&from_json(&base), &from_json(&over))).unwrap();
    assert_eq!(
        merge(
            json!({"env": {"A": 1, "B": 1}, "labels": ["z", "a"], "working_dir": "/x", "secret_env": {"S": "env:S", "B2": "env:B"}}),
            json!({"env": {"B": 2, "S": "plain"}, "labels": ["b"], "working_dir": null}),
        ),
        json!({
            "env": {"A": 1, "B": 2, "S": "plain"},
            "labels": ["a", "b", "z"],
            "working_dir": "/x",
            "secret_env": {"B2": "env:B"},
        })
    );
    assert_eq!(
        merge(json!({"env": {"P": "plain"}}), json!({"secret_env": {"P": "env:P"}})),
        json!({"env": {}, "secret_env": {"P": "env:P"}})
    );
    assert_eq!(merge(json!({"labels": ["a"]}), json!({"labels": "b"})), json!({"labels": "b"}));
    let base = Value::object([("env", Value::unknown(Type::Any))]);
    let over = Value::object([("env", Value::object([("A", Value::string("1"))]))]);
    assert!(merge_run_configs(&base, &over).get("env").unwrap().is_unknown());
}

#[test]
fn too_deep_values_are_refused() {
    let mut deep = Value::string("x");
    for _ in 0..150 {
        deep = Value::tuple([deep]);
    }
    let (_, problems) = flow(json!({})).build_with(&[("parameters", Value::object([("deep", deep)]))]);
    assert_eq!(
        problems.iter().map(|problem| problem.summary).collect::<Vec<_>>(),
        vec!["Value nested too deeply"]
    );
}
