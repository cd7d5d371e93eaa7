//! Checks of flows that run as containers of a Docker host (semantics 5): the network, ports, mounts, restarts. It does not check the shape
//! of documents.

use super::{CheckInputs, CheckName, attribute, given, items};
use crate::address::PathStep;
use crate::flow::definition::{Problem, at, at_index};
use crate::value::{Type, Value, convert};

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
    port_bindings(attribute(host, "port_bindings"), &at(&place, "port_bindings"), problems);
    restarts(host, &place, problems);
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
            let mut parts = text.split(':').skip(1);
            let (inside, mode) = (parts.next(), parts.next());
            problems.extend(check_mount(inside, mode.unwrap_or_default(), at_index(&place, index)));
        }
    }
    for (outside, bind) in binds.as_entries().into_iter().flatten() {
        let inside = bind.as_str().or_else(|| attribute(bind, "bind").as_str());
        if !bind.is_unknown() && !attribute(bind, "bind").is_unknown() {
            let mode = attribute(bind, "mode").as_str().unwrap_or_default();
            problems.extend(check_mount(inside, mode, at(&place, outside)));
        }
    }
}

/// The words of a bind's mode (Docker Engine reference, page "Bind mounts").
const MODES: [&str; 14] = [
    "ro",
    "rw",
    "z",
    "Z",
    "cached",
    "consistent",
    "delegated",
    "nocopy",
    "private",
    "rprivate",
    "shared",
    "rshared",
    "slave",
    "rslave",
];

/// The place inside a container at which something is mounted, and how.
fn check_mount(inside: Option<&str>, mode: &str, place: Vec<PathStep>) -> Option<Problem> {
    // A path of Windows has a drive before its colon.
    if inside.is_some_and(|path| path.contains('\\')) {
        return None;
    }
    if inside.is_some_and(|path| path.starts_with('/')) {
        let wrong = mode.split(',').find(|word| !word.is_empty() && !MODES.contains(word))?;
        return Some(
            Problem::error(
                place,
                "Unsuitable bind",
                format!("{wrong:?} is no mode of a bind, and the Docker engine refuses it."),
            )
            .help("write `ro` or `rw`, or leave the mode out"),
        );
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

/// `port_bindings`: ports of the container with ports of the host, in the forms that the Docker client takes.
fn port_bindings(bindings: &Value, place: &[PathStep], problems: &mut Vec<Problem>) {
    for (inside, bound) in bindings.as_entries().into_iter().flatten() {
        let place = at(place, inside);
        let (number, protocol) = inside.split_once('/').unwrap_or((inside, "tcp"));
        if !is_port(number, 1) || !matches!(protocol.to_ascii_lowercase().as_str(), "tcp" | "udp" | "sctp") {
            problems.push(
                Problem::error(
                    place,
                    "Unsuitable port",
                    "`port_bindings` is by ports of the container: a number from 1 to 65535, with its protocol where that is \
                     not `tcp`.",
                )
                .help("write `\"8080\"` or `\"8080/udp\"`"),
            );
            continue;
        }
        match bound.as_slice() {
            Some(several) => {
                for (index, bound) in several.iter().enumerate() {
                    problems.extend(check_host_port(bound, at_index(&place, index)));
                }
            }
            None => problems.extend(check_host_port(bound, place)),
        }
    }
}

/// A port of the host: alone, or with an address in `{ HostIp, HostPort }`. None leaves the choice to the engine.
fn check_host_port(bound: &Value, place: Vec<PathStep>) -> Option<Problem> {
    let port = match bound.as_entries() {
        Some(fields) => fields.get("HostPort").unwrap_or(super::NULL),
        None => bound,
    };
    let text = convert(port, &Type::String).ok()?;
    let text = text.as_str().filter(|text| !text.is_empty() && !is_port(text, 0))?;
    let help = match text.contains(['.', ':']) {
        true => "write an address beside its port: `{ HostIp = \"127.0.0.1\", HostPort = \"8080\" }`",
        false => "write a number of that range",
    };
    Some(
        Problem::error(place, "Unsuitable port", "A port of the host is a whole number from 1 to 65535.")
            .help(help),
    )
}

/// One port, or a range of them.
fn is_port(text: &str, least: u16) -> bool {
    let is_one = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse().is_ok_and(|port: u16| port >= least)
    };
    text.split_once('-').map_or_else(|| is_one(text), |(first, last)| is_one(first) && is_one(last))
}

/// The original has containers removed when they end, unless `auto_remove` says otherwise.
fn restarts(host: &Value, place: &[PathStep], problems: &mut Vec<Problem>) {
    let name = attribute(attribute(host, "restart_policy"), "Name").as_str();
    let remove = attribute(host, "auto_remove");
    if name.is_some_and(|name| !matches!(name, "" | "no"))
        && (remove.is_null() || remove.as_bool() == Some(true))
    {
        problems.push(
            Problem::error(
                at(place, "restart_policy"),
                "Restart policy of a container that is removed",
                "A flow's container is removed when it ends, by the agent's `auto_remove`; the Docker engine refuses one that \
                 shall be restarted as well.",
            )
            .help("remove `restart_policy`, or write `auto_remove = false`"),
        );
    }
}
