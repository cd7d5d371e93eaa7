//! Run configs of the kinds that start containers: arguments in, serialized forms and problems out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)]

use serde_json::{Value as Json, json};

use super::tests::{flow, show};
use crate::value::to_json;

/// The definition and what is wrong with it, without what the checks of whole flows remark on.
fn built(changes: Json) -> (Json, Vec<String>) {
    let (definition, problems) = flow(changes).build();
    let told = problems.iter().filter(|problem| problem.check.is_none());
    (to_json(&definition).unwrap_or_default(), told.map(show).collect())
}

fn definition(changes: Json) -> Json {
    let (definition, problems) = built(changes.clone());
    assert_eq!(problems, Vec::<String>::new(), "{changes}");
    definition
}

fn problems(changes: Json) -> Vec<String> {
    built(changes).1
}

/// The serialized run config, without the fields that every kind has and without nulls.
fn run_config(arguments: Json) -> Json {
    let mut serialized = definition(json!({ "run_config": arguments }))["run_config"].clone();
    let entries = serialized.as_object_mut().unwrap();
    entries.retain(|name, value| !value.is_null() && name != "__version__" && name != "labels");
    serialized
}

fn wrong(arguments: Json) -> Vec<String> {
    problems(json!({ "run_config": arguments }))
}

#[test]
fn the_serialized_form_has_every_field_of_the_kind() {
    let all = |kind: &str| definition(json!({"run_config": {"kind": kind}}))["run_config"].clone();
    let common = json!({"__version__": "1.4.1", "env": null, "labels": [], "image": null});
    for (kind, own) in [
        ("docker", json!({"type": "DockerRun", "host_config": null, "ports": null})),
        (
            "kubernetes",
            json!({
                "type": "KubernetesRun", "job_template_path": null, "job_template": null, "cpu_limit": null,
                "cpu_request": null, "memory_limit": null, "memory_request": null, "service_account_name": null,
                "image_pull_secrets": null, "image_pull_policy": null,
            }),
        ),
        (
            "ecs",
            json!({
                "type": "ECSRun", "task_definition": null, "task_definition_path": null, "task_definition_arn": null,
                "cpu": null, "memory": null, "task_role_arn": null, "execution_role_arn": null,
                "run_task_kwargs": null,
            }),
        ),
        (
            "vertex",
            json!({
                "type": "VertexRun", "machine_type": "e2-standard-4", "scheduling": null, "service_account": null,
                "network": null, "worker_pool_specs": null,
            }),
        ),
    ] {
        let mut expected = common.clone();
        expected.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        assert_eq!(all(kind), expected);
    }
}

#[test]
fn values_take_the_original_s_form() {
    for (arguments, expected) in [
        (
            json!({"kind": "docker", "image": "a:1", "ports": [80, "8080"], "host_config": {"shm_size": "64m"}}),
            json!({"type": "DockerRun", "image": "a:1", "ports": [80, 8080], "host_config": {"shm_size": "64m"}}),
        ),
        (
            json!({
                "kind": "kubernetes", "cpu_limit": 2, "cpu_request": 0.5, "memory_limit": "1Gi",
                "image_pull_policy": "Never", "image_pull_secrets": ["b", "a"],
                "job_template": "kind: Job\nspec: {template: {spec: {containers: [{name: flow}]}}}\n",
            }),
            json!({
                "type": "KubernetesRun", "cpu_limit": "2", "cpu_request": "0.5", "memory_limit": "1Gi",
                "image_pull_policy": "Never", "image_pull_secrets": ["b", "a"],
                "job_template": {"kind": "Job", "spec": {"template": {"spec": {"containers": [{"name": "flow"}]}}}},
            }),
        ),
        (
            json!({
                "kind": "ecs", "cpu": 256, "memory": "1 GB", "task_definition_path": "s3://b/k.yaml",
                "run_task_kwargs": {"cluster": "c"},
            }),
            json!({
                "type": "ECSRun", "cpu": "256", "memory": "1 GB", "task_definition_path": "s3://b/k.yaml",
                "run_task_kwargs": {"cluster": "c"},
            }),
        ),
        (
            json!({"kind": "vertex", "worker_pool_specs": [{"machine_spec": {"machine_type": "m"}, "replica_count": 1}, null]}),
            json!({
                "type": "VertexRun", "machine_type": "e2-standard-4", "worker_pool_specs": [{"machine_spec": {"machine_type": "m"}, "replica_count": 1}, null],
            }),
        ),
    ] {
        assert_eq!(run_config(arguments), expected);
    }
}

