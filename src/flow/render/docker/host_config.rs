//! The host configuration: from the arguments of the original's Docker client to what the engine takes. The table
//! [`ARGUMENTS`] is in the order in which the client looks at its arguments, so that the first mistake is the same.

use serde_json::{Map, Value as Json, json};

use super::ports;
use crate::flow::agent::Bind;
use crate::flow::original::{ErrorClass, OriginalError};
use crate::flow::python;
use crate::flow::render::mapping::no_attribute;

/// When an argument counts.
#[derive(Clone, Copy)]
enum When {
    /// Whenever it is not null.
    Given,
    /// When Python takes it for true.
    Truthy,
}

/// What becomes of an argument.
#[derive(Clone, Copy)]
enum How {
    /// It stays as it is.
    Same,
    /// A number of bytes, or a text with a unit.
    Bytes,
    /// A text is read as a number of bytes.
    TextBytes,
    /// A whole number.
    Int,
    /// A text, and what the client calls one.
    Text(&'static str),
    /// A mapping.
    Mapping,
    /// A list.
    List,
    /// The text `host`.
    Host,
    /// An argument with rules of its own.
    Own(fn(&Json) -> Result<Json, OriginalError>),
    /// An argument that engines take no longer.
    Gone,
}

struct Argument {
    name: &'static str,
    key: &'static str,
    when: When,
    how: How,
}

const fn given(name: &'static str, key: &'static str, how: How) -> Argument {
    Argument { name, key, when: When::Given, how }
}

const fn truthy(name: &'static str, key: &'static str, how: How) -> Argument {
    Argument { name, key, when: When::Truthy, how }
}

/// Every argument of the client, each with its key of the engine.
const ARGUMENTS: &[Argument] = &[
    given("mem_limit", "Memory", How::Bytes),
    given("memswap_limit", "MemorySwap", How::Bytes),
    truthy("mem_reservation", "MemoryReservation", How::Bytes),
    truthy("kernel_memory", "KernelMemory", How::Bytes),
    given("mem_swappiness", "MemorySwappiness", How::Int),
    given("shm_size", "ShmSize", How::TextBytes),
    truthy("pid_mode", "PidMode", How::Same),
    truthy("ipc_mode", "IpcMode", How::Same),
    truthy("privileged", "Privileged", How::Same),
    truthy("oom_kill_disable", "OomKillDisable", How::Same),
    truthy("oom_score_adj", "OomScoreAdj", How::Int),
    truthy("publish_all_ports", "PublishAllPorts", How::Same),
    given("read_only", "ReadonlyRootfs", How::Same),
    truthy("dns_search", "DnsSearch", How::Same),
    truthy("network_mode", "NetworkMode", How::Same),
    truthy("restart_policy", "RestartPolicy", How::Mapping),
    truthy("cap_add", "CapAdd", How::Same),
    truthy("cap_drop", "CapDrop", How::Same),
    truthy("devices", "Devices", How::Own(devices)),
    truthy("group_add", "GroupAdd", How::Own(group_add)),
    given("dns", "Dns", How::Same),
    given("dns_opt", "DnsOptions", How::Same),
    given("security_opt", "SecurityOpt", How::List),
    truthy("sysctls", "Sysctls", How::Own(sysctls)),
    given("volumes_from", "VolumesFrom", How::Own(volumes_from)),
    given("binds", "Binds", How::Own(binds)),
    given("port_bindings", "PortBindings", How::Own(ports::bindings)),
    given("extra_hosts", "ExtraHosts", How::Own(extra_hosts)),
    given("links", "Links", How::Own(links)),
    given("lxc_conf", "LxcConf", How::Own(lxc_conf)),
    given("cgroup_parent", "CgroupParent", How::Same),
    given("ulimits", "Ulimits", How::Own(ulimits)),
    given("log_config", "LogConfig", How::Own(log_config)),
    truthy("cpu_quota", "CpuQuota", How::Int),
    truthy("cpu_period", "CpuPeriod", How::Int),
    truthy("cpu_shares", "CpuShares", How::Int),
    truthy("cpuset_cpus", "CpusetCpus", How::Same),
    truthy("cpuset_mems", "CpusetMems", How::Text("str")),
    truthy("cpu_rt_period", "CPURealtimePeriod", How::Int),
    truthy("cpu_rt_runtime", "CPURealtimeRuntime", How::Int),
    truthy("blkio_weight", "BlkioWeight", How::Int),
    truthy("blkio_weight_device", "BlkioWeightDevice", How::List),
    truthy("device_read_bps", "BlkioDeviceReadBps", How::List),
    truthy("device_write_bps", "BlkioDeviceWriteBps", How::List),
    truthy("device_read_iops", "BlkioDeviceReadIOps", How::List),
    truthy("device_write_iops", "BlkioDeviceWriteIOps", How::List),
    truthy("tmpfs", "Tmpfs", How::Own(tmpfs)),
    truthy("userns_mode", "UsernsMode", How::Host),
    truthy("uts_mode", "UTSMode", How::Host),
    truthy("pids_limit", "PidsLimit", How::Int),
    truthy("isolation", "Isolation", How::Text("string")),
    truthy("auto_remove", "AutoRemove", How::Same),
    given("storage_opt", "StorageOpt", How::Same),
    given("init", "Init", How::Same),
    given("init_path", "InitPath", How::Gone),
    given("volume_driver", "VolumeDriver", How::Same),
    truthy("cpu_count", "CpuCount", How::Int),
    truthy("cpu_percent", "CpuPercent", How::Int),
    truthy("nano_cpus", "NanoCpus", How::Int),
    truthy("runtime", "Runtime", How::Same),
    given("mounts", "Mounts", How::Same),
    given("device_cgroup_rules", "DeviceCgroupRules", How::List),
    given("device_requests", "DeviceRequests", How::Own(device_requests)),
    truthy("cgroupns", "CgroupnsMode", How::Same),
];

/// What the engine takes, from the client's `arguments`. Where these hold the agent's own bindings, `agent_binds` has
/// them in order.
///
/// # Errors
/// `TypeError` for an unknown argument or a wrong type, `ValueError`, `DockerException` and `InvalidArgument` for values
/// that the client refuses, `InvalidVersion` for an argument that engines take no longer.
pub fn convert(
    arguments: &Map<String, Json>,
    agent_binds: &[Bind],
) -> Result<Map<String, Json>, OriginalError> {
    let known = |name: &str| ARGUMENTS.iter().any(|argument| argument.name == name);
    if arguments.contains_key("version") {
        let message = "create_host_config() got an unexpected keyword argument 'version'";
        return Err(OriginalError::type_error(message));
    }
    if let Some(unknown) = arguments.keys().find(|name| !known(name)) {
        let message = format!("HostConfig.__init__() got an unexpected keyword argument '{unknown}'");
        return Err(OriginalError::type_error(message));
    }
    let mut out = Map::new();
    for argument in ARGUMENTS {
        if argument.name == "network_mode" {
            out.insert(argument.key.to_owned(), network_mode(arguments)?);
            continue;
        }
        let value = arguments.get(argument.name).filter(|value| match argument.when {
            When::Given => !value.is_null(),
            When::Truthy => python::truthy(value),
        });
        let Some(value) = value else { continue };
        let converted = if argument.name == "binds" && *value == super::binds(agent_binds) {
            let texts =
                agent_binds.iter().map(|bind| format!("{}:{}:{}", bind.source, bind.target, bind.mode));
            texts.map(Json::from).collect()
        } else {
            apply(argument, value)?
        };
        out.insert(argument.key.to_owned(), converted);
    }
    Ok(out)
}

fn apply(argument: &Argument, value: &Json) -> Result<Json, OriginalError> {
    let expect = |fits: bool, expected: &str| {
        if fits {
            return Ok(value.clone());
        }
        Err(OriginalError::type_error(format!(
            "Invalid type for {} param: expected {expected} but found <class '{}'>",
            argument.name,
            python::type_name(value)
        )))
    };
    match argument.how {
        How::Same => Ok(value.clone()),
        How::Bytes => bytes(value),
        How::TextBytes if value.is_string() => bytes(value),
        How::TextBytes => Ok(value.clone()),
        // A truth value is a whole number in Python.
        How::Int => expect(value.is_i64() || value.is_u64() || value.is_boolean(), "int"),
        How::Text(expected) => expect(value.is_string(), expected),
        How::Mapping => expect(value.is_object(), "dict"),
        How::List => expect(value.is_array(), "list"),
        How::Host if value == "host" => Ok(value.clone()),
        How::Host => {
            let value = python::text(value);
            Err(OriginalError::value_error(format!("Invalid value for {} param: {value}", argument.name)))
        }
        How::Own(convert) => convert(value),
        How::Gone => {
            let message = format!("{} param is not supported in API versions > 1.29", argument.name);
            Err(OriginalError::new(ErrorClass::InvalidVersion, message))
        }
    }
}

fn network_mode(arguments: &Map<String, Json>) -> Result<Json, OriginalError> {
    let mode = arguments.get("network_mode").filter(|mode| python::truthy(mode));
    let bound = arguments.get("port_bindings").is_some_and(python::truthy);
    if bound && mode.is_some_and(|mode| mode == "host") {
        let message = "\"host\" network_mode is incompatible with port_bindings";
        return Err(OriginalError::new(ErrorClass::InvalidArgument, message));
    }
    Ok(mode.cloned().unwrap_or_else(|| "default".into()))
}

/// `64m`, `1.5gb`, `1024`: units of 1024, in either case, with or without a `b` after them.
fn bytes(value: &Json) -> Result<Json, OriginalError> {
    let text = match value {
        Json::Number(_) | Json::Bool(_) => return Ok(value.clone()),
        Json::String(text) if text.is_empty() => return Ok(0.into()),
        Json::String(text) => text,
        other => return Err(wrong(&format!("object of type '{}' is no size", python::type_name(other)))),
    };
    let mut chars: Vec<char> = text.chars().collect();
    if let [.., before, 'b' | 'B'] = chars.as_slice()
        && before.is_alphabetic()
    {
        chars.pop();
    }
    let text: String = chars.iter().collect();
    let suffix = chars.last().map(char::to_ascii_lowercase).unwrap_or_default();
    let (digits, unit) = match suffix {
        '0'..='9' => (text.as_str(), 1.0),
        'b' | 'k' | 'm' | 'g' | 't' => {
            let unit = match suffix {
                'b' => 1.0,
                'k' => 1024.0,
                'm' => 1024.0 * 1024.0,
                'g' => 1024.0 * 1024.0 * 1024.0,
                _ => 1024.0 * 1024.0 * 1024.0 * 1024.0,
            };
            (text.get(..text.len().saturating_sub(1)).unwrap_or_default(), unit)
        }
        _ => {
            return Err(docker(format!(
                "The specified value for memory ({text}) should specify the units. The postfix should be one of the \
                 `b` `k` `m` `g` characters"
            )));
        }
    };
    let number: f64 = digits.trim().parse().map_err(|_| {
        docker(format!("Failed converting the string value for memory ({digits}) to an integer."))
    })?;
    let size = (number * unit).trunc();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a size beyond the range of the engine becomes the largest"
    )]
    Ok(Json::from(size as i64))
}

