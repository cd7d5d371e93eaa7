//! The obligations of an [`ObjectStore`], checked against an empty one.

use std::sync::Arc;

use flowform_provider_api::{ErrorKind, Etag, ObjectStore, ProviderError, PutOutcome};
use tokio::task::JoinSet;

/// Checks every obligation of the trait against `store`, which must be empty and ours alone.
pub async fn store_contract(store: Arc<dyn ObjectStore>) {
    reads_of_nothing(&*store).await;
    writes(&*store).await;
    one_winner(&store).await;
    swaps_race(&store).await;
    listings(&*store).await;
    keys_are_confined(&*store).await;
    content_is_any(&*store).await;
    readers_see_whole_objects(&store).await;
}

fn written(outcome: Result<PutOutcome, ProviderError>) -> Etag {
    match outcome.expect("the write answers") {
        PutOutcome::Written(etag) => etag,
        PutOutcome::Refused => panic!("the write is refused, although its condition holds"),
    }
}

async fn content(store: &dyn ObjectStore, key: &str) -> Option<(Vec<u8>, Etag)> {
    store.get(key).await.expect("the read answers").map(|stored| (stored.bytes, stored.etag))
}

async fn keys(store: &dyn ObjectStore, prefix: &str, after: Option<&str>) -> Vec<String> {
    let entries = store.list(prefix, after).await.expect("the listing answers");
    entries.into_iter().map(|entry| entry.key).collect()
}

async fn reads_of_nothing(store: &dyn ObjectStore) {
    assert!(content(store, "none").await.is_none());
    assert!(content(store, "none/at/all").await.is_none());
    assert!(keys(store, "none/", None).await.is_empty());
    assert!(keys(store, "", None).await.is_empty());
    store.delete("none").await.expect("an absent object is deleted");
    let stale = Etag("stale".into());
    let swapped = store.put_if_match("none", b"x".to_vec(), &stale).await.expect("the swap answers");
    assert_eq!(swapped, PutOutcome::Refused, "an absent object matches no tag");
}

async fn writes(store: &dyn ObjectStore) {
    let first = written(store.put_if_absent("w/a", b"one".to_vec()).await);
    assert_eq!(
        content(store, "w/a").await,
        Some((b"one".to_vec(), first.clone())),
        "the tag read is the tag written"
    );
    let again = store.put_if_absent("w/a", b"two".to_vec()).await.expect("the write answers");
    assert_eq!(again, PutOutcome::Refused);
    assert_eq!(content(store, "w/a").await.expect("kept").0, b"one");
    let second = written(store.put_if_match("w/a", b"two".to_vec(), &first).await);
    assert_ne!(first, second, "a write changes the tag");
    let stale = store.put_if_match("w/a", b"three".to_vec(), &first).await.expect("the swap answers");
    assert_eq!(stale, PutOutcome::Refused);
    let third = store.put("w/a", b"three".to_vec()).await.expect("the write answers");
    assert_ne!(second, third);
    assert_eq!(content(store, "w/a").await, Some((b"three".to_vec(), third.clone())));
    let listed = store.list("w/", None).await.expect("the listing answers");
    assert_eq!(listed.into_iter().map(|entry| entry.etag).collect::<Vec<_>>(), std::slice::from_ref(&third));
    store.delete("w/a").await.expect("the object is deleted");
    store.delete("w/a").await.expect("it is deleted twice");
    assert!(content(store, "w/a").await.is_none());
    let gone = store.put_if_match("w/a", b"four".to_vec(), &third).await.expect("the swap answers");
    assert_eq!(gone, PutOutcome::Refused, "a deleted object matches no tag");
    let back = written(store.put_if_absent("w/a", b"three".to_vec()).await);
    assert_eq!(content(store, "w/a").await, Some((b"three".to_vec(), back)));
    // Equal content, quickly one after the other: whoever holds an older tag must not win.
    let mut tags = vec![store.put("w/b", b"same".to_vec()).await.expect("the write answers")];
    for count in 0..20u8 {
        let tag = store.put("w/b", vec![count; 4]).await.expect("the write answers");
        for old in &tags {
            let swapped = store.put_if_match("w/b", b"late".to_vec(), old).await.expect("the swap answers");
            assert_eq!(swapped, PutOutcome::Refused, "an old tag matches again");
        }
        tags.push(tag);
    }
}

async fn one_winner(store: &Arc<dyn ObjectStore>) {
    for round in 0..8 {
        let mut tasks = JoinSet::new();
        for writer in 0..16u8 {
            let store = Arc::clone(store);
            tasks.spawn(async move {
                let outcome = store.put_if_absent(&format!("race/{round}"), vec![writer; 100]).await;
                (writer, outcome.expect("the write answers"))
            });
        }
        let winners: Vec<_> = tasks
            .join_all()
            .await
            .into_iter()
            .filter_map(|(writer, outcome)| match outcome {
                PutOutcome::Written(etag) => Some((vec![writer; 100], etag)),
                PutOutcome::Refused => None,
            })
            .collect();
        assert_eq!(winners.len(), 1, "exactly one of sixteen creates the object");
        assert_eq!(content(&**store, &format!("race/{round}")).await, winners.into_iter().next());
    }
}

