//! The containers of a Job template: what the API server refuses when a Job is made (Kubernetes API reference, pages Pod and
//! Container). It does not check the shape of documents, nor amounts of resources.

use crate::address::PathStep;
use crate::flow::check::template::{container_without_image, port, same_names, unknown_volume, volumes};
use crate::flow::check::{Template, attribute, items};
use crate::flow::definition::{Problem, at, at_index};
use crate::value::{Kind, Value};

/// The lists of containers of a pod; the flow runs in the first of `containers` (semantics 3).
const LISTS: [&str; 2] = ["initContainers", "containers"];

pub(super) fn check(template: Template<'_>, problems: &mut Vec<Problem>) {
    let path = ["spec", "template", "spec"];
    let pod = path.iter().fold(template.document, |value, name| attribute(value, name));
    let place = path.iter().fold(template.place(), |place, name| at(&place, name));
    let mut containers = Vec::new();
    for name in LISTS {
        let place = at(&place, name);
        for (index, container) in items(attribute(pod, name)).iter().enumerate() {
            let is_own = name == "containers" && index == 0;
            containers.push((at_index(&place, index), container, is_own));
        }
    }
    same_names(
        containers.iter().map(|(place, container, _)| (place.as_slice(), *container)),
        "Kubernetes",
        problems,
    );
    let volumes = volumes(pod);
    let host_network = attribute(pod, "hostNetwork").as_bool() == Some(true);
    for (place, container, is_own) in &containers {
        if !is_own {
            problems.extend(container_without_image(container, place, "Kubernetes"));
        }
        ports(container, &at(place, "ports"), host_network, problems);
        let Some(volumes) = &volumes else { continue };
        for list in ["volumeMounts", "volumeDevices"] {
            let at_list = at(place, list);
            for (index, mount) in items(attribute(container, list)).iter().enumerate() {
                let name = attribute(mount, "name").as_str();
                if let Some(name) = name.filter(|name| !volumes.contains(name)) {
                    let place = at(&at_index(&at_list, index), "name");
                    problems.push(unknown_volume(name, volumes, place, "`volumes` of the pod"));
                }
            }
        }
    }
}

fn ports(container: &Value, place: &[PathStep], host_network: bool, problems: &mut Vec<Problem>) {
    for (index, entry) in items(attribute(container, "ports")).iter().enumerate() {
        let place = at_index(place, index);
        let number = |name: &str| match &attribute(entry, name).kind {
            Kind::Number(number) => number.to_i64(),
            _ => None,
        };
        let (inside, outside) = (number("containerPort"), number("hostPort"));
        let told = problems.len();
        problems.extend(inside.and_then(|number| port(number, 1, at(&place, "containerPort"))));
        // 0 is no port of the host.
        problems.extend(outside.and_then(|number| port(number, 0, at(&place, "hostPort"))));
        if let (Some(inside), Some(outside), true) = (inside, outside, host_network)
            && told == problems.len()
            && outside != 0
            && inside != outside
        {
            problems.push(
                Problem::error(
                    at(&place, "hostPort"),
                    "Unsuitable port",
                    "With `hostNetwork` a container's ports are those of its node, and Kubernetes refuses two different ones.",
                )
                .help(format!("remove `hostPort`, or write {inside}")),
            );
        }
    }
}