fn devices(value: &Json) -> Result<Json, OriginalError> {
    let mut list = Vec::new();
    for device in iterated(value)? {
        list.push(match &device {
            Json::Object(_) => device,
            Json::String(text) => {
                let mut parts = text.split(':');
                let host = parts.next().unwrap_or_default();
                json!({
                    "PathOnHost": host,
                    "PathInContainer": parts.next().unwrap_or(host),
                    "CgroupPermissions": parts.next().unwrap_or("rwm"),
                })
            }
            other => {
                return Err(docker(format!("Invalid device type <class '{}'>", python::type_name(other))));
            }
        });
    }
    Ok(list.into())
}

fn group_add(value: &Json) -> Result<Json, OriginalError> {
    Ok(iterated(value)?.iter().map(python::text).collect())
}

fn sysctls(value: &Json) -> Result<Json, OriginalError> {
    let entries = typed(value, "sysctls", "dict", Json::as_object)?;
    Ok(Json::Object(entries.iter().map(|(key, value)| (key.clone(), python::text(value).into())).collect()))
}

fn volumes_from(value: &Json) -> Result<Json, OriginalError> {
    Ok(match value {
        Json::String(text) => text.split(',').collect(),
        other => other.clone(),
    })
}

fn binds(value: &Json) -> Result<Json, OriginalError> {
    let entries = match value {
        Json::Array(_) => return Ok(value.clone()),
        Json::Object(entries) => entries,
        other => return Err(no_attribute(other, "items")),
    };
    let mut list = Vec::new();
    for (source, target) in entries {
        let Json::Object(fields) = target else {
            list.push(format!("{source}:{}:rw", python::text(target)));
            continue;
        };
        if fields.contains_key("ro") && fields.contains_key("mode") {
            let found = python::repr(target);
            return Err(wrong(&format!("Binding cannot contain both \"ro\" and \"mode\": {found}")));
        }
        let bind = fields.get("bind").ok_or_else(|| OriginalError::key("bind"))?;
        let mut mode = match (fields.get("ro"), fields.get("mode")) {
            (Some(ro), _) if python::truthy(ro) => "ro".to_owned(),
            (None, Some(mode)) => python::text(mode),
            _ => "rw".to_owned(),
        };
        let propagation = fields.get("propagation").and_then(Json::as_str);
        if let Some(propagation) = propagation.filter(|name| PROPAGATION.contains(name)) {
            mode = if mode.is_empty() { propagation.to_owned() } else { format!("{mode},{propagation}") };
        }
        list.push(format!("{source}:{}:{mode}", python::text(bind)));
    }
    Ok(list.into())
}

