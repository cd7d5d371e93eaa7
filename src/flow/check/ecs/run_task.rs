//! The arguments of RunTask (semantics 2.2 and 2.4): what would collide, start too much, be refused, or have no effect. It
//! does not check their shape, nor sizes.

use std::collections::BTreeSet;

use super::containers::{SECRETS, dropped_variables};
use crate::address::PathStep;
use crate::flow::check::template::{overwritten_by, secrets, variables};
use crate::flow::check::{CheckInputs, CheckName, attribute, given, items};
use crate::flow::definition::{Problem, at, at_index};
use crate::value::Value;

/// Checks `run_task_kwargs`; `containers` are those of the task definition, when all of them are known.
pub(super) fn check(
    inputs: &CheckInputs<'_>,
    containers: Option<&BTreeSet<&str>>,
    problems: &mut Vec<Problem>,
) {
    let kwargs = inputs.argument("run_task_kwargs");
    let place = inputs.place("run_task_kwargs");
    if given(attribute(kwargs, "taskDefinition")) {
        problems.push(
            Problem::error(
                at(&place, "taskDefinition"),
                "Task definition among the arguments of RunTask",
                "The run names its task definition itself; the original fails when `run_task_kwargs` names one too.",
            )
            .help("write `task_definition_arn` in the run config"),
        );
    }
    let count = attribute(kwargs, "count");
    if given(count) && !count.is_unknown() && *count != Value::int(1) {
        problems.push(
            Problem::lint(
                CheckName::TaskCount,
                at(&place, "count"),
                "Each of the tasks would run the same flow run, all at once.",
            )
            .help("remove `count`"),
        );
    }
    if given(attribute(kwargs, "launchType"))
        && !items(attribute(kwargs, "capacityProviderStrategy")).is_empty()
    {
        problems.push(
            Problem::error(
                at(&place, "launchType"),
                "Launch type beside a capacity provider strategy",
                "A strategy says by itself where tasks run, and ECS refuses to start one with both.",
            )
            .help("remove `launchType` or `capacityProviderStrategy`"),
        );
    }
    let overrides = attribute(kwargs, "overrides");
    let place = at(&place, "overrides");
    for name in ["cpu", "memory"] {
        if given(attribute(overrides, name)) && given(inputs.argument(name)) {
            problems.push(overwritten_by(at(&place, name), &format!("`{name}` of the run config")));
        }
    }
    let list = items(attribute(overrides, "containerOverrides"));
    let place = at(&place, "containerOverrides");
    let own = list.iter().position(|item| attribute(item, "name").as_str() == Some("flow"));
    for (index, item) in list.iter().enumerate() {
        let place = at_index(&place, index);
        named(item, &place, containers, problems);
        let environment = attribute(item, "environment");
        let at_environment = at(&place, "environment");
        secrets(environment, &at_environment, SECRETS, problems);
        dropped_variables(environment, &at_environment, problems);
        if own == Some(index) {
            if given(attribute(item, "command")) {
                problems.push(overwritten_by(at(&place, "command"), "the command that runs the flow"));
            }
            variables(environment, &at_environment, problems);
        }
    }
}

/// An override is for a container of the task definition.
fn named(item: &Value, place: &[PathStep], containers: Option<&BTreeSet<&str>>, problems: &mut Vec<Problem>) {
    let name = attribute(item, "name");
    if item.as_entries().is_some_and(|entries| !entries.is_empty()) && !given(name) {
        problems.push(
            Problem::error(
                place.to_vec(),
                "Override without a container",
                "An override names the container that it is for, and ECS refuses to start a task with one that does not.",
            )
            .help("write `name = \"flow\"` for the container that runs the flow"),
        );
    }
    if let (Some(name), Some(containers)) = (name.as_str().filter(|name| !name.is_empty()), containers)
        && !containers.contains(name)
    {
        problems.push(super::containers::unknown_container(name, containers, at(place, "name")));
    }
}
