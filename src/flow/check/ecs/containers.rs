//! The containers of a task definition: what ECS refuses when the definition is registered (ECS API reference, pages
//! ContainerDefinition, PortMapping, MountPoint, ContainerDependency, KeyValuePair). It does not check the shape of documents.

use std::collections::BTreeSet;

use crate::address::PathStep;
use crate::flow::check::template::{container_without_image, port, same_names, unknown_volume, volumes};
use crate::flow::check::{CheckInputs, CheckName, Template, attribute, given, items};
use crate::flow::definition::{Problem, at, at_index};
use crate::flow::document::parse_memory_mib;
use crate::value::{Kind, Type, Value, convert};

/// Where a reference to a secret stands in a container definition.
pub(super) const SECRETS: &str =
    "`secrets = [{ name = \"...\", valueFrom = \"arn:aws:secretsmanager:...\" }]`";

/// The names of the containers, the flow's own included, which is added where there is none (semantics 2.3); `None` when
/// they are not all known.
pub(super) fn names(document: &Value) -> Option<BTreeSet<&str>> {
    let list = attribute(document, "containerDefinitions");
    if document.is_unknown() || list.is_unknown() {
        return None;
    }
    let mut names = BTreeSet::from(["flow"]);
    for container in items(list) {
        let name = attribute(container, "name");
        if container.is_unknown() || name.is_unknown() {
            return None;
        }
        names.extend(name.as_str());
    }
    Some(names)
}

pub(super) fn check(inputs: &CheckInputs<'_>, template: Template<'_>, problems: &mut Vec<Problem>) {
    let document = template.document;
    let place = at(&template.place(), "containerDefinitions");
    let list = items(attribute(document, "containerDefinitions"));
    let own = list.iter().position(|container| attribute(container, "name").as_str() == Some("flow"));
    let places: Vec<_> =
        list.iter().enumerate().map(|(index, container)| (at_index(&place, index), container)).collect();
    same_names(places.iter().map(|(place, container)| (place.as_slice(), *container)), "ECS", problems);
    let names = names(document);
    let volumes = volumes(document);
    let memory =
        [inputs.argument("memory"), attribute(document, "memory")].into_iter().find(|value| given(value));
    let memory = memory.and_then(mebibytes);
    let network = attribute(document, "networkMode").as_str();
    for (index, (place, container)) in places.iter().enumerate() {
        if own != Some(index) {
            if container.as_entries().is_some() && !given(attribute(container, "name")) {
                problems.push(
                    Problem::error(
                        place.clone(),
                        "Container without a name",
                        "A container of a task definition has a name, and ECS refuses one that has none.",
                    )
                    .help("write `name`: `flow` for the container that runs the flow"),
                );
            }
            problems.extend(container_without_image(container, place, "ECS"));
        }
        sizes(container, place, memory, problems);
        let at_ports = at(place, "portMappings");
        for (index, mapping) in items(attribute(container, "portMappings")).iter().enumerate() {
            ports(mapping, &at_index(&at_ports, index), network, problems);
        }
        let environment = at(place, "environment");
        dropped_variables(attribute(container, "environment"), &environment, problems);
        if let Some(volumes) = &volumes {
            let at_mounts = at(place, "mountPoints");
            for (index, mount) in items(attribute(container, "mountPoints")).iter().enumerate() {
                let name = attribute(mount, "sourceVolume").as_str();
                if let Some(name) = name.filter(|name| !volumes.contains(name)) {
                    let place = at(&at_index(&at_mounts, index), "sourceVolume");
                    problems.push(unknown_volume(name, volumes, place, "`volumes` of the task definition"));
                }
            }
        }
        if let Some(names) = &names {
            for (list, field) in [("dependsOn", "containerName"), ("volumesFrom", "sourceContainer")] {
                let at_list = at(place, list);
                for (index, item) in items(attribute(container, list)).iter().enumerate() {
                    let name = attribute(item, field).as_str();
                    if let Some(name) = name.filter(|name| !names.contains(name)) {
                        problems.push(unknown_container(name, names, at(&at_index(&at_list, index), field)));
                    }
                }
            }
        }
    }
}

/// A name that no container of the task definition has.
pub(super) fn unknown_container(name: &str, names: &BTreeSet<&str>, place: Vec<PathStep>) -> Problem {
    let problem = Problem::error(
        place,
        "Unknown container",
        format!(
            "The task definition has no container `{name}`, and ECS refuses what names one that is not there."
        ),
    );
    match crate::diag::closest(name, names.iter().copied()) {
        Some(best) => problem.help(format!("did you mean `{best}`?")),
        None => {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            problem.help(format!("name one of its containers: {}", names.join(", ")))
        }
    }
}

/// Memory of one container: no more than the task has, and no less than is reserved.
fn sizes(container: &Value, place: &[PathStep], task: Option<u64>, problems: &mut Vec<Problem>) {
    let own = mebibytes(attribute(container, "memory"));
    let reserved = mebibytes(attribute(container, "memoryReservation"));
    for (name, size) in [("memory", own), ("memoryReservation", reserved)] {
        if let (Some(size), Some(task)) = (size, task)
            && size > task
        {
            problems.push(
                Problem::error(
                    at(place, name),
                    "More memory than the task has",
                    format!("The container has {size} MiB and the whole task {task}; ECS refuses such a task definition."),
                )
                .help("lower the container's, or raise `memory` of the task"),
            );
            return;
        }
    }
    if let (Some(own), Some(reserved)) = (own, reserved)
        && reserved > own
    {
        problems.push(
            Problem::error(
                at(place, "memoryReservation"),
                "Request above its limit",
                format!("{reserved} MiB are reserved for a container that may use {own}; ECS refuses such a container."),
            )
            .help("raise `memory`, or lower `memoryReservation`"),
        );
    }
}

/// An amount of memory that is known and well-formed.
fn mebibytes(value: &Value) -> Option<u64> {
    let text = convert(value, &Type::String).ok()?;
    parse_memory_mib(text.as_str()?)
}

fn ports(mapping: &Value, place: &[PathStep], network: Option<&str>, problems: &mut Vec<Problem>) {
    let number = |name: &str| match &attribute(mapping, name).kind {
        Kind::Number(number) => number.to_i64(),
        _ => None,
    };
    let (inside, outside) = (number("containerPort"), number("hostPort"));
    let told = problems.len();
    problems.extend(inside.and_then(|number| port(number, 1, at(place, "containerPort"))));
    // 0 leaves the choice to the host.
    problems.extend(outside.and_then(|number| port(number, 0, at(place, "hostPort"))));
    if let (Some(inside), Some(outside), Some("awsvpc" | "host")) = (inside, outside, network)
        && told == problems.len()
        && outside != 0
        && inside != outside
    {
        problems.push(
            Problem::error(
                at(place, "hostPort"),
                "Unsuitable port",
                "With the network modes `awsvpc` and `host` a container's ports are those of its host, and ECS refuses a \
                 mapping of two different ones.",
            )
            .help(format!("remove `hostPort`, or write {inside}")),
        );
    }
}

/// Variables without a value, which ECS drops.
pub(super) fn dropped_variables(list: &Value, place: &[PathStep], problems: &mut Vec<Problem>) {
    for (index, entry) in items(list).iter().enumerate() {
        let value = attribute(entry, "value");
        if let Some(name) = attribute(entry, "name").as_str()
            && value.is_null()
        {
            problems.push(
                Problem::lint(
                    CheckName::DroppedVariable,
                    at_index(place, index),
                    format!("`{name}` has no value, and ECS drops such a variable without a word."),
                )
                .help("write `value`, or remove the variable"),
            );
        }
    }
}
