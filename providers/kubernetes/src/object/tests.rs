//! Tests of the module.
#![allow(clippy::needless_pass_by_value, clippy::redundant_clone, reason = "cases are written as values")]

use flowform_provider_api::{Artifact, ArtifactType as _, Digest, FlowId, Identity, RegistryId};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn whose() -> Identity {
    Identity {
        registry: RegistryId("2c1a6e3e-0000-4000-8000-00000000c0de".into()),
        project: "shop".into(),
        flow: FlowId("7d3f0000-0000-4000-8000-000000000001".into()),
        flow_name: "etl".into(),
        version: 3,
        digest: Digest::of_bytes(b"definition"),
    }
}

fn artifact(body: Value) -> Artifact {
    Artifact { kind: JOB_TEMPLATE.kind().into(), hash: JOB_TEMPLATE.hash(&body), body }
}

#[track_caller]
fn reads_back(body: &Value) {
    let artifact = artifact(body.clone());
    let object = config_map(&whose(), &artifact).expect("it fits");
    let found = read(&object);
    assert_eq!(found.hash, artifact.hash, "{body}");
    assert_eq!((found.identity, found.mutable), (Some(whose()), false));
}

#[test]
fn what_is_written_is_read_back() {
    for body in [
        json!({"job": {"spec": {"template": {"spec": {"containers": [{"name": "flow"}]}}}}, "per_run": ["A"]}),
        json!({"job": {"metadata": {"name": "etl", "labels": {"team": "data"}}, "spec": {}}, "job_template_path": "s3://a/b"}),
        json!({"job": {"metadata": null}}),
        json!({"job": {"metadata": {"generateName": "etl-"}}}),
        json!({"per_run": []}),
        json!({}),
    ] {
        reads_back(&body);
    }
}

#[test]
fn the_job_can_be_created_as_it_is() {
    let body = json!({"job": {"spec": {"template": {"spec": {}}}}});
    let object = config_map(&whose(), &artifact(body)).expect("it fits");
    let name = object.metadata.name.expect("it has a name");
    let job: Value = serde_json::from_str(&object.data.expect("it has data")["job.json"]).expect("JSON");
    assert_eq!(job["metadata"]["generateName"], json!(format!("{name}-")));
    assert_eq!(job["metadata"]["labels"][names::TEMPLATE], json!(name));
    assert_eq!(job["spec"]["template"]["metadata"]["labels"][names::TEMPLATE], json!(name));
}

#[test]
fn too_large_is_refused() {
    let body = json!({"job": {"metadata": {"annotations": {"a": "x".repeat(LARGEST)}}}});
    let error = config_map(&whose(), &artifact(body)).expect_err("it is too large");
    assert_eq!(error.kind, ErrorKind::Invalid);
}

#[test]
fn any_other_content_is_another() {
    let artifact = artifact(json!({"job": {"spec": {"suspend": true}}}));
    let object = config_map(&whose(), &artifact).expect("it fits");
    for (key, text) in [("job.json", "{}"), ("job.json", "no JSON"), ("template.json", "[]"), ("more", "")] {
        let mut other = object.clone();
        other.data.as_mut().expect("data").insert(key.to_owned(), text.to_owned());
        assert_ne!(read(&other).hash, artifact.hash, "{key}: {text}");
    }
    let mutable = ConfigMap { immutable: None, ..object };
    assert!(read(&mutable).mutable);
}

#[test]
fn strayed_labels_are_told() {
    let artifact = artifact(json!({"job": {}}));
    let mut metadata = config_map(&whose(), &artifact).expect("it fits").metadata;
    assert!(strayed(&whose(), Some(&artifact.hash), &metadata).is_empty());
    let renamed = Identity { flow_name: "another".into(), ..whose() };
    assert!(strayed(&renamed, Some(&artifact.hash), &metadata).is_empty(), "the name is an alias");
    let labels = metadata.labels.as_mut().expect("labels");
    labels.remove(names::VERSION);
    labels.insert(names::PROJECT.to_owned(), "other".to_owned());
    assert_eq!(
        strayed(&whose(), Some(&artifact.hash), &metadata),
        [
            "its label `flowform.io/project` is `other` and not `shop`",
            "its label `flowform.io/version` is gone"
        ]
    );
}

proptest! {
    #[test]
    fn any_label_and_name_is_read_back(name in "[a-z]{0,3}", label in "[a-z]{0,3}") {
        reads_back(&json!({"job": {"metadata": {"name": name, "labels": {"a": label}}}}));
    }
}
