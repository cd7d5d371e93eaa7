//! What Fargate offers: pairs of CPU and memory, and the settings that it does not take. It knows no flow.

use super::{CheckName, Template, attribute, given, items};
use crate::address::PathStep;
use crate::flow::definition::{Problem, at, at_index};
use crate::value::Value;

/// The memory in MiB that Fargate has for so many CPU units; empty where it does not have that CPU.
///
/// As the ECS developer guide has them in "Fargate task CPU and memory": 74 pairs. Those of 8 and 16 vCPU are for Linux
/// on platform version 1.4.0 or later.
pub(super) fn memory_choices(cpu: u64) -> Vec<u64> {
    let (least, most, step) = match cpu {
        256 => return vec![512, 1024, 2048],
        512 => (1024, 4096, 1024),
        1024 => (2048, 8192, 1024),
        2048 => (4096, 16384, 1024),
        4096 => (8192, 30720, 1024),
        8192 => (16384, 61440, 4096),
        16384 => (32768, 122_880, 8192),
        _ => return Vec::new(),
    };
    (least..=most).step_by(step).collect()
}

/// The CPU units that Fargate has.
pub(super) const CPU_CHOICES: [u64; 7] = [256, 512, 1024, 2048, 4096, 8192, 16384];

/// What the choices of memory are called in a sentence.
pub(super) fn describe_memory(cpu: u64) -> String {
    let choices = memory_choices(cpu);
    match (choices.as_slice(), choices.first(), choices.last()) {
        ([first, second, .., last], _, _) if choices.len() > 4 => {
            format!("{first} to {last} in steps of {}", second.saturating_sub(*first))
        }
        _ => choices.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// Fields of a container definition that Fargate refuses.
const CONTAINER_FIELDS: [&str; 6] =
    ["disableNetworking", "dnsSearchDomains", "dnsServers", "dockerSecurityOptions", "extraHosts", "links"];

/// Fields of `linuxParameters` that Fargate refuses.
const LINUX_FIELDS: [&str; 4] = ["devices", "maxSwap", "sharedMemorySize", "swappiness"];

/// The settings of a task definition for Fargate that Fargate refuses, as the developer guide ("Fargate task definition
/// differences") and the service's own descriptions of its fields have them.
pub(super) fn check(template: Template<'_>, problems: &mut Vec<Problem>) {
    let document = template.document;
    let top = template.place();
    let mode = attribute(document, "networkMode");
    if !mode.is_unknown() && mode.as_str() != Some("awsvpc") {
        let place = if given(mode) { at(&top, "networkMode") } else { top.clone() };
        let what = format!("the network mode `{}`", mode.as_str().unwrap_or("bridge"));
        problems.push(refused(place, &what).help("write `networkMode = \"awsvpc\"`"));
    }
    for name in ["ipcMode", "placementConstraints"] {
        refuse_field(document, &top, name, problems);
    }
    if attribute(document, "pidMode").as_str() == Some("host") {
        problems.push(refused(at(&top, "pidMode"), "the PID mode `host`"));
    }
    for (index, volume) in items(attribute(document, "volumes")).iter().enumerate() {
        let place = at_index(&at(&top, "volumes"), index);
        refuse_field(volume, &place, "dockerVolumeConfiguration", problems);
        refuse_field(attribute(volume, "host"), &at(&place, "host"), "sourcePath", problems);
    }
    let place = at(&top, "containerDefinitions");
    for (index, container) in items(attribute(document, "containerDefinitions")).iter().enumerate() {
        check_container(container, &at_index(&place, index), problems);
    }
}

fn check_container(container: &Value, place: &[PathStep], problems: &mut Vec<Problem>) {
    for name in CONTAINER_FIELDS.into_iter().chain(["privileged"]) {
        refuse_field(container, place, name, problems);
    }
    let (linux, place) = (attribute(container, "linuxParameters"), at(place, "linuxParameters"));
    for name in LINUX_FIELDS {
        refuse_field(linux, &place, name, problems);
    }
    let place = at(&at(&place, "capabilities"), "add");
    for (index, item) in items(attribute(attribute(linux, "capabilities"), "add")).iter().enumerate() {
        if let Some(capability) = item.as_str().filter(|capability| *capability != "SYS_PTRACE") {
            problems.push(refused(at_index(&place, index), &format!("the capability `{capability}`")));
        }
    }
}

/// Refuses a field that is set: empty lists and `false` set nothing.
fn refuse_field(object: &Value, place: &[PathStep], name: &str, problems: &mut Vec<Problem>) {
    let value = attribute(object, name);
    let is_empty = value.as_slice().is_some_and(<[_]>::is_empty);
    if given(value) && !value.is_unknown() && !is_empty && value.as_bool() != Some(false) {
        problems.push(refused(at(place, name), &format!("`{name}`")));
    }
}

fn refused(place: Vec<PathStep>, what: &str) -> Problem {
    Problem::lint(
        CheckName::FargateSetting,
        place,
        format!("Fargate does not take {what}, and ECS refuses a task definition for Fargate that has it."),
    )
    .help("remove it, or run the task on EC2")
}
