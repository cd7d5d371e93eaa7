//! Tests of the module.
#![allow(clippy::needless_pass_by_value, clippy::redundant_clone, reason = "cases are written as values")]

use serde_json::json;

use super::{Named, names, pod};

#[test]
fn everything_that_a_pod_needs_is_found() {
    let job = json!({"spec": {"template": {"spec": {
        "serviceAccountName": "etl",
        "imagePullSecrets": [{"name": "registry"}],
        "volumes": [
            {"name": "a", "secret": {"secretName": "certificates"}},
            {"name": "b", "configMap": {"name": "settings"}},
            {"name": "c", "configMap": {"name": "perhaps", "optional": true}},
            {"name": "d", "projected": {"sources": [{"secret": {"name": "projected"}}, {"configMap": {"name": "more"}}]}},
        ],
        "initContainers": [{"envFrom": [{"secretRef": {"name": "init"}}, {"configMapRef": {"name": "init-map"}}]}],
        "containers": [{"env": [
            {"name": "A", "valueFrom": {"secretKeyRef": {"name": "database", "key": "url"}}},
            {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "flags", "key": "b"}}},
            {"name": "C", "valueFrom": {"secretKeyRef": {"name": "perhaps", "key": "c", "optional": true}}},
            {"name": "D", "value": "plain"},
        ]}],
    }}}});
    let map = |name: &str| Named::ConfigMap(name.to_owned());
    let secret = |name: &str| Named::Secret(name.to_owned());
    let found: Vec<Named> = names(&job).into_iter().collect();
    assert_eq!(
        found,
        [
            map("flags"),
            map("init-map"),
            map("more"),
            map("settings"),
            secret("certificates"),
            secret("database"),
            secret("init"),
            secret("projected"),
            Named::PullSecret("registry".into()),
            Named::ServiceAccount("etl".into()),
        ]
    );
    assert!(names(&json!({})).is_empty());
}

#[test]
fn a_pod_has_the_templates_labels_and_a_name_of_its_own() {
    let job =
        json!({"spec": {"template": {"metadata": {"name": "x", "labels": {"a": "b"}}, "spec": {"c": 1}}}});
    assert_eq!(
        pod(&job),
        json!({"apiVersion": "v1", "kind": "Pod", "spec": {"c": 1},
            "metadata": {"labels": {"a": "b"}, "generateName": "flowform-verify-"}})
    );
}
