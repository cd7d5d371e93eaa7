//! The pointer of a flow: a ConfigMap that names the ConfigMap of the flow's current version, for whoever starts runs with
//! `kubectl`. It is written by server-side apply, so that what somebody else sets is seen and not undone silently.

use std::collections::BTreeMap;

use flowform_provider_api::{Identity, ProviderError};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Patch, PatchParams};

use crate::cluster::Cluster;
use crate::error::Doing;
use crate::names::{self, MANAGER, ObjectId};
use crate::object;

/// The fields of `data` that are ours.
const FIELDS: [&str; 3] = ["template", "version", "digest"];

/// Has the flow's pointer name the object `id`.
///
/// # Errors
/// The call fails; `Conflict` when another field manager holds one of the fields and they are not to be taken over.
pub(crate) async fn set(cluster: &Cluster, identity: &Identity, id: &ObjectId) -> Result<(), ProviderError> {
    let name = names::latest_name(&identity.registry, &identity.project, &identity.flow);
    let api = cluster.config_maps(&id.namespace).await?;
    let params = PatchParams { force: cluster.settings().force_conflicts, ..PatchParams::apply(MANAGER) };
    let pointer = pointer(&name, identity, id);
    api.patch_metadata(&name, &params, &Patch::Apply(&pointer))
        .await
        .map_err(|error| Doing::new("patch", "configmaps", &id.namespace).named(&name).failed(&error))?;
    Ok(())
}

fn pointer(name: &str, identity: &Identity, id: &ObjectId) -> ConfigMap {
    let values = [id.name.clone(), identity.version.to_string(), identity.digest.as_str().to_owned()];
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some(names::labels(identity, names::ROLE_LATEST)),
            annotations: Some(names::annotations(identity)),
            ..ObjectMeta::default()
        },
        data: Some(FIELDS.map(str::to_owned).into_iter().zip(values).collect::<BTreeMap<_, _>>()),
        ..ConfigMap::default()
    }
}

/// What is wrong with a pointer, in a clause; `None` when it still says what was written last.
///
/// The content is not read: as long as our entry of the managed fields holds a field, nobody has written another value.
pub(crate) fn altered(metadata: &ObjectMeta) -> Option<String> {
    let ours = metadata.managed_fields.iter().flatten().find(|entry| {
        entry.manager.as_deref() == Some(MANAGER) && entry.operation.as_deref() == Some("Apply")
    });
    let held =
        ours.and_then(|entry| entry.fields_v1.as_ref()).and_then(|fields| fields.0.get("f:data").cloned());
    let lost: Vec<&str> = FIELDS
        .into_iter()
        .filter(|field| held.as_ref().is_none_or(|held| held.get(format!("f:{field}")).is_none()))
        .collect();
    if lost.is_empty() {
        return None;
    }
    let who = object::others(metadata);
    let by =
        if who.is_empty() { String::new() } else { format!(" by the field manager `{}`", who.join("`, `")) };
    Some(format!("its `{}` was written{by}", lost.join("`, `")))
}

#[cfg(test)]
mod tests;
