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
/// On a local process a reference names a variable (`env:NAME`) or a file (`file:/path`) of the machine that starts
/// the run. A universal flow may run anywhere, so an AWS ARN passes there too.
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
            .help("write `secret_env = { NAME = \"env:NAME\" }`"),
        );
        return out;
    };
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
                .help("write `env:NAME` for a variable or `file:/path` for a file of the machine that starts the run"),
            ),
        }
    }
    out
}

fn is_reference(text: &str, kind: RunConfigKind) -> bool {
    if let Some(name) = text.strip_prefix("env:") {
        return !name.is_empty() && !name.contains(['=', '\0']);
    }
    if let Some(path) = text.strip_prefix("file:") {
        return path.starts_with('/') && !path.contains('\0');
    }
    kind == RunConfigKind::Universal
        && text.starts_with("arn:")
        && (text.contains(":secretsmanager:") || text.contains(":ssm:"))
}

/// A warning when the plaintext variable looks like a secret, by its name or by its value.
pub(super) fn lint(name: &str, value: &str, path: &[PathStep]) -> Option<Problem> {
    let by_name = name_suggests_secret(name) && !is_harmless(value);
    if !by_name && !value_suggests_secret(value) {
        return None;
    }
    let what = if by_name { "its name" } else { "the form of its value" };
    Some(
        Problem::warning(
            path.to_vec(),
            "Plaintext that looks like a secret",
            format!(
                "By {what}, `{name}` holds a secret. The registry, the artifact and everybody who may read them would \
                 have it in plaintext."
            ),
        )
        .help(format!("write `secret_env = {{ {name} = \"env:{name}\" }}` instead, and remove it from `env`")),
    )
}

fn name_suggests_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    // Names of things about a secret, not of the secret.
    if ["_FILE", "_PATH", "_NAME", "_ARN", "_ID", "_URL", "_DIR", "_SECRETS"]
        .iter()
        .any(|suffix| upper.ends_with(suffix))
    {
        return false;
    }
    ["PASSWORD", "PASSWD", "SECRET", "CREDENTIAL"].iter().any(|word| upper.contains(word))
        || ["_KEY", "_TOKEN", "APIKEY", "_PWD"].iter().any(|suffix| upper.ends_with(suffix))
        || upper == "TOKEN"
}

/// Values that no secret has: none, switches, short numbers.
fn is_harmless(value: &str) -> bool {
    value.is_empty()
        || matches!(value.to_ascii_lowercase().as_str(), "true" | "false" | "yes" | "no" | "on" | "off")
        || (value.len() < 4 && value.bytes().all(|byte| byte.is_ascii_digit()))
}

fn value_suggests_secret(value: &str) -> bool {
    let aws_key = value.len() == 20
        && (value.starts_with("AKIA") || value.starts_with("ASIA"))
        && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let prefixed = ["ghp_", "gho_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "sk_live_", "pcu_", "pcs_"]
        .iter()
        .any(|prefix| value.starts_with(prefix) && value.len() >= prefix.len() + 8);
    let private_key = value.contains("-----BEGIN ") && value.contains("PRIVATE KEY-----");
    let jwt = value.starts_with("eyJ") && value.matches('.').count() == 2 && value.len() > 40;
    aws_key || prefixed || private_key || jwt || has_password_in_url(value)
}

/// `scheme://user:password@host`
fn has_password_in_url(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority
        .rsplit_once('@')
        .and_then(|(user, _)| user.split_once(':'))
        .is_some_and(|(_, password)| !password.is_empty())
}
