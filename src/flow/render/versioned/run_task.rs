//! The arguments of RunTask for a version of an `ecs` flow (semantics 2.4): what its task definition does not hold. It
//! calls nothing.

use serde_json::{Map, Value as Json, json};

use super::super::runtime::Contract;
use super::Input;
use super::task_definition::{FLOW, launch_type};
use crate::flow::kind::AgentKind;
use crate::flow::python::{text, truthy};

/// The arguments for a definition of ours. `body` is its artifact's; the container's override comes first and holds no
/// variable that the definition decides on, nor one of `per_run`, which are added.
pub(super) fn of(input: Input<'_>, body: &Map<String, Json>, definition: &str, per_run: &[&str]) -> Json {
    let mut arguments = merged(input);
    let task = body.get("task_definition").unwrap_or(&Json::Null);
    let containers = task.get("containerDefinitions").and_then(Json::as_array).into_iter().flatten();
    let flow = containers.into_iter().find(|container| container.get("name") == Some(&json!(FLOW)));
    let decided = |name: &str| {
        ["environment", "secrets"].into_iter().any(|list| {
            let entries = flow.and_then(|flow| flow.get(list)).and_then(Json::as_array);
            entries.into_iter().flatten().any(|entry| entry.get("name").and_then(Json::as_str) == Some(name))
        })
    };
    let mut overrides = taken(&mut arguments, "overrides");
    for role in ["taskRoleArn", "executionRoleArn"] {
        if task.get(role).is_some() {
            overrides.remove(role);
        }
    }
    for size in ["cpu", "memory"] {
        if input.given(size).is_some_and(truthy) {
            overrides.remove(size);
        }
    }
    sizes_as_text(&mut overrides);
    let mut container = taken_container(&mut overrides);
    // The command is the definition's.
    container.remove("command");
    let env = environment(&mut container, |name| !decided(name) && !per_run.contains(&name));
    container.insert("environment".to_owned(), env.into());
    put_back(&mut overrides, container);
    arguments.insert("overrides".to_owned(), overrides.into());
    arguments.insert("taskDefinition".to_owned(), definition.into());
    Json::Object(arguments)
}

/// The arguments for a definition that is registered already: everything that the flow needs goes into the overrides.
pub(super) fn registered(input: Input<'_>, contract: &Contract) -> Json {
    let mut arguments = merged(input);
    let mut overrides = taken(&mut arguments, "overrides");
    for (field, argument) in [
        ("taskRoleArn", "task_role_arn"),
        ("executionRoleArn", "execution_role_arn"),
        ("cpu", "cpu"),
        ("memory", "memory"),
    ] {
        if let Some(value) = input.given(argument).filter(|value| truthy(value)) {
            overrides.insert(field.to_owned(), value.clone());
        }
    }
    sizes_as_text(&mut overrides);
    let mut container = taken_container(&mut overrides);
    container.insert("command".to_owned(), contract.command.clone().into());
    let theirs = environment(&mut container, |name| !contract.sets(name));
    let ours = contract.env.iter().map(|(name, (value, _))| json!({"name": name, "value": value}));
    container.insert("environment".to_owned(), ours.chain(theirs).collect());
    put_back(&mut overrides, container);
    arguments.insert("overrides".to_owned(), overrides.into());
    arguments
        .insert("taskDefinition".to_owned(), input.given("task_definition_arn").cloned().unwrap_or_default());
    Json::Object(arguments)
}

/// ECS takes the sizes of a task as texts (semantics 2.4).
fn sizes_as_text(overrides: &mut Map<String, Json>) {
    for size in ["cpu", "memory"] {
        if let Some(number) = overrides.get_mut(size).filter(|value| value.is_number()) {
            *number = text(number).into();
        }
    }
}

/// The agent's arguments with the run config's over them: each key whole, `overrides` by key, containers by name.
fn merged(input: Input<'_>) -> Map<String, Json> {
    let of_agent = |name: &str| input.agent_default(AgentKind::Ecs, name);
    let mut arguments = of_agent("run_task_kwargs").and_then(Json::as_object).cloned().unwrap_or_default();
    let strategy = arguments.get("capacityProviderStrategy").is_some_and(truthy);
    if let (false, (Some(launch), _)) = (strategy, launch_type(input)) {
        arguments.insert("launchType".to_owned(), launch.into());
    }
    if let Some(cluster) = of_agent("cluster") {
        arguments.insert("cluster".to_owned(), cluster.clone());
    }
    let own = input.given("run_task_kwargs").and_then(Json::as_object);
    if own.is_some_and(|own| own.contains_key("capacityProviderStrategy")) {
        arguments.remove("launchType");
    }
    if own.is_some_and(|own| own.contains_key("launchType")) {
        arguments.remove("capacityProviderStrategy");
    }
    for (name, value) in own.into_iter().flatten() {
        match (name.as_str(), value.as_object()) {
            ("overrides", Some(theirs)) => {
                let mut overrides = taken(&mut arguments, "overrides");
                lay_over(&mut overrides, theirs);
                arguments.insert("overrides".to_owned(), overrides.into());
            }
            _ => drop(arguments.insert(name.clone(), value.clone())),
        }
    }
    arguments
}

fn lay_over(overrides: &mut Map<String, Json>, theirs: &Map<String, Json>) {
    for (name, value) in theirs {
        let (Some(Json::Array(ours)), Json::Array(theirs)) = (overrides.get_mut(name), value) else {
            overrides.insert(name.clone(), value.clone());
            continue;
        };
        if name != "containerOverrides" {
            *ours = theirs.clone();
            continue;
        }
        for container in theirs {
            let same = ours.iter_mut().find(|one| one.get("name") == container.get("name"));
            match (same, container) {
                (Some(Json::Object(one)), Json::Object(container)) => one.extend(container.clone()),
                _ => ours.push(container.clone()),
            }
        }
    }
}

/// The override of the flow's container, taken out of the list.
fn taken_container(overrides: &mut Map<String, Json>) -> Map<String, Json> {
    let is_flow = |one: &Json| one.get("name").and_then(Json::as_str) == Some(FLOW);
    let own = match overrides.get_mut("containerOverrides") {
        Some(Json::Array(list)) => list.iter().position(is_flow).map(|index| list.remove(index)),
        _ => None,
    };
    match own {
        Some(Json::Object(container)) => container,
        _ => Map::from_iter([("name".to_owned(), FLOW.into())]),
    }
}

/// Puts the override of the flow's container at the front.
fn put_back(overrides: &mut Map<String, Json>, container: Map<String, Json>) {
    let others = match overrides.remove("containerOverrides") {
        Some(Json::Array(others)) => others,
        _ => Vec::new(),
    };
    let all = std::iter::once(Json::Object(container)).chain(others).collect();
    overrides.insert("containerOverrides".to_owned(), all);
}

/// The variables of an override that are kept, taken out of it.
fn environment(container: &mut Map<String, Json>, keep: impl Fn(&str) -> bool) -> Vec<Json> {
    let mut env = match container.remove("environment") {
        Some(Json::Array(env)) => env,
        _ => Vec::new(),
    };
    env.retain(|entry| entry.get("name").and_then(Json::as_str).is_some_and(&keep));
    env
}

/// The object of that name, taken out; empty when there is none.
fn taken(map: &mut Map<String, Json>, name: &str) -> Map<String, Json> {
    match map.remove(name) {
        Some(Json::Object(entries)) => entries,
        _ => Map::new(),
    }
}
