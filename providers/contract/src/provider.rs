//! The obligations of a [`Provider`], checked against one with nothing of ours in it.

use std::sync::Arc;

use flowform_provider_api::{
    Artifact, ArtifactType, Binding, BoxFuture, Digest, ErrorKind, FlowId, Identity, LiveArtifact, Made,
    MakeRequest, Observation, Provider, RefreshRequest, RegistryId,
};
use serde_json::Value;

/// An act on a live object behind the provider's back, by the backend's own name for it.
pub type Act = Box<dyn Fn(String) -> BoxFuture<'static, ()> + Send + Sync>;

/// What is checked, and what the check cannot do through the traits.
pub struct ProviderSubject {
    /// The provider.
    pub provider: Arc<dyn Provider>,
    /// The kind of artifacts to make with it.
    pub artifact_type: Arc<dyn ArtifactType>,
    /// Two bodies of that kind with different hashes.
    pub bodies: [Value; 2],
    /// Changes the object's content by hand and leaves its identity; `None` where a backend's objects cannot
    /// change.
    pub alter: Option<Act>,
    /// Replaces the object by one that is not ours.
    pub disown: Act,
}

impl ProviderSubject {
    fn artifact(&self, body: usize) -> Artifact {
        let body = self.bodies[body].clone();
        Artifact { kind: self.artifact_type.kind().into(), hash: self.artifact_type.hash(&body), body }
    }

    async fn make(&self, identity: &Identity, artifact: &Artifact) -> Binding {
        let Made { id, tag } = self
            .provider
            .make(MakeRequest { identity, artifact, recorded: &[] })
            .await
            .expect("the artifact is made");
        for _ in 0..2 {
            self.provider.set_current(identity, &id).await.expect("the artifact becomes the current one");
        }
        let location = self.provider.location().await.expect("the location answers");
        let (kind, hash) = (artifact.kind.clone(), artifact.hash.clone());
        Binding { kind, provider: "contract".into(), id, hash, location, tag }
    }

    async fn refresh(&self, recorded: &[Binding]) -> Observation {
        let registry = registry();
        let request = RefreshRequest { registry: &registry, project: PROJECT, recorded, expected: &[] };
        let mut observation = self.provider.refresh(request).await.expect("the refresh answers");
        assert!(observation.unreadable.is_empty(), "{:?}", observation.unreadable);
        assert!(observation.calls > 0, "calls are counted");
        observation.live.retain(|live| !observation.intact.contains(&live.id));
        for id in &observation.intact {
            assert!(recorded.iter().any(|binding| binding.id == *id), "{id} is not recorded");
            let described = self.provider.describe(id).await.expect("it answers").expect("it is there");
            observation.live.push(LiveArtifact { body: None, ..described });
        }
        observation
    }

    async fn live(&self, recorded: &Binding) -> LiveArtifact {
        let mut live = self.refresh(std::slice::from_ref(recorded)).await.live;
        live.retain(|live| live.id == recorded.id);
        assert_eq!(live.len(), 1, "the artifact is seen once");
        live.remove(0)
    }
}

const PROJECT: &str = "contract";

fn registry() -> RegistryId {
    RegistryId("2c1a6e3e-0000-4000-8000-00000000c0de".into())
}

fn identity(flow: u32, version: u32) -> Identity {
    Identity {
        registry: registry(),
        project: PROJECT.into(),
        flow: FlowId(format!("7d3f0000-0000-4000-8000-{flow:012}")),
        flow_name: format!("Flow № {flow}"),
        version,
        digest: Digest::of_bytes(format!("{flow} {version}").as_bytes()),
    }
}

/// Checks every obligation of the trait.
pub async fn provider_contract(subject: ProviderSubject) {
    assert_ne!(subject.artifact(0).hash, subject.artifact(1).hash, "the two bodies differ");
    assert!(subject.provider.concurrency() > 0);
    made_once_and_seen(&subject).await;
    versions_stand_apart(&subject).await;
    drift_is_seen_and_repaired(&subject).await;
    removed_twice(&subject).await;
    the_foreign_is_refused(&subject).await;
}

