//! The runtime contract with the original's package as published: what `current/<flow>.json` says is started exactly so,
//! and the flow runs. No server, no flowform at that moment.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::Project;

/// A Python with the original's package (`tests/python/venv`).
pub(crate) fn python() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/venv");
    let output = Command::new(script).output().expect("tests/python/venv can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a path").trim().to_owned()
}

/// Starts what the document says, as docs/runtime.md tells: fills the holes, resolves the secrets, adds nothing else.
fn start(document: &Value, parameters: &Value, machine: &[(&str, &str)]) -> Output {
    start_as(document, "run-1", parameters, machine, &BTreeMap::new())
}

/// The same for a run of that id, with the variables that only the agent knows.
pub(crate) fn start_as(
    document: &Value,
    run_id: &str,
    parameters: &Value,
    machine: &[(&str, &str)],
    agent: &BTreeMap<&str, String>,
) -> Output {
    let mut start = document["start"].clone();
    let mut all = document["parameters"].clone();
    for (name, value) in parameters.as_object().expect("parameters by name") {
        all[name] = value.clone();
    }
    for (hole, paths) in start["holes"].clone().as_object().expect("holes by name") {
        let text = match hole.as_str() {
            "run_id" => run_id.to_owned(),
            "parameters" => all.to_string(),
            other => panic!("the documentation knows no hole {other}"),
        };
        for path in paths.as_array().expect("paths") {
            let pointer: String = path
                .as_array()
                .expect("a path")
                .iter()
                .map(|step| format!("/{}", step.as_str().unwrap()))
                .collect();
            *start.pointer_mut(&pointer).expect("the hole is in the document") = json!(text);
        }
    }
    let mut env: BTreeMap<String, String> = start["env"]
        .as_object()
        .expect("variables by name")
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned()))
        .collect();
    for (name, reference) in start["secret_env"].as_object().expect("secrets by name") {
        let reference = reference.as_str().and_then(|text| text.strip_prefix("env:")).expect("env:NAME");
        let value = machine.iter().find(|(name, _)| *name == reference).expect("the machine has it").1;
        env.insert(name.clone(), value.to_owned());
    }
    assert_eq!(start["from_agent"], json!(agent.keys().collect::<Vec<_>>()), "what the agent adds");
    env.extend(agent.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let words: Vec<&str> =
        start["command"].as_array().expect("a command").iter().map(|word| word.as_str().unwrap()).collect();
    // `python` is whatever the machine calls so; here it is the one with the package.
    let program = if words[0] == "python" { python() } else { words[0].to_owned() };
    Command::new(program)
        .args(&words[1..])
        .current_dir(start["working_dir"].as_str().unwrap_or("."))
        .env_clear()
        .envs(env)
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", start["working_dir"].as_str().unwrap_or("/"))
        .output()
        .expect("the process starts")
}

const FLOWS: &str = r#"
import json
import os

from prefect import Flow, Parameter, task


@task
def write(limit, region):
    if limit < 0:
        raise ValueError("a limit below zero")
    names = ["FLOWFORM_RUN_ID", "FLOWFORM_FLOW", "FLOWFORM_VERSION", "FLOWFORM_PROJECT", "LEVEL", "TOKEN"]
    said = {name: os.environ.get(name) for name in names}
    with open("said.json", "w") as file:
        json.dump({"limit": limit, "region": region, "env": said}, file)


with Flow("etl") as flow:
    write(Parameter("limit", default=1), Parameter("region", default="none"))
"#;

fn project(storage: &str) -> Project {
    let project = Project::empty();
    project.write("work/flows.py", FLOWS);
    let work = project.path().join("work").display().to_string();
    project.write(
        "main.hcl",
        &format!(
            r#"
flowform {{
  project = "shop"
}}

{storage}

run_config "local" "worker" {{
  working_dir = "{work}"
  env         = {{ LEVEL = "DEBUG" }}
  secret_env  = {{ TOKEN = "env:SHOP_TOKEN" }}
}}

flow "etl" {{
  storage    = {kind}
  run_config = run_config.local.worker
  parameters = {{ limit = 10, region = "eu" }}
}}
"#,
            kind = if storage.contains("module") { "storage.module.code" } else { "storage.local.code" },
            storage = storage.replace("WORK", &work),
        ),
    );
    project.apply();
    project
}

