//! Making and removing the ConfigMap of a flow version. Every call may be repeated: what exists is found first.

use flowform_provider_api::{Artifact, ErrorKind, Identity, ProviderError, RegistryId};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use serde_json::json;

use crate::cluster::Cluster;
use crate::error::Doing;
use crate::names::{self, MANAGER, ObjectId};
use crate::{object, running};

/// How often a write is tried again when others write the same object.
const TRIES: usize = 8;

/// Makes the artifact's ConfigMap, or finds it; one of ours that holds something else is made again.
pub(crate) async fn make(
    cluster: &Cluster,
    identity: &Identity,
    artifact: &Artifact,
) -> Result<ObjectId, ProviderError> {
    let namespace = cluster.namespace().await?;
    let api = cluster.config_maps(&namespace).await?;
    let wanted = object::config_map(identity, artifact)?;
    let name = wanted.metadata.name.clone().unwrap_or_default();
    let params = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
    for _ in 0..TRIES {
        let creating = Doing::new("create", "configmaps", &namespace).named(&name);
        match api.create(&params, &wanted).await.map_err(|error| creating.failed(&error)) {
            Ok(made) => return Ok(object::id(&namespace, &made.metadata)),
            Err(error) if error.kind == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        let Some(there) = read(&api, &namespace, &name).await? else { continue };
        let found = object::read(&there);
        let id = object::id(&namespace, &there.metadata);
        owned(&id, found.identity.as_ref(), &identity.registry, Some(identity), names::template_name)?;
        if found.hash == artifact.hash && !found.mutable {
            if !object::strayed(identity, Some(&artifact.hash), &there.metadata).is_empty() {
                relabel(cluster, &api, &namespace, &wanted).await?;
            }
            return Ok(id);
        }
        delete(&api, &namespace, &there).await?;
    }
    Err(contended(&namespace, &name))
}

/// Writes the labels and annotations of an object whose content is as it should be.
async fn relabel(
    cluster: &Cluster,
    api: &Api<ConfigMap>,
    namespace: &str,
    wanted: &ConfigMap,
) -> Result<(), ProviderError> {
    let name = wanted.metadata.name.as_deref().unwrap_or_default();
    let params = PatchParams { force: cluster.settings().force_conflicts, ..PatchParams::apply(MANAGER) };
    let metadata = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": wanted.metadata });
    let doing = Doing::new("patch", "configmaps", namespace).named(name);
    api.patch_metadata(name, &params, &Patch::Apply(&metadata))
        .await
        .map_err(|error| doing.failed(&error))?;
    Ok(())
}

/// Removes an artifact's ConfigMap, unless it is absent. Refuses one that is not ours, and one that a Job runs from.
pub(crate) async fn remove(
    cluster: &Cluster,
    registry: &RegistryId,
    id: &ObjectId,
) -> Result<(), ProviderError> {
    if let Some(job) = running::of(cluster, id).await? {
        let message = format!("{}/{} stays: the Job {job} was made from it and runs", id.namespace, id.name);
        return Err(ProviderError::new(ErrorKind::Conflict, message));
    }
    remove_named(cluster, registry, &id.namespace, &id.name, names::template_name).await
}

/// Removes the pointer beside an artifact's ConfigMap, unless it is absent.
pub(crate) async fn clear(
    cluster: &Cluster,
    registry: &RegistryId,
    id: &ObjectId,
) -> Result<(), ProviderError> {
    let Some(latest) = names::latest_beside(&id.name) else { return Ok(()) };
    let name_of = |found: &Identity| names::latest_name(&found.registry, &found.project, &found.flow);
    remove_named(cluster, registry, &id.namespace, &latest, name_of).await
}

async fn remove_named(
    cluster: &Cluster,
    registry: &RegistryId,
    namespace: &str,
    name: &str,
    name_of: impl Fn(&Identity) -> String,
) -> Result<(), ProviderError> {
    let api = cluster.config_maps(namespace).await?;
    for _ in 0..TRIES {
        let Some(there) = read(&api, namespace, name).await? else { return Ok(()) };
        let found = object::id(namespace, &there.metadata);
        let identity = object::read(&there).identity;
        owned(&found, identity.as_ref(), registry, None, &name_of)?;
        delete(&api, namespace, &there).await?;
    }
    Err(contended(namespace, name))
}

/// Others write the same object without end.
pub(crate) fn contended(namespace: &str, name: &str) -> ProviderError {
    let message =
        format!("{namespace}/{name} is written by somebody else at the same time, or waits to be deleted");
    ProviderError::new(ErrorKind::Conflict, message)
}

/// The ConfigMap of that name, whole.
pub(crate) async fn read(
    api: &Api<ConfigMap>,
    namespace: &str,
    name: &str,
) -> Result<Option<ConfigMap>, ProviderError> {
    let doing = Doing::new("get", "configmaps", namespace).named(name);
    api.get_opt(name).await.map_err(|error| doing.failed(&error))
}

/// Deletes exactly what was read; somebody else's write in between leaves it, and the caller looks again.
pub(crate) async fn delete(
    api: &Api<ConfigMap>,
    namespace: &str,
    there: &ConfigMap,
) -> Result<(), ProviderError> {
    let name = there.metadata.name.as_deref().unwrap_or_default();
    let preconditions = Preconditions {
        resource_version: there.metadata.resource_version.clone(),
        uid: there.metadata.uid.clone(),
    };
    let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
    let doing = Doing::new("delete", "configmaps", namespace).named(name);
    match api.delete(name, &params).await.map_err(|error| doing.failed(&error)) {
        Ok(_) => Ok(()),
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Refuses an object that carries another identity than ours, or none.
fn owned(
    id: &ObjectId,
    found: Option<&Identity>,
    registry: &RegistryId,
    identity: Option<&Identity>,
    name_of: impl Fn(&Identity) -> String,
) -> Result<(), ProviderError> {
    let whose = match found {
        None => "carries no identity of flowform".to_owned(),
        Some(found) if found.registry != *registry => format!("belongs to the registry {}", found.registry),
        Some(found) if name_of(found) != id.name => {
            format!("is a copy of another object, of the flow {:?}", found.flow_name)
        }
        Some(found) => match identity {
            Some(identity) if found.project != identity.project || found.flow != identity.flow => {
                format!("belongs to the flow {:?} of the project {:?}", found.flow_name, found.project)
            }
            _ => return Ok(()),
        },
    };
    let message =
        format!("{}/{} is not ours: it {whose}. Move it away, and run apply again", id.namespace, id.name);
    Err(ProviderError::new(ErrorKind::Conflict, message))
}
