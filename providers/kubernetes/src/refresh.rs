//! Reads what is live: one metadata-only listing per namespace, and content only of objects whose uid is not the recorded
//! one. It writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use flowform_provider_api::{
    Binding, BoxFuture, Digest, ErrorKind, Identity, LiveArtifact, Observation, ProviderError, RefreshRequest,
};
use futures::stream::{self, StreamExt as _};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::ListParams;
use kube::core::{ObjectList, PartialObjectMeta};
use serde_json::json;

use crate::cluster::Cluster;
use crate::error::Doing;
use crate::names::{self, ObjectId};
use crate::{object, page, pointer, running, write};

/// How many objects are read at once.
const READS: usize = 32;

/// What is live of what the request asks for.
pub(crate) async fn observe(
    cluster: &Cluster,
    request: RefreshRequest<'_>,
) -> Result<Observation, ProviderError> {
    let mut observation = Observation::default();
    let mut recorded: BTreeMap<String, BTreeMap<String, Recorded<'_>>> = BTreeMap::new();
    recorded.entry(cluster.namespace().await?).or_default();
    for binding in request.recorded {
        match ObjectId::parse(&binding.id) {
            Some(id) => {
                let objects = recorded.entry(id.namespace.clone()).or_default();
                objects.entry(id.name.clone()).or_insert(Recorded { binding, id });
            }
            None => {
                let message = format!("{:?} is not the id of an object in a cluster", binding.id);
                let error = ProviderError::new(ErrorKind::Invalid, message);
                observation.unreadable.push((binding.id.clone(), error));
            }
        }
    }
    let alone = recorded.len() == 1;
    for (namespace, objects) in &recorded {
        let read = NamespaceRead { cluster, request: &request, namespace, recorded: objects };
        match read.run(&mut observation).await {
            Ok(()) => {}
            Err(error) if alone || error.kind == ErrorKind::Unavailable => return Err(error),
            Err(error) => {
                let ids = objects.values().map(|recorded| recorded.binding.id.clone());
                observation.unreadable.extend(ids.map(|id| (id, error.clone())));
            }
        }
    }
    busy(cluster, &recorded, &mut observation).await?;
    observation.live.sort_by(|a, b| a.id.cmp(&b.id));
    observation.unreadable.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(observation)
}

/// Says of which recorded templates a Job runs: also of current ones, as this may be the plan that supersedes them. Where
/// Jobs may not be listed, the removal itself will ask.
async fn busy(
    cluster: &Cluster,
    recorded: &BTreeMap<String, BTreeMap<String, Recorded<'_>>>,
    observation: &mut Observation,
) -> Result<(), ProviderError> {
    if recorded.values().all(BTreeMap::is_empty) {
        return Ok(());
    }
    let namespaces = recorded.keys().cloned().collect();
    match running::all(cluster, &namespaces).await {
        Ok((busy, calls)) => {
            observation.calls += calls;
            for found in recorded.values().flat_map(BTreeMap::values) {
                if let Some(job) = busy.get(&found.id.name) {
                    observation
                        .in_use
                        .push((found.binding.id.clone(), format!("the Job {job} runs from it")));
                }
            }
            Ok(())
        }
        Err(error) if error.kind == ErrorKind::Unavailable => Err(error),
        Err(_) => {
            observation.calls += 1;
            Ok(())
        }
    }
}

/// A recorded artifact.
struct Recorded<'a> {
    binding: &'a Binding,
    id: ObjectId,
}

struct NamespaceRead<'a> {
    cluster: &'a Cluster,
    request: &'a RefreshRequest<'a>,
    namespace: &'a str,
    /// By the name of the object.
    recorded: &'a BTreeMap<String, Recorded<'a>>,
}

