//! The provider against a real API server.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed expectation is how a test fails"
)]
#![expect(clippy::disallowed_methods, reason = "tests write kubeconfigs")]

use std::path::Path;
use std::sync::Arc;

use flowform_provider_api::{
    Artifact, ArtifactType as _, Binding, Digest, ErrorKind, FlowId, Identity, MakeRequest, Provider as _,
    RefreshRequest, RegistryId, TemplateStore as _,
};
use flowform_provider_contract::{ProviderSubject, TestCluster, provider_contract, template_contract};
use flowform_provider_kubernetes::{ConfigMapTemplates, JOB_TEMPLATE, KubernetesProvider, Settings};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

struct Place {
    cluster: TestCluster,
    namespace: String,
    files: tempfile::TempDir,
}

impl Place {
    async fn new(stem: &str) -> Self {
        let cluster = TestCluster::get(Path::new(env!("CARGO_TARGET_TMPDIR")));
        let namespace = cluster.namespace(stem).await;
        Self { cluster, namespace, files: tempfile::TempDir::new().expect("a directory") }
    }

    fn settings(&self, token: &str) -> Settings {
        let path = self.files.path().join(token);
        let text = self.cluster.kubeconfig(token, &self.namespace).to_string();
        std::fs::write(&path, text).expect("a kubeconfig is written");
        Settings { config_path: Some(path), ..Settings::default() }
    }

    fn provider(&self, token: &str) -> KubernetesProvider {
        KubernetesProvider::new(self.settings(token))
    }

    async fn objects(&self) -> Api<ConfigMap> {
        Api::namespaced(self.cluster.admin().await, &self.namespace)
    }
}

fn body(cpu: &str) -> Value {
    let container = json!({"name": "flow", "image": "etl:1", "resources": {"limits": {"cpu": cpu}}});
    json!({"job": {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": {
        "containers": [container], "restartPolicy": "Never"}}}}, "per_run": ["A"]})
}

fn artifact(cpu: &str) -> Artifact {
    Artifact { kind: JOB_TEMPLATE.kind().into(), hash: JOB_TEMPLATE.hash(&body(cpu)), body: body(cpu) }
}

fn identity(version: u32) -> Identity {
    Identity {
        registry: RegistryId("2c1a6e3e-0000-4000-8000-00000000c0de".into()),
        project: "shop".into(),
        flow: FlowId("7d3f0000-0000-4000-8000-000000000001".into()),
        flow_name: "etl".into(),
        version,
        digest: Digest::of_bytes(b"definition"),
    }
}

fn name_of(id: &str) -> String {
    let (place, _) = id.split_once('@').expect("an id has a uid");
    place.split_once('/').expect("an id has a namespace").1.to_owned()
}

async fn made(provider: &KubernetesProvider, version: u32, cpu: &str) -> Binding {
    let (identity, artifact) = (identity(version), artifact(cpu));
    let request = MakeRequest { identity: &identity, artifact: &artifact, recorded: &[] };
    let id = provider.make(request).await.expect("it is made").id;
    provider.set_current(&identity, &id).await.expect("it becomes the current one");
    let location = provider.location().await.expect("the cluster answers");
    Binding {
        kind: artifact.kind,
        provider: "kubernetes".into(),
        id,
        hash: artifact.hash,
        location,
        tag: None,
    }
}

async fn notes(provider: &KubernetesProvider, recorded: &[Binding]) -> Vec<String> {
    let identity = identity(1);
    let request = RefreshRequest { registry: &identity.registry, project: "shop", recorded, expected: &[] };
    let observation = provider.refresh(request).await.expect("the refresh answers");
    for binding in recorded {
        let live = observation.live.iter().find(|live| live.id == binding.id);
        let sound = live.is_some_and(|live| live.hash == binding.hash && live.identity.is_some());
        assert_eq!(sound, observation.notes.iter().all(|(id, _)| *id != binding.id), "{observation:?}");
    }
    observation.notes.into_iter().map(|(_, note)| note).collect()
}

/// Puts another object in the place of one: a ConfigMap that is immutable cannot be written.
async fn replace(objects: &Api<ConfigMap>, name: &str, change: impl Fn(&mut ConfigMap)) {
    let mut object = objects.get(name).await.expect("it is there");
    objects.delete(name, &DeleteParams::default()).await.expect("it is deleted");
    object.metadata.uid = None;
    object.metadata.resource_version = None;
    object.metadata.managed_fields = None;
    change(&mut object);
    objects.create(&PostParams::default(), &object).await.expect("it is made");
}

