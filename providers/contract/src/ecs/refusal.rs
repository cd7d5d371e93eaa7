//! The registrations that the service refuses, with its own words, as far as they are known: families, images, ports,
//! sizes, and what Fargate does not take.

use serde_json::Value;

/// An error answer of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The error's name.
    pub code: &'static str,
    /// Its sentence.
    pub message: String,
}

/// CPU units of Fargate with the least and the most memory and the step between, in MiB (developer guide, page
/// `task-cpu-memory-error`). 256 and 512 have steps that are not even.
const SIZES: &[(u64, u64, u64, u64)] = &[
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16384, 1024),
    (4096, 8192, 30720, 1024),
    (8192, 16384, 61440, 4096),
    (16384, 32768, 122_880, 8192),
];

/// Why the service refuses the request; `None` when it takes it.
pub fn refusal(request: &Value) -> Option<Refusal> {
    let client = |message: String| Some(Refusal { code: "ClientException", message });
    let text = |name: &str| request.get(name).and_then(Value::as_str).unwrap_or_default();
    let family = text("family");
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if family.is_empty() {
        return client("Family should not be null or empty.".into());
    }
    if family.len() > 255 || !family.chars().all(legal) {
        return client(format!(
            "Invalid family: {family:?}. Up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens are allowed."
        ));
    }
    if request.to_string().len() > 64 * 1024 {
        return client("Task definition is too large: 65536 bytes is the limit.".into());
    }
    let containers =
        request.get("containerDefinitions").and_then(Value::as_array).cloned().unwrap_or_default();
    if containers.is_empty() || containers.len() > 10 {
        return client("Container list should have between 1 and 10 members.".into());
    }
    let launches =
        request.get("requiresCompatibilities").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_fargate = launches.iter().any(|launch| launch == "FARGATE");
    let network = text("networkMode");
    let mut names = Vec::new();
    for container in &containers {
        let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
        if name.is_empty() || names.contains(&name) {
            return client("Container.name should be given, and be unique.".into());
        }
        names.push(name);
        if container.get("image").and_then(Value::as_str).unwrap_or_default().is_empty() {
            return client("Container.image should not be null or empty.".into());
        }
        let sized = ["memory", "memoryReservation"].iter().any(|field| container.get(field).is_some());
        if !sized && text("memory").is_empty() {
            return client(format!(
                "Invalid setting for container '{name}'. At least one of 'memory' or 'memoryReservation' must be specified."
            ));
        }
        for mapping in container.get("portMappings").and_then(Value::as_array).into_iter().flatten() {
            let port = |field: &str| mapping.get(field).and_then(Value::as_u64).unwrap_or_default();
            let differs = port("hostPort") > 0 && port("hostPort") != port("containerPort");
            if matches!(network, "awsvpc" | "host") && differs {
                return client(format!(
                    "When networkMode={network}, the host ports and container ports in port mappings must match."
                ));
            }
        }
        if is_fargate {
            if container.get("links").and_then(Value::as_array).is_some_and(|links| !links.is_empty()) {
                return client("Links are not supported when networkMode=awsvpc.".into());
            }
            if container.get("privileged") == Some(&Value::Bool(true)) {
                return client(
                    "Tasks using the Fargate launch type do not support the 'privileged' parameter.".into(),
                );
            }
            let requirements = container.get("resourceRequirements").and_then(Value::as_array);
            if requirements.into_iter().flatten().any(|one| one.get("type").is_some_and(|kind| kind == "GPU"))
            {
                return client(
                    "Tasks using the Fargate launch type do not support GPU resource requirements.".into(),
                );
            }
        }
    }
    if is_fargate {
        if network != "awsvpc" {
            return client("Fargate only supports network mode \u{2018}awsvpc\u{2019}.".into());
        }
        let (cpu, memory) = (amount(text("cpu"), "vcpu"), amount(text("memory"), "gb"));
        match (cpu, memory) {
            (Some(cpu), Some(memory)) if is_pair(cpu, memory) => {}
            (Some(_), Some(_)) => return client("No Fargate configuration exists for given values.".into()),
            _ => {
                return client(
                    "Fargate requires that 'cpu' and 'memory' be defined at the task level.".into(),
                );
            }
        }
    }
    let tags = request.get("tags").and_then(Value::as_array).cloned().unwrap_or_default();
    bad_tags(&tags).map(|message| Refusal { code: "InvalidParameterException", message })
}

