//! The arguments of RunTask for a flow run (semantics 2.4): the agent's, the run config's over them, and the override of
//! the flow's container.

use serde_json::{Map, Value as Json, json};

use super::FLOW_CONTAINER;
use crate::flow::agent::{EcsAgent, Surroundings};
use crate::flow::kind::AgentKind;
use crate::flow::original::OriginalError;
use crate::flow::python;
use crate::flow::render::mapping::{assignable, mapping, members, named, no_attribute, set_default};
use crate::flow::render::run::{FlowRun, full};
use crate::flow::render::{command, environment};
use crate::flow::run_config::EcsRun;

/// The arguments without the definition. `definition` is what is run, for its roles.
pub(super) fn arguments(
    run: &FlowRun<'_>,
    config: &EcsRun,
    run_env: &Json,
    agent: &EcsAgent,
    surroundings: &Surroundings<'_>,
    definition: &Json,
) -> Result<Map<String, Json>, OriginalError> {
    let mut arguments = agent.run_task_kwargs.clone();
    if !arguments.get("capacityProviderStrategy").is_some_and(python::truthy) {
        arguments.insert("launchType".to_owned(), agent.launch_type.as_deref().into());
    }
    if let Some(cluster) = agent.cluster.as_deref().filter(|cluster| !cluster.is_empty()) {
        arguments.insert("cluster".to_owned(), cluster.into());
    }
    if let Some(theirs) = config.run_task_kwargs.as_ref().filter(|theirs| python::truthy(theirs)) {
        merge(&mut arguments, mapping(theirs, "items")?)?;
    }

    let overrides = arguments.entry("overrides").or_insert_with(|| json!({}));
    let list = set_default(overrides, "containerOverrides", json!([]))?;
    named(list, FLOW_CONTAINER)?;

    let roles = assignable(overrides)?;
    for (own, key, agents) in [
        (&config.task_role_arn, "taskRoleArn", &agent.task_role_arn),
        (&config.execution_role_arn, "executionRoleArn", &agent.execution_role_arn),
    ] {
        if let Some(role) = full(own) {
            roles.insert(key.to_owned(), role.into());
            continue;
        }
        let defined = mapping(definition, "get")?.get(key).filter(|role| python::truthy(role)).cloned();
        if let Some(role) = defined.or_else(|| full(agents).map(Json::from)) {
            roles.insert(key.to_owned(), role);
        }
    }
    for (own, key) in [(&config.cpu, "cpu"), (&config.memory, "memory")] {
        if let Some(value) = full(own) {
            roles.insert(key.to_owned(), value.into());
        } else if let Some(value) = roles.get_mut(key) {
            *value = python::text(value).into();
        }
    }

    let command = command::for_version(run.flow.core_version)?;
    let env = environment::of_run(AgentKind::Ecs, run, &agent.common, run_env, None, surroundings.settings);
    let list = set_default(overrides, "containerOverrides", json!([]))?;
    let container = named(list, FLOW_CONTAINER)?;
    container.insert("command".to_owned(), json!(["/bin/sh", "-c", command]));
    let environment = env.to_list(container.get("environment"))?;
    container.insert("environment".to_owned(), environment);
    Ok(arguments)
}

/// Lays `theirs` over `ours`: a capacity provider strategy drops a launch type and the other way round; every key
/// replaces ours whole, but the overrides of containers are paired by name and laid over each other key by key.
///
/// # Errors
/// `AttributeError` and `TypeError` for overrides of other types.
pub fn merge(ours: &mut Map<String, Json>, theirs: &Map<String, Json>) -> Result<(), OriginalError> {
    if theirs.contains_key("capacityProviderStrategy") {
        ours.remove("launchType");
    }
    if theirs.contains_key("launchType") {
        ours.remove("capacityProviderStrategy");
    }
    for (key, value) in theirs.iter().filter(|(key, _)| *key != "overrides") {
        ours.insert(key.clone(), value.clone());
    }
    let Some(overrides) = theirs.get("overrides").filter(|overrides| python::truthy(overrides)) else {
        return Ok(());
    };
    let overrides = mapping(overrides, "items")?;
    let own = ours.entry("overrides").or_insert_with(|| json!({}));
    for (key, value) in overrides.iter().filter(|(key, _)| *key != "containerOverrides") {
        assignable(own)?.insert(key.clone(), value.clone());
    }
    let Some(containers) = overrides.get("containerOverrides").filter(|list| python::truthy(list)) else {
        return Ok(());
    };
    let Json::Array(theirs) = containers else {
        // Its members are no mappings.
        return Err(match containers {
            Json::Object(_) | Json::String(_) => no_attribute(&Json::from(""), "get"),
            other => {
                OriginalError::type_error(format!("'{}' object is not iterable", python::type_name(other)))
            }
        });
    };
    let list = members(set_default(own, "containerOverrides", json!([]))?)?;
    for container in theirs {
        let mut paired = None;
        for (index, known) in list.iter().enumerate() {
            let known = mapping(known, "get")?.get("name").unwrap_or(&Json::Null);
            if known == mapping(container, "get")?.get("name").unwrap_or(&Json::Null) {
                paired = Some(index);
                break;
            }
        }
        match paired.and_then(|index| list.get_mut(index)) {
            Some(known) => assignable(known)?.extend(mapping(container, "items")?.clone()),
            None => list.push(container.clone()),
        }
    }
    Ok(())
}
