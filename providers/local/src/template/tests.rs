#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

use std::sync::Arc;

use flowform_provider_api::ObjectTemplates;
use flowform_provider_contract::{MemoryStore, template_contract};

use super::*;

#[tokio::test]
async fn files_keep_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileTemplates::new(directory.path());
    template_contract(&store, "templates/deep/job.json").await;
    template_contract(&store, &directory.path().join("absolute/job.json").display().to_string()).await;
}

#[tokio::test]
async fn objects_keep_the_contract() {
    let store = ObjectTemplates::new(Arc::new(MemoryStore::default()), "s3://bucket/");
    template_contract(&store, "s3://bucket/templates/job.json").await;
    let elsewhere = store.read("s3://other/job.json").await.unwrap_err();
    assert_eq!(elsewhere.kind, ErrorKind::Internal);
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), directory.path().join("out")).unwrap();
    fs::write(outside.path().join("there.json"), "{}").unwrap();
    std::os::unix::fs::symlink(outside.path().join("there.json"), directory.path().join("link.json"))
        .unwrap();
    let store = FileTemplates::new(directory.path());
    for path in ["out/job.json", "link.json", "../job.json"] {
        let refused = store.write(path, b"{}".to_vec(), None).await.expect_err(path);
        assert!(matches!(refused.kind, ErrorKind::Denied | ErrorKind::Invalid), "{path}: {refused}");
        store.read(path).await.expect_err(path);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn others_can_read_what_is_stored() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let store = FileTemplates::new(directory.path());
    let path = directory.path().join("job.json");
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    let tag = store.write("job.json", b"{}".to_vec(), None).await.unwrap();
    assert_eq!(mode(), 0o644);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    store.write("job.json", b"{ }".to_vec(), Some(&tag)).await.unwrap();
    assert_eq!(mode(), 0o600, "who may read it is not changed");
}
