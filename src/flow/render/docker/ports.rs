//! Port bindings as the original's Docker client writes them for the engine.

use serde_json::{Map, Value as Json, json};

use crate::flow::original::OriginalError;
use crate::flow::python;
use crate::flow::render::mapping::no_attribute;

/// `{"8080": 80}` becomes `{"8080/tcp": [{"HostIp": "", "HostPort": "80"}]}`; a list binds several.
pub(super) fn bindings(value: &Json) -> Result<Json, OriginalError> {
    let Json::Object(entries) = value else { return Err(no_attribute(value, "items")) };
    let mut out = Map::new();
    for (port, bound) in entries {
        let key = if port.contains('/') { port.clone() } else { format!("{port}/tcp") };
        let list = match bound {
            Json::Array(bound) => bound.iter().map(binding).collect::<Result<Vec<_>, _>>()?,
            other => vec![binding(other)?],
        };
        out.insert(key, list.into());
    }
    Ok(Json::Object(out))
}

fn binding(value: &Json) -> Result<Json, OriginalError> {
    let (ip, port) = match value {
        Json::Object(fields) => {
            let Some(port) = fields.get("HostPort") else {
                return Err(OriginalError::value_error(python::repr(value)));
            };
            (fields.get("HostIp").cloned().unwrap_or_else(|| "".into()), port)
        }
        other => (Json::from(""), other),
    };
    let port = if port.is_null() { String::new() } else { python::text(port) };
    Ok(json!({"HostIp": ip, "HostPort": port}))
}