fn said(project: &Project) -> Value {
    serde_json::from_str(&project.read("work/said.json")).expect("the flow writes JSON")
}

#[test]
fn a_flow_of_a_script_runs_with_its_parameters_and_variables() {
    let project = project(
        r#"storage "local" "code" {
  path             = "WORK/flows.py"
  stored_as_script = true
}"#,
    );
    let document = project.current("etl").expect("the flow is published");
    let run = start(&document, &json!({ "limit": 25 }), &[("SHOP_TOKEN", "s3cret")]);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(
        said(&project),
        json!({
            "limit": 25,
            "region": "eu",
            "env": {
                "FLOWFORM_RUN_ID": "run-1",
                "FLOWFORM_FLOW": "etl",
                "FLOWFORM_VERSION": "1",
                "FLOWFORM_PROJECT": "shop",
                "LEVEL": "DEBUG",
                "TOKEN": "s3cret",
            },
        })
    );
}

#[test]
fn a_flow_that_fails_exits_with_one() {
    let project = project(
        r#"storage "local" "code" {
  path             = "WORK/flows.py"
  stored_as_script = true
}"#,
    );
    let document = project.current("etl").expect("the flow is published");
    let run = start(&document, &json!({ "limit": -1 }), &[("SHOP_TOKEN", "s3cret")]);
    let told = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{told}");
    assert!(told.contains("a limit below zero"), "{told}");
}

#[test]
fn a_flow_of_a_module_runs() {
    let project = project(
        r#"storage "module" "code" {
  module = "flows"
}"#,
    );
    let document = project.current("etl").expect("the flow is published");
    let run = start(&document, &json!({}), &[("SHOP_TOKEN", "s3cret")]);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(said(&project)["limit"], 10);
}

/// The runtime `command` starts any program, with the same variables.
#[test]
fn a_command_runs_with_the_variables_of_its_flow() {
    let project = Project::empty();
    let work = project.path().join("work").display().to_string();
    project.write("work/.keep", "");
    project.write(
        "main.hcl",
        &format!(
            r#"
flowform {{
  project = "shop"
}}
flow "report" {{
  runtime    = "command"
  command    = ["/bin/sh", "-c", "env > said.txt; exit 3"]
  parameters = {{ limit = 10 }}
  run_config "local" {{
    working_dir = "{work}"
    env         = {{ LEVEL = "DEBUG" }}
    secret_env  = {{ TOKEN = "env:SHOP_TOKEN" }}
  }}
}}
"#
        ),
    );
    project.apply();
    let document = project.current("report").expect("the flow is published");
    let run = start(&document, &json!({ "limit": 25, "area": "eu" }), &[("SHOP_TOKEN", "s3cret")]);
    assert_eq!(run.status.code(), Some(3), "its exit code is the run's");
    let said = project.read("work/said.txt");
    for line in [
        "FLOWFORM_FLOW=report",
        "FLOWFORM_PARAMETERS={\"area\":\"eu\",\"limit\":25}",
        "FLOWFORM_PROJECT=shop",
        "FLOWFORM_RUN_ID=run-1",
        "FLOWFORM_VERSION=1",
        "LEVEL=DEBUG",
        "TOKEN=s3cret",
    ] {
        assert!(said.lines().any(|said| said == line), "{line} in\n{said}");
    }
    assert!(!said.contains("FLOWFORM_STORAGE"), "{said}");
}

