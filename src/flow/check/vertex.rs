//! Checks of flows that run as CustomJobs of Vertex AI (semantics 4): worker pools, the name, variables, the network. It
//! does not check the shape of documents.

mod job;
mod pool;

use std::collections::BTreeSet;

use super::template::{overwritten_by, secrets};
use super::{CheckInputs, CheckName, attribute, given};
use crate::address::PathStep;
use crate::flow::definition::{Problem, at, at_index, key};
use crate::flow::document::parse_duration;
use crate::flow::slug::slugify;
use crate::value::{Type, Value, convert};

/// The longest display name.
const LONGEST_NAME: usize = 128;
/// Room for a hyphen and the name of a run, as the original makes them up.
const RUN_NAME: usize = 32;
/// The most variables of a container.
const MOST_VARIABLES: usize = 100;
/// More nanoseconds than a time of the service's has.
const LONGEST: i128 = 315_576_000_001 * 1_000_000_000;
/// The variables that flowform adds to those of a flow that it starts itself.
const OWN_VARIABLES: usize = 7;

pub(super) fn check(inputs: &CheckInputs<'_>, problems: &mut Vec<Problem>) {
    name(inputs, problems);
    variables(inputs, problems);
    elsewhere(inputs, problems);
    pools(inputs, problems);
    network(inputs, problems);
    scheduling(inputs, problems);
    pool::machine_type(inputs.argument("machine_type"), inputs.place("machine_type"), problems);
    account(inputs.argument("service_account"), inputs.place("service_account"), problems);
    job::check(
        inputs,
        inputs.may_have("service_account") || inputs.agent_may_have("service_account"),
        problems,
    );
    if let Some(agent) = inputs.agent {
        let place = at(&[key("agent")], "service_account");
        if !given(inputs.argument("service_account")) {
            account(attribute(agent.options, "service_account"), place, problems);
        }
    }
}

/// Whoever a job runs as is an account of Google Cloud's.
fn account(account: &Value, place: Vec<PathStep>, problems: &mut Vec<Problem>) {
    let Some(text) = account.as_str().filter(|text| !text.is_empty()) else { return };
    let is_address = text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && !host.contains('@')
            && host.split('.').count() > 1
            && host.split('.').all(|part| !part.is_empty())
    });
    if !is_address || text.contains(char::is_whitespace) {
        problems.push(
            Problem::error(
                place,
                "Unsuitable service account",
                "A service account is named by its e-mail address.",
            )
            .help("write `NAME@PROJECT.iam.gserviceaccount.com`"),
        );
    }
}

/// How long a job runs and waits: a time, not one backwards.
fn scheduling(inputs: &CheckInputs<'_>, problems: &mut Vec<Problem>) {
    let (scheduling, place) = (inputs.argument("scheduling"), inputs.place("scheduling"));
    for name in ["timeout", "max_wait_duration"] {
        let value = attribute(scheduling, name);
        let part = |name: &str| pool::whole(attribute(value, name)).map_or(0, i128::from);
        let nanos = match value.as_str() {
            Some(text) => parse_duration(text).map(|duration| duration.nanos),
            None => value
                .as_entries()
                .filter(|parts| parts.values().all(|part| !part.is_unknown()))
                .map(|_| part("seconds").saturating_mul(1_000_000_000).saturating_add(part("nanos"))),
        };
        let wrong = match nanos {
            Some(..0) => "It is negative.",
            Some(LONGEST..) => "It is longer than ten thousand years.",
            Some(0) if name == "timeout" => "A job that may run for no time cannot run.",
            _ => continue,
        };
        problems.push(
            Problem::error(at(&place, name), "Unsuitable duration", wrong)
                .help("write the seconds as a text: `\"3600s\"`"),
        );
    }
}

/// The original cuts the name at 255 characters, and the service takes 128.
fn name(inputs: &CheckInputs<'_>, problems: &mut Vec<Problem>) {
    let length = slugify(inputs.name).chars().count();
    if length + RUN_NAME > LONGEST_NAME {
        problems.push(
            Problem::lint(
                CheckName::LongName,
                vec![key("name")],
                format!(
                    "A job is called by the flow's name, which has {length} characters here, and the run's; Vertex AI takes \
                     {LONGEST_NAME} characters together."
                ),
            )
            .help(format!("shorten the name to {} characters", LONGEST_NAME - RUN_NAME)),
        );
    }
}

