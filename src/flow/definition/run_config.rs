//! The run config of a definition: arguments checked against the kind's table and put in the serialized form
//! (semantics 0.4 and 1), stricter than the original where that would fail at run time or depend on a machine.

use std::collections::BTreeMap;

use super::problem::{Problem, at, at_index, key, unknown_argument};
use super::template::{self, ECS, KUBERNETES};
use super::{custom_job, secret, values, vertex};
use crate::address::PathStep;
use crate::flow::document::{self, Document};
use crate::flow::kind::{Field, FieldType, RunConfigKind, field};
use crate::flow::run_config::absolute;
use crate::value::{Kind, Type, Value, convert};

/// A checked run config.
pub(super) struct Checked {
    kind: RunConfigKind,
    /// Every field of the kind but `env` and `labels`.
    fields: BTreeMap<&'static str, Value>,
    env: Value,
    /// Its own labels; `None` when they are not all known.
    pub(super) labels: Option<Vec<String>>,
    /// Secrets by reference, the flow's own included.
    pub(super) secret_env: BTreeMap<String, Value>,
    /// Where the process starts, when that is said.
    pub(super) working_dir: Option<Value>,
    /// What of `custom_job` is no argument of the run config.
    pub(super) custom_job: Option<Value>,
    /// Where arguments are that `custom_job` holds.
    pub(super) places: BTreeMap<&'static str, Vec<PathStep>>,
}

impl Checked {
    /// Whether it names a task definition that is registered already.
    pub(super) fn is_registered(&self) -> bool {
        self.fields.get("task_definition_arn").is_some_and(|value| !value.is_null())
    }

    /// The arguments as the checks of the whole flow see them: in their final form, and nothing that was not said.
    pub(super) fn arguments(&self, given: &Value) -> Value {
        if given.is_unknown() {
            return given.clone();
        }
        let mut entries: BTreeMap<&str, Value> = self.fields.clone();
        entries.insert("env", self.env.clone());
        if values::attribute(given, "machine_type").is_null() {
            entries.remove("machine_type");
        }
        entries.extend(self.custom_job.as_ref().map(|job| ("custom_job", job.clone())));
        Value::object(entries)
    }

    /// The serialized form with these labels.
    pub(super) fn serialized(&self, prefect_version: &str, labels: Value) -> Value {
        let mut entries: BTreeMap<&str, Value> = self.fields.clone();
        entries.insert("env", self.env.clone());
        entries.insert("labels", labels);
        entries.insert("type", Value::string(self.kind.class()));
        entries.insert("__version__", Value::string(prefect_version));
        Value::object(entries)
    }
}

/// Checks the arguments of a run config; `flow_secrets` are laid over its own `secret_env`.
pub(super) fn check(
    kind: RunConfigKind,
    arguments: &Value,
    flow_secrets: &Value,
    problems: &mut Vec<Problem>,
) -> Checked {
    let base = [key("run_config")];
    let known = || kind.fields().iter().chain(RunConfigKind::own_fields()).chain(kind.language_fields());
    let owner = format!("A run config of kind `{}`", kind.label());
    match arguments.as_entries() {
        Some(entries) => {
            for name in entries.keys() {
                if known().all(|field| field.name != name.as_ref()) {
                    problems.push(unknown_argument(&base, name, &owner, known()));
                }
            }
        }
        None if arguments.is_null() || arguments.is_unknown() => {}
        None => problems.push(Problem::error(
            base.to_vec(),
            "Unsuitable value",
            format!(
                "A run config is an object of its arguments, but this is {}.",
                values::describe(arguments)
            ),
        )),
    }

    let path = at(&base, "secret_env");
    let own = values::attribute(arguments, "secret_env");
    let mut secret_env = secret::references(own, kind, &path, problems);
    secret_env.extend(secret::references(flow_secrets, kind, &[key("secret_env")], problems));

    let own = |name: &str| !values::attribute(arguments, name).is_null();
    let whole = values::attribute(arguments, "custom_job");
    let job = match kind {
        RunConfigKind::Vertex => custom_job::take_apart(whole, &at(&base, "custom_job"), &own, problems),
        _ => custom_job::CustomJob::default(),
    };
    let place = |name: &str| job.shared.get(name).map_or_else(|| at(&base, name), |(_, place)| place.clone());

    let mut fields = BTreeMap::new();
    for argument in kind.fields().iter().filter(|field| !matches!(field.name, "env" | "labels")) {
        let value = match arguments.is_unknown() {
            // When the whole run config is unknown, so is each of its fields.
            true => Value::unknown(Type::Any),
            false => {
                let given = values::attribute(arguments, argument.name);
                let given = job.shared.get(argument.name).map_or(given, |(shared, _)| shared);
                field_of(argument, given, &place(argument.name), problems)
            }
        };
        fields.insert(argument.name, value);
    }
    match kind {
        RunConfigKind::Kubernetes => template::settle(&KUBERNETES, &mut fields, &base, problems),
        RunConfigKind::Ecs => {
            template::settle(&ECS, &mut fields, &base, problems);
            registered_rules(&fields, &secret_env, &base, problems);
        }
        RunConfigKind::Vertex if !arguments.is_unknown() => {
            vertex::rules(&mut fields, &place("worker_pool_specs"), problems);
        }
        RunConfigKind::Universal | RunConfigKind::Local | RunConfigKind::Docker | RunConfigKind::Vertex => {}
    }
    documents(kind, &mut fields, &place, problems);
    let working_dir = fields.get("working_dir").filter(|value| !value.is_null()).cloned();
    let (env, labels) = if arguments.is_unknown() {
        (Value::unknown(Type::Map(Box::new(Type::String))), None)
    } else {
        let env = values::attribute(arguments, "env");
        let labels = values::attribute(arguments, "labels");
        (
            values::environment(env, &secret_env, kind, &at(&base, "env"), problems),
            values::labels(labels, &at(&base, "labels"), problems),
        )
    };
    let places = job.shared.into_iter().map(|(name, (_, place))| (name, place)).collect();
    Checked { kind, fields, env, labels, secret_env, working_dir, custom_job: job.rest, places }
}

