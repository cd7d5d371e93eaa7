//! The bucket against a strict server: the contract of stores, credentials, pages, limits, and what goes wrong on the way.

#![allow(clippy::disallowed_methods, reason = "tests write files of credentials")]

use std::time::Duration;

use flowform_provider_contract::store_contract;
use flowform_testbed_google::{Fault, FaultKind, Storage, StorageOptions};

use super::*;
use crate::{Credentials, Timing};

/// The limit of the tests that write one object many times.
const SHORT: Duration = Duration::from_millis(5);

struct Testbed {
    server: Storage,
    directory: tempfile::TempDir,
}

impl Testbed {
    fn start(options: &StorageOptions) -> Self {
        Self { server: Storage::start(options), directory: tempfile::tempdir().expect("a directory") }
    }

    fn settings(&self, between_writes: Duration) -> BucketSettings {
        BucketSettings {
            bucket: "bucket".into(),
            prefix: "some/where".into(),
            connection: ConnectionSettings {
                endpoint: Some(self.server.endpoint()),
                credentials: Credentials::File(self.server.credentials(self.directory.path())),
                impersonate_service_account: None,
                timing: Timing { between_writes, first_pause: Duration::from_millis(5), repetitions: 5 },
            },
        }
    }

    fn bucket(&self, between_writes: Duration) -> Bucket {
        Bucket::new(self.settings(between_writes))
    }
}

fn quick() -> Testbed {
    Testbed::start(&StorageOptions { between_writes: SHORT, page: 7, ..StorageOptions::default() })
}

fn fault(method: &'static str, part: &str, kind: FaultKind) -> Fault {
    Fault { method, part: part.into(), after: 0, kind }
}