fn variables(inputs: &CheckInputs<'_>, problems: &mut Vec<Problem>) {
    let env = inputs.argument("env");
    for (name, value) in env.as_entries().into_iter().flatten() {
        let text = convert(value, &Type::String).ok();
        if text.as_ref().and_then(Value::as_str).is_some_and(|text| text.contains('\'')) {
            problems.push(
                Problem::lint(
                    CheckName::VertexApostrophe,
                    at(&inputs.place("env"), name),
                    format!("The value of `{name}` holds an apostrophe, which Vertex AI refuses."),
                )
                .help("write it without apostrophes, or encode it and decode it in the flow"),
            );
        }
    }
    for name in env.as_entries().into_iter().flat_map(|entries| entries.keys()) {
        // What no environment takes is told already.
        if !name.contains(['=', '\0']) {
            problems.extend(pool::identifier(name, at(&inputs.place("env"), name)));
        }
    }
    let agent = inputs.agent.map_or(super::NULL, |agent| attribute(agent.options, "env_vars"));
    let names: BTreeSet<&str> = [env, agent]
        .into_iter()
        .filter_map(Value::as_entries)
        .flatten()
        .map(|(name, _)| name.as_ref())
        .collect();
    if names.len() + OWN_VARIABLES > MOST_VARIABLES {
        problems.push(
            Problem::error(
                inputs.place("env"),
                "Too many variables",
                format!(
                    "Vertex AI takes {MOST_VARIABLES} variables of a container. The flow and its agent set {}, and every run \
                     adds its own.",
                    names.len()
                ),
            )
            .help("keep settings in a file, or several in one variable"),
        );
    }
}

/// What else becomes the value of a variable: the flow's name, its parameters as JSON, variables of the agent. The storage
/// is rendered without apostrophes.
fn elsewhere(inputs: &CheckInputs<'_>, problems: &mut Vec<Problem>) {
    if inputs.name.contains('\'') {
        problems.push(
            Problem::lint(
                CheckName::VertexApostrophe,
                vec![key("name")],
                "The name of the flow is the value of `FLOWFORM_FLOW` and holds an apostrophe, which Vertex AI refuses.",
            )
            .help("write the name without apostrophes"),
        );
    }
    if let Some(place) = apostrophe(inputs.parameters, vec![key("parameters")]) {
        problems.push(
            Problem::lint(
                CheckName::VertexApostrophe,
                place,
                "The parameters are the value of `FLOWFORM_PARAMETERS` as JSON, and this one holds an apostrophe, which Vertex \
                 AI refuses.",
            )
            .help(
                "write it without apostrophes, or ignore the check where what starts the runs writes `\\u0027` in the JSON",
            ),
        );
    }
    for agent in inputs.takers() {
        for (name, value) in attribute(agent.options, "env_vars").as_entries().into_iter().flatten() {
            if value.as_str().is_some_and(|text| text.contains('\'')) {
                problems.push(
                    Problem::lint(
                        CheckName::VertexApostrophe,
                        at(&at(&[key("agent")], "env_vars"), name),
                        format!(
                            "The value of `{name}` in `env_vars` of `{}` holds an apostrophe, which Vertex AI refuses.",
                            agent.address
                        ),
                    )
                    .help("write it without apostrophes, or encode it and decode it in the flow"),
                );
            }
        }
    }
}

/// The place of the first text or key that holds an apostrophe. What is given is no deeper than a definition may be.
fn apostrophe(value: &Value, place: Vec<PathStep>) -> Option<Vec<PathStep>> {
    if let Some(text) = value.as_str() {
        return text.contains('\'').then_some(place);
    }
    if let Some(entries) = value.as_entries() {
        return entries.iter().find_map(|(name, value)| match name.contains('\'') {
            true => Some(place.clone()),
            false => apostrophe(value, at(&place, name)),
        });
    }
    value.as_slice()?.iter().enumerate().find_map(|(index, item)| apostrophe(item, at_index(&place, index)))
}

