//! Job templates and task definitions: definitions in, bodies and starts out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)]

use serde_json::{Value as Json, json};

use super::start::{Version, document};
use super::*;
use crate::flow::render::origin::Origin;
use crate::flow::render::runtime::PYTHON_LINE;

/// A definition whose runtime is a short command, so that expected bodies stay short.
fn definition(run_config: Json, more: Json) -> Json {
    let mut run_config = run_config;
    run_config["__version__"] = "1.4.1".into();
    let mut definition = json!({
        "run_config": run_config, "storage": null, "parameters": {}, "schedules": [],
        "runtime": "command", "command": ["run"],
    });
    definition.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    definition
}

fn body(run_config: Json, more: Json, agent: AgentKind) -> Json {
    render(&definition(run_config, more), "etl", "shop", agent).unwrap().body
}

/// What is published of version 4.
fn published(definition: &Json, artifacts: &[(&str, &str)]) -> Json {
    document(Version {
        name: "etl",
        project: "shop",
        registry: Some("registry-1"),
        version: Some(4),
        definition,
        artifacts,
    })
}

fn start(run_config: Json, more: Json, artifacts: &[(&str, &str)]) -> Json {
    published(&definition(run_config, more), artifacts)["start"].clone()
}

#[test]
fn the_built_in_job() {
    assert_eq!(
        body(json!({"type": "KubernetesRun"}), json!({}), AgentKind::Kubernetes),
        json!({
            "job": {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "spec": {"template": {"spec": {
                    "containers": [{
                        "name": "flow",
                        "image": "prefecthq/prefect:1.4.1",
                        "args": ["run"],
                        "env": [
                            {"name": "FLOWFORM_FLOW", "value": "etl"},
                            {"name": "FLOWFORM_PROJECT", "value": "shop"},
                        ],
                    }],
                    "restartPolicy": "Never",
                }}},
            },
            "per_run": ["FLOWFORM_PARAMETERS", "FLOWFORM_RUN_ID", "FLOWFORM_VERSION"],
        })
    );
}

#[test]
fn a_job_template_keeps_what_the_run_config_does_not_say() {
    let template = json!({
        "metadata": {"name": "nightly", "labels": {"team": "x"}},
        "spec": {"backoffLimit": 2, "template": {"spec": {
            "serviceAccountName": "template", "restartPolicy": "OnFailure",
            "containers": [
                {
                    "name": "any", "image": "template:1", "command": ["tini", "--"],
                    "resources": {"limits": {"cpu": "1", "gpu": "1"}},
                    "env": [
                        {"name": "KEPT", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                        {"name": "A", "value": "template"},
                        {"name": "TOKEN", "value": "plain"},
                        {"name": "FLOWFORM_RUN_ID", "value": "of nobody"},
                    ],
                },
                {"name": "sidecar"},
            ],
        }}},
    });
    let body = body(
        json!({
            "type": "KubernetesRun", "job_template": template, "env": {"A": "1"}, "cpu_limit": "2",
            "memory_request": "1Gi", "image_pull_secrets": ["p"], "image_pull_policy": "Always",
        }),
        json!({
            "secret_env": {"TOKEN": "api/token"},
            "agent_defaults": {"kubernetes": {"service_account_name": "agent", "image_pull_secrets": ["a"]}},
        }),
        AgentKind::Kubernetes,
    );
    let job = &body["job"];
    assert_eq!(job["metadata"], json!({"name": "nightly", "labels": {"team": "x"}}));
    assert_eq!(job["spec"]["backoffLimit"], 2);
    let pod = &job["spec"]["template"]["spec"];
    assert_eq!(pod["serviceAccountName"], "template");
    assert_eq!(pod["imagePullSecrets"], json!([{"name": "p"}]));
    assert_eq!(pod["restartPolicy"], "OnFailure");
    assert_eq!(
        pod["containers"],
        json!([
            {
                "name": "any", "image": "template:1", "command": ["tini", "--"], "args": ["run"],
                "imagePullPolicy": "Always",
                "resources": {"limits": {"cpu": "2", "gpu": "1"}, "requests": {"memory": "1Gi"}},
                "env": [
                    {"name": "A", "value": "1"},
                    {"name": "FLOWFORM_FLOW", "value": "etl"},
                    {"name": "FLOWFORM_PROJECT", "value": "shop"},
                    {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "api", "key": "token"}}},
                    {"name": "KEPT", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                ],
            },
            {"name": "sidecar"},
        ])
    );
}