fn written(outcome: PutOutcome) -> Etag {
    match outcome {
        PutOutcome::Written(etag) => etag,
        PutOutcome::Refused => panic!("the write is refused, although its condition holds"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_the_contract() {
    let testbed = quick();
    store_contract(Arc::new(testbed.bucket(SHORT))).await;
    let names = testbed.server.names("bucket");
    assert!(names.iter().all(|name| name.starts_with("some/where/")), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_written_once_a_second_without_being_refused() {
    let between = Duration::from_millis(300);
    let testbed = Testbed::start(&StorageOptions { between_writes: between, ..StorageOptions::default() });
    let bucket = testbed.bucket(between);
    for count in 0..3u8 {
        bucket.put("lease.json", vec![count]).await.expect("the write answers");
    }
    bucket.delete("lease.json").await.expect("it is deleted");
    assert_eq!(testbed.server.take_calls().len(), 4, "a refused call would have been repeated");
    // Another process does not know when this one wrote: it is refused, and waits.
    let mut settings = testbed.settings(Duration::ZERO);
    // Pauses that double from 5 ms are longer than the limit after seven.
    settings.connection.timing.repetitions = 12;
    let other = Bucket::new(settings);
    bucket.put("lease.json", b"a".to_vec()).await.expect("the write answers");
    other.put("lease.json", b"b".to_vec()).await.expect("the write is repeated until it is taken");
    assert!(testbed.server.take_calls().len() > 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_is_looked_up() {
    let testbed = quick();
    let bucket = testbed.bucket(SHORT);
    for (index, kind) in [FaultKind::LoseReply, FaultKind::StatusAfter(503), FaultKind::StatusAfter(500)]
        .into_iter()
        .enumerate()
    {
        let key = format!("log/{index}.json");
        testbed.server.fault(fault("POST", &key, kind));
        let etag = written(bucket.put_if_absent(&key, b"mine".to_vec()).await.expect("it answers"));
        assert_eq!(bucket.get(&key).await.expect("it reads").expect("it exists").etag, etag, "{kind:?}");
        testbed.server.fault(fault("POST", &key, kind));
        let next = written(bucket.put_if_match(&key, b"next".to_vec(), &etag).await.expect("it answers"));
        assert_eq!(bucket.get(&key).await.expect("it reads").expect("it exists").etag, next, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_lost_is_repeated() {
    let testbed = quick();
    let bucket = testbed.bucket(SHORT);
    for (index, kind) in
        [FaultKind::LoseRequest, FaultKind::Status(503), FaultKind::Status(429), FaultKind::Status(408)]
            .into_iter()
            .enumerate()
    {
        let key = format!("log/{index}.json");
        testbed.server.fault(fault("POST", &key, kind));
        let etag = written(bucket.put_if_absent(&key, b"mine".to_vec()).await.expect("it answers"));
        testbed.server.fault(fault("POST", &key, kind));
        written(bucket.put_if_match(&key, b"next".to_vec(), &etag).await.expect("it answers"));
        for method in ["GET", "DELETE"] {
            testbed.server.fault(fault(method, &key, kind));
        }
        assert_eq!(bucket.get(&key).await.expect("it reads").expect("it exists").bytes, b"next");
        testbed.server.fault(fault("GET", "some/where", kind));
        bucket.delete(&key).await.expect("it is deleted");
        assert!(bucket.list("log/", None).await.expect("it lists").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_object_is_no_lost_answer() {
    let testbed = quick();
    let bucket = testbed.bucket(SHORT);
    // The request is lost, and before it is repeated somebody else writes.
    testbed.server.fault(fault("POST", "log/1.json", FaultKind::LoseRequest));
    let ours = tokio::spawn({
        let bucket = bucket.clone();
        async move { bucket.put_if_absent("log/1.json", b"mine".to_vec()).await }
    });
    testbed.server.set("bucket", "some/where/log/1.json", b"theirs");
    assert_eq!(ours.await.expect("it ends").expect("it answers"), PutOutcome::Refused);
    assert_eq!(bucket.get("log/1.json").await.expect("it reads").expect("it exists").bytes, b"theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_stays_away_is_unavailable() {
    let testbed = quick();
    let bucket = testbed.bucket(SHORT);
    for _ in 0..6 {
        testbed.server.fault(fault("GET", "a.json", FaultKind::Status(503)));
    }
    let error = bucket.get("a.json").await.expect_err("six failures are too many");
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert_eq!(
        error.message,
        "Google Cloud refused to read gs://bucket/some/where/a.json: Backend Error (status 503)"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_not_there_is_not_empty() {
    let testbed = quick();
    let nowhere = BucketSettings { bucket: "elsewhere".into(), ..testbed.settings(SHORT) };
    let bucket = Bucket::new(nowhere);
    for error in [
        bucket.get("a.json").await.map(|_| ()).expect_err("no bucket"),
        bucket.delete("a.json").await.expect_err("no bucket"),
        bucket.list("", None).await.map(|_| ()).expect_err("no bucket"),
        bucket.put("a.json", vec![]).await.map(|_| ()).expect_err("no bucket"),
    ] {
        assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_needed_and_told_about() {
    let testbed = quick();
    let with = |credentials| {
        let mut settings = testbed.settings(SHORT);
        settings.connection.credentials = credentials;
        Bucket::new(settings)
    };
    let denied = with(Credentials::Anonymous).get("a").await.expect_err("nobody may read");
    assert_eq!(denied.kind, ErrorKind::Denied, "{denied}");
    let write = |name: &str, text: &str| {
        let path = testbed.directory.path().join(name);
        std::fs::write(&path, text).expect("the file is written");
        path
    };
    for (path, why) in [
        (testbed.directory.path().join("none.json"), "No such file"),
        (write("text.json", "no json"), "expected"),
        (write("empty.json", "{}"), "has no `type`"),
        (write("other.json", r#"{"type": "magic"}"#), "type `magic`"),
        (write("user.json", r#"{"type": "authorized_user"}"#), "missing field"),
        (write("key.json", r#"{"type": "service_account"}"#), "missing field"),
        (write("federated.json", r#"{"type": "external_account"}"#), "missing field"),
    ] {
        let denied = with(Credentials::File(path)).get("a").await.expect_err(why);
        assert_eq!(denied.kind, ErrorKind::Denied, "{denied}");
        assert!(denied.message.contains(why), "{denied}");
    }
}

#[test]
fn credentials_do_not_travel_in_the_clear() {
    let wrong = |endpoint: &str| {
        let settings =
            ConnectionSettings { endpoint: Some(endpoint.into()), ..ConnectionSettings::default() };
        Connection::new(SERVICE, settings).err().map(|error| error.kind)
    };
    assert_eq!(wrong("http://storage.example.com"), Some(ErrorKind::Invalid));
    assert_eq!(wrong("ftp://127.0.0.1"), Some(ErrorKind::Invalid));
    assert_eq!(wrong("storage"), Some(ErrorKind::Invalid));
    assert_eq!(wrong("http://127.0.0.1:1"), None);
    assert_eq!(wrong("https://storage.example.com"), None);
}