const PROPAGATION: [&str; 6] = ["rshared", "shared", "rslave", "slave", "rprivate", "private"];

fn extra_hosts(value: &Json) -> Result<Json, OriginalError> {
    Ok(match value {
        Json::Object(entries) => {
            entries.iter().map(|(host, address)| format!("{host}:{}", python::text(address))).collect()
        }
        other => other.clone(),
    })
}

fn links(value: &Json) -> Result<Json, OriginalError> {
    let mut pairs: Vec<(String, Json)> = match value {
        Json::Object(entries) => entries.iter().map(|(name, alias)| (name.clone(), alias.clone())).collect(),
        other => {
            let mut pairs = Vec::new();
            for pair in iterated(other)? {
                match pair.as_array().map(Vec::as_slice) {
                    Some([name, alias]) => pairs.push((python::text(name), alias.clone())),
                    _ => return Err(wrong("not enough values to unpack (expected 2)")),
                }
            }
            pairs
        }
    };
    pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
    let text = |(name, alias): (String, Json)| {
        if python::truthy(&alias) { format!("{name}:{}", python::text(&alias)) } else { name }
    };
    Ok(pairs.into_iter().map(text).collect())
}

fn lxc_conf(value: &Json) -> Result<Json, OriginalError> {
    Ok(match value {
        Json::Object(entries) => {
            entries.iter().map(|(key, value)| json!({"Key": key, "Value": python::text(value)})).collect()
        }
        other => other.clone(),
    })
}