/// Whole documents, checked against what their backend has published and put in its form.
fn documents(
    kind: RunConfigKind,
    fields: &mut BTreeMap<&'static str, Value>,
    place: &dyn Fn(&str) -> Vec<PathStep>,
    problems: &mut Vec<Problem>,
) {
    for (name, value) in fields.iter_mut().filter(|(_, value)| !value.is_null()) {
        if let Some(document) = Document::of_argument(kind, name) {
            let (checked, found) = document::check(document, value, &place(name));
            problems.extend(found);
            *value = checked;
        }
    }
}

/// One argument but `env` and `labels`, as its type and its own rules want it; null when it is not given or wrong.
fn field_of(argument: &Field, value: &Value, path: &[PathStep], problems: &mut Vec<Problem>) -> Value {
    match argument.name {
        "working_dir" => directory(value, path, problems),
        "ports" => ports(value, path, problems),
        "image" if matches!(value.kind, Kind::Bool(_) | Kind::Number(_)) => {
            problems.push(
                Problem::error(
                    path.to_vec(),
                    "Unsuitable image",
                    format!("The name of an image is a text, but this is {}.", values::describe(value)),
                )
                .help("write it in quotes: `\"registry/repository/image:tag\"`"),
            );
            Value::NULL
        }
        "image_pull_policy" => pull_policy(value, path, problems),
        // A template may be a text or an object; what it is, is seen with its path.
        "task_definition" | "job_template" => value.clone(),
        _ => match argument.ty {
            FieldType::String => values::text(argument.name, value, path, problems).unwrap_or(Value::NULL),
            _ => values::typed(argument, value, path, problems).unwrap_or(Value::NULL),
        },
    }
}

/// Ports to expose: whole numbers from 1 to 65535. The original takes whatever Python's `int` takes, `80.9` and the
/// digits of one text included (semantics 1), and Docker refuses the rest when the container is made.
fn ports(value: &Value, path: &[PathStep], problems: &mut Vec<Problem>) -> Value {
    if value.is_null() || value.is_unknown() {
        return value.clone();
    }
    let Some(items) = value.as_slice() else {
        problems.push(
            Problem::error(
                path.to_vec(),
                "Unsuitable value",
                format!("`ports` must be a list of port numbers, but this is {}.", values::describe(value)),
            )
            .help("write `ports = [8080]`"),
        );
        return Value::NULL;
    };
    let mut ports = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        if item.is_unknown() {
            ports.push(Value::unknown(Type::Number));
            continue;
        }
        let number = convert(item, &Type::Number).ok().and_then(|number| match number.kind {
            Kind::Number(number) => number.to_i64(),
            _ => None,
        });
        match number.filter(|port| (1..=65535).contains(port)) {
            Some(port) => ports.push(Value::int(port)),
            None => problems.push(
                Problem::error(
                    at_index(path, index),
                    "Unsuitable port",
                    "A port is a whole number from 1 to 65535.",
                )
                .help("write the number alone; `host_config` has `port_bindings` for ports of the host"),
            ),
        }
    }
    Value::tuple(ports)
}

