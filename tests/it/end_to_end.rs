//! Recorded flow runs end to end: the recorded run config becomes HCL, its agent a block, and what `render` prints is compared with
//! what the original's agent handed to its backend. A version has what does not depend on a run, and may say it in another place:
//! what counts is with what the flow would run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use flowform::conformance::{Difference, differences};
use flowform::convert::{Input, Options, convert};
use flowform::flow::check::CHECKS;
use flowform::flow::python;
use serde_json::{Map, Value, json};

use crate::support::{Project, Run, snapshot};

/// What a case says that a configuration has no words for: other versions of the original, settings and the process environment of the
/// agent's machine, answers of a backend, a run config that nobody constructed.
fn has_words(input: &Value) -> bool {
    let machine = ["config", "os_env", "ecs_mock", "docker_mock", "run_config_raw", "box", "remote"];
    let flow = ["core_version", "storage_raw"].iter().any(|name| input["flow"].get(name).is_some());
    !flow && !machine.iter().any(|name| input.get(name).is_some())
}

/// What docs/compatibility.md lists: an empty text is no value, a machine type is not null; what is read where a task is started,
/// or only there known, is no part of a version.
fn is_otherwise(case: &Value) -> bool {
    let run_config = &case["expected"]["run_config"]["serialized"];
    let empty = ["image", "task_definition_arn"].iter().any(|name| run_config[*name] == "");
    let elsewhere = ["job_template_path", "task_definition_path", "task_definition_arn"];
    let agent = &case["input"]["agent"];
    let of_agent = ["task_role_arn", "execution_role_arn"].iter().any(|name| agent.get(name).is_some());
    let registered = !run_config["task_definition_arn"].is_null();
    empty
        || run_config.get("machine_type").is_some_and(Value::is_null)
        || (registered && of_agent)
        || elsewhere
            .iter()
            .any(|name| run_config.get(name).is_some_and(|path| !path.is_null()) && !registered)
}

/// The project of a case: its run config and storage converted, its agent as a block, its files.
fn project(kind: &str, case: &Value) -> Project {
    let (input, expected) = (&case["input"], &case["expected"]);
    let flow = json!([{
        "name": "etl",
        "run_config": expected["run_config"].get("serialized"),
        "storage": expected["storage"]["serialized"],
    }]);
    let converted = convert(
        &[Input { name: "case.json", text: &flow.to_string() }],
        Options { group: false, hosts: &[] },
    );
    assert_eq!(converted.refused, [], "{}", case["id"]);
    let ignored: Vec<&str> = CHECKS.iter().map(|check| check.word).collect();
    let head = format!("flow \"etl\" {{\n  runtime = \"prefect_server\"\n  ignore_checks = {ignored:?}\n");
    let text = converted.text.replacen("flow \"etl\" {\n", &head, 1);
    assert!(text.contains(&head), "{text}");
    let project = Project::new(&format!("flowform {{\n  project = \"shop\"\n}}\n{text}"));
    let mut agent = input["agent"].as_object().cloned().unwrap_or_default();
    // The recorder hands the run to the agent, whatever its labels.
    agent.insert("labels".to_owned(), expected["run_config"]["serialized"]["labels"].clone());
    let agent = json!({ "agent": { kind: { "recorder": agent } } });
    project.write("agent.hcl.json", &agent.to_string());
    for (name, text) in input["files"].as_object().into_iter().flatten() {
        project.write(name, text.as_str().expect("files are texts"));
    }
    project
}

/// With what the flow would run, from what was recorded or from what `render` prints.
fn effective(kind: &str, body: &Value) -> Value {
    match kind {
        "ecs" => ecs(body),
        "kubernetes" => kubernetes(&body["job"]),
        "vertex" => vertex(&body["custom_job"]),
        "docker" => {
            let body = body.get("create_container").map_or_else(
                || body.clone(),
                |created| {
                    json!({
                        "image": created["image"],
                        "command": created["command"],
                        "env": created["environment"],
                        "ports": created["ports"],
                        "host_config": body["host_config_kwargs"],
                        "networks": networks(body),
                    })
                },
            );
            json!({
                "image": body["image"],
                "command": words(&body["command"]),
                "env": texts(&body["env"]),
                "ports": body["ports"],
                "host_config": body["host_config"],
                "networks": body["networks"],
            })
        }
        // The agent's machine decides on the program and gives the process its own variables.
        _ => json!({
            "command": words(&body["command"]).split_off(1),
            "env": texts(&body["env"]),
            "working_dir": body.get("cwd").unwrap_or(&body["working_dir"]),
        }),
    }
}