#[test]
fn what_the_original_finds_out_at_run_time_is_an_error() {
    for (arguments, expected) in [
        (
            json!({"kind": "docker", "image": ""}),
            "error run_config.image: Empty text: `image` is empty, which names nothing.",
        ),
        (
            json!({"kind": "docker", "ports": "80"}),
            "error run_config.ports: Unsuitable value: `ports` must be a list of port numbers, but this is a string.",
        ),
        (
            json!({"kind": "docker", "ports": [80.9]}),
            "error run_config.ports[0]: Unsuitable port: A port is a whole number from 1 to 65535.",
        ),
        (
            json!({"kind": "kubernetes", "image_pull_policy": "always"}),
            "error run_config.image_pull_policy: Unknown pull policy: \"always\" is no pull policy; those are `Always`, \
             `IfNotPresent` and `Never`, spelled so.",
        ),
        (
            json!({"kind": "kubernetes", "job_template": {}, "job_template_path": "s3://b/k"}),
            "error run_config.job_template_path: More than one template: `job_template` and `job_template_path` are \
             both given, and each of them is the whole template; they are never merged.",
        ),
        (
            json!({"kind": "kubernetes", "job_template": "- a\n- b\n"}),
            "error run_config.job_template: Unsuitable value: `job_template` must be an object, but this is a tuple.",
        ),
        (
            json!({"kind": "kubernetes", "job_template_path": "ftp://x/y"}),
            "error run_config.job_template_path: Unusable path: \"ftp://x/y\" has a scheme that nothing reads; there are \
             `s3`, `gcs`, `gs`, `http`, `https` and `agent`, and no scheme for a file of the configuration.",
        ),
        (
            json!({"kind": "kubernetes", "job_template_path": "agent://x.yaml"}),
            "error run_config.job_template_path: Unusable path: What stands between `agent://` and the next `/` is a \
             host, which is ignored; \"agent://x.yaml\" names no file.",
        ),
        (
            json!({"kind": "ecs", "task_definition_path": "s3://bucket"}),
            "error run_config.task_definition_path: Unusable path: \"s3://bucket\" does not name both a bucket and what \
             is in it.",
        ),
        (
            json!({"kind": "ecs", "task_definition_arn": "arn:x", "image": "a:1"}),
            "error run_config.image: Image beside a registered task definition: `task_definition_arn` names a task \
             definition as it is registered, and the image is part of it; another image cannot be given when a task is \
             started.",
        ),
        (
            json!({"kind": "vertex", "worker_pool_specs": []}),
            "error run_config.worker_pool_specs: No worker pools: The list is empty, and the first pool is the one that \
             runs the flow; the original fails on it.",
        ),
        (
            json!({"kind": "vertex", "worker_pool_specs": [null]}),
            "error run_config.worker_pool_specs[0]: No first worker pool: The first pool is the one that runs the flow, \
             so it cannot be null.",
        ),
        (
            json!({"kind": "vertex", "secret_env": {"T": "env:T"}}),
            "error run_config.secret_env: Secrets by reference on Vertex AI: A CustomJob has no environment variables by \
             reference: whoever may see the job would see the value.",
        ),
    ] {
        assert_eq!(wrong(arguments.clone()), vec![expected.to_owned()], "{arguments}");
    }
    assert_eq!(
        problems(json!({
            "run_config": {"kind": "ecs", "task_definition_arn": "arn:x"},
            "storage": {"kind": "docker", "image_name": "i", "image_tag": "t"},
        })),
        vec![
            "error run_config.task_definition_arn: Registered task definition with docker storage: \
             `task_definition_arn` names a task definition with an image of its own, and `docker` storage puts the \
             flow's code into another image; the original refuses such a run."
        ]
    );
}

/// Examples of the original's own manual that do not work as printed, where the meaning is plain.
#[test]
fn printed_mistakes_are_taken_with_a_warning() {
    let taken = |arguments: Json| {
        let changes = json!({ "run_config": arguments });
        let (definition, problems) = flow(changes).build();
        let own = |summary: &&str| !matches!(*summary, "Built-in template" | "Output that is not kept");
        let summaries: Vec<&str> = problems.iter().map(|problem| problem.summary).filter(own).collect();
        (to_json(&definition).unwrap()["run_config"].clone(), summaries)
    };
    let (serialized, summaries) =
        taken(json!({"kind": "ecs", "task_definition": "s3://bucket/path/to/definition.yaml"}));
    assert_eq!(summaries, vec!["Path in place of a template"]);
    assert_eq!(serialized["task_definition"], Json::Null);
    assert_eq!(serialized["task_definition_path"], "s3://bucket/path/to/definition.yaml");

    let (serialized, summaries) = taken(json!({"kind": "vertex", "worker_pool_specs": [
        {"machineSpec": {"machineType": "m"}},
        {"machine_spec": {"machine_type": "m"}, "replica_count": 1, "container_spec": {"image": "my-image"}},
    ]}));
    assert_eq!(summaries, vec!["Misspelled argument of a worker pool"]);
    assert_eq!(
        serialized["worker_pool_specs"],
        json!([
            {"machine_spec": {"machine_type": "m"}},
            {"machine_spec": {"machine_type": "m"}, "replica_count": 1, "container_spec": {"image_uri": "my-image"}},
        ])
    );

    let (serialized, summaries) = taken(json!({"kind": "vertex", "network": "my-network"}));
    assert_eq!(summaries, vec!["Short network name"]);
    assert_eq!(serialized["network"], "my-network");
}

#[test]
fn each_kind_has_its_own_references_to_secrets() {
    let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-x:password::";
    let parameter = "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/db";
    for (kind, reference, fits) in [
        ("docker", "env:DB", true),
        ("docker", "file:/run/db", true),
        ("docker", arn, false),
        ("ecs", arn, true),
        ("ecs", parameter, true),
        ("ecs", "env:DB", false),
        ("ecs", "arn:aws:s3:::bucket", false),
        ("kubernetes", "db/password", true),
        ("kubernetes", "DB/password", false),
        ("kubernetes", "password", false),
        ("kubernetes", "db/a/b", false),
        ("universal", arn, true),
        ("universal", "db/password", true),
        ("universal", "hunter2", false),
    ] {
        let problems = wrong(json!({"kind": kind, "secret_env": {"DB": reference}}));
        assert_eq!(problems.is_empty(), fits, "{kind} {reference}: {problems:?}");
    }
}