async fn made_once_and_seen(subject: &ProviderSubject) {
    assert!(subject.refresh(&[]).await.live.is_empty(), "the subject is empty at first");
    let (who, artifact) = (identity(1, 1), subject.artifact(0));
    let made = subject.make(&who, &artifact).await;
    assert_eq!(subject.make(&who, &artifact).await.id, made.id, "a repeated make is one object");
    let renamed = Identity { flow_name: "another name".into(), ..who.clone() };
    assert_eq!(subject.make(&renamed, &artifact).await.id, made.id, "the name is an alias");
    let live = subject.live(&made).await;
    assert_eq!(
        (&live.kind, &live.hash),
        (&artifact.kind, &artifact.hash),
        "what is read back is what was made"
    );
    let found = live.identity.expect("the artifact carries its identity");
    assert_eq!((found.flow, found.version, found.digest), (who.flow, who.version, who.digest));
    let unrecorded = subject.refresh(&[]).await.live;
    assert_eq!(unrecorded.len(), 1, "an artifact that is not recorded is found by its identity");
    let described = subject.provider.describe(&made.id).await.expect("it answers").expect("it is there");
    let body = described.body.expect("a description has the body");
    assert_eq!(subject.artifact_type.hash(&body), artifact.hash, "canonical(read back) is canonical(made)");
    let other = RegistryId("another".into());
    let request = RefreshRequest { registry: &other, project: PROJECT, recorded: &[], expected: &[] };
    assert!(subject.provider.refresh(request).await.expect("it answers").live.is_empty());
    let request = RefreshRequest { registry: &registry(), project: "another", recorded: &[], expected: &[] };
    assert!(subject.provider.refresh(request).await.expect("it answers").live.is_empty());
    subject.provider.remove(&registry(), &made.id).await.expect("it is removed");
}

async fn versions_stand_apart(subject: &ProviderSubject) {
    let first = subject.make(&identity(2, 1), &subject.artifact(0)).await;
    let second = subject.make(&identity(2, 2), &subject.artifact(1)).await;
    assert_ne!(first.id, second.id);
    assert_eq!(subject.live(&first).await.hash, subject.artifact(0).hash);
    subject.provider.remove(&registry(), &first.id).await.expect("it is removed");
    let recorded = [first.clone(), second.clone()];
    let ids: Vec<_> = subject.refresh(&recorded).await.live.into_iter().map(|live| live.id).collect();
    assert_eq!(ids, std::slice::from_ref(&second.id), "a removed artifact is absent, the other one stays");
    subject.provider.remove(&registry(), &second.id).await.expect("it is removed");
}

async fn drift_is_seen_and_repaired(subject: &ProviderSubject) {
    let Some(alter) = &subject.alter else { return };
    let (who, artifact) = (identity(3, 1), subject.artifact(0));
    let made = subject.make(&who, &artifact).await;
    alter(made.id.clone()).await;
    let live = subject.live(&made).await;
    assert_ne!(live.hash, artifact.hash, "an altered artifact has another hash");
    assert!(live.body.is_some(), "an altered artifact is shown");
    let repaired = subject.make(&who, &artifact).await;
    assert_eq!(subject.live(&repaired).await.hash, artifact.hash, "a make repairs what is ours");
    subject.provider.remove(&registry(), &repaired.id).await.expect("it is removed");
}

async fn removed_twice(subject: &ProviderSubject) {
    let made = subject.make(&identity(4, 1), &subject.artifact(0)).await;
    for _ in 0..2 {
        subject.provider.clear_current(&registry(), &made.id).await.expect("it is the current one no more");
    }
    subject.provider.remove(&registry(), &made.id).await.expect("it is removed");
    subject.provider.remove(&registry(), &made.id).await.expect("an absent one is removed");
    assert_eq!(subject.provider.describe(&made.id).await.expect("it answers"), None);
    assert!(subject.refresh(&[made]).await.live.is_empty());
}

async fn the_foreign_is_refused(subject: &ProviderSubject) {
    let (who, artifact) = (identity(5, 1), subject.artifact(0));
    let made = subject.make(&who, &artifact).await;
    (subject.disown)(made.id.clone()).await;
    let removed = subject.provider.remove(&registry(), &made.id).await;
    assert_eq!(removed.expect_err("a foreign object stays").kind, ErrorKind::Conflict);
    let foreign = subject.provider.describe(&made.id).await.expect("it answers").expect("it is there");
    assert!(foreign.identity.is_none_or(|identity| identity.registry != registry()));
    match subject.provider.make(MakeRequest { identity: &who, artifact: &artifact, recorded: &[] }).await {
        // Where a backend names objects itself, ours is made beside the foreign one.
        Ok(again) => assert_ne!(again.id, made.id, "a foreign object is replaced"),
        Err(error) => assert_eq!(error.kind, ErrorKind::Conflict),
    }
}
