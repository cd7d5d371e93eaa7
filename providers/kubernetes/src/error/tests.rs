//! Tests of the module.
#![allow(clippy::needless_pass_by_value, clippy::redundant_clone, reason = "cases are written as values")]

use flowform_provider_api::ErrorKind;
use kube::core::Status;

use super::*;

fn said(code: u16, reason: &str, message: &str) -> ProviderError {
    let doing = Doing::new("create", "configmaps", "flows").named("etl-v1");
    doing.failed(&kube::Error::Api(Status::failure(message, reason).with_code(code).boxed()))
}

#[test]
fn every_answer_has_its_kind() {
    for (code, reason, kind) in [
        (400, "BadRequest", ErrorKind::Invalid),
        (401, "Unauthorized", ErrorKind::Denied),
        (403, "Forbidden", ErrorKind::Denied),
        (404, "NotFound", ErrorKind::NotFound),
        (409, "AlreadyExists", ErrorKind::AlreadyExists),
        (409, "Conflict", ErrorKind::Conflict),
        (422, "Invalid", ErrorKind::Invalid),
        (429, "TooManyRequests", ErrorKind::Throttled),
        (500, "InternalError", ErrorKind::Unavailable),
        (503, "ServiceUnavailable", ErrorKind::Unavailable),
        (504, "Timeout", ErrorKind::Unavailable),
        (302, "Found", ErrorKind::Internal),
    ] {
        assert_eq!(said(code, reason, "so it is").kind, kind, "{code} {reason}");
    }
}

#[test]
fn a_refusal_names_what_a_role_has_to_allow() {
    assert_eq!(
        said(403, "Forbidden", "no").message,
        "cannot create configmap `etl-v1` in namespace `flows`: no. A role has to allow the verb `create` on \
         `configmaps` in namespace `flows`"
    );
}

#[test]
fn a_missing_namespace_is_named() {
    let mut status = Status::failure("namespaces \"flows\" not found", "NotFound").with_code(404);
    let details = serde_json::json!({"name": "flows", "kind": "namespaces", "retryAfterSeconds": 3});
    status.details = serde_json::from_value(details).expect("details");
    let error = Doing::new("create", "configmaps", "flows").failed(&kube::Error::Api(status.boxed()));
    assert_eq!(
        error.message,
        "cannot create configmaps in namespace `flows`: there is no such namespace. Create it, or name another one in \
         the `provider` block"
    );
    assert_eq!(error.retry_after, Some(Duration::from_secs(3)));
}
