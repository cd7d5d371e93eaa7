//! Declared and read back are equal; whatever else differs stays different.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "a test asks botocore, and reads the schema")]

mod generate;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use flowform_provider_api::ArtifactType;
use flowform_provider_contract::ecs::{Place, read_back};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::rules::{Rule, SERVER_ONLY, Shape, TASK_DEFINITION as ROOT};
use super::*;

const PLACE: Place<'_> =
    Place { account: "111122223333", region: "eu-west-1", revision: 7, at: 1_700_000_000 };

/// What a description of the definition holds: the definition, with its tags in it.
fn described(request: &Value) -> Value {
    let read = read_back(request, PLACE);
    let mut definition = read.definition;
    definition["tags"] = read.tags;
    definition
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_read_back_is_what_was_registered(definition in generate::definitions()) {
        prop_assert_eq!(canonical(&described(&definition)), canonical(&definition));
    }

    #[test]
    fn it_is_idempotent(definition in generate::definitions()) {
        let once = canonical(&definition);
        prop_assert_eq!(&canonical(&once), &once);
        prop_assert_eq!(canonical(&described(&once)), once);
    }

    #[test]
    fn anything_is_taken(text in ".{0,16}", number in any::<f64>()) {
        for value in [json!(null), json!(text), json!([number]), json!({"cpu": text, "memory": number})] {
            let inner = json!({"containerDefinitions": value, "cpu": value, "volumes": [value], "tags": value});
            for definition in [value, inner] {
                let once = canonical(&definition);
                prop_assert_eq!(canonical(&once), once);
            }
        }
    }
}

#[test]
fn every_field_counts() {
    let whole = generate::whole();
    let expected = canonical(&whole);
    assert_eq!(canonical(&described(&whole)), expected, "the whole definition is read back");
    let mut leaves = Vec::new();
    generate::leaves(&whole, String::new(), &mut leaves);
    assert!(leaves.len() >= 125, "{} leaves", leaves.len());
    for pointer in leaves {
        let mut changed = whole.clone();
        let leaf = changed.pointer_mut(&pointer).unwrap();
        *leaf = match leaf {
            Value::Bool(value) => json!(!*value),
            Value::Number(number) => json!(number.as_i64().unwrap() + 1),
            Value::String(text) => json!(format!("{text}-changed")),
            other => panic!("{pointer} is no leaf: {other}"),
        };
        assert_ne!(canonical(&changed), expected, "a change of {pointer} is not seen");
    }
}

/// The object types of the pinned botocore below RegisterTaskDefinition, and the fields of its answer alone.
const MODEL: &str = r#"
import json
import botocore.session
model = botocore.session.get_session().get_service_model("ecs")
types = {}
def walk(shape):
    if shape.type_name == "structure" and shape.name not in types:
        types[shape.name] = {name: kind(member) for name, member in shape.members.items()}
        for member in shape.members.values(): walk(member)
    if shape.type_name == "list": walk(shape.member)
    if shape.type_name == "map": walk(shape.value)
def kind(shape):
    if shape.type_name == "list": return "list of " + kind(shape.member)
    if shape.type_name == "structure": return shape.name
    return {"long": "integer"}.get(shape.type_name, shape.type_name)
walk(model.operation_model("RegisterTaskDefinition").input_shape)
request = types["RegisterTaskDefinitionRequest"]
answer = [name for name in model.shape_for("TaskDefinition").members if name not in request]
print(json.dumps({"types": types, "server_only": sorted(answer)}))
"#;

