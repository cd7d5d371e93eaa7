//! The only list of providers: name to constructor. Nothing else names one.

use std::path::Path;
use std::sync::Arc;

use flowform_provider_api::{ArtifactType, ObjectStore, Provider};
use flowform_provider_local::{
    CONTAINER, CUSTOM_JOB, DirectoryStore, JOB_TEMPLATE, LocalProvider, PROCESS, TASK_DEFINITION,
};

use crate::desired::RegistrySettings;

/// The provider that flows use unless they name another.
pub const DEFAULT: &str = "local";

/// The artifact kind of that name.
pub fn artifact_type(kind: &str) -> Option<&'static dyn ArtifactType> {
    let types: [&'static dyn ArtifactType; 5] =
        [&PROCESS, &CONTAINER, &JOB_TEMPLATE, &TASK_DEFINITION, &CUSTOM_JOB];
    types.into_iter().find(|artifact_type| artifact_type.kind() == kind)
}

/// Connects the provider configuration `name` (`local`, `local.alias`); `registry` is the project's part of the
/// registry's store. `None` when there is no such provider.
pub fn connect(name: &str, registry: Arc<dyn ObjectStore>) -> Option<Arc<dyn Provider>> {
    match name.split('.').next() {
        Some("local") => Some(Arc::new(LocalProvider::new(registry))),
        _ => None,
    }
}

/// The store that the registry is kept in; `base` is the configuration's directory.
pub fn registry_store(settings: &RegistrySettings, base: &Path) -> Arc<dyn ObjectStore> {
    match settings {
        RegistrySettings::Local { path } => Arc::new(DirectoryStore::open(base.join(path))),
    }
}