/// The words that Kubernetes has, in its own spelling (semantics 1).
fn pull_policy(value: &Value, path: &[PathStep], problems: &mut Vec<Problem>) -> Value {
    const POLICIES: [&str; 3] = ["Always", "IfNotPresent", "Never"];
    let Some(value) = values::text("image_pull_policy", value, path, problems) else { return Value::NULL };
    let Some(text) = value.as_str() else { return value };
    if POLICIES.contains(&text) {
        return value;
    }
    let problem = Problem::error(
        path.to_vec(),
        "Unknown pull policy",
        format!("{text:?} is no pull policy; those are `Always`, `IfNotPresent` and `Never`, spelled so."),
    );
    let meant = POLICIES.into_iter().find(|policy| policy.eq_ignore_ascii_case(text));
    problems.push(match meant.or_else(|| crate::diag::closest(text, POLICIES)) {
        Some(policy) => problem.help(format!("did you mean `{policy}`?")),
        None => problem.help("leave it out for the cluster's default"),
    });
    Value::NULL
}

/// What goes with a task definition that is registered already, and what does not (semantics 1 and 2.2).
fn registered_rules(
    fields: &BTreeMap<&'static str, Value>,
    secret_env: &BTreeMap<String, Value>,
    base: &[PathStep],
    problems: &mut Vec<Problem>,
) {
    let given = |name: &str| fields.get(name).is_some_and(|value| !value.is_null());
    if !given("task_definition_arn") {
        return;
    }
    if given("image") {
        problems.push(
            Problem::error(
                at(base, "image"),
                "Image beside a registered task definition",
                "`task_definition_arn` names a task definition as it is registered, and the image is part of it; \
                 another image cannot be given when a task is started.",
            )
            .help("remove `image`, or write the definition as `task_definition` and leave the ARN out"),
        );
    }
    if !secret_env.is_empty() {
        problems.push(
            Problem::error(
                at(base, "secret_env"),
                "Secrets beside a registered task definition",
                "Secrets are part of a task definition, and the one that `task_definition_arn` names is registered \
                 already; none can be added when a task is started.",
            )
            .help("put them into the registered definition, or write it as `task_definition` and leave the ARN out"),
        );
    }
}

/// The error of a registered task definition together with code in an image (semantics 2.2).
pub(super) fn arn_with_docker_storage() -> Problem {
    Problem::error(
        at(&[key("run_config")], "task_definition_arn"),
        "Registered task definition with docker storage",
        "`task_definition_arn` names a task definition with an image of its own, and `docker` storage puts the flow's \
         code into another image; the original refuses such a run.",
    )
    .help("write the definition as `task_definition`, or use another storage")
}

/// `working_dir`: an absolute path of the machine that runs the flow, normalised as in the original (semantics 1).
///
/// The original takes a relative path against the directory of whoever registers, and the agent takes it against
/// its own; both make the definition depend on a machine, so a relative path, an empty one and `~` are errors.
fn directory(value: &Value, path: &[PathStep], problems: &mut Vec<Problem>) -> Value {
    let Some(argument) = field(RunConfigKind::Local.fields(), "working_dir") else { return Value::NULL };
    let value = values::typed(argument, value, path, problems).unwrap_or(Value::NULL);
    let Some(text) = value.as_str() else { return value };
    if text.starts_with('/') {
        return Value::string(absolute(text, "/"));
    }
    let what = match text {
        "" => "`working_dir` is empty, which means the working directory of whoever plans.".to_owned(),
        _ if text.starts_with('~') => {
            format!("{text:?} begins with `~`, which is not expanded: it is an ordinary name of a directory.")
        }
        _ => format!("{text:?} is relative to the working directory of whoever plans or runs."),
    };
    problems.push(
        Problem::error(
            path.to_vec(),
            "Working directory that depends on a machine",
            format!("{what} A definition is the same on every machine."),
        )
        .help("write an absolute path of the machine that runs the flow, or leave `working_dir` out to start in the agent's directory"),
    );
    Value::NULL
}