#[test]
fn the_rules_know_every_field_of_the_service_s_model() {
    let venv =
        Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/python/venv")).output().unwrap();
    let python = String::from_utf8(venv.stdout).unwrap();
    let output = Command::new(python.trim()).args(["-c", MODEL]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let model: Value = serde_json::from_slice(&output.stdout).unwrap();
    let types: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_value(model["types"].clone()).unwrap();

    let mut ours = BTreeMap::new();
    fields_of(&ROOT, &mut ours);
    assert_eq!(
        ours.keys().collect::<BTreeSet<_>>(),
        types.keys().collect::<BTreeSet<_>>(),
        "object types: ours, and those of the service's model"
    );
    for (name, fields) in &types {
        let known: BTreeMap<&str, Rule> = ours[name].iter().copied().collect();
        for (field, kind) in fields {
            let Some(rule) = known.get(field.as_str()) else {
                panic!("{name}.{field} ({kind}) is a field of the service that the rules do not know");
            };
            assert!(fits(*rule, kind), "{name}.{field} is {kind}, and its rule is {rule:?}");
        }
        for field in known.keys() {
            assert!(fields.contains_key(*field), "{name}.{field} is no field of the service");
        }
    }
    assert_eq!(json!(SERVER_ONLY), model["server_only"]);
}

fn fits(rule: Rule, kind: &str) -> bool {
    match rule {
        Rule::Text | Rule::TextOr(_) | Rule::Cpu | Rule::Mebibytes => kind == "string",
        Rule::Integer | Rule::IntegerOr(_) => kind == "integer",
        Rule::Flag(_) | Rule::Value => kind == "boolean",
        Rule::List(_) => ["list of string", "list of integer"].contains(&kind),
        Rule::Map => kind == "map",
        Rule::Object(shape) | Rule::Presence(shape) => kind == shape.name,
        Rule::Objects(_, shape) => kind == format!("list of {}", shape.name),
        Rule::Environment => kind == "list of KeyValuePair",
    }
}

fn fields_of(shape: &Shape, found: &mut BTreeMap<String, &'static [(&'static str, Rule)]>) {
    found.insert(shape.name.to_owned(), shape.fields);
    for (_, rule) in shape.fields {
        match rule {
            Rule::Object(inner) | Rule::Presence(inner) | Rule::Objects(_, inner) => fields_of(inner, found),
            Rule::Environment => fields_of(&super::KEY_VALUE, found),
            _ => {}
        }
    }
}

#[test]
fn equal_to_the_service_and_not() {
    let with = |field: &str, value: Value| {
        let mut definition = json!({"family": "f", "containerDefinitions": [{"name": "flow", "image": "i"}]});
        match field.strip_prefix("container.") {
            Some(field) => definition["containerDefinitions"][0][field] = value,
            None => definition[field] = value,
        }
        canonical(&definition)
    };
    for (field, one, other) in [
        ("cpu", json!("1 vCPU"), json!("1024")),
        ("cpu", json!(".25 vcpu"), json!(256)),
        ("memory", json!("2 GB"), json!("2048")),
        ("memory", json!("0.5GB"), json!("512")),
        ("networkMode", json!("bridge"), json!(null)),
        ("container.essential", json!(true), json!(null)),
        ("container.cpu", json!(0), json!(null)),
        ("container.cpu", json!(2.0), json!(2)),
        ("container.environment", json!([{"name": "A", "value": ""}, {"name": "B"}]), json!([])),
        ("container.linuxParameters", json!({"capabilities": {"add": [], "drop": []}}), json!({})),
        ("container.links", json!(["a", "b"]), json!(["b", "a"])),
        ("volumes", json!([{"name": "v", "host": {}}]), json!([{"name": "v"}])),
    ] {
        assert_eq!(with(field, one.clone()), with(field, other.clone()), "{field}: {one} and {other}");
    }
    for (field, one, other) in [
        ("cpu", json!("1 vCPU"), json!("1")),
        ("memory", json!("1e3"), json!("1000")),
        ("container.command", json!(["a", "b"]), json!(["b", "a"])),
        ("container.command", json!([""]), json!([])),
        ("container.linuxParameters", json!({"maxSwap": 0}), json!({})),
        (
            "container.environmentFiles",
            json!([{"value": "a"}, {"value": "b"}]),
            json!([{"value": "b"}, {"value": "a"}]),
        ),
        (
            "container.portMappings",
            json!([{"containerPort": 80, "hostPort": 80}]),
            json!([{"containerPort": 80}]),
        ),
        ("volumes", json!([{"name": "v", "dockerVolumeConfiguration": {}}]), json!([{"name": "v"}])),
        ("newField", json!(""), json!(null)),
    ] {
        assert_ne!(with(field, one.clone()), with(field, other.clone()), "{field}: {one} and {other}");
    }
}

#[test]
fn what_belongs_to_runs_is_no_content() {
    let body = json!({"task_definition": {"family": "f"}, "per_run": ["FLOWFORM_RUN_ID"]});
    assert_eq!(
        TASK_DEFINITION.hash(&body),
        TASK_DEFINITION.hash(&json!({"task_definition": {"family": "f"}}))
    );
    assert_ne!(
        TASK_DEFINITION.hash(&body),
        TASK_DEFINITION.hash(&json!({"task_definition": {"family": "g"}}))
    );
}

/// What the service answered, as its documentation and its users have published it: never compared with the live one.
#[test]
fn published_answers_are_equal_to_what_was_declared() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("tests/published.json")).unwrap();
    assert!(cases.len() >= 16);
    for case in cases {
        assert_eq!(canonical(&case["described"]), canonical(&case["declared"]), "{}", case["source"]);
    }
}