fn ulimits(value: &Json) -> Result<Json, OriginalError> {
    let mut list = Vec::new();
    for limit in typed(value, "ulimits", "list", Json::as_array)? {
        let fields = Fields::of(limit)?;
        let name = fields.get("name", "Name");
        if !name.is_some_and(Json::is_string) {
            return Err(wrong("Ulimit.name must be a string"));
        }
        let (soft, hard) = (fields.get("soft", "Soft"), fields.get("hard", "Hard"));
        for (value, name) in [(soft, "soft"), (hard, "hard")] {
            let fits = |value: &Json| value.is_i64() || value.is_u64() || value.is_boolean();
            if value.is_some_and(|value| python::truthy(value) && !fits(value)) {
                return Err(wrong(&format!("Ulimit.{name} must be an integer")));
            }
        }
        list.push(json!({"Name": name, "Soft": soft, "Hard": hard}));
    }
    Ok(list.into())
}

fn log_config(value: &Json) -> Result<Json, OriginalError> {
    typed(value, "log_config", "LogConfig", Json::as_object)?;
    let fields = Fields::of(value)?;
    let config = fields.get("config", "Config").filter(|config| python::truthy(config));
    if config.is_some_and(|config| !config.is_object()) {
        return Err(wrong("LogConfig.config must be a dictionary"));
    }
    let config = config.cloned().unwrap_or_else(|| json!({}));
    Ok(json!({"Type": fields.get("type", "Type"), "Config": config}))
}