#[test]
fn a_job_is_started_under_a_name_of_its_own() {
    let template = json!({"metadata": {"name": "nightly"}, "spec": {"template": {"spec": {}}}});
    let start = start(json!({"type": "KubernetesRun", "job_template": template}), json!({}), &[]);
    assert_eq!(start["kind"], "job_template");
    assert_eq!(
        start["job"]["metadata"],
        json!({"generateName": "nightly-", "labels": {"flowform.io/run-id": "{{run_id}}"}})
    );
    let env = start["job"]["spec"]["template"]["spec"]["containers"][0]["env"].as_array().unwrap();
    assert!(env.contains(&json!({"name": "FLOWFORM_VERSION", "value": "4"})));
    let run_ids = start["holes"]["run_id"].as_array().unwrap();
    assert_eq!(run_ids.len(), 3, "{run_ids:?}");
    for path in run_ids {
        let pointer: String = path
            .as_array()
            .unwrap()
            .iter()
            .map(|step| match step {
                Json::String(key) => format!("/{}", key.replace('/', "~1")),
                index => format!("/{index}"),
            })
            .collect();
        assert_eq!(start.pointer(&pointer), Some(&json!("{{run_id}}")), "{pointer}");
    }
}

#[test]
fn a_remote_job_template_is_laid_under_what_is_known() {
    let run_config =
        json!({"type": "KubernetesRun", "job_template_path": "s3://b/job.yaml", "cpu_limit": "1"});
    let body = body(run_config, json!({}), AgentKind::Kubernetes);
    assert_eq!(body["job_template_path"], "s3://b/job.yaml");
    assert_eq!(
        body["job"]["spec"]["template"]["spec"]["containers"],
        json!([{
            "args": ["run"],
            "env": [{"name": "FLOWFORM_FLOW", "value": "etl"}, {"name": "FLOWFORM_PROJECT", "value": "shop"}],
            "resources": {"limits": {"cpu": "1"}},
        }])
    );
}

#[test]
fn the_built_in_task_definition_with_the_run_config_s_sizes() {
    assert_eq!(
        body(
            json!({"type": "ECSRun", "cpu": "2 vcpu", "image": "etl:1", "task_role_arn": "arn:run"}),
            json!({
                "secret_env": {"DB": "arn:aws:ssm:eu-west-1:1:parameter/db"},
                "agent_defaults": {"ecs": {"task_role_arn": "arn:agent", "execution_role_arn": "arn:exec"}},
            }),
            AgentKind::Ecs,
        ),
        json!({
            "task_definition": {
                "family": "shop-etl",
                "networkMode": "awsvpc",
                "cpu": "2 vcpu",
                "memory": "2048",
                "requiresCompatibilities": ["FARGATE"],
                "taskRoleArn": "arn:run",
                "executionRoleArn": "arn:exec",
                "containerDefinitions": [{
                    "name": "flow",
                    "image": "etl:1",
                    "command": ["run"],
                    "environment": [
                        {"name": "FLOWFORM_FLOW", "value": "etl"},
                        {"name": "FLOWFORM_PROJECT", "value": "shop"},
                    ],
                    "secrets": [{"name": "DB", "valueFrom": "arn:aws:ssm:eu-west-1:1:parameter/db"}],
                }],
            },
            "per_run": ["FLOWFORM_PARAMETERS", "FLOWFORM_RUN_ID", "FLOWFORM_VERSION"],
        })
    );
}

#[test]
fn a_task_definition_of_the_run_config_is_kept_whole() {
    let template = json!({
        "family": "theirs", "cpu": 512, "requiresCompatibilities": ["EC2"], "executionRoleArn": "arn:own",
        "tags": [{"key": "team", "value": "x"}],
        "containerDefinitions": [
            {"name": "log", "image": "log:1"},
            {
                "name": "flow", "essential": true, "logConfiguration": {"logDriver": "awslogs"},
                "environment": [{"name": "A", "value": "t"}, {"name": "B", "value": "t"}],
                "secrets": [{"name": "C", "valueFrom": "arn:c"}, {"name": "D", "valueFrom": "arn:d"}],
            },
        ],
    });
    let body = body(
        json!({"type": "ECSRun", "task_definition": template, "env": {"A": "1", "C": "2"}}),
        json!({"runtime": "flowform", "storage": {"type": "Module"}, "family": "mine"}),
        AgentKind::Ecs,
    );
    let task = &body["task_definition"];
    assert_eq!(task["family"], "mine");
    assert_eq!(task["cpu"], "512");
    assert_eq!(task.get("memory"), None);
    assert_eq!(task["requiresCompatibilities"], json!(["EC2"]));
    assert_eq!(task["executionRoleArn"], "arn:own");
    assert_eq!(task["tags"], json!([{"key": "team", "value": "x"}]));
    assert_eq!(task["containerDefinitions"][0], json!({"name": "log", "image": "log:1"}));
    let flow = &task["containerDefinitions"][1];
    assert_eq!(flow["logConfiguration"], json!({"logDriver": "awslogs"}));
    assert_eq!(flow["command"], json!(["python", "-c", PYTHON_LINE]));
    let names = |list: &str| -> Vec<&str> {
        flow[list].as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect()
    };
    assert_eq!(
        names("environment"),
        [
            "B",
            "A",
            "C",
            "FLOWFORM_FLOW",
            "FLOWFORM_PROJECT",
            "FLOWFORM_STORAGE",
            "PREFECT__FLOWS__RUN_ON_SCHEDULE"
        ]
    );
    assert_eq!(names("secrets"), ["D"], "one name is not both a variable and a secret");
}

