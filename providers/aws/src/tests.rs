use std::collections::BTreeSet;

use flowform_provider_api::ErrorKind;
use flowform_provider_testbed::{Aws, Fault};

use crate::error::{Call, Refusal, refused};
use crate::*;

/// Nothing of whoever runs the tests enters.
fn settings(endpoint: String) -> Settings {
    Settings {
        region: Some("us-east-1".into()),
        keys: Some(Keys { id: "test".into(), secret: "hunter2".into() }),
        endpoint: Some(endpoint),
        max_attempts: Some(1),
        ..Settings::default()
    }
}

#[tokio::test]
async fn the_caller_is_asked_once() {
    let aws = Aws::start();
    let connection = Connection::new(settings(aws.endpoint()));
    let caller = connection.caller().await.expect("STS answers").clone();
    assert_eq!(caller.account, "123456789012");
    assert_eq!(caller.partition, "aws");
    assert!(caller.arn.starts_with("arn:aws:"), "{}", caller.arn);
    assert_eq!(connection.caller().await.expect("it is known"), &caller);
    assert_eq!(connection.region().await.expect("it was given"), "us-east-1");
    let calls: Vec<_> = aws.calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(calls, ["GetCallerIdentity"]);
}

#[tokio::test]
async fn a_role_is_assumed() {
    let aws = Aws::start();
    let role = AssumeRole {
        role_arn: "arn:aws:iam::222233334444:role/deploy".into(),
        session_name: Some("nightly".into()),
        external_id: Some("x1".into()),
    };
    let connection = Connection::new(Settings { assume_role: Some(role), ..settings(aws.endpoint()) });
    let caller = connection.caller().await.expect("STS answers");
    assert_eq!(caller.account, "222233334444");
    assert!(caller.arn.ends_with("assumed-role/deploy/nightly"), "{}", caller.arn);
    let calls: Vec<_> = aws.calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(calls, ["AssumeRole", "GetCallerIdentity"]);
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed() {
    let aws = Aws::start();
    let told = "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: sts:AssumeRole";
    aws.faults(&[Fault::refuse("AssumeRole", 403, "AccessDenied", told).always()]);
    let role = AssumeRole {
        role_arn: "arn:aws:iam::222233334444:role/deploy".into(),
        session_name: None,
        external_id: None,
    };
    let connection = Connection::new(Settings { assume_role: Some(role), ..settings(aws.endpoint()) });
    let error = connection.caller().await.expect_err("the role is refused");
    assert_eq!(error.kind, ErrorKind::Denied, "{error}");
    assert!(error.message.contains("sts:AssumeRole"), "{error}");
}

#[tokio::test]
async fn other_accounts_are_refused_before_any_other_call() {
    let aws = Aws::start();
    let allowed = BTreeSet::from(["111122223333".to_owned()]);
    let connection = Connection::new(Settings { allowed_account_ids: allowed, ..settings(aws.endpoint()) });
    let error = connection.config().await.map(|_| ()).expect_err("the account is another");
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.message.contains("123456789012") && error.message.contains("111122223333"), "{error}");
    let allowed = BTreeSet::from(["123456789012".to_owned()]);
    let connection = Connection::new(Settings { allowed_account_ids: allowed, ..settings(aws.endpoint()) });
    connection.config().await.map(|_| ()).expect("the account is allowed");
}

#[tokio::test]
async fn refusals_of_the_service_name_the_call_and_the_fix() {
    let aws = Aws::start();
    for (status, code, kind, says) in [
        (403, "InvalidClientTokenId", ErrorKind::Denied, "the credentials are not accepted"),
        (403, "ExpiredToken", ErrorKind::Denied, "aws sso login"),
        (403, "AccessDenied", ErrorKind::Denied, "allow the action `sts:GetCallerIdentity`"),
        (400, "Throttling", ErrorKind::Throttled, "fewer calls"),
        (503, "ServiceUnavailable", ErrorKind::Unavailable, "try again later"),
        (400, "ValidationError", ErrorKind::Invalid, "cannot help"),
    ] {
        aws.faults(&[Fault::refuse("GetCallerIdentity", status, code, "Because.")
            .always()
            .header("Retry-After", "7")]);
        let connection = Connection::new(settings(aws.endpoint()));
        let error = connection.caller().await.expect_err(code);
        assert_eq!(error.kind, kind, "{error}");
        assert_eq!(error.retry_after.map(|wait| wait.as_secs()), Some(7));
        for part in [says, "sts:GetCallerIdentity", code, "Because"] {
            assert!(error.message.contains(part), "{part:?} in {error}");
        }
        assert!(!error.message.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn nobody_listens() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        format!("http://{}", listener.local_addr().expect("it has an address"))
    };
    let error = Connection::new(settings(closed)).caller().await.expect_err("nobody listens");
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    assert!(error.message.contains("check the endpoint"), "{error}");
}

#[tokio::test]
async fn broken_connections_and_other_servers() {
    let aws = Aws::start();
    aws.faults(&[Fault::drop("GetCallerIdentity").always()]);
    let error = Connection::new(settings(aws.endpoint())).caller().await.expect_err("it breaks");
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    aws.faults(&[Fault::refuse("GetCallerIdentity", 200, "", "")]);
    let error = Connection::new(settings(aws.endpoint())).caller().await.expect_err("no account");
    assert_eq!(error.kind, ErrorKind::Internal, "{error}");
    // What fails once in a while is tried again.
    aws.faults(&[Fault::drop("GetCallerIdentity"), Fault::refuse("", 500, "InternalError", "")]);
    let again = Settings { max_attempts: Some(4), ..settings(aws.endpoint()) };
    Connection::new(again).caller().await.expect("the third attempt is answered");
}

#[test]
fn codes_become_kinds() {
    let call = Call::new("s3", "ListObjectsV2", "s3://logs").needs("s3:ListBucket");
    for (status, code, region, kind, says) in [
        (301, "PermanentRedirect", Some("eu-west-1"), ErrorKind::Invalid, "`region = \"eu-west-1\"`"),
        (400, "AuthorizationHeaderMalformed", None, ErrorKind::Invalid, "correct `region`"),
        (404, "NoSuchBucket", None, ErrorKind::NotFound, "make it, or correct `bucket`"),
        (404, "", None, ErrorKind::NotFound, "status 404"),
        (403, "", None, ErrorKind::Denied, "allow the action `s3:ListBucket`"),
        (403, "RequestTimeTooSkewed", None, ErrorKind::Denied, "clock"),
        (412, "PreconditionFailed", None, ErrorKind::Conflict, "somebody else"),
        (409, "ConditionalRequestConflict", None, ErrorKind::Conflict, "somebody else"),
        (503, "SlowDown", None, ErrorKind::Throttled, "fewer calls"),
        (429, "", None, ErrorKind::Throttled, "fewer calls"),
        (500, "InternalError", None, ErrorKind::Unavailable, "try again later"),
        (400, "MalformedXML", None, ErrorKind::Invalid, "cannot help"),
        (200, "", None, ErrorKind::Internal, "no answer that the service documents"),
    ] {
        let error = refused(&call, &Refusal { status, code, message: "", region });
        assert_eq!(error.kind, kind, "{code}: {error}");
        assert!(error.message.contains(says), "{code}: {error}");
        assert!(error.message.starts_with("s3:ListObjectsV2 for s3://logs is refused"), "{error}");
    }
    let long = "x ".repeat(5000);
    let error = refused(&call, &Refusal { status: 400, code: "Odd", message: &long, region: None });
    assert!(error.message.len() < 1000, "what a service says is cut");
}