/// Whatever the backend and whoever starts the code: the five variables of a run, the command, and what only the agent knows.
#[test]
fn every_start_has_the_variables_of_a_run() {
    let by_name = |list: &Value| -> BTreeMap<String, String> {
        let entries = list.as_array().into_iter().flatten();
        entries.map(|entry| (text(&entry["name"]), text(&entry["value"]))).collect()
    };
    for kind in ["docker", "ecs", "kubernetes", "local", "vertex"] {
        for runtime in ["flowform", "prefect_server", "command"] {
            let command = if runtime == "command" { "command = [\"/bin/report\", \"--all\"]" } else { "" };
            let project = Project::new(&format!(
                "flowform {{\n  project = \"shop\"\n}}\nstorage \"module\" \"code\" {{\n  module = \"flows\"\n}}\n\
                 flow \"etl\" {{\n  storage = storage.module.code\n  runtime = \"{runtime}\"\n  {command}\n  \
                 parameters = {{ limit = 1 }}\n  run_config \"{kind}\" {{}}\n}}\n"
            ));
            project.apply();
            let start = project.current("etl").expect("the flow is published")["start"].clone();
            let (env, words) = match kind {
                "docker" | "local" => {
                    let env = start["env"].as_object().expect("variables").iter();
                    (env.map(|(name, value)| (name.clone(), text(value))).collect(), start["command"].clone())
                }
                "ecs" => {
                    let task = &start["task_definition"]["containerDefinitions"][0];
                    let mut env = by_name(&task["environment"]);
                    let flow = &start["run_task"]["overrides"]["containerOverrides"][0];
                    env.extend(by_name(&flow["environment"]));
                    (env, task["command"].clone())
                }
                "kubernetes" => {
                    let container = &start["job"]["spec"]["template"]["spec"]["containers"][0];
                    (by_name(&container["env"]), container["args"].clone())
                }
                _ => {
                    let container =
                        &start["custom_job"]["job_spec"]["worker_pool_specs"][0]["container_spec"];
                    (by_name(&container["env"]), container["command"].clone())
                }
            };
            let what = format!("{kind}, {runtime}: {start:#}");
            for (name, value) in [
                ("FLOWFORM_FLOW", "etl"),
                ("FLOWFORM_PROJECT", "shop"),
                ("FLOWFORM_VERSION", "1"),
                ("FLOWFORM_RUN_ID", "{{run_id}}"),
                ("FLOWFORM_PARAMETERS", "{{parameters}}"),
            ] {
                assert_eq!(env.get(name).map(String::as_str), Some(value), "{name} of {what}");
            }
            assert_eq!(env.contains_key("FLOWFORM_STORAGE"), runtime == "flowform", "{what}");
            for (hole, value) in [("run_id", "{{run_id}}"), ("parameters", "{{parameters}}")] {
                let paths = start["holes"][hole].as_array().expect("paths");
                assert!(!paths.is_empty(), "{what}");
                for path in paths {
                    let steps = path.as_array().expect("a path").iter();
                    let pointer: String = steps
                        .map(|step| format!("/{}", text(step).replace('~', "~0").replace('/', "~1")))
                        .collect();
                    assert!(
                        start.pointer(&pointer).is_some_and(|place| text(place).contains(value)),
                        "{pointer} of {what}"
                    );
                }
            }
            let words: Vec<String> = words.as_array().expect("a command").iter().map(text).collect();
            let from_agent = start["from_agent"].as_array().expect("names");
            match runtime {
                "flowform" => assert_eq!(&words[..2], ["python", "-c"], "{what}"),
                "command" => assert_eq!(words, ["/bin/report", "--all"], "{what}"),
                _ => assert!(words.ends_with(&["execute".to_owned(), "flow-run".to_owned()]), "{what}"),
            }
            // The address, the key and whose they are: only the agent that starts the run knows them.
            let secret = ["PREFECT__CLOUD__API", "PREFECT__CLOUD__API_KEY", "PREFECT__CLOUD__TENANT_ID"];
            for name in secret {
                let told = from_agent.contains(&json!(name));
                assert_eq!(told, runtime == "prefect_server", "{name} of {what}");
                assert!(!env.contains_key(name), "{what}");
            }
        }
    }
}

/// A text, or a number as one.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
