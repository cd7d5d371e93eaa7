//! The only list of providers: name to constructor. Nothing else names one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use flowform_provider_api::{ArtifactType, ObjectStore, Provider};
use flowform_provider_ecs::{EcsProvider, TASK_DEFINITION};
use flowform_provider_http::{Client, Get};
use flowform_provider_local::{CONTAINER, CUSTOM_JOB, DirectoryStore, JOB_TEMPLATE, LocalProvider, PROCESS};

use serde_json::{Map, Value as Json};

use crate::desired::RegistrySettings;
use crate::flow::kind::ProviderKind;

/// The artifact kind of that name.
pub fn artifact_type(kind: &str) -> Option<&'static dyn ArtifactType> {
    let types: [&'static dyn ArtifactType; 5] =
        [&PROCESS, &CONTAINER, &JOB_TEMPLATE, &TASK_DEFINITION, &CUSTOM_JOB];
    types.into_iter().find(|artifact_type| artifact_type.kind() == kind)
}

/// Connects the provider configuration `name` (`ecs`, `ecs.alias`) with the arguments of its block; `registry` is the
/// project's part of the registry's store. `None` when there is no such provider. Nothing is read before the first
/// call, which tells whether the arguments lead anywhere.
pub fn connect(
    name: &str,
    arguments: &Map<String, Json>,
    registry: Arc<dyn ObjectStore>,
) -> Option<Arc<dyn Provider>> {
    match ProviderKind::of_name(name)? {
        ProviderKind::Local => Some(Arc::new(LocalProvider::new(registry))),
        ProviderKind::Ecs => Some(Arc::new(EcsProvider::new(flowform_provider_ecs::Settings::of(arguments)))),
        ProviderKind::Docker | ProviderKind::Kubernetes | ProviderKind::Vertex => None,
    }
}

/// The store that the registry is kept in; `base` is the configuration's directory.
pub fn registry_store(settings: &RegistrySettings, base: &Path) -> Arc<dyn ObjectStore> {
    match settings {
        RegistrySettings::Local { path } => Arc::new(DirectoryStore::open(base.join(path))),
    }
}

/// What a server answers to a GET request: status, headers, body.
///
/// # Errors
/// There is no answer; why, as a clause.
pub async fn http_get(
    url: String,
    headers: BTreeMap<String, String>,
    timeout: Option<Duration>,
) -> Result<(u16, BTreeMap<String, String>, Vec<u8>), String> {
    static CLIENT: OnceLock<Result<Client, String>> = OnceLock::new();
    let client = CLIENT.get_or_init(Client::new).as_ref().map_err(Clone::clone)?;
    let answer = client.get(&Get { url, headers, timeout }).await?;
    Ok((answer.status, answer.headers, answer.body))
}