#[test]
fn a_task_is_started_with_what_its_definition_does_not_hold() {
    let kwargs = json!({
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["s"]}},
        "overrides": {
            "cpu": "256",
            "containerOverrides": [
                {"name": "log", "cpu": 1},
                {"name": "flow", "command": ["gone"], "environment": [
                    {"name": "A", "value": "kwargs"}, {"name": "OWN", "value": "kwargs"},
                    {"name": "FLOWFORM_RUN_ID", "value": "of nobody"},
                ]},
            ],
        },
    });
    let run_config = json!({"type": "ECSRun", "env": {"A": "1"}, "run_task_kwargs": kwargs, "cpu": "512"});
    let defaults = json!({"agent_defaults": {"ecs": {"cluster": "c", "launch_type": "ec2"}}});
    let arn = "arn:aws:ecs:eu-west-1:1:task-definition/shop-etl:7";
    let ready = start(run_config.clone(), defaults.clone(), &[("task_definition", arn)]);
    let expected = json!({
        "taskDefinition": arn,
        "cluster": "c",
        "launchType": "EC2",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["s"]}},
        "overrides": {"containerOverrides": [
            {"name": "flow", "environment": [
                {"name": "OWN", "value": "kwargs"},
                {"name": "FLOWFORM_PARAMETERS", "value": "{{parameters}}"},
                {"name": "FLOWFORM_RUN_ID", "value": "{{run_id}}"},
                {"name": "FLOWFORM_VERSION", "value": "4"},
            ]},
            {"name": "log", "cpu": 1},
        ]},
    });
    assert_eq!(ready["run_task"], expected);
    assert_eq!(ready.get("task_definition"), None);

    // While nothing is registered the definition is there, and its ARN is one more hole.
    let stored = start(run_config, defaults, &[("task_definition", "specs/x/v4-task_definition.json")]);
    assert_eq!(stored["run_task"]["taskDefinition"], "{{task_definition}}");
    assert_eq!(stored["holes"]["task_definition"], json!([["run_task", "taskDefinition"]]));
    assert_eq!(stored["task_definition"]["family"], "shop-etl");
}

#[test]
fn the_storage_reaches_vertex_without_apostrophes() {
    let storage = json!({"type": "Module", "module": "it's"});
    let more = json!({"runtime": "flowform", "command": null, "storage": storage});
    let body = body(json!({"type": "VertexRun", "machine_type": "n1-standard-4"}), more, AgentKind::Vertex);
    let env =
        body.pointer("/job_spec/worker_pool_specs/0/container_spec/env").and_then(Json::as_array).unwrap();
    let value =
        env.iter().find(|entry| entry["name"] == "FLOWFORM_STORAGE").unwrap()["value"].as_str().unwrap();
    assert!(!value.contains('\''), "{value}");
    assert_eq!(serde_json::from_str::<Json>(value).unwrap(), storage);
}

#[test]
fn a_registered_task_definition_gets_everything_by_overrides() {
    let run_config = json!({
        "type": "ECSRun", "task_definition_arn": "arn:theirs", "env": {"A": "1"}, "cpu": "512",
        "task_role_arn": "arn:role",
    });
    let definition = definition(run_config.clone(), json!({}));
    assert_eq!(render(&definition, "etl", "shop", AgentKind::Ecs), Err(RenderError::Registered));
    let start = start(run_config, json!({}), &[]);
    assert_eq!(
        start["run_task"],
        json!({
            "taskDefinition": "arn:theirs",
            "launchType": "FARGATE",
            "overrides": {
                "cpu": "512",
                "taskRoleArn": "arn:role",
                "containerOverrides": [{"name": "flow", "command": ["run"], "environment": [
                    {"name": "A", "value": "1"},
                    {"name": "FLOWFORM_FLOW", "value": "etl"},
                    {"name": "FLOWFORM_PROJECT", "value": "shop"},
                    {"name": "FLOWFORM_PARAMETERS", "value": "{{parameters}}"},
                    {"name": "FLOWFORM_RUN_ID", "value": "{{run_id}}"},
                    {"name": "FLOWFORM_VERSION", "value": "4"},
                ]}],
            },
        })
    );
    assert_eq!(start["holes"]["run_id"][0][5], 4, "{}", start["holes"]);
}

