//! IO: reads what is live for everything recorded, batched per provider. It writes nothing and decides nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use flowform_provider_api::{Binding, FlowId, LiveArtifact, Provider, ProviderError, RefreshRequest};

use crate::plan::live::{Live, ProviderLive};
use crate::registry::view::{FlowRecord, VersionState, View};
use crate::registry::{Registry, RegistryError};

/// What a refresh read, and what it has to say.
#[derive(Debug, Default)]
pub struct Refreshed {
    /// The live side.
    pub live: Live,
    /// Documents that could not be understood, in sentences.
    pub warnings: Vec<String>,
}

/// Reads the live side of `view` through `providers` (by configuration name). A provider that fails as a whole is
/// in the result as such; only a registry that fails is an error.
///
/// # Errors
/// The registry's agents documents cannot be read.
pub async fn refresh(
    registry: &Registry,
    view: &View,
    providers: &BTreeMap<String, Arc<dyn Provider>>,
) -> Result<Refreshed, RegistryError> {
    let mut result = Refreshed::default();
    let agents = registry.agents().await?;
    result.live.agents = agents.by_root;
    result.live.calls += agents.calls;
    result.warnings = agents.warnings;
    let bound = view.flows.values().flat_map(|flow| &flow.versions).flat_map(|version| &version.artifacts);
    let known: HashSet<(&str, &str)> =
        bound.map(|binding| (binding.provider.as_str(), binding.id.as_str())).collect();
    for (name, provider) in providers {
        let recorded: Vec<Binding> = view
            .flows
            .values()
            .flat_map(checked)
            .filter(|binding| binding.provider == *name)
            .cloned()
            .collect();
        let request =
            RefreshRequest { registry: &view.registry, project: &view.project, recorded: &recorded };
        let read = read(provider.as_ref(), request).await;
        if let Ok((live, calls)) = &read {
            result.live.calls += calls;
            let left =
                live.artifacts.values().filter_map(|artifact| unbound(name, artifact, live, view, &known));
            for (version, binding) in left {
                result.live.unbound.entry(version).or_default().push(binding);
            }
        }
        result.live.providers.insert(name.clone(), read.map(|(live, _)| live));
    }
    Ok(result)
}

async fn read(
    provider: &dyn Provider,
    request: RefreshRequest<'_>,
) -> Result<(ProviderLive, u64), ProviderError> {
    let location = provider.location().await?;
    let observation = provider.refresh(request).await?;
    let artifacts: HashMap<_, _> =
        observation.live.into_iter().map(|artifact| (artifact.id.clone(), artifact)).collect();
    let unreadable = observation.unreadable.into_iter().map(|(id, error)| (id, error.message)).collect();
    Ok((ProviderLive { location, artifacts, unreadable }, observation.calls))
}

/// The version that a live artifact was made for, when nothing records it.
fn unbound(
    provider: &str,
    artifact: &LiveArtifact,
    live: &ProviderLive,
    view: &View,
    known: &HashSet<(&str, &str)>,
) -> Option<((FlowId, u32), Binding)> {
    let identity = artifact.identity.as_ref()?;
    let ours = identity.registry == view.registry && identity.project == view.project;
    if !ours || known.contains(&(provider, artifact.id.as_str())) {
        return None;
    }
    let binding = Binding {
        kind: artifact.kind.clone(),
        provider: provider.to_owned(),
        id: artifact.id.clone(),
        hash: artifact.hash.clone(),
        location: live.location.clone(),
    };
    Some(((identity.flow.clone(), identity.version), binding))
}

/// The artifacts that should be alive as recorded.
fn checked(flow: &FlowRecord) -> impl Iterator<Item = &Binding> {
    let bound = |version: &&crate::registry::view::VersionRecord| version.state == VersionState::Bound;
    flow.versions.iter().filter(bound).flat_map(|version| &version.artifacts)
}
