//! The body that the original's Docker client posts to create a container.

use serde_json::{Map, Value as Json, json};

use super::Container;
use crate::flow::python;

/// The body for `POST /containers/create`, with every key that the client writes.
pub fn container_body(container: &Container) -> Json {
    let keyed =
        |keys: &[String]| -> Map<String, Json> { keys.iter().map(|key| (key.clone(), json!({}))).collect() };
    let exposed = container.ports.as_ref().map(|ports| {
        let ports: Vec<String> = ports.iter().map(|port| format!("{}/tcp", python::text(port))).collect();
        keyed(&ports)
    });
    let env: Vec<String> = container.environment.iter().map(|(name, value)| variable(name, value)).collect();
    let networking = container.network.as_ref().map(|network| json!({"EndpointsConfig": {network: {}}}));
    json!({
        "Hostname": null,
        "Domainname": null,
        "ExposedPorts": exposed,
        "User": null,
        "Tty": false,
        "OpenStdin": false,
        "StdinOnce": false,
        "AttachStdin": false,
        "AttachStdout": true,
        "AttachStderr": true,
        "Env": env,
        "Cmd": container.command.split(' ').collect::<Vec<_>>(),
        "Image": container.image,
        "Volumes": keyed(&container.volumes),
        "NetworkDisabled": false,
        "Entrypoint": null,
        "WorkingDir": null,
        "HostConfig": container.host_config,
        "NetworkingConfig": networking,
        "MacAddress": null,
        "Labels": container.labels,
        "StopSignal": null,
        "Healthcheck": null,
        "StopTimeout": null,
        "Runtime": null,
    })
}

/// `NAME=value`; a null is the name alone, which unsets the variable of the image.
fn variable(name: &str, value: &Json) -> String {
    match value {
        Json::Null => name.to_owned(),
        value => format!("{name}={}", python::text(value)),
    }
}
