#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![expect(clippy::disallowed_methods, reason = "tests read their cases from files")]

use flowform_provider_api::{Artifact, ArtifactType as _, Binding, FlowId, Prefixed};
use flowform_provider_contract::{MemoryStore, ProviderSubject, provider_contract};

use super::*;
use crate::{DirectoryStore, PROCESS};

fn identity() -> Identity {
    Identity {
        registry: RegistryId("r".into()),
        project: "p".into(),
        flow: FlowId("f".into()),
        flow_name: "etl".into(),
        version: 1,
        digest: Digest::of_bytes(b"d"),
    }
}

fn artifact() -> Artifact {
    let body = json!({"command": ["run"], "env": {"A": "1", "B": null}});
    Artifact { kind: "process".into(), hash: PROCESS.hash(&body), body }
}

#[tokio::test]
async fn it_keeps_the_contract() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let root = home.path().to_path_buf();
    let store = Prefixed::new(Arc::new(DirectoryStore::open(root.clone())), "my project").expect("a prefix");
    let file = move |id: &str| root.join("my project").join(id);
    let edit = move |from: &'static str,
                     to: &'static str|
          -> Box<dyn Fn(String) -> BoxFuture<'static, ()> + Send + Sync> {
        let file = file.clone();
        Box::new(move |id| {
            let path = file(&id);
            let text = std::fs::read_to_string(&path).expect("it is there");
            assert!(text.contains(from), "{text}");
            std::fs::write(&path, text.replace(from, to)).expect("it is writable");
            Box::pin(async {})
        })
    };
    provider_contract(ProviderSubject {
        provider: Arc::new(LocalProvider::new(Arc::new(store))),
        artifact_type: Arc::new(PROCESS),
        bodies: [json!({"command": ["one"], "env": {"B": "2", "A": "1"}}), json!({"command": ["two"]})],
        alter: Some(edit("\"one\"", "\"changed by hand\"")),
        disown: edit("2c1a6e3e-0000-4000-8000-00000000c0de", "another"),
    })
    .await;
}

#[tokio::test]
async fn what_is_no_document_is_altered_and_repaired() {
    let store: Arc<dyn ObjectStore> = Arc::new(MemoryStore::default());
    let provider = LocalProvider::new(Arc::clone(&store));
    let (identity, artifact) = (identity(), artifact());
    let request = || MakeRequest { identity: &identity, artifact: &artifact, recorded: &[] };
    let id = provider.make(request()).await.expect("made").id;
    assert_eq!(id, "specs/f/v1-process.json");
    let stored = store.get(&id).await.expect("reads").expect("it is there");
    let cut = stored.bytes.get(..20).expect("longer").to_vec();
    store.put(&id, cut.clone()).await.expect("written");
    let live = provider.describe(&id).await.expect("answers").expect("it is there");
    assert_eq!((live.kind.as_str(), live.identity, live.hash), ("process", None, Digest::of_bytes(&cut)));
    assert_eq!(provider.make(request()).await.expect("repaired").id, id);
    assert_eq!(store.get(&id).await.expect("reads").expect("it is there").bytes, stored.bytes);
    // A document of somebody else is left alone.
    store.put(&id, br#"{"body": {}}"#.to_vec()).await.expect("written");
    assert_eq!(provider.make(request()).await.expect_err("foreign").kind, ErrorKind::Conflict);
    assert_eq!(
        provider.remove(&identity.registry, "log/1").await.expect_err("no id").kind,
        ErrorKind::Invalid
    );
}

/// A listing with the recorded tag is enough; with another one, or none recorded, the object is read.
#[tokio::test]
async fn what_a_tag_tells_is_not_read() {
    let store: Arc<dyn ObjectStore> = Arc::new(MemoryStore::with_telling_tags());
    let provider = LocalProvider::at(Arc::clone(&store), "vertex/p-1/");
    let (identity, artifact) = (identity(), artifact());
    let made = provider
        .make(MakeRequest { identity: &identity, artifact: &artifact, recorded: &[] })
        .await
        .expect("made");
    assert_eq!(made.id, "vertex/p-1/f/v1-process.json");
    let binding = |tag: Option<Etag>| Binding {
        kind: "process".into(),
        provider: "vertex".into(),
        id: made.id.clone(),
        hash: artifact.hash.clone(),
        location: Location("here".into()),
        tag,
    };
    let observe = async |tag: Option<Etag>| {
        let (registry, recorded) = (RegistryId("r".into()), [binding(tag)]);
        let request =
            RefreshRequest { registry: &registry, project: "p", recorded: &recorded, expected: &[] };
        let seen = provider.refresh(request).await.expect("it answers");
        (seen.calls, seen.intact, seen.live.into_iter().map(|live| live.hash).collect::<Vec<_>>())
    };
    assert_eq!(observe(made.tag.clone()).await, (1, vec![made.id.clone()], vec![]));
    assert_eq!(observe(None).await, (2, vec![], vec![artifact.hash.clone()]));
    // The same content, written again by somebody else.
    let stored = store.get(&made.id).await.expect("reads").expect("it is there");
    store.put(&made.id, stored.bytes.clone()).await.expect("written");
    assert_eq!(observe(made.tag.clone()).await, (2, vec![], vec![artifact.hash.clone()]));
    store.put(&made.id, b"{}".to_vec()).await.expect("written");
    assert_eq!(observe(made.tag.clone()).await.2, [Digest::of_bytes(b"{}")]);
    store.delete(&made.id).await.expect("deleted");
    assert_eq!(observe(made.tag.clone()).await, (1, vec![], vec![]));
}

#[tokio::test]
async fn reformatting_is_no_change_but_everything_else_is() {
    let store: Arc<dyn ObjectStore> = Arc::new(MemoryStore::default());
    let provider = LocalProvider::new(Arc::clone(&store));
    let (identity, artifact) = (identity(), artifact());
    let id = provider
        .make(MakeRequest { identity: &identity, artifact: &artifact, recorded: &[] })
        .await
        .expect("made")
        .id;
    let bytes = store.get(&id).await.expect("reads").expect("it is there").bytes;
    let value: Value = serde_json::from_slice(&bytes).expect("a document");
    store.put(&id, serde_json::to_vec_pretty(&value).expect("text")).await.expect("written");
    let live = provider.describe(&id).await.expect("answers").expect("it is there");
    assert_eq!(live.hash, artifact.hash);
    let mut changed = value;
    changed["identity"]["version"] = json!(7);
    store.put(&id, serde_json::to_vec(&changed).expect("text")).await.expect("written");
    let live = provider.describe(&id).await.expect("answers").expect("it is there");
    assert_ne!(live.hash, artifact.hash);
}