fn is_pair(cpu: u64, memory: u64) -> bool {
    match cpu {
        256 => [512, 1024, 2048].contains(&memory),
        512 => [1024, 2048, 3072, 4096].contains(&memory),
        _ => SIZES.iter().any(|(units, least, most, step)| {
            *units == cpu && (*least..=*most).contains(&memory) && memory.is_multiple_of(*step)
        }),
    }
}

fn amount(text: &str, unit: &str) -> Option<u64> {
    let lower = text.to_lowercase();
    match lower.strip_suffix(unit) {
        Some(number) => number.trim().parse::<f64>().ok().map(|amount| (amount * 1024.0).round() as u64),
        None => lower.parse().ok(),
    }
}

/// What is wrong with the tags (page `API_Tag`): at most 50, unique keys of 128 characters, values of 256.
fn bad_tags(tags: &[Value]) -> Option<String> {
    if tags.len() > 50 {
        return Some("The maximum number of tags is 50.".into());
    }
    let mut keys = Vec::new();
    for tag in tags {
        let text = |name: &str| tag.get(name).and_then(Value::as_str).unwrap_or_default();
        let (key, value) = (text("key"), text("value"));
        let legal = |c: char| c.is_alphanumeric() || " +-=._:/@".contains(c);
        let lengths = (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
        if !lengths || !key.chars().chain(value.chars()).all(legal) || key.to_lowercase().starts_with("aws:")
        {
            return Some(format!("Invalid tag {key:?} = {value:?}."));
        }
        if keys.contains(&key) {
            return Some(format!("Duplicate tag key {key:?}."));
        }
        keys.push(key);
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sound() -> Value {
        json!({
            "family": "shop-etl", "networkMode": "awsvpc", "cpu": "1 vCPU", "memory": "2048",
            "requiresCompatibilities": ["FARGATE"], "containerDefinitions": [{"name": "flow", "image": "i"}],
            "tags": [{"key": "flowform:project", "value": "shop"}],
        })
    }

    #[test]
    fn what_the_service_refuses() {
        assert_eq!(refusal(&sound()), None);
        for (pointer, value, said) in [
            ("/family", json!("a b"), "Invalid family"),
            ("/cpu", json!("100"), "No Fargate configuration"),
            ("/memory", json!("2 TB"), "be defined at the task level"),
            ("/memory", json!("16 GB"), "No Fargate configuration"),
            ("/networkMode", json!("bridge"), "awsvpc"),
            ("/containerDefinitions", json!([]), "between 1 and 10"),
            ("/containerDefinitions/0/image", json!(""), "image should not be null"),
            ("/containerDefinitions/0/privileged", json!(true), "privileged"),
            ("/containerDefinitions/0/links", json!(["a"]), "Links"),
            ("/containerDefinitions/0/resourceRequirements", json!([{"type": "GPU", "value": "1"}]), "GPU"),
            (
                "/containerDefinitions/0/portMappings",
                json!([{"containerPort": 80, "hostPort": 81}]),
                "must match",
            ),
            ("/tags/0/key", json!("aws:x"), "Invalid tag"),
        ] {
            let mut request = sound();
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            let parent = request.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            parent.insert(name.to_owned(), value);
            let refused = refusal(&request).unwrap_or_else(|| panic!("{pointer} is taken"));
            assert!(refused.message.contains(said), "{pointer}: {}", refused.message);
        }
    }
}