#[tokio::test]
async fn it_keeps_the_contract() {
    let place = Place::new("contract").await;
    let objects = place.objects().await;
    let alter = {
        let objects = objects.clone();
        move |id: String| -> flowform_provider_api::BoxFuture<'static, ()> {
            let objects = objects.clone();
            Box::pin(async move {
                replace(&objects, &name_of(&id), |object| {
                    object.data.as_mut().expect("data").insert("job.json".into(), "{}".into());
                })
                .await;
            })
        }
    };
    let disown = move |id: String| -> flowform_provider_api::BoxFuture<'static, ()> {
        let objects = objects.clone();
        Box::pin(async move {
            replace(&objects, &name_of(&id), |object| object.metadata.annotations = None).await;
        })
    };
    let subject = ProviderSubject {
        provider: Arc::new(place.provider("admin-token")),
        artifact_type: Arc::new(JOB_TEMPLATE),
        bodies: [body("1"), body("2")],
        alter: Some(Box::new(alter)),
        disown: Box::new(disown),
    };
    provider_contract(subject).await;
}

#[tokio::test]
async fn a_key_of_a_config_map_keeps_the_contract_of_templates() {
    let place = Place::new("templates").await;
    let store = ConfigMapTemplates::new(place.settings("admin-token"));
    template_contract(&store, &format!("configmap://{}/jobs/base.json", place.namespace)).await;
    let objects = place.objects().await;
    assert_eq!(objects.get_opt("jobs").await.expect("it answers"), None, "nothing is left");
    let theirs: ConfigMap =
        serde_json::from_value(json!({"metadata": {"name": "theirs"}, "data": {"own": "x"}})).expect("one");
    objects.create(&PostParams::default(), &theirs).await.expect("it is made");
    template_contract(&store, &format!("configmap://{}/theirs/base.json", place.namespace)).await;
    let left = objects.get("theirs").await.expect("it stays").data.expect("data");
    assert_eq!(left.into_iter().collect::<Vec<_>>(), [("own".to_owned(), "x".to_owned())]);
    let nowhere = store.write("configmap://no-such-place/jobs/base.json", b"x".to_vec(), None).await;
    assert!(nowhere.expect_err("there is none").message.contains("there is no such namespace"));
}

#[tokio::test]
async fn what_was_done_to_an_object_is_told_and_repaired() {
    let place = Place::new("drift").await;
    let (provider, objects) = (place.provider("admin-token"), place.objects().await);
    let first = made(&provider, 1, "1").await;
    let name = name_of(&first.id);
    assert_eq!(notes(&provider, std::slice::from_ref(&first)).await, [""; 0]);

    // A label is changed by hand, which hides the object from every listing.
    let params = PatchParams { field_manager: Some("kubectl-label".into()), ..PatchParams::default() };
    let change = json!({"metadata": {"labels": {"flowform.io/project": "other"}}});
    objects.patch(&name, &params, &Patch::Merge(&change)).await.expect("the label is changed");
    assert_eq!(
        notes(&provider, std::slice::from_ref(&first)).await,
        [
            "its label `flowform.io/project` is `other` and not `shop`",
            "the field manager `kubectl-label` wrote to it"
        ]
    );
    let (who, what) = (identity(1), artifact("1"));
    let again = MakeRequest { identity: &who, artifact: &what, recorded: &[] };
    let refused = provider.make(again.clone()).await.expect_err("somebody else holds the label");
    assert_eq!(refused.kind, ErrorKind::Conflict);
    assert!(
        refused.message.contains("kubectl-label") && refused.message.contains("--force-conflicts"),
        "{refused}"
    );
    let forced = KubernetesProvider::new(Settings { force_conflicts: true, ..place.settings("admin-token") });
    assert_eq!(forced.make(again.clone()).await.expect("it is taken over").id, first.id);
    assert_eq!(notes(&provider, std::slice::from_ref(&first)).await, [""; 0]);

    // The pointer is written by hand.
    let latest = name.replace("-v1", "-latest");
    let change = json!({"data": {"template": "elsewhere"}});
    objects.patch(&latest, &params, &Patch::Merge(&change)).await.expect("the pointer is changed");
    assert_eq!(
        notes(&provider, std::slice::from_ref(&first)).await,
        [format!(
            "the pointer {}/{latest} was altered: its `template` was written by the field manager `kubectl-label`",
            place.namespace
        )]
    );
    assert_eq!(
        provider.set_current(&who, &first.id).await.expect_err("it is held").kind,
        ErrorKind::Conflict
    );
    forced.set_current(&who, &first.id).await.expect("it is taken over");
    objects.delete(&latest, &DeleteParams::default()).await.expect("it is deleted");
    assert_eq!(
        notes(&provider, std::slice::from_ref(&first)).await,
        [format!("the pointer {}/{latest} is gone", place.namespace)]
    );
    provider.set_current(&who, &first.id).await.expect("it is written");

    // The object is replaced: by an equal one, which is known by its content, and by one that can change unseen.
    replace(&objects, &name, |_| {}).await;
    assert_eq!(notes(&provider, std::slice::from_ref(&first)).await, [""; 0]);
    replace(&objects, &name, |object| object.immutable = None).await;
    assert_eq!(
        notes(&provider, std::slice::from_ref(&first)).await,
        ["it is not immutable any more, so that its content may change unseen"]
    );
    let repaired = provider.make(again).await.expect("it is made again").id;
    assert_ne!(repaired, first.id, "another uid");
    provider.clear_current(&who.registry, &repaired).await.expect("the pointer goes");
    provider.clear_current(&who.registry, &repaired).await.expect("it is gone");
    assert_eq!(objects.get_opt(&latest).await.expect("it answers"), None);
}

