//! Definitions in, bodies and start documents out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)]

use serde_json::json;

use super::start::{Version, document};
use super::*;
use crate::flow::render::runtime::PYTHON_LINE;

fn definition(run_config: Json) -> Json {
    let mut run_config = run_config;
    run_config["__version__"] = "1.4.1".into();
    json!({
        "run_config": run_config,
        "storage": {"type": "S3", "bucket": "b", "key": "k", "flows": {"My Flow": "k"}},
        "parameters": {"n": 1},
        "schedules": [],
        "runtime": "flowform",
    })
}

fn body(run_config: Json, agent: AgentKind) -> Json {
    render(&definition(run_config), "My Flow", "shop", agent).unwrap().body
}

const STORAGE: &str = r#"{"bucket":"b","flows":{"My Flow":"k"},"key":"k","type":"S3"}"#;

#[test]
fn a_container_is_complete() {
    assert_eq!(
        body(
            json!({
                "type": "DockerRun", "image": "reg/a:1", "env": {"A": "1"}, "ports": [8080],
                "host_config": {"auto_remove": false, "shm_size": "64m"},
            }),
            AgentKind::Docker,
        ),
        json!({
            "image": "reg/a:1",
            "command": ["python", "-c", PYTHON_LINE],
            "env": {
                "A": "1", "FLOWFORM_FLOW": "My Flow", "FLOWFORM_PROJECT": "shop", "FLOWFORM_STORAGE": STORAGE,
                "PREFECT__FLOWS__RUN_ON_SCHEDULE": "false",
            },
            "host_config": {
                "auto_remove": false, "shm_size": "64m", "extra_hosts": {"host.docker.internal": "host-gateway"},
            },
            "ports": [8080],
            "secret_env": {},
            "per_run": ["FLOWFORM_PARAMETERS", "FLOWFORM_RUN_ID", "FLOWFORM_VERSION"],
        })
    );
}

#[test]
fn a_custom_job_keeps_the_pools_and_replaces_the_first_container() {
    let job = body(
        json!({
            "type": "VertexRun", "machine_type": "ignored", "network": "projects/1/global/networks/n",
            "scheduling": {"timeout": "60s"}, "service_account": null,
            "worker_pool_specs": [
                {"machine_spec": {"machine_type": "m"}, "replica_count": 1, "container_spec": {"image_uri": "gone"}},
                {"container_spec": {"image_uri": "kept"}},
            ],
        }),
        AgentKind::Vertex,
    );
    assert_eq!(job["display_name"], "my-flow");
    let spec = &job["job_spec"];
    assert_eq!(spec["network"], "projects/1/global/networks/n");
    assert_eq!(spec["scheduling"], json!({"timeout": "60s"}));
    assert_eq!(spec.get("service_account"), None);
    let pools = spec["worker_pool_specs"].as_array().unwrap();
    assert_eq!(pools[0]["machine_spec"], json!({"machine_type": "m"}));
    assert_eq!(pools[0]["container_spec"]["image_uri"], "prefecthq/prefect:1.4.1");
    assert_eq!(pools[0]["container_spec"]["args"], json!([]));
    assert_eq!(pools[0]["container_spec"]["env"][0], json!({"name": "FLOWFORM_FLOW", "value": "My Flow"}));
    assert_eq!(pools[1], json!({"container_spec": {"image_uri": "kept"}}));

    let plain = body(json!({"type": "VertexRun", "machine_type": "e2-highmem-8"}), AgentKind::Vertex);
    let pool = &plain["job_spec"]["worker_pool_specs"][0];
    assert_eq!(pool["machine_spec"], json!({"machine_type": "e2-highmem-8"}));
    assert_eq!(pool["replica_count"], 1);
}

#[test]
fn the_original_s_runtime_runs_the_original_s_command() {
    let mut definition = definition(json!({"type": "DockerRun"}));
    definition["runtime"] = "prefect_server".into();
    let body = render(&definition, "f", "shop", AgentKind::Docker).unwrap().body;
    assert_eq!(body["command"], json!(["prefect", "execute", "flow-run"]));
    assert_eq!(body["env"]["PREFECT__CONTEXT__IMAGE"], "prefecthq/prefect:1.4.1");
    let per_run = body["per_run"].as_array().unwrap();
    assert!(
        per_run.contains(&json!("PREFECT__CLOUD__AUTH_TOKEN")) && !per_run.contains(&json!("PYTHONPATH"))
    );
}

#[test]
fn what_an_agent_cannot_do_is_an_error() {
    let error = |changes: Json, agent: AgentKind| {
        let mut definition = definition(json!({"type": "UniversalRun"}));
        for (name, value) in changes.as_object().unwrap() {
            definition[name] = value.clone();
        }
        render(&definition, "f", "shop", agent).unwrap_err()
    };
    let secret = json!({"secret_env": {"T": "arn:aws:ssm:eu-west-1:1:parameter/t"}});
    for agent in [AgentKind::Local, AgentKind::Docker, AgentKind::Vertex] {
        let expected = RenderError::UnresolvableSecret("T".to_owned(), agent.label());
        assert_eq!(error(secret.clone(), agent), expected);
    }
    let other = json!({"run_config": {"type": "ECSRun"}});
    assert_eq!(error(other, AgentKind::Docker), RenderError::OtherKind("ECSRun".to_owned(), "docker"));
    assert_eq!(error(json!({"storage": null}), AgentKind::Docker), RenderError::NothingToRun);
}

/// Every hole leads to the text that stands for it, and there is no such text elsewhere.
#[test]
fn holes_lead_to_what_a_run_brings() {
    for (run_config, kind) in [
        (json!({"type": "LocalRun"}), "process"),
        (json!({"type": "DockerRun"}), "container"),
        (json!({"type": "VertexRun"}), "custom_job"),
    ] {
        let definition = definition(run_config);
        let version = Version {
            name: "f",
            project: "p",
            registry: None,
            version: Some(7),
            definition: &definition,
            artifacts: &[],
        };
        let document = document(version);
        let start = &document["start"];
        assert_eq!(start["kind"], kind);
        assert!(!start.to_string().contains("per_run"), "{start}");
        for (hole, paths) in start["holes"].as_object().unwrap() {
            for path in paths.as_array().unwrap() {
                let place = path.as_array().unwrap().iter().fold(start, |value, step| match step {
                    Json::String(key) => &value[key],
                    step => &value[usize::try_from(step.as_u64().unwrap()).unwrap()],
                });
                assert_eq!(*place, Json::String(format!("{{{{{hole}}}}}")));
            }
        }
        assert_eq!(start["holes"].as_object().unwrap().len(), 2, "{kind}");
        assert!(start.to_string().contains("FLOWFORM_VERSION"));
    }
}
