//! Checks of flows that run as containers of a Docker host (semantics 5): the network and mounts. It does not check the shape
//! of documents.

use super::{CheckInputs, CheckName, attribute, given, items};
use crate::address::PathStep;
use crate::flow::definition::{Problem, at, at_index};

pub(super) fn check(inputs: &CheckInputs<'_>, problems: &mut Vec<Problem>) {
    let host = inputs.argument("host_config");
    let place = inputs.place("host_config");
    if attribute(host, "network_mode").as_str() == Some("host") && given(attribute(host, "port_bindings")) {
        problems.push(
            Problem::error(
                at(&place, "port_bindings"),
                "Port bindings on the host's network",
                "With `network_mode = \"host\"` the container has the host's own ports, and the Docker client refuses to \
                 bind any.",
            )
            .help("remove `port_bindings`, or use another network mode"),
        );
    }
    let binds = attribute(host, "binds");
    let place = at(&place, "binds");
    if given(binds) && inputs.takers().any(|agent| !items(attribute(agent.options, "volumes")).is_empty()) {
        problems.push(
            Problem::lint(
                CheckName::AgentVolumes,
                place.clone(),
                "The agent mounts volumes into every container, and `binds` of the run config replaces all of them.",
            )
            .help("repeat the agent's volumes here, or leave `binds` out"),
        );
    }
    for (index, bind) in items(binds).iter().enumerate() {
        if let Some(text) = bind.as_str() {
            let inside = text.split(':').nth(1);
            problems.extend(check_mount(inside, at_index(&place, index)));
        }
    }
    for (outside, bind) in binds.as_entries().into_iter().flatten() {
        let inside = bind.as_str().or_else(|| attribute(bind, "bind").as_str());
        if !bind.is_unknown() && !attribute(bind, "bind").is_unknown() {
            problems.extend(check_mount(inside, at(&place, outside)));
        }
    }
}

/// The place inside a container at which something is mounted.
fn check_mount(inside: Option<&str>, place: Vec<PathStep>) -> Option<Problem> {
    // A path of Windows has a drive before its colon.
    if inside.is_some_and(|path| path.starts_with('/') || path.contains('\\')) {
        return None;
    }
    Some(
        Problem::error(
            place,
            "Unsuitable bind",
            "A bind names a directory or volume outside and an absolute path inside the container.",
        )
        .help("write `\"/outside:/inside\"`, or `\"/outside:/inside:ro\"`"),
    )
}