/// Sixteen writers count up one object by compare-and-swap; no step is lost.
async fn swaps_race(store: &Arc<dyn ObjectStore>) {
    written(store.put_if_absent("count", b"0".to_vec()).await);
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            for _ in 0..4 {
                loop {
                    let (bytes, etag) = content(&*store, "count").await.expect("it exists");
                    let count: u32 = String::from_utf8(bytes).expect("digits").parse().expect("digits");
                    let next = (count + 1).to_string().into_bytes();
                    match store.put_if_match("count", next, &etag).await.expect("the swap answers") {
                        PutOutcome::Written(_) => break,
                        PutOutcome::Refused => {}
                    }
                }
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(content(&**store, "count").await.expect("it exists").0, b"64");
}

async fn listings(store: &dyn ObjectStore) {
    // In the order of bytes, `-` and `.` come before `/`, and upper case before lower.
    let all = ["l/B", "l/a", "l/a-b", "l/a.json", "l/b/1", "l/b/10", "l/b/2", "l/b0", "l/c/d/e", "l/ä"];
    for key in all.iter().rev() {
        written(store.put_if_absent(key, key.as_bytes().to_vec()).await);
    }
    written(store.put_if_absent("l2", vec![]).await);
    assert_eq!(keys(store, "l/", None).await, all);
    assert_eq!(keys(store, "l/b/", None).await, ["l/b/1", "l/b/10", "l/b/2"]);
    for (index, key) in all.iter().enumerate() {
        assert_eq!(keys(store, "l/", Some(key)).await, all[index + 1..], "after {key}");
    }
    assert_eq!(keys(store, "l/", Some("l/b/")).await, all[4..]);
    assert_eq!(keys(store, "l/", Some("l/zzz")).await, ["l/ä"]);
    assert!(keys(store, "l/", Some("m")).await.is_empty());
    assert_eq!(keys(store, "l/", Some("k")).await, all);
    assert!(keys(store, "l/a/", None).await.is_empty(), "an object is no prefix");
    let everything = keys(store, "", None).await;
    assert!(all.iter().all(|key| everything.iter().any(|found| found == key)));
    assert!(everything.is_sorted());
    let error = store.list("l", None).await.expect_err("a prefix ends in /");
    assert_eq!(error.kind, ErrorKind::Invalid);
}

async fn keys_are_confined(store: &dyn ObjectStore) {
    let tag = Etag("any".into());
    let long = "x".repeat(2000);
    for key in ["", "/abs", "../x", "a/../../x", "a/..", ".", "./a", "a//b", "a/", "a\\b", "a\0b", &long] {
        let errors = [
            store.get(key).await.map(|_| ()).expect_err(key),
            store.put_if_absent(key, vec![]).await.map(|_| ()).expect_err(key),
            store.put_if_match(key, vec![], &tag).await.map(|_| ()).expect_err(key),
            store.put(key, vec![]).await.map(|_| ()).expect_err(key),
            store.delete(key).await.expect_err(key),
        ];
        for error in errors {
            assert_eq!(error.kind, ErrorKind::Invalid, "{key:?}: {error}");
        }
    }
    let error = store.list("../", None).await.expect_err("a listing stays inside");
    assert_eq!(error.kind, ErrorKind::Invalid);
}

async fn content_is_any(store: &dyn ObjectStore) {
    let large: Vec<u8> = (0..5_000_000u32).map(|byte| (byte % 251) as u8).collect();
    for (key, bytes) in [
        ("c/empty", vec![]),
        ("c/large", large),
        ("c/zeros", vec![0; 3]),
        ("c/Schlüssel ☃ 火.json", b"x".to_vec()),
        ("c/a b+c%20&d=e?f#g~'\"", b"y".to_vec()),
    ] {
        let etag = written(store.put_if_absent(key, bytes.clone()).await);
        assert!(content(store, key).await == Some((bytes, etag)), "{key} reads back as written");
        assert_eq!(keys(store, "c/", None).await.iter().filter(|found| *found == key).count(), 1);
        store.delete(key).await.expect("it is deleted");
    }
}

/// While one object is written again and again, every read sees one of the contents, whole.
async fn readers_see_whole_objects(store: &Arc<dyn ObjectStore>) {
    store.put("whole", vec![b'a'; 100_000]).await.expect("the write answers");
    let writer = {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            for letter in b'a'..b'k' {
                store.put("whole", vec![letter; 100_000]).await.expect("the write answers");
            }
        })
    };
    while !writer.is_finished() {
        let (bytes, _) = content(&**store, "whole").await.expect("it never disappears");
        assert_eq!(bytes.len(), 100_000);
        assert!(bytes.iter().all(|byte| *byte == bytes[0]), "half of two contents");
        tokio::task::yield_now().await;
    }
    writer.await.expect("the writer ends");
}