fn ecs(body: &Value) -> Value {
    let definition = body.get("task_definition").unwrap_or(&body["register_task_definition"]);
    let run_task = &body["run_task"];
    let overrides = &run_task["overrides"];
    let (flow, others) = split(&definition["containerDefinitions"]);
    let (flow_override, other_overrides) = split(&overrides["containerOverrides"]);
    let mut env = by_name(&flow["environment"]);
    env.extend(by_name(&flow_override["environment"]));
    let either = |name: &str| overrides.get(name).or_else(|| definition.get(name)).cloned();
    let mut container = without(&flow, &["environment", "command"]);
    for (name, value) in without(&flow_override, &["environment", "command"]) {
        container.insert(name, value);
    }
    let command = flow_override.get("command").or_else(|| flow.get("command"));
    json!({
        "env": env,
        "command": words(command.unwrap_or(&Value::Null)),
        "container": container,
        "others": others,
        "other_overrides": other_overrides,
        "cpu": either("cpu"),
        "memory": either("memory"),
        "taskRoleArn": either("taskRoleArn"),
        "executionRoleArn": either("executionRoleArn"),
        "definition": without(
            definition,
            &["family", "tags", "containerDefinitions", "cpu", "memory", "taskRoleArn", "executionRoleArn"],
        ),
        "run_task": without(run_task, &["overrides", "taskDefinition"]),
        "overrides": without(
            overrides,
            &["containerOverrides", "cpu", "memory", "taskRoleArn", "executionRoleArn"],
        ),
    })
}

fn kubernetes(job: &Value) -> Value {
    let mut job = job.clone();
    for place in ["/metadata", "/spec/template/metadata"] {
        if let Some(Value::Object(metadata)) = job.pointer_mut(place) {
            // Every run has its own, and an artifact the one of its version.
            metadata.remove("name");
            metadata.remove("generateName");
            metadata.remove("namespace");
            metadata.remove("annotations");
            if let Some(Value::Object(labels)) = metadata.get_mut("labels") {
                labels.retain(|name, _| !name.starts_with("prefect.io/") && !name.starts_with("flowform"));
            }
        }
    }
    if let Some(first) = job.pointer_mut("/spec/template/spec/containers/0") {
        first["env"] = json!(by_name(&first["env"]));
    }
    job
}

fn vertex(job: &Value) -> Value {
    let mut spec = job["job_spec"].clone();
    if let Some(container) = spec.pointer_mut("/worker_pool_specs/0/container_spec") {
        container["env"] = json!(by_name(&container["env"]));
    }
    spec
}

/// The container `flow`, and the others.
fn split(containers: &Value) -> (Value, Vec<Value>) {
    let (flow, others): (Vec<Value>, Vec<Value>) = containers
        .as_array()
        .into_iter()
        .flatten()
        .cloned()
        .partition(|container| container["name"] == "flow");
    (flow.into_iter().next().unwrap_or_default(), others)
}

fn without(object: &Value, names: &[&str]) -> Map<String, Value> {
    let entries = object.as_object().cloned().unwrap_or_default();
    entries.into_iter().filter(|(name, _)| !names.contains(&name.as_str())).collect()
}

/// A list of variables by name, as texts: HCL has no others.
fn by_name(entries: &Value) -> BTreeMap<String, Value> {
    let entries = entries.as_array().into_iter().flatten();
    entries
        .filter_map(|entry| {
            let value = match entry.get("valueFrom") {
                Some(from) => from.clone(),
                None => text(&entry["value"])?,
            };
            Some((entry["name"].as_str()?.to_owned(), value))
        })
        .collect()
}

fn texts(env: &Value) -> BTreeMap<String, Value> {
    let entries = env.as_object().into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect()
}

/// docs/compatibility.md: numbers and booleans are the original's text, other values are no variables.
fn text(value: &Value) -> Option<Value> {
    match value {
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        value => Some(python::text(value).into()),
    }
}

/// The networks of a recorded container: the first at its creation, the others after.
fn networks(body: &Value) -> Value {
    let first = body.pointer("/http_body/NetworkingConfig/EndpointsConfig").and_then(Value::as_object);
    let first = first.into_iter().flatten().map(|(name, _)| Value::from(name.as_str()));
    first.chain(body["connect_networks"].as_array().into_iter().flatten().cloned()).collect()
}

/// The words of a command: the original starts some of them through a shell.
fn words(command: &Value) -> Vec<String> {
    let list = |items: &[Value]| items.iter().map(python::text).collect::<Vec<_>>();
    match command {
        Value::String(line) => line.split(' ').map(str::to_owned).collect(),
        Value::Array(items) => match list(items).as_slice() {
            [shell, flag, line] if shell == "/bin/sh" && flag == "-c" => {
                line.split(' ').map(str::to_owned).collect()
            }
            words => words.to_vec(),
        },
        _ => vec![String::new()],
    }
}

