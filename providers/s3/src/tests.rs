use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flowform_provider_api::{ErrorKind, Etag, ObjectStore as _, PutOutcome};
use flowform_provider_aws as aws;
use flowform_provider_contract::store_contract;
use flowform_provider_testbed::{Aws, Fault};

use crate::*;

const BUCKET: &str = "registry";

fn bucket(server: &Aws) -> Bucket {
    Bucket {
        name: BUCKET.into(),
        connection: aws::Settings {
            region: Some("us-east-1".into()),
            keys: Some(aws::Keys { id: "test".into(), secret: "hunter2".into() }),
            ..aws::Settings::default()
        },
        endpoint: Some(server.endpoint()),
        ..Bucket::default()
    }
}

fn ids() -> NewId {
    let count = AtomicU64::new(0);
    Arc::new(move || format!("id-{}", count.fetch_add(1, Ordering::SeqCst)))
}

fn store(server: &Aws, prefix: &str) -> S3Store {
    S3Store::new(bucket(server), prefix, ids())
}

fn started() -> Aws {
    let server = Aws::start();
    server.bucket(BUCKET);
    server
}

fn operations(server: &Aws) -> Vec<String> {
    server.calls().into_iter().map(|call| call.operation).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_keeps_the_contract() {
    let server = started();
    store_contract(Arc::new(store(&server, ""))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_keeps_the_contract_below_a_prefix() {
    let server = started();
    server.put_object(BUCKET, "flows", b"a neighbour");
    server.put_object(BUCKET, "flowform/live2/x", b"a neighbour");
    let below = store(&server, "/flowform/live/");
    assert_eq!(below.location().0, "s3://registry/flowform/live");
    store_contract(Arc::new(below)).await;
    let outside = server.keys(BUCKET).into_iter().filter(|key| !key.starts_with("flowform/live/")).count();
    assert_eq!(outside, 2, "nothing leaves the prefix");
}

#[tokio::test]
async fn a_listing_has_pages() {
    let server = started();
    let store = store(&server, "p");
    for count in 0..1005 {
        server.put_object(BUCKET, &format!("p/log/{count:05}"), b"");
    }
    server.forget();
    let found = store.list("log/", Some("log/00002")).await.expect("a listing");
    assert_eq!(found.len(), 1002);
    assert_eq!(found.last().map(|entry| &*entry.key), Some("log/01004"));
    assert_eq!(operations(&server), ["ListObjectsV2", "ListObjectsV2"]);
}

#[tokio::test]
async fn many_are_read_in_their_order() {
    let server = started();
    let store = store(&server, "");
    for count in 0..40 {
        server.put_object(BUCKET, &format!("k{count}"), count.to_string().as_bytes());
    }
    let keys: Vec<String> = (0..42).rev().map(|count| format!("k{count}")).collect();
    let found = store.get_many(&keys).await;
    let texts: Vec<Option<String>> = found
        .into_iter()
        .map(|one| one.expect("it answers").map(|stored| String::from_utf8_lossy(&stored.bytes).into_owned()))
        .collect();
    let wanted: Vec<_> = (0..42).rev().map(|count| (count < 40).then(|| count.to_string())).collect();
    assert_eq!(texts, wanted);
}

/// The SDK repeats a write whose answer was lost, and then meets its own object.
#[tokio::test]
async fn a_write_whose_answer_is_lost_has_won() {
    let server = started();
    let store = store(&server, "");
    server.faults(&[Fault::lose("PutObject")]);
    let outcome = store.put_if_absent("a", b"1".to_vec()).await.expect("it is repeated");
    let PutOutcome::Written(tag) = outcome else { panic!("it was ours") };
    assert_eq!(store.get("a").await.expect("it answers").expect("it exists").etag, tag);
    server.faults(&[Fault::lose("PutObject")]);
    let outcome = store.put_if_match("a", b"2".to_vec(), &tag).await.expect("it is repeated");
    assert!(matches!(outcome, PutOutcome::Written(_)), "it was ours");
    assert_eq!(server.object(BUCKET, "a").as_deref(), Some(&b"2"[..]));
    // Another's object is not taken for ours, even with the same content.
    let other = S3Store::new(bucket(&server), "", Arc::new(|| "other".into()));
    let outcome = other.put_if_absent("a", b"2".to_vec()).await.expect("it answers");
    assert_eq!(outcome, PutOutcome::Refused);
}

#[tokio::test]
async fn a_race_that_the_service_asks_to_repeat_is_repeated() {
    let server = started();
    let store = store(&server, "");
    let race = Fault::refuse("PutObject", 409, "ConditionalRequestConflict", "Try again.").times(3);
    server.faults(&[race]);
    let outcome = store.put_if_absent("a", b"1".to_vec()).await.expect("it is repeated");
    assert!(matches!(outcome, PutOutcome::Written(_)));
}

#[tokio::test]
async fn trouble_is_told_with_the_fix() {
    let server = started();
    let no_bucket = S3Store::new(Bucket { name: "elsewhere".into(), ..bucket(&server) }, "", ids());
    for error in [
        no_bucket.get("a").await.map(|_| ()).expect_err("no bucket"),
        no_bucket.put_if_absent("a", vec![]).await.map(|_| ()).expect_err("no bucket"),
        no_bucket.put_if_match("a", vec![], &Etag("x".into())).await.map(|_| ()).expect_err("no bucket"),
        no_bucket.list("", None).await.map(|_| ()).expect_err("no bucket"),
    ] {
        assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
        assert!(error.message.contains("s3://elsewhere/"), "{error}");
        assert!(error.message.contains("there is no such bucket: make it"), "{error}");
    }
    let store = store(&server, "");
    for (fault, kind, says) in [
        (
            Fault::refuse("GetObject", 301, "PermanentRedirect", "")
                .header("x-amz-bucket-region", "eu-west-1"),
            ErrorKind::Invalid,
            "set `region = \"eu-west-1\"`",
        ),
        (
            Fault::refuse("GetObject", 403, "AccessDenied", "Access Denied"),
            ErrorKind::Denied,
            "allow the action `s3:GetObject` and `s3:ListBucket`",
        ),
        (Fault::refuse("GetObject", 403, "InvalidAccessKeyId", ""), ErrorKind::Denied, "are not accepted"),
        (Fault::refuse("GetObject", 503, "SlowDown", "").always(), ErrorKind::Throttled, "fewer calls"),
        (Fault::drop("GetObject").always(), ErrorKind::Unavailable, "check the endpoint"),
    ] {
        server.faults(&[fault]);
        let error = store.get("a").await.map(|_| ()).expect_err("it is refused");
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(says), "{error}");
        assert!(error.message.contains("s3:GetObject for s3://registry/a"), "{error}");
    }
}

#[tokio::test]
async fn encryption_is_asked_for() {
    let server = started();
    let keys = Encryption::Kms { key: Some("arn:aws:kms:us-east-1:123456789012:key/k1".into()) };
    for (name, encryption, wanted) in
        [("none", Encryption::Bucket, ""), ("s3", Encryption::S3, "aes256"), ("kms", keys, "aws:kms")]
    {
        let store = S3Store::new(Bucket { encryption, ..bucket(&server) }, "", ids());
        store.put(name, b"x".to_vec()).await.expect("it is written");
        let head = server.head(BUCKET, name);
        let found = head.get("x-amz-server-side-encryption").map_or("", String::as_str);
        // The stand-in encrypts by default, as the service does.
        assert!(found == wanted || wanted.is_empty(), "{name}: {head:?}");
        assert_eq!(
            head.contains_key("x-amz-server-side-encryption-aws-kms-key-id"),
            name == "kms",
            "{name}: {head:?}"
        );
    }
}

#[tokio::test]
async fn a_probe_sees_whether_conditions_are_kept() {
    let server = started();
    store(&server, "p").probe().await.expect("the stand-in keeps them");
    assert!(server.keys(BUCKET).is_empty(), "nothing is left of it");
    for (header, says) in [("If-None-Match", "overwrites"), ("If-Match", "is not compared")] {
        server.faults(&[Fault::without(header)]);
        let error = store(&server, "p").probe().await.expect_err("the condition is ignored");
        assert_eq!(error.kind, ErrorKind::Invalid, "{error}");
        assert!(error.message.contains(says) && error.message.contains("s3://registry/p"), "{error}");
        assert!(server.keys(BUCKET).is_empty(), "nothing is left of it");
    }
}

#[tokio::test]
async fn single_objects_have_any_key() {
    let server = started();
    let place = Place { bucket: bucket(&server), key: "a//b/../c".into() };
    assert_eq!(read(&place, 10).await.expect("it answers"), None);
    write(&place, b"content".to_vec(), "n").await.expect("it is written");
    assert_eq!(read(&place, 10).await.expect("it answers").as_deref(), Some(&b"content"[..]));
    let error = read(&place, 3).await.expect_err("it is too large");
    assert_eq!(error.kind, ErrorKind::Invalid, "{error}");
    remove(&place).await.expect("it is removed");
    remove(&place).await.expect("it is removed twice");
    assert_eq!(read(&place, 10).await.expect("it answers"), None);
}
