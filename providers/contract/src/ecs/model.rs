//! A registration as the service describes it afterwards: defaults put in, lists in another order, amounts in its own
//! units. It knows nothing of how flowform compares.

use flowform_provider_api::Digest;
use serde_json::{Map, Value, json};

/// Where and when a definition is registered.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The account.
    pub account: &'a str,
    /// The region.
    pub region: &'a str,
    /// The revision that the service counted to.
    pub revision: u64,
    /// Seconds since 1970.
    pub at: u64,
}

/// What DescribeTaskDefinition answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Registered {
    /// `taskDefinition`.
    pub definition: Value,
    /// `tags`, which are apart from the definition.
    pub tags: Value,
}

/// What the service makes of a request that it takes.
pub fn read_back(request: &Value, place: Place<'_>) -> Registered {
    let mut definition = request.as_object().cloned().unwrap_or_default();
    let tags = definition.remove("tags").unwrap_or_else(|| json!([]));
    let family = definition.get("family").and_then(Value::as_str).unwrap_or_default().to_owned();
    definition.retain(|_, value| !value.is_null());
    let launches = definition.get("requiresCompatibilities").and_then(Value::as_array).cloned();
    let launches = launches.unwrap_or_default();
    let is_fargate = launches.contains(&json!("FARGATE"));
    if !is_fargate {
        default(&mut definition, "networkMode", json!("bridge"));
    }
    let shared_network =
        matches!(definition.get("networkMode").and_then(Value::as_str), Some("awsvpc" | "host"));
    for (name, unit) in [("cpu", "vcpu"), ("memory", "gb")] {
        if let Some(Value::String(text)) = definition.get_mut(name) {
            *text = in_units(text, unit);
        }
    }
    for name in ["containerDefinitions", "volumes", "placementConstraints"] {
        default(&mut definition, name, json!([]));
    }
    if let Some(Value::Array(containers)) = definition.get_mut("containerDefinitions") {
        containers.iter_mut().filter_map(Value::as_object_mut).for_each(|one| container(one, shared_network));
    }
    if let Some(Value::Array(volumes)) = definition.get_mut("volumes") {
        volumes.iter_mut().filter_map(Value::as_object_mut).for_each(volume);
    }
    if let Some(Value::Object(proxy)) = definition.get_mut("proxyConfiguration") {
        default(proxy, "type", json!("APPMESH"));
    }
    let Place { account, region, revision, at } = place;
    let arn = format!("arn:aws:ecs:{region}:{account}:task-definition/{family}:{revision}");
    definition.insert("taskDefinitionArn".into(), json!(arn));
    definition.insert("revision".into(), json!(revision));
    definition.insert("status".into(), json!("ACTIVE"));
    definition.insert("registeredAt".into(), json!(at));
    definition.insert("registeredBy".into(), json!(format!("arn:aws:iam::{account}:user/flowform")));
    definition.insert(
        "requiresAttributes".into(),
        json!([{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"}]),
    );
    definition.insert(
        "compatibilities".into(),
        if is_fargate { json!(["EC2", "FARGATE"]) } else { json!(["EC2"]) },
    );
    Registered { definition: Value::Object(definition), tags }
}

fn container(container: &mut Map<String, Value>, shared_network: bool) {
    container.retain(|_, value| !is_empty(value));
    default(container, "cpu", json!(0));
    default(container, "essential", json!(true));
    for name in ["portMappings", "environment", "mountPoints", "volumesFrom", "systemControls"] {
        default(container, name, json!([]));
    }
    if let Some(Value::Array(variables)) = container.get_mut("environment") {
        variables.retain(|one| one.get("value").is_some_and(|value| !is_empty(value)));
        shuffle(variables);
    }
    for name in ["secrets", "resourceRequirements", "ulimits", "dockerSecurityOptions", "links"] {
        if let Some(Value::Array(members)) = container.get_mut(name) {
            shuffle(members);
        }
    }
    for mapping in objects(container, "portMappings") {
        default(mapping, "protocol", json!("tcp"));
        if let Some(port) = mapping.get("containerPort").cloned() {
            let host = if shared_network { port } else { json!(0) };
            match mapping.get("hostPort").and_then(Value::as_u64) {
                Some(given) if given > 0 => {}
                _ => drop(mapping.insert("hostPort".into(), host)),
            }
        }
    }
    for mount in objects(container, "mountPoints") {
        default(mount, "readOnly", json!(false));
    }
    for from in objects(container, "volumesFrom") {
        default(from, "readOnly", json!(false));
    }
    if let Some(Value::Object(check)) = container.get_mut("healthCheck") {
        for (name, value) in [("interval", 30), ("timeout", 5), ("retries", 3)] {
            default(check, name, json!(value));
        }
    }
    if let Some(Value::Object(linux)) = container.get_mut("linuxParameters") {
        if let Some(Value::Object(capabilities)) = linux.get_mut("capabilities") {
            for name in ["add", "drop"] {
                default(capabilities, name, json!([]));
                if let Some(Value::Array(members)) = capabilities.get_mut(name) {
                    shuffle(members);
                }
            }
        }
        for name in ["devices", "tmpfs"] {
            default(linux, name, json!([]));
        }
    }
    if let Some(Value::Object(log)) = container.get_mut("logConfiguration") {
        default(log, "options", json!({}));
        default(log, "secretOptions", json!([]));
    }
}

fn volume(volume: &mut Map<String, Value>) {
    volume.retain(|_, value| !value.is_null());
    let kinds = [
        "host",
        "dockerVolumeConfiguration",
        "efsVolumeConfiguration",
        "s3filesVolumeConfiguration",
        "fsxWindowsFileServerVolumeConfiguration",
    ];
    if !kinds.iter().any(|kind| volume.contains_key(*kind)) {
        volume.insert("host".into(), json!({}));
    }
    if let Some(Value::Object(efs)) = volume.get_mut("efsVolumeConfiguration") {
        default(efs, "rootDirectory", json!("/"));
    }
    if let Some(Value::Object(docker)) = volume.get_mut("dockerVolumeConfiguration") {
        default(docker, "scope", json!("task"));
    }
    default(volume, "configuredAtLaunch", json!(false));
}

/// Puts in a value where there is none.
fn default(fields: &mut Map<String, Value>, name: &str, value: Value) {
    let slot = fields.entry(name).or_insert(Value::Null);
    if slot.is_null() {
        *slot = value;
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(members) => members.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn objects<'a>(
    fields: &'a mut Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'a mut Map<String, Value>> {
    let members = fields.get_mut(name).and_then(Value::as_array_mut);
    members.into_iter().flatten().filter_map(Value::as_object_mut)
}

/// An order that is not the one given, and always the same.
fn shuffle(members: &mut [Value]) {
    members.sort_by_key(Digest::of);
}

fn in_units(text: &str, unit: &str) -> String {
    let lower = text.to_lowercase();
    let Some(number) = lower.strip_suffix(unit) else { return text.to_owned() };
    let amount: f64 = number.trim().parse().expect("an amount that was checked");
    format!("{}", (amount * 1024.0).round() as u64)
}
