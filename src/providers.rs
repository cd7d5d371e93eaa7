//! The only list of providers: name to constructor. Nothing else names one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use flowform_provider_api::{ArtifactType, ObjectStore, Provider, TemplateStore};
use flowform_provider_ecs::{EcsProvider, TASK_DEFINITION};
use flowform_provider_google::{Bucket, BucketSettings, ConnectionSettings, Credentials, Timing};
use flowform_provider_http::{Client, Get};
use flowform_provider_local::{
    CONTAINER, CUSTOM_JOB, DirectoryStore, FileTemplates, JOB_TEMPLATE, LocalProvider, PROCESS,
};

use serde_json::{Map, Value as Json};

use crate::desired::{GcsSettings, RegistrySettings};
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

/// The store that the registry is kept in; `base` is the configuration's directory, `environment` the variables that Google's
/// libraries know and its credentials do not read. Nothing is read or sent yet.
pub fn registry_store(
    settings: &RegistrySettings,
    base: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Arc<dyn ObjectStore> {
    match settings {
        RegistrySettings::Local { path } => Arc::new(DirectoryStore::open(base.join(path))),
        RegistrySettings::Gcs(gcs) => Arc::new(Bucket::new(bucket_settings(gcs, base, environment))),
    }
}

fn bucket_settings(
    gcs: &GcsSettings,
    base: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
) -> BucketSettings {
    // Emulators take no credentials, and must not be sent any.
    let emulator = match gcs.endpoint {
        Some(_) => None,
        None => environment("STORAGE_EMULATOR_HOST").filter(|host| !host.is_empty()),
    };
    let credentials = match (&emulator, &gcs.credentials) {
        (Some(_), _) => Credentials::Anonymous,
        (None, Some(path)) => Credentials::File(base.join(path)),
        (None, None) => Credentials::Default,
    };
    let emulator = emulator.map(|host| if host.contains("://") { host } else { format!("http://{host}") });
    BucketSettings {
        bucket: gcs.bucket.clone(),
        prefix: gcs.prefix.clone(),
        connection: ConnectionSettings {
            endpoint: gcs.endpoint.clone().or(emulator),
            credentials,
            impersonate_service_account: gcs.impersonate_service_account.clone(),
            timing: Timing::default(),
        },
    }
}

/// The store of the templates at `uri`; `base` is where relative paths start. `None` where this version has no store for
/// places of its scheme.
pub fn template_store(uri: &str, base: &Path) -> Option<Arc<dyn TemplateStore>> {
    match uri.split_once("://") {
        None => Some(Arc::new(FileTemplates::new(base))),
        Some(_) => None,
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
