//! Declared agents: the document that is published for other roots, and whether an agent can take a flow
//! (semantics 0.5 and 7). The host's name is never among declared labels.

use std::collections::BTreeMap;

use super::problem::{Problem, at, key, unknown_argument};
use super::{purity, secret, values};
use crate::flow::agent::Volumes;
use crate::flow::kind::{AgentKind, RunConfigKind};
use crate::flow::labels;
use crate::value::{Type, Value};

/// A declared agent as it is published: `kind`, `labels` as a sorted set, and every other option that was given.
/// The problems are placed by option.
pub fn agent_document(kind: AgentKind, arguments: &Value) -> (Value, Vec<Problem>) {
    let mut problems = Vec::new();
    let arguments = purity::purify(arguments, &[], &mut problems);
    let owner = format!("An agent of kind `{}`", kind.label());
    for name in arguments.as_entries().into_iter().flat_map(BTreeMap::keys) {
        if kind.all_fields().all(|field| field.name != name.as_ref()) {
            problems.push(unknown_argument(&[], name, &owner, kind.all_fields()));
        }
    }
    let mut document = BTreeMap::from([("kind", Value::string(kind.label()))]);
    for field in kind.all_fields() {
        let path = [key(field.name)];
        let value = values::attribute(&arguments, field.name);
        let value = match field.name {
            "labels" => values::unite_labels(vec![values::labels(value, &path, &mut problems)]),
            "env_vars" => {
                let mut found = Vec::new();
                let none = BTreeMap::new();
                let variables = values::environment(value, &none, kind.run_config(), &path, &mut found);
                problems.extend(found.into_iter().map(|problem| match problem.check {
                    Some(_) => problem.help(BY_THE_RUN),
                    None => problem,
                }));
                variables
            }
            _ => values::typed(field, value, &path, &mut problems).unwrap_or(Value::NULL),
        };
        problems.extend(own_problem(field.name, &value));
        if !value.is_null() {
            document.insert(field.name, value);
        }
    }
    problems.extend(document.get("volumes").and_then(|volumes| refused_by_the_original(kind, volumes)));
    if document.contains_key("tenant_id") && !document.contains_key("api_key") {
        problems.push(
            Problem::warning(
                vec![key("tenant_id")],
                "Tenant without a key",
                "Runs are told the tenant of a key; without `api_key` they are told none.",
            )
            .help("write `api_key = \"env:NAME\"`, or remove `tenant_id`"),
        );
    }
    if arguments.is_unknown() {
        document.insert("labels", Value::unknown(Type::Set(Box::new(Type::String))));
    }
    (Value::object(document), problems)
}

/// What is wrong with the address of an API.
fn address_problem(text: &str) -> Option<Problem> {
    let rest = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let usable = host.is_some_and(|host| !host.is_empty() && !host.contains('@'));
    if usable && !text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return None;
    }
    let why = match host {
        Some(host) if host.contains('@') => {
            "The address of an API holds no credentials, because agents are published."
        }
        Some(_) | None => "The address of an API has a scheme and a host.",
    };
    Some(
        Problem::error(vec![key("api")], "Unsuitable address of an API", why)
            .help("write it as `https://host[:port]`, and the key as `api_key = \"env:NAME\"`"),
    )
}

/// What the original's agent refuses when it starts: volumes of containers are all that is left to it here.
fn refused_by_the_original(kind: AgentKind, volumes: &Value) -> Option<Problem> {
    if kind != AgentKind::Docker {
        return None;
    }
    let volumes: Vec<&str> = volumes.as_slice()?.iter().map(Value::as_str).collect::<Option<_>>()?;
    let error = Volumes::parse(&volumes).err()?;
    Some(
        Problem::error(
            vec![key("volumes")],
            "Agent that does not start",
            format!("The original's agent refuses its volumes: {}.", error.message),
        )
        .help("write each volume as `/outside:/inside`, `/outside:/inside:ro` or `name:/inside`"),
    )
}

/// Agents have no secrets: the runs that need one name it.
const BY_THE_RUN: &str =
    "remove it here, and name the secret in the `secret_env` of the run configs that need it";

/// What is wrong with an option beyond its type.
fn own_problem(name: &str, value: &Value) -> Option<Problem> {
    let text = value.as_str()?;
    match name {
        "api" => address_problem(text),
        "launch_type" if !["FARGATE", "EC2", "EXTERNAL"].contains(&text.to_uppercase().as_str()) => Some(
            Problem::error(
                vec![key(name)],
                "Unsuitable value",
                "`launch_type` is one of ECS, and there are three; RunTask refuses others.",
            )
            .help("write `FARGATE`, `EC2` or `EXTERNAL`"),
        ),
        "api_key" if !secret::is_of_machine(text) => Some(
            Problem::error(
                vec![key(name)],
                "Unsuitable secret reference",
                "The key of an agent's API is named by a reference; the key itself may not stand here, because agents are \
                 published.",
            )
            .help("write `env:NAME` for a variable or `file:/path` for a file of the machine that starts the run"),
        ),
        "backend" if !matches!(text, "cloud" | "server") => Some(
            Problem::error(
                vec![key(name)],
                "Unsuitable value",
                "`backend` of an agent is what the original calls it: `cloud` or `server`.",
            )
            .help("write `cloud` or `server`"),
        ),
        _ => None,
    }
}

/// Whether the agent that the flow names can take its runs: by kind and by labels.
pub(super) fn check_coverage(
    agent: AgentKind,
    arguments: &Value,
    run_config: RunConfigKind,
    run_labels: &Value,
    problems: &mut Vec<Problem>,
) {
    if !agent.takes(run_config) {
        problems.push(
            Problem::error(
                vec![key("agent")],
                "Agent that cannot take the flow",
                format!(
                    "An agent of kind `{}` takes run configs of its own kind and universal ones; this flow's is `{}`.",
                    agent.label(),
                    run_config.label()
                ),
            )
            .help("name an agent of the run config's kind"),
        );
        return;
    }
    // The agent's own block reports what is wrong with its labels.
    let mut elsewhere = Vec::new();
    let carried = values::labels(values::attribute(arguments, "labels"), &[], &mut elsewhere);
    let (Some(carried), Some(wanted)) = (carried, known_texts(run_labels)) else { return };
    if labels::matches(&carried, &wanted) {
        return;
    }
    let missing = labels::missing(&carried, &wanted);
    let problem = match missing.as_slice() {
        [] => Problem::error(
            at(&[key("agent")], "labels"),
            "No label coverage",
            "The flow has no labels, and an agent that has labels takes no run without any.",
        )
        .help("give the flow one of the agent's labels"),
        missing => Problem::error(
            at(&[key("agent")], "labels"),
            "No label coverage",
            format!(
                "The agent does not carry `{}`, so it would never take a run of this flow; an agent carries all labels \
                 of the runs that it takes.",
                missing.join("`, `")
            ),
        )
        .help("add the labels to the agent, or remove them from the flow, its run config, its storage or `default_labels`"),
    };
    problems.push(problem);
}

fn known_texts(labels: &Value) -> Option<Vec<String>> {
    labels.as_slice()?.iter().map(|label| label.as_str().map(str::to_owned)).collect()
}