#[test]
fn values_say_where_they_came_from() {
    let definition = definition(
        json!({"type": "ECSRun", "cpu": "512", "task_definition": {"memory": "1024", "containerDefinitions": []}}),
        json!({"agent_defaults": {"ecs": {"execution_role_arn": "arn:agent"}}}),
    );
    let rendered = render(&definition, "etl", "shop", AgentKind::Ecs).unwrap();
    for (pointer, expected) in [
        ("/task_definition/cpu", (Origin::RunConfig, Some("cpu"))),
        ("/task_definition/memory", (Origin::Template, None)),
        ("/task_definition/executionRoleArn", (Origin::AgentDefault, Some("execution_role_arn"))),
        ("/task_definition/containerDefinitions/0/image", (Origin::BuiltIn, Some("image"))),
        ("/task_definition/containerDefinitions/0/command/0", (Origin::Flow, None)),
        ("/task_definition/requiresCompatibilities/0", (Origin::BuiltIn, Some("launch_type"))),
    ] {
        assert!(rendered.body.pointer(pointer).is_some(), "{pointer}");
        assert_eq!(rendered.origins.at(pointer), Some(expected), "{pointer}");
    }
}

#[test]
fn families_of_a_project_differ() {
    let plain = json!({});
    assert_eq!(family_of(&plain, "etl", "shop"), "shop-etl");
    let spaced = family_of(&plain, "My Flow", "shop");
    let dashed = family_of(&plain, "my-flow", "shop");
    assert_eq!(dashed, "shop-my-flow");
    assert!(spaced.starts_with("shop-my-flow-") && spaced.len() == dashed.len() + 9, "{spaced}");
    assert_ne!(family_of(&plain, "äöü", "shop"), family_of(&plain, "aou", "shop"));
    let long = family_of(&plain, &"x".repeat(400), "shop");
    assert!(long.len() <= 255, "{}", long.len());
    assert_eq!(family_of(&json!({"family": "Own_1"}), "etl", "shop"), "Own_1");
}

#[test]
fn templates_that_nothing_can_be_laid_into_are_errors() {
    let error = |run_config: Json, agent: AgentKind| {
        render(&definition(run_config, json!({})), "etl", "shop", agent).unwrap_err().to_string()
    };
    let job = |template: Json| {
        error(json!({"type": "KubernetesRun", "job_template": template}), AgentKind::Kubernetes)
    };
    assert_eq!(
        job(json!({"kind": "Job"})),
        "`spec.template.spec` of the template is not an object, and a Job needs it"
    );
    assert_eq!(job(json!({"spec": 1})), "`spec` of the template is not an object");
    assert_eq!(
        job(json!({"spec": {"template": {"spec": {"containers": {}}}}})),
        "`spec.template.spec.containers` of the template is not a list of objects"
    );
    let task = |template: Json| error(json!({"type": "ECSRun", "task_definition": template}), AgentKind::Ecs);
    assert_eq!(
        task(json!({"containerDefinitions": "x"})),
        "`containerDefinitions` of the template is not a list of objects"
    );
    assert_eq!(
        error(json!({"type": "ECSRun", "task_definition_path": "s3://b/k"}), AgentKind::Ecs),
        "the template that `task_definition_path` names is not part of the configuration, and it is not read here"
    );
}

#[test]
fn the_published_run_config_names_the_registered_definition() {
    let arn = "arn:aws:ecs:eu-west-1:1:task-definition/shop-etl:4";
    let run_config = json!({
        "type": "ECSRun", "image": "etl:1", "task_definition": null, "task_definition_path": "task.yaml",
        "task_definition_arn": null, "cpu": "512", "env": {"A": "1"}, "labels": ["prod"],
    });
    let published = |storage: Json, artifacts: &[(&str, &str)]| {
        let mut definition = definition(run_config.clone(), json!({}));
        definition["storage"] = storage;
        published(&definition, artifacts)["run_config"].clone()
    };
    let with_arn = published(json!({"type": "Module"}), &[("task_definition", arn)]);
    assert_eq!(
        with_arn,
        json!({
            "type": "ECSRun", "image": null, "task_definition": null, "task_definition_path": null,
            "task_definition_arn": arn, "cpu": "512", "env": {"A": "1"}, "labels": ["prod"], "__version__": "1.4.1",
        })
    );
    let mut as_configured = run_config.clone();
    as_configured["__version__"] = "1.4.1".into();
    // The original refuses an ARN beside Docker storage; and what the registry keeps has none.
    assert_eq!(published(json!({"type": "Docker"}), &[("task_definition", arn)]), as_configured);
    assert_eq!(
        published(json!({"type": "Module"}), &[("task_definition", "specs/f/v4.json")]),
        as_configured
    );
}
