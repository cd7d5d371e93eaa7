//! Tests of the module.
#![allow(clippy::needless_pass_by_value, clippy::redundant_clone, reason = "cases are written as values")]

use flowform_provider_api::ArtifactType as _;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::JOB_TEMPLATE;

fn job(pod: Value) -> Value {
    json!({"job": {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": pod}}}})
}

fn container(fields: Value) -> Value {
    let mut container = json!({"name": "flow", "image": "etl:1"});
    for (name, value) in fields.as_object().expect("an object") {
        container[name] = value.clone();
    }
    job(json!({ "containers": [container] }))
}

#[track_caller]
fn same(a: &Value, b: &Value) {
    assert_eq!(JOB_TEMPLATE.canonical(a), JOB_TEMPLATE.canonical(b));
    assert_eq!(JOB_TEMPLATE.hash(a), JOB_TEMPLATE.hash(b));
}

#[track_caller]
fn different(a: &Value, b: &Value) {
    assert_ne!(JOB_TEMPLATE.canonical(a), JOB_TEMPLATE.canonical(b));
}

#[test]
fn amounts_have_one_spelling() {
    let with = |cpu: Value, memory: &str| {
        container(json!({"resources": {"requests": {"cpu": cpu}, "limits": {"memory": memory}}}))
    };
    for (cpu, memory) in [
        (json!("1000m"), "1Gi"),
        (json!("1"), "1024Mi"),
        (json!(1), "1073741824"),
        (json!("1e0"), "1048576Ki"),
    ] {
        same(&with(cpu, memory), &with(json!("1.0"), "1Gi"));
    }
    // The server rounds amounts of containers up to thousandths.
    same(&with(json!("0.1234"), "1Gi"), &with(json!("124m"), "1Gi"));
    different(&with(json!("1"), "1Gi"), &with(json!("1"), "1G"));
    // What is no amount stays what it is, for the server to refuse.
    different(&with(json!("much"), "1Gi"), &with(json!("more"), "1Gi"));
}

#[test]
fn fields_at_the_servers_defaults_are_absent() {
    let bare =
        container(json!({"ports": [{"containerPort": 80}], "readinessProbe": {"httpGet": {"port": 80}}}));
    let mut full = bare.clone();
    let spec = &mut full["job"]["spec"];
    for (name, value) in [
        ("completions", json!(1)),
        ("parallelism", json!(1)),
        ("backoffLimit", json!(6)),
        ("completionMode", json!("NonIndexed")),
        ("suspend", json!(false)),
        ("manualSelector", json!(false)),
        ("podReplacementPolicy", json!("TerminatingOrFailed")),
    ] {
        spec[name] = value;
    }
    let pod = &mut spec["template"]["spec"];
    for (name, value) in [
        ("dnsPolicy", json!("ClusterFirst")),
        ("securityContext", json!({})),
        ("schedulerName", json!("default-scheduler")),
        ("terminationGracePeriodSeconds", json!(30.0)),
        ("volumes", json!([])),
        ("hostNetwork", json!(false)),
        ("nodeSelector", json!({})),
        ("affinity", json!(null)),
    ] {
        pod[name] = value;
    }
    let container = &mut pod["containers"][0];
    container["imagePullPolicy"] = json!("IfNotPresent");
    container["terminationMessagePath"] = json!("/dev/termination-log");
    container["terminationMessagePolicy"] = json!("File");
    container["resources"] = json!({"limits": {}, "requests": {}});
    container["ports"][0]["protocol"] = json!("TCP");
    let probe = &mut container["readinessProbe"];
    probe["timeoutSeconds"] = json!(1);
    probe["periodSeconds"] = json!(10);
    probe["successThreshold"] = json!(1);
    probe["failureThreshold"] = json!(3);
    probe["httpGet"]["path"] = json!("/");
    probe["httpGet"]["scheme"] = json!("HTTP");
    full["job"]["metadata"] =
        json!({"creationTimestamp": null, "uid": "x", "resourceVersion": "7", "labels": {}});
    full["job"]["status"] = json!({"active": 1});
    same(&bare, &full);
}

#[test]
fn counts_are_defaulted_together() {
    let with = |spec: Value| {
        let mut body = container(json!({}));
        for (name, value) in spec.as_object().expect("an object") {
            body["job"]["spec"][name] = value.clone();
        }
        body
    };
    same(&with(json!({})), &with(json!({"completions": 1, "parallelism": 1})));
    same(&with(json!({})), &with(json!({"completions": 1})));
    same(&with(json!({"completions": 5})), &with(json!({"completions": 5, "parallelism": 1})));
    // A work queue: as many completions as its pods find reason for.
    different(&with(json!({})), &with(json!({"parallelism": 1})));
    same(
        &with(json!({"backoffLimitPerIndex": 1})),
        &with(json!({"backoffLimitPerIndex": 1, "backoffLimit": i32::MAX})),
    );
    different(
        &with(json!({"backoffLimitPerIndex": 1})),
        &with(json!({"backoffLimitPerIndex": 1, "backoffLimit": 6})),
    );
    let rules = |status: Value| {
        with(json!({"podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [status]}]}}))
    };
    same(
        &rules(json!({"type": "DisruptionTarget"})),
        &rules(json!({"type": "DisruptionTarget", "status": "True"})),
    );
}

#[test]
fn the_pull_policy_follows_the_image() {
    for (image, policy) in [
        ("etl", "Always"),
        ("etl:latest", "Always"),
        ("host:5000/etl", "Always"),
        ("host:5000/etl:1", "IfNotPresent"),
        ("etl@sha256:00", "IfNotPresent"),
        ("etl:latest@sha256:00", "IfNotPresent"),
    ] {
        let with = |fields: Value| container(fields);
        same(&with(json!({"image": image})), &with(json!({"image": image, "imagePullPolicy": policy})));
    }
}

#[test]
fn named_lists_have_no_order_and_others_do() {
    let volumes = |first: &str, second: &str| {
        job(json!({
            "containers": [{"name": "flow", "volumeMounts": [{"name": first, "mountPath": format!("/{first}")},
                {"name": second, "mountPath": format!("/{second}"), "readOnly": false}]}],
            "volumes": [{"name": first}, {"name": second, "emptyDir": {}}],
            "imagePullSecrets": [{"name": first}, {"name": second}],
        }))
    };
    same(&volumes("a", "b"), &volumes("b", "a"));
    let containers = |names: [&str; 2]| job(json!({"containers": names.map(|name| json!({"name": name}))}));
    different(&containers(["a", "b"]), &containers(["b", "a"]));
    let env =
        |names: [&str; 2]| container(json!({"env": names.map(|name| json!({"name": name, "value": ""}))}));
    different(&env(["A", "B"]), &env(["B", "A"]));
    same(&env(["A", "B"]), &container(json!({"env": [{"name": "A"}, {"name": "B"}]})));
}

#[test]
fn emptiness_that_says_something_stays() {
    let term = |selector: Value| {
        job(json!({"containers": [{"name": "flow"}], "affinity": {"podAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone", "namespaceSelector": selector}]}}}))
    };
    different(&term(json!({})), &term(json!(null)));
    let volume = |source: Value| job(json!({"containers": [{"name": "flow"}], "volumes": [source]}));
    same(&volume(json!({"name": "a"})), &volume(json!({"name": "a", "emptyDir": {"medium": ""}})));
    same(
        &volume(json!({"name": "a", "secret": {"secretName": "s"}})),
        &volume(json!({"name": "a", "secret": {"secretName": "s", "defaultMode": 420}})),
    );
    different(
        &volume(json!({"name": "a", "secret": {"secretName": "s"}})),
        &volume(json!({"name": "a", "secret": {"secretName": "s", "defaultMode": 256}})),
    );
}

#[test]
fn what_is_beside_the_job_counts() {
    let body = |path: &str| json!({"job": {}, "per_run": ["A"], "job_template_path": path});
    different(&body("s3://a/b"), &body("s3://a/c"));
}

/// Any tree over names that the rules know.
fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        Just(json!("")),
        Just(json!("1000m")),
        Just(json!(1)),
        Just(json!(2.0)),
        Just(json!(false)),
        Just(json!("etl:latest")),
        Just(json!({})),
        Just(json!([])),
    ];
    let names = prop_oneof![
        Just("spec"),
        Just("template"),
        Just("metadata"),
        Just("labels"),
        Just("containers"),
        Just("volumes"),
        Just("name"),
        Just("image"),
        Just("imagePullPolicy"),
        Just("env"),
        Just("value"),
        Just("resources"),
        Just("limits"),
        Just("cpu"),
        Just("emptyDir"),
        Just("sizeLimit"),
        Just("completions"),
        Just("parallelism"),
        Just("serviceAccount"),
        Just("ports"),
        Just("secret"),
        Just("items"),
    ];
    leaf.prop_recursive(8, 64, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec((names.clone(), inner.clone()), 0..4).prop_map(|fields| fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
            proptest::collection::vec(inner, 0..3).prop_map(Value::Array),
        ]
    })
}

proptest! {
    #[test]
    fn it_is_idempotent(spec in tree()) {
        let body = json!({"job": {"spec": {"template": {"spec": spec.clone()}}, "metadata": spec.clone()}, "rest": spec});
        let once = JOB_TEMPLATE.canonical(&body);
        prop_assert_eq!(JOB_TEMPLATE.canonical(&once), once);
    }
}