/// Without what means nothing: nulls, and what is empty.
fn meaningful(value: &Value) -> Value {
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::Object(entries) => entries.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    match value {
        Value::Object(entries) => {
            let entries = entries.iter().map(|(name, value)| (name.clone(), meaningful(value)));
            Value::Object(entries.filter(|(_, value)| !empty(value)).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(meaningful).collect()),
        value => value.clone(),
    }
}

/// What differs between a recorded case and what `render` prints of it.
fn compare(kind: &str, case: &Value, rendered: &Value) -> Vec<Difference> {
    let start = &rendered["start"];
    let mut expected = meaningful(&effective(kind, &case["expected"]["artifact"]));
    let mut got = meaningful(&effective(kind, start));
    // What the agent gives each run when it starts it, its own variables too, and what flowform gives it.
    let mut given: BTreeSet<String> =
        start["from_agent"].as_array().into_iter().flatten().map(python::text).collect();
    let own = &case["expected"]["run_config"]["serialized"]["env"];
    let of_agent = case["input"]["agent"]["env_vars"].as_object().into_iter().flatten();
    given.extend(of_agent.map(|(name, _)| name.clone()).filter(|name| own.get(name).is_none()));
    given.extend(["PREFECT__CONTEXT__FLOW_RUN_ID", "PYTHONPATH"].map(str::to_owned));
    if kind == "docker" {
        // The engine knows volumes as binds; a version keeps them as the agent says them.
        let volumes = &case["input"]["agent"]["volumes"];
        let binds = &case["expected"]["run_config"]["serialized"]["host_config"]["binds"];
        if volumes.as_array().is_some_and(|volumes| !volumes.is_empty()) && binds.is_null() {
            assert_eq!(start["volumes"], *volumes, "{}", case["id"]);
            expected["host_config"].as_object_mut().map(|host_config| host_config.remove("binds"));
        }
    }
    let said: BTreeSet<String> =
        [&case["expected"]["run_config"]["serialized"]["env"], &case["input"]["agent"]["env_vars"]]
            .into_iter()
            .flat_map(|env| env.as_object().into_iter().flatten().map(|(name, _)| name.clone()))
            .collect();
    for side in [&mut expected, &mut got] {
        for place in
            ["/env", "/spec/template/spec/containers/0/env", "/worker_pool_specs/0/container_spec/env"]
        {
            if let Some(Value::Object(env)) = side.pointer_mut(place) {
                env.retain(|name, _| !given.contains(name) && !name.starts_with("FLOWFORM_"));
                if kind == "local" {
                    env.retain(|name, _| said.contains(name));
                }
            }
        }
        // The original asks its account for a network when it starts.
        if case["expected"]["agent"]["inferred_network"] == true {
            side["run_task"].as_object_mut().map(|run_task| run_task.remove("networkConfiguration"));
        }
    }
    differences(&meaningful(&expected), &meaningful(&got))
}

fn cases(kind: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/vectors/{kind}.jsonl"));
    let text = std::fs::read_to_string(path).expect("the recorded cases are in the repository");
    let cases = text.lines().map(|line| line.replace("{{files}}", "/files"));
    let cases = cases.map(|line| serde_json::from_str::<Value>(&line).expect("a case is JSON"));
    cases
        .filter(|case| {
            let artifact = &case["expected"]["artifact"];
            has_words(&case["input"])
                && !is_otherwise(case)
                && artifact.is_object()
                && artifact.get("error").is_none()
        })
        .collect()
}

fn summaries(run: &Run) -> String {
    let lines = run.stderr.lines().filter_map(|line| line.strip_prefix("error: "));
    lines.collect::<Vec<_>>().join("; ")
}

/// Renders every case of a kind; at least `least` of them say the same, and the rest is refused, each for a reason.
fn check(kind: &str, least: usize) {
    let (mut refused, mut wrong, mut same) = (Vec::new(), Vec::new(), 0);
    for case in cases(kind) {
        let id = case["id"].as_str().expect("cases have ids");
        let project = project(kind, &case);
        let run = project.run("render flow.etl --agent recorder");
        if run.code != Some(0) {
            refused.push(format!("{id}: {}", summaries(&run)));
            continue;
        }
        let found = compare(kind, &case, &run.json());
        same += usize::from(found.is_empty());
        wrong.extend(found.iter().map(|difference| format!("{id} {difference}")));
    }
    let name = format!("end_to_end_{kind}");
    snapshot!(name.as_str(), format!("{}\n", refused.join("\n")));
    assert!(
        wrong.is_empty(),
        "{same} are as recorded, {} refused; these differ:\n{}",
        refused.len(),
        wrong.join("\n")
    );
    assert!(same >= least, "{same} are as recorded:\n{}", refused.join("\n"));
}

#[test]
fn ecs_tasks_are_rendered_as_recorded() {
    check("ecs", 30);
}

#[test]
fn kubernetes_jobs_are_rendered_as_recorded() {
    check("kubernetes", 25);
}

#[test]
fn vertex_jobs_are_rendered_as_recorded() {
    check("vertex", 10);
}

#[test]
fn docker_containers_are_rendered_as_recorded() {
    check("docker", 15);
}

#[test]
fn local_processes_are_rendered_as_recorded() {
    check("local", 5);
}
