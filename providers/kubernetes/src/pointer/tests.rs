//! Tests of the module.
#![allow(clippy::needless_pass_by_value, clippy::redundant_clone, reason = "cases are written as values")]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use super::altered;

fn metadata(managed: Value) -> ObjectMeta {
    serde_json::from_value(json!({ "managedFields": managed })).expect("metadata")
}

fn entry(manager: &str, operation: &str, fields: &[&str]) -> Value {
    let held: serde_json::Map<String, Value> = fields.iter().map(|f| (format!("f:{f}"), json!({}))).collect();
    json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": {"f:data": held}})
}

#[test]
fn a_pointer_whose_fields_are_ours_is_as_it_was_written() {
    let ours = entry("flowform", "Apply", &["template", "version", "digest"]);
    assert_eq!(altered(&metadata(json!([ours.clone()]))), None);
    // Others may add what they like.
    let theirs = entry("argocd", "Update", &["note"]);
    assert_eq!(altered(&metadata(json!([theirs, ours]))), None);
}

#[test]
fn who_took_a_field_is_named() {
    let ours = entry("flowform", "Apply", &["version", "digest"]);
    let theirs = entry("kubectl-edit", "Update", &["template"]);
    assert_eq!(
        altered(&metadata(json!([ours, theirs]))).as_deref(),
        Some("its `template` was written by the field manager `kubectl-edit`")
    );
    assert_eq!(
        altered(&metadata(json!([]))).as_deref(),
        Some("its `template`, `version`, `digest` was written")
    );
}