impl NamespaceRead<'_> {
    async fn run(&self, observation: &mut Observation) -> Result<(), ProviderError> {
        let api = self.cluster.config_maps(self.namespace).await?;
        let selector = names::selector(self.request.registry, self.request.project);
        let params = ListParams { label_selector: Some(selector), ..ListParams::default() };
        let doing = Doing::new("list", "configmaps", self.namespace);
        let (listed, calls) =
            page::all(doing, &params, |params| Box::pin(list_metadata(api.clone(), params))).await?;
        observation.calls += calls;
        let mut objects: BTreeMap<String, ObjectMeta> = BTreeMap::new();
        for object in listed {
            objects.insert(object.metadata.name.clone().unwrap_or_default(), object.metadata);
        }
        let exists = !objects.is_empty() || self.recorded.is_empty() || self.exists(observation).await?;
        if !exists {
            let note = format!("the namespace `{}` does not exist; create it before apply", self.namespace);
            let ids = self.recorded.values().map(|recorded| recorded.binding.id.clone());
            observation.notes.extend(ids.map(|id| (id, note.clone())));
            return Ok(());
        }
        self.find_unlabelled(&api, &mut objects, observation).await;
        self.judge(&api, &objects, observation, calls).await
    }

    /// Whether there is such a namespace; one that may not be looked at is taken to be there.
    async fn exists(&self, observation: &mut Observation) -> Result<bool, ProviderError> {
        let api: Api<Namespace> = Api::all(self.cluster.client().await?);
        observation.calls += 1;
        let doing = Doing::new("get", "namespaces", self.namespace);
        match api.get_metadata_opt(self.namespace).await.map_err(|error| doing.failed(&error)) {
            Ok(found) => Ok(found.is_some()),
            Err(error) if error.kind == ErrorKind::Denied => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Reads by name what is recorded and not listed: labels can be removed.
    async fn find_unlabelled(
        &self,
        api: &Api<ConfigMap>,
        objects: &mut BTreeMap<String, ObjectMeta>,
        observation: &mut Observation,
    ) {
        let pointers = self.recorded.keys().filter_map(|name| names::latest_beside(name));
        let wanted: BTreeSet<String> = self.recorded.keys().cloned().chain(pointers).collect();
        let missing = wanted.into_iter().filter(|name| !objects.contains_key(name));
        let mut reads: Vec<Read<ObjectMeta>> = Vec::new();
        for name in missing {
            reads.push(Box::pin(read_metadata(api.clone(), self.namespace.to_owned(), name)));
        }
        let reads: Vec<_> = stream::iter(reads).buffer_unordered(READS).collect().await;
        for (name, read) in reads {
            observation.calls += 1;
            match read {
                Ok(Some(metadata)) => drop(objects.insert(name, metadata)),
                Ok(None) => {}
                Err(error) => {
                    let recorded = self.recorded.get(&name).into_iter();
                    observation
                        .unreadable
                        .extend(recorded.map(|found| (found.binding.id.clone(), error.clone())));
                }
            }
        }
    }

    async fn judge(
        &self,
        api: &Api<ConfigMap>,
        objects: &BTreeMap<String, ObjectMeta>,
        observation: &mut Observation,
        pages: u64,
    ) -> Result<(), ProviderError> {
        let mut unknown = Vec::new();
        for (name, metadata) in objects {
            let identity = self.identity(metadata);
            let pointing = name.ends_with("-latest");
            match (self.recorded.get(name), identity) {
                (Some(recorded), Some(identity)) if recorded.id.uid == metadata.uid => {
                    let why = self.differs(name, &identity, recorded, metadata, objects);
                    observation.live.push(judged(
                        recorded,
                        Some(identity),
                        recorded.binding.hash.clone(),
                        &why,
                    ));
                    observation.notes.extend(why.into_iter().map(|why| (recorded.binding.id.clone(), why)));
                }
                (Some(_), _) => unknown.push(name.clone()),
                // A copy of one of our objects says that it is another one.
                (None, Some(identity)) if !pointing && names::template_name(&identity) == *name => {
                    unknown.push(name.clone());
                }
                (None, _) => {}
            }
        }
        for (name, read) in self.contents(api, &unknown, observation, pages).await? {
            match (read, self.recorded.get(&name)) {
                (Ok(None), _) => {}
                (Ok(Some(object)), Some(recorded)) => {
                    let found = object::read(&object);
                    let metadata = &object.metadata;
                    let identity = self.identity(metadata);
                    let mut why = match &identity {
                        Some(identity) => self.differs(&name, identity, recorded, metadata, objects),
                        None => vec!["it does not carry the identity of this flow any more".to_owned()],
                    };
                    if found.mutable {
                        why.push(
                            "it is not immutable any more, so that its content may change unseen".to_owned(),
                        );
                    }
                    if found.hash != recorded.binding.hash {
                        why.push("it was replaced by an object with another content".to_owned());
                    }
                    let live = judged(recorded, identity, found.hash, &why);
                    observation.live.push(LiveArtifact { body: Some(found.body), ..live });
                    observation.notes.extend(why.into_iter().map(|why| (recorded.binding.id.clone(), why)));
                }
                (Ok(Some(object)), None) => observation.live.push(object::live(self.namespace, &object)),
                (Err(error), Some(recorded)) => {
                    observation.unreadable.push((recorded.binding.id.clone(), error));
                }
                (Err(error), None) => return Err(error),
            }
        }
        Ok(())
    }

    /// The identity that an object carries, if it is one of the registry and project asked for.
    fn identity(&self, metadata: &ObjectMeta) -> Option<Identity> {
        let identity = names::identity(metadata.annotations.as_ref()?)?;
        let ours = identity.registry == *self.request.registry && identity.project == self.request.project;
        ours.then_some(identity)
    }

    /// What is wrong with a recorded object beside its content, in clauses.
    fn differs(
        &self,
        name: &str,
        identity: &Identity,
        recorded: &Recorded<'_>,
        metadata: &ObjectMeta,
        objects: &BTreeMap<String, ObjectMeta>,
    ) -> Vec<String> {
        let mut why = Vec::new();
        if names::template_name(identity) != name {
            why.push("it carries the identity of another version".to_owned());
        } else {
            why = object::strayed(identity, Some(&recorded.binding.hash), metadata);
        }
        let others = object::others(metadata);
        if !why.is_empty() && !others.is_empty() {
            why.push(format!("the field manager `{}` wrote to it", others.join("`, `")));
        }
        if let Some(latest) = names::latest_beside(name) {
            match objects.get(&latest) {
                None => why.push(format!("the pointer {}/{latest} is gone", self.namespace)),
                Some(metadata) => why.extend(pointer::altered(metadata).map(|altered| {
                    format!("the pointer {}/{latest} was altered: {altered}", self.namespace)
                })),
            }
        }
        why
    }

    /// The whole objects of that name: one by one, or by listing all of them where that takes fewer calls.
    async fn contents(
        &self,
        api: &Api<ConfigMap>,
        names: &[String],
        observation: &mut Observation,
        pages: u64,
    ) -> Result<Vec<(String, Result<Option<ConfigMap>, ProviderError>)>, ProviderError> {
        if names.len() as u64 <= pages.max(READS as u64) {
            let mut reads: Vec<Read<ConfigMap>> = Vec::new();
            for name in names {
                reads.push(Box::pin(read(api.clone(), self.namespace.to_owned(), name.clone())));
            }
            let reads: Vec<_> = stream::iter(reads).buffer_unordered(READS).collect().await;
            observation.calls += reads.len() as u64;
            return Ok(reads);
        }
        let selector = names::selector(self.request.registry, self.request.project);
        let params = ListParams { label_selector: Some(selector), ..ListParams::default() };
        let doing = Doing::new("list", "configmaps", self.namespace);
        let (listed, calls) = page::all(doing, &params, |params| Box::pin(list(api.clone(), params))).await?;
        observation.calls += calls;
        let mut by_name: BTreeMap<String, ConfigMap> = listed
            .into_iter()
            .map(|object| (object.metadata.name.clone().unwrap_or_default(), object))
            .collect();
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            let read = match by_name.remove(name) {
                Some(object) => Ok(Some(object)),
                // Its labels do not let it be listed.
                None => {
                    observation.calls += 1;
                    write::read(api, self.namespace, name).await
                }
            };
            found.push((name.clone(), read));
        }
        Ok(found)
    }
}

