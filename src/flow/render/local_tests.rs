//! The recorded processes of the local agent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Map, json};

use super::*;
use crate::flow::storage::{Machine, serialize};
use crate::flow::vectors;

const FLOW_ID: &str = "11111111-1111-1111-1111-111111111111";
const FLOW_RUN_ID: &str = "22222222-2222-2222-2222-222222222222";

#[test]
fn recorded_processes_are_reproduced() {
    let cases = vectors::load("local.jsonl");
    assert_eq!(cases.len(), 22);
    for case in &cases {
        let run_config = run_config(case);
        let storage = storage(case);
        let settings = settings(&case.input["config"]);
        let agent = LocalAgent::from_options(&case.input["agent"], "oracle-host").expect(&case.id);
        assert_eq!(json!(agent.labels), case.expected["agent"]["labels"], "{}", case.id);
        let process_env: BTreeMap<String, String> = match &case.input["os_env"] {
            Json::Object(entries) => {
                entries.iter().map(|(name, value)| (name.clone(), python::text(value))).collect()
            }
            _ => {
                [("HOME", vectors::HOME), ("PATH", "/usr/bin:/bin")].map(|(k, v)| (k.into(), v.into())).into()
            }
        };
        let request = Request {
            run_config: run_config.as_ref(),
            storage: &storage,
            flow_id: FLOW_ID,
            flow_run_id: FLOW_RUN_ID,
            agent: &agent,
            settings: &settings,
            process_env: &process_env,
            cwd: vectors::FILES,
            python: "{{python}}",
        };
        let files: Vec<String> = case.input["files"]
            .as_object()
            .map(|files| files.keys().map(|file| format!("{}/{file}", vectors::FILES)).collect())
            .unwrap_or_default();
        let exists = |path: &str| {
            files
                .iter()
                .any(|file| file == path || file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
        };
        let expected = &case.expected["artifact"];
        match render(&request, exists) {
            Err(error) => vectors::assert_error(case, &expected["error"], &error),
            Ok(spec) => {
                assert_eq!(json!(spec.command), expected["command"], "{}", case.id);
                assert_eq!(json!(spec.cwd), expected["cwd"], "{}", case.id);
                assert_eq!(json!(spec.env), expected["env"], "{}", case.id);
                assert_eq!(spec.stdout == Stdout::Null, expected["stdout"] == "devnull", "{}", case.id);
            }
        }
    }
}

/// The serialized run config that the agent is handed: null, raw, or that of the given arguments.
fn run_config(case: &vectors::Case) -> Option<Json> {
    if let Some(raw) = case.input.get("run_config_raw") {
        return Some(raw.clone());
    }
    let mut arguments = case.input["run_config"].as_object()?.clone();
    arguments.entry("type").or_insert_with(|| "LocalRun".into());
    let arguments = Json::Object(arguments);
    let disk = Disk { cwd: vectors::FILES, read: &|_| Ok(None) };
    let serialized = run_config::construct(&arguments, disk).unwrap().to_serialized("1.4.1").unwrap();
    assert_eq!(serialized, case.expected["run_config"]["serialized"], "{}", case.id);
    Some(serialized)
}

fn storage(case: &vectors::Case) -> Json {
    let default = json!({"type": "Module", "module": "flows"});
    let flow = &case.input["flow"];
    if let Some(raw) = flow.get("storage_raw") {
        return raw.clone();
    }
    let arguments: Map<String, Json> = flow.get("storage").unwrap_or(&default).as_object().unwrap().clone();
    let kind = StorageKind::from_class(arguments["type"].as_str().unwrap()).unwrap();
    let machine = Machine {
        home: vectors::HOME.to_owned(),
        cwd: vectors::FILES.to_owned(),
        hostname: "oracle-host".to_owned(),
        now: "2022-02-23T19:26:00+00:00".to_owned(),
        add_default_labels: true,
    };
    let storage = serialize(kind, &arguments, None, "1.4.1", &machine).unwrap();
    assert_eq!(storage.serialized, case.expected["storage"]["serialized"], "{}", case.id);
    storage.serialized
}

fn settings(config: &Json) -> Settings {
    let text = |name: &str| config.get(name).map(python::text);
    let default = Settings::default();
    Settings {
        backend: text("backend").unwrap_or(default.backend),
        api: text("cloud.api").unwrap_or(default.api),
        api_key: text("cloud.api_key"),
        tenant_id: text("cloud.tenant_id"),
        send_flow_run_logs: config
            .get("cloud.send_flow_run_logs")
            .map_or(default.send_flow_run_logs, |value| value == true),
        logging_level: text("logging.level").unwrap_or(default.logging_level),
    }
}
