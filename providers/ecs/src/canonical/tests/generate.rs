//! Task definitions of every shape, generated from the published schema that the program checks documents with.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Fields by type: notation by name, as the schema file has it.
struct Schema {
    types: BTreeMap<String, BTreeMap<String, String>>,
    enums: BTreeMap<String, Vec<String>>,
}

fn schema() -> Schema {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../src/flow/document/schemas/ecs.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    Schema {
        types: serde_json::from_value(file["types"].clone()).unwrap(),
        enums: serde_json::from_value(file["enums"].clone()).unwrap(),
    }
}

impl Schema {
    /// The fields of a type that a request may have: name, type, the key of a list's members.
    fn fields(&self, name: &str) -> Vec<(String, String, Option<String>)> {
        let fields = self.types[name].iter().filter(|(_, notation)| !notation.contains(" output"));
        let parts = fields.map(|(field, notation)| {
            let mut words = notation.split(' ');
            let ty = words.next().unwrap().to_owned();
            (field.clone(), ty, words.find_map(|word| word.strip_prefix("by:")).map(str::to_owned))
        });
        parts.collect()
    }
}

/// Definitions that the service would take as far as their ports and sizes go; every field of the request may be there.
pub(super) fn definitions() -> BoxedStrategy<Value> {
    let schema = schema();
    object(&schema, "TaskDefinition").prop_map(sound).boxed()
}

fn object(schema: &Schema, name: &str) -> BoxedStrategy<Value> {
    let mut all: BoxedStrategy<Map<String, Value>> = Just(Map::new()).boxed();
    for (field, ty, by) in schema.fields(name) {
        let value = of_type(schema, &field, &ty, by);
        // Most absent: what is there stands out, and a container has some ten of its forty fields.
        let value = prop_oneof![2 => Just(None), 1 => value.prop_map(Some)];
        all = (all, value)
            .prop_map(move |(mut fields, value)| {
                if let Some(value) = value {
                    fields.insert(field.clone(), value);
                }
                fields
            })
            .boxed();
    }
    all.prop_map(Value::Object).boxed()
}

fn of_type(schema: &Schema, field: &str, ty: &str, by: Option<String>) -> BoxedStrategy<Value> {
    if let Some(inner) = ty.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        let members = proptest::collection::vec(of_type(schema, field, inner, None), 0..4);
        return members.prop_map(move |members| Value::Array(unique(members, by.as_deref()))).boxed();
    }
    if ty.starts_with('{') {
        let entries = proptest::collection::btree_map("[a-c]", "[x-z]{0,2}", 0..3);
        return entries.prop_map(|entries| json!(entries)).boxed();
    }
    if let Some(words) = schema.enums.get(ty) {
        return proptest::sample::select(words.clone()).prop_map(Value::from).boxed();
    }
    match (ty, field) {
        ("text", "cpu") => {
            proptest::sample::select(vec!["256", "1 vCPU", ".5 vcpu", ""]).prop_map(Value::from).boxed()
        }
        ("text", _) => {
            proptest::sample::select(vec!["512", "2 GB", "0.5GB", ""]).prop_map(Value::from).boxed()
        }
        ("string", _) => {
            prop_oneof![3 => "[a-d]{1,2}", 1 => Just(String::new())].prop_map(Value::from).boxed()
        }
        ("integer", _) => proptest::sample::select(vec![0, 1, 3, 5, 30, 80]).prop_map(Value::from).boxed(),
        ("boolean", _) => any::<bool>().prop_map(Value::from).boxed(),
        _ => object(schema, ty),
    }
}

/// Members that the service tells apart; those without the field that tells them apart are refused by it.
fn unique(members: Vec<Value>, by: Option<&str>) -> Vec<Value> {
    let Some(by) = by else { return members };
    let mut seen = BTreeSet::new();
    let mut is_new = |member: &Value| {
        let key = member.get(by).filter(|key| **key != json!("")).map(Value::to_string);
        key.is_some_and(|key| seen.insert(key))
    };
    members.into_iter().filter(|member| is_new(member)).collect()
}

/// Ports as the network mode wants them: the service refuses others.
fn sound(mut definition: Value) -> Value {
    let shared = matches!(definition["networkMode"].as_str(), Some("awsvpc" | "host"));
    let containers = definition.get_mut("containerDefinitions").and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        let mappings = container.get_mut("portMappings").and_then(Value::as_array_mut);
        for mapping in mappings.into_iter().flatten().filter_map(Value::as_object_mut) {
            let port = mapping.get("containerPort").cloned();
            if let (true, Some(given)) =
                (shared, mapping.get_mut("hostPort").filter(|given| **given != json!(0)))
            {
                *given = port.unwrap();
            }
        }
    }
    definition
}

/// A definition in which every field of the request has a value that is no default.
pub(super) fn whole() -> Value {
    let schema = schema();
    let mut definition = filled(&schema, "TaskDefinition");
    // In a network of their own, ports of the host are independent.
    definition["networkMode"] = json!("none");
    definition
}

fn filled(schema: &Schema, name: &str) -> Value {
    let fields = schema.fields(name).into_iter();
    Value::Object(fields.map(|(field, ty, _)| (field.clone(), example(schema, &field, &ty))).collect())
}

fn example(schema: &Schema, field: &str, ty: &str) -> Value {
    if let Some(inner) = ty.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        return json!([example(schema, field, inner)]);
    }
    if ty.starts_with('{') {
        return json!({"key": "value"});
    }
    if let Some(words) = schema.enums.get(ty) {
        return json!(words.last());
    }
    match (ty, field) {
        ("text", "cpu") => json!("512"),
        ("text", _) => json!("2048"),
        ("string", _) => json!(format!("{field}-text")),
        ("integer", _) => json!(77),
        // Not what its absence means.
        ("boolean", "essential") => json!(false),
        ("boolean", _) => json!(true),
        _ => filled(schema, ty),
    }
}

/// The pointers of everything without parts.
pub(super) fn leaves(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| leaves(value, format!("{at}/{name}"), found));
        }
        Value::Array(members) => {
            members
                .iter()
                .enumerate()
                .for_each(|(index, value)| leaves(value, format!("{at}/{index}"), found));
        }
        _ => found.push(at),
    }
}
