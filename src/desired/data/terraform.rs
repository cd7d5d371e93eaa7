//! The outputs of a Terraform state file of format 4. It looks at nothing else in the file: resources are full of
//! secrets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::value::{AttributeType, Marks, Type, Value, convert, from_json};

/// The format of state files that is read: Terraform's since 0.12.
const FORMAT: u64 = 4;

/// How deep the type of an output may be nested.
const MAX_DEPTH: usize = 64;

#[derive(Serialize, Deserialize)]
struct State {
    #[serde(default)]
    version: u64,
    #[serde(default)]
    outputs: BTreeMap<String, Output>,
    // What encryption leaves in place of the rest.
    #[serde(default, skip_serializing)]
    encrypted_data: Option<serde::de::IgnoredAny>,
}

#[derive(Serialize, Deserialize)]
struct Output {
    value: Json,
    #[serde(rename = "type", default)]
    ty: Json,
    #[serde(default)]
    sensitive: bool,
}

/// The outputs by name.
///
/// # Errors
/// It is no state file that can be read; in a clause.
pub(super) fn outputs(bytes: &[u8]) -> Result<BTreeMap<String, Value>, String> {
    let state = parse(bytes)?;
    Ok(state
        .outputs
        .into_iter()
        .map(|(name, output)| {
            let value = from_json(&output.value);
            // A type that is not understood leaves the value as JSON has it.
            let typed = convert(&value, &type_of(&output.ty, MAX_DEPTH)).unwrap_or(value);
            (name, if output.sensitive { typed.marked(Marks::SENSITIVE) } else { typed })
        })
        .collect())
}

/// The file with nothing but its outputs; `None` when one of them is sensitive, or it cannot be read.
pub(super) fn without_secrets(bytes: &[u8]) -> Option<Vec<u8>> {
    let state = parse(bytes).ok()?;
    if state.outputs.values().any(|output| output.sensitive) {
        return None;
    }
    serde_json::to_vec(&state).ok()
}

fn parse(bytes: &[u8]) -> Result<State, String> {
    // What serde says of a mismatch may quote a value.
    let state: State = serde_json::from_slice(bytes)
        .map_err(|error| format!("it is no state file (line {}, column {})", error.line(), error.column()))?;
    if state.encrypted_data.is_some() {
        return Err("it is encrypted".to_owned());
    }
    match state.version {
        FORMAT => Ok(state),
        0 => Err("it is no state file: it has no `version`".to_owned()),
        other => Err(format!("it has format {other}, and only format {FORMAT} can be read")),
    }
}

/// A type as state files write it: `"string"`, `["list", "string"]`, `["object", {"a": "string"}]`.
fn type_of(json: &Json, depth: usize) -> Type {
    let Some(depth) = depth.checked_sub(1) else { return Type::Any };
    match json {
        Json::String(name) => match name.as_str() {
            "string" => Type::String,
            "number" => Type::Number,
            "bool" => Type::Bool,
            _ => Type::Any,
        },
        Json::Array(parts) => match (parts.first().and_then(Json::as_str), parts.get(1)) {
            (Some("list"), Some(of)) => Type::List(Box::new(type_of(of, depth))),
            (Some("set"), Some(of)) => Type::Set(Box::new(type_of(of, depth))),
            (Some("map"), Some(of)) => Type::Map(Box::new(type_of(of, depth))),
            (Some("tuple"), Some(Json::Array(of))) => {
                Type::Tuple(of.iter().map(|ty| type_of(ty, depth)).collect())
            }
            (Some("object"), Some(Json::Object(of))) => {
                let attribute = |ty| AttributeType { ty: type_of(ty, depth), optional: true, default: None };
                Type::Object(of.iter().map(|(name, ty)| (name.as_str().into(), attribute(ty))).collect())
            }
            _ => Type::Any,
        },
        _ => Type::Any,
    }
}
