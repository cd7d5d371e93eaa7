//! Secrets by reference, and plaintext that looks like one. It resolves no reference and
//! never shows a value.

use std::collections::BTreeMap;

use super::problem::{Problem, at};
use super::values;
use crate::address::PathStep;
use crate::flow::kind::RunConfigKind;
use crate::value::{Type, Value};

/// The entries of `secret_env`: references checked for `kind`.
///
/// For processes and containers on a Docker host, a reference names a variable (`env:NAME`) or a file (`file:/path`)
/// of the machine that starts the run; for ECS a secret of Secrets Manager or a parameter of SSM by its ARN; for
/// Kubernetes a secret and its key (`secret/key`). Vertex AI has none. A universal flow may run anywhere, so each passes.
pub(super) fn references(
    value: &Value,
    kind: RunConfigKind,
    path: &[PathStep],
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, Value> {
    let mut out = BTreeMap::new();
    if value.is_null() {
        return out;
    }
    let Some(entries) = value.as_entries() else {
        problems.push(
            Problem::error(
                path.to_vec(),
                "Unsuitable value",
                format!(
                    "`secret_env` must be a map from variable names to references that is known when planning, but \
                     this is {}.",
                    values::describe(value)
                ),
            )
            .help(format!("write `secret_env = {{ NAME = \"{}\" }}`", example(kind, "NAME"))),
        );
        return out;
    };
    if kind == RunConfigKind::Vertex && !entries.is_empty() {
        problems.push(
            Problem::error(
                path.to_vec(),
                "Secrets by reference on Vertex AI",
                "A CustomJob has no environment variables by reference: whoever may see the job would see the value.",
            )
            .help("give the job's service account access to Secret Manager, and let the flow read the secret itself"),
        );
        return out;
    }
    for (name, reference) in entries.iter() {
        let path = at(path, name);
        values::check_variable_name(name, &path, problems);
        if reference.is_unknown() {
            out.insert(name.to_string(), Value::unknown(Type::String));
            continue;
        }
        match reference.as_str() {
            Some(text) if is_reference(text, kind) => {
                out.insert(name.to_string(), Value::string(text));
            }
            _ => problems.push(
                Problem::error(
                    path,
                    "Unsuitable secret reference",
                    format!(
                        "The reference of `{name}` is not one that a {} flow can resolve; a secret itself may not \
                         stand here, because definitions are recorded.",
                        kind.label()
                    ),
                )
                .help(forms(kind)),
            ),
        }
    }
    out
}

/// How references of the kind are written.
const fn forms(kind: RunConfigKind) -> &'static str {
    match kind {
        RunConfigKind::Local | RunConfigKind::Docker => {
            "write `env:NAME` for a variable or `file:/path` for a file of the machine that starts the run"
        }
        RunConfigKind::Ecs => "write the ARN of a secret in Secrets Manager or of a parameter in SSM",
        RunConfigKind::Kubernetes => {
            "write `secret/key`: the name of a Secret in the namespace, and a key in it"
        }
        RunConfigKind::Vertex => "let the flow read the secret itself",
        RunConfigKind::Universal => {
            "write `env:NAME` or `file:/path` of the machine that starts the run, the ARN of a secret (ECS), or \
             `secret/key` (Kubernetes)"
        }
    }
}

/// What to write in place of a plaintext secret.
pub(super) fn instead(kind: RunConfigKind, name: &str) -> String {
    match kind {
        RunConfigKind::Vertex => {
            "let the flow read it from Secret Manager by the job's service account, and remove it from `env`"
                .to_owned()
        }
        RunConfigKind::Universal
        | RunConfigKind::Local
        | RunConfigKind::Docker
        | RunConfigKind::Kubernetes
        | RunConfigKind::Ecs => format!(
            "write `secret_env = {{ {name} = \"{}\" }}` instead, and remove it from `env`",
            example(kind, name)
        ),
    }
}

/// A reference in the form of the kind, as an example.
pub(super) fn example(kind: RunConfigKind, name: &str) -> String {
    match kind {
        RunConfigKind::Ecs => "arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME".to_owned(),
        RunConfigKind::Kubernetes => {
            format!("SECRET/{}", name.to_ascii_lowercase())
        }
        RunConfigKind::Universal | RunConfigKind::Local | RunConfigKind::Docker | RunConfigKind::Vertex => {
            format!("env:{name}")
        }
    }
}

fn is_reference(text: &str, kind: RunConfigKind) -> bool {
    match kind {
        RunConfigKind::Local | RunConfigKind::Docker => is_of_machine(text),
        RunConfigKind::Ecs => is_arn(text),
        RunConfigKind::Kubernetes => is_secret_key(text),
        RunConfigKind::Vertex => false,
        RunConfigKind::Universal => is_of_machine(text) || is_arn(text) || is_secret_key(text),
    }
}

/// `env:NAME`, `file:/path`
pub(crate) fn is_of_machine(text: &str) -> bool {
    if let Some(name) = text.strip_prefix("env:") {
        return !name.is_empty() && !name.contains(|c: char| c == '=' || c.is_whitespace() || c.is_control());
    }
    text.strip_prefix("file:").is_some_and(|path| path.starts_with('/') && !path.contains('\0'))
}

/// `arn:aws:secretsmanager:...`, `arn:aws:ssm:...`, of any partition.
pub(crate) fn is_arn(text: &str) -> bool {
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next().unwrap_or_default();
    let (arn, partition, service) = (next(), next(), next());
    let (_, _, resource) = (next(), next(), next());
    arn == "arn"
        && partition.starts_with("aws")
        && matches!(service, "secretsmanager" | "ssm")
        && !resource.is_empty()
        && !text.contains(char::is_whitespace)
}

/// `secret/key`, both as Kubernetes spells names.
pub(crate) fn is_secret_key(text: &str) -> bool {
    let Some((secret, key)) = text.split_once('/') else { return false };
    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    secret.starts_with(lower)
        && secret.ends_with(lower)
        && secret.len() <= 253
        && secret.chars().all(|c| lower(c) || matches!(c, '-' | '.'))
        && !key.is_empty()
        && key.len() <= 253
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}
