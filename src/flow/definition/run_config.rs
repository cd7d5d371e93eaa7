//! The run config of a definition: arguments checked against the kind's table and put in the serialized form
//! (semantics 0.4 and 1), stricter than the original where that would fail at run time or depend on a machine.

use std::collections::BTreeMap;

use super::problem::{Problem, at, key, unknown_argument};
use super::{secret, values};
use crate::address::PathStep;
use crate::flow::kind::{RunConfigKind, field};
use crate::flow::run_config::absolute;
use crate::value::{Type, Value};

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
}

impl Checked {
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
    if !kind.available() {
        problems.push(
            Problem::error(
                base.to_vec(),
                "Run config that is not available yet",
                format!("Run configs of kind `{}` arrive in a later release.", kind.label()),
            )
            .help("use `local` or `universal`"),
        );
    }
    let known = || kind.fields().iter().chain(RunConfigKind::own_fields());
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

    let mut fields = BTreeMap::new();
    let mut working_dir = None;
    for argument in kind.fields() {
        let path = at(&base, argument.name);
        let value = values::attribute(arguments, argument.name);
        let value = match (argument.name, kind) {
            ("env" | "labels", _) => continue,
            // When the whole run config is unknown, so is each of its fields.
            _ if arguments.is_unknown() => Value::unknown(Type::Any),
            ("working_dir", RunConfigKind::Local) => {
                let value = directory(value, &path, problems);
                working_dir = Some(value.clone()).filter(|value| !value.is_null());
                value
            }
            _ => values::typed(argument, value, &path, problems).unwrap_or(Value::NULL),
        };
        fields.insert(argument.name, value);
    }
    let (env, labels) = if arguments.is_unknown() {
        (Value::unknown(Type::Map(Box::new(Type::String))), None)
    } else {
        let env = values::attribute(arguments, "env");
        let labels = values::attribute(arguments, "labels");
        (
            values::environment(env, &secret_env, &at(&base, "env"), problems),
            values::labels(labels, &at(&base, "labels"), problems),
        )
    };
    Checked { kind, fields, env, labels, secret_env, working_dir }
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