fn tmpfs(value: &Json) -> Result<Json, OriginalError> {
    let mounts = match value {
        Json::Object(_) => return Ok(value.clone()),
        Json::Array(mounts) => mounts,
        other => {
            let found = python::type_name(other);
            return Err(wrong(&format!(
                "Expected tmpfs value to be either a list or a dict, found: {found}"
            )));
        }
    };
    let mut out = Map::new();
    for mount in mounts {
        let Json::String(text) = mount else {
            let found = python::type_name(mount);
            return Err(wrong(&format!("Expected item in tmpfs list to be a string, found: {found}")));
        };
        let (name, options) = text.split_once(':').unwrap_or((text, ""));
        out.insert(name.to_owned(), options.into());
    }
    Ok(Json::Object(out))
}

fn device_requests(value: &Json) -> Result<Json, OriginalError> {
    let mut list = Vec::new();
    for request in typed(value, "device_requests", "list", Json::as_array)? {
        let fields = Fields::of(request)?;
        let field =
            |lower: &str, upper: &str, default: Json, fits: fn(&Json) -> bool, what: &str| match fields
                .get(lower, upper)
            {
                None => Ok(default),
                Some(value) if fits(value) => Ok(value.clone()),
                Some(_) => Err(wrong(&format!("DeviceRequest.{lower} must be {what}"))),
            };
        let int = |value: &Json| value.is_i64() || value.is_u64() || value.is_boolean();
        list.push(json!({
            "Driver": field("driver", "Driver", "".into(), Json::is_string, "a string")?,
            "Count": field("count", "Count", 0.into(), int, "an integer")?,
            "DeviceIDs": field("device_ids", "DeviceIDs", json!([]), Json::is_array, "a list")?,
            "Capabilities": field("capabilities", "Capabilities", json!([]), Json::is_array, "a list")?,
            "Options": field("options", "Options", json!({}), Json::is_object, "a dict")?,
        }));
    }
    Ok(list.into())
}

/// The arguments of a class of the client, by either of their names.
struct Fields<'a>(&'a Map<String, Json>);

impl<'a> Fields<'a> {
    fn of(value: &'a Json) -> Result<Self, OriginalError> {
        value.as_object().map(Self).ok_or_else(|| {
            let found = python::type_name(value);
            OriginalError::type_error(format!("argument after ** must be a mapping, not {found}"))
        })
    }

    /// The first name that is there counts, also when its value is null.
    fn get(&self, lower: &str, upper: &str) -> Option<&'a Json> {
        self.0.get(lower).or_else(|| self.0.get(upper)).filter(|value| !value.is_null())
    }
}

fn typed<'a, T: ?Sized>(
    value: &'a Json,
    name: &str,
    expected: &str,
    read: fn(&'a Json) -> Option<&'a T>,
) -> Result<&'a T, OriginalError> {
    read(value).ok_or_else(|| {
        OriginalError::type_error(format!(
            "Invalid type for {name} param: expected {expected} but found <class '{}'>",
            python::type_name(value)
        ))
    })
}

/// What iterating over a value gives.
fn iterated(value: &Json) -> Result<Vec<Json>, OriginalError> {
    match value {
        Json::Array(items) => Ok(items.clone()),
        Json::Object(entries) => Ok(entries.keys().map(|key| Json::from(key.as_str())).collect()),
        Json::String(text) => Ok(text.chars().map(|c| Json::from(c.to_string())).collect()),
        other => {
            let message = format!("'{}' object is not iterable", python::type_name(other));
            Err(OriginalError::type_error(message))
        }
    }
}

fn wrong(message: &str) -> OriginalError {
    OriginalError::value_error(message)
}

fn docker(message: String) -> OriginalError {
    OriginalError::new(ErrorClass::DockerException, message)
}
