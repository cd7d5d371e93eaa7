#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, SystemTime};

use flowform_provider_contract::store_contract;
use tokio::task::JoinSet;

use super::*;

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_the_contract() {
    let home = directory();
    store_contract(Arc::new(DirectoryStore::open(home.path().join("deep/er")))).await;
}

#[tokio::test]
async fn reading_makes_nothing() {
    let home = directory();
    let root = home.path().join("registry");
    let store = DirectoryStore::open(root.clone());
    assert!(store.get("a/b").await.expect("reads").is_none());
    assert!(store.list("a/", None).await.expect("lists").is_empty());
    store.delete("a/b").await.expect("deletes nothing");
    assert!(!root.exists());
}

#[tokio::test]
async fn two_stores_over_one_directory_have_one_winner() {
    let home = directory();
    let mut tasks = JoinSet::new();
    for count in 0..8u8 {
        let store = DirectoryStore::open(home.path().to_path_buf());
        tasks.spawn(async move { store.put_if_absent("a/b", vec![count]).await.expect("answers") });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome != PutOutcome::Refused).count(), 1);
}

#[tokio::test]
async fn many_writes_at_once_are_all_there() {
    let home = directory();
    let store = Arc::new(DirectoryStore::open(home.path().to_path_buf()));
    let mut tasks = JoinSet::new();
    for count in 0..500 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.put(&format!("d{}/{count}", count % 7), vec![1; 50]).await });
    }
    assert!(tasks.join_all().await.iter().all(Result::is_ok));
    assert_eq!(DirectoryStore::open(home.path().into()).list("", None).await.expect("lists").len(), 500);
    let left = fs::read_dir(home.path().join(".store/tmp")).expect("the private directory").count();
    assert_eq!(left, 0, "no temporary file stays");
}

#[tokio::test]
async fn leftovers_go_by_age_and_never_by_reading() {
    let home = directory();
    let private = home.path().join(".store/tmp");
    fs::create_dir_all(&private).expect("made");
    for (name, age) in [("write-old", 7200), ("write-new", 5)] {
        let file = File::create(private.join(name)).expect("made");
        file.set_modified(SystemTime::now() - Duration::from_secs(age)).expect("dated");
    }
    let store = DirectoryStore::open(home.path().to_path_buf());
    assert!(store.list("", None).await.expect("lists").is_empty());
    assert!(private.join("write-old").exists());
    store.put("a", vec![]).await.expect("writes");
    assert!(!private.join("write-old").exists());
    assert!(private.join("write-new").exists());
    let error = store.put(".Store/tmp/x", vec![]).await.expect_err("the store's own");
    assert_eq!(error.kind, ErrorKind::Invalid);
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_not_followed() {
    let (home, outside) = (directory(), directory());
    fs::write(outside.path().join("secret"), "x").expect("written");
    let link = |target: &Path, name: &Path| std::os::unix::fs::symlink(target, name);
    link(outside.path(), &home.path().join("dir")).expect("linked");
    link(&outside.path().join("secret"), &home.path().join("file")).expect("linked");
    link(&outside.path().join("nowhere"), &home.path().join("broken")).expect("linked");
    let store = DirectoryStore::open(home.path().to_path_buf());
    for key in ["dir/secret", "file", "broken"] {
        assert_eq!(store.get(key).await.expect_err(key).kind, ErrorKind::Denied);
        assert_eq!(store.put_if_absent(key, vec![]).await.expect_err(key).kind, ErrorKind::Denied, "{key}");
    }
    assert_eq!(store.put("dir/new", vec![]).await.expect_err("outside").kind, ErrorKind::Denied);
    assert_eq!(store.delete("dir/secret").await.expect_err("outside").kind, ErrorKind::Denied);
    assert_eq!(store.list("dir/", None).await.expect_err("outside").kind, ErrorKind::Denied);
    assert_eq!(store.list("", None).await.expect_err("outside").kind, ErrorKind::Denied);
    assert_eq!(fs::read_dir(outside.path()).expect("readable").count(), 1);
    assert_eq!(fs::read(outside.path().join("secret")).expect("readable"), b"x");
}

#[tokio::test]
async fn errors_name_the_path() {
    let home = directory();
    let file = home.path().join("file");
    fs::write(&file, "x").expect("written");
    let store = DirectoryStore::open(file.clone());
    let error = store.put("a", vec![]).await.expect_err("a file is no root");
    assert!(error.message.contains(&file.display().to_string()), "{error}");
    let store = DirectoryStore::open(home.path().to_path_buf());
    assert!(store.get("file/below").await.expect("reads").is_none());
    let error = store.put("file/below", vec![]).await.expect_err("a file is no directory");
    assert_eq!(error.kind, ErrorKind::Invalid, "{error}");
    for (kind, expected) in [
        (io::ErrorKind::PermissionDenied, ErrorKind::Denied),
        (io::ErrorKind::StorageFull, ErrorKind::Unavailable),
        (io::ErrorKind::ReadOnlyFilesystem, ErrorKind::Denied),
    ] {
        let error = io_error("write", Path::new("/registry/a"), &io::Error::from(kind));
        assert_eq!(error.kind, expected);
        assert!(error.message.starts_with("cannot write /registry/a: "), "{error}");
    }
}
