//! The one form of a task definition, in which what was declared and what the service gives back are equal. Pure.
//!
//! Fields of the API that the rules do not know are kept as they are: they never vanish.

mod rules;
mod units;

use flowform_provider_api::{ArtifactType, canonical_json};
use serde_json::{Map, Value};

use rules::{KEY_VALUE, Order, Rule, SERVER_ONLY, Shape};

/// `task_definition`: what ECS is asked to register, whoever keeps it.
///
/// A body is `{"task_definition": {...}}` in the API's own form. What else is in it belongs to runs, and is no content.
#[derive(Clone, Copy, Debug)]
pub struct TaskDefinitionType;

/// The kind `task_definition`.
pub static TASK_DEFINITION: TaskDefinitionType = TaskDefinitionType;

/// Where the definition is in a body.
pub(crate) const FIELD: &str = "task_definition";

impl ArtifactType for TaskDefinitionType {
    fn kind(&self) -> &'static str {
        FIELD
    }

    fn canonical(&self, body: &Value) -> Value {
        match body.get(FIELD) {
            Some(definition) => Value::Object(Map::from_iter([(FIELD.to_owned(), canonical(definition))])),
            None => body.clone(),
        }
    }
}

/// A task definition, declared or as the service describes it, in the one form: defaults and empty values are absent,
/// lists without an order are sorted, amounts are in one unit.
pub fn canonical(definition: &Value) -> Value {
    let Value::Object(fields) = definition else { return definition.clone() };
    let own = fields.iter().filter(|(name, _)| !SERVER_ONLY.contains(&name.as_str()));
    let mut own: Map<String, Value> = own.map(|(name, value)| (name.clone(), value.clone())).collect();
    if matches!(own.get("networkMode").and_then(Value::as_str), Some("awsvpc" | "host")) {
        without_equal_host_ports(&mut own);
    }
    object(&rules::TASK_DEFINITION, &own).unwrap_or_else(|| Value::Object(Map::new()))
}

/// Where containers have the network of their task or host, the port of the host is that of the container (page
/// `PortMapping`).
fn without_equal_host_ports(definition: &mut Map<String, Value>) {
    let containers = definition.get_mut("containerDefinitions").and_then(Value::as_array_mut);
    let mappings = containers.into_iter().flatten().filter_map(|container| container.get_mut("portMappings"));
    for mapping in mappings.filter_map(Value::as_array_mut).flatten().filter_map(Value::as_object_mut) {
        if mapping.contains_key("containerPort") && mapping.get("hostPort") == mapping.get("containerPort") {
            mapping.remove("hostPort");
        }
    }
}

/// The object in its one form; none when nothing of it is left.
fn object(shape: &Shape, fields: &Map<String, Value>) -> Option<Value> {
    let mut canonical = Map::new();
    for (name, value) in fields {
        let value = match shape.rule(name) {
            Some(rule) => field(rule, value),
            None => Some(value.clone()).filter(|value| !value.is_null()),
        };
        if let Some(value) = value {
            canonical.insert(name.clone(), value);
        }
    }
    (!canonical.is_empty()).then_some(Value::Object(canonical))
}

/// The value in its one form; none when it says what its absence says. A value of another type than the API's is kept.
fn field(rule: Rule, value: &Value) -> Option<Value> {
    let unless = |absent: bool| (!absent).then(|| value.clone());
    match (rule, value) {
        (_, Value::Null) => None,
        (Rule::Text | Rule::TextOr(_) | Rule::Cpu | Rule::Mebibytes, Value::String(text))
            if text.is_empty() =>
        {
            None
        }
        (Rule::TextOr(default), value) => unless(value.as_str() == Some(default)),
        (Rule::IntegerOr(default), value) if whole(value) == Some(default) => None,
        (Rule::Integer | Rule::IntegerOr(_), Value::Number(number)) => {
            Some(whole(value).map_or_else(|| number.clone().into(), Value::from))
        }
        (Rule::Flag(default), value) => unless(value.as_bool() == Some(default)),
        (Rule::Cpu, value) => Some(units::cpu(value)),
        (Rule::Mebibytes, value) => Some(units::mebibytes(value)),
        (Rule::List(order), Value::Array(members)) => list(order, members.clone()),
        (Rule::Map, Value::Object(entries)) => unless(entries.is_empty()),
        (Rule::Object(shape), Value::Object(fields)) => object(shape, fields),
        (Rule::Presence(shape), Value::Object(fields)) => {
            Some(object(shape, fields).unwrap_or_else(|| Value::Object(Map::new())))
        }
        (Rule::Objects(order, shape), Value::Array(members)) => list(order, each(shape, members)),
        (Rule::Environment, Value::Array(members)) => {
            let mut members = each(&KEY_VALUE, members);
            members.retain(|member| !member.is_object() || member.get("value").is_some());
            list(Order::By("name"), members)
        }
        (
            Rule::Text
            | Rule::Value
            | Rule::Integer
            | Rule::IntegerOr(_)
            | Rule::List(_)
            | Rule::Map
            | Rule::Object(_)
            | Rule::Presence(_)
            | Rule::Objects(..)
            | Rule::Environment,
            value,
        ) => Some(value.clone()),
    }
}

/// The members in their one form, without empty ones.
fn each(shape: &Shape, members: &[Value]) -> Vec<Value> {
    let one = |member: &Value| match member {
        Value::Object(fields) => object(shape, fields),
        Value::Null => None,
        other => Some(other.clone()),
    };
    members.iter().filter_map(one).collect()
}

fn list(order: Order, mut members: Vec<Value>) -> Option<Value> {
    match order {
        Order::Kept => {}
        Order::Any => members.sort_by_cached_key(canonical_json),
        Order::By(key) => members.sort_by_cached_key(|member| member.get(key).map(canonical_json)),
    }
    (!members.is_empty()).then_some(Value::Array(members))
}

/// A whole number, however it is spelled.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| canonical_json(value).parse().ok())
}

#[cfg(test)]
mod tests;
