//! The obligations of a [`TemplateStore`], checked against places at which there is nothing.

use flowform_provider_api::{ErrorKind, Etag, TemplateStore};

/// Checks every obligation of the trait at `uri`, where nothing is and which is ours alone.
pub async fn template_contract(store: &dyn TemplateStore, uri: &str) {
    assert!(read(store, uri).await.is_none(), "nothing is there yet");
    let stale = Etag("stale".into());
    store.delete(uri, &stale).await.expect("what is absent is deleted");
    let refused = store.write(uri, b"one".to_vec(), Some(&stale)).await.expect_err("nothing has that tag");
    assert_eq!(refused.kind, ErrorKind::Conflict, "{refused}");
    assert!(read(store, uri).await.is_none(), "what is refused is not written");

    let first = store.write(uri, b"one".to_vec(), None).await.expect("it is written where nothing is");
    assert_eq!(read(store, uri).await, Some((b"one".to_vec(), first.clone())));
    let refused = store.write(uri, b"two".to_vec(), None).await.expect_err("something is there");
    assert_eq!(refused.kind, ErrorKind::Conflict, "{refused}");
    let same = store.write(uri, b"one".to_vec(), Some(&first)).await.expect("what is there is written");
    assert_eq!(same, first, "what is there is not written again");

    let second = store.write(uri, b"two".to_vec(), Some(&first)).await.expect("it is written over");
    assert_ne!(second, first, "another content has another tag");
    for (what, refused) in [
        ("written", store.write(uri, b"three".to_vec(), Some(&first)).await.map(|_| ())),
        ("deleted", store.delete(uri, &first).await),
    ] {
        let refused = refused.expect_err(what);
        assert_eq!(refused.kind, ErrorKind::Conflict, "{what}: {refused}");
    }
    assert_eq!(read(store, uri).await, Some((b"two".to_vec(), second.clone())));
    store.delete(uri, &second).await.expect("it is deleted");
    assert!(read(store, uri).await.is_none());
    store.delete(uri, &second).await.expect("it is deleted twice");
}

async fn read(store: &dyn TemplateStore, uri: &str) -> Option<(Vec<u8>, Etag)> {
    store.read(uri).await.expect("it can be read").map(|stored| (stored.bytes, stored.etag))
}