#[tokio::test]
async fn a_template_stays_while_a_job_runs_from_it() {
    let place = Place::new("running").await;
    let provider = place.provider("admin-token");
    let recorded = [made(&provider, 1, "1").await, made(&provider, 2, "2").await];
    let objects = place.objects().await;
    let text = objects.get(&name_of(&recorded[0].id)).await.expect("it is there").data.expect("data");
    let job: Job = serde_json::from_str(&text["job.json"]).expect("the Job can be created as it is");
    let jobs: Api<Job> = Api::namespaced(place.cluster.admin().await, &place.namespace);
    let job = jobs.create(&PostParams::default(), &job).await.expect("the Job is created");
    let name = job.metadata.name.expect("the server names it");

    let who = identity(1);
    let request =
        RefreshRequest { registry: &who.registry, project: "shop", recorded: &recorded, expected: &[] };
    let busy = provider.refresh(request.clone()).await.expect("it answers").in_use;
    let runs = format!("the Job {}/{name} runs from it", place.namespace);
    assert_eq!(busy, [(recorded[0].id.clone(), runs)]);
    let refused = provider.remove(&who.registry, &recorded[0].id).await.expect_err("it stays");
    assert_eq!(refused.kind, ErrorKind::Conflict);

    let done = json!({"status": {"conditions": [{"type": "Failed", "status": "True"}]}});
    jobs.patch_status(&name, &PatchParams::default(), &Patch::Merge(&done)).await.expect("it ends");
    assert_eq!(provider.refresh(request).await.expect("it answers").in_use, []);
    provider.remove(&who.registry, &recorded[0].id).await.expect("it goes");
}

#[tokio::test]
async fn what_may_not_be_done_is_said() {
    let place = Place::new("denied").await;
    let recorded = [made(&place.provider("admin-token"), 1, "1").await];
    let who = identity(1);
    let request =
        RefreshRequest { registry: &who.registry, project: "shop", recorded: &recorded, expected: &[] };
    let little = place.provider("little-token");
    let denied = little.refresh(request.clone()).await.expect_err("it may not be listed");
    assert_eq!(denied.kind, ErrorKind::Denied);
    assert!(denied.message.contains("the verb `list` on `configmaps`"), "{denied}");
    let expired =
        place.provider("expired-token").refresh(request.clone()).await.expect_err("it is not known");
    assert_eq!(expired.kind, ErrorKind::Denied);
    assert!(expired.message.contains("expired"), "{expired}");

    let nowhere = Settings { namespace: Some("no-such-place".into()), ..place.settings("admin-token") };
    let (who, what) = (identity(2), artifact("1"));
    let request = MakeRequest { identity: &who, artifact: &what, recorded: &[] };
    let missing = KubernetesProvider::new(nowhere).make(request).await.expect_err("there is none");
    assert_eq!(missing.kind, ErrorKind::NotFound);
    assert!(missing.message.contains("there is no such namespace"), "{missing}");
}