fn pools(inputs: &CheckInputs<'_>, problems: &mut Vec<Problem>) {
    let value = inputs.argument("worker_pool_specs");
    let place = inputs.place("worker_pool_specs");
    let Some(pools) = value.as_slice() else { return };
    let mut wrong = |place: Vec<PathStep>, what: &str, help: &str| {
        problems
            .push(Problem::error(place, "Unsuitable worker pools", what.to_owned()).help(help.to_owned()));
    };
    if pools.len() > 4 {
        wrong(
            at_index(&place, 4),
            "A CustomJob has four worker pools at most: the primary, workers, parameter servers, evaluators.",
            "raise `replica_count` of a pool instead",
        );
    }
    for (index, pool) in pools.iter().enumerate() {
        let place = at_index(&place, index);
        // An empty pool skips a role; a first pool that is null is the definition's matter.
        if pool.is_unknown()
            || pool.is_null()
            || index > 0 && pool.as_entries().is_some_and(|entries| entries.is_empty())
        {
            continue;
        }
        let machine = attribute(pool, "machine_spec");
        let machine_place = at(&place, "machine_spec");
        if !machine.is_unknown() {
            if !given(attribute(machine, "machine_type")) {
                wrong(
                    place.clone(),
                    "The pool does not say on which machines it runs.",
                    "write `machine_spec = { machine_type = \"e2-standard-4\" }`",
                );
            }
            let (kind, count) =
                (attribute(machine, "accelerator_type"), attribute(machine, "accelerator_count"));
            let has_kind = given(kind) && kind.as_str() != Some("ACCELERATOR_TYPE_UNSPECIFIED");
            let has_count = given(count) && *count != Value::int(0);
            if has_kind != has_count {
                wrong(
                    machine_place,
                    "Accelerators have a type and a number, and only one of them is given.",
                    "write both `accelerator_type` and `accelerator_count`, or neither",
                );
            }
        }
        let container = attribute(pool, "container_spec");
        let package = attribute(pool, "python_package_spec");
        let count = attribute(pool, "replica_count");
        if index > 0 && !count.is_unknown() && pool::whole(count).is_none_or(|count| count < 1) {
            wrong(
                at(&place, "replica_count"),
                "The pool does not say how many replicas it has, or has none.",
                "write `replica_count = 1` or more, or `{}` for the whole pool to skip the role",
            );
        }
        if index > 0 && given(container) && given(package) {
            wrong(
                at(&place, "python_package_spec"),
                "A pool runs either a container or a Python package.",
                "remove one of them",
            );
        }
        if index == 0 {
            if given(count) && !count.is_unknown() && pool::whole(count) != Some(1) {
                wrong(
                    at(&place, "replica_count"),
                    "The first pool is the one that runs the flow, and it has exactly one replica.",
                    "write `replica_count = 1`, and put more workers into a second pool",
                );
            }
            if given(package) {
                wrong(
                    at(&place, "python_package_spec"),
                    "A run gives the first pool its container, and a pool has either a container or a Python package.",
                    "remove `python_package_spec`",
                );
            }
        } else if !given(container) && !given(package) {
            wrong(
                place.clone(),
                "Only the first pool gets its container from the run; this one does not say what it runs.",
                "write `container_spec = { image_uri = \"...\" }`, or `{}` to skip the role",
            );
        } else if given(container) && !container.is_unknown() && !given(attribute(container, "image_uri")) {
            wrong(
                at(&place, "container_spec"),
                "Only the first pool gets its image from the run; this container has none.",
                "write `image_uri`",
            );
        }
    }
    let job = attribute(inputs.argument("custom_job"), "job_spec");
    let has_network = inputs.may_have("network") || given(attribute(job, "psc_interface_config"));
    for (index, pool) in pools.iter().enumerate().filter(|(_, pool)| pool.as_entries().is_some()) {
        pool::check(pool, &at_index(&place, index), has_network, problems);
    }
    replaced(inputs, pools, &place, problems);
}

/// What every run replaces: the first pool's container, and the machine type beside pools (semantics 4).
fn replaced(inputs: &CheckInputs<'_>, pools: &[Value], place: &[PathStep], problems: &mut Vec<Problem>) {
    let container = pools.first().map_or(super::NULL, |pool| attribute(pool, "container_spec"));
    if given(container) {
        let place = at(&at_index(place, 0), "container_spec");
        problems.push(
            overwritten_by(place, "the container that runs the flow")
                .help("remove it; `image` and `env` of the run config are the container's"),
        );
    }
    if given(inputs.argument("machine_type")) {
        problems.push(
            overwritten_by(inputs.place("machine_type"), "the machines of `worker_pool_specs`")
                .help("remove it, and write `machine_spec` in the pools"),
        );
    }
    for (index, pool) in pools.iter().enumerate().skip(1) {
        let env = attribute(attribute(pool, "container_spec"), "env");
        let place = at(&at(&at_index(place, index), "container_spec"), "env");
        secrets(env, &place, "code that reads it from Secret Manager", problems);
    }
}

/// The network's full name, `projects/NUMBER/global/networks/NAME`.
fn network(inputs: &CheckInputs<'_>, problems: &mut Vec<Problem>) {
    let Some(network) = inputs.argument("network").as_str() else { return };
    if !network.contains('/') {
        problems.push(
            Problem::lint(
                CheckName::ShortNetwork,
                inputs.place("network"),
                format!("Vertex AI wants the whole name of a network, and {network:?} is its last part."),
            )
            .help(format!("write `projects/PROJECT_NUMBER/global/networks/{network}`")),
        );
        return;
    }
    let parts: Vec<&str> = network.split('/').collect();
    let full = matches!(parts.as_slice(), ["projects", project, "global", "networks", name]
        if !project.is_empty() && !name.is_empty());
    if !full {
        problems.push(
            Problem::error(
                inputs.place("network"),
                "Unsuitable network",
                "Vertex AI takes a network by its full name.",
            )
            .help("write `projects/NUMBER/global/networks/NAME`, with the number of the project"),
        );
    }
}