/// A read that is under way: the name of the object, and what came of it.
type Read<T> = BoxFuture<'static, (String, Result<Option<T>, ProviderError>)>;

async fn read(
    api: Api<ConfigMap>,
    namespace: String,
    name: String,
) -> (String, Result<Option<ConfigMap>, ProviderError>) {
    let read = write::read(&api, &namespace, &name).await;
    (name, read)
}

async fn read_metadata(
    api: Api<ConfigMap>,
    namespace: String,
    name: String,
) -> (String, Result<Option<ObjectMeta>, ProviderError>) {
    let doing = Doing::new("get", "configmaps", &namespace).named(&name);
    let read = api.get_metadata_opt(&name).await.map_err(|error| doing.failed(&error));
    (name, read.map(|object| object.map(|object| object.metadata)))
}

async fn list(api: Api<ConfigMap>, params: ListParams) -> Result<ObjectList<ConfigMap>, kube::Error> {
    api.list(&params).await
}

async fn list_metadata(
    api: Api<ConfigMap>,
    params: ListParams,
) -> Result<ObjectList<PartialObjectMeta<ConfigMap>>, kube::Error> {
    api.list_metadata(&params).await
}

/// A recorded object as it stands; one with something wrong has a hash that equals none.
fn judged(recorded: &Recorded<'_>, identity: Option<Identity>, hash: Digest, why: &[String]) -> LiveArtifact {
    let sound = why.is_empty();
    LiveArtifact {
        kind: recorded.binding.kind.clone(),
        id: recorded.binding.id.clone(),
        identity,
        hash: if sound { hash } else { Digest::of(&json!({ "altered": why })) },
        body: (!sound).then(|| json!({ "altered": why })),
    }
}
