//! Definitions in, process bodies and start documents out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::runtime::PYTHON_LINE;
use super::super::versioned::render;
use super::super::versioned::start::{Version, document};
use super::*;

fn render_process(definition: &Json, name: &str, project: &str) -> Result<Json, RenderError> {
    render(definition, name, project, AgentKind::Local).map(|rendered| rendered.body)
}

fn definition() -> Json {
    json!({
        "run_config": {
            "type": "LocalRun", "__version__": "1.4.1", "labels": ["a"], "working_dir": "/srv/flows",
            "env": {"REGION": "eu", "FLOWFORM_FLOW": "x", "KEY": "plain"},
        },
        "storage": {
            "type": "Local", "__version__": "1.4.1", "path": "/srv/f.py", "stored_as_script": true, "secrets": [],
            "flows": {"etl": "/srv/f.py"},
        },
        "parameters": {"n": 1},
        "schedules": [],
        "runtime": "flowform",
        "secret_env": {"KEY": "env:KEY"},
    })
}

#[test]
fn the_default_runtime_runs_the_documented_line() {
    let body = render_process(&definition(), "etl", "shop").unwrap();
    assert_eq!(
        body,
        json!({
            "command": ["python", "-c", PYTHON_LINE],
            "working_dir": "/srv/flows",
            "env": {
                "FLOWFORM_FLOW": "etl",
                "FLOWFORM_PROJECT": "shop",
                "FLOWFORM_STORAGE": "{\"__version__\":\"1.4.1\",\"flows\":{\"etl\":\"/srv/f.py\"},\
                    \"path\":\"/srv/f.py\",\"secrets\":[],\"stored_as_script\":true,\"type\":\"Local\"}",
                "PREFECT__FLOWS__RUN_ON_SCHEDULE": "false",
                "REGION": "eu",
            },
            "secret_env": {"KEY": "env:KEY"},
            "per_run": ["FLOWFORM_PARAMETERS", "FLOWFORM_RUN_ID", "FLOWFORM_VERSION"],
        })
    );
    assert_eq!(PYTHON_LINE.lines().count(), 1);
}

#[test]
fn the_other_runtimes_have_their_own_command() {
    let mut server = definition();
    server["runtime"] = "prefect_server".into();
    server["secret_env"] = json!({"PREFECT__CLOUD__API_KEY": "env:KEY"});
    let body = render_process(&server, "etl", "shop").unwrap();
    assert_eq!(body["command"], json!(["python", "-m", "prefect", "execute", "flow-run"]));
    assert_eq!(body["env"]["PREFECT__CLOUD__USE_LOCAL_SECRETS"], "false");
    let per_run = body["per_run"].as_array().unwrap();
    assert!(per_run.contains(&"PREFECT__CONTEXT__FLOW_RUN_ID".into()));
    assert!(!per_run.contains(&"PREFECT__CLOUD__API_KEY".into()), "a secret is in no other layer");

    let mut command = definition();
    command["runtime"] = "command".into();
    command["command"] = json!(["make", "etl"]);
    command["storage"] = Json::Null;
    command["run_config"]["type"] = "UniversalRun".into();
    command["run_config"].as_object_mut().unwrap().remove("working_dir");
    let body = render_process(&command, "etl", "shop").unwrap();
    assert_eq!(body["command"], json!(["make", "etl"]));
    assert_eq!(body["working_dir"], Json::Null);
    assert_eq!(body["env"].get("FLOWFORM_STORAGE"), None);
}

#[test]
fn what_is_no_process_is_refused() {
    let with = |pointer: &str, value: Json| {
        let mut definition = definition();
        *definition.pointer_mut(pointer).unwrap() = value;
        render_process(&definition, "etl", "shop").unwrap_err()
    };
    assert_eq!(
        with("/run_config/type", "ECSRun".into()),
        RenderError::OtherKind("ECSRun".to_owned(), "local")
    );
    assert_eq!(with("/storage/type", "Docker".into()), RenderError::InAnImage);
    assert_eq!(with("/storage", Json::Null), RenderError::NothingToRun);
    assert_eq!(with("/runtime", "command".into()), RenderError::NothingToRun);
    assert_eq!(
        render_process(&Json::Null, "etl", "shop"),
        Err(RenderError::OtherKind(String::new(), "local"))
    );
}

#[test]
fn the_start_document_names_its_holes() {
    let definition = definition();
    let body = render_process(&definition, "etl", "shop").unwrap();
    let document = document(Version {
        name: "etl",
        project: "shop",
        registry: None,
        version: Some(3),
        definition: &definition,
        artifacts: &[],
    });
    assert_eq!(document["version"], 3);
    assert_eq!(document["parameters"], json!({"n": 1}));
    assert_eq!(document["start"]["env"]["FLOWFORM_VERSION"], "3");
    assert_eq!(document["start"]["env"]["FLOWFORM_RUN_ID"], "{{run_id}}");
    assert_eq!(document["start"]["env"]["FLOWFORM_PARAMETERS"], "{{parameters}}");
    assert_eq!(
        document["start"]["holes"],
        json!({"run_id": [["env", "FLOWFORM_RUN_ID"]], "parameters": [["env", "FLOWFORM_PARAMETERS"]]})
    );
    // The stored body is the same for every version and run.
    assert_eq!(body, render_process(&definition, "etl", "shop").unwrap());
    assert!(!body.to_string().contains("{{"));
}
